//! What single pages say in single cases.

use console::Problem;
use console::data::exceptions::{Desk, Group};
use console::data::overview::{NightFault, Overview};
use console::data::queues::QueuePage;
use console::pages::today::concerns;
use console::pages::{errors, exceptions, group, order, queues, today};
use weir_domain::job::{Job, JobKind, JobState};

use crate::html;
use crate::samples::machinery::{calm_overview, jobs, letters, overview, queues as depths};
use crate::samples::orders::{calls, desks, item_group, order as excepted};
use crate::samples::{at, frame, now};

/// What is read on a page.
fn text(page: &str) -> String {
    let main = html::main(page);
    let words = main.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    words.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn an_sku_that_the_erp_does_not_know_can_be_mapped() {
    let page = group::render(&frame(true), &item_group(), &[]).into_string();
    assert!(page.contains(r#"name="name" value="sku:MUG-XL""#), "{page}");
    assert!(page.contains(r#"name="kind" value="item""#));
    assert!(text(&page).contains("Or make the item in the ERP, and only release."));
}

#[test]
fn a_release_that_is_under_way_is_shown_and_not_offered_again() {
    let what = JobKind::Release { code: "item_unknown".to_owned(), subject: "MUG-XL".to_owned() };
    let running = Job { what, ..jobs().swap_remove(0) };
    let group = item_group();
    let page = group::render(&frame(true), &group, std::slice::from_ref(&running)).into_string();
    let said = "Its orders are being released: 1,320 seen, 1,288 sent, 60 a minute";
    assert!(text(&page).contains(said), "{}", text(&page));
    for offer in ["/exceptions/group/release", "and release its orders"] {
        assert!(!page.contains(offer), "{offer}: {page}");
    }
    assert!(page.contains("Only add the mapping"));
    let desk = exceptions::render(
        &frame(true),
        &[Desk { groups: vec![group.clone()], ..desks().swap_remove(0) }],
        std::slice::from_ref(&running),
    );
    assert!(text(&desk.into_string()).contains("being released"));
    for over in [
        Job { state: JobState::Done, ..running.clone() },
        Job { store: "outlet".parse().unwrap(), ..running.clone() },
        jobs().swap_remove(0),
    ] {
        let page = group::render(&frame(true), &group, &[over]).into_string();
        assert!(page.contains("/exceptions/group/release") && !page.contains("being released"), "{page}");
    }
}

#[test]
fn concerns_lead_to_the_store_that_has_them() {
    let mut view = overview();
    view.stores.reverse();
    view.stores[0].waiting = console::data::Count::default();
    view.circuits[2].open_since = Some(at("2026-11-28T09:29:00Z"));
    let found = concerns(&view, now());
    let waiting: Vec<&str> =
        found.iter().filter(|it| it.leads_to == "Waiting orders").map(|it| it.address.as_str()).collect();
    let main = "/console/stuck?state=waiting&store=main";
    assert_eq!(waiting, [main, "/console/stuck?state=waiting&store=outlet"]);
    let today = today::render(&frame(true), &view).into_string();
    for address in ["/console/stuck?store=main", "/console/stale?store=main"] {
        assert!(today.contains(&format!(r#"<a href="{address}"><b>"#)), "{address}");
    }
}

/// What is changed of a calm morning, and what the page says of it.
type Case = (fn(&mut Overview), &'static str);

/// Nothing is flowing where orders are due and nobody comes for them.
#[test]
fn what_stands_still_needs_people() {
    let says = |change: fn(&mut Overview)| {
        let mut view = calm_overview();
        change(&mut view);
        text(&today::render(&frame(true), &view).into_string())
    };
    assert!(says(|_| {}).contains("All is flowing"));
    let cases: [Case; 5] = [
        (
            |view| view.stores[1].overdue_since = Some(at("2026-11-28T08:41:00Z")),
            "Orders of outlet have been due for 1 h and nobody works on them",
        ),
        (|view| view.crowded.push("stock".to_owned()), "More than 5,000 messages wait in the queue stock"),
        (
            |view| view.stores[0].night_fault = Some(NightFault::NoneBegan),
            "main was never compared with the ERP: no night began.",
        ),
        (
            |view| {
                view.stores[0].night_fault =
                    Some(NightFault::NoneBeganSince { begun_at: at("2026-11-26T02:00:00Z") });
            },
            "main was last compared with the ERP 2 d ago: no night began since.",
        ),
        (
            |view| {
                view.stores[0].night_fault =
                    Some(NightFault::NotEnded { begun_at: at("2026-11-26T02:00:00Z") });
            },
            "The night of main that began 2 d ago does not come to its end.",
        ),
    ];
    for (change, said) in cases {
        let page = says(change);
        assert!(page.contains("1 thing needs people") && page.contains(said), "{said}: {page}");
    }
}

#[test]
fn counts_that_were_cut_off_say_so() {
    let group = Group { or_more: true, ..item_group() };
    let page = text(&group::render(&frame(true), &group, &[]).into_string());
    for said in ["It stops 400+ orders", "Release its 400+ orders", "The first 5 of 400+"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    let none = Group { orders: 0, examples: vec![], ..group };
    let page = text(&group::render(&frame(true), &none, &[]).into_string());
    assert!(page.contains("How many orders it stops is not counted") && page.contains("Release its orders"));
}

#[test]
fn stock_that_was_released_is_not_offered_again_before_the_shop_changes_the_order() {
    let mut it = excepted();
    let render = |it: &_| order::render(&frame(true), it).into_string();
    assert!(render(&it).contains("/write_off"));
    let mut entry = it.timeline[0].clone();
    (entry.what, entry.who, entry.why) =
        ("write_off".to_owned(), "ada@example.com".to_owned(), "they do not pay".to_owned());
    it.timeline.insert(0, entry);
    let page = render(&it);
    assert!(!page.contains("/write_off"), "{page}");
    let said = "Its stock was released at 2026-11-28 07:40:00 UTC by ada@example.com: “they do not pay”.";
    assert!(text(&page).contains(said), "{}", text(&page));
    it.seen_version = Some("2026-11-28T09:00:00Z (11112222)".to_owned());
    let page = render(&it);
    assert!(page.contains("/write_off") && !text(&page).contains("Its stock was released"));
}

/// Three calls are read at once; more are folded, and so many are not all.
#[test]
fn the_timeline_says_what_was_asked_and_answered() {
    let says = |number| {
        let mut it = excepted();
        it.timeline[0].calls = calls(number);
        order::render(&frame(true), &it).into_string()
    };
    let few = says(3);
    let said =
        "erp/books: asked make 4711.3: 2 × MUG-XL → answered refused: item_unknown 2026-11-28 07:39:59 UTC";
    assert!(text(&few).contains(said) && !few.contains("calls to the shop"), "{}", text(&few));
    let many = says(4);
    assert!(many.contains("<details><summary>4 calls to the shop and the ERP</summary>"), "{many}");
    assert!(
        !text(&many).contains("These are the first 40.")
            && text(&says(40)).contains("These are the first 40.")
    );
    assert!(!says(0).contains("→ answered"));
}

#[test]
fn letters_that_a_look_hides_are_not_gone() {
    let says = |page: &QueuePage| text(&queues::render(&frame(true), &depths(), Some(page)).into_string());
    let some = QueuePage { letters: vec![], ..letters("orders") };
    assert!(says(&some).contains("These are 0 of about 3; they stay where they are."), "{}", says(&some));
    assert!(
        says(&some).contains("Some are hidden for some seconds, since somebody looks at them: load again.")
    );
    assert!(!says(&QueuePage { some_hidden: false, ..some }).contains("hidden"));
}

#[test]
fn whose_session_is_over_knows_that_nothing_was_done() {
    let page = errors::render(None, &Problem::signed_out(), "/console/sign-in").into_string();
    let said = text(&page);
    assert!(said.contains("Your session is over: nothing was done"), "{said}");
    assert!(page.contains(r#"<a class="button" href="/console/sign-in">Sign in</a>"#), "{page}");
}

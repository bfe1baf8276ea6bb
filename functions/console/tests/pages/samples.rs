//! View models made by hand, in the shapes that real ones have.

pub(crate) mod machinery;
pub(crate) mod orders;

use console::data::Count;
use console::pages::layout::Frame;
use console::pages::lists::Tab;
use console::pages::{activity, doctor, errors, exceptions, failed, group, help, item, mappings};
use console::pages::{order, queues, reconciliation, search, stale, stuck, today};
use jiff::Timestamp;
use maud::Markup;
use weir_domain::id::StoreId;

pub(crate) const SHOP: &str = "https://shop.example/";
pub(crate) const EVIL: &str = "<script>alert(1)</script>";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn now() -> Timestamp {
    at("2026-11-28T09:41:07Z")
}

pub(crate) fn store(name: &str) -> StoreId {
    name.parse().unwrap()
}

pub(crate) fn frame(may_act: bool) -> Frame<'static> {
    Frame { who: "ada@example.com", may_act, csrf: "TOKEN", now: now(), done: None }
}

fn tab((name, number): (&str, Option<usize>)) -> Tab {
    Tab { store: store(name), count: number.map(|number| Count::up_to(number, 1_000)) }
}

/// Every page, by name.
pub(crate) fn pages(frame: &Frame) -> Vec<(&'static str, String)> {
    let stores = [store("main"), store("outlet")];
    let tabs = [("main", Some(1_424)), ("outlet", Some(9))].map(tab);
    let letters = [machinery::letters("orders")];
    let stale_exception = [orders::stale_item()];
    let beside = failed::Beside { letters: &letters, items: &stale_exception };
    let calm = failed::Beside { letters: &[], items: &[] };
    let nothing = orders::nothing();
    let retried = frame.done(Some("retry"));
    let pages: Vec<(&'static str, Markup)> = vec![
        ("today", today::render(frame, &machinery::overview())),
        ("today_calm", today::render(frame, &machinery::calm_overview())),
        ("stuck", stuck::render(frame, &tabs, &orders::work(), None)),
        ("stuck_one_state", stuck::render(frame, &tabs, &orders::one_state(), Some("exception"))),
        ("stuck_nothing", stuck::render(frame, &tabs, &nothing, None)),
        ("stale", stale::render(frame, &tabs, &orders::stale())),
        ("failed", failed::render(frame, &tabs, &orders::failed(), beside, None)),
        ("failed_nothing", failed::render(frame, &tabs, &orders::failed_nothing(), calm, None)),
        ("exceptions", exceptions::render(frame, &orders::desks(), &[])),
        ("group_mapping", group::render(frame, &orders::group(), &[])),
        ("group_item", group::render(frame, &orders::item_group(), &[])),
        ("group_tax", group::render(frame, &orders::tax_group(), &[])),
        ("group_other", group::render(frame, &orders::other_group(), &[])),
        ("order_exception", order::render(frame, &orders::order())),
        ("order_in_erp", order::render(&retried, &orders::order_in_erp())),
        ("preview", order::render_preview(frame, "main", 4711, &orders::preview())),
        ("preview_problem", order::render_preview(frame, "main", 4711, &orders::preview_problem())),
        ("item", item::render(frame, &orders::item("MUG-L"))),
        (
            "mappings",
            mappings::render(
                frame,
                &stores,
                &stores[0],
                Some(&orders::asked("sku:MUG-XL")),
                &orders::mappings(),
            ),
        ),
        ("queues", queues::render(frame, &machinery::queues(), Some(&machinery::letters("orders")))),
        (
            "reconciliation",
            reconciliation::render(frame, &stores, &stores[0], &machinery::nights(), &machinery::jobs()),
        ),
        ("doctor", doctor::render(frame, &stores, Some(&machinery::report()))),
        ("doctor_not_asked", doctor::render(frame, &stores, None)),
        ("activity", activity::render(frame, &machinery::actions("main/4711"))),
        ("search", search::render(frame, "4711", &orders::found())),
        ("search_nothing", search::render(frame, "4712", &search::Found::default())),
        ("help", help::render(frame)),
        (
            "error",
            errors::render(
                Some(frame),
                &console::Problem::conflict("it is being worked on: try again in a moment"),
                "/console/orders/main/4711",
            ),
        ),
    ];
    pages.into_iter().map(|(name, page)| (name, page.into_string())).collect()
}

/// Pages whose names of the outside are as bad as they can be.
pub(crate) fn evil_pages(frame: &Frame) -> Vec<(&'static str, String)> {
    let stores = [store("main")];
    let mut row = orders::order();
    EVIL.clone_into(&mut row.row.why);
    row.row.number = Some(EVIL.to_owned());
    EVIL.clone_into(&mut row.timeline[0].why);
    row.timeline[0].calls = orders::calls(1);
    EVIL.clone_into(&mut row.timeline[0].calls[0].answer);
    let mut group = orders::group();
    EVIL.clone_into(&mut group.subject);
    group.missing =
        Some(weir_domain::mapping::MappingKey::new(weir_domain::mapping::MappingKind::Item, EVIL));
    let desks =
        [console::data::exceptions::Desk { groups: vec![group.clone()], ..orders::desks().swap_remove(0) }];
    let mut stale = orders::stale();
    stale.items[0].sku = weir_domain::id::Sku(EVIL.to_owned());
    let found = search::Found { orders: vec![], items: vec![("acme".to_owned(), EVIL.to_owned())] };
    let mut letters = machinery::letters("orders");
    EVIL.clone_into(&mut letters.letters[0].body);
    let mut preview = orders::preview();
    preview.requests[0].body = serde_json::json!({ "name": EVIL });
    let pages: Vec<(&'static str, Markup)> = vec![
        ("order", order::render(frame, &row)),
        ("group", group::render(frame, &group, &[])),
        ("exceptions", exceptions::render(frame, &desks, &[])),
        ("stale", stale::render(frame, &[tab(("main", None))], &stale)),
        ("item", item::render(frame, &orders::item(EVIL))),
        ("search", search::render(frame, EVIL, &found)),
        ("queues", queues::render(frame, &machinery::queues(), Some(&letters))),
        ("preview", order::render_preview(frame, "main", 4711, &preview)),
        ("mappings", mappings::render(frame, &stores, &stores[0], Some(&orders::asked(EVIL)), &[])),
        ("activity", activity::render(frame, &machinery::actions(EVIL))),
    ];
    pages.into_iter().map(|(name, page)| (name, page.into_string())).collect()
}

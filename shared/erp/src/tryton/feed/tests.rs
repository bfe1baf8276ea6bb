use super::*;

const OVERLAP: SignedDuration = SignedDuration::from_mins(5);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn change(id: u64, name: &str, second: i64) -> Change<String> {
    let date = Some(WireInstant(at(second)));
    let dates = Dates { create_date: date, write_date: date };
    Change { id, key: id, dates, of: vec![name.to_owned()] }
}

#[test]
fn a_round_begins_before_what_the_last_one_may_have_missed() {
    // The database is an hour behind our clock.
    let mut feed = Feed::<By>::begin(at(0), at(3600), OVERLAP);
    assert_eq!(feed.round(at(3660), OVERLAP).from, at(-300));
    // When that round began it was at least 60 there: what was not seen
    // then is dated after -240.
    assert_eq!(feed.next, at(-240));
    assert_eq!(feed.round(at(3720), OVERLAP).from, at(-240));
    assert_eq!(feed.next, at(-180));
    // A younger date is a better reading of the other clock, an older none.
    feed.note(at(200), at(3720));
    assert_eq!(feed.at_least(at(3720)), at(200));
    feed.note(at(100), at(3720));
    assert_eq!(feed.at_least(at(3730)), at(210));
    // Our clock went back: nothing is known to have passed.
    assert_eq!(feed.at_least(at(0)), at(200));
}

#[test]
fn where_nothing_changes_a_round_soon_begins_after_the_last_change() {
    let mut feed = Feed::<By>::begin(at(0), at(0), OVERLAP);
    feed.round(at(301), OVERLAP);
    assert!(feed.round(at(302), OVERLAP).from > at(0));
}

#[test]
fn a_page_holds_a_hundred_names_and_stops_before_the_next() {
    let mut round = Round::of(at(0), By::Created);
    let page: Vec<Change<String>> = (1..=201).map(|id| change(id, &format!("SKU-{}", id / 2), 7)).collect();
    let mut skus = BTreeSet::new();
    assert!(!round.take(&page, &mut skus, &mut Named::default()));
    assert_eq!((skus.len(), round.date, round.id), (100, at(7), 199));
    let mut skus = BTreeSet::new();
    assert!(round.take(&page[199..], &mut skus, &mut Named::default()));
    assert_eq!((skus.len(), round.id), (1, 201));
}

#[test]
fn records_of_one_instant_are_read_by_their_ids() {
    let mut round = Round::of(at(0), By::Written);
    round.take(&[change(3, "A", 5), change(9, "B", 5)], &mut BTreeSet::new(), &mut Named::default());
    let date = serde_json::to_value(WireInstant(at(5))).unwrap();
    let expected = json!(["OR", ["write_date", ">", date], [["write_date", "=", date], ["id", ">", 9]]]);
    assert_eq!(round.rest(), expected);
    assert_eq!(round.following(), None);
    let created = Round { stream: By::Created, ..round };
    assert_eq!(created.following(), Some(Round::of(at(0), By::Written)));
}

#[test]
fn a_record_that_is_nobodys_moves_on() {
    let mut round = Round::of(at(0), By::Created);
    let mut skus = BTreeSet::new();
    let nameless = Change { of: Vec::new(), ..change(4, "", 2) };
    assert!(round.take(&[nameless], &mut skus, &mut Named::default()));
    assert_eq!((skus.len(), round.id), (0, 4));
}

fn named_by(
    feed: &mut Feed<By>,
    now: i64,
    created: &[Change<String>],
    written: &[Change<String>],
) -> Vec<String> {
    let mut round = feed.round(at(now), OVERLAP);
    let mut skus = BTreeSet::new();
    assert!(round.take(created, &mut skus, &mut feed.named));
    round = round.following().unwrap();
    assert!(round.take(written, &mut skus, &mut feed.named));
    skus.into_iter().collect()
}

#[test]
fn a_change_is_named_once_and_a_late_one_all_the_same() {
    let mut feed = Feed::<By>::begin(at(0), at(0), OVERLAP);
    let a = || change(1, "A", 30);
    assert_eq!(named_by(&mut feed, 60, &[a()], &[a()]), ["A"]);
    // Committed late, dated before what was read.
    let b = || change(2, "B", 20);
    assert_eq!(named_by(&mut feed, 120, &[b(), a()], &[b(), a()]), ["B"]);
    let mut again = a();
    again.dates.write_date = Some(WireInstant(at(130)));
    assert_eq!(named_by(&mut feed, 180, &[b(), again.clone()], &[b(), again]), ["A"]);
    // Longer ago than anything is read again.
    feed.round(at(1_000), OVERLAP);
    feed.round(at(2_000), OVERLAP);
    assert_eq!(feed.named, Named::default());
}

#[test]
fn a_cursor_from_before_it_remembered_is_read() {
    let mut cursor = serde_json::to_value(Feed::<By>::begin(at(0), at(0), OVERLAP)).unwrap();
    cursor.as_object_mut().unwrap().remove("named").unwrap();
    assert!(serde_json::from_value::<Feed<By>>(cursor).is_ok());
}

#[test]
fn what_does_not_fit_on_a_page_is_still_news() {
    let mut named = Named::default();
    let page: Vec<Change<String>> = (1..=101).map(|id| change(id, &format!("SKU-{id}"), 7)).collect();
    let mut round = Round::of(at(0), By::Created);
    assert!(!round.take(&page, &mut BTreeSet::new(), &mut named));
    let mut skus = BTreeSet::new();
    assert!(round.take(&page, &mut skus, &mut named));
    assert_eq!(Vec::from_iter(skus), ["SKU-101"]);
}

#[test]
fn a_record_of_several_is_taken_whole() {
    let of = |id: u64, names: std::ops::Range<u32>| {
        let of = names.map(|name| format!("SKU-{name}")).collect();
        Change { of, ..change(id, "", 7) }
    };
    let page = [of(1, 0..60), of(2, 40..100), of(3, 99..101), of(4, 0..1)];
    let (mut round, mut named) = (Round::of(at(0), By::Created), Named::default());
    let mut found = BTreeSet::new();
    assert!(!round.take(&page, &mut found, &mut named));
    assert_eq!((found.len(), round.id), (100, 2));
    // More than a page holds has one of its own: the feed goes on.
    let page = [of(3, 0..250), of(4, 0..1), of(5, 300..301)];
    let mut found = BTreeSet::new();
    assert!(!round.take(&page, &mut found, &mut named));
    assert_eq!((found.len(), round.id), (250, 4));
}

/// Of a feed of stock: running systems have stored such ones.
#[test]
fn a_stored_cursor_is_read_and_written_as_it_is() {
    let stored = json!({
        "theirs": "2026-11-28T09:30:08.25Z", "ours": "2026-11-28T09:00:00Z", "next": "2026-11-28T09:25:05.25Z",
        "round": {
            "from": "2026-11-28T09:20:05.25Z", "stream": "written", "date": "2026-11-28T09:29:05.25Z", "id": 17,
        },
        "named": [[1_795_858_205_250_000_u64, 1], [1_795_858_207_250_000_u64, 2]],
    });
    let feed: Feed<By> = serde_json::from_value(stored.clone()).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&feed.cursor().unwrap()).unwrap(), stored);
}

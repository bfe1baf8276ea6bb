use std::slice;

use super::*;
use crate::fulfilment::{DeliveredLine, ParcelVersion};

fn parcel(id: &str, tracking: &str) -> Parcel {
    Parcel {
        id: ParcelId(id.to_owned()),
        shipped_at: "2026-11-28T00:00:00Z".parse().unwrap(),
        carrier: None,
        tracking: Some(tracking.to_owned()),
        link: None,
        lines: vec![DeliveredLine { line: Some(11), item: "MUG".to_owned(), quantity: 1.into() }],
    }
}

fn record(parcel: &Parcel, shown: bool, reference: Option<&str>) -> ParcelRecord {
    let numbers = parcel.number().into_iter().collect();
    ParcelRecord {
        version: parcel.version(),
        shown,
        reference: reference.map(str::to_owned),
        numbers,
        noted: true,
    }
}

fn known(records: &[(&Parcel, bool, Option<&str>)]) -> BTreeMap<ParcelId, ParcelRecord> {
    records.iter().map(|(of, shown, at)| (of.id.clone(), record(of, *shown, *at))).collect()
}

fn shown(reference: &str, of: Option<&Parcel>, tracking: &str) -> ShownParcel {
    ShownParcel {
        reference: reference.to_owned(),
        id: of.map(|parcel| parcel.id.clone()),
        version: of.map(Parcel::version),
        tracking: Some(tracking.to_owned()),
    }
}

fn show(parcel: &Parcel, reference: Option<&str>) -> Step {
    Step::Show(parcel.id.clone(), reference.map(str::to_owned))
}

#[test]
fn what_the_record_says_is_shown_needs_no_look() {
    let (one, two) = (parcel("1", "A"), parcel("2", "B"));
    let both = known(&[(&one, true, Some("r1")), (&two, true, Some("r2"))]);
    assert!(agree(&[one.clone(), two.clone()], &both));
    assert!(!agree(slice::from_ref(&one), &both), "one was withdrawn");
    assert!(!agree(&[one.clone(), parcel("2", "C")], &both), "one was corrected");
    assert!(!agree(&[one.clone(), two.clone(), parcel("3", "D")], &both), "one is new");
    assert!(!agree(slice::from_ref(&one), &known(&[(&one, false, None)])), "one was begun");
    let mut unsaid = known(&[(&one, true, Some("r1"))]);
    unsaid.get_mut(&one.id).unwrap().noted = false;
    assert!(!agree(&[one], &unsaid), "nobody was told");
}

#[test]
fn a_parcel_that_may_be_shown_is_looked_for_before_it_is_shown_again() {
    let one = parcel("1", "A");
    let begun = known(&[(&one, false, None)]);
    assert_eq!(plan(slice::from_ref(&one), &begun, &[]), [show(&one, None)]);
    let there = [shown("r1", Some(&one), "A")];
    assert_eq!(plan(slice::from_ref(&one), &begun, &there), [Step::Settled(one.id.clone(), "r1".into())]);
    let old = [ShownParcel { version: Some(ParcelVersion("old".into())), ..there[0].clone() }];
    assert_eq!(plan(slice::from_ref(&one), &begun, &old), [show(&one, Some("r1"))]);
}

#[test]
fn a_corrected_parcel_replaces_and_a_withdrawn_one_goes() {
    let (one, two) = (parcel("1", "A"), parcel("2", "B"));
    let both = known(&[(&one, true, Some("r1")), (&two, true, Some("r2"))]);
    let corrected = parcel("1", "A2");
    let steps = plan(slice::from_ref(&corrected), &both, &[]);
    assert_eq!(steps, [show(&corrected, Some("r1")), Step::Remove(Some(two.id), "r2".into())]);
}

#[test]
fn what_was_begun_and_withdrawn_is_taken_away_if_it_is_there() {
    let one = parcel("1", "A");
    let begun = known(&[(&one, false, None)]);
    assert_eq!(plan(&[], &begun, &[]), [Step::Forget(one.id.clone())]);
    let there = [shown("r1", Some(&one), "A")];
    assert_eq!(plan(&[], &begun, &there), [Step::Remove(Some(one.id), "r1".into())]);
}

#[test]
fn what_people_entered_is_the_same_parcel_and_everything_else_of_theirs_stays() {
    let (one, two) = (parcel("1", "A"), parcel("2", "A"));
    let theirs = [shown("h1", None, "A"), shown("h2", None, "Z")];
    let steps = plan(&[one.clone(), two.clone()], &BTreeMap::new(), &theirs);
    assert_eq!(steps, [Step::Settled(one.id, "h1".into()), show(&two, None)], "one item is one parcel");
}

#[test]
fn a_second_one_of_ours_is_taken_away() {
    let one = parcel("1", "A");
    let twice = [shown("r1", Some(&one), "A"), shown("r2", Some(&one), "A")];
    let steps = plan(slice::from_ref(&one), &known(&[(&one, true, Some("r1"))]), &twice);
    assert_eq!(steps, [Step::Settled(one.id, "r1".into()), Step::Remove(None, "r2".into())]);
}

#[test]
fn without_a_mark_a_parcel_is_known_by_every_number_it_may_be_shown_under() {
    let (one, corrected) = (parcel("1", "A"), parcel("1", "B"));
    let begun = known(&[(&one, false, None)]);
    let there = [shown("t1", None, "A")];
    assert_eq!(plan(slice::from_ref(&corrected), &begun, &there), [show(&corrected, Some("t1"))]);
    assert_eq!(plan(&[], &begun, &there), [Step::Remove(Some(one.id), "t1".into())], "it was withdrawn");
}

#[test]
fn what_shows_another_parcel_is_not_taken_for_this_one() {
    let (first, known_one) = (parcel("1", "A"), parcel("2", "A"));
    let both = known(&[(&known_one, true, Some("t1"))]);
    let steps = plan(&[first.clone(), known_one.clone()], &both, &[shown("t1", None, "A")]);
    assert_eq!(steps, [show(&first, None), Step::Settled(known_one.id, "t1".into())]);
}

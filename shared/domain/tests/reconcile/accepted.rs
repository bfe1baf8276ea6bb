//! A difference that people accepted stays so until it changes; one that is
//! gone is released.

use rust_decimal::Decimal;
use weir_domain::id::OrderKey;
use weir_domain::order::OrderStatus;
use weir_domain::ports::{DocumentState, Ledger};
use weir_domain::record::{Acceptance, Hold};
use weir_testkit::sample;

use crate::injections::one_more;
use crate::world::{World, differences};

/// The ERP's sales order comes to so many euros less than the shop's.
pub(crate) fn cheaper(world: &World, key: &OrderKey, euros: i64) {
    let wanted = world.order(key).totals();
    world.erp.edit(&world.sale(key), |sale| {
        sale.totals.gross = wanted.gross - Decimal::from(euros);
        sale.totals.net = wanted.net - Decimal::from(euros);
    });
}

fn accept(world: &World, key: &OrderKey) {
    let at = world.now();
    world.rewrite(key, |record| {
        let Hold::Exception(exception) = &mut record.hold else { panic!("no exception") };
        let (by, reason) = ("kim".to_owned(), "agreed on the phone".to_owned());
        exception.accepted = Some(Acceptance { by, at, reason });
    });
}

fn with_difference() -> (World, OrderKey) {
    let world = World::new();
    let key = world.place(sample::order("main", 1));
    cheaper(&world, &key, 1);
    assert_eq!(differences(&world.pass()), [("total_differs", [1, 0, 1, 0, 0])]);
    (world, key)
}

#[test]
fn what_people_have_is_not_told_as_news() {
    let (world, key) = with_difference();
    let before = world.record(&key);
    assert_eq!(differences(&world.pass()), [("total_differs", [1, 0, 0, 1, 0])]);
    assert_eq!(world.record(&key), before);
}

#[test]
fn an_accepted_difference_stays_accepted_until_it_changes_and_then_is_new() {
    let (world, key) = with_difference();
    accept(&world, &key);
    for _night in 0..2 {
        assert_eq!(differences(&world.pass()), [("total_differs", [1, 0, 0, 0, 1])]);
        assert_eq!(world.record(&key).view(), "accepted");
    }
    cheaper(&world, &key, 2);
    assert_eq!(differences(&world.pass()), [("total_differs", [1, 0, 1, 0, 0])]);
    assert_eq!(world.record(&key).view(), "exception");
    assert_eq!(differences(&world.pass()), [("total_differs", [1, 0, 0, 1, 0])]);
}

#[test]
fn an_accepted_difference_hides_no_other_one() {
    let (world, key) = with_difference();
    accept(&world, &key);
    world.books.double(&world.sale(&key));
    assert_eq!(differences(&world.pass()), [("document_doubled", [1, 0, 1, 0, 0])]);
    assert_eq!(world.exception(&key), "document_doubled");
}

#[test]
fn a_change_that_the_erp_refused_and_people_accepted_is_not_parked_as_a_difference() {
    let world = World::new();
    let key = world.place(sample::order("main", 1));
    world.change(1, one_more);
    world.hint(&key);
    assert_eq!(world.exception(&key), "amendment_refused");
    accept(&world, &key);
    for _night in 0..2 {
        let accepted = ["total_differs", "units_differ"].map(|kind| (kind, [1, 0, 0, 0, 1]));
        assert_eq!(differences(&world.pass()), accepted);
        assert_eq!(
            (world.record(&key).view(), world.exception(&key).as_str()),
            ("accepted", "amendment_refused")
        );
    }
    world.books.double(&world.sale(&key));
    assert_eq!(world.pass().total().parked, 1, "which hides no other one");
    assert_eq!(world.exception(&key), "document_doubled");
}

#[test]
fn a_difference_that_people_put_right_is_released() {
    for accepted in [false, true] {
        let (world, key) = with_difference();
        if accepted {
            accept(&world, &key);
        }
        cheaper(&world, &key, 0);
        assert_eq!(differences(&world.pass()), [("settled", [1, 1, 0, 0, 0])]);
        assert_eq!(world.agree(&key), Ok(()));
        assert_eq!(world.pass().total().detected, 0);
        let audit = futures::executor::block_on(world.ledger.audit(&key)).unwrap();
        let by_us: Vec<&str> =
            audit.iter().filter(|it| it.who == "reconcile").map(|it| it.what.as_str()).collect();
        assert_eq!(by_us, ["excepted", "released"]);
    }
}

#[test]
fn documents_that_are_there_again_or_once_again_are_released() {
    let world = World::new();
    let (gone, twice) = (world.place(sample::order("main", 1)), world.place(sample::order("main", 2)));
    let by_hand = sample::order("main", 3);
    let first = by_hand.key.clone();
    world.shop.put(by_hand);
    world.books.delete(&world.sale(&gone));
    let copy = world.books.double(&world.sale(&twice));
    let hand_made = world.books.make_by_hand("3");
    assert_eq!(world.pass().total().parked, 3);
    world.books.restore();
    world.books.cancel(&copy);
    world.books.cancel(&hand_made);
    assert_eq!(differences(&world.pass()), [("settled", [3, 3, 0, 0, 0])]);
    for key in [gone, twice, first] {
        assert_eq!(world.agree(&key), Ok(()), "{key}");
    }
    assert_eq!(world.pass().total().detected, 0);
}

#[test]
fn what_people_cancelled_after_all_is_cancelled() {
    let world = World::new();
    let key = world.place(sample::order("main", 1));
    world.change(1, |order| order.status = OrderStatus::Cancelled);
    world.hint(&key);
    assert_eq!(world.exception(&key), "cancel_refused");
    assert_eq!(world.pass().total().detected, 0, "it is the worker's, and stands");
    world.erp.set_state(&world.sale(&key), DocumentState::Cancelled);
    assert_eq!(differences(&world.pass()), [("settled", [1, 1, 0, 0, 0])]);
    assert_eq!((world.record(&key).view(), world.agree(&key)), ("cancelled", Ok(())));
}

#[test]
fn an_order_that_makes_sense_again_is_looked_at_again() {
    let world = World::new();
    let key = world.place(sample::order("main", 1));
    world.history.garble(key.order, "bad_amount", "total is no number");
    assert_eq!(differences(&world.pass()), [("unreadable", [1, 0, 1, 0, 0])]);
    assert_eq!(differences(&world.pass()), [("unreadable", [1, 0, 0, 1, 0])]);
    world.history.mend(key.order);
    assert_eq!(differences(&world.pass()), [("restored", [1, 1, 0, 0, 0])]);
    assert_eq!(world.agree(&key), Ok(()));
    assert_eq!(world.pass().total().detected, 0);
}

#[test]
fn several_differences_of_one_order_are_one_exception_that_tells_them_all() {
    let world = World::new();
    let key = world.place(sample::order("main", 1));
    cheaper(&world, &key, 1);
    world.books.make_by_hand("1");
    let sale = world.sale(&key);
    world.erp.edit(&sale, |sale| sale.lines[0].quantity += Decimal::ONE);
    world.erp.set_state(&sale, DocumentState::Draft);
    let one = [1, 0, 1, 0, 0];
    let found =
        ["made_by_hand_too", "total_differs", "units_differ", "release_regressed"].map(|kind| (kind, one));
    assert_eq!(differences(&world.pass()), found);
    let record = world.record(&key);
    let exception = record.exception().unwrap();
    assert_eq!(exception.code, "made_by_hand_too");
    for told in ["SO-hand-1", "55.07", "MUG-L: the shop 2, the ERP 3", "went back"] {
        assert!(exception.detail.contains(told), "{told}: {}", exception.detail);
    }
    let again = world.pass().total();
    assert_eq!((again.detected, again.known), (4, 4));
}

#[test]
fn what_a_person_holds_is_told_and_left() {
    let world = World::new();
    let key = world.place(sample::order("main", 1));
    world.rewrite(&key, |record| record.hold = Hold::Held { reason: "fraud?".to_owned() });
    cheaper(&world, &key, 1);
    assert_eq!(differences(&world.pass()), [("total_differs", [1, 0, 0, 1, 0])]);
    assert_eq!(world.record(&key).view(), "held");
}

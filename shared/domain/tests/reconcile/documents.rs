//! What the ERP has of an order is seen whatever else the order stands in, and
//! remembered whatever keeps it.

use jiff::SignedDuration;
use weir_domain::id::{DocumentKey, Generation, OrderKey};
use weir_domain::mapping::MappingKind;
use weir_domain::ports::DocumentState;
use weir_domain::record::{Concern, DocumentAxis, Hold, WaitReason};
use weir_testkit::sample;

use crate::accepted::cheaper;
use crate::injections::{booked_by_nobody, one_more, refund_id, refunded};
use crate::world::{World, differences};

const PARKED: [u64; 5] = [1, 0, 1, 0, 0];
const KNOWN: [u64; 5] = [1, 0, 0, 1, 0];
const REPAIRED: [u64; 5] = [1, 1, 0, 0, 0];

/// An order that cannot be booked: its way of shipping is not mapped.
fn unmapped(world: &World) -> OrderKey {
    let mut order = sample::order("main", 1);
    "drone:1".clone_into(&mut order.shipping[0].code);
    let key = world.place(order);
    assert_eq!(world.exception(&key), "unmapped_shipping");
    key
}

fn retry(world: &World, key: &OrderKey) {
    let due_at = world.now();
    world.rewrite(key, |record| {
        record.hold = Hold::Waiting { reason: WaitReason::Released, due_at, excepted: None };
    });
    world.minutes(10);
}

#[test]
fn an_order_that_stands_in_something_else_is_not_booked_beside_one_made_by_hand() {
    let world = World::new();
    let key = unmapped(&world);
    let by_hand = world.books.make_by_hand("1");
    assert_eq!(differences(&world.pass()), [("made_by_hand_too", PARKED)]);
    let record = world.record(&key);
    let exception = record.exception().unwrap();
    assert_eq!((exception.code.as_str(), exception.concern), ("made_by_hand_too", Concern::Documents));
    assert!(exception.detail.contains("unmapped_shipping: "), "{}", exception.detail);
    world.map(MappingKind::Shipping, "drone", &["SHIPPING"]);
    world.change(1, |_| {});
    world.hint(&key);
    assert_eq!((world.exception(&key).as_str(), world.erp.sales().len()), ("made_by_hand_too", 0));
    assert_eq!(differences(&world.pass()), [("made_by_hand_too", KNOWN)]);
    world.books.cancel(&by_hand);
    assert_eq!(differences(&world.pass()), [("settled", REPAIRED)]);
    assert_eq!((world.agree(&key), world.erp.sales().len()), (Ok(()), 1));
}

#[test]
fn no_change_in_the_shop_ends_what_is_about_documents() {
    let world = World::new();
    let key = world.place(sample::order("main", 1));
    world.books.delete(&world.sale(&key));
    assert_eq!(differences(&world.pass()), [("document_missing", PARKED)]);
    world.change(1, one_more);
    world.shop.refund(sample::refund(&key, 31, "5.00", &[]));
    world.hint(&key);
    for _night in 0..2 {
        assert_eq!(world.exception(&key), "document_gone");
        assert_eq!(differences(&world.pass()), [("document_missing", KNOWN)]);
    }
}

#[test]
fn the_one_that_is_left_of_two_is_taken_for_ours() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.shop.put(order);
    booked_by_nobody(&world, 1);
    let copy = world.books.double(&DocumentKey::of_order(&key, Generation::FIRST));
    assert_eq!(differences(&world.pass()), [("document_doubled", PARKED)]);
    assert_eq!(differences(&world.pass()), [("document_doubled", KNOWN)]);
    world.books.cancel(&copy);
    assert_eq!(differences(&world.pass()), [("document_unknown", REPAIRED)]);
    assert_eq!((world.agree(&key), world.erp.sales().len()), (Ok(()), 1));
    assert_eq!(world.pass().total().detected, 0);
}

#[test]
fn a_document_is_remembered_while_something_else_keeps_its_order() {
    let world = World::new();
    let key = unmapped(&world);
    booked_by_nobody(&world, 1);
    assert_eq!(differences(&world.pass()), [("document_unknown", REPAIRED)]);
    let record = world.record(&key);
    assert_eq!(
        (record.document, world.exception(&key).as_str()),
        (DocumentAxis::Pushing, "unmapped_shipping")
    );
    assert_eq!(world.pass().total().detected, 0);
    world.map(MappingKind::Shipping, "drone", &["SHIPPING"]);
    retry(&world, &key);
    assert_eq!((world.agree(&key), world.erp.sales().len()), (Ok(()), 1));
}

#[test]
fn a_credit_is_remembered_while_its_order_is_for_people() {
    let world = World::new();
    refunded(&world, 1);
    let key = sample::key("main", 1);
    world.rewrite(&key, |record| drop(record.refunds.remove(&refund_id(1))));
    cheaper(&world, &key, 1);
    assert_eq!(differences(&world.pass()), [("refund_unseen", REPAIRED), ("total_differs", PARKED)]);
    assert!(!world.record(&key).refunds[&refund_id(1)].booked);
    assert_eq!(differences(&world.pass()), [("total_differs", KNOWN)]);
    cheaper(&world, &key, 0);
    assert_eq!(differences(&world.pass()), [("settled", REPAIRED)]);
    assert_eq!(world.agree(&key), Ok(()));
}

#[test]
fn another_living_one_beside_a_cancelled_one_is_seen_and_what_is_over_gives_way() {
    let world = World::new();
    let key = world.place(sample::order("main", 1));
    let copy = world.books.double(&world.sale(&key));
    world.erp.set_state(&world.sale(&key), DocumentState::Cancelled);
    assert_eq!(differences(&world.pass()), [("cancelled_in_erp", PARKED), ("revived_in_erp", PARKED)]);
    assert_eq!(world.exception(&key), "revived_in_erp");
    assert_eq!(world.pass().total().known, 2);
    world.books.cancel(&copy);
    assert_eq!(differences(&world.pass()), [("cancelled_in_erp", PARKED)]);
    assert_eq!(world.exception(&key), "cancelled_in_erp");
    assert_eq!(differences(&world.pass()), [("cancelled_in_erp", KNOWN)]);
}

#[test]
fn what_is_being_pushed_by_nobody_is_looked_at() {
    let world = World::new();
    let key = world.place(sample::order("main", 1));
    world.nightfall();
    let now = world.now();
    world.rewrite(&key, |record| {
        record.document = DocumentAxis::Pushing;
        record.seen.as_mut().unwrap().read_at = now - SignedDuration::from_mins(59);
    });
    assert_eq!(world.tick().unwrap().found, 0, "somebody may be at work");
    assert_eq!(differences(&world.pass()), [("undone", REPAIRED)]);
    assert_eq!((world.agree(&key), world.erp.sales().len()), (Ok(()), 1));
}

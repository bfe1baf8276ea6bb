//! What is well, under way, or for people already is no difference.

use jiff::SignedDuration;
use rust_decimal::Decimal;
use weir_domain::config::{FulfilmentConfig, ReturnPolicy};
use weir_domain::fulfilment::{DeliveredLine, GoodsReturn, Parcel};
use weir_domain::hint::Cause;
use weir_domain::id::{DocumentKey, Generation, OrderId, ParcelId, ReturnId, Sku};
use weir_domain::money::Totals;
use weir_domain::order::OrderStatus;
use weir_domain::ports::{DocumentState, ErpDocument};
use weir_domain::record::Hold;
use weir_testkit::{ErpOp, Fault, fault, sample};

use crate::injections::send;
use crate::world::{World, differences};

/// Orders in every state that is right as it is.
fn populate(world: &World) {
    let with_status = |id, status| {
        let mut order = sample::order("main", id);
        order.status = status;
        world.place(order)
    };
    world.place(sample::order("main", 1));
    world.reserve(2);
    let credited = world.place(sample::order("main", 3));
    world.shop.refund(sample::refund(&credited, 31, "10.71", &[(11, "1", "9.00", "1.71")]));
    world.shop.refund(sample::refund(&credited, 32, "5.00", &[]));
    world.hint(&credited);
    let cancelled = world.reserve(4);
    world.change(4, |order| order.status = OrderStatus::Cancelled);
    world.hint(&cancelled);
    with_status(5, OrderStatus::CheckoutDraft);
    with_status(6, OrderStatus::Pending);
    with_status(7, OrderStatus::Failed);
    let mut unmapped = sample::order("main", 8);
    "drone:1".clone_into(&mut unmapped.shipping[0].code);
    let unmapped = world.place(unmapped);
    assert_eq!(world.exception(&unmapped), "unmapped_shipping");
    let (held, skipped) = (with_status(9, OrderStatus::Pending), with_status(10, OrderStatus::Pending));
    world.rewrite(&held, |record| record.hold = Hold::Held { reason: "wait for the boss".to_owned() });
    world.rewrite(&skipped, |record| record.hold = Hold::Skipped { reason: "a test order".to_owned() });
    let mut before = sample::order("main", 11);
    before.created_at -= SignedDuration::from_hours(24 * 3);
    world.place(before.clone());
    world.books.make_by_hand("11");
    before.key.order = OrderId(12);
    "12".clone_into(&mut before.number);
    world.shop.put(before);
    let mut cod = sample::order("main", 13);
    "cod".clone_into(&mut cod.payment.method);
    cod.payment.paid_at = None;
    world.place(cod);
    part_shipped(world, 14);
    let lives_again = world.reserve(15);
    world.change(15, |order| order.status = OrderStatus::Cancelled);
    world.hint(&lives_again);
    world.change(15, |order| order.status = OrderStatus::OnHold);
    world.hint(&lives_again);
    let trashed = world.place(sample::order("main", 16));
    world.change(16, |order| order.status = OrderStatus::Trash);
    world.hint(&trashed);
    let gone = world.place(sample::order("main", 17));
    world.shop.delete(gone.order);
    world.hint(&gone);
    let erased = world.place(sample::order("main", 18));
    world.change(18, |order| order.customer.email = Some("deleted@site.invalid".into()));
    world.hint(&erased);
    // No hint ever told of these, and none has to be.
    for (id, status) in [(19, OrderStatus::CheckoutDraft), (20, OrderStatus::Cancelled)] {
        let mut order = sample::order("main", id);
        order.status = status;
        world.shop.put(order);
    }
    let done = world.place(sample::order("main", 21));
    world.erp.set_state(&world.sale(&done), DocumentState::Done);
    world.deliver(&sample::hint(&done, Cause::Erp, world.now()));
}

fn part_shipped(world: &World, id: u64) {
    let key = world.place(sample::order("main", id));
    let line = DeliveredLine { line: Some(11), item: "MUG-L".to_owned(), quantity: Decimal::ONE };
    let parcel = Parcel {
        id: ParcelId("1/1".to_owned()),
        shipped_at: sample::saturday(),
        carrier: None,
        tracking: Some("1Z-A".to_owned()),
        link: None,
        lines: vec![line],
    };
    let sale = DocumentKey::of_order(&key, Generation::FIRST);
    world.erp.deliver(&sale, |parcels, _| parcels.push(parcel));
    world.deliver(&sample::hint(&key, Cause::Erp, world.now()));
}

#[test]
fn a_healthy_world_of_every_kind_of_order_differs_in_nothing() {
    let world = World::new();
    world.configure(|config| config.cut_over = Some(sample::saturday() - SignedDuration::from_hours(24)));
    populate(&world);
    world.minutes(30);
    let before: Vec<_> = world.ledger.records();
    let report = world.pass();
    assert_eq!(differences(&report), []);
    assert_eq!(world.ledger.records(), before, "nothing is written either");
    // 16 is in the trash, 17 is gone.
    assert_eq!((report.orders, report.documents), (19, 11));
    let views: Vec<(&str, u64)> = report.views.iter().map(|(view, count)| (view.as_str(), *count)).collect();
    let expected = [
        ("cancelled", 1),
        ("exception", 1),
        ("held", 1),
        ("in ERP", 5),
        ("not imported", 7),
        ("part shipped", 1),
        ("reserved", 2),
        ("skipped", 1),
    ];
    assert_eq!(views, expected);
}

/// One of two mugs comes back.
fn mug() -> GoodsReturn {
    let totals = Totals {
        currency: "EUR".parse().unwrap(),
        net: "-9.00".parse().unwrap(),
        tax: "-1.71".parse().unwrap(),
        gross: "-10.71".parse().unwrap(),
    };
    let credit = ErpDocument {
        id: "R8".to_owned(),
        number: Some("RET-8".to_owned()),
        state: DocumentState::Processing,
        totals: Some(totals),
    };
    let line = DeliveredLine { line: Some(11), item: "MUG-L".to_owned(), quantity: Decimal::ONE };
    GoodsReturn { id: ReturnId("8".to_owned()), credit, lines: vec![line] }
}

#[test]
fn goods_that_came_back_and_were_refunded_lack_no_credit() {
    let world = World::new();
    world.configure(|config| {
        let returns = ReturnPolicy::Refund;
        config.fulfilment = Some(FulfilmentConfig { returns, ..FulfilmentConfig::default() });
    });
    let key = world.place(sample::order("main", 1));
    send(&world, 1);
    world.deliver(&sample::hint(&key, Cause::Erp, world.now()));
    world.erp.deliver(&world.sale(&key), |_, returns| returns.push(mug()));
    world.deliver(&sample::hint(&key, Cause::Erp, world.now()));
    let record = world.record(&key);
    assert_eq!((record.refunds.len(), record.view()), (1, "shipped"));
    assert!(record.refunds.values().all(|credit| credit.booked && credit.document.is_some()));
    world.minutes(30);
    let before = world.record(&key);
    assert_eq!(differences(&world.pass()), []);
    assert_eq!(world.record(&key), before);
    // Nor does it keep an exception about another credit from ending.
    world.shop.refund(sample::refund(&key, 31, "5.00", &[]));
    world.hint(&key);
    let credit = DocumentKey::of_refund(&key, weir_domain::id::RefundId(31));
    world.books.delete(&credit);
    assert_eq!(differences(&world.pass()), [("credit_missing", [1, 0, 1, 0, 0])]);
    world.books.restore();
    assert_eq!(differences(&world.pass()), [("settled", [1, 1, 0, 0, 0])]);
    assert_eq!(world.record(&key).view(), "shipped");
}

#[test]
fn what_is_sent_and_done_was_booked_by_the_mappings_of_its_time() {
    let world = World::new();
    let key = world.place(sample::order("main", 1));
    send(&world, 1);
    world.deliver(&sample::hint(&key, Cause::Erp, world.now()));
    world.map(weir_domain::mapping::MappingKind::Item, "sku:MUG-L", &["MUG-XL"]);
    assert_eq!(differences(&world.pass()), []);
}

#[test]
fn what_is_under_way_is_left_to_whoever_is_at_work() {
    let world = World::new();
    world.nightfall();
    let now = world.now();
    // Changed a moment ago: its hint is on its way.
    let mut fresh = sample::order("main", 1);
    fresh.modified_at = now;
    world.shop.put(fresh);
    // Begun, and the outcome not known yet.
    world.erp.faults.script(ErpOp::Create, [Fault::After(fault::timed_out())]);
    let unknown = world.place(sample::order("main", 2));
    assert_eq!(world.record(&unknown).view(), "waiting");
    // Read a moment ago, and the ERP's books lag.
    let lags = world.place(sample::order("main", 3));
    world.books.delete(&world.sale(&lags));
    let matched = world.tick().unwrap();
    assert_eq!((matched.compared, matched.found), (3, 0));
    assert_eq!(world.queue.depth(), 0);
    world.books.restore();
    world.minutes(30);
    assert_eq!(world.pass().total().detected, 1, "the one that no hint told of");
    assert_eq!(world.agree(&sample::key("main", 1)), Ok(()));
}

#[test]
fn an_item_that_is_mapped_otherwise_now_is_told_by_its_code() {
    let world = World::new();
    let key = world.place(sample::order("main", 1));
    world.map(weir_domain::mapping::MappingKind::Item, "sku:MUG-L", &["MUG-XL"]);
    let report = world.pass();
    assert_eq!(differences(&report), [("units_differ", [1, 0, 1, 0, 0])]);
    let record = world.record(&key);
    let exception = record.exception().unwrap();
    assert_eq!(exception.subject, "MUG-L");
    let said = "It has other items. MUG-L: the shop 0, the ERP 2; MUG-XL: the shop 2, the ERP 0.";
    assert_eq!(exception.detail, said);
    world.erp.edit(&world.sale(&key), |sale| sale.lines[0].item = "MUG-XL".to_owned());
    assert_eq!(differences(&world.pass()), [("settled", [1, 1, 0, 0, 0])]);
    assert_eq!(world.agree(&key), Ok(()));
}

#[test]
fn renamed_products_are_what_was_ordered_and_the_next_hint_finds_nothing() {
    let world = World::new();
    let key = world.place(sample::order("main", 1));
    let renamed = Some(Sku("MUG-NEW".to_owned()));
    world.shop.change(key.order, |order| order.lines[0].product.sku = renamed);
    assert_eq!(differences(&world.pass()), []);
    world.hint(&key);
    world.shop.change(key.order, |order| order.lines[0].product.sku = None);
    assert_eq!(differences(&world.pass()), [], "nor when the product is deleted");
    world.hint(&key);
    assert_eq!((world.exception(&key).as_str(), world.agree(&key)), ("", Ok(())));
}

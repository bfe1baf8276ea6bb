//! Each parcel of the ERP is in the shop once, and the order's status follows
//! what left, whatever fails.

use jiff::SignedDuration;
use rust_decimal::Decimal;
use weir_domain::config::{FulfilmentConfig, NoteConfig};
use weir_domain::fulfilment::{DeliveredLine, Parcel};
use weir_domain::hint::Cause;
use weir_domain::id::{DocumentKey, Generation, OrderKey, ParcelId};
use weir_domain::order::OrderStatus;
use weir_domain::outcome::CallError;
use weir_domain::ports::{DocumentState, ShopError};
use weir_domain::push::Pushed;
use weir_domain::record::FulfilmentAxis;
use weir_testkit::fault::timed_out;
use weir_testkit::{ErpOp, Fault, ShopOp, sample};

use crate::what;
use crate::world::World;

/// A store that is told of parcels, and an order of it in the ERP: two mugs
/// (line 11) and a book (line 12).
pub(crate) fn world_with(fulfilment: FulfilmentConfig) -> (World, OrderKey) {
    let world = World::new();
    world.configure(|config| config.fulfilment = Some(fulfilment));
    world.map(weir_domain::mapping::MappingKind::Fee, "refund", &["ALLOWANCE"]);
    let order = sample::order("main", 1);
    let key = order.key.clone();
    assert_eq!(what(&world.place(order)), "booked");
    (world, key)
}

fn world() -> (World, OrderKey) {
    world_with(FulfilmentConfig::default())
}

pub(crate) fn sale(key: &OrderKey) -> DocumentKey {
    DocumentKey::of_order(key, Generation::FIRST)
}

pub(crate) fn line(line: u64, quantity: i64) -> DeliveredLine {
    DeliveredLine { line: Some(line), item: "MUG-L".to_owned(), quantity: Decimal::from(quantity) }
}

pub(crate) fn parcel(id: &str, tracking: &str, lines: &[(u64, i64)]) -> Parcel {
    Parcel {
        id: ParcelId(id.to_owned()),
        shipped_at: sample::saturday(),
        carrier: Some("UPS".to_owned()),
        tracking: Some(tracking.to_owned()),
        link: None,
        lines: lines.iter().map(|(id, quantity)| line(*id, *quantity)).collect(),
    }
}

/// The warehouse sends a parcel, and the ERP says so.
pub(crate) fn send(world: &World, key: &OrderKey, sent: Parcel) -> Pushed {
    world.erp.deliver(&sale(key), |parcels, _| parcels.push(sent));
    world.clock.advance(SignedDuration::from_mins(1));
    world.erp_hint(key)
}

fn tracking(world: &World, key: &OrderKey) -> Vec<String> {
    world.shop.shown(key.order).into_iter().filter_map(|item| item.tracking).collect()
}

pub(crate) fn status(world: &World, key: &OrderKey) -> OrderStatus {
    futures::executor::block_on(weir_domain::ports::Shop::order(&*world.shop, key.order))
        .unwrap()
        .order
        .status
}

fn mugs() -> Parcel {
    parcel("1/1", "1Z-A", &[(11, 2)])
}

fn book() -> Parcel {
    parcel("2", "1Z-B", &[(12, 1)])
}

#[test]
fn an_order_in_two_parcels_is_completed_with_the_second() {
    let (world, key) = world();
    assert_eq!(what(&send(&world, &key, mugs())), "delivered");
    assert_eq!((world.view(&key), status(&world, &key)), ("part shipped", OrderStatus::Processing));
    assert_eq!(what(&send(&world, &key, book())), "delivered");
    assert_eq!((world.view(&key), status(&world, &key)), ("shipped", OrderStatus::Completed));
    assert_eq!(tracking(&world, &key), ["1Z-A", "1Z-B"]);
    let told: Vec<String> = world.shop.told(key.order).into_iter().map(|note| note.text).collect();
    assert_eq!(told[0], "Sent on 2026-11-28 by UPS, tracking number 1Z-A");
    assert_eq!(told.len(), 2);
}

#[test]
fn ten_hints_about_a_parcel_show_it_once_and_cost_one_look() {
    let (world, key) = world();
    send(&world, &key, mugs());
    for _ in 0..9 {
        assert_eq!(what(&world.erp_hint(&key)), "unchanged");
    }
    assert_eq!(world.shop.faults.calls(ShopOp::ShowParcel), 1);
    assert_eq!((world.shop.faults.calls(ShopOp::Parcels), world.shop.faults.calls(ShopOp::AddNote)), (1, 1));
}

#[test]
fn a_store_that_is_told_nothing_costs_nothing() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.place(order);
    send(&world, &key, mugs());
    assert!(world.shop.shown(key.order).is_empty());
    assert_eq!(world.erp.faults.calls(ErpOp::Deliveries), 0);
}

#[test]
fn an_answer_that_was_lost_is_looked_up_when_it_can_come_no_more() {
    for op in [ShopOp::ShowParcel, ShopOp::AddNote, ShopOp::SetStatus] {
        for fault in [Fault::Before as fn(ShopError) -> Fault<ShopError>, Fault::After] {
            let (world, key) = world();
            world.shop.faults.script(op, [fault(ShopError::Call(timed_out()))]);
            let everything = parcel("1", "1Z-A", &[(11, 2), (12, 1)]);
            assert_eq!(what(&send(&world, &key, everything)), "unknown");
            let asked = world.shop.faults.calls(op);
            world.clock.advance(SignedDuration::from_secs(20));
            world.erp_hint(&key);
            assert_eq!(world.shop.faults.calls(op), asked, "it may still happen: nothing is asked");
            world.minutes(5);
            assert_eq!(tracking(&world, &key), ["1Z-A"], "{op:?}");
            assert_eq!(
                (world.view(&key), status(&world, &key)),
                ("shipped", OrderStatus::Completed),
                "{op:?}"
            );
            assert_eq!(world.shop.told(key.order).len(), 1, "{op:?}");
        }
    }
}

#[test]
fn a_corrected_number_replaces_and_is_told() {
    let (world, key) = world();
    send(&world, &key, mugs());
    world.erp.deliver(&sale(&key), |parcels, _| parcels[0].tracking = Some("1Z-C".to_owned()));
    assert_eq!(what(&world.erp_hint(&key)), "delivered");
    assert_eq!(tracking(&world, &key), ["1Z-C"]);
    assert_eq!(world.shop.told(key.order).len(), 2);
}

#[test]
fn what_people_took_away_comes_back_only_when_it_is_corrected() {
    let (world, key) = world();
    send(&world, &key, mugs());
    let reference = world.shop.shown(key.order)[0].reference.clone();
    world.shop.drop_parcel(key.order, &reference);
    world.erp_hint(&key);
    assert!(tracking(&world, &key).is_empty(), "people know why");
    world.erp.deliver(&sale(&key), |parcels, _| parcels[0].tracking = Some("1Z-C".to_owned()));
    world.erp_hint(&key);
    assert_eq!(tracking(&world, &key), ["1Z-C"]);
}

#[test]
fn what_people_entered_by_hand_is_not_entered_again() {
    let (world, key) = world();
    world.shop.enter_parcel(key.order, "by-hand", "1Z-A");
    send(&world, &key, mugs());
    assert_eq!(tracking(&world, &key), ["1Z-A"]);
    assert_eq!(world.shop.faults.calls(ShopOp::ShowParcel), 0);
}

#[test]
fn a_withdrawn_parcel_goes_and_a_completed_order_is_for_people() {
    let (world, key) = world();
    send(&world, &key, mugs());
    send(&world, &key, book());
    world.erp.deliver(&sale(&key), |parcels, _| parcels.truncate(1));
    assert_eq!(what(&world.erp_hint(&key)), "excepted");
    assert_eq!(
        (world.exception(&key).as_str(), tracking(&world, &key)),
        ("completed_not_shipped", vec!["1Z-A".into()])
    );
    assert_eq!(status(&world, &key), OrderStatus::Completed, "never backwards");
    assert_eq!(what(&world.erp_hint(&key)), "unchanged", "the same is told once");
    send(&world, &key, book());
    assert_eq!((world.view(&key), tracking(&world, &key).len()), ("shipped", 2));
}

#[test]
fn a_parcel_with_something_else_is_shown_and_for_people() {
    let (world, key) = world();
    let mut strange = mugs();
    strange.lines.push(DeliveredLine { line: None, item: "GIFT".to_owned(), quantity: Decimal::ONE });
    assert_eq!(what(&send(&world, &key, strange)), "excepted");
    assert_eq!((world.exception(&key).as_str(), tracking(&world, &key).len()), ("parcel_unmatched", 1));
    world.erp.deliver(&sale(&key), |parcels, _| parcels[0].lines.truncate(1));
    world.erp_hint(&key);
    assert_eq!(world.view(&key), "part shipped", "mended in the ERP, it ends by itself");
}

#[test]
fn what_was_given_back_need_not_be_sent() {
    let (world, key) = world();
    send(&world, &key, mugs());
    world.shop.refund(sample::refund(&key, 31, "29.75", &[(12, "1", "25.00", "4.75")]));
    world.change(&key, |_| {});
    assert_eq!((world.view(&key), status(&world, &key)), ("shipped", OrderStatus::Completed));
}

#[test]
fn an_order_in_an_exception_is_shown_its_parcels_and_keeps_its_status() {
    let (world, key) = world();
    world.change(&key, |order| order.billing.city = "Elsewhere".into());
    assert_eq!(world.exception(&key), "amendment_refused");
    let everything = parcel("1", "1Z-A", &[(11, 2), (12, 1)]);
    send(&world, &key, everything);
    assert_eq!((world.exception(&key).as_str(), tracking(&world, &key).len()), ("amendment_refused", 1));
    assert_eq!(status(&world, &key), OrderStatus::Processing, "what was asked for is not what was sent");
    let before = sample::order("main", 1).billing.city;
    world.change(&key, |order| order.billing.city = before);
    assert_eq!((world.view(&key), status(&world, &key)), ("shipped", OrderStatus::Completed));
}

#[test]
fn a_cancellation_in_the_erp_is_for_people() {
    let (world, key) = world();
    world.erp.set_state(&sale(&key), DocumentState::Cancelled);
    assert_eq!(what(&world.erp_hint(&key)), "excepted");
    assert_eq!(world.exception(&key), "cancelled_in_erp");
}

#[test]
fn a_custom_status_that_the_shop_does_not_have_is_for_people() {
    let part =
        FulfilmentConfig { part_shipped_status: Some("part-sent".to_owned()), ..FulfilmentConfig::default() };
    let (world, key) = world_with(part);
    send(&world, &key, mugs());
    assert_eq!((world.exception(&key).as_str(), tracking(&world, &key).len()), ("status_unknown", 1));
    world.shop.add_status("part-sent");
    world.erp_hint(&key);
    assert_eq!(
        (world.view(&key), status(&world, &key)),
        ("part shipped", OrderStatus::Custom("part-sent".into()))
    );
}

#[test]
fn the_customer_is_told_of_news_only() {
    let note = NoteConfig { text: "On its way: {tracking}".to_owned(), to_customer: true };
    let (world, key) = world_with(FulfilmentConfig { note: Some(note), ..FulfilmentConfig::default() });
    world.clock.advance(SignedDuration::from_hours(80));
    send(&world, &key, mugs());
    assert!(world.shop.told(key.order).is_empty(), "it left three days ago");
    let news = Parcel { shipped_at: world.now(), ..book() };
    send(&world, &key, news);
    assert_eq!(world.shop.told(key.order).len(), 1);
    assert!(world.shop.told(key.order)[0].to_customer);
}

#[test]
fn what_the_erp_says_comes_back_while_the_order_is_worked_on() {
    let (world, key) = world();
    let hint = sample::hint(&key, Cause::Webhook, world.now() + SignedDuration::from_secs(60));
    let claim = futures::executor::block_on(weir_domain::ports::Ledger::claim(
        &*world.ledger,
        &hint,
        "somebody",
        world.now(),
        SignedDuration::from_mins(2),
    ));
    assert!(matches!(claim, Ok(weir_domain::ports::Claim::Claimed(_))));
    let busy = world.erp_hint(&key);
    assert!(matches!(&busy, Pushed::RetryAfter(after, _) if after.as_secs() == 5), "{busy:?}");
    world.clock.advance(SignedDuration::from_mins(3));
    assert!(matches!(world.erp_hint(&key), Pushed::Acknowledge(_)));
}

#[test]
fn an_ill_shop_keeps_what_the_erp_said() {
    let (world, key) = world();
    world
        .shop
        .faults
        .script(ShopOp::ShowParcel, [Fault::Before(ShopError::Call(CallError::blocked("edge")))]);
    assert_eq!(what(&send(&world, &key, mugs())), "parked");
    assert_eq!(world.record(&key).fulfilment, FulfilmentAxis::None);
    world.minutes(4);
    assert_eq!((tracking(&world, &key).len(), world.view(&key)), (1, "part shipped"));
}

#[test]
fn a_reservation_that_was_shipped_is_shown_when_it_is_paid() {
    let world = World::new();
    world.configure(|config| config.fulfilment = Some(FulfilmentConfig::default()));
    let key = world.reserve();
    send(&world, &key, mugs());
    assert!(tracking(&world, &key).is_empty(), "nobody has paid");
    let paid_at = world.now();
    world.change(&key, |order| {
        order.status = OrderStatus::Processing;
        order.payment.paid_at = Some(paid_at);
    });
    assert_eq!(tracking(&world, &key), ["1Z-A"]);
}

#[test]
fn a_plugin_that_keeps_no_marks_shows_each_parcel_once_all_the_same() {
    for fault in [Fault::Before as fn(ShopError) -> Fault<ShopError>, Fault::After] {
        let (world, key) = world();
        world.shop.use_plugin();
        send(&world, &key, mugs());
        // The answer to its correction is lost, and it has another name now.
        world.erp.deliver(&sale(&key), |parcels, _| parcels[0].tracking = Some("1Z-C".to_owned()));
        world.shop.faults.script(ShopOp::ShowParcel, [fault(ShopError::Call(timed_out()))]);
        world.erp_hint(&key);
        world.minutes(5);
        assert_eq!(tracking(&world, &key), ["1Z-C"]);
        // It is corrected again before anybody knows whether it was shown.
        world.erp.deliver(&sale(&key), |parcels, _| parcels[0].tracking = Some("1Z-D".to_owned()));
        world.shop.faults.script(ShopOp::ShowParcel, [fault(ShopError::Call(timed_out()))]);
        world.erp_hint(&key);
        world.erp.deliver(&sale(&key), |parcels, _| parcels[0].tracking = Some("1Z-E".to_owned()));
        world.minutes(5);
        assert_eq!(tracking(&world, &key), ["1Z-E"]);
    }
}

#[test]
fn what_is_wrong_with_one_parcel_keeps_no_other_from_being_shown() {
    let (world, key) = world();
    let refused = CallError::rejected("impossible_parcel", "the shop cannot show it");
    world.shop.faults.script(ShopOp::ShowParcel, [Fault::Before(ShopError::Call(refused))]);
    world.erp.deliver(&sale(&key), |parcels, _| parcels.extend([mugs(), book()]));
    world.erp_hint(&key);
    assert_eq!(
        (world.exception(&key).as_str(), tracking(&world, &key)),
        ("impossible_parcel", vec!["1Z-B".into()])
    );
    assert_eq!(status(&world, &key), OrderStatus::Processing);
    world.erp_hint(&key);
    assert_eq!(
        (world.view(&key), tracking(&world, &key).len()),
        ("shipped", 2),
        "it is tried again with news"
    );
}

#[test]
fn a_status_that_people_set_back_stays() {
    let (world, key) = world();
    send(&world, &key, parcel("1", "1Z-A", &[(11, 2), (12, 1)]));
    world.change(&key, |order| order.status = OrderStatus::Processing);
    world.erp_hint(&key);
    assert_eq!((world.view(&key), status(&world, &key)), ("shipped", OrderStatus::Processing));
}

#[test]
fn a_status_of_a_plugin_is_not_set_back() {
    let (world, key) = world();
    send(&world, &key, mugs());
    world.change(&key, |order| order.status = OrderStatus::Custom("delivered".into()));
    send(&world, &key, book());
    assert_eq!(status(&world, &key), OrderStatus::Custom("delivered".into()));
}

#[test]
fn what_people_changed_in_the_erp_is_not_called_complete() {
    let (world, key) = world();
    world.erp.edit(&sale(&key), |order| {
        order.lines.retain(|line| line.line != 12);
        order.totals.gross -= Decimal::ONE;
    });
    send(&world, &key, mugs());
    assert_eq!(
        (world.exception(&key).as_str(), status(&world, &key)),
        ("totals_disagree", OrderStatus::Processing)
    );
    assert_eq!(tracking(&world, &key), ["1Z-A"]);
}

#[test]
fn a_reservation_that_people_cancelled_in_the_erp_is_news() {
    let world = World::new();
    world.configure(|config| config.fulfilment = Some(FulfilmentConfig::default()));
    let key = world.reserve();
    world.erp.set_state(&sale(&key), DocumentState::Cancelled);
    world.erp_hint(&key);
    assert_eq!(world.exception(&key), "cancelled_in_erp");
}

#[test]
fn a_refund_that_is_deleted_makes_its_goods_owed_again() {
    let (world, key) = world();
    send(&world, &key, mugs());
    world.shop.refund(sample::refund(&key, 31, "29.75", &[(12, "1", "25.00", "4.75")]));
    world.change(&key, |_| {});
    assert_eq!(status(&world, &key), OrderStatus::Completed);
    world
        .erp
        .set_state(&DocumentKey::of_refund(&key, weir_domain::id::RefundId(31)), DocumentState::Cancelled);
    world.shop.delete_refund(key.order, weir_domain::id::RefundId(31));
    world.change(&key, |_| {});
    assert_eq!(world.exception(&key), "completed_not_shipped");
}

#[test]
fn a_second_life_delivers_anew() {
    let world = World::new();
    world.configure(|config| config.fulfilment = Some(FulfilmentConfig::default()));
    let key = world.reserve();
    world.change(&key, |order| order.status = OrderStatus::Cancelled);
    let paid_at = world.now();
    world.change(&key, |order| {
        order.status = OrderStatus::Processing;
        order.payment.paid_at = Some(paid_at);
    });
    let second = DocumentKey::of_order(&key, Generation::FIRST.next());
    world.erp.deliver(&second, |parcels, _| parcels.push(parcel("7", "1Z-G", &[(11, 2), (12, 1)])));
    world.erp_hint(&key);
    assert_eq!((world.view(&key), tracking(&world, &key)), ("shipped", vec!["1Z-G".into()]));
}

#[test]
fn a_poll_does_not_end_a_wait_beside_an_exception() {
    let (world, key) = world();
    send(&world, &key, mugs());
    send(&world, &key, book());
    world.erp.deliver(&sale(&key), |parcels, _| parcels.truncate(1));
    world.erp_hint(&key);
    assert_eq!(world.exception(&key), "completed_not_shipped");
    world.shop.faults.script(ShopOp::ShowParcel, [Fault::Before(ShopError::Call(timed_out()))]);
    assert_eq!(what(&send(&world, &key, parcel("3", "1Z-D", &[(12, 1)]))), "unknown");
    world.clock.advance(SignedDuration::from_secs(10));
    world.hint(&key);
    world.minutes(5);
    assert_eq!((world.view(&key), tracking(&world, &key).len()), ("shipped", 2));
}

#[test]
fn a_wait_hides_no_problem_that_came_with_it() {
    let (world, key) = world();
    let mut strange = mugs();
    strange.lines.push(DeliveredLine { line: None, item: "GIFT".to_owned(), quantity: Decimal::ONE });
    let refused = CallError::rejected("impossible_parcel", "the shop cannot show it");
    world.shop.faults.script(ShopOp::ShowParcel, [Fault::Before(ShopError::Call(refused))]);
    world.shop.refund(sample::refund(&key, 31, "29.75", &[(12, "1", "25.00", "4.75")]));
    world.change(&key, |_| {});
    let now = world.now();
    world.shop.change(key.order, |order| order.modified_at = now);
    world.shop.set_listed(weir_domain::id::RefundId(31), false);
    assert_eq!(what(&send(&world, &key, strange)), "waits");
    assert_eq!(world.exception(&key), "impossible_parcel");
}

#[test]
fn what_a_person_holds_waits_with_what_the_erp_said() {
    let (world, key) = world();
    let hint = sample::hint(&key, Cause::Webhook, world.now() + SignedDuration::from_secs(60));
    let ledger: &dyn weir_domain::ports::Ledger = &*world.ledger;
    let claim =
        futures::executor::block_on(ledger.claim(&hint, "person", world.now(), SignedDuration::from_mins(1)));
    let Ok(weir_domain::ports::Claim::Claimed(mut held)) = claim else { panic!("{claim:?}") };
    held.record.hold = weir_domain::record::Hold::Held { reason: "look at it".to_owned() };
    let note = sample::note("held", world.now());
    futures::executor::block_on(ledger.complete(*held, &note)).unwrap();
    send(&world, &key, mugs());
    assert!(tracking(&world, &key).is_empty());
    assert!(world.record(&key).deliveries_unread, "nothing of it is forgotten");
}

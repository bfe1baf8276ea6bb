//! Each refund of the shop is one credit in the ERP, whatever fails.

use jiff::SignedDuration;
use rust_decimal::Decimal;
use weir_domain::hint::Cause;
use weir_domain::id::{DocumentKey, Generation, OrderKey, RefundId};
use weir_domain::mapping::MappingKind;
use weir_domain::order::{OrderStatus, Refund};
use weir_domain::outcome::CallError;
use weir_domain::ports::DocumentState;
use weir_domain::push::Pushed;
use weir_domain::record::PaymentAxis;
use weir_testkit::fault::{timed_out, unauthorised};
use weir_testkit::{ErpOp, Fault, Sale, ShopOp, sample};

use crate::what;
use crate::world::World;

const MUG: RefundId = RefundId(31);
const GOODWILL: RefundId = RefundId(32);

/// A store that knows what an allowance is, and an order of it in the ERP.
fn world() -> (World, OrderKey) {
    let world = World::new();
    world.map(MappingKind::Fee, "refund", &["ALLOWANCE"]);
    let order = sample::order("main", 1);
    let key = order.key.clone();
    assert_eq!(what(&world.place(order)), "booked");
    (world, key)
}

/// One of the two mugs comes back.
fn mug(key: &OrderKey) -> Refund {
    sample::refund(key, MUG.0, "10.71", &[(11, "1", "9.00", "1.71")])
}

/// Money without any line.
fn goodwill(key: &OrderKey, amount: &str) -> Refund {
    sample::refund(key, GOODWILL.0, amount, &[])
}

/// The shop gives a refund now; its hint comes a minute later.
fn refund(world: &World, refund: Refund) -> Pushed {
    let key = refund.order.clone();
    world.shop.refund(refund);
    world.change(&key, |_| {})
}

fn credit(world: &World, key: &OrderKey, id: RefundId) -> Option<Sale> {
    world.erp.sale(&DocumentKey::of_refund(key, id))
}

fn credits(world: &World) -> usize {
    world.erp.sales().iter().filter(|sale| sale.order.key.refund.is_some()).count()
}

#[test]
fn goods_that_come_back_are_booked_with_their_units_and_tax() {
    let (world, key) = world();
    assert_eq!(what(&refund(&world, mug(&key))), "credited");
    let credit = credit(&world, &key, MUG).unwrap();
    assert_eq!(credit.order.origin, world.record(&key).sales_order().map(|document| document.id.clone()));
    let line = &credit.order.lines[0];
    assert_eq!((line.item.as_str(), line.line, line.quantity), ("MUG-L", 11, -Decimal::ONE));
    assert_eq!(credit.order.totals.to_string(), "-9.00 + -1.71 = -10.71 EUR");
    assert_eq!(credit.state, DocumentState::Processing);
    let record = world.record(&key);
    assert_eq!((record.view(), record.payment), ("in ERP", PaymentAxis::PartRefunded));
    assert_eq!(record.refunds[&MUG].document.as_ref(), Some(&credit.id));
}

#[test]
fn ten_hints_about_two_refunds_make_two_credits() {
    let (world, key) = world();
    world.shop.refund(mug(&key));
    world.shop.refund(goodwill(&key, "5.00"));
    for _ in 0..10 {
        world.clock.advance(SignedDuration::from_secs(60));
        world.hint(&key);
    }
    assert_eq!((credits(&world), world.shop.faults.calls(ShopOp::Refunds)), (2, 1));
    assert_eq!(world.erp.faults.calls(ErpOp::Create), 3);
}

#[test]
fn a_refund_from_before_the_push_is_credited_after_the_gross() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.shop.put(order);
    world.shop.refund(mug(&key));
    assert_eq!(what(&world.hint(&key)), "booked");
    let grosses: Vec<String> =
        world.erp.sales().iter().map(|sale| sale.order.totals.gross.to_string()).collect();
    assert_eq!(grosses, ["56.07", "-10.71"]);
}

#[test]
fn an_order_refunded_in_full_is_credited_to_nothing() {
    let (world, key) = world();
    let lines = [(11, "2", "18.00", "3.42"), (12, "1", "25.00", "4.75"), (13, "0", "4.12", "0.78")];
    world.shop.refund(sample::refund(&key, 33, "56.07", &lines));
    world.change(&key, |order| order.status = OrderStatus::Refunded);
    let sum: Decimal = world.erp.sales().iter().map(|sale| sale.order.totals.gross).sum();
    assert_eq!((sum, credits(&world)), (Decimal::ZERO, 1));
    assert_eq!(world.record(&key).payment, PaymentAxis::Refunded);
}

#[test]
fn an_answer_that_was_lost_is_looked_up_and_not_repeated() {
    let (world, key) = world();
    world.erp.faults.script(ErpOp::Create, [Fault::After(timed_out())]);
    assert_eq!(what(&refund(&world, mug(&key))), "unknown");
    world.minutes(10);
    assert_eq!((credits(&world), world.erp.faults.calls(ErpOp::Create)), (1, 2));
    assert!(world.record(&key).refunds[&MUG].booked);
}

#[test]
fn a_credit_that_stopped_half_way_is_brought_to_its_end() {
    let (world, key) = world();
    world.erp.faults.script(ErpOp::Confirm, [Fault::Before(timed_out())]);
    refund(&world, mug(&key));
    assert_eq!(credit(&world, &key, MUG).unwrap().state, DocumentState::Draft);
    world.minutes(10);
    assert_eq!(credit(&world, &key, MUG).unwrap().state, DocumentState::Processing);
    assert_eq!(credits(&world), 1);
}

#[test]
fn a_credit_whose_confirmation_was_put_off_is_not_made_again_though_it_is_not_visible_yet() {
    let (world, key) = world();
    let busy = CallError::retry_soon("http 429");
    world.erp.faults.script(ErpOp::Confirm, [Fault::Before(busy)]);
    world.shop.refund(mug(&key));
    world.change(&key, |_| {});
    let lookups = world.erp.faults.calls(ErpOp::Find);
    world.minutes(5);
    assert_eq!((credits(&world), world.view(&key)), (1, "in ERP"));
    assert_eq!(world.erp.faults.calls(ErpOp::Find), lookups + 1, "only the sale is looked at");
}

#[test]
fn a_refund_that_the_listing_lacks_is_waited_for_beside_an_exception() {
    let (world, key) = world();
    world.change(&key, |order| order.billing.city = "Nestdorf".into());
    world.shop.set_listed(MUG, false);
    refund(&world, mug(&key));
    assert_eq!((world.view(&key), world.exception(&key).as_str()), ("waiting", "amendment_refused"));
    world.shop.set_listed(MUG, true);
    world.minutes(3);
    assert_eq!((world.view(&key), world.exception(&key).as_str()), ("exception", "amendment_refused"));
    assert_eq!(credits(&world), 1);
}

#[test]
fn a_refund_that_the_listing_lacks_is_waited_for() {
    let (world, key) = world();
    world.shop.set_listed(MUG, false);
    assert_eq!(what(&refund(&world, mug(&key))), "waits");
    assert_eq!(credits(&world), 0);
    world.shop.set_listed(MUG, true);
    world.minutes(2);
    assert_eq!((credits(&world), world.view(&key)), (1, "in ERP"));
}

#[test]
fn a_refund_deleted_after_its_credit_is_for_people() {
    let (world, key) = world();
    refund(&world, mug(&key));
    world.shop.delete_refund(key.order, MUG);
    world.change(&key, |_| {});
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("refund_deleted", 1));
}

#[test]
fn a_listing_that_never_shows_a_refund_is_for_people_and_keeps_no_other_waiting() {
    let (world, key) = world();
    world.shop.set_listed(MUG, false);
    world.shop.refund(goodwill(&key, "5.00"));
    assert_eq!(what(&refund(&world, mug(&key))), "waits");
    assert!(credit(&world, &key, GOODWILL).is_some());
    world.minutes(20);
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("refund_not_listed", 1));
    world.shop.set_listed(MUG, true);
    world.change(&key, |_| {});
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("", 2));
}

#[test]
fn a_credit_that_people_cancelled_for_a_deleted_refund_is_forgotten() {
    let (world, key) = world();
    refund(&world, mug(&key));
    refund(&world, goodwill(&key, "50.00"));
    assert_eq!(world.exception(&key), "credit_above_order");
    world.shop.delete_refund(key.order, MUG);
    world.change(&key, |_| {});
    assert_eq!(world.exception(&key), "refund_deleted", "that comes first");
    world.erp.set_state(&DocumentKey::of_refund(&key, MUG), DocumentState::Cancelled);
    world.change(&key, |_| {});
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("", 2));
}

#[test]
fn every_refund_that_is_gone_is_looked_at() {
    let (world, key) = world();
    refund(&world, goodwill(&key, "5.00"));
    world.erp.faults.script(ErpOp::Create, [Fault::Before(timed_out())]);
    refund(&world, mug(&key));
    world.shop.delete_refund(key.order, MUG);
    world.shop.delete_refund(key.order, GOODWILL);
    world.minutes(10);
    assert_eq!(world.exception(&key), "refund_deleted");
    assert_eq!(world.record(&key).refunds.keys().copied().collect::<Vec<_>>(), [GOODWILL]);
}

#[test]
fn a_refund_deleted_before_its_credit_is_forgotten() {
    let (world, key) = world();
    world.erp.faults.script(ErpOp::Create, [Fault::Before(timed_out())]);
    refund(&world, mug(&key));
    world.shop.delete_refund(key.order, MUG);
    world.minutes(10);
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("", 0));
    assert!(world.record(&key).refunds.is_empty());
}

#[test]
fn a_refund_deleted_while_its_credit_was_in_doubt_is_for_people() {
    let (world, key) = world();
    world.erp.faults.script(ErpOp::Create, [Fault::After(timed_out())]);
    refund(&world, mug(&key));
    world.shop.delete_refund(key.order, MUG);
    world.minutes(10);
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("refund_deleted", 1));
}

#[test]
fn a_refund_whose_amount_changed_is_for_people() {
    let (world, key) = world();
    refund(&world, goodwill(&key, "5.00"));
    world.shop.delete_refund(key.order, GOODWILL);
    refund(&world, goodwill(&key, "6.00"));
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("refund_changed", 1));
    world
        .erp
        .edit(&DocumentKey::of_refund(&key, GOODWILL), |credit| credit.totals.gross = Decimal::new(-600, 2));
    world.change(&key, |_| {});
    assert_eq!(world.exception(&key), "", "people corrected the credit");
}

#[test]
fn more_than_was_booked_is_never_credited() {
    let (world, key) = world();
    refund(&world, mug(&key));
    refund(&world, goodwill(&key, "50.00"));
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("credit_above_order", 1));
    let detail = world.record(&key).exception().unwrap().detail.clone();
    assert!(detail.contains("50.00") && detail.contains("45.36"), "{detail}");
}

#[test]
fn one_refund_that_cannot_be_booked_keeps_no_other_from_it() {
    let (world, key) = world();
    world.shop.refund(sample::refund(&key, 30, "1.00", &[(99, "1", "1.00", "0.00")]));
    assert_eq!(what(&refund(&world, mug(&key))), "excepted");
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("refund_unclear", 1));
}

#[test]
fn what_is_not_mapped_waits_for_people_and_a_new_refund_is_another_matter() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.place(order);
    refund(&world, goodwill(&key, "5.00"));
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("unmapped_fee", 0));
    let reads = world.shop.faults.calls(ShopOp::Refunds);
    world.change(&key, |_| {});
    let again = world.shop.faults.calls(ShopOp::Refunds);
    assert_eq!(again, reads + 1, "the shop's date moved, so it was looked at again");
    refund(&world, mug(&key));
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("unmapped_fee", 1));
    world.map(MappingKind::Fee, "refund", &["ALLOWANCE"]);
    world.change(&key, |_| {});
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("", 2));
}

#[test]
fn a_refusal_of_the_erp_names_what_it_refused() {
    let (world, key) = world();
    let refused = CallError::rejected("item_unknown", "MUG-L");
    world.erp.faults.script(ErpOp::Create, [Fault::Before(refused)]);
    refund(&world, mug(&key));
    let exception = world.record(&key).exception().unwrap().clone();
    assert_eq!((exception.code.as_str(), exception.subject.as_str()), ("item_unknown", "MUG-L"));
}

#[test]
fn a_credit_that_people_cancelled_is_not_made_again() {
    let (world, key) = world();
    world.erp.faults.script(ErpOp::Create, [Fault::After(timed_out())]);
    refund(&world, mug(&key));
    world.erp.set_state(&DocumentKey::of_refund(&key, MUG), DocumentState::Cancelled);
    world.minutes(10);
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("credit_cancelled_in_erp", 1));
}

#[test]
fn what_is_wrong_with_the_order_keeps_no_refund_from_being_booked() {
    let (world, key) = world();
    world.change(&key, |order| order.billing.city = "Nestdorf".into());
    assert_eq!(world.exception(&key), "amendment_refused");
    refund(&world, mug(&key));
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("amendment_refused", 1));
}

#[test]
fn a_payment_that_the_erp_refuses_keeps_no_refund_from_being_booked() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    let refused = || Fault::Before(CallError::rejected("journal_unknown", "CARD"));
    world.erp.faults.script(ErpOp::Pay, [refused(), refused()]);
    world.place(order);
    refund(&world, mug(&key));
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("journal_unknown", 1));
}

#[test]
fn what_is_wrong_with_a_refund_is_told_beside_what_is_wrong_with_the_order() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.place(order);
    world.change(&key, |order| order.billing.city = "Nestdorf".into());
    refund(&world, goodwill(&key, "5.00"));
    let exception = world.record(&key).exception().unwrap().clone();
    assert_eq!(exception.code, "amendment_refused");
    assert!(exception.detail.contains("unmapped_fee"), "{}", exception.detail);
}

#[test]
fn a_new_exception_of_the_order_is_seen_while_its_refund_waits_for_the_erp() {
    let (world, key) = world();
    world.erp.faults.script(ErpOp::Find, [Fault::Before(unauthorised())]);
    world.shop.refund(mug(&key));
    world.change(&key, |order| order.billing.city = "Nestdorf".into());
    assert_eq!((world.view(&key), world.exception(&key).as_str()), ("waiting", "amendment_refused"));
    world.minutes(10);
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("amendment_refused", 1));
}

#[test]
fn a_refund_deleted_before_it_was_ever_listed_is_no_longer_waited_for() {
    let (world, key) = world();
    world.shop.set_listed(MUG, false);
    refund(&world, mug(&key));
    assert!(world.record(&key).unlisted_since.is_some());
    world.shop.delete_refund(key.order, MUG);
    world.minutes(3);
    assert_eq!((world.record(&key).unlisted_since, world.view(&key)), (None, "in ERP"));
}

#[test]
fn what_people_released_in_the_erp_is_no_regression_of_the_shop() {
    let world = World::new();
    let key = world.reserve();
    world.erp.set_state(&DocumentKey::of_order(&key, Generation::FIRST), DocumentState::Processing);
    world.change(&key, |order| order.billing.city = "Nestdorf".into());
    assert_eq!(world.exception(&key), "amendment_refused");
    world.change(&key, |order| order.billing.city = "Zwitscherstadt".into());
    assert_eq!((world.exception(&key).as_str(), world.view(&key)), ("", "reserved"));
}

#[test]
fn nothing_is_credited_to_a_sale_that_people_cancelled() {
    let (world, key) = world();
    world.erp.set_state(&DocumentKey::of_order(&key, Generation::FIRST), DocumentState::Cancelled);
    world.shop.refund(sample::refund(&key, 31, "56.07", &[]));
    world.change(&key, |order| order.status = OrderStatus::Refunded);
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("cancelled_in_erp", 0));
    world.change(&key, |_| {});
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("", 0), "both sides are at nothing");
}

#[test]
fn a_wait_hides_no_exception_about_refunds() {
    let (world, key) = world();
    refund(&world, mug(&key));
    world.shop.delete_refund(key.order, MUG);
    world.change(&key, |_| {});
    let since = world.record(&key).exception().unwrap().since;
    world.erp.faults.script(ErpOp::Find, [Fault::Before(unauthorised())]);
    refund(&world, goodwill(&key, "5.00"));
    assert_eq!((world.view(&key), world.exception(&key).as_str()), ("waiting", "refund_deleted"));
    world.minutes(10);
    let exception = world.record(&key).exception().unwrap().clone();
    assert_eq!((exception.code.as_str(), exception.since, credits(&world)), ("refund_deleted", since, 2));
}

#[test]
fn what_was_given_back_before_weir_booked_refunds_is_left_alone() {
    let (world, key) = world();
    let given = mug(&key).created_at;
    world.configure(|config| config.refunds_since = Some(given + SignedDuration::from_secs(1)));
    refund(&world, mug(&key));
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("", 0));
    world.configure(|config| config.refunds_since = Some(given));
    refund(&world, goodwill(&key, "50.00"));
    assert_eq!(world.exception(&key), "credit_above_order", "it counts all the same");
}

#[test]
fn an_order_cancelled_after_its_refund_is_for_people() {
    let (world, key) = world();
    refund(&world, mug(&key));
    world.erp.set_state(&DocumentKey::of_order(&key, Generation::FIRST), DocumentState::Draft);
    world.change(&key, |order| order.status = OrderStatus::Cancelled);
    assert_eq!(world.exception(&key), "cancelled_after_refund");
    world.erp.set_state(&DocumentKey::of_refund(&key, MUG), DocumentState::Cancelled);
    world.change(&key, |_| {});
    assert_eq!((world.exception(&key).as_str(), world.view(&key)), ("", "cancelled"));
}

#[test]
fn what_is_only_reserved_is_cancelled_and_not_credited() {
    let world = World::new();
    let key = world.reserve();
    world.shop.refund(sample::refund(&key, 31, "56.07", &[]));
    world.change(&key, |order| order.status = OrderStatus::Refunded);
    assert_eq!((world.view(&key), credits(&world)), ("cancelled", 0));
}

#[test]
fn an_order_wholly_refunded_while_its_push_was_in_doubt_ends_at_nothing() {
    let cases = [
        (ErpOp::Create, Fault::Before(timed_out()), 0, "not imported"),
        (ErpOp::Create, Fault::After(timed_out()), 1, "cancelled"),
        (ErpOp::Confirm, Fault::After(timed_out()), 2, "in ERP"),
    ];
    for (op, fault, documents, view) in cases {
        let world = World::new();
        world.map(MappingKind::Fee, "refund", &["ALLOWANCE"]);
        world.erp.faults.script(op, [fault]);
        let order = sample::order("main", 1);
        let key = order.key.clone();
        world.place(order);
        world.shop.refund(sample::refund(&key, 31, "56.07", &[]));
        world.change(&key, |order| order.status = OrderStatus::Refunded);
        world.minutes(10);
        let alive = world.erp.sales().into_iter().filter(|sale| sale.state != DocumentState::Cancelled);
        let sum: Decimal = alive.map(|sale| sale.order.totals.gross).sum();
        assert_eq!((sum, world.erp.sales().len(), world.view(&key)), (Decimal::ZERO, documents, view));
    }
}

#[test]
fn an_older_state_says_nothing_about_refunds() {
    let (world, key) = world();
    let before = sample::order("main", 1);
    refund(&world, mug(&key));
    world.shop.put(before);
    world.shop.set_listed(MUG, false);
    world.clock.advance(SignedDuration::from_mins(1));
    world.deliver(&sample::hint(&key, Cause::Webhook, world.now()), 1);
    assert_eq!(world.exception(&key), "");
}

#[test]
fn nothing_is_booked_for_somebody_whose_data_was_erased() {
    let (world, key) = world();
    world.shop.refund(mug(&key));
    world.change(&key, |order| order.customer.email = Some("deleted@site.invalid".into()));
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("refund_of_erased", 0));
}

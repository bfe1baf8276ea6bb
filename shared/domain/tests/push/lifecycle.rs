use jiff::SignedDuration;
use rust_decimal::Decimal;
use weir_domain::hint::Cause;
use weir_domain::order::OrderStatus;
use weir_domain::outcome::CallError;
use weir_domain::ports::{DocumentState, LedgerError};
use weir_testkit::fault::unauthorised;
use weir_testkit::{ErpOp, Fault, LedgerOp, sample};

use crate::what;
use crate::world::World;

fn shipped(world: &World) -> weir_domain::id::OrderKey {
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.place(order);
    key
}

/// One more unit of the first line, everything else alike.
fn one_more(order: &mut weir_domain::order::Order) {
    order.lines[0].quantity += Decimal::ONE;
    order.lines[0].net += Decimal::new(900, 2);
    order.lines[0].tax += Decimal::new(171, 2);
    order.total += Decimal::new(1071, 2);
    order.total_tax += Decimal::new(171, 2);
}

#[test]
fn a_change_while_reserved_amends_the_sale() {
    let world = World::new();
    let key = world.reserve();
    assert_eq!(what(&world.change(&key, one_more)), "amended");
    let sale = &world.erp.sales()[0];
    assert_eq!(
        (sale.order.totals.gross.to_string(), sale.state),
        ("66.78".to_owned(), DocumentState::Reserved)
    );
}

#[test]
fn a_change_too_late_goes_to_people_with_both_sums() {
    let world = World::new();
    let key = shipped(&world);
    world.change(&key, one_more);
    assert_eq!(world.exception(&key), "amendment_refused");
    let detail = world.record(&key).exception().unwrap().detail.clone();
    assert!(detail.contains("66.78") && detail.contains("56.07"), "{detail}");
    assert!(detail.contains("Changed: line 11 was 2 for 18.00 and is 3 for 27.00."), "{detail}");
    assert!(world.record(&key).sales_order().is_some(), "an exception does not forget the document");
}

#[test]
fn a_change_taken_back_ends_its_exception() {
    let world = World::new();
    let key = shipped(&world);
    world.change(&key, one_more);
    world.change(&key, |order| {
        *order = weir_domain::order::Order { modified_at: order.modified_at, ..sample::order("main", 1) }
    });
    assert_eq!(world.view(&key), "in ERP");
}

#[test]
fn a_change_without_a_new_date_is_seen_by_its_content() {
    let world = World::new();
    let key = world.reserve();
    world.shop.change(key.order, one_more);
    world.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(what(&world.hint(&key)), "amended");
}

#[test]
fn an_older_state_changes_nothing() {
    let world = World::new();
    let key = world.reserve();
    world.change(&key, one_more);
    world.shop.change(key.order, |order| {
        *order = weir_domain::order::Order { status: OrderStatus::OnHold, ..sample::order("main", 1) };
    });
    assert_eq!(what(&world.hint(&key)), "waits", "a cache or a replica that lags: read again");
    world.minutes(3);
    assert_eq!(world.erp.sales()[0].order.totals.gross.to_string(), "66.78");
    world.minutes(15);
    assert_eq!(
        world.view(&key),
        "reserved",
        "then the old state is believed, and is older than the one booked"
    );
    assert_eq!(world.erp.sales()[0].order.totals.gross.to_string(), "66.78");
}

#[test]
fn a_cancellation_whose_end_was_lost_is_known_for_ours_when_the_order_lives_again() {
    let world = World::new();
    let key = world.reserve();
    let unwritten = LedgerError::Unavailable("throttled".to_owned());
    world.ledger.faults.script(LedgerOp::Complete, [Fault::Before(unwritten)]);
    world.shop.change(key.order, |order| order.status = OrderStatus::Cancelled);
    world.clock.advance(SignedDuration::from_mins(1));
    let hint = sample::hint(&key, Cause::Webhook, world.now());
    assert!(futures::executor::block_on(world.push.push(&hint, &world.delivery(1))).is_err());
    world.shop.change(key.order, |order| order.status = OrderStatus::OnHold);
    world.minutes(10);
    assert_eq!(world.view(&key), "reserved");
    let states: Vec<DocumentState> = world.erp.sales().iter().map(|sale| sale.state).collect();
    assert_eq!(states, [DocumentState::Cancelled, DocumentState::Reserved]);
}

#[test]
fn an_exception_does_not_outlive_the_state_it_is_about() {
    let world = World::new();
    let refusal = CallError::rejected("item_unknown", "MUG-L");
    world.erp.faults.script(ErpOp::Create, [Fault::Before(refusal)]);
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.place(order);
    assert_eq!(world.exception(&key), "item_unknown");
    // The order is mended, and the ERP is away when that is first seen.
    world.erp.faults.outage(Some(unauthorised()));
    world.change(&key, one_more);
    world.minutes(3);
    world.erp.faults.outage(None);
    world.minutes(15);
    assert_eq!(world.view(&key), "in ERP");
}

#[test]
fn cancelled_before_the_push_is_never_booked() {
    let world = World::new();
    let mut order = sample::order("main", 1);
    order.status = OrderStatus::Cancelled;
    let key = order.key.clone();
    world.place(order);
    assert_eq!((world.view(&key), world.erp.sales().len()), ("not imported", 0));
}

#[test]
fn cancelled_while_reserved_is_cancelled_in_the_erp() {
    let world = World::new();
    let key = world.reserve();
    assert_eq!(what(&world.change(&key, |order| order.status = OrderStatus::Cancelled)), "cancelled");
    assert_eq!(world.erp.sales()[0].state, DocumentState::Cancelled);
    assert_eq!(world.view(&key), "cancelled");
}

#[test]
fn a_cancellation_that_the_erp_refuses_goes_to_people() {
    let world = World::new();
    let key = shipped(&world);
    world.change(&key, |order| order.status = OrderStatus::Cancelled);
    assert_eq!(world.exception(&key), "cancel_refused");
    assert_eq!(world.erp.sales()[0].state, DocumentState::Processing);
}

#[test]
fn an_order_that_lives_again_gets_a_new_reference() {
    let world = World::new();
    let key = world.reserve();
    world.change(&key, |order| order.status = OrderStatus::Cancelled);
    let paid = world.now();
    world.change(&key, |order| {
        order.status = OrderStatus::Processing;
        order.payment.paid_at = Some(paid);
    });
    let references: Vec<String> = world.erp.sales().iter().map(|sale| sale.order.key.reference()).collect();
    assert_eq!(references, ["1", "1.2"]);
    assert_eq!(world.view(&key), "in ERP");
}

#[test]
fn deleted_before_the_push_is_nothing_and_after_it_is_an_exception() {
    let world = World::new();
    let gone = sample::key("main", 99);
    assert_eq!(what(&world.hint(&gone)), "gone");
    assert_eq!(world.exception(&gone), "");

    let key = shipped(&world);
    world.shop.delete(key.order);
    world.clock.advance(SignedDuration::from_mins(1));
    world.hint(&key);
    assert_eq!(world.exception(&key), "deleted_in_shop");
}

#[test]
fn a_status_that_goes_back_goes_to_people() {
    let world = World::new();
    let key = shipped(&world);
    world.change(&key, |order| order.status = OrderStatus::Pending);
    assert_eq!(world.exception(&key), "status_regressed");
}

#[test]
fn erased_personal_data_amends_nothing() {
    let world = World::new();
    let key = shipped(&world);
    let erased = world.change(&key, |order| {
        order.customer.email = Some("deleted@site.invalid".into());
        order.billing.first_name = "[deleted]".into();
    });
    assert_eq!(what(&erased), "unchanged");
    assert_eq!(world.exception(&key), "");
}

#[test]
fn a_sale_cancelled_by_people_in_the_erp_is_not_made_again() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.erp.faults.script(
        weir_testkit::ErpOp::Confirm,
        [weir_testkit::Fault::Before(weir_testkit::fault::timed_out())],
    );
    world.place(order);
    let document = world.record(&key).document_key();
    world.erp.set_state(&document, DocumentState::Cancelled);
    world.minutes(5);
    assert_eq!(world.exception(&key), "cancelled_in_erp");
    world.change(&key, |_| {});
    assert_eq!((world.exception(&key).as_str(), world.erp.sales().len()), ("cancelled_in_erp", 1));
}

#[test]
fn refunded_while_it_is_being_made_it_is_cancelled() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world
        .erp
        .faults
        .script(weir_testkit::ErpOp::Create, [weir_testkit::Fault::After(weir_testkit::fault::timed_out())]);
    world.place(order);
    world.change(&key, |order| order.status = OrderStatus::Refunded);
    world.minutes(5);
    assert_eq!((world.view(&key), world.erp.sales().len()), ("cancelled", 1));
}

#[test]
fn a_product_that_is_renamed_or_deleted_changes_nothing_of_what_was_ordered() {
    let world = World::new();
    let key = shipped(&world);
    for sku in [Some(weir_domain::id::Sku("MUG-NEW".into())), None] {
        let pushed = world.change(&key, |order| order.lines[0].product.sku = sku);
        assert_eq!(what(&pushed), "unchanged");
        assert_eq!(world.exception(&key), "");
    }
}

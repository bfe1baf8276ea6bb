use futures::executor::block_on;
use jiff::SignedDuration;
use weir_domain::config::ItemPolicy;
use weir_domain::hint::Cause;
use weir_domain::mapping::MappingKind;
use weir_domain::order::OrderStatus;
use weir_domain::ports::{DocumentState, Ledger};
use weir_domain::record::PaymentAxis;
use weir_testkit::{ErpOp, sample};

use crate::what;
use crate::world::World;

#[test]
fn a_paid_order_is_booked_released_and_paid_once() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    assert_eq!(what(&world.place(order.clone())), "booked");

    let sales = world.erp.sales();
    assert_eq!(sales.len(), 1);
    assert_eq!(sales[0].state, DocumentState::Processing);
    assert_eq!(sales[0].order.totals, order.totals());
    assert_eq!(sales[0].payments["tx-1"].amount.to_string(), "56.07");
    let record = world.record(&key);
    assert_eq!((record.view(), record.payment), ("in ERP", PaymentAxis::Paid));
}

#[test]
fn ten_hints_make_one_sale_and_nine_cost_at_most_a_read() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.place(order);
    for _ in 0..9 {
        world.clock.advance(SignedDuration::from_secs(60));
        assert_eq!(what(&world.hint(&key)), "unchanged");
    }
    assert_eq!((world.erp.sales().len(), world.erp.faults.calls(ErpOp::Create)), (1, 1));
}

#[test]
fn a_hint_from_before_the_last_read_is_answered_without_a_read() {
    let world = World::new();
    let order = sample::order("main", 1);
    let early = sample::hint(&order.key, Cause::Webhook, world.now() - SignedDuration::from_mins(10));
    world.place(order);
    let reads = world.shop.faults.all_calls();
    assert_eq!(what(&world.deliver(&early, 1)), "answered");
    assert_eq!(world.shop.faults.all_calls(), reads);
}

#[test]
fn the_audit_tells_the_story_and_replays_to_the_record() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.place(order);
    let audit = block_on(world.ledger.audit(&key)).unwrap();
    let story: Vec<&str> = audit.iter().map(|entry| entry.what.as_str()).collect();
    assert_eq!(story, ["pushing", "booked"]);
    assert_eq!(audit.last().unwrap().record, world.record(&key));
    let text = serde_json::to_string(&audit).unwrap();
    for canary in sample::CANARIES {
        assert!(!text.contains(canary), "{canary} is in the audit");
    }
}

#[test]
fn drafts_pending_and_failed_orders_are_not_booked() {
    let world = World::new();
    for (id, status) in
        [OrderStatus::CheckoutDraft, OrderStatus::Pending, OrderStatus::Failed].into_iter().enumerate()
    {
        let mut order = sample::order("main", id as u64 + 1);
        order.status = status;
        assert_eq!(what(&world.place(order)), "unchanged");
    }
    assert!(world.erp.sales().is_empty());
}

#[test]
fn the_quiet_period_is_waited_for_and_then_the_order_goes_by_itself() {
    let world = World::new();
    let mut order = sample::order("main", 1);
    order.modified_at = world.now();
    let key = order.key.clone();
    assert_eq!(what(&world.place(order)), "waits");
    assert!(world.erp.sales().is_empty());
    world.minute();
    assert_eq!((world.view(&key), world.erp.sales().len()), ("in ERP", 1));
}

#[test]
fn a_bank_transfer_is_reserved_then_released_when_it_arrives() {
    let world = World::new();
    let key = world.reserve();
    assert_eq!(world.view(&key), "reserved");
    assert_eq!(world.erp.sales()[0].state, DocumentState::Reserved);

    let now = world.now();
    let paid = world.change(&key, |order| {
        order.status = OrderStatus::Processing;
        order.payment.paid_at = Some(now);
    });
    assert_eq!(what(&paid), "confirmed");
    assert_eq!(world.erp.sales()[0].state, DocumentState::Processing);
    assert_eq!(world.erp.sales()[0].payments.len(), 1);
}

#[test]
fn a_reservation_ends_and_people_hear_of_it() {
    let world = World::new();
    let key = world.reserve();
    world.clock.advance(SignedDuration::from_hours(24 * 14));
    world.minute();
    assert_eq!(world.erp.sales()[0].state, DocumentState::Cancelled);
    assert_eq!(world.exception(&key), "payment_overdue");
}

#[test]
fn cash_on_delivery_ships_unpaid_and_books_no_payment() {
    let world = World::new();
    let mut order = sample::order("main", 1);
    order.payment.method = "cod".to_owned();
    order.payment.paid_at = None;
    let key = order.key.clone();
    assert_eq!(what(&world.place(order)), "booked");
    assert_eq!((world.view(&key), world.erp.sales()[0].payments.len()), ("in ERP", 0));
}

#[test]
fn what_is_not_mapped_goes_to_people_and_comes_back_when_mapped() {
    let world = World::new();
    world.configure(|config| config.items = ItemPolicy::MappedOnly);
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.place(order);
    let record = world.record(&key);
    let exception = record.exception().unwrap();
    assert_eq!((exception.code.as_str(), exception.subject.as_str()), ("unmapped_item", "sku:MUG-L"));
    assert!(exception.detail.contains("sku:TEE-M"), "all gaps are named: {}", exception.detail);

    world.map(MappingKind::Item, "sku:MUG-L", &["100"]);
    world.map(MappingKind::Item, "id:112", &["200"]);
    assert_eq!(what(&world.hint(&key)), "unchanged", "a rejected thing is not tried again by itself");
    world.change(&key, |_| {});
    assert_eq!(world.view(&key), "in ERP");
    let items: Vec<String> = world.erp.sales()[0].order.lines.iter().map(|line| line.item.clone()).collect();
    assert_eq!(items, ["100", "200", "SHIPPING"]);
}

#[test]
fn totals_that_do_not_add_up_are_not_guessed_at() {
    let world = World::new();
    let mut order = sample::order("main", 1);
    order.total += rust_decimal::Decimal::ONE;
    let key = order.key.clone();
    world.place(order);
    assert_eq!(world.exception(&key), "totals_do_not_add_up");
    assert!(world.erp.sales().is_empty());
}

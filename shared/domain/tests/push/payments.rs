//! Money that came once is booked once, and all of it.

use weir_domain::import::Effect;
use weir_domain::mapping::MappingKind;
use weir_domain::order::{Order, OrderStatus, Tender};
use weir_domain::record::{DocumentKind, PaymentAxis};
use weir_testkit::fault::timed_out;
use weir_testkit::{ErpOp, Fault, sample};

use crate::what;
use crate::world::World;

/// Of 56.07, gift cards paid 15.
fn with_gift_cards() -> Order {
    let mut order = sample::order("main", 1);
    let card = |amount: &str| Tender { kind: "field:gift_cards".to_owned(), amount: amount.parse().unwrap() };
    order.tender = vec![card("10.00"), card("5.00")];
    order.total -= card("15.00").amount;
    order
}

fn booked(world: &World) -> Vec<(String, String, String)> {
    let sales = world.erp.sales();
    let payments = sales.iter().flat_map(|sale| sale.payments.values());
    payments.map(|paid| (paid.transaction.clone(), paid.journal.clone(), paid.amount.to_string())).collect()
}

fn row(transaction: &str, journal: &str, amount: &str) -> (String, String, String) {
    (transaction.to_owned(), journal.to_owned(), amount.to_owned())
}

#[test]
fn gift_cards_are_a_payment_of_their_own() {
    let world = World::new();
    world.map(MappingKind::Payment, "tender:field:gift_cards", &["GIFT"]);
    let order = with_gift_cards();
    let key = order.key.clone();
    world.place(order);
    let card = row("tender:field:gift_cards", "GIFT", "15.00");
    assert_eq!(booked(&world), [card, row("tx-1", "CARD", "41.07")]);
    let record = world.record(&key);
    assert_eq!(record.payment, PaymentAxis::Paid);
    let payments = record.documents.iter().filter(|found| found.kind == DocumentKind::Payment);
    assert_eq!(payments.count(), 2);
    assert_eq!(record.payment_document().unwrap().id, "S1/tx-1");
}

#[test]
fn a_gift_card_that_paid_all_is_the_only_payment() {
    let world = World::new();
    world.map(MappingKind::Payment, "tender:field:gift_cards", &["GIFT"]);
    let mut order = with_gift_cards();
    order.tender[0].amount += order.total;
    order.total -= order.total;
    order.payment.method.clear();
    world.place(order);
    assert_eq!(booked(&world), [row("tender:field:gift_cards", "GIFT", "56.07")]);
}

#[test]
fn a_tender_without_a_journal_goes_to_people_and_one_mapped_to_none_is_booked_by_others() {
    let world = World::new();
    let order = with_gift_cards();
    let key = order.key.clone();
    world.place(order);
    let exception = world.record(&key).exception().cloned().unwrap();
    assert_eq!(
        (exception.code.as_str(), exception.subject.as_str()),
        ("unmapped_payment", "tender:field:gift_cards")
    );
    assert!(world.erp.sales().is_empty());
    world.map(MappingKind::Payment, "tender:field:gift_cards", &[]);
    world.change(&key, |_| {});
    assert_eq!(booked(&world), [row("tx-1", "CARD", "41.07")]);
}

#[test]
fn a_time_out_between_two_payments_repeats_neither() {
    for fault in [Fault::Before(timed_out()), Fault::After(timed_out())] {
        let world = World::new();
        world.map(MappingKind::Payment, "tender:field:gift_cards", &["GIFT"]);
        world.erp.faults.script(ErpOp::Pay, [Fault::None, fault]);
        let order = with_gift_cards();
        let key = order.key.clone();
        assert_eq!(what(&world.place(order)), "unknown");
        assert_eq!(world.record(&key).payment, PaymentAxis::None);
        world.minutes(5);
        assert_eq!(world.record(&key).payment, PaymentAxis::Paid);
        assert_eq!((booked(&world).len(), world.erp.faults.calls(ErpOp::Pay)), (2, 4));
    }
}

/// The order was paid, cancelled with its sales order, and lives again.
#[test]
fn a_second_life_is_not_paid_again() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.erp.faults.script(ErpOp::Confirm, [Fault::Before(timed_out())]);
    world.place(order);
    let first = world.erp.sales()[0].clone();
    let paid = sample::payment(&first.order);
    let document = world.record(&key).sales_order().cloned().unwrap();
    futures::executor::block_on(weir_domain::ports::Erp::pay(&*world.erp, &document, &paid)).unwrap();
    world.change(&key, |order| order.status = OrderStatus::Cancelled);
    world.minutes(5);
    assert_eq!(world.view(&key), "cancelled");
    world.change(&key, |order| order.status = OrderStatus::Processing);
    let references: Vec<String> = world.erp.sales().iter().map(|sale| sale.order.key.reference()).collect();
    assert_eq!(references, ["1", "1.2"]);
    assert_eq!(booked(&world), [row("tx-1", "CARD", "56.07")]);
    assert_eq!(world.record(&key).payment, PaymentAxis::Paid);
}

#[test]
fn cash_that_comes_later_is_booked_when_it_came() {
    for (journals, says) in [(&["CASH"][..], "paid"), (&[][..], "unchanged")] {
        let world = World::new();
        world.map(MappingKind::Payment, "cod", journals);
        let mut order = sample::order("main", 1);
        "cod".clone_into(&mut order.payment.method);
        order.payment.transaction = None;
        order.payment.paid_at = None;
        let key = order.key.clone();
        world.place(order);
        let now = world.now();
        let later = world.change(&key, |order| {
            order.status = OrderStatus::Completed;
            order.payment.paid_at = Some(now);
        });
        assert_eq!(what(&later), says);
        assert_eq!(world.record(&key).payment == PaymentAxis::Paid, says == "paid");
        let expected: Vec<_> = journals.iter().map(|journal| row("1", journal, "56.07")).collect();
        assert_eq!(booked(&world), expected);
    }
}

#[test]
fn authorised_is_shown_until_it_is_captured() {
    let world = World::new();
    world.configure(|config| {
        let rules =
            [(OrderStatus::OnHold, Effect::Authorised), (OrderStatus::Processing, Effect::ShipIfPaid)];
        config.import.methods.insert("stripe".to_owned(), rules.into_iter().collect());
    });
    let mut order = sample::order("main", 1);
    order.status = OrderStatus::OnHold;
    order.payment.paid_at = None;
    let key = order.key.clone();
    world.place(order);
    for _ in 0..2 {
        assert_eq!(world.record(&key).payment, PaymentAxis::Authorised);
        world.change(&key, |_| {});
    }
    assert!(booked(&world).is_empty());
    let now = world.now();
    world.change(&key, |order| {
        order.status = OrderStatus::Processing;
        order.payment.paid_at = Some(now);
    });
    assert_eq!(world.record(&key).payment, PaymentAxis::Paid);
    assert_eq!(booked(&world), [row("tx-1", "CARD", "56.07")]);
}

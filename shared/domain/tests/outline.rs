//! What people are told of a change that the ERP does not take any more.

use rust_decimal::Decimal;
use weir_domain::order::{Order, Outline};
use weir_testkit::sample;

fn told(change: impl FnOnce(&mut Order)) -> Option<String> {
    let before = sample::order("main", 1);
    let mut now = before.clone();
    change(&mut now);
    before.outline().changes_to(&now.outline())
}

#[test]
fn nothing_is_told_of_what_is_as_it_was() {
    assert_eq!(told(|_| {}), None);
    let other_axes = |order: &mut Order| {
        order.payment.paid_at = None;
        order.lines[0].net = "18".parse().unwrap();
        order.lines[0].reduced_stock = None;
    };
    assert_eq!(told(other_axes), None);
}

#[test]
fn lines_are_told_with_what_they_were_and_are() {
    let changed = told(|order| {
        order.lines[0].quantity = Decimal::ONE;
        order.lines[0].net = "9.00".parse().unwrap();
        order.lines[1].id = 99;
        order.shipping.clear();
    });
    let expected = "line 11 was 2 for 18.00 and is 1 for 9.00, line 12 (1 for 25.00) is gone, \
                    line 13 (1 for 4.12) is gone, line 99 (1 for 25.00) is new";
    assert_eq!(changed.unwrap(), expected);
}

#[test]
fn people_are_told_that_somebody_moved_and_not_where() {
    let moved = told(|order| order.delivery.as_mut().unwrap().city = "Nestdorf".into()).unwrap();
    assert_eq!(moved, "the delivery address");
    let all = told(|order| {
        order.billing.city = "Nestdorf".into();
        order.customer.email = None;
        order.note = "".into();
        "bacs".clone_into(&mut order.payment.method);
    });
    assert_eq!(all.unwrap(), "the invoice address, the customer, the note, the payment method");
}

#[test]
fn of_many_changes_a_few_are_told() {
    let many = told(|order| {
        let line = order.lines[0].clone();
        order.lines.extend((100..120).map(|id| weir_domain::order::Line { id, ..line.clone() }));
    });
    assert!(many.unwrap().ends_with("and 14 more"));
}

#[test]
fn an_outline_names_nobody_and_no_two_orders_share_a_mark() {
    let outline = sample::order("main", 1).outline();
    let stored = serde_json::to_string(&outline).unwrap();
    for canary in sample::CANARIES {
        assert!(!stored.contains(canary), "{canary}");
    }
    assert_eq!(serde_json::from_str::<Outline>(&stored).unwrap(), outline);
    let other = sample::order("main", 2).outline();
    assert!(outline.changes_to(&other).unwrap().contains("the delivery address"));
}

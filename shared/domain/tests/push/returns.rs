//! Goods that came back in the ERP are one refund of the shop, whatever fails,
//! and no credit is made for it.

use rust_decimal::Decimal;
use weir_domain::config::{FulfilmentConfig, ReturnPolicy};
use weir_domain::fulfilment::GoodsReturn;
use weir_domain::id::{OrderKey, RefundId, ReturnId};
use weir_domain::money::Totals;
use weir_domain::order::{OrderStatus, Refund};
use weir_domain::outcome::CallError;
use weir_domain::ports::{DocumentState, ErpDocument, Shop, ShopError};
use weir_domain::record::{DocumentKind, FulfilmentAxis, PaymentAxis};
use weir_testkit::fault::timed_out;
use weir_testkit::{ErpOp, Fault, ShopOp, sample};

use crate::deliveries::{line, parcel, sale, send, status, world_with};
use crate::what;
use crate::world::World;

/// An order that was sent in full, to a store with this policy.
fn shipped(returns: ReturnPolicy) -> (World, OrderKey) {
    let (world, key) = world_with(FulfilmentConfig { returns, ..FulfilmentConfig::default() });
    send(&world, &key, parcel("1", "1Z-A", &[(11, 2), (12, 1)]));
    assert_eq!(status(&world, &key), OrderStatus::Completed);
    (world, key)
}

/// One of two mugs: 10.71 of 56.07.
fn mug(id: &str) -> GoodsReturn {
    let totals = Totals {
        currency: "EUR".parse().unwrap(),
        net: "-9.00".parse().unwrap(),
        tax: "-1.71".parse().unwrap(),
        gross: "-10.71".parse().unwrap(),
    };
    GoodsReturn {
        id: ReturnId(id.to_owned()),
        credit: ErpDocument {
            id: format!("R{id}"),
            number: Some(format!("RET-{id}")),
            state: DocumentState::Processing,
            totals: Some(totals),
        },
        lines: vec![line(11, 1)],
    }
}

/// The goods arrive, and the ERP says so.
fn receive(world: &World, key: &OrderKey, back: GoodsReturn) -> &'static str {
    world.erp.deliver(&sale(key), |_, returns| returns.push(back));
    what(&world.erp_hint(key))
}

fn refunds(world: &World, key: &OrderKey) -> Vec<Refund> {
    futures::executor::block_on(world.shop.refunds(key.order)).unwrap()
}

fn amounts(world: &World, key: &OrderKey) -> Vec<String> {
    refunds(world, key).iter().map(|refund| refund.amount.to_string()).collect()
}

fn credits(world: &World) -> usize {
    world.erp.sales().iter().filter(|sale| sale.order.key.refund.is_some()).count()
}

#[test]
fn goods_that_came_back_are_refunded_by_their_line_and_tax() {
    let (world, key) = shipped(ReturnPolicy::Refund);
    assert_eq!(receive(&world, &key, mug("8")), "delivered");
    let refund = &refunds(&world, &key)[0];
    let line = &refund.lines[0];
    assert_eq!((line.line, line.quantity, line.net + line.tax), (11, Decimal::ONE, refund.amount));
    assert_eq!(
        (refund.amount.to_string(), line.taxes[0].amount.to_string()),
        ("10.71".into(), "1.71".into())
    );
    assert_eq!(refund.of_return, Some(ReturnId("8".to_owned())));
    let record = world.record(&key);
    assert_eq!(record.payment, PaymentAxis::PartRefunded);
    assert!(
        record.documents.iter().any(|known| known.kind == DocumentKind::Return && known.document.id == "R8")
    );
}

#[test]
fn the_shops_echo_of_our_refund_makes_no_credit() {
    let (world, key) = shipped(ReturnPolicy::Refund);
    receive(&world, &key, mug("8"));
    for _ in 0..3 {
        assert_eq!(what(&world.change(&key, |_| {})), "unchanged");
        world.erp_hint(&key);
    }
    assert_eq!((amounts(&world, &key), credits(&world)), (vec!["10.71".to_owned()], 0));
    assert_eq!(world.shop.faults.calls(ShopOp::GiveRefund), 1);
}

#[test]
fn two_returns_are_two_refunds_and_all_of_it_is_returned() {
    let (world, key) = shipped(ReturnPolicy::Refund);
    receive(&world, &key, mug("8"));
    let mut rest = mug("9");
    rest.lines = vec![line(11, 1), line(12, 1), line(13, 1)];
    rest.credit.totals = None;
    receive(&world, &key, rest);
    assert_eq!(amounts(&world, &key), ["10.71", "45.36"], "56.07 in all");
    let record = world.record(&key);
    assert_eq!((record.fulfilment, record.payment), (FulfilmentAxis::Returned, PaymentAxis::Refunded));
}

#[test]
fn an_answer_that_was_lost_is_looked_up_by_the_mark() {
    for fault in [Fault::Before as fn(ShopError) -> Fault<ShopError>, Fault::After] {
        let (world, key) = shipped(ReturnPolicy::Refund);
        world.shop.faults.script(ShopOp::GiveRefund, [fault(ShopError::Call(timed_out()))]);
        assert_eq!(receive(&world, &key, mug("8")), "unknown");
        world.change(&key, |_| {});
        world.minutes(5);
        assert_eq!((amounts(&world, &key), credits(&world)), (vec!["10.71".to_owned()], 0));
        assert_eq!(world.view(&key), "shipped");
    }
}

#[test]
fn a_gateway_that_gave_no_answer_is_never_asked_again() {
    let (world, key) = shipped(ReturnPolicy::RefundAndPay);
    world.shop.faults.script(ShopOp::GiveRefund, [Fault::Before(ShopError::Call(timed_out()))]);
    receive(&world, &key, mug("8"));
    world.minutes(10);
    assert_eq!(
        (world.exception(&key).as_str(), world.shop.faults.calls(ShopOp::GiveRefund)),
        ("refund_outcome_unknown", 1)
    );
    // A person looks, and enters it by hand: the shop's page knows no mark.
    world.shop.refund(sample::refund(&key, 77, "10.71", &[]));
    world.change(&key, |_| {});
    assert_eq!((world.view(&key), credits(&world)), ("shipped", 0));
    assert_eq!(world.record(&key).returns[&ReturnId("8".to_owned())].refund, Some(RefundId(77)));
}

fn refuse_once(world: &World) {
    let refused = CallError::rejected("refund_refused", "the gateway refuses");
    world.shop.faults.script(ShopOp::GiveRefund, [Fault::Before(ShopError::Call(refused))]);
}

#[test]
fn what_the_shop_refused_is_tried_again_when_the_erp_has_news() {
    let (world, key) = shipped(ReturnPolicy::Refund);
    refuse_once(&world);
    receive(&world, &key, mug("8"));
    assert_eq!(world.exception(&key), "refund_refused");
    assert_eq!(what(&world.hint(&key)), "unchanged");
    assert_eq!(world.shop.faults.calls(ShopOp::GiveRefund), 1, "the shop has nothing new");
    world.erp_hint(&key);
    assert_eq!((world.view(&key), amounts(&world, &key)), ("shipped", vec!["10.71".to_owned()]));
}

#[test]
fn a_gateway_that_refused_may_have_paid() {
    let (world, key) = shipped(ReturnPolicy::RefundAndPay);
    refuse_once(&world);
    receive(&world, &key, mug("8"));
    world.erp_hint(&key);
    let asked = world.shop.faults.calls(ShopOp::GiveRefund);
    assert_eq!((world.exception(&key).as_str(), asked), ("refund_refused", 1));
}

#[test]
fn a_gateway_that_was_not_reached_was_not_asked() {
    let (world, key) = shipped(ReturnPolicy::RefundAndPay);
    let busy = CallError::retry_soon("http 429");
    world.shop.faults.script(ShopOp::GiveRefund, [Fault::Before(ShopError::Call(busy))]);
    receive(&world, &key, mug("8"));
    world.minutes(5);
    assert_eq!((world.view(&key), amounts(&world, &key)), ("shipped", vec!["10.71".to_owned()]));
}

#[test]
fn what_people_refund_by_hand_for_a_return_is_not_credited_again() {
    let (world, key) = shipped(ReturnPolicy::Ignore);
    receive(&world, &key, mug("8"));
    world.shop.refund(sample::refund(&key, 31, "10.71", &[(11, "1", "9.00", "1.71")]));
    world.change(&key, |_| {});
    assert_eq!((world.view(&key), credits(&world)), ("shipped", 0));
    let record = world.record(&key);
    assert_eq!(record.refunds[&RefundId(31)].document.as_deref(), Some("R8"));
    assert_eq!(record.payment, PaymentAxis::PartRefunded);
}

#[test]
fn two_equal_refunds_by_hand_are_those_of_two_equal_returns() {
    let (world, key) = shipped(ReturnPolicy::Ignore);
    receive(&world, &key, mug("8"));
    receive(&world, &key, mug("9"));
    for id in [31, 32] {
        world.shop.refund(sample::refund(&key, id, "10.71", &[(11, "1", "9.00", "1.71")]));
    }
    world.change(&key, |_| {});
    world.erp_hint(&key);
    assert_eq!((world.view(&key), credits(&world)), ("shipped", 0));
    let of = |id: &str| world.record(&key).returns[&ReturnId(id.to_owned())].refund;
    assert_eq!((of("8"), of("9")), (Some(RefundId(31)), Some(RefundId(32))));
}

#[test]
fn two_refunds_of_one_return_are_for_people() {
    let (world, key) = shipped(ReturnPolicy::Refund);
    receive(&world, &key, mug("8"));
    let again =
        Refund { of_return: Some(ReturnId("8".to_owned())), ..sample::refund(&key, 77, "10.71", &[]) };
    world.shop.refund(again);
    world.change(&key, |_| {});
    world.erp_hint(&key);
    assert_eq!((world.exception(&key).as_str(), credits(&world)), ("return_refunded_twice", 0));
}

#[test]
fn a_credit_that_people_corrected_after_the_refund_is_for_people() {
    let (world, key) = shipped(ReturnPolicy::Refund);
    receive(&world, &key, mug("8"));
    world.erp.deliver(&sale(&key), |_, returns| {
        returns[0].credit.totals.as_mut().unwrap().gross = "-9.00".parse().unwrap();
    });
    world.erp_hint(&key);
    assert_eq!(world.exception(&key), "return_totals_disagree");
}

#[test]
fn a_return_and_its_refund_that_are_both_gone_are_forgotten() {
    let (world, key) = shipped(ReturnPolicy::Refund);
    receive(&world, &key, mug("8"));
    let id = refunds(&world, &key)[0].id;
    world.erp.deliver(&sale(&key), |_, returns| returns.clear());
    world.erp_hint(&key);
    assert_eq!(world.exception(&key), "return_withdrawn");
    world.clock.advance(jiff::SignedDuration::from_mins(30));
    world.shop.delete_refund(key.order, id);
    world.change(&key, |_| {});
    assert_eq!(world.view(&key), "shipped");
    assert!(world.record(&key).returns.is_empty() && world.record(&key).refunds.is_empty());
}

#[test]
fn a_refund_that_the_list_does_not_show_yet_is_waited_for() {
    let (world, key) = shipped(ReturnPolicy::Refund);
    receive(&world, &key, mug("8"));
    let id = refunds(&world, &key)[0].id;
    world.shop.set_listed(id, false);
    assert_eq!(receive(&world, &key, mug("9")), "waits");
    world.shop.set_listed(id, true);
    world.minutes(2);
    assert_eq!(amounts(&world, &key), ["10.71", "10.71"]);
}

#[test]
fn a_store_whose_people_refund_is_left_alone() {
    let (world, key) = shipped(ReturnPolicy::Ignore);
    receive(&world, &key, mug("8"));
    assert!(refunds(&world, &key).is_empty());
}

#[test]
fn what_people_refunded_already_is_not_refunded_again() {
    let (world, key) = shipped(ReturnPolicy::Refund);
    world.shop.refund(sample::refund(&key, 31, "21.42", &[(11, "2", "18.00", "3.42")]));
    world.change(&key, |_| {});
    assert_eq!(credits(&world), 1);
    receive(&world, &key, mug("8"));
    assert_eq!((world.exception(&key).as_str(), amounts(&world, &key).len()), ("return_already_refunded", 1));
}

#[test]
fn a_return_that_vanishes_after_its_refund_is_for_people() {
    let (world, key) = shipped(ReturnPolicy::Refund);
    receive(&world, &key, mug("8"));
    world.erp.deliver(&sale(&key), |_, returns| returns.clear());
    world.erp_hint(&key);
    assert_eq!((world.exception(&key).as_str(), amounts(&world, &key).len()), ("return_withdrawn", 1));
}

#[test]
fn our_refund_deleted_in_the_shop_is_for_people() {
    let (world, key) = shipped(ReturnPolicy::Refund);
    receive(&world, &key, mug("8"));
    let id = refunds(&world, &key)[0].id;
    world.shop.delete_refund(key.order, id);
    world.clock.advance(jiff::SignedDuration::from_mins(30));
    world.change(&key, |_| {});
    assert_eq!(
        (world.exception(&key).as_str(), world.shop.faults.calls(ShopOp::GiveRefund)),
        ("refund_deleted", 1)
    );
    assert_eq!(world.erp.faults.calls(ErpOp::Create), 1);
}

#[test]
fn refunds_that_cannot_be_read_hide_nothing_of_the_order_itself() {
    let (world, key) = shipped(ReturnPolicy::Refund);
    world.change(&key, |order| order.billing.city = "Elsewhere".into());
    assert_eq!(world.exception(&key), "amendment_refused");
    let unreadable = ShopError::Unreadable { code: "bad_amount", detail: "refunds[0].amount".to_owned() };
    world.shop.faults.script(ShopOp::Refunds, [Fault::Before(unreadable)]);
    receive(&world, &key, mug("8"));
    let record = world.record(&key);
    let exception = record.exception().unwrap();
    assert_eq!(exception.code, "amendment_refused");
    assert!(exception.detail.contains("(bad_amount)"), "{}", exception.detail);
    world.erp_hint(&key);
    assert_eq!((world.exception(&key).as_str(), amounts(&world, &key).len()), ("amendment_refused", 1));
}

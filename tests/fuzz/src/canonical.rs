//! The canonicaliser of orders and of refunds, and what the domain does with
//! what it lets through: whatever the shop writes, an order's arithmetic holds and its version is
//! one, or there is an error that quotes nothing.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use weir_domain::config::StoreConfig;
use weir_domain::decide::decide;
use weir_domain::id::{DocumentKey, Generation, OrderId, RefundId};
use weir_domain::mapping::Mappings;
use weir_domain::order::{Order, Refund, RefundLine, TotalsError};
use weir_domain::ports::{DocumentState, ErpDocument};
use weir_domain::record::{DocumentAxis, DocumentKind, OrderRecord, Seen};
use weir_domain::resolve::{ResolveError, Resolver, credit_keys, keys};
use weir_domain::sales::{Release, SalesOrder};
use weir_woocommerce::canonical::{order, refunds};
use weir_woocommerce::wire::Scalar;

static STORE: LazyLock<StoreConfig> = LazyLock::new(|| {
    serde_json::from_value(json!({
        "store": "lights", "url": "https://lights.example.com/", "secret": "weir/lights",
        "entities": [{"entity": "de", "erp": "books"}],
        "metadata": ["_gift_message"], "vat_id_key": "_vat_number",
        "tender": [
            {"plugin": "field", "name": "gift_cards"},
            {"plugin": "metadata", "key": "_gift_card_applied"},
            {"plugin": "fee", "name": "Store credit"},
        ],
    }))
    .expect("a store's configuration")
});

/// Panics if the body becomes an order that breaks a promise, or an error
/// that tells too much.
pub fn check(body: &[u8]) {
    let asked = OrderId(id_of(body).unwrap_or(7001));
    match order(&STORE, asked, body) {
        Ok(read) => {
            assert_eq!((read.key.order, &read.key.store), (asked, &STORE.store));
            assert_eq!(Ok(&read), order(&STORE, asked, body).as_ref(), "read twice");
            check_version(&read);
            check_totals(&read);
            check_parts(&read);
            check_resolution(&read);
            check_credits(&read);
            check_decisions(&read);
        }
        Err(error) => {
            let text = format!("{error} {error:?}");
            assert!(!text.to_lowercase().contains("canary") && text.len() < 300, "{text}");
        }
    }
    check_listing(asked, body);
}

/// The same of a listing of refunds.
fn check_listing(asked: OrderId, body: &[u8]) {
    match refunds(&STORE, asked, body) {
        Ok(read) => {
            assert!(read.iter().all(|refund| refund.id.0 != 0 && refund.amount >= Decimal::ZERO));
            let shown = format!("{read:?}").to_lowercase();
            assert!(!shown.contains("canary"), "{shown}");
        }
        Err(error) => {
            let text = format!("{error} {error:?}");
            assert!(!text.to_lowercase().contains("canary") && text.len() < 300, "{text}");
        }
    }
}

/// The id by the rules of the wire, which are not what is checked here.
fn id_of(body: &[u8]) -> Option<u64> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let id: Scalar = serde_json::from_value(body.get("id")?.clone()).ok()?;
    id.id().ok()
}

/// Storing and reading, and spelling amounts otherwise, change no version.
fn check_version(order: &Order) {
    let stored = serde_json::to_string(order).expect("an order serialises");
    let read: Order = serde_json::from_str(&stored).expect("and is read again");
    assert_eq!((&read, read.version()), (order, order.version()), "stored and read");
    let mut respelt = order.clone();
    for amount in amounts(&mut respelt) {
        *amount = amount.normalize();
    }
    assert_eq!(respelt.version(), order.version(), "5.0 is 5.00");
}

fn amounts(order: &mut Order) -> Vec<&mut Decimal> {
    let mut amounts = vec![&mut order.total, &mut order.total_tax];
    for line in &mut order.lines {
        amounts.extend([&mut line.quantity, &mut line.subtotal, &mut line.net, &mut line.tax]);
        amounts.extend(line.taxes.iter_mut().map(|share| &mut share.amount));
    }
    for charge in order.shipping.iter_mut().chain(&mut order.fees) {
        amounts.extend([&mut charge.net, &mut charge.tax]);
        amounts.extend(charge.taxes.iter_mut().map(|share| &mut share.amount));
    }
    amounts.extend(order.coupons.iter_mut().map(|coupon| &mut coupon.discount));
    amounts.extend(order.tender.iter_mut().map(|tender| &mut tender.amount));
    amounts
}

/// Net, tax and gross add up; what is left of the lines is named exactly, and
/// accepted only within its bounds.
fn check_totals(order: &Order) {
    let totals = order.totals();
    assert_eq!(totals.net + totals.tax, totals.gross);
    assert!([totals.net, totals.tax, totals.gross].iter().all(|sum| sum.scale() == order.currency.scale()));
    let tender: Decimal = order.tender.iter().map(|tender| tender.amount).sum();
    assert!((totals.gross - tender - order.total).abs() <= order.currency.minor_unit());
    match order.residuals(STORE.rounding_cap) {
        Ok(left) => {
            assert!(left.net.abs() <= left.net_bound && left.tax.abs() <= left.tax_bound, "{left:?}");
            let (net, tax) = sums(order);
            assert_eq!((net + left.net, tax + left.tax), (totals.net, totals.tax));
        }
        Err(TotalsError { residual, bound, .. }) => assert!(residual.abs() > bound),
    }
}

fn sums(order: &Order) -> (Decimal, Decimal) {
    let lines = order.lines.iter().map(|line| (line.net, line.tax));
    let charges = order.shipping.iter().chain(&order.fees).map(|charge| (charge.net, charge.tax));
    let round = |amount| order.currency.round(amount);
    lines.chain(charges).fold((Decimal::ZERO, Decimal::ZERO), |(nets, taxes), (net, tax)| {
        (nets + round(net), taxes + round(tax))
    })
}

fn check_parts(order: &Order) {
    assert!(order.tender.iter().all(|tender| tender.amount > Decimal::ZERO));
    let line_ids = order.lines.iter().map(|line| line.id);
    let charges = || order.shipping.iter().chain(&order.fees);
    assert!(line_ids.chain(charges().map(|charge| charge.id)).all(|id| id != 0));
    let shares = order.lines.iter().flat_map(|line| &line.taxes);
    assert!(shares.chain(charges().flat_map(|charge| &charge.taxes)).all(|share| share.rate != 0));
    let exempt = order.lines.iter().filter_map(|line| line.product.sku.as_ref());
    assert!(exempt.into_iter().all(|sku| !sku.0.trim().is_empty()));
}

/// With a mapping for every name, what is to be booked comes to what the
/// customer pays, within the tolerance that it states.
fn check_resolution(order: &Order) {
    let first_skus = BTreeMap::new();
    let asked = keys(order, &first_skus);
    let mappings: Mappings = asked.iter().map(|key| (key.clone(), vec![key.to_string()])).collect();
    let resolver = Resolver { config: &STORE, mappings: &mappings, first_skus: &first_skus };
    let key = DocumentKey::of_order(&order.key, Generation::FIRST);
    match resolver.sales_order(order, key, Release::Ship) {
        Ok(sales) => check_sales_order(order, &sales),
        Err(ResolveError::Unmapped(gaps)) => {
            assert!(gaps.iter().all(|gap| !asked.contains(gap)), "asked for and given: {gaps:?}");
        }
        Err(_) => {}
    }
    if let Ok(payments) = resolver.payments(order) {
        assert!(payments.is_empty() || order.payment.paid_at.is_some());
        assert!(payments.iter().all(|payment| payment.amount > Decimal::ZERO));
    }
}

/// All its lines come back, then half of its money: each credit comes to its
/// refund, to the cent.
fn check_credits(order: &Order) {
    let lines = order.lines.iter().map(|line| RefundLine {
        line: line.id,
        quantity: line.quantity,
        net: line.net,
        tax: line.tax,
        taxes: line.taxes.clone(),
    });
    let lines: Vec<RefundLine> = lines.collect();
    let of_lines: Decimal = lines.iter().map(|line| line.net + line.tax).sum();
    let refund = |id, amount: Decimal, lines| Refund {
        order: order.key.clone(),
        id: RefundId(id),
        created_at: order.created_at,
        amount,
        reason: "".into(),
        lines,
        of_return: None,
    };
    let refunds =
        [refund(1, of_lines, lines), refund(2, order.total / Decimal::TWO, Vec::new())];
    let first_skus = BTreeMap::new();
    let asked = credit_keys(order, &refunds, &first_skus);
    let mappings: Mappings = asked.iter().map(|key| (key.clone(), vec![key.to_string()])).collect();
    let resolver = Resolver { config: &STORE, mappings: &mappings, first_skus: &first_skus };
    for (refund, credit) in refunds.iter().zip(resolver.credits(order, &refunds)) {
        if let Ok(Some(credit)) = credit {
            assert_eq!(-credit.totals.gross, order.currency.round(refund.amount), "{:?}", credit.totals);
            assert_eq!(credit.totals.net + credit.totals.tax, credit.totals.gross);
            assert!(credit.lines.iter().all(|line| !line.quantity.is_zero()));
        }
    }
}

fn check_sales_order(order: &Order, sales: &SalesOrder) {
    assert_eq!(sales.totals, order.totals());
    let tax: Decimal = sales.lines.iter().map(|line| line.tax).sum();
    let net: Decimal = sales.lines.iter().map(|line| line.net).sum();
    // Each row of a charge that is split rounds on its own.
    let rows = Decimal::from(sales.lines.len() + 1) * order.currency.minor_unit();
    assert!((sales.totals.net - net).abs() <= sales.tolerance.net + rows, "net {net}: {:?}", sales.totals);
    assert!((sales.totals.tax - tax).abs() <= sales.tolerance.tax + rows, "tax {tax}: {:?}", sales.totals);
    assert!(sales.lines.iter().all(|line| !line.quantity.is_zero()));
}

/// Deciding never stops the worker, whatever the order says of its times.
fn check_decisions(order: &Order) {
    let now: Timestamp = "2027-03-02T10:20:00Z".parse().expect("an instant");
    let fresh = OrderRecord::new(order.key.clone(), now, "request-1");
    let _ = decide(&fresh, order, &STORE, now);
    let mut booked = OrderRecord { document: DocumentAxis::InErp, ..fresh };
    booked.booked_version = Some(order.version());
    booked.released = Some(Release::Reserve);
    let document = ErpDocument {
        id: "1".to_owned(),
        number: None,
        state: DocumentState::Reserved,
        totals: Some(order.totals()),
    };
    booked.remember(DocumentKind::SalesOrder, document);
    let seen = Seen {
        read_at: now - SignedDuration::from_mins(1),
        read_at_by_shop: None,
        number: order.number.clone(),
        status: order.status.clone(),
        version: order.version(),
        totals: order.totals(),
        refunds: order.refunds.iter().map(|refund| refund.id).collect(),
    };
    let _ = seen.surely_until();
    booked.seen = Some(seen);
    let decision = decide(&booked, order, &STORE, now);
    assert_eq!(decision, decide(&booked, order, &STORE, now));
    let stored = serde_json::to_string(&booked).expect("a record serialises");
    let read: OrderRecord = serde_json::from_str(&stored).expect("and is read again");
    assert_eq!(read, booked, "stored and read");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::BODIES;

    #[test]
    fn every_sample_passes() {
        let mut orders = 0;
        for body in BODIES.iter() {
            let text = serde_json::to_vec(body).unwrap();
            check(&text);
            orders += usize::from(order(&STORE, OrderId(id_of(&text).unwrap_or(7001)), &text).is_ok());
        }
        assert!(orders > 30, "{orders} samples are orders");
    }
}

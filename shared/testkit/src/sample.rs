//! Valid samples to start from: tests change what they are about. Every
//! person in them is invented, and is a canary: [`CANARIES`] must not appear
//! in any log line, metric, queue message, ledger item or error text.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use weir_domain::config::StoreConfig;
use weir_domain::hint::{Cause, HINT_VERSION, Hint};
use weir_domain::id::{DocumentKey, Generation, OrderId, OrderKey, RefundId, Sku};
use weir_domain::order::{
    Address, Charge, Coupon, Customer, Line, Order, OrderStatus, Payment, ProductRef, Refund, RefundLine,
    TaxRate, TaxShare,
};
use weir_domain::ports::Note;
use weir_domain::sales::{LineKind, Release, SalesLine, SalesOrder, SalesPayment, Tolerance};

/// Everything personal in the samples.
pub const CANARIES: [&str; 9] = [
    "Zaphira",
    "Canarelli",
    "zaphira.canarelli@canary.example",
    "Canarelli & Finch OHG",
    "Kanarienweg 7",
    "Hinterhaus im dritten Käfig",
    "Zwitscherstadt",
    "+49 30 5550 1999",
    "Bitte beim Vogelhaus klingeln",
];

/// When the samples' orders are placed: a Saturday morning, UTC.
pub fn saturday() -> Timestamp {
    "2026-11-28T09:00:00Z".parse().expect("an instant")
}

/// The key of a store's order.
pub fn key(store: &str, id: u64) -> OrderKey {
    OrderKey { store: store.parse().expect("a store's name"), order: OrderId(id) }
}

/// A hint about an order, received at `received_at`.
pub fn hint(key: &OrderKey, cause: Cause, received_at: Timestamp) -> Hint {
    Hint {
        v: HINT_VERSION,
        store: key.store.clone(),
        order: key.order,
        received_at,
        cause,
        correlation: format!("test-{}", key.order),
    }
}

/// What a ledger write says about itself.
pub fn note(what: &str, at: Timestamp) -> Note {
    Note { at, who: "test".to_owned(), what: what.to_owned(), why: format!("{what}, in a test") }
}

/// A paid card order of 56.07 EUR: two of one product with a coupon, one
/// variation of another, shipping, 19 % tax on all. Its totals hold.
pub fn order(store: &str, id: u64) -> Order {
    Order {
        key: key(store, id),
        number: id.to_string(),
        status: OrderStatus::Processing,
        created_at: saturday(),
        modified_at: saturday(),
        currency: "EUR".parse().expect("a currency"),
        lines: vec![
            line(11, product(101, 0, "MUG-L"), "2", ("20.00", "18.00", "3.42")),
            line(12, product(102, 112, "TEE-M"), "1", ("25.00", "25.00", "4.75")),
        ],
        shipping: vec![shipping(13, "4.12", "0.78")],
        fees: Vec::new(),
        coupons: vec![Coupon { code: "welcome".to_owned(), discount: decimal("2.00") }],
        tender: Vec::new(),
        rates: vec![TaxRate {
            id: 1,
            code: "DE-MWST.-1".to_owned(),
            percent: Some(decimal("19")),
            compound: false,
        }],
        total_tax: decimal("8.95"),
        total: decimal("56.07"),
        payment: Payment {
            method: "stripe".to_owned(),
            transaction: Some(format!("tx-{id}")),
            paid_at: Some(saturday()),
        },
        customer: customer(),
        billing: address(),
        delivery: Some(address()),
        note: "Bitte beim Vogelhaus klingeln".into(),
        metadata: BTreeMap::new(),
        refunds: Vec::new(),
    }
}

/// A refund of an order, an hour after it was placed: each line with its id,
/// units, net, and tax at rate 1.
pub fn refund(order: &OrderKey, id: u64, amount: &str, lines: &[(u64, &str, &str, &str)]) -> Refund {
    let line = |(line, quantity, net, tax): &(u64, &str, &str, &str)| {
        let tax = decimal(tax);
        let taxes = if tax.is_zero() { Vec::new() } else { vec![TaxShare { rate: 1, amount: tax }] };
        RefundLine { line: *line, quantity: decimal(quantity), net: decimal(net), tax, taxes }
    };
    Refund {
        order: order.clone(),
        id: RefundId(id),
        created_at: saturday() + jiff::SignedDuration::from_hours(1),
        amount: decimal(amount),
        reason: "Zaphira changed her mind".into(),
        lines: lines.iter().map(line).collect(),
        of_return: None,
    }
}

/// `order` as an ERP is asked to book it, every SKU being its own item code
/// and every rate the tax `DE19`.
pub fn sales_order(order: &Order, release: Release) -> SalesOrder {
    let goods = order.lines.iter().map(|line| SalesLine {
        line: line.id,
        kind: LineKind::Goods,
        item: line.product.sku.as_ref().map(|sku| sku.0.clone()).expect("the samples have SKUs"),
        description: line.name.clone(),
        quantity: line.quantity,
        net: line.net,
        tax: line.tax,
        taxes: vec!["DE19".to_owned()],
    });
    let shipping = order.shipping.iter().map(|charge| SalesLine {
        line: charge.id,
        kind: LineKind::Shipping,
        item: "SHIPPING".to_owned(),
        description: charge.name.clone(),
        quantity: Decimal::ONE,
        net: charge.net,
        tax: charge.tax,
        taxes: vec!["DE19".to_owned()],
    });
    SalesOrder {
        key: DocumentKey::of_order(&order.key, Generation::FIRST),
        origin: None,
        number: order.number.clone(),
        ordered_at: order.created_at,
        release,
        lines: goods.chain(shipping).collect(),
        totals: order.totals(),
        tolerance: Tolerance { net: decimal("0.02"), tax: decimal("0.02") },
        customer: order.customer.clone(),
        billing: order.billing.clone(),
        delivery: order.destination().clone(),
        note: order.note.clone(),
    }
}

/// The payment of a sales order, by card, in full.
pub fn payment(order: &SalesOrder) -> SalesPayment {
    SalesPayment {
        order: order.key.order.clone(),
        transaction: format!("tx-{}", order.number),
        journal: "CARD".to_owned(),
        amount: order.totals.gross,
        currency: order.totals.currency,
        paid_at: order.ordered_at,
    }
}

/// A store whose orders are all booked by entity `house` in `erp`, with the
/// default import rules.
pub fn store_config(store: &str, erp: &str) -> StoreConfig {
    let document = serde_json::json!({
        "store": store,
        "url": "https://shop.example.test/",
        "secret": format!("weir/stores/{store}"),
        "entities": [{ "entity": "house", "erp": erp }],
    });
    serde_json::from_value(document).expect("a store's configuration")
}

fn line(id: u64, product: ProductRef, quantity: &str, (subtotal, net, tax): (&str, &str, &str)) -> Line {
    Line {
        id,
        name: product.sku.as_ref().map(ToString::to_string).unwrap_or_default(),
        product,
        quantity: decimal(quantity),
        subtotal: decimal(subtotal),
        net: decimal(net),
        tax: decimal(tax),
        taxes: vec![TaxShare { rate: 1, amount: decimal(tax) }],
        tax_class: String::new(),
        reduced_stock: Some(decimal(quantity)),
    }
}

fn product(product: u64, variation: u64, sku: &str) -> ProductRef {
    ProductRef { product, variation, sku: Some(Sku(sku.to_owned())) }
}

fn shipping(id: u64, net: &str, tax: &str) -> Charge {
    Charge {
        id,
        code: "flat_rate:1".to_owned(),
        name: "Parcel".to_owned(),
        net: decimal(net),
        tax: decimal(tax),
        taxes: vec![TaxShare { rate: 1, amount: decimal(tax) }],
        tax_class: String::new(),
    }
}

fn customer() -> Customer {
    Customer {
        id: Some(7),
        email: Some("zaphira.canarelli@canary.example".into()),
        vat_id: None,
        vat_exempt: false,
    }
}

fn address() -> Address {
    Address {
        first_name: "Zaphira".into(),
        last_name: "Canarelli".into(),
        company: "Canarelli & Finch OHG".into(),
        line_1: "Kanarienweg 7".into(),
        line_2: "Hinterhaus im dritten Käfig".into(),
        city: "Zwitscherstadt".into(),
        postcode: "10115".into(),
        state: String::new(),
        country: "DE".to_owned(),
        phone: "+49 30 5550 1999".into(),
    }
}

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_order_adds_up_exactly() {
        let order = order("main", 4711);
        let residuals = order.residuals(decimal("0.10")).unwrap();
        assert_eq!((residuals.net, residuals.tax), (decimal("0.00"), decimal("0.00")));
        let sales = sales_order(&order, Release::Ship);
        let net: Decimal = sales.lines.iter().map(|line| line.net).sum();
        let tax: Decimal = sales.lines.iter().map(|line| line.tax).sum();
        assert_eq!((net, tax, net + tax), (sales.totals.net, sales.totals.tax, sales.totals.gross));
    }

    #[test]
    fn the_canaries_are_what_the_sample_holds_and_debug_shows_none() {
        let order = order("main", 4711);
        let stored = serde_json::to_string(&order).unwrap();
        let shown = format!("{order:?}");
        for canary in CANARIES {
            assert!(stored.contains(canary), "{canary}");
            assert!(!shown.contains(canary), "{canary}");
        }
    }
}

//! Orders that tell which edition of them one is looking at.

use rust_decimal::Decimal;
use weir_domain::order::{Order, OrderStatus, RefundLine, TaxShare, Tender};
use weir_domain::sales::SalesOrder;
use weir_testkit::sample;

/// An item that no ERP has.
pub const REFUSED_SKU: &str = "NOT-IN-THE-ERP";
/// Payments that one order can have: its method, and each tender.
pub const PAYMENTS: usize = 2;
/// What a gift card pays of every fifth order.
const GIFT: Decimal = Decimal::from_parts(500, 0, 0, false, 2);
/// What one unit of the first line costs: net, tax, and together.
const UNIT_NET: Decimal = Decimal::from_parts(900, 0, 0, false, 2);
/// See [`one_unit_back`].
pub const UNIT_TAX: Decimal = Decimal::from_parts(171, 0, 0, false, 2);
/// See [`one_unit_back`].
pub const UNIT_GROSS: Decimal = Decimal::from_parts(1_071, 0, 0, false, 2);
/// What is given back for nothing in particular.
pub const GOODWILL: Decimal = Decimal::from_parts(333, 0, 0, false, 2);

/// Who the customer is and how they pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Pending, then paid.
    Card,
    /// Processing at once, unpaid.
    CashOnDelivery,
    /// On hold until the transfer arrives.
    Transfer,
}

/// A new order, not yet paid. Its first edition is 1.
pub fn placed(store: &str, id: u64, method: Method, at: jiff::Timestamp) -> Order {
    let mut order = sample::order(store, id);
    order.created_at = at;
    order.payment.paid_at = None;
    order.payment.transaction = None;
    let (name, status) = match method {
        Method::Card => ("stripe", OrderStatus::Pending),
        Method::CashOnDelivery => ("cod", OrderStatus::Processing),
        Method::Transfer => ("bacs", OrderStatus::OnHold),
    };
    name.clone_into(&mut order.payment.method);
    order.status = status;
    if id.is_multiple_of(5) {
        order.tender = vec![Tender { kind: "field:gift_cards".to_owned(), amount: GIFT }];
        order.total -= GIFT;
    }
    touch(&mut order, at);
    edit(&mut order, 2, 1);
    order
}

/// The shop's dates have whole seconds.
pub fn touch(order: &mut Order, at: jiff::Timestamp) {
    let seconds = at.as_second();
    order.modified_at = jiff::Timestamp::from_second(seconds).unwrap_or(at);
}

/// Gives the first line a quantity, all totals what follows from it, and the
/// order the number of its edition.
pub fn edit(order: &mut Order, quantity: u32, edition: u32) {
    let quantity = Decimal::from(quantity);
    let tax_before: Decimal = order.lines[0].tax;
    let net_before: Decimal = order.lines[0].net;
    let line = &mut order.lines[0];
    line.quantity = quantity;
    line.reduced_stock = Some(quantity);
    line.subtotal = quantity * Decimal::new(1_000, 2);
    line.net = quantity * UNIT_NET;
    line.tax = quantity * UNIT_TAX;
    line.taxes[0].amount = line.tax;
    order.total_tax += line.tax - tax_before;
    order.total += line.net - net_before + line.tax - tax_before;
    order.note = format!("#{edition}").as_str().into();
}

/// The part of a refund that gives one unit of the first line back.
pub fn one_unit_back(order: &Order) -> RefundLine {
    let line = &order.lines[0];
    let taxes = line.taxes.iter().map(|share| TaxShare { amount: UNIT_TAX, ..share.clone() }).collect();
    RefundLine { line: line.id, quantity: Decimal::ONE, net: UNIT_NET, tax: UNIT_TAX, taxes }
}

/// The edition of what the ERP has, or is asked to book.
pub fn edition(order: &SalesOrder) -> u32 {
    order.note.expose().trim_start_matches('#').parse().unwrap_or_default()
}

/// Makes an order that the ERP refuses.
pub fn refuse(order: &mut Order) {
    if let Some(sku) = &mut order.lines[1].product.sku {
        REFUSED_SKU.clone_into(&mut sku.0);
    }
}

/// Whether the ERP refuses it.
pub fn is_refused(order: &SalesOrder) -> bool {
    order.lines.iter().any(|line| line.item == REFUSED_SKU)
}

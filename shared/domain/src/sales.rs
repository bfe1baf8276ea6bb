//! The resolved order: what an ERP is asked to book, in the ERP's names.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;

use crate::id::{DocumentKey, OrderKey};
use crate::money::Totals;
use crate::order::{Address, Customer};
use crate::private::Personal;

/// How far an ERP document may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Release {
    /// Booked, not to be shipped: a bank transfer that has not arrived.
    Reserve,
    /// To be fulfilled.
    Ship,
}

/// One sales order for an ERP, or one credit, which is a sales order with
/// negative quantities and totals. Amounts are in major units of
/// `totals.currency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SalesOrder {
    /// The reference the ERP keeps unique within the store.
    pub key: DocumentKey,
    /// The ERP's id of the sales order that a credit gives back from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// What people call the order.
    pub number: String,
    /// When it was placed.
    pub ordered_at: Timestamp,
    /// How far it may go.
    pub release: Release,
    /// Every position, shipping and fees included, in a stable order.
    pub lines: Vec<SalesLine>,
    /// What the document must come to, to the cent.
    pub totals: Totals,
    /// How far an ERP that computes on its own may be off before the
    /// rounding item (net) and the tax adjustment (tax) make it exact.
    pub tolerance: Tolerance,
    /// Who buys.
    pub customer: Customer,
    /// Invoice address of this document.
    pub billing: Address,
    /// Delivery address of this document.
    pub delivery: Address,
    /// What the customer wrote.
    pub note: Personal<String>,
}

/// Bounds of what rounding can explain, in major units, both inclusive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tolerance {
    /// For the net sum.
    pub net: Decimal,
    /// For the tax sum.
    pub tax: Decimal,
}

/// What a position is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// Something sold.
    Goods,
    /// A shipping line.
    Shipping,
    /// A fee.
    Fee,
    /// Money given back without goods.
    Allowance,
}

/// One position of a sales order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SalesLine {
    /// The shop's line id, kept so that shipments and refunds find it; 0 for
    /// an allowance that is about no line.
    pub line: u64,
    /// What it is.
    pub kind: LineKind,
    /// The ERP's item code.
    pub item: String,
    /// As printed on the order.
    pub description: String,
    /// Units; never zero, negative in a credit.
    pub quantity: Decimal,
    /// Net of the whole line, rounded to the minor unit.
    pub net: Decimal,
    /// Tax of the whole line, rounded to the minor unit.
    pub tax: Decimal,
    /// The ERP's tax codes, in order; empty where the treatment is "no tax".
    pub taxes: Vec<String>,
}

/// One payment for an order: by its method, or by one kind of tender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SalesPayment {
    /// The order it pays, in whichever of its lives: money that came once is
    /// booked once, also when its sales order was cancelled and made anew.
    pub order: OrderKey,
    /// The gateway's reference; the order's own where the gateway gave none;
    /// `tender:` and the kind for tender. Together with `order` this is the
    /// payment's identity.
    pub transaction: String,
    /// The ERP's journal.
    pub journal: String,
    /// What was paid this way, gross, positive.
    pub amount: Decimal,
    /// Its currency.
    pub currency: crate::money::Currency,
    /// When the shop first considered it paid.
    pub paid_at: Timestamp,
}

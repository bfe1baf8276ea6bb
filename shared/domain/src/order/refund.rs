use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::TaxShare;
use crate::id::{OrderKey, RefundId, ReturnId};
use crate::private::Personal;

/// One refund as the shop has it: a document of its own. Amounts are positive,
/// in major units of the order's currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// Of which order.
    pub order: OrderKey,
    /// The shop's id of it.
    pub id: RefundId,
    /// When it was made.
    pub created_at: Timestamp,
    /// What the customer got back, gross. It can ignore the lines.
    pub amount: Decimal,
    /// What somebody wrote.
    pub reason: Personal<String>,
    /// Lines, shipping and fees that it names; possibly none.
    pub lines: Vec<RefundLine>,
    /// The return of the ERP that it was made for, by us.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_return: Option<ReturnId>,
}

/// A part of a refund that names a line of the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundLine {
    /// The order's line, shipping line or fee, by the shop's id; 0 where the
    /// shop does not say.
    pub line: u64,
    /// Units that come back; zero where only money does.
    pub quantity: Decimal,
    /// Net.
    pub net: Decimal,
    /// Tax on `net`, as far as somebody entered it.
    pub tax: Decimal,
    /// Which rates made `tax`.
    pub taxes: Vec<TaxShare>,
}

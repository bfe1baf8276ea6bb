use serde::Deserialize;

use super::{List, Scalar, WireFee, WireLine, WireMeta, WireShipping};

/// A refund of `orders/{id}/refunds`. Its amount is positive; quantities and
/// totals of its lines are negative.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the shop's own names")]
pub struct WireRefund {
    pub id: Scalar,
    pub date_created_gmt: Scalar,
    /// Gross; can ignore the lines.
    pub amount: Scalar,
    pub reason: Scalar,
    pub meta_data: List<WireMeta>,
    pub line_items: List<WireLine>,
    pub shipping_lines: List<WireShipping>,
    pub fee_lines: List<WireFee>,
}

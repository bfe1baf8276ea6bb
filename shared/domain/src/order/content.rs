//! Versions by content. `date_modified` has one-second resolution and is not
//! bumped by every change, so that the date alone lies.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Order;
use crate::id::Sku;

/// A hash of everything an ERP document is made from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(String);

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which state of an order was read. Ordered by the shop's date; on a tie
/// the content decides whether it is another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// The shop's `date_modified_gmt`.
    pub modified_at: Timestamp,
    /// Hash of the content.
    pub content: ContentHash,
}

impl Version {
    /// Whether `self` was certainly read from an older state than `other`.
    pub fn is_older_than(&self, other: &Self) -> bool {
        self.modified_at < other.modified_at
    }
}

impl Order {
    /// The order with the SKU under which each line was sold, by the shop's
    /// line id: the shop reports only a product's present one, or none once
    /// the product is gone, which changes nothing of what was ordered.
    #[must_use]
    pub fn as_sold(mut self, first_skus: &BTreeMap<u64, String>) -> Self {
        for line in &mut self.lines {
            if let Some(first) = first_skus.get(&line.id) {
                line.product.sku = Some(Sku(first.clone()));
            }
        }
        self
    }

    /// The version of what was read. Status, payment, refunds and the stock
    /// the shop took are axes of their own: they change without changing what
    /// was ordered, so they are not content.
    pub fn version(&self) -> Version {
        Version { modified_at: self.modified_at, content: self.content() }
    }

    fn content(&self) -> ContentHash {
        let mut content = self.clone();
        content.status = super::OrderStatus::Pending;
        content.modified_at = Timestamp::UNIX_EPOCH;
        content.refunds.clear();
        content.payment.paid_at = None;
        content.payment.transaction = None;
        for line in &mut content.lines {
            line.reduced_stock = None;
            normalise(&mut [&mut line.quantity, &mut line.subtotal, &mut line.net, &mut line.tax]);
            line.taxes.iter_mut().for_each(|share| normalise(&mut [&mut share.amount]));
        }
        for charge in content.shipping.iter_mut().chain(&mut content.fees) {
            normalise(&mut [&mut charge.net, &mut charge.tax]);
            charge.taxes.iter_mut().for_each(|share| normalise(&mut [&mut share.amount]));
        }
        content.coupons.iter_mut().for_each(|coupon| normalise(&mut [&mut coupon.discount]));
        content.tender.iter_mut().for_each(|tender| normalise(&mut [&mut tender.amount]));
        normalise(&mut [&mut content.total, &mut content.total_tax]);
        ContentHash(hash(&content))
    }
}

/// 5.0 and 5.00 are the same amount and must hash alike.
fn normalise(amounts: &mut [&mut rust_decimal::Decimal]) {
    for amount in amounts {
        **amount = amount.normalize();
    }
}

fn hash(order: &Order) -> String {
    // A struct of plain data always serialises; the empty text would only
    // make every version look changed, never unchanged.
    let text = serde_json::to_vec(order).unwrap_or_default();
    Sha256::digest(&text).iter().take(16).fold(String::new(), |mut hex, byte| {
        use fmt::Write;
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

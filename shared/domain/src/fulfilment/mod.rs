//! The way back: what has left for the customer and what has come back, from
//! the ERP to the shop.

pub mod follow;
pub mod note;
pub mod parcels;
pub mod progress;
pub mod returns;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Personal;
use crate::id::{OrderKey, ParcelId, RefundId, ReturnId};
use crate::order::{Refund, RefundLine, TaxShare};
use crate::ports::ErpDocument;

/// What of a sales order has left and what has come back: all of it, as the
/// ERP has it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deliveries {
    /// The sales order itself.
    pub sale: ErpDocument,
    /// The shop's lines that are goods in the ERP: what is none never leaves.
    pub goods: BTreeSet<u64>,
    /// Parcels on their way or delivered; one that was withdrawn is absent.
    pub parcels: Vec<Parcel>,
    /// Goods that came back and were received, by the ERP's own decision: what
    /// a refund of the shop has brought back is not among them.
    pub returns: Vec<GoodsReturn>,
}

/// One parcel that has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// The ERP's, the same for as long as the parcel exists.
    pub id: ParcelId,
    /// When it left, as exactly as the ERP says.
    pub shipped_at: Timestamp,
    /// Who carries it, as people call them.
    pub carrier: Option<String>,
    /// The carrier's number of it.
    pub tracking: Option<String>,
    /// Where its way can be followed: an https address.
    pub link: Option<String>,
    /// What is in it.
    pub lines: Vec<DeliveredLine>,
}

/// Units of one line that left, or came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveredLine {
    /// The shop's line id; `None` where the ERP's document knows none.
    pub line: Option<u64>,
    /// The ERP's item code, to tell people.
    pub item: String,
    /// Units, positive.
    pub quantity: Decimal,
}

/// Goods that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoodsReturn {
    /// The ERP's, the same for as long as the return exists.
    pub id: ReturnId,
    /// The ERP's document that gives back for them, with negative totals.
    pub credit: ErpDocument,
    /// What it gives back for; shipping and fees count as one unit.
    pub lines: Vec<DeliveredLine>,
}

/// What a parcel says, in one word: another one means that it was corrected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ParcelVersion(pub String);

impl Parcel {
    /// The version of what it says now.
    pub fn version(&self) -> ParcelVersion {
        let lines: Vec<String> =
            self.units().iter().map(|(line, units)| format!("{line}x{}", units.normalize())).collect();
        let said = [
            self.shipped_at.to_string(),
            self.carrier.clone().unwrap_or_default(),
            self.tracking.clone().unwrap_or_default(),
            self.link.clone().unwrap_or_default(),
            lines.join(","),
        ];
        ParcelVersion(digest(&said.join("\u{1f}")))
    }

    /// Its carrier's number, recognisable.
    pub fn number(&self) -> Option<NumberDigest> {
        self.tracking.as_deref().map(NumberDigest::of)
    }

    /// Units in it by the shop's line.
    pub fn units(&self) -> BTreeMap<u64, Decimal> {
        units(&self.lines)
    }
}

fn digest(text: &str) -> String {
    Sha256::digest(text).iter().take(8).fold(String::new(), |mut hex, byte| {
        use std::fmt::Write;
        // Writing to a string never fails.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Units by the shop's line; what no line is known of is left out.
fn units(lines: &[DeliveredLine]) -> BTreeMap<u64, Decimal> {
    let mut units = BTreeMap::new();
    for line in lines {
        if let Some(id) = line.line {
            *units.entry(id).or_default() += line.quantity;
        }
    }
    units
}

/// A parcel as the shop shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownParcel {
    /// The shop's name for it, by which it is changed and removed.
    pub reference: String,
    /// Which of the ERP's it says it is; `None` where somebody else entered
    /// it, or the shop keeps no such mark.
    pub id: Option<ParcelId>,
    /// What it shows; `None` where the shop keeps no such mark.
    pub version: Option<ParcelVersion>,
    /// The carrier's number that it shows.
    pub tracking: Option<String>,
}

/// A parcel on record: what the shop shows of it, or was begun to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelRecord {
    /// What it said.
    pub version: ParcelVersion,
    /// The shop shows just that. Until then it may: written *before* the shop
    /// is called.
    pub shown: bool,
    /// The shop's name for it, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The carrier's numbers under which it may be shown, as digests.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub numbers: BTreeSet<NumberDigest>,
    /// A note about this version is in the shop, or none is wanted.
    #[serde(default)]
    pub noted: bool,
}

/// A carrier's number that is recognised and cannot be read: with it the way
/// to somebody's door can be followed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NumberDigest(String);

impl NumberDigest {
    /// Of a number.
    pub fn of(number: &str) -> Self {
        Self(digest(number))
    }
}

/// A return on record: written *before* the shop is asked for its refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnRecord {
    /// What the customer gets back for it, gross, positive.
    pub amount: Decimal,
    /// The reason that we gave: tells the refund before the shop has written
    /// its mark.
    pub reason: String,
    /// The shop's refund, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<RefundId>,
    /// When the shop said that it made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_at: Option<Timestamp>,
    /// The payment gateway was asked to pay it out: never done twice by a
    /// machine.
    #[serde(default)]
    pub asked_gateway: bool,
    /// The shop, or the gateway, refused.
    #[serde(default)]
    pub refused: bool,
}

/// A refund that the shop is asked to make for a return. Amounts are positive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRefund {
    /// The mark by which it is found again.
    pub of_return: ReturnId,
    /// What the customer gets back, gross; the sum of the lines.
    pub amount: Decimal,
    /// For people.
    pub reason: String,
    /// What it gives back for.
    pub lines: Vec<NewRefundLine>,
    /// Whether the payment gateway is to pay it out.
    pub asks_gateway: bool,
}

impl NewRefund {
    /// The refund that the shop lists once it has made it.
    pub fn as_made(&self, order: &OrderKey, id: RefundId, at: Timestamp) -> Refund {
        let lines = self.lines.iter().map(|line| RefundLine {
            line: line.line,
            quantity: line.quantity,
            net: line.net,
            tax: line.tax(),
            taxes: line.taxes.clone(),
        });
        Refund {
            order: order.clone(),
            id,
            created_at: at,
            amount: self.amount,
            reason: Personal::new(self.reason.clone()),
            lines: lines.collect(),
            of_return: Some(self.of_return.clone()),
        }
    }
}

/// One line of a refund to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRefundLine {
    /// The order's line, shipping line or fee, by the shop's id.
    pub line: u64,
    /// Units that came back; zero for shipping and fees.
    pub quantity: Decimal,
    /// Net.
    pub net: Decimal,
    /// Tax by the shop's rate.
    pub taxes: Vec<TaxShare>,
}

impl NewRefundLine {
    /// All its tax.
    pub fn tax(&self) -> Decimal {
        self.taxes.iter().map(|tax| tax.amount).sum()
    }
}

/// A note of an order in the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderNote {
    /// What it says.
    pub text: String,
    /// The customer is sent it.
    pub to_customer: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_what_a_parcel_says_and_not_how_it_says_it() {
        let line = |line, quantity: &str| DeliveredLine {
            line,
            item: "MUG".to_owned(),
            quantity: quantity.parse().unwrap(),
        };
        let parcel = Parcel {
            id: ParcelId("2/1".to_owned()),
            shipped_at: "2026-11-28T00:00:00Z".parse().unwrap(),
            carrier: Some("UPS".to_owned()),
            tracking: Some("1Z9".to_owned()),
            link: None,
            lines: vec![line(Some(11), "2.0"), line(None, "1")],
        };
        let split = Parcel { lines: vec![line(Some(11), "1"), line(Some(11), "1")], ..parcel.clone() };
        assert_eq!(parcel.version(), split.version());
        let corrected = Parcel { tracking: Some("1Z8".to_owned()), ..parcel.clone() };
        assert_ne!(parcel.version(), corrected.version());
        let moved = Parcel { tracking: None, link: parcel.tracking.clone(), ..parcel.clone() };
        assert_ne!(parcel.version(), moved.version(), "a number is no link");
        assert_ne!(parcel.version(), Parcel { lines: vec![line(Some(11), "1")], ..parcel.clone() }.version());
    }
}

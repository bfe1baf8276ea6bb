//! What an order was made of, without who bought it: enough to tell people
//! what changed since it was booked, and nothing that the ledger must not keep.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Order;

/// Differences that are told one by one.
const TOLD: usize = 6;

/// What an order was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// Lines, shipping and fees, by the shop's id.
    lines: BTreeMap<u64, Units>,
    /// How it was to be paid.
    method: String,
    billing: Mark,
    delivery: Mark,
    customer: Mark,
    note: Mark,
}

/// How much of something, and for how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Units {
    quantity: Decimal,
    /// Net of the whole line, in major units.
    net: Decimal,
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} for {}", self.quantity.normalize(), self.net)
    }
}

/// Tells that something changed, and not what it was: four bytes of a hash
/// that is another for every order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Mark(u32);

impl Order {
    /// What it is made of.
    pub fn outline(&self) -> Outline {
        let goods = self.lines.iter().map(|line| (line.id, line.quantity, line.net));
        let charges = self.shipping.iter().chain(&self.fees);
        let charges = charges.map(|charge| (charge.id, Decimal::ONE, charge.net));
        let units = |(id, quantity, net)| (id, Units { quantity, net: self.currency.round(net) });
        Outline {
            lines: goods.chain(charges).map(units).collect(),
            method: self.payment.method.clone(),
            billing: self.mark(&self.billing),
            delivery: self.mark(self.destination()),
            customer: self.mark(&self.customer),
            note: self.mark(&self.note),
        }
    }

    fn mark(&self, what: &impl Serialize) -> Mark {
        // Plain data always serialises; nothing would only look unchanged.
        let text = serde_json::to_vec(&(&self.key, what)).unwrap_or_default();
        let bytes = Sha256::digest(&text);
        Mark(bytes.iter().take(4).fold(0, |mark, byte| mark << 8 | u32::from(*byte)))
    }
}

impl Outline {
    /// What is not as it was, in words: at most a few, and how many more.
    pub fn changes_to(&self, now: &Self) -> Option<String> {
        let mut changes = self.line_changes(now);
        let aspects = [
            ("the invoice address", self.billing != now.billing),
            ("the delivery address", self.delivery != now.delivery),
            ("the customer", self.customer != now.customer),
            ("the note", self.note != now.note),
            ("the payment method", self.method != now.method),
        ];
        changes.extend(aspects.into_iter().filter(|(_, differs)| *differs).map(|(what, _)| what.to_owned()));
        let more = changes.len().saturating_sub(TOLD);
        changes.truncate(TOLD);
        if more > 0 {
            changes.push(format!("and {more} more"));
        }
        (!changes.is_empty()).then(|| changes.join(", "))
    }

    fn line_changes(&self, now: &Self) -> Vec<String> {
        let gone_or_other = self.lines.iter().filter_map(|(id, was)| match now.lines.get(id) {
            None => Some(format!("line {id} ({was}) is gone")),
            Some(is) if is != was => Some(format!("line {id} was {was} and is {is}")),
            Some(_) => None,
        });
        let new = now.lines.iter().filter(|(id, _)| !self.lines.contains_key(id));
        gone_or_other.chain(new.map(|(id, is)| format!("line {id} ({is}) is new"))).collect()
    }
}

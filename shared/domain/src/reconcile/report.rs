//! What a night's match found, as it is kept and shown.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::StoreId;

/// So many differences of one report are described.
pub const EXAMPLES: usize = 100;

/// One night of one store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Which store.
    pub store: StoreId,
    /// Which night: the date (UTC) on which it began, e.g. `2026-11-28`.
    pub night: String,
    /// When it began.
    pub begun_at: Timestamp,
    /// When it came to its end; `None` while it is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Orders of the shop that were compared.
    pub orders: u64,
    /// Documents of the ERP that were compared.
    pub documents: u64,
    /// Items whose stock was compared.
    pub items: u64,
    /// Orders of the shop by what people see
    /// ([`OrderRecord::view`](crate::record::OrderRecord::view)).
    pub views: BTreeMap<String, u64>,
    /// By kind of difference.
    pub differences: BTreeMap<String, Tally>,
    /// The first of them, at most [`EXAMPLES`].
    pub examples: Vec<Example>,
}

/// How many differences of one kind there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// All of them.
    pub detected: u64,
    /// Put right, or sent to whoever puts them right.
    pub repaired: u64,
    /// New exceptions, for people.
    pub parked: u64,
    /// Exceptions that people have already.
    pub known: u64,
    /// Accepted by people as they are.
    pub accepted: u64,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Its kind, `snake_case`.
    pub kind: String,
    /// What it is about: an order (`main/4711`), an item (`acme/MUG-L`), a
    /// webhook (`main/order.updated`).
    pub subject: String,
    /// What became of it.
    pub outcome: Outcome,
    /// One sentence. Never names a person.
    pub detail: String,
}

/// What became of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Put right, or sent to whoever puts it right.
    Repaired,
    /// It is an exception now.
    Parked,
    /// It was an exception already.
    Known,
    /// People accepted it as it is, until it changes.
    Accepted,
}

impl Report {
    /// Counts a difference, and describes it if there is room.
    pub fn add(&mut self, example: Example) {
        let tally = self.differences.entry(example.kind.clone()).or_default();
        tally.detected += 1;
        *match example.outcome {
            Outcome::Repaired => &mut tally.repaired,
            Outcome::Parked => &mut tally.parked,
            Outcome::Known => &mut tally.known,
            Outcome::Accepted => &mut tally.accepted,
        } += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(example);
        }
    }

    /// Over all kinds.
    pub fn total(&self) -> Tally {
        self.differences.values().fold(Tally::default(), |sum, tally| Tally {
            detected: sum.detected + tally.detected,
            repaired: sum.repaired + tally.repaired,
            parked: sum.parked + tally.parked,
            known: sum.known + tally.known,
            accepted: sum.accepted + tally.accepted,
        })
    }
}

//! Hints: an event never carries the truth, only where to look. The message
//! is thin, versioned, and free of personal data.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::{OrderId, OrderKey, StoreId};

/// The version written into every message.
pub const HINT_VERSION: u8 = 1;

/// A hint counts as answered only by a read that began this much after it
/// was received: the two instants come from the clocks of different machines,
/// and a hint wrongly dropped costs more than a read too many.
pub const SKEW: SignedDuration = SignedDuration::from_secs(5);

/// "Look at this order": the message of the orders queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// [`HINT_VERSION`].
    pub v: u8,
    /// Where to look.
    pub store: StoreId,
    /// What to look at.
    pub order: OrderId,
    /// When we heard of it. A hint received before the last read of the
    /// order is already answered.
    pub received_at: Timestamp,
    /// How we heard of it.
    pub cause: Cause,
    /// One id from the webhook to the ERP, for the logs.
    pub correlation: String,
}

/// How we heard that an order may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A webhook.
    Webhook,
    /// The GMT poll found what a webhook lost.
    Poll,
    /// It waited in the ledger and is due.
    Wake,
    /// It was chosen to try whether an open circuit can close.
    Probe,
    /// The ERP's documents of it changed: it was shipped, came back, or was
    /// cancelled there.
    Erp,
    /// The nightly match, or a backfill, found what the ledger does not know.
    Sweep,
    /// A person, or the nightly match, acts on its record. Never queued.
    Desk,
}

impl Hint {
    /// Of one order, by a run or request that may name many: its id is where
    /// the correlation begins.
    pub fn of(key: &OrderKey, cause: Cause, received_at: Timestamp, run: &str) -> Self {
        Self {
            v: HINT_VERSION,
            store: key.store.clone(),
            order: key.order,
            received_at,
            cause,
            correlation: format!("{run}-{}", key.order),
        }
    }

    /// The order it points to.
    pub fn key(&self) -> OrderKey {
        OrderKey { store: self.store.clone(), order: self.order }
    }
}

/// A queue message that is not one of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadHint {
    /// Not JSON of the expected shape.
    #[error("not an order hint")]
    Shape,
    /// A version this code does not know.
    #[error("order hint of unknown version {0}")]
    Version(u8),
}

impl std::str::FromStr for Hint {
    type Err = BadHint;

    fn from_str(body: &str) -> Result<Self, BadHint> {
        #[derive(Deserialize)]
        struct Versioned {
            v: u8,
        }
        let Versioned { v } = serde_json::from_str(body).map_err(|_| BadHint::Shape)?;
        if v != HINT_VERSION {
            return Err(BadHint::Version(v));
        }
        serde_json::from_str(body).map_err(|_| BadHint::Shape)
    }
}

//! What people do about one order: try again, hold, skip, accept, book again,
//! adopt a document that somebody made by hand, release its stock. Each claims
//! the order as a worker does, so that nobody acts on it at the same time, and
//! ends in the transaction that records the new state with who and why.

mod adopt;
mod apply;
mod stock;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::hint::{Cause, Hint};
use crate::id::OrderKey;
use crate::outcome::CallError;
use crate::ports::{
    Claim, Clock, Connections, ErpConnections, Held, Ledger, LedgerError, Note, OrderQueue, ShopError,
    StockQueue, WriteOffs,
};
use crate::record::{OrderRecord, WaitReason};

pub use stock::{StockTaken, stock_taken};

/// The outside of the use case.
#[derive(Clone)]
pub struct Desk {
    /// The idempotency table.
    pub ledger: Arc<dyn Ledger>,
    /// Where an order that goes on is sent.
    pub queue: Arc<dyn OrderQueue>,
    /// The stores' configuration and shops.
    pub connections: Arc<dyn Connections>,
    /// The ERPs.
    pub erps: Arc<dyn ErpConnections>,
    /// Where stock is written off, and who is told.
    pub stock: Arc<dyn WriteOffs>,
    /// Where it is said which items moved.
    pub stock_queue: Arc<dyn StockQueue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How long a claim holds: as long as a worker's.
    pub lease: SignedDuration,
}

/// What a person can do about an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Let it go on: it is read and decided anew, whatever held it.
    Retry,
    /// Read both sides again although nothing holds it.
    Replay,
    /// Let nothing happen to it until somebody lets it go on.
    Hold,
    /// Nothing more is to be done for it.
    Skip,
    /// Its exception may stay as it is, until it changes.
    Accept,
    /// Its sales order is gone from the ERP: make it again.
    Rebook,
    /// What the shop took from its stock for it is for sale again.
    WriteOff,
    /// Somebody made its sales order by hand: this one.
    Adopt {
        /// What people call it in the ERP.
        number: String,
        /// Its payment is booked as well: ours is not to be.
        paid: bool,
    },
}

impl Action {
    /// The word in audits and addresses.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Replay => "replay",
            Self::Hold => "hold",
            Self::Skip => "skip",
            Self::Accept => "accept",
            Self::Rebook => "rebook",
            Self::WriteOff => "write_off",
            Self::Adopt { .. } => "adopt",
        }
    }
}

/// Who acts, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Their name, for the audit.
    pub who: String,
    /// Their words.
    pub why: String,
    /// The request's id; unique.
    pub correlation: String,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acted {
    /// One sentence.
    pub what: String,
    /// What people see of the order now.
    pub state: &'static str,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The ledger has no such order.
    #[error("Weir has never heard of this order")]
    Unknown,
    /// A worker has it at this moment.
    #[error("it is being worked on: try again in a moment")]
    Busy,
    /// It is not in a state in which that can be done.
    #[error("{0}")]
    NotPossible(String),
    /// The ledger could not be asked or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The shop or the ERP could not be asked.
    #[error("{0}")]
    Call(#[from] CallError),
}

impl From<ShopError> for DeskError {
    fn from(error: ShopError) -> Self {
        match error {
            ShopError::Call(error) => Self::Call(error),
            answer => Self::NotPossible(answer.to_string()),
        }
    }
}

impl Desk {
    /// Does something about an order.
    pub async fn act(&self, key: &OrderKey, action: &Action, by: &By) -> Result<Acted, DeskError> {
        // Looked at first without a claim: what cannot be done writes nothing.
        let known = self.ledger.record(key).await?.ok_or(DeskError::Unknown)?;
        apply::check(&known, action)?;
        let now = self.clock.now();
        let hint = Hint::of(key, Cause::Desk, now, &by.correlation);
        match self.ledger.claim(&hint, &by.correlation, now, self.lease).await? {
            Claim::Claimed(held) => self.on(*held, action, by).await,
            Claim::Busy | Claim::Answered => Err(DeskError::Busy),
        }
    }

    async fn on(&self, mut held: Held, action: &Action, by: &By) -> Result<Acted, DeskError> {
        held.record.correlation.clone_from(&by.correlation);
        let done = self.change(&mut held, action, by).await;
        if let Err(DeskError::Ledger(error)) = done {
            return Err(error.into());
        }
        let now = self.clock.now();
        if held.taken_over {
            // Our own end hides from the next worker that one did not finish:
            // it has to look, whatever this person did.
            held.record.crashes = held.record.crashes.saturating_add(1);
            if held.record.due_at().is_none() {
                held.record.wait(WaitReason::NewerHint, now);
            }
        }
        let (what, why) = match &done {
            Ok(_) => (action.as_str(), by.why.clone()),
            Err(error) => ("not_done", format!("{}: {error}", action.as_str())),
        };
        let record = self.ledger.complete(held, &note(now, by, what, why)).await?;
        let what = done?;
        self.send_on(&record, by).await;
        Ok(Acted { what, state: record.view() })
    }

    /// Changes the record; an error leaves it as it was, or says in it what may
    /// have happened.
    async fn change(&self, held: &mut Held, action: &Action, by: &By) -> Result<String, DeskError> {
        apply::check(&held.record, action)?;
        match action {
            Action::WriteOff => self.write_off(&held.record, by).await,
            Action::Adopt { number, paid } => self.adopt(held, by, number, *paid).await,
            _ => Ok(apply::apply(&mut held.record, action, by, self.clock.now())),
        }
    }

    /// What is due goes at once; should the queue not take it, the minute tick
    /// sends it.
    async fn send_on(&self, record: &OrderRecord, by: &By) {
        let now = self.clock.now();
        if record.due_at().is_some_and(|due_at| due_at <= now) {
            let hint = Hint::of(&record.key, Cause::Wake, now, &by.correlation);
            let _ = self.queue.send(&[hint]).await;
        }
    }
}

fn note(at: Timestamp, by: &By, what: &str, why: String) -> Note {
    Note { at, who: by.who.clone(), what: what.to_owned(), why }
}

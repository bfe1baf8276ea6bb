//! The use case of `order-push`: claim → read the order from the shop →
//! decide → act → complete. Every path ends in one transaction that records
//! what happened; nothing is acknowledged before it.

mod act;
mod deliveries;
mod exchange;
mod parcels;
pub mod preview;
mod refunds;
mod resolved;
mod returns;
mod session;
mod stock;
mod stop;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::circuit::Peer;
use crate::hint::{Cause, Hint};
use crate::outcome::{CallError, Rejection};
use crate::ports::{Claim, Clock, Connections, Held, Ledger, LedgerError, MappingStore, StoreDisabled};
pub use deliveries::SHOP_READ_LAG;
use session::Session;
pub use stock::StockOut;

/// What meets a busy order is put off for so long at most, in seconds: all
/// receives together outlive the longest lease.
pub const LONGEST_PUT_OFF_S: i64 = 300;

/// The outside of the use case.
#[derive(Clone)]
pub struct OrderPush {
    /// The idempotency table.
    pub ledger: Arc<dyn Ledger>,
    /// Mappings: people's, then the configuration's.
    pub mappings: Arc<dyn MappingStore>,
    /// Shops and ERPs.
    pub connections: Arc<dyn Connections>,
    /// Where the orders' effects on stock go; `None` where no store's stock is
    /// ours.
    pub stock: Option<StockOut>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How long a claim holds: longer than the function's time-out + the
    /// ERP's worst lateness + clock skew.
    pub lease: SignedDuration,
    /// The ledger was restored from a backup: every create looks first.
    pub amnesia: bool,
}

/// One delivery of a hint.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Unique to this delivery; a claim whose answer was lost is recognised
    /// by it.
    pub owner: String,
    /// How often the queue has delivered the message, this time included.
    pub receives: u32,
    /// When the function stops; no call is begun that could outlast it.
    pub deadline: Timestamp,
}

/// What to tell the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// What happened is on record; the message has done its work.
    Acknowledge(Summary),
    /// On record too, but the queue may bring the message back this soon.
    RetryAfter(SignedDuration, Summary),
}

/// What happened, for the one log line of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Stable, `snake_case`.
    pub what: &'static str,
    /// One sentence.
    pub why: String,
    /// The record's view afterwards; `None` where nothing was claimed.
    pub state: Option<&'static str>,
    /// From the first hint to the sales order, if it was completed now.
    pub latency: Option<SignedDuration>,
    /// The code, if it is an exception now.
    pub exception: Option<String>,
    /// The circuit that this delivery found or made open.
    pub open_circuit: Option<Peer>,
}

impl Summary {
    fn of_nothing(what: &'static str, why: &str) -> Self {
        let why = why.to_owned();
        Self { what, why, state: None, latency: None, exception: None, open_circuit: None }
    }
}

impl OrderPush {
    /// Works one hint off. An error means that the ledger could not be asked
    /// or written: nothing is on record, so the message must come back.
    pub async fn push(&self, hint: &Hint, delivery: &Delivery) -> Result<Pushed, LedgerError> {
        let now = self.clock.now();
        match self.ledger.claim(hint, &delivery.owner, now, self.lease).await? {
            // Nobody noted what the ERP said: it has to come back.
            Claim::Busy if hint.cause == Cause::Erp => {
                let summary = Summary::of_nothing("busy", "another delivery is at work");
                Ok(Pushed::RetryAfter(stop::backoff(5, delivery.receives, LONGEST_PUT_OFF_S), summary))
            }
            Claim::Busy => Ok(Pushed::Acknowledge(Summary::of_nothing(
                "noted",
                "another delivery is at work; it will look again",
            ))),
            Claim::Answered => {
                Ok(Pushed::Acknowledge(Summary::of_nothing("answered", "read after this hint was received")))
            }
            // On the heap: the future of all that can happen is large.
            Claim::Claimed(held) => Box::pin(self.work(hint, delivery, *held)).await,
        }
    }

    async fn work(&self, hint: &Hint, delivery: &Delivery, mut held: Held) -> Result<Pushed, LedgerError> {
        held.record.correlation.clone_from(&hint.correlation);
        held.record.deliveries_unread |= hint.cause == Cause::Erp;
        let mut session = Session::new(self, hint, delivery, held);
        match Box::pin(session.run()).await {
            Ok(done) => session.complete(done).await,
            Err(stop) => Box::pin(session.stop(stop)).await,
        }
    }
}

/// How a piece of work came to its end before it was done.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The record could not be written: nothing more may be done.
    Ledger(LedgerError),
    /// The store's configuration is not usable.
    StoreDisabled(StoreDisabled),
    /// The shop does not have the order.
    Gone,
    /// The circuit is open, and this delivery is not its probe.
    CircuitOpen(Peer, Timestamp),
    /// A call failed.
    Call(Peer, CallError),
    /// A person has to decide.
    Except(Reason),
    /// Too little time is left to begin the next call.
    OutOfTime,
}

impl From<LedgerError> for Stop {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// Code, subject and detail of an exception to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) code: String,
    pub(crate) subject: String,
    pub(crate) detail: String,
}

impl Reason {
    pub(crate) fn new(code: &str, subject: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { code: code.to_owned(), subject: subject.into(), detail: detail.into() }
    }

    pub(crate) fn of_refusal(peer: &Peer, rejection: Rejection) -> Self {
        let detail = format!("{peer} refused it: {}", rejection.detail);
        Self { code: rejection.code, subject: rejection.detail, detail }
    }
}

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

use crate::audit::{AuditEntry, Exchange};
use crate::circuit::{Circuit, Peer};
use crate::hint::Hint;
use crate::id::{OrderKey, RefundId, StoreId};
use crate::mapping::{MappingKey, Mappings};
use crate::record::OrderRecord;

/// Why the ledger did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// Somebody with a newer fencing token has the order: stop at once and
    /// write nothing.
    #[error("the claim was lost to a newer one")]
    Fenced,
    /// Throttled, unreachable, or in conflict: nothing was written that was
    /// not asked for, and the message may be tried again.
    #[error("the ledger is unavailable: {0}")]
    Unavailable(String),
    /// What is stored cannot be read by this code.
    #[error("the ledger holds something unreadable: {0}")]
    Corrupt(String),
    /// It fits into no key or no row, and never will.
    #[error("{0} is too long to be stored")]
    TooLong(String),
}

/// How a claim ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// The order is ours until the lease ends.
    Claimed(Box<Held>),
    /// Somebody is working on it. The hint was noted in the record, so that
    /// they, or the minute tick, look again: it may be acknowledged.
    Busy,
    /// The order is settled and was read after the hint was received.
    Answered,
}

/// A claimed order. Dropping it releases nothing: the lease does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The record as it was when claimed; a new one for an unknown order.
    pub record: OrderRecord,
    /// Every write carries it; a newer claim has a greater one.
    pub fence: u64,
    /// The previous holder never finished: whatever it began may have
    /// happened. Counted, so that an order that fells its workers is seen.
    pub taken_over: bool,
    /// What was asked of others since the last write: goes into its audit
    /// entry.
    pub calls: Vec<Exchange>,
}

/// What goes into the audit beside the record itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// A function's name, or a person's.
    pub who: String,
    /// Stable, `snake_case`.
    pub what: String,
    /// One sentence for people. Never names a customer.
    pub why: String,
}

/// An order that waits, or whose lease ran out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueOrder {
    /// Which.
    pub key: OrderKey,
    /// Since when it is due.
    pub due_at: Timestamp,
    /// The circuit it waits for, if it does.
    pub peer: Option<Peer>,
}

/// What was seen of an order, as far as the poll compares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenState {
    /// [`Seen::surely_until`](crate::record::Seen::surely_until).
    pub surely_until: Timestamp,
    /// The refunds that the order named when it was read, and those that are
    /// on record.
    pub refunds: BTreeSet<RefundId>,
}

impl SeenState {
    /// Of a record; `None` if its order was never read.
    pub fn of(record: &OrderRecord) -> Option<Self> {
        let seen = record.seen.as_ref()?;
        let refunds = seen.refunds.iter().chain(record.refunds.keys()).copied().collect();
        Some(Self { surely_until: seen.surely_until(), refunds })
    }
}

/// A circuit as stored, with the version its next write is conditional on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CircuitSlot {
    /// The circuit; closed if never written.
    pub circuit: Circuit,
    /// 0 if never written.
    pub version: u64,
}

/// The idempotency table: one record per order decides who may act.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Claims the order of a hint for `owner` until `now + lease`. The claim
    /// is granted if the order is unknown, free, or its lease has ended; the
    /// same owner may claim again (its answer was lost).
    ///
    /// While claimed, the order is due at the lease's end: should the holder
    /// vanish, the minute tick finds it.
    async fn claim(
        &self,
        hint: &Hint,
        owner: &str,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Claim, LedgerError>;

    /// Writes the record and its audit entry in one transaction and keeps the
    /// claim. `held.record.audit_seq` is advanced.
    async fn save(&self, held: &mut Held, note: &Note) -> Result<(), LedgerError>;

    /// Writes the record and its audit entry in one transaction and releases
    /// the claim. If a hint newer than the record's last read was noted
    /// meanwhile, and the record would not be looked at soon anyway, it is
    /// due at once instead ([`WaitReason::NewerHint`](crate::record::WaitReason::NewerHint)).
    async fn complete(&self, held: Held, note: &Note) -> Result<OrderRecord, LedgerError>;

    /// Reads a record, strongly consistent.
    async fn record(&self, key: &OrderKey) -> Result<Option<OrderRecord>, LedgerError>;

    /// The audit of an order, oldest first.
    async fn audit(&self, key: &OrderKey) -> Result<Vec<AuditEntry>, LedgerError>;

    /// What was seen of each order that was ever read; at most 100 keys.
    async fn seen(&self, keys: &[OrderKey]) -> Result<BTreeMap<OrderKey, SeenState>, LedgerError>;

    /// Orders of a store that are due, oldest first, at most `limit` and 1,000;
    /// only what comes `after` the last order of an earlier answer, if one is
    /// given.
    async fn due(
        &self,
        store: &StoreId,
        now: Timestamp,
        limit: usize,
        after: Option<&DueOrder>,
    ) -> Result<Vec<DueOrder>, LedgerError>;

    /// The state of a peer's circuit, strongly consistent.
    async fn circuit(&self, peer: &Peer) -> Result<CircuitSlot, LedgerError>;

    /// Replaces a circuit if it still has the version it was read with;
    /// `false` if somebody was faster.
    async fn set_circuit(&self, peer: &Peer, slot: &CircuitSlot) -> Result<bool, LedgerError>;
}

/// How far a schedule came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Everything before this is done; `None` at the first run.
    pub cursor: Option<String>,
    /// Every write of this run carries it.
    pub fence: u64,
}

/// Leases and checkpoints of scheduled work, so that runs never overlap
/// harmfully.
#[async_trait]
pub trait Schedules: Send + Sync {
    /// Starts a run of `job` (e.g. `poll/main`) unless another one's lease
    /// still holds: then `None`.
    async fn begin(
        &self,
        job: &str,
        owner: &str,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Option<Checkpoint>, LedgerError>;

    /// Moves the cursor, after the work before it is done. Fenced.
    async fn advance(&self, job: &str, checkpoint: &mut Checkpoint, cursor: &str) -> Result<(), LedgerError>;

    /// Ends the run: the next one need not wait for the lease. Fenced.
    async fn end(&self, job: &str, checkpoint: Checkpoint) -> Result<(), LedgerError>;
}

/// Mappings added by people; they win over the seeds of the configuration.
#[async_trait]
pub trait MappingStore: Send + Sync {
    /// The mappings that exist among `keys`.
    async fn mappings(&self, store: &StoreId, keys: &[MappingKey]) -> Result<Mappings, LedgerError>;

    /// Adds or replaces a mapping, with its audit entry, in one transaction.
    async fn set_mapping(
        &self,
        store: &StoreId,
        key: &MappingKey,
        target: &[String],
        note: &Note,
    ) -> Result<(), LedgerError>;
}

mod open;
mod operate;

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use weir_domain::audit::{AuditEntry, Exchange};
use weir_domain::circuit::Peer;
use weir_domain::hint::{Cause, Hint, SKEW};
use weir_domain::id::{OrderKey, StoreId};
use weir_domain::mapping::{MappingKey, Mappings};
use weir_domain::ports::{
    Checkpoint, CircuitSlot, Claim, DueOrder, Held, Ledger, LedgerError, MappingStore, Note, Schedules,
    SeenState,
};
use weir_domain::record::{Hold, OrderRecord, WaitReason};

use crate::fault::Faults;
use crate::lock;

/// As the real one: no answer is longer.
const LONGEST_PAGE: usize = 1_000;

/// What a ledger can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the methods of the ports")]
pub enum LedgerOp {
    Claim,
    Save,
    Complete,
    Record,
    Audit,
    Seen,
    Due,
    Circuit,
    SetCircuit,
    Begin,
    Advance,
    End,
    Mappings,
    SetMapping,
    Open,
    CountOpen,
    Records,
    Jobs,
    PutJob,
    Reports,
    PutReport,
    Actions,
    NoteAction,
    Troubles,
    NoteTrouble,
}

/// The idempotency table in memory. One lock makes every call atomic, as a
/// conditional write or a transaction does in the real one.
#[derive(Debug, Default)]
pub struct FakeLedger {
    /// What goes wrong.
    pub faults: Faults<LedgerOp, LedgerError>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    orders: BTreeMap<OrderKey, Row>,
    circuits: BTreeMap<Peer, CircuitSlot>,
    schedules: BTreeMap<String, Schedule>,
    mappings: BTreeMap<(StoreId, MappingKey), Vec<String>>,
    mapping_audit: Vec<(StoreId, MappingKey, Vec<String>, Note)>,
    operated: operate::Operated,
}

#[derive(Debug, Default)]
struct Schedule {
    fence: u64,
    owner: String,
    lease_until: Option<Timestamp>,
    cursor: Option<String>,
}

/// Everything about one order.
#[derive(Debug)]
struct Row {
    /// Claims granted so far.
    fence: u64,
    /// The claim that was completed last.
    finished_fence: u64,
    owner: String,
    /// `Some` while claimed.
    lease_until: Option<Timestamp>,
    heard_at: Timestamp,
    /// The newest hint noted while claimed.
    newest_hint: Option<Timestamp>,
    /// When the last read began, while nothing is due.
    answered_until: Option<Timestamp>,
    record: Option<OrderRecord>,
    audit: Vec<AuditEntry>,
}

impl FakeLedger {
    /// Every record, by key.
    pub fn records(&self) -> Vec<OrderRecord> {
        lock(&self.state).orders.values().filter_map(|row| row.record.clone()).collect()
    }

    /// The orders whose claim was not released, with the end of their lease.
    pub fn claims(&self) -> Vec<(OrderKey, Timestamp)> {
        let state = lock(&self.state);
        state.orders.iter().filter_map(|(key, row)| Some((key.clone(), row.lease_until?))).collect()
    }

    /// The audit of mappings, oldest first.
    pub fn mapping_audit(&self) -> Vec<(StoreId, MappingKey, Vec<String>, Note)> {
        lock(&self.state).mapping_audit.clone()
    }

    /// The row of a claim that is still the newest one.
    fn held<T>(
        &self,
        op: LedgerOp,
        held: &Held,
        effect: impl FnOnce(&mut Row) -> T,
    ) -> Result<T, LedgerError> {
        self.faults.strike(op, || {
            let mut state = lock(&self.state);
            match state.orders.get_mut(&held.record.key) {
                Some(row) if row.fence == held.fence && row.lease_until.is_some() => Ok(effect(row)),
                _ => Err(LedgerError::Fenced),
            }
        })
    }

    /// The schedule of a run that is still the newest one.
    fn running(
        &self,
        op: LedgerOp,
        job: &str,
        fence: u64,
        effect: impl FnOnce(&mut Schedule),
    ) -> Result<(), LedgerError> {
        self.faults.strike(op, || match lock(&self.state).schedules.get_mut(job) {
            Some(schedule) if schedule.fence == fence && schedule.lease_until.is_some() => {
                effect(schedule);
                Ok(())
            }
            _ => Err(LedgerError::Fenced),
        })
    }
}

/// Whether a read that began at `read_at` saw what a hint received at
/// `heard` was about.
fn answers(read_at: Timestamp, heard: Timestamp) -> bool {
    heard + SKEW < read_at
}

impl Row {
    fn new(heard_at: Timestamp) -> Self {
        Self {
            fence: 0,
            finished_fence: 0,
            owner: String::new(),
            lease_until: None,
            heard_at,
            newest_hint: None,
            answered_until: None,
            record: None,
            audit: Vec::new(),
        }
    }

    fn claim(&mut self, hint: &Hint, owner: &str, now: Timestamp, until: Timestamp) -> Claim {
        let running = self.lease_until.is_some_and(|end| end > now);
        if running && self.owner != owner {
            if carries_news(hint.cause) {
                self.newest_hint = self.newest_hint.max(Some(hint.received_at));
            }
            return Claim::Busy;
        }
        if self.has_answered(hint) {
            return Claim::Answered;
        }
        let taken_over = self.finished_fence < self.fence;
        self.fence += 1;
        owner.clone_into(&mut self.owner);
        self.lease_until = Some(until);
        self.answered_until = None;
        let new = || OrderRecord::new(hint.key(), self.heard_at, &hint.correlation);
        let record = self.record.clone().unwrap_or_else(new);
        Claim::Claimed(Box::new(Held { record, fence: self.fence, taken_over, calls: Vec::new() }))
    }

    fn has_answered(&self, hint: &Hint) -> bool {
        // What the ERP says no read of the shop answers.
        let settled = self.answered_until.filter(|_| !matches!(hint.cause, Cause::Erp | Cause::Desk));
        settled.is_some_and(|read_at| !carries_news(hint.cause) || answers(read_at, hint.received_at))
    }

    fn write(&mut self, mut record: OrderRecord, calls: &[Exchange], note: &Note) -> OrderRecord {
        record.audit_seq += 1;
        self.audit.push(AuditEntry {
            seq: record.audit_seq,
            at: note.at,
            who: note.who.clone(),
            what: note.what.clone(),
            why: note.why.clone(),
            correlation: record.correlation.clone(),
            calls: calls.to_vec(),
            record: record.clone(),
        });
        self.record = Some(record.clone());
        record
    }

    fn complete(&mut self, mut record: OrderRecord, calls: &[Exchange], note: &Note) -> OrderRecord {
        let read_at = record.seen.as_ref().map(|seen| seen.read_at);
        let unanswered = |heard| read_at.is_none_or(|read_at| !answers(read_at, heard));
        if self.newest_hint.is_some_and(unanswered) {
            look_again(&mut record, note.at);
        }
        self.newest_hint = None;
        self.lease_until = None;
        self.finished_fence = self.fence;
        self.answered_until = if record.due_at().is_some() { None } else { read_at };
        self.write(record, calls, note)
    }

    fn due(&self, key: &OrderKey) -> Option<DueOrder> {
        let hold = self.record.as_ref().map(|record| &record.hold);
        let (due_at, peer) = match (self.lease_until, hold) {
            (Some(end), _) => (end, None),
            (None, Some(Hold::Waiting { reason: WaitReason::CircuitOpen(peer), due_at, .. })) => {
                (*due_at, Some(peer.clone()))
            }
            (None, Some(Hold::Waiting { due_at, .. })) => (*due_at, None),
            (None, _) => return None,
        };
        Some(DueOrder { key: key.clone(), due_at, peer })
    }
}

/// A wake or a probe says only that the ledger has something due; what the ERP
/// says is not noted, and comes back.
fn carries_news(cause: Cause) -> bool {
    matches!(cause, Cause::Webhook | Cause::Poll | Cause::Sweep)
}

/// Something newer was heard than what was read: due at once, unless it is
/// looked at in time anyway, or a person holds it.
fn look_again(record: &mut OrderRecord, now: Timestamp) {
    match &record.hold {
        Hold::None | Hold::Exception(_) => record.wait(WaitReason::NewerHint, now),
        // The one wait that ends by what the shop does, maybe days before it is due.
        Hold::Waiting { reason: WaitReason::Payment, due_at, .. } if *due_at > now => {
            record.wait(WaitReason::NewerHint, now);
        }
        Hold::Waiting { .. } | Hold::Held { .. } | Hold::Skipped { .. } => {}
    }
}

#[async_trait]
impl Ledger for FakeLedger {
    async fn claim(
        &self,
        hint: &Hint,
        owner: &str,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Claim, LedgerError> {
        self.faults.strike(LedgerOp::Claim, || {
            let mut state = lock(&self.state);
            let row = state.orders.entry(hint.key()).or_insert_with(|| Row::new(hint.received_at));
            Ok(row.claim(hint, owner, now, now + lease))
        })
    }

    async fn save(&self, held: &mut Held, note: &Note) -> Result<(), LedgerError> {
        held.record =
            self.held(LedgerOp::Save, held, |row| row.write(held.record.clone(), &held.calls, note))?;
        held.calls.clear();
        Ok(())
    }

    async fn complete(&self, held: Held, note: &Note) -> Result<OrderRecord, LedgerError> {
        self.held(LedgerOp::Complete, &held, |row| row.complete(held.record.clone(), &held.calls, note))
    }

    async fn record(&self, key: &OrderKey) -> Result<Option<OrderRecord>, LedgerError> {
        self.faults.strike(LedgerOp::Record, || {
            Ok(lock(&self.state).orders.get(key).and_then(|row| row.record.clone()))
        })
    }

    async fn audit(&self, key: &OrderKey) -> Result<Vec<AuditEntry>, LedgerError> {
        self.faults.strike(LedgerOp::Audit, || {
            Ok(lock(&self.state).orders.get(key).map(|row| row.audit.clone()).unwrap_or_default())
        })
    }

    async fn seen(&self, keys: &[OrderKey]) -> Result<BTreeMap<OrderKey, SeenState>, LedgerError> {
        self.faults.strike(LedgerOp::Seen, || {
            let state = lock(&self.state);
            let seen = |key: &OrderKey| {
                let record = state.orders.get(key)?.record.as_ref()?;
                Some((key.clone(), SeenState::of(record)?))
            };
            Ok(keys.iter().filter_map(seen).collect())
        })
    }

    async fn due(
        &self,
        store: &StoreId,
        now: Timestamp,
        limit: usize,
        after: Option<&DueOrder>,
    ) -> Result<Vec<DueOrder>, LedgerError> {
        let position = |order: &DueOrder| (order.due_at, order.key.clone());
        let after = after.map(position);
        self.faults.strike(LedgerOp::Due, || {
            let state = lock(&self.state);
            let rows = state.orders.iter().filter(|(key, _)| key.store == *store);
            let comes = |order: &DueOrder| order.due_at <= now && Some(position(order)) > after;
            let mut due: Vec<DueOrder> = rows.filter_map(|(key, row)| row.due(key)).filter(comes).collect();
            due.sort_by_key(position);
            due.truncate(limit.min(LONGEST_PAGE));
            Ok(due)
        })
    }

    async fn circuit(&self, peer: &Peer) -> Result<CircuitSlot, LedgerError> {
        self.faults.strike(LedgerOp::Circuit, || {
            Ok(lock(&self.state).circuits.get(peer).cloned().unwrap_or_default())
        })
    }

    async fn set_circuit(&self, peer: &Peer, slot: &CircuitSlot) -> Result<bool, LedgerError> {
        self.faults.strike(LedgerOp::SetCircuit, || {
            let stored = &mut lock(&self.state).circuits;
            let stored = stored.entry(peer.clone()).or_default();
            let current = stored.version == slot.version;
            if current {
                *stored = CircuitSlot { circuit: slot.circuit.clone(), version: slot.version + 1 };
            }
            Ok(current)
        })
    }
}

#[async_trait]
impl Schedules for FakeLedger {
    async fn begin(
        &self,
        job: &str,
        owner: &str,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Option<Checkpoint>, LedgerError> {
        self.faults.strike(LedgerOp::Begin, || {
            let mut state = lock(&self.state);
            let schedule = state.schedules.entry(job.to_owned()).or_default();
            if schedule.owner != owner && schedule.lease_until.is_some_and(|end| end > now) {
                return Ok(None);
            }
            schedule.fence += 1;
            owner.clone_into(&mut schedule.owner);
            schedule.lease_until = Some(now + lease);
            Ok(Some(Checkpoint { cursor: schedule.cursor.clone(), fence: schedule.fence }))
        })
    }

    async fn advance(&self, job: &str, checkpoint: &mut Checkpoint, cursor: &str) -> Result<(), LedgerError> {
        self.running(LedgerOp::Advance, job, checkpoint.fence, |schedule| {
            schedule.cursor = Some(cursor.to_owned());
        })?;
        checkpoint.cursor = Some(cursor.to_owned());
        Ok(())
    }

    async fn end(&self, job: &str, checkpoint: Checkpoint) -> Result<(), LedgerError> {
        self.running(LedgerOp::End, job, checkpoint.fence, |schedule| schedule.lease_until = None)
    }
}

#[async_trait]
impl MappingStore for FakeLedger {
    async fn mappings(&self, store: &StoreId, keys: &[MappingKey]) -> Result<Mappings, LedgerError> {
        self.faults.strike(LedgerOp::Mappings, || {
            let state = lock(&self.state);
            let find = |key: &MappingKey| {
                let target = state.mappings.get(&(store.clone(), key.clone()))?;
                Some((key.clone(), target.clone()))
            };
            Ok(keys.iter().filter_map(find).collect())
        })
    }

    async fn set_mapping(
        &self,
        store: &StoreId,
        key: &MappingKey,
        target: &[String],
        note: &Note,
    ) -> Result<(), LedgerError> {
        self.faults.strike(LedgerOp::SetMapping, || {
            let mut state = lock(&self.state);
            state.mappings.insert((store.clone(), key.clone()), target.to_vec());
            state.mapping_audit.push((store.clone(), key.clone(), target.to_vec(), note.clone()));
            Ok(())
        })
    }
}

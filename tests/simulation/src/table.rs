//! The ledger on the stage (temporary: over the in-memory ledger).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use weir_domain::audit::AuditEntry;
use weir_domain::circuit::Peer;
use weir_domain::hint::Hint;
use weir_domain::id::{OrderKey, StoreId};
use weir_domain::mapping::{MappingKey, Mappings};
use weir_domain::ports::{
    Checkpoint, CircuitSlot, Claim, DueOrder, Held, Ledger, LedgerError, MappingStore, Note, Schedules,
};
use weir_domain::record::OrderRecord;
use weir_testkit::FakeLedger;

use crate::faults::FaultClass;
use crate::saboteurs::Saboteur;
use crate::stage::{Port, Stage, lock};

#[derive(Debug, Clone)]
pub struct SimTable(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    stage: Arc<Stage>,
    fake: FakeLedger,
    down: Mutex<Option<(Timestamp, Timestamp)>>,
}

impl SimTable {
    pub fn new(stage: &Arc<Stage>, _bug: Option<Saboteur>) -> Self {
        Self(Arc::new(Inner {
            stage: Arc::clone(stage),
            fake: FakeLedger::default(),
            down: Mutex::default(),
        }))
    }

    pub fn out_of_order(&self, from: Timestamp, length: SignedDuration) {
        *lock(&self.0.down) = Some((from, from + length));
    }

    pub fn texts(&self) -> Vec<String> {
        Vec::new()
    }

    async fn call<T>(
        &self,
        name: &str,
        call: impl Future<Output = Result<T, LedgerError>>,
    ) -> Result<T, LedgerError> {
        let fail = |class: FaultClass| LedgerError::Unavailable(format!("{class}"));
        self.0
            .stage
            .call(Port::Table, name, fail, || {
                let now = self.0.stage.now();
                let down = lock(&self.0.down).is_some_and(|(from, to)| from <= now && now < to);
                if down && crate::invocation::current().is_some() {
                    return Err(LedgerError::Unavailable("down".to_owned()));
                }
                call.now_or_never().unwrap_or(Err(LedgerError::Unavailable("never".to_owned())))
            })
            .await
    }
}

#[async_trait]
impl Ledger for SimTable {
    async fn claim(
        &self,
        hint: &Hint,
        owner: &str,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Claim, LedgerError> {
        self.call("claim", self.0.fake.claim(hint, owner, now, lease)).await
    }
    async fn save(&self, held: &mut Held, note: &Note) -> Result<(), LedgerError> {
        self.call("save", self.0.fake.save(held, note)).await
    }
    async fn complete(&self, held: Held, note: &Note) -> Result<OrderRecord, LedgerError> {
        self.call("complete", self.0.fake.complete(held, note)).await
    }
    async fn record(&self, key: &OrderKey) -> Result<Option<OrderRecord>, LedgerError> {
        self.call("record", self.0.fake.record(key)).await
    }
    async fn audit(&self, key: &OrderKey) -> Result<Vec<AuditEntry>, LedgerError> {
        self.call("audit", self.0.fake.audit(key)).await
    }
    async fn seen(&self, keys: &[OrderKey]) -> Result<BTreeMap<OrderKey, Timestamp>, LedgerError> {
        self.call("seen", self.0.fake.seen(keys)).await
    }
    async fn due(&self, store: &StoreId, now: Timestamp, limit: usize) -> Result<Vec<DueOrder>, LedgerError> {
        self.call("due", self.0.fake.due(store, now, limit)).await
    }
    async fn circuit(&self, peer: &Peer) -> Result<CircuitSlot, LedgerError> {
        self.call("circuit", self.0.fake.circuit(peer)).await
    }
    async fn set_circuit(&self, peer: &Peer, slot: &CircuitSlot) -> Result<bool, LedgerError> {
        self.call("set_circuit", self.0.fake.set_circuit(peer, slot)).await
    }
}

#[async_trait]
impl Schedules for SimTable {
    async fn begin(
        &self,
        job: &str,
        owner: &str,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Option<Checkpoint>, LedgerError> {
        self.call("begin", self.0.fake.begin(job, owner, now, lease)).await
    }
    async fn advance(&self, job: &str, checkpoint: &mut Checkpoint, cursor: &str) -> Result<(), LedgerError> {
        self.call("advance", self.0.fake.advance(job, checkpoint, cursor)).await
    }
    async fn end(&self, job: &str, checkpoint: Checkpoint) -> Result<(), LedgerError> {
        self.call("end", self.0.fake.end(job, checkpoint)).await
    }
}

#[async_trait]
impl MappingStore for SimTable {
    async fn mappings(&self, store: &StoreId, keys: &[MappingKey]) -> Result<Mappings, LedgerError> {
        self.call("mappings", self.0.fake.mappings(store, keys)).await
    }
    async fn set_mapping(
        &self,
        store: &StoreId,
        key: &MappingKey,
        target: &[String],
        note: &Note,
    ) -> Result<(), LedgerError> {
        self.call("set_mapping", self.0.fake.set_mapping(store, key, target, note)).await
    }
}

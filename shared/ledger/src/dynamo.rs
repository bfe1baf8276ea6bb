use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use jiff::{SignedDuration, Timestamp};
use weir_domain::audit::AuditEntry;
use weir_domain::circuit::Peer;
use weir_domain::hint::Hint;
use weir_domain::id::{OrderKey, StoreId};
use weir_domain::ports::{CircuitSlot, Claim, DueOrder, Held, Ledger, LedgerError, Note, SeenState};
use weir_domain::record::OrderRecord;

use crate::item::document;
use crate::key::{RECORD, order, primary};
use crate::rows::Rows;
use crate::table::{Service, Table};

/// The `ledger` table. It implements [`Ledger`],
/// [`Schedules`](weir_domain::ports::Schedules),
/// [`MappingStore`](weir_domain::ports::MappingStore),
/// [`ItemNames`](weir_domain::ports::ItemNames), and for people
/// [`OpenOrders`](weir_domain::ports::OpenOrders),
/// [`Jobs`](weir_domain::ports::Jobs),
/// [`Reports`](weir_domain::ports::Reports),
/// [`Actions`](weir_domain::ports::Actions) and
/// [`WebhookTroubles`](weir_domain::ports::WebhookTroubles).
#[derive(Debug, Clone)]
pub struct DynamoLedger {
    pub(crate) rows: Rows,
}

impl DynamoLedger {
    /// A ledger in `table`. The client's retries are the only ones towards
    /// the table: throttling is waited for there.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self::over(Arc::new(Service(client)), table)
    }

    /// A ledger in the table of this `name` behind another door.
    pub fn over(table: Arc<dyn Table>, name: impl Into<String>) -> Self {
        Self { rows: Rows { table, name: name.into() } }
    }
}

#[async_trait]
impl Ledger for DynamoLedger {
    async fn claim(
        &self,
        hint: &Hint,
        owner: &str,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Claim, LedgerError> {
        self.claim_order(hint, owner, now, lease).await
    }

    async fn save(&self, held: &mut Held, note: &Note) -> Result<(), LedgerError> {
        self.save_record(held, note).await
    }

    async fn complete(&self, held: Held, note: &Note) -> Result<OrderRecord, LedgerError> {
        self.complete_record(held, note).await
    }

    async fn record(&self, key: &OrderKey) -> Result<Option<OrderRecord>, LedgerError> {
        match self.rows.get(primary(order(key), RECORD)).await? {
            Some(item) => document(&item, "record"),
            None => Ok(None),
        }
    }

    async fn audit(&self, key: &OrderKey) -> Result<Vec<AuditEntry>, LedgerError> {
        self.query_audit(key).await
    }

    async fn seen(&self, keys: &[OrderKey]) -> Result<BTreeMap<OrderKey, SeenState>, LedgerError> {
        self.get_seen(keys).await
    }

    async fn due(
        &self,
        store: &StoreId,
        now: Timestamp,
        limit: usize,
        after: Option<&DueOrder>,
    ) -> Result<Vec<DueOrder>, LedgerError> {
        self.query_due(store, now, limit, after).await
    }

    async fn circuit(&self, peer: &Peer) -> Result<CircuitSlot, LedgerError> {
        self.get_circuit(peer).await
    }

    async fn set_circuit(&self, peer: &Peer, slot: &CircuitSlot) -> Result<bool, LedgerError> {
        self.put_circuit(peer, slot).await
    }
}

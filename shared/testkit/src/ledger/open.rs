//! The open work of the ledger in memory, as people look at it.

use std::collections::BTreeSet;

use async_trait::async_trait;
use weir_domain::id::{OrderKey, StoreId};
use weir_domain::ports::{LedgerError, OpenOrder, OpenOrders, OpenState};
use weir_domain::record::{Hold, OrderRecord, WaitReason};

use super::{FakeLedger, LONGEST_PAGE, LedgerOp, Row, State};
use crate::lock;

impl Row {
    /// Where it is in the index, if it is open work.
    fn open(&self, key: &OrderKey) -> Option<(OpenState, OpenOrder)> {
        if let Some(end) = self.lease_until {
            let claimed = OpenOrder { key: key.clone(), at: end, peer: None, code: None, subject: None };
            return Some((OpenState::Due, claimed));
        }
        let record = self.record.as_ref()?;
        let (state, at, peer) = match &record.hold {
            Hold::None | Hold::Skipped { .. } => return None,
            Hold::Exception(exception) if exception.accepted.is_some() => return None,
            Hold::Exception(exception) => (OpenState::Exception, exception.since, None),
            Hold::Held { .. } => (OpenState::Held, record.first_heard_at, None),
            Hold::Waiting { reason: WaitReason::CircuitOpen(peer), due_at, .. } => {
                (OpenState::Due, *due_at, Some(peer.clone()))
            }
            Hold::Waiting { due_at, .. } => (OpenState::Due, *due_at, None),
        };
        let exception = record.exception();
        let code = exception.map(|exception| exception.code.clone());
        let subject = exception.map(|exception| exception.subject.clone());
        Some((state, OpenOrder { key: key.clone(), at, peer, code, subject }))
    }
}

impl State {
    fn open(&self, store: &StoreId, state: OpenState) -> impl Iterator<Item = OpenOrder> {
        let rows = self.orders.iter().filter(move |(key, _)| key.store == *store);
        let open = rows.filter_map(|(key, row)| row.open(key));
        open.filter_map(move |(found, open)| (found == state).then_some(open))
    }
}

#[async_trait]
impl OpenOrders for FakeLedger {
    async fn open(
        &self,
        store: &StoreId,
        state: OpenState,
        after: Option<&OpenOrder>,
        limit: usize,
    ) -> Result<Vec<OpenOrder>, LedgerError> {
        let position = |order: &OpenOrder| (order.at, order.key.clone());
        let after = after.map(position);
        self.faults.strike(LedgerOp::Open, || {
            let known = lock(&self.state);
            let comes = |order: &OpenOrder| Some(position(order)) > after;
            let mut open: Vec<OpenOrder> = known.open(store, state).filter(comes).collect();
            open.sort_by_key(position);
            open.truncate(limit.min(LONGEST_PAGE));
            Ok(open)
        })
    }

    async fn count_open(
        &self,
        store: &StoreId,
        state: OpenState,
        at_most: usize,
    ) -> Result<usize, LedgerError> {
        self.faults
            .strike(LedgerOp::CountOpen, || Ok(lock(&self.state).open(store, state).take(at_most).count()))
    }

    async fn records(&self, keys: &[OrderKey]) -> Result<Vec<OrderRecord>, LedgerError> {
        self.faults.strike(LedgerOp::Records, || {
            let state = lock(&self.state);
            let mut wanted = keys.to_vec();
            // Each once, where it is named first.
            let mut seen = BTreeSet::new();
            wanted.retain(|key| seen.insert(key.clone()));
            Ok(wanted.iter().filter_map(|key| state.orders.get(key)?.record.clone()).collect())
        })
    }
}

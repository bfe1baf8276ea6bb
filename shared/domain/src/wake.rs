//! The minute tick: work parked in the ledger is sent again when it is due,
//! at a bounded rate; where a circuit is open, one order probes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::circuit::Peer;
use crate::hint::{Cause, Hint};
use crate::id::StoreId;
use crate::ports::{Clock, DueOrder, Ledger, LedgerError, OrderQueue, QueueError};

/// Pages of due orders that one tick reads behind those that are parked for
/// an open circuit. Parked orders stay the oldest for as long as the circuit
/// is open: without looking behind them they would keep from their turn those
/// that wait for another ERP.
const PAGES: usize = 10;
/// Orders on each page but the first, which is as long as the tick's limit.
const PAGE: usize = 1_000;

/// The outside of the use case.
#[derive(Clone)]
pub struct Wake {
    /// Where orders wait.
    pub ledger: Arc<dyn Ledger>,
    /// Where they go.
    pub queue: Arc<dyn OrderQueue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// At most so many orders per store and tick: a steady flow out.
    pub limit: usize,
}

/// Why a tick failed; what it had sent is sent.
#[derive(Debug, thiserror::Error)]
pub enum WakeError {
    /// The ledger could not be asked.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The queue did not take the hints: the orders stay due.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// What a tick did for a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Woken {
    /// Orders sent again.
    pub sent: usize,
    /// Of these, probes of open circuits.
    pub probes: usize,
    /// Orders that are due and wait for an open circuit.
    pub parked: usize,
}

impl Wake {
    /// Wakes what is due in one store.
    pub async fn tick(&self, store: &StoreId, correlation: &str) -> Result<Woken, WakeError> {
        let now = self.clock.now();
        let mut circuits = Circuits { ledger: &*self.ledger, probe_at: BTreeMap::new() };
        let mut woken = Woken::default();
        let mut hints = Vec::new();
        let mut size = self.limit.min(PAGE);
        let mut last: Option<DueOrder> = None;
        for _ in 0..PAGES {
            let page = self.ledger.due(store, now, size, last.as_ref()).await?;
            for order in &page {
                if hints.len() == self.limit {
                    break;
                }
                match circuits.admit(store, order, now).await? {
                    Some(cause) => {
                        woken.probes += usize::from(cause == Cause::Probe);
                        hints.push(Hint::of(&order.key, cause, now, correlation));
                    }
                    None => woken.parked += 1,
                }
            }
            if hints.len() == self.limit || page.len() < size {
                break;
            }
            size = PAGE;
            last = page.into_iter().next_back();
        }
        self.queue.send(&hints).await?;
        woken.sent = hints.len();
        Ok(woken)
    }
}

/// The circuits met in one tick: each is read once, and probed once.
struct Circuits<'a> {
    ledger: &'a dyn Ledger,
    /// `Some(t)`: open, and the next probe is due at `t`.
    probe_at: BTreeMap<Peer, Option<Timestamp>>,
}

impl Circuits<'_> {
    /// How an order may go: by itself, as a probe, or not now.
    async fn admit(
        &mut self,
        store: &StoreId,
        order: &DueOrder,
        now: Timestamp,
    ) -> Result<Option<Cause>, LedgerError> {
        let mut cause = Cause::Wake;
        // Everything passes the shop's circuit first.
        let shop = Peer::Store(store.clone());
        let other = order.peer.clone().filter(|peer| *peer != shop);
        for peer in std::iter::once(shop).chain(other) {
            match self.state(&peer).await? {
                None => {}
                Some(probe_at) if probe_at <= now => {
                    self.probe_at.insert(peer, Some(Timestamp::MAX));
                    cause = Cause::Probe;
                }
                Some(_) => return Ok(None),
            }
        }
        Ok(Some(cause))
    }

    async fn state(&mut self, peer: &Peer) -> Result<Option<Timestamp>, LedgerError> {
        if let Some(known) = self.probe_at.get(peer) {
            return Ok(*known);
        }
        let open = self.ledger.circuit(peer).await?.circuit.open.map(|open| open.probe_at);
        self.probe_at.insert(peer.clone(), open);
        Ok(open)
    }
}

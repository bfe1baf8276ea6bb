//! What happens every minute, store by store: one store's trouble is not
//! another's.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use url::Url;
use weir_domain::circuit::Peer;
use weir_domain::config::StoreConfig;
use weir_domain::id::StoreId;
use weir_domain::outcome::CallError;
use weir_domain::ports::{Clock, OrderQueue, StockQueue};
use weir_ledger::{DynamoLedger, DynamoStock};
use weir_runtime::mappings::SeededMappings;
use weir_runtime::telemetry::Metric;

use crate::connections::Peers;

/// Of the time that is left, the part in which pages may still be begun.
const WORKING_PART: (i32, i32) = (4, 5);
/// Of every schedule and claim of this function. Longer than its time-out: a
/// dead run's lease ends by itself.
pub(crate) const POLL_LEASE: SignedDuration = SignedDuration::from_secs(70);

pub(crate) struct Minute {
    pub(crate) peers: Arc<Peers>,
    pub(crate) ledger: Arc<DynamoLedger>,
    pub(crate) stock: Arc<DynamoStock>,
    pub(crate) mappings: Arc<SeededMappings<DynamoLedger>>,
    pub(crate) queue: Arc<dyn OrderQueue>,
    pub(crate) stock_queue: Arc<dyn StockQueue>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Where shops deliver to; `None`: their webhooks are people's.
    pub(crate) base_url: Option<Url>,
    /// From which hour of the day (UTC) the night's match may begin.
    pub(crate) hour: i8,
}

/// One invocation.
pub(crate) struct Invocation<'a> {
    /// Lambda's request id.
    pub(crate) id: &'a str,
    /// No page is begun after this.
    pub(crate) until: Timestamp,
}

/// Some stores could not be served this minute; each was logged.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {all} duties failed this minute")]
pub(crate) struct Incomplete {
    failed: usize,
    all: usize,
}

impl Minute {
    /// Waking comes first, for every store: it is what waiting orders rely on.
    /// The night's match takes what time is left.
    pub(crate) async fn run(&self, invocation: &str, deadline: Timestamp) -> Result<(), Incomplete> {
        let now = self.clock.now();
        let until = now + deadline.duration_since(now) * WORKING_PART.0 / WORKING_PART.1;
        let invocation = &Invocation { id: invocation, until };
        let mut stores: Vec<Arc<StoreConfig>> = self.peers.configuration.usable_stores().cloned().collect();
        // Each minute another store is the first, so that shops that hang do
        // not keep the same others waiting for ever.
        let minutes = usize::try_from(now.as_second() / 60).unwrap_or_default();
        let first = minutes % stores.len().max(1);
        stores.rotate_left(first);
        self.report_disabled();
        let mut done = Vec::new();
        for store in &stores {
            done.push(self.wake(store, invocation).await);
        }
        for store in &stores {
            done.push(self.poll(store, invocation).await);
        }
        for store in &stores {
            done.push(self.guard(store, invocation).await);
        }
        for store in &stores {
            done.push(self.jobs(store, invocation).await);
            done.push(self.open_work(store).await);
        }
        for (served, store) in stores.iter().enumerate() {
            let until = self.share(until, stores.len() - served);
            done.push(self.night(store, &Invocation { until, ..*invocation }).await);
        }
        let failed = done.iter().filter(|done| !**done).count();
        if failed == 0 { Ok(()) } else { Err(Incomplete { failed, all: done.len() }) }
    }

    /// Until when one of so many stores may work.
    fn share(&self, until: Timestamp, stores: usize) -> Timestamp {
        let now = self.clock.now();
        let left = until.duration_since(now).max(SignedDuration::ZERO);
        now + left / i32::try_from(stores.max(1)).unwrap_or(i32::MAX)
    }

    fn report_disabled(&self) {
        for (store, usable) in &self.peers.configuration.stores {
            if let Err(disabled) = usable {
                Metric::StoreDisabled { store }.record();
                tracing::error!(%store, why = %disabled, "this store is switched off by its configuration");
            }
        }
    }
}

/// Counts a shop that does not let us in.
pub(crate) fn count_if_blocked(store: &StoreId, error: &CallError) {
    if let CallError::Blocked { .. } = error {
        Metric::CircuitOpen { peer: &Peer::Store(store.clone()) }.record();
    }
}

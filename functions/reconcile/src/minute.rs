//! What happens every minute, store by store: one store's trouble is not
//! another's, also where a shop hangs and each call lasts until its time-out.

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
use crate::turns::{Times, side_by_side};

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

/// What came of a duty that asks the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Came {
    Well,
    /// The shop's trouble, not ours: it is left alone for this minute.
    NoAnswer,
    Failed,
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
        let times = Times::of(now, deadline);
        let by_day = &Invocation { id: invocation, until: times.day };
        let mut stores: Vec<Arc<StoreConfig>> = self.peers.configuration.usable_stores().cloned().collect();
        // Each minute another store is the first, so that shops that hang do
        // not keep the same others waiting for ever.
        let minutes = usize::try_from(now.as_second() / 60).unwrap_or_default();
        let first = minutes % stores.len().max(1);
        stores.rotate_left(first);
        self.report_disabled();
        let mut done = Vec::new();
        for store in &stores {
            done.push(self.wake(store, by_day).await);
        }
        let served = side_by_side(&stores, async |store| self.serve(store, by_day).await).await;
        let mut answering = Vec::new();
        for (store, (duties, answers)) in stores.iter().zip(served) {
            done.extend(duties);
            if answers {
                answering.push(store);
            }
        }
        for (before, store) in answering.iter().enumerate() {
            let until = self.share(times.until, answering.len() - before);
            done.push(self.night(store, &Invocation { id: invocation, until }).await);
        }
        let failed = done.iter().filter(|done| !**done).count();
        if failed == 0 { Ok(()) } else { Err(Incomplete { failed, all: done.len() }) }
    }

    /// The day's duties of one store, and whether its shop answers.
    async fn serve(&self, store: &StoreConfig, invocation: &Invocation<'_>) -> ([bool; 4], bool) {
        let is_time = || self.clock.now() < invocation.until;
        let polled = if is_time() { self.poll(store, invocation).await } else { Came::Well };
        let asks = polled != Came::NoAnswer && is_time();
        let guarded = if asks { self.guard(store, invocation).await } else { Came::Well };
        let answers = [polled, guarded].iter().all(|came| *came != Came::NoAnswer);
        let jobs = self.jobs(store, invocation, answers).await;
        let open_work = self.open_work(store).await;
        ([polled != Came::Failed, guarded != Came::Failed, jobs, open_work], answers)
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

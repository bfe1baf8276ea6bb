//! What happens every minute, store by store: one store's trouble is not
//! another's.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use weir_domain::circuit::Peer;
use weir_domain::config::StoreConfig;
use weir_domain::outcome::CallError;
use weir_domain::poll::{Poll, PollError, Polled, Run};
use weir_domain::ports::{Clock, OrderQueue, ShopError};
use weir_domain::wake::Wake;
use weir_ledger::DynamoLedger;
use weir_runtime::config::Configuration;
use weir_runtime::environment::Profile;
use weir_runtime::secrets::Secrets;
use weir_runtime::telemetry::Metric;
use weir_woocommerce::client::{ApiKey, ShopClient};

/// Orders woken per store and minute, at most: a steady flow out.
const WOKEN_PER_MINUTE: usize = 300;
/// Of the time that is left, the part in which pages may still be begun.
const WORKING_PART: (i32, i32) = (4, 5);
/// Longer than the function's time-out: a dead run's lease ends by itself.
const POLL_LEASE: SignedDuration = SignedDuration::from_secs(70);

pub(crate) struct Minute {
    pub(crate) configuration: Configuration,
    pub(crate) secrets: Secrets,
    pub(crate) ledger: Arc<DynamoLedger>,
    pub(crate) queue: Arc<dyn OrderQueue>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) profile: Profile,
}

/// Some stores could not be served this minute; each was logged.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {all} duties failed this minute")]
pub(crate) struct Incomplete {
    failed: usize,
    all: usize,
}

/// Whose trouble a failed poll is.
enum Failure {
    Shop(ShopError),
    Ours(String),
}

impl Minute {
    /// Waking comes first, for every store: it is what waiting orders rely on.
    pub(crate) async fn run(&self, invocation: &str, deadline: Timestamp) -> Result<(), Incomplete> {
        let now = self.clock.now();
        let until = now + deadline.duration_since(now) * WORKING_PART.0 / WORKING_PART.1;
        let mut stores: Vec<Arc<StoreConfig>> = self.configuration.usable_stores().cloned().collect();
        // Each minute another store is the first, so that shops that hang do
        // not keep the same others waiting for ever.
        let minutes = usize::try_from(now.as_second() / 60).unwrap_or_default();
        let first = minutes % stores.len().max(1);
        stores.rotate_left(first);
        self.report_disabled();
        let mut failed = 0;
        for store in &stores {
            failed += usize::from(!self.wake(store, invocation).await);
        }
        for store in &stores {
            failed += usize::from(!self.poll(store, invocation, until).await);
        }
        if failed == 0 { Ok(()) } else { Err(Incomplete { failed, all: 2 * stores.len() }) }
    }

    fn report_disabled(&self) {
        for (store, usable) in &self.configuration.stores {
            if let Err(disabled) = usable {
                Metric::StoreDisabled { store }.record();
                tracing::error!(%store, why = %disabled, "this store is switched off by its configuration");
            }
        }
    }

    async fn wake(&self, config: &StoreConfig, invocation: &str) -> bool {
        let store = &config.store;
        let wake = Wake {
            ledger: self.ledger.clone(),
            queue: Arc::clone(&self.queue),
            clock: Arc::clone(&self.clock),
            limit: WOKEN_PER_MINUTE,
        };
        match wake.tick(store, invocation).await {
            Ok(woken) => {
                if woken.sent + woken.parked > 0 {
                    tracing::info!(%store, sent = woken.sent, probes = woken.probes, parked = woken.parked, "woken");
                }
                Metric::Woken { store, orders: woken.sent }.record();
                Metric::Parked { store, orders: woken.parked }.record();
                true
            }
            Err(error) => {
                tracing::error!(%store, %error, "waking failed; what is due stays due");
                false
            }
        }
    }

    async fn poll(&self, config: &Arc<StoreConfig>, invocation: &str, until: Timestamp) -> bool {
        let store = &config.store;
        match self.polled(config, invocation, until).await {
            Ok(Polled { skipped: true, .. }) => true,
            Ok(polled) => {
                tracing::info!(%store, listed = polled.listed, found = polled.found, unfinished = polled.unfinished, "polled");
                Metric::FoundByPoll { store, orders: polled.found }.record();
                true
            }
            Err(Failure::Shop(error)) => {
                // The shop's trouble, not ours.
                if let ShopError::Call(CallError::Blocked { .. }) = &error {
                    Metric::CircuitOpen { peer: &Peer::Store(store.clone()) }.record();
                }
                tracing::error!(%store, %error, "the shop cannot be polled; the next poll starts from the last checkpoint");
                true
            }
            Err(Failure::Ours(error)) => {
                tracing::error!(%store, error, "the poll failed; the next one starts from the last checkpoint");
                false
            }
        }
    }

    async fn polled(
        &self,
        config: &Arc<StoreConfig>,
        invocation: &str,
        until: Timestamp,
    ) -> Result<Polled, Failure> {
        let secrets =
            self.secrets.of_store(config).await.map_err(|error| Failure::Ours(error.to_string()))?;
        let key = ApiKey {
            consumer_key: secrets.consumer_key.clone(),
            consumer_secret: secrets.consumer_secret.clone(),
        };
        let shop = ShopClient::new(Arc::clone(config), key, Arc::clone(&self.clock), self.profile.is_local())
            .map_err(|error| Failure::Ours(error.to_string()))?;
        let poll = Poll {
            ledger: self.ledger.clone(),
            schedules: self.ledger.clone(),
            queue: Arc::clone(&self.queue),
            clock: Arc::clone(&self.clock),
        };
        let run = Run { config, shop: &shop, owner: invocation, until, lease: POLL_LEASE };
        poll.run(&run).await.map_err(|error| match error {
            PollError::Shop(error) => Failure::Shop(error),
            error => Failure::Ours(error.to_string()),
        })
    }
}

//! What people, and the guard of webhooks, began is carried on.

use std::sync::Arc;

use weir_domain::backfill::{BackfillError, BackfillRun, Backfills, Carried};
use weir_domain::config::StoreConfig;
use weir_domain::desk::Desk;
use weir_domain::release::{ReleaseRun, Releases};
use weir_runtime::telemetry::Metric;

use crate::minute::{Invocation, Minute, POLL_LEASE, count_if_blocked};

impl Minute {
    /// A backfill is of no use where the shop did not answer a moment ago.
    pub(crate) async fn jobs(
        &self,
        config: &StoreConfig,
        invocation: &Invocation<'_>,
        answers: bool,
    ) -> bool {
        let backfilled = !answers || self.backfill(config, invocation).await;
        self.release(config, invocation).await && backfilled
    }

    async fn backfill(&self, config: &StoreConfig, invocation: &Invocation<'_>) -> bool {
        let store = &config.store;
        match self.backfilled(config, invocation).await {
            Ok(carried) => {
                let orders = usize::try_from(carried.sent).unwrap_or(usize::MAX);
                Metric::BackfillSent { store, orders }.record();
                say(config, "backfill", carried);
                true
            }
            Err(BackfillError::Shop(error)) => {
                count_if_blocked(store, &error);
                tracing::error!(%store, %error, "the shop's history cannot be read; the backfill goes on in a minute");
                true
            }
            Err(error) => {
                tracing::error!(%store, %error, "a backfill failed; it goes on from its cursor");
                false
            }
        }
    }

    async fn backfilled(
        &self,
        config: &StoreConfig,
        invocation: &Invocation<'_>,
    ) -> Result<Carried, BackfillError> {
        let shop = self.peers.shops.get(&config.store).await?;
        let backfills = Backfills {
            jobs: self.ledger.clone(),
            queue: Arc::clone(&self.queue),
            clock: Arc::clone(&self.clock),
        };
        let run = BackfillRun {
            store: &config.store,
            history: &*shop.history,
            shop: &*shop.orders,
            owner: invocation.id,
            until: invocation.until,
        };
        backfills.tick(&run).await
    }

    async fn release(&self, config: &StoreConfig, invocation: &Invocation<'_>) -> bool {
        let store = &config.store;
        let releases = Releases {
            jobs: self.ledger.clone(),
            open: self.ledger.clone(),
            desk: self.desk(),
            clock: Arc::clone(&self.clock),
        };
        let run = ReleaseRun { store, owner: invocation.id, until: invocation.until };
        match releases.tick(&run).await {
            Ok(carried) => {
                let orders = usize::try_from(carried.sent).unwrap_or(usize::MAX);
                Metric::Released { store, orders }.record();
                say(config, "release", carried);
                true
            }
            Err(error) => {
                tracing::error!(%store, %error, "a release failed; it goes on in a minute");
                false
            }
        }
    }

    fn desk(&self) -> Desk {
        Desk {
            ledger: self.ledger.clone(),
            queue: Arc::clone(&self.queue),
            connections: self.peers.clone(),
            erps: self.peers.clone(),
            stock: self.stock.clone(),
            stock_queue: Arc::clone(&self.stock_queue),
            clock: Arc::clone(&self.clock),
            lease: POLL_LEASE,
        }
    }
}

fn say(config: &StoreConfig, kind: &str, carried: Carried) {
    if carried.jobs > 0 {
        let (store, Carried { jobs, sent, done }) = (&config.store, carried);
        tracing::info!(%store, kind, jobs, sent, done, "jobs carried on");
    }
}

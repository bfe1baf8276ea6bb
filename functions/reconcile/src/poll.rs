//! What hints lost is found.

use std::sync::Arc;

use weir_domain::config::StoreConfig;
use weir_domain::poll::{Poll, PollError, Polled, Run};
use weir_domain::ports::ShopError;
use weir_runtime::telemetry::Metric;

use crate::minute::{Came, Invocation, Minute, POLL_LEASE, count_if_blocked};

impl Minute {
    pub(crate) async fn poll(&self, config: &StoreConfig, invocation: &Invocation<'_>) -> Came {
        let store = &config.store;
        match self.polled(config, invocation).await {
            Ok(Polled { skipped: true, .. }) => Came::Well,
            Ok(polled) => {
                tracing::info!(
                    %store,
                    listed = polled.listed,
                    found = polled.found,
                    refunds = polled.found_refunds,
                    unfinished = polled.unfinished,
                    "polled"
                );
                Metric::FoundByPoll { store, orders: polled.found }.record();
                Metric::RefundsFoundByPoll { store, refunds: polled.found_refunds }.record();
                Came::Well
            }
            Err(PollError::Shop(error)) => {
                if let ShopError::Call(error) = &error {
                    count_if_blocked(store, error);
                }
                tracing::error!(%store, %error, "the shop cannot be polled; the next poll starts from the last checkpoint");
                Came::NoAnswer
            }
            Err(error) => {
                tracing::error!(%store, %error, "the poll failed; the next one starts from the last checkpoint");
                Came::Failed
            }
        }
    }

    async fn polled(&self, config: &StoreConfig, invocation: &Invocation<'_>) -> Result<Polled, PollError> {
        let shop = self.peers.shops.get(&config.store).await?;
        let poll = Poll {
            ledger: self.ledger.clone(),
            schedules: self.ledger.clone(),
            queue: Arc::clone(&self.queue),
            clock: Arc::clone(&self.clock),
        };
        let run = Run {
            config,
            shop: &*shop.orders,
            owner: invocation.id,
            until: invocation.until,
            lease: POLL_LEASE,
        };
        poll.run(&run).await
    }
}

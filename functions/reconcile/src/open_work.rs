//! How much waits for people, and how long the oldest order waits.

use jiff::SignedDuration;
use weir_domain::config::StoreConfig;
use weir_domain::ports::{LedgerError, OpenOrders, OpenState};
use weir_runtime::telemetry::Metric;

use crate::minute::Minute;

/// More exceptions are not counted each minute.
const COUNTED: usize = 1_000;

impl Minute {
    pub(crate) async fn open_work(&self, config: &StoreConfig) -> bool {
        let store = &config.store;
        match self.measured(config).await {
            Ok((orders, age)) => {
                Metric::ExceptionsOpen { store, orders }.record();
                if let Some(age) = age {
                    Metric::OldestWaiting { store, age }.record();
                }
                true
            }
            Err(error) => {
                tracing::error!(%store, %error, "the open work could not be counted");
                false
            }
        }
    }

    /// Exceptions, and for how long the order has been due that has been due
    /// longest.
    async fn measured(&self, config: &StoreConfig) -> Result<(usize, Option<SignedDuration>), LedgerError> {
        let open: &dyn OpenOrders = &*self.ledger;
        let exceptions = open.count_open(&config.store, OpenState::Exception, COUNTED).await?;
        let oldest = open.open(&config.store, OpenState::Due, None, 1).await?;
        let now = self.clock.now();
        let age = oldest.first().filter(|order| order.at <= now).map(|order| now.duration_since(order.at));
        Ok((exceptions, age))
    }
}

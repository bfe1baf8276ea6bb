//! What is due goes out again.

use std::sync::Arc;

use weir_domain::config::StoreConfig;
use weir_domain::wake::Wake;
use weir_runtime::telemetry::Metric;

use crate::minute::{Invocation, Minute};

/// Orders woken per store and minute, at most: a steady flow out.
const WOKEN_PER_MINUTE: usize = 300;

impl Minute {
    pub(crate) async fn wake(&self, config: &StoreConfig, invocation: &Invocation<'_>) -> bool {
        let store = &config.store;
        let wake = Wake {
            ledger: self.ledger.clone(),
            queue: Arc::clone(&self.queue),
            clock: Arc::clone(&self.clock),
            limit: WOKEN_PER_MINUTE,
        };
        match wake.tick(store, invocation.id).await {
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
}

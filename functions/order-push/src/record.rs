//! One record of a batch: the use case, one log line, the metrics.

use jiff::SignedDuration;
use tracing::Instrument;
use weir_domain::hint::Hint;
use weir_domain::push::{Delivery, OrderPush, Pushed, SHOP_READ_LAG, Summary};
use weir_runtime::batch::{Record, Verdict, table_wait};
use weir_runtime::config::Configuration;
use weir_runtime::telemetry::{Metric, order_span};

/// The time-out in the template of the functions that work on orders, and a
/// margin for clocks.
const TIME_OUT_AND_SKEW: SignedDuration = SignedDuration::from_secs(60 + 10);

/// How long a claim holds: longer than a function can run and the slowest ERP,
/// or the slowest shop that is told of parcels and returns, can still commit
/// and hide what it committed.
pub fn lease(configuration: &Configuration) -> SignedDuration {
    let erps = configuration.erps.values().map(|erp| SignedDuration::from_secs(erp.longest_request_s.into()));
    let told = configuration.usable_stores().filter_map(|store| store.fulfilment.as_ref());
    let shops = told.map(|told| told.longest_request() + SHOP_READ_LAG);
    TIME_OUT_AND_SKEW + erps.chain(shops).max().unwrap_or_default()
}

/// Works one record off, and says in one log line and the metrics what came of
/// it. `invocation` is Lambda's request id.
pub async fn work(push: &OrderPush, record: Record<Hint>, invocation: &str) -> Verdict {
    let hint = &record.message;
    let delivery = Delivery {
        owner: format!("{invocation}/{}", record.message_id),
        receives: record.receives,
        deadline: record.deadline,
    };
    async {
        match push.push(hint, &delivery).await {
            Ok(Pushed::Acknowledge(summary)) => {
                report(hint, &summary);
                Verdict::Ack
            }
            Ok(Pushed::RetryAfter(after, summary)) => {
                report(hint, &summary);
                Verdict::RetryAfter(after)
            }
            Err(error) => {
                tracing::error!(%error, "nothing is on record; the message comes back");
                Verdict::RetryAfter(table_wait(delivery.receives))
            }
        }
    }
    .instrument(order_span(hint))
    .await
}

fn report(hint: &Hint, summary: &Summary) {
    let store = &hint.store;
    let latency_ms = summary.latency.map(|latency| latency.as_millis());
    tracing::info!(
        what = summary.what,
        why = summary.why,
        state = summary.state,
        exception = summary.exception,
        latency_ms,
        "order worked on"
    );
    if let Some(latency) = summary.latency {
        Metric::OrderLatency { store, latency }.record();
    }
    if let Some(code) = &summary.exception
        && summary.what == "excepted"
    {
        Metric::Exception { store, code }.record();
    }
    if summary.what == "parked" {
        Metric::Parked { store, orders: 1 }.record();
    }
    if let Some(peer) = &summary.open_circuit {
        Metric::CircuitOpen { peer }.record();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;
    use weir_domain::config::{ErpConfig, FulfilmentConfig};
    use weir_runtime::config::Disabled;
    use weir_testkit::sample;

    use super::*;

    /// An ERP, and a store that is told of parcels, which may be as late.
    fn configuration(erp_s: u64, shop_s: Option<u32>) -> Configuration {
        let erp: ErpConfig = serde_json::from_value(json!({
            "erp": "books", "kind": "tryton", "url": "https://erp.example.com/", "secret": "weir/erp/books",
            "longest_request_s": erp_s, "database": "d", "company": 1, "warehouse": 1,
            "web_shops": {}, "taxes": {}, "rounding": {"item": "R", "tax_unit": {}},
        }))
        .unwrap();
        let mut store = sample::store_config("main", "books");
        let told = |longest_request_s| FulfilmentConfig { longest_request_s, ..FulfilmentConfig::default() };
        store.fulfilment = shop_s.map(told);
        let mut configuration = Configuration::default();
        configuration.erps.insert(erp.erp.clone(), erp);
        configuration.stores.insert(store.store.clone(), Ok(Arc::new(store)));
        configuration.stores.insert("wrong".parse().unwrap(), Err(Disabled(Vec::new())));
        configuration
    }

    #[test]
    fn a_lease_outlives_the_slowest_erp_and_the_slowest_shop() {
        let lease_s = |erp_s, shop_s| lease(&configuration(erp_s, shop_s)).as_secs();
        assert_eq!(lease_s(120, None), 190);
        assert_eq!(lease_s(120, Some(60)), 190);
        assert_eq!(lease_s(60, Some(300)), 430);
        assert_eq!(lease(&Configuration::default()).as_secs(), 70);
    }
}

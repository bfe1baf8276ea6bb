//! One record of a batch: the use case, one log line, the metrics.

use jiff::SignedDuration;
use tracing::Instrument;
use weir_domain::hint::Hint;
use weir_domain::push::{Delivery, OrderPush, Pushed, Summary};
use weir_runtime::batch::{Record, Verdict, table_wait};
use weir_runtime::config::Configuration;
use weir_runtime::telemetry::{Metric, order_span};

/// The function's time-out in the template, and a margin for clocks.
const TIME_OUT_AND_SKEW: SignedDuration = SignedDuration::from_secs(60 + 10);

/// How long a claim holds: longer than this function can run and the slowest
/// ERP can still commit.
pub fn lease(configuration: &Configuration) -> SignedDuration {
    let slowest = configuration.erps.values().map(|erp| erp.longest_request_s).max().unwrap_or_default();
    TIME_OUT_AND_SKEW + SignedDuration::from_secs(slowest.into())
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
    if summary.exception.is_some() && summary.what == "excepted" {
        Metric::Exception { store }.record();
    }
    if summary.what == "parked" {
        Metric::Parked { store, orders: 1 }.record();
    }
    if let Some(peer) = &summary.open_circuit {
        Metric::CircuitOpen { peer }.record();
    }
}

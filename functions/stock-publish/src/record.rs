//! One record of a batch: the use case, one log line, the metrics.

use jiff::SignedDuration;
use tracing::Instrument;
use weir_domain::stock::StockMoved;
use weir_domain::stock::publish::{Publish, Published, StockDelivery, StockSummary};
use weir_runtime::batch::{Record, Verdict, table_wait};
use weir_runtime::telemetry::Metric;

/// Works one record off, and says in one log line and the metrics what came of
/// it.
pub async fn work(publish: &Publish, record: Record<StockMoved>) -> Verdict {
    let message = &record.message;
    let delivery = StockDelivery { receives: record.receives, deadline: record.deadline };
    let span = tracing::info_span!(
        "stock",
        correlation = message.correlation,
        entity = %message.entity,
        cause = ?message.cause,
        items = message.skus.len()
    );
    async {
        match publish.work(message, &delivery).await {
            Ok(Published::Acknowledge(summary)) => {
                report(&summary, lag(publish, message));
                Verdict::Ack
            }
            Ok(Published::RetryAfter(after, summary)) => {
                report(&summary, lag(publish, message));
                Verdict::RetryAfter(after)
            }
            Err(error) => {
                tracing::error!(%error, "a table cannot be used; the message comes back");
                Verdict::RetryAfter(table_wait(delivery.receives))
            }
        }
    }
    .instrument(span)
    .await
}

/// From when we heard of it until now.
fn lag(publish: &Publish, message: &StockMoved) -> SignedDuration {
    publish.clock.now().duration_since(message.received_at)
}

fn report(summary: &StockSummary, lag: SignedDuration) {
    let totals = Totals::of(summary);
    tracing::info!(
        refreshed = summary.refreshed,
        stores = summary.stores.len(),
        written = totals.written,
        kept = totals.kept,
        waiting = totals.waiting,
        sent_on = summary.sent_on,
        exceptions = totals.exceptions,
        reads = totals.reads,
        writes = totals.writes,
        why = summary.why,
        lag_ms = lag.as_millis(),
        "stock published"
    );
    if !summary.too_long.is_empty() {
        tracing::error!(items = ?summary.too_long, "stock too long to be stored");
    }
    for (store, of_store) in &summary.stores {
        Metric::StockWritten { store, items: of_store.written }.record();
        Metric::StockWaiting { store, items: of_store.waiting }.record();
        Metric::StockExceptions { store, items: of_store.exceptions.values().sum() }.record();
        Metric::ShopRequests { store, reads: of_store.reads, writes: of_store.writes }.record();
        if of_store.written > 0 {
            Metric::StockLag { store, lag }.record();
        }
    }
}

/// Of all stores, for the log line.
#[derive(Debug, Default, PartialEq, Eq)]
struct Totals {
    written: usize,
    kept: usize,
    waiting: usize,
    reads: usize,
    writes: usize,
    /// `main: sku_twice 2, …`; `None` if there are none.
    exceptions: Option<String>,
}

impl Totals {
    fn of(summary: &StockSummary) -> Self {
        let mut totals = Self::default();
        let mut exceptions = Vec::new();
        for (store, of_store) in &summary.stores {
            totals.written += of_store.written;
            totals.kept += of_store.kept;
            totals.waiting += of_store.waiting;
            totals.reads += of_store.reads;
            totals.writes += of_store.writes;
            exceptions
                .extend(of_store.exceptions.iter().map(|(code, items)| format!("{store}: {code} {items}")));
        }
        totals.exceptions = Some(exceptions.join(", ")).filter(|text| !text.is_empty());
        totals
    }
}

#[cfg(test)]
mod tests {
    use weir_domain::stock::publish::StoreSummary;

    use super::*;

    #[test]
    fn the_line_adds_up_the_stores_and_names_what_people_have_to_look_at() {
        let store = |written, exceptions: &[(&str, usize)]| StoreSummary {
            written,
            kept: 10,
            waiting: 1,
            writes: 2,
            reads: 3,
            exceptions: exceptions.iter().map(|(code, items)| ((*code).to_owned(), *items)).collect(),
        };
        let stores = [
            ("main".parse().unwrap(), store(4, &[("product_gone", 1), ("sku_twice", 2)])),
            ("outlet".parse().unwrap(), store(0, &[("sku_twice", 1)])),
        ];
        let summary = StockSummary { refreshed: 5, stores: stores.into(), ..StockSummary::default() };
        let expected = Totals {
            written: 4,
            kept: 20,
            waiting: 2,
            reads: 6,
            writes: 4,
            exceptions: Some("main: product_gone 1, main: sku_twice 2, outlet: sku_twice 1".to_owned()),
        };
        assert_eq!(Totals::of(&summary), expected);
        assert_eq!(Totals::of(&StockSummary::default()), Totals::default());
    }
}

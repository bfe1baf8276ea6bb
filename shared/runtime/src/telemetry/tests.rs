use std::sync::{Arc, Mutex};

use serde_json::Value;
use tracing::Instrument;
use weir_domain::hint::Cause;
use weir_domain::id::OrderId;

use super::*;

/// Where the lines of a test go.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn subscriber(&self, level: Level) -> impl Subscriber + Send + Sync {
        self.subscriber_of("reconcile", level)
    }

    fn subscriber_of(&self, function: &str, level: Level) -> impl Subscriber + Send + Sync {
        let lines = self.clone();
        subscriber(function, level, move || lines.clone())
    }

    fn read(&self) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn hint() -> Hint {
    Hint {
        v: 1,
        store: "main".parse().unwrap(),
        order: OrderId(4711),
        received_at: jiff::Timestamp::UNIX_EPOCH,
        cause: Cause::Webhook,
        correlation: "c-1".into(),
    }
}

#[test]
fn a_line_carries_the_fields_of_all_its_spans() {
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.subscriber(Level::INFO), || {
        let _order = order_span(&hint()).entered();
        let _inner = tracing::info_span!("call", erp = "books", attempt = 2).entered();
        tracing::info!(duration_ms = 12_u64, ok = true, attempt = 3, "sales order {} confirmed", 9);
    });
    let [line] = <[Value; 1]>::try_from(lines.read()).unwrap();
    for (field, expected) in [
        ("correlation", Value::from("c-1")),
        ("store", "main".into()),
        ("order", 4711.into()),
        ("cause", "Webhook".into()),
        ("erp", "books".into()),
        ("attempt", 3.into()),
        ("duration_ms", 12.into()),
        ("ok", true.into()),
        ("level", "INFO".into()),
        ("message", "sales order 9 confirmed".into()),
    ] {
        assert_eq!(line[field], expected, "{field} of {line}");
    }
    let timestamp = line["timestamp"].as_str().unwrap();
    assert!(timestamp.ends_with('Z') && timestamp.parse::<jiff::Timestamp>().is_ok(), "{timestamp}");
}

#[test]
fn libraries_say_no_more_than_warnings_whatever_the_level() {
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.subscriber(Level::TRACE), || {
        tracing::trace!("ours");
        tracing::debug!(target: "reconcile", "the function's");
        tracing::debug!(target: "hyper::client", "Authorization: Basic canary");
        tracing::info!(target: "aws_smithy_runtime", "canary");
        tracing::warn!(target: "hyper::client", "a warning");
    });
    let messages: Vec<String> =
        lines.read().iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect();
    assert_eq!(messages, ["ours", "the function's", "a warning"]);
}

#[test]
fn the_worker_of_orders_is_heard_in_either_function() {
    for function in ["order-push", "fulfilment"] {
        let lines = Lines::default();
        tracing::subscriber::with_default(lines.subscriber_of(function, Level::INFO), || {
            tracing::info!(target: "order_push::record", "order worked on");
            tracing::debug!(target: "order_push::record", "quiet");
            tracing::info!(target: "stock_publish::record", "another's");
        });
        let said: Vec<_> = lines.read().iter().map(|line| line["message"].clone()).collect();
        assert_eq!(said, ["order worked on"], "{function}");
    }
}

#[test]
fn the_level_is_the_least_that_is_logged() {
    let lines = Lines::default();
    tracing::subscriber::with_default(lines.subscriber(Level::WARN), || {
        tracing::info!("quiet");
        tracing::error!("loud");
    });
    assert_eq!(lines.read().len(), 1);
}

#[tokio::test]
async fn correlation_follows_a_future() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.subscriber(Level::INFO));
    async {
        tokio::task::yield_now().await;
        tracing::info!("later");
    }
    .instrument(order_span(&hint()))
    .await;
    assert_eq!(lines.read()[0]["correlation"], "c-1");
}

#[tokio::test]
async fn a_panic_is_contained_and_its_text_kept_out() {
    let lines = Lines::default();
    let _guard = tracing::subscriber::set_default(lines.subscriber(Level::TRACE));
    let before = std::panic::take_hook();
    panics::log_without_text();
    let panicked = contain(async {
        tokio::task::yield_now().await;
        panic!("no such thing in 'Ada Canary'");
    })
    .await;
    std::panic::set_hook(before);
    assert_eq!(panicked, Err::<(), _>(Panicked));
    assert_eq!(contain(async { 7 }).await, Ok(7));

    let mine = lines.read();
    assert_eq!(mine.len(), 1, "{mine:?}");
    assert!(mine[0]["panic.place"].as_str().unwrap().contains("telemetry/tests.rs"), "{mine:?}");
    assert!(!mine[0].to_string().contains("Canary"));
}

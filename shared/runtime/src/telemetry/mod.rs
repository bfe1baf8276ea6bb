//! What a function tells the outside: JSON lines and metrics, both on
//! standard output.
//!
//! # Never logged
//! At no level, in no field, and in no error text:
//!
//! - secrets: consumer keys, webhook secrets, API keys, `Authorization`
//!   headers, signatures;
//! - personal data: names, mail and postal addresses, phone numbers, VAT ids,
//!   IP addresses, what a customer wrote, and anything else that the domain
//!   holds as `Personal`;
//! - bodies: webhook deliveries, queue messages, requests to and answers from
//!   shops and ERPs, whole or in part; nor the texts of panics and of parsers,
//!   which quote them.
//!
//! Logged freely: ids of stores, orders, ERPs, documents and messages,
//! states, codes, counts, durations, and SKUs where an exception is about one.
//!
//! # Correlation
//! [`order_span`] puts `correlation`, `store` and `order` on every line
//! within it; `correlation` is one id from the webhook to the ERP.

mod counted;
mod counted_shop;
mod lines;
mod metric;
mod panics;
mod record;

use std::io::{self, Write};

use metrics_cloudwatch_embedded::{Builder, Collector};
use tracing::{Level, Span, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use weir_domain::hint::Hint;

pub use counted::CountedErp;
pub use counted_shop::CountedShop;
pub use metric::{METRICS, Metric};
pub use panics::{Panicked, contain};

use crate::environment::TelemetryEnvironment;

/// Telemetry was set up twice, or a library did it first.
#[derive(Debug, thiserror::Error)]
#[error("telemetry cannot be set up: {0}")]
pub struct TelemetryError(String);

/// The function's telemetry. Logging needs no handle; metrics have to be
/// flushed at the end of each invocation.
#[derive(Clone, Copy)]
pub struct Telemetry {
    collector: &'static Collector,
}

impl Telemetry {
    /// Sets up logging, metrics and the panic hook of this process. `function`
    /// is its name, e.g. `order-push`. Once per process.
    pub fn init(function: &'static str, environment: &TelemetryEnvironment) -> Result<Self, TelemetryError> {
        subscriber(function, environment.level, io::stdout)
            .try_init()
            .map_err(|error| TelemetryError(error.to_string()))?;
        panics::log_without_text();
        let collector = Builder::new()
            .cloudwatch_namespace(environment.metrics_namespace.clone())
            .init()
            .map_err(|error| TelemetryError(error.to_string()))?;
        collector.set_property("function", function);
        metric::describe();
        Ok(Self { collector })
    }

    /// Writes what was counted since the last time.
    pub fn flush(&self) {
        if let Err(error) = self.flush_to(io::stdout().lock()) {
            tracing::warn!(%error, "metrics were lost");
        }
    }

    /// [`flush`](Self::flush) to another writer: one write, so that no log
    /// line can come between.
    pub fn flush_to(&self, mut writer: impl Write) -> io::Result<()> {
        let mut lines = Vec::new();
        self.collector.flush(&mut lines)?;
        writer.write_all(&lines)?;
        writer.flush()
    }
}

/// A span around the work for one hint: its lines can be found by the
/// correlation id and by the order.
pub fn order_span(hint: &Hint) -> Span {
    tracing::info_span!("order", correlation = hint.correlation, store = %hint.store, order = hint.order.0, cause = ?hint.cause)
}

/// The crate whose worker runs in two functions: its lines are told in both.
const ORDERS_WORKER: &str = "order_push";

/// What [`Telemetry::init`] sets up, to another writer than standard output.
/// Weir's own lines at `level`, libraries' from warnings on: below that they
/// may quote what must not be logged.
pub fn subscriber<W>(function: &str, level: Level, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let targets = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("weir", level)
        .with_target(ORDERS_WORKER, level)
        .with_target(function.replace('-', "_"), level);
    let lines = tracing_subscriber::fmt::layer()
        .event_format(lines::FlatJson)
        .fmt_fields(JsonFields::new())
        .with_writer(writer);
    tracing_subscriber::registry().with(lines).with(targets)
}

#[cfg(test)]
mod tests;

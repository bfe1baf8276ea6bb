//! What functions say while they work on the sample events: JSON lines and
//! metrics without anybody in them, and one id from the webhook to the ERP.
//! Telemetry is set up once per process, so all of it is one test.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up stops")]

mod canaries;
mod emf;
// The function's own code: it has no library, and its lines are what counts.
#[path = "../../../../functions/webhook/src/http.rs"]
mod http;
#[path = "../../../../functions/webhook/src/troubles.rs"]
mod troubles;
mod world;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tracing::Level;
use weir_domain::hint::{Cause, Hint};
use weir_domain::outcome::CallError;
use weir_domain::ports::ShopError;
use weir_runtime::environment::TelemetryEnvironment;
use weir_runtime::telemetry::{Telemetry, subscriber};
use weir_testkit::{ErpOp, Fault, ShopOp, events, sample};

use canaries::Canaries;
use world::World;

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
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

fn parsed(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

#[tokio::test]
async fn lines_and_metrics_name_nobody_and_one_id_runs_through() {
    let environment = TelemetryEnvironment { level: Level::TRACE, metrics_namespace: "Weir/test".into() };
    let telemetry = Telemetry::init("order-push", &environment).unwrap();
    // It keeps the texts of panics out; a failed test has to tell its own.
    drop(std::panic::take_hook());
    let lines = Lines::default();
    let writer = lines.clone();
    let said = subscriber("lines", Level::TRACE, move || writer.clone());
    let _guard = tracing::subscriber::set_default(said);

    let mut all = String::new();
    deliver_every_webhook().await;
    all += &lines.take();
    push_every_order().await;
    all += &lines.take();
    fail_in_every_way().await;
    all += &lines.take();
    let metrics = emf::flushed(telemetry);
    let said = parsed(&all);
    assert!(said.len() > 60, "{} lines", said.len());

    let canaries = Canaries::of_events();
    for line in &said {
        canaries.check(&line.to_string());
    }
    assert!(metrics.len() >= 3, "{metrics:?}");
    for line in &metrics {
        emf::check(line);
        canaries.check(&line.to_string());
    }
    let codes: BTreeSet<&str> = metrics.iter().filter_map(|line| line["code"].as_str()).collect();
    let unmapped = codes.iter().any(|code| code.starts_with("unmapped"));
    assert!(unmapped && codes.contains("erp_refused"), "exceptions by reason: {codes:?}");

    follow_one_order(&lines).await;
}

/// Signed as the store's are, unsigned, and by somebody else.
async fn deliver_every_webhook() {
    let world = World::new();
    for sample in events::all("woocommerce/webhooks") {
        let sample = sample.json();
        let topic = sample["topic"].as_str().unwrap();
        let body = sample["body"].to_string();
        for signature in [Some(world::signature(&body)), None, Some("Zm9yZ2Vk".to_owned())] {
            world.deliver(topic, body.clone(), signature, "request-1").await;
        }
    }
    assert!(world.queue.depth() > 5, "some are hints");
}

/// Every sample order, as the shop would give it; what cannot be read is an
/// exception, and so is what is not mapped.
async fn push_every_order() {
    let mut pushed = 0;
    for sample in events::all("woocommerce/rest").iter().filter(|it| it.name.contains("/rest/order-")) {
        let body = sample.json()["body"].clone();
        let world = World::new();
        let Some(order) = world.place(&body) else { continue };
        world.push(order).await;
        pushed += 1;
    }
    assert!(pushed > 20, "{pushed} samples are orders");
}

/// Whatever a shop or an ERP does wrong with an order.
async fn fail_in_every_way() {
    let errors = || {
        [
            CallError::rejected("erp_refused", "the ERP's rules refused it"),
            CallError::retry_soon("status 429"),
            CallError::blocked("401: the key is refused"),
            CallError::unknown("status 500"),
        ]
    };
    let ops = [ErpOp::Find, ErpOp::Create, ErpOp::Confirm, ErpOp::Pay];
    for (op, error) in ops.into_iter().flat_map(|op| errors().map(|error| (op, error))) {
        let world = World::mapped();
        world.erp.faults.script(op, [Fault::After(error)]);
        world.push(world.put(sample::order("main", 1))).await;
    }
    for error in errors() {
        let world = World::mapped();
        world.shop.faults.script(ShopOp::Order, [Fault::Before(ShopError::Call(error))]);
        world.push(world.put(sample::order("main", 1))).await;
    }
}

/// From the gateway's request to the ERP's document: each line has its id.
async fn follow_one_order(lines: &Lines) {
    let world = World::mapped();
    let order = world.put(sample::order("main", 7001));
    let body = format!(r#"{{"id":{},"status":"processing"}}"#, order.order);
    world.deliver("order.updated", body.clone(), Some(world::signature(&body)), "request-4711").await;
    let hints: Vec<Hint> = world.queue.take();
    assert_eq!((hints.len(), hints[0].cause), (1, Cause::Webhook));
    for hint in hints {
        world.push(hint).await;
    }
    assert_eq!(world.erp.sales().len(), 1, "it is in the ERP");
    let said = parsed(&lines.take());
    assert!(said.len() >= 2, "{said:?}");
    for line in &said {
        assert_eq!(line["correlation"], "request-4711", "{line}");
    }
    let targets: BTreeSet<&str> = said.iter().map(|line| line["target"].as_str().unwrap()).collect();
    assert!(targets.iter().any(|target| target.starts_with("order_push")), "{targets:?}");
    assert!(targets.iter().any(|target| target.ends_with("::http")), "{targets:?}");
}

//! The embedded metric format as CloudWatch reads it. One test: metrics are
//! set up once per process.
#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};
use weir_domain::circuit::Peer;
use weir_domain::id::{DocumentKey, ErpId, Generation, OrderId, OrderKey, StoreId};
use weir_domain::outcome::CallError;
use weir_domain::ports::{Erp, Shop, ShopError};
use weir_runtime::environment::TelemetryEnvironment;
use weir_runtime::telemetry::{CountedErp, CountedShop, METRICS, Metric, Telemetry};
use weir_testkit::{ErpOp, FakeErp, FakeShop, Fault, ShopOp};

fn flushed(telemetry: Telemetry) -> Vec<Value> {
    let mut bytes = Vec::new();
    telemetry.flush_to(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The document with exactly these dimensions.
fn by<'a>(documents: &'a [Value], dimensions: &Value) -> &'a Value {
    let of = |document: &&Value| &document["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0] == dimensions;
    let mut found = documents.iter().filter(of);
    let document = found.next().unwrap_or_else(|| panic!("nothing by {dimensions} in {documents:?}"));
    assert!(found.next().is_none(), "several by {dimensions}");
    document
}

/// What the specification asks of a document.
fn check_document(document: &Value) {
    assert!(document["_aws"]["Timestamp"].as_u64().unwrap() > 1_700_000_000_000, "milliseconds");
    let directives = document["_aws"]["CloudWatchMetrics"].as_array().unwrap();
    assert_eq!(directives.len(), 1);
    assert_eq!(directives[0]["Namespace"], "Weir/test");
    for dimension in directives[0]["Dimensions"][0].as_array().unwrap() {
        let name = dimension.as_str().unwrap();
        assert!(["store", "erp", "code"].contains(&name), "{name} is no dimension of ours");
        assert!(document[name].is_string(), "the value of {name} stands beside it");
    }
    let metrics = directives[0]["Metrics"].as_array().unwrap();
    assert!(!metrics.is_empty() && metrics.len() <= 100);
    for metric in metrics {
        let name = metric["Name"].as_str().unwrap();
        let unit = if name.ends_with("Ms") { "Milliseconds" } else { "Count" };
        assert_eq!(metric["Unit"], unit, "{name}");
        let value = &document[name];
        assert!(
            value.is_number() || value.as_array().is_some_and(|all| all.iter().all(Value::is_number)),
            "{name}"
        );
    }
}

fn record_what_the_erp_says(store: &StoreId, erp: &ErpId) {
    Metric::EventItems { erp, items: 120 }.record();
    Metric::EventRefused { erp }.record();
    Metric::EventOrders { erp, orders: 12 }.record();
    Metric::FollowTick.record();
    Metric::FollowedOrders { erp, orders: 6 }.record();
    Metric::FollowFailed { erp }.record();
    Metric::FollowUnfinished { erp }.record();
    Metric::StockRefreshed { erp, items: 9 }.record();
    Metric::StockSyncFailed { erp }.record();
    Metric::StockStale { store, age: SignedDuration::from_mins(1) }.record();
    Metric::StockWritten { store, items: 7 }.record();
    Metric::StockWaiting { store, items: 4 }.record();
    Metric::StockExceptions { store, items: 1 }.record();
    Metric::StockLag { store, lag: SignedDuration::from_millis(2500) }.record();
    Metric::ShopRequests { store, reads: 3, writes: 2 }.record();
}

fn record_what_operators_see(store: &StoreId) {
    Metric::SignatureFailuresInARow { store }.record();
    Metric::OwnerWithoutRights { store }.record();
    Metric::WebhookRepaired { store, webhooks: 4 }.record();
    Metric::WebhookFault { store, webhooks: 2 }.record();
    Metric::Differences { store, detected: 30, repaired: 20, parked: 10 }.record();
    Metric::NightUnfinished { store }.record();
    Metric::NightFailed { store }.record();
    Metric::BackfillSent { store, orders: 250 }.record();
    Metric::Released { store, orders: 400 }.record();
    Metric::RefundsFoundByPoll { store, refunds: 3 }.record();
    Metric::ExceptionsOpen { store, orders: 401 }.record();
    Metric::OldestWaiting { store, age: SignedDuration::from_hours(1) }.record();
    Metric::ConsoleAction.record();
    for code in ["unmapped", "Ada Canary", "ada@canary.example", "x".repeat(41).as_str(), ""] {
        Metric::Exception { store, code }.record();
    }
}

/// Each way a call to a shop can end. An order that is gone was an answer.
async fn call_a_shop(store: &StoreId) {
    let fake = Arc::new(FakeShop::default());
    let failures = [
        CallError::rejected("refund_refused", ""),
        CallError::retry_soon(""),
        CallError::blocked(""),
        CallError::unknown(""),
    ];
    fake.faults.script(ShopOp::Order, failures.map(|error| Fault::Before(ShopError::Call(error))));
    let shop = CountedShop::new(store.clone(), fake as Arc<dyn Shop>);
    for _ in 0..4 {
        assert!(matches!(shop.order(OrderId(1)).await, Err(ShopError::Call(_))));
    }
    assert_eq!(shop.order(OrderId(1)).await, Err(ShopError::Gone));
}

/// What all of it comes to, whosever it is.
fn expected() -> BTreeMap<&'static str, Value> {
    let counted = [
        ("CircuitOpen", 2),
        ("BackfillSent", 250),
        ("ConsoleActions", 1),
        ("DifferencesDetected", 30),
        ("DifferencesParked", 10),
        ("DifferencesRepaired", 20),
        ("ErpBlocked", 1),
        ("ErpCalls", 5),
        ("ErpRejected", 1),
        ("ErpRetrySoon", 1),
        ("ErpUnknown", 1),
        ("EventItems", 120),
        ("EventOrders", 12),
        ("EventsRefused", 1),
        ("Exceptions", 5),
        ("ExceptionsOpen", 401),
        ("NightFailures", 1),
        ("NightUnfinished", 1),
        ("OrdersReleased", 400),
        ("OwnersWithoutRights", 1),
        ("RefundsFoundByPoll", 3),
        ("ShopBlocked", 1),
        ("ShopCalls", 5),
        ("ShopRejected", 1),
        ("ShopRetrySoon", 1),
        ("ShopUnknown", 1),
        ("SignatureFailuresInARow", 1),
        ("WebhookFaults", 2),
        ("WebhooksRepaired", 4),
        ("FoundByPoll", 2),
        ("FollowFailures", 1),
        ("FollowTicks", 1),
        ("FollowUnfinished", 1),
        ("FollowedOrders", 6),
        ("OrdersAccepted", 2),
        ("Parked", 3),
        ("ShopReads", 3),
        ("ShopWrites", 2),
        ("SignatureFailures", 2),
        ("StockExceptions", 1),
        ("StockRefreshed", 9),
        ("StockSyncFailures", 1),
        ("StockWaiting", 4),
        ("StockWritten", 7),
        ("StoresDisabled", 1),
        ("Woken", 4),
    ];
    let measured = [
        ("OldestWaitingMs", json!([3_600_000.0])),
        ("OrderLatencyMs", json!([1500.0, 1500.0, 0.0])),
        ("StockLagMs", json!([2500.0])),
        ("StockStaleMs", json!([60_000.0])),
    ];
    counted.into_iter().map(|(name, n)| (name, json!(n))).chain(measured).collect()
}

#[tokio::test]
async fn every_metric_is_written_once_per_flush_without_and_by_dimension() {
    let environment =
        TelemetryEnvironment { level: tracing::Level::ERROR, metrics_namespace: "Weir/test".into() };
    let telemetry = Telemetry::init("order-push", &environment).unwrap();
    assert!(Telemetry::init("order-push", &environment).is_err(), "once per process");
    assert_eq!(flushed(telemetry), Vec::<Value>::new(), "nothing counted, nothing written");

    let main: &StoreId = &"main".parse().unwrap();
    let second: &StoreId = &"second".parse().unwrap();
    let books: &ErpId = &"books".parse().unwrap();
    let fake = Arc::new(FakeErp::default());
    let failures = [
        CallError::rejected("no_item", ""),
        CallError::retry_soon(""),
        CallError::blocked(""),
        CallError::unknown(""),
    ];
    fake.faults.script(ErpOp::Find, failures.map(Fault::Before));
    let erp = CountedErp::new(books.clone(), Arc::clone(&fake) as Arc<dyn Erp>);
    let order = OrderKey { store: main.clone(), order: OrderId(1) };
    let key = DocumentKey::of_order(&order, Generation::FIRST);
    for _ in 0..4 {
        assert!(erp.find(&key).await.is_err());
    }
    assert_eq!(erp.find(&key).await, Ok(None));
    for store in [main, second] {
        Metric::OrderAccepted { store }.record();
        Metric::OrderLatency { store, latency: SignedDuration::from_millis(1500) }.record();
    }
    Metric::OrderLatency { store: main, latency: SignedDuration::from_secs(-3) }.record();
    Metric::SignatureFailure { store: Some(main) }.record();
    Metric::SignatureFailure { store: None }.record();
    Metric::Parked { store: main, orders: 3 }.record();
    Metric::CircuitOpen { peer: &Peer::Erp(books.clone()) }.record();
    Metric::CircuitOpen { peer: &Peer::Store(main.clone()) }.record();
    Metric::FoundByPoll { store: main, orders: 2 }.record();
    Metric::Woken { store: main, orders: 4 }.record();
    Metric::Woken { store: second, orders: 0 }.record();
    Metric::StoreDisabled { store: main }.record();
    record_what_the_erp_says(main, books);
    record_what_operators_see(main);
    call_a_shop(main).await;

    let documents = flushed(telemetry);
    documents.iter().for_each(check_document);
    assert_eq!(documents.len(), 6, "without dimensions, two stores, one ERP, two codes: {documents:?}");
    assert!(!format!("{documents:?}").to_lowercase().contains("canary"), "{documents:?}");
    assert!(documents.iter().all(|document| document["function"] == "order-push"));

    let all = by(&documents, &json!([]));
    let expected = expected();
    for (name, value) in &expected {
        assert_eq!(&all[*name], value, "{name}");
    }
    let names: BTreeSet<_> = expected.keys().copied().collect();
    assert_eq!(names, METRICS.iter().map(|(name, _)| *name).collect(), "every metric is tested");

    let reasons: BTreeMap<&str, &Value> = documents
        .iter()
        .filter_map(|document| Some((document["code"].as_str()?, &document["Exceptions"])))
        .collect();
    assert_eq!(
        reasons,
        BTreeMap::from([("unmapped", &json!(1)), ("other", &json!(4))]),
        "ours, and the rest"
    );

    let erp = by(&documents, &json!(["erp"]));
    assert_eq!((&erp["erp"], &erp["ErpCalls"], &erp["CircuitOpen"]), (&json!("books"), &json!(5), &json!(1)));
    let stores: Vec<_> = documents.iter().filter(|document| document["store"].is_string()).collect();
    assert_eq!(stores.len(), 2);
    assert_eq!((&stores[0]["store"], &stores[0]["SignatureFailures"]), (&json!("main"), &json!(1)));
    assert_eq!(stores[0]["OrderLatencyMs"], json!([1500.0, 0.0]));
    assert_eq!((&stores[1]["store"], &stores[1]["OrdersAccepted"]), (&json!("second"), &json!(1)));
    assert!(stores[1].get("Woken").is_none(), "zero is not written");

    assert_eq!(flushed(telemetry), Vec::<Value>::new(), "what was written is not written again");
}

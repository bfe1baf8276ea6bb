//! From the gateway's event to its answer, held against the published
//! description: `infra/openapi/erp-events.json`.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use erp_events::Receiver;
use jsonschema::Validator;
use lambda_http::http::header::CONTENT_TYPE;
use lambda_http::{Body, Context, RequestExt, Response};
use secrecy::SecretString;
use serde_json::{Value, json};
use standardwebhooks::Webhook;
use weir_domain::config::{ErpConfig, StoreConfig};
use weir_domain::hint::{Cause, HINT_VERSION, Hint};
use weir_domain::ports::{Clock, QueueError};
use weir_domain::stock::StockMoved;
use weir_domain::stock::message::StockCause;
use weir_runtime::config::{Configuration, Disabled};
use weir_runtime::environment::Profile;
use weir_runtime::secrets::{SecretError, SecretStore, Secrets};
use weir_testkit::{FakeClock, FakeQueue, FakeStockQueue, QueueOp, StockQueueOp, events};

/// Lambda's request id.
const INVOCATION: &str = "i-1";
const OF_ERP: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const OF_ERP_BEFORE: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OF_POS: &str = "whsec_oNmNCuGLOb7cVBmjBzVyPWfYnCHYKp6L";
/// In the secret, and of no use.
const OF_WMS: &str = "not-a-secret-of-the-scheme";

struct Vault;

#[async_trait]
impl SecretStore for Vault {
    async fn fetch(&self, name: &str) -> Result<SecretString, SecretError> {
        if !["weir/erp/books", "weir/erp/spare"].contains(&name) {
            return Err(SecretError::Unavailable { name: name.to_owned(), why: "timed out".into() });
        }
        let events = json!({"erp": [OF_ERP, OF_ERP_BEFORE], "pos": [OF_POS], "wms": [OF_WMS]});
        Ok(json!({"api_key": "k", "event_secrets": events}).to_string().into())
    }
}

struct World {
    clock: Arc<FakeClock>,
    queue: Arc<FakeStockQueue>,
    orders: Arc<FakeQueue>,
    receiver: Receiver,
}

fn erp(name: &str) -> ErpConfig {
    serde_json::from_value(json!({
        "erp": name, "kind": "tryton", "url": "https://erp.example.com/", "secret": format!("weir/erp/{name}"),
        "database": "weir", "company": 1, "warehouse": 3, "web_shops": {}, "taxes": {},
        "locations": {"hall": {"warehouse": 3}, "floor": {"warehouse": 8, "owner": "pos"}},
        "rounding": {"item": "ROUND", "tax_unit": {}},
    }))
    .unwrap()
}

fn store() -> StoreConfig {
    serde_json::from_value(json!({
        "store": "main", "url": "https://shop.example.com/", "secret": "weir/store/main",
        "entities": [{"entity": "eu", "erp": "books"}],
        "stock": {"entity": "eu", "locations": ["hall", "floor"]},
        "fulfilment": {},
    }))
    .unwrap()
}

/// A store that sells eu's stock from `books` and is told of parcels, one that
/// is not told, and one that is switched off; the secret of `down` cannot be
/// read.
fn world() -> World {
    let clock = Arc::new(FakeClock::default());
    let queue = Arc::new(FakeStockQueue::default());
    let mut configuration = Configuration::default();
    for name in ["books", "down", "spare"] {
        configuration.erps.insert(name.parse().unwrap(), erp(name));
    }
    configuration.stores.insert("main".parse().unwrap(), Ok(Arc::new(store())));
    let silent = StoreConfig { store: "silent".parse().unwrap(), fulfilment: None, ..store() };
    configuration.stores.insert(silent.store.clone(), Ok(Arc::new(silent)));
    configuration.stores.insert("off".parse().unwrap(), Err(Disabled(Vec::new())));
    let shown = || Arc::clone(&clock) as Arc<dyn Clock>;
    let secrets = Secrets::new(Arc::new(Vault), shown(), Profile::Aws);
    let orders = Arc::new(FakeQueue::default());
    let receiver = Receiver {
        configuration,
        secrets,
        stock_queue: Arc::clone(&queue) as _,
        fulfilment_queue: Arc::clone(&orders) as _,
        clock: shown(),
    };
    World { clock, queue, orders, receiver }
}

impl World {
    /// A request as the gateway hands it over; `signed_over` is what the
    /// sender signed, `body` what arrived.
    fn request(&self, path: &str, secret: &str, signed_over: &str, body: &[u8], base64: bool) -> Value {
        let at = self.clock.now().as_second();
        let signature = Webhook::new(secret).unwrap().sign("msg_1", at, signed_over.as_bytes()).unwrap();
        let body =
            if base64 { BASE64_STANDARD.encode(body) } else { String::from_utf8(body.to_vec()).unwrap() };
        json!({
            "version": "2.0", "routeKey": "POST /erps/{erp}/events/{source}", "rawPath": path,
            "rawQueryString": "", "body": body, "isBase64Encoded": base64,
            "headers": {
                "content-type": "application/json", "webhook-id": "msg_1",
                "webhook-timestamp": at.to_string(), "webhook-signature": signature,
            },
            "requestContext": {
                "accountId": "1", "apiId": "a", "domainName": "api.example.com", "requestId": "r",
                "stage": "$default", "time": "28/Nov/2026:09:30:00 +0000", "timeEpoch": 1_795_858_200_000_u64,
                "http": {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": ""},
            },
        })
    }

    async fn answer(&self, request: &Value) -> Response<Body> {
        let mut context = Context::default();
        INVOCATION.clone_into(&mut context.request_id);
        let request = lambda_http::request::from_str(&request.to_string()).unwrap();
        let request = request.with_lambda_context(context);
        erp_events::answer(&self.receiver, &request).await
    }

    /// Status and body of the answer to a well-signed event.
    async fn send(&self, path: &str, secret: &str, body: &str) -> (u16, Value) {
        read(&self.answer(&self.request(path, secret, body, body.as_bytes(), false)).await)
    }
}

fn read(answer: &Response<Body>) -> (u16, Value) {
    let body = match answer.body() {
        Body::Empty => Value::Null,
        Body::Text(text) => {
            assert_eq!(answer.headers()[CONTENT_TYPE], "application/json");
            serde_json::from_str(text).unwrap()
        }
        other => panic!("{other:?}"),
    };
    (answer.status().as_u16(), body)
}

fn stock(data: &Value) -> String {
    json!({"type": "stock.changed", "timestamp": "2026-11-28T09:30:00Z", "data": data}).to_string()
}

/// An event about orders of `store`.
fn orders(kind: &str, store: &str, orders: &[&str]) -> String {
    let data = json!({"store": store, "orders": orders});
    json!({"type": kind, "timestamp": "2026-11-28T09:30:00Z", "data": data}).to_string()
}

fn two_items() -> String {
    stock(&json!({"entity": "eu", "skus": ["A", "B", "A"]}))
}

const ERP: &str = "/erps/books/events/erp";
/// An ERP in which no store books.
const SPARE: &str = "/erps/spare/events/erp";

#[tokio::test]
async fn items_are_named_to_the_queue_and_nothing_else() {
    let world = world();
    let many: Vec<String> = (0..1_000).map(|n| format!("{n:0>200}")).collect();
    let body = stock(&json!({"entity": "eu", "skus": many, "quantity": 7}));
    assert_eq!(world.send(ERP, OF_ERP, &body).await, (202, json!({"accepted": 1_000})));
    let messages = world.queue.take();
    assert_eq!(messages.iter().map(|message| message.skus.len()).collect::<Vec<_>>(), [750, 250]);
    for message in &messages {
        let StockMoved { refresh, cause, received_at, entity, .. } = message;
        assert_eq!((*refresh, *cause, entity.as_str()), (true, StockCause::Event, "eu"));
        assert_eq!(*received_at, world.clock.now());
    }
    assert_eq!(world.send(ERP, OF_ERP, &two_items()).await, (202, json!({"accepted": 2})), "each once");
}

#[tokio::test]
async fn orders_are_named_to_the_queue_of_fulfilment_whatever_changed_of_them() {
    let world = world();
    for kind in ["shipment.changed", "return.changed", "order.changed"] {
        let body = orders(kind, "main", &["4711.2", "12", "4711.r31", "4711"]);
        assert_eq!(world.send(ERP, OF_ERP, &body).await, (202, json!({"accepted": 2})), "{kind}: each once");
        let hint = |order: u64| Hint {
            v: HINT_VERSION,
            store: "main".parse().unwrap(),
            order: weir_domain::id::OrderId(order),
            received_at: world.clock.now(),
            cause: Cause::Erp,
            correlation: format!("{INVOCATION}-{order}"),
        };
        assert_eq!(world.orders.take(), [hint(4711), hint(12)], "{kind}");
    }
    let by_the_warehouse = orders("shipment.changed", "main", &["5"]);
    let answer = world.send("/erps/books/events/pos", OF_POS, &by_the_warehouse).await;
    assert_eq!(answer.0, 202, "whoever it comes from, the ERP is asked");
    assert_eq!(world.queue.depth(), 0);
}

#[tokio::test]
async fn a_store_that_is_not_told_gets_no_hints() {
    let world = world();
    for store in ["silent", "nobody"] {
        let answer = world.send(ERP, OF_ERP, &orders("shipment.changed", store, &["1"])).await;
        assert_eq!((answer.0, &answer.1["code"]), (422, &json!("store_not_served")), "{store}");
    }
    assert_eq!(world.orders.depth(), 0);
}

#[tokio::test]
async fn what_an_erp_says_of_a_store_is_kept_wherever_it_books_and_while_it_is_switched_off() {
    let world = world();
    for (path, store) in [(SPARE, "main"), (ERP, "off")] {
        let answer = world.send(path, OF_ERP, &orders("shipment.changed", store, &["1"])).await;
        assert_eq!(answer, (202, json!({"accepted": 1})), "{store}");
        let [hint] = <[Hint; 1]>::try_from(world.orders.take()).unwrap();
        assert_eq!(hint.key().to_string(), format!("{store}/1"));
    }
}

#[tokio::test]
async fn what_was_signed_are_the_bytes_whatever_the_gateway_makes_of_them() {
    let world = world();
    let body = two_items();
    for base64 in [false, true] {
        let request = world.request(ERP, OF_ERP, &body, body.as_bytes(), base64);
        assert_eq!(read(&world.answer(&request).await).0, 202, "base64: {base64}");
        let spaced = body.replace(':', ": ");
        let request = world.request(ERP, OF_ERP, &body, spaced.as_bytes(), base64);
        assert_eq!(read(&world.answer(&request).await), (401, Value::Null), "the same JSON, other bytes");
    }
    assert_eq!(world.queue.take().len(), 2);
}

#[tokio::test]
async fn a_source_is_believed_for_its_own_secrets_only() {
    let world = world();
    let refused = (401, Value::Null);
    for (path, secret, expected) in [
        (ERP, OF_ERP_BEFORE, (202, json!({"accepted": 2}))),
        (ERP, OF_POS, refused.clone()),
        ("/erps/books/events/pos", OF_POS, (202, json!({"accepted": 2}))),
        ("/erps/books/events/pos", OF_ERP, refused.clone()),
        ("/erps/books/events/crm", OF_ERP, refused.clone()),
        ("/erps/other/events/erp", OF_ERP, refused.clone()),
        ("/erps/No%20Name/events/erp", OF_ERP, refused),
    ] {
        assert_eq!(world.send(path, secret, &two_items()).await, expected, "{path}");
    }
}

#[tokio::test]
async fn an_event_that_is_old_or_unsigned_says_nothing() {
    let world = world();
    let body = two_items();
    let request = world.request(ERP, OF_ERP, &body, body.as_bytes(), false);
    world.clock.advance(jiff::SignedDuration::from_secs(301));
    assert_eq!(read(&world.answer(&request).await), (401, Value::Null));
    for header in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut request = world.request(ERP, OF_ERP, &body, body.as_bytes(), false);
        request["headers"].as_object_mut().unwrap().remove(header);
        assert_eq!(read(&world.answer(&request).await), (401, Value::Null), "{header}");
    }
    assert_eq!(world.queue.depth(), 0);
}

#[tokio::test]
async fn a_location_is_its_owners_word() {
    let world = world();
    let at = |location: &str| stock(&json!({"entity": "eu", "skus": ["A"], "location": location}));
    assert_eq!(world.send(ERP, OF_ERP, &at("hall")).await, (202, json!({"accepted": 1})));
    assert_eq!(world.send(ERP, OF_ERP, &at("floor")).await, (202, json!({"accepted": 0})));
    let pos = "/erps/books/events/pos";
    assert_eq!(world.send(pos, OF_POS, &at("floor")).await, (202, json!({"accepted": 1})));
    assert_eq!(world.send(pos, OF_POS, &at("hall")).await, (202, json!({"accepted": 0})));
    assert_eq!(world.queue.take().len(), 2);
}

fn description() -> Value {
    let path = events::workspace_root().join("infra/openapi/erp-events.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A schema of the description, which its references lead into.
fn validator(schema: &Value) -> Validator {
    let mut document = json!({"$schema": "https://json-schema.org/draft/2020-12/schema"});
    document["components"] = description()["components"].clone();
    document["allOf"] = json!([schema]);
    jsonschema::options().should_validate_formats(true).build(&document).unwrap()
}

fn responses() -> BTreeMap<u16, Value> {
    let documented = &description()["paths"]["/erps/{erp}/events/{source}"]["post"]["responses"];
    let one = |(status, response): (&String, &Value)| (status.parse().unwrap(), response.clone());
    documented.as_object().unwrap().iter().map(one).collect()
}

#[tokio::test]
async fn every_sample_is_described_and_answered() {
    let described = validator(&json!({"$ref": "#/components/schemas/Event"}));
    let (mut accepted, world) = (BTreeSet::new(), world());
    for sample in events::all("erp") {
        assert!(described.is_valid(&sample.json()), "{}", sample.name);
        let body = String::from_utf8(sample.bytes.clone()).unwrap();
        // `floor` is the till's.
        let (status, answer) = world.send("/erps/books/events/pos", OF_POS, &body).await;
        let kind = sample.json()["type"].as_str().unwrap().to_owned();
        if ["price.changed", "item.changed"].contains(&kind.as_str()) {
            assert_eq!((status, &answer["code"]), (422, &json!("kind_not_served")), "{}", sample.name);
        } else {
            assert_eq!(status, 202, "{}: {answer}", sample.name);
            accepted.insert(kind);
        }
    }
    let served = ["order.changed", "return.changed", "shipment.changed", "stock.changed"];
    assert_eq!(accepted, served.map(str::to_owned).into());
    assert!(world.queue.depth() >= 3 && world.orders.depth() >= 3);
}

/// Signed by the ERP, and not of its description.
fn not_described() -> [String; 9] {
    let empty = |r#type: &str| json!({"type": r#type, "timestamp": "2026-11-28T09:30:00Z", "data": {}});
    [
        empty("stock.counted").to_string(),
        empty("stock.changed").to_string(),
        stock(&json!({"entity": "eu", "skus": []})),
        stock(&json!({"entity": "eu", "skus": ["A\tB"]})),
        empty("shipment.changed").to_string(),
        orders("return.changed", "main", &[]),
        orders("order.changed", "main", &["4711.1"]),
        orders("order.changed", "main", &["SO-4711"]),
        orders("order.changed", "Main shop", &["4711"]),
    ]
}

/// Each way to be answered while the queue takes messages: path, secret, body.
fn ways() -> Vec<(&'static str, &'static str, String)> {
    let price = json!({"type": "price.changed", "timestamp": "2026-11-28T09:30:00Z", "data": {}});
    let by_erp = [
        two_items(),
        "{".into(),
        " ".repeat(1024 * 1024 + 1),
        stock(&json!({"entity": "us", "skus": ["A"]})),
        stock(&json!({"entity": "eu", "skus": ["A"], "location": "attic"})),
        price.to_string(),
        orders("order.changed", "silent", &["4711"]),
    ];
    let mut ways: Vec<_> =
        by_erp.into_iter().chain(not_described()).map(|body| (ERP, OF_ERP, body)).collect();
    ways.extend([
        (ERP, OF_POS, two_items()),
        ("/erps/down/events/erp", OF_ERP, two_items()),
        ("/erps/books/events/wms", OF_ERP, two_items()),
    ]);
    ways
}

async fn every_answer() -> Vec<(u16, Value)> {
    let world = world();
    let mut answers = Vec::new();
    for (path, secret, body) in ways() {
        answers.push(world.send(path, secret, &body).await);
    }
    let denied = || Some(QueueError("AccessDenied".into()));
    world.queue.faults.outage(denied());
    answers.push(world.send(ERP, OF_ERP, &two_items()).await);
    assert_eq!(world.queue.faults.calls(StockQueueOp::Send), 2);
    world.orders.faults.outage(denied());
    answers.push(world.send(ERP, OF_ERP, &orders("return.changed", "main", &["4711"])).await);
    assert_eq!(world.orders.faults.calls(QueueOp::Send), 1);
    answers
}

#[tokio::test]
async fn every_documented_answer_is_given_and_no_other() {
    let documented = responses();
    let answers = every_answer().await;
    for (status, body) in &answers {
        let response = documented.get(status).unwrap_or_else(|| panic!("{status} is not documented"));
        match response.pointer("/content/application~1json/schema") {
            None => assert_eq!(body, &Value::Null, "{status} has no body"),
            Some(schema) => assert!(validator(schema).is_valid(body), "{status}: {body}"),
        }
    }
    let given: BTreeSet<u16> = answers.iter().map(|(status, _)| *status).collect();
    assert_eq!(given, documented.keys().copied().collect());
}

#[tokio::test]
async fn every_documented_code_is_given_and_in_the_runbook() {
    let answers = every_answer().await;
    let given: BTreeSet<&str> = answers.iter().filter_map(|(_, body)| body["code"].as_str()).collect();
    let codes = &description()["components"]["schemas"]["Problem"]["properties"]["code"]["enum"];
    let documented = codes.as_array().unwrap().iter().map(|code| code.as_str().unwrap()).collect();
    assert_eq!(given, documented);
    let runbook = fs::read_to_string(events::workspace_root().join("docs/runbook.md")).unwrap();
    for code in given {
        assert!(runbook.contains(&format!("`{code}`")), "docs/runbook.md says nothing about {code}");
    }
}

#[test]
fn the_description_refuses_what_the_code_refuses() {
    let described = validator(&json!({"$ref": "#/components/schemas/Event"}));
    for body in not_described() {
        assert!(!described.is_valid(&serde_json::from_str(&body).unwrap()), "{body}");
    }
    let of_orders = orders("order.changed", "main", &["1", "4711.2", "4711.r31"]);
    assert!(described.is_valid(&serde_json::from_str(&of_orders).unwrap()));
    let good: Value = serde_json::from_str(&two_items()).unwrap();
    assert!(described.is_valid(&good));
    for (pointer, value) in
        [("/timestamp", json!("today")), ("/data/entity", json!("Europe")), ("/type", json!(1))]
    {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        assert!(!described.is_valid(&bad), "{bad}");
    }
}

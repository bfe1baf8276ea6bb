//! A store's webhooks and history: samples, recordings, and the stand-in with
//! the real guardian over it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shop_standin::{Config, Server};
use weir_domain::guardian::{Guard, GuardRun, Guarded};
use weir_domain::outcome::CallError;
use weir_domain::ports::{Clock, Listed, NewWebhook, ShopError, ShopHistory, ShopWebhooks};
use weir_testkit::events;
use weir_testkit::recordings::{self, RestCall};
use weir_testkit::{FakeClock, FakeLedger, sample};
use weir_woocommerce::client::StoreWebhooks;
use weir_woocommerce::webhooks::webhooks;

use crate::common::{Asked, ShopServer, answer, bytes, client_at, ok, outcome};
use crate::recordings::{say, served};
use crate::samples::{self, leaks, stem};

const SECRET: &str = "SampleSecretSampleSecretSampleSecret";

fn of(server: &ShopServer) -> StoreWebhooks {
    StoreWebhooks::new(Arc::new(server.client()), SECRET.into())
}

fn updated() -> NewWebhook {
    NewWebhook {
        name: "Weir order.updated (lights)".to_owned(),
        topic: "order.updated".to_owned(),
        url: "https://weir.example.com/stores/lights/webhooks/order.updated".to_owned(),
    }
}

/// In words what came of it; a refusal by its code.
fn word<T>(result: &Result<T, CallError>) -> String {
    match result {
        Err(CallError::Rejected(rejection)) => rejection.code.clone(),
        other => outcome(other).to_owned(),
    }
}

const EXPECTED: [(&str, &str); 16] = [
    ("history-page", "done"),
    ("history-page-empty", "done"),
    ("history-page-notice", "retry"),
    ("history-page-without-id", "unknown"),
    ("webhook-created", "done"),
    ("webhook-created-bad-url", "webhook_url_refused"),
    ("webhook-created-lost", "unknown"),
    ("webhook-created-read-key", "webhooks_not_manageable"),
    ("webhook-deleted", "done"),
    ("webhook-deleted-gone", "done"),
    ("webhook-list", "done"),
    ("webhook-list-empty", "done"),
    ("webhook-list-odd", "unknown"),
    ("webhook-list-refused", "webhooks_not_manageable"),
    ("webhook-secret", "done"),
    ("webhook-secret-gone", "retry"),
];

#[tokio::test]
async fn every_sample_is_asked_for_and_understood() {
    let all = events::all("woocommerce/rest");
    let mut found = BTreeMap::new();
    for sample in &all {
        let name = stem(sample);
        if !name.starts_with("webhook-") && !name.starts_with("history-") {
            continue;
        }
        let sample = sample.json();
        let server = samples::served(&sample).await;
        let (method, rest) = sample["request"].as_str().unwrap().split_once(' ').unwrap();
        let (path, body) = rest.split_once(' ').unwrap_or((rest, ""));
        let shop = of(&server);
        let said = match (method, path.contains("/orders?")) {
            (_, true) => word(&server.client().placed_after(after(), 1).await),
            ("GET", _) => word(&shop.webhooks().await),
            ("POST", _) => word(&shop.create_webhook(&updated()).await),
            ("PUT", _) => word(&shop.renew_secret(31).await),
            ("DELETE", _) => word(&shop.delete_webhook(31).await),
            _ => panic!("{name}: {method} is not tried here"),
        };
        let asked = &server.asked()[0];
        assert_eq!(asked.method, method, "{name}");
        assert_eq!(without_signature(asked), path.to_owned(), "{name}");
        let sent: Value = serde_json::from_str(&asked.body).unwrap_or_default();
        assert_eq!(sent, serde_json::from_str::<Value>(body).unwrap_or_default(), "{name}");
        found.insert(name, said);
    }
    let found: Vec<(&str, &str)> = found.iter().map(|(name, said)| (name.as_str(), said.as_str())).collect();
    assert_eq!(found, EXPECTED);
}

/// Path and query as asked, in the order of the samples.
fn without_signature(asked: &Asked) -> String {
    let path = asked.path.strip_prefix("/sub").unwrap();
    let order = ["force", "status", "after", "dates_are_gmt", "orderby", "order", "per_page", "page", "dp"];
    let given = order.iter().filter_map(|name| Some(format!("{name}={}", asked.query.get(*name)?)));
    let query = given.collect::<Vec<_>>().join("&");
    let signed = asked.query.keys().filter(|name| name.starts_with("oauth_")).count();
    assert_eq!(asked.query.len() - signed, query.split('&').filter(|part| !part.is_empty()).count());
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

fn after() -> Timestamp {
    "2027-03-02T10:00:00.9Z".parse().unwrap()
}

#[tokio::test]
async fn one_order_that_makes_no_sense_does_not_hide_the_others() {
    let sample = events::all("woocommerce/rest").into_iter().find(|it| stem(it) == "history-page").unwrap();
    let listed = samples::served(&sample.json()).await.client().placed_after(after(), 1).await.unwrap();
    let told = |it: &Listed| {
        let order = match &it.order {
            Ok(order) => order.total.to_string(),
            Err(ShopError::Unreadable { code, .. }) => (*code).to_owned(),
            Err(other) => other.to_string(),
        };
        format!("{} {} {order}", it.id, it.created_at)
    };
    let told: Vec<String> = listed.iter().map(told).collect();
    assert!(told[0].starts_with("7001 2027-03-02T10:00:05Z "), "{told:?}");
    assert!(listed[0].order.is_ok() && listed[1].order.is_err() && listed[2].order.is_err(), "{told:?}");
    // Without a date of its own it has that of the one before.
    assert!(told[2].starts_with("7003 2027-03-02T10:00:06Z "), "{told:?}");
    assert!(!leaks(&told.join(" ")));
}

/// A shop with so many orders; those in `large` have attachments of megabytes.
async fn shop_of(orders: u64, large: &'static [u64]) -> ShopServer {
    let page = move |_: &str, query: &BTreeMap<String, String>| -> Response<Body> {
        let number = |name: &str| query[name].parse::<u64>().unwrap();
        let first = (number("page") - 1) * number("per_page") + 1;
        let order = |id: u64| {
            let created = format!("2027-03-02T11:{:02}:{:02}", id / 60, id % 60);
            let mut order = json!({"id": id, "date_created_gmt": created});
            if large.contains(&id) && !query.contains_key("_fields") {
                order["note"] = json!("x".repeat(5 << 20));
            }
            order
        };
        ok(&Value::Array((first..first + number("per_page")).filter(|id| *id <= orders).map(order).collect()))
    };
    ShopServer::start(page).await
}

fn sizes(server: &ShopServer) -> Vec<String> {
    let of = |asked: &Asked| format!("{}/{}", asked.query["per_page"], asked.query["page"]);
    server.asked().iter().map(of).collect()
}

#[tokio::test]
async fn a_page_that_is_too_large_is_asked_for_in_parts() {
    let server = shop_of(230, &[130, 171]).await;
    let listed = server.client().placed_after(after(), 2).await.unwrap();
    assert!(listed.iter().map(|it| it.id.0).eq(101..=200));
    assert_eq!(sizes(&server), ["100/2", "50/3", "50/4"]);
    // The last page ends where the shop does.
    let server = shop_of(130, &[101, 102]).await;
    let listed = server.client().placed_after(after(), 2).await.unwrap();
    assert!(listed.iter().map(|it| it.id.0).eq(101..=130));
    assert_eq!(sizes(&server)[..4], ["100/2", "50/3", "25/5", "5/21"]);
    assert_eq!(sizes(&server).last().unwrap(), "25/6");
}

#[tokio::test]
async fn an_order_too_large_alone_is_named_and_hides_no_other() {
    let page = |_: &str, query: &BTreeMap<String, String>| -> Response<Body> {
        let number = |name: &str| query[name].parse::<u64>().unwrap();
        let first = (number("page") - 1) * number("per_page") + 1;
        let order = |id: u64| {
            let note =
                if id == 2 && !query.contains_key("_fields") { "x".repeat(9 << 20) } else { String::new() };
            json!({"id": id, "date_created_gmt": "2027-03-02T11:00:00", "note": note})
        };
        ok(&Value::Array((first..first + number("per_page")).filter(|id| *id <= 3).map(order).collect()))
    };
    let server = ShopServer::start(page).await;
    let listed = server.client().placed_after(after(), 1).await.unwrap();
    assert!(listed.iter().map(|it| it.id.0).eq(1..=3));
    assert!(matches!(listed[1].order, Err(ShopError::Unreadable { code: "answer_too_large", .. })));
    assert!(!matches!(listed[0].order, Err(ShopError::Unreadable { code: "answer_too_large", .. })));
}

#[tokio::test]
async fn an_answer_that_is_cut_off_is_asked_for_in_parts_and_an_error_is_not() {
    let page = |_: &str, query: &BTreeMap<String, String>| -> Response<Body> {
        if query["per_page"] == "100" {
            let length = Response::builder().header("content-type", "application/json");
            let half = futures::stream::iter([
                Ok(axum::body::Bytes::from_static(b"[{\"id\":1")),
                Err(std::io::Error::other("no memory")),
            ]);
            return length.body(Body::from_stream(half)).unwrap();
        }
        ok(&json!([{"id": 1, "date_created_gmt": "2027-03-02T11:00:00"}]))
    };
    let server = ShopServer::start(page).await;
    assert_eq!(server.client().placed_after(after(), 1).await.unwrap().len(), 1);
    assert_eq!(sizes(&server), ["100/1", "50/1"]);
    let server = ShopServer::start(|_, _| answer(500, "application/json", "{}")).await;
    assert_eq!(word(&server.client().placed_after(after(), 1).await), "retry");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn ids_are_asked_for_without_the_orders() {
    let server = shop_of(130, &[101, 102]).await;
    let placed = server.client().ids_placed_after(after(), 2).await.unwrap();
    assert!(placed.iter().map(|it| it.id.0).eq(101..=130));
    assert_eq!(placed[0].created_at.to_string(), "2027-03-02T11:01:41Z");
    let [asked] = server.asked().try_into().unwrap_or_else(|_| panic!("one call"));
    asked.was("orders", &[("_fields", "id,date_created_gmt"), ("per_page", "100"), ("page", "2")]);
}

#[tokio::test]
async fn the_secret_is_told_to_the_shop_alone() {
    let server = ShopServer::start(|_, _| answer(418, "application/json", "{}")).await;
    let shop = of(&server);
    let shown = format!(
        "{:?} {:?} {}",
        shop.create_webhook(&updated()).await,
        shop.renew_secret(1).await,
        shop.secret_fingerprint()
    );
    assert!(!shown.contains("Sample"), "{shown}");
    assert!(server.asked().iter().all(|asked| asked.body.contains(SECRET)));
    let other = StoreWebhooks::new(Arc::new(server.client()), "another".into());
    assert_ne!(shop.secret_fingerprint(), other.secret_fingerprint());
    assert_eq!(shop.secret_fingerprint(), of(&server).secret_fingerprint());
}

/// A firewall that refuses us is not the shop that refuses our key.
#[tokio::test]
async fn an_edges_refusal_is_no_word_about_the_key() {
    let html = |status| move |_: &str, _: &BTreeMap<String, String>| answer(status, "text/html", "<html>");
    for status in [401, 403] {
        let server = ShopServer::start(html(status)).await;
        let shop = of(&server);
        assert_eq!(word(&shop.webhooks().await), "blocked", "{status}");
        assert_ne!(word(&shop.create_webhook(&updated()).await), "webhooks_not_manageable", "{status}");
    }
}

#[tokio::test]
async fn every_page_of_webhooks_is_read() {
    let page = |_: &str, query: &BTreeMap<String, String>| -> Response<Body> {
        let page: u64 = query["page"].parse().unwrap();
        let ids = if page < 3 { (page - 1) * 100 + 1..page * 100 + 1 } else { 201..208 };
        let webhook = |id| {
            json!({"id": id, "name": "x", "status": "active", "topic": "order.updated",
                "delivery_url": "https://x.example.com/"})
        };
        ok(&Value::Array(ids.map(webhook).collect()))
    };
    let server = ShopServer::start(page).await;
    let ids: Vec<u64> = of(&server).webhooks().await.unwrap().iter().map(|it| it.id).collect();
    assert_eq!((ids, server.asked().len()), ((1..=207).collect(), 3));
}

fn call(name: &str) -> Option<RestCall> {
    let calls = recordings::rest_calls()?;
    Some(calls.iter().find(|call| call.name == name).unwrap_or_else(|| panic!("{name} is lost")).clone())
}

#[tokio::test]
async fn recorded_webhooks_are_understood() {
    let Some(list) = call("webhook-list") else { return };
    let listed = of(&served(&list).await).webhooks().await.unwrap();
    assert_eq!(listed.len(), list.body.as_array().unwrap().len());
    let created = call("webhook-create").unwrap();
    let body = &created.request.body;
    let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
    let new = NewWebhook { name: text("name"), topic: text("topic"), url: text("delivery_url") };
    let server = served(&created).await;
    let made = of(&server).create_webhook(&new).await.unwrap();
    assert_eq!((made.topic, made.url), (new.topic, new.url));
    let sent: Value = serde_json::from_str(&server.asked()[0].body).unwrap();
    for field in ["topic", "delivery_url"] {
        assert_eq!(sent[field], body[field]);
    }
    for (name, status) in [
        ("webhook-get-disabled", "Disabled"),
        ("webhook-get", "Active"),
        ("webhook-put-reactivate", "Active"),
    ] {
        let one = call(name).unwrap();
        let read = webhooks(&bytes(&json!([one.body]))).unwrap();
        assert_eq!(format!("{:?}", read[0].status), status, "{name}");
    }
    let refused = call("error-401-read-key-writes").unwrap();
    let server = served(&refused).await;
    assert_eq!(word(&of(&server).renew_secret(1).await), "webhooks_not_manageable");
    let bad = call("error-webhook-bad-url").unwrap();
    assert_eq!(word(&of(&served(&bad).await).create_webhook(&updated()).await), "webhook_url_refused");
    say(&format!("{} webhooks listed, one made, three states, two refusals", listed.len()));
}

#[tokio::test]
async fn recorded_listings_are_a_history() {
    let Some(list) = call("orders-list-full") else { return };
    let listed = served(&list).await.client().placed_after(Timestamp::UNIX_EPOCH, 1).await.unwrap();
    let documents = list.body.as_array().unwrap();
    assert_eq!(listed.len(), documents.len());
    for (listed, document) in listed.iter().zip(documents) {
        assert_eq!(listed.id.0, document["id"].as_u64().unwrap());
        let created = format!("{}Z", document["date_created_gmt"].as_str().unwrap());
        assert_eq!(listed.created_at.to_string(), created);
        assert!(listed.order.is_ok(), "{:?}", listed.order);
    }
    say(&format!("{} orders of a listing read whole", listed.len()));
}

/// The arguments that are asked with exist.
#[test]
fn what_is_asked_is_in_the_schemas() {
    let Some(root) = recordings::root() else { return };
    let described = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(root.join(format!("woocommerce/schema/{name}.json"))).unwrap())
            .unwrap()
    };
    let (orders, hooks, hook) = (described("orders"), described("webhooks"), described("webhook"));
    for argument in ["status", "after", "dates_are_gmt", "orderby", "order", "per_page", "page", "dp"] {
        assert!(orders["endpoints"][0]["args"][argument].is_object(), "{argument}");
    }
    for argument in ["orderby", "order", "per_page", "page"] {
        assert!(hooks["endpoints"][0]["args"][argument].is_object(), "{argument}");
    }
    for argument in ["name", "topic", "delivery_url", "secret"] {
        assert_eq!(hooks["endpoints"][1]["args"][argument]["type"], "string", "{argument}");
    }
    let with = |argument: &str| {
        let endpoints = hook["endpoints"].as_array().unwrap().iter();
        endpoints.filter(|endpoint| endpoint["args"][argument].is_object()).count()
    };
    assert!(with("secret") > 0 && with("force") > 0);
}

/// A shop of the stand-in, and a guardian over the real client.
struct Guarding {
    server: Server,
    http: reqwest::Client,
    clock: Arc<FakeClock>,
    ledger: Arc<FakeLedger>,
    shop: StoreWebhooks,
}

impl Guarding {
    async fn open(permissions: &str) -> Self {
        let keys = json!([
            { "key": "ck_canary", "secret": "cs_canary", "permissions": permissions },
        ]);
        let config = Config::from_json(&json!({ "keys": keys }).to_string()).unwrap();
        let now = "2026-11-28T12:00:00Z".parse().unwrap();
        let server = Server::start(config, "127.0.0.1:0", shop_standin::Clock::frozen(now)).await.unwrap();
        let clock = Arc::new(FakeClock::at(now));
        let client = Arc::new(client_at(&server.url, Arc::clone(&clock)));
        let shop = StoreWebhooks::new(client, SECRET.into());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { server, http, clock, ledger: Arc::default(), shop }
    }

    /// Ten minutes later.
    async fn look(&self) -> Guarded {
        self.clock.advance(SignedDuration::from_mins(10));
        let guard = Guard {
            ledger: self.ledger.clone(),
            schedules: self.ledger.clone(),
            troubles: self.ledger.clone(),
            jobs: self.ledger.clone(),
            clock: self.clock.clone(),
        };
        // Nobody listens there: the pings are lost, which hinders nothing.
        let base_url = "http://127.0.0.1:9/prod".parse().unwrap();
        let run = GuardRun {
            config: &sample::store_config("main", "books"),
            shop: &self.shop,
            base_url: &base_url,
            owner: "guard",
            until: self.clock.now() + SignedDuration::from_secs(48),
            lease: SignedDuration::from_secs(70),
        };
        guard.run(&run).await.unwrap()
    }

    async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}/_control/{path}", self.server.url);
        let answer =
            self.http.request(method.parse().unwrap(), url).body(body.to_string()).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Topics and states, as the shop has them.
    async fn state(&self) -> Vec<(String, String)> {
        let state = self.control("GET", "state", json!({})).await;
        let text = |it: &Value, field: &str| it[field].as_str().unwrap().to_owned();
        let mut all: Vec<(String, String)> = state["webhooks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| (text(it, "topic"), text(it, "status")))
            .collect();
        all.sort();
        all
    }
}

fn whole() -> Vec<(String, String)> {
    let topics = ["order.created", "order.deleted", "order.restored", "order.updated"];
    topics.map(|topic| (topic.to_owned(), "active".to_owned())).into()
}

#[tokio::test]
async fn the_guardian_heals_the_stand_in() {
    let shop = Guarding::open("read_write").await;
    assert_eq!((shop.look().await.repaired(), shop.state().await), (4, whole()));
    assert_eq!(shop.look().await.faults, []);
    for (id, harm) in [
        (1, json!({ "status": "disabled", "failures": 6 })),
        (2, json!({ "delivery_url": "https://old.example.com/stores/main/webhooks/order.updated" })),
        (3, json!({ "topic": "product.deleted" })),
    ] {
        shop.control("PUT", &format!("webhooks/{id}"), harm).await;
    }
    shop.control("DELETE", "webhooks/4", json!({})).await;
    let guarded = shop.look().await;
    let mut kinds: Vec<&str> = guarded.faults.iter().map(|it| it.kind.as_str()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["webhook_disabled", "webhook_missing", "webhook_topic", "webhook_url"]);
    assert_eq!((guarded.repaired(), shop.state().await), (4, whole()));
    assert!(guarded.missed_since.is_some());
    assert_eq!(shop.look().await.faults, []);
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_one_in_the_stand_in() {
    let shop = Guarding::open("read_write").await;
    shop.look().await;
    shop.control("DELETE", "webhooks/2", json!({})).await;
    // The listing comes first: the next two answers are lost.
    shop.control("PUT", "faults", json!({ "lose_answer_next": 1 })).await;
    // The run fails at its listing, and is tried again.
    shop.clock.advance(SignedDuration::from_mins(10));
    assert!(shop.shop.webhooks().await.is_err());
    assert_eq!((shop.look().await.repaired(), shop.state().await), (1, whole()));
}

#[tokio::test]
async fn a_read_key_of_the_stand_in_is_one_problem() {
    let shop = Guarding::open("read").await;
    let guarded = shop.look().await;
    let kinds: Vec<&str> = guarded.faults.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!((kinds, shop.state().await), (vec!["webhooks_not_manageable"], vec![]));
}

#[tokio::test]
async fn the_stand_ins_history_is_walked_by_when_orders_were_placed() {
    let shop = Guarding::open("read_write").await;
    let client = client_at(&shop.server.url, Arc::clone(&shop.clock));
    shop.control("PUT", "clock", json!({ "now": "2026-11-28T12:00:00Z" })).await;
    shop.control("POST", "orders/place", json!({ "count": 3, "kinds": ["card"], "seed": 1 })).await;
    shop.control("PUT", "clock", json!({ "advance_s": 60 })).await;
    let placed =
        shop.control("POST", "orders/place", json!({ "count": 2, "kinds": ["card"], "seed": 2 })).await;
    let at = |text: &str| -> Timestamp { text.parse().unwrap() };
    let listed = |after: &'static str| {
        let client = &client;
        async move { client.placed_after(at(after), 1).await.unwrap() }
    };
    assert_eq!(listed("2026-11-28T11:59:59Z").await.len(), 5);
    let later = listed("2026-11-28T12:00:00Z").await;
    assert_eq!(later.len(), 2, "exclusive");
    let ids = client.ids_placed_after(at("2026-11-28T12:00:00Z"), 1).await.unwrap();
    assert!(ids.iter().map(|it| (it.id, it.created_at)).eq(later.iter().map(|it| (it.id, it.created_at))));
    assert!(later.iter().all(|it| it.order.is_ok() && it.created_at == at("2026-11-28T12:01:00Z")));
    let id = placed["orders"][0]["id"].as_u64().unwrap();
    // A refund that moves no date is in the poll's listing all the same.
    shop.control("PUT", "clock", json!({ "advance_s": 60 })).await;
    let refund = json!({ "amount": "1.00", "api_refund": false });
    let made = shop.control("POST", &format!("orders/{id}/silent-refund"), refund).await;
    let page = weir_domain::ports::Shop::changed_after(&client, at("2026-11-28T12:00:30Z"), 1).await.unwrap();
    let stub = page.orders.iter().find(|stub| stub.id.0 == id).unwrap();
    assert_eq!(stub.modified_at, at("2026-11-28T12:01:00Z"));
    assert_eq!(stub.refunds.iter().map(|it| it.0).collect::<Vec<_>>(), [made["id"].as_u64().unwrap()]);
    let waiting = shop.control("GET", "deliveries", json!({})).await;
    assert_eq!(waiting["pending"], json!([]), "nobody is told");
}

//! Every sample in `events/woocommerce/`: our own inventions, in the shapes
//! that real shops send. Their people are all called Canary, so that a leak
//! can be seen.

use std::collections::BTreeSet;
use std::fmt::Write;

use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use weir_domain::config::StoreConfig;
use weir_domain::id::OrderId;
use weir_domain::ports::{Shop, ShopError};
use weir_testkit::events::{self, Sample};
use weir_woocommerce::canonical::{OrderError, order};
use weir_woocommerce::delivery::{Topic, Understanding, is_ping, understand};
use weir_woocommerce::signature::{SignatureError, SignedWith, WebhookSecrets, verify};

use crate::common::{ShopServer, bytes};

const SECRET: &str = "SampleSecretSampleSecretSampleSecret";

pub(crate) fn store() -> StoreConfig {
    serde_json::from_value(json!({
        "store": "lights",
        "url": "https://lights.example.com/",
        "secret": "weir/lights",
        "entities": [{"entity": "de", "erp": "books"}],
        "metadata": ["_gift_message", "_score", "_rows", "_nothing"],
        "vat_id_key": "_vat_number",
        "tender": [
            {"plugin": "field", "name": "gift_cards"},
            {"plugin": "metadata", "key": "_gift_card_applied"},
            {"plugin": "fee", "name": "Store credit"},
        ],
    }))
    .unwrap()
}

/// `woocommerce/rest/order-fee.json` → `order-fee`.
pub(crate) fn stem(sample: &Sample) -> String {
    let file = sample.name.rsplit('/').next().unwrap();
    file.strip_suffix(".json").unwrap_or_else(|| panic!("{} is not a sample", sample.name)).to_owned()
}

fn orders() -> Vec<Sample> {
    let rest = events::all("woocommerce/rest").into_iter();
    rest.filter(|sample| stem(sample).starts_with("order-")).collect()
}

pub(crate) fn leaks(shown: &str) -> bool {
    shown.to_lowercase().contains("canary")
}

#[test]
fn every_file_is_of_a_kind_that_is_tested() {
    for sample in events::all("woocommerce") {
        let sample_json = sample.json();
        let fields: BTreeSet<&str> = sample_json.as_object().unwrap().keys().map(String::as_str).collect();
        let expected: &[&str] = match sample.name.split('/').collect::<Vec<_>>()[..] {
            ["woocommerce", "webhooks", _] => &["note", "topic", "headers", "body"],
            ["woocommerce", "rest", _] => &["note", "request", "status", "headers", "body"],
            _ => panic!("no test reads {}", sample.name),
        };
        assert_eq!(fields, expected.iter().copied().collect(), "{}", sample.name);
        assert!(!stem(&sample).is_empty());
    }
}

#[test]
fn every_order_becomes_the_canonical_order_that_was_reviewed() {
    let mut expected = BTreeSet::new();
    for sample in orders() {
        let body = &sample.json()["body"];
        let id =
            OrderId(body["id"].as_u64().unwrap_or_else(|| body["id"].as_str().unwrap().parse().unwrap()));
        let read = order(&store(), id, &bytes(body));
        let name = stem(&sample);
        expected.insert(format!("woocommerce__samples__{name}"));
        match read {
            Ok(order) => {
                let residuals = order.residuals(store().rounding_cap);
                let reviewed = json!({"order": order, "totals": order.totals().to_string(), "residuals": residuals.unwrap()});
                insta::assert_json_snapshot!(name.as_str(), reviewed);
                assert!(!leaks(&format!("{order:?}")), "{name}");
            }
            Err(error) => {
                insta::assert_snapshot!(name.as_str(), error.to_string());
                assert!(matches!(error, OrderError::Unreadable(_)), "{name}");
                assert!(!leaks(&format!("{error} {error:?}")), "{name}");
            }
        }
    }
    expected.extend(
        ["samples__webhooks", "samples__answers", "refunds__refunds"]
            .map(|name| format!("woocommerce__{name}")),
    );
    assert_eq!(snapshots(), expected, "a snapshot that no sample has, or the reverse");
}

/// The files in `snapshots/` that belong to this test.
fn snapshots() -> BTreeSet<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/woocommerce/snapshots");
    let names =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(".snap").map(ToOwned::to_owned)).collect()
}

#[test]
fn every_delivery_is_verified_and_understood() {
    let secrets = WebhookSecrets { current: SECRET.into(), previous: None };
    let mut understood = String::new();
    for sample in events::all("woocommerce/webhooks") {
        let json = sample.json();
        let body = bytes(&json["body"]);
        let (topic, kind) = (json["topic"].as_str().unwrap(), json["headers"]["Content-Type"].as_str());
        let meaning = if is_ping(kind, &body) {
            assert_eq!(verify(&secrets, None, &body), Err(SignatureError::Missing));
            "ping".to_owned()
        } else {
            assert_eq!(verify(&secrets, Some(sign(&body).as_bytes()), &body), Ok(SignedWith::Current));
            let topic: Topic = topic.parse().unwrap();
            meaning(understand(topic, &body), &body)
        };
        writeln!(understood, "{:30} {topic:17} {meaning}", stem(&sample)).unwrap();
    }
    assert!(!leaks(&understood));
    insta::assert_snapshot!("webhooks", understood);
}

/// In words; and a whole order that comes along is a readable one.
fn meaning(understanding: Understanding, body: &[u8]) -> String {
    match understanding {
        Understanding::NotAnOrder(why) => why.as_str().to_owned(),
        Understanding::OldApi(id) => format!("look at {id}, in the legacy API's form"),
        Understanding::Order(id) if body.len() < 100 => format!("look at {id}"),
        Understanding::Order(id) => {
            let order = order(&store(), id, body).unwrap();
            format!("look at {id}: {} {}", order.status, order.totals())
        }
    }
}

fn sign(body: &[u8]) -> String {
    let mut keyed = <Hmac<sha2::Sha256> as KeyInit>::new_from_slice(SECRET.as_bytes()).unwrap();
    keyed.update(body);
    base64::prelude::BASE64_STANDARD.encode(keyed.finalize().into_bytes())
}

#[tokio::test]
async fn every_answer_has_its_class() {
    let mut classes = String::new();
    for sample in events::all("woocommerce/rest") {
        let name = stem(&sample);
        // Those about stock are tried in stock/samples.rs, refunds in refunds.rs,
        // what the shop is told in fulfilment/samples.rs, webhooks and history
        // in guard.rs.
        let others = ["checkup-", "order-", "stock-", "refunds-", "back-", "webhook-", "history-"];
        if others.iter().any(|kind| name.starts_with(kind)) {
            continue;
        }
        let outcome = ask(&sample.json()).await;
        writeln!(classes, "{name:20} {outcome}").unwrap();
    }
    assert!(!leaks(&classes), "{classes}");
    insta::assert_snapshot!("answers", classes);
}

/// The answer's class, given by a real server to the request it is for.
async fn ask(sample: &Value) -> String {
    let server = served(sample).await;
    let shown = |error: ShopError| error.to_string();
    if sample["request"].as_str().unwrap().contains("modified_after") {
        let page = server.client().changed_after("2027-03-02T10:00:00Z".parse().unwrap(), 1).await;
        page.map_or_else(shown, |page| format!("{} orders", page.orders.len() / 2))
    } else {
        let read = server.client().order(OrderId(7001)).await;
        read.map_or_else(shown, |read| read.order.status.to_string())
    }
}

/// A shop that answers as the sample says.
pub(crate) async fn served(sample: &Value) -> ShopServer {
    let status = u16::try_from(sample["status"].as_u64().unwrap()).unwrap();
    let headers = sample["headers"].as_object().unwrap().iter();
    let headers = headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
    ShopServer::answering(status, headers, bytes(&sample["body"])).await
}

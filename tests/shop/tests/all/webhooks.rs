//! The habits of WooCommerce's webhooks, one by one.

use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::common::{Received, Receiver, TestShop};

fn order() -> Value {
    json!({ "line_items": [{ "product_id": 12, "quantity": 1 }], "billing": { "country": "DE" } })
}

fn signature(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body);
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

fn topics(received: &[Received]) -> Vec<&str> {
    received.iter().map(Received::topic).collect()
}

async fn open() -> (TestShop, Receiver) {
    (TestShop::open(json!({})).await, Receiver::open().await)
}

#[tokio::test]
async fn pings_unsigned_inside_the_request_and_again_when_the_url_changes() {
    let (shop, receiver) = open().await;
    let id = shop.webhook("order.created", &receiver, "/hook").await;
    let pings = receiver.take();
    assert_eq!(pings.len(), 1, "the ping was there before the answer");
    assert_eq!(pings[0].body, format!("webhook_id={id}").into_bytes());
    assert_eq!(pings[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    assert!(pings[0].headers.iter().all(|(name, _)| !name.starts_with("x-wc-")));
    shop.put(&format!("webhooks/{id}"), json!({ "name": "other" })).await;
    assert!(receiver.take().is_empty());
    let moved = json!({ "delivery_url": format!("{}/new", receiver.url) });
    shop.put(&format!("webhooks/{id}"), moved).await;
    assert_eq!(receiver.take()[0].path, "/new");
}

#[tokio::test]
async fn signs_the_raw_body_with_the_entity_decoded_secret() {
    let (shop, receiver) = open().await;
    let url = format!("{}/hook", receiver.url);
    let webhook = json!({ "topic": "order.updated", "delivery_url": url, "secret": "a&amp;b" });
    shop.post("webhooks", webhook).await;
    receiver.take();
    shop.post("orders", order()).await;
    shop.drain().await;
    let [delivery] = receiver.take().try_into().unwrap();
    let expected = signature("a&b", &delivery.body);
    assert_eq!(delivery.header("x-wc-webhook-signature"), Some(expected.as_str()));
    assert!(delivery.body.is_ascii());
    assert!(delivery.body.starts_with(b"{\"id\":"), "the id comes first");
    assert_eq!(delivery.header("x-wc-webhook-source"), Some(format!("{}/", shop.server.url).as_str()));
    assert_eq!(delivery.header("x-wc-webhook-event"), Some("updated"));
}

#[tokio::test]
async fn a_new_order_fires_created_and_updated_with_the_same_body() {
    let (shop, receiver) = open().await;
    shop.webhook("order.created", &receiver, "/a").await;
    shop.webhook("order.updated", &receiver, "/b").await;
    receiver.take();
    shop.post("orders", order()).await;
    shop.drain().await;
    let both = receiver.take();
    assert_eq!(topics(&both), ["order.created", "order.updated"]);
    assert_eq!(both[0].body, both[1].body);
}

#[tokio::test]
async fn deliveries_of_one_second_share_their_id() {
    let (shop, receiver) = open().await;
    shop.webhook("order.created", &receiver, "/hook").await;
    receiver.take();
    for _ in 0..2 {
        shop.post("orders", order()).await;
    }
    shop.drain().await;
    shop.advance(1).await;
    shop.post("orders", order()).await;
    shop.drain().await;
    let arrived = receiver.take();
    let id = |n: usize| arrived[n].header("x-wc-webhook-delivery-id").unwrap();
    assert_eq!(id(0), id(1));
    assert_ne!(id(1), id(2));
    assert_ne!(arrived[0].json()["id"], arrived[1].json()["id"]);
}

#[tokio::test]
async fn changes_collapse_into_one_delivery_built_when_it_runs() {
    let (shop, receiver) = open().await;
    shop.webhook("order.updated", &receiver, "/hook").await;
    receiver.take();
    shop.faults(json!({ "hold_deliveries": true })).await;
    let made = shop.post("orders", order()).await;
    for status in ["on-hold", "processing", "completed"] {
        shop.put(&format!("orders/{}", made["id"]), json!({ "status": status })).await;
    }
    shop.faults(json!({ "hold_deliveries": false })).await;
    shop.drain().await;
    let [delivery] = receiver.take().try_into().unwrap();
    assert_eq!(delivery.json()["status"], "completed");
    assert_eq!(shop.control("GET", "deliveries", None).await["collapsed"], 3);
}

#[tokio::test]
async fn a_slow_receiver_makes_another_one_get_the_old_state() {
    let (shop, receiver) = open().await;
    shop.webhook("order.updated", &receiver, "/gate").await;
    shop.webhook("order.updated", &receiver, "/fast").await;
    receiver.take();
    let made = shop.post("orders", order()).await;
    shop.under_way(1).await;
    // While the first receiver thinks, the order changes.
    shop.put(&format!("orders/{}", made["id"]), json!({ "status": "cancelled" })).await;
    receiver.let_through(2);
    shop.drain().await;
    let arrived = receiver.take();
    let states = |path: &str| -> Vec<Value> {
        arrived.iter().filter(|r| r.path == path).map(|r| r.json()["status"].clone()).collect()
    };
    assert_eq!(states("/gate"), ["pending", "cancelled"]);
    assert_eq!(states("/fast"), ["pending"], "the new state was never sent");
}

#[tokio::test]
async fn never_retries_and_disables_after_the_seventh_failure_in_a_row() {
    let (shop, receiver) = open().await;
    let id = shop.webhook("order.created", &receiver, "/status/500").await;
    receiver.take();
    let status = async || shop.get(&format!("webhooks/{id}")).await["status"].clone();
    for _ in 0..6 {
        shop.post("orders", order()).await;
        shop.drain().await;
    }
    assert_eq!(status().await, "active");
    shop.post("orders", order()).await;
    shop.drain().await;
    assert_eq!(status().await, "disabled");
    assert_eq!(receiver.take().len(), 7, "one attempt each");
    // What happens now is not sent later, and the count stays.
    shop.post("orders", order()).await;
    shop.put(&format!("webhooks/{id}"), json!({ "status": "active" })).await;
    shop.drain().await;
    assert!(receiver.take().is_empty());
    shop.post("orders", order()).await;
    shop.drain().await;
    assert_eq!(status().await, "disabled", "the next failure is enough");
}

#[tokio::test]
async fn success_is_200_to_302_and_clears_the_count() {
    for (status, counts) in [(200, 0), (204, 0), (301, 0), (302, 0), (303, 1), (307, 1), (401, 1), (500, 1)] {
        let (shop, receiver) = open().await;
        shop.webhook("order.created", &receiver, &format!("/status/{status}")).await;
        receiver.take();
        shop.post("orders", order()).await;
        shop.drain().await;
        assert_eq!(receiver.take().len(), 1, "redirects are not followed");
        let state = shop.control("GET", "state", None).await;
        assert_eq!(state["webhooks"][0]["failures"], counts, "{status}");
    }
}

#[tokio::test]
async fn refused_connections_are_failures_too() {
    let (shop, receiver) = open().await;
    let url = receiver.url.clone();
    drop(receiver);
    shop.post("webhooks", json!({ "topic": "order.created", "delivery_url": url })).await;
    shop.post("orders", order()).await;
    shop.drain().await;
    let log = shop.control("GET", "deliveries", None).await;
    assert_eq!(log["deliveries"][0]["result"], "no answer");
    assert_eq!(shop.control("GET", "state", None).await["webhooks"][0]["failures"], 1);
}

#[tokio::test]
async fn status_given_on_create_is_ignored_and_bad_webhooks_are_refused() {
    let (shop, receiver) = open().await;
    let body = json!({ "topic": "order.created", "delivery_url": receiver.url, "status": "paused" });
    assert_eq!(shop.post("webhooks", body).await["status"], "active");
    for (topic, url) in [("order.paid", "http://127.0.0.1/"), ("order.created", "ftp://x/")] {
        let body = json!({ "topic": topic, "delivery_url": url });
        assert_eq!(shop.rest("POST", "webhooks", Some(body)).await.status, 400);
    }
    let unforced = shop.rest("DELETE", "webhooks/1", None).await;
    assert_eq!(unforced.status, 501);
    shop.rest("DELETE", "webhooks/1?force=true", None).await.ok();
    assert_eq!(shop.rest("GET", "webhooks/1", None).await.status, 404);
}

#[tokio::test]
async fn the_secret_is_never_shown() {
    let (shop, receiver) = open().await;
    shop.webhook("order.created", &receiver, "/hook").await;
    let answer = shop.rest("GET", "webhooks", None).await;
    assert!(!answer.text.contains("s3cret") && !answer.text.contains("secret"), "{}", answer.text);
}

#[tokio::test]
async fn deleted_bodies_hold_an_id_and_may_be_another_kinds() {
    let (shop, receiver) = open().await;
    for topic in ["order.deleted", "product.deleted", "coupon.deleted"] {
        shop.webhook(topic, &receiver, "/hook").await;
    }
    receiver.take();
    shop.rest("DELETE", "products/12", None).await.ok();
    shop.drain().await;
    let crosstalk = receiver.take();
    assert_eq!(topics(&crosstalk), ["coupon.deleted", "product.deleted"]);
    assert!(crosstalk.iter().all(|r| r.json() == json!({ "id": 12 })));
    let made = shop.post("orders", json!({ "line_items": [{ "product_id": 10 }] })).await;
    shop.rest("DELETE", &format!("orders/{}", made["id"]), None).await.ok();
    shop.drain().await;
    assert_eq!(topics(&receiver.take()), ["order.deleted"]);
    shop.rest("DELETE", &format!("orders/{}?force=true", made["id"]), None).await.ok();
    shop.drain().await;
    assert!(receiver.take().is_empty(), "deleting for good fires nothing");
}

#[tokio::test]
async fn hints_are_lost_doubled_and_reversed_on_demand() {
    let (shop, receiver) = open().await;
    shop.webhook("order.created", &receiver, "/hook").await;
    receiver.take();
    shop.faults(json!({ "lose_every_nth_hint": 3, "hold_deliveries": true })).await;
    for _ in 0..9 {
        shop.post("orders", order()).await;
    }
    shop.faults(json!({ "hold_deliveries": false })).await;
    shop.drain().await;
    let ids: Vec<u64> = receiver.take().iter().map(|r| r.json()["id"].as_u64().unwrap()).collect();
    let first = ids[0];
    assert_eq!(ids, [0, 1, 3, 4, 6, 7].map(|n| first + n));
    let log = shop.control("GET", "deliveries", None).await;
    let lost = log["deliveries"].as_array().unwrap().iter().filter(|d| d["result"] == "lost");
    assert_eq!(lost.count(), 3);
    shop.control("DELETE", "faults", None).await;
    shop.faults(json!({ "duplicate_hints": 1, "reverse_deliveries": true, "hold_deliveries": true })).await;
    for _ in 0..2 {
        shop.post("orders", order()).await;
    }
    shop.faults(json!({ "hold_deliveries": false })).await;
    shop.drain().await;
    let ids: Vec<u64> = receiver.take().iter().map(|r| r.json()["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [10, 10, 9, 9].map(|n| first + n));
}

#[tokio::test]
async fn delayed_deliveries_wait_for_the_clock() {
    let (shop, receiver) = open().await;
    shop.webhook("order.created", &receiver, "/hook").await;
    receiver.take();
    shop.faults(json!({ "delivery_delay_ms": 90_000 })).await;
    shop.post("orders", order()).await;
    shop.advance(89).await;
    let queue = shop.control("GET", "deliveries", None).await;
    assert_eq!(queue["pending"].as_array().unwrap().len(), 1);
    shop.advance(1).await;
    shop.drain().await;
    assert_eq!(receiver.take().len(), 1);
    shop.post("orders", order()).await;
    shop.control("POST", "deliveries/hurry", None).await;
    shop.drain().await;
    assert_eq!(receiver.take().len(), 1);
}

//! The client against a real server on loopback.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use weir_domain::id::OrderId;
use weir_domain::outcome::CallError;
use weir_domain::ports::{Shop, ShopError};
use weir_woocommerce::client::{MAX_ANSWER_BYTES, ShopClient};

use crate::common::{ShopServer, answer, class, client, ok};

fn mug(id: u64) -> Value {
    json!({
        "id": id, "status": "processing", "currency": "EUR",
        "date_created_gmt": "2026-11-23T19:41:08", "date_modified_gmt": "2026-11-23T19:43:20",
        "total": "11.900000", "total_tax": "1.900000",
        "line_items": [{"id": 1, "quantity": 1, "total": "10.000000", "total_tax": "1.900000"}],
    })
}

async fn order_error(status: u16, kind: &'static str, body: &'static str) -> ShopError {
    let server = ShopServer::start(move |_, _| answer(status, kind, body)).await;
    server.client().order(OrderId(4711)).await.unwrap_err()
}

#[tokio::test]
async fn an_order_is_read_with_many_decimals_and_the_key() {
    let server = ShopServer::start(|_, _| ok(&mug(4711))).await;
    let order = server.client().order(OrderId(4711)).await.unwrap().order;
    assert_eq!(order.key.to_string(), "main/4711");
    assert_eq!(order.total.to_string(), "11.900000");
    let asked = &server.asked()[0];
    assert_eq!(asked.path, "/sub/wp-json/wc/v3/orders/4711");
    assert_eq!(asked.query["dp"], "6");
    assert_eq!(asked.headers["accept"], "application/json");
    assert!(asked.headers["user-agent"].starts_with("weir/"));
    // ck_canary:cs_canary
    assert_eq!(asked.headers["authorization"], "Basic Y2tfY2FuYXJ5OmNzX2NhbmFyeQ==");
}

#[tokio::test]
async fn plain_http_is_signed_because_the_shop_ignores_basic_there() {
    let server = ShopServer::start(|_, _| ok(&mug(4711))).await;
    let client = server.client();
    for _ in 0..2 {
        client.order(OrderId(4711)).await.unwrap();
    }
    let asked = server.asked();
    assert_ne!(asked[0].query["oauth_nonce"], asked[1].query["oauth_nonce"]);
    assert_eq!(asked[0].query["oauth_consumer_key"], "ck_canary");
    assert_eq!(asked[0].query["oauth_timestamp"], "1795464000");
    assert!(asked.iter().all(|asked| !asked.query.values().any(|value| value.contains("cs_canary"))));
}

#[tokio::test]
async fn failures_have_their_class() {
    let json = "application/json; charset=UTF-8";
    let html = "text/html; charset=UTF-8";
    let gone =
        r#"{"code":"woocommerce_rest_shop_order_invalid_id","message":"Invalid ID.","data":{"status":404}}"#;
    let route = r#"{"code":"rest_no_route","message":"No route","data":{"status":404}}"#;
    for (status, kind, body, expected) in [
        (404, json, gone, "gone"),
        (404, json, route, "blocked"),
        (401, json, r#"{"code":"woocommerce_rest_cannot_view"}"#, "blocked"),
        (200, html, "<html>Checking your browser</html>", "blocked"),
        (403, html, "<html>canary</html>", "blocked"),
        (503, json, r#"{"code":"wp_die"}"#, "blocked"),
        (429, json, "", "retry"),
        (500, json, r#"{"code":"internal_server_error"}"#, "retry"),
        (200, json, "<br />\n<b>Warning</b>: canary<br />\n{\"id\":4711}", "retry"),
        (200, json, r#"{"id":4712}"#, "retry"),
        (200, json, r#"{"id":4711}"#, "missing_field"),
        (418, json, "{}", "unknown"),
    ] {
        let error = order_error(status, kind, body).await;
        assert_eq!(class(&error), expected, "{status} {body}: {error}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("canary"), "{shown}");
    }
}

#[tokio::test]
async fn the_shops_wish_is_heard() {
    let server = ShopServer::start(|_, _| {
        let mut answer = answer(503, "application/json", r#"{"code":"wp_die"}"#);
        answer.headers_mut().insert("retry-after", "600".parse().unwrap());
        answer
    })
    .await;
    let error = server.client().order(OrderId(4711)).await.unwrap_err();
    let ShopError::Call(CallError::Blocked { after, .. }) = error else { panic!("{error:?}") };
    assert_eq!(after, Some(SignedDuration::from_secs(600)));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = ShopServer::start(|path, _| {
        if path.starts_with("/elsewhere") {
            return ok(&mug(4711));
        }
        let mut answer = answer(301, "text/html", "");
        answer.headers_mut().insert("location", "/elsewhere/4711".parse().unwrap());
        answer
    })
    .await;
    let error = server.client().order(OrderId(4711)).await.unwrap_err();
    assert_eq!(class(&error), "blocked");
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let large = |kind: &'static str| {
        move |_: &str, _: &BTreeMap<String, String>| answer(200, kind, vec![b' '; MAX_ANSWER_BYTES + 1])
    };
    let server = ShopServer::start(large("application/json")).await;
    assert_eq!(class(&server.client().order(OrderId(4711)).await.unwrap_err()), "answer_too_large");
    let edge = ShopServer::start(large("text/html")).await;
    assert_eq!(class(&edge.client().order(OrderId(4711)).await.unwrap_err()), "blocked");
}

#[tokio::test]
async fn nobody_at_the_door_is_asked_again_soon() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(class(&client(&url).order(OrderId(4711)).await.unwrap_err()), "retry");
}

#[tokio::test]
async fn a_private_address_is_a_matter_of_configuration() {
    let error = client("https://10.0.0.1").order(OrderId(4711)).await.unwrap_err();
    assert_eq!(class(&error), "blocked", "{error}");
}

/// A shop of orders (status, id, second of 2026-11-23T19:00) that pages,
/// filters and sorts as WooCommerce does.
fn listing(
    orders: Vec<(&'static str, u64, i64)>,
) -> impl Fn(&str, &BTreeMap<String, String>) -> Response<Body> {
    move |_, query| {
        let after: Timestamp = format!("{}Z", query["modified_after"]).parse().unwrap();
        let mut found: Vec<(Timestamp, u64)> = orders
            .iter()
            .filter(|(status, ..)| (*status == "trash") == (query["status"] == "trash"))
            .map(|(_, id, second)| (start() + SignedDuration::from_secs(*second), *id))
            .filter(|(modified, _)| *modified > after)
            .collect();
        found.sort_unstable();
        let number = |name: &str| query[name].parse::<usize>().unwrap();
        let page = found.iter().skip((number("page") - 1) * number("per_page")).take(number("per_page"));
        let stub = |(modified, id): &(Timestamp, u64)| json!({"id": id, "date_modified_gmt": modified.to_string().trim_end_matches('Z')});
        ok(&Value::Array(page.map(stub).collect()))
    }
}

fn start() -> Timestamp {
    "2026-11-23T19:00:00Z".parse().unwrap()
}

async fn page(client: &ShopClient, after: Timestamp, page: u32) -> Vec<(u64, i64)> {
    let page = client.changed_after(after, page).await.unwrap();
    let second = |at: Timestamp| at.duration_since(start()).as_secs();
    page.orders.iter().map(|stub| (stub.id.0, second(stub.modified_at))).collect()
}

#[tokio::test]
async fn a_listing_asks_in_gmt_without_a_z() {
    let server = ShopServer::start(listing(vec![("processing", 1, 10)])).await;
    let listed = server.client().changed_after("2026-11-23T19:00:09.75Z".parse().unwrap(), 1).await.unwrap();
    assert_eq!(listed.orders.len(), 1);
    assert_eq!(listed.answered_at, Some("2026-11-23T19:59:58Z".parse().unwrap()));
    let asked = &server.asked()[0];
    asked.was(
        "orders",
        &[
            ("status", "any"),
            ("modified_after", "2026-11-23T19:00:09"),
            ("dates_are_gmt", "true"),
            ("orderby", "modified"),
            ("order", "asc"),
            ("per_page", "100"),
            ("page", "1"),
            ("_fields", "id,date_modified_gmt,refunds"),
        ],
    );
}

#[tokio::test]
async fn trashed_orders_are_listed_among_the_others() {
    let orders = vec![("processing", 1, 10), ("trash", 2, 20), ("on-hold", 3, 30), ("trash", 4, 5)];
    let server = ShopServer::start(listing(orders)).await;
    let listed = page(&server.client(), start(), 1).await;
    assert_eq!(listed, [(4, 5), (1, 10), (2, 20), (3, 30)]);
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn pages_of_the_union_hold_every_order_once() {
    let status = |id: u64| if id.is_multiple_of(3) { "trash" } else { "processing" };
    for seconds in [1, 7, 400] {
        let second = |id: u64| 1 + i64::try_from(id).unwrap() % seconds;
        let orders: Vec<_> = (1..=330).map(|id| (status(id), id, second(id))).collect();
        let mut expected: Vec<_> = orders.iter().map(|(_, id, second)| (*id, *second)).collect();
        expected.sort_by_key(|(id, second)| (*second, *id));
        let server = ShopServer::start(listing(orders)).await;
        let client = server.client();
        let mut listed = Vec::new();
        for number in 1..=5 {
            listed.extend(page(&client, start(), number).await);
        }
        assert_eq!(listed, expected, "changed within {seconds} s");
    }
}

#[tokio::test]
async fn a_listing_that_fails_is_not_an_empty_one() {
    for (status, body, expected) in
        [(500, "{}", "retry"), (200, "<br />[]", "retry"), (200, "{}", "retry"), (401, "{}", "blocked")]
    {
        let server = ShopServer::start(move |_, _| answer(status, "application/json", body)).await;
        let error = server.client().changed_after(start(), 1).await.unwrap_err();
        assert_eq!(class(&error), expected, "{status} {body}");
    }
    // Also when only the trash cannot be listed.
    let server = ShopServer::start(|_, query| {
        if query["status"] == "trash" { answer(500, "application/json", "{}") } else { ok(&json!([])) }
    })
    .await;
    assert_eq!(class(&server.client().changed_after(start(), 1).await.unwrap_err()), "retry");
}

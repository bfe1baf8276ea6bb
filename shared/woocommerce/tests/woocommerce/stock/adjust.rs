//! Quantities written to a real server on loopback.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use hmac::{Hmac, KeyInit, Mac};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use weir_domain::outcome::CallError;
use weir_domain::ports::{Adjusted, Adjustment, ShopStock};
use weir_testkit::FakeClock;
use weir_woocommerce::stock::batch;

use super::{by, shown_echo, to};
use crate::common::{Asked, ShopServer, answer, client, client_at, ok, outcome};

/// Answers a batch as if every item were a product with a quantity of 5.
fn echo(ids: &[u64]) -> Value {
    let product = |id: &u64| json!({"id": id, "sku": "MUG", "manage_stock": true, "stock_quantity": 5});
    json!({ "update": ids.iter().map(product).collect::<Vec<_>>() })
}

#[tokio::test]
async fn products_and_variations_have_their_addresses() {
    let server = ShopServer::start(|_, _| ok(&echo(&[10, 11]))).await;
    let client = server.client();
    let products = client.adjust(&[by(10, "-2"), by(11, "7.50")]).await.unwrap();
    let shown: Vec<String> = products.iter().map(shown_echo).collect();
    assert_eq!(shown, [r#"10 "MUG" 5"#, r#"11 "MUG" 5"#]);
    let child = |adjustment: Adjustment| Adjustment { parent: Some(9), ..adjustment };
    let variations = client.adjust(&[child(to(10, "0")), child(to(11, "-3.0"))]).await.unwrap();
    assert_eq!(shown_echo(&variations[0]), r#"9/10 "MUG" 5"#, "the answer does not name the parent");
    let asked = server.asked();
    assert!(asked.iter().all(|asked| asked.method == "POST"));
    assert_eq!(asked[0].path, "/sub/wp-json/wc/v3/products/batch");
    assert_eq!(
        asked[0].body,
        r#"{"update":[{"id":10,"inventory_delta":-2},{"id":11,"inventory_delta":7.5}]}"#
    );
    assert_eq!(asked[1].path, "/sub/wp-json/wc/v3/products/9/variations/batch");
    assert_eq!(asked[1].body, r#"{"update":[{"id":10,"stock_quantity":0},{"id":11,"stock_quantity":-3}]}"#);
    for asked in &asked {
        assert_eq!(asked.headers["content-type"], "application/json");
        assert_eq!(asked.headers["accept"], "application/json");
        assert_eq!(asked.headers["authorization"], "Basic Y2tfY2FuYXJ5OmNzX2NhbmFyeQ==");
        assert!(!asked.query.contains_key("_fields"), "it empties the answer");
    }
}

/// RFC 5849, section 3.4.1, written anew: what a shop computes.
fn signature(method: &str, url: &str, query: &BTreeMap<String, String>) -> String {
    let encode = |text: &str| {
        let unreserved = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
        text.bytes()
            .map(|byte| if unreserved(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect::<String>()
    };
    let pairs = query.iter().filter(|(name, _)| *name != "oauth_signature");
    let pairs: Vec<String> =
        pairs.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    let base = format!("{method}&{}&{}", encode(url), encode(&pairs.join("&")));
    let mut keyed = <Hmac<sha2::Sha256> as KeyInit>::new_from_slice(b"cs_canary&").unwrap();
    keyed.update(base.as_bytes());
    base64::prelude::BASE64_STANDARD.encode(keyed.finalize().into_bytes())
}

#[tokio::test]
async fn a_write_over_plain_http_is_signed_as_a_post() {
    let server = ShopServer::start(|_, _| ok(&echo(&[10]))).await;
    let client = server.client();
    for _ in 0..2 {
        client.adjust(&[by(10, "1")]).await.unwrap();
    }
    let url = format!("{}/wp-json/wc/v3/products/batch", server.url());
    let signed =
        |asked: &Asked, method: &str| asked.query["oauth_signature"] == signature(method, &url, &asked.query);
    let asked = server.asked();
    assert!(asked.iter().all(|asked| signed(asked, "POST") && !signed(asked, "GET")));
    assert_ne!(asked[0].query["oauth_nonce"], asked[1].query["oauth_nonce"]);
}

/// The ids that a request asks for.
fn ids_of(asked: &Asked) -> Vec<u64> {
    let body: Value = serde_json::from_str(&asked.body).unwrap();
    body["update"].as_array().unwrap().iter().map(|item| item["id"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn what_the_shop_would_not_check_is_refused_before_it_is_sent() {
    let server = ShopServer::start(|_, _| ok(&echo(&[1]))).await;
    let client = server.client();
    let hundred_and_one: Vec<_> = (1..=101).map(|id| by(id, "1")).collect();
    let of = |parent| Adjustment { parent, ..by(12, "1") };
    for (adjustments, what) in [
        (hundred_and_one, "101"),
        (vec![by(10, "1"), of(Some(9))], "several products"),
        (vec![of(Some(8)), Adjustment { id: 13, ..of(Some(9)) }], "several products"),
        (vec![of(Some(0))], "id 0"),
    ] {
        let error = client.adjust(&adjustments).await.unwrap_err();
        let CallError::Rejected(rejection) = &error else { panic!("{what}: {error}") };
        assert_eq!(rejection.code, "impossible_adjustment");
        assert!(rejection.detail.contains(what), "{what}: {rejection}");
    }
    assert_eq!(client.adjust(&[]).await.unwrap(), [], "nothing to do");
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn one_item_that_cannot_be_sent_does_not_keep_the_others() {
    let server = ShopServer::reading(|asked| ok(&echo(&ids_of(asked)))).await;
    let client = server.client();
    for bad in [
        vec![by(0, "1")],
        vec![by(12, "1000000000000000")],
        vec![to(12, "0.0000001")],
        vec![to(12, "-123456789012.3456")],
        vec![by(12, "1"), to(12, "4")],
    ] {
        let adjustments = [vec![by(10, "1")], bad.clone(), vec![by(11, "1")]].concat();
        let shown: Vec<String> = client.adjust(&adjustments).await.unwrap().iter().map(shown_echo).collect();
        let refused = vec!["impossible".to_owned(); bad.len()];
        let (first, last) = (r#"10 "MUG" 5"#.to_owned(), r#"11 "MUG" 5"#.to_owned());
        assert_eq!(shown, [vec![first], refused, vec![last]].concat(), "{bad:?}");
        assert!(batch(&bad).is_err(), "{bad:?}");
    }
    assert!(server.asked().iter().all(|asked| ids_of(asked) == [10, 11]));
    // Where nothing is left, nothing is sent.
    assert_eq!(client.adjust(&[by(0, "1")]).await.unwrap().len(), 1);
    assert_eq!(server.asked().len(), 5);
}

fn hundred() -> Vec<Adjustment> {
    (1..=100).map(|id| by(id, "1")).collect()
}

/// A shop that takes so many at once.
fn taking(most: usize) -> impl Fn(&Asked) -> axum::response::Response {
    move |asked| match ids_of(asked) {
        ids if ids.len() > most => answer(413, "text/html", "<html>canary</html>"),
        ids => ok(&echo(&ids)),
    }
}

#[tokio::test]
async fn a_shop_that_takes_fewer_at_once_gets_fewer_at_once() {
    let server = ShopServer::reading(taking(30)).await;
    let client = server.client();
    let ids = |adjusted: Vec<Adjusted>| -> Vec<u64> {
        let id = |adjusted: &Adjusted| match adjusted {
            Adjusted::Now(product) => product.id,
            Adjusted::Refused { .. } | Adjusted::Impossible => panic!("{adjusted:?}"),
        };
        adjusted.iter().map(id).collect()
    };
    let sizes = || server.asked().iter().map(|asked| ids_of(asked).len()).collect::<Vec<_>>();
    for expected in [vec![100, 50, 25, 25, 25, 25], vec![25; 4]] {
        let before = sizes().len();
        let adjusted = client.adjust(&hundred()).await.unwrap();
        assert_eq!(ids(adjusted), (1..=100).collect::<Vec<u64>>());
        assert_eq!(sizes().split_off(before), expected, "it is remembered");
    }
    let server = ShopServer::reading(taking(0)).await;
    let adjusted = server.client().adjust(&hundred()).await;
    assert_eq!(outcome(&adjusted), "blocked", "not even one");
    assert_eq!(server.asked().len(), 8);
}

#[tokio::test]
async fn what_fails_after_a_part_was_done_is_unknown() {
    let server = ShopServer::reading(|asked| match ids_of(asked) {
        ids if ids.len() == 100 => answer(413, "text/html", ""),
        ids if ids.contains(&1) => ok(&echo(&ids)),
        _ => answer(429, "application/json", "{}"),
    })
    .await;
    assert_eq!(outcome(&server.client().adjust(&hundred()).await), "unknown");
    assert_eq!(outcome(&server.client().adjust(&[by(2, "1")]).await), "retry", "nothing was done");
}

#[tokio::test]
async fn parts_are_not_sent_for_longer_than_there_is_time() {
    let clock = Arc::new(FakeClock::default());
    let (slow, taking) = (Arc::clone(&clock), taking(10));
    let server = ShopServer::reading(move |asked| {
        slow.advance(SignedDuration::from_secs(1));
        taking(asked)
    })
    .await;
    let client = client_at(server.url(), clock);
    assert_eq!(outcome(&client.adjust(&hundred()).await), "unknown");
    assert!(server.asked().len() <= 7, "{}", server.asked().len());
    assert_eq!(client.adjust(&hundred()[..7]).await.unwrap().len(), 7);
}

#[test]
fn numbers_are_json_numbers_in_their_shortest_spelling() {
    for (number, json) in [
        ("-2", "-2"),
        ("2.50", "2.5"),
        ("100", "100"),
        ("1000.000", "1000"),
        ("-0", "0"),
        ("0.00", "0"),
        ("0.000001", "0.000001"),
        ("999999999999999", "999999999999999"),
        ("-12345678.901234", "-12345678.901234"),
    ] {
        let body = batch(&[by(10, number)]).unwrap().body;
        assert_eq!(body, format!(r#"{{"update":[{{"id":10,"inventory_delta":{json}}}]}}"#));
        let float: f64 =
            serde_json::from_str::<Value>(&body).unwrap()["update"][0]["inventory_delta"].as_f64().unwrap();
        assert_eq!(float.to_string(), json, "what PHP makes of it");
    }
    assert_eq!(batch(&(1..=100).map(|id| by(id, "1")).collect::<Vec<_>>()).unwrap().parent, None);
}

#[tokio::test]
async fn a_write_that_failed_is_unknown_unless_it_certainly_did_not_happen() {
    let (json, html) = ("application/json; charset=UTF-8", "text/html; charset=UTF-8");
    for (status, kind, body, expected) in [
        (401, json, r#"{"code":"woocommerce_rest_authentication_error"}"#, "blocked"),
        (403, json, r#"{"code":"woocommerce_rest_cannot_batch"}"#, "blocked"),
        (404, json, r#"{"code":"rest_no_route"}"#, "blocked"),
        (413, html, "<html>canary</html>", "blocked"),
        (429, json, "", "retry"),
        (200, html, "<html>canary</html>", "unknown"),
        (403, html, "<html>canary</html>", "unknown"),
        (404, html, "<html>canary</html>", "unknown"),
        (406, html, "<html>canary</html>", "unknown"),
        (302, html, "", "unknown"),
        (408, json, "", "unknown"),
        (500, json, r#"{"code":"internal_server_error"}"#, "unknown"),
        (502, html, "<html>canary</html>", "unknown"),
        (503, html, "<html>canary</html>", "unknown"),
        (504, html, "", "unknown"),
        (200, json, "<br />\n<b>Warning</b>: canary<br />\n{\"update\":[]}", "unknown"),
        (200, json, r#"{"update":[{"id":10,"manage_stock":true,"stock_quan"#, "unknown"),
        (200, json, "[]", "unknown"),
        (200, json, "", "unknown"),
        (200, json, r#"{"update":[]}"#, "unknown"),
        (200, json, r#"{"update":[[]]}"#, "unknown"),
        (200, json, r#"{"update":[{"id":11,"manage_stock":true}]}"#, "unknown"),
        (200, json, r#"{"update":[{"id":10,"error":[]}]}"#, "unknown"),
        (200, json, r#"{"update":[{"id":10,"error":{"code":"Cara Canary"}}]}"#, "unknown"),
        (201, json, r#"{"update":[{"id":10,"manage_stock":true}]}"#, "unknown"),
    ] {
        let server = ShopServer::start(move |_, _| answer(status, kind, body)).await;
        let adjusted = server.client().adjust(&[by(10, "1")]).await;
        assert_eq!(outcome(&adjusted), expected, "{status} {body}: {adjusted:?}");
        assert!(!format!("{adjusted:?}").to_lowercase().contains("canary"), "{adjusted:?}");
        assert_eq!(server.asked().len(), 1, "{status}: a write is never repeated");
    }
}

#[tokio::test]
async fn the_wish_of_a_shop_that_did_nothing_is_heard() {
    for (status, body, expected) in [(429, "{}", "retry"), (503, r#"{"code":"wp_die"}"#, "blocked")] {
        let server = ShopServer::start(move |_, _| {
            let mut answer = answer(status, "application/json", body);
            answer.headers_mut().insert("retry-after", "600".parse().unwrap());
            answer
        })
        .await;
        let adjusted = server.client().adjust(&[by(10, "1")]).await;
        assert_eq!(outcome(&adjusted), expected);
        let (CallError::RetrySoon { after, .. } | CallError::Blocked { after, .. }) = adjusted.unwrap_err()
        else {
            panic!("{status}");
        };
        assert_eq!(after, Some(SignedDuration::from_secs(600)));
    }
}

/// A peer that takes the whole request and answers with these bytes, perhaps
/// none, and hangs up.
async fn hangs_up_after(bytes: &'static str) -> &'static str {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let peer = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = Vec::new();
        let mut chunk = [0; 4096];
        while !String::from_utf8_lossy(&asked).ends_with("]}") {
            let read = stream.read(&mut chunk).await.unwrap();
            asked.extend_from_slice(&chunk[..read]);
        }
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    });
    let adjusted = client(&url).adjust(&[by(10, "1")]).await;
    peer.await.unwrap();
    outcome(&adjusted)
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_was_sent_leaves_it_open() {
    assert_eq!(hangs_up_after("").await, "unknown");
    assert_eq!(hangs_up_after("HTTP/1.1 200 OK\r\ncontent-ty").await, "unknown");
    let cut = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{\"update\":[";
    assert_eq!(hangs_up_after(cut).await, "unknown");
    // Even where the head says that nothing was done, all of it has to arrive.
    let cut = "HTTP/1.1 429 Slow\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{";
    assert_eq!(hangs_up_after(cut).await, "unknown");
}

#[tokio::test]
async fn a_connection_that_was_never_made_did_nothing() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(outcome(&client(&url).adjust(&[by(10, "1")]).await), "retry");
    assert_eq!(outcome(&client("https://10.0.0.1").adjust(&[by(10, "1")]).await), "blocked");
}

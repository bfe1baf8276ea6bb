//! Authentication, faults, counters and the program itself.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::common::{Call, TestShop};

async fn open() -> TestShop {
    TestShop::open(json!({})).await
}

fn plain_get(path: &str) -> Call {
    Call { method: "GET".to_owned(), path: path.to_owned(), ..Call::default() }
}

#[tokio::test]
async fn credentials_count_only_where_the_shop_sees_tls() {
    let shop = TestShop::open(json!({ "tls_seen": false })).await;
    assert_eq!(shop.rest("GET", "orders", None).await.json()["code"], "woocommerce_rest_cannot_view");
    let mut call = plain_get("/wp-json/wc/v3/orders");
    call.basic = Some((shop.server.consumer_key.clone(), shop.server.consumer_secret.clone()));
    call.headers = vec![("x-forwarded-proto".to_owned(), "https".to_owned())];
    assert_eq!(shop.send(call).await.status, 200);
}

#[tokio::test]
async fn keys_work_in_the_query_and_a_stripped_header_does_not() {
    let shop = open().await;
    let mut call = plain_get("/wp-json/wc/v3/orders");
    call.query = vec![
        ("consumer_key".to_owned(), shop.server.consumer_key.clone()),
        ("consumer_secret".to_owned(), shop.server.consumer_secret.clone()),
    ];
    assert_eq!(shop.send(call).await.status, 200);
    shop.faults(json!({ "strip_authorization": true })).await;
    assert_eq!(shop.rest("GET", "orders", None).await.status, 401);
}

#[tokio::test]
async fn the_index_tells_the_zone_and_the_namespaces_to_everybody() {
    let shop = open().await;
    let index = shop.send(plain_get("/wp-json/")).await.ok();
    assert_eq!(index["gmt_offset"], 1);
    assert!(index["namespaces"].as_array().unwrap().contains(&json!("wc/v3")));
    assert_eq!(shop.send(plain_get("/wp-json/wc/v3/nothing")).await.status, 404);
}

#[tokio::test]
async fn faults_hit_the_next_requests_and_then_end() {
    let shop = open().await;
    let get = async || shop.rest("GET", "orders?per_page=1", None).await;
    shop.faults(json!({ "edge_html_next": 2, "edge_status": 200 })).await;
    for _ in 0..2 {
        let answer = get().await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/html; charset=UTF-8")));
    }
    assert_eq!(get().await.json(), json!([]));
    shop.faults(json!({ "too_many_next": 1, "retry_after_s": 7 })).await;
    let answer = get().await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("7")));
    shop.faults(json!({ "maintenance": true })).await;
    let answer = get().await;
    assert_eq!((answer.status, answer.json()["code"].clone()), (503, json!("wp_die")));
    shop.control("DELETE", "faults", None).await;
    shop.faults(json!({ "error_next": 1, "error_status": 504 })).await;
    assert_eq!(get().await.status, 504);
    assert_eq!(get().await.status, 200);
    let unknown = shop.control_raw("PUT", "faults", Some(json!({ "edge": 1 }))).await;
    assert_eq!(unknown.status, 400);
}

#[tokio::test]
async fn a_lost_answer_has_done_its_work() {
    let shop = open().await;
    shop.faults(json!({ "lose_answer_next": 1 })).await;
    let answer = shop.rest("PUT", "products/10", Some(json!({ "inventory_delta": -1 }))).await;
    assert_eq!(answer.status, 502);
    assert_eq!(shop.get("products/10").await["stock_quantity"], 4999);
}

#[tokio::test]
async fn requests_are_counted_by_route_and_status() {
    let shop = open().await;
    shop.get("orders").await;
    shop.rest("GET", "orders/5", None).await;
    shop.rest("GET", "orders/6", None).await;
    let counted = shop.control("GET", "requests", None).await;
    assert_eq!(counted["by_route"], json!({ "GET orders": 1, "GET orders/{id}": 2 }));
    assert_eq!(counted["by_status"], json!({ "200": 1, "404": 2 }));
    shop.control("DELETE", "requests", None).await;
    assert_eq!(shop.control("GET", "requests", None).await["total"], 0);
}

#[tokio::test]
async fn hostile_requests_are_answered() {
    let shop = open().await;
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    for body in ["", "{", "null", "[]", "7", "\"x\"", &deep, "{\"line_items\":{}}", "{\"status\":7}"] {
        let mut call = plain_get("/wp-json/wc/v3/orders");
        call.method = "POST".to_owned();
        call.body = Some((body.to_owned(), "application/json".to_owned()));
        call.basic = Some((shop.server.consumer_key.clone(), shop.server.consumer_secret.clone()));
        let status = shop.send(call).await.status;
        assert!(matches!(status, 201 | 400 | 500), "{body:.20}: {status}");
    }
    for query in ["page=0", "per_page=101", "page=x", "orderby=total", "include=a", "after=soon"] {
        assert_eq!(shop.rest("GET", &format!("orders?{query}"), None).await.status, 400, "{query}");
    }
}

/// Starts the program; the child is killed when dropped.
fn program(folder: &std::path::Path, config: Option<&str>) -> tokio::process::Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shop-standin"));
    command.arg("--ready-file").arg(folder.join("ready.json"));
    if let Some(text) = config {
        std::fs::write(folder.join("shop.json"), text).unwrap();
        command.arg("--config").arg(folder.join("shop.json"));
    }
    command.stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap()
}

fn scratch(name: &str) -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

async fn ready(folder: &std::path::Path) -> Value {
    for _ in 0..1_000 {
        if let Ok(text) = std::fs::read_to_string(folder.join("ready.json")) {
            return serde_json::from_str(&text).expect("the ready file is whole");
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never ready");
}

#[tokio::test]
async fn the_program_announces_itself_and_stops_on_sigterm() {
    let folder = scratch("announce");
    let mut child = program(&folder, Some(r#"{ "currency": "USD" }"#));
    let ready = ready(&folder).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let (key, secret) = (ready["consumer_key"].as_str(), ready["consumer_secret"].as_str());
    let url =
        format!("{}/wp-json/wc/v3/settings/general/woocommerce_currency", ready["url"].as_str().unwrap());
    let answer = client.get(url).basic_auth(key.unwrap(), secret).send().await.unwrap();
    let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(answer["value"], "USD");
    let pid = child.id().unwrap().to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status().await.unwrap();
    assert!(sent.success());
    let ended = tokio::time::timeout(Duration::from_secs(20), child.wait()).await;
    assert!(ended.expect("it stops").unwrap().success(), "a stop on request is a success");
}

#[tokio::test]
async fn the_program_says_in_one_line_what_is_wrong_with_its_configuration() {
    let folder = scratch("wrong");
    let child = program(&folder, Some(r#"{ "curency": "USD" }"#));
    let output = child.wait_with_output().await.unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.trim().lines().count(), 1, "{text}");
    assert!(text.contains("curency"), "{text}");
}

//! What goes over the wire, and what failures mean.

use axum::body::Body;
use axum::response::Response;
use serde_json::{Value, json};
use weir_domain::fulfilment::{NewRefund, NewRefundLine};
use weir_domain::order::OrderStatus;
use weir_domain::outcome::CallError;
use weir_domain::ports::{Shop, ShopError};
use weir_woocommerce::client::{MAX_ANSWER_BYTES, ShopClient};

use super::{ORDER, decimal, note, parcel, refund, word};
use crate::common::{Asked, ShopServer, answer, client, ok};

pub(super) const JSON: &str = "application/json; charset=UTF-8";
pub(super) const HTML: &str = "text/html; charset=UTF-8";

pub(super) fn created(body: &Value) -> Response<Body> {
    answer(201, JSON, body.to_string())
}

pub(super) fn no_route() -> Response<Body> {
    answer(404, JSON, r#"{"code":"rest_no_route","message":"No route","data":{"status":404}}"#)
}

/// Everything that is written, each as one request.
const WRITES: [&str; 5] = ["note", "status", "refund", "fulfilment", "tracking"];

async fn write(client: &ShopClient, what: &str) -> Result<(), ShopError> {
    match what {
        "note" => client.add_note(ORDER, &note()).await,
        "status" => client.set_status(ORDER, &OrderStatus::Completed).await,
        "refund" => client.give_refund(ORDER, &refund()).await.map(|_| ()),
        _ => client.show_parcel(ORDER, None, &parcel("2/1")).await.map(|_| ()),
    }
}

/// A shop with the interface that a write needs, which answers the write so.
async fn answering(
    what: &'static str,
    with: impl Fn() -> Response<Body> + Send + Sync + 'static,
) -> ShopServer {
    ShopServer::reading(move |asked| {
        let best = match what {
            "fulfilment" => "/fulfillments",
            "tracking" => "/shipment-trackings",
            _ => "/nowhere",
        };
        match asked.method.as_str() {
            "GET" if asked.path.ends_with(best) => ok(&json!([])),
            "GET" if asked.path.ends_with("/orders/4711") => ok(&json!({ "id": 4711, "meta_data": [] })),
            "GET" => no_route(),
            _ => with(),
        }
    })
    .await
}

pub(super) fn written(server: &ShopServer) -> Vec<Asked> {
    server.asked().into_iter().filter(|asked| asked.method != "GET").collect()
}

#[tokio::test]
async fn each_write_is_answered_with_its_own_success() {
    for what in WRITES {
        let made = json!({ "id": 4711, "tracking_id": "ab12", "status": "completed" });
        let right = if what == "status" { 200 } else { 201 };
        for status in [200, 201, 202, 204] {
            let body = made.to_string();
            let server = answering(what, move || answer(status, JSON, body.clone())).await;
            let expected = if status == right { "done" } else { "unknown" };
            assert_eq!(word(&write(&server.client(), what).await), expected, "{what} {status}");
        }
    }
}

#[tokio::test]
async fn a_write_that_failed_is_unknown_unless_it_certainly_did_not_happen() {
    let gone = r#"{"code":"woocommerce_rest_order_invalid_id","data":{"status":404}}"#;
    let exception = r#"{"code":0,"message":"canary","data":{"status":400}}"#;
    for what in WRITES {
        for (status, kind, body, expected) in [
            (401, JSON, r#"{"code":"woocommerce_rest_authentication_error"}"#, "blocked"),
            (403, JSON, r#"{"code":"woocommerce_rest_cannot_edit"}"#, "blocked"),
            (429, JSON, "", "retry"),
            (404, JSON, gone, "gone"),
            (404, HTML, "<html>canary</html>", "unknown"),
            (400, JSON, exception, "unknown"),
            (400, JSON, r#"{"code":"rest_invalid_param","data":{"params":{"x":"canary"}}}"#, "unknown"),
            (403, HTML, "<html>canary</html>", "unknown"),
            (500, JSON, r#"{"code":"internal_server_error","message":"canary"}"#, "unknown"),
            (500, JSON, r#"{"code":"woocommerce_rest_shop_order_invalid_id"}"#, "unknown"),
            (502, HTML, "<html>canary</html>", "unknown"),
            (503, HTML, "<html>canary</html>", "unknown"),
            (504, HTML, "", "unknown"),
            (408, JSON, "", "unknown"),
            (409, JSON, "{}", "unknown"),
            (302, HTML, "", "unknown"),
            (200, HTML, "<html>canary</html>", "unknown"),
            (200, JSON, "<br />\n<b>Warning</b>: canary<br />\n{\"id\":4711}", "unknown"),
            (201, JSON, "<br />\n<b>Warning</b>: canary<br />\n{\"id\":4711}", "unknown"),
            (200, JSON, r#"{"id":4712}"#, "unknown"),
            (200, JSON, "{}", "unknown"),
            (201, JSON, "{}", "unknown"),
            (201, JSON, "[]", "unknown"),
            (201, JSON, r#"{"id":"#, "unknown"),
        ] {
            let server = answering(what, move || answer(status, kind, body)).await;
            let outcome = write(&server.client(), what).await;
            assert_eq!(word(&outcome), expected, "{what} {status} {body}: {outcome:?}");
            assert!(!format!("{outcome:?}").to_lowercase().contains("canary"), "{outcome:?}");
            assert_eq!(written(&server).len(), 1, "{what} {status}: a write is never repeated");
        }
    }
}

#[tokio::test]
async fn a_connection_says_whether_anything_can_have_happened() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for what in &WRITES[..3] {
        assert_eq!(word(&write(&client(&url), what).await), "retry", "{what}");
        assert_eq!(word(&write(&client("https://10.0.0.1"), what).await), "blocked", "{what}");
        let long = answering(what, || answer(200, JSON, vec![b' '; MAX_ANSWER_BYTES + 1])).await;
        assert_eq!(word(&write(&long.client(), what).await), "unknown", "{what}");
    }
}

#[tokio::test]
async fn the_wish_of_a_shop_that_did_nothing_is_heard() {
    let server = answering("note", || {
        let mut answer = answer(503, JSON, r#"{"code":"wp_die"}"#);
        answer.headers_mut().insert("retry-after", "600".parse().unwrap());
        answer
    })
    .await;
    let outcome = write(&server.client(), "note").await;
    let ShopError::Call(CallError::Blocked { after, .. }) = outcome.unwrap_err() else { panic!() };
    assert_eq!(after, Some(jiff::SignedDuration::from_secs(600)));
}

#[tokio::test]
async fn orders_are_told_these_words() {
    for (what, method, path, body) in [
        ("note", "POST", "orders/4711/notes", r#"{"note":"Sent by M & S, \"1Z9\"","customer_note":true}"#),
        ("status", "PUT", "orders/4711", r#"{"status":"completed"}"#),
        (
            "refund",
            "POST",
            "orders/4711/refunds",
            r#"{"amount":"22.90","reason":"Return CN-7","api_refund":false,"api_restock":false,"line_items":[{"id":11,"quantity":1,"refund_total":15.12,"refund_tax":[{"id":1,"refund_total":2.87}]},{"id":12,"refund_total":4.12,"refund_tax":[{"id":1,"refund_total":0.79}]}],"meta_data":[{"key":"_weir_return","value":"2/7"}]}"#,
        ),
    ] {
        let server = ShopServer::start(|_, _| answer(429, JSON, "")).await;
        assert_eq!(word(&write(&server.client(), what).await), "retry");
        let asked = &server.asked()[0];
        asked.was(path, &[]);
        assert_eq!((asked.method.as_str(), asked.body.as_str()), (method, body));
        assert_eq!(asked.headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn a_refund_says_whether_the_gateway_is_asked_and_no_amount_is_guessed() {
    let server = ShopServer::start(|_, _| created(&json!({ "id": 7 }))).await;
    let client = server.client();
    let asking = NewRefund { asks_gateway: true, ..refund() };
    assert_eq!(client.give_refund(ORDER, &asking).await.unwrap().0, 7);
    let body: Value = serde_json::from_str(&server.asked()[0].body).unwrap();
    assert_eq!((&body["api_refund"], &body["api_restock"]), (&json!(true), &json!(false)));
    for (net, quantity) in [("0.1234567", "1"), ("1234567890123456", "1"), ("1", "0.0000001")] {
        let line =
            NewRefundLine { net: decimal(net), quantity: decimal(quantity), ..refund().lines[0].clone() };
        let impossible = NewRefund { lines: vec![line], ..refund() };
        let refused = client.give_refund(ORDER, &impossible).await;
        assert_eq!(word(&refused), "rejected", "{net} {quantity}");
    }
    assert_eq!(server.asked().len(), 1, "nothing of it was sent");
}

#[tokio::test]
async fn parcels_are_told_in_these_words() {
    let server = answering("fulfilment", || created(&json!({ "id": 12 }))).await;
    let shown = server.client().show_parcel(ORDER, None, &parcel("2/1")).await.unwrap();
    assert_eq!(shown.as_deref(), Some("fulfillment:12"));
    let asked = &written(&server)[0];
    asked.was("orders/4711/fulfillments", &[("notify_customer", "false")]);
    let version = parcel("2/1").version().0;
    let meta = [
        r#"{"key":"_items","value":[{"item_id":11,"qty":2}]}"#.to_owned(),
        r#"{"key":"_weir_parcel","value":"2/1"}"#.to_owned(),
        format!(r#"{{"key":"_weir_version","value":"{version}"}}"#),
        r#"{"key":"_weir_shipped","value":"2026-11-28"}"#.to_owned(),
        r#"{"key":"_tracking_number","value":"1Z9"}"#.to_owned(),
        r#"{"key":"_tracking_url","value":"https://ups.example/1Z9"}"#.to_owned(),
        r#"{"key":"_shipment_provider","value":"other"}"#.to_owned(),
        r#"{"key":"_provider_name","value":"UPS"}"#.to_owned(),
    ];
    let expected =
        format!(r#"{{"status":"fulfilled","is_fulfilled":true,"meta_data":[{}]}}"#, meta.join(","));
    assert_eq!(asked.body, expected);
}

/// That error carries its status in a place where WordPress does not look.
#[tokio::test]
async fn a_refund_of_an_order_that_is_gone_says_so_with_500() {
    let gone = r#"{"code":"woocommerce_rest_invalid_order_id","message":"Invalid order ID.","data":404}"#;
    let server = ShopServer::start(move |_, _| answer(500, JSON, gone)).await;
    assert_eq!(word(&server.client().give_refund(ORDER, &refund()).await), "gone");
    let html = ShopServer::start(move |_, _| answer(500, HTML, gone)).await;
    assert_eq!(word(&html.client().give_refund(ORDER, &refund()).await), "unknown", "not the shop's word");
}

#[tokio::test]
async fn a_custom_status_is_not_written_where_nobody_says_which_there_are() {
    let packed = OrderStatus::Custom("packed".to_owned());
    for (status, kind, described, expected) in [
        (200, JSON, r#"{"schema":[]}"#, "retry"),
        (200, JSON, "[]", "retry"),
        (200, JSON, "{", "retry"),
        (200, HTML, "<html>canary", "blocked"),
        (204, HTML, "", "unknown"),
        (429, JSON, "", "retry"),
        (502, HTML, "", "retry"),
        (401, JSON, r#"{"code":"canary"}"#, "blocked"),
    ] {
        let server = ShopServer::reading(move |asked| match asked.method.as_str() {
            "OPTIONS" => answer(status, kind, described),
            _ => ok(&json!({ "id": 4711, "status": "packed" })),
        })
        .await;
        let given = server.client().set_status(ORDER, &packed).await;
        assert_eq!(word(&given), expected, "{status} {described}");
        assert!(!format!("{given:?}").contains("canary"));
        assert_eq!(server.asked().len(), 1, "nothing was written");
    }
    // A status of WooCommerce's own needs no list.
    let silent = ShopServer::reading(|_| ok(&json!({ "id": 4711, "status": "completed" }))).await;
    silent.client().set_status(ORDER, &OrderStatus::Completed).await.unwrap();
}

#[tokio::test]
async fn a_status_that_the_shop_did_not_take_is_told() {
    for (body, expected) in [
        (json!({ "id": 4711, "status": "pending" }), "rejected"),
        (json!({ "id": 4711, "status": "wc-completed" }), "done"),
        (json!({ "id": 4711 }), "unknown"),
        (json!({ "id": 4712, "status": "completed" }), "unknown"),
    ] {
        let server = ShopServer::reading(move |_| ok(&body)).await;
        let given = server.client().set_status(ORDER, &OrderStatus::Completed).await;
        assert_eq!(word(&given), expected);
        if expected == "rejected" {
            assert!(given.unwrap_err().to_string().contains("status_not_taken"));
        }
    }
}

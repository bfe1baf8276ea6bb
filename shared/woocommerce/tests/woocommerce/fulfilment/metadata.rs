//! Parcels in an order's metadata: each written by its own key.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use weir_domain::fulfilment::Parcel;
use weir_domain::ports::Shop;

use super::{ORDER, all_shown, delivered, numbered, parcel, word};
use crate::common::{ShopServer, answer, ok};

/// A shop that keeps the metadata of one order, and has nothing else.
async fn keeping(meta: Value) -> (ShopServer, Arc<Mutex<Value>>) {
    let kept = Arc::new(Mutex::new(meta));
    let shop = Arc::clone(&kept);
    let server = ShopServer::reading(move |asked| {
        if !asked.path.ends_with("/wc/v3/orders/4711") {
            return answer(404, "application/json", r#"{"code":"rest_no_route"}"#);
        }
        let mut kept = shop.lock().unwrap();
        if asked.method == "PUT" {
            let body: Value = serde_json::from_str(&asked.body).unwrap();
            for entry in body["meta_data"].as_array().unwrap() {
                let known = kept.as_array_mut().unwrap();
                known.retain(|known| known["key"] != entry["key"]);
                if !entry["value"].is_null() {
                    known.push(entry.clone());
                }
            }
        }
        ok(&json!({ "id": 4711, "meta_data": *kept, "billing": { "first_name": "Canary" } }))
    })
    .await;
    (server, kept)
}

fn value(kept: &Mutex<Value>, key: &str) -> Value {
    let kept = kept.lock().unwrap();
    kept.as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["key"] == key)
        .map_or(Value::Null, |e| e["value"].clone())
}

#[tokio::test]
async fn each_parcel_has_a_key_of_its_own_and_says_all_of_it() {
    let theirs =
        json!([{ "key": "_gift", "value": "yes" }, { "key": "_tracking_number", "value": "THEIRS" }]);
    let (server, kept) = keeping(theirs).await;
    let client = server.client();
    let lines = vec![delivered(Some(11), "1.50"), delivered(Some(12), "1"), delivered(None, "1")];
    let first = Parcel { lines, ..parcel("2/1") };
    client.show_parcel(ORDER, None, &first).await.unwrap();
    assert_eq!(
        value(&kept, "_weir_parcel_2/1"),
        json!({
            "id": "2/1", "version": first.version().0, "carrier": "UPS", "tracking": "1Z9",
            "link": "https://ups.example/1Z9", "shipped_at": "2026-11-28",
            "lines": [{ "line": 11, "quantity": "1.5" }, { "line": 12, "quantity": "1" }],
        })
    );
    let bare = Parcel { carrier: None, link: None, ..numbered("2/2", "1Z8") };
    client.show_parcel(ORDER, None, &bare).await.unwrap();
    let fields = value(&kept, "_weir_parcel_2/2").as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(fields, ["id", "lines", "shipped_at", "tracking", "version"], "nothing is nothing");
    // Again is the same again.
    client.show_parcel(ORDER, None, &bare).await.unwrap();
    assert_eq!(all_shown(&client.parcels(ORDER).await.unwrap()), ["meta:2/1 2/1 1Z9", "meta:2/2 2/2 1Z8"]);
    let renamed = client.show_parcel(ORDER, Some("meta:2/1"), &numbered("2/3", "1Z7")).await.unwrap();
    assert_eq!(renamed.as_deref(), Some("meta:2/3"));
    assert_eq!(all_shown(&client.parcels(ORDER).await.unwrap()), ["meta:2/2 2/2 1Z8", "meta:2/3 2/3 1Z7"]);
    client.remove_parcel(ORDER, "meta:2/2").await.unwrap();
    client.remove_parcel(ORDER, "meta:2/3").await.unwrap();
    assert_eq!(all_shown(&client.parcels(ORDER).await.unwrap()), [""; 0]);
    assert_eq!((value(&kept, "_gift"), value(&kept, "_tracking_number")), (json!("yes"), json!("THEIRS")));
    let asked = server.asked();
    let read = asked.iter().find(|asked| asked.method == "GET" && asked.path.ends_with("/4711")).unwrap();
    read.was("orders/4711", &[("_fields", "id,meta_data")]);
    let sent: Vec<&str> =
        asked.iter().filter(|asked| asked.method == "PUT").map(|asked| asked.body.as_str()).collect();
    assert!(sent.iter().all(|body| !body.contains("line_items") && !body.contains("_gift")));
    assert_eq!(
        sent[4..],
        [
            r#"{"meta_data":[{"key":"_weir_parcel_2/2","value":null}]}"#,
            r#"{"meta_data":[{"key":"_weir_parcel_2/3","value":null}]}"#,
        ]
    );
}

/// What a cache says of the order is a minute old: it knows no parcel yet.
#[tokio::test]
async fn no_parcel_is_lost_where_reads_are_old() {
    let (server, kept) = keeping(json!([])).await;
    let client = server.client();
    client.show_parcel(ORDER, None, &parcel("2/1")).await.unwrap();
    let reads = || server.asked().iter().filter(|asked| asked.method == "GET").count();
    let before = reads();
    for parcel in [numbered("2/2", "1Z8"), numbered("2/3", "1Z7")] {
        client.show_parcel(ORDER, None, &parcel).await.unwrap();
    }
    client.show_parcel(ORDER, Some("meta:2/2"), &numbered("2/2", "1Z6")).await.unwrap();
    client.remove_parcel(ORDER, "meta:2/3").await.unwrap();
    assert_eq!(reads(), before, "nothing that is written depends on a read");
    let numbers = ["2/1", "2/2"].map(|id| value(&kept, &format!("_weir_parcel_{id}"))["tracking"].clone());
    assert_eq!(numbers, [json!("1Z9"), json!("1Z6")]);
    assert_eq!(value(&kept, "_weir_parcel_2/3"), json!(null));
}

#[tokio::test]
async fn what_is_not_there_is_taken_away_and_replaced_all_the_same() {
    let (server, _) = keeping(json!([])).await;
    server.client().remove_parcel(ORDER, "meta:2/1").await.unwrap();
    let shown = server.client().show_parcel(ORDER, Some("meta:2/1"), &parcel("2/1")).await.unwrap();
    assert_eq!(shown.as_deref(), Some("meta:2/1"));
    assert!(server.asked().iter().all(|asked| asked.method == "PUT"));
}

#[tokio::test]
async fn metadata_in_any_shape_is_read() {
    let entry = json!({ "id": "2/1", "version": "ab", "tracking": 19, "lines": { "1": { "line": "11", "quantity": 2 } } });
    let row = |value: Value| json!({ "key": "_weir_parcel_2/1", "value": value });
    for (meta, expected) in [
        (json!([row(entry.clone())]), vec!["meta:2/1 2/1 19"]),
        (json!({ "3": row(entry.clone()) }), vec!["meta:2/1 2/1 19"]),
        (json!([row(json!({})), row(entry)]), vec!["meta:2/1 2/1 19"]),
        // Ours by its key, and to be written again.
        (json!([row(json!("spoilt"))]), vec!["meta:2/1 2/1 -"]),
        (json!([row(json!(""))]), vec!["meta:2/1 2/1 -"]),
        (json!([row(json!(null))]), vec![]),
        (json!([{ "key": "_weir_parcel_2/1" }]), vec![]),
        (json!([{ "key": "_weir_parcel_", "value": {} }, { "key": "_weir_parcel", "value": {} }]), vec![]),
        (json!([]), vec![]),
        (json!(null), vec![]),
    ] {
        let (server, _) = keeping(meta.clone()).await;
        let shown = server.client().parcels(ORDER).await.unwrap();
        assert_eq!(all_shown(&shown), expected, "{meta}");
        assert!(shown.iter().all(|shown| shown.version.is_some()), "{meta}");
    }
}

#[tokio::test]
async fn an_echo_that_says_otherwise_leaves_it_open() {
    for (status, body, expected) in [
        (200, json!({ "id": 4711, "meta_data": [] }), "unknown"),
        (200, json!({ "id": 4712, "meta_data": [] }), "unknown"),
        (200, json!({}), "unknown"),
        (201, json!({ "id": 4711 }), "unknown"),
        (500, json!({ "code": "internal_server_error" }), "unknown"),
        (400, json!({ "code": "woocommerce_rest_shop_order_invalid_id" }), "gone"),
        (401, json!({ "code": "woocommerce_rest_authentication_error" }), "blocked"),
        (429, json!({}), "retry"),
    ] {
        let server = ShopServer::reading(move |asked| match asked.method.as_str() {
            "PUT" => answer(status, "application/json", body.to_string()),
            _ if asked.path.ends_with("/orders/4711") => ok(&json!({ "id": 4711, "meta_data": [] })),
            _ => answer(404, "application/json", r#"{"code":"rest_no_route"}"#),
        })
        .await;
        let shown = server.client().show_parcel(ORDER, None, &parcel("2/1")).await;
        assert_eq!(word(&shown), expected, "{status}");
    }
    let server = ShopServer::start(|_, _| ok(&json!({ "id": 4712 }))).await;
    assert_eq!(word(&server.client().remove_parcel(ORDER, "meta:2/1").await), "unknown", "another order");
}

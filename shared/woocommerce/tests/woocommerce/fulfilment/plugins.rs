//! What the tracking plugins are told, and which orders AST is not told of.

use serde_json::{Value, json};
use weir_domain::fulfilment::Parcel;
use weir_domain::ports::Shop;

use super::writes::{JSON, created, no_route, written};
use super::{ORDER, parcel, word};
use crate::common::{ShopServer, answer, ok};

/// The body that a plugin is sent for a parcel, by one that knows UPS and DHL
/// Paket.
async fn tracked(namespace: &'static str, parcel: &Parcel) -> String {
    let server = ShopServer::reading(move |asked| match asked.method.as_str() {
        "GET" if asked.path.ends_with("/providers") => {
            ok(&json!({ "Germany": { "DHL Paket": "%1$s" }, "United States": { "UPS": "%1$s" }, "x": [] }))
        }
        "GET" if asked.path.contains(namespace) => ok(&json!([{ "tracking_id": "ab12" }])),
        "GET" if asked.path.ends_with("/orders/4711") => ok(&json!({ "id": 4711, "number": "4711" })),
        "GET" => no_route(),
        _ => created(&json!({ "tracking_id": "ab12" })),
    })
    .await;
    let shown = server.client().show_parcel(ORDER, None, parcel).await.unwrap().unwrap();
    assert!(shown.ends_with(":ab12"), "{shown}");
    let asked = &written(&server)[0];
    assert_eq!(asked.path, format!("/sub/wp-json/{namespace}/v3/orders/4711/shipment-trackings"));
    asked.body.clone()
}

#[tokio::test]
async fn plugins_are_told_in_these_words() {
    let all = parcel("2/1");
    assert_eq!(
        tracked("wc-shipment-tracking", &all).await,
        r#"{"tracking_number":"1Z9","custom_tracking_provider":"UPS","custom_tracking_link":"https://ups.example/1Z9","date_shipped":"2026-11-28"}"#
    );
    assert_eq!(
        tracked("wc-ast", &Parcel { link: None, ..all.clone() }).await,
        r#"{"tracking_number":"1Z9","tracking_provider":"UPS","date_shipped":"2026-11-28","status_shipped":0}"#
    );
    let by = |carrier: &str| Parcel { carrier: Some(carrier.to_owned()), link: None, ..all.clone() };
    assert!(tracked("wc-ast", &by("dhl-paket")).await.contains(r#""tracking_provider":"DHL Paket""#));
    assert_eq!(
        tracked("wc-shipment-tracking", &by("Bike & Co")).await,
        r#"{"tracking_number":"1Z9","custom_tracking_provider":"Bike & Co","date_shipped":"2026-11-28"}"#,
        "one that the plugin does not know would not be shown"
    );
    let nobody = Parcel { carrier: Some(" ".to_owned()), ..all.clone() };
    let plain = r#"{"tracking_number":"1Z9","date_shipped":"2026-11-28"}"#;
    assert_eq!(
        tracked("wc-shipment-tracking", &nobody).await,
        plain,
        "a link without a carrier has no place"
    );
    // It would be taken for a format.
    let percent = Parcel { link: Some("https://ups.example/a%20b".to_owned()), ..all };
    let sent = tracked("wc-shipment-tracking", &percent).await;
    assert!(!sent.contains("example") && sent.contains(r#""tracking_provider":"UPS""#), "{sent}");
}

#[tokio::test]
async fn a_plugin_that_does_not_say_whom_it_knows_is_told_all_names() {
    let by = Parcel { link: None, ..parcel("2/1") };
    for (status, body, expected) in [
        (404, r#"{"code":"rest_no_route"}"#, "done"),
        (403, r#"{"code":"rest_forbidden"}"#, "done"),
        (200, r#"["UPS"]"#, "done"),
        (500, r#"{"code":"internal_server_error"}"#, "retry"),
        (429, "", "retry"),
    ] {
        let server = ShopServer::reading(move |asked| match asked.method.as_str() {
            "GET" if asked.path.ends_with("/providers") => answer(status, JSON, body),
            "GET" if asked.path.ends_with("/shipment-trackings") => ok(&json!([])),
            "GET" if asked.path.ends_with("/orders/4711") => ok(&json!({ "id": 4711 })),
            "GET" => no_route(),
            _ => created(&json!({ "tracking_id": "ab12" })),
        })
        .await;
        assert_eq!(word(&server.client().show_parcel(ORDER, None, &by).await), expected, "{status}");
        let custom =
            written(&server).iter().all(|asked| asked.body.contains(r#""custom_tracking_provider":"UPS""#));
        assert!(custom, "{status}");
    }
}

#[tokio::test]
async fn ast_is_used_only_where_an_order_is_numbered_by_its_id() {
    for (number, listed, expected) in [
        (json!("4711"), json!([{ "tracking_id": "ab12" }]), "ast:ab12"),
        (json!(4711), json!([{ "tracking_id": "ab12" }]), "ast:ab12"),
        (json!("4711"), json!([{ "tracking_id": "cd34" }]), "unknown"),
        (json!("4711"), json!({ "code": "canary" }), "unknown"),
        (json!("SO-4711"), json!([]), "meta:2/1"),
        (json!("12"), json!([]), "meta:2/1"),
        (json!(null), json!([]), "meta:2/1"),
    ] {
        let kept = std::sync::Mutex::new(json!([]));
        let posted = std::sync::atomic::AtomicBool::new(false);
        let server = ShopServer::reading(move |asked| {
            use std::sync::atomic::Ordering::Relaxed;
            match asked.method.as_str() {
                "GET" if asked.path.contains("/wc-ast/") => {
                    ok(&if posted.load(Relaxed) { listed.clone() } else { json!([]) })
                }
                "POST" => {
                    posted.store(true, Relaxed);
                    created(&json!({ "tracking_id": "ab12" }))
                }
                method if asked.path.ends_with("/wc/v3/orders/4711") => {
                    if method == "PUT" {
                        *kept.lock().unwrap() =
                            serde_json::from_str::<Value>(&asked.body).unwrap()["meta_data"].clone();
                    }
                    ok(&json!({ "id": 4711, "number": number, "meta_data": *kept.lock().unwrap() }))
                }
                _ => no_route(),
            }
        })
        .await;
        let shown = server.client().show_parcel(ORDER, None, &parcel("2/1")).await;
        let said = shown.as_ref().map_or_else(|_| word(&shown), |shown| shown.as_deref().unwrap());
        assert_eq!(said, expected);
        let posts = written(&server).iter().filter(|asked| asked.method == "POST").count();
        assert_eq!(posts, usize::from(!expected.starts_with("meta:")));
    }
}

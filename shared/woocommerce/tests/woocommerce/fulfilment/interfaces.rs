//! Interfaces that fail, refuse, or change their mind about what they show.

use serde_json::{Value, json};
use weir_domain::fulfilment::Parcel;
use weir_domain::ports::Shop;

use super::writes::{HTML, JSON, no_route, written};
use super::{ORDER, numbered, parcel, word};
use crate::common::{ShopServer, answer, ok};

#[tokio::test]
async fn only_the_apis_own_word_means_that_an_interface_is_not_there() {
    for (status, kind, body, expected) in [
        (404, HTML, "<html>canary</html>", "blocked"),
        (503, JSON, r#"{"code":"wp_die"}"#, "blocked"),
        (429, JSON, "", "retry"),
        (500, JSON, r#"{"code":"internal_server_error"}"#, "retry"),
        (200, JSON, "<br />canary[]", "retry"),
        (200, JSON, r#"{"code":"canary"}"#, "retry"),
        (200, JSON, "[{}]", "unknown"),
    ] {
        for probed in ["/fulfillments", "/wc-shipment-tracking/", "/wc-ast/"] {
            let server = ShopServer::reading(move |asked| {
                if asked.path.contains(probed) { answer(status, kind, body) } else { no_route() }
            })
            .await;
            let client = server.client();
            let read = client.parcels(ORDER).await;
            assert_eq!(word(&read), expected, "{probed} {status} {body}");
            assert_eq!(word(&client.show_parcel(ORDER, None, &parcel("2/1")).await), expected, "{probed}");
            assert!(written(&server).is_empty(), "{probed} {status}");
            assert!(!format!("{read:?}").to_lowercase().contains("canary"));
        }
    }
    // A shop without any of its API has not just lost an interface.
    let server = ShopServer::start(|_, _| no_route()).await;
    let client = server.client();
    assert_eq!(word(&client.parcels(ORDER).await), "blocked");
    for reference in ["fulfillment:1", "tracking:ab12", "ast:ab12", "meta:2/1"] {
        assert_eq!(word(&client.remove_parcel(ORDER, reference).await), "blocked", "{reference}");
        let shown = client.show_parcel(ORDER, Some(reference), &parcel("2/1")).await;
        assert_eq!(word(&shown), "blocked", "{reference}");
    }
}

#[tokio::test]
async fn an_interface_that_refuses_our_key_is_not_ours_to_use() {
    const REFUSALS: [(u16, &str, &str); 3] = [
        (401, JSON, r#"{"code":"woocommerce_rest_cannot_view"}"#),
        (403, JSON, r#"{"code":"rest_forbidden"}"#),
        (403, HTML, "<html>canary</html>"),
    ];
    for (status, kind, body) in REFUSALS {
        for probed in ["/fulfillments", "/wc-shipment-tracking/", "/wc-ast/"] {
            let server = ShopServer::reading(move |asked| match asked.path.as_str() {
                path if path.contains(probed) => answer(status, kind, body),
                path if path.ends_with("/wc/v3/orders/4711") => {
                    let sent: Value = serde_json::from_str(&asked.body).unwrap_or_default();
                    ok(&json!({ "id": 4711, "meta_data": sent["meta_data"] }))
                }
                _ => no_route(),
            })
            .await;
            let client = server.client();
            assert_eq!(client.parcels(ORDER).await.unwrap(), [], "{probed} {status}");
            let shown = client.show_parcel(ORDER, None, &parcel("2/1")).await.unwrap();
            assert_eq!(shown.as_deref(), Some("meta:2/1"), "{probed} {status}");
        }
        // Where the orders cannot be read either, it is the key.
        let server = ShopServer::start(move |_, _| answer(status, kind, body)).await;
        assert_eq!(word(&server.client().parcels(ORDER).await), "blocked", "{status}");
        let shown = server.client().show_parcel(ORDER, None, &parcel("2/1")).await;
        assert_eq!(word(&shown), "blocked", "{status}");
        assert!(written(&server).is_empty());
    }
}

#[tokio::test]
async fn a_changed_fulfilment_is_believed_by_its_echo_alone() {
    let version = parcel("2/1").version().0;
    let echo = |id: u64, version: &str, deleted: Value| {
        let meta = json!([{ "key": "_weir_version", "value": version }]);
        json!({ "id": id, "is_fulfilled": true, "date_deleted": deleted, "meta_data": meta }).to_string()
    };
    let gone = r#"{"code":0,"message":"canary","data":{"status":400}}"#.to_owned();
    let there = (200, echo(12, "old", json!(null)));
    for (read, written, expected) in [
        (there.clone(), (200, echo(12, &version, json!(null))), "shown"),
        (there.clone(), (200, echo(12, &version, json!("2026-11-28 10:00:00"))), "gone"),
        (there.clone(), (200, echo(12, "old", json!(null))), "unknown"),
        (there.clone(), (200, echo(13, &version, json!(null))), "unknown"),
        (there, (400, gone.clone()), "unknown"),
        // A read may be old: what is there is for the write to say.
        ((400, gone.clone()), (200, echo(12, &version, json!(null))), "shown"),
        ((400, gone.clone()), (400, gone.clone()), "gone"),
        ((400, gone.replace(":0", ":5")), (400, gone.replace(":0", ":5")), "unknown"),
        ((400, gone.replace(":0", ":404")), (400, gone.replace(":0", ":404")), "gone"),
    ] {
        let server = ShopServer::reading(move |asked| {
            let (status, body) = if asked.method == "GET" { read.clone() } else { written.clone() };
            answer(status, JSON, body)
        })
        .await;
        let shown = server.client().show_parcel(ORDER, Some("fulfillment:12"), &parcel("2/1")).await;
        let said = match &shown {
            Ok(None) => "gone",
            Ok(Some(reference)) if reference == "fulfillment:12" => "shown",
            other => word(other),
        };
        assert_eq!(said, expected, "{shown:?}");
        let lists = server.asked().iter().any(|asked| asked.path.ends_with("/fulfillments"));
        assert!(!lists, "a list says that a new one is gone");
    }
}

#[tokio::test]
async fn a_fulfilment_is_gone_where_reading_it_says_so_too() {
    let gone = r#"{"code":0,"message":"canary","data":{"status":400}}"#;
    for (read, expected) in [((400, gone), "done"), ((200, r#"{"id":12}"#), "unknown")] {
        let server = ShopServer::reading(move |asked| match asked.method.as_str() {
            "DELETE" => answer(400, JSON, gone),
            _ => answer(read.0, JSON, read.1),
        })
        .await;
        assert_eq!(word(&server.client().remove_parcel(ORDER, "fulfillment:12").await), expected);
    }
}

#[tokio::test]
async fn whatever_fails_after_a_removal_is_unknown() {
    for (status, body) in [
        (401, r#"{"code":"woocommerce_rest_authentication_error"}"#),
        (404, r#"{"code":"rest_no_route"}"#),
        (404, r#"{"code":"woocommerce_rest_order_invalid_id"}"#),
        (429, ""),
        (413, ""),
    ] {
        for unfit in [false, true] {
            let server = ShopServer::reading(move |asked| match asked.method.as_str() {
                "DELETE" => ok(&json!({ "tracking_id": "ab12" })),
                _ => answer(status, JSON, body),
            })
            .await;
            let tracking = (!unfit).then(|| "1Z8".to_owned());
            let new = Parcel { tracking, ..parcel("2/1") };
            let lost = server.client().show_parcel(ORDER, Some("tracking:ab12"), &new).await;
            assert_eq!(word(&lost), "unknown", "{status}");
            let nothing = Parcel { lines: Vec::new(), ..new };
            let lost = server.client().show_parcel(ORDER, Some("fulfillment:12"), &nothing).await;
            assert_eq!(word(&lost), "unknown", "{status}");
        }
    }
}

#[tokio::test]
async fn what_is_replaced_is_taken_away_first() {
    let server = ShopServer::reading(|asked| match asked.method.as_str() {
        "DELETE" => ok(&json!({ "tracking_id": "ab12" })),
        "POST" => answer(504, HTML, ""),
        _ => no_route(),
    })
    .await;
    let lost = server.client().show_parcel(ORDER, Some("tracking:ab12"), &numbered("2/1", "1Z8")).await;
    assert_eq!(word(&lost), "unknown", "neither the old nor the new one can be relied on");
    let methods: Vec<String> = server.asked().into_iter().map(|asked| asked.method).collect();
    assert_eq!(methods, ["DELETE", "POST"]);
    let server = ShopServer::start(|_, _| answer(502, HTML, "")).await;
    let lost = server.client().show_parcel(ORDER, Some("tracking:ab12"), &parcel("2/1")).await;
    assert_eq!((word(&lost), server.asked().len()), ("unknown", 1), "nothing is made then");
}

//! What was recorded of notes, statuses, metadata and refunds. Read in place;
//! announced when absent.

use serde_json::{Value, json};
use weir_domain::fulfilment::{NewRefund, NewRefundLine, OrderNote};
use weir_domain::id::{OrderId, ReturnId};
use weir_domain::order::{OrderStatus, TaxShare};
use weir_domain::ports::Shop;
use weir_testkit::recordings::{self, RestCall};
use weir_woocommerce::fulfilment::entries::Entries;
use weir_woocommerce::fulfilment::status::{is_refused, statuses};
use weir_woocommerce::fulfilment::{made, notes};

use super::{decimal, word};
use crate::common::{Asked, ShopServer, answer, bytes, ok};
use crate::recordings::{say, served};

/// The recordings of these names; all of them have to be there.
fn calls<const N: usize>(names: [&str; N]) -> Option<[RestCall; N]> {
    let calls = recordings::rest_calls()?;
    let find = |name| {
        calls.iter().find(|call| call.name == name).unwrap_or_else(|| panic!("{name} is lost")).clone()
    };
    Some(names.map(find))
}

/// An answer to `OPTIONS`.
fn described(name: &str) -> Option<Value> {
    let file = recordings::root()?.join(format!("woocommerce/schema/{name}.json"));
    Some(serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap())
}

fn order_of(call: &RestCall) -> OrderId {
    let of = call.request.path.split("/orders/").nth(1).unwrap();
    OrderId(of.split('/').next().unwrap().parse().unwrap())
}

/// That the same was asked as when it was recorded.
fn is_as_recorded(asked: &Asked, call: &RestCall) {
    assert_eq!(asked.method, call.request.method, "{}", call.name);
    assert_eq!(asked.path, format!("/sub{}", call.request.path), "{}", call.name);
    assert_eq!(serde_json::from_str::<Value>(&asked.body).unwrap(), call.request.body, "{}", call.name);
}

#[tokio::test]
async fn a_note_is_sent_and_read_as_it_was() {
    let Some([create, list]) = calls(["order-note-create", "order-note-list"]) else { return };
    let note = OrderNote {
        text: create.request.body["note"].as_str().unwrap().to_owned(),
        to_customer: create.request.body["customer_note"].as_bool().unwrap(),
    };
    let server = served(&create).await;
    server.client().add_note(order_of(&create), &note).await.unwrap();
    is_as_recorded(&server.asked()[0], &create);
    let texts = served(&list).await.client().notes(order_of(&list)).await.unwrap();
    assert_eq!(texts.len(), list.body.as_array().unwrap().len());
    assert!(texts.contains(&note.text));
    // What is no sign of HTML's own stays as it is.
    assert!(texts.iter().any(|text| text.contains("120&rarr;118")), "{texts:?}");
    assert_eq!(notes::texts(&bytes(&list.body)).unwrap(), texts);
}

#[tokio::test]
async fn a_status_is_sent_as_it_was_and_an_unknown_one_is_told_by_the_answer() {
    let Some([put, unknown, gone]) =
        calls(["order-put-completed", "error-400-order-status", "error-order-put-404"])
    else {
        return;
    };
    let server = served(&put).await;
    server.client().set_status(order_of(&put), &OrderStatus::Completed).await.unwrap();
    is_as_recorded(&server.asked()[0], &put);
    let refused = unknown.request.body["status"].as_str().unwrap().to_owned();
    let (listed, recorded) = (json!([refused]), unknown.clone());
    let server = ShopServer::reading(move |asked| match asked.method.as_str() {
        "OPTIONS" => ok(&json!({ "schema": { "properties": { "status": { "enum": listed } } } })),
        _ => answer(recorded.status, "application/json", recorded.body.to_string()),
    })
    .await;
    let given = server.client().set_status(order_of(&unknown), &OrderStatus::Custom(refused)).await;
    assert_eq!(word(&given), "rejected");
    assert!(given.unwrap_err().to_string().contains("status_unknown"));
    is_as_recorded(&server.asked()[1], &unknown);
    assert!(is_refused(&bytes(&unknown.body)));
    let server = served(&gone).await;
    assert_eq!(word(&server.client().set_status(order_of(&gone), &OrderStatus::Completed).await), "gone");
}

#[test]
fn the_shop_says_which_statuses_it_has() {
    let Some(orders) = described("orders") else { return };
    let known = statuses(&bytes(&orders)).unwrap();
    for word in ["pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed"] {
        assert!(known.contains(word), "{word}");
    }
    assert!(!known.contains("shipped"));
    let order = described("order").unwrap();
    assert_eq!(statuses(&bytes(&order)), Some(known), "an order says the same as all of them");
}

/// The arguments that are sent exist, with the types that are sent.
#[test]
fn what_is_sent_is_in_the_schemas() {
    let argument = |name: &str, endpoint: usize, argument: &str| {
        described(name).map(|it| it["endpoints"][endpoint]["args"][argument]["type"].clone())
    };
    for (name, endpoint, argument_name, kind) in [
        ("order-notes", 1, "note", "string"),
        ("order-notes", 1, "customer_note", "boolean"),
        ("order-notes", 0, "type", "string"),
        ("order", 1, "status", "string"),
        ("order", 1, "meta_data", "array"),
        ("refunds", 1, "amount", "string"),
        ("refunds", 1, "reason", "string"),
        ("refunds", 1, "api_refund", "boolean"),
        ("refunds", 1, "api_restock", "boolean"),
        ("refunds", 1, "meta_data", "array"),
    ] {
        let Some(found) = argument(name, endpoint, argument_name) else { return };
        assert_eq!(found, kind, "{name} {argument_name}");
    }
    let refunds = described("refunds").unwrap();
    for switch in ["api_refund", "api_restock"] {
        assert_eq!(refunds["endpoints"][1]["args"][switch]["default"], json!(true), "so each is always said");
    }
}

/// A recorded request, as a refund that we could ask for.
fn refund_of(call: &RestCall) -> NewRefund {
    let body = &call.request.body;
    let number = |value: &Value| decimal(&value.to_string());
    let taxes = |line: &Value| -> Vec<TaxShare> {
        let shares = line["refund_tax"].as_array().unwrap().iter();
        shares
            .map(|tax| TaxShare { rate: tax["id"].as_u64().unwrap(), amount: number(&tax["refund_total"]) })
            .collect()
    };
    let line = |line: &Value| NewRefundLine {
        line: line["id"].as_u64().unwrap(),
        quantity: line.get("quantity").map_or_else(|| decimal("0"), number),
        net: number(&line["refund_total"]),
        taxes: taxes(line),
    };
    NewRefund {
        of_return: ReturnId("7/1".to_owned()),
        amount: decimal(body["amount"].as_str().unwrap()),
        reason: body["reason"].as_str().unwrap_or_default().to_owned(),
        lines: body["line_items"].as_array().into_iter().flatten().map(line).collect(),
        asks_gateway: false,
    }
}

#[tokio::test]
async fn refunds_are_asked_for_as_they_were() {
    let Some(all) = calls(["refund-create-partial", "refund-create-full", "refund-create-amount-only"])
    else {
        return;
    };
    for call in &all {
        let server = served(call).await;
        let id = server.client().give_refund(order_of(call), &refund_of(call)).await.unwrap();
        assert_eq!((Some(id.0), made(&bytes(&call.body))), (call.body["id"].as_u64(), Some(id.0)));
        let sent: Value = serde_json::from_str(&server.asked()[0].body).unwrap();
        assert_eq!(server.asked()[0].path, format!("/sub{}", call.request.path));
        for (key, recorded) in call.request.body.as_object().unwrap() {
            // The goods went back there; ours never do.
            let expected = if key == "api_restock" { &json!(false) } else { recorded };
            assert_eq!(sent[key], *expected, "{}: {key}", call.name);
        }
        assert_eq!(sent["meta_data"], json!([{ "key": "_weir_return", "value": "7/1" }]));
    }
    say(&format!("{} refunds asked for as recorded", all.len()));
}

#[tokio::test]
async fn a_refused_refund_is_no_passing_fault() {
    let Some(all) = calls(["error-refund-gateway", "error-refund-too-much"]) else { return };
    for call in &all {
        assert_eq!(call.status, 500);
        for asks_gateway in [true, false] {
            let refund = NewRefund { asks_gateway, ..refund_of(call) };
            let server = served(call).await;
            let refused = server.client().give_refund(order_of(call), &refund).await;
            assert_eq!(word(&refused), "rejected", "{}", call.name);
            assert!(refused.unwrap_err().to_string().contains("refund_refused"));
            assert_eq!(server.asked().len(), 1);
        }
    }
}

/// The shape of metadata as it comes back, with an entry of ours in the place
/// of the plugin's.
#[tokio::test]
async fn metadata_is_written_by_key_as_it_was() {
    let Some([put, again]) = calls(["order-put-tracking-meta", "order-put-tracking-meta-again"]) else {
        return;
    };
    let entries = |call: &RestCall| Entries::read(order_of(call), &bytes(&call.body)).unwrap();
    assert_eq!(entries(&put).shown(), [], "none of it is ours");
    // Writing a key again leaves its id and the other keys.
    let ids = |call: &RestCall| {
        let meta = call.body["meta_data"].as_array().unwrap();
        meta.iter().map(|entry| (entry["key"].to_string(), entry["id"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(ids(&put), ids(&again));
    let parcel = super::parcel("2/1");
    let ours = json!({
        "id": "2/1", "version": parcel.version().0, "carrier": "UPS", "tracking": "1Z9",
        "link": "https://ups.example/1Z9", "shipped_at": "2026-11-28",
        "lines": [{ "line": 11, "quantity": "2" }],
    });
    let order = order_of(&put);
    for (value, expected) in [(ours.clone(), "done"), (json!("1Z9"), "unknown")] {
        let mut body = put.body.clone();
        body["meta_data"][1]["key"] = json!("_weir_parcel_2/1");
        body["meta_data"][1]["value"] = value;
        let shop = ShopServer::reading(move |_| ok(&body)).await;
        let shown = shop.client().show_parcel(order, Some("meta:2/1"), &parcel).await;
        assert_eq!(word(&shown), expected);
        let asked = &shop.asked()[0];
        let sent: Value = serde_json::from_str(&asked.body).unwrap();
        assert_eq!(sent, json!({ "meta_data": [{ "key": "_weir_parcel_2/1", "value": ours }] }));
        assert_eq!((asked.method.as_str(), &asked.path), ("PUT", &format!("/sub{}", put.request.path)));
    }
}

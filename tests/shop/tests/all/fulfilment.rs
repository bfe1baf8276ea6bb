//! Parcels: core fulfilments, the two tracking plugins, and what a shop says
//! of its statuses. None of it but the statuses was recorded.

use serde_json::{Value, json};

use crate::common::{TestShop, say};
use crate::recordings::folder;

/// The interfaces of order `id`.
fn interfaces(order: &Value) -> [String; 3] {
    [
        format!("wc/v3/orders/{order}/fulfillments"),
        format!("wc-shipment-tracking/v3/orders/{order}/shipment-trackings"),
        format!("wc-ast/v3/orders/{order}/shipment-trackings"),
    ]
}

async fn listed(shop: &TestShop, path: &str) -> Value {
    shop.api("GET", path, None).await.ok()
}

/// A shop with these settings, and an order in it.
async fn open(settings: Value) -> (TestShop, Value) {
    let shop = TestShop::open(settings).await;
    let order = json!({ "set_paid": true, "payment_method": "stripe", "line_items": [{ "product_id": 10 }] });
    let made = shop.post("orders", order).await;
    (shop, made)
}

fn parcel(order: &Value, number: &str) -> Value {
    let items = json!([{ "item_id": order["line_items"][0]["id"], "qty": 1 }]);
    json!({
        "status": "fulfilled", "is_fulfilled": true,
        "meta_data": [{ "key": "_items", "value": items }, { "key": "_tracking_number", "value": number }],
    })
}

#[tokio::test]
async fn what_is_switched_off_has_no_route() {
    let (shop, order) = open(json!({})).await;
    let [core, tracking, ast] = interfaces(&order["id"]);
    let settings = [("fulfillments", &core), ("shipment_tracking", &tracking), ("ast", &ast)];
    for (switch, path) in settings {
        for method in ["GET", "POST", "OPTIONS"] {
            let answer = shop.api(method, path, None).await;
            assert_eq!((answer.status, &answer.json()["code"]), (404, &json!("rest_no_route")), "{path}");
        }
        shop.control("PUT", "settings", Some(json!({ switch: true }))).await;
        assert_eq!(listed(&shop, path).await, json!([]), "{path}");
    }
    shop.control("PUT", "settings", Some(json!({ "ast": false }))).await;
    assert_eq!(shop.api("GET", &ast, None).await.status, 404);
    let (shop, order) = open(json!({ "shipment_tracking": true })).await;
    assert_eq!(listed(&shop, &interfaces(&order["id"])[1]).await, json!([]), "from the beginning");
}

#[tokio::test]
async fn a_fulfilment_posted_twice_is_there_twice() {
    let (shop, order) = open(json!({ "fulfillments": true })).await;
    let path = format!("orders/{}/fulfillments", order["id"]);
    let made = shop.rest("POST", &path, Some(parcel(&order, "1Z9"))).await;
    assert_eq!((made.status, made.header("location")), (201, None));
    let made = made.json();
    assert_eq!(made["entity_id"], json!(order["id"].to_string()));
    assert_eq!((&made["is_fulfilled"], &made["date_deleted"]), (&json!(true), &Value::Null));
    assert_eq!(made["meta_data"][0]["value"][0]["qty"], json!(1), "numbers stay numbers");
    assert!(made["meta_data"].to_string().contains("_date_fulfilled"), "the shop's own date");
    shop.post(&path, parcel(&order, "1Z9")).await;
    assert_eq!(shop.get(&path).await.as_array().unwrap().len(), 2);
    assert_eq!(shop.get(&format!("{path}/{}", made["id"])).await, made);
}

#[tokio::test]
async fn changing_a_fulfilment_removes_what_is_not_named() {
    let (shop, order) = open(json!({ "fulfillments": true })).await;
    let path = format!("orders/{}/fulfillments", order["id"]);
    let mut body = parcel(&order, "1Z9");
    let note = json!({ "key": "service", "value": "Express" });
    body["meta_data"].as_array_mut().unwrap().push(note);
    let made = shop.post(&path, body).await;
    let changed = shop.put(&format!("{path}/{}", made["id"]), parcel(&order, "1Z8")).await;
    assert_eq!(changed["id"], made["id"]);
    let shown = changed["meta_data"].to_string();
    assert!(shown.contains("1Z8") && !shown.contains("1Z9") && !shown.contains("service"), "{shown}");
}

#[tokio::test]
async fn a_deleted_fulfilment_is_listed_no_more() {
    let (shop, order) = open(json!({ "fulfillments": true })).await;
    let path = format!("orders/{}/fulfillments", order["id"]);
    let made = shop.post(&path, parcel(&order, "1Z9")).await;
    let one = format!("{path}/{}", made["id"]);
    for _ in 0..2 {
        shop.rest("DELETE", &one, None).await.ok();
    }
    assert_eq!(shop.get(&path).await, json!([]));
    assert_eq!(shop.rest("GET", &one, None).await.status, 400);
    let changed = shop.rest("PUT", &one, Some(parcel(&order, "1Z8"))).await;
    assert_eq!(changed.status, 200, "and nothing came of it");
    assert_eq!(shop.get(&path).await, json!([]));
}

#[tokio::test]
async fn fulfilments_are_refused_in_their_own_words() {
    let (shop, order) = open(json!({ "fulfillments": true })).await;
    let other = shop.post("orders", json!({ "line_items": [{ "product_id": 10 }] })).await;
    let path = format!("orders/{}/fulfillments", order["id"]);
    let made = shop.post(&path, parcel(&order, "1Z9")).await;
    let item = |item: Value| json!({ "meta_data": [{ "key": "_items", "value": [item] }] });
    for body in [
        json!({ "meta_data": [] }),
        json!({ "meta_data": [{ "key": "_items", "value": "1" }] }),
        item(json!({ "item_id": "5", "qty": 1 })),
        item(json!({ "item_id": 5, "qty": "1" })),
        item(json!({ "item_id": 5, "qty": 0 })),
    ] {
        let refused = shop.rest("POST", &path, Some(body.clone())).await;
        assert_eq!((refused.status, &refused.json()["code"]), (400, &json!(0)), "{body}");
    }
    let foreign = format!("orders/{}/fulfillments/{}", other["id"], made["id"]);
    for gone in [format!("{path}/999"), foreign] {
        for method in ["GET", "PUT", "DELETE"] {
            let refused = shop.rest(method, &gone, Some(parcel(&order, "1Z8"))).await;
            assert_eq!((refused.status, &refused.json()["code"]), (400, &json!(0)), "{method} {gone}");
        }
    }
    let nobody = shop.rest("GET", "orders/999/fulfillments", None).await;
    assert_eq!((nobody.status, &nobody.json()["code"]), (404, &json!("woocommerce_rest_order_invalid_id")));
    assert_eq!(shop.get(&path).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn customers_are_mailed_on_demand_only() {
    let (shop, order) = open(json!({ "fulfillments": true })).await;
    let path = format!("orders/{}/fulfillments", order["id"]);
    let mails = async || shop.control("GET", "state", None).await["fulfillment_mails"].clone();
    shop.post(&path, parcel(&order, "1Z9")).await;
    shop.post(&format!("{path}?notify_customer=false"), parcel(&order, "1Z9")).await;
    assert_eq!(mails().await, 0);
    shop.post(&format!("{path}?notify_customer=true"), parcel(&order, "1Z9")).await;
    let mut asked = parcel(&order, "1Z9");
    asked["notify_customer"] = json!(true);
    shop.post(&path, asked.clone()).await;
    asked["is_fulfilled"] = json!(false);
    shop.post(&path, asked).await;
    assert_eq!(mails().await, 2, "a draft is nobody's business");
}

#[tokio::test]
async fn trackings_are_made_listed_and_deleted() {
    let (shop, order) = open(json!({ "shipment_tracking": true, "ast": true })).await;
    let [_, tracking, ast] = interfaces(&order["id"]);
    for path in [&tracking, &ast] {
        let known =
            json!({ "tracking_number": "1Z9", "tracking_provider": "UPS", "date_shipped": "2026-11-20" });
        let made = shop.api("POST", path, Some(known.clone())).await;
        assert_eq!(made.status, 201);
        let id = made.json()["tracking_id"].as_str().unwrap().to_owned();
        let location = made.header("location").unwrap().to_owned();
        assert!(location.ends_with(&format!("/wp-json/{path}/{id}")), "{location}");
        let made = made.json();
        assert_eq!(made["tracking_link"], "https://www.ups.com/track?tracknum=1Z9");
        assert_eq!(
            (&made["tracking_provider"], &made["date_shipped"]),
            (&json!("UPS"), &json!("2026-11-20"))
        );
        let custom = json!({
            "tracking_number": "77", "custom_tracking_provider": "Bike", "custom_tracking_link": "https://b.example/%1$s",
        });
        let custom = shop.api("POST", path, Some(custom)).await.ok();
        assert_eq!(custom["tracking_link"], "https://b.example/77");
        assert_eq!(custom["date_shipped"], "2026-11-23", "today, where nobody says when");
        let again = shop.api("POST", path, Some(known)).await.ok();
        assert_ne!(again["tracking_id"], json!(id), "twice is two");
        assert_eq!(listed(&shop, path).await.as_array().unwrap().len(), 3);
        for entry in [&made, &custom, &again] {
            let one = format!("{path}/{}", entry["tracking_id"].as_str().unwrap());
            assert_eq!(shop.api("GET", &one, None).await.ok(), *entry);
            assert_eq!(shop.api("DELETE", &one, None).await.ok(), *entry);
            let gone = shop.api("DELETE", &one, None).await;
            let code = "woocommerce_rest_order_shipment_tracking_invalid_id";
            assert_eq!((gone.status, &gone.json()["code"]), (404, &json!(code)));
        }
        assert_eq!(listed(&shop, path).await, json!([]));
        let nameless = shop.api("POST", path, Some(json!({}))).await;
        assert_eq!((nameless.status, &nameless.json()["code"]), (400, &json!("rest_missing_callback_param")));
        let nobody = path.replace(&order["id"].to_string(), "999");
        assert_eq!(shop.api("GET", &nobody, None).await.json()["code"], "woocommerce_rest_order_invalid_id");
    }
}

#[tokio::test]
async fn both_plugins_keep_their_entries_in_one_place_and_ast_can_complete() {
    let (shop, order) = open(json!({ "shipment_tracking": true, "ast": true })).await;
    let [_, tracking, ast] = interfaces(&order["id"]);
    let status = async || shop.get(&format!("orders/{}", order["id"])).await["status"].clone();
    for (shipped, expected) in [(json!(0), "processing"), (json!(1), "completed")] {
        let body = json!({ "tracking_number": "1Z9", "status_shipped": shipped });
        shop.api("POST", &ast, Some(body)).await.ok();
        assert_eq!(status().await, expected);
    }
    assert_eq!(listed(&shop, &tracking).await.as_array().unwrap().len(), 2);
    let meta = shop.get(&format!("orders/{}", order["id"])).await["meta_data"].clone();
    assert_eq!(meta[0]["key"], "_wc_shipment_tracking_items");
    assert_eq!(meta[0]["value"][1]["tracking_number"], "1Z9");
}

#[tokio::test]
async fn a_fulfilment_moves_the_date_of_its_order() {
    let (shop, order) = open(json!({ "fulfillments": true })).await;
    let one = format!("orders/{}", order["id"]);
    let modified = async || shop.get(&one).await["date_modified_gmt"].as_str().unwrap().to_owned();
    let later = async || shop.control("PUT", "clock", Some(json!({ "advance_s": 60 }))).await;
    let mut before = modified().await;
    let path = format!("{one}/fulfillments");
    let made = shop.post(&path, parcel(&order, "1Z9")).await;
    assert_eq!(modified().await, before, "the same second");
    let made = format!("{path}/{}", made["id"]);
    for method in ["POST", "PUT", "DELETE"] {
        later().await;
        let at = if method == "POST" { &path } else { &made };
        shop.rest(method, at, Some(parcel(&order, "1Z8"))).await.ok();
        let after = modified().await;
        assert!(after > before, "{method} {before} {after}");
        before = after;
    }
    later().await;
    shop.rest("PUT", &made, Some(parcel(&order, "1Z7"))).await.ok();
    assert_eq!(modified().await, before, "nothing comes of a change of a deleted one");
}

#[tokio::test]
async fn metadata_is_removed_by_a_key_without_a_value_and_doubles_with_it() {
    let (shop, order) = open(json!({})).await;
    let one = format!("orders/{}", order["id"]);
    let put = async |rows: Value| shop.put(&one, json!({ "meta_data": rows })).await["meta_data"].clone();
    let rows = async |rows: Value| {
        let rows = put(rows).await;
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| format!("{}={}", row["key"].as_str().unwrap(), row["value"])).collect::<Vec<_>>()
    };
    let made = put(json!([{ "key": "a", "value": { "x": 1 } }, { "key": "b", "value": "2" }])).await;
    let doubled = json!([{ "id": made[1]["id"], "key": "a", "value": "2" }]);
    assert_eq!(rows(doubled.clone()).await, [r#"a={"x":1}"#, r#"a="2""#], "by its id it is another row");
    assert_eq!(rows(json!([{ "key": "a", "value": "3" }])).await, [r#"a="3""#]);
    assert_eq!(rows(json!([{ "key": "c", "value": null }])).await, [r#"a="3""#]);
    assert_eq!(rows(json!([{ "key": "a", "value": null }])).await, [""; 0]);
}

#[tokio::test]
async fn ast_takes_the_id_that_is_posted_to_for_a_number_first() {
    let (shop, order) = open(json!({ "ast": true, "number_prefix": "1" })).await;
    let number = order["number"].as_str().unwrap().to_owned();
    let id: u64 = number.parse().unwrap();
    shop.control("PUT", "ids", Some(json!({ "post": id }))).await;
    let lines = json!([{ "product_id": 10 }]);
    let stranger = shop.post("orders", json!({ "line_items": lines })).await;
    assert_eq!(stranger["id"], json!(id), "the id of one is the number of the other");
    let [_, _, ast] = interfaces(&stranger["id"]);
    shop.api("POST", &ast, Some(json!({ "tracking_number": "1Z9" }))).await.ok();
    assert_eq!(listed(&shop, &ast).await, json!([]));
    assert_eq!(listed(&shop, &interfaces(&order["id"])[2]).await[0]["tracking_number"], "1Z9");
}

#[tokio::test]
async fn plugins_say_which_carriers_they_know() {
    let (shop, order) = open(json!({ "shipment_tracking": true })).await;
    let [_, tracking, ast] = interfaces(&order["id"]);
    let known = shop.api("GET", &format!("{tracking}/providers"), None).await.ok();
    assert_eq!(known["Germany"]["UPS"], "https://www.ups.com/track?tracknum=%1$s");
    assert_eq!(shop.api("GET", &format!("{ast}/providers"), None).await.status, 404);
}

#[tokio::test]
async fn a_shop_says_which_statuses_it_has() {
    let (shop, order) = open(json!({ "custom_statuses": ["packed"] })).await;
    let described = shop.rest("OPTIONS", "orders", None).await;
    assert_eq!((described.status, described.header("allow")), (200, Some("GET, POST")));
    let described = described.json();
    let statuses = described["schema"]["properties"]["status"]["enum"].as_array().unwrap();
    assert_eq!(statuses.last().unwrap(), "packed");
    let read_key = json!({ "keys": [{ "key": "ck_r", "secret": "cs_r", "permissions": "read" }] });
    let reader = TestShop::open(read_key).await;
    assert_eq!(reader.rest("OPTIONS", "orders", None).await.status, 200, "it is no write");
    assert_eq!(shop.rest("OPTIONS", &format!("orders/{}", order["id"]), None).await.status, 200);
}

/// Of what was recorded, the part that is claimed: methods, and all that is
/// said about the status.
#[tokio::test]
async fn statuses_are_described_as_recorded() {
    let Ok(text) = std::fs::read_to_string(folder().join("schema/orders.json")) else {
        say("recordings absent: skipped");
        return;
    };
    let recorded: Value = serde_json::from_str(&text).unwrap();
    let (shop, _) = open(json!({})).await;
    let ours = shop.rest("OPTIONS", "orders", None).await.ok();
    assert_eq!(ours["methods"], recorded["methods"]);
    let status = |described: &Value| described["schema"]["properties"]["status"].clone();
    assert_eq!(status(&ours), status(&recorded));
    let argument = |described: &Value| described["endpoints"][1]["args"]["status"].clone();
    assert_eq!(argument(&ours), argument(&recorded));
    let one: Value =
        serde_json::from_str(&std::fs::read_to_string(folder().join("schema/order.json")).unwrap()).unwrap();
    let ours = shop.rest("OPTIONS", "orders/10", None).await.ok();
    assert_eq!(argument(&ours), argument(&one));
    assert_eq!(ours["endpoints"][1]["methods"], one["endpoints"][1]["methods"]);
}

#[tokio::test]
async fn a_refund_keeps_its_metadata_and_notes_are_cut_to_the_fields() {
    let (shop, order) = open(json!({})).await;
    let path = format!("orders/{}", order["id"]);
    let mark = json!([{ "key": "_weir_return", "value": "7/3" }]);
    let body = json!({ "amount": "1.00", "api_refund": false, "api_restock": false, "meta_data": mark });
    let made = shop.post(&format!("{path}/refunds"), body.clone()).await;
    assert_eq!(made["meta_data"][0]["value"], "7/3");
    shop.post(&format!("{path}/refunds"), body).await;
    let listed = shop.get(&format!("{path}/refunds")).await;
    assert_eq!(listed.as_array().unwrap().len(), 2, "twice is two");
    assert!(listed.as_array().unwrap().iter().all(|refund| refund["meta_data"][0]["key"] == "_weir_return"));
    let note = json!({ "note": "Sent", "customer_note": true });
    for _ in 0..2 {
        shop.post(&format!("{path}/notes"), note.clone()).await;
    }
    let notes = shop.get(&format!("{path}/notes?type=customer&_fields=id,note")).await;
    let fields = |note: &Value| note.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(notes.as_array().unwrap().iter().map(fields).collect::<Vec<_>>(), [["id", "note"]; 2]);
}

//! Orders: money, stock, dates, lists.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::common::{Receiver, TestShop};

async fn open() -> TestShop {
    TestShop::open(json!({})).await
}

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}

fn sum(list: &Value, key: &str) -> Decimal {
    list.as_array().unwrap().iter().map(|line| decimal(&line[key])).sum()
}

/// Σ lines + shipping + fees + tax − tender, all as printed.
fn parts(order: &Value, tender: Decimal) -> Decimal {
    sum(&order["line_items"], "total")
        + sum(&order["shipping_lines"], "total")
        + sum(&order["fee_lines"], "total")
        + decimal(&order["total_tax"])
        - tender
}

async fn stock(shop: &TestShop, sku: &str) -> Value {
    shop.control("GET", "state", None).await["stock"][sku].clone()
}

#[tokio::test]
async fn every_kind_of_order_adds_up() {
    for inclusive in [true, false] {
        let shop = TestShop::open(json!({ "prices_include_tax": inclusive })).await;
        let kinds = shop.control("GET", "state", None).await["kinds"].clone();
        let wanted = json!({ "count": 10 * kinds.as_array().unwrap().len(), "kinds": kinds });
        let placed = shop.control("POST", "orders/place", Some(wanted)).await;
        for brief in placed["orders"].as_array().unwrap() {
            let order = shop.get(&format!("orders/{}", brief["id"])).await;
            let kind = brief["kind"].as_str().unwrap();
            let tender: Decimal =
                if matches!(kind, "gift_card" | "gift_card_meta") { Decimal::from(5) } else { Decimal::ZERO };
            assert_eq!(parts(&order, tender), decimal(&order["total"]), "{kind} {}", order["id"]);
            let tax = sum(&order["tax_lines"], "tax_total") + sum(&order["tax_lines"], "shipping_tax_total");
            assert_eq!(tax, decimal(&order["total_tax"]), "{kind}");
            let off = sum(&order["line_items"], "subtotal") - sum(&order["line_items"], "total");
            assert_eq!(off, decimal(&order["discount_total"]), "{kind}");
        }
    }
}

#[tokio::test]
async fn kinds_are_what_they_say() {
    let shop = open().await;
    let place = async |kind: &str| {
        let body = json!({ "count": 1, "kinds": [kind], "seed": 5 });
        let placed = shop.control("POST", "orders/place", Some(body)).await;
        shop.get(&format!("orders/{}", placed["orders"][0]["id"])).await
    };
    let cod = place("cod").await;
    assert_eq!((&cod["status"], &cod["date_paid"]), (&json!("processing"), &Value::Null));
    assert_eq!(place("bank_transfer").await["status"], "on-hold");
    assert_eq!(place("draft").await["status"], "checkout-draft");
    let usd = place("usd").await;
    assert_eq!((&usd["currency"], &usd["prices_include_tax"]), (&json!("USD"), &json!(false)));
    assert_eq!(usd["tax_lines"].as_array().unwrap().len(), 2);
    let zero = place("zero_total").await;
    assert_eq!((&zero["total"], &zero["payment_method"]), (&json!("0.00"), &json!("")));
    assert!(zero["date_paid"].is_string());
    assert!(place("variation").await["line_items"][0]["variation_id"].as_u64().unwrap() > 0);
    assert_eq!(place("unmapped_sku").await["line_items"][0]["sku"], "FOG-1");
    assert_eq!(place("vat_exempt").await["total_tax"], "0.00");
    assert!(place("customer").await["customer_id"].as_u64().unwrap() > 0);
    assert_eq!(place("gift_card").await["gift_cards"][0]["amount"], "5.00");
    let in_meta = place("gift_card_meta").await;
    assert!(in_meta["meta_data"].to_string().contains("_ywgc_applied_gift_cards"));
    assert_eq!(place("gift_card_fee").await["fee_lines"][0]["total_tax"], "0.00");
    let coupon = place("coupon").await;
    assert_eq!(coupon["coupon_lines"][0]["discount"], coupon["discount_total"]);
    let refused = shop.control_raw("POST", "orders/place", Some(json!({ "kinds": ["gold"] }))).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn placing_is_the_same_every_time() {
    let (one, other) = (open().await, open().await);
    let body = json!({ "count": 50, "kinds": ["card", "coupon", "usd"], "seed": 9 });
    let a = one.control("POST", "orders/place", Some(body.clone())).await;
    let b = other.control("POST", "orders/place", Some(body)).await;
    assert_eq!(a, b);
    assert_eq!(a["orders"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn rounding_at_the_end_keeps_lines_unrounded() {
    let shop = TestShop::open(json!({ "round_at_subtotal": true })).await;
    let lines = json!([
        { "product_id": 15, "quantity": 1, "subtotal": "0.335", "total": "0.335" },
        { "product_id": 10, "quantity": 1, "subtotal": "0.335", "total": "0.335" },
    ]);
    let order = shop.post("orders", json!({ "line_items": lines })).await;
    // 0.67 net and 0.1273 tax, each rounded once.
    assert_eq!((&order["total"], &order["total_tax"]), (&json!("0.80"), &json!("0.13")));
    assert_eq!(sum(&order["line_items"], "total").to_string(), "0.68", "lines are rounded singly");
    let exact = shop.get(&format!("orders/{}?dp=6", order["id"])).await;
    assert_eq!(exact["line_items"][0]["total"], "0.335000");
}

#[tokio::test]
async fn stock_follows_the_status() {
    let shop = open().await;
    let made = shop.post("orders", json!({ "line_items": [{ "product_id": 10, "quantity": 3 }] })).await;
    let path = format!("orders/{}", made["id"]);
    let reduced = |order: &Value| {
        let meta = order["line_items"][0]["meta_data"].as_array().unwrap();
        meta.iter().find(|m| m["key"] == "_reduced_stock").map(|m| m["value"].clone())
    };
    assert_eq!((reduced(&made), stock(&shop, "MUG-L").await), (None, json!(5000)));
    for (status, left, taken) in [
        ("on-hold", 4997, Some("3")),
        ("failed", 4997, Some("3")),
        ("processing", 4997, Some("3")),
        ("refunded", 4997, Some("3")),
        ("cancelled", 5000, None),
        ("completed", 4997, Some("3")),
        ("pending", 5000, None),
    ] {
        let order = shop.put(&path, json!({ "status": status })).await;
        assert_eq!(reduced(&order), taken.map(|t| json!(t)), "{status}");
        assert_eq!(stock(&shop, "MUG-L").await, json!(left), "{status}");
    }
}

#[tokio::test]
async fn a_variation_without_stock_of_its_own_takes_the_parents() {
    let shop = open().await;
    let line = json!({ "product_id": 16, "variation_id": 19, "quantity": 2 });
    shop.post("orders", json!({ "line_items": [line], "set_paid": true })).await;
    assert_eq!(stock(&shop, "TEE").await, json!(398));
    assert_eq!(stock(&shop, "TEE-L-G").await, json!(398));
    let variation = shop.get("products/16/variations/19").await;
    assert_eq!((&variation["manage_stock"], &variation["stock_quantity"]), (&json!("parent"), &json!(398)));
}

#[tokio::test]
async fn paid_date_is_set_once_and_by_the_method() {
    let shop = open().await;
    let order = |method: &str| json!({ "payment_method": method, "line_items": [{ "product_id": 10 }] });
    let cod = shop.post("orders", order("cod")).await;
    let cod = shop.put(&format!("orders/{}", cod["id"]), json!({ "status": "processing" })).await;
    assert_eq!(cod["date_paid"], Value::Null);
    let cod = shop.put(&format!("orders/{}", cod["id"]), json!({ "status": "completed" })).await;
    assert!(cod["date_paid"].is_string());
    let card = shop.post("orders", order("stripe")).await;
    let path = format!("orders/{}", card["id"]);
    let paid = shop.put(&path, json!({ "status": "processing" })).await["date_paid"].clone();
    shop.advance(10).await;
    let back = shop.put(&path, json!({ "status": "pending" })).await;
    assert_eq!(back["date_paid"], paid, "it stays");
}

#[tokio::test]
async fn silent_edits_move_no_date_and_fire_nothing() {
    let shop = open().await;
    let receiver = Receiver::open().await;
    let made = shop.post("orders", json!({ "line_items": [{ "product_id": 10, "quantity": 1 }] })).await;
    shop.webhook("order.updated", &receiver, "/hook").await;
    receiver.take();
    shop.advance(60).await;
    let edit = json!({ "line_id": made["line_items"][0]["id"], "total": "50.00", "quantity": 4 });
    let path = format!("orders/{}/silent", made["id"]);
    let edited = shop.control("POST", &path, Some(edit)).await;
    shop.drain().await;
    assert!(receiver.take().is_empty());
    assert_eq!(edited["date_modified"], made["date_modified"]);
    assert_ne!(edited["total"], made["total"]);
}

#[tokio::test]
async fn metadata_alone_moves_the_date_and_fires_only_without_order_tables() {
    for (hpos, fires) in [(true, 0), (false, 1)] {
        let shop = TestShop::open(json!({ "hpos": hpos })).await;
        let receiver = Receiver::open().await;
        let made = shop.post("orders", json!({ "line_items": [{ "product_id": 10 }] })).await;
        shop.webhook("order.updated", &receiver, "/hook").await;
        receiver.take();
        shop.advance(1).await;
        let meta = json!({ "meta_data": [{ "key": "k", "value": "v" }] });
        let after = shop.put(&format!("orders/{}", made["id"]), meta).await;
        shop.drain().await;
        assert_eq!(receiver.take().len(), fires);
        assert_eq!(after["date_modified"] != made["date_modified"], hpos);
    }
}

#[tokio::test]
async fn our_own_put_fires_order_updated() {
    let shop = open().await;
    let receiver = Receiver::open().await;
    let made = shop.post("orders", json!({ "line_items": [{ "product_id": 10 }] })).await;
    shop.webhook("order.updated", &receiver, "/hook").await;
    receiver.take();
    shop.put(&format!("orders/{}", made["id"]), json!({ "status": "processing" })).await;
    shop.drain().await;
    assert_eq!(receiver.take()[0].json()["status"], "processing");
}

#[tokio::test]
async fn lists_page_filter_and_leave_the_trash_out() {
    let shop = open().await;
    let body = json!({ "count": 25, "kinds": ["card"] });
    shop.control("POST", "orders/place", Some(body)).await;
    let all = shop.rest("GET", "orders?per_page=10&orderby=id&order=asc&page=3", None).await;
    assert_eq!(all.header("x-wp-total"), Some("25"));
    assert_eq!(all.header("x-wp-totalpages"), Some("3"));
    let page = all.json();
    assert_eq!(page.as_array().unwrap().len(), 5);
    let last = page[4]["id"].as_u64().unwrap();
    shop.rest("DELETE", &format!("orders/{last}"), None).await.ok();
    let rest = shop.rest("GET", "orders", None).await;
    assert_eq!(rest.header("x-wp-total"), Some("24"));
    let trash = shop.get("orders?status=trash").await;
    assert_eq!(trash[0]["id"], last);
    assert_eq!(
        shop.get(&format!("orders?include={},{}", last - 1, last - 2)).await.as_array().unwrap().len(),
        2
    );
}

#[tokio::test]
async fn the_modified_window_is_exclusive_and_zoned() {
    let shop = open().await;
    shop.post("orders", json!({ "line_items": [{ "product_id": 10 }] })).await;
    let found = async |query: &str| shop.get(&format!("orders?{query}")).await.as_array().unwrap().len();
    assert_eq!(found("modified_after=2026-11-23T19:29:59&dates_are_gmt=true").await, 1);
    assert_eq!(found("modified_after=2026-11-23T19:30:00&dates_are_gmt=true").await, 0, "exclusive");
    assert_eq!(found("modified_after=2026-11-23T20:29:59").await, 1, "shop time");
    assert_eq!(found("modified_after=2026-11-23T19:29:59Z").await, 1);
    assert_eq!(found("modified_after=2026-11-23T19:29:59Z&dates_are_gmt=true").await, 0, "the trap");
    assert_eq!(found("before=2026-11-23T19:30:00&dates_are_gmt=true").await, 0);
}

#[tokio::test]
async fn batches_do_not_check_and_set_unknown_statuses_to_pending() {
    let shop = open().await;
    let made = shop.post("orders", json!({ "line_items": [{ "product_id": 10 }], "set_paid": true })).await;
    let single = json!({ "status": "shipped" });
    let single = shop.rest("PUT", &format!("orders/{}", made["id"]), Some(single)).await;
    assert_eq!(single.status, 400);
    let batch = json!({ "update": [{ "id": made["id"], "status": "shipped" }, { "status": "completed" }] });
    let batch = shop.post("orders/batch", batch).await;
    assert_eq!(batch["update"][0]["status"], "pending");
    assert_eq!(batch["update"][1]["error"]["data"]["status"], 400);
    let many: Vec<Value> = (0..101).map(|id| json!({ "id": id })).collect();
    let many = shop.rest("POST", "orders/batch", Some(json!({ "update": many }))).await;
    assert_eq!(many.status, 413);
}

#[tokio::test]
async fn custom_statuses_and_numbers_of_plugins() {
    let shop = TestShop::open(json!({ "custom_statuses": ["packed"], "number_prefix": "W-" })).await;
    let made = shop.post("orders", json!({ "status": "packed", "line_items": [{ "product_id": 10 }] })).await;
    assert_eq!(made["status"], "packed");
    assert_eq!(made["number"], json!(format!("W-{}", made["id"])));
    assert_eq!(shop.get("orders?status=packed").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn coupons_split_to_the_cent_and_unknown_ones_are_refused() {
    let shop = open().await;
    let lines = json!([{ "product_id": 10, "quantity": 2 }, { "product_id": 11, "quantity": 1 }, { "product_id": 12, "quantity": 1 }]);
    let body = json!({ "line_items": lines, "coupon_lines": [{ "code": "MINUS5" }] });
    let order = shop.post("orders", body).await;
    let off = decimal(&order["discount_total"]) + decimal(&order["discount_tax"]);
    assert_eq!(off.to_string(), "5.00", "five euros of the prices with tax");
    let bad = json!({ "line_items": [{ "product_id": 10 }], "coupon_lines": [{ "code": "nope" }] });
    let bad = shop.rest("POST", "orders", Some(bad)).await;
    assert_eq!((bad.status, &bad.json()["code"]), (400, &json!("woocommerce_rest_invalid_coupon")));
    let orders = shop.control("GET", "state", None).await["orders"].clone();
    assert_eq!(orders, json!(1), "a refused order leaves nothing behind");
}

#[tokio::test]
async fn lines_are_edited_and_removed_by_id() {
    let shop = open().await;
    let lines = json!([{ "product_id": 10, "quantity": 2 }, { "product_id": 11 }]);
    let made = shop.post("orders", json!({ "line_items": lines })).await;
    let path = format!("orders/{}", made["id"]);
    let (first, second) = (&made["line_items"][0]["id"], &made["line_items"][1]["id"]);
    let edit = json!({ "line_items": [{ "id": first, "quantity": 3 }, { "id": second, "quantity": 0 }] });
    let after = shop.put(&path, edit).await;
    assert_eq!(after["line_items"].as_array().unwrap().len(), 1);
    assert_eq!(after["line_items"][0]["quantity"], 3);
    assert_eq!(after["line_items"][0]["total"], made["line_items"][0]["total"], "as the shop does");
    let foreign = json!({ "line_items": [{ "id": 99999, "quantity": 1 }] });
    assert_eq!(
        shop.rest("PUT", &path, Some(foreign)).await.json()["code"],
        "woocommerce_rest_invalid_item_id"
    );
}

#[tokio::test]
async fn restoring_by_put_is_silent_and_restoring_in_the_admin_is_not() {
    let shop = open().await;
    let receiver = Receiver::open().await;
    let made = shop.post("orders", json!({ "line_items": [{ "product_id": 10 }] })).await;
    let path = format!("orders/{}", made["id"]);
    for topic in ["order.updated", "order.restored"] {
        shop.webhook(topic, &receiver, "/hook").await;
    }
    receiver.take();
    let topics = || receiver.take().iter().map(|r| r.topic().to_owned()).collect::<Vec<_>>();
    shop.rest("DELETE", &path, None).await.ok();
    shop.put(&path, json!({ "status": "on-hold" })).await;
    shop.drain().await;
    assert_eq!(topics(), Vec::<String>::new());
    shop.rest("DELETE", &path, None).await.ok();
    let again = shop.rest("DELETE", &path, None).await;
    assert_eq!(again.status, 410);
    let restored = shop.control("POST", &format!("{path}/restore"), None).await;
    shop.drain().await;
    assert_eq!(restored["status"], "pending", "as before the first time in the trash");
    assert_eq!(topics(), ["order.restored"]);
}

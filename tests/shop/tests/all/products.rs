//! Products, stock writes and refunds: what is checked and what is not.

use serde_json::{Value, json};

use crate::common::{Receiver, TestShop};

async fn open() -> TestShop {
    TestShop::open(json!({})).await
}

#[tokio::test]
async fn batch_items_are_cast_where_single_requests_are_refused() {
    let shop = open().await;
    let single = shop.rest("PUT", "products/10", Some(json!({ "stock_quantity": "many" }))).await;
    assert_eq!((single.status, &single.json()["code"]), (400, &json!("rest_invalid_param")));
    let update = json!([
        { "id": 10, "stock_quantity": "many" },
        { "id": 13, "stock_quantity": 12.75 },
        { "id": 999, "stock_quantity": 1 },
        { "stock_quantity": 1 },
        { "id": 17, "stock_quantity": 1 },
        { "id": 12, "stock_quantity": 9 },
    ]);
    let batch = shop.post("products/batch", json!({ "update": update })).await;
    let items = batch["update"].as_array().unwrap();
    assert_eq!(items[0]["stock_quantity"], 0);
    assert_eq!(items[1]["stock_quantity"], 12);
    assert_eq!(items[2]["error"]["code"], "woocommerce_rest_product_invalid_id");
    assert_eq!(items[3]["id"], Value::Null);
    assert_eq!(items[4]["error"]["data"]["status"], 404, "variations live under their parent");
    assert_eq!(items[5]["stock_quantity"], Value::Null, "not managed: ignored");
}

#[tokio::test]
async fn a_delta_keeps_the_sale_that_an_absolute_write_forgets() {
    let shop = open().await;
    let sale = json!({ "line_items": [{ "product_id": 10, "quantity": 5 }], "set_paid": true });
    shop.post("orders", sale.clone()).await;
    let after = shop.put("products/10", json!({ "inventory_delta": -10 })).await;
    assert_eq!(after["stock_quantity"], 4985);
    shop.post("orders", sale).await;
    let after = shop.put("products/10", json!({ "stock_quantity": 4985 })).await;
    assert_eq!(after["stock_quantity"], 4985, "the second sale is forgotten");
    let both =
        json!({ "update": [{ "id": 17, "inventory_delta": 3 }, { "id": 17, "inventory_delta": "-1" }] });
    let both = shop.post("products/16/variations/batch", both).await;
    assert_eq!(both["update"][1]["stock_quantity"], 2502);
}

#[tokio::test]
async fn a_variations_batch_does_not_ask_whose_child_it_is() {
    let shop = open().await;
    let update = json!({ "update": [{ "id": 10, "stock_quantity": 1 }] });
    shop.post("products/16/variations/batch", update).await;
    let mug = shop.get("products/10").await;
    assert_eq!((&mug["stock_quantity"], &mug["parent_id"]), (&json!(1), &json!(16)));
    let single = json!({ "stock_quantity": 1 });
    assert_eq!(shop.rest("PUT", "products/11/variations/17", Some(single)).await.status, 403);
}

#[tokio::test]
async fn stock_writes_echo_as_product_updated() {
    let shop = open().await;
    let receiver = Receiver::open().await;
    shop.webhook("product.updated", &receiver, "/hook").await;
    receiver.take();
    shop.put("products/16/variations/17", json!({ "stock_quantity": 4 })).await;
    shop.drain().await;
    let echo = receiver.take()[0].json();
    assert_eq!(
        (&echo["id"], &echo["type"], &echo["parent_id"]),
        (&json!(17), &json!("variation"), &json!(16))
    );
}

#[tokio::test]
async fn skus_are_found_in_lists_of_a_hundred() {
    let shop = open().await;
    let mut skus: Vec<String> = (0..97).map(|n| format!("NOPE-{n}")).collect();
    skus.extend(["MUG-L", "TEE-M-B", "M3/BOX 100"].map(str::to_owned));
    let found = shop.get(&format!("products?per_page=100&_fields=id,sku,type&sku={}", skus.join(","))).await;
    let found: Vec<&str> = found.as_array().unwrap().iter().map(|p| p["sku"].as_str().unwrap()).collect();
    assert_eq!(found.len(), 3);
    assert!(found.contains(&"TEE-M-B"));
}

#[tokio::test]
async fn prices_are_mangled_not_refused() {
    let shop = open().await;
    let number = shop.rest("PUT", "products/10", Some(json!({ "regular_price": 14.5 }))).await;
    assert_eq!(number.status, 400);
    for (written, kept) in [("14,50", "1450"), ("abc", ""), ("12.00", "12.00")] {
        let after = shop.put("products/10", json!({ "regular_price": written })).await;
        assert_eq!(after["regular_price"], kept);
    }
    let sale = shop.put("products/10", json!({ "sale_price": "13.00" })).await;
    assert_eq!(sale["sale_price"], "", "a sale price above the regular one is dropped");
}

#[tokio::test]
async fn refunds_restock_only_when_asked_and_close_the_order_when_whole() {
    let shop = open().await;
    let order = json!({
        "payment_method": "bacs", "set_paid": true, "line_items": [{ "product_id": 10, "quantity": 3 }],
    });
    let order = shop.post("orders", order).await;
    let path = format!("orders/{}/refunds", order["id"]);
    let line = &order["line_items"][0];
    let stock = async || shop.get("products/10").await["stock_quantity"].clone();
    let refund = |restock: bool, quantity: u32| {
        json!({
            "amount": "14.90", "api_refund": false, "api_restock": restock,
            "line_items": [{ "id": line["id"], "quantity": quantity, "refund_total": 12.52,
                             "refund_tax": [{ "id": 1, "refund_total": 2.38 }] }],
        })
    };
    let first = shop.post(&path, refund(true, 1)).await;
    assert_eq!(first["line_items"][0]["quantity"], -1);
    assert_eq!(first["line_items"][0]["total_tax"], "-2.38");
    assert_eq!(stock().await, 4998);
    shop.post(&path, refund(false, 1)).await;
    assert_eq!(stock().await, 4998, "money only");
    let meta = |order: &Value, key: &str| {
        let list = order["line_items"][0]["meta_data"].as_array().unwrap().clone();
        list.iter().find(|m| m["key"] == key).map(|m| m["value"].clone())
    };
    let present = shop.get(&format!("orders/{}", order["id"])).await;
    assert_eq!(meta(&present, "_reduced_stock"), Some(json!("2")));
    assert_eq!(meta(&present, "_restock_refunded_items"), Some(json!("1")));
    assert_eq!((&present["status"], &present["total"]), (&json!("processing"), &json!("44.70")));
    let rest = json!({ "amount": "14.90", "api_refund": false });
    let rest = shop.post(&path, rest).await;
    assert_eq!(rest["line_items"], json!([]));
    assert_eq!(shop.get(&format!("orders/{}", order["id"])).await["status"], "refunded");
    let more = shop.rest("POST", &path, Some(json!({ "amount": "0.01", "api_refund": false }))).await;
    assert_eq!((more.status, &more.json()["data"]), (500, &json!(500)));
    let unforced = shop.rest("DELETE", &format!("{path}/{}", rest["id"]), None).await;
    assert_eq!(unforced.status, 501);
    shop.rest("DELETE", &format!("{path}/{}?force=true", rest["id"]), None).await.ok();
    assert_eq!(shop.get(&path).await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_gateway_is_asked_by_default() {
    let shop = open().await;
    let paid = async |method: &str| {
        let order = json!({
            "payment_method": method, "set_paid": true, "line_items": [{ "product_id": 10 }],
        });
        let order = shop.post("orders", order).await;
        let path = format!("orders/{}/refunds", order["id"]);
        shop.rest("POST", &path, Some(json!({ "amount": "1.00" }))).await
    };
    let granted = paid("stripe").await;
    assert_eq!((granted.status, &granted.json()["refunded_payment"]), (201, &json!(true)));
    let refused = paid("bacs").await;
    assert_eq!(refused.json()["message"], "The payment gateway for this order does not exist.");
}

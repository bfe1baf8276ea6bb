//! The second half of the recorded day, from 19:54:39 on.

use serde_json::{Value, json};

use crate::recordings::Stage;
use crate::script::play_all;

pub(crate) async fn run(stage: &mut Stage) {
    order_lists(stage).await;
    errors(stage).await;
    disabled_webhook(stage).await;
    plugins_and_outages(stage).await;
    order_posts(stage).await;
    last_look(stage).await;
    inventory_deltas(stage).await;
}

async fn order_lists(stage: &mut Stage) {
    play_all(
        stage,
        "orders-list-full orders-modified-after-gmt orders-modified-after-local \
         orders-modified-after-z orders-page-past-end orders-page1 orders-page2 \
         orders-by-status orders-modified-after-z-gmt orders-orderby-modified",
    )
    .await;
}

async fn errors(stage: &mut Stage) {
    play_all(stage, "error-401-bad-key error-401-bad-secret").await;
    stage.shop.control("PUT", "settings", Some(json!({ "tls_seen": false }))).await;
    stage.play("error-401-basic-over-http").await;
    stage.shop.control("PUT", "settings", Some(json!({ "tls_seen": true }))).await;
    play_all(
        stage,
        "error-401-missing error-401-read-key-writes error-401-write-key-reads \
         error-orders-modified-after error-orders-page0 error-orders-per-page \
         error-orders-status-invalid auth-query-string error-400-body-not-object \
         error-400-json error-400-order-status error-404-method error-404-product \
         error-404-route patch-order-is-allowed error-415-like-no-content-type",
    )
    .await;
    with_fault(stage, "fatal_next", json!(1), "error-500-fatal").await;
    with_fault(stage, "maintenance", json!(true), "error-503-maintenance").await;
    with_fault(stage, "notice_next", json!(1), "notice-before-json").await;
}

async fn with_fault(stage: &mut Stage, switch: &str, value: Value, names: &str) {
    stage.shop.faults(json!({ switch: value })).await;
    play_all(stage, names).await;
    stage.shop.control("DELETE", "faults", None).await;
}

async fn disabled_webhook(stage: &mut Stage) {
    checkouts(stage).await;
    stage.at("20:02:26").await;
    stage.shop.control("PUT", "ids", Some(json!({ "webhook": 16 }))).await;
    let body = json!({ "topic": "order.updated", "delivery_url": "http://127.0.0.1:8089/status/500" });
    stage.unrecorded("POST", "webhooks", body).await;
    stage.at("20:03:04").await;
    for n in 1..=7 {
        let note = json!({ "customer_note": format!("failure {n}") });
        stage.unrecorded("PUT", "orders/26", note).await;
    }
    play_all(stage, "webhook-get-disabled webhook-put-reactivate").await;
    let note = json!({ "customer_note": "after reactivation" });
    stage.unrecorded("PUT", "orders/22", note).await;
    late_deliveries(stage).await;
}

/// Orders 39 to 41: placed in the shop's checkouts. The block checkout makes a
/// draft first; only in the last one the queue was quick enough to see it.
async fn checkouts(stage: &Stage) {
    let order = |method: &str, status: &str| {
        let address = json!({ "first_name": "Kim", "country": "DE", "email": "kim@example.com" });
        json!({
            "payment_method": method, "status": status, "billing": address, "shipping": address,
            "line_items": [{ "product_id": 10, "quantity": 1 }],
            "shipping_lines": [{
                "method_id": "flat_rate", "instance_id": "1", "method_title": "DHL Paket",
                "total": "4.12", "meta_data": [{ "key": "Items", "value": "one" }],
            }],
            "meta_data": [{ "key": "is_vat_exempt", "value": "no" }],
        })
    };
    for (time, via, method, status) in [
        ("19:56:13", "store-api", "cod", "processing"),
        ("19:58:16", "checkout", "bacs", "on-hold"),
        ("19:58:17", "store-api", "", "checkout-draft"),
    ] {
        stage.at(time).await;
        let path = format!("orders?created_via={via}");
        stage.shop.control("POST", &path, Some(order(method, status))).await;
        stage.shop.drain().await;
    }
    stage.at("19:58:18").await;
    let paid = json!({ "payment_method": "cod", "status": "processing" });
    stage.shop.control("POST", "orders/41/status", Some(paid)).await;
    stage.shop.drain().await;
}

/// Objects that are gone, trashed or out of reach when their delivery runs.
async fn late_deliveries(stage: &Stage) {
    stage.at("20:04:50").await;
    stage.shop.control("PUT", "ids", Some(json!({ "post": 42 }))).await;
    let order = json!({
        "set_paid": true, "billing": { "country": "DE" },
        "line_items": [{ "product_id": 12, "quantity": 1 }],
    });
    for (id, delete) in [(42, "orders/42?force=true"), (43, "orders/43")] {
        stage.shop.faults(json!({ "hold_deliveries": true })).await;
        let made = stage.shop.post("orders", order.clone()).await;
        assert_eq!(made["id"], json!(id));
        stage.shop.rest("DELETE", delete, None).await.ok();
        stage.shop.faults(json!({ "hold_deliveries": false })).await;
        stage.shop.drain().await;
    }
    stage.shop.faults(json!({ "owner_lost_rights": true })).await;
    stage.unrecorded("PUT", "orders/26", json!({ "customer_note": "no rights" })).await;
    stage.shop.faults(json!({ "owner_lost_rights": false })).await;
    stage.unrecorded("PUT", "orders/26", json!({ "customer_note": "rights" })).await;
}

/// A coupon, a customer and a product that go for good.
async fn farewells(stage: &Stage) {
    let coupon = json!({ "code": "weg", "amount": "1" });
    let coupon = stage.unrecorded("POST", "coupons", coupon).await;
    let trashed = stage.shop.rest("DELETE", &format!("coupons/{}", coupon["id"]), None).await;
    assert_eq!(trashed.status, 500, "trashing a coupon works and says it does not");
    let customer = json!({ "email": "weg@example.com" });
    let customer = stage.unrecorded("POST", "customers", customer).await;
    let path = format!("customers/{}?force=true", customer["id"]);
    stage.shop.rest("DELETE", &path, None).await.ok();
    let product = json!({ "name": "Kommt weg", "sku": "WEG", "regular_price": "4.00" });
    let product = stage.unrecorded("POST", "products", product).await;
    let order = json!({
        "set_paid": true, "billing": { "first_name": "X", "country": "DE" },
        "line_items": [{ "product_id": product["id"], "quantity": 1 }],
    });
    let order = stage.unrecorded("POST", "orders", order).await;
    stage.at("20:06:23").await;
    let path = format!("products/{}?force=true", product["id"]);
    stage.shop.rest("DELETE", &path, None).await.ok();
    let path = format!("orders/{}", order["id"]);
    stage.unrecorded("PUT", &path, json!({ "status": "completed" })).await;
}

async fn plugins_and_outages(stage: &mut Stage) {
    stage.at("20:06:08").await;
    stage.unrecorded("PUT", "orders/26", json!({ "customer_note": "state B" })).await;
    stage.at("20:06:18").await;
    stage.shop.control("PUT", "ids", Some(json!({ "post": 44 }))).await;
    let product = json!({ "name": "Wegwerf", "sku": "TMP-1", "regular_price": "1" });
    stage.unrecorded("POST", "products", product).await;
    stage.play("product-delete-force").await;
    farewells(stage).await;
    stage.shop.control("PUT", "settings", Some(json!({ "decimal_quantities": true }))).await;
    let stock = json!({ "update": [{ "id": 11, "stock_quantity": 12.75 }] });
    stage.unrecorded("POST", "products/batch", stock).await;
    play_all(stage, "error-order-decimal-quantity product-get-decimal-stock").await;
    // Not over REST: by the plugin's own checkout.
    let order = json!({
        "status": "processing", "payment_method": "cod", "billing": { "country": "DE" },
        "line_items": [{ "product_id": 12, "quantity": 2.5 }],
    });
    let order = stage.shop.control("POST", "orders", Some(order)).await;
    assert_eq!(order["line_items"][0]["quantity"], json!(2.5));
    stage.shop.drain().await;
    stage.shop.control("PUT", "settings", Some(json!({ "decimal_quantities": false }))).await;
    let book = json!({ "stock_quantity": 50, "regular_price": "29.00", "sale_price": "" });
    stage.unrecorded("PUT", "products/11", book).await;
    with_fault(stage, "database_down", json!(true), "error-500-database-down error-500-database-down-html")
        .await;
    with_fault(stage, "fatal_next", json!(1), "error-500-fatal-html").await;
    with_fault(stage, "maintenance", json!(true), "error-503-maintenance-html").await;
}

async fn order_posts(stage: &mut Stage) {
    stage.at("20:07:13").await;
    stage.shop.control("PUT", "ids", Some(json!({ "post": 49 }))).await;
    let bulk: Vec<Value> = (0..100)
        .map(|n| {
            json!({
                "name": format!("Bulk {n:03}"), "sku": format!("BULK-{n:03}"), "regular_price": "9.99",
                "manage_stock": true, "stock_quantity": 21,
            })
        })
        .collect();
    stage.unrecorded("POST", "products/batch", json!({ "create": bulk })).await;
    stage.shop.control("PUT", "settings", Some(json!({ "hpos": false }))).await;
    stage.shop.control("PUT", "ids", Some(json!({ "item": 66 }))).await;
    stage.play("legacy-order-create").await;
    for change in [
        json!({ "status": "processing" }),
        json!({ "meta_data": [{ "key": "_tracking_number", "value": "1" }] }),
        json!({}),
    ] {
        stage.unrecorded("PUT", "orders/149", change).await;
    }
    let refund = json!({ "amount": "1.00", "api_refund": false });
    stage.unrecorded("POST", "orders/149/refunds", refund).await;
    stage.unrecorded("DELETE", "orders/149", json!({})).await;
    stage.unrecorded("PUT", "orders/149", json!({ "status": "processing" })).await;
    stage.unrecorded("DELETE", "orders/149", json!({})).await;
    stage.shop.control("POST", "orders/149/restore", None).await;
    stage.shop.drain().await;
    stage.shop.control("PUT", "settings", Some(json!({ "hpos": true }))).await;
}

async fn last_look(stage: &mut Stage) {
    stage.unrecorded("PUT", "products/10", json!({ "stock_quantity": 491 })).await;
    play_all(
        stage,
        "settings-price-decimals system-status order-put-status-failed-transition \
         settings-currency settings-prices-include-tax orders-batch order-get-dp4 order-get \
         orders-include orders-search-number customer-get product-get products-list \
         products-modified-after",
    )
    .await;
    stage.shop.control("PUT", "ids", Some(json!({ "webhook": 22 }))).await;
    play_all(stage, "webhook-create-ping-refused orders-modified-after-exclusive").await;
}

async fn inventory_deltas(stage: &mut Stage) {
    play_all(
        stage,
        "product-inventory-delta-minus product-inventory-delta-plus \
         products-batch-inventory-delta variations-batch-inventory-delta",
    )
    .await;
}

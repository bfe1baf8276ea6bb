//! The day the recordings were made: every recorded request in its order, and
//! between them what was done without being recorded.

use serde_json::{Value, json};

use crate::evening;
use crate::recordings::Stage;

/// The recorded shop before anything happened.
pub(crate) fn settings() -> Value {
    let key = |kind: &str| json!({ "key": format!("ck_{kind}"), "secret": format!("cs_{kind}"), "permissions": kind });
    json!({
        "site_url": "https://shop.example.test",
        "keys": [key("read_write"), key("read"), key("write")],
        "catalogue": [], "tax_rates": [], "coupons": [], "refund_gateways": [],
    })
}

pub(crate) async fn run(stage: &mut Stage) {
    webhooks(stage).await;
    shelves(stage).await;
    first_orders(stage).await;
    odd_orders(stage).await;
    refunds_and_trash(stage).await;
    product_reads(stage).await;
    product_writes(stage).await;
    batches(stage).await;
    four_orders(stage).await;
    evening::run(stage).await;
}

pub(crate) async fn play_all(stage: &mut Stage, names: &str) {
    for name in names.split_whitespace() {
        stage.play(name).await;
    }
}

async fn webhooks(stage: &mut Stage) {
    stage.play("webhook-create").await;
    stage.at("19:37:52").await;
    let topics = [
        "order.updated",
        "order.deleted",
        "order.restored",
        "product.created",
        "product.updated",
        "product.deleted",
        "product.restored",
        "customer.created",
        "customer.updated",
        "customer.deleted",
        "coupon.created",
        "coupon.updated",
        "coupon.deleted",
    ];
    for (n, topic) in topics.iter().enumerate() {
        if n == 6 {
            stage.at("19:37:53").await;
        }
        let body = json!({
            "name": format!("ERP {topic}"), "topic": topic, "secret": "fixture-secret",
            "delivery_url": format!("http://127.0.0.1:8089/hook/{topic}"),
        });
        stage.unrecorded("POST", "webhooks", body).await;
    }
    play_all(
        stage,
        "webhook-get webhook-list error-webhook-bad-topic error-webhook-bad-url \
         webhook-create-unreachable",
    )
    .await;
}

async fn shelves(stage: &mut Stage) {
    stage.play("tax-create").await;
    for rate in [
        json!({ "country": "DE", "rate": "7", "name": "MwSt. erm.", "class": "reduced-rate" }),
        json!({ "country": "AT", "rate": "20", "name": "USt." }),
        json!({ "country": "AT", "rate": "10", "name": "USt. erm.", "class": "reduced-rate" }),
        json!({ "country": "US", "state": "CA", "rate": "7.25", "name": "CA State Tax", "shipping": false }),
        json!({
            "country": "US", "state": "CA", "rate": "1.25", "name": "LA County", "priority": 2,
            "shipping": false,
        }),
    ] {
        stage.unrecorded("POST", "taxes", rate).await;
    }
    stage.play("product-create-simple").await;
    stage.at("19:40:14").await;
    for product in [
        json!({
            "name": "Buch: Rust für Händler", "sku": "BOOK-1", "regular_price": "29.00",
            "sale_price": "24.99", "tax_class": "reduced-rate", "manage_stock": true,
            "stock_quantity": 3, "backorders": "notify",
        }),
        json!({ "name": "Gift wrap / 礼物包装", "sku": "WRAP", "regular_price": "2.50", "virtual": true }),
        json!({
            "name": "Free sample", "sku": "FREE-0", "regular_price": "0", "manage_stock": true,
            "stock_quantity": 10,
        }),
        json!({ "name": "No SKU item", "regular_price": "5" }),
    ] {
        stage.unrecorded("POST", "products", product).await;
    }
    stage.at("19:40:15").await;
    let screws = json!({
        "name": "Screw M3 \"box\" &amp;", "sku": "M3/BOX 100", "regular_price": "0.0456",
        "manage_stock": true, "stock_quantity": 1000,
    });
    stage.unrecorded("POST", "products", screws).await;
    play_all(stage, "product-create-variable variations-batch-create coupon-create").await;
    let coupon = json!({ "code": "minus5", "discount_type": "fixed_cart", "amount": "5" });
    stage.unrecorded("POST", "coupons", coupon).await;
    stage.play("customer-create").await;
    let phone = json!({ "billing": { "phone": "+49 30 7654321" } });
    stage.unrecorded("PUT", "customers/2", phone).await;
    stage.at("19:40:19").await;
    stage.unrecorded("PUT", "products/10", json!({ "regular_price": "13.50" })).await;
    stage.play("product-delete-trash").await;
}

async fn setting(stage: &Stage, path: &str, value: &str) {
    stage.unrecorded("PUT", &format!("settings/{path}"), json!({ "value": value })).await;
}

async fn first_orders(stage: &mut Stage) {
    play_all(
        stage,
        "order-create-guest-simple order-put-on-hold order-put-processing \
         order-put-completed order-create-customer-paid",
    )
    .await;
    setting(stage, "tax/woocommerce_prices_include_tax", "no").await;
    stage.play("order-create-usd-exclusive").await;
    setting(stage, "general/woocommerce_price_num_decimals", "0").await;
    stage.play("order-create-jpy-zero-decimals").await;
    setting(stage, "general/woocommerce_price_num_decimals", "2").await;
    setting(stage, "tax/woocommerce_prices_include_tax", "yes").await;
    play_all(stage, "error-order-line-without-product order-create-zero-total").await;
}

async fn odd_orders(stage: &mut Stage) {
    play_all(stage, "order-create-custom-lines order-create-failed").await;
    stage.at("19:42:37").await;
    stage.unrecorded("PUT", "orders/28", json!({ "status": "processing" })).await;
    play_all(stage, "order-create-cancelled order-put-cancelled order-create-checkout-draft").await;
    stage.at("19:42:41").await;
    stage.unrecorded("PUT", "orders/30", json!({ "status": "pending" })).await;
    stage.at("19:42:42").await;
    let line = json!({ "line_items": [{ "product_id": 12, "quantity": 1 }] });
    stage.unrecorded("PUT", "orders/22", line).await;
}

async fn refunds_and_trash(stage: &mut Stage) {
    play_all(
        stage,
        "refund-create-partial refund-create-amount-only refund-create-full \
         error-refund-gateway error-refund-too-much order-get-with-refund",
    )
    .await;
    stage.shop.control("PUT", "ids", Some(json!({ "note": 25 }))).await;
    play_all(
        stage,
        "order-note-create refund-list order-note-list order-put-tracking-meta \
         order-put-tracking-meta-again order-put-no-change order-delete-trash \
         order-get-trashed order-put-restore order-delete-trash-again",
    )
    .await;
    stage.at("19:43:27").await;
    stage.shop.control("POST", "orders/29/restore", None).await;
    // What it caused was delivered before the order went for good.
    stage.shop.drain().await;
    play_all(stage, "order-delete-force error-order-404 error-order-put-404").await;
}

async fn product_reads(stage: &mut Stage) {
    play_all(
        stage,
        "product-get-variable product-get-variation-through-products products-by-sku-comma \
         products-by-sku-many products-by-sku-none products-by-sku variation-get \
         variation-list",
    )
    .await;
}

async fn product_writes(stage: &mut Stage) {
    play_all(
        stage,
        "product-put-stock product-put-stock-string product-put-stock-float \
         product-put-stock-float-string product-put-stock-bad product-put-stock-negative \
         product-put-stock-null product-put-stock-not-managed \
         product-put-stock-status-managed product-put-price product-put-price-comma \
         product-put-price-number product-put-price-bad product-put-sale-above-regular \
         product-put-variable-price product-put-variation-through-products \
         variation-put-stock variation-put-wrong-parent",
    )
    .await;
    let price = json!({ "regular_price": "13.50", "sale_price": "" });
    stage.unrecorded("PUT", "products/10", price).await;
}

async fn batches(stage: &mut Stage) {
    play_all(
        stage,
        "products-batch-partial variations-batch-partial products-batch-empty \
         products-batch-too-many products-batch-fields products-batch-same-id-twice \
         product-get-after-variation-batch-with-product-id products-batch-coercion",
    )
    .await;
    for (id, stock) in [(10, 500), (11, 50), (13, 50), (15, 1000)] {
        stage.unrecorded("PUT", &format!("products/{id}"), json!({ "stock_quantity": stock })).await;
    }
}

async fn four_orders(stage: &mut Stage) {
    stage.shop.control("PUT", "ids", Some(json!({ "post": 35 }))).await;
    let order = json!({
        "set_paid": true, "payment_method": "stripe", "billing": { "country": "DE" },
        "line_items": [{ "product_id": 10, "quantity": 1 }],
    });
    stage.at("19:54:37").await;
    stage.unrecorded("POST", "orders", order.clone()).await;
    stage.unrecorded("POST", "orders", order.clone()).await;
    stage.at("19:54:38").await;
    // The second order's request took long enough to end in the next second.
    stage.unrecorded("PUT", "orders/36", json!({})).await;
    stage.unrecorded("POST", "orders", order.clone()).await;
    stage.unrecorded("POST", "orders", order).await;
}

//! What befalls webhooks and orders behind the API's back.

use serde_json::json;

use crate::common::{Receiver, TestShop};

async fn open() -> (TestShop, Receiver, u64) {
    let (shop, receiver) = (TestShop::open(json!({})).await, Receiver::open().await);
    let id = shop.webhook("order.updated", &receiver, "/hook").await;
    receiver.take();
    (shop, receiver, id)
}

fn order() -> serde_json::Value {
    json!({ "line_items": [{ "product_id": 12, "quantity": 1 }], "billing": { "country": "DE" }, "set_paid": true })
}

#[tokio::test]
async fn a_webhook_whose_owner_lost_the_right_sends_signed_errors_and_a_new_one_orders() {
    let (shop, receiver, old) = open().await;
    shop.control("PUT", &format!("webhooks/{old}"), Some(json!({ "owner_lost_rights": true }))).await;
    let new = shop.webhook("order.updated", &receiver, "/new").await;
    receiver.take();
    shop.post("orders", order()).await;
    shop.drain().await;
    let deliveries = receiver.take();
    let of = |path: &str| deliveries.iter().find(|it| it.path == path).unwrap();
    assert_eq!(of("/hook").json()["code"], "woocommerce_rest_cannot_view");
    assert!(of("/hook").header("x-wc-webhook-signature").is_some());
    assert!(of("/new").json()["id"].is_u64(), "{new}");
}

#[tokio::test]
async fn a_change_in_the_admin_pings_nobody_and_what_is_no_change_is_refused() {
    let (shop, receiver, id) = open().await;
    let path = format!("webhooks/{id}");
    let moved = json!({ "delivery_url": format!("{}/elsewhere", receiver.url), "topic": "order.created" });
    shop.control("PUT", &path, Some(moved)).await;
    assert!(receiver.take().is_empty());
    assert_eq!(shop.get(&path).await["topic"], "order.created");
    shop.control("PUT", &path, Some(json!({ "status": "disabled", "failures": 6 }))).await;
    assert_eq!(shop.get(&path).await["status"], "disabled");
    for odd in [json!({ "topic": "order.paid" }), json!({ "owner": 7 }), json!({ "failures": "many" })] {
        assert_eq!(shop.control_raw("PUT", &path, Some(odd)).await.status, 400);
    }
    shop.control("DELETE", &path, None).await;
    assert_eq!(shop.control_raw("DELETE", &path, None).await.status, 404);
}

#[tokio::test]
async fn a_silent_refund_moves_no_date_and_tells_nobody() {
    let (shop, receiver, _) = open().await;
    let made = shop.post("orders", order()).await;
    shop.drain().await;
    receiver.take();
    shop.advance(60).await;
    let id = made["id"].as_u64().unwrap();
    let refund = json!({ "amount": "1.00", "api_refund": false });
    shop.control("POST", &format!("orders/{id}/silent-refund"), Some(refund)).await;
    shop.drain().await;
    let now = shop.get(&format!("orders/{id}")).await;
    assert_eq!(now["date_modified_gmt"], made["date_modified_gmt"]);
    assert_eq!(now["refunds"].as_array().unwrap().len(), 1);
    assert!(receiver.take().is_empty());
}

//! Everything that was recorded from a real shop is verified, understood and
//! canonicalised. Read in place; announced when absent.

use std::collections::BTreeMap;
use std::io::Write;

use base64::Engine;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use weir_domain::config::StoreConfig;
use weir_domain::id::OrderId;
use weir_domain::order::Order;
use weir_domain::ports::Shop;
use weir_testkit::recordings::{self, RestCall, WEBHOOK_SECRET, Webhook};
use weir_woocommerce::canonical::{OrderError, order};
use weir_woocommerce::delivery::{NotAnOrder, Topic, Understanding, is_ping, understand};
use weir_woocommerce::signature::{SignatureError, SignedWith, WebhookSecrets, verify};

use crate::common::{ShopServer, class};

/// The cap of an ordinary store, in major units.
const CAP: Decimal = Decimal::from_parts(10, 0, 0, false, 2);

/// Past the test harness, which would swallow it.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "recordings: {text}");
}

fn store() -> StoreConfig {
    serde_json::from_value(json!({
        "store": "main", "url": "https://shop.example.test/", "secret": "weir/main",
        "entities": [{"entity": "de", "erp": "books"}],
        "metadata": ["_stripe_fee"], "vat_id_key": "_vat_number",
    }))
    .unwrap()
}

fn signature(webhook: &Webhook) -> Option<&[u8]> {
    let named = webhook.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-wc-webhook-signature"));
    named.map(|(_, value)| value.as_bytes())
}

fn content_type(webhook: &Webhook) -> Option<&str> {
    webhook.headers.get("Content-Type").map(String::as_str)
}

#[test]
fn every_delivery_is_verified() {
    let Some(webhooks) = recordings::webhooks() else { return };
    let secrets = WebhookSecrets { current: WEBHOOK_SECRET.into(), previous: None };
    let rotated = WebhookSecrets { current: "another-secret".into(), previous: Some(WEBHOOK_SECRET.into()) };
    let (mut signed, mut pings) = (0, 0);
    for webhook in &webhooks {
        let verdict = |secrets, header| verify(secrets, header, &webhook.body);
        if is_ping(content_type(webhook), &webhook.body) {
            assert_eq!(
                verdict(&secrets, signature(webhook)),
                Err(SignatureError::Missing),
                "{}",
                webhook.name
            );
            pings += 1;
            continue;
        }
        let header = signature(webhook);
        assert_eq!(verdict(&secrets, header), Ok(SignedWith::Current), "{}", webhook.name);
        assert_eq!(verdict(&rotated, header), Ok(SignedWith::Previous), "{}", webhook.name);
        let mut tampered = base64::prelude::BASE64_STANDARD.decode(header.unwrap()).unwrap();
        tampered[0] ^= 1;
        let tampered = base64::prelude::BASE64_STANDARD.encode(tampered);
        assert_eq!(
            verdict(&secrets, Some(tampered.as_bytes())),
            Err(SignatureError::Mismatch),
            "{}",
            webhook.name
        );
        signed += 1;
    }
    say(&format!("{signed} signed deliveries verified, {pings} pings"));
    assert_eq!(signed + pings, webhooks.len());
}

#[test]
fn every_delivery_is_understood() {
    let Some(webhooks) = recordings::webhooks() else { return };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for webhook in webhooks.iter().filter(|webhook| webhook.topic != "ping") {
        let topic: Topic = webhook.topic.parse().unwrap();
        let body: Value = serde_json::from_slice(&webhook.body).unwrap();
        let expected = expected(&webhook.topic, &body);
        assert_eq!(understand(topic, &webhook.body), expected, "{}", webhook.name);
        let kind = match expected {
            Understanding::Order(_) => "order",
            Understanding::OldApi(_) => "old_api",
            Understanding::NotAnOrder(why) => why.as_str(),
        };
        *counts.entry(kind).or_default() += 1;
    }
    say(&format!("understood {counts:?}"));
    for kind in ["order", "other_topic", "error_object", "owner_lost_rights", "draft"] {
        assert!(counts.contains_key(kind), "none of the recordings is {kind}");
    }
}

/// The same question, asked of the whole document.
fn expected(topic: &str, body: &Value) -> Understanding {
    if !topic.starts_with("order.") {
        return Understanding::NotAnOrder(NotAnOrder::OtherTopic);
    }
    match (body["id"].as_u64(), body["code"].as_str(), body["status"].as_str()) {
        (Some(_), _, Some("checkout-draft")) => Understanding::NotAnOrder(NotAnOrder::Draft),
        (Some(id), _, _) => Understanding::Order(OrderId(id)),
        (None, Some("woocommerce_rest_cannot_view"), _) => {
            Understanding::NotAnOrder(NotAnOrder::OwnerLostRights)
        }
        (None, Some(_), _) => Understanding::NotAnOrder(NotAnOrder::ErrorObject),
        (None, None, _) => Understanding::NotAnOrder(NotAnOrder::NoId),
    }
}

/// A document that has the fields of an order.
pub(crate) fn is_order(body: &Value) -> bool {
    body["line_items"].is_array() && body["currency"].is_string() && body["date_modified_gmt"].is_string()
}

pub(crate) fn canonicalise(name: &str, body: &Value) -> Order {
    let id = OrderId(body["id"].as_u64().unwrap());
    let bytes = serde_json::to_vec(body).unwrap();
    let order = order(&store(), id, &bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    agrees(name, &order, body);
    order
}

/// The canonical order says what the document says.
fn agrees(name: &str, order: &Order, body: &Value) {
    let residuals = order.residuals(CAP).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(residuals.net.abs() <= CAP && residuals.tax.abs() <= CAP, "{name}");
    let text = |field: &str| body[field].as_str().unwrap();
    let amount = |field: &str| text(field).parse::<Decimal>().unwrap();
    assert_eq!(order.total, amount("total"), "{name}");
    assert_eq!(order.total_tax, amount("total_tax"), "{name}");
    let discount: Decimal = order.lines.iter().map(|line| line.subtotal - line.net).sum();
    let discount_off = (discount - amount("discount_total")).abs();
    assert!(discount_off <= Decimal::new(order.lines.len().try_into().unwrap(), 2), "{name}");
    assert_eq!(order.currency.code(), text("currency"), "{name}");
    assert_eq!(order.number, text("number"), "{name}");
    assert_eq!(order.status.as_str(), text("status"), "{name}");
    assert_eq!(order.payment.paid_at.is_some(), body["date_paid"].is_string(), "{name}");
    assert_eq!(order.created_at.to_string(), format!("{}Z", text("date_created_gmt")), "{name}");
    assert_eq!(order.modified_at.to_string(), format!("{}Z", text("date_modified_gmt")), "{name}");
    let count = |field: &str| body[field].as_array().unwrap().len();
    let counts =
        (order.lines.len(), order.shipping.len(), order.fees.len(), order.coupons.len(), order.rates.len());
    assert_eq!(
        counts,
        (
            count("line_items"),
            count("shipping_lines"),
            count("fee_lines"),
            count("coupon_lines"),
            count("tax_lines")
        ),
        "{name}"
    );
    assert_eq!(order.refunds.len(), count("refunds"), "{name}");
    for (line, wire) in order.lines.iter().zip(body["line_items"].as_array().unwrap()) {
        assert_eq!(line.quantity.to_string(), wire["quantity"].to_string(), "{name}");
        assert_eq!(
            line.product.sku.is_some(),
            wire["sku"].as_str().is_some_and(|sku| !sku.is_empty()),
            "{name}"
        );
    }
}

#[test]
fn every_delivered_order_is_canonicalised() {
    let Some(webhooks) = recordings::webhooks() else { return };
    let mut orders = 0;
    for webhook in &webhooks {
        let Ok(body) = serde_json::from_slice::<Value>(&webhook.body) else { continue };
        if is_order(&body) {
            canonicalise(&webhook.name, &body);
            orders += 1;
        }
    }
    say(&format!("{orders} delivered orders canonicalised, totals hold"));
    assert!(orders > 0);
}

#[test]
fn every_order_of_a_rest_answer_is_canonicalised() {
    let Some(calls) = recordings::rest_calls() else { return };
    let (mut orders, mut others) = (0, 0);
    for call in calls.iter().filter(|call| call.request.path.contains("/orders")) {
        let found: Vec<&Value> = documents(call).into_iter().filter(|body| is_order(body)).collect();
        for body in &found {
            canonicalise(&call.name, body);
        }
        orders += found.len();
        if found.is_empty() {
            is_no_order(call);
            others += 1;
        }
    }
    say(&format!(
        "{orders} orders of REST answers canonicalised, totals hold; {others} other answers refused"
    ));
    assert!(orders > 0 && others > 0);
}

/// Single answers, lists, and the items of a batch.
pub(crate) fn documents(call: &RestCall) -> Vec<&Value> {
    match &call.body {
        Value::Array(list) => list.iter().collect(),
        Value::Object(object) => match object.get("update").and_then(Value::as_array) {
            Some(items) => items.iter().collect(),
            None => vec![&call.body],
        },
        _ => Vec::new(),
    }
}

fn bytes(call: &RestCall) -> Vec<u8> {
    match &call.body {
        Value::String(text) if !call.body_is_json => text.clone().into_bytes(),
        body => serde_json::to_vec(body).unwrap(),
    }
}

/// An answer without an order is never taken for one.
fn is_no_order(call: &RestCall) {
    let bytes = bytes(call);
    let id = call.body["id"].as_u64().unwrap_or(4711);
    assert!(order(&store(), OrderId(id), &bytes).is_err(), "{}", call.name);
    if !call.body_is_json {
        assert_eq!(order(&store(), OrderId(id), &bytes), Err(OrderError::NotJson), "{}", call.name);
    }
}

#[test]
fn the_number_of_decimals_changes_no_total() {
    let Some(calls) = recordings::rest_calls() else { return };
    let of =
        |name: &str| calls.iter().find(|call| call.name == name).map(|call| canonicalise(name, &call.body));
    let (Some(coarse), Some(fine)) = (of("order-create-usd-exclusive"), of("order-get-dp4")) else {
        panic!("the recordings lost the order that was read with dp=2 and dp=4");
    };
    assert_eq!(coarse.key, fine.key);
    assert_eq!(coarse.totals(), fine.totals());
}

/// What the class of a recorded failure has to be, by the start of its name.
const CLASSES: [(&str, &str); 8] = [
    ("auth-query-string", "blocked"),
    ("error-401", "blocked"),
    ("error-404-route", "blocked"),
    ("error-order-404", "gone"),
    ("error-500", "retry"),
    ("error-503", "blocked"),
    ("error-orders", "unknown"),
    ("notice-before-json", "retry"),
];

/// Every recorded GET about orders, answered again by a real server, as if it
/// answered for an order. A list is not that order, and is read again.
#[tokio::test]
async fn every_recorded_failure_has_its_class() {
    let Some(calls) = recordings::rest_calls() else { return };
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for call in
        calls.iter().filter(|call| call.request.method == "GET" && call.request.path.contains("/orders"))
    {
        if is_order(&call.body) {
            continue;
        }
        let listed = CLASSES.iter().find(|(start, _)| call.name.starts_with(start));
        let expected = match listed {
            Some((_, class)) => *class,
            None if call.body.is_array() => "retry",
            None => panic!("{} is not classed", call.name),
        };
        let (found, shown) = replay(call).await;
        assert_eq!(found, expected, "{}: {shown}", call.name);
        *counts.entry(expected).or_default() += 1;
    }
    say(&format!("failures classed {counts:?}"));
}

async fn replay(call: &RestCall) -> (&'static str, String) {
    let error = served(call).await.client().order(OrderId(4711)).await.unwrap_err();
    (class(&error), error.to_string())
}

/// A shop that answers everything as this was answered.
pub(crate) async fn served(call: &RestCall) -> ShopServer {
    let wanted = ["content-type", "retry-after", "date", "x-wp-totalpages"];
    let headers = call.headers.iter().filter(|(name, _)| wanted.contains(&name.to_lowercase().as_str()));
    let headers = headers.map(|(name, value)| (name.clone(), value.clone())).collect();
    ShopServer::answering(call.status, headers, bytes(call)).await
}

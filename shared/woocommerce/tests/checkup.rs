//! The doctor's questions to a shop: how refusals are told apart, what a shop
//! says about itself, and that nothing is written.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up stops")]

// One server for all targets; each uses a part of it.
#[expect(dead_code, reason = "shared with another target")]
#[path = "woocommerce/common.rs"]
mod common;

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use serde_json::{Value, json};
use shop_standin::{Clock, Config, Server};
use weir_domain::config::TenderRule;
use weir_domain::doctor::{Access, ParcelInterface, ShopCheckup, ShopFacts, Unread};
use weir_domain::order::OrderStatus;
use weir_domain::ports::{Managed, WebhookStatus};
use weir_testkit::recordings::{self, RestCall};
use weir_testkit::{FakeClock, announce, events};
use weir_woocommerce::checkup::{self, Said, Step, refusal, tender};

use common::{Asked, ShopServer, answer, bytes, client_at, ok};

const JSON: &str = "application/json; charset=UTF-8";

fn sample(name: &str) -> Value {
    let named = format!("woocommerce/rest/{name}.json");
    events::all("woocommerce/rest").into_iter().find(|sample| sample.name == named).unwrap().json()
}

fn sampled(name: &str) -> Response<Body> {
    let sample = sample(name);
    let builder = sample["headers"].as_object().unwrap().iter().fold(
        Response::builder().status(u16::try_from(sample["status"].as_u64().unwrap()).unwrap()),
        |builder, (name, value)| builder.header(name, value.as_str().unwrap()),
    );
    builder.body(Body::from(bytes(&sample["body"]))).unwrap()
}

fn refused(status: u16, code: &str) -> Response<Body> {
    answer(status, JSON, json!({"code": code, "message": "Canary", "data": {"status": status}}).to_string())
}

/// The stand-in, with one key. It has no ways to pay and none to ship.
async fn stand_in(permissions: &str) -> (Server, ShopFacts) {
    let keys = json!([{ "key": "ck_canary", "secret": "cs_canary", "permissions": permissions }]);
    let config = json!({ "keys": keys, "custom_statuses": ["packed"] });
    let now = "2026-11-28T12:00:00Z".parse().unwrap();
    let config = Config::from_json(&config.to_string()).unwrap();
    let server = Server::start(config, "127.0.0.1:0", Clock::frozen(now)).await.unwrap();
    let facts = client_at(&server.url, Arc::new(FakeClock::at(now))).facts().await.unwrap();
    (server, facts)
}

#[tokio::test]
async fn the_stand_in_says_what_it_has() {
    let (_server, facts) = stand_in("read_write").await;
    assert_eq!((&facts.access, &facts.may_write), (&Access::Granted, &Ok(true)));
    assert_eq!((&facts.currency, &facts.decimals), (&Ok(Some("EUR".parse().unwrap())), &Ok(2)));
    assert!(facts.statuses.as_ref().unwrap().contains(&OrderStatus::Custom("packed".to_owned())));
    assert!(facts.prices_include_tax.is_ok() && facts.order_tables.is_ok(), "{facts:?}");
    assert!(!facts.products.as_ref().unwrap().seen.is_empty());
    assert!(!facts.tax_rates.as_ref().unwrap().seen.is_empty());
    assert_eq!(facts.webhooks, Ok(Vec::new()));
    assert_eq!((&facts.gateways, &facts.shipping), (&Err(Unread::NotThere), &Err(Unread::NotThere)));
    assert!(facts.orders.as_ref().unwrap().orders.is_empty());

    let (_server, facts) = stand_in("read").await;
    assert_eq!((&facts.access, &facts.may_write), (&Access::Granted, &Ok(false)));
}

/// The last orders: a guest's, one with a gift card in a field, one that is a
/// vendor's part of another.
fn orders() -> Response<Body> {
    let named = ["order-guest", "order-gift-card-field", "order-vendor-part"];
    ok(&Value::Array(named.iter().map(|name| sample(name)["body"].clone()).collect()))
}

fn webhooks() -> Response<Body> {
    ok(&json!([{
        "id": 7, "name": "Weir order.updated", "status": "disabled", "topic": "order.updated",
        "delivery_url": "https://api.example.test/stores/main/webhooks/order.updated",
    }]))
}

/// A shop as WooCommerce documents it.
fn whole_shop(asked: &Asked) -> Response<Body> {
    let path = asked.path.strip_prefix("/sub/wp-json/").unwrap();
    match (asked.method.as_str(), path) {
        ("OPTIONS", "wc/v3/orders") => sampled("checkup-statuses"),
        ("POST", "wc/v3/products/batch") => sampled("stock-batch-empty"),
        ("GET", "wc/v3/orders") if asked.query["per_page"] == "1" => ok(&json!([{"id": 7001}])),
        ("GET", "wc/v3/orders") => orders(),
        ("GET", "wc/v3/system_status") => sampled("checkup-system"),
        ("GET", "wc/v3/settings/tax/woocommerce_prices_include_tax") => sampled("checkup-setting"),
        ("GET", "wc/v3/payment_gateways") => sampled("checkup-gateways"),
        ("GET", "wc/v3/shipping/zones") => sampled("checkup-zones"),
        ("GET", "wc/v3/shipping/zones/3/methods") => sampled("checkup-methods"),
        ("GET", "wc/v3/shipping/zones/0/methods") => ok(&json!([])),
        ("GET", "wc/v3/taxes") => sampled("checkup-taxes"),
        ("GET", "wc/v3/products") => sampled("checkup-products"),
        ("GET", "wc/v3/products/602/variations") => sampled("checkup-variations"),
        ("GET", "wc/v3/webhooks") => webhooks(),
        ("GET", path) if path.starts_with("wc-shipment-tracking/v3/orders/") => ok(&json!([])),
        _ => refused(404, "rest_no_route"),
    }
}

async fn facts(server: &ShopServer) -> ShopFacts {
    server.client().facts().await.unwrap()
}

#[tokio::test]
async fn a_whole_shop_says_everything() {
    let server = ShopServer::reading(whole_shop).await;
    let facts = facts(&server).await;
    assert_eq!((&facts.access, &facts.may_write), (&Access::Granted, &Ok(true)));
    assert_eq!(facts.clock_ahead.as_ref().unwrap().as_secs(), -2, "by the answer's Date");
    assert_eq!(facts.version, Ok("8.2.2".to_owned()));
    assert_eq!((facts.order_tables.clone(), facts.decimals.clone()), (Ok(true), Ok(2)));
    assert_eq!(facts.currency, Ok(Some("EUR".parse().unwrap())));
    assert_eq!(facts.prices_include_tax, Ok(true));
    assert!(facts.statuses.as_ref().unwrap().contains(&OrderStatus::Custom("part-sent".to_owned())));
    let enabled = |facts: &ShopFacts| {
        let gateways = facts.gateways.as_ref().unwrap().iter();
        gateways.filter(|gateway| gateway.enabled).map(|gateway| gateway.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(enabled(&facts), ["bacs", "cod", "stripe"]);
    let shipping = facts.shipping.as_ref().unwrap();
    assert_eq!((shipping.len(), shipping[0].instance, shipping[0].enabled), (2, 4, true));
    let rates = facts.tax_rates.as_ref().unwrap();
    assert_eq!((rates.seen.len(), rates.of, rates.seen[2].compound), (3, Some(240), true));
    let webhooks = facts.webhooks.as_ref().unwrap();
    assert_eq!((webhooks.len(), webhooks[0].status), (1, WebhookStatus::Disabled));
    assert_eq!(facts.parcels, Ok(ParcelInterface::ShipmentTracking));
}

#[tokio::test]
async fn what_is_sold_are_products_and_variations() {
    let server = ShopServer::reading(whole_shop).await;
    let products = facts(&server).await.products.unwrap();
    let seen: Vec<_> = products.seen.iter().map(|item| (item.id, item.sku.as_str(), item.managed)).collect();
    let expected = [
        (604, "LAMP-1", Managed::Yes),
        (603, "", Managed::No),
        (621, "SHIRT-S", Managed::Yes),
        (622, "SHIRT-M", Managed::AtParent),
    ];
    assert_eq!(seen, expected);
    assert_eq!(products.of, Some(54), "50 products were not looked at");
}

#[tokio::test]
async fn the_last_orders_are_read_or_counted() {
    let server = ShopServer::reading(whole_shop).await;
    let recent = facts(&server).await.orders.unwrap();
    assert_eq!(recent.orders.len(), 2);
    assert_eq!(recent.unreadable.get("vendor_sub_order"), Some(&1));
    let gift_cards = TenderRule::Field { name: "gift_cards".to_owned() };
    assert_eq!(recent.tender, [(gift_cards, 1)]);
}

/// But for one batch of nothing.
#[tokio::test]
async fn nothing_is_written() {
    let server = ShopServer::reading(whole_shop).await;
    facts(&server).await;
    let asked = server.asked();
    let writes: Vec<_> =
        asked.iter().filter(|asked| !["GET", "OPTIONS"].contains(&asked.method.as_str())).collect();
    assert_eq!(writes.len(), 1);
    assert_eq!(
        (writes[0].path.as_str(), writes[0].body.as_str()),
        ("/sub/wp-json/wc/v3/products/batch", "{}")
    );
    assert!(asked.len() <= 20, "{}", asked.len());
    assert!(asked.iter().all(|asked| !asked.query.values().any(|value| value.contains("cs_canary"))));
}

/// A shop that has only what every shop has: nothing fails, and each fact says
/// why it is not known.
#[tokio::test]
async fn what_a_shop_does_not_have_is_a_fact_of_its_own() {
    let server = ShopServer::reading(|asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/sub/wp-json/wc/v3/orders") => ok(&json!([])),
        ("GET", "/sub/wp-json/wc/v3/payment_gateways") => refused(401, "woocommerce_rest_cannot_view"),
        ("GET", "/sub/wp-json/wc/v3/taxes") => answer(500, JSON, "{}"),
        ("GET", "/sub/wp-json/wc/v3/webhooks") => answer(403, "text/html", "<html>canary</html>"),
        ("GET", "/sub/wp-json/wc/v3/products") => answer(200, JSON, "<br />Warning: canary[]"),
        ("POST", _) => refused(401, "woocommerce_rest_authentication_error"),
        _ => refused(404, "rest_no_route"),
    })
    .await;
    let facts = facts(&server).await;
    assert_eq!(facts.may_write, Ok(false));
    assert_eq!((&facts.version, &facts.currency), (&Err(Unread::NotThere), &Err(Unread::NotThere)));
    assert_eq!((&facts.statuses, &facts.shipping), (&Err(Unread::NotThere), &Err(Unread::NotThere)));
    assert_eq!(facts.gateways, Err(Unread::Refused));
    assert_eq!(facts.tax_rates, Err(Unread::Failed("status 500".to_owned())));
    assert!(matches!(&facts.webhooks, Err(Unread::Failed(why)) if why.contains("firewall")), "{facts:?}");
    assert!(matches!(facts.products, Err(Unread::Failed(_))));
    assert_eq!(facts.parcels, Err(Unread::NotAsked), "no order to ask for");
    assert!(!format!("{facts:?}").contains("canary"));
}

#[tokio::test]
async fn a_door_that_is_shut_is_told_from_others() {
    for (status, kind, body, access) in [
        (404, JSON, r#"{"code":"rest_no_route"}"#, Access::NoApi),
        (404, "text/html", "<html>not found</html>", Access::NoApi),
        (200, "text/html", "<html>Checking your browser</html>", Access::Edge { status: 200 }),
        (403, "text/html", "<html>canary</html>", Access::Edge { status: 403 }),
        (401, "text/html", "<html>Staging</html>", Access::Edge { status: 401 }),
        (503, JSON, r#"{"code":"wp_die"}"#, Access::Edge { status: 503 }),
        (301, "text/html", "", Access::Moved),
        (403, JSON, r#"{"code":"rest_forbidden"}"#, Access::Refused { status: 403 }),
    ] {
        let server = ShopServer::start(move |_, _| answer(status, kind, body)).await;
        let facts = facts(&server).await;
        assert_eq!(facts.access, access, "{status} {kind}");
        assert_eq!(facts.orders, Err(Unread::NotAsked));
        assert_eq!(server.asked().len(), 1, "nothing else is asked");
    }
    let server = ShopServer::start(|_, _| answer(500, "text/html", "canary")).await;
    let error = server.client().facts().await.unwrap_err();
    assert!(!error.to_string().contains("canary"), "{error}");
}

fn said(status: u16, code: &str) -> Said {
    Said { status, json: true, code: code.to_owned() }
}

/// Follows the questions to their end.
fn known(refused: &Said, answers: &[Said]) -> Access {
    for asked in 0..=answers.len() {
        if let Step::Know(access) = refusal(refused, &answers[..asked]) {
            assert_eq!(asked, answers.len(), "no more is asked than is needed");
            return access;
        }
    }
    panic!("it asks on: {refused:?} {answers:?}")
}

#[test]
fn refusals_of_a_key_are_told_apart() {
    const VIEW: &str = "woocommerce_rest_cannot_view";
    const AUTH: &str = "woocommerce_rest_authentication_error";
    let (answered, no_auth, nobody) = (said(200, ""), said(401, AUTH), Said::default());
    let page = Said { json: false, ..said(200, "") };
    for (refused, answers, access) in [
        (said(401, AUTH), vec![answered.clone()], Access::MayNotRead),
        (said(401, AUTH), vec![no_auth.clone()], Access::SecretWrong),
        (said(401, AUTH), vec![nobody.clone()], Access::Refused { status: 401 }),
        (said(401, AUTH), vec![page.clone()], Access::Refused { status: 401 }),
        (said(403, VIEW), vec![], Access::MayNotRead),
        (said(401, VIEW), vec![answered.clone()], Access::HeaderLost),
        (said(401, VIEW), vec![no_auth.clone(), answered], Access::TlsUnseen),
        (said(401, VIEW), vec![no_auth.clone(), no_auth.clone()], Access::KeyUnknown),
        (said(401, VIEW), vec![no_auth, nobody.clone()], Access::Refused { status: 401 }),
        (said(401, VIEW), vec![said(401, VIEW)], Access::Refused { status: 401 }),
        (said(401, VIEW), vec![page], Access::Refused { status: 401 }),
        (said(401, "rest_not_logged_in"), vec![], Access::Refused { status: 401 }),
        (said(403, "rest_forbidden"), vec![], Access::Refused { status: 403 }),
    ] {
        assert_eq!(known(&refused, &answers), access, "{refused:?} {answers:?}");
    }
}

#[test]
fn what_pays_is_told_from_what_is_only_there() {
    for (name, expected) in [
        ("order-gift-card-field", vec!["field"]),
        ("order-gift-card-metadata", vec!["metadata"]),
        ("order-gift-card-fee", vec!["fee"]),
        ("order-guest", vec![]),
        ("order-coupon", vec![]),
        ("order-negative-fee", vec![]),
    ] {
        let found = tender(&bytes(&sample(name)["body"]));
        let kinds: Vec<_> = found
            .iter()
            .map(|rule| match rule {
                TenderRule::Field { .. } => "field",
                TenderRule::Metadata { .. } => "metadata",
                TenderRule::Fee { .. } => "fee",
            })
            .collect();
        assert_eq!(kinds, expected, "{name}: {found:?}");
    }
    assert!(
        tender(br#"{"id":1,"gift_cards":[],"meta_data":[{"key":"_store_credit","value":""}]}"#).is_empty()
    );
    assert!(tender(b"canary").is_empty());
}

#[test]
fn settings_of_old_shops_and_odd_bodies() {
    let old = checkup::system(&bytes(&sample("checkup-system-old")["body"])).unwrap();
    assert_eq!((old.decimals, old.order_tables, old.currency.as_deref()), (Some(0), None, Some("JPY")));
    for odd in ["", "[]", "null", "{}", "<br />{}", "17"] {
        assert!(checkup::system(odd.as_bytes()).is_err(), "{odd}");
        assert!(checkup::setting(odd.as_bytes()).is_err(), "{odd}");
        assert!(checkup::statuses(odd.as_bytes()).is_err(), "{odd}");
    }
    for odd in ["", "null", "{}", "<br />[]", "17", r#"{"code":"x"}"#] {
        assert!(checkup::gateways(odd.as_bytes()).is_err(), "{odd}");
        assert!(checkup::zones(odd.as_bytes()).is_err(), "{odd}");
        assert!(checkup::products(odd.as_bytes()).is_err(), "{odd}");
    }
    assert_eq!(checkup::methods("DE", br#"[[],null,{"instance_id":1}]"#), Ok(Vec::new()));
}

fn recorded(name: &str) -> Option<RestCall> {
    let Some(calls) = recordings::rest_calls() else {
        announce("checkup: no recordings, nothing to check");
        return None;
    };
    Some(calls.into_iter().find(|call| call.name == name).unwrap())
}

/// The shapes that a real shop gave.
#[test]
fn recorded_shops_are_read() {
    let Some(system) = recorded("system-status") else { return };
    let system = checkup::system(&bytes(&system.body)).unwrap();
    assert_eq!(
        (system.currency.as_deref(), system.decimals, system.order_tables),
        (Some("EUR"), Some(2), Some(true))
    );
    let setting = recorded("settings-prices-include-tax").unwrap();
    assert_eq!(checkup::setting(&bytes(&setting.body)), Ok("yes".to_owned()));
    assert_eq!(checkup::setting(&bytes(&recorded("settings-currency").unwrap().body)), Ok("EUR".to_owned()));
    let described = recordings::json_files("woocommerce/schema").unwrap().into_iter();
    let (_, described) = described.into_iter().find(|(name, _)| name == "orders").unwrap();
    assert!(checkup::statuses(&bytes(&described)).unwrap().contains(&OrderStatus::OnHold));
    let rate = json!([recorded("tax-create").unwrap().body]);
    let rates = checkup::tax_rates(&bytes(&rate)).unwrap();
    assert_eq!((rates[0].id, rates[0].country.as_str(), rates[0].class.as_str()), (1, "DE", "standard"));
    let products = checkup::products(&bytes(&recorded("products-list").unwrap().body)).unwrap();
    assert!(!products.is_empty() && products.iter().all(|product| product.id > 0));
    for name in ["variation-list", "products-by-sku"] {
        assert!(!checkup::products(&bytes(&recorded(name).unwrap().body)).unwrap().is_empty(), "{name}");
    }
    for name in ["orders-page1", "orders-list-full"] {
        for order in recorded(name).unwrap().body.as_array().unwrap() {
            let _ = tender(&bytes(order));
        }
    }
}

/// The refusals that a real shop gave, and the batch of nothing.
#[test]
fn recorded_refusals_mean_what_they_were_made_with() {
    let Some(missing) = recorded("error-401-missing") else { return };
    let said = |call: &RestCall| Said {
        status: call.status,
        json: call.body_is_json,
        code: call.body["code"].as_str().unwrap().to_owned(),
    };
    let call = |name: &str| said(&recorded(name).unwrap());
    let (bad_secret, no_read) = (call("error-401-bad-secret"), call("error-401-write-key-reads"));
    assert_eq!(bad_secret, no_read, "only the words differ, and they are translated");
    let answered = Said { status: 200, json: true, code: String::new() };
    assert_eq!(known(&no_read, std::slice::from_ref(&answered)), Access::MayNotRead);
    assert_eq!(known(&bad_secret, std::slice::from_ref(&bad_secret)), Access::SecretWrong);
    for name in ["error-401-bad-key", "error-401-basic-over-http"] {
        assert_eq!(call(name), said(&missing), "{name}: the same answer");
    }
    assert_eq!(known(&said(&missing), std::slice::from_ref(&answered)), Access::HeaderLost);
    assert_eq!(known(&said(&missing), &[bad_secret.clone(), answered]), Access::TlsUnseen);
    assert_eq!(call("error-401-read-key-writes"), bad_secret, "a write by a key that may only read");
    let empty = recorded("products-batch-empty").unwrap();
    assert_eq!((empty.status, empty.request.body, empty.body), (200, json!({}), json!([])));
}

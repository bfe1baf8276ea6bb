//! Refunds: what the shop lists, and the credit that an ERP is asked to book
//! for it. Every sample is reviewed as a snapshot; every recording adds up.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use serde_json::{Value, json};
use weir_domain::config::StoreConfig;
use weir_domain::id::OrderId;
use weir_domain::mapping::Mappings;
use weir_domain::order::{Order, Refund};
use weir_domain::ports::{Shop, ShopError};
use weir_domain::resolve::{Resolver, credit_keys};
use weir_domain::sales::SalesOrder;
use weir_testkit::events::{self, Sample};
use weir_testkit::recordings;
use weir_woocommerce::canonical::{order, refunds};

use crate::common::{ShopServer, answer, bytes, class, ok};
use crate::recordings::say;
use crate::samples::{leaks, stem, store};

/// The credits for the refunds of an order, where every name is mapped to
/// itself.
fn credits(
    store: &StoreConfig,
    order: &Order,
    refunds: &[Refund],
) -> Vec<Result<Option<SalesOrder>, String>> {
    let first_skus = BTreeMap::new();
    let asked = credit_keys(order, refunds, &first_skus);
    let mappings: Mappings = asked.into_iter().map(|key| (key.clone(), vec![key.name])).collect();
    let resolver = Resolver { config: store, mappings: &mappings, first_skus: &first_skus };
    let credits = resolver.credits(order, refunds).into_iter();
    credits.map(|credit| credit.map_err(|error| error.to_string())).collect()
}

fn listings() -> Vec<Sample> {
    let rest = events::all("woocommerce/rest").into_iter();
    rest.filter(|sample| stem(sample).starts_with("refunds-")).collect()
}

/// The order that a listing is about, from the samples of orders.
fn order_of(listing: &Value) -> Order {
    let path = listing["request"].as_str().unwrap();
    let id = path.split("/orders/").nth(1).unwrap().split('/').next().unwrap();
    let is_it = |sample: &Sample| {
        let found = sample.json()["body"]["id"].to_string();
        stem(sample).starts_with("order-") && found.trim_matches('"') == id
    };
    let sample = events::all("woocommerce/rest").into_iter().find(is_it).unwrap();
    order(&store(), OrderId(id.parse().unwrap()), &bytes(&sample.json()["body"])).unwrap()
}

/// What is worth reviewing of a credit, a line each.
fn shown(credit: &Result<Option<SalesOrder>, String>) -> Value {
    match credit {
        Err(error) => json!({ "error": error }),
        Ok(None) => json!(null),
        Ok(Some(credit)) => {
            let line = |line: &weir_domain::sales::SalesLine| {
                let kind = format!("{:?}", line.kind).to_lowercase();
                let taxes = line.taxes.join(" ");
                format!(
                    "{kind} {} of line {}: {} × = {} + {} at {taxes}",
                    line.item, line.line, line.quantity, line.net, line.tax
                )
            };
            json!({
                "key": credit.key.to_string(),
                "totals": credit.totals.to_string(),
                "tolerance": format!("{} {}", credit.tolerance.net, credit.tolerance.tax),
                "lines": credit.lines.iter().map(line).collect::<Vec<_>>(),
            })
        }
    }
}

#[test]
fn every_listing_becomes_the_credits_that_were_reviewed() {
    let mut reviewed = BTreeMap::new();
    for sample in listings() {
        let listing = sample.json();
        let order = order_of(&listing);
        let read = refunds(&store(), order.key.order, &bytes(&listing["body"]));
        let credits = match &read {
            Ok(read) => json!(credits(&store(), &order, read).iter().map(shown).collect::<Vec<_>>()),
            Err(error) => json!({ "unreadable": error.to_string() }),
        };
        assert!(!leaks(&format!("{read:?}")), "{}", sample.name);
        reviewed.insert(stem(&sample), credits);
    }
    assert!(reviewed.len() >= 12);
    insta::assert_json_snapshot!("refunds", reviewed);
}

#[test]
fn every_credit_comes_to_what_the_customer_got_back() {
    let mut checked = 0;
    for sample in listings() {
        let listing = sample.json();
        let order = order_of(&listing);
        let Ok(read) = refunds(&store(), order.key.order, &bytes(&listing["body"])) else { continue };
        checked += adds_up(&store(), &order, &read);
    }
    assert!(checked >= 10, "{checked}");
}

/// Every credit comes to the refund's amount, its lines to the credit within
/// the tolerance. How many there were.
fn adds_up(store: &StoreConfig, order: &Order, read: &[Refund]) -> usize {
    let credits = credits(store, order, read);
    let booked = read
        .iter()
        .zip(&credits)
        .filter_map(|(refund, credit)| Some((refund, credit.as_ref().ok()?.as_ref()?)));
    booked
        .map(|(refund, credit)| {
            assert_eq!(-credit.totals.gross, order.currency.round(refund.amount), "{}", credit.key);
            let net: Decimal = credit.lines.iter().map(|line| line.net).sum();
            let tax: Decimal = credit.lines.iter().map(|line| line.tax).sum();
            assert!((credit.totals.net - net).abs() <= credit.tolerance.net, "{}", credit.key);
            assert!((credit.totals.tax - tax).abs() <= credit.tolerance.tax, "{}", credit.key);
        })
        .count()
}

#[test]
fn everything_recorded_adds_up() {
    let Some(calls) = recordings::rest_calls() else { return };
    let plain = json!({
        "store": "main", "url": "https://shop.example.test/", "secret": "weir/main",
        "entities": [{"entity": "de", "erp": "books"}],
    });
    let store: StoreConfig = serde_json::from_value(plain).unwrap();
    let mut orders: BTreeMap<u64, Order> = BTreeMap::new();
    let mut given: BTreeMap<u64, Vec<Value>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for call in &calls {
        let of = call.request.path.split("/orders/").nth(1).unwrap_or_default();
        let id = of.split('/').next().unwrap_or_default().parse().unwrap_or(0);
        let is_refund = of.ends_with("/refunds") && call.status < 300;
        match &call.body {
            Value::Array(listed) if is_refund => given.entry(id).or_default().extend(listed.clone()),
            Value::Object(_) if is_refund => given.entry(id).or_default().push(call.body.clone()),
            Value::Object(_) => {
                if let Some(id) = call.body["id"].as_u64()
                    && let Ok(read) = order(&store, OrderId(id), &bytes(&call.body))
                {
                    orders.entry(id).or_insert(read);
                }
            }
            _ => {}
        }
    }
    let mut checked = 0;
    for (id, refund) in given.iter().flat_map(|(id, all)| all.iter().map(move |refund| (id, refund))) {
        let Some(order) = orders.get(id).filter(|_| seen.insert(refund["id"].to_string())) else { continue };
        let read = refunds(&store, OrderId(*id), &bytes(&json!([refund]))).unwrap();
        checked += adds_up(&store, order, &read);
    }
    say(&format!("{checked} refunds of {} orders became credits", given.len()));
    assert!(checked >= 3, "{checked}");
}

#[tokio::test]
async fn the_refunds_of_an_order_are_read_page_by_page() {
    let one = |id: u64| json!({"id": id, "date_created_gmt": "2027-03-09T12:00:00", "amount": "1.00"});
    let server = ShopServer::start(move |_, query| {
        let first = if query["page"] == "1" { 1..=100 } else { 101..=103 };
        ok(&first.map(one).collect())
    })
    .await;
    let read = server.client().refunds(OrderId(4711)).await.unwrap();
    assert_eq!((read.len(), read[102].id.0), (103, 103));
    let asked = server.asked();
    asked[0]
        .was("orders/4711/refunds", &[("dp", "6"), ("orderby", "id"), ("order", "asc"), ("per_page", "100")]);
    assert_eq!(asked.len(), 2);
}

#[tokio::test]
async fn a_shop_whose_pages_never_end_is_for_people() {
    let one = |id: u64| json!({"id": id, "date_created_gmt": "2027-03-09T12:00:00", "amount": "1.00"});
    let server = ShopServer::start(move |_, _| ok(&(1..=100).map(one).collect())).await;
    let error = server.client().refunds(OrderId(4711)).await.unwrap_err();
    assert_eq!((class(&error), server.asked().len()), ("too_many_refunds", 10));
}

#[tokio::test]
async fn failures_have_their_class() {
    let json = "application/json; charset=UTF-8";
    let gone =
        r#"{"code":"woocommerce_rest_invalid_order_id","message":"Invalid order ID.","data":{"status":404}}"#;
    for (status, kind, body, expected) in [
        (404, json, gone, "gone"),
        (200, "text/html", "<html>canary</html>", "blocked"),
        (200, json, "{}", "retry"),
        (200, json, r#"[{"id":1}]"#, "missing_field"),
        (200, json, r#"[{"id":1,"date_created_gmt":"2027-03-09T12:00:00","amount":"-1"}]"#, "bad_amount"),
        (200, json, r#"[{"id":1,"date_created_gmt":"2027-03-09T12:00:00","amount":"x"}]"#, "bad_amount"),
    ] {
        let server = ShopServer::start(move |_, _| answer(status, kind, body)).await;
        let error: ShopError = server.client().refunds(OrderId(4711)).await.unwrap_err();
        assert_eq!(class(&error), expected, "{status} {body}: {error}");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}

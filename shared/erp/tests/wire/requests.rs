//! What is asked, call by call.

use std::collections::BTreeSet;

use insta::assert_json_snapshot;
use rust_decimal::Decimal;
use weir_domain::ports::{Creation, ErpDocument};
use weir_domain::sales::{Release, SalesOrder};
use weir_testkit::sample;

use crate::fake::Fake;

pub(crate) fn order() -> SalesOrder {
    sample::sales_order(&sample::order("main", 4711), Release::Ship)
}

pub(crate) async fn created(fake: &Fake, order: &SalesOrder) -> ErpDocument {
    match fake.connect().create(order).await.unwrap() {
        Creation::Created(document) => document,
        Creation::AlreadyExists => panic!("it was there before"),
    }
}

#[tokio::test]
async fn a_company_with_an_account() {
    let fake = Fake::start(&[("47.12", "8.95")]).await;
    let erp = fake.connect();
    let order = order();
    assert!(matches!(erp.create(&order).await.unwrap(), Creation::Created(_)));
    assert_json_snapshot!("company_create", fake.log());
    let document = erp.find(&order.key).await.unwrap().unwrap();
    assert_json_snapshot!("company_find", fake.log());
    erp.confirm(&document, &order).await.unwrap();
    assert_eq!(fake.pressed(), ["quote", "confirm", "process"]);
}

#[tokio::test]
async fn a_guest_of_a_checked_vat_id_with_another_delivery() {
    let fake = Fake::start(&[("47.12", "8.95")]).await;
    let mut order = order();
    order.customer.id = None;
    order.customer.vat_id = Some("de 136 695 976".into());
    order.customer.vat_exempt = true;
    order.delivery.company = "".into();
    order.delivery.state = "DE-BE".to_owned();
    order.delivery.phone = "".into();
    created(&fake, &order).await;
    let log = fake.log();
    let of_people: Vec<_> = log
        .into_iter()
        .filter(|asked| {
            ["party", "subdivision", "sale"].iter().any(|word| asked["ask"].as_str().unwrap().contains(word))
        })
        .collect();
    assert_json_snapshot!("guest_create", of_people);
}

#[tokio::test]
async fn a_split_line_and_both_adjustments() {
    let fake = Fake::start(&[("1234.57", "234.57"), ("1234.58", "234.55")]).await;
    let mut order = order();
    order.lines.truncate(1);
    order.lines[0].quantity = Decimal::from(2000);
    order.lines[0].net = "1234.57".parse().unwrap();
    order.totals.net = "1234.58".parse().unwrap();
    order.totals.tax = "234.55".parse().unwrap();
    order.totals.gross = "1469.13".parse().unwrap();
    let document = created(&fake, &order).await;
    // What another process did is not remembered by this one.
    fake.log();
    fake.books.lock().unwrap().sale.as_mut().unwrap()["shipment_address"] = serde_json::Value::Null;
    fake.books.lock().unwrap().totals = vec![("1234.57", "234.57"), ("1234.58", "234.55")];
    let booked = fake.connect().confirm(&document, &order).await.unwrap();
    assert_eq!(booked.totals, Some(order.totals));
    let writes: Vec<_> =
        fake.log().into_iter().filter(|asked| asked["ask"].as_str().unwrap().starts_with("PUT")).collect();
    assert_json_snapshot!("adjusted_confirm", writes);
}

#[tokio::test]
async fn a_payment_with_and_without_the_right_to_make_groups() {
    for (name, forbidden) in
        [("payment_in_group", None), ("payment_submitted", Some("create account.payment.group"))]
    {
        let fake = Fake::start(&[("47.12", "8.95")]).await;
        fake.books.lock().unwrap().forbidden.extend(forbidden);
        let order = order();
        let document = created(&fake, &order).await;
        fake.log();
        let erp = fake.connect();
        let paid = erp.pay(&document, &sample::payment(&order)).await.unwrap();
        assert_json_snapshot!(name, fake.log());
        assert_eq!(erp.pay(&document, &sample::payment(&order)).await.unwrap(), paid);
        assert_eq!(fake.books.lock().unwrap().payments.len(), 1);
    }
}

#[tokio::test]
async fn what_was_found_is_not_asked_for_again() {
    let fake = Fake::start(&[("47.12", "8.95")]).await;
    let erp = fake.connect();
    erp.create(&order()).await.unwrap();
    let first = fake.log();
    erp.create(&order()).await.unwrap();
    let second = fake.log();
    let asked = |log: &[serde_json::Value]| {
        let reads = |asked: &&serde_json::Value| {
            let ask = asked["ask"].as_str().unwrap();
            ask.starts_with("GET") || ask.ends_with("search_read")
        };
        log.iter().filter(reads).count()
    };
    assert_eq!((asked(&first), asked(&second)), (7, 2), "the party's two look-ups remain");
}

#[tokio::test]
async fn many_items_are_looked_up_in_few_calls() {
    let fake = Fake::start(&[("47.12", "8.95")]).await;
    let mut order = order();
    let line = order.lines[0].clone();
    order.lines = (0..120)
        .map(|n| {
            let mut line = line.clone();
            line.item = format!("SKU-{n}");
            line
        })
        .collect();
    created(&fake, &order).await;
    let log = fake.log();
    let calls: Vec<_> = log.iter().filter(|asked| asked["ask"] == "GET product.product").collect();
    assert_eq!(calls.len(), 3);
}

/// What was recorded as accepted by Tryton, and what is sent, name the same
/// fields, but for those on the list.
#[tokio::test]
async fn a_sale_is_made_as_it_was_recorded() {
    let Some(recorded) = weir_testkit::recordings::json_files("erp/tryton") else { return };
    let (_, exchange) = recorded.iter().find(|(name, _)| name == "11-sale-create").unwrap();
    let theirs = &exchange["request"]["body"];
    let fake = Fake::start(&[("47.12", "8.95")]).await;
    created(&fake, &order()).await;
    let log = fake.log();
    let ours = &log.last().unwrap()["body"];
    let keys = |value: &serde_json::Value| -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    let differ = |ours: &serde_json::Value, theirs: &serde_json::Value| -> Vec<String> {
        keys(ours).symmetric_difference(&keys(theirs)).cloned().collect()
    };
    assert_eq!(differ(ours, theirs), ["carrier", "comment", "invoice_party", "shipment_party"]);
    let line = |sale: &serde_json::Value| sale["lines"][0][1][0].clone();
    assert_eq!(differ(&line(ours), &line(theirs)), ["note", "sequence"]);
    assert_eq!(keys(&line(ours)["unit_price"]), keys(&line(theirs)["unit_price"]));
    assert_eq!(keys(&ours["sale_date"]), keys(&theirs["sale_date"]));
}

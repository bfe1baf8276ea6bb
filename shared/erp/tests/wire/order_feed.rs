//! The feed of orders: what is asked, and whose orders are named.

use insta::assert_json_snapshot;
use serde_json::{Value, json};
use weir_domain::ports::ChangedOrders;

use crate::fake::{Fake, Fault};
use crate::faults::{Class, class, faults, no_canary};

/// A record that was made at a second of a minute and changed at another.
fn changed(id: u64, created: u64, written: Option<u64>, more: &Value) -> Value {
    let date = |second: u64| {
        json!({
            "__class__": "datetime", "year": 2026, "month": 11, "day": 28, "hour": 9, "minute": 30,
            "second": second, "microsecond": 250_000,
        })
    };
    let mut record = json!({"id": id, "create_date": date(created), "write_date": written.map(date)});
    record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    record
}

fn key(web_id: &str) -> Value {
    json!({"web_shop": 3, "web_id": web_id})
}

/// A shipment with goods of these sales.
fn goods_of(sales: &[Value]) -> Value {
    json!({"outgoing_moves": sales.iter().map(|sale| json!({"id": 1, "sale": sale})).collect::<Vec<_>>()})
}

fn named(page: &ChangedOrders) -> Vec<String> {
    page.orders.iter().map(ToString::to_string).collect()
}

/// Where a feed begins that has seen nothing yet.
async fn begun(fake: &Fake) -> String {
    let page = fake.connect().changed_orders(None).await.unwrap();
    assert_eq!((named(&page).len(), page.more), (0, false));
    page.next
}

#[tokio::test]
async fn a_round_reads_sales_shipments_and_packages() {
    let fake = Fake::start(&[("0", "0")]).await;
    let youngest = || json!([changed(1, 3, Some(5), &json!({}))]);
    {
        let mut books = fake.books.lock().unwrap();
        books.dispatch.sales.push_back(youngest());
        books.dispatch.shipments.push_back(youngest());
        books.dispatch.packages.extend([youngest(), youngest()]);
    }
    let cursor = begun(&fake).await;
    let nobody = json!({"web_shop": null, "web_id": null});
    {
        let mut books = fake.books.lock().unwrap();
        let mut back = nobody.clone();
        back["origin"] = json!("sale.sale,31");
        books.dispatch.sales.extend([
            json!([
                changed(30, 6, Some(7), &key("4711.2")),
                changed(32, 6, Some(8), &back),
                changed(33, 6, Some(8), &key("not-ours")),
                changed(34, 6, Some(9), &key("4713.r31")),
            ]),
            json!([{"id": 31, "web_shop": 3, "web_id": "4712"}]),
        ]);
        books.dispatch.shipments.extend([
            json!([
                changed(40, 6, Some(7), &goods_of(&[key("4714"), key("4715"), nobody.clone()])),
                changed(41, 6, Some(9), &goods_of(&[Value::Null, json!({"web_shop": 8, "web_id": "4799"})])),
            ]),
            // Of the packages' two, one has left.
            json!([{"id": 42, "outgoing_moves": [{"id": 1, "sale": key("4716")}]}]),
            json!([{"id": 42, "outgoing_moves": [{"id": 1, "sale": key("4716")}]}]),
        ]);
        let of = |shipment: &str| json!({"shipment": shipment});
        books.dispatch.packages.extend([
            json!([
                changed(50, 8, None, &of("stock.shipment.out,42")),
                changed(51, 8, None, &of("stock.shipment.out,43")),
                changed(52, 9, None, &of("stock.shipment.internal,42")),
            ]),
            json!([changed(50, 8, Some(10), &of("stock.shipment.out,42"))]),
        ]);
    }
    let page = fake.connect().changed_orders(Some(&cursor)).await.unwrap();
    let orders = ["main/4711", "main/4712", "main/4713", "main/4714", "main/4715", "main/4716"];
    assert_eq!((named(&page), page.more), (orders.map(str::to_owned).to_vec(), false));
    assert_json_snapshot!("orders_asked", fake.log());
    assert_json_snapshot!("orders_cursor", serde_json::from_str::<Value>(&page.next).unwrap());
    // The overlap shows the same again, and one that was committed late.
    {
        let mut books = fake.books.lock().unwrap();
        books.dispatch.sales.push_back(json!([
            changed(30, 6, Some(7), &key("4711.2")),
            changed(35, 6, Some(8), &key("4720")),
            changed(34, 6, Some(11), &key("4713.r31")),
        ]));
        books.dispatch.shipments.push_back(json!([changed(
            40,
            6,
            Some(7),
            &goods_of(&[key("4714"), key("4715")])
        )]));
    }
    let page = fake.connect().changed_orders(Some(&page.next)).await.unwrap();
    assert_eq!(named(&page), ["main/4713", "main/4720"], "changed again, and late");
}

#[tokio::test]
async fn records_of_two_models_with_one_id_and_one_instant_are_two() {
    let fake = Fake::start(&[("0", "0")]).await;
    let cursor = begun(&fake).await;
    {
        let mut books = fake.books.lock().unwrap();
        books.dispatch.sales.push_back(json!([changed(5, 1, Some(7), &key("4711"))]));
        books.dispatch.shipments.push_back(json!([changed(5, 1, Some(7), &goods_of(&[key("4712")]))]));
    }
    let page = fake.connect().changed_orders(Some(&cursor)).await.unwrap();
    assert_eq!(named(&page), ["main/4711", "main/4712"]);
}

#[tokio::test]
async fn a_page_holds_a_hundred_orders_and_the_next_goes_on_within_the_round() {
    let fake = Fake::start(&[("0", "0")]).await;
    let cursor = begun(&fake).await;
    let shipments: Vec<Value> =
        (1..=130).map(|id| changed(id, 1, Some(9), &goods_of(&[key(&id.to_string())]))).collect();
    fake.books.lock().unwrap().dispatch.shipments.extend([json!(shipments), json!(shipments[100..])]);
    let first = fake.connect().changed_orders(Some(&cursor)).await.unwrap();
    assert_eq!((first.orders.len(), first.more), (100, true));
    fake.log();
    let second = fake.connect().changed_orders(Some(&first.next)).await.unwrap();
    assert_eq!((second.orders.len(), second.more), (30, false));
    let log = fake.log();
    let asked: Vec<&str> = log.iter().map(|asked| asked["ask"].as_str().unwrap()).collect();
    let rest = ["GET stock.shipment.out", "GET ir.model.field", "GET stock.package", "GET stock.package"];
    assert_eq!(asked, rest, "sales were read to their end");
    assert_eq!(log[0]["domain"][1][2][1], json!(["id", ">", 100]));
}

#[tokio::test]
async fn a_cursor_that_cannot_be_read_goes_a_day_back() {
    let fake = Fake::start(&[("0", "0")]).await;
    let youngest = json!([changed(1, 3, Some(5), &json!({}))]);
    fake.books.lock().unwrap().dispatch.sales.push_back(youngest);
    let page = fake.connect().changed_orders(Some("not one of ours")).await.unwrap();
    assert_eq!((page.orders.len(), page.more), (0, true));
    let cursor: Value = serde_json::from_str(&page.next).unwrap();
    assert_eq!(cursor["next"], "2026-11-27T09:30:05.25Z");
}

#[tokio::test]
async fn without_packages_none_are_asked_for() {
    let fake = Fake::start(&[("0", "0")]).await;
    fake.books.lock().unwrap().dispatch.is_bare = true;
    let cursor = begun(&fake).await;
    fake.connect().changed_orders(Some(&cursor)).await.unwrap();
    assert!(fake.log().iter().all(|asked| asked["ask"] != "GET stock.package"));
}

/// Records asked for as long as the answer is too large.
const HALVINGS: [&str; 8] = ["200", "100", "50", "25", "12", "6", "3", "1"];

fn too_large(status: u16) -> Fault {
    Fault::new(status, "application/json", format!("[{}1]", "1,".repeat(3 << 20)))
}

/// How many shipments were asked for at most, call by call.
fn limits(fake: &Fake) -> Vec<String> {
    let limits = std::mem::take(&mut fake.books.lock().unwrap().limits);
    let shipments = limits.into_iter().filter(|(ask, _)| ask == "GET stock.shipment.out");
    shipments.map(|(_, limit)| limit).collect()
}

#[tokio::test]
async fn a_page_that_is_too_large_comes_in_smaller_ones() {
    let fake = Fake::start(&[("0", "0")]).await;
    let cursor = begun(&fake).await;
    limits(&fake);
    let shipments: Vec<Value> =
        (1..=60).map(|id| changed(id, 1, Some(9), &goods_of(&[key(&id.to_string())]))).collect();
    fake.books.lock().unwrap().dispatch.shipments.extend([json!(shipments[..50]), json!(shipments[50..])]);
    fake.fault("GET stock.shipment.out", [too_large(200), too_large(200)]);
    let first = fake.connect().changed_orders(Some(&cursor)).await.unwrap();
    assert_eq!((first.orders.len(), first.more), (50, true));
    assert_eq!(limits(&fake), HALVINGS[..3]);
    let second = fake.connect().changed_orders(Some(&first.next)).await.unwrap();
    assert_eq!((second.orders.len(), second.more), (10, false));
    assert_eq!(limits(&fake), ["200"], "the next page is tried in full");
}

#[tokio::test]
async fn packages_of_shipments_that_are_too_large_come_in_smaller_pages() {
    let fake = Fake::start(&[("0", "0")]).await;
    let cursor = begun(&fake).await;
    {
        let mut books = fake.books.lock().unwrap();
        let package = |id: u64| changed(id, 8, None, &json!({"shipment": "stock.shipment.out,42"}));
        let packages: Vec<Value> = (1..=120).map(package).collect();
        books.dispatch.packages.extend([json!(packages), json!(packages[..100])]);
        let gone = json!([{"id": 42, "outgoing_moves": [{"id": 1, "sale": key("4716")}]}]);
        books.dispatch.shipments.push_back(gone);
    }
    // No shipment has changed itself.
    let none = Fault::new(200, "application/json", "[]");
    fake.fault("GET stock.shipment.out", [none, too_large(200)]);
    let page = fake.connect().changed_orders(Some(&cursor)).await.unwrap();
    assert_eq!((named(&page), page.more), (vec!["main/4716".to_owned()], true));
    let limits = std::mem::take(&mut fake.books.lock().unwrap().limits);
    let packages = limits.iter().filter(|(ask, limit)| ask == "GET stock.package" && limit != "1");
    assert_eq!(packages.map(|(_, limit)| limit.as_str()).collect::<Vec<_>>(), ["200", "100"]);
}

#[tokio::test]
async fn one_record_that_is_too_large_is_an_error_and_so_is_a_large_page_of_an_error() {
    for (status, tries) in [(200, HALVINGS.len()), (500, 1)] {
        let fake = Fake::start(&[("0", "0")]).await;
        let cursor = begun(&fake).await;
        limits(&fake);
        fake.fault("GET stock.shipment.out", std::iter::repeat_n(too_large(status), HALVINGS.len()));
        let error = fake.connect().changed_orders(Some(&cursor)).await.unwrap_err();
        assert_eq!(
            error,
            weir_domain::outcome::CallError::unknown("the answer is larger than 4194304 bytes")
        );
        assert_eq!(limits(&fake), HALVINGS[..tries]);
    }
}

#[tokio::test]
async fn every_fault_has_its_class() {
    for on in ["GET sale.sale", "GET stock.shipment.out", "GET stock.package"] {
        for (name, fault, expected) in faults() {
            let fake = Fake::start(&[("0", "0")]).await;
            let cursor = begun(&fake).await;
            // What is too large is asked for again, in smaller parts.
            fake.fault(on, std::iter::repeat_n(fault, HALVINGS.len()));
            let error = fake.connect().changed_orders(Some(&cursor)).await.unwrap_err();
            assert_eq!(class(&error), expected, "{on}, {name}: {error}");
            no_canary(&error);
        }
    }
}

#[tokio::test]
async fn what_may_not_be_read_blocks() {
    let fake = Fake::start(&[("0", "0")]).await;
    let cursor = begun(&fake).await;
    for (of, why) in [
        (json!({}), "the key's user may not read stock.move"),
        (json!({"outgoing_moves": [{"id": 1}]}), "the key's user may not read sale.sale"),
    ] {
        fake.books.lock().unwrap().dispatch.shipments.push_back(json!([changed(40, 6, Some(7), &of)]));
        let error = fake.connect().changed_orders(Some(&cursor)).await.unwrap_err();
        assert_eq!(error, weir_domain::outcome::CallError::blocked(why));
    }
    let body = json!({"status": 400, "message": "You are not allowed to access Zaphira.", "description": ""});
    fake.fault("GET stock.package", [Fault::new(400, "application/json", body.to_string())]);
    let error = fake.connect().changed_orders(Some(&cursor)).await.unwrap_err();
    assert_eq!(class(&error), Class::Blocked, "{error}");
    no_canary(&error);
}

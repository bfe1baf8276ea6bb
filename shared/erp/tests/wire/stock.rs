//! Stock: what is asked, and what is made of it.

use std::collections::{BTreeMap, BTreeSet};

use insta::assert_json_snapshot;
use serde_json::{Value, json};
use weir_domain::id::{DocumentKey, Generation, LineKey, OrderId, OrderKey, Sku};
use weir_domain::outcome::CallError;
use weir_domain::ports::{BookedLine, ErpStock, StockBasis};

use crate::fake::{Fake, Fault, KEY};
use crate::faults::{Class, class, faults, no_canary};
use crate::stockroom::Reading;

fn skus(ids: impl IntoIterator<Item = u64>) -> Vec<Sku> {
    ids.into_iter().map(|id| Sku(format!("SKU-{id}"))).collect()
}

/// A move of two of a product between warehouses; 0 is outside.
fn moved(id: u64, product: u64, state: &str, from: u64, to: u64) -> Value {
    let place = |warehouse: u64| json!({"warehouse": Some(warehouse).filter(|id| *id > 0), "active": true});
    json!({
        "id": id, "product": product, "internal_quantity": 2.0, "state": state, "effective_date": null,
        "from_location": place(from), "to_location": place(to),
    })
}

/// On hand and available by location of every item.
async fn shown(stock: &dyn ErpStock, skus: &[Sku]) -> BTreeMap<String, Vec<String>> {
    let found = stock.stock(skus).await.unwrap();
    let show = |(sku, locations): (Sku, BTreeMap<_, _>)| {
        let figures = locations.into_iter().map(
            |(location, stock): (weir_domain::id::LocationId, weir_domain::stock::LocationStock)| {
                format!(
                    "{location}: {} - {} = {}, {} to come",
                    stock.on_hand, stock.reserved, stock.available, stock.incoming
                )
            },
        );
        (sku.0, figures.collect())
    };
    found.into_iter().map(show).collect()
}

fn booked(order: u64, line: u64) -> BookedLine {
    let order = OrderKey { store: "main".parse().unwrap(), order: OrderId(order) };
    BookedLine {
        document: DocumentKey::of_order(&order, Generation::FIRST),
        line: LineKey { order, line },
        sku: Sku("SKU-1".to_owned()),
    }
}

#[tokio::test]
async fn moves_are_read_before_what_is_on_hand() {
    let fake = Fake::start(&[("0", "0")]).await;
    {
        let mut books = fake.books.lock().unwrap();
        books.stock.readings.push_back(Reading::from([(5, 101), (12, 3)]));
        let moves = [moved(1, 7, "draft", 5, 0), moved(2, 7, "assigned", 5, 12), moved(3, 8, "draft", 0, 5)];
        books.stock.moves.push_back(json!(moves));
    }
    let stock = fake.connect_stock();
    assert_eq!(stock.basis(), StockBasis::Computed);
    let mut asked = skus([7, 8, 9]);
    asked.push(Sku("NO-1".to_owned()));
    assert_json_snapshot!("stock_figures", shown(&*stock, &asked).await);
    assert_json_snapshot!("stock_asked", fake.log());
    // That the locations are warehouses is known by now.
    stock.stock(&asked).await.unwrap();
    assert_eq!(fake.log().iter().filter(|asked| asked["ask"] == "GET stock.location").count(), 0);
}

#[tokio::test]
async fn a_transfer_between_two_calls_is_not_stock_twice() {
    let before = || Reading::from([(5, 10), (12, 0)]);
    let after = || Reading::from([(5, 8), (12, 2)]);
    let readings = [before(), after(), after()];
    let fake = Fake::start(&[("0", "0")]).await;
    fake.books.lock().unwrap().stock.readings.extend(readings);
    let stock = fake.connect_stock();
    let figures = shown(&*stock, &skus([7, 8, 9])).await;
    for sku in ["SKU-7", "SKU-8", "SKU-9"] {
        assert_eq!(figures[sku], ["main: 8 - 0 = 8, 0 to come", "shop-floor: 2 - 0 = 2, 0 to come"]);
    }
    let log = fake.log();
    let alone: Vec<&Value> = log.iter().filter(|asked| asked["context"].get("product").is_some()).collect();
    assert_json_snapshot!("stock_in_doubt", alone);
}

#[tokio::test]
async fn a_few_items_are_read_one_by_one() {
    let fake = Fake::start(&[("0", "0")]).await;
    fake.books.lock().unwrap().stock.readings.push_back(Reading::from([(5, 10), (12, 1)]));
    let figures = shown(&*fake.connect_stock(), &skus([7, 8])).await;
    assert_eq!(figures["SKU-8"], ["main: 10 - 0 = 10, 0 to come", "shop-floor: 1 - 0 = 1, 0 to come"]);
    let log = fake.log();
    let asked = |of: &str| log.iter().filter(|asked| asked["context"].get(of).is_some()).count();
    assert_eq!((asked("product"), asked("locations")), (2, 0));
}

#[tokio::test]
async fn a_hundred_items_take_few_calls_and_more_moves_than_one_holds_take_more() {
    let fake = Fake::start(&[("0", "0")]).await;
    {
        let mut books = fake.books.lock().unwrap();
        books.stock.readings.push_back(Reading::from([(5, 9_000)]));
        // The first call is full: the moves of its last product are asked for again.
        let first: Vec<Value> = (1..=2_000).map(|id| moved(id, 1 + id / 1_999, "draft", 5, 0)).collect();
        assert_eq!((&first[1_997]["product"], &first[1_998]["product"]), (&json!(1), &json!(2)));
        let second =
            vec![moved(1_999, 2, "draft", 5, 0), moved(2_000, 2, "draft", 5, 0), moved(9, 2, "draft", 5, 0)];
        books.stock.moves.extend([json!(first), json!(second)]);
    }
    let figures = shown(&*fake.connect_stock(), &skus(1..=100)).await;
    assert_eq!(figures.len(), 100);
    assert_eq!(figures["SKU-1"][0], "main: 9000 - 3996 = 5004, 0 to come");
    assert_eq!(figures["SKU-2"][0], "main: 9000 - 6 = 8994, 0 to come");
    let log = fake.log();
    let asked = |ask: &str| log.iter().filter(|asked| asked["ask"] == ask).count();
    // Codes in two calls, both warehouses and their sum.
    assert_eq!(
        (asked("GET product.product"), asked("GET stock.move"), asked("GET stock.location")),
        (5, 2, 1)
    );
    let second = log.iter().filter(|asked| asked["ask"] == "GET stock.move").nth(1).unwrap();
    assert_eq!(second["domain"][0], json!(["product", "in", (2..=100).collect::<Vec<u64>>()]));
}

#[tokio::test]
async fn what_lines_take_is_asked_for_in_one_call() {
    let fake = Fake::start(&[("0", "0")]).await;
    let piece = json!({"id": 1, "factor": 1.0, "rate": 1.0, "digits": 0});
    let one = |state: &str, quantity: f32| {
        json!({
            "state": state, "internal_quantity": quantity, "to_location": {"type": "customer"},
            "product": {"code": "SKU-1", "default_uom": piece, "sale_uom": null},
        })
    };
    let line = |id: u64, note: &str, moves: Value| json!({"id": id, "note": note, "sale": {"web_id": "4711"}, "moves": moves});
    let lines = json!([
        line(1, "weir:line:17", json!([one("done", 2.0), one("draft", 1.5), one("cancelled", 8.0)])),
        line(2, "weir:line:18", json!([])),
        line(3, "weir:rounding", json!([one("done", 1.0)])),
    ]);
    fake.books.lock().unwrap().stock.sale_lines.push_back(lines);
    let stock = fake.connect_stock();
    let mut asked = vec![booked(4711, 17), booked(4711, 18), booked(4712, 17)];
    // A store without a web shop has pushed nothing.
    let mut elsewhere = booked(4711, 17);
    elsewhere.document.order.store = "elsewhere".parse().unwrap();
    elsewhere.line.order.store = "elsewhere".parse().unwrap();
    asked.push(elsewhere);
    let included = stock.included(&asked).await.unwrap();
    let shown: Vec<(u64, String)> = included.iter().map(|(key, sum)| (key.line, sum.to_string())).collect();
    assert_eq!(shown, [(17, "3.5".to_owned()), (18, "0".to_owned())]);
    assert_json_snapshot!("included_asked", fake.log());
    assert!(stock.included(&[]).await.unwrap().is_empty());
    assert!(fake.log().is_empty());
}

#[tokio::test]
async fn many_orders_and_many_lines_are_asked_for_in_turn() {
    let fake = Fake::start(&[("0", "0")]).await;
    let line = |id: u64| json!({"id": id, "note": "weir:line:1", "sale": {"web_id": "1"}, "moves": []});
    let full: Vec<Value> = (1..=500).map(line).collect();
    fake.books.lock().unwrap().stock.sale_lines.extend([json!(full), json!([line(501)])]);
    let asked: Vec<BookedLine> = (1..=101).map(|order| booked(order, 1)).collect();
    fake.connect_stock().included(&asked).await.unwrap();
    let log = fake.log();
    let asked: Vec<(usize, u64)> = log
        .iter()
        .map(|asked| {
            (asked["domain"][1][2].as_array().unwrap().len(), asked["domain"][3][2].as_u64().unwrap())
        })
        .collect();
    assert_eq!(asked, [(100, 0), (100, 500), (1, 0)]);
}

/// A change of a product at a second of a minute.
fn change(id: u64, product: u64, field: &str, second: u64) -> Value {
    let date = json!({
        "__class__": "datetime", "year": 2026, "month": 11, "day": 28, "hour": 9, "minute": 30, "second": second,
        "microsecond": 250_000,
    });
    json!({"id": id, "product": {"id": product, "code": format!("SKU-{product}")}, field: date})
}

#[tokio::test]
async fn the_feed_reads_what_was_created_and_what_was_written() {
    let fake = Fake::start(&[("0", "0")]).await;
    let stock = fake.connect_stock();
    let answers = |answers: Vec<Value>| fake.books.lock().unwrap().stock.moves.extend(answers);
    answers(vec![json!([change(1, 1, "create_date", 3)]), json!([change(1, 1, "write_date", 5)])]);
    let began = stock.moved(None).await.unwrap();
    assert_eq!((began.skus.len(), began.more), (0, false));
    answers(vec![
        json!([change(2, 2, "create_date", 7)]),
        json!([change(1, 1, "write_date", 5), change(2, 2, "write_date", 8)]),
    ]);
    let page = stock.moved(Some(&began.next)).await.unwrap();
    assert_eq!((page.skus, page.more), (skus([1, 2]), false));
    assert_json_snapshot!("feed_asked", fake.log());
    assert_json_snapshot!("feed_cursor", serde_json::from_str::<Value>(&page.next).unwrap());
    // The overlap shows the same again, and one that was committed late.
    answers(vec![
        json!([change(3, 3, "create_date", 6), change(2, 2, "create_date", 7)]),
        json!([change(1, 1, "write_date", 5), change(2, 2, "write_date", 8)]),
    ]);
    let page = stock.moved(Some(&page.next)).await.unwrap();
    assert_eq!((page.skus, page.more), (skus([3]), false));
}

#[tokio::test]
async fn a_page_of_the_feed_names_a_hundred_items_and_the_next_goes_on() {
    let fake = Fake::start(&[("0", "0")]).await;
    let stock = fake.connect_stock();
    let began = stock.moved(None).await.unwrap();
    let created: Vec<Value> = (1..=130).map(|id| change(id, id, "create_date", 9)).collect();
    fake.books.lock().unwrap().stock.moves.extend([json!(created), json!(created[100..])]);
    let first = stock.moved(Some(&began.next)).await.unwrap();
    assert_eq!((first.skus.len(), first.more), (100, true));
    fake.log();
    let second = stock.moved(Some(&first.next)).await.unwrap();
    assert_eq!((second.skus.len(), second.more), (30, false));
    let all: BTreeSet<Sku> = first.skus.into_iter().chain(second.skus).collect();
    assert_eq!(all.len(), 130);
    // After the last that was taken, within its instant.
    assert_eq!(fake.log()[0]["domain"][1][2][1], json!(["id", ">", 100]));
}

#[tokio::test]
async fn the_walk_goes_on_after_the_last_id() {
    let fake = Fake::start(&[("0", "0")]).await;
    fake.books.lock().unwrap().stock.for_sale = 200;
    let stock = fake.connect_stock();
    let (mut cursor, mut pages) = (None, Vec::new());
    loop {
        let page = stock.items(cursor.as_deref()).await.unwrap();
        pages.push((page.skus.first().cloned(), page.skus.len(), page.more));
        cursor = Some(page.next);
        if !page.more {
            break;
        }
    }
    let first = |id| skus([id]).pop();
    assert_eq!(pages, [(first(1), 100, true), (first(101), 100, true), (None, 0, false)]);
    assert_json_snapshot!("items_asked", fake.log()[1]);
}

#[tokio::test]
async fn every_fault_has_its_class() {
    for on in ["GET product.product", "GET stock.location", "GET stock.move", "GET sale.line"] {
        for (name, fault, expected) in faults() {
            let fake = Fake::start(&[("0", "0")]).await;
            fake.fault(on, [fault]);
            let stock = fake.connect_stock();
            let error = match on {
                "GET sale.line" => stock.included(&[booked(1, 1)]).await.unwrap_err(),
                _ => stock.stock(&skus([1])).await.unwrap_err(),
            };
            assert_eq!(class(&error), expected, "{on}, {name}: {error}");
            no_canary(&error);
        }
    }
}

#[tokio::test]
async fn what_may_not_be_read_blocks() {
    let refused = || {
        let body =
            json!({"status": 400, "message": "You are not allowed to access Zaphira.", "description": ""});
        Fault::new(400, "application/json", body.to_string())
    };
    let fake = Fake::start(&[("0", "0")]).await;
    let stock = fake.connect_stock();
    fake.fault("GET stock.move", [refused(), refused()]);
    for error in [stock.stock(&skus([1])).await.unwrap_err(), stock.moved(None).await.unwrap_err()] {
        assert_eq!(class(&error), Class::Blocked, "{error}");
        no_canary(&error);
    }
    // Tryton leaves out what may not be read.
    let hidden = json!([{"id": 1, "note": "weir:line:1", "sale": {"web_id": "1"}}]);
    fake.books.lock().unwrap().stock.sale_lines.push_back(hidden);
    assert_eq!(
        stock.included(&[booked(1, 1)]).await,
        Err(CallError::blocked("the key's user may not read stock.move"))
    );
}

#[tokio::test]
async fn a_location_that_is_no_warehouse_blocks_before_anything_is_read() {
    let fake = Fake::start(&[("0", "0")]).await;
    let mut config = serde_json::to_value(fake.config()).unwrap();
    config["locations"]["main"]["warehouse"] = json!(51);
    let connect = |config: &Value| {
        let clock = std::sync::Arc::new(weir_testkit::FakeClock::default());
        let config = serde_json::from_value(config.clone()).unwrap();
        weir_erp::connect_stock(&config, KEY.to_owned().into(), clock, true)
    };
    let error = connect(&config).unwrap().stock(&skus([1])).await.unwrap_err();
    assert_eq!(error, CallError::blocked("location 51 is no warehouse of Tryton's"));
    assert!(fake.log().iter().all(|asked| asked["ask"] != "GET stock.move"));
    config["locations"]["main"]["warehouse"] = json!(12);
    assert!(connect(&config).is_err(), "two names for one warehouse");
    // Without locations nothing is asked about any.
    config["locations"] = json!({});
    let found = connect(&config).unwrap().stock(&skus([1])).await.unwrap();
    assert_eq!(found, BTreeMap::from([(Sku("SKU-1".to_owned()), BTreeMap::new())]));
}

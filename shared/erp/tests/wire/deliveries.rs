//! What has left and what has come back: what is asked, and what is made of it.

use insta::assert_json_snapshot;
use serde_json::{Value, json};
use weir_domain::fulfilment::{DeliveredLine, Deliveries};
use weir_domain::outcome::CallError;
use weir_domain::ports::{DocumentState, ErpDocument};

use crate::fake::{Fake, Fault};
use crate::faults::{Class, class, faults, no_canary};

/// The sale that is asked for.
fn document() -> ErpDocument {
    ErpDocument { id: "1".to_owned(), number: None, state: DocumentState::Processing, totals: None }
}

fn decimal(text: &str) -> Value {
    json!({"__class__": "Decimal", "decimal": text})
}

fn at(second: u64) -> Value {
    json!({
        "__class__": "datetime", "year": 2026, "month": 11, "day": 28, "hour": 9, "minute": 30, "second": second,
        "microsecond": 250_000,
    })
}

/// A line of a sale, of which there are moves if it is goods.
fn line(id: u64, note: &str, quantity: f64, kind: &str) -> Value {
    let moves: &[u64] = if kind == "goods" { &[900] } else { &[] };
    json!({
        "id": id, "type": "line", "note": note, "quantity": quantity, "moves": moves,
        "product": {"id": id, "code": format!("SKU-{id}"), "type": kind},
    })
}

fn sale(id: u64, state: &str, lines: &Value, shipments: &Value, returns: &Value) -> Value {
    let (untaxed, tax, total) =
        if id == 1 { ("50.00", "9.50", "59.50") } else { ("-10.00", "-1.90", "-11.90") };
    json!({
        "id": id, "state": "processing", "number": format!("S{id}"), "shipment_state": state,
        "untaxed_amount": decimal(untaxed), "tax_amount": decimal(tax), "total_amount": decimal(total),
        "currency": {"id": 1, "code": "EUR"}, "lines": lines, "shipments": shipments,
        "shipment_returns": returns,
    })
}

/// Units of a line of a sale on their way out.
fn moved(line: u64, quantity: f64, state: &str, package: Option<u64>) -> Value {
    let piece = json!({"id": 1, "factor": 1.0, "rate": 1.0, "digits": 0});
    json!({
        "origin": format!("sale.line,{line}"), "state": state, "internal_quantity": quantity,
        "product": {"id": line, "code": format!("SKU-{line}"), "default_uom": piece, "sale_uom": null},
        "package": package,
    })
}

fn shipment(id: u64, state: &str, packages: &Value, moves: &Value) -> Value {
    json!({
        "id": id, "state": state, "create_date": at(0), "shipping_reference": null,
        "carrier": {"id": 1, "party": {"id": 2, "name": " UPS "}}, "packages": packages,
        "outgoing_moves": moves,
    })
}

fn left(shipment: u64, target: &str, second: u64) -> Value {
    json!({
        "id": 1, "resource": format!("stock.shipment.out,{shipment}"), "target": format!("state:{target}"),
        "create_date": at(second),
    })
}

fn show(lines: &[DeliveredLine]) -> Value {
    lines
        .iter()
        .map(|line| json!({"line": line.line, "item": line.item, "quantity": line.quantity.to_string()}))
        .collect()
}

fn shown(deliveries: &Deliveries) -> Value {
    let parcels: Vec<Value> = deliveries
        .parcels
        .iter()
        .map(|parcel| {
            json!({
                "id": parcel.id, "shipped_at": parcel.shipped_at, "carrier": parcel.carrier,
                "tracking": parcel.tracking, "link": parcel.link, "lines": show(&parcel.lines),
            })
        })
        .collect();
    let returns: Vec<Value> = deliveries
        .returns
        .iter()
        .map(|one| json!({"id": one.id, "credit": one.credit, "lines": show(&one.lines)}))
        .collect();
    json!({"sale": deliveries.sale, "goods": deliveries.goods, "parcels": parcels, "returns": returns})
}

#[tokio::test]
async fn parcels_and_returns_come_in_two_calls() {
    let fake = Fake::start(&[("0", "0")]).await;
    let lines = json!([
        line(11, "weir:line:101", 3.0, "goods"),
        line(12, "weir:line:102", 2.0, "goods"),
        line(13, "weir:line:103", 1.0, "service"),
        line(14, "a gift", 1.0, "goods"),
        line(15, "weir:rounding", 1.0, "service"),
    ]);
    let packages = json!([
        {"id": 7, "parent": null, "shipping_reference": "1Z7", "shipping_tracking_url": "https://ups.example/1Z7"},
        {"id": 8, "parent": null, "shipping_reference": " ", "shipping_tracking_url": "http://ups.example/1Z8"},
        {"id": 9, "parent": 8, "shipping_reference": "1Z9", "shipping_tracking_url": null},
        {"id": 10, "parent": null, "shipping_reference": "1Z10", "shipping_tracking_url": null},
    ]);
    let moves = json!([
        moved(11, 2.0, "done", Some(7)),
        moved(14, 1.0, "done", Some(7)),
        // In a package that is in another one.
        moved(11, 1.0, "assigned", Some(9)),
        moved(12, 1.0, "cancelled", None),
        moved(12, 1.0, "done", None),
        // Another sale's.
        moved(99, 4.0, "done", Some(10)),
    ]);
    let shipments = json!([
        shipment(3, "shipped", &packages, &moves),
        shipment(4, "packed", &json!([]), &json!([moved(12, 1.0, "assigned", None)])),
        shipment(5, "cancelled", &json!([]), &json!([moved(12, 1.0, "cancelled", None)])),
    ]);
    let back = json!([
        line(21, "weir:line:101", -1.0, "goods"),
        line(22, "", -1.0, "service"),
        line(23, "weir:tax", -3.0, "service"),
        line(24, "weir:line:102", 0.0, "goods"),
    ]);
    let found = json!([
        sale(1, "partially shipped", &lines, &shipments, &json!([])),
        sale(2, "sent", &back, &json!([]), &json!([{"id": 1, "state": "received"}])),
        sale(3, "waiting", &back, &json!([]), &json!([{"id": 2, "state": "draft"}])),
    ]);
    {
        let mut books = fake.books.lock().unwrap();
        books.dispatch.sales.push_back(found);
        books.dispatch.log.push_back(json!([left(3, "shipped", 41)]));
    }
    let deliveries = fake.connect().deliveries(&document()).await.unwrap();
    assert_json_snapshot!("deliveries", shown(&deliveries));
    assert_json_snapshot!("deliveries_asked", fake.log());
}

/// The deliveries of a sale of one line and these shipments.
async fn of(fake: &Fake, shipments: &Value, log: Value) -> Deliveries {
    {
        let mut books = fake.books.lock().unwrap();
        let lines = json!([line(11, "weir:line:101", 3.0, "goods")]);
        books.dispatch.sales.push_back(json!([sale(1, "sent", &lines, shipments, &json!([]))]));
        books.dispatch.log.push_back(log);
    }
    fake.connect().deliveries(&document()).await.unwrap()
}

#[tokio::test]
async fn where_nothing_has_left_the_log_is_not_read() {
    let fake = Fake::start(&[("0", "0")]).await;
    let moves = json!([moved(11, 3.0, "assigned", None)]);
    let deliveries = of(&fake, &json!([shipment(3, "packed", &json!([]), &moves)]), json!([])).await;
    assert!(deliveries.parcels.is_empty());
    assert!(fake.log().iter().all(|asked| asked["ask"] != "GET ir.model.log"));
}

#[tokio::test]
async fn a_shipment_left_when_it_was_sent_and_not_when_it_was_done() {
    let fake = Fake::start(&[("0", "0")]).await;
    let shipments = || json!([shipment(3, "done", &json!([]), &json!([moved(11, 3.0, "done", None)]))]);
    // Youngest first.
    for (log, expected) in [
        (json!([left(3, "done", 55), left(3, "shipped", 41)]), "2026-11-28T09:30:41.25Z"),
        (json!([left(3, "done", 55)]), "2026-11-28T09:30:55.25Z"),
        (
            json!([
                left(3, "done", 55),
                left(3, "shipped", 54),
                left(3, "cancelled", 50),
                left(3, "shipped", 41)
            ]),
            "2026-11-28T09:30:54.25Z",
        ),
        // Somebody has emptied it.
        (json!([]), "2026-11-28T09:30:00.25Z"),
    ] {
        let deliveries = of(&fake, &shipments(), log).await;
        assert_eq!(deliveries.parcels[0].shipped_at.to_string(), expected);
    }
}

#[tokio::test]
async fn a_shipments_own_number_is_that_of_its_only_parcel() {
    let fake = Fake::start(&[("0", "0")]).await;
    let package = |id: u64, number: Option<&str>| json!({"id": id, "parent": null, "shipping_reference": number, "shipping_tracking_url": null});
    let tracking = async |packages: Value, moves: Value| {
        let mut shipment = shipment(3, "done", &packages, &moves);
        shipment["shipping_reference"] = json!("MASTER");
        let deliveries = of(&fake, &json!([shipment]), json!([])).await;
        deliveries.parcels.into_iter().map(|parcel| (parcel.id.0, parcel.tracking)).collect::<Vec<_>>()
    };
    let parcel = |id: &str, tracking: Option<&str>| (id.to_owned(), tracking.map(str::to_owned));
    let unpacked = || json!([moved(11, 3.0, "done", None)]);
    assert_eq!(tracking(json!([]), unpacked()).await, [parcel("3", Some("MASTER"))]);
    let packed = || json!([moved(11, 3.0, "done", Some(7))]);
    assert_eq!(tracking(json!([package(7, None)]), packed()).await, [parcel("3/7", Some("MASTER"))]);
    assert_eq!(tracking(json!([package(7, Some("1Z7"))]), packed()).await, [parcel("3/7", Some("1Z7"))]);
    // The other one is another sale's.
    assert_eq!(tracking(json!([package(7, None), package(8, None)]), packed()).await, [parcel("3/7", None)]);
    assert_eq!(tracking(json!([package(7, None)]), unpacked()).await, [parcel("3", None)]);
}

#[tokio::test]
async fn without_the_modules_a_shipment_is_a_parcel_of_no_number() {
    let fake = Fake::start(&[("0", "0")]).await;
    fake.books.lock().unwrap().dispatch.is_bare = true;
    let mut plain = shipment(3, "done", &json!([]), &json!([moved(11, 3.0, "done", None)]));
    for field in ["shipping_reference", "carrier", "packages"] {
        plain.as_object_mut().unwrap().remove(field).unwrap();
    }
    plain["outgoing_moves"][0].as_object_mut().unwrap().remove("package").unwrap();
    let deliveries = of(&fake, &json!([plain]), json!([])).await;
    let parcel = &deliveries.parcels[0];
    assert_eq!((parcel.id.0.as_str(), &parcel.carrier, &parcel.tracking), ("3", &None, &None));
    let log = fake.log();
    let asked = log.iter().find(|asked| asked["ask"] == "GET sale.sale").unwrap()["fields"].as_str().unwrap();
    assert!(["package", "carrier", "shipping_"].iter().all(|word| !asked.contains(word)), "{asked}");
}

#[tokio::test]
async fn a_return_is_one_when_all_that_is_expected_is_back() {
    let fake = Fake::start(&[("0", "0")]).await;
    let returned = async |state: &str, shipments: &[&str]| {
        let shipments: Vec<Value> = shipments.iter().map(|state| json!({"id": 1, "state": state})).collect();
        let back = json!([line(21, "weir:line:101", -1.0, "goods")]);
        let found = json!([
            sale(1, "sent", &json!([]), &json!([]), &json!([])),
            sale(2, state, &back, &json!([]), &json!(shipments)),
        ]);
        fake.books.lock().unwrap().dispatch.sales.push_back(found);
        !fake.connect().deliveries(&document()).await.unwrap().returns.is_empty()
    };
    assert!(returned("sent", &["received"]).await && returned("sent", &["done"]).await);
    assert!(returned("sent", &["done", "cancelled"]).await, "people expect no other");
    assert!(!returned("waiting", &["draft"]).await);
    // The rest is in a shipment that Tryton has not made yet.
    assert!(!returned("waiting", &["received"]).await);
    assert!(!returned("partially shipped", &["received", "draft"]).await);
    assert!(!returned("exception", &["received", "cancelled"]).await);
    assert!(!returned("sent", &["cancelled"]).await && !returned("none", &[]).await);
}

#[tokio::test]
async fn a_sale_that_is_gone_is_said_to_be() {
    let fake = Fake::start(&[("0", "0")]).await;
    let error = fake.connect().deliveries(&document()).await.unwrap_err();
    assert!(matches!(error, CallError::Rejected(rejection) if rejection.code == "document_gone"));
}

#[tokio::test]
async fn every_fault_has_its_class() {
    for on in ["GET sale.sale", "GET ir.model.log", "GET ir.model.field"] {
        for (name, fault, expected) in faults() {
            let fake = Fake::start(&[("0", "0")]).await;
            {
                let mut books = fake.books.lock().unwrap();
                let shipments = json!([shipment(3, "done", &json!([]), &json!([]))]);
                books.dispatch.sales.push_back(json!([sale(1, "sent", &json!([]), &shipments, &json!([]))]));
            }
            fake.fault(on, [fault]);
            let error = fake.connect().deliveries(&document()).await.unwrap_err();
            assert_eq!(class(&error), expected, "{on}, {name}: {error}");
            no_canary(&error);
        }
    }
}

#[tokio::test]
async fn what_may_not_be_read_blocks() {
    // Tryton leaves out what may not be read.
    for (path, model) in [
        ("/0/shipments", "stock.shipment.out"),
        ("/0/shipments/0/outgoing_moves", "stock.move"),
        ("/0/shipments/0/outgoing_moves/0/product", "product.product"),
        ("/0/shipments/0/packages", "stock.package"),
        ("/0/shipments/0/carrier", "carrier"),
        ("/0/shipments/0/carrier/party", "party.party"),
        ("/0/lines/0/product", "product.product"),
        ("/1/shipment_returns", "stock.shipment.out.return"),
    ] {
        let fake = Fake::start(&[("0", "0")]).await;
        let lines = json!([line(11, "weir:line:101", 3.0, "goods")]);
        let shipments = json!([shipment(3, "done", &json!([]), &json!([moved(11, 3.0, "done", None)]))]);
        let mut found = json!([
            sale(1, "sent", &lines, &shipments, &json!([])),
            sale(2, "sent", &lines, &json!([]), &json!([{"id": 1, "state": "done"}])),
        ]);
        let (parent, field) = path.rsplit_once('/').unwrap();
        found.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(field).unwrap();
        fake.books.lock().unwrap().dispatch.sales.push_back(found);
        let error = fake.connect().deliveries(&document()).await.unwrap_err();
        assert_eq!(error, CallError::blocked(format!("the key's user may not read {model}")), "{path}");
    }
    let body = json!({"status": 400, "message": "You are not allowed to access Zaphira.", "description": ""});
    let fake = Fake::start(&[("0", "0")]).await;
    fake.fault("GET sale.sale", [Fault::new(400, "application/json", body.to_string())]);
    let error = fake.connect().deliveries(&document()).await.unwrap_err();
    assert_eq!(class(&error), Class::Blocked, "{error}");
    no_canary(&error);
}

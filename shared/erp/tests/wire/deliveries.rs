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

fn piece() -> Value {
    json!({"id": 1, "factor": 1.0, "rate": 1.0, "digits": 0})
}

fn dozen() -> Value {
    json!({"id": 2, "factor": 12.0, "rate": 0.083_333_333_333, "digits": 2})
}

/// A move of a line, in the line's own list.
fn one_move(state: &str, quantity: f64, unit: &Value) -> Value {
    json!({"id": 900, "state": state, "quantity": quantity, "unit": unit})
}

/// A line of a sale, all of which has moved if it is goods.
fn line(id: u64, note: &str, quantity: f64, kind: &str) -> Value {
    let moved = one_move("done", quantity.abs(), &piece());
    json!({
        "id": id, "type": "line", "note": note, "quantity": quantity, "unit": piece(),
        "moves": if kind == "goods" { json!([moved]) } else { json!([]) },
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
    json!({
        "origin": format!("sale.line,{line}"), "state": state, "quantity": quantity, "unit": piece(),
        "product": {"id": line, "code": format!("SKU-{line}")}, "package": package,
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

/// The lines of what came back for these lines of a return sale, where 24
/// pieces and 2 dozen were sold.
async fn came_back(lines: &Value) -> Vec<(Option<u64>, String)> {
    let fake = Fake::start(&[("0", "0")]).await;
    let mut by_the_dozen = line(12, "weir:line:102", 2.0, "goods");
    by_the_dozen["unit"] = dozen();
    let sold = json!([line(11, "weir:line:101", 24.0, "goods"), by_the_dozen]);
    let shipments = json!([{"id": 1, "state": "received"}, {"id": 2, "state": "cancelled"}]);
    let found = json!([
        sale(1, "sent", &sold, &json!([]), &json!([])),
        sale(2, "sent", lines, &json!([]), &shipments),
    ]);
    fake.books.lock().unwrap().dispatch.sales.push_back(found);
    let mut returns = fake.connect().deliveries(&document()).await.unwrap().returns;
    assert_eq!(returns.len(), 1);
    let one = returns.remove(0);
    assert_eq!(one.credit.totals.unwrap().gross.to_string(), "-11.90", "as the document has it");
    one.lines.into_iter().map(|line| (line.line, line.quantity.to_string())).collect()
}

/// A line of a return sale, with its moves.
fn back(note: &str, (quantity, unit): (f64, Value), moves: &[Value]) -> Value {
    let mut back = line(21, note, quantity, "goods");
    (back["unit"], back["moves"]) = (unit, json!(moves));
    back
}

#[tokio::test]
async fn of_a_return_counts_what_came() {
    let two = |moves: &[Value]| back("weir:line:101", (-2.0, piece()), moves);
    let came = |state: &str, quantity: f64| one_move(state, quantity, &piece());
    let of = async |line: Value| came_back(&json!([line])).await;
    let units = |units: &str| vec![(Some(101), units.to_owned())];
    // People have said that they expect no more.
    assert_eq!(of(two(&[came("done", 1.0), came("cancelled", 1.0)])).await, units("1"));
    assert_eq!(of(two(&[came("done", 1.0), came("done", 1.0)])).await, units("2"));
    assert_eq!(of(two(&[came("done", 3.0)])).await, units("3"), "more than was expected");
    assert_eq!(of(two(&[came("cancelled", 2.0)])).await, [], "another line's came");
    assert_eq!(of(two(&[])).await, units("2"), "what has no moves");
}

#[tokio::test]
async fn a_return_is_in_the_units_that_were_sold() {
    let of = async |line: Value| came_back(&json!([line])).await;
    let (pieces, dozens) =
        (|quantity| one_move("done", quantity, &piece()), |quantity| one_move("done", quantity, &dozen()));
    let sold = |line: u64, units: &str| vec![(Some(line), units.to_owned())];
    let one_dozen = back("weir:line:101", (-1.0, dozen()), &[dozens(1.0)]);
    assert_eq!(of(one_dozen).await, sold(101, "12"));
    let counted = back("weir:line:101", (-1.0, dozen()), &[pieces(5.0), pieces(6.0)]);
    assert_eq!(of(counted).await, sold(101, "11"));
    let thirds = back("weir:line:102", (-12.0, piece()), &[pieces(4.0), pieces(4.0), pieces(4.0)]);
    assert_eq!(of(thirds).await, sold(102, "1"));
    let unmoved = back("weir:line:102", (-6.0, piece()), &[]);
    assert_eq!(of(unmoved).await, sold(102, "0.5"));
    let as_it_is = back("weir:line:102", (-0.33, dozen()), &[dozens(0.33)]);
    assert_eq!(of(as_it_is).await, sold(102, "0.33"));
    let nobodys = back("by hand", (-1.0, dozen()), &[dozens(1.0)]);
    assert_eq!(of(nobodys).await, [(None, "1".to_owned())]);
}

#[tokio::test]
async fn parcels_are_in_the_units_of_their_lines() {
    let units = async |parts: &[(f64, Value)]| {
        let fake = Fake::start(&[("0", "0")]).await;
        let mut by_the_dozen = line(11, "weir:line:101", 1.0, "goods");
        by_the_dozen["unit"] = dozen();
        let ids = (1..=3).zip(parts);
        let shipments: Vec<Value> = ids
            .map(|(id, (quantity, unit))| {
                let mut moved = moved(11, *quantity, "done", None);
                moved["unit"] = unit.clone();
                // By what it is sold in now.
                moved["product"]["sale_uom"] = piece();
                shipment(id, "done", &json!([]), &json!([moved]))
            })
            .collect();
        let log: Vec<Value> = (1..=parts.len() as u64).map(|id| left(id, "done", 50 - id)).collect();
        {
            let mut books = fake.books.lock().unwrap();
            let sale = sale(1, "sent", &json!([by_the_dozen]), &json!(shipments), &json!([]));
            books.dispatch.sales.push_back(json!([sale]));
            books.dispatch.log.push_back(json!(log));
        }
        let parcels = fake.connect().deliveries(&document()).await.unwrap().parcels;
        let shown = |parcel: &weir_domain::fulfilment::Parcel| {
            (parcel.id.0.clone(), parcel.lines[0].quantity.to_string())
        };
        parcels.iter().map(shown).collect::<Vec<_>>()
    };
    let parcel = |id: &str, units: &str| (id.to_owned(), units.to_owned());
    let third = || (0.333_333_33, dozen());
    let as_they_are = ["3", "2", "1"].map(|id| parcel(id, "0.33333333"));
    assert_eq!(units(&[third(), third(), third()]).await, as_they_are);
    let four = || (4.0, piece());
    let thirds = [parcel("3", "0.333333"), parcel("2", "0.333334"), parcel("1", "0.333333")];
    assert_eq!(units(&[four(), four(), four()]).await, thirds, "they are one dozen");
    // What leaves later changes nothing of what has left.
    assert_eq!(units(&[four(), four()]).await, [parcel("2", "0.333333"), parcel("1", "0.333334")]);
    assert_eq!(units(&[(0.5, dozen()), (6.0, piece())]).await, [parcel("2", "0.5"), parcel("1", "0.5")]);
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
        ("/0/shipments/0/outgoing_moves/0/unit", "product.uom"),
        ("/0/lines/0/product", "product.product"),
        ("/0/lines/0/unit", "product.uom"),
        ("/0/lines/0/moves", "stock.move"),
        ("/1/lines/0/moves", "stock.move"),
        ("/1/lines/0/moves/0/unit", "product.uom"),
        ("/1/shipment_returns", "stock.shipment.out.return"),
    ] {
        let fake = Fake::start(&[("0", "0")]).await;
        let lines = json!([line(11, "weir:line:101", 3.0, "goods")]);
        let shipments = json!([shipment(3, "done", &json!([]), &json!([moved(11, 3.0, "done", None)]))]);
        let back = json!([line(21, "weir:line:101", -1.0, "goods")]);
        let mut found = json!([
            sale(1, "sent", &lines, &shipments, &json!([])),
            sale(2, "sent", &back, &json!([]), &json!([{"id": 1, "state": "done"}])),
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

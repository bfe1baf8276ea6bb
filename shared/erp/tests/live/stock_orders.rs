//! Orders and the figure of stock: goods are counted once, however far they
//! are on their way to the customer.

use reqwest::Method;
use serde_json::{Value, json};
use weir_domain::sales::Release;

use crate::lab::{created, lab};
use crate::shelf::{Shelf, figures};

/// The shipment of an order's sale: its model's id.
async fn shipment(shelf: &Shelf, sale: &str, field: &str) -> u64 {
    let found =
        shelf.lab.records("sale.sale", json!([["id", "=", sale.parse::<u64>().unwrap()]]), &[field]).await;
    found[0][field][0].as_u64().unwrap()
}

#[tokio::test]
async fn a_sale_lowers_what_is_available_once_until_it_has_left() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let shelf = Shelf::new(lab, 101).await;
    assert_eq!(shelf.main().await, figures(["101", "0", "101", "0"]));
    let mut order = shelf.order(7);
    assert_eq!(shelf.included(&order).await, None, "Tryton does not know it");

    order.release = Release::Reserve;
    let document = created(&erp, &order).await;
    erp.confirm(&document, &order).await.unwrap();
    assert_eq!(shelf.included(&order).await.as_deref(), Some("0"), "a quotation promises nothing");
    assert_eq!(shelf.main().await, figures(["101", "0", "101", "0"]));

    order.release = Release::Ship;
    erp.confirm(&document, &order).await.unwrap();
    let promised = figures(["101", "7", "94", "0"]);
    assert_eq!((shelf.main().await, shelf.included(&order).await), (promised.clone(), Some("7".into())));

    let id = shipment(&shelf, &document.id, "shipments").await;
    let path = format!("stock.shipment.out/{id}");
    shelf.lab.raw(Method::PUT, &path, Some(json!({"carrier": shelf.lab.carrier()}))).await;
    for (button, state) in [("wait", "waiting"), ("assign_try", "assigned"), ("pick", "picked")] {
        if shelf.lab.records("stock.shipment.out", json!([["id", "=", id]]), &["state"]).await[0]["state"]
            != state
        {
            assert_eq!(shelf.press("stock.shipment.out", id, button).await, json!(state));
        }
        assert_eq!(
            (shelf.main().await, shelf.included(&order).await),
            (promised.clone(), Some("7".into())),
            "{state}"
        );
    }
    pack(&shelf, id).await;
    assert_eq!((shelf.main().await, shelf.included(&order).await), (promised, Some("7".into())), "packed");
    for (button, state) in [("ship", "shipped"), ("do", "done")] {
        assert_eq!(shelf.press("stock.shipment.out", id, button).await, json!(state));
        let left = shelf.main().await;
        assert_eq!(left[2], "94", "{state}");
        assert_eq!(shelf.included(&order).await.as_deref(), Some("7"), "{state}");
    }
    assert_eq!(shelf.main().await, figures(["94", "0", "94", "0"]));
}

/// One package with everything in it.
async fn pack(shelf: &Shelf, id: u64) {
    let fields = ["outgoing_moves"];
    let found = shelf.lab.records("stock.shipment.out", json!([["id", "=", id]]), &fields).await;
    let moves: Vec<&Value> = found[0]["outgoing_moves"].as_array().unwrap().iter().collect();
    let types = shelf.lab.records("stock.package.type", json!([]), &["name"]).await;
    let kind = if let Some(kind) = types.first() {
        kind["id"].clone()
    } else {
        let kind = json!({"name": "Box"});
        shelf.lab.raw(Method::POST, "stock.package.type?f=name", Some(kind)).await["id"].clone()
    };
    let package = json!({
        "shipment": format!("stock.shipment.out,{id}"), "type": kind, "company": shelf.lab.company(),
        "moves": [["add", moves]],
    });
    shelf.lab.raw(Method::POST, "stock.package?f=number", Some(package)).await;
    assert_eq!(shelf.press("stock.shipment.out", id, "pack").await, json!("packed"));
}

#[tokio::test]
async fn a_shipment_in_two_parts_is_one_line() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let shelf = Shelf::new(lab, 10).await;
    let order = shelf.order(6);
    let document = created(&erp, &order).await;
    erp.confirm(&document, &order).await.unwrap();
    // Two of them are taken off the shipment's move, into one of their own.
    let id = shipment(&shelf, &document.id, "shipments").await;
    let lines = shelf.lab.records(
        "sale.line",
        json!([["sale.id", "=", document.id.parse::<u64>().unwrap()]]),
        &["moves"],
    );
    let (line, one) = {
        let lines = lines.await;
        (lines[0]["id"].as_u64().unwrap(), lines[0]["moves"][0].as_u64().unwrap())
    };
    shelf.press("stock.shipment.out", id, "draft").await;
    shelf.lab.raw(Method::PUT, &format!("stock.move/{one}"), Some(json!({"quantity": 4}))).await;
    let origin =
        json!({"origin": format!("sale.line,{line}"), "shipment": format!("stock.shipment.out,{id}")});
    let other = shelf.moves(crate::shelf::OUTPUT, crate::shelf::CUSTOMER, 2, origin).await;
    assert_eq!(shelf.included(&order).await.as_deref(), Some("6"));
    assert_eq!(shelf.main().await, figures(["10", "6", "4", "0"]));
    // What is cancelled is not taken any more.
    let cancelled = Some(json!({"state": "cancelled"}));
    shelf.lab.raw(Method::PUT, &format!("stock.move/{other}"), cancelled).await;
    assert_eq!(shelf.included(&order).await.as_deref(), Some("4"));
    assert_eq!(shelf.main().await, figures(["10", "4", "6", "0"]));
}

#[tokio::test]
async fn a_line_that_became_two_is_one() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let shelf = Shelf::new(lab, 5_000).await;
    let mut order = shelf.order(2_000);
    // No unit price of four digits gives it.
    order.lines[0].net = "1234.57".parse().unwrap();
    order.totals.net = order.lines[0].net;
    order.totals.gross = order.totals.net;
    let document = created(&erp, &order).await;
    erp.confirm(&document, &order).await.unwrap();
    assert_eq!(shelf.lab.lines(&order).await.len(), 2);
    assert_eq!(shelf.included(&order).await.as_deref(), Some("2000"));
    assert_eq!(shelf.main().await, figures(["5000", "2000", "3000", "0"]));
}

#[tokio::test]
async fn a_cancelled_sale_takes_nothing() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let shelf = Shelf::new(lab, 10).await;
    let mut order = shelf.order(3);
    order.release = Release::Reserve;
    let document = created(&erp, &order).await;
    erp.confirm(&document, &order).await.unwrap();
    erp.cancel(&document).await.unwrap();
    assert_eq!(shelf.included(&order).await.as_deref(), Some("0"));
    assert_eq!(shelf.main().await, figures(["10", "0", "10", "0"]));
}

#[tokio::test]
async fn many_lines_of_several_orders_come_in_one_answer() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let shelf = Shelf::new(lab, 100).await;
    let mut booked = Vec::new();
    for quantity in 1..=3 {
        let order = shelf.order(quantity);
        let document = created(&erp, &order).await;
        erp.confirm(&document, &order).await.unwrap();
        booked.push(shelf.booked(&order.key, order.lines[0].line));
    }
    let mut second_life = booked[2].clone();
    second_life.document.generation = second_life.document.generation.next();
    let mut other_store = booked[0].clone();
    other_store.document.order.store = "elsewhere".parse().unwrap();
    other_store.line.order.store = "elsewhere".parse().unwrap();
    let asked = [&booked[..2], &[second_life, other_store]].concat();
    let included = shelf.stock.included(&asked).await.unwrap();
    let shown: Vec<(u64, String)> =
        included.iter().map(|(key, sum)| (key.order.order.0, sum.normalize().to_string())).collect();
    let mut expected: Vec<(u64, String)> =
        (0..2).map(|n| (booked[n].line.order.order.0, (n + 1).to_string())).collect();
    expected.sort();
    assert_eq!(shown, expected, "neither another life nor another store");
}

#[tokio::test]
async fn returned_goods_are_there_when_they_are_received() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let shelf = Shelf::new(lab, 20).await;
    let order = shelf.order(5);
    let document = created(&erp, &order).await;
    erp.confirm(&document, &order).await.unwrap();
    let id = shipment(&shelf, &document.id, "shipments").await;
    let path = format!("stock.shipment.out/{id}");
    shelf.lab.raw(Method::PUT, &path, Some(json!({"carrier": shelf.lab.carrier()}))).await;
    for button in ["assign_try", "pick"] {
        shelf.press("stock.shipment.out", id, button).await;
    }
    pack(&shelf, id).await;
    shelf.press("stock.shipment.out", id, "do").await;
    assert_eq!(shelf.main().await, figures(["15", "0", "15", "0"]));

    let sale = returned(&shelf, &document.id, 2).await;
    for button in ["quote", "confirm", "process"] {
        shelf.press("sale.sale", sale, button).await;
    }
    assert_eq!(shelf.main().await, figures(["15", "0", "15", "2"]), "on their way back");
    let back = shipment(&shelf, &sale.to_string(), "shipment_returns").await;
    shelf.press("stock.shipment.out.return", back, "receive").await;
    assert_eq!(shelf.main().await, figures(["17", "0", "17", "0"]), "in the input zone");
    shelf.press("stock.shipment.out.return", back, "do").await;
    assert_eq!(shelf.main().await, figures(["17", "0", "17", "0"]), "back on the shelf");
    assert_eq!(shelf.included(&order).await.as_deref(), Some("5"), "what was shipped was shipped");
}

/// A sale that takes some of an order back; its id.
async fn returned(shelf: &Shelf, sale: &str, quantity: i64) -> u64 {
    let id: u64 = sale.parse().unwrap();
    let fields = ["party", "invoice_address", "shipment_address", "currency", "warehouse", "lines.unit"];
    let sold = &shelf.lab.records("sale.sale", json!([["id", "=", id]]), &fields).await[0];
    let line = json!({
        "type": "line", "product": shelf.product, "quantity": -quantity, "unit": sold["lines"][0]["unit"],
        "unit_price": {"__class__": "Decimal", "decimal": "1.0000"},
    });
    let record = json!({
        "company": shelf.lab.company(), "party": sold["party"], "invoice_address": sold["invoice_address"],
        "shipment_address": sold["shipment_address"], "currency": sold["currency"],
        "warehouse": sold["warehouse"], "invoice_method": "order", "shipment_method": "order",
        "shipment_cost_method": null, "origin": format!("sale.sale,{id}"), "lines": [["create", [line]]],
        "sale_date": crate::shelf::day(0),
    });
    shelf.lab.raw(Method::POST, "sale.sale?f=state", Some(record)).await["id"].as_u64().unwrap()
}

//! Moves of every kind, and what they make of the figures.

use reqwest::Method;
use serde_json::json;
use weir_domain::id::Sku;
use weir_domain::outcome::CallError;

use crate::lab::{fresh_id, lab};
use crate::shelf::{CUSTOMER, INPUT, LOST, OUTPUT, SECOND, STORAGE, SUPPLIER, Shelf, day, figures};

#[tokio::test]
async fn every_outgoing_move_counts_whenever_it_is_planned_and_no_receipt_does() {
    let Some(lab) = lab() else { return };
    let shelf = Shelf::new(lab, 101).await;
    let cursor = shelf.stock.moved(None).await.unwrap().next;
    for planned in [day(-1), day(0), day(3), serde_json::Value::Null] {
        shelf.moves(OUTPUT, CUSTOMER, 1, json!({"planned_date": planned})).await;
    }
    shelf.moves(SUPPLIER, INPUT, 50, json!({"planned_date": day(0)})).await;
    assert_eq!(shelf.main().await, figures(["101", "4", "97", "50"]));
    assert!(shelf.drain(&cursor).await.0.contains(&shelf.sku));
}

#[tokio::test]
async fn a_move_counts_in_every_state_and_on_any_day_it_was_done() {
    let Some(lab) = lab() else { return };
    let shelf = Shelf::new(lab, 100).await;
    let (_, mut cursor) = shelf.drain(&shelf.stock.moved(None).await.unwrap().next).await;
    let taken = shelf.moves(STORAGE, CUSTOMER, 10, json!({})).await;
    for (step, expected) in [
        ("made", ["100", "10", "90", "0"]),
        ("assigned", ["100", "10", "90", "0"]),
        ("draft", ["100", "10", "90", "0"]),
        ("done", ["90", "0", "90", "0"]),
    ] {
        match step {
            "made" => {}
            "assigned" => shelf.assign(taken).await,
            "draft" => drop(shelf.press("stock.move", taken, "draft").await),
            _ => shelf.done(taken).await,
        }
        assert_eq!(shelf.main().await, figures(expected), "{step}");
        let (named, next) = shelf.drain(&cursor).await;
        assert!(named.contains(&shelf.sku), "{step}");
        cursor = next;
    }
    // Goods that left are gone, also where the papers say tomorrow.
    for (effective, left) in [(-1, "85"), (1, "80"), (400, "75")] {
        let taken = shelf.moves(STORAGE, CUSTOMER, 5, json!({"effective_date": day(effective)})).await;
        shelf.done(taken).await;
        assert_eq!(shelf.main().await, figures([left, "0", left, "0"]), "{effective}");
    }
    let given_up = shelf.moves(STORAGE, LOST, 9, json!({})).await;
    assert_eq!(shelf.main().await, figures(["75", "9", "66", "0"]));
    shelf.press("stock.move", given_up, "cancel").await;
    assert_eq!(shelf.main().await, figures(["75", "0", "75", "0"]));
}

#[tokio::test]
async fn a_move_inside_a_warehouse_changes_nothing() {
    let Some(lab) = lab() else { return };
    let shelf = Shelf::new(lab, 12).await;
    let picked = shelf.moves(STORAGE, OUTPUT, 5, json!({})).await;
    assert_eq!(shelf.main().await, figures(["12", "0", "12", "0"]));
    shelf.done(picked).await;
    assert_eq!(shelf.main().await, figures(["12", "0", "12", "0"]));
    let received = shelf.moves(SUPPLIER, INPUT, 3, json!({})).await;
    shelf.done(received).await;
    assert_eq!(shelf.main().await, figures(["15", "0", "15", "0"]), "in the input zone");
    // More is promised than there is.
    shelf.moves(OUTPUT, CUSTOMER, 20, json!({})).await;
    assert_eq!(shelf.main().await, figures(["15", "20", "-5", "0"]));
}

#[tokio::test]
async fn a_count_is_believed() {
    let Some(lab) = lab() else { return };
    let shelf = Shelf::new(lab, 50).await;
    let (_, cursor) = shelf.drain(&shelf.stock.moved(None).await.unwrap().next).await;
    let inventory = json!({
        "company": shelf.lab.company(), "location": shelf.place(STORAGE).await, "empty_quantity": "keep",
        "lines": [["create", [{"product": shelf.product, "quantity": 43.0}]]],
    });
    let inventory = shelf.lab.raw(Method::POST, "stock.inventory?f=state", Some(inventory)).await;
    assert_eq!(shelf.main().await, figures(["50", "0", "50", "0"]));
    assert_eq!(
        shelf.press("stock.inventory", inventory["id"].as_u64().unwrap(), "confirm").await,
        json!("done")
    );
    assert_eq!(shelf.main().await, figures(["43", "0", "43", "0"]));
    assert!(shelf.drain(&cursor).await.0.contains(&shelf.sku));
}

#[tokio::test]
async fn a_transfer_is_never_in_two_warehouses() {
    let Some(lab) = lab() else { return };
    let shelf = Shelf::new(lab, 30).await;
    let (_, mut cursor) = shelf.drain(&shelf.stock.moved(None).await.unwrap().next).await;
    let (from, to) = (shelf.place(STORAGE).await, shelf.place(SECOND).await);
    let one = json!({
        "product": shelf.product, "unit": 1, "quantity": 8.0, "company": shelf.lab.company(),
        "from_location": from, "to_location": to,
    });
    let shipment = json!({
        "company": shelf.lab.company(), "from_location": from, "to_location": to,
        "carrier": shelf.lab.carrier(), "moves": [["create", [one]]],
    });
    let shipment = shelf.lab.raw(Method::POST, "stock.shipment.internal?f=state", Some(shipment)).await;
    let id = shipment["id"].as_u64().unwrap();
    let nothing = figures(["0", "0", "0", "0"]);
    let leaving = (figures(["30", "8", "22", "0"]), figures(["0", "0", "0", "8"]));
    assert_eq!(shelf.figures().await, leaving);
    let mut seen = Vec::new();
    for button in ["wait", "assign_try", "pack", "ship", "do"] {
        if button == "pack" {
            package(&shelf, id).await;
        }
        let state = shelf.press("stock.shipment.internal", id, button).await;
        let figures = shelf.figures().await;
        seen.push((state.as_str().unwrap().to_owned(), figures.0[2].clone(), figures.1[2].clone()));
        let (named, next) = shelf.drain(&cursor).await;
        assert!(named.contains(&shelf.sku), "{button}");
        cursor = next;
    }
    let expected = [
        ("waiting", "22", "0"),
        ("assigned", "22", "0"),
        ("packed", "22", "0"),
        ("shipped", "22", "0"),
        ("done", "22", "8"),
    ];
    assert_eq!(seen, expected.map(|(state, main, second)| (state.into(), main.into(), second.into())));
    assert_eq!(shelf.figures().await, (figures(["22", "0", "22", "0"]), figures(["8", "0", "8", "0"])));
    // And back, at once.
    let back = shelf.moves(SECOND, STORAGE, 8, json!({})).await;
    assert_eq!(shelf.figures().await, (figures(["22", "0", "22", "8"]), figures(["8", "8", "0", "0"])));
    shelf.done(back).await;
    assert_eq!(shelf.figures().await, (figures(["30", "0", "30", "0"]), nothing));
}

async fn package(shelf: &Shelf, shipment: u64) {
    let domain = json!([["id", "=", shipment]]);
    let found = shelf.lab.records("stock.shipment.internal", domain, &["outgoing_moves"]).await;
    let kind =
        shelf.lab.raw(Method::POST, "stock.package.type?f=name", Some(json!({"name": "Pallet"}))).await;
    let package = json!({
        "shipment": format!("stock.shipment.internal,{shipment}"), "type": kind["id"],
        "company": shelf.lab.company(), "moves": [["add", found[0]["outgoing_moves"]]],
    });
    shelf.lab.raw(Method::POST, "stock.package?f=number", Some(package)).await;
}

#[tokio::test]
async fn what_is_counted_in_pieces_and_sold_by_the_dozen() {
    let Some(lab) = lab() else { return };
    let shelf = Shelf::new(lab, 0).await;
    let unit = &shelf.lab.records("product.uom", json!([["id", "=", 1]]), &["category"]).await[0];
    let dozen = json!({
        "name": "Dozen", "symbol": "dz", "category": unit["category"], "factor": 12.0,
        "rate": 0.083_333_333_333, "rounding": 1.0, "digits": 0,
    });
    let dozen = shelf.lab.raw(Method::POST, "product.uom?f=factor", Some(dozen)).await["id"].clone();
    let sku = format!("EGGS-{}", fresh_id());
    let template = json!({
        "name": "Eggs", "type": "goods", "default_uom": 1, "sale_uom": dozen, "salable": true,
        "list_price": {"__class__": "Decimal", "decimal": "3.60"},
        "products": [["create", [{"suffix_code": sku}]]],
    });
    let made = shelf.lab.raw(Method::POST, "product.template?f=products", Some(template)).await;
    let eggs = Shelf { sku: Sku(sku), product: made["products"][0].as_u64().unwrap(), ..shelf };
    let found = eggs.moves(LOST, STORAGE, 100, json!({})).await;
    eggs.done(found).await;
    assert_eq!(eggs.main().await, figures(["8.333333", "0", "8", "0"]));
    // In dozens, and in pieces.
    eggs.moves(OUTPUT, CUSTOMER, 2, json!({"unit": dozen})).await;
    eggs.moves(OUTPUT, CUSTOMER, 6, json!({})).await;
    assert_eq!(eggs.main().await, figures(["8.333333", "2.5", "5", "0"]));
}

#[tokio::test]
async fn what_has_no_stock_is_left_out() {
    let Some(lab) = lab() else { return };
    let shelf = Shelf::new(lab, 0).await;
    let asked = [&shelf.sku.0, "SHIP-STD", "NO-SUCH-SKU"].map(|sku| Sku(sku.to_owned()));
    let known: Vec<Sku> = shelf.stock.stock(&asked).await.unwrap().into_keys().collect();
    assert_eq!(known, std::slice::from_ref(&shelf.sku), "neither a service nor what nobody heard of");
    assert!(shelf.stock.stock(&[]).await.unwrap().is_empty());
    shelf.change(json!({"active": false})).await;
    assert!(shelf.stock.stock(&asked).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_zone_is_no_location() {
    let Some(lab) = lab() else { return };
    let shelf = Shelf::new(lab, 0).await;
    let mut config = shelf.lab.config();
    config["locations"]["main"]["warehouse"] = json!(shelf.place(STORAGE).await);
    let stock = shelf.lab.connect_stock_at(&config);
    for _ in 0..2 {
        match stock.stock(std::slice::from_ref(&shelf.sku)).await {
            Err(CallError::Blocked { why, .. }) => {
                assert!(why.ends_with("is no warehouse of Tryton's"), "{why}");
            }
            other => panic!("{other:?}"),
        }
    }
}

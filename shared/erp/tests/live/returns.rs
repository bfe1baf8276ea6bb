//! Goods that came back, by people's decision.

use reqwest::Method;
use serde_json::{Value, json};
use weir_domain::fulfilment::GoodsReturn;
use weir_domain::id::{DocumentKey, RefundId};

use crate::lab::{Lab, created, decimal, fresh_id, lab};
use crate::warehouse::{Dispatch, OUT, RETURN};

/// An order of two pieces and shipping, of which everything was delivered.
/// Tryton computes a cent less tax, which is a line of ours.
async fn delivered(lab: Lab) -> Dispatch {
    let rows: [(_, _, _, _, &[&str]); 2] =
        [("", "2", "22.68", "4.32", &["de-19"]), ("SHIP-STD", "1", "5.00", "0.95", &["de-19"])];
    let dispatch = Dispatch::new(lab, &rows).await;
    let shipment = dispatch.shipment().await;
    dispatch.pick(shipment).await;
    dispatch.press(OUT, shipment, "pack").await;
    dispatch.press(OUT, shipment, "do").await;
    dispatch
}

fn lines(one: &GoodsReturn) -> Vec<(Option<u64>, String, String)> {
    one.lines.iter().map(|line| (line.line, line.item.clone(), line.quantity.to_string())).collect()
}

async fn returns(dispatch: &Dispatch) -> Vec<GoodsReturn> {
    dispatch.deliveries().await.returns
}

#[tokio::test]
async fn a_return_is_one_once_its_goods_are_back() {
    let Some(lab) = lab() else { return };
    let dispatch = delivered(lab).await;
    let mut cursor = dispatch.cursor().await;
    let sale = dispatch.returned(&[(100, "2"), (101, "1")]).await;
    assert!(returns(&dispatch).await.is_empty(), "draft");
    dispatch.process(sale).await;
    assert!(returns(&dispatch).await.is_empty(), "on its way");
    assert!(!dispatch.is_named(&mut cursor).await, "nothing is back");
    let back = dispatch.shipments(&sale.to_string(), "shipment_returns").await[0];

    assert_eq!(dispatch.press(RETURN, back, "receive").await, "received");
    assert!(dispatch.is_named(&mut cursor).await, "received");
    let received = returns(&dispatch).await;
    assert_eq!(received.len(), 1);
    let one = &received[0];
    assert_eq!((one.id.0.clone(), one.credit.id.clone()), (sale.to_string(), sale.to_string()));
    assert!(one.credit.number.is_some());
    let item = dispatch.items[0].clone();
    let expected = [(Some(100), item, "2".to_owned()), (Some(101), "SHIP-STD".to_owned(), "1".to_owned())];
    assert_eq!(lines(one), expected, "our adjustment is nothing that anybody sends back");
    let totals = one.credit.totals.clone().unwrap();
    let sold = &dispatch.order.totals;
    assert_eq!((totals.net, totals.tax, totals.gross), (-sold.net, -sold.tax, -sold.gross));

    // Put away and credited, it is the same return.
    assert_eq!(dispatch.press(RETURN, back, "do").await, "done");
    let invoices =
        dispatch.lab.records("sale.sale", json!([["id", "=", sale]]), &["invoices.total_amount"]).await;
    let invoice = invoices[0]["invoices"][0]["id"].as_u64().unwrap();
    for button in ["validate_invoice", "post"] {
        let path = format!("account.invoice/{invoice}/{button}?f=state");
        dispatch.lab.raw(Method::POST, &path, Some(json!({}))).await;
    }
    let credited = dispatch.lab.records("account.invoice", json!([["id", "=", invoice]]), &["state"]).await;
    assert_eq!(credited[0]["state"], "posted");
    let later = returns(&dispatch).await;
    assert_eq!((later.len(), lines(&later[0])), (1, lines(one)));
    assert_eq!((&later[0].id, &later[0].credit.totals), (&one.id, &one.credit.totals));
}

#[tokio::test]
async fn a_return_that_came_in_part_waits_for_the_rest() {
    let Some(lab) = lab() else { return };
    let dispatch = delivered(lab).await;
    let sale = dispatch.returned(&[(100, "2")]).await;
    dispatch.process(sale).await;
    let rest = received_in_part(&dispatch, sale, 1).await;
    assert!(returns(&dispatch).await.is_empty(), "one of two");
    dispatch.press(RETURN, rest, "receive").await;
    let back = returns(&dispatch).await;
    assert_eq!(lines(&back[0]), [(Some(100), dispatch.items[0].clone(), "2".to_owned())]);
    // It was a mistake: nothing came.
    let mut cursor = dispatch.cursor().await;
    dispatch.press(RETURN, rest, "cancel").await;
    assert!(returns(&dispatch).await.is_empty());
    assert!(dispatch.is_named(&mut cursor).await);
}

/// Only some units come of a return of one line; the shipment in which Tryton
/// expects the rest.
async fn received_in_part(dispatch: &Dispatch, sale: u64, units: u64) -> u64 {
    let first = dispatch.shipments(&sale.to_string(), "shipment_returns").await[0];
    let domain = json!([["id", "=", first]]);
    let moves = dispatch.lab.records(RETURN, domain, &["incoming_moves"]).await;
    let one = moves[0]["incoming_moves"][0].as_u64().unwrap();
    dispatch.put("stock.move", one, json!({"quantity": units})).await;
    dispatch.press(RETURN, first, "receive").await;
    let rest = *dispatch.shipments(&sale.to_string(), "shipment_returns").await.last().unwrap();
    assert_ne!(rest, first);
    rest
}

/// What "Ignore" does, of all that was cancelled of a sale's one goods line.
async fn ignored(dispatch: &Dispatch, sale: u64) {
    let domain = json!([["sale", "=", sale], ["note", "=", "weir:line:100"]]);
    let lines = dispatch.lab.records("sale.line", domain, &["moves.state"]).await;
    let moves = lines[0]["moves"].as_array().unwrap().iter();
    let cancelled: Vec<&Value> =
        moves.filter(|one| one["state"] == "cancelled").map(|one| &one["id"]).collect();
    assert!(!cancelled.is_empty());
    let line = lines[0]["id"].as_u64().unwrap();
    dispatch.put("sale.line", line, json!({"moves_ignored": [["add", cancelled]]})).await;
    dispatch.press("sale.sale", sale, "process").await;
}

#[tokio::test]
async fn a_return_of_which_the_rest_never_comes_has_the_units_that_came() {
    let Some(lab) = lab() else { return };
    let dispatch = delivered(lab).await;
    let sale = dispatch.returned(&[(100, "2")]).await;
    dispatch.process(sale).await;
    let rest = received_in_part(&dispatch, sale, 1).await;
    dispatch.press(RETURN, rest, "cancel").await;
    assert!(returns(&dispatch).await.is_empty(), "nobody has said yet that it never comes");
    let mut cursor = dispatch.cursor().await;
    ignored(&dispatch, sale).await;
    let domain = json!([["id", "=", sale]]);
    let fields = ["shipment_state", "lines.note", "lines.actual_quantity"];
    let booked = dispatch.lab.records("sale.sale", domain, &fields).await.remove(0);
    assert_eq!(booked["shipment_state"], "sent");
    let line = booked["lines"].as_array().unwrap().iter().find(|line| line["note"] == "weir:line:100");
    assert_eq!(line.unwrap()["actual_quantity"].as_f64(), Some(-2.0), "what was invoiced");
    assert!(dispatch.is_named(&mut cursor).await);
    let back = returns(&dispatch).await;
    assert_eq!(lines(&back[0]), [(Some(100), dispatch.items[0].clone(), "1".to_owned())]);
    let net = back[0].credit.totals.as_ref().unwrap().net;
    assert_eq!(net, decimal("-22.68"), "the document still gives back for both");
    // Put away, it is the same.
    let first = dispatch.shipments(&sale.to_string(), "shipment_returns").await[0];
    assert_eq!(dispatch.press(RETURN, first, "do").await, "done");
    assert_eq!(returns(&dispatch).await, back);
}

#[tokio::test]
async fn a_return_in_another_unit_is_in_the_one_that_was_sold() {
    let Some(lab) = lab() else { return };
    let dispatch = delivered(lab).await;
    let sale = dispatch.returned(&[(100, "2")]).await;
    let pair = dispatch.lab.pair().await;
    let domain = json!([["sale", "=", sale], ["note", "=", "weir:line:100"]]);
    let line = dispatch.lab.records("sale.line", domain, &["unit"]).await[0]["id"].as_u64().unwrap();
    dispatch.put("sale.line", line, json!({"quantity": -1, "unit": pair})).await;
    dispatch.process(sale).await;
    let back = dispatch.shipments(&sale.to_string(), "shipment_returns").await[0];
    dispatch.press(RETURN, back, "receive").await;
    let found = returns(&dispatch).await;
    assert_eq!(lines(&found[0]), [(Some(100), dispatch.items[0].clone(), "2".to_owned())]);
}

#[tokio::test]
async fn a_credit_for_a_refund_of_the_shop_is_no_return() {
    let Some(lab) = lab() else { return };
    let dispatch = delivered(lab).await;
    let mut credit = dispatch.order.clone();
    credit.key = DocumentKey::of_refund(dispatch.key(), RefundId(fresh_id()));
    credit.origin = Some(dispatch.sale.id.clone());
    credit.lines.truncate(1);
    let line = &mut credit.lines[0];
    (line.quantity, line.net, line.tax) = (decimal("-1"), decimal("-11.34"), decimal("-2.15"));
    credit.totals.net = decimal("-11.34");
    credit.totals.tax = decimal("-2.15");
    credit.totals.gross = decimal("-13.49");
    let draft = created(&dispatch.erp, &credit).await;
    let booked = dispatch.erp.confirm(&draft, &credit).await.unwrap();
    assert_eq!(booked.totals.as_ref(), Some(&credit.totals));
    let back = dispatch.shipments(&booked.id, "shipment_returns").await[0];
    assert_eq!(dispatch.press(RETURN, back, "receive").await, "received");
    assert!(returns(&dispatch).await.is_empty());
    // What people take back beside it is one.
    let sale = dispatch.returned(&[(100, "1")]).await;
    dispatch.process(sale).await;
    let back = dispatch.shipments(&sale.to_string(), "shipment_returns").await[0];
    dispatch.press(RETURN, back, "receive").await;
    let ids: Vec<String> = returns(&dispatch).await.into_iter().map(|one| one.id.0).collect();
    assert_eq!(ids, [sale.to_string()]);
}

#[tokio::test]
async fn a_line_that_people_added_is_of_no_line_of_the_shop() {
    let Some(lab) = lab() else { return };
    let dispatch = delivered(lab).await;
    let sale = dispatch.returned(&[(100, "1")]).await;
    let found = dispatch.lab.records("sale.sale", json!([["id", "=", sale]]), &["lines.note"]).await;
    let lines_of = found[0]["lines"].as_array().unwrap();
    let one = lines_of.iter().find(|line| line["note"] == "weir:line:100").unwrap()["id"].clone();
    dispatch.put("sale.line", one.as_u64().unwrap(), json!({"note": "broken"})).await;
    dispatch.process(sale).await;
    let back = dispatch.shipments(&sale.to_string(), "shipment_returns").await[0];
    dispatch.press(RETURN, back, "receive").await;
    let found = returns(&dispatch).await;
    assert_eq!(lines(&found[0]), [(None, dispatch.items[0].clone(), "1".to_owned())]);
}

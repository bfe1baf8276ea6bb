//! The feed of orders: what it names, and what it does not.

use reqwest::Method;
use serde_json::json;
use weir_domain::ports::DocumentState;
use weir_domain::sales::Release;

use crate::lab::{Row, created, lab};
use crate::warehouse::{Dispatch, OUT, cursor, drain};

const ROW: [Row<'_>; 1] = [("", "2", "20.00", "3.80", &["de-19"])];

#[tokio::test]
async fn an_order_is_not_named_for_being_booked() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let mut cursor = cursor(&*erp).await;
    let reserved = Dispatch::released(lab.clone(), &ROW, Release::Reserve).await;
    let processing = Dispatch::new(lab, &ROW).await;
    let shipment = processing.shipment().await;
    processing.pick(shipment).await;
    processing.package(shipment, &processing.items[0], Some("1Z")).await;
    processing.press(OUT, shipment, "pack").await;
    let named = drain(&*erp, &mut cursor).await;
    assert!(!named.contains(reserved.key()) && !named.contains(processing.key()));
}

#[tokio::test]
async fn a_sale_that_people_cancelled_is_named_once_and_again_from_a_lost_cursor() {
    let Some(lab) = lab() else { return };
    let dispatch = Dispatch::released(lab, &ROW, Release::Reserve).await;
    let mut cursor = dispatch.cursor().await;
    dispatch.lab.press(&dispatch.sale, "cancel").await;
    assert!(dispatch.is_named(&mut cursor).await);
    assert!(!dispatch.is_named(&mut cursor).await);
    assert_eq!(dispatch.deliveries().await.sale.state, DocumentState::Cancelled);
    // Of another version, or nobody's: a day is read again.
    assert!(dispatch.is_named(&mut "not one of ours".to_owned()).await);
}

#[tokio::test]
async fn a_second_life_is_its_orders() {
    let Some(lab) = lab() else { return };
    let dispatch = Dispatch::released(lab, &ROW, Release::Reserve).await;
    dispatch.lab.press(&dispatch.sale, "cancel").await;
    let mut cursor = dispatch.cursor().await;
    let mut again = dispatch.order.clone();
    again.key.generation = again.key.generation.next();
    again.release = Release::Ship;
    let draft = created(&dispatch.erp, &again).await;
    let sale = dispatch.erp.confirm(&draft, &again).await.unwrap();
    assert!(!dispatch.is_named(&mut cursor).await);
    let second = Dispatch { order: again, sale, ..dispatch };
    let shipment = second.shipment().await;
    second.pick(shipment).await;
    second.press(OUT, shipment, "pack").await;
    second.press(OUT, shipment, "ship").await;
    assert!(second.is_named(&mut cursor).await);
    assert_eq!(second.parcels().await.len(), 1);
}

#[tokio::test]
async fn hundreds_of_packages_of_one_instant_do_not_hold_it_up() {
    let Some(lab) = lab() else { return };
    let (packed, sent) = (Dispatch::new(lab.clone(), &ROW).await, Dispatch::new(lab, &ROW).await);
    let shipment = sent.shipment().await;
    sent.pick(shipment).await;
    for button in ["pack", "ship"] {
        sent.press(OUT, shipment, button).await;
    }
    let mut cursor = sent.cursor().await;
    // As many as two calls read, of a shipment that is still here; the last
    // one of the transaction is of the other.
    let kind = sent.lab.raw(Method::POST, "stock.package.type?f=name", Some(json!({"name": "Bag"}))).await;
    let package = |shipment: u64| {
        let shipment = format!("{OUT},{shipment}");
        json!({"type": kind["id"], "company": sent.lab.company(), "shipment": shipment})
    };
    let mut packages = vec![package(packed.shipment().await); 400];
    packages.push(package(shipment));
    sent.lab.raw(Method::POST, "stock.package/create", Some(json!({"vlist": packages}))).await;
    let named = drain(&*sent.erp, &mut cursor).await;
    assert!(named.contains(sent.key()) && !named.contains(packed.key()));
    assert!(!sent.is_named(&mut cursor).await);
}

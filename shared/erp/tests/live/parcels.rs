//! Shipments become parcels when they have left.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;
use weir_domain::fulfilment::Parcel;
use weir_domain::ports::DocumentState;

use crate::lab::{Row, lab, now};
use crate::warehouse::{Dispatch, OUT};

const ROWS: [Row<'_>; 3] = [
    ("", "3", "30.00", "5.70", &["de-19"]),
    ("", "2", "20.00", "3.80", &["de-19"]),
    ("SHIP-STD", "1", "5.00", "0.95", &["de-19"]),
];

#[tokio::test]
async fn a_sale_in_two_parcels_through_all_states() {
    let Some(lab) = lab() else { return };
    let dispatch = Dispatch::new(lab, &ROWS).await;
    let mut cursor = dispatch.cursor().await;
    let nothing = async |state: &str| {
        let deliveries = dispatch.deliveries().await;
        assert!(deliveries.parcels.is_empty() && deliveries.returns.is_empty(), "{state}");
        assert_eq!(deliveries.goods, BTreeSet::from([100, 101]), "{state}: shipping never leaves");
        assert_eq!(deliveries.sale, dispatch.erp.find(&dispatch.order.key).await.unwrap().unwrap());
    };
    nothing("processing").await;
    let shipment = dispatch.shipment().await;
    dispatch.pick(shipment).await;
    nothing("picked").await;
    let packages = [
        dispatch.package(shipment, &dispatch.items[0], Some("1Z-FIRST")).await,
        dispatch.package(shipment, &dispatch.items[1], Some("1Z-SECOND")).await,
    ];
    assert_eq!(dispatch.press(OUT, shipment, "pack").await, "packed");
    nothing("packed").await;
    assert!(!dispatch.is_named(&mut cursor).await, "nothing has left");

    let before = now();
    assert_eq!(dispatch.press(OUT, shipment, "ship").await, "shipped");
    assert!(dispatch.is_named(&mut cursor).await, "shipped");
    assert!(!dispatch.is_named(&mut cursor).await, "named once");
    let shipped = dispatch.deliveries().await;
    let parcel = |at: usize, tracking: &str, units: &str| {
        let units = vec![(100 + at as u64, units.to_owned())];
        (format!("{shipment}/{}", packages[at]), Some(tracking.to_owned()), units)
    };
    assert_eq!(dispatch.parcels().await, [parcel(0, "1Z-FIRST", "3"), parcel(1, "1Z-SECOND", "2")]);
    for one in &shipped.parcels {
        assert_eq!((one.carrier.as_deref(), &one.link), (Some("Carrier SHIP-STD"), &None));
        let late = one.shipped_at.duration_since(before).as_secs();
        assert!((-2..60).contains(&late), "{late}");
    }
    assert_eq!(shipped.parcels[0].lines[0].item, dispatch.items[0]);

    assert_eq!(dispatch.press(OUT, shipment, "do").await, "done");
    assert!(dispatch.is_named(&mut cursor).await, "done");
    let done = dispatch.deliveries().await;
    assert_eq!(done.parcels, shipped.parcels, "what was shown stays as it is");
    assert_eq!(done.sale.state, DocumentState::Processing);

    dispatch.put("stock.package", packages[1], json!({"shipping_reference": "1Z-CORRECTED"})).await;
    assert!(dispatch.is_named(&mut cursor).await, "corrected");
    let corrected = dispatch.deliveries().await.parcels;
    assert_eq!(corrected[0], done.parcels[0]);
    assert_eq!(corrected[1].id, done.parcels[1].id);
    assert_ne!(corrected[1].version(), done.parcels[1].version());
    assert_eq!(corrected[1].tracking.as_deref(), Some("1Z-CORRECTED"));
    assert!(!dispatch.is_named(&mut cursor).await);
}

#[tokio::test]
async fn what_is_left_over_is_another_parcel_later() {
    let Some(lab) = lab() else { return };
    let dispatch = Dispatch::new(lab, &[("", "5", "50.00", "9.50", &["de-19"])]).await;
    let first = dispatch.shipment().await;
    // Three are on the shelf.
    let picked = dispatch.moves(first, "inventory_moves").await;
    dispatch.put("stock.move", picked[0].0, json!({"quantity": 3})).await;
    dispatch.pick(first).await;
    dispatch.press(OUT, first, "pack").await;
    dispatch.put(OUT, first, json!({"shipping_reference": "1Z-ALONE"})).await;
    dispatch.press(OUT, first, "ship").await;
    let parcel = |id: u64, tracking: Option<&str>, units: &str| {
        (id.to_string(), tracking.map(str::to_owned), vec![(100, units.to_owned())])
    };
    assert_eq!(dispatch.parcels().await, [parcel(first, Some("1Z-ALONE"), "3")]);
    dispatch.press(OUT, first, "do").await;
    let second = dispatch.shipment().await;
    assert_ne!(second, first, "the rest");
    assert_eq!(dispatch.parcels().await, [parcel(first, Some("1Z-ALONE"), "3")]);
    dispatch.pick(second).await;
    dispatch.press(OUT, second, "pack").await;
    dispatch.press(OUT, second, "do").await;
    let both = [parcel(first, Some("1Z-ALONE"), "3"), parcel(second, None, "2")];
    assert_eq!(dispatch.parcels().await, both, "done without having been shipped first");
}

/// People write what is packed in pairs; it is what was ordered.
#[tokio::test]
async fn a_parcel_is_in_the_unit_of_its_order() {
    let Some(lab) = lab() else { return };
    let dispatch = Dispatch::new(lab, &[("", "4", "40.00", "7.60", &["de-19"])]).await;
    let shipment = dispatch.shipment().await;
    let pair = dispatch.lab.pair().await;
    for field in ["inventory_moves", "outgoing_moves"] {
        let one = dispatch.moves(shipment, field).await[0].0;
        dispatch.put("stock.move", one, json!({"quantity": 2, "unit": pair})).await;
    }
    dispatch.pick(shipment).await;
    dispatch.press(OUT, shipment, "pack").await;
    dispatch.press(OUT, shipment, "ship").await;
    let four = [(shipment.to_string(), None, vec![(100, "4".to_owned())])];
    assert_eq!(dispatch.parcels().await, four);
}

#[tokio::test]
async fn a_shipment_that_was_cancelled_is_no_parcel() {
    let Some(lab) = lab() else { return };
    let dispatch = Dispatch::new(lab, &[("", "2", "20.00", "3.80", &["de-19"])]).await;
    let shipment = dispatch.shipment().await;
    dispatch.pick(shipment).await;
    dispatch.package(shipment, &dispatch.items[0], Some("1Z-GONE")).await;
    dispatch.press(OUT, shipment, "pack").await;
    dispatch.press(OUT, shipment, "ship").await;
    assert_eq!(dispatch.parcels().await.len(), 1);
    let mut cursor = dispatch.cursor().await;
    assert_eq!(dispatch.press(OUT, shipment, "cancel").await, "cancelled");
    assert!(dispatch.parcels().await.is_empty());
    assert!(dispatch.is_named(&mut cursor).await);
}

#[tokio::test]
async fn two_orders_in_one_shipment_have_a_parcel_each() {
    let Some(lab) = lab() else { return };
    let first = Dispatch::new(lab.clone(), &[("", "2", "20.00", "3.80", &["de-19"])]).await;
    let second = Dispatch::new(lab, &[("", "4", "40.00", "7.60", &["de-19"])]).await;
    // People put the second's goods into the first's shipment.
    let (shipment, other) = (first.shipment().await, second.shipment().await);
    for (button, model, id) in [("draft", OUT, shipment), ("draft", OUT, other)] {
        first.press(model, id, button).await;
    }
    let moves = second.moves(other, "outgoing_moves").await;
    first.put("stock.move", moves[0].0, json!({"shipment": format!("{OUT},{shipment}")})).await;
    first.press(OUT, shipment, "wait").await;
    first.pick(shipment).await;
    let box_of_both = first.package(shipment, &first.items[0], Some("1Z-BOTH")).await;
    first.put("stock.package", box_of_both, json!({"moves": [["add", [moves[0].0]]]})).await;
    first.press(OUT, shipment, "pack").await;
    let (mut of_first, mut of_second) = (first.cursor().await, second.cursor().await);
    first.press(OUT, shipment, "ship").await;
    let id = format!("{shipment}/{box_of_both}");
    let tracking = Some("1Z-BOTH".to_owned());
    let parcel = |units: &str| [(id.clone(), tracking.clone(), vec![(100, units.to_owned())])];
    assert_eq!((first.parcels().await, second.parcels().await), (parcel("2").into(), parcel("4").into()));
    assert!(first.is_named(&mut of_first).await && second.is_named(&mut of_second).await);
}

#[tokio::test]
async fn a_package_in_a_package_is_one_parcel() {
    let Some(lab) = lab() else { return };
    let dispatch = Dispatch::new(lab, &ROWS[..2]).await;
    let shipment = dispatch.shipment().await;
    dispatch.pick(shipment).await;
    let outer = dispatch.package(shipment, &dispatch.items[0], Some("1Z-OUTER")).await;
    let inner = dispatch.package(shipment, &dispatch.items[1], None).await;
    dispatch.put("stock.package", inner, json!({"parent": outer})).await;
    dispatch.press(OUT, shipment, "pack").await;
    dispatch.press(OUT, shipment, "ship").await;
    let units = vec![(100, "3".to_owned()), (101, "2".to_owned())];
    let expected = (format!("{shipment}/{outer}"), Some("1Z-OUTER".to_owned()), units);
    assert_eq!(dispatch.parcels().await, [expected]);
    // A number that comes later, for a box that came later.
    let mut cursor = dispatch.cursor().await;
    let kind =
        dispatch.lab.raw(Method::POST, "stock.package.type?f=name", Some(json!({"name": "Bag"}))).await;
    let late = json!({
        "shipment": format!("{OUT},{shipment}"), "type": kind["id"], "company": dispatch.lab.company(),
    });
    dispatch.lab.raw(Method::POST, "stock.package?f=number", Some(late)).await;
    assert!(dispatch.is_named(&mut cursor).await);
}

#[tokio::test]
async fn a_carriers_name_is_its_partys() {
    let Some(lab) = lab() else { return };
    let dispatch = Dispatch::new(lab, &[("", "1", "10.00", "1.90", &["de-19"])]).await;
    let shipment = dispatch.shipment().await;
    let before = dispatch.lab.records(OUT, json!([["id", "=", shipment]]), &["carrier"]).await;
    assert!(before[0]["carrier"].is_null(), "our sales name none; people choose one");
    for button in ["assign_try", "pick", "pack", "ship"] {
        dispatch.press(OUT, shipment, button).await;
    }
    let carriers = async || {
        let parcels: Vec<Parcel> = dispatch.deliveries().await.parcels;
        parcels.into_iter().map(|parcel| parcel.carrier).collect::<Vec<_>>()
    };
    assert_eq!(carriers().await, [None]);
    dispatch.put(OUT, shipment, json!({"carrier": dispatch.lab.carrier()})).await;
    assert_eq!(carriers().await, [Some("Carrier SHIP-STD".to_owned())]);
}

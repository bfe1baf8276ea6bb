//! Recorded answers of a running Tryton, read with the types used here. Read
//! in place; absent recordings are announced.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weir_testkit::recordings::json_files;

use super::super::sale::SALE;
use super::super::wire::WireInstant;
use super::SoldLine;
use super::returns::ReturnShipment;
use super::shipments::{Extras, SHIPMENT, Shipment, parcels, reference};

fn bodies() -> Option<BTreeMap<String, Value>> {
    let recorded = json_files("erp/tryton")?;
    Some(
        recorded
            .into_iter()
            .map(|(name, mut exchange)| (name, exchange["response"]["body"].take()))
            .collect(),
    )
}

/// A recorded shipment as it is asked for here: with when it was made, with
/// the party that its carrier's name begins with, and with its moves' origins.
fn shipment(mut body: Value) -> Shipment {
    body["create_date"] = serde_json::to_value(WireInstant("2026-11-23T20:17:53Z".parse().unwrap())).unwrap();
    let name = body["carrier"]["rec_name"].as_str().unwrap().split_once(" - ").unwrap().0.to_owned();
    body["carrier"]["party"] = json!({"name": name});
    let piece = json!({"id": 1, "factor": 1.0, "rate": 1.0, "digits": 0});
    let mut outgoing = Vec::new();
    for package in body["packages"].as_array().unwrap() {
        for one in package["moves"].as_array().unwrap() {
            let mut one = one.clone();
            one["package"] = package["id"].clone();
            one["origin"] = json!("sale.line,1");
            one["state"] = json!("assigned");
            one["unit"] = piece.clone();
            outgoing.push(one);
        }
    }
    body["outgoing_moves"] = outgoing.into();
    serde_json::from_value(body).unwrap()
}

#[test]
fn a_shipped_package_is_a_parcel() {
    let Some(mut recorded) = bodies() else { return };
    let shipment = shipment(recorded.remove("91-shipment-tracking").unwrap());
    let lines = BTreeMap::from([(1, SoldLine { of: Some(101), unit: None })]);
    let all = Extras { carrier: true, packages: true, tracking: true };
    let parcels = parcels(&[shipment], &lines, &BTreeMap::new(), &all).unwrap();
    assert_eq!(parcels.len(), 1);
    let parcel = &parcels[0];
    assert_eq!((parcel.id.0.as_str(), parcel.carrier.as_deref()), ("2/1", Some("UPS")));
    assert_eq!((parcel.tracking.as_deref(), &parcel.link), (Some("1Z999AA10123456784"), &None));
    assert_eq!((parcel.lines[0].item.as_str(), parcel.lines[0].quantity), ("SKU-010", 7.into()));
}

/// That is why a parcel's date comes from the log.
#[test]
fn a_shipment_has_a_date_only_when_it_is_done() {
    let Some(recorded) = bodies() else { return };
    let date = |name: &str| &recorded[name]["effective_date"];
    assert!(date("19-shipment-read-waiting").is_null());
    assert_eq!(date("25-shipment-read-done")["__class__"], "date");
}

#[test]
fn states_of_return_shipments_are_known() {
    let Some(recorded) = bodies() else { return };
    let shown = |body: &Value| {
        let shipment: ReturnShipment = serde_json::from_value(body.clone()).unwrap();
        format!("{:?}", shipment.state)
    };
    assert_eq!(shown(&recorded["46-return-read"]["shipment_returns"][0]), "Open");
    assert_eq!(shown(&recorded["47-return-shipment-receive"]), "Received");
    assert_eq!(shown(&recorded["48-return-shipment-do"]), "Done");
}

#[test]
fn references_are_written_like_this() {
    let Some(recorded) = bodies() else { return };
    let origin = recorded["42-return-sale-create-2"]["origin"].as_str().unwrap();
    assert_eq!(reference(origin, SALE), Some(1));
    assert_eq!(reference(origin, SHIPMENT), None);
}

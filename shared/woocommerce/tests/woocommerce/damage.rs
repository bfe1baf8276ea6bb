//! Whatever arrives, reading it ends in a value.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use weir_domain::config::StoreConfig;
use weir_domain::id::OrderId;
use weir_domain::outcome::CallError;
use weir_domain::ports::{Adjustment, Change};
use weir_testkit::events;
use weir_woocommerce::canonical::order;
use weir_woocommerce::delivery::{Topic, understand};
use weir_woocommerce::fulfilment::entries::{Entries, removal};
use weir_woocommerce::fulfilment::status::{given, is_refused, statuses};
use weir_woocommerce::fulfilment::{Plugin, Reference, fulfillments, made, notes, trackings};
use weir_woocommerce::stock::{adjusted, product, products, sales};

static STORE: LazyLock<StoreConfig> = LazyLock::new(|| {
    serde_json::from_value(json!({
        "store": "lights", "url": "https://lights.example.com/", "secret": "weir/lights",
        "entities": [{"entity": "de", "erp": "books"}],
        "metadata": ["_gift_message"], "vat_id_key": "_vat_number",
        "tender": [
            {"plugin": "field", "name": "gift_cards"},
            {"plugin": "metadata", "key": "_gift_card_applied"},
            {"plugin": "fee", "name": "Store credit"},
        ],
    }))
    .unwrap()
});

/// The bodies of all samples that are objects or lists.
static BODIES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let bodies = events::all("woocommerce").into_iter().map(|sample| sample.json()["body"].clone());
    bodies.filter(|body| body.is_object() || body.is_array()).collect()
});

/// Reads it in every way there is. Whatever is an order has totals that can
/// be computed; whatever is none has an error that quotes nothing.
fn read(body: &[u8]) {
    for topic in ["order.updated", "order.deleted", "product.updated"] {
        let _ = understand(topic.parse::<Topic>().unwrap(), body);
    }
    let id = serde_json::from_slice::<Value>(body).ok().and_then(|body| body["id"].as_u64());
    match order(&STORE, OrderId(id.unwrap_or(7001)), body) {
        Ok(order) => {
            let _ = (order.totals(), order.residuals(STORE.rounding_cap), order.version());
        }
        Err(error) => assert!(!format!("{error} {error:?}").to_lowercase().contains("canary"), "{error}"),
    }
    read_stock(id, body);
    read_fulfilment(id, body);
}

/// In every way that is about the way back. Nothing of it is taken for an
/// entry of ours that could not be taken away by its name.
fn read_fulfilment(id: Option<u64>, body: &[u8]) {
    let order = OrderId(id.unwrap_or(7001));
    let entries = Entries::read(order, body);
    if let Ok(entries) = &entries {
        for shown in entries.shown() {
            let id = shown.id.unwrap().0;
            assert_eq!(Reference::read(&shown.reference), Some(Reference::Entry(id.clone())));
            let request: Value = serde_json::from_str(&removal(&id).unwrap()).unwrap();
            let row = json!({ "key": request["meta_data"][0]["key"], "value": "spoilt" });
            let echo = json!({ "id": order.0, "meta_data": [row] }).to_string();
            assert!(Entries::read(order, echo.as_bytes()).unwrap().has(&id), "{id}");
        }
    }
    let trackings = Plugin::ALL.map(|plugin| trackings::listed(plugin, body).err());
    let others = [notes::texts(body).err(), fulfillments::listed(body).err(), entries.err()];
    for error in trackings.into_iter().chain(others).flatten() {
        assert!(!format!("{error} {error:?}").to_lowercase().contains("canary"), "{error}");
    }
    let _ = (made(body), statuses(body), is_refused(body), given(order, body), trackings::carriers(body));
    for fulfillment in fulfillments::listed(body).unwrap_or_default() {
        let _ = fulfillment.shown();
    }
}

/// In every way that is about stock. Of a batch, all items are answered or it
/// is not known what became of any.
fn read_stock(id: Option<u64>, body: &[u8]) {
    let asked: Vec<Adjustment> = ["601", "602", "605"]
        .iter()
        .map(|id| Adjustment { id: id.parse().unwrap(), parent: None, change: Change::By(1.into()) })
        .collect();
    let batch = adjusted(&asked, body);
    match &batch {
        Ok(answers) => assert_eq!(answers.len(), asked.len()),
        Err(error) => assert!(matches!(error, CallError::Unknown { .. }), "{error}"),
    }
    let errors =
        [batch.err(), products(body).err(), product(id.unwrap_or(601), body).err(), sales(body).err()];
    for error in errors.into_iter().flatten() {
        assert!(!format!("{error} {error:?}").to_lowercase().contains("canary"), "{error}");
    }
}

/// Every place in a document: the values that can be replaced.
fn places(value: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match value {
        Value::Array(list) => {
            for (index, element) in list.iter().enumerate() {
                places(element, &format!("{path}/{index}"), found);
            }
        }
        Value::Object(object) => {
            for (key, element) in object {
                places(element, &format!("{path}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        _ => {}
    }
}

fn oddities() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!("canary"),
        json!("999999999999999"),
        json!("-0.0000000000000000000000000001"),
        json!("0000-00-00T00:00:00"),
        json!("9999-12-31T23:59:59"),
        json!([]),
        json!({}),
        json!([[]]),
        json!([null]),
        json!({"amount": "canary"}),
        json!({"0": {"id": 1, "total": "1"}}),
    ]
}

#[test]
fn every_place_of_the_samples_taken_by_every_oddity() {
    let mut tried = 0_u64;
    let mut seen = BTreeSet::new();
    for body in BODIES.iter() {
        let mut found = Vec::new();
        places(body, "", &mut found);
        // Once for each place, in the first sample that has it.
        for place in found.into_iter().filter(|place| seen.insert(place.clone())) {
            for oddity in oddities() {
                let mut damaged = body.clone();
                *damaged.pointer_mut(&place).unwrap() = oddity;
                read(&serde_json::to_vec(&damaged).unwrap());
                tried += 1;
            }
        }
    }
    println!("{tried} damaged documents read");
    assert!(tried > 5_000);
}

proptest! {
    #[test]
    fn any_bytes(body in prop::collection::vec(any::<u8>(), 0..500)) {
        read(&body);
    }

    #[test]
    fn samples_with_damaged_bytes(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut body = serde_json::to_vec(which.get(&BODIES)).unwrap();
        for (position, byte) in damage {
            let position = position.index(body.len());
            body[position] = byte;
        }
        body.truncate(cut.map_or(body.len(), |cut| cut.index(body.len())));
        read(&body);
    }
}

//! What a signed body says, as far as Weir believes it: which items, never
//! how many. `infra/openapi/erp-events.json` describes it to those who send.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use weir_domain::id::{EntityId, LocationId, Sku};

/// Bytes of one body.
pub const BODY_BYTES: usize = 1024 * 1024;
/// Items of one event.
pub const ITEMS: usize = 1_000;
/// Characters of one item's code.
pub const SKU_CHARS: usize = 200;

/// The stock of some items changed. A change of what is sent gets another
/// `type`, so that this one means the same for ever.
const STOCK_CHANGED: &str = "stock.changed";
/// Known, and nobody serves them yet: refused, so that nothing is lost
/// silently.
const NOT_SERVED: [&str; 4] = ["shipment.changed", "return.changed", "price.changed", "item.changed"];

/// The stock of some items changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockChanged {
    /// When, by the sender's clock.
    pub at: Timestamp,
    /// Whose stock.
    pub entity: EntityId,
    /// Which items, each once, in the sender's order.
    pub skus: Vec<Sku>,
    /// Where, if the sender says so.
    pub location: Option<LocationId>,
}

/// Why a signed event is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadEvent {
    /// More than [`BODY_BYTES`].
    #[error("the body is longer than 1 MiB")]
    TooLarge,
    /// Not JSON, or not an event.
    #[error("the body is no JSON object with type, timestamp (RFC 3339) and data")]
    NotAnEvent,
    /// Nobody ever heard of this type.
    #[error("this type of event is not known")]
    TypeUnknown,
    /// A type that is to come.
    #[error("nobody serves this type of event yet: do not send it")]
    NotServed,
    /// Not the shape of its type.
    #[error("data needs entity (a name) and skus (a list of text); location, if given, is a name")]
    Data,
    /// None, or more than [`ITEMS`].
    #[error("an event names 1 to 1,000 items")]
    ItemCount,
    /// Empty, longer than [`SKU_CHARS`], or with control characters.
    #[error("an item's code has 1 to 200 characters and no control characters")]
    Sku,
    /// No usable store sells this entity's stock from this ERP.
    #[error("no store sells the stock of this entity from this ERP")]
    EntityNotSold,
    /// The ERP's document has no such location.
    #[error("the ERP's document describes no such location")]
    LocationUnknown,
}

impl BadEvent {
    /// Stable, `snake_case`.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "body_too_large",
            Self::NotAnEvent => "not_an_event",
            Self::TypeUnknown => "type_unknown",
            Self::NotServed => "kind_not_served",
            Self::Data => "data_invalid",
            Self::ItemCount => "items_out_of_range",
            Self::Sku => "sku_invalid",
            Self::EntityNotSold => "entity_not_sold",
            Self::LocationUnknown => "location_unknown",
        }
    }

    /// The HTTP status to answer with.
    pub fn status(self) -> u16 {
        match self {
            Self::NotAnEvent | Self::TypeUnknown | Self::Data | Self::ItemCount | Self::Sku => 400,
            Self::TooLarge => 413,
            // No 5xx: nothing failed here, and sending it again changes nothing.
            Self::EntityNotSold | Self::LocationUnknown | Self::NotServed => 422,
        }
    }
}

#[derive(Deserialize)]
struct Envelope {
    r#type: String,
    timestamp: Timestamp,
    data: Value,
}

/// Whatever else is sent is left out, quantities first of all.
#[derive(Deserialize)]
struct StockData {
    entity: EntityId,
    skus: Vec<String>,
    #[serde(default)]
    location: Option<LocationId>,
}

/// Reads a signed body.
pub fn read(body: &[u8]) -> Result<StockChanged, BadEvent> {
    if body.len() > BODY_BYTES {
        return Err(BadEvent::TooLarge);
    }
    let Envelope { r#type, timestamp, data } =
        serde_json::from_slice(body).map_err(|_| BadEvent::NotAnEvent)?;
    match r#type.as_str() {
        STOCK_CHANGED => stock_changed(timestamp, data),
        known if NOT_SERVED.contains(&known) => Err(BadEvent::NotServed),
        _ => Err(BadEvent::TypeUnknown),
    }
}

fn stock_changed(at: Timestamp, data: Value) -> Result<StockChanged, BadEvent> {
    let StockData { entity, skus, location } = serde_json::from_value(data).map_err(|_| BadEvent::Data)?;
    if skus.is_empty() || skus.len() > ITEMS {
        return Err(BadEvent::ItemCount);
    }
    if !skus.iter().all(|sku| is_sku(sku)) {
        return Err(BadEvent::Sku);
    }
    let mut seen = BTreeSet::new();
    let skus = skus.into_iter().filter(|sku| seen.insert(sku.clone())).map(Sku).collect();
    Ok(StockChanged { at, entity, skus, location })
}

fn is_sku(text: &str) -> bool {
    (1..=SKU_CHARS).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(r#type: &str, data: &Value) -> Vec<u8> {
        json!({"type": r#type, "timestamp": "2026-11-28T09:30:00Z", "data": data}).to_string().into_bytes()
    }

    fn stock(data: &Value) -> Result<StockChanged, BadEvent> {
        read(&event(STOCK_CHANGED, data))
    }

    #[test]
    fn only_which_items_is_believed() {
        let data = json!({
            "entity": "eu", "skus": ["B", "A", "B"], "location": "floor",
            "quantity": 7, "available": {"A": 12},
        });
        let expected = StockChanged {
            at: "2026-11-28T09:30:00Z".parse().unwrap(),
            entity: "eu".parse().unwrap(),
            skus: vec![Sku("B".into()), Sku("A".into())],
            location: Some("floor".parse().unwrap()),
        };
        assert_eq!(stock(&data), Ok(expected));
        assert_eq!(stock(&json!({"entity": "eu", "skus": ["A"], "location": null})).unwrap().location, None);
    }

    #[test]
    fn codes_are_taken_exactly_as_they_are_written() {
        let written = [" A ", "a", "Größe 4/4", "x\u{FFFE}", "🫖"];
        let read = stock(&json!({"entity": "eu", "skus": written})).unwrap().skus;
        assert_eq!(read.iter().map(|sku| sku.0.as_str()).collect::<Vec<_>>(), written);
    }

    #[test]
    fn limits_hold_on_both_sides() {
        let skus = |count: usize| (0..count).map(|n| format!("SKU-{n}")).collect::<Vec<_>>();
        let count = |count| stock(&json!({"entity": "eu", "skus": skus(count)})).map(|read| read.skus.len());
        assert_eq!(
            [0, 1, 1_000, 1_001].map(count),
            [Err(BadEvent::ItemCount), Ok(1), Ok(1_000), Err(BadEvent::ItemCount)]
        );
        let named =
            |sku: &str| stock(&json!({"entity": "eu", "skus": ["A", sku]})).map(|read| read.skus.len());
        assert_eq!(named(&"é".repeat(200)), Ok(2));
        for bad in ["", &"é".repeat(201), "A\n", "\u{7f}"] {
            assert_eq!(named(bad), Err(BadEvent::Sku), "{bad:?}");
        }
        let fitting = vec!["é".repeat(200); 1_000];
        let largest = event(STOCK_CHANGED, &json!({"entity": "eu", "skus": fitting}));
        assert!(largest.len() < BODY_BYTES && read(&largest).is_ok(), "what is allowed fits");
        assert_eq!(read(&vec![b' '; BODY_BYTES + 1]), Err(BadEvent::TooLarge));
        assert_eq!(read(&vec![b' '; BODY_BYTES]), Err(BadEvent::NotAnEvent));
    }

    #[test]
    fn what_is_no_event_is_refused() {
        let good = json!({"type": STOCK_CHANGED, "timestamp": "2026-11-28T09:30:00Z", "data": {}});
        for body in ["", "null", "[]", "{}", "\u{feff}{}"] {
            assert_eq!(read(body.as_bytes()), Err(BadEvent::NotAnEvent), "{body}");
        }
        for (field, value) in [("type", json!(1)), ("timestamp", json!(1)), ("timestamp", json!("today"))] {
            let mut bad = good.clone();
            bad[field] = value;
            assert_eq!(read(bad.to_string().as_bytes()), Err(BadEvent::NotAnEvent), "{bad}");
        }
        let twice = good.to_string().replacen('{', r#"{"type": "stock.changed", "#, 1);
        assert_eq!(read(twice.as_bytes()), Err(BadEvent::NotAnEvent), "which one was meant?");
        assert_eq!(read(&[0xFF, 0xFE]), Err(BadEvent::NotAnEvent));
    }

    #[test]
    fn data_has_the_shape_of_its_type() {
        for data in [
            json!(null),
            json!({"skus": ["A"]}),
            json!({"entity": "Europe", "skus": ["A"]}),
            json!({"entity": "eu", "skus": "A"}),
            json!({"entity": "eu", "skus": [1]}),
            json!({"entity": "eu", "skus": ["A"], "location": "The floor"}),
            json!({"entity": "eu", "skus": ["A"], "location": 3}),
        ] {
            assert_eq!(stock(&data), Err(BadEvent::Data), "{data}");
        }
    }

    #[test]
    fn what_nobody_serves_is_refused_whatever_it_holds() {
        for r#type in NOT_SERVED {
            assert_eq!(read(&event(r#type, &json!({"anything": true}))), Err(BadEvent::NotServed));
        }
        for r#type in ["stock", "stock.changed.v2", "Stock.Changed", ""] {
            assert_eq!(read(&event(r#type, &json!({}))), Err(BadEvent::TypeUnknown), "{type}");
        }
    }
}

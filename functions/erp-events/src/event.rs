//! What a signed body says, as far as Weir believes it: which items or orders,
//! never how many or what of them. `infra/openapi/erp-events.json` describes
//! it to those who send.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use weir_domain::id::{EntityId, LocationId, OrderId, Sku, StoreId};

/// Bytes of one body.
pub const BODY_BYTES: usize = 1024 * 1024;
/// Items of one event.
pub const ITEMS: usize = 1_000;
/// Characters of one item's code.
pub const SKU_CHARS: usize = 200;
/// References of orders in one event.
pub const ORDERS: usize = 1_000;
/// Digits of the number of an order or a refund: more than any shop has.
const ID_DIGITS: usize = 19;
/// Digits of the number of an order's life.
const LIFE_DIGITS: usize = 9;

/// The stock of some items changed. A change of what is sent gets another
/// `type`, so that this one means the same for ever.
const STOCK_CHANGED: &str = "stock.changed";
/// Something of some orders changed: a parcel left, goods came back, a sales
/// order was cancelled. All are answered by the same look at the order.
const ORDERS_CHANGED: [&str; 3] = ["shipment.changed", "return.changed", "order.changed"];
/// Known, and nobody serves them yet: refused, so that nothing is lost
/// silently.
const NOT_SERVED: [&str; 2] = ["price.changed", "item.changed"];

/// What a body says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Of items.
    Stock(StockChanged),
    /// Of orders.
    Orders(OrdersChanged),
}

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

/// Something of some orders changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrdersChanged {
    /// When, by the sender's clock.
    pub at: Timestamp,
    /// The event's type, for the log.
    pub kind: &'static str,
    /// Whose orders.
    pub store: StoreId,
    /// Which orders, each once, in the sender's order.
    pub orders: Vec<OrderId>,
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
    StockData,
    /// Not the shape of its type.
    #[error("data needs store (a name) and orders (a list of text)")]
    OrderData,
    /// None, or more than [`ITEMS`].
    #[error("an event names 1 to 1,000 items")]
    ItemCount,
    /// Empty, longer than [`SKU_CHARS`], or with control characters.
    #[error("an item's code has 1 to 200 characters and no control characters")]
    Sku,
    /// None, or more than [`ORDERS`].
    #[error("an event names 1 to 1,000 orders")]
    OrderCount,
    /// Not as the ERP keeps the reference of one of our documents.
    #[error(
        "an order is named by our reference in the ERP: 4711, 4711.2 for its second life, 4711.r31 for a refund"
    )]
    Order,
    /// No usable store sells this entity's stock from this ERP.
    #[error("no store sells the stock of this entity from this ERP")]
    EntityNotSold,
    /// The ERP's document has no such location.
    #[error("the ERP's document describes no such location")]
    LocationUnknown,
    /// No store of this name is told of deliveries.
    #[error("there is no such store that is told of parcels and returns")]
    StoreNotServed,
}

impl BadEvent {
    /// Stable, `snake_case`.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLarge => "body_too_large",
            Self::NotAnEvent => "not_an_event",
            Self::TypeUnknown => "type_unknown",
            Self::NotServed => "kind_not_served",
            Self::StockData | Self::OrderData => "data_invalid",
            Self::ItemCount => "items_out_of_range",
            Self::Sku => "sku_invalid",
            Self::OrderCount => "orders_out_of_range",
            Self::Order => "order_invalid",
            Self::EntityNotSold => "entity_not_sold",
            Self::LocationUnknown => "location_unknown",
            Self::StoreNotServed => "store_not_served",
        }
    }

    /// The HTTP status to answer with.
    pub fn status(self) -> u16 {
        match self {
            Self::NotAnEvent
            | Self::TypeUnknown
            | Self::StockData
            | Self::OrderData
            | Self::ItemCount
            | Self::Sku
            | Self::OrderCount
            | Self::Order => 400,
            Self::TooLarge => 413,
            // No 5xx: nothing failed here, and sending it again changes nothing.
            Self::EntityNotSold | Self::LocationUnknown | Self::StoreNotServed | Self::NotServed => 422,
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

/// The same: tracking numbers and documents are read from the ERP.
#[derive(Deserialize)]
struct OrderData {
    store: StoreId,
    orders: Vec<String>,
}

/// Reads a signed body.
pub fn read(body: &[u8]) -> Result<Event, BadEvent> {
    if body.len() > BODY_BYTES {
        return Err(BadEvent::TooLarge);
    }
    let Envelope { r#type, timestamp, data } =
        serde_json::from_slice(body).map_err(|_| BadEvent::NotAnEvent)?;
    if let Some(kind) = ORDERS_CHANGED.into_iter().find(|kind| *kind == r#type) {
        return orders_changed(timestamp, kind, data).map(Event::Orders);
    }
    match r#type.as_str() {
        STOCK_CHANGED => stock_changed(timestamp, data).map(Event::Stock),
        known if NOT_SERVED.contains(&known) => Err(BadEvent::NotServed),
        _ => Err(BadEvent::TypeUnknown),
    }
}

fn stock_changed(at: Timestamp, data: Value) -> Result<StockChanged, BadEvent> {
    let StockData { entity, skus, location } =
        serde_json::from_value(data).map_err(|_| BadEvent::StockData)?;
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

fn orders_changed(at: Timestamp, kind: &'static str, data: Value) -> Result<OrdersChanged, BadEvent> {
    let OrderData { store, orders } = serde_json::from_value(data).map_err(|_| BadEvent::OrderData)?;
    if orders.is_empty() || orders.len() > ORDERS {
        return Err(BadEvent::OrderCount);
    }
    let orders: Option<Vec<OrderId>> = orders.iter().map(|reference| order_of(reference)).collect();
    let mut seen = BTreeSet::new();
    let orders = orders.ok_or(BadEvent::Order)?.into_iter().filter(|order| seen.insert(*order)).collect();
    Ok(OrdersChanged { at, kind, store, orders })
}

/// The order of a document that the ERP keeps under this reference, exactly as
/// [`DocumentKey::reference`](weir_domain::id::DocumentKey::reference) writes
/// it: whatever document of it changed, the order is looked at.
fn order_of(reference: &str) -> Option<OrderId> {
    let (order, document) = reference.split_once('.').map_or((reference, None), |(a, b)| (a, Some(b)));
    let is_ours = document.is_none_or(|document| match document.strip_prefix('r') {
        Some(refund) => number(refund, ID_DIGITS).is_some(),
        // The first life has no number.
        None => number(document, LIFE_DIGITS).is_some_and(|life| life > 1),
    });
    number(order, ID_DIGITS).filter(|_| is_ours).map(OrderId)
}

/// Digits only and no zero before them, so that a number has one spelling.
fn number(text: &str, longest: usize) -> Option<u64> {
    let is_number = (1..=longest).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number && !text.starts_with('0'))
}

fn is_sku(text: &str) -> bool {
    (1..=SKU_CHARS).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests;

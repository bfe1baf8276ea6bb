//! Parcels as core fulfilments: WooCommerce's own since version 10, behind a
//! feature flag. They keep our marks in their metadata. They are described in
//! WooCommerce's source and documentation; no recording shows them.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::value::RawValue;
use weir_domain::fulfilment::{Parcel, ParcelVersion, ShownParcel};
use weir_domain::id::ParcelId;
use weir_domain::outcome::CallError;

use super::{Reference, is_kept, not_json, said, shipped_on};
use crate::wire::{self, Object, WireFulfillment, WireMeta, meta_text};

/// Our marks.
const PARCEL: &str = "_weir_parcel";
const VERSION: &str = "_weir_version";
const SHIPPED: &str = "_weir_shipped";
/// The shop's own.
const ITEMS: &str = "_items";
const NUMBER: &str = "_tracking_number";
const LINK: &str = "_tracking_url";
const PROVIDER: &str = "_shipment_provider";
const PROVIDER_NAME: &str = "_provider_name";
/// What is written anew each time; everything else is somebody else's.
const OURS: [&str; 8] = [PARCEL, VERSION, SHIPPED, ITEMS, NUMBER, LINK, PROVIDER, PROVIDER_NAME];

#[derive(Serialize)]
struct Body<'a> {
    status: &'static str,
    is_fulfilled: bool,
    meta_data: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    key: String,
    value: &'a RawValue,
}

#[derive(Serialize)]
struct Item {
    item_id: u64,
    qty: Box<RawValue>,
}

/// One of an order's fulfilments.
#[derive(Debug)]
pub struct Fulfillment {
    id: u64,
    is_fulfilled: bool,
    is_deleted: bool,
    meta: Vec<WireMeta>,
}

/// Whether the shop takes the parcel: it has to name an item of the order.
pub fn fits(parcel: &Parcel) -> bool {
    !items(parcel).is_empty() && is_kept(parcel)
}

fn items(parcel: &Parcel) -> BTreeMap<u64, Decimal> {
    parcel.units().into_iter().filter(|(line, units)| *line != 0 && *units > Decimal::ZERO).collect()
}

/// The body of `POST orders/{id}/fulfillments` and of `PUT
/// orders/{id}/fulfillments/{id}`, of a parcel that [fits]. A carrier goes
/// under its name, since the shop's own keys of carriers are not ours to
/// guess.
///
/// A PUT removes all metadata whose key it does not name: what others keep
/// `there` is named row by row, since keys can be doubled.
pub fn request(parcel: &Parcel, there: Option<&Fulfillment>) -> Result<String, CallError> {
    let marks = marks(parcel)?;
    let ours = marks.iter().map(|(key, value)| Entry { id: None, key: (*key).to_owned(), value });
    let theirs = there.iter().flat_map(|there| &there.meta).filter_map(|row| {
        let key = row.key.text();
        let is_theirs = !key.is_empty() && !OURS.contains(&key.as_str());
        let id = row.id.id().ok().filter(|id| *id != 0);
        row.value.as_deref().filter(|_| is_theirs).map(|value| Entry { id, key, value })
    });
    let meta_data = ours.chain(theirs).collect();
    super::body(&Body { status: "fulfilled", is_fulfilled: true, meta_data })
}

fn marks(parcel: &Parcel) -> Result<Vec<(&'static str, Box<RawValue>)>, CallError> {
    let too_long = || CallError::rejected("impossible_parcel", "a quantity has too many digits");
    let item = |(item_id, units): (u64, Decimal)| {
        Ok(Item { item_id, qty: wire::number(units).ok_or_else(too_long)? })
    };
    let items: Vec<Item> = items(parcel).into_iter().map(item).collect::<Result<_, CallError>>()?;
    let (version, shipped) = (parcel.version().0, shipped_on(parcel));
    let carrier = said(parcel.carrier.as_ref());
    let texts = [
        (PARCEL, Some(parcel.id.0.as_str())),
        (VERSION, Some(version.as_str())),
        (SHIPPED, Some(shipped.as_str())),
        (NUMBER, said(parcel.tracking.as_ref())),
        (LINK, said(parcel.link.as_ref())),
        (PROVIDER, carrier.map(|_| "other")),
        (PROVIDER_NAME, carrier),
    ];
    let mut marks = vec![(ITEMS, raw(&items)?)];
    for (key, text) in texts {
        if let Some(text) = text {
            marks.push((key, raw(&text)?));
        }
    }
    Ok(marks)
}

fn raw(value: &impl Serialize) -> Result<Box<RawValue>, CallError> {
    RawValue::from_string(super::body(value)?)
        .map_err(|_| CallError::rejected("impossible_request", "no JSON"))
}

/// Reads `GET orders/{id}/fulfillments`. One without a name could not be
/// changed, and makes the listing doubtful ([`CallError::Unknown`]).
pub fn listed(body: &[u8]) -> Result<Vec<Fulfillment>, CallError> {
    let listed =
        wire::listing::<WireFulfillment>(body).map_err(|why| CallError::retry_soon(why.to_string()))?;
    let read: Option<Vec<_>> = listed.into_iter().map(Fulfillment::of).collect();
    read.ok_or_else(|| CallError::unknown("the shop lists a fulfilment without a name"))
}

impl Fulfillment {
    /// Reads `GET orders/{order}/fulfillments/{id}`, or the answer to a PUT.
    pub fn read(id: u64, body: &[u8]) -> Result<Self, CallError> {
        let Object(wire): Object<WireFulfillment> =
            serde_json::from_slice(body).map_err(|_| not_json("a fulfilment"))?;
        let read = Self::of(wire).filter(|read| read.id == id);
        read.ok_or_else(|| CallError::retry_soon("the answer is not about the fulfilment that was asked for"))
    }

    fn of(wire: WireFulfillment) -> Option<Self> {
        let id = wire.id.id().ok().filter(|id| *id != 0)?;
        let (is_fulfilled, is_deleted) = (wire.is_fulfilled.is_true(), !wire.date_deleted.text().is_empty());
        Some(Self { id, is_fulfilled, is_deleted, meta: wire.meta_data.0 })
    }

    /// Whether nobody is shown it any more. The shop takes a change of it all
    /// the same, and does nothing.
    pub fn is_deleted(&self) -> bool {
        self.is_deleted
    }

    /// Whether it says just what the parcel does.
    pub fn says(&self, parcel: &Parcel) -> bool {
        meta_text(&self.meta, VERSION).is_some_and(|version| version == parcel.version().0)
    }

    /// As customers see it; `None` for somebody's draft, and for what was
    /// deleted.
    pub fn shown(&self) -> Option<ShownParcel> {
        let id = meta_text(&self.meta, PARCEL).map(ParcelId);
        let is_shown = !self.is_deleted && (self.is_fulfilled || id.is_some());
        is_shown.then(|| ShownParcel {
            reference: Reference::Fulfillment(self.id).to_string(),
            version: meta_text(&self.meta, VERSION).map(ParcelVersion),
            tracking: meta_text(&self.meta, NUMBER).map(|number| number.trim().to_owned()),
            id,
        })
    }
}

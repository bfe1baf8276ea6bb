//! Parcels in the metadata of the order: where a shop has no interface for
//! them, or none that takes this one. One entry of ours holds them all, so
//! that writing it again changes nothing; a second one repeats their tracking
//! numbers for themes that show it.

use serde::Serialize;
use weir_domain::fulfilment::{Parcel, ParcelVersion, ShownParcel};
use weir_domain::id::{OrderId, ParcelId};
use weir_domain::outcome::CallError;

use super::{NewMeta, Reference, not_json, said, shipped_on, shown};
use crate::wire::{List, Object, WireEntry, WireOrderMeta, meta};

/// What is asked of an order (`_fields`).
pub const ENTRY_FIELDS: &str = "id,meta_data";
/// Ours.
const PARCELS: &str = "_weir_parcels";
/// What themes show.
const NUMBERS: &str = "_tracking_number";

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Entry {
    id: String,
    version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
    shipped_at: String,
    lines: Vec<EntryLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct EntryLine {
    line: u64,
    /// A text: no float is made of it on the way.
    quantity: String,
}

/// The parcels in an order's metadata.
#[derive(Debug, PartialEq, Eq)]
pub struct Entries {
    entries: Vec<Entry>,
    /// Numbers of ours are there already.
    numbered: bool,
}

#[derive(Serialize)]
struct Body<'a> {
    meta_data: Vec<Meta<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Meta<'a> {
    Parcels(NewMeta<&'a [Entry]>),
    Numbers(NewMeta<String>),
}

impl Entries {
    /// Reads an order, or the answer to a write of one.
    pub fn read(order: OrderId, body: &[u8]) -> Result<Self, CallError> {
        let Object(wire): Object<WireOrderMeta> =
            serde_json::from_slice(body).map_err(|_| not_json("the metadata"))?;
        if wire.id.id() != Ok(order.0) || order.0 == 0 {
            return Err(CallError::retry_soon("the answer is not about the order that was asked for"));
        }
        let raw = meta(&wire.meta_data, PARCELS).map_or("[]", |raw| raw.get());
        let listed: List<WireEntry> = serde_json::from_str(raw).unwrap_or_default();
        // What somebody made unreadable is no parcel of ours any more.
        let entries: Vec<Entry> = listed.iter().filter_map(Entry::read).collect();
        let numbered = entries.iter().any(|entry| entry.tracking.is_some());
        Ok(Self { entries, numbered })
    }

    /// All of them.
    pub fn shown(&self) -> Vec<ShownParcel> {
        let shown = |entry: &Entry| ShownParcel {
            reference: Reference::Entry(entry.id.clone()).to_string(),
            id: Some(ParcelId(entry.id.clone())),
            version: Some(ParcelVersion(entry.version.clone())),
            tracking: entry.tracking.clone(),
        };
        self.entries.iter().map(shown).collect()
    }

    /// Whether there is one of this parcel.
    pub fn has(&self, id: &str) -> bool {
        self.entries.iter().any(|entry| entry.id == id)
    }

    /// Puts a parcel in, in place of what is there under this name or its own.
    #[must_use]
    pub fn with(mut self, parcel: &Parcel, replaced: Option<&str>) -> Self {
        let new = Entry::of(parcel);
        let is_old = |entry: &Entry| Some(entry.id.as_str()) == replaced || entry.id == new.id;
        let at = self.entries.iter().position(is_old).unwrap_or(self.entries.len());
        self.entries.retain(|entry| !is_old(entry));
        self.entries.insert(at.min(self.entries.len()), new);
        self
    }

    /// Takes a parcel out.
    #[must_use]
    pub fn without(mut self, id: &str) -> Self {
        self.entries.retain(|entry| entry.id != id);
        self
    }

    /// The body of `PUT orders/{id}`. Numbers are said, and taken back, only
    /// where they are ours: another plugin may write under the same key.
    pub fn request(&self) -> Result<String, CallError> {
        let numbers: Vec<&str> = self.entries.iter().filter_map(|entry| entry.tracking.as_deref()).collect();
        let mut meta_data = vec![Meta::Parcels(NewMeta { key: PARCELS, value: &self.entries })];
        if self.numbered || !numbers.is_empty() {
            meta_data.push(Meta::Numbers(NewMeta { key: NUMBERS, value: numbers.join(", ") }));
        }
        super::body(&Body { meta_data })
    }

    /// Whether the answer to a write says that these are there now.
    pub fn are_in(&self, order: OrderId, body: &[u8]) -> bool {
        Self::read(order, body).is_ok_and(|there| there.entries == self.entries)
    }
}

impl Entry {
    fn of(parcel: &Parcel) -> Self {
        let text = |text: Option<&String>| said(text).map(str::to_owned);
        let line = |(line, units): (u64, rust_decimal::Decimal)| EntryLine {
            line,
            quantity: units.normalize().to_string(),
        };
        Self {
            id: parcel.id.0.clone(),
            version: parcel.version().0,
            carrier: text(parcel.carrier.as_ref()),
            tracking: text(parcel.tracking.as_ref()),
            link: text(parcel.link.as_ref()),
            shipped_at: shipped_on(parcel),
            lines: parcel.units().into_iter().map(line).collect(),
        }
    }

    fn read(wire: &WireEntry) -> Option<Self> {
        let line = |line: &crate::wire::WireEntryLine| {
            Some(EntryLine { line: line.line.id().ok()?, quantity: line.quantity.text() })
        };
        Some(Self {
            id: Some(wire.id.text()).filter(|id| !id.is_empty())?,
            version: wire.version.text(),
            carrier: shown(&wire.carrier),
            tracking: shown(&wire.tracking),
            link: shown(&wire.link),
            shipped_at: wire.shipped_at.text(),
            lines: wire.lines.iter().filter_map(line).collect(),
        })
    }
}

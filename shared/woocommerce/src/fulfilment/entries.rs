//! Parcels in the metadata of the order: where a shop has no interface for
//! them, or none that takes this one. Each has a key of its own, so that it is
//! written without a look at the others and writing it again changes nothing.

use serde::Serialize;
use weir_domain::fulfilment::{Parcel, ParcelVersion, ShownParcel};
use weir_domain::id::{OrderId, ParcelId};
use weir_domain::outcome::CallError;

use super::{Reference, not_json, said, shipped_on, shown};
use crate::wire::{Object, WireEntry, WireEntryLine, WireMeta, WireOrderMeta};

/// What is asked of an order (`_fields`).
pub const ENTRY_FIELDS: &str = "id,meta_data";
/// Before the ERP's name of the parcel.
const PREFIX: &str = "_weir_parcel_";

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
pub struct Entries(Vec<Entry>);

#[derive(Serialize)]
struct Body {
    meta_data: Vec<Row>,
}

/// A row of metadata; without a value the shop removes it.
#[derive(Serialize)]
struct Row {
    key: String,
    value: Option<Entry>,
}

/// The body of `PUT orders/{id}` that puts a parcel in, and takes out what it
/// replaces if that has another name.
pub fn request(parcel: &Parcel, replaced: Option<&str>) -> Result<String, CallError> {
    let new = Entry::of(parcel);
    let old = replaced.filter(|id| *id != new.id).map(|id| Row { key: key(id), value: None });
    let row = Row { key: key(&new.id), value: Some(new) };
    super::body(&Body { meta_data: [Some(row), old].into_iter().flatten().collect() })
}

/// The body of `PUT orders/{id}` that takes a parcel out.
pub fn removal(id: &str) -> Result<String, CallError> {
    super::body(&Body { meta_data: vec![Row { key: key(id), value: None }] })
}

fn key(id: &str) -> String {
    format!("{PREFIX}{id}")
}

impl Entries {
    /// Reads an order, or the answer to a write of one.
    pub fn read(order: OrderId, body: &[u8]) -> Result<Self, CallError> {
        let Object(wire): Object<WireOrderMeta> =
            serde_json::from_slice(body).map_err(|_| not_json("the metadata"))?;
        if wire.id.id() != Ok(order.0) || order.0 == 0 {
            return Err(CallError::retry_soon("the answer is not about the order that was asked for"));
        }
        let mut entries: Vec<Entry> = Vec::new();
        for entry in wire.meta_data.iter().filter_map(Entry::read) {
            // Of doubled keys the last one counts.
            entries.retain(|known| known.id != entry.id);
            entries.push(entry);
        }
        Ok(Self(entries))
    }

    /// All of them.
    pub fn shown(&self) -> Vec<ShownParcel> {
        let shown = |entry: &Entry| ShownParcel {
            reference: Reference::Entry(entry.id.clone()).to_string(),
            id: Some(ParcelId(entry.id.clone())),
            version: Some(ParcelVersion(entry.version.clone())),
            tracking: entry.tracking.clone(),
        };
        self.0.iter().map(shown).collect()
    }

    /// Whether there is one of this parcel.
    pub fn has(&self, id: &str) -> bool {
        self.0.iter().any(|entry| entry.id == id)
    }

    /// Whether one says just what the parcel does.
    pub fn say(&self, parcel: &Parcel) -> bool {
        self.0.contains(&Entry::of(parcel))
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

    /// Its key says whose it is. What somebody made unreadable is still ours,
    /// and of no version that we ever wrote.
    fn read(row: &WireMeta) -> Option<Self> {
        let key = row.key.text();
        let id = key.strip_prefix(PREFIX).filter(|id| !id.is_empty())?;
        let raw = row.value.as_deref().filter(|raw| raw.get() != "null")?;
        let Object(wire): Object<WireEntry> = serde_json::from_str(raw.get()).unwrap_or_default();
        let line = |line: &WireEntryLine| {
            Some(EntryLine { line: line.line.id().ok()?, quantity: line.quantity.text() })
        };
        Some(Self {
            id: id.to_owned(),
            version: wire.version.text(),
            carrier: shown(&wire.carrier),
            tracking: shown(&wire.tracking),
            link: shown(&wire.link),
            shipped_at: wire.shipped_at.text(),
            lines: wire.lines.iter().filter_map(line).collect(),
        })
    }
}

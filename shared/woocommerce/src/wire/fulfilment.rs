use serde::Deserialize;

use super::{List, Scalar, WireMeta};

/// A fulfilment of `orders/{id}/fulfillments`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the shop's own names")]
pub struct WireFulfillment {
    pub id: Scalar,
    /// Otherwise it is a draft, which no customer sees.
    pub is_fulfilled: Scalar,
    /// Set: it is shown to nobody.
    pub date_deleted: Scalar,
    /// `_items`, `_tracking_number`, `_tracking_url`, `_shipment_provider`,
    /// and everybody's own.
    pub meta_data: List<WireMeta>,
}

/// An entry of `orders/{id}/shipment-trackings`, of either plugin.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct WireTracking {
    /// Hexadecimal.
    pub tracking_id: Scalar,
    /// The carrier's number.
    pub tracking_number: Scalar,
}

/// A parcel as we wrote it into an order's metadata, under a key of its own.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names of the parcel's own fields")]
pub struct WireEntry {
    pub id: Scalar,
    pub version: Scalar,
    pub carrier: Scalar,
    pub tracking: Scalar,
    pub link: Scalar,
    /// A date.
    pub shipped_at: Scalar,
    pub lines: List<WireEntryLine>,
}

/// Units of a line in a [`WireEntry`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names of the line's own fields")]
pub struct WireEntryLine {
    pub line: Scalar,
    pub quantity: Scalar,
}

/// An order, as far as its metadata is concerned.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the shop's own names")]
pub struct WireOrderMeta {
    pub id: Scalar,
    pub meta_data: List<WireMeta>,
}

/// An order, as far as its names are concerned.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the shop's own names")]
pub struct WireNumbered {
    pub id: Scalar,
    pub number: Scalar,
}

/// An order, as far as its status is concerned.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the shop's own names")]
pub struct WireStatus {
    pub id: Scalar,
    pub status: Scalar,
}

/// An entry of `orders/{id}/notes`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct WireNote {
    /// What it says; perhaps with HTML entities.
    pub note: Scalar,
}

/// Whatever was written, as far as its name is concerned.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the shop's own name")]
pub struct WireMade {
    pub id: Scalar,
}

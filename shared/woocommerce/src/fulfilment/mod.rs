//! The way back, as a shop takes it: parcels by each of the interfaces that a
//! shop can have, notes, statuses and refunds. What is sent and what an answer
//! says: pure, so that it can be tried on anything a shop ever wrote.
//!
//! Notes, statuses, refunds and metadata were recorded from a real shop. The
//! interfaces for parcels ([`fulfillments`], [`trackings`]) were not: they
//! are from the source of WooCommerce 10 and of the two plugins, and from
//! their documentation.

pub mod entries;
pub mod fulfillments;
pub mod notes;
mod reference;
pub mod refund;
pub mod status;
pub mod trackings;

use std::fmt::Display;

use jiff::tz::TimeZone;
use serde::Serialize;
use weir_domain::fulfilment::Parcel;
use weir_domain::outcome::CallError;

use crate::wire::{Object, Scalar, WireMade};
pub use reference::Reference;
pub use trackings::Plugin;

/// A mark of ours, in whatever keeps metadata.
#[derive(Serialize)]
struct NewMeta<T> {
    key: &'static str,
    value: T,
}

/// Whether an interface keeps the number of a parcel as it is. All but the
/// metadata clean what they are given (`wc_clean`), and a number that comes
/// back as another one is not found again.
fn is_kept(parcel: &Parcel) -> bool {
    let Some(number) = parcel.tracking.as_deref() else { return true };
    let is_code = |at: &[u8]| at[0] == b'%' && at[1..].iter().all(u8::is_ascii_hexdigit);
    number == number.trim()
        && !number.contains('<')
        && !number.contains("  ")
        && !number.contains(char::is_control)
        && !number.as_bytes().windows(3).any(is_code)
}

/// The id of what a write says it made; `None` where it names none.
pub fn made(body: &[u8]) -> Option<u64> {
    let Object(wire): Object<WireMade> = serde_json::from_slice(body).ok()?;
    wire.id.id().ok().filter(|id| *id != 0)
}

/// The day a parcel left, UTC.
fn shipped_on(parcel: &Parcel) -> String {
    TimeZone::UTC.to_datetime(parcel.shipped_at).date().to_string()
}

/// A text that says something.
fn said(text: Option<&String>) -> Option<&str> {
    text.map(|text| text.as_str().trim()).filter(|text| !text.is_empty())
}

/// The same of the shop's.
fn shown(text: &Scalar) -> Option<String> {
    Some(text.text().trim().to_owned()).filter(|text| !text.is_empty())
}

/// What is no JSON, cut off or spoilt by a plugin, is read again.
fn not_json(what: impl Display) -> CallError {
    CallError::retry_soon(format!("{what}: the answer is not JSON"))
}

/// A body to be sent.
fn body(fields: &impl Serialize) -> Result<String, CallError> {
    serde_json::to_string(fields).map_err(|_| CallError::rejected("impossible_request", "no JSON"))
}

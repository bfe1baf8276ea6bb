//! Parcels in a tracking plugin: WooCommerce's own extension Shipment
//! Tracking, or Advanced Shipment Tracking (AST), which speaks as the former
//! does. Neither keeps marks of ours, changes an entry, or takes one without
//! a tracking number. They are described in their source and documentation;
//! no recording shows them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::value::RawValue;
use weir_domain::fulfilment::{Parcel, ShownParcel};
use weir_domain::outcome::CallError;

use super::{Reference, is_kept, said, shipped_on, shown};
use crate::wire::{self, Object, Scalar, WireTracking};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plugin {
    /// Shipment Tracking.
    ShipmentTracking,
    /// Advanced Shipment Tracking.
    Ast,
}

impl Plugin {
    /// Both, the shop's own first.
    pub const ALL: [Self; 2] = [Self::ShipmentTracking, Self::Ast];

    /// The other one: it keeps its entries in the same list.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::ShipmentTracking => Self::Ast,
            Self::Ast => Self::ShipmentTracking,
        }
    }

    /// Its namespace in the REST API, next to `wc/v3`.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::ShipmentTracking => "wc-shipment-tracking",
            Self::Ast => "wc-ast",
        }
    }

    /// What its references begin with.
    pub fn kind(self) -> &'static str {
        match self {
            Self::ShipmentTracking => "tracking",
            Self::Ast => "ast",
        }
    }
}

#[derive(Default, Serialize)]
struct NewTracking<'a> {
    tracking_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_tracking_provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_tracking_link: Option<&'a str>,
    date_shipped: String,
    /// AST changes the order's status where this is not 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    status_shipped: Option<u8>,
}

/// Whether a plugin takes the parcel.
pub fn fits(parcel: &Parcel) -> bool {
    said(parcel.tracking.as_ref()).is_some() && is_kept(parcel)
}

/// The body of `POST orders/{id}/shipment-trackings`, of a parcel that
/// [fits].
///
/// A carrier with a link goes as a custom one. Without a link the plugin makes
/// one, if it knows the carrier: then it goes under the plugin's own name for
/// it. One that it does not know goes as a custom one, too: it would show
/// none at all.
pub fn request(plugin: Plugin, parcel: &Parcel, known: &BTreeSet<String>) -> Result<String, CallError> {
    let carrier = said(parcel.carrier.as_ref());
    let link = carrier.and_then(|_| link(parcel));
    let known = carrier.filter(|_| link.is_none()).and_then(|carrier| {
        let named = |name: &&String| slug(name) == slug(carrier);
        known.iter().find(named).map(String::as_str)
    });
    super::body(&NewTracking {
        tracking_number: said(parcel.tracking.as_ref()).unwrap_or_default(),
        tracking_provider: known,
        custom_tracking_provider: carrier.filter(|_| known.is_none()),
        custom_tracking_link: link,
        date_shipped: shipped_on(parcel),
        status_shipped: (plugin == Plugin::Ast).then_some(0),
    })
}

/// The link, unless it contains a percent sign: newer versions take a custom
/// link for a format.
fn link(parcel: &Parcel) -> Option<&str> {
    said(parcel.link.as_ref()).filter(|link| !link.contains('%'))
}

/// Whether it matters which carriers the plugin knows.
pub fn needs_carriers(parcel: &Parcel) -> bool {
    said(parcel.carrier.as_ref()).is_some() && link(parcel).is_none()
}

/// The carriers of `GET orders/{id}/shipment-trackings/providers`: by country,
/// each with a format of links.
pub fn carriers(body: &[u8]) -> BTreeSet<String> {
    let countries: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(body).unwrap_or_default();
    let of_country =
        |raw: &RawValue| -> BTreeMap<String, Scalar> { serde_json::from_str(raw.get()).unwrap_or_default() };
    countries.values().flat_map(|raw| of_country(raw).into_keys()).collect()
}

/// A name as the plugins compare it.
fn slug(name: &str) -> String {
    let words = name.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("-")
}

/// The entries of `GET orders/{id}/shipment-trackings`. One without a name
/// could not be taken away, and makes the listing doubtful
/// ([`CallError::Unknown`]).
pub fn listed(plugin: Plugin, body: &[u8]) -> Result<Vec<ShownParcel>, CallError> {
    let entries =
        wire::listing::<WireTracking>(body).map_err(|why| CallError::retry_soon(why.to_string()))?;
    let read = |entry: &WireTracking| {
        Some(ShownParcel {
            reference: Reference::Tracking(plugin, shown(&entry.tracking_id)?).to_string(),
            id: None,
            version: None,
            tracking: shown(&entry.tracking_number),
        })
    };
    let read: Option<Vec<_>> = entries.iter().map(read).collect();
    read.ok_or_else(|| CallError::unknown("the shop lists a tracking without a name"))
}

/// The name of the entry that was made; `None` where the answer names none.
pub fn made(plugin: Plugin, body: &[u8]) -> Option<Reference> {
    let Object(wire): Object<WireTracking> = serde_json::from_slice(body).ok()?;
    shown(&wire.tracking_id).map(|id| Reference::Tracking(plugin, id))
}

//! Parcels: what a shipment that has left says of one sale.
//!
//! A parcel is a package that is in no other one: that is what is handed over
//! and has the carrier's number. What is in no package is a parcel, too.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use weir_domain::fulfilment::{DeliveredLine, Parcel};
use weir_domain::id::ParcelId;
use weir_domain::outcome::CallError;

use super::super::Tryton;
use super::super::client::Query;
use super::super::stock::{MOVE, MoveState, Unit};
use super::super::wire::{Shown, WireInstant, WireQuantity, clean};
use super::quantity::Shares;
use super::{NO_ITEM, PRODUCT, SoldLine};

pub(super) const SHIPMENT: &str = "stock.shipment.out";
pub(super) const PACKAGE: &str = "stock.package";
const LOG: &str = "ir.model.log";
/// Entries of the log a call: a shipment has two, and more where it was taken
/// back and sent again.
const ENTRIES_PER_CALL: usize = 1_000;

/// Tryton's states of a shipment, as far as they matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ShipmentState {
    Shipped,
    Done,
    #[serde(other)]
    Other,
}

/// A shipment as Tryton has it.
#[derive(Deserialize)]
pub(super) struct Shipment {
    id: u64,
    state: ShipmentState,
    create_date: WireInstant,
    shipping_reference: Option<String>,
    #[serde(default)]
    carrier: Shown<Carrier>,
    #[serde(default)]
    packages: Shown<Vec<Package>>,
    #[serde(default)]
    outgoing_moves: Shown<Vec<Move>>,
}

#[derive(Deserialize)]
struct Carrier {
    #[serde(default)]
    party: Shown<Party>,
}

#[derive(Deserialize)]
struct Party {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Package {
    id: u64,
    /// The one that it is in.
    parent: Option<u64>,
    shipping_reference: Option<String>,
    shipping_tracking_url: Option<String>,
}

/// One way of goods out of the warehouse.
#[derive(Deserialize)]
struct Move {
    /// E.g. `sale.line,17`.
    origin: Option<String>,
    state: MoveState,
    quantity: WireQuantity,
    #[serde(default)]
    unit: Shown<Unit>,
    #[serde(default)]
    product: Shown<Product>,
    package: Option<u64>,
}

#[derive(Deserialize)]
struct Product {
    code: Option<String>,
}

/// Which fields of a shipment this Tryton has: they are modules'.
#[derive(Debug)]
pub(super) struct Extras {
    pub(super) carrier: bool,
    pub(super) packages: bool,
    pub(super) tracking: bool,
}

impl Extras {
    /// What to read of a sale for them.
    pub(super) fn fields(&self) -> Vec<&'static str> {
        let carrier = self.carrier.then_some("shipments.carrier.party.name");
        let packages = ["shipments.packages.parent", "shipments.outgoing_moves.package"];
        let tracking = [
            "shipments.shipping_reference",
            "shipments.packages.shipping_reference",
            "shipments.packages.shipping_tracking_url",
        ];
        let packages = packages.into_iter().filter(|_| self.packages);
        let tracking = tracking.into_iter().filter(|_| self.tracking);
        carrier.into_iter().chain(packages).chain(tracking).collect()
    }
}

/// When shipments left, by their ids.
pub(super) type Departures = BTreeMap<u64, Timestamp>;

impl Tryton {
    pub(super) async fn extras(&self) -> Result<Extras, CallError> {
        let wanted = [(SHIPMENT, "carrier"), (SHIPMENT, "packages"), (PACKAGE, "shipping_reference")];
        let [carrier, packages, tracking] = self.lookups.have_fields(&self.client, wanted).await?;
        Ok(Extras { carrier, packages, tracking })
    }

    /// When each of these left that is gone. Tryton keeps it in its log only:
    /// `effective_date` is the day on which a shipment was done, and absent
    /// until then, so that a parcel would be another one as soon as it is
    /// delivered.
    pub(super) async fn departures(&self, shipments: &[Shipment]) -> Result<Departures, CallError> {
        let gone = shipments.iter().filter(|shipment| shipment.has_left());
        let gone: Vec<String> = gone.map(|shipment| format!("{SHIPMENT},{}", shipment.id)).collect();
        if gone.is_empty() {
            return Ok(Departures::new());
        }
        let query = Query {
            domain: json!([
                ["resource", "in", gone],
                ["event", "=", "transition"],
                ["target", "in", ["state:shipped", "state:done", "state:cancelled"]],
            ]),
            fields: &["resource", "target", "create_date"],
            order: json!([["id", "DESC"]]),
            limit: ENTRIES_PER_CALL,
            context: Value::Null,
        };
        Ok(departures(&self.client.query::<Entry>(LOG, &query).await?))
    }
}

/// An entry of Tryton's log.
#[derive(Deserialize)]
struct Entry {
    /// E.g. `stock.shipment.out,17`.
    resource: Option<String>,
    /// E.g. `state:shipped`.
    target: Option<String>,
    create_date: WireInstant,
}

/// The first time that each left since it was last taken back; youngest first.
fn departures(log: &[Entry]) -> Departures {
    let mut departures = Departures::new();
    let mut settled = BTreeSet::new();
    for entry in log {
        let Some(shipment) = entry.resource.as_deref().and_then(|text| reference(text, SHIPMENT)) else {
            continue;
        };
        if entry.target.as_deref() == Some("state:cancelled") {
            settled.insert(shipment);
        } else if !settled.contains(&shipment) {
            departures.insert(shipment, entry.create_date.0);
        }
    }
    departures
}

/// The id in a reference to a record of `model`.
pub(super) fn reference(text: &str, model: &str) -> Option<u64> {
    text.strip_prefix(model)?.strip_prefix(',')?.parse().ok()
}

/// The parcels of a sale, in the order in which they left: what leaves later
/// changes nothing of what is shown. `lines` are its own: other
/// sales may be in the same shipment, even in the same package.
pub(super) fn parcels(
    shipments: &[Shipment],
    lines: &BTreeMap<u64, SoldLine>,
    departures: &Departures,
    extras: &Extras,
) -> Result<Vec<Parcel>, CallError> {
    let mut parcels = Vec::new();
    let mut shares = Shares::default();
    let mut left: Vec<&Shipment> = shipments.iter().filter(|shipment| shipment.has_left()).collect();
    left.sort_by_key(|shipment| (shipment.left_at(departures), shipment.id));
    for shipment in left {
        let packages: &[Package] = if extras.packages { shipment.packages.all(PACKAGE)? } else { &[] };
        let carrier = if extras.carrier { shipment.carrier()? } else { None };
        let shipped_at = shipment.left_at(departures);
        for (package, lines) in shipment.contents(packages, lines, &mut shares)? {
            let root = packages.iter().find(|one| Some(one.id) == package);
            parcels.push(Parcel {
                id: ParcelId(
                    package.map_or_else(
                        || shipment.id.to_string(),
                        |package| format!("{}/{package}", shipment.id),
                    ),
                ),
                shipped_at,
                carrier: carrier.clone(),
                tracking: shipment.tracking(root, packages),
                link: root.and_then(Package::link),
                lines,
            });
        }
    }
    Ok(parcels)
}

impl Shipment {
    fn has_left(&self) -> bool {
        matches!(self.state, ShipmentState::Shipped | ShipmentState::Done)
    }

    /// The log can be emptied. When it was made is not when it left, but as
    /// unlikely to change.
    fn left_at(&self, departures: &Departures) -> Timestamp {
        departures.get(&self.id).copied().unwrap_or(self.create_date.0)
    }

    /// The carrier as customers know it: Tryton's own name of it has the
    /// merchant's product in it.
    fn carrier(&self) -> Result<Option<String>, CallError> {
        let Some(carrier) = self.carrier.of("carrier")? else { return Ok(None) };
        let party = carrier.party.of("party.party")?;
        Ok(party.and_then(|party| said(party.name.as_deref())))
    }

    /// The carrier's number of a parcel. A shipment's own, which is where
    /// people enter one without packing, is a parcel's if there is no other.
    fn tracking(&self, package: Option<&Package>, packages: &[Package]) -> Option<String> {
        let own = package.and_then(|package| said(package.shipping_reference.as_deref()));
        let others = packages.iter().filter(|one| one.parent.is_none()).count();
        let is_alone = others == usize::from(package.is_some());
        own.or_else(|| said(self.shipping_reference.as_deref()).filter(|_| is_alone))
    }

    /// What is in each parcel of it, by the package; `None`: in no package.
    fn contents(
        &self,
        packages: &[Package],
        lines: &BTreeMap<u64, SoldLine>,
        shares: &mut Shares,
    ) -> Result<BTreeMap<Option<u64>, Vec<DeliveredLine>>, CallError> {
        let parents: BTreeMap<u64, Option<u64>> = packages.iter().map(|one| (one.id, one.parent)).collect();
        let mut contents: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for one in self.outgoing_moves.all(MOVE)? {
            let origin = one.origin.as_deref().and_then(|origin| reference(origin, "sale.line"));
            let Some(origin) = origin else { continue };
            let Some(line) = lines.get(&origin) else { continue };
            let Some(delivered) = one.delivered(origin, line, shares)? else { continue };
            contents.entry(one.package.map(|package| root(package, &parents))).or_default().push(delivered);
        }
        Ok(contents)
    }
}

/// The package that a package is in, or in one that is in it.
fn root(mut package: u64, parents: &BTreeMap<u64, Option<u64>>) -> u64 {
    // Tryton allows no cycle; more steps than packages would be one.
    for _ in 0..parents.len() {
        match parents.get(&package) {
            Some(Some(parent)) => package = *parent,
            _ => break,
        }
    }
    package
}

impl Move {
    /// What it takes to the customer of a line of the sale, in that line's
    /// unit.
    fn delivered(
        &self,
        origin: u64,
        line: &SoldLine,
        shares: &mut Shares,
    ) -> Result<Option<DeliveredLine>, CallError> {
        if self.state == MoveState::Cancelled || self.quantity.0 <= Decimal::ZERO {
            return Ok(None);
        }
        let product = self.product.of(PRODUCT)?;
        let product = product.ok_or_else(|| CallError::unknown("a move without a product"))?;
        let item = product.code.clone().unwrap_or_else(|| NO_ITEM.to_owned());
        let quantity = shares.next(origin, (self.quantity, &self.unit), line.unit.as_ref())?;
        Ok(Some(DeliveredLine { line: line.of, item, quantity }))
    }
}

impl Package {
    fn link(&self) -> Option<String> {
        let link = said(self.shipping_tracking_url.as_deref())?;
        Url::parse(&link).ok().filter(|url| url.scheme() == "https" && url.has_host()).map(|_| link)
    }
}

/// Text on one line; `None` where it says nothing.
fn said(text: Option<&str>) -> Option<String> {
    let text = clean(text?).replace('\n', " ");
    (!text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests;

//! The way back: parcels by the best interface that the shop has, notes,
//! statuses, refunds.
//!
//! | interface | where | marks of ours |
//! |---|---|---|
//! | core fulfilments | `wc/v3/orders/{id}/fulfillments`, behind a feature flag | yes |
//! | Shipment Tracking | `wc-shipment-tracking/v3/orders/{id}/shipment-trackings` | no |
//! | AST | `wc-ast/v3/orders/{id}/shipment-trackings` | no |
//! | metadata | `_weir_parcel_…` of the order, a key for each parcel | yes |
//!
//! They are tried in this order, and each that answers is looked into: a parcel
//! stays where it was shown first. One is not there where WordPress says that
//! it has no such route; one that refuses our key while the order itself can
//! be read is not ours to use. Every order has metadata: it takes what the best
//! interface does not take, e.g. a fulfilment without items or a tracking
//! without a number.

mod entries;
mod fulfillments;
mod learned;
mod notes;
mod refund;
mod status;
mod trackings;
mod write;

use reqwest::StatusCode;
use url::Url;
use weir_domain::fulfilment::{Parcel, ShownParcel};
use weir_domain::id::OrderId;
use weir_domain::outcome::CallError;
use weir_domain::ports::ShopError;

use super::{Answer, ShopClient, answer};
use crate::fulfilment::{Plugin, Reference, fulfillments as core, trackings as plugin};
use crate::wire::{Object, WireNumbered};

pub(super) use learned::Learned;

/// An interface for parcels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Interface {
    Fulfillments,
    Tracking(Plugin),
    Metadata,
}

impl Interface {
    /// The best first.
    const ALL: [Self; 4] = [
        Self::Fulfillments,
        Self::Tracking(Plugin::ShipmentTracking),
        Self::Tracking(Plugin::Ast),
        Self::Metadata,
    ];

    /// Itself, or the metadata for a parcel that it does not take.
    fn or_metadata(self, parcel: &Parcel) -> Self {
        let fits = match self {
            Self::Fulfillments => core::fits(parcel),
            Self::Tracking(_) => plugin::fits(parcel),
            Self::Metadata => true,
        };
        if fits { self } else { Self::Metadata }
    }
}

impl ShopClient {
    /// By every interface that answers.
    pub(super) async fn all_parcels(&self, order: OrderId) -> Result<Vec<ShownParcel>, ShopError> {
        Ok(self.look(order).await?.1)
    }

    pub(super) async fn show(
        &self,
        order: OrderId,
        reference: Option<&str>,
        parcel: &Parcel,
    ) -> Result<Option<String>, ShopError> {
        let Some(reference) = reference else { return self.show_new(order, parcel).await.map(Some) };
        let shown = match Reference::read(reference) {
            None => None,
            Some(Reference::Fulfillment(id)) => self.replace_fulfillment(order, id, parcel).await?,
            Some(Reference::Tracking(plugin, id)) => {
                self.replace_tracking(order, plugin, &id, parcel).await?
            }
            Some(Reference::Entry(id)) => Some(self.write_entry(order, Some(&id), parcel).await?),
        };
        Ok(shown.map(|reference| reference.to_string()))
    }

    pub(super) async fn take_away(&self, order: OrderId, reference: &str) -> Result<(), ShopError> {
        match Reference::read(reference) {
            None => Ok(()),
            Some(Reference::Fulfillment(id)) => self.remove_fulfillment(order, id).await,
            Some(Reference::Tracking(plugin, id)) => self.remove_tracking(order, plugin, &id).await,
            Some(Reference::Entry(id)) => self.remove_entry(order, &id).await,
        }
    }

    async fn show_new(&self, order: OrderId, parcel: &Parcel) -> Result<String, ShopError> {
        for _ in 0..2 {
            let best = match self.fulfilment.best(self.clock.now()) {
                Some(best) => best,
                None => self.look(order).await?.0,
            };
            let place = self.place(best, order, parcel).await?;
            if let Some(reference) = self.create(place, order, parcel).await? {
                return Ok(reference.to_string());
            }
            // It was there within the hour, and nothing was done.
            self.fulfilment.forget_best();
        }
        Err(CallError::retry_soon("the shop's interface for parcels comes and goes").into())
    }

    /// `None`: the shop does not have this interface, and nothing was done.
    async fn create(
        &self,
        interface: Interface,
        order: OrderId,
        parcel: &Parcel,
    ) -> Result<Option<Reference>, ShopError> {
        match interface {
            Interface::Fulfillments => self.create_fulfillment(order, parcel).await,
            Interface::Tracking(plugin) => self.create_tracking(order, plugin, parcel).await,
            Interface::Metadata => self.write_entry(order, None, parcel).await.map(Some),
        }
    }

    /// Where a parcel goes by an interface. AST reads the id that is posted to
    /// as the *number* of an order where plugins number them otherwise: it
    /// would show the parcel to a stranger.
    async fn place(
        &self,
        interface: Interface,
        order: OrderId,
        parcel: &Parcel,
    ) -> Result<Interface, ShopError> {
        let place = interface.or_metadata(parcel);
        let is_ast = place == Interface::Tracking(Plugin::Ast);
        let is_misled = is_ast && !self.is_numbered_by_id(order).await?;
        Ok(if is_misled { Interface::Metadata } else { place })
    }

    async fn is_numbered_by_id(&self, order: OrderId) -> Result<bool, ShopError> {
        let mut url = self.url(&["orders", &order.to_string()]);
        url.query_pairs_mut().append_pair("_fields", "id,number");
        let answer = self.get(url).await?;
        let other = || CallError::retry_soon("the answer is not about the order that was asked for");
        let Object(wire): Object<WireNumbered> = serde_json::from_slice(&answer.body).map_err(|_| other())?;
        if wire.id.id() != Ok(order.0) {
            return Err(other().into());
        }
        Ok(wire.number.is(&order.to_string()))
    }

    /// The best interface that the shop has, and what all of them show. The
    /// metadata comes last: it also tells a key that nothing may be read with
    /// from one that a single plugin refuses.
    async fn look(&self, order: OrderId) -> Result<(Interface, Vec<ShownParcel>), ShopError> {
        let (mut best, mut shown) = (Interface::Metadata, Vec::new());
        for interface in Interface::ALL {
            let Some(listed) = self.listed_by(interface, order).await? else { continue };
            if best == Interface::Metadata {
                best = interface;
            }
            // Both plugins show the entries of one list.
            let new = listed.into_iter().filter(|parcel| !shown.iter().any(|known| is_same(known, parcel)));
            let new: Vec<ShownParcel> = new.collect();
            shown.extend(new);
        }
        self.fulfilment.is_best(best, self.clock.now());
        Ok((best, shown))
    }

    /// `None`: the shop does not have this interface.
    async fn listed_by(
        &self,
        interface: Interface,
        order: OrderId,
    ) -> Result<Option<Vec<ShownParcel>>, ShopError> {
        match interface {
            Interface::Fulfillments => {
                let listed = self.fulfillments(order).await?;
                Ok(listed.map(|listed| listed.iter().filter_map(core::Fulfillment::shown).collect()))
            }
            Interface::Tracking(plugin) => self.trackings(order, plugin).await,
            Interface::Metadata => Ok(Some(self.entries(order).await?.shown())),
        }
    }

    /// `None`: the shop does not have this interface, or not for us.
    async fn get_of_interface(&self, url: Url) -> Result<Option<Vec<u8>>, ShopError> {
        let (status, Answer { headers, body }) = self.fetch(url).await?;
        if is_not_ours(status) || answer::is_no_route(status, &headers, &body) {
            return Ok(None);
        }
        answer::judge(status, &headers, &body, self.clock.now())?;
        Ok(Some(body))
    }

    /// What is meant by "there is no such route" where a parcel is shown: the
    /// same is said where the whole API is gone.
    async fn interface_gone(&self, order: OrderId) -> ShopError {
        let mut url = self.url(&["orders", &order.to_string()]);
        url.query_pairs_mut().append_pair("_fields", "id");
        let why = "the shop's interface that shows the parcel is not there any more";
        let gone = CallError::rejected("parcel_interface_gone", why);
        self.get(url).await.err().unwrap_or_else(|| gone.into())
    }

    /// The address of a resource of an order in another namespace.
    fn order_url(&self, namespace: &str, order: OrderId, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop().pop().extend([namespace, "v3", "orders", &order.to_string()]).extend(path);
        }
        url
    }
}

/// Whether an interface refuses our key.
fn is_not_ours(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

/// Whether two plugins show one entry.
fn is_same(one: &ShownParcel, other: &ShownParcel) -> bool {
    let entry = |parcel: &ShownParcel| match Reference::read(&parcel.reference) {
        Some(Reference::Tracking(_, id)) => Some(id),
        _ => None,
    };
    one.reference != other.reference && entry(one).is_some_and(|id| entry(other) == Some(id))
}

/// A parcel was taken away to be shown anew. Whatever became of that, nothing
/// is as it was.
fn after_removal(shown: Result<Option<Reference>, ShopError>) -> Result<Option<Reference>, ShopError> {
    let lost = || CallError::unknown("a parcel was taken away, and is perhaps not shown anew").into();
    shown.ok().flatten().map(Some).ok_or_else(lost)
}

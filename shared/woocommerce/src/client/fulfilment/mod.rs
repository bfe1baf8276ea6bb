//! The way back: parcels by the best interface that the shop has, notes,
//! statuses, refunds.
//!
//! | interface | where | marks of ours |
//! |---|---|---|
//! | core fulfilments | `wc/v3/orders/{id}/fulfillments`, behind a feature flag | yes |
//! | Shipment Tracking | `wc-shipment-tracking/v3/orders/{id}/shipment-trackings` | no |
//! | AST | `wc-ast/v3/orders/{id}/shipment-trackings` | no |
//! | metadata | `_weir_parcels` of the order | yes |
//!
//! They are tried in this order; only WordPress's own word that it has no such
//! route means that one is not there. Every order has metadata: it takes what
//! the best interface does not take, a fulfilment without items or a tracking
//! without a number.

mod entries;
mod fulfillments;
mod learned;
mod notes;
mod refund;
mod status;
mod trackings;
mod write;

use url::Url;
use weir_domain::fulfilment::{Parcel, ShownParcel};
use weir_domain::id::OrderId;
use weir_domain::outcome::CallError;
use weir_domain::ports::ShopError;

use super::ShopClient;
use crate::fulfilment::{Plugin, Reference, fulfillments as core, trackings as plugin};

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
    /// By the best interface, and what it does not take.
    pub(super) async fn all_parcels(&self, order: OrderId) -> Result<Vec<ShownParcel>, ShopError> {
        let (best, mut shown) = self.best_of(order).await?;
        if best != Interface::Metadata {
            shown.extend(self.entries(order).await?.shown());
        }
        Ok(shown)
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
            Some(Reference::Entry(id)) => self.replace_entry(order, &id, parcel).await?,
        };
        Ok(shown.map(|reference| reference.to_string()))
    }

    pub(super) async fn take_away(&self, order: OrderId, reference: &str) -> Result<(), ShopError> {
        match Reference::read(reference) {
            None => Ok(()),
            Some(Reference::Fulfillment(id)) => self.remove_fulfillment(order, id).await,
            Some(Reference::Tracking(plugin, id)) => {
                self.remove_tracking(order, plugin, &id).await.map(|_was_there| ())
            }
            Some(Reference::Entry(id)) => self.remove_entry(order, &id).await,
        }
    }

    async fn show_new(&self, order: OrderId, parcel: &Parcel) -> Result<String, ShopError> {
        for _ in 0..2 {
            let best = match self.fulfilment.best(self.clock.now()) {
                Some(best) => best,
                None => self.best_of(order).await?.0,
            };
            if let Some(reference) = self.create(best.or_metadata(parcel), order, parcel).await? {
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
            Interface::Metadata => self.create_entry(order, parcel).await.map(Some),
        }
    }

    /// The best interface that the shop has, and what it shows.
    async fn best_of(&self, order: OrderId) -> Result<(Interface, Vec<ShownParcel>), ShopError> {
        let now = self.clock.now();
        if let Some(best) = self.fulfilment.best(now) {
            if let Some(shown) = self.listed_by(best, order).await? {
                return Ok((best, shown));
            }
            self.fulfilment.forget_best();
        }
        for interface in Interface::ALL {
            if let Some(shown) = self.listed_by(interface, order).await? {
                self.fulfilment.is_best(interface, now);
                return Ok((interface, shown));
            }
        }
        Err(CallError::unknown("the shop has no orders").into())
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

    /// Asked before "there is no such route" is taken for "it is not shown":
    /// the same is said where the whole API is gone.
    async fn is_asked_rightly(&self, order: OrderId) -> Result<(), ShopError> {
        let mut url = self.url(&["orders", &order.to_string()]);
        url.query_pairs_mut().append_pair("_fields", "id");
        self.get(url).await.map(|_| ())
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

//! Entries of a tracking plugin. It cannot change one: the old one is taken
//! away and a new one made. If the answer to the second is lost, the next look
//! finds out by the tracking number.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use weir_domain::fulfilment::{Parcel, ShownParcel};
use weir_domain::id::OrderId;
use weir_domain::ports::ShopError;

use super::super::answer::{self, NO_ROUTE};
use super::super::effect::Success;
use super::super::{Answer, ShopClient};
use super::write::{Said, Write, doubtful};
use super::{Interface, after_removal};
use crate::fulfilment::trackings::{carriers, listed, made, needs_carriers, request};
use crate::fulfilment::{Plugin, Reference};

const RESOURCE: &str = "shipment-trackings";
/// The code for an entry that is not there.
const NO_SUCH_TRACKING: &str = "woocommerce_rest_order_shipment_tracking_invalid_id";

/// What became of an entry that was to be taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deleted {
    Done,
    /// The plugin is there, and the entry is not.
    NothingThere,
    NoPlugin,
}

impl ShopClient {
    /// `None`: the plugin is not there, or not for us.
    pub(super) async fn trackings(
        &self,
        order: OrderId,
        plugin: Plugin,
    ) -> Result<Option<Vec<ShownParcel>>, ShopError> {
        let body = self.get_of_interface(self.order_url(plugin.namespace(), order, &[RESOURCE])).await?;
        Ok(body.map(|body| listed(plugin, &body)).transpose()?)
    }

    /// `None`: the plugin is not there, and nothing was done.
    pub(super) async fn create_tracking(
        &self,
        order: OrderId,
        plugin: Plugin,
        parcel: &Parcel,
    ) -> Result<Option<Reference>, ShopError> {
        let known =
            if needs_carriers(parcel) { self.carriers(order, plugin).await? } else { BTreeSet::new() };
        let write = Write {
            method: Method::POST,
            url: self.order_url(plugin.namespace(), order, &[RESOURCE]),
            json: Some(request(plugin, parcel, &known)?),
            success: Success::Created,
            refusals: &[(404, NO_ROUTE)],
        };
        let Said::Done(body) = self.write(write).await? else { return Ok(None) };
        let made = made(plugin, &body).ok_or_else(|| doubtful("a new tracking"))?;
        if plugin == Plugin::Ast && !self.is_listed(order, plugin, &made).await {
            return Err(doubtful("a new tracking"));
        }
        Ok(Some(made))
    }

    pub(super) async fn replace_tracking(
        &self,
        order: OrderId,
        plugin: Plugin,
        id: &str,
        parcel: &Parcel,
    ) -> Result<Option<Reference>, ShopError> {
        for via in [plugin, plugin.other()] {
            // Before anything is taken away.
            let place = self.place(Interface::Tracking(via), order, parcel).await?;
            match self.delete_tracking(order, via, id).await? {
                Deleted::NoPlugin => {}
                Deleted::NothingThere => return Ok(None),
                Deleted::Done => return after_removal(self.create(place, order, parcel).await),
            }
        }
        Err(self.interface_gone(order).await)
    }

    pub(super) async fn remove_tracking(
        &self,
        order: OrderId,
        plugin: Plugin,
        id: &str,
    ) -> Result<(), ShopError> {
        for via in [plugin, plugin.other()] {
            if self.delete_tracking(order, via, id).await? != Deleted::NoPlugin {
                return Ok(());
            }
        }
        Err(self.interface_gone(order).await)
    }

    async fn delete_tracking(&self, order: OrderId, via: Plugin, id: &str) -> Result<Deleted, ShopError> {
        let write = Write {
            method: Method::DELETE,
            url: self.order_url(via.namespace(), order, &[RESOURCE, id]),
            json: None,
            success: Success::Changed,
            refusals: &[(404, NO_ROUTE), (404, NO_SUCH_TRACKING)],
        };
        Ok(match self.write(write).await? {
            Said::Done(_) => Deleted::Done,
            Said::Refused { code, .. } if code == NO_ROUTE => Deleted::NoPlugin,
            Said::Refused { .. } => Deleted::NothingThere,
        })
    }

    /// Whether AST has put it where it was told to.
    async fn is_listed(&self, order: OrderId, plugin: Plugin, made: &Reference) -> bool {
        let listed = self.trackings(order, plugin).await;
        let listed = listed.ok().flatten().unwrap_or_default();
        listed.iter().any(|shown| shown.reference == made.to_string())
    }

    /// The carriers that a plugin knows; nobody where it does not say.
    async fn carriers(&self, order: OrderId, plugin: Plugin) -> Result<BTreeSet<String>, ShopError> {
        let now = self.clock.now();
        if let Some(known) = self.fulfilment.carriers(plugin, now) {
            return Ok(known);
        }
        let url = self.order_url(plugin.namespace(), order, &[RESOURCE, "providers"]);
        let (status, Answer { headers, body }) = self.fetch(url).await?;
        if !status.is_client_error() || status == StatusCode::TOO_MANY_REQUESTS {
            answer::judge(status, &headers, &body, now)?;
        }
        let known = carriers(&body);
        self.fulfilment.are_carriers(plugin, known.clone(), now);
        Ok(known)
    }
}

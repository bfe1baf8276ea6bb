//! Entries of a tracking plugin. It cannot change one: the old one is taken
//! away and a new one made. If the answer to the second is lost, the next look
//! finds out by the tracking number.

use reqwest::Method;
use weir_domain::fulfilment::{Parcel, ShownParcel};
use weir_domain::id::OrderId;
use weir_domain::outcome::CallError;
use weir_domain::ports::ShopError;

use super::super::ShopClient;
use super::super::answer::NO_ROUTE;
use super::super::effect::Success;
use super::Interface;
use super::write::{Said, Write, doubtful};
use crate::fulfilment::trackings::{listed, made, request};
use crate::fulfilment::{Plugin, Reference};

const RESOURCE: &str = "shipment-trackings";
/// The code for an entry that is not there.
const NO_SUCH_TRACKING: &str = "woocommerce_rest_order_shipment_tracking_invalid_id";

impl ShopClient {
    /// `None`: the plugin is not there.
    pub(super) async fn trackings(
        &self,
        order: OrderId,
        plugin: Plugin,
    ) -> Result<Option<Vec<ShownParcel>>, ShopError> {
        let answer = self.get_if_routed(self.order_url(plugin.namespace(), order, &[RESOURCE])).await?;
        Ok(answer.map(|answer| listed(plugin, &answer.body)).transpose()?)
    }

    /// `None`: the plugin is not there, and nothing was done.
    pub(super) async fn create_tracking(
        &self,
        order: OrderId,
        plugin: Plugin,
        parcel: &Parcel,
    ) -> Result<Option<Reference>, ShopError> {
        let write = Write {
            method: Method::POST,
            url: self.order_url(plugin.namespace(), order, &[RESOURCE]),
            json: Some(request(plugin, parcel)?),
            success: Success::Created,
            refusals: &[(404, NO_ROUTE)],
        };
        match self.write(write).await? {
            Said::Refused { .. } => Ok(None),
            Said::Done(body) => made(plugin, &body).map(Some).ok_or_else(|| doubtful("a new tracking")),
        }
    }

    pub(super) async fn replace_tracking(
        &self,
        order: OrderId,
        plugin: Plugin,
        id: &str,
        parcel: &Parcel,
    ) -> Result<Option<Reference>, ShopError> {
        if !self.remove_tracking(order, plugin, id).await? {
            return Ok(None);
        }
        self.create(Interface::Tracking(plugin).or_metadata(parcel), order, parcel).await
    }

    /// Whether it was there.
    pub(super) async fn remove_tracking(
        &self,
        order: OrderId,
        plugin: Plugin,
        id: &str,
    ) -> Result<bool, ShopError> {
        let write = Write {
            method: Method::DELETE,
            url: self.order_url(plugin.namespace(), order, &[RESOURCE, id]),
            json: None,
            success: Success::Changed,
            refusals: &[(404, NO_ROUTE), (404, NO_SUCH_TRACKING)],
        };
        match self.write(write).await? {
            Said::Done(_) => Ok(true),
            Said::Refused { code, .. } if code == NO_ROUTE => self.is_unknown(order, plugin, id).await,
            Said::Refused { .. } => Ok(false),
        }
    }

    /// `false`, or an error: nobody takes it away there. The same is said of a
    /// method that an address does not take, and of a shop without any API.
    async fn is_unknown(&self, order: OrderId, plugin: Plugin, id: &str) -> Result<bool, ShopError> {
        let reference = Reference::Tracking(plugin, id.to_owned()).to_string();
        match self.trackings(order, plugin).await? {
            None => self.is_asked_rightly(order).await.map(|()| false),
            Some(shown) if shown.iter().all(|shown| shown.reference != reference) => Ok(false),
            Some(_) => Err(CallError::blocked("the shop's tracking plugin takes nothing away").into()),
        }
    }
}

//! Core fulfilments. The shop answers 400 to a change of one that is gone as
//! it does where a plugin failed after the work was done, so that one is
//! looked for before it is changed. Customers are never mailed: whether they
//! are told is for a note to say.

use reqwest::Method;
use url::Url;
use weir_domain::fulfilment::Parcel;
use weir_domain::id::OrderId;
use weir_domain::ports::ShopError;

use super::super::ShopClient;
use super::super::answer::NO_ROUTE;
use super::super::effect::Success;
use super::Interface;
use super::write::{Said, Write, doubtful};
use crate::fulfilment::fulfillments::{Fulfillment, fits, listed, request};
use crate::fulfilment::{Reference, made};

impl ShopClient {
    /// `None`: the feature is off.
    pub(super) async fn fulfillments(&self, order: OrderId) -> Result<Option<Vec<Fulfillment>>, ShopError> {
        let answer = self.get_if_routed(self.order_url("wc", order, &["fulfillments"])).await?;
        Ok(answer.map(|answer| listed(&answer.body)).transpose()?)
    }

    /// `None`: the feature is off, and nothing was done.
    pub(super) async fn create_fulfillment(
        &self,
        order: OrderId,
        parcel: &Parcel,
    ) -> Result<Option<Reference>, ShopError> {
        let write = Write {
            method: Method::POST,
            url: silently(self.order_url("wc", order, &["fulfillments"])),
            json: Some(request(parcel, None)?),
            success: Success::Created,
            refusals: &[(404, NO_ROUTE)],
        };
        match self.write(write).await? {
            Said::Refused { .. } => Ok(None),
            Said::Done(body) => {
                let id = made(&body).ok_or_else(|| doubtful("a new fulfilment"))?;
                Ok(Some(Reference::Fulfillment(id)))
            }
        }
    }

    pub(super) async fn replace_fulfillment(
        &self,
        order: OrderId,
        id: u64,
        parcel: &Parcel,
    ) -> Result<Option<Reference>, ShopError> {
        let Some(there) = self.fulfillment(order, id).await? else { return Ok(None) };
        if !fits(parcel) {
            self.delete_fulfillment(order, id).await?;
            return self.create(Interface::Metadata, order, parcel).await;
        }
        let url = silently(self.order_url("wc", order, &["fulfillments", &id.to_string()]));
        let json = request(parcel, Some(&there))?;
        let body = self.write_plain(Method::PUT, url, json, Success::Changed).await?;
        if made(&body) == Some(id) {
            Ok(Some(Reference::Fulfillment(id)))
        } else {
            Err(doubtful("a changed fulfilment"))
        }
    }

    pub(super) async fn remove_fulfillment(&self, order: OrderId, id: u64) -> Result<(), ShopError> {
        match self.fulfillment(order, id).await? {
            Some(_) => self.delete_fulfillment(order, id).await,
            None => Ok(()),
        }
    }

    /// `None`: the shop does not show it (any more).
    async fn fulfillment(&self, order: OrderId, id: u64) -> Result<Option<Fulfillment>, ShopError> {
        let Some(listed) = self.fulfillments(order).await? else {
            self.is_asked_rightly(order).await?;
            return Ok(None);
        };
        Ok(listed.into_iter().find(|there| there.id() == id))
    }

    async fn delete_fulfillment(&self, order: OrderId, id: u64) -> Result<(), ShopError> {
        let write = Write {
            method: Method::DELETE,
            url: silently(self.order_url("wc", order, &["fulfillments", &id.to_string()])),
            json: None,
            success: Success::Changed,
            refusals: &[],
        };
        self.write(write).await.map(|_done| ())
    }
}

/// Without a mail to the customer. That is the default, and said all the same.
fn silently(mut url: Url) -> Url {
    url.query_pairs_mut().append_pair("notify_customer", "false");
    url
}

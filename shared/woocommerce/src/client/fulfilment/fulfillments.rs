//! Core fulfilments. The shop answers 400 to a change of one that is gone as
//! it does where a plugin failed after the work was done, so that this one is
//! read, too, before it is believed to be gone. Customers are never mailed:
//! whether they are told is for a note to say.

use reqwest::Method;
use url::Url;
use weir_domain::fulfilment::Parcel;
use weir_domain::id::OrderId;
use weir_domain::ports::ShopError;

use super::super::answer::{self, NO_ROUTE};
use super::super::effect::{self, Success};
use super::super::{Answer, ShopClient};
use super::write::{Said, Write, doubtful};
use super::{Interface, after_removal, is_not_ours};
use crate::fulfilment::fulfillments::{Fulfillment, fits, listed, request};
use crate::fulfilment::{Reference, made};

/// "Not found", in the codes of several versions, among them; and so says a
/// shop where the feature is off.
const REFUSALS: [(u16, &str); 3] = [(404, NO_ROUTE), (400, "0"), (400, "404")];

impl ShopClient {
    /// `None`: the feature is off, or not for us.
    pub(super) async fn fulfillments(&self, order: OrderId) -> Result<Option<Vec<Fulfillment>>, ShopError> {
        let body = self.get_of_interface(self.order_url("wc", order, &["fulfillments"])).await?;
        Ok(body.map(|body| listed(&body)).transpose()?)
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

    /// What others keep with it is read first, to be kept. Whether it is there
    /// is for the PUT to say: a read may be old.
    pub(super) async fn replace_fulfillment(
        &self,
        order: OrderId,
        id: u64,
        parcel: &Parcel,
    ) -> Result<Option<Reference>, ShopError> {
        if !fits(parcel) {
            return if self.delete_fulfillment(order, id).await? {
                after_removal(self.create(Interface::Metadata, order, parcel).await)
            } else {
                Ok(None)
            };
        }
        let there = self.fulfillment(order, id).await?;
        let write = Write {
            method: Method::PUT,
            url: silently(self.fulfillment_url(order, id)),
            json: Some(request(parcel, there.as_ref())?),
            success: Success::Changed,
            refusals: &REFUSALS,
        };
        match self.write(write).await? {
            Said::Done(body) => match Fulfillment::read(id, &body) {
                Ok(now) if now.is_deleted() => Ok(None),
                Ok(now) if now.says(parcel) => Ok(Some(Reference::Fulfillment(id))),
                Ok(_) | Err(_) => Err(doubtful("a changed fulfilment")),
            },
            Said::Refused { code, .. } if code == NO_ROUTE => Err(self.interface_gone(order).await),
            Said::Refused { .. } if there.is_none() => Ok(None),
            Said::Refused { .. } => Err(doubtful("a changed fulfilment")),
        }
    }

    pub(super) async fn remove_fulfillment(&self, order: OrderId, id: u64) -> Result<(), ShopError> {
        self.delete_fulfillment(order, id).await.map(|_was_there| ())
    }

    /// `None`: the shop says that it is not there (any more).
    async fn fulfillment(&self, order: OrderId, id: u64) -> Result<Option<Fulfillment>, ShopError> {
        let (status, Answer { headers, body }) = self.fetch(self.fulfillment_url(order, id)).await?;
        if is_not_ours(status) || answer::is_no_route(status, &headers, &body) {
            return Err(self.interface_gone(order).await);
        }
        let code = effect::refusal(&headers, &body);
        if REFUSALS.contains(&(status.as_u16(), code.as_str())) {
            return Ok(None);
        }
        answer::judge(status, &headers, &body, self.clock.now())?;
        Ok(Some(Fulfillment::read(id, &body)?))
    }

    /// Whether it was there.
    async fn delete_fulfillment(&self, order: OrderId, id: u64) -> Result<bool, ShopError> {
        let write = Write {
            method: Method::DELETE,
            url: silently(self.fulfillment_url(order, id)),
            json: None,
            success: Success::Changed,
            refusals: &REFUSALS,
        };
        match self.write(write).await? {
            Said::Done(_) => Ok(true),
            Said::Refused { code, .. } if code == NO_ROUTE => Err(self.interface_gone(order).await),
            Said::Refused { .. } => match self.fulfillment(order, id).await? {
                None => Ok(false),
                Some(_) => Err(doubtful("a removed fulfilment")),
            },
        }
    }

    fn fulfillment_url(&self, order: OrderId, id: u64) -> Url {
        self.order_url("wc", order, &["fulfillments", &id.to_string()])
    }
}

/// Without a mail to the customer. That is the default, and said all the same.
fn silently(mut url: Url) -> Url {
    url.query_pairs_mut().append_pair("notify_customer", "false");
    url
}

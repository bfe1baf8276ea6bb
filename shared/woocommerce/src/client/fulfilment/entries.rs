//! Parcels in the order's metadata, each written by its key without a read
//! before: what was read may be older than what another write left there.
//! Metadata alone tells nobody.

use reqwest::Method;
use weir_domain::fulfilment::Parcel;
use weir_domain::id::OrderId;
use weir_domain::ports::ShopError;

use super::super::ShopClient;
use super::super::effect::Success;
use super::write::doubtful;
use crate::fulfilment::Reference;
use crate::fulfilment::entries::{ENTRY_FIELDS, Entries, removal, request};

impl ShopClient {
    pub(super) async fn entries(&self, order: OrderId) -> Result<Entries, ShopError> {
        let mut url = self.url(&["orders", &order.to_string()]);
        url.query_pairs_mut().append_pair("_fields", ENTRY_FIELDS);
        let answer = self.get(url).await?;
        Ok(Entries::read(order, &answer.body)?)
    }

    /// `replaced`: the name of what it takes the place of.
    pub(super) async fn write_entry(
        &self,
        order: OrderId,
        replaced: Option<&str>,
        parcel: &Parcel,
    ) -> Result<Reference, ShopError> {
        let there = self.put_entries(order, request(parcel, replaced)?).await?;
        let is_replaced = replaced.is_none_or(|id| id == parcel.id.0 || !there.has(id));
        if there.say(parcel) && is_replaced {
            Ok(Reference::Entry(parcel.id.0.clone()))
        } else {
            Err(doubtful("the metadata of an order"))
        }
    }

    pub(super) async fn remove_entry(&self, order: OrderId, id: &str) -> Result<(), ShopError> {
        let there = self.put_entries(order, removal(id)?).await?;
        if there.has(id) { Err(doubtful("the metadata of an order")) } else { Ok(()) }
    }

    async fn put_entries(&self, order: OrderId, json: String) -> Result<Entries, ShopError> {
        let url = self.url(&["orders", &order.to_string()]);
        let body = self.write_plain(Method::PUT, url, json, Success::Changed).await?;
        Entries::read(order, &body).map_err(|_| doubtful("the metadata of an order"))
    }
}

//! Parcels in the order's metadata. Read, changed and written as a whole:
//! writing the same again changes nothing, and metadata alone tells nobody.

use reqwest::Method;
use weir_domain::fulfilment::Parcel;
use weir_domain::id::OrderId;
use weir_domain::ports::ShopError;

use super::super::ShopClient;
use super::super::effect::Success;
use super::write::doubtful;
use crate::fulfilment::Reference;
use crate::fulfilment::entries::{ENTRY_FIELDS, Entries};

impl ShopClient {
    pub(super) async fn entries(&self, order: OrderId) -> Result<Entries, ShopError> {
        let mut url = self.url(&["orders", &order.to_string()]);
        url.query_pairs_mut().append_pair("_fields", ENTRY_FIELDS);
        let answer = self.get(url).await?;
        Ok(Entries::read(order, &answer.body)?)
    }

    pub(super) async fn create_entry(&self, order: OrderId, parcel: &Parcel) -> Result<Reference, ShopError> {
        let entries = self.entries(order).await?.with(parcel, None);
        self.write_entries(order, &entries).await?;
        Ok(Reference::Entry(parcel.id.0.clone()))
    }

    pub(super) async fn replace_entry(
        &self,
        order: OrderId,
        id: &str,
        parcel: &Parcel,
    ) -> Result<Option<Reference>, ShopError> {
        let entries = self.entries(order).await?;
        if !entries.has(id) {
            return Ok(None);
        }
        self.write_entries(order, &entries.with(parcel, Some(id))).await?;
        Ok(Some(Reference::Entry(parcel.id.0.clone())))
    }

    pub(super) async fn remove_entry(&self, order: OrderId, id: &str) -> Result<(), ShopError> {
        let entries = self.entries(order).await?;
        if entries.has(id) { self.write_entries(order, &entries.without(id)).await } else { Ok(()) }
    }

    async fn write_entries(&self, order: OrderId, entries: &Entries) -> Result<(), ShopError> {
        let url = self.url(&["orders", &order.to_string()]);
        let body = self.write_plain(Method::PUT, url, entries.request()?, Success::Changed).await?;
        if entries.are_in(order, &body) { Ok(()) } else { Err(doubtful("the metadata of an order")) }
    }
}

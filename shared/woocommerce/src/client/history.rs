//! The history of the store: orders by when they were placed, whole.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;
use weir_domain::config::StoreConfig;
use weir_domain::id::OrderId;
use weir_domain::outcome::CallError;
use weir_domain::ports::{Listed, ShopHistory};

use super::stock::call_error;
use super::{DECIMALS, PAGE, ShopClient, not_read};
use crate::canonical::order;
use crate::wire::{Object, Scalar};

#[async_trait]
impl ShopHistory for ShopClient {
    async fn placed_after(&self, after: Timestamp, page: u32) -> Result<Vec<Listed>, CallError> {
        // With dates_are_gmt the shop wants no `Z`: it would shift by its
        // offset and miss orders.
        let written = TimeZone::UTC.to_datetime(after).strftime("%Y-%m-%dT%H:%M:%S");
        let mut url = self.url(&["orders"]);
        url.query_pairs_mut()
            .append_pair("status", "any")
            .append_pair("after", &written.to_string())
            .append_pair("dates_are_gmt", "true")
            .append_pair("orderby", "date")
            .append_pair("order", "asc")
            .append_pair("per_page", &PAGE.to_string())
            .append_pair("page", &page.max(1).to_string())
            .append_pair("dp", DECIMALS);
        let answer = self.get(url).await.map_err(call_error)?;
        read(&self.store, after, &answer.body)
    }
}

/// What an order has to have to be named at all.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Head {
    id: Scalar,
    date_created_gmt: Scalar,
}

/// One order that makes no sense does not hide the others.
fn read(store: &StoreConfig, after: Timestamp, body: &[u8]) -> Result<Vec<Listed>, CallError> {
    let not_json = |_| CallError::retry_soon("the listing is not a JSON list");
    let orders: Vec<&RawValue> = serde_json::from_slice(body).map_err(not_json)?;
    let mut last = after;
    let mut listed = Vec::with_capacity(orders.len());
    for raw in orders {
        let raw = raw.get().as_bytes();
        let Object(head): Object<Head> = serde_json::from_slice(raw).unwrap_or_default();
        let id = head.id.id().ok().filter(|id| *id != 0).map(OrderId);
        let id = id.ok_or_else(|| CallError::unknown("the listing has an order without id"))?;
        last = head.date_created_gmt.gmt().ok().flatten().unwrap_or(last);
        listed.push(Listed { id, created_at: last, order: order(store, id, raw).map_err(not_read) });
    }
    Ok(listed)
}

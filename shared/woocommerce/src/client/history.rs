//! The history of the store: orders by when they were placed.
//!
//! Whole orders can be too much for one answer, here or in the shop: such a
//! page is asked for again in smaller parts.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;
use weir_domain::config::StoreConfig;
use weir_domain::id::OrderId;
use weir_domain::outcome::CallError;
use weir_domain::ports::{Listed, Placed, ShopError, ShopHistory};
use weir_http::TransportFailure;

use super::exchange::Exchanged;
use super::stock::call_error;
use super::{DECIMALS, MAX_ANSWER_BYTES, PAGE, ShopClient, answer, not_read};
use crate::canonical::order;
use crate::wire::{Object, Scalar};

/// Orders on a page and on its parts; each is a multiple of the next.
const SIZES: [usize; 5] = [PAGE, 50, 25, 5, 1];
/// What the walk needs of an order where its content is not asked for.
const PLACED_FIELDS: &str = "id,date_created_gmt";

#[async_trait]
impl ShopHistory for ShopClient {
    async fn placed_after(&self, after: Timestamp, page: u32) -> Result<Vec<Listed>, CallError> {
        let mut listed: Vec<Listed> = Vec::new();
        // What comes first is on top.
        let mut wanted = vec![Part { step: 0, page: page.max(1) }];
        while let Some(part) = wanted.pop() {
            let last = listed.last().map_or(after, |listed| listed.created_at);
            let found = match self.whole(after, &part).await {
                Ok(body) => read(&self.store, last, &body)?,
                Err(Unread::TooMuch(error)) => match part.halves() {
                    Some(parts) => {
                        wanted.extend(parts.rev());
                        continue;
                    }
                    None => self.too_large(after, last, &part, error).await?,
                },
                Err(Unread::Call(error)) => return Err(error),
            };
            let is_last = found.len() < part.size();
            listed.extend(found);
            if is_last {
                break;
            }
        }
        Ok(listed)
    }

    async fn ids_placed_after(&self, after: Timestamp, page: u32) -> Result<Vec<Placed>, CallError> {
        self.ids(after, after, &Part { step: 0, page: page.max(1) }).await
    }
}

/// A page of one of the sizes.
struct Part {
    step: usize,
    page: u32,
}

impl Part {
    fn size(&self) -> usize {
        SIZES.get(self.step).copied().unwrap_or(1)
    }

    /// The same in pages of the next size; `None` if it is one order.
    fn halves(&self) -> Option<impl DoubleEndedIterator<Item = Self>> {
        let step = self.step + 1;
        let parts = u32::try_from(self.size() / SIZES.get(step)?).ok()?;
        let first = (self.page - 1).saturating_mul(parts).saturating_add(1);
        Some((first..first.saturating_add(parts)).map(move |page| Self { step, page }))
    }
}

enum Unread {
    /// It was too long for us, or cut off, as by a shop without memory left.
    TooMuch(ShopError),
    Call(CallError),
}

impl ShopClient {
    fn placed(&self, after: Timestamp, part: &Part) -> Url {
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
            .append_pair("per_page", &part.size().to_string())
            .append_pair("page", &part.page.to_string());
        url
    }

    async fn whole(&self, after: Timestamp, part: &Part) -> Result<Vec<u8>, Unread> {
        let mut url = self.placed(after, part);
        url.query_pairs_mut().append_pair("dp", DECIMALS);
        let sent = self.exchange(Method::GET, url, None, MAX_ANSWER_BYTES).await;
        let Exchanged { status, headers, body } = sent.map_err(|failure| {
            let error = answer::no_answer(&failure);
            let cut_off = matches!(failure, TransportFailure::Other);
            if cut_off { Unread::TooMuch(error.into()) } else { Unread::Call(error) }
        })?;
        let body = match body {
            Some(body) => body,
            None if status != StatusCode::OK => Vec::new(),
            None => {
                return Err(match answer::too_large(&headers, MAX_ANSWER_BYTES) {
                    ShopError::Call(error) => Unread::Call(error),
                    error => Unread::TooMuch(error),
                });
            }
        };
        if answer::is_no_route(status, &headers, &body) {
            return Err(Unread::Call(answer::no_route(None)));
        }
        let judged = answer::judge(status, &headers, &body, self.clock.now());
        judged.map_err(|error| Unread::Call(call_error(error)))?;
        Ok(body)
    }

    /// One order that is too large alone is named, and does not hide the
    /// others.
    async fn too_large(
        &self,
        after: Timestamp,
        last: Timestamp,
        part: &Part,
        error: ShopError,
    ) -> Result<Vec<Listed>, CallError> {
        if let ShopError::Call(error) = error {
            return Err(error);
        }
        let placed = self.ids(after, last, part).await?;
        let listed = |it: Placed| Listed { id: it.id, created_at: it.created_at, order: Err(error.clone()) };
        Ok(placed.into_iter().map(listed).collect())
    }

    /// `last` is the time of the order before.
    async fn ids(&self, after: Timestamp, last: Timestamp, part: &Part) -> Result<Vec<Placed>, CallError> {
        let mut url = self.placed(after, part);
        url.query_pairs_mut().append_pair("_fields", PLACED_FIELDS);
        let answer = self.get(url).await.map_err(call_error)?;
        Ok(heads(last, &answer.body)?.into_iter().map(|(placed, _)| placed).collect())
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
fn read(store: &StoreConfig, last: Timestamp, body: &[u8]) -> Result<Vec<Listed>, CallError> {
    let listed = |(Placed { id, created_at }, raw): (Placed, &RawValue)| {
        let order = order(store, id, raw.get().as_bytes()).map_err(not_read);
        Listed { id, created_at, order }
    };
    Ok(heads(last, body)?.into_iter().map(listed).collect())
}

/// Each order of a listing, named, and its JSON.
fn heads(mut last: Timestamp, body: &[u8]) -> Result<Vec<(Placed, &RawValue)>, CallError> {
    let not_json = |_| CallError::retry_soon("the listing is not a JSON list");
    let orders: Vec<&RawValue> = serde_json::from_slice(body).map_err(not_json)?;
    let mut heads = Vec::with_capacity(orders.len());
    for raw in orders {
        let Object(head): Object<Head> = serde_json::from_slice(raw.get().as_bytes()).unwrap_or_default();
        let id = head.id.id().ok().filter(|id| *id != 0).map(OrderId);
        let id = id.ok_or_else(|| CallError::unknown("the listing has an order without id"))?;
        last = head.date_created_gmt.gmt().ok().flatten().unwrap_or(last);
        heads.push((Placed { id, created_at: last }, raw));
    }
    Ok(heads)
}

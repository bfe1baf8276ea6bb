//! The shop's REST API, version 3: Basic authentication over TLS.
//!
//! Orders and products are read; quantities of stock are written, and of
//! orders what the ERP knows better: parcels, notes, statuses, refunds. Lines
//! are never written: that edits the order. A read that fails has had no effect (`client/answer.rs`), a
//! write may have had one (`client/effect.rs`): each has its table of classes.
//! Over plain http, which only loopback in the local profile can have,
//! WooCommerce ignores Basic credentials; the request is then signed as well
//! (OAuth 1.0a).

mod answer;
mod checkup;
mod effect;
mod exchange;
mod fulfilment;
mod history;
mod oauth;
mod stock;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;
use weir_domain::config::StoreConfig;
use weir_domain::fulfilment::{NewRefund, OrderNote, Parcel, ShownParcel};
use weir_domain::id::{OrderId, RefundId};
use weir_domain::order::{OrderStatus, Refund};
use weir_domain::outcome::CallError;
use weir_domain::ports::{Clock, OrderStub, Shop, ShopError, ShopOrder, ShopPage};
use weir_http::{Client, Guard, answered_at};

use crate::canonical::{OrderError, order, refunds};
use crate::wire::{self, List, Scalar, WireRefundRef};

pub use webhooks::StoreWebhooks;

/// One exchange, from connecting to the last byte.
pub const TIMEOUT: Duration = Duration::from_secs(20);
/// The largest answer that is read. A real order has some 10 kB; plugins
/// that keep documents in metadata reach hundreds.
pub const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;
/// Orders or products on a page of a listing: the most the shop gives.
const PAGE: usize = 100;
/// Pages of an order's refunds that are read: more have no sense.
const REFUND_PAGES: u32 = 10;
/// What a listing tells of each order.
const STUB_FIELDS: &str = "id,date_modified_gmt,refunds";
/// Decimals asked for, so that a line is not rounded before it is summed.
const DECIMALS: &str = "6";

/// A key of the REST API. `read` is enough for a store that keeps its own
/// stock and is told nothing; one whose stock or webhooks are managed, or that is
/// told of parcels and returns, needs `read_write`.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// `ck_…`
    pub consumer_key: SecretString,
    /// `cs_…`
    pub consumer_secret: SecretString,
}

/// The client of a store could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ShopClientError {
    /// There is no client for anybody.
    #[error(transparent)]
    Http(#[from] weir_http::BuildError),
    /// The store's URL can have no path.
    #[error("the store's URL is not an address of a web site")]
    Url,
}

/// One store's REST API.
pub struct ShopClient {
    store: Arc<StoreConfig>,
    /// Of the API itself.
    base: Url,
    key: ApiKey,
    http: Client,
    clock: Arc<dyn Clock>,
    nonces: oauth::Nonces,
    learned: stock::Learned,
    fulfilment: fulfilment::Learned,
}

struct Answer {
    headers: HeaderMap,
    body: Vec<u8>,
}

impl ShopClient {
    /// A client for a store whose configuration was checked. The local
    /// profile may reach loopback over plain http.
    pub fn new(
        store: Arc<StoreConfig>,
        key: ApiKey,
        clock: Arc<dyn Clock>,
        local_profile: bool,
    ) -> Result<Self, ShopClientError> {
        let guard = Guard { allow_private: Vec::new(), allow_loopback: local_profile };
        let mut base = store.url.clone();
        base.path_segments_mut()
            .map_err(|()| ShopClientError::Url)?
            .pop_if_empty()
            .extend(["wp-json", "wc", "v3"]);
        let http = weir_http::client(guard, TIMEOUT)?;
        let (nonces, learned) = (oauth::Nonces::default(), stock::Learned::default());
        let fulfilment = fulfilment::Learned::default();
        Ok(Self { store, base, key, http, clock, nonces, learned, fulfilment })
    }

    /// The address of a resource.
    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        url
    }

    async fn get(&self, url: Url) -> Result<Answer, ShopError> {
        self.get_if_routed(url).await?.ok_or_else(|| answer::no_route(None).into())
    }

    /// `None`: the API says that it has nothing at this address.
    async fn get_if_routed(&self, url: Url) -> Result<Option<Answer>, ShopError> {
        let (status, Answer { headers, body }) = self.fetch(url).await?;
        if answer::is_no_route(status, &headers, &body) {
            return Ok(None);
        }
        answer::judge(status, &headers, &body, self.clock.now())?;
        Ok(Some(Answer { headers, body }))
    }

    /// Whatever the answer means.
    async fn fetch(&self, url: Url) -> Result<(StatusCode, Answer), ShopError> {
        let sent = self.exchange(Method::GET, url, None, MAX_ANSWER_BYTES).await;
        let exchanged = sent.map_err(|failure| answer::no_answer(&failure))?;
        let (status, headers) = (exchanged.status, exchanged.headers);
        let body = match exchanged.body {
            Some(body) => body,
            // Too large to be one of the shop's errors: judged without it.
            None if status != StatusCode::OK => Vec::new(),
            None => return Err(answer::too_large(&headers, MAX_ANSWER_BYTES)),
        };
        Ok((status, Answer { headers, body }))
    }

    /// The first `pages` pages of the orders of one status that changed after
    /// an instant, and the shop's clock at the first.
    async fn changed(
        &self,
        status: &str,
        after: Timestamp,
        pages: u32,
    ) -> Result<(Vec<OrderStub>, Option<Timestamp>), ShopError> {
        let mut stubs = Vec::new();
        let mut at = None;
        for page in 1..=pages {
            let answer = self.get(self.listing(status, after, page, STUB_FIELDS)).await?;
            at = at.or_else(|| answered_at(&answer.headers));
            let found = read_stubs(&answer.body)?;
            let is_last = found.len() < PAGE;
            stubs.extend(found);
            if is_last {
                break;
            }
        }
        Ok((stubs, at))
    }

    /// Orders of one status that changed after an instant, oldest change first.
    fn listing(&self, status: &str, after: Timestamp, page: u32, fields: &str) -> Url {
        // With dates_are_gmt the shop wants no `Z`: it would shift by its
        // offset and miss orders.
        let after = TimeZone::UTC.to_datetime(after).strftime("%Y-%m-%dT%H:%M:%S");
        let mut url = self.url(&["orders"]);
        url.query_pairs_mut()
            .append_pair("status", status)
            .append_pair("modified_after", &after.to_string())
            .append_pair("dates_are_gmt", "true")
            .append_pair("orderby", "modified")
            .append_pair("order", "asc")
            .append_pair("per_page", &PAGE.to_string())
            .append_pair("page", &page.to_string())
            .append_pair("_fields", fields);
        url
    }
}

#[async_trait]
impl Shop for ShopClient {
    async fn order(&self, id: OrderId) -> Result<ShopOrder, ShopError> {
        let mut url = self.url(&["orders", &id.to_string()]);
        url.query_pairs_mut().append_pair("dp", DECIMALS);
        let answer = self.get(url).await?;
        let order = order(&self.store, id, &answer.body).map_err(not_read)?;
        Ok(ShopOrder { order, answered_at: answered_at(&answer.headers) })
    }

    async fn refunds(&self, order: OrderId) -> Result<Vec<Refund>, ShopError> {
        let mut all = Vec::new();
        for page in 1..=REFUND_PAGES {
            let mut url = self.url(&["orders", &order.to_string(), "refunds"]);
            url.query_pairs_mut()
                .append_pair("dp", DECIMALS)
                .append_pair("orderby", "id")
                .append_pair("order", "asc")
                .append_pair("per_page", &PAGE.to_string())
                .append_pair("page", &page.to_string());
            let answer = self.get(url).await?;
            let found = refunds(&self.store, order, &answer.body).map_err(not_read)?;
            let is_last = found.len() < PAGE;
            all.extend(found);
            if is_last {
                return Ok(all);
            }
        }
        let detail = format!("more than {} refunds of one order", all.len());
        Err(ShopError::Unreadable { code: "too_many_refunds", detail })
    }

    async fn changed_after(&self, after: Timestamp, page: u32) -> Result<ShopPage, ShopError> {
        let page = page.max(1);
        let (mut orders, answered_at) = self.changed("any", after, page).await?;
        // "any" leaves out the trash, and a trashed order is a cancelled one.
        // The first n pages of both hold the first n of their union.
        let (trashed, _) = self.changed("trash", after, page).await?;
        orders.extend(trashed);
        orders.sort_by_key(|stub| (stub.modified_at, stub.id));
        let skipped = PAGE.saturating_mul(page as usize - 1);
        let orders = orders.into_iter().skip(skipped).take(PAGE).collect();
        Ok(ShopPage { orders, answered_at })
    }

    async fn parcels(&self, order: OrderId) -> Result<Vec<ShownParcel>, ShopError> {
        self.all_parcels(order).await
    }

    async fn show_parcel(
        &self,
        order: OrderId,
        reference: Option<&str>,
        parcel: &Parcel,
    ) -> Result<Option<String>, ShopError> {
        self.show(order, reference, parcel).await
    }

    async fn remove_parcel(&self, order: OrderId, reference: &str) -> Result<(), ShopError> {
        self.take_away(order, reference).await
    }

    async fn notes(&self, order: OrderId) -> Result<Vec<String>, ShopError> {
        self.note_texts(order).await
    }

    async fn add_note(&self, order: OrderId, note: &OrderNote) -> Result<(), ShopError> {
        self.note_down(order, note).await
    }

    async fn set_status(&self, order: OrderId, status: &OrderStatus) -> Result<(), ShopError> {
        self.give_status(order, status).await
    }

    async fn give_refund(&self, order: OrderId, refund: &NewRefund) -> Result<RefundId, ShopError> {
        self.make_refund(order, refund).await
    }
}

/// A body that is not what was asked for is read again; one that is, and makes
/// no sense, is for people.
fn not_read(error: OrderError) -> ShopError {
    match error {
        OrderError::Unreadable(unreadable) => unreadable.into(),
        OrderError::NotJson | OrderError::OtherOrder => CallError::retry_soon(error.to_string()).into(),
    }
}

fn read_stubs(body: &[u8]) -> Result<Vec<OrderStub>, ShopError> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Stub {
        id: Scalar,
        date_modified_gmt: Scalar,
        refunds: List<WireRefundRef>,
    }
    let stubs = wire::listing::<Stub>(body).map_err(|why| CallError::retry_soon(why.to_string()))?;
    let read = |stub: &Stub| {
        let id = stub.id.id().ok().filter(|id| *id != 0)?;
        // One without an id is named again by the order itself.
        let refunds = stub.refunds.iter().filter_map(|refund| refund.id.id().ok().filter(|id| *id != 0));
        let refunds = refunds.map(RefundId).collect();
        Some(OrderStub { id: OrderId(id), modified_at: stub.date_modified_gmt.gmt().ok()??, refunds })
    };
    let read: Option<Vec<_>> = stubs.iter().map(read).collect();
    Ok(read.ok_or_else(|| CallError::unknown("the listing has an order without id or date"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_a_list_of_orders() {
        let stubs = read_stubs(br#" [{"id":25,"date_modified_gmt":"2026-11-23T19:41:10"}]"#).unwrap();
        assert_eq!(stubs[0].id, OrderId(25));
        assert_eq!(stubs[0].modified_at.to_string(), "2026-11-23T19:41:10Z");
        assert_eq!(stubs[0].refunds, []);
        let refunded = br#"[{"id":2,"date_modified_gmt":"2026-11-23T19:41:10","refunds":[{"id":31},{}]}]"#;
        assert_eq!(read_stubs(refunded).unwrap()[0].refunds, [RefundId(31)]);
        assert_eq!(read_stubs(b"[]").unwrap(), []);
        for odd in ["{}", "null", "", "[", "<br />[]", r#"{"code":"x"}"#] {
            let retry =
                matches!(read_stubs(odd.as_bytes()), Err(ShopError::Call(CallError::RetrySoon { .. })));
            assert!(retry, "{odd}");
        }
        for odd in [r#"[{"id":25}]"#, r#"[{"date_modified_gmt":"2026-11-23T19:41:10"}]"#, "[1]", "[[]]"] {
            let unknown =
                matches!(read_stubs(odd.as_bytes()), Err(ShopError::Call(CallError::Unknown { .. })));
            assert!(unknown, "{odd}");
        }
    }
}

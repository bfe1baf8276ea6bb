//! The stock side of the API: products, sales, quantities.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::Method;
use url::{Url, form_urlencoded};
use weir_domain::outcome::CallError;
use weir_domain::ports::{Adjusted, Adjustment, SalesPage, ShopError, ShopItem, ShopProduct, ShopStock};
use weir_http::answered_at;

use super::{PAGE, ShopClient, effect};
use crate::stock::{PRODUCT_FIELDS, SALE_FIELDS, adjusted, batch, product, products, sales};

/// The answer to a batch cannot be asked to be short (`_fields` empties it),
/// and holds the texts of 100 products.
const MAX_ECHO_BYTES: usize = 32 * 1024 * 1024;
/// Of the SKUs in one address; servers refuse some 8,000 for all of it.
const MAX_SKUS_BYTES: usize = 5_000;
/// Pages of one listing by SKU: beyond it the shop lists what was not asked.
const MAX_PAGES: u32 = 10;

impl ShopClient {
    fn product_listing(&self, by: &str, list: &str, page: u32) -> Url {
        let mut url = self.url(&["products"]);
        url.query_pairs_mut()
            .append_pair(by, list)
            // All but the trash; private and draft ones too.
            .append_pair("status", "any")
            .append_pair("orderby", "id")
            .append_pair("order", "asc")
            .append_pair("per_page", &PAGE.to_string())
            .append_pair("page", &page.to_string())
            .append_pair("_fields", PRODUCT_FIELDS);
        url
    }

    /// All pages of a listing.
    async fn listed(&self, by: &str, list: &str) -> Result<Vec<ShopProduct>, CallError> {
        let mut found = Vec::new();
        for page in 1..=MAX_PAGES {
            let answer = self.get(self.product_listing(by, list, page)).await.map_err(call_error)?;
            let listed = products(&answer.body)?;
            let pages = answer.headers.get("x-wp-totalpages");
            let pages = pages.and_then(|pages| pages.to_str().ok()?.trim().parse::<u32>().ok());
            let is_last = pages.map_or(listed.len() < PAGE, |pages| page >= pages);
            found.extend(listed.into_iter().flatten());
            if is_last {
                return Ok(found);
            }
        }
        Err(CallError::unknown("the shop lists more products than were asked for"))
    }

    async fn by_sku(&self, skus: &BTreeSet<&str>) -> Result<Vec<ShopProduct>, CallError> {
        let mut found = Vec::new();
        for list in sku_lists(skus) {
            found.extend(self.listed("sku", &list).await?);
        }
        // The shop's database compares without case, and finds the parts of a
        // SKU that contains a comma as well.
        found.retain(|product| skus.contains(product.sku.as_str()));
        Ok(found)
    }

    /// A list finds products only; what it leaves out may be a variation.
    async fn by_id(&self, ids: &BTreeSet<u64>) -> Result<Vec<ShopProduct>, CallError> {
        let mut found = Vec::new();
        if ids.len() > 1 {
            let list: Vec<String> = ids.iter().map(u64::to_string).collect();
            found = self.listed("include", &list.join(",")).await?;
            found.retain(|product| ids.contains(&product.id));
        }
        let known: BTreeSet<u64> = found.iter().map(|product| product.id).collect();
        for id in ids.difference(&known) {
            let mut url = self.url(&["products", &id.to_string()]);
            url.query_pairs_mut().append_pair("_fields", PRODUCT_FIELDS);
            match self.get(url).await {
                Ok(answer) => found.extend(product(*id, &answer.body)?),
                Err(ShopError::Gone) => {}
                Err(error) => return Err(call_error(error)),
            }
        }
        Ok(found)
    }
}

#[async_trait]
impl ShopStock for ShopClient {
    async fn products(&self, items: &[ShopItem]) -> Result<Vec<ShopProduct>, CallError> {
        let mut skus = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for item in items {
            match item {
                ShopItem::Sku(sku) => skus.insert(sku.as_str()),
                ShopItem::Id(id) => ids.insert(*id),
            };
        }
        let mut found = self.by_sku(&skus).await?;
        found.extend(self.by_id(&ids).await?);
        // Asked for in two ways, or on two pages that shifted.
        let mut seen = BTreeSet::new();
        found.retain(|product| seen.insert(product.id));
        Ok(found)
    }

    async fn sales_after(&self, after: Timestamp, page: u32) -> Result<SalesPage, CallError> {
        let url = self.listing("any", after, page.max(1), SALE_FIELDS);
        let answer = self.get(url).await.map_err(call_error)?;
        Ok(SalesPage { sales: sales(&answer.body)?, answered_at: answered_at(&answer.headers) })
    }

    async fn adjust(&self, adjustments: &[Adjustment]) -> Result<Vec<Adjusted>, CallError> {
        if adjustments.is_empty() {
            return Ok(Vec::new());
        }
        let batch = batch(adjustments)?;
        let url = match batch.parent {
            None => self.url(&["products", "batch"]),
            Some(parent) => self.url(&["products", &parent.to_string(), "variations", "batch"]),
        };
        let sent = self.exchange(Method::POST, url, Some(batch.body.into_bytes()), MAX_ECHO_BYTES).await;
        let answer = sent.map_err(|failure| effect::no_answer(&failure))?;
        let body = answer.body.as_deref();
        effect::judge(answer.status, &answer.headers, body.unwrap_or_default(), self.clock.now())?;
        let body = body.ok_or_else(|| CallError::unknown("the answer to a batch is too long to be read"))?;
        adjusted(adjustments, body)
    }
}

/// An order or product that cannot be asked for has no business here.
fn call_error(error: ShopError) -> CallError {
    match error {
        ShopError::Call(error) => error,
        ShopError::Gone => CallError::unknown("the shop says of a listing that it is gone"),
        ShopError::Unreadable { detail, .. } => {
            CallError::unknown(format!("the listing cannot be read: {detail}"))
        }
    }
}

/// SKUs in lists that an address can carry.
///
/// The shop splits a list at its commas, and looks for the text as a whole
/// besides: a SKU with a comma is found if it is asked for alone. A SKU too
/// long for any address is in no shop.
fn sku_lists(skus: &BTreeSet<&str>) -> Vec<String> {
    let mut lists = Vec::new();
    let mut list = String::new();
    let (mut bytes, mut items) = (0, 0);
    for sku in skus {
        let length = encoded(sku);
        if sku.is_empty() || length > MAX_SKUS_BYTES {
            continue;
        }
        if sku.contains(',') {
            lists.push((*sku).to_owned());
            continue;
        }
        if items == PAGE || bytes + length > MAX_SKUS_BYTES {
            lists.push(std::mem::take(&mut list));
            (bytes, items) = (0, 0);
        }
        if items > 0 {
            list.push(',');
        }
        list.push_str(sku);
        bytes += length + encoded(",");
        items += 1;
    }
    lists.extend(Some(list).filter(|list| !list.is_empty()));
    for list in &mut lists {
        // PHP calls it empty, and the shop would list everything it has.
        if list == "0" {
            "0,0".clone_into(list);
        }
    }
    lists
}

fn encoded(text: &str) -> usize {
    form_urlencoded::byte_serialize(text.as_bytes()).map(str::len).sum()
}

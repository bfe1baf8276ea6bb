//! Products by SKU and by id.
//!
//! A list of SKUs finds variations, a list of ids does not: those are read one
//! by one, a few at a time, and from then on asked for by their SKUs or, where
//! they have none of their own, under their parents.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::SignedDuration;
use url::{Url, form_urlencoded};
use weir_domain::outcome::CallError;
use weir_domain::ports::{ShopError, ShopProduct};

use super::super::{PAGE, ShopClient};
use super::call_error;
use crate::stock::{PRODUCT_FIELDS, product, products, variations};

/// Of the SKUs in one address; servers refuse some 8,000 for all of it.
const MAX_SKUS_BYTES: usize = 5_000;
/// Pages of one listing by SKU: beyond it the shop lists what was not asked.
const MAX_PAGES: u32 = 10;
/// Products that are read one by one at once: a small shop has few workers.
const AT_ONCE: usize = 4;
/// No further one is read after so long; those that were are remembered, and
/// the next call goes on.
const READING: SignedDuration = SignedDuration::from_secs(10);

impl ShopClient {
    pub(super) async fn by_sku(&self, skus: &BTreeSet<&str>) -> Result<Vec<ShopProduct>, CallError> {
        let mut found = Vec::new();
        for list in sku_lists(skus) {
            found.extend(self.listed(None, "sku", &list).await?);
        }
        // The shop's database compares without case, and finds the parts of a
        // SKU that contains a comma as well.
        found.retain(|product| skus.contains(product.sku.as_str()));
        Ok(found)
    }

    pub(super) async fn by_id(&self, ids: &BTreeSet<u64>) -> Result<Vec<ShopProduct>, CallError> {
        let mut found = Vec::new();
        if ids.len() > 1 {
            found = self.by_what_is_known(ids).await?;
        }
        let rest = without(ids, &found);
        let singly = self.singly(&rest).await;
        self.learned.see(&found);
        found.extend(singly?);
        Ok(found)
    }

    /// In lists: variations that were seen before, then products.
    async fn by_what_is_known(&self, ids: &BTreeSet<u64>) -> Result<Vec<ShopProduct>, CallError> {
        let skus = self.learned.skus(ids);
        let mut found = self.by_sku(&skus.iter().map(String::as_str).collect()).await?;
        found.retain(|product| ids.contains(&product.id));
        for (parent, family) in self.learned.families(&without(ids, &found)) {
            if family.len() > 1 {
                found.extend(self.listed(Some(parent), "include", &list_of(&family)).await?);
            }
        }
        let known: BTreeSet<u64> = self.learned.families(ids).into_values().flatten().collect();
        let others: BTreeSet<u64> = without(ids, &found).difference(&known).copied().collect();
        if others.len() > 1 {
            found.extend(self.listed(None, "include", &list_of(&others)).await?);
        }
        found.retain(|product| ids.contains(&product.id));
        Ok(found)
    }

    /// What no list finds. One that is gone is left out.
    async fn singly(&self, ids: &BTreeSet<u64>) -> Result<Vec<ShopProduct>, CallError> {
        let began = self.clock.steady();
        let read = |id: u64| async move {
            if self.clock.steady() - began > READING {
                return Err(CallError::retry_soon("the shop took long for products read one by one"));
            }
            let mut url = self.url(&["products", &id.to_string()]);
            url.query_pairs_mut().append_pair("_fields", PRODUCT_FIELDS);
            let read = match self.get(url).await {
                Ok(answer) => product(id, &answer.body)?,
                Err(ShopError::Gone) => None,
                Err(error) => return Err(call_error(error)),
            };
            self.learned.see(read.as_slice());
            Ok(read)
        };
        let read = stream::iter(ids.iter().copied().map(read)).buffered(AT_ONCE);
        let read: Vec<Option<ShopProduct>> = read.try_collect().await?;
        Ok(read.into_iter().flatten().collect())
    }

    /// All pages of a listing: of the variations of a parent, or of products.
    async fn listed(&self, parent: Option<u64>, by: &str, list: &str) -> Result<Vec<ShopProduct>, CallError> {
        let mut found = Vec::new();
        for page in 1..=MAX_PAGES {
            let url = self.product_listing(parent, by, list, page);
            let answer = match self.get(url).await {
                // The parent, and its variations with it.
                Err(ShopError::Gone) if parent.is_some() => return Ok(found),
                answer => answer.map_err(call_error)?,
            };
            let listed = match parent {
                None => products(&answer.body)?,
                Some(parent) => variations(parent, &answer.body)?,
            };
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

    fn product_listing(&self, parent: Option<u64>, by: &str, list: &str, page: u32) -> Url {
        let mut url = match parent {
            None => self.url(&["products"]),
            Some(parent) => self.url(&["products", &parent.to_string(), "variations"]),
        };
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
}

fn without(ids: &BTreeSet<u64>, found: &[ShopProduct]) -> BTreeSet<u64> {
    let found: BTreeSet<u64> = found.iter().map(|product| product.id).collect();
    ids.difference(&found).copied().collect()
}

fn list_of(ids: &BTreeSet<u64>) -> String {
    ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
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

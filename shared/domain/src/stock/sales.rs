//! What shops sold: their changed orders, read for stock *after* the shop's
//! quantity was, so that every sale that lowered it is known.
//!
//! Orders are listed from a watermark that lies an overlap behind the last
//! listing: WooCommerce saves an order first and takes its units off a moment
//! later, in the same request.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::in_flight::{Reduction, Told, reduction};
use crate::config::{StockConfig, StoreConfig};
use crate::id::{ItemKey, LineKey, OrderId, OrderKey};
use crate::items;
use crate::outcome::CallError;
use crate::ports::{
    Clock, InFlightNews, LedgerError, MappingStore, SaleLine, SalesPage, ShopSale, ShopStock, StockStore,
};

/// Orders on a full page.
const PAGE: usize = 100;
/// Orders that a watermark remembers, some 100 bytes each in a row of at most
/// 350,000: what does not fit is written again.
const REMEMBERED: usize = 3_000;

/// Up to where a store's orders were read for stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watermark {
    /// Counts the writes of this record, from 1.
    pub version: u64,
    /// Orders changed after this (the shop's clock) are read again.
    pub after: Timestamp,
    /// What is known of orders changed since then.
    pub recent: BTreeMap<OrderId, Recent>,
}

/// What is known of an order that will be listed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recent {
    /// Its date of change, in seconds: the listing's resolution.
    pub modified_s: i64,
    /// Of what it means for stock: one that says the same is not written
    /// again.
    pub digest: u64,
    /// Since when the shop does not say what it took for a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumed: Option<Timestamp>,
}

/// Why sales could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SalesError {
    /// The shop could not be read.
    #[error(transparent)]
    Shop(#[from] CallError),
    /// The tables could not be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// What a store sold since its watermark.
#[derive(Debug, Default)]
pub struct Sold {
    /// What is news, already written to the in-flight rows.
    pub news: Vec<InFlightNews>,
    /// Everything was read; else only a part, and the next reading goes on.
    pub complete: bool,
    /// Requests made.
    pub requests: u32,
}

/// Reads what stores sold.
pub struct SalesReader<'a> {
    /// Rows and watermarks.
    pub stock: &'a dyn StockStore,
    /// What the shops' products are in the ERP.
    pub mappings: &'a dyn MappingStore,
    /// The time.
    pub clock: &'a dyn Clock,
    /// No page is begun after this.
    pub until: Timestamp,
}

impl SalesReader<'_> {
    /// Reads on from a watermark that was itself read before the in-flight
    /// rows were: what another reader has found since is then in the listing.
    pub async fn read(
        &self,
        config: &StoreConfig,
        stock: &StockConfig,
        shop: &dyn ShopStock,
        watermark: Option<Watermark>,
    ) -> Result<Sold, SalesError> {
        let started_at = self.clock.now();
        let known = watermark.unwrap_or_else(|| first(config, started_at));
        let mut walk = Walk { after: known.after, page: 1, shop_time: None, listed: BTreeMap::new() };
        let mut sold = Sold::default();
        while self.clock.now() < self.until {
            let read_at = self.clock.now();
            let page = shop.sales_after(walk.after, walk.page).await?;
            sold.requests += 1;
            let news = self.note(config, stock, &known, &page, read_at, &mut walk).await?;
            sold.news.extend(news);
            if page.sales.len() < PAGE {
                sold.complete = true;
                break;
            }
            walk.step(&page);
        }
        let next = known.next(walk, sold.complete, stock.longest_request(), started_at);
        // Should another reader have been faster, its watermark is as good:
        // what was found here is written already.
        self.stock.put_watermark(&config.store, &next).await?;
        Ok(sold)
    }

    /// Writes what a page has that was not known.
    async fn note(
        &self,
        config: &StoreConfig,
        stock: &StockConfig,
        known: &Watermark,
        page: &SalesPage,
        read_at: Timestamp,
        walk: &mut Walk,
    ) -> Result<Vec<InFlightNews>, SalesError> {
        walk.shop_time = walk.shop_time.or(page.answered_at);
        let keys: Vec<_> = page.sales.iter().flat_map(|sale| &sale.lines).flat_map(candidates).collect();
        let mappings = self.mappings.mappings(&config.store, &distinct(keys)).await?;
        let mut news = Vec::new();
        for sale in &page.sales {
            let before = known.recent.get(&sale.order).or_else(|| walk.listed.get(&sale.order));
            let assumed = before.and_then(|recent| recent.assumed);
            let (lines, recent) = read_sale(sale, assumed, read_at);
            if before.is_none_or(|before| before.digest != recent.digest) {
                let item = |line: &SaleLine| {
                    let sku = line.product.sku.as_ref().map(|sku| sku.0.as_str());
                    items::item(config.items, &mappings, line.product.id(), sku)
                };
                news.extend(lines.into_iter().filter_map(|(line, reduced)| {
                    Some(InFlightNews {
                        item: ItemKey { entity: stock.entity.clone(), sku: item(line)? },
                        line: LineKey {
                            order: OrderKey { store: config.store.clone(), order: sale.order },
                            line: line.id,
                        },
                        reduced,
                        confirming: None,
                    })
                }));
            }
            walk.listed.insert(sale.order, recent);
        }
        self.stock.put_in_flight(&news).await?;
        Ok(news)
    }
}

fn candidates(line: &SaleLine) -> Vec<crate::mapping::MappingKey> {
    items::candidates(line.product.id(), line.product.sku.as_ref().map(|sku| sku.0.as_str()))
}

fn distinct<T: Ord>(mut keys: Vec<T>) -> Vec<T> {
    keys.sort();
    keys.dedup();
    keys
}

/// The very first reading reaches back to the cut-over, or as far as the poll
/// does.
fn first(config: &StoreConfig, now: Timestamp) -> Watermark {
    let hours = SignedDuration::from_hours(config.poll.first_hours.into());
    let after = config.cut_over.unwrap_or(now - hours).min(now);
    Watermark { version: 0, after, recent: BTreeMap::new() }
}

/// R of each line, and what to remember of the sale.
fn read_sale(
    sale: &ShopSale,
    assumed: Option<Timestamp>,
    read_at: Timestamp,
) -> (Vec<(&SaleLine, Reduction)>, Recent) {
    let before = assumed.map(|since| Told::Assumed { since });
    let mut still_assumed = None;
    let mut hash = Sha256::new();
    // What is said under another date is news, though it be the same: others
    // may have read and written something else in between.
    hash.update(format!("{};", sale.modified_at.as_second()));
    let mut lines = Vec::new();
    for line in &sale.lines {
        let (quantity, told) = reduction(&sale.status, line.quantity, line.reduced, before, read_at);
        if let Told::Assumed { since } = told {
            still_assumed = Some(since);
        }
        hash.update(format!("{}:{}:{};", line.id, line.product.id(), quantity.normalize()));
        let (modified_at, placed_at) = (sale.modified_at, sale.placed_at);
        lines.push((line, Reduction { quantity, told, modified_at, read_at, placed_at }));
    }
    let digest = hash.finalize().iter().take(8).fold(0, |digest, byte| digest << 8 | u64::from(*byte));
    (lines, Recent { modified_s: sale.modified_at.as_second(), digest, assumed: still_assumed })
}

/// A walk through the listing: always on from the last change seen, since
/// pages shift while orders change.
struct Walk {
    after: Timestamp,
    page: u32,
    shop_time: Option<Timestamp>,
    listed: BTreeMap<OrderId, Recent>,
}

impl Walk {
    /// Goes on after a full page. `after` is exclusive and counts whole
    /// seconds, so the last second of the page is listed again.
    fn step(&mut self, page: &SalesPage) {
        let last = page.sales.iter().map(|sale| sale.modified_at).max().unwrap_or(self.after);
        let next = last - SignedDuration::from_secs(1);
        if next > self.after {
            (self.after, self.page) = (next, 1);
        } else {
            self.page += 1;
        }
    }
}

impl Watermark {
    /// Where the next reading begins: what may still change without a newer
    /// date is read again.
    fn next(
        self,
        walk: Walk,
        complete: bool,
        longest_request: SignedDuration,
        started_at: Timestamp,
    ) -> Self {
        let overlap = longest_request * 2 + SignedDuration::from_secs(30);
        let reached = if complete { walk.shop_time.unwrap_or(started_at) } else { walk.after };
        let after = (reached - overlap).max(self.after);
        let mut recent = self.recent;
        recent.extend(walk.listed);
        recent.retain(|_, order| order.modified_s > after.as_second());
        while recent.len() > REMEMBERED {
            recent.pop_first();
        }
        Self { version: self.version + 1, after, recent }
    }
}

//! What shops sold: their changed orders, read for stock *after* the shop's
//! quantity was, so that every sale that lowered it is known.
//!
//! Orders are listed from a watermark that lies an overlap behind the last
//! listing: WooCommerce saves an order first and takes its units off a moment
//! later, in the same request.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::in_flight::{Reduction, Told, counts, reduction};
use super::refresh::some_at_once;
use crate::config::{StockConfig, StoreConfig};
use crate::hint::SKEW;
use crate::id::{ItemKey, LineKey, OrderId, OrderKey, StoreId};
use crate::items;
use crate::outcome::CallError;
use crate::ports::{
    Clock, InFlightNews, ItemState, Ledger, LedgerError, MappingStore, SaleLine, SalesPage, ShopSale,
    ShopStock, StockStore,
};
use crate::record::{DocumentAxis, OrderRecord};

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
    /// Since when, under this date, the shop does not say what it took for a
    /// line: assumed at first, and then absent.
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
    /// What is on record of the orders.
    pub ledger: &'a dyn Ledger,
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
        let took = self.clock.now().duration_since(read_at).max(SignedDuration::ZERO);
        let read = Read { at: read_at, by_shop: page.answered_at.map_or(read_at, |at| at - took) };
        let mut found = Vec::new();
        for sale in &page.sales {
            let before = walk.listed.get(&sale.order).or_else(|| known.recent.get(&sale.order));
            let (lines, recent) = read_sale(sale, before, &read, stock.longest_request());
            if before.is_none_or(|before| before.digest != recent.digest) {
                found.push((sale, lines));
            }
            walk.listed.insert(sale.order, recent);
        }
        let found = self.look_up(config, found).await?;
        let keys: Vec<_> = found.iter().flat_map(Found::candidates).collect();
        let mappings = self.mappings.mappings(&config.store, &distinct(keys)).await?;
        let item = |found: &Found<'_>, line: &SaleLine| {
            let sku = items::item(config.items, &mappings, line.product.id(), found.sku(line))?;
            Some(ItemKey { entity: stock.entity.clone(), sku })
        };
        let of_sale = |found: &Found<'_>| -> Vec<InFlightNews> {
            let news = |(line, reduced): &(&SaleLine, Reduction)| {
                let key = LineKey { order: found.order.clone(), line: line.id };
                let reduced = found.as_it_counts(reduced, config.cut_over);
                Some(InFlightNews { item: item(found, line)?, line: key, reduced, confirming: None })
            };
            found.lines.iter().filter_map(news).collect()
        };
        let news: Vec<InFlightNews> = found.iter().flat_map(of_sale).collect();
        match self.stock.put_in_flight(&news).await {
            // All the others are written; of this item nobody can publish.
            Ok(()) | Err(LedgerError::TooLong(_)) => Ok(news),
            Err(error) => Err(error.into()),
        }
    }

    /// What is on record of the orders that are news.
    async fn look_up<'s>(
        &self,
        config: &StoreConfig,
        found: Vec<(&'s ShopSale, SaleLines<'s>)>,
    ) -> Result<Vec<Found<'s>>, LedgerError> {
        let look_up = |(sale, lines): (&'s ShopSale, SaleLines<'s>)| {
            let order = OrderKey { store: config.store.clone(), order: sale.order };
            async move { self.ledger.record(&order).await.map(|record| Found { order, lines, record }) }
        };
        some_at_once(found.into_iter().map(look_up).collect()).await.into_iter().collect()
    }
}

/// The lines of a sale, each with its R.
type SaleLines<'a> = Vec<(&'a SaleLine, Reduction)>;

/// A sale that is news.
struct Found<'a> {
    order: OrderKey,
    lines: SaleLines<'a>,
    record: Option<OrderRecord>,
}

impl Found<'_> {
    /// What was sold, by the name that it had then: the shop tells only a
    /// product's present one, and `order-push` counts under the first.
    fn sku<'s>(&'s self, line: &'s SaleLine) -> Option<&'s str> {
        let first = self.record.as_ref().and_then(|record| record.first_skus.get(&line.id));
        first.map(String::as_str).or_else(|| line.product.sku.as_ref().map(|sku| sku.0.as_str()))
    }

    fn candidates(&self) -> Vec<crate::mapping::MappingKey> {
        let of_line =
            |(line, _): &(&SaleLine, Reduction)| items::candidates(line.product.id(), self.sku(line));
        self.lines.iter().flat_map(of_line).collect()
    }

    /// R as it is written: nothing of an order that does not count, whatever
    /// its rows have said before.
    fn as_it_counts(&self, read: &Reduction, cut_over: Option<Timestamp>) -> Reduction {
        let document = self.record.as_ref().map_or(DocumentAxis::None, |record| record.document);
        if counts(read.placed_at, cut_over, document) {
            return read.clone();
        }
        Reduction { quantity: Decimal::ZERO, told: Told::Said, ..read.clone() }
    }
}

/// A store on the pool of these items that is disabled: it shows one of them,
/// or sold one, and what it sells now cannot be read.
pub(super) fn unread_seller<'a>(disabled: &'a [StoreId], states: &[ItemState]) -> Option<&'a StoreId> {
    let sells = |state: &ItemState, store: &StoreId| {
        state.publications.get(store).is_some_and(|known| !known.is_not_sold())
            || state.lines.iter().any(|sold| sold.line.order.store == *store)
    };
    disabled.iter().find(|store| states.iter().any(|state| sells(state, store)))
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

/// When a page was read: just before, by our clock and by the shop's.
struct Read {
    at: Timestamp,
    by_shop: Timestamp,
}

impl Read {
    /// Another machine of ours may have read an order within the very second of
    /// its change, before the change, and have written that under a later time
    /// than ours. A read this much later than the change is after any such.
    fn is_early(&self, sale: &ShopSale) -> bool {
        self.by_shop < sale.modified_at + SignedDuration::from_secs(2) + SKEW
    }
}

/// R of each line, and what to remember of the sale.
fn read_sale<'s>(
    sale: &'s ShopSale,
    before: Option<&Recent>,
    read: &Read,
    longest_request: SignedDuration,
) -> (SaleLines<'s>, Recent) {
    let read_at = read.at;
    let modified_s = sale.modified_at.as_second();
    // What is missing under a new date may be of a request under way.
    let unchanged = before.filter(|before| before.modified_s == modified_s);
    let since = unchanged.and_then(|before| before.assumed).unwrap_or(read_at);
    let before = Some(Told::Assumed { since });
    let mut missing = false;
    let mut hash = Sha256::new();
    // What is said under another date is news, though it be the same: others
    // may have read and written something else in between.
    hash.update(format!("{modified_s};"));
    if read.is_early(sale) {
        // Every further read is news, until one is late enough.
        hash.update(format!("{read_at};"));
    }
    let mut lines = Vec::new();
    for line in &sale.lines {
        let (quantity, told) =
            reduction(&sale.status, line.quantity, line.reduced, before, read_at, longest_request);
        missing |= told != Told::Said;
        hash.update(format!("{}:{}:{};", line.id, line.product.id(), quantity.normalize()));
        let (modified_at, placed_at) = (sale.modified_at, sale.placed_at);
        lines.push((line, Reduction { quantity, told, modified_at, read_at, placed_at }));
    }
    let digest = hash.finalize().iter().take(8).fold(0, |digest, byte| digest << 8 | u64::from(*byte));
    (lines, Recent { modified_s, digest, assumed: missing.then_some(since) })
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
    /// date is read again, and what was not reached. A part that is older than
    /// that is done with, so that every reading gets further.
    fn next(
        self,
        walk: Walk,
        complete: bool,
        longest_request: SignedDuration,
        started_at: Timestamp,
    ) -> Self {
        let overlap = longest_request * 2 + SignedDuration::from_secs(30);
        let settled = walk.shop_time.unwrap_or(started_at) - overlap;
        let after = if complete { settled } else { settled.min(walk.after) };
        let after = after.max(self.after);
        let mut recent = self.recent;
        recent.extend(walk.listed);
        recent.retain(|_, order| order.modified_s > after.as_second());
        while recent.len() > REMEMBERED {
            recent.pop_first();
        }
        Self { version: self.version + 1, after, recent }
    }
}

//! The night's match of stock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::item::{ItemDifference, ItemFacts};
use super::night::{self, Nights, StockAt};
use super::orders::{MatchError, Matched, skipped};
use super::report::{Example, Outcome, Report};
use crate::circuit::Peer;
use crate::config::{ItemPolicy, StockConfig, StoreConfig};
use crate::id::{ItemKey, Sku};
use crate::items;
use crate::outcome::CallError;
use crate::ports::{
    Checkpoint, Clock, ErpStock, ItemNames, Ledger, LedgerError, MappingStore, Reports, Schedules, ShopItem,
    ShopProduct, ShopStock, StockQueue, StockStore,
};
use crate::stock::StockMoved;
use crate::stock::message::{STOCK_MOVED_VERSION, StockCause, batches};
use crate::stock::refresh::ITEMS_PER_CALL;

/// The outside of the use case.
#[derive(Clone)]
pub struct MatchStock {
    /// Positions and publications.
    pub stock: Arc<dyn StockStore>,
    /// Whose circuits are respected.
    pub ledger: Arc<dyn Ledger>,
    /// What the shop's products are in the ERP …
    pub mappings: Arc<dyn MappingStore>,
    /// … and the other way round.
    pub names: Arc<dyn ItemNames>,
    /// Where items are sent that have to be looked at again.
    pub queue: Arc<dyn StockQueue>,
    /// Leases and checkpoints.
    pub schedules: Arc<dyn Schedules>,
    /// Where the report is kept.
    pub reports: Arc<dyn Reports>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// One run for one store that has a `stock` configuration.
pub struct StockRun<'a> {
    /// The store.
    pub config: &'a StoreConfig,
    /// The ERP that its stock is in ([`StoreConfig::stock_erp`]).
    pub erp: &'a dyn ErpStock,
    /// The store's products.
    pub shop: &'a dyn ShopStock,
    /// Unique to this run; also the beginning of the messages' correlation ids.
    pub owner: &'a str,
    /// No page is begun after this: 80 % of the function's time.
    pub until: Timestamp,
    /// How long the lease holds: longer than the function's time-out.
    pub lease: SignedDuration,
    /// The hour of the day (UTC) from which the night's match may begin.
    pub hour: i8,
}

/// An item that differs.
type Differing = (ItemKey, ItemDifference);

impl MatchStock {
    /// Goes on with the night's match of stock, or begins it if it is time.
    pub async fn run(&self, run: &StockRun<'_>) -> Result<Matched, MatchError> {
        let Some(stock) = &run.config.stock else { return Ok(skipped()) };
        let job = night::job(&run.config.store);
        let now = self.clock.now();
        let Some(mut checkpoint) = self.schedules.begin(&job, run.owner, now, run.lease).await? else {
            return Ok(skipped());
        };
        let matched = self.night(run, stock, &mut checkpoint).await;
        self.schedules.end(&job, checkpoint).await?;
        matched
    }

    async fn night(
        &self,
        run: &StockRun<'_>,
        stock: &StockConfig,
        checkpoint: &mut Checkpoint,
    ) -> Result<Matched, MatchError> {
        let mut nights = Nights::read(checkpoint.cursor.as_deref());
        let due = night::due(nights.stock.clone(), run.hour, self.clock.now(), StockAt::default);
        let Some(mut part) = due else { return Ok(skipped()) };
        let mut report = night::report(&*self.reports, &run.config.store, &part.night, part.begun_at).await?;
        let mut matched = Matched::default();
        while let Some(at) = part.at.clone() {
            matched.waits_for = self.open(run).await?;
            if self.clock.now() >= run.until || matched.waits_for.is_some() {
                matched.unfinished = true;
                return Ok(matched);
            }
            let counted = (report.items > part.counted).then(|| report.clone());
            let page = run.erp.items(at.cursor.as_deref()).await.map_err(|error| of_erp(run, error))?;
            for skus in page.skus.chunks(ITEMS_PER_CALL) {
                let found = self.page(run, stock, skus, &mut report).await?;
                (matched.compared, matched.found) = (matched.compared + skus.len(), matched.found + found);
            }
            report.items += page.skus.len() as u64;
            // It was written before a crash, and has this page already.
            report = counted.unwrap_or(report);
            part.counted = report.items;
            part.at = page.more.then_some(StockAt { cursor: Some(page.next) });
            nights.stock = Some(part.clone());
            if nights.is_over(&part.night, true) {
                report.ended_at = Some(self.clock.now());
            }
            self.reports.put_report(&report).await?;
            self.schedules.advance(&night::job(&run.config.store), checkpoint, &nights.cursor()).await?;
        }
        Ok(matched)
    }

    /// Whose circuit keeps the match from reading.
    async fn open(&self, run: &StockRun<'_>) -> Result<Option<Peer>, LedgerError> {
        let erp = run.config.stock_erp().cloned().map(Peer::Erp);
        for peer in [Peer::Store(run.config.store.clone())].into_iter().chain(erp) {
            let circuit = self.ledger.circuit(&peer).await?.circuit;
            if circuit.open_for_reads(self.clock.now()).is_some() {
                return Ok(Some(peer));
            }
        }
        Ok(None)
    }

    /// Compares some items, and those that differ once more: sales happen
    /// meanwhile.
    async fn page(
        &self,
        run: &StockRun<'_>,
        stock: &StockConfig,
        skus: &[Sku],
        report: &mut Report,
    ) -> Result<usize, MatchError> {
        let first = self.compare(run, stock, skus).await?;
        let again: Vec<Sku> = first.iter().map(|(item, _)| item.sku.clone()).collect();
        let second = if again.is_empty() { Vec::new() } else { self.compare(run, stock, &again).await? };
        let is_confirmed = |(item, found): &Differing| {
            first.iter().any(|(known, before)| known == item && before.kind == found.kind)
        };
        let confirmed: Vec<Differing> = second.into_iter().filter(is_confirmed).collect();
        let to_repair = confirmed.iter().filter(|(_, found)| !found.is_known);
        self.repair(run, stock, to_repair.map(|(item, _)| item.sku.clone()).collect()).await?;
        for (item, found) in &confirmed {
            report.add(Example {
                kind: found.kind.as_str().to_owned(),
                subject: item.to_string(),
                outcome: if found.is_known { Outcome::Known } else { Outcome::Repaired },
                detail: found.detail.clone(),
            });
        }
        Ok(confirmed.len())
    }

    async fn repair(
        &self,
        run: &StockRun<'_>,
        stock: &StockConfig,
        skus: Vec<Sku>,
    ) -> Result<(), MatchError> {
        let received_at = self.clock.now();
        let message = |skus: Vec<Sku>| StockMoved {
            v: STOCK_MOVED_VERSION,
            entity: stock.entity.clone(),
            correlation: format!("{}-{}", run.owner, skus.first().map_or("", |sku| sku.0.as_str())),
            skus,
            refresh: true,
            received_at,
            cause: StockCause::Full,
            hops: 0,
        };
        let messages: Vec<StockMoved> = batches(skus).into_iter().map(message).collect();
        if !messages.is_empty() {
            self.queue.send(&messages).await?;
        }
        Ok(())
    }

    /// One reading, in the order E, A, P, R.
    async fn compare(
        &self,
        run: &StockRun<'_>,
        stock: &StockConfig,
        skus: &[Sku],
    ) -> Result<Vec<Differing>, MatchError> {
        let keys: Vec<ItemKey> =
            skus.iter().map(|sku| ItemKey { entity: stock.entity.clone(), sku: sku.clone() }).collect();
        let before = self.stock.items(&keys).await?;
        let mut figures = run.erp.stock(skus).await.map_err(|error| of_erp(run, error))?;
        let mut products = self.products(run, skus).await?;
        let after = self.stock.items(&keys).await?;
        let now = self.clock.now();
        let mut differing = Vec::new();
        for ((item, before), after) in keys.into_iter().zip(&before).zip(&after) {
            let facts = ItemFacts {
                store: &run.config.store,
                stock,
                item: &item,
                before,
                after,
                figures: figures.remove(&item.sku),
                products: products.remove(&item.sku).unwrap_or_default(),
                now,
            };
            let found = facts.difference();
            differing.extend(found.map(|found| (item, found)));
        }
        Ok(differing)
    }

    /// The shop's products, by item: by the names that people mapped, and by
    /// SKU where the store's policy allows it.
    async fn products(
        &self,
        run: &StockRun<'_>,
        skus: &[Sku],
    ) -> Result<BTreeMap<Sku, Vec<ShopProduct>>, MatchError> {
        let (store, policy) = (&run.config.store, run.config.items);
        let by_hand = self.names.names(store, skus).await?;
        let same = skus.iter().filter(|_| policy == ItemPolicy::SameSku);
        let same = same.map(|sku| ShopItem::Sku(sku.0.clone()));
        let asked: BTreeSet<ShopItem> = by_hand.into_values().flatten().chain(same).collect();
        let asked: Vec<ShopItem> = asked.into_iter().collect();
        let mut found = Vec::new();
        for asked in asked.chunks(ITEMS_PER_CALL) {
            let failed = |error| MatchError::Peer(Peer::Store(store.clone()), error);
            found.extend(run.shop.products(asked).await.map_err(failed)?);
        }
        let keys = found.iter().flat_map(|product| items::candidates(product.id, Some(&product.sku)));
        let keys: BTreeSet<_> = keys.collect();
        let mappings = self.mappings.mappings(store, &keys.into_iter().collect::<Vec<_>>()).await?;
        let mut products: BTreeMap<Sku, Vec<ShopProduct>> = BTreeMap::new();
        for product in found {
            let Some(item) = items::item(policy, &mappings, product.id, Some(&product.sku)) else { continue };
            let known = products.entry(item).or_default();
            if known.iter().all(|known| known.id != product.id) {
                known.push(product);
            }
        }
        Ok(products)
    }
}

fn of_erp(run: &StockRun<'_>, error: CallError) -> MatchError {
    let peer = run.config.stock_erp().cloned().map(Peer::Erp);
    MatchError::Peer(peer.unwrap_or_else(|| Peer::Store(run.config.store.clone())), error)
}

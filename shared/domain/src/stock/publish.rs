//! The use case of `stock-publish`: brings every store on a pool to what it
//! may sell. Facts are read in the order E, A, P, R, for all stores at once;
//! only differences are written.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::message::{STOCK_MOVED_VERSION, StockCause, StockMoved};
use super::pace::Pace;
use super::refresh::{ITEMS_PER_CALL, Refresh, RefreshError, key};
use super::round::Round;
use super::sales::{SalesError, SalesReader, Watermark};
use crate::circuit::Peer;
use crate::config::{StockConfig, StoreConfig};
use crate::hint::SKEW;
use crate::id::{ItemKey, Sku, StoreId};
use crate::items;
use crate::outcome::CallError;
use crate::ports::{
    Clock, ErpStock, InFlightNews, ItemNames, Ledger, LedgerError, MappingStore, QueueError, ShopItem,
    ShopProduct, ShopStock, StockConnections, StockQueue, StockStore,
};

/// No request is begun with less time left.
pub(super) const CALL_RESERVE: SignedDuration = SignedDuration::from_secs(25);
/// Deliveries of one message that may be spent on waiting before the items
/// wait in the table instead.
const QUICK_RETRIES: u32 = 3;
/// A delivery is put off for at most this; longer waits are the table's.
const LONGEST_RETRY: SignedDuration = SignedDuration::from_secs(120);
/// A peer that asked for nothing is asked again after this.
const RETRY: SignedDuration = SignedDuration::from_secs(10);

/// The outside of the use case.
pub struct Publish {
    /// Positions, in-flight lines, publications.
    pub stock: Arc<dyn StockStore>,
    /// Where items are sent that have to be looked at again.
    pub queue: Arc<dyn StockQueue>,
    /// Whose circuits are respected.
    pub ledger: Arc<dyn Ledger>,
    /// What the shops' products are in the ERP …
    pub mappings: Arc<dyn MappingStore>,
    /// … and the other way round.
    pub names: Arc<dyn ItemNames>,
    /// Shops and ERPs.
    pub connections: Arc<dyn StockConnections>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How fast each shop is; lives as long as the process.
    pub paces: Mutex<BTreeMap<StoreId, Pace>>,
}

/// One delivery of a message.
#[derive(Debug, Clone)]
pub struct StockDelivery {
    /// How often the queue has delivered it, this time included.
    pub receives: u32,
    /// When the function stops.
    pub deadline: Timestamp,
}

/// What to tell the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// Done, or on record as stale.
    Acknowledge(StockSummary),
    /// The queue may bring the message back this soon.
    RetryAfter(SignedDuration, StockSummary),
}

/// What happened, for the one log line of the record and the metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StockSummary {
    /// Positions read from the ERP.
    pub refreshed: usize,
    /// By store.
    pub stores: BTreeMap<StoreId, StoreSummary>,
    /// Why something has to wait, the last of several.
    pub why: Option<String>,
}

/// What happened in one store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreSummary {
    /// Quantities changed.
    pub written: usize,
    /// Items that were as they should be.
    pub kept: usize,
    /// Items that have to wait.
    pub waiting: usize,
    /// Items that became an exception now, by code.
    pub exceptions: BTreeMap<String, usize>,
    /// Requests that changed something.
    pub writes: usize,
    /// Requests that read.
    pub reads: usize,
}

/// What keeps items waiting.
#[derive(Debug, Default)]
pub(super) struct Delay {
    until: Option<Timestamp>,
    why: Option<String>,
    insisted: bool,
}

impl Delay {
    /// It is on no record that these items wait: the message must come back.
    pub(super) fn insist(&mut self, until: Timestamp, why: impl Into<String>) {
        self.note(until, why);
        self.insisted = true;
    }

    pub(super) fn note(&mut self, until: Timestamp, why: impl Into<String>) {
        // Whoever waits longest decides: coming too early spends a receive.
        self.until = self.until.max(Some(until));
        self.why = Some(why.into());
    }
}

/// One store of the pool while it is worked on.
pub(super) struct Place {
    pub(super) config: Arc<StoreConfig>,
    pub(super) stock: StockConfig,
    pub(super) shop: Result<Arc<dyn ShopStock>, CallError>,
    watermark: Option<Watermark>,
    /// P, by item.
    pub(super) products: BTreeMap<Sku, Vec<ShopProduct>>,
    /// Just before P was read: what may still have landed then may not be in
    /// it, whatever the time is when that is looked at.
    pub(super) read_at: Timestamp,
}

impl Publish {
    /// Works one message off. An error means that a table could not be read
    /// or written: the message must come back.
    pub async fn work(
        &self,
        message: &StockMoved,
        delivery: &StockDelivery,
    ) -> Result<Published, LedgerError> {
        let mut summary = StockSummary::default();
        let mut delay = Delay::default();
        let stores: Vec<Arc<StoreConfig>> = self.stores_of(message);
        if stores.is_empty() || message.skus.is_empty() {
            return Ok(Published::Acknowledge(summary));
        }
        let keys: Vec<ItemKey> = message.skus.iter().map(|sku| key(&message.entity, sku)).collect();
        let unrefreshed = !self.refresh(&stores, message, &keys, &mut summary, &mut delay).await?;
        let mut places = self.places(stores).await?;
        let states = self.stock.items(&keys).await?;
        for place in &mut places {
            let summary = summary.stores.entry(place.config.store.clone()).or_default();
            if let Err(error) = self.read_products(place, &message.skus, summary).await? {
                place.shop = Err(error);
            }
        }
        let (news, complete) = self.read_sales(&mut places, delivery, &mut summary).await?;
        for place in &places {
            let store = summary.stores.entry(place.config.store.clone()).or_default();
            let round = Round {
                publish: self,
                place,
                items: &keys,
                states: &states,
                news: &news,
                lower_only: !complete,
                exact: message.cause == StockCause::Full,
                unrefreshed,
                deadline: delivery.deadline,
            };
            let refresh = round.run(store, &mut delay).await?;
            self.ask_for_refresh(message, refresh).await?;
        }
        Ok(self.verdict(summary, delay, delivery))
    }

    /// The stores that sell this entity's stock.
    fn stores_of(&self, message: &StockMoved) -> Vec<Arc<StoreConfig>> {
        let sells = |store: &Arc<StoreConfig>| {
            store.stock.as_ref().is_some_and(|stock| stock.entity == message.entity)
        };
        self.connections.stores().into_iter().filter(sells).collect()
    }

    /// Reads positions anew: all of them if the message says so and nobody has
    /// since it was received, else those that were never read. `false` if the
    /// ERP could not be asked.
    async fn refresh(
        &self,
        stores: &[Arc<StoreConfig>],
        message: &StockMoved,
        keys: &[ItemKey],
        summary: &mut StockSummary,
        delay: &mut Delay,
    ) -> Result<bool, LedgerError> {
        let positions = self.stock.positions(keys).await?;
        let due = |item: &&ItemKey| {
            positions
                .get(*item)
                .is_none_or(|position| message.refresh && position.as_of < message.received_at + SKEW)
        };
        let due: Vec<Sku> = keys.iter().filter(due).map(|item| item.sku.clone()).collect();
        let Some(erp) = stores.iter().find_map(|store| store.stock_erp()).filter(|_| !due.is_empty()) else {
            return Ok(true);
        };
        let now = self.clock.now();
        let circuit = self.ledger.circuit(&Peer::Erp(erp.clone())).await?.circuit;
        if let Some(open) = circuit.open_for_reads(now) {
            delay.note(open.probe_at, format!("the circuit of erp/{erp} is open"));
            return Ok(false);
        }
        let refreshed = match self.connections.erp_stock(erp).await {
            Ok(erp) => self.refresh_from(&*erp, message, &due).await,
            Err(error) => Err(error.into()),
        };
        match refreshed {
            Ok(stored) => {
                summary.refreshed = stored;
                Ok(true)
            }
            Err(RefreshError::Ledger(error)) => Err(error),
            Err(RefreshError::Erp(error)) => {
                delay.note(now + wish(&error), error.to_string());
                Ok(false)
            }
        }
    }

    async fn refresh_from(
        &self,
        erp: &dyn ErpStock,
        message: &StockMoved,
        due: &[Sku],
    ) -> Result<usize, RefreshError> {
        let refresh = Refresh { stock: &*self.stock, ledger: &*self.ledger, erp, clock: &*self.clock };
        Ok(refresh.items(&message.entity, due).await?.stored)
    }

    /// The stores, each with its watermark: read before the rows, so that what
    /// another reader finds from now on is in the listing that we read.
    async fn places(&self, stores: Vec<Arc<StoreConfig>>) -> Result<Vec<Place>, LedgerError> {
        let mut places = Vec::new();
        for config in stores {
            let Some(stock) = config.stock.clone() else { continue };
            let store = &config.store;
            let circuit = self.ledger.circuit(&Peer::Store(store.clone())).await?.circuit;
            let shop = match circuit.open_for_reads(self.clock.now()) {
                None => self.connections.shop_stock(store).await,
                Some(_) => Err(CallError::blocked(format!("the circuit of store/{store} is open"))),
            };
            let watermark = self.stock.watermark(store).await?;
            let read_at = self.clock.now();
            places.push(Place { config, stock, shop, watermark, products: BTreeMap::new(), read_at });
        }
        Ok(places)
    }

    /// P. A product is an item's only if it is this item in orders, too.
    async fn read_products(
        &self,
        place: &mut Place,
        skus: &[Sku],
        summary: &mut StoreSummary,
    ) -> Result<Result<(), CallError>, LedgerError> {
        let Ok(shop) = place.shop.clone() else { return Ok(Ok(())) };
        let store = &place.config.store;
        let named = self.names.names(store, skus).await?;
        let mut wanted: Vec<ShopItem> = named.into_values().flatten().collect();
        if place.config.items == crate::config::ItemPolicy::SameSku {
            wanted.extend(skus.iter().map(|sku| ShopItem::Sku(sku.0.clone())));
        }
        wanted.sort();
        wanted.dedup();
        let mut products = Vec::new();
        place.read_at = self.clock.now();
        for wanted in wanted.chunks(ITEMS_PER_CALL) {
            summary.reads += 1;
            match shop.products(wanted).await {
                Ok(found) => products.extend(found),
                Err(error) => return Ok(Err(error)),
            }
        }
        let keys = products.iter().flat_map(|product| items::candidates(product.id, Some(&product.sku)));
        let mut keys: Vec<_> = keys.collect();
        keys.sort();
        keys.dedup();
        let mappings = self.mappings.mappings(store, &keys).await?;
        for product in products {
            let item = items::item(place.config.items, &mappings, product.id, Some(&product.sku));
            if let Some(item) = item.filter(|item| skus.contains(item)) {
                let known = place.products.entry(item).or_default();
                if known.iter().all(|known| known.id != product.id) {
                    known.push(product);
                }
            }
        }
        Ok(Ok(()))
    }

    /// R, of every store on the pool: what one sells is taken off the others.
    async fn read_sales(
        &self,
        places: &mut [Place],
        delivery: &StockDelivery,
        summary: &mut StockSummary,
    ) -> Result<(Vec<InFlightNews>, bool), LedgerError> {
        let reader = SalesReader {
            stock: &*self.stock,
            mappings: &*self.mappings,
            clock: &*self.clock,
            until: delivery.deadline - CALL_RESERVE,
        };
        let mut news = Vec::new();
        let mut complete = true;
        for place in places {
            let Ok(shop) = place.shop.clone() else {
                complete = false;
                continue;
            };
            let watermark = place.watermark.take();
            match reader.read(&place.config, &place.stock, &*shop, watermark).await {
                Ok(sold) => {
                    complete &= sold.complete;
                    news.extend(sold.news);
                    let store = summary.stores.entry(place.config.store.clone()).or_default();
                    store.reads += usize::try_from(sold.requests).unwrap_or_default();
                }
                Err(SalesError::Ledger(error)) => return Err(error),
                Err(SalesError::Shop(error)) => {
                    complete = false;
                    place.shop = Err(error);
                }
            }
        }
        Ok((news, complete))
    }

    /// Items whose position has to be read anew go round again.
    async fn ask_for_refresh(&self, message: &StockMoved, skus: Vec<Sku>) -> Result<(), LedgerError> {
        if skus.is_empty() {
            return Ok(());
        }
        let again = StockMoved {
            v: STOCK_MOVED_VERSION,
            entity: message.entity.clone(),
            skus,
            refresh: true,
            received_at: self.clock.now(),
            cause: message.cause,
            correlation: message.correlation.clone(),
        };
        self.queue.send(&[again]).await.map_err(|QueueError(why)| LedgerError::Unavailable(why))
    }

    fn verdict(&self, mut summary: StockSummary, delay: Delay, delivery: &StockDelivery) -> Published {
        summary.why = delay.why;
        let Some(until) = delay.until else { return Published::Acknowledge(summary) };
        let wait = until.duration_since(self.clock.now()).max(SignedDuration::from_secs(1));
        let recorded = !delay.insisted;
        if recorded && (delivery.receives > QUICK_RETRIES || wait > LONGEST_RETRY) {
            return Published::Acknowledge(summary);
        }
        Published::RetryAfter(wait.min(LONGEST_RETRY), summary)
    }

    pub(super) fn pace(&self, store: &StoreId) -> Pace {
        self.paces.lock().unwrap_or_else(PoisonError::into_inner).get(store).copied().unwrap_or_default()
    }

    pub(super) fn set_pace(&self, store: &StoreId, pace: Pace) {
        self.paces.lock().unwrap_or_else(PoisonError::into_inner).insert(store.clone(), pace);
    }
}

/// How long a peer that failed is left alone.
pub(super) fn wish(error: &CallError) -> SignedDuration {
    match error {
        CallError::RetrySoon { after: Some(after), .. } | CallError::Blocked { after: Some(after), .. } => {
            (*after).clamp(SignedDuration::from_secs(1), SignedDuration::from_hours(1))
        }
        _ => RETRY,
    }
}

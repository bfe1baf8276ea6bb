//! The stores on a pool while they are worked on, and what is read of them,
//! side by side: P, then R. Each has its own pace and trouble; nothing is
//! begun that would leave the steps after it no time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::join_all;
use jiff::Timestamp;

use super::publish::Publish;
use super::refresh::ITEMS_PER_CALL;
use super::sales::{SalesError, SalesReader, Watermark};
use crate::circuit::Peer;
use crate::config::{ItemPolicy, StockConfig, StoreConfig};
use crate::id::Sku;
use crate::items;
use crate::outcome::CallError;
use crate::ports::{InFlightNews, LedgerError, ShopItem, ShopProduct, ShopStock};

/// One store of the pool while it is worked on.
pub(super) struct Place {
    pub(super) config: Arc<StoreConfig>,
    pub(super) stock: StockConfig,
    pub(super) shop: Result<Arc<dyn ShopStock>, CallError>,
    watermark: Option<Watermark>,
    /// P, by item.
    pub(super) products: BTreeMap<Sku, Vec<ShopProduct>>,
    /// Of so many items, from the first on: for the others there was no time.
    pub(super) looked_at: usize,
    /// Just before P was read: what may still have landed then may not be in
    /// it, whatever the time is when that is looked at.
    pub(super) read_at: Timestamp,
    /// Requests that read.
    pub(super) reads: usize,
}

/// What a shop is asked for.
struct Wanted {
    asked: Vec<ShopItem>,
    /// How much of it each item needs, those before it included.
    ends: Vec<usize>,
}

impl Publish {
    /// The stores, each with its watermark: read before the rows, so that what
    /// another reader finds from now on is in the listing that we read.
    pub(super) async fn places(&self, stores: Vec<Arc<StoreConfig>>) -> Result<Vec<Place>, LedgerError> {
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
            let (products, read_at) = (BTreeMap::new(), self.clock.now());
            places.push(Place { config, stock, shop, watermark, products, looked_at: 0, read_at, reads: 0 });
        }
        Ok(places)
    }

    /// P of every store, of as many items as there is time for.
    pub(super) async fn read_products(
        &self,
        places: &mut [Place],
        skus: &[Sku],
        until: Timestamp,
    ) -> Result<(), LedgerError> {
        let reads = places.iter_mut().map(|place| self.read_products_of(place, skus, until));
        join_all(reads).await.into_iter().collect()
    }

    async fn read_products_of(
        &self,
        place: &mut Place,
        skus: &[Sku],
        until: Timestamp,
    ) -> Result<(), LedgerError> {
        let Ok(shop) = place.shop.clone() else { return Ok(()) };
        let Wanted { asked, ends } = self.wanted(place, skus).await?;
        let at_once = self.pace(&place.config.store).at_once();
        let mut products = Vec::new();
        let mut answered = 0;
        place.read_at = self.clock.now();
        for some in asked.chunks(ITEMS_PER_CALL * at_once) {
            if self.clock.now() >= until {
                break;
            }
            let calls = some.chunks(ITEMS_PER_CALL).map(|asked| shop.products(asked));
            for found in join_all(calls).await {
                place.reads += 1;
                match found {
                    Ok(found) => products.extend(found),
                    Err(error) => {
                        place.shop = Err(error);
                        return Ok(());
                    }
                }
            }
            answered += some.len();
        }
        place.looked_at = ends.partition_point(|end| *end <= answered);
        self.assign(place, &skus[..place.looked_at], products).await
    }

    /// Item by item, so that what was answered is a part from the first on.
    async fn wanted(&self, place: &Place, skus: &[Sku]) -> Result<Wanted, LedgerError> {
        let mut by_hand = self.names.names(&place.config.store, skus).await?;
        let mut wanted = Wanted { asked: Vec::new(), ends: Vec::new() };
        let mut known = BTreeSet::new();
        for sku in skus {
            let same = place.config.items == ItemPolicy::SameSku;
            let same = same.then(|| ShopItem::Sku(sku.0.clone()));
            let names = by_hand.remove(sku).unwrap_or_default().into_iter().chain(same);
            wanted.asked.extend(names.filter(|name| known.insert(name.clone())));
            wanted.ends.push(wanted.asked.len());
        }
        Ok(wanted)
    }

    /// A product is an item's only if it is this item in orders, too.
    async fn assign(
        &self,
        place: &mut Place,
        skus: &[Sku],
        products: Vec<ShopProduct>,
    ) -> Result<(), LedgerError> {
        let keys = products.iter().flat_map(|product| items::candidates(product.id, Some(&product.sku)));
        let mut keys: Vec<_> = keys.collect();
        keys.sort();
        keys.dedup();
        let mappings = self.mappings.mappings(&place.config.store, &keys).await?;
        let skus: BTreeSet<&Sku> = skus.iter().collect();
        for product in products {
            let item = items::item(place.config.items, &mappings, product.id, Some(&product.sku));
            if let Some(item) = item.filter(|item| skus.contains(item)) {
                let known = place.products.entry(item).or_default();
                if known.iter().all(|known| known.id != product.id) {
                    known.push(product);
                }
            }
        }
        Ok(())
    }

    /// R, of every store on the pool: what one sells is taken off the others.
    /// `false` if not all of it could be read.
    pub(super) async fn read_sales(
        &self,
        places: &mut [Place],
        until: Timestamp,
    ) -> Result<(Vec<InFlightNews>, bool), LedgerError> {
        let reads = places.iter_mut().map(|place| self.read_sales_of(place, until));
        let mut news = Vec::new();
        let mut complete = true;
        for sold in join_all(reads).await {
            let sold = sold?;
            complete &= sold.1;
            news.extend(sold.0);
        }
        Ok((news, complete))
    }

    async fn read_sales_of(
        &self,
        place: &mut Place,
        until: Timestamp,
    ) -> Result<(Vec<InFlightNews>, bool), LedgerError> {
        let Ok(shop) = place.shop.clone() else { return Ok((Vec::new(), false)) };
        let reader = SalesReader {
            stock: &*self.stock,
            ledger: &*self.ledger,
            mappings: &*self.mappings,
            clock: &*self.clock,
            until,
        };
        let watermark = place.watermark.take();
        match reader.read(&place.config, &place.stock, &*shop, watermark).await {
            Ok(sold) => {
                place.reads += usize::try_from(sold.requests).unwrap_or_default();
                Ok((sold.news, sold.complete))
            }
            Err(SalesError::Ledger(error)) => Err(error),
            Err(SalesError::Shop(error)) => {
                place.shop = Err(error);
                Ok((Vec::new(), false))
            }
        }
    }
}

//! The stock side of a world: shelves, a warehouse, the `stock` table and its
//! queue, and the use cases that ship, wired as their `main.rs` wire them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use rust_decimal::Decimal;
use weir_domain::config::{StockConfig, StoreConfig};
use weir_domain::id::{EntityId, ErpId, Sku, StoreId};
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Clock, ErpStock, ItemNames, Ledger, LedgerError, MappingStore, ShopItem, ShopStock, StockConnections,
    StockQueue, StockStore,
};
use weir_domain::push::StockOut;
use weir_domain::stock::StockMoved;
use weir_domain::stock::message::{STOCK_MOVED_VERSION, StockCause};
use weir_domain::stock::publish::Publish;
use weir_domain::stock::sync::StockSync;
use weir_ledger::{DynamoLedger, DynamoStock};

use super::erp::StockErp;
use super::ground::Ground;
use super::saboteurs::StockSaboteur;
use super::shelf::{Product, Shelf};
use super::shop::StockShop;
use super::witness::{WatchedStock, Witness};
use super::{ITEMS, LOCATIONS};
use crate::erp::SimErp;
use crate::faults::FaultClass as F;
use crate::invocation;
use crate::queue::SimQueue;
use crate::shop::SimShop;
use crate::stage::{Port, Stage, lock};
use crate::table::SimTable;

/// What the stock side of a world is made of.
#[derive(Debug, Clone)]
pub struct StockCast {
    /// How many of [`ITEMS`] there are.
    pub items: usize,
    /// The terms of each store.
    pub terms: Vec<StockConfig>,
    /// Units of each item at each location.
    pub on_hand: Vec<Vec<u64>>,
    /// What shops show at first, as a part of what is right: 0 or 1.
    pub shown_at_first: u64,
    /// The shops sell what is not there.
    pub backorders: bool,
    /// A deliberate bug.
    pub saboteur: Option<StockSaboteur>,
}

/// What the stock side is wired to.
pub struct Around<'a> {
    /// Chance, time and history.
    pub stage: &'a Arc<Stage>,
    /// The stores.
    pub shops: &'a BTreeMap<StoreId, Arc<SimShop>>,
    /// Their configurations.
    pub configs: &'a BTreeMap<StoreId, Arc<StoreConfig>>,
    /// The ERP.
    pub erp: &'a Arc<SimErp>,
    /// The ledger.
    pub ledger: &'a DynamoLedger,
    /// The mappings.
    pub mappings: &'a Arc<dyn MappingStore>,
    /// The machines' clock.
    pub clock: &'a Arc<dyn Clock>,
}

/// The stock side of a world.
pub struct StockWorld {
    /// What is true.
    pub ground: Arc<Ground>,
    /// The stock queue.
    pub queue: Arc<SimQueue>,
    /// The table below the stock store.
    pub table: Arc<SimTable>,
    /// The stock store, as an observer reads it.
    pub observed: DynamoStock,
    /// The stock store as the functions see it.
    pub store: Arc<dyn StockStore>,
    /// The shelves.
    pub shops: BTreeMap<StoreId, Arc<StockShop>>,
    /// The warehouse as the functions see it.
    pub seen_erp: Arc<dyn ErpStock>,
    /// The use case of `stock-publish`: one, or one for each store if that is
    /// the bug.
    pub publish: Vec<Publish>,
    /// The use case of `inventory-sync`.
    pub sync: StockSync,
    /// How many of [`ITEMS`] there are.
    pub items: usize,
    orders: AtomicU64,
    shopping: AtomicU64,
    finished_feeds: Mutex<Vec<Timestamp>>,
    finished_passes: Mutex<Vec<Timestamp>>,
    fingerprint: AtomicU64,
}

/// The one entity.
pub fn entity() -> EntityId {
    "house".parse().unwrap_or_else(|_| unreachable!("a good name"))
}

/// The mapping of an item whose SKU is another in the shop.
pub fn mapped_item() -> (String, String) {
    let (item, _, id, _) = ITEMS[2];
    (format!("id:{id}"), item.to_owned())
}

impl StockWorld {
    /// Wires it.
    pub fn new(cast: &StockCast, around: &Around<'_>) -> Arc<Self> {
        let stage = around.stage;
        let (ground, witness) = (Ground::new(stage), Witness::new(stage));
        for (item, units) in ITEMS.iter().zip(&cast.on_hand).take(cast.items) {
            let there: Vec<(&str, u64)> = LOCATIONS.into_iter().zip(units.iter().copied()).collect();
            ground.stock(&Sku(item.0.to_owned()), &there);
        }
        for (store, config) in around.configs {
            let Some(terms) = config.stock.clone() else { continue };
            ground.open(store, Shelf::new(terms, products(cast)));
            if cast.shown_at_first == 1 {
                ground.show_what_is_right(store);
            }
        }
        around.erp.books.keep_stock(&ground);
        let table = Arc::new(SimTable::of_stock(stage));
        let observed = DynamoStock::over(table.clone(), "stock");
        let watched = WatchedStock { inner: observed.clone(), witness: Arc::clone(&witness) };
        let bug = cast.saboteur;
        let store = StockSaboteur::store(bug, Arc::new(watched), stage);
        let queue = Arc::new(SimQueue::new(stage));
        let shops: BTreeMap<StoreId, Arc<StockShop>> = around
            .shops
            .iter()
            .map(|(store, shop)| (store.clone(), Arc::new(StockShop::new(shop, &ground, &witness))))
            .collect();
        let erp: Arc<dyn ErpStock> =
            Arc::new(StockErp { erp: Arc::clone(around.erp), ground: Arc::clone(&ground), witness });
        let seen_erp = StockSaboteur::erp(bug, erp, stage);
        let connections = SimStockConnections {
            stage: Arc::clone(stage),
            stores: around.configs.values().cloned().collect(),
            shops: shops
                .iter()
                .map(|(name, shop)| (name.clone(), StockSaboteur::shop(bug, Arc::clone(shop), stage)))
                .collect(),
            erp: Arc::clone(&seen_erp),
        };
        let ledger: Arc<dyn Ledger> = Arc::new(around.ledger.clone());
        let sends: Arc<dyn StockQueue> = queue.clone();
        let publish = Publish {
            stock: Arc::clone(&store),
            queue: Arc::clone(&sends),
            ledger: Arc::clone(&ledger),
            mappings: Arc::clone(around.mappings),
            names: Arc::new(SimNames),
            connections: Arc::new(connections),
            clock: Arc::clone(around.clock),
            paces: Mutex::default(),
        };
        let sync = StockSync {
            stock: Arc::clone(&store),
            ledger,
            schedules: StockSaboteur::schedules(bug, around.ledger),
            queue: sends,
            clock: Arc::clone(around.clock),
        };
        Arc::new(Self {
            ground,
            queue,
            table,
            observed,
            store,
            shops,
            seen_erp,
            publish: StockSaboteur::publishers(bug, publish),
            sync,
            items: cast.items,
            orders: AtomicU64::new(0),
            shopping: AtomicU64::new(0),
            finished_feeds: Mutex::default(),
            finished_passes: Mutex::default(),
            fingerprint: AtomicU64::new(1),
        })
    }

    /// Where the order worker says what orders mean for stock.
    pub fn out(&self) -> StockOut {
        StockOut { store: Arc::clone(&self.store), queue: self.queue.clone() }
    }

    /// One more order.
    pub fn count_order(&self) {
        self.orders.fetch_add(1, Ordering::Relaxed);
    }

    /// A customer comes.
    pub fn comes(&self) {
        self.shopping.fetch_add(1, Ordering::Relaxed);
    }

    /// A customer goes, and changes nothing any more.
    pub fn goes(&self) {
        self.shopping.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether somebody is still shopping.
    pub fn is_open(&self) -> bool {
        self.shopping.load(Ordering::Relaxed) > 0
    }

    /// Orders placed so far.
    pub fn orders(&self) -> u64 {
        self.orders.load(Ordering::Relaxed)
    }

    /// A walk through the ERP's feed came to its end, having begun at `began`.
    pub fn fed(&self, began: Timestamp) {
        lock(&self.finished_feeds).push(began);
    }

    /// Whether a walk that began after `since` came to its end.
    pub fn is_fed_since(&self, since: Timestamp) -> bool {
        lock(&self.finished_feeds).iter().any(|began| *began >= since)
    }

    /// Everything is published under the present configuration, says a run
    /// that began at `began`.
    pub fn all_published(&self, began: Timestamp) {
        lock(&self.finished_passes).push(began);
    }

    /// Whether a run that began after `since` says so.
    pub fn is_all_published_since(&self, since: Timestamp) -> bool {
        lock(&self.finished_passes).iter().any(|began| *began >= since)
    }

    /// Which configuration there is.
    pub fn fingerprint(&self) -> String {
        self.fingerprint.load(Ordering::Relaxed).to_string()
    }

    /// The configuration is deployed anew.
    pub fn deploy(&self) {
        self.fingerprint.fetch_add(1, Ordering::Relaxed);
    }

    /// The ERP tells that an item moved, as badly as events come.
    pub fn tell(&self, item: &Sku) {
        let stage = &self.ground.stage;
        if stage.strikes(F::K11) {
            stage.log(|| format!("ERP: the event about {item} is lost"));
            return;
        }
        let copies = if stage.strikes(F::K12) { 2 } else { 1 };
        for copy in 0..copies {
            let message = StockMoved {
                v: STOCK_MOVED_VERSION,
                entity: entity(),
                skus: vec![item.clone()],
                refresh: true,
                received_at: stage.now(),
                cause: StockCause::Event,
                correlation: format!("event-{copy}"),
                hops: 0,
            };
            self.queue.put(&serde_json::to_string(&message).unwrap_or_default());
        }
    }
}

fn products(cast: &StockCast) -> Vec<Product> {
    let product = |(item, sku, id, parent): &(&str, &str, u64, Option<u64>)| Product {
        id: *id,
        parent: *parent,
        sku: (*sku).to_owned(),
        item: Sku((*item).to_owned()),
        quantity: Decimal::ZERO,
        backorders: cast.backorders,
        gone: false,
    };
    ITEMS.iter().take(cast.items).map(product).collect()
}

/// Which items have other names in the shops.
struct SimNames;

#[async_trait]
impl ItemNames for SimNames {
    async fn names(
        &self,
        _store: &StoreId,
        items: &[Sku],
    ) -> Result<BTreeMap<Sku, Vec<ShopItem>>, LedgerError> {
        let (item, _, id, _) = ITEMS[2];
        let mapped = items.iter().filter(|sku| sku.0 == item);
        Ok(mapped.map(|sku| (sku.clone(), vec![ShopItem::Id(id)])).collect())
    }
}

/// Shops and the ERP by name.
pub struct SimStockConnections {
    stage: Arc<Stage>,
    stores: Vec<Arc<StoreConfig>>,
    shops: BTreeMap<StoreId, Arc<dyn ShopStock>>,
    erp: Arc<dyn ErpStock>,
}

impl SimStockConnections {
    /// A cold process needs its secrets first.
    async fn secrets(&self, whose: &str) -> Result<(), CallError> {
        let Some(invocation) = invocation::current() else { return Ok(()) };
        if invocation.made_before(whose, "secrets") > 0 {
            return Ok(());
        }
        let fail = |_| CallError::retry_soon("the secret store is down");
        self.stage.call(Port::Secrets, "secrets", fail, || Ok(())).await
    }
}

#[async_trait]
impl StockConnections for SimStockConnections {
    fn stores(&self) -> Vec<Arc<StoreConfig>> {
        self.stores.clone()
    }

    fn disabled(&self) -> Vec<StoreId> {
        Vec::new()
    }

    async fn shop_stock(&self, store: &StoreId) -> Result<Arc<dyn ShopStock>, CallError> {
        self.secrets(store.as_str()).await?;
        self.shops.get(store).cloned().ok_or_else(|| CallError::blocked("no such store"))
    }

    async fn erp_stock(&self, erp: &ErpId) -> Result<Arc<dyn ErpStock>, CallError> {
        self.secrets(erp.as_str()).await?;
        Ok(Arc::clone(&self.erp))
    }
}

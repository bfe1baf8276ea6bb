//! Shops on one pool, their ERP, tables and a queue, all fake, on a clock of
//! ours.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::FutureExt;
use futures::executor::block_on;
use jiff::SignedDuration;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use weir_domain::config::StoreConfig;
use weir_domain::id::{EntityId, ErpId, ItemKey, LocationId, OrderId, Sku, StoreId};
use weir_domain::order::{OrderStatus, ProductRef};
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Clock, ErpStock, ItemNames, LedgerError, SaleLine, ShopItem, ShopSale, ShopStock, StockBasis,
    StockConnections, StockStore,
};
use weir_domain::stock::message::{STOCK_MOVED_VERSION, StockCause};
use weir_domain::stock::publish::{Publish, Published, StockDelivery, StockSummary};
use weir_domain::stock::sync::{StockSync, SyncRun};
use weir_domain::stock::{Publication, StockMoved};
use weir_testkit::{
    FakeClock, FakeErpStock, FakeLedger, FakeShopStock, FakeStockQueue, FakeStockStore, sample,
};

/// The stores of a world, in their order.
const STORES: [&str; 2] = ["main", "outlet"];

pub(crate) struct World {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) erp: Arc<FakeErpStock>,
    pub(crate) shops: Vec<Arc<FakeShopStock>>,
    pub(crate) table: Arc<FakeStockStore>,
    pub(crate) queue: Arc<FakeStockQueue>,
    pub(crate) ledger: Arc<FakeLedger>,
    pub(crate) sync: StockSync,
    /// Stores of which the configuration has become unusable.
    pub(crate) disabled: Arc<Mutex<Vec<StoreId>>>,
    publish: Publish,
    orders: Mutex<u64>,
}

struct Connected {
    stores: Vec<Arc<StoreConfig>>,
    shops: Vec<Arc<FakeShopStock>>,
    erp: Arc<FakeErpStock>,
    disabled: Arc<Mutex<Vec<StoreId>>>,
}

#[async_trait]
impl StockConnections for Connected {
    fn stores(&self) -> Vec<Arc<StoreConfig>> {
        let disabled = self.disabled();
        self.stores.iter().filter(|config| !disabled.contains(&config.store)).cloned().collect()
    }

    fn disabled(&self) -> Vec<StoreId> {
        self.disabled.lock().unwrap().clone()
    }

    async fn shop_stock(&self, store: &StoreId) -> Result<Arc<dyn ShopStock>, CallError> {
        let index = self.stores.iter().position(|known| known.store == *store).unwrap();
        Ok(self.shops[index].clone())
    }

    async fn erp_stock(&self, _: &ErpId) -> Result<Arc<dyn ErpStock>, CallError> {
        Ok(self.erp.clone())
    }
}

/// One item that the shop calls otherwise.
struct Names;

#[async_trait]
impl ItemNames for Names {
    async fn names(&self, _: &StoreId, items: &[Sku]) -> Result<BTreeMap<Sku, Vec<ShopItem>>, LedgerError> {
        let named = |sku: &&Sku| sku.0 == "ERP-NAME";
        let name = |sku: &Sku| (sku.clone(), vec![ShopItem::Sku("shop-name".to_owned())]);
        Ok(items.iter().filter(named).map(name).collect())
    }
}

impl World {
    /// One store that sells all of two locations.
    pub(crate) fn new() -> Self {
        Self::with(&[json!({})])
    }

    /// Stores with these things in their stock configuration.
    pub(crate) fn with(stores: &[Value]) -> Self {
        let clock = Arc::new(FakeClock::at(sample::saturday() + SignedDuration::from_hours(1)));
        let erp = Arc::new(FakeErpStock::new(StockBasis::Computed));
        let shops: Vec<_> = stores.iter().map(|_| Arc::new(FakeShopStock::default())).collect();
        let configs = stores.iter().zip(STORES).map(|(stock, name)| Arc::new(store(name, stock))).collect();
        let table = Arc::new(FakeStockStore::default());
        let queue = Arc::new(FakeStockQueue::default());
        let ledger = Arc::new(FakeLedger::default());
        let disabled: Arc<Mutex<Vec<StoreId>>> = Arc::default();
        let connections = Arc::new(Connected {
            stores: configs,
            shops: shops.clone(),
            erp: erp.clone(),
            disabled: disabled.clone(),
        });
        let sync = StockSync {
            stock: table.clone(),
            ledger: ledger.clone(),
            schedules: ledger.clone(),
            queue: queue.clone(),
            clock: clock.clone(),
        };
        let publish = Publish {
            stock: table.clone(),
            queue: queue.clone(),
            ledger: ledger.clone(),
            mappings: ledger.clone(),
            names: Arc::new(Names),
            connections,
            clock: clock.clone(),
            paces: Mutex::default(),
        };
        Self { clock, erp, shops, table, queue, ledger, sync, disabled, publish, orders: Mutex::new(0) }
    }

    pub(crate) fn shop(&self) -> &FakeShopStock {
        &self.shops[0]
    }

    /// The ERP has so many in its main location, and every shop sells it as
    /// product `id`, showing as many.
    pub(crate) fn stock(&self, id: u64, name: &str, quantity: i64) {
        self.erp.count(&sku(name), &location("main"), quantity.into());
        for shop in &self.shops {
            shop.put_simple(id, name, quantity.into());
        }
    }

    /// A customer of a shop orders; its stock is taken.
    pub(crate) fn order(&self, shop: usize, product: u64, name: &str, quantity: i64) -> OrderId {
        self.shops[shop].place(self.sale(product, name, quantity));
        OrderId(*self.orders.lock().unwrap())
    }

    /// An order of now that is not yet in the shop.
    pub(crate) fn sale(&self, product: u64, name: &str, quantity: i64) -> ShopSale {
        let mut orders = self.orders.lock().unwrap();
        *orders += 1;
        let now = self.clock.now();
        ShopSale {
            order: OrderId(*orders),
            status: OrderStatus::Processing,
            placed_at: now,
            modified_at: now,
            lines: vec![SaleLine {
                id: 1,
                product: ProductRef { product, variation: 0, sku: Some(sku(name)) },
                quantity: quantity.into(),
                reduced: None,
            }],
        }
    }

    pub(crate) fn message(&self, names: &[&str], refresh: bool, cause: StockCause) -> StockMoved {
        StockMoved {
            v: STOCK_MOVED_VERSION,
            entity: entity(),
            skus: names.iter().map(|name| sku(name)).collect(),
            refresh,
            received_at: self.clock.now(),
            cause,
            correlation: "test".to_owned(),
            hops: 0,
        }
    }

    pub(crate) fn deliver(&self, message: &StockMoved, receives: u32) -> Result<Published, LedgerError> {
        self.deliver_within(message, receives, 60)
    }

    /// With so many seconds until the function stops.
    pub(crate) fn deliver_within(
        &self,
        message: &StockMoved,
        receives: u32,
        seconds: i64,
    ) -> Result<Published, LedgerError> {
        let deadline = self.clock.now() + SignedDuration::from_secs(seconds);
        block_on(self.publish.work(message, &StockDelivery { receives, deadline }))
    }

    /// The same, inside of what another delivery does.
    pub(crate) fn deliver_inside(&self, message: &StockMoved, receives: u32) -> Published {
        let deadline = self.clock.now() + SignedDuration::from_secs(60);
        let delivery = StockDelivery { receives, deadline };
        self.publish.work(message, &delivery).now_or_never().unwrap().unwrap()
    }

    /// Somebody else writes the record of an item in the first shop.
    pub(crate) fn put_publication(&self, name: &str, publication: &Publication) {
        let (item, store) = (item(name), STORES[0].parse().unwrap());
        let put = self.table.put_publication(&item, &store, publication);
        assert!(put.now_or_never().unwrap().unwrap());
    }

    /// Something moved in the ERP: the message, and what it asks for.
    pub(crate) fn event(&self, names: &[&str]) -> StockSummary {
        summary(&self.deliver(&self.message(names, true, StockCause::Event), 1).unwrap()).clone()
    }

    /// Positions stay as they are.
    pub(crate) fn republish(&self, names: &[&str]) -> StockSummary {
        summary(&self.deliver(&self.message(names, false, StockCause::Order), 1).unwrap()).clone()
    }

    /// The messages that were sent meanwhile are worked off.
    pub(crate) fn drain(&self) {
        for _ in 0..5 {
            for message in self.queue.take() {
                self.deliver(&message, 1).unwrap();
            }
        }
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    pub(crate) fn shown(&self, id: u64) -> Decimal {
        self.shop().quantity(id).unwrap()
    }

    pub(crate) fn publication(&self, name: &str) -> Publication {
        self.table.publication(&item(name), &STORES[0].parse().unwrap()).unwrap_or_default()
    }

    pub(crate) fn run<'a>(&'a self, entity: &'a EntityId) -> SyncRun<'a> {
        SyncRun {
            entity,
            erp: &*self.erp,
            owner: "run",
            until: self.clock.now() + SignedDuration::from_mins(4),
            lease: SignedDuration::from_mins(6),
        }
    }
}

fn store(name: &str, stock: &Value) -> StoreConfig {
    let mut config = sample::store_config(name, "erp");
    let mut document = json!({ "entity": "house", "locations": ["main", "floor"] });
    document.as_object_mut().unwrap().extend(stock.as_object().unwrap().clone());
    config.stock = Some(serde_json::from_value(document).unwrap());
    config
}

pub(crate) fn summary(published: &Published) -> &StockSummary {
    match published {
        Published::Acknowledge(summary) | Published::RetryAfter(_, summary) => summary,
    }
}

pub(crate) fn sku(name: &str) -> Sku {
    Sku(name.to_owned())
}

pub(crate) fn entity() -> EntityId {
    "house".parse().unwrap()
}

pub(crate) fn item(name: &str) -> ItemKey {
    ItemKey { entity: entity(), sku: sku(name) }
}

pub(crate) fn location(name: &str) -> LocationId {
    name.parse().unwrap()
}

pub(crate) fn n(number: i64) -> Decimal {
    Decimal::from(number)
}

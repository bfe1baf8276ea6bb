//! The use cases that ship, over the stand-ins.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::SignedDuration;
use tokio::time::Instant;
use weir_domain::config::StoreConfig;
use weir_domain::id::{EntityId, ErpId, Sku, StoreId};
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Clock, ErpStock, ItemNames, LedgerError, QueueError, ShopItem, ShopStock, StockConnections, StockQueue,
};
use weir_domain::stock::StockMoved;
use weir_domain::stock::publish::{Publish, Published, StockDelivery};
use weir_domain::stock::sync::{FullPlan, StockSync, SyncRun, Synced};
use weir_ledger::{DynamoLedger, DynamoStock};
use weir_testkit::sample;

use crate::count::VirtualClock;
use crate::peers::{Erp, Shop, long_ago};
use crate::table::{Counted, Shared};

/// Messages in their order.
#[derive(Default)]
struct Queue(Mutex<Vec<StockMoved>>);

#[async_trait]
impl StockQueue for Queue {
    async fn send(&self, messages: &[StockMoved]) -> Result<(), QueueError> {
        let mut queue = self.0.lock().map_err(|_| QueueError("a panic elsewhere".to_owned()))?;
        queue.extend_from_slice(messages);
        Ok(())
    }
}

/// Every item has its own name in the shop.
struct SameNames;

#[async_trait]
impl ItemNames for SameNames {
    async fn names(&self, _: &StoreId, _: &[Sku]) -> Result<BTreeMap<Sku, Vec<ShopItem>>, LedgerError> {
        Ok(BTreeMap::new())
    }
}

struct Connected {
    store: Arc<StoreConfig>,
    erp: Arc<Erp>,
    shop: Arc<Shop>,
}

#[async_trait]
impl StockConnections for Connected {
    fn stores(&self) -> Vec<Arc<StoreConfig>> {
        vec![Arc::clone(&self.store)]
    }

    fn disabled(&self) -> Vec<StoreId> {
        Vec::new()
    }

    async fn shop_stock(&self, _: &StoreId) -> Result<Arc<dyn ShopStock>, CallError> {
        Ok(Arc::clone(&self.shop) as Arc<dyn ShopStock>)
    }

    async fn erp_stock(&self, _: &ErpId) -> Result<Arc<dyn ErpStock>, CallError> {
        Ok(Arc::clone(&self.erp) as Arc<dyn ErpStock>)
    }
}

/// Everything.
pub(crate) struct World {
    pub(crate) erp: Arc<Erp>,
    pub(crate) shop: Arc<Shop>,
    pub(crate) stock: Arc<Counted>,
    pub(crate) clock: Arc<VirtualClock>,
    queue: Arc<Queue>,
    sync: StockSync,
    publish: Publish,
    entity: EntityId,
}

/// A run's own time: as long as a function may.
const TIME: SignedDuration = SignedDuration::from_secs(60);

impl World {
    pub(crate) fn new() -> Self {
        let erp = Arc::new(Erp::new());
        let shop = Arc::new(Shop::showing(&erp));
        let (stock, ledger) = (Arc::new(Counted::stock()), Arc::new(Counted::ledger()));
        let clock = Arc::new(VirtualClock(Instant::now()));
        let queue = Arc::new(Queue::default());
        let store = Arc::new(store());
        let ledger = Arc::new(DynamoLedger::over(Arc::new(Shared(ledger)), "ledger"));
        let table = Arc::new(DynamoStock::over(Arc::new(Shared(Arc::clone(&stock))), "stock"));
        let sync = StockSync {
            stock: table.clone(),
            ledger: ledger.clone(),
            schedules: ledger.clone(),
            queue: queue.clone(),
            clock: clock.clone(),
        };
        let publish = Publish {
            stock: table,
            queue: queue.clone(),
            ledger: ledger.clone(),
            mappings: ledger,
            names: Arc::new(SameNames),
            connections: Arc::new(Connected { store, erp: erp.clone(), shop: shop.clone() }),
            clock: clock.clone(),
            paces: Mutex::default(),
        };
        let entity = sample::store_config("main", "erp").entities[0].entity.clone();
        Self { erp, shop, stock, clock, queue, sync, publish, entity }
    }

    /// Everything is read, in as many runs as it takes.
    pub(crate) async fn full(&self, fingerprint: &str) -> Synced {
        let mut all = Synced::default();
        loop {
            let plan = FullPlan { hour: 2, fingerprint };
            let synced = self.sync.full(&self.run(), plan).await;
            let synced = synced.unwrap_or_else(|error| panic!("the full pass: {error}"));
            all.pages += synced.pages;
            all.items += synced.items;
            all.stored += synced.stored;
            if !synced.unfinished {
                return all;
            }
        }
    }

    /// The feed is followed to its end.
    pub(crate) async fn moved(&self) -> Synced {
        self.sync.moved(&self.run()).await.unwrap_or_else(|error| panic!("the feed: {error}"))
    }

    fn run(&self) -> SyncRun<'_> {
        SyncRun {
            entity: &self.entity,
            erp: &*self.erp,
            owner: "bench",
            until: self.clock.now() + SignedDuration::from_mins(4),
            lease: SignedDuration::from_mins(6),
        }
    }

    /// Works the queue off, one message after the other; gives back how many
    /// quantities were written.
    pub(crate) async fn publish(&self) -> usize {
        let mut written = 0;
        let messages = self.queue.0.lock().map(|mut queue| std::mem::take(&mut *queue)).unwrap_or_default();
        for message in messages {
            let delivery = StockDelivery { receives: 1, deadline: self.clock.now() + TIME };
            let published = self.publish.work(&message, &delivery).await;
            match published.unwrap_or_else(|error| panic!("publishing: {error}")) {
                Published::Acknowledge(summary) => {
                    written += summary.stores.values().map(|store| store.written).sum::<usize>();
                }
                Published::RetryAfter(_, summary) => panic!("it had to wait: {summary:?}"),
            }
        }
        written
    }
}

fn store() -> StoreConfig {
    let mut store = sample::store_config("main", "erp");
    let entity = store.entities[0].entity.clone();
    let stock = serde_json::json!({ "entity": entity, "locations": ["north", "south", "floor"] });
    store.stock = serde_json::from_value(stock).ok();
    store.cut_over = Some(long_ago());
    store
}

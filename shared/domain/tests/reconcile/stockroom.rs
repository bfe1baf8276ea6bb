//! A store that follows an ERP's stock, and the real publisher between them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::executor::block_on;
use jiff::SignedDuration;
use rust_decimal::Decimal;
use serde_json::json;
use weir_domain::config::StoreConfig;
use weir_domain::id::{ErpId, ItemKey, LocationId, Sku, StoreId};
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Clock, ErpStock, ItemNames, LedgerError, Reports, ShopItem, ShopStock, StockConnections, StockStore,
};
use weir_domain::reconcile::{MatchError, MatchStock, Matched, Report, StockRun};
use weir_domain::stock::message::StockCause;
use weir_domain::stock::publish::{Publish, StockDelivery};
use weir_domain::stock::sync::{FullPlan, StockSync, SyncRun};
use weir_domain::stock::{Publication, StockMoved};
use weir_testkit::{
    FakeClock, FakeErpStock, FakeLedger, FakeShopStock, FakeStockQueue, FakeStockStore, sample,
};

use crate::world::HOUR;

pub(crate) struct Stockroom {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) erp: Arc<FakeErpStock>,
    pub(crate) shop: Arc<FakeShopStock>,
    pub(crate) table: Arc<FakeStockStore>,
    pub(crate) ledger: Arc<FakeLedger>,
    pub(crate) queue: Arc<FakeStockQueue>,
    config: Arc<StoreConfig>,
    publish: Publish,
}

struct Connected {
    config: Arc<StoreConfig>,
    shop: Arc<FakeShopStock>,
    erp: Arc<FakeErpStock>,
}

#[async_trait]
impl StockConnections for Connected {
    fn stores(&self) -> Vec<Arc<StoreConfig>> {
        vec![Arc::clone(&self.config)]
    }

    fn disabled(&self) -> Vec<StoreId> {
        Vec::new()
    }

    async fn shop_stock(&self, _: &StoreId) -> Result<Arc<dyn ShopStock>, CallError> {
        Ok(self.shop.clone())
    }

    async fn erp_stock(&self, _: &ErpId) -> Result<Arc<dyn ErpStock>, CallError> {
        Ok(self.erp.clone())
    }
}

/// Nothing is called otherwise in the shop.
struct SameNames;

#[async_trait]
impl ItemNames for SameNames {
    async fn names(&self, _: &StoreId, _: &[Sku]) -> Result<BTreeMap<Sku, Vec<ShopItem>>, LedgerError> {
        Ok(BTreeMap::new())
    }
}

impl Stockroom {
    pub(crate) fn new() -> Self {
        let mut config = sample::store_config("main", "erp");
        config.stock = serde_json::from_value(json!({ "entity": "house", "locations": ["main"] })).unwrap();
        let config = Arc::new(config);
        let clock = Arc::new(FakeClock::at(sample::saturday() + SignedDuration::from_hours(1)));
        let (erp, shop) = (Arc::new(FakeErpStock::default()), Arc::new(FakeShopStock::default()));
        let (table, ledger) = (Arc::new(FakeStockStore::default()), Arc::new(FakeLedger::default()));
        let queue = Arc::new(FakeStockQueue::default());
        let connected = Connected { config: Arc::clone(&config), shop: shop.clone(), erp: erp.clone() };
        let publish = Publish {
            stock: table.clone(),
            queue: queue.clone(),
            ledger: ledger.clone(),
            mappings: ledger.clone(),
            names: Arc::new(SameNames),
            connections: Arc::new(connected),
            clock: clock.clone(),
            paces: Mutex::default(),
        };
        Self { clock, erp, shop, table, ledger, queue, config, publish }
    }

    /// The ERP has so many, and the shop sells it as product `id`.
    pub(crate) fn stock(&self, id: u64, name: &str, quantity: i64) {
        self.count(name, quantity);
        self.shop.put_simple(id, name, quantity.into());
    }

    pub(crate) fn count(&self, name: &str, quantity: i64) {
        self.erp.count(&sku(name), &location(), quantity.into());
    }

    /// Every item is read and published.
    pub(crate) fn sync(&self) {
        let sync = StockSync {
            stock: self.table.clone(),
            ledger: self.ledger.clone(),
            schedules: self.ledger.clone(),
            queue: self.queue.clone(),
            clock: self.clock.clone(),
        };
        let run = SyncRun {
            entity: &"house".parse().unwrap(),
            erp: &*self.erp,
            owner: "sync",
            until: self.clock.now() + SignedDuration::from_mins(4),
            lease: SignedDuration::from_mins(6),
        };
        block_on(sync.full(&run, FullPlan { hour: 0, fingerprint: &self.clock.now().to_string() })).unwrap();
        self.drain();
    }

    /// What the queue holds is published, and what follows from it.
    pub(crate) fn drain(&self) {
        for _ in 0..10 {
            self.clock.advance(SignedDuration::from_mins(1));
            for message in self.queue.take() {
                let deadline = self.clock.now() + SignedDuration::from_secs(60);
                block_on(self.publish.work(&message, &StockDelivery { receives: 1, deadline })).unwrap();
            }
        }
    }

    pub(crate) fn tick(&self) -> Matched {
        self.try_tick().unwrap()
    }

    pub(crate) fn try_tick(&self) -> Result<Matched, MatchError> {
        let matching = MatchStock {
            stock: self.table.clone(),
            ledger: self.ledger.clone(),
            mappings: self.ledger.clone(),
            names: Arc::new(SameNames),
            queue: self.queue.clone(),
            schedules: self.ledger.clone(),
            reports: self.ledger.clone(),
            clock: self.clock.clone(),
        };
        block_on(matching.run(&StockRun {
            config: &self.config,
            erp: &*self.erp,
            shop: &*self.shop,
            owner: "tick",
            until: self.clock.now() + SignedDuration::from_secs(48),
            lease: SignedDuration::from_secs(70),
            hour: HOUR,
        }))
    }

    /// A whole night: the match, and what follows from it.
    pub(crate) fn pass(&self) -> Report {
        self.clock.advance(SignedDuration::from_hours(24));
        let matched = self.tick();
        assert!(!matched.skipped && !matched.unfinished, "{matched:?}");
        assert!(self.queue_says_full());
        let report = block_on(self.ledger.reports(&self.config.store, 1)).unwrap().remove(0);
        self.drain();
        report
    }

    fn queue_says_full(&self) -> bool {
        let messages: Vec<StockMoved> = self.queue.take();
        block_on(weir_domain::ports::StockQueue::send(&*self.queue, &messages)).unwrap();
        messages.iter().all(|message| message.refresh && message.cause == StockCause::Full)
    }

    pub(crate) fn publication(&self, name: &str) -> Publication {
        self.table.publication(&item(name), &self.config.store).unwrap_or_default()
    }

    /// Somebody rewrites what is on record.
    pub(crate) fn rewrite(&self, name: &str, change: impl FnOnce(&mut Publication)) {
        let mut publication = self.publication(name);
        change(&mut publication);
        publication.version += 1;
        let item = item(name);
        let put = self.table.put_publication(&item, &self.config.store, &publication);
        assert!(block_on(put).unwrap());
    }

    pub(crate) fn shown(&self, id: u64) -> Option<Decimal> {
        self.shop.quantity(id)
    }
}

pub(crate) fn sku(name: &str) -> Sku {
    Sku(name.to_owned())
}

pub(crate) fn location() -> LocationId {
    "main".parse().unwrap()
}

pub(crate) fn item(name: &str) -> ItemKey {
    ItemKey { entity: "house".parse().unwrap(), sku: sku(name) }
}

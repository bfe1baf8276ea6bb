//! A store, its ERP, a ledger and a queue, all fake, on a clock of ours.

use std::sync::Arc;

use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use weir_domain::config::StoreConfig;
use weir_domain::hint::{Cause, Hint};
use weir_domain::id::{ErpId, OrderKey, StoreId};
use weir_domain::mapping::{MappingKey, MappingKind};
use weir_domain::order::{Order, OrderStatus};
use weir_domain::ports::{Clock, Ledger, MappingStore};
use weir_domain::push::{Delivery, OrderPush, Pushed};
use weir_domain::record::OrderRecord;
use weir_domain::wake::{Wake, Woken};
use weir_testkit::{FakeClock, FakeConnections, FakeErp, FakeLedger, FakeQueue, FakeShop, sample};

pub(crate) struct World {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) ledger: Arc<FakeLedger>,
    pub(crate) queue: Arc<FakeQueue>,
    pub(crate) shop: Arc<FakeShop>,
    pub(crate) erp: Arc<FakeErp>,
    pub(crate) connections: Arc<FakeConnections>,
    pub(crate) push: OrderPush,
    deliveries: std::sync::atomic::AtomicU32,
}

impl World {
    /// Everything is mapped, and orders are an hour old.
    pub(crate) fn new() -> Self {
        let clock = Arc::new(FakeClock::at(sample::saturday() + SignedDuration::from_hours(1)));
        let ledger = Arc::new(FakeLedger::default());
        let shop = Arc::new(FakeShop::default());
        let erp = Arc::new(FakeErp::default());
        let connections = Arc::new(FakeConnections::default());
        connections.add_store(sample::store_config("main", "erp"), Arc::clone(&shop));
        connections.add_erp(erp_id(), Arc::clone(&erp));
        let push = OrderPush {
            ledger: ledger.clone(),
            mappings: ledger.clone(),
            connections: connections.clone(),
            clock: clock.clone(),
            stock: None,
            lease: SignedDuration::from_secs(130),
            amnesia: false,
        };
        let world = Self {
            clock,
            ledger,
            queue: Arc::new(FakeQueue::default()),
            shop,
            erp,
            connections,
            push,
            deliveries: std::sync::atomic::AtomicU32::new(0),
        };
        world.map(MappingKind::Tax, "rates:1", &["DE19"]);
        world.map(MappingKind::Shipping, "flat_rate", &["SHIPPING"]);
        world.map(MappingKind::Payment, "stripe", &["CARD"]);
        world.map(MappingKind::Payment, "bacs", &["BANK"]);
        world
    }

    pub(crate) fn map(&self, kind: MappingKind, name: &str, target: &[&str]) {
        let target: Vec<String> = target.iter().map(ToString::to_string).collect();
        let note = sample::note("mapped", self.now());
        block_on(self.ledger.set_mapping(&store(), &MappingKey::new(kind, name), &target, &note)).unwrap();
    }

    pub(crate) fn configure(&self, change: impl FnOnce(&mut StoreConfig)) {
        let mut config = sample::store_config("main", "erp");
        change(&mut config);
        self.connections.add_store(config, Arc::clone(&self.shop));
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The shop has the order; the hint is delivered once.
    pub(crate) fn place(&self, order: Order) -> Pushed {
        let key = order.key.clone();
        self.shop.put(order);
        self.hint(&key)
    }

    /// The shop has an order that waits for a bank transfer.
    pub(crate) fn reserve(&self) -> OrderKey {
        let mut order = sample::order("main", 1);
        order.status = OrderStatus::OnHold;
        "bacs".clone_into(&mut order.payment.method);
        order.payment.paid_at = None;
        let key = order.key.clone();
        self.place(order);
        key
    }

    /// The customer or the shop changes the order now; the hint is delivered
    /// after the quiet period.
    pub(crate) fn change(&self, key: &OrderKey, change: impl FnOnce(&mut Order)) -> Pushed {
        let now = self.now();
        self.shop.change(key.order, |order| {
            order.modified_at = now;
            change(order);
        });
        self.clock.advance(SignedDuration::from_mins(1));
        self.hint(key)
    }

    pub(crate) fn hint(&self, key: &OrderKey) -> Pushed {
        self.deliver(&sample::hint(key, Cause::Webhook, self.now()), 1)
    }

    /// The ERP says that something of it changed.
    pub(crate) fn erp_hint(&self, key: &OrderKey) -> Pushed {
        self.deliver(&sample::hint(key, Cause::Erp, self.now()), 1)
    }

    pub(crate) fn deliver(&self, hint: &Hint, receives: u32) -> Pushed {
        block_on(self.push.push(hint, &self.delivery(receives))).unwrap()
    }

    pub(crate) fn delivery(&self, receives: u32) -> Delivery {
        let before = self.deliveries.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let owner = format!("delivery-{}", before + 1);
        Delivery { owner, receives, deadline: self.now() + SignedDuration::from_secs(55) }
    }

    pub(crate) fn record(&self, key: &OrderKey) -> OrderRecord {
        block_on(self.ledger.record(key)).unwrap().unwrap()
    }

    pub(crate) fn view(&self, key: &OrderKey) -> &'static str {
        self.record(key).view()
    }

    pub(crate) fn exception(&self, key: &OrderKey) -> String {
        self.record(key).exception().map(|found| found.code.clone()).unwrap_or_default()
    }

    /// The minute passes, the tick runs, and the queue is worked off.
    pub(crate) fn minute(&self) -> Woken {
        self.clock.advance(SignedDuration::from_mins(1));
        let wake = Wake {
            ledger: self.ledger.clone(),
            queue: self.queue.clone(),
            clock: self.clock.clone(),
            limit: 100,
        };
        let woken = block_on(wake.tick(&store(), "tick")).unwrap();
        for hint in self.queue.take() {
            self.deliver(&hint, 1);
        }
        woken
    }

    pub(crate) fn minutes(&self, count: u32) {
        for _ in 0..count {
            self.minute();
        }
    }
}

pub(crate) fn store() -> StoreId {
    "main".parse().unwrap()
}

pub(crate) fn erp_id() -> ErpId {
    "erp".parse().unwrap()
}

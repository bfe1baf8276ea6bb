//! A store, its ERP and its ledger, all fake, with the real worker between
//! them, on a clock of ours.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::executor::block_on;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use weir_domain::config::{FulfilmentConfig, StoreConfig};
use weir_domain::hint::{Cause, Hint};
use weir_domain::id::{DocumentKey, ErpId, OrderId, OrderKey, RefundId, StoreId};
use weir_domain::mapping::{MappingKey, MappingKind};
use weir_domain::order::{Order, OrderStatus};
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    BookedDocument, BookedQuery, Claim, Clock, DocumentState, ErpBooks, ErpConnections, ErpDesk, Ledger,
    MappingStore, Reports, Shop,
};
use weir_domain::push::{Delivery, OrderPush};
use weir_domain::reconcile::{MatchError, MatchOrders, MatchRun, Matched, Report};
use weir_domain::record::{DocumentAxis, Hold, OrderRecord, WaitReason};
use weir_domain::wake::Wake;
use weir_testkit::{
    FakeBooks, FakeClock, FakeConnections, FakeErp, FakeHistory, FakeLedger, FakeQueue, FakeShop, ShopOp,
    sample,
};

/// From this hour (UTC) on the night may begin.
pub(crate) const HOUR: i8 = 2;

pub(crate) struct World {
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) ledger: Arc<FakeLedger>,
    pub(crate) queue: Arc<FakeQueue>,
    pub(crate) shop: Arc<FakeShop>,
    pub(crate) history: FakeHistory,
    pub(crate) erp: Arc<FakeErp>,
    pub(crate) books: Arc<FakeBooks>,
    pub(crate) erps: Erps,
    connections: Arc<FakeConnections>,
    config: Mutex<StoreConfig>,
    push: OrderPush,
    deliveries: AtomicU32,
}

/// Books by the ERP's name.
pub(crate) struct Erps(pub(crate) BTreeMap<ErpId, Arc<FakeBooks>>);

#[async_trait]
impl ErpConnections for Erps {
    async fn books(&self, erp: &ErpId) -> Result<Arc<dyn ErpBooks>, CallError> {
        Ok(self.0.get(erp).ok_or_else(|| CallError::blocked("no such ERP"))?.clone())
    }

    async fn desk(&self, _: &ErpId) -> Result<Arc<dyn ErpDesk>, CallError> {
        Err(CallError::blocked("nobody sits there"))
    }
}

impl World {
    /// Everything is mapped, the shop is told of parcels, and orders are an
    /// hour old.
    pub(crate) fn new() -> Self {
        let clock = Arc::new(FakeClock::at(sample::saturday() + SignedDuration::from_hours(1)));
        let ledger = Arc::new(FakeLedger::default());
        let shop = Arc::new(FakeShop::default());
        let erp = Arc::new(FakeErp::default());
        let books = Arc::new(FakeBooks::new(Arc::clone(&erp)));
        let connections = Arc::new(FakeConnections::default());
        let mut config = sample::store_config("main", "erp");
        config.fulfilment = Some(FulfilmentConfig::default());
        connections.add_store(config.clone(), Arc::clone(&shop));
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
            queue: Arc::default(),
            history: FakeHistory::new(Arc::clone(&shop)),
            shop,
            erp,
            erps: Erps(BTreeMap::from([(erp_id(), Arc::clone(&books))])),
            books,
            connections,
            config: Mutex::new(config),
            push,
            deliveries: AtomicU32::new(0),
        };
        world.map(MappingKind::Tax, "rates:1", &["DE19"]);
        world.map(MappingKind::Shipping, "flat_rate", &["SHIPPING"]);
        world.map(MappingKind::Payment, "stripe", &["CARD"]);
        world.map(MappingKind::Payment, "bacs", &["BANK"]);
        world.map(MappingKind::Payment, "cod", &[]);
        world.map(MappingKind::Fee, "refund", &["ALLOWANCE"]);
        world
    }

    pub(crate) fn map(&self, kind: MappingKind, name: &str, target: &[&str]) {
        let target: Vec<String> = target.iter().map(ToString::to_string).collect();
        let note = sample::note("mapped", self.now());
        block_on(self.ledger.set_mapping(&store(), &MappingKey::new(kind, name), &target, &note)).unwrap();
    }

    pub(crate) fn configure(&self, change: impl FnOnce(&mut StoreConfig)) {
        let mut config = self.config.lock().unwrap();
        change(&mut config);
        self.connections.add_store(config.clone(), Arc::clone(&self.shop));
    }

    pub(crate) fn config(&self) -> StoreConfig {
        self.config.lock().unwrap().clone()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The shop has the order; its hint is delivered.
    pub(crate) fn place(&self, order: Order) -> OrderKey {
        let key = order.key.clone();
        self.shop.put(order);
        self.hint(&key);
        key
    }

    /// The shop has an order that waits for a bank transfer.
    pub(crate) fn reserve(&self, id: u64) -> OrderKey {
        self.place(reserved(id))
    }

    /// The shop changes an order now, and nobody hears of it.
    pub(crate) fn change(&self, id: u64, change: impl FnOnce(&mut Order)) {
        let now = self.now();
        self.shop.change(OrderId(id), |order| {
            order.modified_at = now;
            change(order);
        });
    }

    /// The shop changed an order, and its hint is delivered a minute later.
    pub(crate) fn hint(&self, key: &OrderKey) {
        self.clock.advance(SignedDuration::from_mins(1));
        self.deliver(&sample::hint(key, Cause::Webhook, self.now()));
    }

    pub(crate) fn deliver(&self, hint: &Hint) {
        let writes =
            || self.shop.faults.calls(ShopOp::SetStatus) + self.shop.faults.calls(ShopOp::GiveRefund);
        let before = writes();
        let owner = format!("delivery-{}", self.deliveries.fetch_add(1, Ordering::Relaxed));
        let deadline = self.now() + SignedDuration::from_secs(55);
        block_on(self.push.push(hint, &Delivery { owner, receives: 1, deadline })).unwrap();
        if writes() > before {
            // The shop tells us of what we did there.
            self.clock.advance(SignedDuration::from_secs(30));
            self.deliver(&sample::hint(&hint.key(), Cause::Webhook, self.now()));
        }
    }

    /// What the ledger remembers is not what it was: a lost write, a restored
    /// backup, a mistake.
    pub(crate) fn rewrite(&self, key: &OrderKey, change: impl FnOnce(&mut OrderRecord)) {
        let hint = sample::hint(key, Cause::Desk, self.now());
        let lease = SignedDuration::from_secs(60);
        let claim = block_on(self.ledger.claim(&hint, "somebody", self.now(), lease)).unwrap();
        let Claim::Claimed(mut held) = claim else { panic!("{key} is not free") };
        change(&mut held.record);
        block_on(self.ledger.complete(*held, &sample::note("rewritten", self.now()))).unwrap();
    }

    /// Minutes pass: ticks run, and the queue is worked off.
    pub(crate) fn minutes(&self, count: u32) {
        let wake = Wake {
            ledger: self.ledger.clone(),
            queue: self.queue.clone(),
            clock: self.clock.clone(),
            limit: 100,
        };
        for _ in 0..count {
            self.clock.advance(SignedDuration::from_mins(1));
            block_on(wake.tick(&store(), "tick")).unwrap();
            self.queue.take().iter().for_each(|hint| self.deliver(hint));
        }
    }

    pub(crate) fn matching(&self) -> MatchOrders {
        MatchOrders {
            ledger: self.ledger.clone(),
            open: self.ledger.clone(),
            mappings: self.ledger.clone(),
            queue: self.queue.clone(),
            schedules: self.ledger.clone(),
            reports: self.ledger.clone(),
            clock: self.clock.clone(),
        }
    }

    /// One tick of the match.
    pub(crate) fn tick(&self) -> Result<Matched, MatchError> {
        let (config, now) = (self.config(), self.now());
        let owner = format!("tick-{now}");
        block_on(self.matching().run(&MatchRun {
            config: &config,
            shop: &self.history,
            one: &*self.shop,
            erps: &self.erps,
            owner: &owner,
            until: now + SignedDuration::from_secs(48),
            lease: SignedDuration::from_secs(70),
            hour: HOUR,
        }))
    }

    /// It is the next night, half an hour after the match may begin.
    pub(crate) fn nightfall(&self) {
        let today = TimeZone::UTC.to_datetime(self.now()).date();
        let night = today.checked_add(1.day()).unwrap().at(HOUR, 30, 0, 0);
        self.clock.set(TimeZone::UTC.to_timestamp(night).unwrap());
    }

    /// A whole night: the match, and the work that follows from it.
    pub(crate) fn pass(&self) -> Report {
        self.nightfall();
        let matched = self.tick().unwrap();
        assert!(!matched.skipped && !matched.unfinished, "{matched:?}");
        let report = self.report();
        assert!(report.ended_at.is_some());
        self.minutes(30);
        report
    }

    pub(crate) fn report(&self) -> Report {
        block_on(self.ledger.reports(&store(), 1)).unwrap().remove(0)
    }

    pub(crate) fn record(&self, key: &OrderKey) -> OrderRecord {
        block_on(self.ledger.record(key)).unwrap().unwrap()
    }

    pub(crate) fn exception(&self, key: &OrderKey) -> String {
        self.record(key).exception().map(|found| found.code.clone()).unwrap_or_default()
    }

    pub(crate) fn order(&self, key: &OrderKey) -> Order {
        block_on(self.shop.order(key.order)).unwrap().order
    }

    /// The key of the present life's sales order.
    pub(crate) fn sale(&self, key: &OrderKey) -> DocumentKey {
        self.record(key).document_key()
    }

    /// What the ERP has of an order and is not cancelled.
    pub(crate) fn booked(&self, key: &OrderKey) -> Vec<BookedDocument> {
        let query = BookedQuery { order: key.clone(), number: key.order.to_string() };
        let found = block_on(self.books.booked(&[query])).unwrap().remove(key).unwrap_or_default();
        found.into_iter().filter(|it| it.document.state != DocumentState::Cancelled).collect()
    }

    /// Shop, ledger and ERP say the same of an order; `Err` says what not.
    pub(crate) fn agree(&self, key: &OrderKey) -> Result<(), String> {
        let (record, booked) = (self.record(key), self.booked(key));
        let order = self.order(key).as_sold(&record.first_skus);
        let open = match &record.hold {
            Hold::None | Hold::Waiting { reason: WaitReason::Payment, .. } => None,
            hold => Some(format!("{hold:?}")),
        };
        if let Some(open) = open {
            return Err(open);
        }
        let seen = record.seen.as_ref().ok_or("it was never seen")?;
        if (&seen.status, &seen.version.content) != (&order.status, &order.version().content) {
            return Err("the ledger has not seen what the shop says".to_owned());
        }
        let sales: Vec<_> = booked.iter().filter(|it| it.key == Some(record.document_key())).collect();
        let wanted = usize::from(record.document == DocumentAxis::InErp);
        if sales.len() != wanted {
            return Err(format!("{} sales orders instead of {wanted}", sales.len()));
        }
        for sale in sales {
            let known = record.sales_order().ok_or("the ledger names none")?;
            if sale.document != *known || sale.document.totals != Some(order.totals()) {
                return Err(format!("{:?} in the ERP, {known:?} in the ledger", sale.document));
            }
        }
        let credits = booked.iter().filter_map(|it| Some((it.key.as_ref()?.refund?, it)));
        let credits: Vec<(RefundId, String)> =
            credits.map(|(id, it)| (id, it.document.totals.as_ref().unwrap().gross.to_string())).collect();
        let refunds = order.refunds.iter().map(|refund| (refund.id, refund.total.to_string()));
        let refunds: Vec<(RefundId, String)> = if wanted == 1 { refunds.collect() } else { Vec::new() };
        if credits == refunds { Ok(()) } else { Err(format!("credits {credits:?}, refunds {refunds:?}")) }
    }
}

/// An order that waits for a bank transfer.
pub(crate) fn reserved(id: u64) -> Order {
    let mut order = sample::order("main", id);
    order.status = OrderStatus::OnHold;
    "bacs".clone_into(&mut order.payment.method);
    order.payment.paid_at = None;
    order
}

pub(crate) fn store() -> StoreId {
    "main".parse().unwrap()
}

pub(crate) fn erp_id() -> ErpId {
    "erp".parse().unwrap()
}

/// (kind, detected, repaired, parked, known, accepted), by kind.
pub(crate) fn differences(report: &Report) -> Vec<(&str, [u64; 5])> {
    let tally = |(kind, tally): (&'static str, &weir_domain::reconcile::Tally)| {
        (kind, [tally.detected, tally.repaired, tally.parked, tally.known, tally.accepted])
    };
    let kinds = weir_domain::reconcile::Kind::ALL.iter();
    kinds
        .filter_map(|kind| Some((kind.as_str(), report.differences.get(kind.as_str())?)))
        .map(tally)
        .collect()
}

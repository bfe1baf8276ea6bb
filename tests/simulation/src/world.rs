//! One world: shops, ERPs, a queue, the ledger, and the use cases that ship,
//! wired as the functions' `main.rs` wire them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use weir_domain::config::{FulfilmentConfig, ReturnPolicy, StoreConfig};
use weir_domain::desk::Desk;
use weir_domain::fulfilment::follow::FollowOrders;
use weir_domain::hint::Hint;
use weir_domain::id::{ErpId, OrderKey, StoreId};
use weir_domain::mapping::{MappingKey, MappingKind, Mappings};
use weir_domain::poll::{Poll, Polled};
use weir_domain::ports::{Clock, Connections, Erp, Ledger, MappingStore, OrderQueue, Shop};
use weir_domain::push::{OrderPush, SHOP_READ_LAG};
use weir_domain::record::OrderRecord;
use weir_domain::wake::Wake;
use weir_ledger::DynamoLedger;
use weir_runtime::mappings::SeededMappings;
use weir_testkit::sample;
use weir_woocommerce::receive::{Receiver, SecretSource};

use crate::baselines::{Baseline, Memory};
use crate::connections::{Rotation, SimConnections};
use crate::erp::{Kind, LONGEST_REQUEST, LOOKUP_LAG, SimErp};
use crate::faults::FaultClass;
use crate::people;
use crate::queue::{Message, SimQueue};
use crate::saboteurs::{DeliveryIds, Saboteur};
use crate::shop::SimShop;
use crate::stage::{Stage, StageClock, lock};
use crate::stock::wiring::{Around, StockCast, StockWorld, mapped_item};
use crate::table::SimTable;
use crate::told::LONGEST_WRITE;

/// The function's time-out and a margin for clocks, as `order-push` has it.
const TIME_OUT_AND_SKEW: SignedDuration = SignedDuration::from_secs(70);

/// What a world is made of.
#[derive(Debug, Clone)]
pub struct Cast {
    /// One store each.
    pub stores: u64,
    /// One ERP each; store n books in ERP n modulo their number.
    pub erps: Vec<Kind>,
    /// Days until a reservation ends.
    pub reserve_days: u32,
    /// ERPs may commit later than they promise.
    pub beyond: bool,
    /// A deliberate bug.
    pub saboteur: Option<Saboteur>,
    /// Another connector's way instead of ours.
    pub baseline: Option<Baseline>,
    /// The stores sell stock of the first ERP.
    pub stock: Option<StockCast>,
    /// Warehouses deliver, and the stores are told.
    pub delivers: bool,
}

/// One world.
pub struct World {
    /// Chance, time and history.
    pub stage: Arc<Stage>,
    /// The orders queue.
    pub queue: Arc<SimQueue>,
    /// The stores.
    pub shops: BTreeMap<StoreId, Arc<SimShop>>,
    /// The stores as the functions see them.
    pub seen_shops: BTreeMap<StoreId, Arc<dyn Shop>>,
    /// The stores' configurations.
    pub configs: BTreeMap<StoreId, Arc<StoreConfig>>,
    /// The ERPs.
    pub erps: BTreeMap<ErpId, Arc<SimErp>>,
    /// The ERPs as the functions see them.
    pub seen_erps: BTreeMap<ErpId, Arc<dyn Erp>>,
    /// The table below the ledger.
    pub table: Arc<SimTable>,
    /// The ledger, as an observer reads it.
    pub ledger: DynamoLedger,
    /// The webhook secrets.
    pub rotation: Arc<Rotation>,
    /// The use case of `webhook`.
    pub receiver: Receiver,
    /// The use case of `order-push`.
    pub push: OrderPush,
    /// The use case of `console`.
    pub desk: Desk,
    /// The first use case of `reconcile`.
    pub wake: Wake,
    /// The second one.
    pub poll: Poll,
    /// The schedule of `fulfilment`.
    pub follow: FollowOrders,
    /// Warehouses deliver, and the stores are told.
    pub delivers: bool,
    /// A deliberate bug.
    pub saboteur: Option<Saboteur>,
    /// Another connector's way instead of ours, …
    pub baseline: Option<Baseline>,
    /// … and what it remembers.
    pub memory: Memory,
    /// Shelves, warehouse and what publishes from one to the other.
    pub stock: Option<Arc<StockWorld>>,
    /// What that bug remembers.
    pub delivery_ids: DeliveryIds,
    names: AtomicU64,
    deliveries: AtomicU64,
    busy: AtomicI64,
    actions: AtomicU64,
    notes: Mutex<Notes>,
}

/// What an observer wrote down.
#[derive(Debug, Default)]
struct Notes {
    deaths: BTreeMap<String, u32>,
    at_work: BTreeMap<String, u32>,
    polls: BTreeMap<StoreId, Vec<Timestamp>>,
    follows: BTreeMap<ErpId, Timestamp>,
    deletions: BTreeSet<OrderKey>,
}

impl World {
    /// Wires a world.
    pub fn new(stage: &Arc<Stage>, cast: &Cast) -> Arc<Self> {
        let queue = Arc::new(SimQueue::new(stage));
        let table = Arc::new(SimTable::new(stage, cast.saboteur));
        let erps: BTreeMap<ErpId, Arc<SimErp>> = (0..)
            .zip(&cast.erps)
            .map(|(n, kind)| {
                let id = erp_id(n);
                (id.clone(), Arc::new(SimErp::new(id, *kind, cast.beyond, stage)))
            })
            .collect();
        let configs: BTreeMap<StoreId, Arc<StoreConfig>> =
            (0..cast.stores).map(|n| (store_id(n), Arc::new(config(n, cast)))).collect();
        let shops: BTreeMap<StoreId, Arc<SimShop>> =
            configs.keys().map(|store| (store.clone(), SimShop::new(store.clone(), stage))).collect();
        let bug = cast.saboteur;
        let seen_shops: BTreeMap<StoreId, Arc<dyn Shop>> =
            shops.iter().map(|(store, shop)| (store.clone(), Saboteur::shop(bug, shop, stage))).collect();
        let seen_erps: BTreeMap<ErpId, Arc<dyn Erp>> =
            erps.iter().map(|(id, erp)| (id.clone(), Saboteur::erp(bug, erp, &table))).collect();
        let connections: Arc<dyn Connections> = Arc::new(SimConnections {
            stage: Arc::clone(stage),
            stores: configs.clone(),
            shops: seen_shops.clone(),
            erps: seen_erps.clone(),
        });
        let clock: Arc<dyn Clock> = Arc::new(StageClock(Arc::clone(stage)));
        let ledger = DynamoLedger::over(table.clone(), "ledger");
        let seen_ledger: Arc<dyn Ledger> = Arc::new(ledger.clone());
        let seen_queue: Arc<dyn OrderQueue> = Saboteur::queue(bug, &queue);
        let rotation = Arc::new(Rotation::draw(stage, SignedDuration::from_mins(20)));
        let secrets: Arc<dyn SecretSource> = rotation.clone();
        let seeds: BTreeMap<StoreId, Mappings> =
            configs.keys().map(|store| (store.clone(), mappings())).collect();
        let mappings: Arc<dyn MappingStore> = Arc::new(SeededMappings::new(ledger.clone(), seeds));
        let stock = cast.stock.as_ref().zip(erps.values().next()).map(|(cast, erp)| {
            let (shops, configs) = (&shops, &configs);
            let (ledger, mappings, clock) = (&ledger, &mappings, &clock);
            StockWorld::new(cast, &Around { stage, shops, configs, erp, ledger, mappings, clock })
        });
        // As `order_push::lease` has it.
        let slowest_erp = LONGEST_REQUEST + LOOKUP_LAG;
        let slowest =
            if cast.delivers { slowest_erp.max(LONGEST_WRITE + SHOP_READ_LAG) } else { slowest_erp };
        let lease = Saboteur::lease(bug, TIME_OUT_AND_SKEW + slowest);
        let desk = people::desk(stage, &seen_ledger, &seen_queue, &connections, lease);
        let push = OrderPush {
            ledger: Arc::clone(&seen_ledger),
            mappings,
            connections,
            clock: Arc::clone(&clock),
            stock: stock.as_ref().map(|stock| stock.out()),
            lease,
            amnesia: false,
        };
        Arc::new(Self {
            stage: Arc::clone(stage),
            receiver: Receiver { secrets, queue: Arc::clone(&seen_queue), clock: Arc::clone(&clock) },
            wake: Wake {
                ledger: Arc::clone(&seen_ledger),
                queue: Arc::clone(&seen_queue),
                clock: Arc::clone(&clock),
                limit: 100,
            },
            follow: FollowOrders {
                schedules: Saboteur::schedules(bug, &ledger, stage),
                queue: Arc::clone(&seen_queue),
                clock: Arc::clone(&clock),
            },
            delivers: cast.delivers,
            poll: Poll {
                ledger: seen_ledger,
                schedules: Saboteur::schedules(bug, &ledger, stage),
                queue: seen_queue,
                clock,
            },
            push,
            desk,
            queue,
            shops,
            seen_shops,
            configs,
            erps,
            seen_erps,
            table,
            ledger,
            rotation,
            saboteur: bug,
            baseline: cast.baseline,
            memory: Memory::default(),
            stock,
            delivery_ids: DeliveryIds::default(),
            names: AtomicU64::new(0),
            deliveries: AtomicU64::new(0),
            busy: AtomicI64::new(0),
            actions: AtomicU64::new(0),
            notes: Mutex::default(),
        })
    }

    /// A request id.
    pub fn next_name(&self, function: &str) -> String {
        format!("{function}-{}", self.names.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// A delivery id; `shared`: the last one again (W4).
    pub fn next_delivery(&self, shared: bool) -> u64 {
        self.deliveries.fetch_add(u64::from(!shared), Ordering::Relaxed)
    }

    /// A hint about a deletion for good was taken.
    pub fn told_of_deletion(&self, order: &OrderKey) {
        lock(&self.notes).deletions.insert(order.clone());
    }

    /// Whether we were told. If not, only comparing both sides can tell.
    pub fn was_told_of_deletion(&self, order: &OrderKey) -> bool {
        lock(&self.notes).deletions.contains(order)
    }

    /// An invocation begins (1) or ends (-1).
    pub fn busy(&self, change: i64) {
        self.busy.fetch_add(change, Ordering::Relaxed);
    }

    /// Whether any invocation runs.
    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed) > 0
    }

    /// A message of this order is being worked on.
    pub fn begin_piece(&self, order: &str) {
        let at_work = &mut lock(&self.notes).at_work;
        let count = at_work.entry(order.to_owned()).or_default();
        *count += 1;
        if *count > 1 {
            self.stage.coverage.met(FaultClass::L6);
        }
    }

    /// No longer.
    pub fn end_piece(&self, order: &str) {
        if let Some(count) = lock(&self.notes).at_work.get_mut(order) {
            *count = count.saturating_sub(1);
        }
    }

    /// An invocation did not live to answer.
    pub fn died(&self, messages: &[Message]) {
        let hints = messages.iter().filter_map(|message| message.body.parse::<Hint>().ok());
        let orders: BTreeSet<String> = hints.map(|hint| hint.key().to_string()).collect();
        for order in orders {
            *lock(&self.notes).deaths.entry(order).or_default() += 1;
        }
    }

    /// So did a person's request about one order.
    pub fn died_with(&self, order: &OrderKey) {
        *lock(&self.notes).deaths.entry(order.to_string()).or_default() += 1;
    }

    /// A person did something about an order, or tried to.
    pub fn acted(&self) {
        self.actions.fetch_add(1, Ordering::Relaxed);
    }

    /// How often people did.
    pub fn actions(&self) -> u64 {
        self.actions.load(Ordering::Relaxed)
    }

    /// Invocations that died with this order in their hands.
    pub fn deaths(&self, order: &OrderKey) -> u32 {
        lock(&self.notes).deaths.get(&order.to_string()).copied().unwrap_or_default()
    }

    /// A poll came to its end.
    pub fn polled(&self, store: &StoreId, polled: &Polled) {
        if !polled.unfinished {
            lock(&self.notes).polls.entry(store.clone()).or_default().push(self.stage.now());
        }
    }

    /// Finished polls of the store that is behind, since `since`.
    pub fn polls_since(&self, since: Timestamp) -> usize {
        let notes = lock(&self.notes);
        let of =
            |store| notes.polls.get(store).map_or(0, |polls| polls.iter().filter(|at| **at >= since).count());
        self.shops.keys().map(of).min().unwrap_or_default()
    }

    /// A run along an ERP's feed came to its end.
    pub fn followed(&self, erp: &ErpId) {
        lock(&self.notes).follows.insert(erp.clone(), self.stage.now());
    }

    /// Whether every feed was followed to its end since.
    pub fn all_followed_since(&self, since: Timestamp) -> bool {
        let notes = lock(&self.notes);
        !self.delivers || self.erps.keys().all(|erp| notes.follows.get(erp).is_some_and(|at| *at >= since))
    }

    /// Every order that ever was, with its record.
    pub async fn records(&self) -> Vec<(OrderKey, Option<OrderRecord>)> {
        let mut records = Vec::new();
        for (store, shop) in &self.shops {
            for (order, _) in shop.all() {
                let key = OrderKey { store: store.clone(), order };
                let record = self.ledger.record(&key).await.ok().flatten();
                records.push((key, record));
            }
        }
        records
    }

    /// What the minute tick has to look at, now or later.
    pub async fn open(&self) -> Vec<(OrderKey, Timestamp)> {
        let mut open = Vec::new();
        for store in self.shops.keys() {
            let due = self.ledger.due(store, Timestamp::MAX, 1_000, None).await.unwrap_or_default();
            open.extend(due.into_iter().map(|order| (order.key, order.due_at)));
        }
        open
    }

    /// An acknowledged message has left a durable trace (I8).
    pub async fn check_acknowledged(&self, message: &Message) {
        let Ok(hint) = message.body.parse::<Hint>() else {
            self.stage
                .violate("I8", format!("message {}, which nobody can read, was acknowledged", message.id));
            return;
        };
        let key = hint.key();
        let recorded = self.ledger.record(&key).await.ok().flatten().is_some();
        if !recorded && !self.open().await.iter().any(|(open, _)| *open == key) {
            self.stage.violate("I8", format!("a hint about {key} was acknowledged and left no trace"));
        }
    }
}

/// Store n.
pub fn store_id(n: u64) -> StoreId {
    let names = ["north", "south", "east"];
    let name = names[usize::try_from(n).unwrap_or_default() % names.len()];
    name.parse().unwrap_or_else(|_| unreachable!("a good name"))
}

/// ERP n.
pub fn erp_id(n: u64) -> ErpId {
    let names = ["blue", "green"];
    let name = names[usize::try_from(n).unwrap_or_default() % names.len()];
    name.parse().unwrap_or_else(|_| unreachable!("a good name"))
}

fn config(n: u64, cast: &Cast) -> StoreConfig {
    let erp = erp_id(n % cast.erps.len() as u64);
    let mut config = sample::store_config(store_id(n).as_str(), erp.as_str());
    config.import.reserve_days = cast.reserve_days;
    let terms = cast.stock.as_ref().and_then(|stock| stock.terms.get(usize::try_from(n).unwrap_or_default()));
    config.stock = terms.cloned();
    let returns = if n == 1 { ReturnPolicy::RefundAndPay } else { ReturnPolicy::Refund };
    config.fulfilment = cast.delivers.then(|| FulfilmentConfig { returns, ..FulfilmentConfig::default() });
    config
}

fn mappings() -> Mappings {
    let of = |kind, name: &str, target: &str| (MappingKey::new(kind, name), vec![target.to_owned()]);
    let (mapped, item) = mapped_item();
    Mappings::from([
        of(MappingKind::Tax, "rates:1", "DE19"),
        of(MappingKind::Shipping, "flat_rate", "SHIPPING"),
        of(MappingKind::Payment, "stripe", "CARD"),
        of(MappingKind::Payment, "bacs", "BANK"),
        of(MappingKind::Payment, "cod", "CASH"),
        of(MappingKind::Item, &mapped, &item),
        of(MappingKind::Fee, "refund", "ALLOWANCE"),
        of(MappingKind::Payment, "tender:field:gift_cards", "GIFT"),
    ])
}

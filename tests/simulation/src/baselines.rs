//! How other connectors book orders, by their behaviour and in our words:
//! each as a small strategy, run through the same faults as ours.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use weir_domain::hint::Hint;
use weir_domain::id::OrderKey;
use weir_domain::order::{Order, OrderStatus};
use weir_domain::outcome::CallError;
use weir_domain::ports::{Creation, DocumentState, Erp};
use weir_domain::sales::{Release, SalesOrder};
use weir_runtime::batch::Verdict;
use weir_testkit::sample;

use crate::stage::lock;
use crate::world::World;

/// A strategy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Baseline {
    /// The order is marked as exported in the shop, then sent.
    StatusFlippedFirst,
    /// Looked up by its number, and created if it is not there; what fails is
    /// tried again.
    CheckThenInsert,
    /// A list of changed orders is handed to jobs in memory, and the
    /// checkpoint is moved to now.
    CheckpointAfterEnqueue,
    /// A duplicate's refusal is answered with another number.
    AnotherNumberOnDuplicate,
    /// A delivery id seen before is dropped; what fails is tried again.
    DedupeByDeliveryId,
    /// An idempotency record that is deleted when the work fails.
    RecordDeletedOnError,
}

impl Baseline {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::StatusFlippedFirst,
        Self::CheckThenInsert,
        Self::CheckpointAfterEnqueue,
        Self::AnotherNumberOnDuplicate,
        Self::DedupeByDeliveryId,
        Self::RecordDeletedOnError,
    ];

    /// Whether webhooks carry it; else it looks by itself.
    fn listens(self) -> bool {
        !matches!(self, Self::StatusFlippedFirst | Self::CheckpointAfterEnqueue)
    }
}

/// What a strategy remembers.
#[derive(Debug, Default)]
pub struct Memory {
    marked: Mutex<BTreeSet<OrderKey>>,
    checkpoint: Mutex<Option<Timestamp>>,
}

impl Baseline {
    /// Works a message off.
    pub async fn work(self, world: &Arc<World>, hint: &Hint) -> Verdict {
        if !self.listens() {
            return Verdict::Ack;
        }
        let key = hint.key();
        if self == Self::RecordDeletedOnError && !lock(&world.memory.marked).insert(key.clone()) {
            return Verdict::Ack;
        }
        if self.book(world, &key).await.is_ok() {
            return Verdict::Ack;
        }
        lock(&world.memory.marked).remove(&key);
        Verdict::RetryAfter(jiff::SignedDuration::from_secs(30))
    }

    /// Every few minutes.
    pub async fn look(self, world: &Arc<World>) {
        if self.listens() {
            return;
        }
        let now = world.stage.now();
        let since = lock(&world.memory.checkpoint)
            .unwrap_or(sample::saturday() - jiff::SignedDuration::from_hours(1));
        for (store, shop) in &world.seen_shops {
            let from = if self == Self::CheckpointAfterEnqueue {
                since
            } else {
                sample::saturday() - jiff::SignedDuration::from_hours(1)
            };
            let Ok(page) = shop.changed_after(from, 1).await else { continue };
            for stub in page.orders {
                let key = OrderKey { store: store.clone(), order: stub.id };
                let fresh =
                    self == Self::CheckpointAfterEnqueue || lock(&world.memory.marked).insert(key.clone());
                if fresh {
                    let _forgotten = self.book(world, &key).await;
                }
            }
        }
        *lock(&world.memory.checkpoint) = Some(now);
    }

    async fn book(self, world: &Arc<World>, key: &OrderKey) -> Result<(), CallError> {
        let Some(shop) = world.seen_shops.get(&key.store) else { return Ok(()) };
        let read = shop.order(key.order).await.map_err(|error| CallError::unknown(error.to_string()))?;
        let order = read.order;
        if !imports(&order) {
            // Not yet: whoever marked it looks again when it is.
            lock(&world.memory.marked).remove(key);
            return Ok(());
        }
        let Some(config) = world.configs.get(&key.store) else { return Ok(()) };
        let Some(erp) = config.entities.first().and_then(|rule| world.erps.get(&rule.erp)) else {
            return Ok(());
        };
        let mut sale = sample::sales_order(&order, Release::Ship);
        if self.looks_up() && erp.find(&sale.key).await?.is_some() {
            return Ok(());
        }
        match erp.create(&sale).await? {
            Creation::AlreadyExists if self == Self::AnotherNumberOnDuplicate => {
                sale.key.generation = sale.key.generation.next();
                again(&**erp, &sale).await
            }
            Creation::Created(_) | Creation::AlreadyExists => Ok(()),
        }
    }

    fn looks_up(self) -> bool {
        matches!(self, Self::CheckThenInsert | Self::StatusFlippedFirst | Self::CheckpointAfterEnqueue)
    }
}

async fn again(erp: &dyn Erp, sale: &SalesOrder) -> Result<(), CallError> {
    erp.create(sale).await.map(|_| ())
}

fn imports(order: &Order) -> bool {
    order.status == OrderStatus::Processing
}

/// How the orders that should be booked ended, by the ERPs' books.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ends {
    /// Not booked, and nobody knows.
    pub lost: u64,
    /// Booked more than once.
    pub doubled: u64,
    /// Not booked, and shown to people with the reason.
    pub with_people: u64,
}

/// Counts how the orders ended.
pub async fn ends(world: &World) -> Ends {
    let records = world.records().await;
    let shown = |key: &OrderKey| {
        let record = records.iter().find(|(known, _)| known == key).and_then(|(_, record)| record.as_ref());
        record.is_some_and(|record| record.exception().is_some())
    };
    let mut ends = Ends::default();
    for (store, shop) in &world.shops {
        for (id, order) in shop.all() {
            if !order.is_some_and(|order| imports(&order)) {
                continue;
            }
            let key = OrderKey { store: store.clone(), order: id };
            let sales = world.erps.values().flat_map(|erp| erp.books.sales());
            let ours = sales.filter(|sale| sale.order.key.order == key);
            match ours.filter(|sale| sale.state != DocumentState::Cancelled).count() {
                0 if shown(&key) => ends.with_people += 1,
                0 => ends.lost += 1,
                1 => {}
                _ => ends.doubled += 1,
            }
        }
    }
    ends
}

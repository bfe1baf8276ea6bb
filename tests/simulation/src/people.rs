//! People at the exception desk. They retry, replay, hold, skip and accept
//! orders while everything else goes on, whether that is wise or not; their
//! requests die like any other. When all is well again they let go of what
//! they hold.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{sleep, timeout};
use weir_domain::desk::{Action, By, Desk};
use weir_domain::id::{ErpId, ItemKey, LineKey, OrderKey};
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Connections, ErpBooks, ErpConnections, ErpDesk, Ledger, LedgerError, OrderQueue, QueueError, StockQueue,
    WriteOffs,
};
use weir_domain::record::OrderRecord;
use weir_domain::sales::SalesOrder;
use weir_domain::stock::StockMoved;
use weir_runtime::telemetry::contain;

use crate::invocation::Invocation;
use crate::stage::{Stage, StageClock};
use crate::world::World;

/// The console's time-out in the template.
const TIME_LIMIT: Duration = Duration::from_secs(29);
/// Who is told that somebody is at work comes back after this.
const AGAIN: Duration = Duration::from_secs(41);

/// Whether people are at the desk in a seed: in some four of eleven, and in
/// none of those that are kept for what they once found, so that these play
/// out as they did.
pub fn are_in(seed: u64) -> bool {
    matches!(seed % 11, 1 | 3 | 6 | 8)
}

/// The use case of `console`, without what people do about stock and
/// documents.
pub(crate) fn desk(
    stage: &Arc<Stage>,
    ledger: &Arc<dyn Ledger>,
    queue: &Arc<dyn OrderQueue>,
    connections: &Arc<dyn Connections>,
    lease: SignedDuration,
) -> Desk {
    Desk {
        ledger: Arc::clone(ledger),
        queue: Arc::clone(queue),
        connections: Arc::clone(connections),
        erps: Arc::new(Nobody),
        stock: Arc::new(Nobody),
        stock_queue: Arc::new(Nobody),
        clock: Arc::new(StageClock(Arc::clone(stage))),
        lease,
    }
}

/// From now until all is well. By dice of their own: nothing else is drawn
/// otherwise for them.
pub async fn be_at_the_desk(world: Arc<World>, seed: u64) {
    let mut dice = Rng::with_seed(seed.rotate_left(29));
    let mut drawer = Drawer::default();
    // Nothing is quiet before they let go.
    world.busy(1);
    while !world.stage.is_healed() {
        sleep(Duration::from_secs(dice.u64(20..400))).await;
        let keys: Vec<OrderKey> = world.records().await.into_iter().map(|(key, _)| key).collect();
        if keys.is_empty() {
            continue;
        }
        let key = &keys[dice.usize(0..keys.len())];
        let action = match dice.u32(0..8) {
            0..=2 => Action::Retry,
            3 | 4 => Action::Replay,
            5 => Action::Hold,
            6 => Action::Skip,
            _ => Action::Accept,
        };
        drawer.look(&world);
        act(&world, key, &action).await;
        drawer.note(&world, key).await;
    }
    drawer.look(&world);
    let_go(&world).await;
    world.busy(-1);
}

/// The orders that people keep, and what the ERP had of each when all that was
/// under way had come to its end.
#[derive(Default)]
struct Drawer(BTreeMap<OrderKey, (Timestamp, Option<Vec<Booked>>)>);

/// A sales order or a credit: what it says, and how often it was paid.
type Booked = (SalesOrder, usize);

/// After this nothing that was begun before lands any more.
const SETTLED: SignedDuration = SignedDuration::from_mins(15);

impl Drawer {
    /// What was done about it may have put it into the drawer, or taken it out.
    async fn note(&mut self, world: &World, key: &OrderKey) {
        let record = world.ledger.record(key).await.ok().flatten();
        if record.is_some_and(|record| record.is_kept()) {
            self.0.entry(key.clone()).or_insert((world.stage.now(), None));
        } else {
            self.0.remove(key);
        }
    }

    /// I8: nothing is done about what people keep.
    fn look(&mut self, world: &World) {
        for (key, (since, before)) in &mut self.0 {
            let booked = booked(world, key);
            match before {
                Some(before) if *before != booked => {
                    world.stage.violate("I8", format!("{key} is kept by a person, and was worked on"));
                }
                None if *since + SETTLED <= world.stage.now() => *before = Some(booked),
                _ => {}
            }
        }
    }
}

fn booked(world: &World, key: &OrderKey) -> Vec<Booked> {
    let all = world.erps.values().flat_map(|erp| erp.books.sales());
    let of_this = all.filter(|sale| sale.order.key.order == *key);
    of_this.map(|sale| (sale.order, sale.payments.len())).collect()
}

async fn let_go(world: &Arc<World>) {
    loop {
        let records = world.records().await;
        let kept =
            records.into_iter().filter(|(_, record)| record.as_ref().is_some_and(OrderRecord::is_kept));
        let kept: Vec<OrderKey> = kept.map(|(key, _)| key).collect();
        if kept.is_empty() {
            return;
        }
        for key in &kept {
            act(world, key, &Action::Retry).await;
        }
        sleep(AGAIN).await;
    }
}

async fn act(world: &Arc<World>, key: &OrderKey, action: &Action) {
    let name = world.next_name("console");
    let invocation = Invocation::draw(name.clone(), &world.stage, true);
    let by = By { who: "ada".to_owned(), why: "it looked odd".to_owned(), correlation: name.clone() };
    let work = contain(world.desk.act(key, action, &by));
    let ended = if invocation.will_freeze() {
        invocation.run(work).await
    } else {
        timeout(TIME_LIMIT, invocation.run(work)).await.ok().flatten()
    };
    world.acted();
    if let Some(Ok(ended)) = ended {
        world.stage.log(|| format!("{name} {}s {key}: {ended:?}", action.as_str()));
    } else {
        world.died_with(key);
        world.stage.log(|| format!("{name} does not live to {} {key}", action.as_str()));
    }
}

/// What no person asks for here.
struct Nobody;

#[async_trait]
impl ErpConnections for Nobody {
    async fn books(&self, _erp: &ErpId) -> Result<Arc<dyn ErpBooks>, CallError> {
        Err(CallError::blocked("nobody asks"))
    }

    async fn desk(&self, _erp: &ErpId) -> Result<Arc<dyn ErpDesk>, CallError> {
        Err(CallError::blocked("nobody asks"))
    }
}

#[async_trait]
impl WriteOffs for Nobody {
    async fn write_off(
        &self,
        _item: &ItemKey,
        _line: &LineKey,
        _as_of: Timestamp,
    ) -> Result<bool, LedgerError> {
        Ok(false)
    }
}

#[async_trait]
impl StockQueue for Nobody {
    async fn send(&self, _messages: &[StockMoved]) -> Result<(), QueueError> {
        Ok(())
    }
}

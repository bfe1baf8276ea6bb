//! `stock-publish` and `inventory-sync` as Lambda runs them. What runs inside
//! is the code that ships.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{sleep, timeout};
use weir_domain::ports::Clock;
use weir_domain::stock::StockMoved;
use weir_domain::stock::publish::{Published, StockDelivery};
use weir_domain::stock::sync::{FullPlan, SyncRun};
use weir_runtime::batch::{Batch, Record, Verdict};

use super::wiring::{StockWorld, entity};
use crate::faults::FaultClass as F;
use crate::functions::{TIME_LIMIT, event};
use crate::invocation::Invocation;
use crate::queue::{Message, SimVisibility, until};
use crate::stage::StageClock;
use crate::world::World;

/// A table that cannot be asked is asked again this soon.
const TABLE_WAIT: SignedDuration = SignedDuration::from_secs(10);

/// The event source of `stock-publish`, for ever.
pub async fn stock_publish(world: Arc<World>, stock: Arc<StockWorld>) {
    loop {
        let batch = stock.queue.receive();
        if batch.is_empty() {
            let next = stock.queue.next_visible();
            let pause = next.map_or(Duration::from_hours(1), |at| until(world.stage.now(), at));
            let _news = timeout(pause.max(Duration::from_millis(1)), stock.queue.news.notified()).await;
        } else {
            world.busy(1);
            invoke(&world, &stock, batch).await;
            world.busy(-1);
        }
    }
}

async fn invoke(world: &Arc<World>, stock: &Arc<StockWorld>, messages: Vec<Message>) {
    let name = world.next_name("stock-publish");
    let invocation = Invocation::draw(name, &world.stage, true);
    let failed = if invocation.will_freeze() {
        // Frozen timers do not fire: a frozen process outlives its limit.
        invocation.run(one_by_one(world, stock, &invocation, &messages)).await
    } else {
        let work = invocation.run(as_a_batch(world, stock, &invocation, &messages));
        timeout(TIME_LIMIT, work).await.ok().flatten()
    };
    let Some(failed) = failed else { return };
    if !failed.is_empty() && failed.len() < messages.len() {
        world.stage.coverage.met(F::Q5);
    }
    for message in messages {
        if !failed.contains(&message.id.to_string()) {
            stock.queue.delete(&message);
        }
    }
}

async fn as_a_batch(
    world: &Arc<World>,
    stock: &Arc<StockWorld>,
    invocation: &Invocation,
    messages: &[Message],
) -> Vec<String> {
    let clock = Arc::new(StageClock(Arc::clone(&world.stage)));
    let deadline = clock.now() + SignedDuration::try_from(TIME_LIMIT).unwrap_or_default();
    let visibility = Arc::new(SimVisibility(Arc::clone(&stock.queue)));
    let batch = Batch { concurrency: 1, clock, visibility };
    let handle = |record| work(world, stock, invocation, record);
    let answer = batch.process(event(messages), deadline, handle).await;
    answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier).collect()
}

async fn one_by_one(
    world: &Arc<World>,
    stock: &Arc<StockWorld>,
    invocation: &Invocation,
    messages: &[Message],
) -> Vec<String> {
    let deadline = StageClock(Arc::clone(&world.stage)).now() + SignedDuration::from_secs(56);
    let mut failed = Vec::new();
    for message in messages {
        let verdict = match message.body.parse() {
            Ok(moved) => {
                let (message_id, receives) = (message.id.to_string(), message.receives);
                work(world, stock, invocation, Record { message: moved, message_id, receives, deadline })
                    .await
            }
            Err(_) => Verdict::Fail,
        };
        if verdict != Verdict::Ack {
            failed.push(message.id.to_string());
        }
    }
    failed
}

async fn work(
    world: &Arc<World>,
    stock: &Arc<StockWorld>,
    invocation: &Invocation,
    record: Record<StockMoved>,
) -> Verdict {
    let delivery = StockDelivery { receives: record.receives, deadline: record.deadline };
    let mut verdict = Verdict::Ack;
    for publish in &stock.publish {
        let worked = publish.work(&record.message, &delivery).await;
        world.stage.log(|| format!("{} {:?} → {worked:?}", invocation.name(), record.message.skus));
        match worked {
            Ok(Published::Acknowledge(_)) => {}
            Ok(Published::RetryAfter(after, _)) => verdict = Verdict::RetryAfter(after),
            Err(_) => verdict = Verdict::RetryAfter(TABLE_WAIT * doubled(record.receives)),
        }
    }
    verdict
}

/// A ledger that cannot be asked is asked ever later.
fn doubled(receives: u32) -> i32 {
    2_i32.saturating_pow(receives.saturating_sub(1).min(6))
}

/// The schedule of `inventory-sync`, for ever.
pub async fn inventory_sync(world: Arc<World>, stock: Arc<StockWorld>, every: Duration) {
    loop {
        let overlaps = world.stage.strikes(F::L6);
        tokio::task::spawn_local(tick(Arc::clone(&world), Arc::clone(&stock)));
        if overlaps {
            tokio::task::spawn_local(tick(Arc::clone(&world), Arc::clone(&stock)));
        }
        sleep(every).await;
    }
}

/// One run of it.
pub async fn tick(world: Arc<World>, stock: Arc<StockWorld>) {
    let name = world.next_name("inventory-sync");
    let invocation = Invocation::draw(name.clone(), &world.stage, false);
    world.busy(1);
    let work = weir_runtime::telemetry::contain(duties(&world, &stock, &name));
    let _ended = timeout(TIME_LIMIT, invocation.run(work)).await;
    world.busy(-1);
}

async fn duties(world: &Arc<World>, stock: &Arc<StockWorld>, name: &str) {
    let stage = &world.stage;
    let began = stage.now();
    let clock = StageClock(Arc::clone(stage));
    let (entity, until) = (entity(), clock.now() + SignedDuration::from_secs(48));
    let lease = SignedDuration::from_secs(70);
    let run = SyncRun { entity: &entity, erp: &*stock.seen_erp, owner: name, until, lease };
    let moved = stock.sync.moved(&run).await;
    if moved.as_ref().is_ok_and(|moved| !moved.skipped && !moved.unfinished) {
        stock.fed(began);
    }
    stage.log(|| format!("{name} follows the feed: {moved:?}"));
    if !stock.is_fed_since(Timestamp::UNIX_EPOCH) {
        // What moves before the feed begins is only in a pass that comes later.
        return;
    }
    let fingerprint = stock.fingerprint();
    let full = stock.sync.full(&run, FullPlan { hour: 2, fingerprint: &fingerprint }).await;
    if full.as_ref().is_ok_and(|full| !full.unfinished) {
        stock.all_published(began);
    }
    if !matches!(full, Ok(ref full) if full.skipped) {
        stage.log(|| format!("{name} reads everything: {full:?}"));
    }
    for store in stock.shops.keys() {
        let stale = stock.sync.resend_stale(store, &entity, name).await;
        if !matches!(stale, Ok(0)) {
            stage.log(|| format!("{name} sends the stale of {store} again: {stale:?}"));
        }
    }
}

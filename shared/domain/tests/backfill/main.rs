//! Jobs that the minute tick carries on: backfills of a span of time, and
//! releases of a group of exceptions.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use weir_domain::backfill::{BackfillError, BackfillRun, Backfills, Carried};
use weir_domain::desk::Desk;
use weir_domain::hint::Cause;
use weir_domain::id::{ErpId, ItemKey, LineKey, OrderId, OrderKey, StoreId};
use weir_domain::job::{BackfillBy, Job, JobKind, JobState};
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Claim, Clock, ErpBooks, ErpConnections, ErpDesk, Jobs, Ledger, LedgerError, Listed, OpenOrder,
    OpenOrders, OpenState, Placed, QueueError, ShopHistory, WriteOffs,
};
use weir_domain::record::{Concern, Exception, Hold, OrderRecord, WaitReason};
use weir_domain::release::{ReleaseError, ReleaseRun, Releases};
use weir_testkit::{
    FakeClock, FakeConnections, FakeLedger, FakeQueue, FakeShop, FakeStockQueue, Fault, LedgerOp, QueueOp,
    sample,
};

mod release;

/// Orders by id, and when each was placed.
#[derive(Default)]
struct History {
    orders: Mutex<BTreeMap<u64, Timestamp>>,
    asked: Mutex<u32>,
}

#[async_trait]
impl ShopHistory for History {
    async fn placed_after(&self, _: Timestamp, _: u32) -> Result<Vec<Listed>, CallError> {
        panic!("the orders' content is not needed")
    }

    async fn ids_placed_after(&self, after: Timestamp, page: u32) -> Result<Vec<Placed>, CallError> {
        *self.asked.lock().unwrap() += 1;
        let orders = self.orders.lock().unwrap();
        let mut found: Vec<(Timestamp, u64)> = orders
            .iter()
            .filter(|(_, at)| at.as_second() > after.as_second())
            .map(|(id, at)| (*at, *id))
            .collect();
        // Within a second in no order of ours.
        found.sort_by_key(|(at, id)| (*at, std::cmp::Reverse(*id)));
        let page = found.into_iter().skip(100 * (page as usize - 1)).take(100);
        Ok(page.map(|(created_at, id)| Placed { id: OrderId(id), created_at }).collect())
    }
}

struct World {
    clock: Arc<FakeClock>,
    ledger: Arc<FakeLedger>,
    queue: Arc<FakeQueue>,
    history: History,
    shop: FakeShop,
}

fn store() -> StoreId {
    "main".parse().unwrap()
}

fn seconds(n: i64) -> SignedDuration {
    SignedDuration::from_secs(n)
}

fn job(what: JobKind, per_minute: u32, begun_at: Timestamp) -> Job {
    Job {
        id: "2026-11-28-1".to_owned(),
        store: store(),
        what,
        per_minute,
        state: JobState::Running,
        looked_at: 0,
        sent: 0,
        cursor: None,
        begun_at,
        begun_by: "ada@example.com".to_owned(),
        why: "the hooks were off".to_owned(),
        ended_at: None,
        version: 1,
    }
}

impl World {
    fn new() -> Self {
        Self {
            clock: Arc::default(),
            ledger: Arc::default(),
            queue: Arc::default(),
            history: History::default(),
            shop: FakeShop::default(),
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn placed(&self, id: u64, at: Timestamp) {
        self.history.orders.lock().unwrap().insert(id, at);
    }

    fn begin(&self, job: &Job) {
        assert!(block_on(self.ledger.put_job(job)).unwrap());
    }

    fn job(&self) -> Job {
        block_on(self.ledger.jobs(&store(), 1)).unwrap().remove(0)
    }

    fn tick(&self) -> Result<Carried, BackfillError> {
        let backfills =
            Backfills { jobs: self.ledger.clone(), queue: self.queue.clone(), clock: self.clock.clone() };
        let until = self.now() + seconds(48);
        let run =
            BackfillRun { store: &store(), history: &self.history, shop: &self.shop, owner: "a", until };
        let carried = block_on(backfills.tick(&run));
        self.clock.advance(seconds(60));
        carried
    }

    fn hinted(&self) -> Vec<u64> {
        let hints = self.queue.take();
        assert!(hints.iter().all(|hint| hint.cause == Cause::Sweep));
        hints.iter().map(|hint| hint.order.0).collect()
    }
}

/// A world of `orders` placed one a `step`, and a job over all of them but the
/// first and the last.
fn span(orders: u64, step: i64, per_minute: u32) -> (World, BTreeSet<u64>) {
    let world = World::new();
    let start = world.now() - SignedDuration::from_hours(24 * 30);
    let at = |id: u64| start + seconds(step * i64::try_from(id).unwrap());
    for id in 1..=orders {
        world.placed(id, at(id));
    }
    let what = JobKind::Backfill { from: at(2), until: at(orders), by: BackfillBy::Placed };
    world.begin(&job(what, per_minute, world.now()));
    let inside = (1..=orders).filter(|id| (at(2)..at(orders)).contains(&at(*id))).collect();
    (world, inside)
}

#[test]
fn every_order_of_the_span_is_hinted_once_at_the_pace_and_the_job_ends() {
    for (orders, step, per_minute) in
        [(350, 7, 60), (350, 1, 100), (40, 60, 500), (2, 1, 10), (250, 1, 1_000)]
    {
        let (world, inside) = span(orders, step, per_minute);
        let mut hinted = Vec::new();
        let mut minutes = 0;
        while world.job().state == JobState::Running {
            let carried = world.tick().unwrap();
            assert!(carried.sent <= u64::from(per_minute));
            hinted.extend(world.hinted());
            minutes += 1;
            assert!(minutes < 20, "{orders} {step} {per_minute}: it comes to no end");
        }
        let job = world.job();
        assert_eq!(hinted.len(), inside.len(), "{orders} {step} {per_minute}: each once");
        assert_eq!(hinted.into_iter().collect::<BTreeSet<_>>(), inside);
        assert_eq!((job.sent, job.looked_at), (inside.len() as u64, inside.len() as u64));
        assert!(job.ended_at.is_some());
        let asked = *world.history.asked.lock().unwrap();
        assert_eq!(world.tick().unwrap(), Carried::default(), "what is done is done");
        assert_eq!(*world.history.asked.lock().unwrap(), asked);
    }
}

#[test]
fn thousands_placed_within_one_second_are_all_hinted_once() {
    let world = World::new();
    let at = world.now() - SignedDuration::from_hours(5);
    for id in 1..=730 {
        world.placed(id, at);
    }
    world.placed(731, at + seconds(1));
    let what = JobKind::Backfill { from: at, until: world.now(), by: BackfillBy::Placed };
    world.begin(&job(what, 130, world.now()));
    let mut hinted = Vec::new();
    for _ in 0..8 {
        world.tick().unwrap();
        hinted.extend(world.hinted());
    }
    hinted.sort_unstable();
    assert_eq!(hinted, (1..=731).collect::<Vec<u64>>());
    assert_eq!(world.job().state, JobState::Done);
}

#[test]
fn by_date_of_change_an_older_order_that_changed_is_in_it() {
    let world = World::new();
    let since = world.now() - SignedDuration::from_hours(2);
    let minutes = SignedDuration::from_mins;
    for (id, placed_before, changed_at) in [
        (1, minutes(60 * 24 * 40), since + minutes(5)),
        (2, minutes(60 * 24 * 40), since - minutes(5)),
        (3, minutes(0), since + minutes(7)),
        (4, minutes(0), world.now() + minutes(1)),
    ] {
        let mut order = sample::order("main", id);
        order.created_at = changed_at - placed_before;
        order.modified_at = changed_at;
        world.shop.put(order);
    }
    let what = JobKind::Backfill { from: since, until: world.now(), by: BackfillBy::Changed };
    world.begin(&job(what, 100, world.now()));
    assert_eq!(world.tick().unwrap(), Carried { jobs: 1, sent: 2, done: 1 });
    assert_eq!(world.hinted(), [1, 3]);
}

/// As it was written before there were two.
#[test]
fn a_stored_backfill_is_one_by_when_orders_were_placed() {
    let stored = r#"{"kind":"backfill","from":"2026-11-01T00:00:00Z","until":"2026-11-02T00:00:00Z"}"#;
    let what: JobKind = serde_json::from_str(stored).unwrap();
    assert!(matches!(what, JobKind::Backfill { by: BackfillBy::Placed, .. }));
}

#[test]
fn one_that_fails_does_not_stop_the_others() {
    let (world, inside) = span(20, 7, 100);
    let second = Job { id: "2026-11-28-2".to_owned(), ..world.job() };
    world.begin(&second);
    world.queue.faults.script(QueueOp::Send, [Fault::Before(QueueError("down".to_owned()))]);
    assert!(matches!(world.tick(), Err(BackfillError::Queue(_))));
    assert_eq!(world.hinted().len(), inside.len());
    assert_eq!(world.tick().unwrap().done, 1, "the one that failed");
}

#[test]
fn a_person_stops_it_and_resumes_it_where_it_was() {
    let (world, inside) = span(300, 7, 50);
    world.tick().unwrap();
    let before = world.hinted();
    let running = world.job();
    let stopped = Job { state: JobState::Stopped, version: running.version + 1, ..running };
    world.begin(&stopped);
    assert_eq!(world.tick().unwrap(), Carried::default());
    assert_eq!(world.queue.depth(), 0);
    world.begin(&Job { state: JobState::Running, version: stopped.version + 1, ..stopped });
    world.tick().unwrap();
    let after = world.hinted();
    let expected: Vec<u64> = inside.into_iter().take(100).collect();
    assert_eq!([before, after].concat(), expected);
}

#[test]
fn somebody_who_stops_it_while_a_page_is_under_way_has_the_last_word() {
    let (world, _) = span(300, 7, 250);
    // Their write comes between the page's hints and its cursor.
    let running = world.job();
    world.ledger.faults.script(LedgerOp::Jobs, [Fault::None]);
    let backfills = Backfills {
        jobs: Arc::new(Raced(world.ledger.clone())),
        queue: world.queue.clone(),
        clock: world.clock.clone(),
    };
    let until = world.now() + seconds(48);
    let run = BackfillRun { store: &store(), history: &world.history, shop: &world.shop, owner: "a", until };
    block_on(backfills.tick(&run)).unwrap();
    let job = world.job();
    assert_eq!((job.state, job.cursor), (JobState::Stopped, running.cursor));
    assert_eq!(world.hinted().len(), 100, "no second page");
}

/// A person is faster than every write of the tick.
struct Raced(Arc<FakeLedger>);

#[async_trait]
impl Jobs for Raced {
    async fn jobs(&self, store: &StoreId, limit: usize) -> Result<Vec<Job>, LedgerError> {
        self.0.jobs(store, limit).await
    }

    async fn running(&self, store: &StoreId) -> Result<Vec<Job>, LedgerError> {
        self.0.running(store).await
    }

    async fn put_job(&self, job: &Job) -> Result<bool, LedgerError> {
        let stored = self.0.jobs(&job.store, 1).await?.remove(0);
        let stopped = Job { state: JobState::Stopped, version: stored.version + 1, ..stored };
        self.0.put_job(&stopped).await?;
        self.0.put_job(job).await
    }
}

#[test]
fn a_crash_between_a_page_and_its_cursor_repeats_that_page_only() {
    let (world, inside) = span(300, 7, 1_000);
    let down = LedgerError::Unavailable("down".to_owned());
    world.ledger.faults.script(LedgerOp::PutJob, [Fault::None, Fault::Before(down)]);
    assert!(world.tick().is_err());
    let before = world.hinted();
    assert_eq!(before.len(), 199, "two pages, of which one is on record");
    world.tick().unwrap();
    let after = world.hinted();
    let all: BTreeSet<u64> = before.iter().chain(&after).copied().collect();
    assert_eq!(all, inside);
    assert!(before.len() + after.len() <= inside.len() + 100);
}

#[test]
fn what_the_queue_does_not_take_is_not_counted() {
    let (world, inside) = span(20, 7, 1_000);
    world.queue.faults.script(QueueOp::Send, [Fault::Before(QueueError("down".to_owned()))]);
    assert!(world.tick().is_err());
    assert_eq!((world.job().sent, world.job().cursor), (0, None));
    world.tick().unwrap();
    assert_eq!(world.hinted().len(), inside.len());
}

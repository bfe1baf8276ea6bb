//! Jobs that the minute tick carries on: backfills of a span of time, and
//! releases of a group of exceptions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use weir_domain::backfill::{BackfillError, BackfillRun, Backfills, Carried};
use weir_domain::desk::Desk;
use weir_domain::hint::Cause;
use weir_domain::id::{ErpId, ItemKey, LineKey, OrderId, StoreId};
use weir_domain::job::{Job, JobKind, JobState};
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Claim, Clock, ErpBooks, ErpConnections, ErpDesk, Jobs, Ledger, LedgerError, Listed, QueueError,
    ShopError, ShopHistory, WriteOffs,
};
use weir_domain::record::{Concern, Exception, Hold, WaitReason};
use weir_domain::release::{ReleaseRun, Releases};
use weir_testkit::{
    FakeClock, FakeConnections, FakeLedger, FakeQueue, FakeStockQueue, Fault, LedgerOp, QueueOp, sample,
};

/// Orders by id, and when each was placed.
#[derive(Default)]
struct History {
    orders: Mutex<BTreeMap<u64, Timestamp>>,
    asked: Mutex<u32>,
}

#[async_trait]
impl ShopHistory for History {
    async fn placed_after(&self, after: Timestamp, page: u32) -> Result<Vec<Listed>, CallError> {
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
        let unreadable = || ShopError::Unreadable { code: "missing_field", detail: String::new() };
        Ok(page
            .map(|(created_at, id)| Listed { id: OrderId(id), created_at, order: Err(unreadable()) })
            .collect())
    }
}

struct World {
    clock: Arc<FakeClock>,
    ledger: Arc<FakeLedger>,
    queue: Arc<FakeQueue>,
    history: History,
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
        let run = BackfillRun { store: &store(), shop: &self.history, owner: "a", until };
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
    let what = JobKind::Backfill { from: at(2), until: at(orders) };
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
    let what = JobKind::Backfill { from: at, until: world.now() };
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
    let run = BackfillRun { store: &store(), shop: &world.history, owner: "a", until };
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

/// Nothing of it is asked by a retry.
struct Nobody;

#[async_trait]
impl ErpConnections for Nobody {
    async fn books(&self, _erp: &ErpId) -> Result<Arc<dyn ErpBooks>, CallError> {
        Err(CallError::blocked("not asked here"))
    }

    async fn desk(&self, _erp: &ErpId) -> Result<Arc<dyn ErpDesk>, CallError> {
        Err(CallError::blocked("not asked here"))
    }
}

#[async_trait]
impl WriteOffs for Nobody {
    async fn write_off(&self, _: &ItemKey, _: &LineKey, _: Timestamp) -> Result<bool, LedgerError> {
        Ok(false)
    }
}

/// Orders in exceptions, released.
impl World {
    fn claimed(&self, id: u64) -> weir_domain::ports::Held {
        let hint = sample::hint(&sample::key("main", id), Cause::Webhook, self.now());
        let claim = block_on(self.ledger.claim(&hint, "w", self.now(), seconds(130))).unwrap();
        let Claim::Claimed(held) = claim else { panic!("{claim:?}") };
        *held
    }

    fn leave(&self, id: u64, hold: Hold) {
        let mut held = self.claimed(id);
        held.record.hold = hold;
        block_on(self.ledger.complete(held, &sample::note("left", self.now()))).unwrap();
    }

    fn exception(&self, subject: &str) -> Exception {
        Exception {
            code: "unmapped_item".to_owned(),
            subject: subject.to_owned(),
            detail: "not mapped".to_owned(),
            since: self.now(),
            about: None,
            concern: Concern::Order,
            accepted: None,
        }
    }

    fn fails(&self, id: u64, subject: &str) {
        self.leave(id, Hold::Exception(self.exception(subject)));
    }

    fn release(&self) -> Carried {
        let desk = Desk {
            ledger: self.ledger.clone(),
            queue: self.queue.clone(),
            connections: Arc::new(FakeConnections::default()),
            erps: Arc::new(Nobody),
            stock: Arc::new(Nobody),
            stock_queue: Arc::new(FakeStockQueue::default()),
            clock: self.clock.clone(),
            lease: seconds(130),
        };
        let releases = Releases {
            jobs: self.ledger.clone(),
            open: self.ledger.clone(),
            desk,
            clock: self.clock.clone(),
        };
        let owner = format!("run-{}", self.now());
        let run = ReleaseRun { store: &store(), owner: &owner, until: self.now() + seconds(48) };
        let carried = block_on(releases.tick(&run)).unwrap();
        self.clock.advance(seconds(60));
        carried
    }

    fn begin_release(&self, per_minute: u32) {
        let what = JobKind::Release { code: "unmapped_item".to_owned(), subject: "MUG".to_owned() };
        self.begin(&job(what, per_minute, self.now()));
        self.clock.advance(seconds(1));
    }

    /// The orders that go on, worked off by somebody who does nothing.
    fn woken(&self) -> Vec<u64> {
        self.queue.take().iter().map(|hint| hint.order.0).collect()
    }

    fn hold(&self, id: u64) -> Hold {
        block_on(self.ledger.record(&sample::key("main", id))).unwrap().unwrap().hold
    }
}

#[test]
fn a_group_is_released_at_the_pace_in_the_name_of_whoever_began_it() {
    let world = World::new();
    for id in 1..=25 {
        world.fails(id, "MUG");
    }
    world.fails(26, "LAMP");
    world.clock.advance(seconds(60));
    world.begin_release(10);
    let mut sent = Vec::new();
    while world.job().state == JobState::Running {
        sent.push(world.release().sent);
        assert!(sent.len() < 9, "it comes to no end: {sent:?}");
    }
    assert_eq!(sent, [10, 10, 5, 0, 0, 0], "it ends when none came back for three minutes");
    assert_eq!((world.job().sent, world.woken().len()), (25, 25));
    assert!(matches!(world.hold(26), Hold::Exception(_)), "another group");
    let audit = block_on(world.ledger.audit(&sample::key("main", 3))).unwrap();
    let last = audit.last().unwrap();
    assert_eq!((last.who.as_str(), last.what.as_str()), ("ada@example.com", "retry"));
    assert_eq!(last.why, "the hooks were off");
}

#[test]
fn orders_that_fail_again_are_not_released_for_ever() {
    let world = World::new();
    (1..=5).for_each(|id| world.fails(id, "MUG"));
    world.clock.advance(seconds(60));
    world.begin_release(3);
    assert_eq!(world.release().sent, 3);
    // The mapping is still wrong.
    for id in world.woken() {
        world.fails(id, "MUG");
    }
    assert_eq!(world.release().sent, 2);
    let carried: Vec<Carried> = (0..4).map(|_| world.release()).collect();
    let (quiet, done) = (Carried { jobs: 1, ..Carried::default() }, Carried { jobs: 1, sent: 0, done: 1 });
    assert_eq!(carried, [quiet, quiet, done, Carried::default()]);
}

#[test]
fn one_that_is_worked_on_comes_round_again() {
    let world = World::new();
    (1..=3).for_each(|id| world.fails(id, "MUG"));
    world.clock.advance(seconds(60));
    world.begin_release(10);
    // While it is claimed the index does not say what it is in.
    let held = world.claimed(2);
    assert_eq!(world.release().sent, 2);
    block_on(world.ledger.complete(held, &sample::note("left", world.now()))).unwrap();
    let again = world.release();
    assert_eq!((again.sent, world.job().sent), (1, 3));
}

#[test]
fn one_that_waits_in_its_exception_goes_on_too_and_one_that_was_accepted_stays() {
    let world = World::new();
    let due_at = world.now() + SignedDuration::from_hours(72);
    let excepted = Some(Box::new(world.exception("MUG")));
    world.leave(1, Hold::Waiting { reason: WaitReason::Payment, due_at, excepted });
    let by = weir_domain::record::Acceptance {
        by: "ada@example.com".to_owned(),
        at: world.now(),
        reason: "as agreed".to_owned(),
    };
    world.leave(2, Hold::Exception(Exception { accepted: Some(by), ..world.exception("MUG") }));
    world.clock.advance(seconds(60));
    world.begin_release(10);
    assert_eq!(world.release().sent, 1);
    assert_eq!(world.release().sent, 0);
    assert_eq!(world.woken(), [1]);
    assert!(matches!(world.hold(2), Hold::Exception(_)));
}

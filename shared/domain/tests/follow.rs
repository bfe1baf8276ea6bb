//! The walks along an ERP's feed of orders: what it says becomes hints once,
//! nothing it says is lost, and its last day is said again at night.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::sync::Arc;

use futures::executor::block_on;
use jiff::SignedDuration;
use weir_domain::fulfilment::follow::{FollowError, FollowOrders, FollowRun, Followed};
use weir_domain::hint::Cause;
use weir_domain::ports::{Clock, QueueError};
use weir_testkit::fault::timed_out;
use weir_testkit::{ErpOp, FakeClock, FakeErp, FakeLedger, FakeQueue, Fault, QueueOp, sample};

struct World {
    clock: Arc<FakeClock>,
    queue: Arc<FakeQueue>,
    erp: FakeErp,
    follow: FollowOrders,
}

impl World {
    /// A feed that has begun.
    fn new() -> Self {
        let clock = Arc::new(FakeClock::at(sample::saturday()));
        let queue = Arc::new(FakeQueue::default());
        let follow = FollowOrders {
            schedules: Arc::new(FakeLedger::default()),
            queue: queue.clone(),
            clock: clock.clone(),
        };
        let world = Self { clock, queue, erp: FakeErp::default(), follow };
        assert_eq!(world.run().unwrap().orders, 0);
        world
    }

    fn run(&self) -> Result<Followed, FollowError> {
        self.run_until(SignedDuration::from_secs(48))
    }

    fn run_until(&self, left: SignedDuration) -> Result<Followed, FollowError> {
        self.with(left, |run| block_on(self.follow.run(run)))
    }

    /// The night's walk, from ten o'clock (UTC) on.
    fn sweep(&self) -> Followed {
        self.try_sweep(SignedDuration::from_secs(48)).unwrap()
    }

    fn try_sweep(&self, left: SignedDuration) -> Result<Followed, FollowError> {
        self.with(left, |run| block_on(self.follow.sweep(run, 10)))
    }

    fn with<T>(&self, left: SignedDuration, walk: impl FnOnce(&FollowRun<'_>) -> T) -> T {
        let (id, stores) = ("erp".parse().unwrap(), ["main".parse().unwrap()]);
        let until = self.clock.now() + left;
        let run = FollowRun {
            id: &id,
            erp: &self.erp,
            stores: &stores,
            owner: "run",
            until,
            lease: SignedDuration::from_secs(70),
        };
        walk(&run)
    }

    fn told(&self) -> Vec<u64> {
        self.queue.take().iter().map(|hint| hint.order.0).collect()
    }
}

#[test]
fn orders_of_our_stores_become_hints_about_the_erp() {
    let world = World::new();
    world.erp.say_changed(sample::key("main", 1));
    world.erp.say_changed(sample::key("elsewhere", 2));
    let followed = world.run().unwrap();
    assert_eq!((followed.pages, followed.orders), (1, 1));
    let hints = world.queue.take();
    assert_eq!((hints[0].key(), hints[0].cause), (sample::key("main", 1), Cause::Erp));
    assert_eq!((hints[0].received_at, hints[0].correlation.as_str()), (world.clock.now(), "run-1"));
    assert_eq!(world.run().unwrap().orders, 0, "it was said once");
}

#[test]
fn what_the_queue_did_not_take_is_said_again() {
    let world = World::new();
    world.erp.say_changed(sample::key("main", 1));
    world.queue.faults.script(QueueOp::Send, [Fault::Before(QueueError("down".to_owned()))]);
    assert!(matches!(world.run(), Err(FollowError::Queue(_))));
    assert_eq!(world.run().unwrap().orders, 1, "the run that failed has ended its lease");
    assert_eq!(world.told(), [1]);
}

#[test]
fn an_erp_that_cannot_be_read_is_read_from_the_same_place() {
    let world = World::new();
    world.erp.say_changed(sample::key("main", 1));
    world.erp.faults.script(ErpOp::ChangedOrders, [Fault::After(timed_out())]);
    assert!(matches!(world.run(), Err(FollowError::Erp(_))));
    world.run().unwrap();
    assert_eq!(world.told(), [1]);
}

#[test]
fn a_long_feed_goes_on_with_the_next_run() {
    let world = World::new();
    for id in 1..=250 {
        world.erp.say_changed(sample::key("main", id));
    }
    assert!(world.run_until(SignedDuration::ZERO).unwrap().unfinished);
    assert!(world.told().is_empty());
    let followed = world.run().unwrap();
    assert_eq!((followed.pages, followed.orders, followed.unfinished), (3, 250, false));
    assert_eq!(world.told().len(), 250);
}

#[test]
fn what_was_said_is_said_again_once_a_night() {
    let world = World::new();
    world.erp.say_changed(sample::key("main", 1));
    world.erp.say_changed(sample::key("elsewhere", 2));
    world.run().unwrap();
    assert_eq!(world.told(), [1], "and then the hint was lost");
    assert!(world.sweep().skipped, "it is nine o'clock");

    world.clock.advance(SignedDuration::from_hours(1));
    let followed = world.sweep();
    assert_eq!((followed.pages, followed.orders, followed.skipped), (1, 1, false));
    let [hint] = <[_; 1]>::try_from(world.queue.take()).unwrap();
    assert_eq!((hint.key(), hint.cause), (sample::key("main", 1), Cause::Erp));
    assert!(world.sweep().skipped, "this night is done");
    assert_eq!(world.run().unwrap().orders, 0, "the feed is where it was");

    world.clock.advance(SignedDuration::from_hours(23));
    assert!(world.sweep().skipped, "another day, and nine o'clock");
    world.clock.advance(SignedDuration::from_hours(1));
    assert_eq!(world.sweep().orders, 1);
}

#[test]
fn a_night_goes_on_where_it_stopped_even_on_the_next_day() {
    let world = World::new();
    for id in 1..=250 {
        world.erp.say_changed(sample::key("main", id));
    }
    world.clock.advance(SignedDuration::from_hours(1));
    assert!(world.try_sweep(SignedDuration::ZERO).unwrap().unfinished, "nothing was begun");
    world.erp.faults.script(ErpOp::ChangedOrders, [Fault::None, Fault::After(timed_out())]);
    assert!(matches!(world.try_sweep(SignedDuration::from_secs(48)), Err(FollowError::Erp(_))));
    world.queue.faults.script(QueueOp::Send, [Fault::Before(QueueError("down".to_owned()))]);
    assert!(matches!(world.try_sweep(SignedDuration::from_secs(48)), Err(FollowError::Queue(_))));
    assert_eq!(world.told().len(), 100);

    world.clock.advance(SignedDuration::from_hours(16));
    assert_eq!(world.sweep().orders, 150, "the rest, at whatever hour");
    assert_eq!(world.told().first(), Some(&101));
    assert!(world.sweep().skipped, "it was yesterday's, and it is two o'clock");
    world.clock.advance(SignedDuration::from_hours(8));
    assert_eq!(world.sweep().orders, 250);
}

//! The use case that finds what hints lost, over fakes.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::sync::Arc;

use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use weir_domain::circuit::Peer;
use weir_domain::hint::Cause;
use weir_domain::id::{OrderId, RefundId};
use weir_domain::order::RefundRef;
use weir_domain::outcome::CallError;
use weir_domain::poll::{Poll, Polled, Run};
use weir_domain::ports::{Claim, Clock, Ledger, Schedules, Shop, ShopError};
use weir_domain::record::Seen;
use weir_testkit::{FakeClock, FakeLedger, FakeQueue, FakeShop, Fault, QueueOp, ShopOp, sample};

struct World {
    clock: Arc<FakeClock>,
    ledger: Arc<FakeLedger>,
    queue: Arc<FakeQueue>,
    shop: Arc<FakeShop>,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(FakeClock::at(sample::saturday() + SignedDuration::from_hours(1)));
        Self { clock, ledger: Arc::default(), queue: Arc::default(), shop: Arc::default() }
    }

    fn place(&self, id: u64, modified_at: Timestamp) {
        let mut order = sample::order("main", id);
        order.modified_at = modified_at;
        self.shop.put(order);
    }

    fn poll(&self, owner: &str) -> Result<Polled, weir_domain::poll::PollError> {
        let config = sample::store_config("main", "erp");
        let poll = Poll {
            ledger: self.ledger.clone(),
            schedules: self.ledger.clone(),
            queue: self.queue.clone(),
            clock: self.clock.clone(),
        };
        let until = self.clock.now() + SignedDuration::from_secs(48);
        let lease = SignedDuration::from_secs(70);
        block_on(poll.run(&Run { config: &config, shop: &*self.shop, owner, until, lease }))
    }

    fn later(&self, minutes: i64) {
        self.clock.advance(SignedDuration::from_mins(minutes));
    }

    fn found(&self) -> Vec<u64> {
        let mut ids: Vec<u64> = self.queue.take().iter().map(|hint| hint.order.0).collect();
        ids.sort_unstable();
        ids
    }
}

#[test]
fn it_finds_every_order_once_seen_ones_excepted() {
    let world = World::new();
    for id in 1..=3 {
        world.place(id, world.clock.now() - SignedDuration::from_mins(5));
    }
    let polled = world.poll("a").unwrap();
    assert_eq!((polled.listed, polled.found), (3, 3));
    assert!(world.queue.take().iter().all(|hint| hint.cause == Cause::Poll));
}

#[test]
fn it_runs_no_more_often_than_configured() {
    let world = World::new();
    assert!(!world.poll("a").unwrap().skipped);
    world.later(1);
    assert!(world.poll("b").unwrap().skipped);
    world.later(5);
    assert!(!world.poll("c").unwrap().skipped);
}

#[test]
fn runs_do_not_overlap() {
    let world = World::new();
    let now = world.clock.now();
    let held =
        block_on(world.ledger.begin("poll/main", "other", now, SignedDuration::from_secs(70))).unwrap();
    assert!(held.is_some());
    assert!(world.poll("a").unwrap().skipped);
    world.later(2);
    assert!(!world.poll("a").unwrap().skipped, "a dead run's lease ends");
}

#[test]
fn a_change_inside_the_overlap_is_found_again_and_one_before_it_is_not() {
    let world = World::new();
    world.poll("a").unwrap();
    let polled_at = world.clock.now();
    world.later(6);
    world.place(1, polled_at - SignedDuration::from_mins(9));
    world.place(2, polled_at - SignedDuration::from_mins(11));
    world.poll("b").unwrap();
    assert_eq!(world.found(), [1]);
}

#[test]
fn many_pages_and_a_full_page_within_one_second() {
    let world = World::new();
    let start = world.clock.now() - SignedDuration::from_mins(50);
    for id in 1..=250 {
        world.place(id, start);
    }
    for id in 251..=500 {
        world.place(id, start + SignedDuration::from_secs(i64::try_from(id).unwrap()));
    }
    world.poll("a").unwrap();
    let mut found = world.found();
    found.dedup();
    assert_eq!(found, (1..=500).collect::<Vec<u64>>());
}

#[test]
fn the_next_window_starts_by_the_shops_clock() {
    let world = World::new();
    let behind = SignedDuration::from_hours(1);
    world.shop.set_answered_at(Some(world.clock.now() - behind));
    world.poll("a").unwrap();
    world.later(6);
    // By the shop's clock this is now; by ours it is an hour ago.
    world.place(1, world.clock.now() - behind);
    world.poll("b").unwrap();
    assert_eq!(world.found(), [1]);
}

#[test]
fn a_failure_moves_no_cursor() {
    let world = World::new();
    world.place(1, world.clock.now() - SignedDuration::from_mins(5));
    world
        .queue
        .faults
        .script(QueueOp::Send, [Fault::Before(weir_domain::ports::QueueError("down".to_owned()))]);
    assert!(world.poll("a").is_err());
    world
        .shop
        .faults
        .script(ShopOp::ChangedAfter, [Fault::Before(ShopError::Call(CallError::blocked("http 503")))]);
    assert!(world.poll("b").is_err());
    world.poll("c").unwrap();
    assert_eq!(world.found(), [1]);
}

#[test]
fn an_unfinished_walk_goes_on_where_it_stopped() {
    let world = World::new();
    let start = world.clock.now() - SignedDuration::from_mins(50);
    for id in 1..=250 {
        world.place(id, start + SignedDuration::from_secs(i64::try_from(id).unwrap()));
    }
    world.shop.faults.script(
        ShopOp::ChangedAfter,
        [Fault::None, Fault::None, Fault::Before(ShopError::Call(CallError::retry_soon("http 429")))],
    );
    assert!(world.poll("a").is_err());
    let before = world.found();
    world.poll("b").unwrap();
    let after = world.found();
    let mut all: Vec<u64> = before.iter().chain(&after).copied().collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 250);
    assert!(after.len() < 100, "{} orders were hinted again", after.len());
}

#[test]
fn it_probes_the_shops_circuit_and_closes_it() {
    let world = World::new();
    let peer = Peer::Store("main".parse().unwrap());
    let is_closed = || block_on(world.ledger.circuit(&peer)).unwrap().circuit.is_closed();
    let blocked = ShopError::Call(CallError::blocked("http 401"));
    world.shop.faults.script(ShopOp::ChangedAfter, [Fault::Before(blocked)]);
    assert!(world.poll("a").is_err());
    assert!(!is_closed());
    world.later(1);
    world.poll("b").unwrap();
    assert!(is_closed());
}

impl World {
    /// Somebody read the order as the shop has it now.
    fn read(&self, id: u64) {
        let key = sample::key("main", id);
        let hint = sample::hint(&key, Cause::Webhook, self.clock.now());
        let lease = SignedDuration::from_secs(60);
        let claim = block_on(self.ledger.claim(&hint, "worker", self.clock.now(), lease)).unwrap();
        let Claim::Claimed(mut held) = claim else { panic!("{claim:?}") };
        let order = block_on(self.shop.order(key.order)).unwrap().order;
        held.record.seen = Some(Seen {
            read_at: self.clock.now(),
            read_at_by_shop: None,
            number: order.number.clone(),
            status: order.status.clone(),
            version: order.version(),
            totals: order.totals(),
            refunds: order.refunds.iter().map(|refund| refund.id).collect(),
        });
        block_on(self.ledger.complete(*held, &sample::note("read", self.clock.now()))).unwrap();
    }
}

#[test]
fn a_refund_that_moves_no_date_is_found_and_counted_once() {
    let world = World::new();
    world.place(1, world.clock.now() - SignedDuration::from_mins(1));
    world.read(1);
    assert_eq!(world.poll("a").unwrap().found, 0);
    world.later(5);
    let refund = RefundRef { id: RefundId(31), total: -Decimal::ONE };
    world.shop.change(OrderId(1), |order| order.refunds.push(refund));
    let polled = world.poll("b").unwrap();
    assert_eq!((polled.found, polled.found_refunds, world.found()), (1, 1, vec![1]));
    world.read(1);
    world.later(3);
    world.poll("c").unwrap();
    world.later(2);
    let polled = world.poll("d").unwrap();
    assert_eq!((polled.found, polled.found_refunds), (0, 0), "it was read");
}

#[test]
fn a_refund_on_record_is_no_news_and_a_new_state_is_no_refund() {
    let world = World::new();
    world.place(1, world.clock.now() - SignedDuration::from_mins(1));
    world.read(1);
    let refund = RefundRef { id: RefundId(31), total: -Decimal::ONE };
    world.later(2);
    world.shop.change(OrderId(1), |order| {
        order.refunds.push(refund);
        order.modified_at = world.clock.now();
    });
    let polled = world.poll("a").unwrap();
    assert_eq!((polled.found, polled.found_refunds), (1, 0));
}

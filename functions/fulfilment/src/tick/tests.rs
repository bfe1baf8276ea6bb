use async_trait::async_trait;
use weir_domain::config::StoreConfig;
use weir_domain::hint::{Cause, Hint};
use weir_domain::id::{ErpId, OrderId, OrderKey};
use weir_domain::outcome::CallError;
use weir_domain::ports::{CircuitSlot, Clock, LedgerError, OrderQueue, QueueError};
use weir_testkit::{
    ErpOp, FakeClock, FakeConnections, FakeErp, FakeLedger, FakeQueue, FakeShop, Fault, LedgerOp, QueueOp,
};

use super::*;
use crate::feed::tests::{configuration, store};

const TIMEOUT: SignedDuration = SignedDuration::from_secs(60);

/// A queue that a page's hints need their time to get into.
struct SlowQueue {
    inner: Arc<FakeQueue>,
    clock: Arc<FakeClock>,
    page: SignedDuration,
}

#[async_trait]
impl OrderQueue for SlowQueue {
    async fn send(&self, hints: &[Hint]) -> Result<(), QueueError> {
        self.clock.advance(self.page);
        self.inner.send(hints).await
    }
}

struct World {
    clock: Arc<FakeClock>,
    ledger: Arc<FakeLedger>,
    queue: Arc<FakeQueue>,
    books: Arc<FakeErp>,
    ledgers: Arc<FakeErp>,
    tick: Tick,
}

/// A store for each of two ERPs.
fn stores() -> Vec<StoreConfig> {
    vec![store("main", "books"), store("us", "ledgers")]
}

/// Two ERPs, whose feeds begin now and whose nights begin at eleven.
async fn world(stores: Vec<StoreConfig>, page: SignedDuration) -> World {
    world_of(&["books", "ledgers"], stores, page).await
}

async fn world_of(erps: &[&str], stores: Vec<StoreConfig>, page: SignedDuration) -> World {
    let clock = Arc::new(FakeClock::default());
    let (ledger, queue) = (Arc::new(FakeLedger::default()), Arc::new(FakeQueue::default()));
    let (books, ledgers) = (Arc::new(FakeErp::default()), Arc::new(FakeErp::default()));
    let connections = Arc::new(FakeConnections::default());
    connections.add_erp("books".parse().unwrap(), Arc::clone(&books));
    connections.add_erp("ledgers".parse().unwrap(), Arc::clone(&ledgers));
    for store in &stores {
        connections.add_store(store.clone(), Arc::new(FakeShop::default()));
    }
    let slow = SlowQueue { inner: Arc::clone(&queue), clock: Arc::clone(&clock), page };
    let follow = FollowOrders {
        schedules: Arc::clone(&ledger) as _,
        queue: Arc::new(slow),
        clock: Arc::clone(&clock) as _,
    };
    let configuration = Arc::new(configuration(erps, stores));
    let tick = Tick { configuration, connections, ledger: Arc::clone(&ledger) as _, follow, hour: 23 };
    let world = World { clock, ledger, queue, books, ledgers, tick };
    assert_eq!(world.run("i-0").await, Ok(Vec::new()), "nothing happened before the feeds began");
    world
}

impl World {
    /// The orders that a tick says to look at, or how it failed.
    async fn run(&self, invocation: &str) -> Result<Vec<String>, String> {
        let deadline = self.clock.now() + TIMEOUT;
        self.tick.run(invocation, deadline).await.map_err(|error| error.to_string())?;
        Ok(self.queue.take().iter().map(|hint| hint.key().to_string()).collect())
    }
}

fn order(store: &str, order: u64) -> OrderKey {
    OrderKey { store: store.parse().unwrap(), order: OrderId(order) }
}

const QUICK: SignedDuration = SignedDuration::from_millis(10);

#[tokio::test]
async fn each_feed_says_which_orders_to_look_at_once() {
    let world = world(stores(), QUICK).await;
    world.books.say_changed(order("main", 4711));
    world.books.say_changed(order("stranger", 1));
    world.ledgers.say_changed(order("us", 7));
    assert_eq!(world.run("i-1").await.unwrap(), ["main/4711", "us/7"]);
    assert_eq!(world.run("i-2").await.unwrap(), [""; 0]);

    world.books.say_changed(order("main", 4711));
    let deadline = world.clock.now() + TIMEOUT;
    world.tick.run("i-3", deadline).await.unwrap();
    let [hint] = <[Hint; 1]>::try_from(world.queue.take()).unwrap();
    assert_eq!((hint.cause, hint.correlation.as_str()), (Cause::Erp, "i-3/books-4711"));
}

#[tokio::test]
async fn an_order_is_heard_of_by_the_erp_that_its_store_moved_away_from() {
    let world = world(vec![store("main", "ledgers")], QUICK).await;
    world.books.say_changed(order("main", 1));
    world.ledgers.say_changed(order("main", 2));
    assert_eq!(world.run("i-1").await.unwrap(), ["main/1", "main/2"]);
}

#[tokio::test]
async fn the_last_day_is_said_again_once_a_night() {
    let world = world(stores(), QUICK).await;
    world.books.say_changed(order("main", 1));
    world.ledgers.say_changed(order("us", 2));
    assert_eq!(world.run("i-1").await.unwrap(), ["main/1", "us/2"]);
    // What became of these hints, nobody knows.
    world.clock.advance(SignedDuration::from_hours(14));
    world.books.say_changed(order("main", 3));
    let down = Fault::Before(CallError::retry_soon("connection refused"));
    world.ledgers.faults.script(ErpOp::ChangedOrders, [down]);
    assert_eq!(
        world.run("i-2").await.unwrap(),
        ["main/3", "main/1", "main/3"],
        "the feed first, and the night of one that was followed to its end"
    );
    assert_eq!(world.run("i-3").await.unwrap(), ["us/2"]);
    assert_eq!(world.run("i-4").await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn one_erps_trouble_is_not_anothers_and_not_ours() {
    let world = world_of(&["books", "ledgers", "nowhere"], stores(), QUICK).await;
    world.books.say_changed(order("main", 1));
    world.ledgers.say_changed(order("us", 2));
    let down = Fault::Before(CallError::retry_soon("connection refused"));
    world.books.faults.script(ErpOp::ChangedOrders, [down]);
    assert_eq!(world.run("i-1").await.unwrap(), ["us/2"]);
    assert_eq!(world.run("i-2").await.unwrap(), ["main/1"], "nothing of it is lost");
}

#[tokio::test]
async fn an_open_circuit_is_respected() {
    let world = world(stores(), QUICK).await;
    world.books.say_changed(order("main", 1));
    world.ledgers.say_changed(order("us", 2));
    let peer = Peer::Erp("books".parse::<ErpId>().unwrap());
    let open = CircuitSlot::default().circuit.after_blocked("http 401", world.clock.now(), None);
    assert!(world.ledger.set_circuit(&peer, &CircuitSlot { circuit: open, version: 0 }).await.unwrap());
    assert_eq!(world.run("i-1").await.unwrap(), ["us/2"]);
    let slot = world.ledger.circuit(&peer).await.unwrap();
    let closed = CircuitSlot { circuit: slot.circuit.after_success(), ..slot };
    assert!(world.ledger.set_circuit(&peer, &closed).await.unwrap());
    assert_eq!(world.run("i-2").await.unwrap(), ["main/1"]);
}

#[tokio::test]
async fn what_is_ours_fails_the_tick_and_the_next_one_goes_on() {
    let world = world(stores(), QUICK).await;
    world.books.say_changed(order("main", 1));
    world.ledgers.say_changed(order("us", 2));
    world.queue.faults.script(QueueOp::Send, [Fault::Before(QueueError("AccessDenied".into()))]);
    let error = world.run("i-1").await.unwrap_err();
    assert_eq!(error, "1 of 3 duties failed in this tick", "of two feeds and a night");
    let mut orders = world.run("i-2").await.unwrap();
    orders.sort();
    assert_eq!(orders, ["main/1", "us/2"]);

    world.ledgers.say_changed(order("us", 3));
    let throttled = Fault::Before(LedgerError::Unavailable("throttled".into()));
    world.ledger.faults.script(LedgerOp::Circuit, [throttled]);
    assert_eq!(world.run("i-3").await.unwrap_err(), "1 of 3 duties failed in this tick");
    assert_eq!(world.queue.take().len(), 1, "of the other ERP");
}

#[tokio::test]
async fn an_endless_feed_leaves_the_others_their_part_and_the_function_its_end() {
    let page = SignedDuration::from_secs(5);
    let world = world(stores(), page).await;
    (1..=3_000).for_each(|id| world.books.say_changed(order("main", id)));
    world.ledgers.say_changed(order("us", 2));
    let (began, before) = (world.clock.now(), world.books.faults.calls(ErpOp::ChangedOrders));
    let orders = world.run("i-1").await.unwrap();
    let read = world.books.faults.calls(ErpOp::ChangedOrders) - before;
    assert_eq!((read, orders.len()), (5, 501), "half of 48 s, 5 s a page of 100");
    assert!(world.clock.now().duration_since(began) < TIMEOUT);
    let next = world.run("i-2").await.unwrap();
    assert_eq!(next.first().map(String::as_str), Some("main/501"), "it goes on where it stopped");
}

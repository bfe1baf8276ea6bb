use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use rust_decimal::Decimal;
use secrecy::SecretString;
use weir_domain::config::StoreConfig;
use weir_domain::id::{ErpId, ItemKey, LineKey, LocationId, Sku};
use weir_domain::outcome::CallError;
use weir_domain::ports::{BookedLine, CircuitSlot, Clock, ItemPage, Ledger, QueueError, StockBasis};
use weir_domain::stock::message::StockCause;
use weir_domain::stock::{LocationStock, Publication, StockMoved};
use weir_runtime::environment::Profile;
use weir_runtime::secrets::{SecretError, SecretStore, Secrets};
use weir_testkit::{FakeClock, FakeLedger, FakeStockQueue, FakeStockStore, Fault, StockQueueOp};

use super::*;
use crate::pool::tests::{configuration, store};

const TIMEOUT: SignedDuration = SignedDuration::from_secs(300);

/// An ERP of one item, which moves once, or for ever.
struct SmallErp {
    name: String,
    clock: Arc<FakeClock>,
    /// How long one page takes.
    page: SignedDuration,
    feeds: Arc<Feeds>,
    down: bool,
}

/// Pages of feeds that were read, by ERP.
type Feeds = Mutex<BTreeMap<String, usize>>;

impl SmallErp {
    fn answer<T>(&self, answer: T) -> Result<T, CallError> {
        self.clock.advance(self.page);
        if self.down { Err(CallError::retry_soon("connection refused")) } else { Ok(answer) }
    }
}

fn sku() -> Sku {
    Sku("MUG-L".into())
}

#[async_trait]
impl ErpStock for SmallErp {
    fn basis(&self) -> StockBasis {
        StockBasis::OnHand
    }

    async fn included(&self, _: &[BookedLine]) -> Result<BTreeMap<LineKey, Decimal>, CallError> {
        Ok(BTreeMap::new())
    }

    async fn stock(
        &self,
        skus: &[Sku],
    ) -> Result<BTreeMap<Sku, BTreeMap<LocationId, LocationStock>>, CallError> {
        let known = skus.iter().filter(|asked| **asked == sku());
        Ok(known.map(|sku| (sku.clone(), BTreeMap::new())).collect())
    }

    async fn moved(&self, _: Option<&str>) -> Result<ItemPage, CallError> {
        *self.feeds.lock().unwrap().entry(self.name.clone()).or_default() += 1;
        self.answer(ItemPage { skus: vec![sku()], next: "1".into(), more: self.name == "busy" })
    }

    async fn items(&self, _: Option<&str>) -> Result<ItemPage, CallError> {
        self.answer(ItemPage { skus: vec![sku(), Sku("TEE".into())], next: "2".into(), more: false })
    }
}

/// Every secret is there but that of `ledgers`.
struct Keys;

#[async_trait]
impl SecretStore for Keys {
    async fn fetch(&self, name: &str) -> Result<SecretString, SecretError> {
        match name {
            "weir/erp/no-secret" => Err(SecretError::Missing { name: name.to_owned() }),
            _ => Ok(r#"{"api_key": "k"}"#.into()),
        }
    }
}

struct World {
    clock: Arc<FakeClock>,
    ledger: Arc<FakeLedger>,
    queue: Arc<FakeStockQueue>,
    feeds: Arc<Feeds>,
    tick: Tick,
}

/// `down`: names of ERPs that refuse; a page of any takes `page`.
fn world(stores: Vec<StoreConfig>, down: &'static [&'static str], page: SignedDuration) -> World {
    let clock = Arc::new(FakeClock::default());
    let (ledger, queue) = (Arc::new(FakeLedger::default()), Arc::new(FakeStockQueue::default()));
    let shown = || Arc::clone(&clock) as Arc<dyn Clock>;
    let configuration = Arc::new(configuration(stores));
    let secrets = Arc::new(Secrets::new(Arc::new(Keys), shown(), Profile::Aws));
    let feeds = Arc::new(Feeds::default());
    let (erp_clock, erp_feeds) = (Arc::clone(&clock), Arc::clone(&feeds));
    let erps = Erps::new(Arc::clone(&configuration), secrets, move |config, _| {
        let name = config.erp.to_string();
        let (clock, feeds) = (Arc::clone(&erp_clock), Arc::clone(&erp_feeds));
        let down = down.contains(&name.as_str());
        Ok::<Arc<dyn ErpStock>, String>(Arc::new(SmallErp { name, clock, page, feeds, down }))
    });
    let sync = StockSync {
        stock: Arc::new(FakeStockStore::default()),
        ledger: Arc::clone(&ledger) as _,
        schedules: Arc::clone(&ledger) as _,
        queue: Arc::clone(&queue) as _,
        clock: shown(),
    };
    let tick = Tick { configuration, erps, sync, hour: 2 };
    World { clock, ledger, queue, feeds, tick }
}

impl World {
    async fn run(&self, invocation: &str) -> Result<Vec<StockMoved>, String> {
        let deadline = self.clock.now() + TIMEOUT;
        self.tick.run(invocation, deadline).await.map_err(|error| error.to_string())?;
        Ok(self.queue.take())
    }
}

/// cause and entity of each message.
fn shown(messages: &[StockMoved]) -> Vec<(StockCause, &str)> {
    messages.iter().map(|message| (message.cause, message.entity.as_str())).collect()
}

const QUICK: SignedDuration = SignedDuration::from_millis(10);

#[tokio::test]
async fn the_feeds_come_first_then_everything_once_and_then_only_the_feeds() {
    let world = world(vec![store("main", "eu", "books"), store("us", "us", "books")], &[], QUICK);
    let first = world.run("i-1").await.unwrap();
    let (feed, full) = (StockCause::Feed, StockCause::Full);
    assert_eq!(shown(&first), [(feed, "eu"), (feed, "us"), (full, "eu"), (full, "us")]);
    assert_eq!(first[2].skus.len(), 2);
    let correlations: std::collections::BTreeSet<_> = first[..2].iter().map(|it| &it.correlation).collect();
    assert_eq!(correlations.len(), 2, "each run is found in the logs");
    world.clock.advance(SignedDuration::from_mins(2));
    assert_eq!(shown(&world.run("i-2").await.unwrap()), [(feed, "eu"), (feed, "us")]);
}

#[tokio::test]
async fn another_configuration_publishes_everything_again_at_once() {
    let mut world = world(vec![store("main", "eu", "books")], &[], QUICK);
    world.run("i-1").await.unwrap();
    let mut main = store("main", "eu", "books");
    main.stock.as_mut().unwrap().safety = 1.into();
    world.tick.configuration = Arc::new(configuration([main]));
    let again = world.run("i-2").await.unwrap();
    assert_eq!(shown(&again), [(StockCause::Feed, "eu"), (StockCause::Full, "eu")]);
}

#[tokio::test]
async fn one_erps_trouble_is_not_anothers_and_not_ours() {
    let stores =
        vec![store("main", "eu", "books"), store("mute", "ch", "no-secret"), store("other", "uk", "ledgers")];
    let world = world(stores, &["ledgers"], QUICK);
    let messages = world.run("i-1").await.unwrap();
    assert_eq!(shown(&messages), [(StockCause::Feed, "eu"), (StockCause::Full, "eu")]);
}

#[tokio::test]
async fn an_open_circuit_is_respected() {
    let world = world(vec![store("main", "eu", "books"), store("other", "uk", "ledgers")], &[], QUICK);
    let books: ErpId = "books".parse().unwrap();
    let slot = CircuitSlot::default();
    let open = slot.circuit.after_blocked("http 401", world.clock.now(), None);
    let slot = CircuitSlot { circuit: open, version: 0 };
    assert!(world.ledger.set_circuit(&Peer::Erp(books), &slot).await.unwrap());
    let messages = world.run("i-1").await.unwrap();
    assert_eq!(shown(&messages), [(StockCause::Feed, "uk"), (StockCause::Full, "uk")]);
}

#[tokio::test]
async fn a_queue_that_refuses_fails_the_tick_and_the_next_one_goes_on() {
    let world = world(vec![store("main", "eu", "books")], &[], QUICK);
    let refused = || Fault::Before(QueueError("AccessDenied".into()));
    world.queue.faults.script(StockQueueOp::Send, [refused(), refused()]);
    let error = world.run("i-1").await.unwrap_err();
    assert_eq!(error, "2 of 3 duties failed in this tick");
    let messages = world.run("i-2").await.unwrap();
    assert_eq!(shown(&messages), [(StockCause::Feed, "eu"), (StockCause::Full, "eu")]);
}

#[tokio::test]
async fn an_endless_feed_leaves_the_others_their_part_and_the_function_its_end() {
    let stores = vec![store("a", "eu", "busy"), store("b", "uk", "books")];
    let world = world(stores, &[], SignedDuration::from_secs(10));
    let began = world.clock.now();
    world.run("i-1").await.unwrap();
    let read = world.feeds.lock().unwrap().clone();
    assert_eq!((read["busy"], read["books"]), (12, 1), "half of 240 s, 10 s a page");
    assert!(world.clock.now().duration_since(began) < TIMEOUT);
}

#[tokio::test]
async fn what_is_stale_goes_round_again() {
    let world = world(vec![store("main", "eu", "books")], &[], QUICK);
    world.run("i-1").await.unwrap();
    let item = ItemKey { entity: "eu".parse().unwrap(), sku: sku() };
    let stale = Publication { version: 1, stale_since: Some(world.clock.now()), ..Publication::default() };
    let main = "main".parse().unwrap();
    assert!(world.tick.sync.stock.put_publication(&item, &main, &stale).await.unwrap());
    let messages = world.run("i-2").await.unwrap();
    assert_eq!(shown(&messages), [(StockCause::Feed, "eu"), (StockCause::Stale, "eu")]);
    assert!(messages[1].refresh && messages[1].skus == [sku()]);
}

#[test]
fn a_lease_outlives_the_function() {
    assert!(LEASE > TIMEOUT);
}

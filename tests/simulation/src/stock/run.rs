//! One seed of stock, from its first sale to the last check.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde_json::json;
use tokio::time::sleep;
use weir_domain::config::StockConfig;
use weir_domain::id::OrderId;
use weir_domain::ports::StockStore;

use super::buyers::{Buyer, Life};
use super::saboteurs::StockSaboteur;
use super::trial::{self, Trial};
use super::wiring::{StockCast, StockWorld};
use super::{checks, functions as ours, people};
use crate::baselines::ends;
use crate::erp::{Kind, Window};
use crate::faults::{Coverage, FaultClass as F};
use crate::run::{Outcome, Play, closed, waits};
use crate::stage::Stage;
use crate::world::{Cast, World};
use crate::{functions, invariants};

/// After healing everything must be quiet within this.
const QUIET_WITHIN: SignedDuration = SignedDuration::from_hours(8);
/// By then every lease of a run that died has ended.
const LEASES_END: SignedDuration = SignedDuration::from_secs(150);
/// By then every line that can leave may.
const LINES_LEAVE: Duration = Duration::from_mins(16);
/// Customers who buy on impulse, at most.
const IMPULSES: u64 = 4;

/// What of stock to play.
#[derive(Debug, Clone, Default)]
pub struct StockPlay {
    /// A deliberate bug.
    pub saboteur: Option<StockSaboteur>,
    /// Instead of faults: a comparison of ways to publish.
    pub trial: Option<Trial>,
}

/// Plays a seed.
pub async fn perform(play: &Play, of_stock: &StockPlay) -> Outcome {
    if let Some(trial) = &of_stock.trial {
        return trial::perform(play, trial).await;
    }
    let stage = Stage::new(play.seed, play.recording);
    let cast = cast(&stage, of_stock);
    stage.log(|| format!("seed {} of stock: {cast:?}", play.seed));
    let damped = cast.stock.iter().flat_map(|stock| &stock.terms);
    let damped = damped.clone().any(|terms| terms.raise_by_at_least > Decimal::ONE);
    let world = World::new(&stage, &cast);
    let Some(stock) = world.stock.clone() else { unreachable!("this cast has stock") };
    start(&world, &stock);
    customers(&world, &stock).await;
    sleep(Duration::from_secs(stage.draw(|dice| dice.u64(0..90)))).await;
    stage.heal();
    quiet(&world, &stock).await;
    // What no trigger tells: increases that were damped, what was done by hand
    // in the shop, and what the shop refused for people to look at.
    // Twice, since a late webhook may come after the first pass over all.
    if damped || stage.met(&[F::K3, F::K6, F::K7, F::K8]) > 0 {
        for _ in 0..2 {
            stock.deploy();
            quiet(&world, &stock).await;
        }
    }
    let settled = play.seed.is_multiple_of(4);
    if settled {
        sleep(LINES_LEAVE).await;
        read_all(&world, &stock).await;
    }
    let thorough = play.recording || play.seed.is_multiple_of(16);
    invariants::check(&world, thorough).await;
    checks::check(&world, &stock, thorough, settled).await;
    outcome(play, &world, &stock).await
}

/// What it came to.
pub(super) async fn outcome(play: &Play, world: &Arc<World>, stock: &Arc<StockWorld>) -> Outcome {
    let stage = &world.stage;
    let violations = stage.violations();
    Outcome {
        ends: ends(world).await,
        seed: play.seed,
        orders: stock.orders(),
        duplicates: violations.iter().filter(|violation| violation.invariant == "I1").count(),
        violations,
        history: stage.history(),
        ports: stage.ports(),
        erp_calls: world.erps.values().map(|erp| erp.books.calls()).sum(),
        coverage: {
            let coverage = Coverage::default();
            coverage.add(&stage.coverage);
            coverage
        },
        sold: stock.ground.sold(),
    }
}

fn cast(stage: &Stage, play: &StockPlay) -> Cast {
    let (stores, items) = stage.draw(|dice| (dice.u64(1..=3), dice.usize(1..=4)));
    let kind = stage.draw(|dice| Kind::ALL[dice.usize(0..Kind::ALL.len())]);
    let units = |most: u64| stage.draw(|dice| dice.u64(0..=most));
    let on_hand = (0..items).map(|_| vec![units(9), units(4)]).collect();
    let terms = (0..stores).map(|_| terms(stage)).collect();
    let stock = StockCast {
        items,
        terms,
        on_hand,
        shown_at_first: stage.draw(|dice| dice.u64(0..=1)),
        backorders: stage.draw(|dice| dice.u32(0..10)) == 0,
        saboteur: play.saboteur,
    };
    Cast {
        stores,
        erps: vec![kind],
        reserve_days: 14,
        beyond: false,
        saboteur: None,
        baseline: None,
        stock: Some(stock),
        delivers: false,
    }
}

/// Mostly plain; pools, shares, safety stock and caps now and then.
fn terms(stage: &Stage) -> StockConfig {
    let one_in = |n: u32| stage.draw(|dice| dice.u32(0..n)) == 0;
    let document = json!({
        "entity": "house",
        "locations": if one_in(3) { vec!["main"] } else { vec!["main", "floor"] },
        "share": if one_in(5) { "0.5" } else { "1" },
        "safety": if one_in(4) { "1" } else { "0" },
        "cap": if one_in(6) { Some("4") } else { None },
        "raise_by_at_least": if one_in(8) { "3" } else { "1" },
    });
    serde_json::from_value(document).unwrap_or_else(|error| unreachable!("good terms: {error}"))
}

/// Everything that runs by itself.
fn start(world: &Arc<World>, stock: &Arc<StockWorld>) {
    let stage = &world.stage;
    let lag = Duration::from_secs(stage.draw(|dice| dice.u64(1..120)));
    stock.ground.lag(lag, false);
    tokio::task::spawn_local(functions::minutes(Arc::clone(world)));
    for _ in 0..stage.draw(|dice| dice.u32(1..=2)) {
        tokio::task::spawn_local(functions::order_push(Arc::clone(world)));
    }
    for _ in 0..stage.draw(|dice| dice.u32(1..=3)) {
        tokio::task::spawn_local(ours::stock_publish(Arc::clone(world), Arc::clone(stock)));
    }
    let every = Duration::from_secs(stage.draw(|dice| dice.u64(45..150)));
    tokio::task::spawn_local(ours::inventory_sync(Arc::clone(world), Arc::clone(stock), every));
    let length = Duration::from_secs(stage.draw(|dice| dice.u64(60..400)));
    tokio::task::spawn_local(people::be_busy(Arc::clone(stock), length));
    trouble(world, stock);
    impulses(world, stock);
}

fn trouble(world: &Arc<World>, stock: &Arc<StockWorld>) {
    let stage = &world.stage;
    let now = stage.now();
    let at = |least: i64, most: i64| SignedDuration::from_secs(stage.draw(|dice| dice.i64(least..most)));
    for erp in world.erps.values() {
        if stage.strikes(F::E11) {
            let from = now + at(0, 400);
            erp.close(Window { from, to: from + at(60, 900), error: closed(stage) });
        }
    }
    if stage.strikes(F::Q6) {
        stock.table.out_of_order(now + at(30, 300), at(60, 1_200));
    }
    if stage.strikes(F::Q4) {
        stock.queue.put(r#"{"v":9,"poison":true}"#);
    }
    if stage.strikes(F::Q7) {
        tokio::task::spawn_local(old_letter(Arc::clone(stock)));
    }
}

/// A letter that somebody had kept is sent again.
async fn old_letter(stock: Arc<StockWorld>) {
    sleep(Duration::from_secs(stock.ground.stage.draw(|dice| dice.u64(100..600)))).await;
    if let Some(body) = stock.queue.every_body().into_iter().next() {
        stock.queue.put(&body);
    }
}

/// Now and then somebody buys the moment that a function looks at the shop.
fn impulses(world: &Arc<World>, stock: &Arc<StockWorld>) {
    let likely = world.stage.draw(|dice| dice.u32(0..40));
    let made = Arc::new(std::sync::atomic::AtomicU64::new(0));
    for (store, shop) in &stock.shops {
        let (world, stock, made) = (Arc::downgrade(world), Arc::downgrade(stock), Arc::clone(&made));
        let sells = store.clone();
        shop.on_impulse(Box::new(move || {
            let (Some(world), Some(stock)) = (world.upgrade(), stock.upgrade()) else { return };
            let quiet = world.stage.is_healed() || world.stage.draw(|dice| dice.u32(0..100)) >= likely;
            if quiet || made.fetch_add(1, std::sync::atomic::Ordering::Relaxed) >= IMPULSES {
                return;
            }
            let Some(shop) = world.shops.get(&sells).cloned() else { return };
            let id = OrderId(100 + made.load(std::sync::atomic::Ordering::Relaxed));
            let wanted = world.stage.draw(|dice| Buyer::wants(&stock, dice));
            let life = world.stage.draw(Life::draw);
            let buyer = Buyer { world, stock, shop, id, life, wanted };
            tokio::task::spawn_local(buyer.live());
        }));
    }
}

async fn customers(world: &Arc<World>, stock: &Arc<StockWorld>) {
    let stage = &world.stage;
    let shops: Vec<_> = world.shops.values().collect();
    let buyers = (1..=stage.draw(|dice| dice.u64(2..=6))).map(|id| {
        let shop = Arc::clone(shops[stage.draw(|dice| dice.usize(0..shops.len()))]);
        let wanted = stage.draw(|dice| Buyer::wants(stock, dice));
        let life = stage.draw(Life::draw);
        let after = Duration::from_millis(stage.draw(|dice| dice.u64(500..240_000)));
        let (world, stock, id) = (Arc::clone(world), Arc::clone(stock), OrderId(id));
        tokio::task::spawn_local(async move {
            sleep(after).await;
            Buyer { world, stock, shop, id, life, wanted }.live().await;
        })
    });
    for buyer in buyers.collect::<Vec<_>>() {
        let _lived = buyer.await;
    }
}

/// Waits until nothing is left to do, or time is up.
async fn quiet(world: &Arc<World>, stock: &Arc<StockWorld>) {
    let began_at = world.stage.now();
    let mut feed = (stock.ground.feed(None).1, began_at);
    loop {
        // Never in step with the schedules.
        sleep(Duration::from_secs(37)).await;
        let now = world.stage.now();
        world.queue.redrive_readable();
        stock.queue.redrive_readable();
        let length = stock.ground.feed(None).1;
        if length != feed.0 || stock.ground.is_lagging() {
            feed = (length, now);
        }
        let why = unrest(world, stock, began_at, feed.1).await;
        if why.is_none() {
            world.stage.log(|| "everything is quiet".to_owned());
            return;
        }
        if now >= began_at + QUIET_WITHIN {
            let why = why.unwrap_or_default();
            world.stage.violate("I5", format!("{why} long after everything healed"));
            return;
        }
    }
}

/// Every item is read once more: what was only waiting for that leaves.
async fn read_all(world: &Arc<World>, stock: &Arc<StockWorld>) {
    stock.ground.items().iter().for_each(|item| stock.tell(item));
    let last = world.stage.now() + QUIET_WITHIN;
    while at_work(world, stock) || stale(stock).await.is_some() {
        sleep(Duration::from_secs(3)).await;
        if world.stage.now() > last {
            world.stage.violate("I5", "reading every item once more comes to no end");
            return;
        }
    }
}

/// Whether messages are under way, or functions run.
fn at_work(world: &World, stock: &StockWorld) -> bool {
    let idle = |bodies: Vec<String>| bodies.iter().all(|body| body.contains("poison"));
    !idle(world.queue.bodies()) || !idle(stock.queue.bodies()) || world.is_busy()
}

/// An item that some store does not show as it should, as far as we know.
async fn stale(stock: &StockWorld) -> Option<String> {
    for store in stock.shops.keys() {
        let stale = stock.observed.stale(store, None, 1).await.unwrap_or_default();
        if let Some((item, since)) = stale.into_iter().next() {
            return Some(format!("{item} is stale in {store} since {since}"));
        }
    }
    None
}

/// What keeps the world from being quiet.
async fn unrest(
    world: &Arc<World>,
    stock: &Arc<StockWorld>,
    began_at: Timestamp,
    fed_at: Timestamp,
) -> Option<String> {
    let now = world.stage.now();
    if at_work(world, stock) || stock.is_open() {
        return Some("work goes on".to_owned());
    }
    if stock.ground.is_lagging() || !stock.is_fed_since(fed_at) || world.polls_since(began_at) == 0 {
        return Some("something was not looked at".to_owned());
    }
    if now < began_at + LEASES_END || !stock.is_all_published_since(began_at + LEASES_END) {
        return Some("not everything was published".to_owned());
    }
    if let Some((order, due_at)) = waits(world, now).await.into_iter().next() {
        return Some(format!("{order} waits until {due_at}"));
    }
    stale(stock).await
}

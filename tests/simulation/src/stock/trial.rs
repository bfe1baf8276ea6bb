//! Our way of publishing beside the usual one, without any faults: how many
//! units do shops sell that nobody has?

use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use serde_json::json;
use tokio::time::{Instant, sleep};
use weir_domain::config::StockConfig;
use weir_domain::id::{OrderId, Sku};
use weir_domain::ports::Change;

use super::buyers::{Buyer, Life};
use super::excess::Cause;
use super::functions as ours;
use super::run::outcome;
use super::shelf::Wanted;
use super::wiring::{StockCast, StockWorld};
use super::witness::Sent;
use super::{ITEMS, LOCATIONS};
use crate::erp::Kind;
use crate::functions;
use crate::run::{Outcome, Play};
use crate::stage::Stage;
use crate::world::{Cast, World};

/// How a shop gets its quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Ours.
    Weir,
    /// Every so often the ERP's figure is written over the shop's quantity.
    Absolute,
}

/// One comparison.
#[derive(Debug, Clone)]
pub struct Trial {
    /// How.
    pub way: Way,
    /// Stores on the pool, each of which may sell all of it.
    pub stores: u64,
    /// Units in the beginning, of one item.
    pub units: u64,
    /// Customers per hour, in each store; each wants one.
    pub per_hour: u32,
    /// Units per hour that are sold at a till and that only the ERP sees.
    pub till_per_hour: u32,
    /// From an order's booking until the ERP's figure contains it.
    pub lag: Duration,
    /// Between two looks at the ERP.
    pub every: Duration,
    /// Units kept back.
    pub safety: u64,
    /// How long customers come at most: once a store has shown nothing for
    /// long enough, nothing more can happen.
    pub length: Duration,
}

/// Between an order's placing and its payment, on average: the customers of
/// these trials take up to twice as long.
pub const CHECKOUT: Duration = Duration::from_secs(15);

/// Plays one.
pub async fn perform(play: &Play, trial: &Trial) -> Outcome {
    let stage = Stage::fair(play.seed, play.recording);
    let world = World::new(&stage, &cast(trial));
    let Some(stock) = world.stock.clone() else { unreachable!("this cast has stock") };
    stock.ground.lag(trial.lag, !trial.lag.is_zero());
    tokio::task::spawn_local(functions::minutes(Arc::clone(&world)));
    for _ in 0..2 {
        tokio::task::spawn_local(functions::order_push(Arc::clone(&world)));
    }
    // Nobody's first look is at the same moment of a run.
    let longest = u64::try_from(trial.every.as_millis()).unwrap_or(u64::MAX);
    let first = Duration::from_millis(stage.draw(|dice| dice.u64(0..longest)));
    match trial.way {
        Way::Weir => {
            for _ in 0..2 {
                tokio::task::spawn_local(ours::stock_publish(Arc::clone(&world), Arc::clone(&stock)));
            }
            let (world, stock, every) = (Arc::clone(&world), Arc::clone(&stock), trial.every);
            tokio::task::spawn_local(async move {
                // Once before the doors open, so that the positions are known.
                ours::tick(Arc::clone(&world), Arc::clone(&stock)).await;
                sleep(first).await;
                ours::inventory_sync(world, stock, every).await;
            });
        }
        Way::Absolute => {
            tokio::task::spawn_local(absolute(Arc::clone(&stock), trial.clone(), first));
        }
    }
    sell(&world, &stock, trial).await;
    outcome(play, &world, &stock).await
}

fn cast(trial: &Trial) -> Cast {
    let terms = json!({ "entity": "house", "locations": ["main"], "safety": trial.safety.to_string() });
    let terms: StockConfig =
        serde_json::from_value(terms).unwrap_or_else(|error| unreachable!("good terms: {error}"));
    let stock = StockCast {
        items: 1,
        terms: (0..trial.stores).map(|_| terms.clone()).collect(),
        on_hand: vec![vec![trial.units, 0]],
        shown_at_first: 1,
        backorders: false,
        saboteur: None,
    };
    Cast {
        stores: trial.stores,
        erps: vec![Kind::NativeKey],
        reserve_days: 14,
        beyond: false,
        saboteur: None,
        baseline: None,
        stock: Some(stock),
        delivers: false,
    }
}

fn item() -> Sku {
    Sku(ITEMS[0].0.to_owned())
}

/// Customers come at random, second by second.
async fn sell(world: &Arc<World>, stock: &Arc<StockWorld>, trial: &Trial) {
    let stage = &world.stage;
    let ends = Instant::now() + trial.length;
    // Whatever a store could still be raised to is by then.
    let over = trial.lag + trial.every + CHECKOUT * 4;
    let mut last_shown = Instant::now();
    let mut orders = 0;
    while Instant::now() < ends && last_shown.elapsed() < over {
        sleep(Duration::from_secs(1)).await;
        let shows = |store| stock.ground.shown(store, &item()).into_iter().any(|units| units > Decimal::ZERO);
        if stock.shops.keys().any(shows) {
            last_shown = Instant::now();
        }
        for shop in world.shops.values() {
            if stage.draw(|dice| dice.u32(0..3_600)) >= trial.per_hour {
                continue;
            }
            orders += 1;
            let wanted = vec![Wanted { line: 11, item: item(), units: Decimal::ONE }];
            let (world, stock, shop) = (Arc::clone(world), Arc::clone(stock), Arc::clone(shop));
            let buyer = Buyer { world, stock, shop, id: OrderId(orders), life: Life::PaidByCard, wanted };
            let moment = Duration::from_millis(stage.draw(|dice| dice.u64(0..1_000)));
            tokio::task::spawn_local(async move {
                sleep(moment).await;
                buyer.live().await;
            });
        }
        let at_the_till = stage.draw(|dice| dice.u32(0..3_600)) < trial.till_per_hour;
        if at_the_till && available(stock) > Decimal::ZERO {
            stock.ground.count(&item(), LOCATIONS[0], -Decimal::ONE, "sold at a till");
        }
    }
}

/// What the ERP says: a till sells nothing that is promised there.
fn available(stock: &StockWorld) -> Decimal {
    let figures = stock.ground.figures(&[item()]);
    let there = figures.get(&item()).into_iter().flat_map(|locations| locations.values());
    there.map(|stock| stock.available).sum()
}

/// The usual way: read the ERP's figure, write it over the shop's quantity.
async fn absolute(stock: Arc<StockWorld>, trial: Trial, first: Duration) {
    let stage = Arc::clone(&stock.ground.stage);
    sleep(first).await;
    loop {
        let (available, read_at) = (available(&stock), Some(stage.now()));
        sleep(Duration::from_millis(stage.draw(|dice| dice.u64(500..3_000)))).await;
        let shown = (available - Decimal::from(trial.safety)).max(Decimal::ZERO);
        let sent =
            Sent { seen_at: stage.now(), figure_at: read_at, included_at: read_at, blame: Cause::Baseline };
        for store in stock.shops.keys() {
            stock.ground.land(store, ITEMS[0].2, Change::To(shown), None, &sent);
        }
        sleep(trial.every).await;
    }
}

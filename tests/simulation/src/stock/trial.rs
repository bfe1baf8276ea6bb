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
    /// How long customers come.
    pub length: Duration,
}

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
    let first = Duration::from_millis(stage.draw(|dice| dice.u64(0..1_000))) + trial.every / 7;
    match trial.way {
        Way::Weir => {
            for _ in 0..2 {
                tokio::task::spawn_local(ours::stock_publish(Arc::clone(&world), Arc::clone(&stock)));
            }
            tokio::task::spawn_local(ours::inventory_sync(Arc::clone(&world), Arc::clone(&stock), trial.every));
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
    }
}

fn item() -> Sku {
    Sku(ITEMS[0].0.to_owned())
}

/// Customers come at random, second by second.
async fn sell(world: &Arc<World>, stock: &Arc<StockWorld>, trial: &Trial) {
    let stage = &world.stage;
    let ends = Instant::now() + trial.length;
    let mut orders = 0;
    while Instant::now() < ends {
        sleep(Duration::from_secs(1)).await;
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
        if at_the_till && stock.ground.on_hand(&item(), LOCATIONS[0]) > Decimal::ZERO {
            stock.ground.count(&item(), LOCATIONS[0], -Decimal::ONE, "sold at a till");
        }
    }
}

/// The usual way: read the ERP's figure, write it over the shop's quantity.
async fn absolute(stock: Arc<StockWorld>, trial: Trial, first: Duration) {
    let stage = Arc::clone(&stock.ground.stage);
    sleep(first).await;
    loop {
        let figures = stock.ground.figures(&[item()]);
        sleep(Duration::from_millis(stage.draw(|dice| dice.u64(500..3_000)))).await;
        let there = figures.get(&item()).into_iter().flat_map(|locations| locations.values());
        let available: Decimal = there.map(|stock| stock.available).sum();
        let shown = (available - Decimal::from(trial.safety)).max(Decimal::ZERO);
        let read_at = Some(stage.now());
        let sent = Sent {
            seen_at: stage.now(),
            figure_at: read_at,
            included_at: read_at,
            blame: Cause::Baseline,
        };
        for store in stock.shops.keys() {
            stock.ground.land(store, ITEMS[0].2, Change::To(shown), None, &sent);
        }
        sleep(trial.every).await;
    }
}

//! One seed from its first order to the last check.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep, sleep_until};
use weir_domain::outcome::CallError;
use weir_domain::ports::Ledger;
use weir_domain::record::{Hold, WaitReason};

use crate::baselines::{Baseline, Ends, ends};
use crate::customers::{Biography, Life};
use crate::erp::{Kind, Window};
use crate::faults::{Coverage, FaultClass as F};
use crate::queue::until;
use crate::saboteurs::Saboteur;
use crate::stage::{Drill, Port, Stage, Violation};
use crate::stock::excess::Sold;
use crate::stock::run::StockPlay;
use crate::world::{Cast, World};
use crate::{functions, invariants, people};

/// After healing everything must be quiet within this.
const QUIET_WITHIN: SignedDuration = SignedDuration::from_hours(30);

/// Other connectors get this long after healing.
const BASELINE_TIME: SignedDuration = SignedDuration::from_hours(2);

/// What one seed came to.
#[derive(Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Orders placed.
    pub orders: u64,
    /// Sales orders that should not be.
    pub duplicates: usize,
    /// How they ended, by the ERPs' books.
    pub ends: Ends,
    /// Promises broken.
    pub violations: Vec<Violation>,
    /// How often each fault class was met.
    pub coverage: Coverage,
    /// What happened, if it was recorded.
    pub history: Vec<String>,
    /// The functions' calls, if it was recorded.
    pub ports: Vec<Port>,
    /// Calls to ERPs.
    pub erp_calls: u64,
    /// Units sold, where there is stock.
    pub sold: Sold,
}

/// What to play.
#[derive(Debug, Clone)]
pub struct Play {
    /// Decides everything that chance decides.
    pub seed: u64,
    /// Keep a history.
    pub recording: bool,
    /// A deliberate bug.
    pub saboteur: Option<Saboteur>,
    /// ERPs may commit later than they promise.
    pub beyond: bool,
    /// Another connector's way instead of ours.
    pub baseline: Option<Baseline>,
    /// One ERP of this kind.
    pub only: Option<Kind>,
    /// Only orders that are to be booked in the end.
    pub plain: bool,
    /// Instead of chance: this ERP, this life, at most one fault.
    pub drill: Option<(Kind, Life, Option<Drill>)>,
    /// A world with stock, and what of it.
    pub stock: Option<StockPlay>,
}

impl Play {
    /// A seed as it is meant to be run.
    pub fn seed(seed: u64) -> Self {
        Self {
            seed,
            recording: false,
            saboteur: None,
            beyond: false,
            baseline: None,
            only: None,
            plain: false,
            drill: None,
            stock: None,
        }
    }

    /// A seed of stock.
    pub fn stock(seed: u64) -> Self {
        Self { stock: Some(StockPlay::default()), ..Self::seed(seed) }
    }
}

/// Plays on a runtime of its own whose time is virtual.
pub fn play(play: &Play) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    match runtime {
        Ok(runtime) => tokio::task::LocalSet::new().block_on(&runtime, perform(play)),
        Err(error) => unreachable!("a runtime without any device: {error}"),
    }
}

async fn perform(play: &Play) -> Outcome {
    if let Some(of_stock) = &play.stock {
        return crate::stock::run::perform(play, of_stock).await;
    }
    let stage = match &play.drill {
        None => Stage::new(play.seed, play.recording),
        Some((_, _, drill)) => Stage::calm(play.seed, *drill, play.recording),
    };
    let cast = cast(&stage, play);
    stage.log(|| format!("seed {}: {cast:?}", play.seed));
    let world = World::new(&stage, &cast);
    let lives = lives(&stage, play);
    let orders = lives.len() as u64;
    if world.delivers {
        // A feed begins at its first look: the stack was there before the orders.
        functions::follow(&world, "deployment", stage.now() + SignedDuration::from_mins(1)).await;
    }
    tokio::task::spawn_local(functions::minutes(Arc::clone(&world)));
    for _ in 0..slots(&stage) {
        tokio::task::spawn_local(functions::order_push(Arc::clone(&world)));
    }
    trouble(&world);
    if play.drill.is_none() && play.baseline.is_none() && people::are_in(play.seed) {
        tokio::task::spawn_local(people::be_at_the_desk(Arc::clone(&world), play.seed));
    }
    let customers = lives.into_iter().zip(1..).map(|(life, id)| {
        let shops: Vec<_> = world.shops.values().collect();
        let shop = shops[stage.draw(|dice| dice.usize(0..shops.len()))];
        tokio::task::spawn_local(Biography::new(&world, shop, id, life).live())
    });
    for customer in customers.collect::<Vec<_>>() {
        let _lived = customer.await;
    }
    sleep(Duration::from_secs(stage.draw(|dice| dice.u64(0..300)))).await;
    stage.heal();
    quiet(&world).await;
    invariants::check(&world, play.recording || play.seed.is_multiple_of(16) || play.saboteur.is_some())
        .await;
    let violations = stage.violations();
    let ends = ends(&world).await;
    Outcome {
        ends,
        seed: play.seed,
        orders,
        duplicates: violations.iter().filter(|violation| violation.invariant == "I1").count(),
        violations,
        history: stage.history(),
        ports: stage.ports(),
        erp_calls: world.erps.values().map(|erp| erp.books.calls()).sum(),
        sold: Sold::default(),
        coverage: {
            let coverage = Coverage::default();
            coverage.add(&stage.coverage);
            coverage
        },
    }
}

fn cast(stage: &Stage, play: &Play) -> Cast {
    if let Some((kind, _, _)) = &play.drill {
        let (erps, saboteur) = (vec![*kind], play.saboteur);
        return Cast {
            stores: 1,
            erps,
            reserve_days: 14,
            beyond: false,
            saboteur,
            baseline: None,
            stock: None,
            delivers: delivers(play),
        };
    }
    stage.draw(|dice| {
        let kind = |dice: &mut fastrand::Rng| Kind::ALL[dice.usize(0..Kind::ALL.len())];
        let erps: Vec<Kind> = (0..dice.usize(1..=2)).map(|_| kind(dice)).collect();
        let erps = play.only.map_or(erps, |kind| vec![kind]);
        let reserve_days = if dice.u32(0..20) == 0 { 1 } else { 14 };
        Cast {
            stores: dice.u64(1..=2),
            erps,
            reserve_days,
            beyond: play.beyond,
            saboteur: play.saboteur,
            baseline: play.baseline,
            stock: None,
            delivers: delivers(play),
        }
    })
}

/// Whether warehouses deliver in this play: in every second seed.
fn delivers(play: &Play) -> bool {
    match &play.drill {
        Some((_, life, _)) => Life::DELIVERED.contains(life),
        None => !play.plain && play.seed.is_multiple_of(2),
    }
}

fn lives(stage: &Stage, play: &Play) -> Vec<Life> {
    if let Some((_, life, _)) = &play.drill {
        return vec![*life];
    }
    let lives: &[Life] = if play.plain {
        &[Life::PaidByCard, Life::CashOnDelivery, Life::TransferArrives]
    } else {
        &Life::ALL
    };
    let mut lives: Vec<Life> =
        stage.draw(|dice| (0..dice.usize(2..=6)).map(|_| lives[dice.usize(0..lives.len())]).collect());
    if delivers(play) {
        // By dice of their own: nothing else of the seed changes.
        let mut dice = fastrand::Rng::with_seed(play.seed.rotate_left(17));
        for life in &mut lives {
            if dice.u32(0..2) == 0 {
                *life = Life::DELIVERED[dice.usize(0..Life::DELIVERED.len())];
            }
        }
    }
    lives
}

fn slots(stage: &Stage) -> u32 {
    stage.draw(|dice| dice.u32(1..=4))
}

/// What does not depend on a call: outages, webhooks switched off, poison,
/// old letters.
fn trouble(world: &Arc<World>) {
    let stage = &world.stage;
    let now = stage.now();
    let at = |least: i64, most: i64| SignedDuration::from_secs(stage.draw(|dice| dice.i64(least..most)));
    for erp in world.erps.values() {
        if stage.strikes(F::E11) {
            let long = stage.strikes(F::Q9);
            let length = if long { at(12 * 3_600, 15 * 3_600) } else { at(60, 3_600) };
            let from = now + at(0, 600);
            erp.close(Window { from, to: from + length, error: closed(stage) });
        }
    }
    for shop in world.shops.values() {
        if stage.strikes(F::W5) {
            let from = now + at(0, 300);
            shop.disable_webhooks(from, from + at(60, 900));
        }
    }
    if stage.strikes(F::Q4) {
        world.queue.put(r#"{"v":9,"poison":true}"#);
    }
    if stage.strikes(F::Q6) {
        world.table.out_of_order(now + at(60, 400), at(120, 9_000));
    }
    if stage.strikes(F::Q7) {
        tokio::task::spawn_local(old_letter(Arc::clone(world)));
    }
}

/// What a peer says that is closed.
pub(crate) fn closed(stage: &Stage) -> CallError {
    match stage.draw(|dice| dice.u32(0..4)) {
        0 => CallError::blocked("http 401"),
        1 => CallError::blocked("html of a maintenance page"),
        2 => CallError::retry_soon("connection refused"),
        _ => CallError::unknown("http 503"),
    }
}

/// A letter that somebody had kept is sent again.
async fn old_letter(world: Arc<World>) {
    sleep(Duration::from_secs(world.stage.draw(|dice| dice.u64(400..1_200)))).await;
    if let Some(body) = world.queue.every_body().into_iter().next() {
        world.queue.put(&body);
    }
}

/// Waits until nothing is left to do, or time is up.
async fn quiet(world: &Arc<World>) {
    let healed_at = world.stage.now();
    let last = healed_at + QUIET_WITHIN;
    loop {
        // Never in step with the minute tick, which is busy at every full minute.
        sleep(Duration::from_secs(97)).await;
        let now = world.stage.now();
        // Operators send letters again when the reason is gone.
        world.queue.redrive_readable();
        let waits = waits(world, now).await;
        if world.baseline.is_some() && now > healed_at + BASELINE_TIME {
            return;
        }
        let idle = world.queue.bodies().iter().all(|body| body.contains("poison")) && !world.is_busy();
        let heard = world.polls_since(healed_at) >= 2 && world.all_followed_since(healed_at);
        if idle && waits.is_empty() && heard {
            world.stage.log(|| "everything is quiet".to_owned());
            return;
        }
        if now >= last {
            for (order, due_at) in waits {
                world.stage.violate(
                    "I2",
                    format!("{order} still waits until {due_at} long after everything healed"),
                );
            }
            if world.polls_since(healed_at) < 2 {
                world.stage.violate("I2", "the polls stand still long after everything healed");
            }
            if !world.all_followed_since(healed_at) {
                world.stage.violate("I2", "a feed stands still long after everything healed");
            }
            if !idle {
                let left = world.queue.bodies();
                let busy = world.is_busy();
                world
                    .stage
                    .violate("I2", format!("work goes on long after everything healed: {busy} {left:?}"));
            }
            return;
        }
    }
}

/// What is not at its end: everything open but reservations that run longer
/// than we look.
pub(crate) async fn waits(world: &World, now: Timestamp) -> BTreeMap<String, Timestamp> {
    let mut waits = BTreeMap::new();
    for (key, due_at) in world.open().await {
        let record = world.ledger.record(&key).await.ok().flatten();
        let reserved = record
            .is_some_and(|record| matches!(record.hold, Hold::Waiting { reason: WaitReason::Payment, .. }));
        if !reserved || due_at < now + QUIET_WITHIN {
            waits.insert(key.to_string(), due_at);
        }
    }
    waits
}

/// Sleeps until an instant of virtual time.
pub async fn wake_at(stage: &Stage, at: Timestamp) {
    sleep_until(Instant::now() + until(stage.now(), at)).await;
}

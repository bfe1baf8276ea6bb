//! Many seeds on all cores, and what they came to together.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::baselines::Ends;
use crate::faults::{Coverage, FaultClass};
use crate::run::{Outcome, Play, play};
use crate::saboteurs::Saboteur;
use crate::stage::lock;
use crate::stock::excess::Sold;
use crate::stock::run::StockPlay;
use crate::stock::saboteurs::StockSaboteur;

/// A campaign ends early after so many seeds that broke a promise.
const ENOUGH: usize = 5;
/// Every so many seeds, one is played twice.
const TWICE: u64 = 500;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub enum Until {
    /// So many seeds were played.
    Seeds(u64),
    /// So much real time went by.
    Elapsed(Duration),
}

/// What the seeds came to.
#[derive(Debug, Default)]
pub struct Tally {
    /// Seeds played.
    pub seeds: u64,
    /// Orders placed in them.
    pub orders: u64,
    /// Sales orders that should not be.
    pub duplicates: u64,
    /// Orders that ended nowhere.
    pub lost: u64,
    /// How they ended, by the ERPs' books.
    pub ends: Ends,
    /// Promises broken, those above included.
    pub violations: u64,
    /// Seeds played twice whose histories were the same.
    pub repeated: u64,
    /// How often each fault class was met.
    pub coverage: Coverage,
    /// Units sold, where there is stock.
    pub sold: Sold,
    /// Seeds, by how many units were sold in them that nobody had.
    pub seeds_by_oversold: BTreeMap<u64, u64>,
    /// Seeds that broke a promise, the first ones.
    pub broken: Vec<u64>,
}

impl Tally {
    fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.orders += outcome.orders;
        self.duplicates += outcome.duplicates as u64;
        self.lost += outcome.violations.iter().filter(|violation| violation.invariant == "I2").count() as u64;
        self.violations += outcome.violations.len() as u64;
        self.ends.lost += outcome.ends.lost;
        self.ends.doubled += outcome.ends.doubled;
        self.ends.with_people += outcome.ends.with_people;
        self.coverage.add(&outcome.coverage);
        self.sold.add(&outcome.sold);
        *self.seeds_by_oversold.entry(outcome.sold.oversold()).or_default() += 1;
        if !outcome.violations.is_empty() {
            self.broken.push(outcome.seed);
        }
    }

    /// Those of some classes that were met less than once in so many seeds.
    pub fn hardly_met(&self, classes: &[FaultClass], seeds_per_hit: u64) -> Vec<FaultClass> {
        let enough = (self.seeds / seeds_per_hit).max(1);
        classes.iter().copied().filter(|class| self.coverage.count(*class) < enough).collect()
    }
}

/// Panics that the simulator makes are not news; others are.
pub fn keep_quiet_about_our_panics() {
    let others = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let ours =
            panic.payload().downcast_ref::<&str>().is_some_and(|text| *text == crate::invocation::PANIC);
        if !ours {
            others(panic);
        }
    }));
}

/// Plays seeds from `first` on, on `threads` threads.
pub fn campaign(first: u64, until: Until, threads: usize, template: &Play) -> Tally {
    let next = Arc::new(AtomicU64::new(first));
    let stop = Arc::new(AtomicBool::new(false));
    let tally = Arc::new(Mutex::new(Tally::default()));
    #[expect(clippy::disallowed_methods, reason = "a campaign's length is real time; no seed sees it")]
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let over = match until {
                        Until::Seeds(seeds) => seed >= first + seeds,
                        Until::Elapsed(time) => started.elapsed() >= time,
                    };
                    if over {
                        break;
                    }
                    let outcome = play(&Play { seed, ..template.clone() });
                    let twice = seed.is_multiple_of(TWICE);
                    let same = twice && is_repeatable(seed, template);
                    let mut tally = lock(&tally);
                    tally.add(&outcome);
                    if twice {
                        tally.repeated += u64::from(same);
                        if !same {
                            tally.violations += 1;
                            tally.broken.push(seed);
                        }
                    }
                    // Outside of the claim everything is only counted.
                    let claimed = !template.beyond && template.baseline.is_none();
                    if claimed && tally.broken.len() >= ENOUGH {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let mut tally = lock(&tally);
    tally.broken.sort_unstable();
    std::mem::take(&mut tally)
}

/// Whether a seed has one history only.
pub fn is_repeatable(seed: u64, template: &Play) -> bool {
    let once = || play(&Play { seed, recording: true, ..template.clone() }).history;
    once() == once()
}

/// How a deliberate bug fared.
#[derive(Debug, Clone, Copy)]
pub struct Hunt<Bug> {
    /// Which.
    pub bug: Bug,
    /// The first seed, counted from 1, at which it was caught, and the
    /// promise that it broke.
    pub caught: Option<(u64, &'static str)>,
}

/// Hunts every deliberate bug of the orders through at most so many seeds.
pub fn hunt_all(at_most: u64, threads: usize) -> Vec<Hunt<Saboteur>> {
    hunt(&Saboteur::ALL, at_most, threads, |bug, seed| Play { saboteur: Some(bug), ..Play::seed(seed) })
}

/// Hunts every deliberate bug of stock through at most so many seeds.
pub fn hunt_all_of_stock(at_most: u64, threads: usize) -> Vec<Hunt<StockSaboteur>> {
    hunt(&StockSaboteur::ALL, at_most, threads, |bug, seed| {
        let stock = StockPlay { saboteur: Some(bug), ..StockPlay::default() };
        Play { stock: Some(stock), ..Play::seed(seed) }
    })
}

fn hunt<Bug: Copy + Ord + Send + Sync>(
    bugs: &[Bug],
    at_most: u64,
    threads: usize,
    with: impl Fn(Bug, u64) -> Play + Sync,
) -> Vec<Hunt<Bug>> {
    let next = AtomicUsize::new(0);
    let hunts = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(bug) = bugs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let hunt = Hunt { bug: *bug, caught: seeds_to_catch(at_most, |seed| with(*bug, seed)) };
                    lock(&hunts).push(hunt);
                }
            });
        }
    });
    let mut hunts = std::mem::take(&mut *lock(&hunts));
    hunts.sort_by_key(|hunt| hunt.bug);
    hunts
}

fn seeds_to_catch(at_most: u64, with: impl Fn(u64) -> Play) -> Option<(u64, &'static str)> {
    (1..=at_most).find_map(|seed| {
        let outcome = play(&with(seed));
        outcome.violations.first().map(|violation| (seed, violation.invariant))
    })
}

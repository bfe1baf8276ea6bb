//! `make sim`, `make sim-full`, `make sim SEED=… [WORLD=stock]`, `make oversell`.
#![expect(clippy::print_stdout, reason = "a command prints its report")]
#![expect(clippy::disallowed_methods, reason = "the report tells real time; no seed sees it")]

mod oversell;
mod plot;
mod report;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use weir_simulation::baselines::{Baseline, Ends};
use weir_simulation::campaign::{
    Hunt, Tally, Until, campaign, hunt_all, hunt_all_of_stock, keep_quiet_about_our_panics,
};
use weir_simulation::crash_points::{Drilled, drill, points};
use weir_simulation::customers::Life;
use weir_simulation::erp::Kind;
use weir_simulation::faults::FaultClass;
use weir_simulation::run::{Play, play};
use weir_simulation::saboteurs::Saboteur;
use weir_simulation::stock::excess::Cause;
use weir_simulation::stock::saboteurs::StockSaboteur;

/// A class must be met at least once in so many seeds.
const SEEDS_PER_HIT: u64 = 500;
/// A saboteur must be caught within so many seeds.
const SEEDS_TO_CATCH: u64 = 3_000;
/// Seeds of each comparison.
const COMPARED: u64 = 2_000;
/// Sell-outs of each cell of the oversell report.
const TRIALS: u64 = 120;
/// The last lines of a broken seed's history that are printed.
const LAST_LINES: usize = 60;

/// Which worlds are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worlds {
    Both,
    Orders,
    Stock,
}

fn main() -> ExitCode {
    keep_quiet_about_our_panics();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let text = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)
    };
    let number = |name: &str| text(name)?.parse::<u64>().ok();
    let worlds = match text("--world").map(String::as_str) {
        None => Worlds::Both,
        Some("orders") => Worlds::Orders,
        Some("stock") => Worlds::Stock,
        Some(_) => {
            println!("there are two worlds: --world orders, --world stock");
            return ExitCode::FAILURE;
        }
    };
    if let Some(seed) = number("--seed") {
        return replay(&if worlds == Worlds::Stock { Play::stock(seed) } else { Play::seed(seed) });
    }
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let trials = number("--trials").unwrap_or(TRIALS);
    if arguments.iter().any(|argument| argument == "--oversell") {
        return only_oversell(trials, threads, text("--plot"));
    }
    let full = arguments.iter().any(|argument| argument == "--full");
    let shared = if worlds == Worlds::Both { 2 } else { 1 };
    let time = Duration::from_secs(number("--seconds").unwrap_or(60)) / shared;
    let until = number("--seeds").map_or(Until::Elapsed(time), Until::Seeds);
    let first = number("--first").unwrap_or(1);
    let mut summary = Summary::default();
    if worlds != Worlds::Stock {
        summary.orders(first, until, threads, full);
    }
    if worlds != Worlds::Orders {
        summary.stock(first, until, threads, full.then_some(trials));
    }
    summary.conclude()
}

fn seeds(first: u64, until: Until, threads: usize, template: &Play) -> Tally {
    let started = Instant::now();
    let tally = campaign(first, until, threads, template);
    let of_stock = template.stock.is_some();
    let what = if of_stock { " of stock" } else { "" };
    println!("{} seeds{what}, {} orders, {} s", tally.seeds, tally.orders, started.elapsed().as_secs());
    println!("{} seeds played twice had the same history to the byte", tally.repeated);
    if of_stock {
        report::sold(&tally.sold);
    }
    println!("\nfault classes met:");
    for class in FaultClass::all() {
        let count = tally.coverage.count(class);
        if count > 0 || !of_stock && FaultClass::ORDERS.contains(&class) {
            println!("  {class:<4} {count:>10}  {}", class.meaning());
        }
    }
    for seed in &tally.broken {
        println!("\nseed {seed}{what} broke a promise:");
        show(&Play { seed: *seed, recording: true, ..template.clone() });
    }
    tally
}

fn show(again: &Play) {
    let outcome = play(again);
    let hidden = outcome.history.len().saturating_sub(LAST_LINES);
    for line in &outcome.history[hidden..] {
        println!("  {line}");
    }
    for violation in &outcome.violations {
        println!("  {}: {}", violation.invariant, violation.what);
    }
}

fn replay(once: &Play) -> ExitCode {
    let outcome = play(&Play { recording: true, ..once.clone() });
    for line in &outcome.history {
        println!("{line}");
    }
    for violation in &outcome.violations {
        println!("{}: {}", violation.invariant, violation.what);
    }
    println!("seed {}: {} orders, {} violations", once.seed, outcome.orders, outcome.violations.len());
    if outcome.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn crash_points(full: bool, threads: usize) -> Drilled {
    let started = Instant::now();
    let lives = [&Life::ALL[..], &Life::DELIVERED].concat();
    let (kinds, stride): (&[Kind], usize) = if full { (&Kind::ALL, 1) } else { (&[Kind::LockOnly], 11) };
    let drilled = drill(&points(kinds, &lives, stride), threads);
    println!("\ncrash points: {} of {} ({} s)", drilled.held, drilled.points, started.elapsed().as_secs());
    for (point, why) in drilled.broken.iter().take(10) {
        println!("  {point:?}: {why}");
    }
    drilled
}

fn caught<Bug: std::fmt::Debug>(what: &str, hunts: &[Hunt<Bug>]) -> usize {
    println!("\nsaboteurs{what}, with the seeds it took to catch each:");
    for hunt in hunts {
        match hunt.caught {
            Some((seeds, invariant)) => println!("  {seeds:>5}  {invariant:<4} {:?}", hunt.bug),
            None => println!("  never caught {:?}", hunt.bug),
        }
    }
    hunts.iter().filter(|hunt| hunt.caught.is_some()).count()
}

/// Other connectors' ways beside ours, through the same faults.
fn baselines(threads: usize) {
    println!("\nhow the orders of {COMPARED} seeds ended, by the ERPs' books:");
    heads("an ERP without a native key");
    compare(Kind::LockOnly, threads);
    heads("an ERP with a native key");
    compare(Kind::NativeKey, threads);
}

fn heads(of: &str) {
    println!("  {of:<26} {:>7} {:>7} {:>7} {:>11}", "orders", "lost", "doubled", "with people");
}

fn compare(kind: Kind, threads: usize) {
    let ours = std::iter::once(None);
    for baseline in ours.chain(Baseline::ALL.map(Some)) {
        let template = Play { baseline, only: Some(kind), plain: true, ..Play::seed(0) };
        let tally = campaign(1, Until::Seeds(COMPARED), threads, &template);
        let name = baseline.map_or_else(|| "Weir".to_owned(), |baseline| format!("{baseline:?}"));
        let Ends { lost, doubled, with_people } = tally.ends;
        println!("  {name:<26} {:>7} {lost:>7} {doubled:>7} {with_people:>11}", tally.orders);
    }
}

/// What happens when ERPs commit far later than they promise.
fn beyond(threads: usize) {
    println!(
        "\nbeyond the claim: commits up to 15 minutes after our time-out, processes frozen before a write:"
    );
    for kind in Kind::ALL {
        let template = Play { beyond: true, only: Some(kind), plain: true, ..Play::seed(0) };
        let tally = campaign(1, Until::Seeds(COMPARED), threads, &template);
        println!("  {kind:?}: {} of {} orders doubled", tally.ends.doubled, tally.orders);
    }
}

/// The oversell report alone, and its plot.
fn only_oversell(trials: u64, threads: usize, plot: Option<&String>) -> ExitCode {
    let report = oversell::report(trials, threads);
    if let Some(file) = plot
        && let Err(error) = std::fs::write(file, plot::svg(&report))
    {
        println!("{file} cannot be written: {error}");
        return ExitCode::FAILURE;
    }
    if report.broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What the last line says.
#[derive(Default)]
struct Summary {
    orders: Tally,
    drilled: Drilled,
    saboteurs: Option<usize>,
    stock: Tally,
    stock_saboteurs: Option<usize>,
    rule_broken: u64,
}

impl Summary {
    fn orders(&mut self, first: u64, until: Until, threads: usize, full: bool) {
        self.orders = seeds(first, until, threads, &Play::seed(0));
        self.drilled = crash_points(full, threads);
        self.saboteurs = Some(caught("", &hunt_all(SEEDS_TO_CATCH, threads)));
        if full {
            baselines(threads);
            beyond(threads);
        }
    }

    fn stock(&mut self, first: u64, until: Until, threads: usize, trials: Option<u64>) {
        println!();
        self.stock = seeds(first, until, threads, &Play::stock(0));
        self.stock_saboteurs = Some(caught(" of stock", &hunt_all_of_stock(SEEDS_TO_CATCH, threads)));
        if let Some(trials) = trials {
            self.rule_broken = oversell::report(trials, threads).broken;
        }
    }

    fn conclude(&self) -> ExitCode {
        let (orders, stock, drilled) = (&self.orders, &self.stock, &self.drilled);
        let hardly = |played: Option<usize>, tally: &Tally, classes: &[FaultClass]| {
            let hardly = if played.is_some() { tally.hardly_met(classes, SEEDS_PER_HIT) } else { Vec::new() };
            for class in &hardly {
                println!("{class} was hardly met");
            }
            hardly.len()
        };
        let hardly = (
            hardly(self.saboteurs, orders, &FaultClass::ORDERS),
            hardly(self.stock_saboteurs, stock, &FaultClass::STOCK),
        );
        let by_us = stock.sold.by(Cause::OurWrite);
        println!(
            "seeds={} orders={} duplicates={} lost={} invariant_violations={} fault_classes={}/{} crash_points={}/{} saboteurs={}/{} stock_seeds={} stock_orders={} units_sold={} oversold_by_us={by_us} stock_violations={} stock_fault_classes={}/{} stock_saboteurs={}/{}",
            orders.seeds,
            orders.orders,
            orders.duplicates,
            orders.lost,
            orders.violations,
            FaultClass::ORDERS.len() - hardly.0,
            FaultClass::ORDERS.len(),
            drilled.held,
            drilled.points,
            self.saboteurs.unwrap_or_default(),
            Saboteur::ALL.len(),
            stock.seeds,
            stock.orders,
            stock.sold.units,
            stock.violations,
            FaultClass::STOCK.len() - hardly.1,
            FaultClass::STOCK.len(),
            self.stock_saboteurs.unwrap_or_default(),
            StockSaboteur::ALL.len(),
        );
        let well = orders.violations + stock.violations + by_us + self.rule_broken == 0
            && hardly == (0, 0)
            && drilled.broken.is_empty()
            && self.saboteurs.is_none_or(|caught| caught == Saboteur::ALL.len())
            && self.stock_saboteurs.is_none_or(|caught| caught == StockSaboteur::ALL.len());
        if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

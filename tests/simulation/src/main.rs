//! `make sim`, `make sim-full`, `make sim SEED=…`.
#![expect(clippy::print_stdout, reason = "a command prints its report")]
#![expect(clippy::disallowed_methods, reason = "the report tells real time; no seed sees it")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use weir_simulation::baselines::{Baseline, Ends};
use weir_simulation::campaign::{Tally, Until, campaign, hunt_all, keep_quiet_about_our_panics};
use weir_simulation::crash_points::{Drilled, drill, points};
use weir_simulation::customers::Life;
use weir_simulation::erp::Kind;
use weir_simulation::faults::FaultClass;
use weir_simulation::run::{Play, play};
use weir_simulation::saboteurs::Saboteur;

/// A class must be met at least once in so many seeds.
const SEEDS_PER_HIT: u64 = 500;
/// A saboteur must be caught within so many seeds.
const SEEDS_TO_CATCH: u64 = 3_000;
/// Seeds of each comparison.
const COMPARED: u64 = 2_000;
/// The last lines of a broken seed's history that are printed.
const LAST_LINES: usize = 60;

fn main() -> ExitCode {
    keep_quiet_about_our_panics();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    if let Some(seed) = number("--seed") {
        return replay(seed);
    }
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let full = arguments.iter().any(|argument| argument == "--full");
    let until = number("--seeds")
        .map_or_else(|| Until::Elapsed(Duration::from_secs(number("--seconds").unwrap_or(60))), Until::Seeds);
    let tally = seeds(number("--first").unwrap_or(1), until, threads);
    let drilled = crash_points(full, threads);
    let caught = saboteurs(threads);
    if full {
        baselines(threads);
        beyond(threads);
    }
    summary(&tally, &drilled, caught)
}

fn seeds(first: u64, until: Until, threads: usize) -> Tally {
    let started = Instant::now();
    let tally = campaign(first, until, threads, &Play::seed(0));
    println!("{} seeds, {} orders, {} s", tally.seeds, tally.orders, started.elapsed().as_secs());
    println!("{} seeds played twice had the same history to the byte", tally.repeated);
    println!("\nfault classes met:");
    for class in FaultClass::ALL {
        println!("  {class:<4} {:>10}  {}", tally.coverage.count(class), class.meaning());
    }
    for seed in &tally.broken {
        println!("\nseed {seed} broke a promise:");
        show(*seed);
    }
    tally
}

fn show(seed: u64) -> bool {
    let outcome = play(&Play { recording: true, ..Play::seed(seed) });
    let hidden = outcome.history.len().saturating_sub(LAST_LINES);
    for line in &outcome.history[hidden..] {
        println!("  {line}");
    }
    for violation in &outcome.violations {
        println!("  {}: {}", violation.invariant, violation.what);
    }
    outcome.violations.is_empty()
}

fn replay(seed: u64) -> ExitCode {
    let outcome = play(&Play { recording: true, ..Play::seed(seed) });
    for line in &outcome.history {
        println!("{line}");
    }
    for violation in &outcome.violations {
        println!("{}: {}", violation.invariant, violation.what);
    }
    println!("seed {seed}: {} orders, {} violations", outcome.orders, outcome.violations.len());
    if outcome.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn crash_points(full: bool, threads: usize) -> Drilled {
    let started = Instant::now();
    let (kinds, stride): (&[Kind], usize) = if full { (&Kind::ALL, 1) } else { (&[Kind::LockOnly], 11) };
    let drilled = drill(&points(kinds, &Life::ALL, stride), threads);
    println!("\ncrash points: {} of {} ({} s)", drilled.held, drilled.points, started.elapsed().as_secs());
    for (point, why) in drilled.broken.iter().take(10) {
        println!("  {point:?}: {why}");
    }
    drilled
}

fn saboteurs(threads: usize) -> usize {
    println!("\nsaboteurs, with the seeds it took to catch each:");
    let hunts = hunt_all(SEEDS_TO_CATCH, threads);
    for hunt in &hunts {
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

fn summary(tally: &Tally, drilled: &Drilled, caught: usize) -> ExitCode {
    let hardly = tally.hardly_met(SEEDS_PER_HIT);
    for class in &hardly {
        println!("{class} was hardly met");
    }
    let classes = FaultClass::ALL.len();
    println!(
        "seeds={} orders={} duplicates={} lost={} invariant_violations={} fault_classes={}/{classes} crash_points={}/{} saboteurs={caught}/{}",
        tally.seeds,
        tally.orders,
        tally.duplicates,
        tally.lost,
        tally.violations,
        classes - hardly.len(),
        drilled.held,
        drilled.points,
        Saboteur::ALL.len(),
    );
    let well = tally.violations == 0
        && hardly.is_empty()
        && drilled.broken.is_empty()
        && caught == Saboteur::ALL.len();
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

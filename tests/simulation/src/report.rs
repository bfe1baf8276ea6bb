//! What the command prints about stock.

use std::time::Duration;

use weir_simulation::campaign::{Until, campaign};
use weir_simulation::run::Play;
use weir_simulation::stock::excess::{Cause, Sold};
use weir_simulation::stock::risk;
use weir_simulation::stock::run::StockPlay;
use weir_simulation::stock::trial::{Trial, Way};

/// Seeds of each comparison.
const COMPARED: u64 = 60;

/// How many units were sold, and how those came about that nobody had.
pub(crate) fn sold(sold: &Sold) {
    println!(
        "{} units sold; {} raises by us, {} of them overtaken by what happened since the facts were read",
        sold.units, sold.raises, sold.late_raises
    );
    println!("\noversold, by how the shop came to show the unit:");
    for cause in Cause::ALL.into_iter().filter(|cause| *cause != Cause::Baseline) {
        println!("  {:>10}  {}", sold.by(cause), cause.meaning());
    }
}

/// Ours beside the usual way, over lag, interval, load and safety stock.
pub(crate) fn oversell(threads: usize) {
    println!(
        "\nunits oversold of 10,000 sold ({COMPARED} seeds each: one item, 40 units, 40 minutes, nothing goes wrong):"
    );
    println!("the rows that end in csv are what docs/oversell.py draws");
    println!("  {:>6} {:>8} {:>6} {:>10} {:>10}   exposure", "lag s", "every s", "sales/h", "absolute", "Weir");
    for (lag, every) in [(0, 60), (0, 300), (60, 300), (300, 300), (300, 900), (900, 900)] {
        for per_hour in [60, 180] {
            let of = |way| per_10_000(&play(&Trial { way, per_hour, ..trial(lag, every) }, threads));
            let (absolute, weir) = (of(Way::Absolute), of(Way::Weir));
            println!(
                "  {lag:>6} {every:>8} {per_hour:>6} {absolute:>10} {weir:>10}   {lag},{every},{per_hour},{absolute},{weir} csv"
            );
        }
    }
    pools(threads);
    safety(threads);
}

fn trial(lag: u64, every: u64) -> Trial {
    Trial {
        way: Way::Weir,
        stores: 1,
        units: 40,
        per_hour: 60,
        till_per_hour: 0,
        lag: Duration::from_secs(lag),
        every: Duration::from_secs(every),
        safety: 0,
        length: Duration::from_mins(60),
    }
}

fn play(trial: &Trial, threads: usize) -> Sold {
    let stock = StockPlay { trial: Some(trial.clone()), ..StockPlay::default() };
    campaign(1, Until::Seeds(COMPARED), threads, &Play { stock: Some(stock), ..Play::seed(0) }).sold
}

fn per_10_000(sold: &Sold) -> u64 {
    (sold.oversold() * 10_000).checked_div(sold.units).unwrap_or_default()
}

/// What no way of writing can see in time: what others sell of the same pool.
fn pools(threads: usize) {
    println!("\nthe same with others on the pool (lag 60 s, every 300 s, 60 sales an hour in each store):");
    println!("  {:<42} {:>10} {:>10}", "who else sells", "absolute", "Weir");
    for (what, stores, till_per_hour) in
        [("nobody", 1, 0), ("a second store", 2, 0), ("two more stores", 3, 0), ("a till, 30 an hour", 1, 30)]
    {
        let of = |way| {
            let trial = Trial { way, stores, till_per_hour, ..trial(60, 300) };
            per_10_000(&play(&trial, threads))
        };
        println!("  {what:<42} {:>10} {:>10}", of(Way::Absolute), of(Way::Weir));
    }
}

/// The rule for operators, and what the simulation makes of it.
fn safety(threads: usize) {
    println!("\nsafety stock by the rule (the Poisson quantile of what others sell within the exposure):");
    println!(
        "  {:<42} {:>9} {:>7} {:>6} {:>12} {:>13}",
        "way", "exposed s", "units", "risk", "safety", "runs oversold"
    );
    let cases = [
        ("absolute, lag 60 s, every 300 s", Way::Absolute, 1, 0, 60, 300),
        ("absolute, lag 300 s, every 300 s", Way::Absolute, 1, 0, 300, 300),
        ("Weir, a second store", Way::Weir, 2, 0, 60, 300),
        ("Weir, a till at 30 an hour", Way::Weir, 1, 30, 60, 300),
    ];
    for (what, way, stores, till_per_hour, lag, every) in cases {
        let plain = Trial { way, stores, till_per_hour, ..trial(lag, every) };
        let exposure = risk::exposure(&plain);
        for percent in [10, 1] {
            let safety = risk::safety_stock(exposure.units_per_1000, percent);
            let (oversold, runs) = runs_oversold(&Trial { safety, ..plain.clone() }, threads);
            println!(
                "  {what:<42} {:>9} {:>7} {percent:>5}% {safety:>12} {:>13}",
                exposure.seconds,
                format!("{}.{:03}", exposure.units_per_1000 / 1_000, exposure.units_per_1000 % 1_000),
                format!("{oversold} of {runs}")
            );
        }
    }
}

fn runs_oversold(trial: &Trial, threads: usize) -> (u64, u64) {
    let stock = StockPlay { trial: Some(trial.clone()), ..StockPlay::default() };
    let template = Play { stock: Some(stock), ..Play::seed(0) };
    let runs = COMPARED * 4;
    (campaign(1, Until::Seeds(runs), threads, &template).seeds_oversold, runs)
}

//! The comparison of our way of publishing with the usual one, and the rule
//! for safety stock beside what the trials say.

use std::time::Duration;

use rust_decimal::Decimal;
use weir_simulation::campaign::{Tally, Until, campaign};
use weir_simulation::run::Play;
use weir_simulation::stock::excess::Cause;
use weir_simulation::stock::risk;
use weir_simulation::stock::run::StockPlay;
use weir_simulation::stock::trial::{Trial, Way};

/// Units of the one item, besides the safety stock.
const UNITS: u64 = 15;
/// Lags of the ERP's figure that are compared, in seconds.
const LAGS: [u64; 4] = [0, 60, 300, 900];
/// Sales per hour of a store that are compared.
pub(crate) const LOADS: [u32; 2] = [12, 60];
/// Safety stocks that are compared.
const SAFETY: [u64; 10] = [0, 1, 2, 3, 4, 6, 8, 10, 12, 16];

/// A lag in seconds; shares of an absolute push and of ours, in thousandths.
pub(crate) type ByLag = (u64, u64, u64);

/// What the plot shows. Shares are in thousandths.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Units oversold of those sold: by load, then lag in seconds, of an
    /// absolute push and of ours, every 300 s.
    pub(crate) by_lag: Vec<(u32, Vec<ByLag>)>,
    /// Sell-outs that oversold: by safety stock, of an absolute push, of ours,
    /// and what the rule says of ours.
    pub(crate) by_safety: Vec<(u64, u64, u64, u64)>,
    /// Promises that our way broke, and cells in which the rule was too weak.
    pub(crate) broken: u64,
}

/// How the cells are played.
struct Desk {
    trials: u64,
    threads: usize,
    report: Report,
}

/// What a cell came to.
struct Cell {
    tally: Tally,
}

impl Cell {
    fn oversold_trials(&self) -> u64 {
        let oversold = self.tally.seeds_by_oversold.iter().filter(|(units, _)| **units > 0);
        oversold.map(|(_, trials)| trials).sum()
    }

    /// Of the units sold, in thousandths.
    fn units(&self) -> u64 {
        share(self.tally.sold.oversold(), self.tally.sold.units)
    }

    /// Of the sell-outs, in thousandths.
    fn trials(&self) -> u64 {
        share(self.oversold_trials(), self.tally.seeds)
    }

    fn both(&self) -> String {
        format!("{:>9} {:>9}", percent(self.units()), percent(self.trials()))
    }
}

fn share(part: u64, of: u64) -> u64 {
    (part * 1_000 + of / 2).checked_div(of).unwrap_or_default()
}

fn percent(per_1000: u64) -> String {
    format!("{}.{} %", per_1000 / 10, per_1000 % 10)
}

fn trial(way: Way, lag: u64, every: u64) -> Trial {
    Trial {
        way,
        stores: 1,
        units: UNITS,
        per_hour: 60,
        till_per_hour: 0,
        lag: Duration::from_secs(lag),
        every: Duration::from_secs(every),
        safety: 0,
        length: Duration::from_hours(12),
    }
}

/// Prints all of it. `trials` of the smallest validated cell; the tables
/// before take a part of them.
pub(crate) fn report(trials: u64, threads: usize) -> Report {
    println!("\nan item of {UNITS} units sells out, nothing goes wrong; what is sold that nobody has:");
    let mut desk = Desk { trials, threads, report: Report::default() };
    desk.lags();
    desk.others();
    desk.safety();
    desk.rule();
    desk.report
}

impl Desk {
    fn play(&mut self, trial: &Trial, trials: u64) -> Cell {
        let stock = StockPlay { trial: Some(trial.clone()), ..StockPlay::default() };
        let template = Play { stock: Some(stock), ..Play::seed(0) };
        let tally = campaign(1, Until::Seeds(trials.max(1)), self.threads, &template);
        self.report.broken += tally.violations;
        Cell { tally }
    }

    fn heads(first: &str, trials: u64) {
        println!("\n  {first:<42} {:^20} {:^20}", "absolute push", "Weir");
        let what = format!("({trials} sell-outs each)");
        println!("  {what:<42} {:>9} {:>9}  {:>9} {:>9}", "units", "sell-outs", "units", "sell-outs");
    }

    /// Over the ERP's lag, the interval and the load.
    fn lags(&mut self) {
        let trials = self.trials / 4;
        Self::heads("one store: lag s, every s, sales an hour", trials);
        for per_hour in LOADS {
            for every in [60, 300] {
                let mut line = Vec::new();
                for lag in LAGS {
                    let of = |way| Trial { per_hour, ..trial(way, lag, every) };
                    let absolute = self.play(&of(Way::Absolute), trials);
                    let ours = self.play(&of(Way::Weir), trials);
                    let what = format!("{lag:>4} {every:>8} {per_hour:>10}");
                    println!("  {what:<42} {}  {}", absolute.both(), ours.both());
                    line.push((lag, absolute.units(), ours.units()));
                }
                if every == 300 {
                    self.report.by_lag.push((per_hour, line));
                }
            }
        }
    }

    /// What no way of writing can see in time: what others sell of the pool.
    fn others(&mut self) {
        let trials = self.trials / 2;
        Self::heads("who else sells (lag 60 s, every 300 s)", trials);
        let mut known = None;
        for (what, stores, till_per_hour) in [
            ("nobody", 1, 0),
            ("a second store", 2, 0),
            ("two more stores", 3, 0),
            ("a till, 30 an hour", 1, 30),
            ("a second store and the till", 2, 30),
        ] {
            let of = |way| Trial { stores, till_per_hour, ..trial(way, 60, 300) };
            let absolute = self.play(&of(Way::Absolute), trials);
            let ours = self.play(&of(Way::Weir), trials);
            println!("  {what:<42} {}  {}", absolute.both(), ours.both());
            if stores == 2 && till_per_hour == 0 {
                known = Some(ours);
            }
        }
        let Some(sold) = known.map(|cell| cell.tally.sold) else { return };
        println!(
            "  a sale in one store was known to the other after {} s on average, after {} s in 99 of 100 cases",
            sold.stood_on_average(Cause::AnotherStore).unwrap_or_default(),
            sold.stood(Cause::AnotherStore, 990).unwrap_or_default()
        );
    }

    /// Over the safety stock.
    fn safety(&mut self) {
        let trials = self.trials / 2;
        println!("\n  sell-outs that oversold: two stores and a till (lag 60 s, every 300 s), {trials} each");
        println!(
            "  {:<14} {:>14} {:>9} {:>18}",
            "safety stock", "absolute push", "Weir", "the rule for Weir"
        );
        for safety in SAFETY {
            let of = |way| {
                let units = UNITS + safety;
                Trial { stores: 2, till_per_hour: 30, safety, units, ..trial(way, 60, 300) }
            };
            let absolute = self.play(&of(Way::Absolute), trials).trials();
            let ours = self.play(&of(Way::Weir), trials).trials();
            let rule = risk::more_than(risk::unknown_sales(&of(Way::Weir)), safety) * Decimal::ONE_THOUSAND;
            let rule = u64::try_from(rule.round()).unwrap_or_default();
            println!("  {safety:<14} {:>14} {:>9} {:>18}", percent(absolute), percent(ours), percent(rule));
            self.report.by_safety.push((safety, absolute, ours, rule));
        }
    }

    /// The rule for operators, and what the trials make of it.
    fn rule(&mut self) {
        println!("\n  safety stock by the rule, and the sell-outs that oversold with it:");
        println!(
            "  {:<52} {:>8} {:>7} {:>7} {:>14} {:>9}",
            "", "unknown", "wanted", "safety", "oversold", "tolerated"
        );
        for (what, plain) in cases() {
            let mean = risk::unknown_sales(&plain);
            for percent in [10, 1] {
                let wanted = Decimal::new(percent, 2);
                let safety = risk::safety_stock(mean, wanted);
                let trials = if plain.way == Way::Weir { self.trials * 2 } else { self.trials };
                let trial = Trial { safety, units: UNITS + safety, ..plain.clone() };
                let oversold = self.play(&trial, trials).oversold_trials();
                let tolerated = risk::tolerated(trials, wanted);
                let too_weak = oversold > tolerated;
                self.report.broken += u64::from(too_weak && plain.way == Way::Weir);
                println!(
                    "  {what:<52} {:>8} {percent:>5} % {safety:>7} {:>14} {tolerated:>9}{}",
                    mean.round_dp(2).to_string(),
                    format!("{oversold} of {trials}"),
                    if too_weak { "  too weak" } else { "" }
                );
            }
        }
    }
}

/// Where the rule is tried.
fn cases() -> Vec<(&'static str, Trial)> {
    let with = |way, stores, till_per_hour, per_hour, lag, every| Trial {
        stores,
        till_per_hour,
        per_hour,
        ..trial(way, lag, every)
    };
    let (weir, absolute) = (Way::Weir, Way::Absolute);
    vec![
        ("Weir: two stores at 60 an hour", with(weir, 2, 0, 60, 60, 300)),
        ("Weir: three stores at 180", with(weir, 3, 0, 180, 60, 300)),
        ("Weir: a store at 60, a till at 30", with(weir, 1, 30, 60, 60, 300)),
        ("Weir: two stores at 60, a till at 30", with(weir, 2, 30, 60, 60, 300)),
        ("Weir: a store at 30, a till at 120", with(weir, 1, 120, 30, 60, 300)),
        ("absolute: a store at 60, lag 60 s", with(absolute, 1, 0, 60, 60, 300)),
        ("absolute: a store at 60, lag 300 s, every 60 s", with(absolute, 1, 0, 60, 300, 60)),
        ("absolute: two stores at 60, a till at 30, lag 60 s", with(absolute, 2, 30, 60, 60, 300)),
    ]
}

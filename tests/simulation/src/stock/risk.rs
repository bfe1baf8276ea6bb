//! How much safety stock a wanted risk needs: a rule for operators that the
//! trials check.
//!
//! A shop is exposed to what is sold of its stock and that it cannot see yet:
//! for our way what *others* on the pool sell until it is published, for an
//! absolute write *everything* that the figure written does not contain. Such
//! sales come at random at some rate, so that within the exposure they are
//! Poisson distributed; safety stock is its quantile.

use rust_decimal::Decimal;

use super::trial::{Trial, Way};

/// From a sale in another store until this one shows it: webhook, order
/// worker, queue and publishing. Measured in the trials, rounded up.
pub const PUBLISHED_WITHIN_S: u64 = 8;

/// What a shop is exposed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposure {
    /// For so long.
    pub seconds: u64,
    /// Units sold unseen in that time, on average, in thousandths.
    pub units_per_1000: u64,
}

/// The exposure of a trial's shop.
pub fn exposure(trial: &Trial) -> Exposure {
    let per_hour = u64::from(trial.per_hour);
    let till = u64::from(trial.till_per_hour);
    let others = per_hour * trial.stores.saturating_sub(1);
    let (lag, every) = (trial.lag.as_secs(), trial.every.as_secs());
    let over = |rate: u64, seconds: u64| rate * seconds * 1_000 / 3_600;
    match trial.way {
        // What the figure lacks: all sales of the lag; and what is sold
        // elsewhere until the next write.
        Way::Absolute => {
            let seconds = lag + PUBLISHED_WITHIN_S;
            let units = over(per_hour + others, seconds) + over(others + till, every);
            Exposure { seconds: seconds + if others + till > 0 { every } else { 0 }, units_per_1000: units }
        }
        Way::Weir => {
            let seconds = if till > 0 { every + PUBLISHED_WITHIN_S } else { PUBLISHED_WITHIN_S };
            let units = over(others, PUBLISHED_WITHIN_S) + over(till, every + PUBLISHED_WITHIN_S);
            Exposure { seconds, units_per_1000: units }
        }
    }
}

/// The least number of units such that more than that are sold unseen with at
/// most this chance: `P(Poisson(mean) > safety) ≤ percent / 100`.
pub fn safety_stock(mean_per_1000: u64, percent: u32) -> u64 {
    let mean = Decimal::from(mean_per_1000) / Decimal::ONE_THOUSAND;
    let wanted = Decimal::ONE - Decimal::from(percent) / Decimal::ONE_HUNDRED;
    let mut term = exp_minus(mean);
    let mut sum = term;
    let mut units = 0;
    while sum < wanted && units < 10_000 {
        units += 1;
        term = term * mean / Decimal::from(units);
        sum += term;
    }
    units
}

/// e^-x, by its series at x / 2^n, squared n times.
fn exp_minus(x: Decimal) -> Decimal {
    let mut halvings = 0;
    let mut part = x;
    while part > Decimal::new(5, 1) {
        part /= Decimal::TWO;
        halvings += 1;
    }
    let (mut sum, mut term) = (Decimal::ONE, Decimal::ONE);
    for n in 1..=16_u32 {
        term = -term * part / Decimal::from(n);
        sum += term;
    }
    for _ in 0..halvings {
        sum *= sum;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (mean, percent, units) in [
            (100, 10, 0),
            (100, 1, 1),
            (1_000, 10, 2),
            (1_000, 1, 4),
            (5_000, 10, 8),
            (5_000, 1, 11),
            (20_000, 1, 31),
        ] {
            assert_eq!(safety_stock(mean, percent), units, "mean {mean}/1000, {percent} %");
        }
    }
}

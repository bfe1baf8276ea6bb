//! How much safety stock a wanted risk needs: a rule for operators that the
//! trials check.
//!
//! A store sells a unit that nobody has only while it shows one: then more
//! units than its safety stock were sold by others and are not known to it
//! yet. On average as many are unknown as are sold in the time that a sale
//! takes to be known, on average (Little's law), whatever that time is
//! otherwise distributed like; sales come at random, so that their number is
//! Poisson distributed. The safety stock is the quantile.

use rust_decimal::Decimal;

use super::trial::{CHECKOUT, Trial, Way};

/// From a sale in another store, or from our look at the ERP, until the
/// shop's quantity follows, on average: webhook, order worker, queue and
/// publishing. The trials measure it; rounded up.
pub const KNOWN_WITHIN_S: u64 = 10;

/// What is sold and not known to a store, on average at any moment.
pub fn unknown_sales(trial: &Trial) -> Decimal {
    let (per_hour, till) = (u64::from(trial.per_hour), u64::from(trial.till_per_hour));
    let (lag, every) = (trial.lag.as_secs(), trial.every.as_secs());
    let (all, others) = (per_hour * trial.stores, per_hour * trial.stores.saturating_sub(1));
    // What is there when a customer begins to pay has to be there in the end.
    let checkout = CHECKOUT.as_secs();
    let unit_seconds = match trial.way {
        // Every order of the item makes us look at the ERP, too.
        Way::Weir => {
            let until_we_look = (every / 2).min(3_600_u64.checked_div(all).unwrap_or(every));
            others * (KNOWN_WITHIN_S + checkout) + till * (until_we_look + KNOWN_WITHIN_S + checkout)
        }
        // What the figure lacks when it is written is sold once more, whoever
        // sold it; and what others sell is not known before the next write.
        Way::Absolute => all * (lag + KNOWN_WITHIN_S) + (others + till) * (every / 2 + checkout),
    };
    Decimal::from(unit_seconds) / Decimal::from(3_600)
}

/// How likely more than `units` are sold where `mean` are expected.
pub fn more_than(mean: Decimal, units: u64) -> Decimal {
    let mut term = exp_minus(mean);
    let mut sum = term;
    for unit in 1..=units {
        term = term * mean / Decimal::from(unit);
        sum += term;
    }
    Decimal::ONE - sum
}

/// The least number of units such that more are sold with at most this risk.
pub fn safety_stock(mean: Decimal, risk: Decimal) -> u64 {
    (0..1_000).find(|units| more_than(mean, *units) <= risk).unwrap_or(1_000)
}

/// So many of `trials` may oversell by chance if the risk is what is wanted:
/// in 99 of 100 validations not one more do.
pub fn tolerated(trials: u64, risk: Decimal) -> u64 {
    let expected = Decimal::from(trials) * risk;
    let variance = expected * (Decimal::ONE - risk);
    let deviation_of_100 =
        u64::try_from((variance * Decimal::from(10_000)).trunc()).unwrap_or(u64::MAX).isqrt();
    let tolerance = Decimal::from(deviation_of_100) * Decimal::new(233, 4);
    u64::try_from((expected + tolerance).ceil()).unwrap_or(u64::MAX)
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
            let (mean, risk) = (Decimal::new(mean, 3), Decimal::new(percent, 2));
            assert_eq!(safety_stock(mean, risk), units, "mean {mean}, risk {risk}");
        }
        assert_eq!(safety_stock(Decimal::ZERO, Decimal::new(1, 3)), 0, "nobody else sells");
    }

    #[test]
    fn chance_is_tolerated_and_no_more() {
        assert_eq!(tolerated(200, Decimal::new(1, 2)), 6, "the table says 6");
        assert_eq!(tolerated(1_000, Decimal::new(10, 2)), 123, "the table says 122");
    }
}

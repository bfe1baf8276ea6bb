//! Unit prices that make a line's amount exact.
//!
//! Tryton computes a line as quantity × unit price, rounded to the currency,
//! and a unit price has only so many digits. 3 × 5.5467 is 16.64, as it
//! should be; 2,000 units at four digits move in steps of 0.20.

use rust_decimal::{Decimal, RoundingStrategy};
use weir_domain::money::Currency;

/// A share of a line, with one price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// Units.
    pub(super) quantity: Decimal,
    /// Net, for one unit.
    pub(super) price: Decimal,
}

/// One part, or two where no single price will do, whose amounts come to
/// exactly `net`, however the ERP rounds a half. `digits` is how many digits
/// a unit price may have. `None` where that is impossible: fewer digits than
/// the currency has, or less than one unit at too coarse a price.
pub(super) fn parts(quantity: Decimal, net: Decimal, currency: Currency, digits: u32) -> Option<Vec<Part>> {
    let price = rounded(net.checked_div(quantity)?, digits);
    if comes_to(quantity, price, net, currency) {
        return Some(vec![Part { quantity, price }]);
    }
    // One unit takes what the others, at nearly the natural price, leave: an
    // amount in minor units, and so a price of few digits.
    let one = if quantity.is_sign_negative() { -Decimal::ONE } else { Decimal::ONE };
    let rest = quantity - one;
    let step = Decimal::new(1, digits);
    // A price whose amount is an exact half will not do; its neighbour does.
    let (price, amount) = [price, price + step, price - step].into_iter().find_map(|price| {
        let amount = currency.round(rest.checked_mul(price)?);
        comes_to(rest, price, amount, currency).then_some((price, amount))
    })?;
    let odd = (net - amount) / one;
    let fits = rounded(odd, digits) == odd;
    fits.then(|| vec![Part { quantity: rest, price }, Part { quantity: one, price: odd }])
}

fn rounded(price: Decimal, digits: u32) -> Decimal {
    price.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero)
}

/// Strictly less than half a minor unit away: halves round up in one place
/// and to even in another.
fn comes_to(quantity: Decimal, price: Decimal, net: Decimal, currency: Currency) -> bool {
    let off = quantity.checked_mul(price).map(|amount| (amount - net).abs());
    off.is_some_and(|off| off * Decimal::TWO < currency.minor_unit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn of(quantity: &str, net: &str, code: &str, digits: u32) -> Vec<(String, String)> {
        let parts = parts(decimal(quantity), decimal(net), code.parse().unwrap(), digits).unwrap();
        let show = |part: Part| (part.quantity.normalize().to_string(), part.price.normalize().to_string());
        parts.into_iter().map(show).collect()
    }

    fn one(quantity: &str, price: &str) -> Vec<(String, String)> {
        vec![(quantity.to_owned(), price.to_owned())]
    }

    #[test]
    fn most_lines_need_one_price() {
        assert_eq!(of("3", "16.64", "EUR", 4), one("3", "5.5467"));
        assert_eq!(of("1", "-5.00", "EUR", 4), one("1", "-5"));
        assert_eq!(of("2", "3001", "JPY", 4), one("2", "1500.5"));
        assert_eq!(of("2.5", "10.01", "EUR", 4), one("2.5", "4.004"));
        assert_eq!(of("7", "0", "EUR", 4), one("7", "0"));
        assert_eq!(of("99", "99.01", "EUR", 4), one("99", "1.0001"));
    }

    #[test]
    fn many_units_at_a_coarse_price_are_split() {
        let split = of("2000", "1234.57", "EUR", 4);
        assert_eq!(split, [("1999".to_owned(), "0.6173".to_owned()), ("1".to_owned(), "0.59".to_owned())]);
        assert_eq!(of("3", "10.00", "EUR", 2).len(), 2, "3.33, 3.33, 3.34");
        assert_eq!(of("-3", "-10.00", "EUR", 2).len(), 2);
    }

    #[test]
    fn the_impossible_is_refused() {
        let refused = |quantity, net, code: &str, digits| {
            parts(decimal(quantity), decimal(net), code.parse().unwrap(), digits).is_none()
        };
        assert!(refused("1", "1.001", "KWD", 2), "fewer digits than the currency has");
        assert!(refused("0", "1", "EUR", 4));
    }

    fn lines() -> impl Strategy<Value = (Decimal, Decimal, Currency, u32)> {
        let quantity = (1_i64..2_000_000, 0_u32..3, any::<bool>())
            .prop_map(|(n, scale, minus)| Decimal::new(if minus { -n } else { n }, scale));
        let currency = prop_oneof![Just("EUR"), Just("JPY"), Just("KWD")];
        (quantity, -10_000_000_i64..10_000_000, currency, 0_u32..4).prop_map(|(quantity, net, code, more)| {
            let currency: Currency = code.parse().unwrap();
            (quantity, Decimal::new(net, currency.scale()), currency, currency.scale() + more)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn parts_come_to_the_net_exactly_however_halves_round((quantity, net, currency, digits) in lines()) {
            let parts = parts(quantity, net, currency, digits).expect("digits suffice");
            prop_assert!(parts.len() <= 2);
            prop_assert_eq!(parts.iter().map(|part| part.quantity).sum::<Decimal>(), quantity);
            for strategy in [RoundingStrategy::MidpointNearestEven, RoundingStrategy::MidpointAwayFromZero] {
                let amount = |part: &Part| {
                    (part.quantity * part.price).round_dp_with_strategy(currency.scale(), strategy)
                };
                prop_assert_eq!(parts.iter().map(amount).sum::<Decimal>(), net);
            }
            for part in &parts {
                prop_assert!(part.price.normalize().scale() <= digits);
                prop_assert!(!part.quantity.is_zero());
            }
        }
    }
}

//! Money and quantities as WooCommerce rounds and writes them.
//!
//! Amounts inside are decimals with up to six places, which is what the shop
//! stores; rounding to the shop's decimals happens line by line or once at the
//! end, as configured.

use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Number, Value, json};

/// Places kept in stored amounts (`wc_get_rounding_precision`).
pub(crate) const STORED_PLACES: u32 = 6;

/// PHP's `round`: half away from zero.
pub(crate) fn round(amount: Decimal, places: u32) -> Decimal {
    amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// Tax rounding: half towards zero where prices include tax, else away.
pub(crate) fn round_tax(amount: Decimal, places: u32, inclusive: bool) -> Decimal {
    let strategy =
        if inclusive { RoundingStrategy::MidpointTowardZero } else { RoundingStrategy::MidpointAwayFromZero };
    amount.round_dp_with_strategy(places, strategy)
}

/// Rounds to what the shop stores.
pub(crate) fn stored(amount: Decimal) -> Decimal {
    round(amount, STORED_PLACES).normalize()
}

/// A money string with exactly `places` decimals.
pub(crate) fn money(amount: Decimal, places: u32) -> String {
    let mut rounded = round(amount, places);
    if rounded.is_zero() {
        rounded = Decimal::ZERO;
    }
    rounded.rescale(places);
    rounded.to_string()
}

/// A money string as stored, without trailing zeros (`taxes[].total`).
pub(crate) fn plain(amount: Decimal) -> String {
    stored(amount).to_string()
}

/// A quantity as a JSON number: an integer where it is whole, else a float.
pub(crate) fn quantity(amount: Decimal) -> Value {
    number(amount.to_f64().unwrap_or_default())
}

/// `line_items[].price`: the float PHP computes, binary noise included.
#[expect(clippy::float_arithmetic, reason = "the shop's own float is what is being reproduced")]
pub(crate) fn unit_price(total: Decimal, quantity: Decimal) -> Value {
    let (total, quantity) = (total.to_f64().unwrap_or_default(), quantity.to_f64().unwrap_or_default());
    if quantity == 0.0 {
        return json!(0);
    }
    number(total / quantity)
}

/// A PHP float as JSON: `10.0` is written `10`.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole and inside 2^53 by the guard")]
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return json!(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// `wc_format_decimal`: keeps digits, minus and the last dot, so `14,50`
/// becomes `1450`, `1.234,56` becomes `1.23456` and `abc` becomes empty.
pub(crate) fn clean_price(input: &str) -> String {
    let kept: String = input.chars().filter(|c| c.is_ascii_digit() || matches!(c, '.' | '-')).collect();
    match kept.rfind('.') {
        Some(last) if last + 1 < kept.len() => {
            format!("{}{}", kept[..last].replace('.', ""), &kept[last..])
        }
        _ => kept.replace('.', ""),
    }
}

/// The amount in a JSON string or number; `None` if there is none.
pub(crate) fn amount(value: &Value) -> Option<Decimal> {
    match value {
        Value::String(text) => clean_price(text).parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

/// PHP's `intval` of a JSON value, as batch items meet it: `"many"` is 0,
/// `12.75` is 12, `true` is 1, `"7.9"` is 7.
pub(crate) fn php_int(value: &Value) -> Decimal {
    php_number(value).trunc()
}

/// PHP's `floatval`, which decimal-quantity plugins put in place of `intval`.
pub(crate) fn php_number(value: &Value) -> Decimal {
    match value {
        Value::Bool(true) => Decimal::ONE,
        Value::Number(number) => number.to_string().parse().unwrap_or_default(),
        Value::String(text) => {
            let text = text.trim();
            let end = text
                .char_indices()
                .find(|(i, c)| !(c.is_ascii_digit() || *c == '.' || (*i == 0 && *c == '-')))
                .map_or(text.len(), |(i, _)| i);
            text[..end].parse().unwrap_or_default()
        }
        _ => Decimal::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn prices_are_mangled_as_recorded() {
        for (input, expected) in
            [("14,50", "1450"), ("1.234,56", "1.23456"), ("abc", ""), ("12.90", "12.90"), ("-1.5", "-1.5")]
        {
            assert_eq!(clean_price(input), expected, "{input}");
        }
    }

    #[test]
    fn unit_price_has_the_recorded_noise() {
        assert_eq!(unit_price(d("0.3192"), d("7")).to_string(), "0.045599999999999995");
        assert_eq!(unit_price(d("0.114958"), d("3")).to_string(), "0.03831933333333334");
        assert_eq!(unit_price(d("40.5"), d("3")).to_string(), "13.5");
        assert_eq!(unit_price(d("10"), d("1")).to_string(), "10");
        assert_eq!(unit_price(d("-15.12"), d("-1")).to_string(), "15.12");
    }

    #[test]
    fn ties_go_towards_zero_only_for_inclusive_tax() {
        assert_eq!(round_tax(d("-0.285"), 2, true), d("-0.28"));
        assert_eq!(round_tax(d("0.285"), 2, false), d("0.29"));
        assert_eq!(money(d("-0.001"), 2), "0.00");
        assert_eq!(money(d("1500"), 0), "1500");
    }

    #[test]
    fn batch_values_are_cast_as_php_casts() {
        for (value, expected) in [
            (json!("many"), "0"),
            (json!(12.75), "12"),
            (json!("7.9"), "7"),
            (json!(true), "1"),
            (json!(-3), "-3"),
            (json!(99_999_999_999_999_i64), "99999999999999"),
        ] {
            assert_eq!(php_int(&value), d(expected), "{value}");
        }
    }
}

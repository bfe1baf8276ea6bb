//! Money is decimal, with its currency; the scale comes from ISO 4217, not
//! from the number of decimals a shop happens to show.

use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An ISO 4217 code that has a minor unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[A-Z]{3}$"))]
pub struct Currency([u8; 3]);

/// The text names no ISO 4217 currency with a minor unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO 4217 currency with a minor unit")]
pub struct UnknownCurrency;

impl Currency {
    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }

    /// Digits after the point of the minor unit: EUR 2, JPY 0, KWD 3.
    pub fn scale(self) -> u32 {
        iso_currency::Currency::from_code(self.code())
            .and_then(iso_currency::Currency::exponent)
            .map_or(2, u32::from)
    }

    /// One minor unit, in major units: EUR 0.01.
    pub fn minor_unit(self) -> Decimal {
        Decimal::new(1, self.scale())
    }

    /// Rounds half away from zero to the minor unit, as WooCommerce and the
    /// tested ERPs do.
    pub fn round(self, amount: Decimal) -> Decimal {
        let mut rounded = amount.round_dp_with_strategy(self.scale(), RoundingStrategy::MidpointAwayFromZero);
        rounded.rescale(self.scale());
        rounded
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, UnknownCurrency> {
        let known = iso_currency::Currency::from_code(text).and_then(iso_currency::Currency::exponent);
        let code: Result<[u8; 3], _> = text.as_bytes().try_into();
        match (known, code) {
            (Some(_), Ok(code)) => Ok(Self(code)),
            _ => Err(UnknownCurrency),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = UnknownCurrency;
    fn try_from(text: String) -> Result<Self, UnknownCurrency> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// The same amount with the other sign; zero has none.
pub fn opposite(amount: Decimal) -> Decimal {
    Decimal::ZERO - amount
}

/// What a document comes to, rounded to the minor unit of `currency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Currency of the three amounts.
    pub currency: Currency,
    /// Before tax.
    pub net: Decimal,
    /// Tax.
    pub tax: Decimal,
    /// What the customer owes: net + tax. Tender (gift cards) pays this, it
    /// does not lower it.
    pub gross: Decimal,
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} + {} = {} {}", self.net, self.tax, self.gross, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_is_the_currencys_not_the_shops() {
        for (code, scale) in [("EUR", 2), ("JPY", 0), ("KWD", 3), ("USD", 2)] {
            assert_eq!(code.parse::<Currency>().unwrap().scale(), scale, "{code}");
        }
        for bad in ["", "eur", "EURO", "XXX", "€"] {
            assert!(bad.parse::<Currency>().is_err(), "{bad}");
        }
    }

    #[test]
    fn halves_round_away_from_zero() {
        let eur: Currency = "EUR".parse().unwrap();
        let round = |text: &str| eur.round(text.parse().unwrap()).to_string();
        assert_eq!(round("2.345"), "2.35");
        assert_eq!(round("-2.345"), "-2.35");
        assert_eq!(round("7"), "7.00");
    }
}

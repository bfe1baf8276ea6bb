//! Tryton's JSON: decimals and dates are objects with a class, quantities are
//! floats, references are ids or objects with the fields asked for.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use rust_decimal::Decimal;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value, json};
use weir_domain::outcome::CallError;

/// A decimal as Tryton writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WireDecimal(pub(super) Decimal);

impl Serialize for WireDecimal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        json!({"__class__": "Decimal", "decimal": self.0.to_string()}).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for WireDecimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Object {
            decimal: String,
        }
        let Object { decimal } = Object::deserialize(deserializer)?;
        parse(&decimal).map(Self).ok_or_else(|| D::Error::custom("not a decimal"))
    }
}

/// Beyond this the floats of Python are no longer exact; far beyond it, sums
/// would be more than a [`Decimal`] holds.
const MAX_QUANTITY: Decimal = Decimal::from_parts(0xa4c6_8000, 0x0003_8d7e, 0, false, 0);

/// A quantity: a JSON number on the wire, never a float here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WireQuantity(pub(super) Decimal);

impl Serialize for WireQuantity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number: Number = self.0.normalize().to_string().parse().map_err(serde::ser::Error::custom)?;
        number.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for WireQuantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Number::deserialize(deserializer)?;
        let quantity = parse(&number.to_string()).filter(|quantity| quantity.abs() <= MAX_QUANTITY);
        quantity.map(Self).ok_or_else(|| D::Error::custom("not a quantity"))
    }
}

/// Python writes 1E+2, 0E-8 and -0.00, too.
fn parse(text: &str) -> Option<Decimal> {
    let decimal: Decimal = text.parse().or_else(|_| Decimal::from_scientific(text)).ok()?;
    Some(if decimal.is_zero() { decimal.abs() } else { decimal })
}

/// A day as Tryton writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WireDate(Date);

impl WireDate {
    /// The day of an instant, in UTC: what the company's own day is at that
    /// time is Tryton's secret.
    pub(super) fn of(instant: Timestamp) -> Self {
        Self(Offset::UTC.to_datetime(instant).date())
    }
}

impl Serialize for WireDate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(date) = self;
        json!({"__class__": "date", "year": date.year(), "month": date.month(), "day": date.day()})
            .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for WireDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Object {
            year: i16,
            month: i8,
            day: i8,
        }
        let Object { year, month, day } = Object::deserialize(deserializer)?;
        Date::new(year, month, day).map(Self).map_err(D::Error::custom)
    }
}

/// An instant as Tryton writes it: UTC, without saying so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WireInstant(pub(super) Timestamp);

impl Serialize for WireInstant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let at = Offset::UTC.to_datetime(self.0);
        json!({
            "__class__": "datetime", "year": at.year(), "month": at.month(), "day": at.day(),
            "hour": at.hour(), "minute": at.minute(), "second": at.second(),
            "microsecond": at.subsec_nanosecond() / 1000,
        })
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for WireInstant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Object {
            year: i16,
            month: i8,
            day: i8,
            hour: i8,
            minute: i8,
            second: i8,
            microsecond: i32,
        }
        let Object { year, month, day, hour, minute, second, microsecond } =
            Object::deserialize(deserializer)?;
        let nanosecond = microsecond.checked_mul(1000).unwrap_or(i32::MAX);
        let at = DateTime::new(year, month, day, hour, minute, second, nanosecond);
        at.and_then(|at| Offset::UTC.to_timestamp(at)).map(Self).map_err(D::Error::custom)
    }
}

/// Yes or no. Tryton on SQLite says it with 1 or 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum WireBool {
    Said(bool),
    Counted(u8),
}

impl WireBool {
    pub(super) fn is_true(self) -> bool {
        match self {
            Self::Said(said) => said,
            Self::Counted(number) => number != 0,
        }
    }
}

/// The id of a record: of one that is there or, in a plan, of one that a
/// request of the plan makes, in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ref {
    Is(u64),
    Made(&'static str),
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(id) => id.fmt(f),
            Self::Made(words) => words.fmt(f),
        }
    }
}

impl Serialize for Ref {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Is(id) => id.serialize(serializer),
            Self::Made(words) => words.serialize(serializer),
        }
    }
}

/// A record of which only the id was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) struct Id {
    pub(super) id: u64,
}

/// A reference whose code was asked for, too.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Coded {
    /// Absent in records that people made by hand.
    pub(super) code: Option<String>,
}

/// What was read through a reference. Tryton leaves it out, without a word,
/// where the key's user may not read the model that it refers to.
#[derive(Debug, Clone, Default)]
pub(super) enum Shown<T> {
    #[default]
    Hidden,
    Is(Option<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shown<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Is)
    }
}

impl<T> Shown<T> {
    /// It, or a missing right to read `model`.
    pub(super) fn of(&self, model: &str) -> Result<Option<&T>, CallError> {
        match self {
            Self::Is(shown) => Ok(shown.as_ref()),
            Self::Hidden => Err(CallError::blocked(format!("the key's user may not read {model}"))),
        }
    }
}

impl<T> Shown<Vec<T>> {
    /// Like [`of`](Self::of), for a one-to-many field.
    pub(super) fn all(&self, model: &str) -> Result<&[T], CallError> {
        Ok(self.of(model)?.map_or(&[], Vec::as_slice))
    }
}

/// `[["create", records]]`: what a one-to-many field is written with.
pub(super) fn create_all(records: impl IntoIterator<Item = Value>) -> Value {
    json!([["create", records.into_iter().collect::<Value>()]])
}

/// Text as it is stored and compared: no control characters, which some
/// databases refuse, no blank edges, single blanks. Line breaks stay.
pub(super) fn clean(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        let line: String = line.chars().map(printable).collect();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    });
    let lines: Vec<String> = lines.collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_survive_both_of_pythons_notations() {
        let read = |text: &str| {
            let value = json!({"__class__": "Decimal", "decimal": text});
            serde_json::from_value::<WireDecimal>(value).map(|decimal| decimal.0.to_string())
        };
        assert_eq!(read("12.50").unwrap(), "12.50");
        assert_eq!(read("-0.00").unwrap(), "0.00");
        assert_eq!(read("1E+2").unwrap(), "100");
        assert_eq!(read("0E-8").unwrap().parse::<Decimal>().unwrap(), Decimal::ZERO);
        assert!(read("NaN").is_err());
        let written = serde_json::to_value(WireDecimal("2.3400".parse().unwrap())).unwrap();
        assert_eq!(written, json!({"__class__": "Decimal", "decimal": "2.3400"}));
    }

    #[test]
    fn quantities_are_numbers_on_the_wire_only() {
        let read = |text: &str| serde_json::from_str::<WireQuantity>(text).unwrap().0;
        assert_eq!(read("2.0"), Decimal::TWO);
        assert_eq!(read("1e-3"), Decimal::new(1, 3));
        assert_eq!(read("-3"), Decimal::from(-3));
        assert!(serde_json::from_str::<WireQuantity>("1e15").is_ok());
        assert!(serde_json::from_str::<WireQuantity>("1.1e15").is_err());
        for (quantity, text) in [("2.500", "2.5"), ("10", "10"), ("-1", "-1")] {
            let quantity = WireQuantity(quantity.parse().unwrap());
            assert_eq!(serde_json::to_string(&quantity).unwrap(), text);
        }
    }

    #[test]
    fn dates_are_objects_of_integers() {
        let date = WireDate(Date::constant(2026, 11, 23));
        let written = serde_json::to_value(date).unwrap();
        assert_eq!(written, json!({"__class__": "date", "year": 2026, "month": 11, "day": 23}));
        assert_eq!(serde_json::from_value::<WireDate>(written).unwrap(), date);
        assert!(serde_json::from_value::<WireDate>(json!({"year": 2026, "month": 13, "day": 1})).is_err());
    }

    #[test]
    fn instants_keep_their_microseconds() {
        let instant = WireInstant("2026-11-23T20:17:54.431908Z".parse().unwrap());
        let written = serde_json::to_value(instant).unwrap();
        let expected = json!({
            "__class__": "datetime", "year": 2026, "month": 11, "day": 23,
            "hour": 20, "minute": 17, "second": 54, "microsecond": 431_908,
        });
        assert_eq!(written, expected);
        assert_eq!(serde_json::from_value::<WireInstant>(written.clone()).unwrap(), instant);
        for (field, value) in [("month", 13), ("hour", 24), ("microsecond", 2_000_000_000)] {
            let mut wrong = written.clone();
            wrong[field] = json!(value);
            assert!(serde_json::from_value::<WireInstant>(wrong).is_err(), "{field}");
        }
    }

    #[test]
    fn yes_is_said_in_two_ways() {
        let read = |value| serde_json::from_value::<WireBool>(value).unwrap().is_true();
        assert_eq!(
            [read(json!(true)), read(json!(1)), read(json!(false)), read(json!(0))],
            [true, true, false, false]
        );
    }

    #[test]
    fn text_is_compared_as_it_is_stored() {
        assert_eq!(clean("  Ada \u{0}  King\t\r\n 1 Dock\u{7} Road  \n\n"), "Ada King\n1 Dock Road");
        assert_eq!(clean(&clean("a\u{b}b \n c")), clean("a\u{b}b \n c"));
    }
}

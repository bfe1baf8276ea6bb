use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A value that should be a string or a number, and may be anything. Prints
/// its kind only: most of an order is about a person.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Scalar {
    /// Not there, or null.
    #[default]
    Absent,
    /// A boolean.
    Bool(bool),
    /// A number in its shortest spelling, so that 2.5 is not
    /// 2.500000000000000004.
    Number(String),
    /// A string.
    Text(String),
    /// A list or an object.
    Composite,
}

/// A value that is there and is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadValue;

/// Amounts beyond this are nobody's money; the bound keeps every sum of an
/// order far from the limits of a decimal.
const LARGEST_AMOUNT: i64 = 1_000_000_000_000_000;

impl Scalar {
    /// As text; `""` for nothing, and for what is no scalar. PHP shows true
    /// as 1 and false as nothing.
    pub fn text(&self) -> String {
        match self {
            Self::Number(text) | Self::Text(text) => text.clone(),
            Self::Bool(true) => "1".to_owned(),
            Self::Absent | Self::Bool(false) | Self::Composite => String::new(),
        }
    }

    /// Whether it is exactly this text.
    pub fn is(&self, expected: &str) -> bool {
        matches!(self, Self::Text(text) | Self::Number(text) if text == expected)
    }

    /// Whether it is one of the ways to write true: `true`, 1, "1", "yes",
    /// "true".
    pub fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true)) || ["1", "yes", "true"].iter().any(|word| self.is(word))
    }

    /// As a decimal; `None` for nothing and for `""`.
    pub fn decimal(&self) -> Result<Option<Decimal>, BadValue> {
        let text = match self {
            Self::Absent => return Ok(None),
            Self::Number(text) | Self::Text(text) => text.trim(),
            Self::Bool(_) | Self::Composite => return Err(BadValue),
        };
        if text.is_empty() {
            return Ok(None);
        }
        // Stricter than the decimal's own parser, which takes 1_000 as well.
        if !text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+')) {
            return Err(BadValue);
        }
        let amount: Decimal = text.parse().map_err(|_| BadValue)?;
        if amount.abs() > Decimal::from(LARGEST_AMOUNT) { Err(BadValue) } else { Ok(Some(amount)) }
    }

    /// As an id; 0 for nothing, for `""` and for 0 itself.
    pub fn id(&self) -> Result<u64, BadValue> {
        match self {
            Self::Absent | Self::Bool(false) => Ok(0),
            Self::Number(text) | Self::Text(text) => match text.trim() {
                "" => Ok(0),
                text => text.parse().map_err(|_| BadValue),
            },
            Self::Bool(true) | Self::Composite => Err(BadValue),
        }
    }

    /// As an instant, of a `*_gmt` field: `YYYY-MM-DDTHH:MM:SS`, UTC, from
    /// 1970 to 2999, so that a period can be added to any of them. `None` for
    /// nothing and for `""`.
    pub fn gmt(&self) -> Result<Option<Timestamp>, BadValue> {
        let text = match self {
            Self::Absent => return Ok(None),
            Self::Text(text) => text.trim(),
            Self::Bool(_) | Self::Number(_) | Self::Composite => return Err(BadValue),
        };
        if text.is_empty() {
            return Ok(None);
        }
        // A `Z` would say the same; an offset would contradict the name.
        let text = text.strip_suffix('Z').unwrap_or(text);
        let civil = DateTime::strptime("%Y-%m-%dT%H:%M:%S", text).map_err(|_| BadValue)?;
        if !(1970..3000).contains(&civil.year()) {
            return Err(BadValue);
        }
        TimeZone::UTC.to_timestamp(civil).map(Some).map_err(|_| BadValue)
    }
}

impl fmt::Debug for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "absent",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Composite => "a list or an object",
        })
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        // The shortest decimal that reads back as this float: what PHP wrote.
        Ok(Scalar::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Scalar, E> {
        Ok(Scalar::Text(value))
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Scalar, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Composite)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Composite)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(json: &str) -> Scalar {
        serde_json::from_str(json).unwrap()
    }

    fn decimal(json: &str) -> Result<Option<String>, BadValue> {
        Ok(scalar(json).decimal()?.map(|amount| amount.to_string()))
    }

    #[test]
    fn amounts_in_every_spelling() {
        for (json, amount) in [
            (r#""56.89""#, "56.89"),
            (r#""5.743109""#, "5.743109"),
            (r#""1500""#, "1500"),
            (r#"" -22.91 ""#, "-22.91"),
            ("2", "2"),
            ("-3", "-3"),
            ("2.5", "2.5"),
            ("12.75", "12.75"),
            // Not 0.045599999999999995 + something of ours.
            ("0.045599999999999995", "0.045599999999999995"),
            ("1e3", "1000"),
            (r#""1000000000000000""#, "1000000000000000"),
        ] {
            assert_eq!(decimal(json), Ok(Some(amount.to_owned())), "{json}");
        }
        for nothing in ["null", r#""""#, r#""  ""#] {
            assert_eq!(decimal(nothing), Ok(None), "{nothing}");
        }
        for bad in [
            r#""14,50""#,
            r#""1.234,56""#,
            r#""1_000""#,
            r#""1e3""#,
            r#""abc""#,
            r#""--1""#,
            r#"".""#,
            r#""NaN""#,
            "1e300",
            r#""1000000000000001""#,
            "true",
            "[]",
            "{}",
            r#"{"amount":"1"}"#,
        ] {
            assert_eq!(decimal(bad), Err(BadValue), "{bad}");
        }
    }

    #[test]
    fn ids_in_every_spelling() {
        for (json, id) in [("42", 42), (r#""42""#, 42), ("0", 0), ("null", 0), (r#""""#, 0), ("false", 0)] {
            assert_eq!(scalar(json).id(), Ok(id), "{json}");
        }
        for bad in ["-1", "4.5", r#""x""#, "true", "[]", "18446744073709551616"] {
            assert_eq!(scalar(bad).id(), Err(BadValue), "{bad}");
        }
    }

    #[test]
    fn gmt_dates_have_no_zone() {
        let gmt =
            |text: &str| Scalar::Text(text.to_owned()).gmt().map(|time| time.map(|time| time.to_string()));
        assert_eq!(gmt("2026-11-23T19:41:08"), Ok(Some("2026-11-23T19:41:08Z".to_owned())));
        assert_eq!(gmt("2026-11-23T19:41:08Z"), Ok(Some("2026-11-23T19:41:08Z".to_owned())));
        assert_eq!(gmt(""), Ok(None));
        assert_eq!(scalar("null").gmt(), Ok(None));
        for bad in [
            "2026-11-23T19:41:08+01:00",
            "2026-11-23T19:41:08[Europe/Berlin]",
            "0000-00-00T00:00:00",
            "yesterday",
            "2026-11-23T19:41:08.5",
            "2026-11-23",
            "2026-13-01T00:00:00",
            "1795462868",
        ] {
            assert_eq!(gmt(bad), Err(BadValue), "{bad}");
        }
        for bad in ["1795462868", "true", "[]"] {
            assert_eq!(scalar(bad).gmt(), Err(BadValue), "{bad}");
        }
        for beyond in ["1969-12-31T23:59:59", "3000-01-01T00:00:00", "9999-12-30T21:59:59"] {
            assert_eq!(gmt(beyond), Err(BadValue), "{beyond}: nothing could be added to it");
        }
    }

    #[test]
    fn texts_are_what_php_would_print() {
        for (json, text) in [
            (r#""a""#, "a"),
            ("7", "7"),
            ("2.5", "2.5"),
            ("true", "1"),
            ("false", ""),
            ("null", ""),
            ("[1]", ""),
        ] {
            assert_eq!(scalar(json).text(), text, "{json}");
        }
        for yes in ["true", "1", r#""1""#, r#""yes""#] {
            assert!(scalar(yes).is_true(), "{yes}");
        }
        for no in ["false", "0", r#""no""#, "null", r#""""#, "[1]"] {
            assert!(!scalar(no).is_true(), "{no}");
        }
    }

    #[test]
    fn contents_do_not_print() {
        assert_eq!(format!("{:?}", scalar(r#""Ada Canary""#)), "a text");
    }
}

//! Times with one-second resolution, in the shop's zone and in UTC.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::Offset;
use serde_json::{Value, json};

/// The shop's fixed offset from UTC.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShopZone(Offset);

impl ShopZone {
    /// `None` if the offset is out of range (±25 h).
    pub(crate) fn from_minutes(minutes: i32) -> Option<Self> {
        Offset::from_seconds(minutes.checked_mul(60)?).ok().map(Self)
    }

    fn local(self, at: Timestamp) -> DateTime {
        self.0.to_datetime(at)
    }

    /// Local wall time, `YYYY-MM-DDTHH:MM:SS`.
    pub(crate) fn text(self, at: Timestamp) -> String {
        iso(self.local(at))
    }

    /// The pair `date_x`, `date_x_gmt`; null where there is no date.
    pub(crate) fn pair(self, at: Option<Timestamp>) -> (Value, Value) {
        at.map_or((Value::Null, Value::Null), |at| (json!(self.text(at)), json!(gmt(at))))
    }

    /// Hours from UTC, as the API index says it.
    pub(crate) fn gmt_offset(self) -> Value {
        let minutes = self.0.seconds() / 60;
        if minutes % 60 == 0 { json!(minutes / 60) } else { json!(format!("{minutes} min")) }
    }

    /// PHP's `DateTime` as it appears inside serialised metadata.
    pub(crate) fn php_object(self, at: Timestamp) -> Value {
        let date = strtime::format("%Y-%m-%d %H:%M:%S.000000", self.local(at)).unwrap_or_default();
        let minutes = self.0.seconds() / 60;
        let sign = if minutes < 0 { '-' } else { '+' };
        let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
        json!({
            "date": date,
            "timezone_type": 1,
            "timezone": format!("{sign}{hours:02}:{rest:02}"),
        })
    }
}

/// UTC wall time without a zone, `YYYY-MM-DDTHH:MM:SS`.
pub(crate) fn gmt(at: Timestamp) -> String {
    iso(Offset::UTC.to_datetime(at))
}

/// How WordPress writes a moment to people, in UTC.
pub(crate) fn for_people(at: Timestamp) -> String {
    strtime::format("%b %d, %Y @ %I:%M %p", Offset::UTC.to_datetime(at)).unwrap_or_default()
}

fn iso(at: DateTime) -> String {
    strtime::format("%Y-%m-%dT%H:%M:%S", at).unwrap_or_default()
}

/// The whole second.
pub(crate) fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// A date given in a query (`after`, `modified_after`, ..), reduced to the wall
/// time WordPress puts into its SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QueryDate(DateTime);

impl QueryDate {
    /// Parses as WordPress does: text without a zone is taken as it stands, a
    /// zone is converted to *shop* time, even when the column to compare with
    /// is UTC: that is how `...Z` with `dates_are_gmt` loses orders.
    pub(crate) fn parse(text: &str, zone: ShopZone) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() < 19 || !matches!(bytes[10], b'T' | b't' | b' ') {
            return None;
        }
        let wall: DateTime = text.get(..19)?.replace(['t', ' '], "T").parse().ok()?;
        let suffix = text[19..].trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
        if suffix.is_empty() {
            return Some(Self(wall));
        }
        let offset = if matches!(suffix, "Z" | "z") { Offset::UTC } else { parse_offset(suffix)? };
        let at = offset.to_timestamp(wall).ok()?;
        Some(Self(zone.local(at)))
    }

    /// The column value this is compared with.
    pub(crate) fn column(at: Timestamp, zone: ShopZone, is_gmt: bool) -> DateTime {
        if is_gmt { Offset::UTC.to_datetime(at) } else { zone.local(at) }
    }

    /// Exclusive, to the second.
    pub(crate) fn is_before(self, column: DateTime) -> bool {
        self.0 < column
    }

    /// Exclusive, to the second.
    pub(crate) fn is_after(self, column: DateTime) -> bool {
        self.0 > column
    }
}

fn parse_offset(text: &str) -> Option<Offset> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = text[1..].replace(':', "");
    let (hours, minutes) = match digits.len() {
        2 => (digits.parse::<i32>().ok()?, 0),
        4 => (digits.get(..2)?.parse::<i32>().ok()?, digits.get(2..)?.parse::<i32>().ok()?),
        _ => return None,
    };
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_suffix_shifts_only_the_gmt_comparison() {
        let zone = ShopZone::from_minutes(60).unwrap();
        let order: Timestamp = "2026-11-23T19:43:20Z".parse().unwrap();
        let hits = |text: &str, is_gmt: bool| {
            QueryDate::parse(text, zone).unwrap().is_before(QueryDate::column(order, zone, is_gmt))
        };
        assert!(hits("2026-11-23T19:43:00", true));
        assert!(hits("2026-11-23T20:43:00", false));
        assert!(hits("2026-11-23T19:43:00Z", false));
        assert!(!hits("2026-11-23T19:43:00Z", true), "the trap");
        assert!(!hits("2026-11-23T19:43:20", true), "exclusive");
        assert!(hits("2026-11-23T20:43:00+01:00", false));
    }

    #[test]
    fn refuses_what_is_no_date() {
        let zone = ShopZone::from_minutes(0).unwrap();
        for text in
            ["yesterday", "2026-11-23", "2026-11-23T19:43", "2026-13-23T19:43:00", "2026-11-23T19:43:00X"]
        {
            assert_eq!(QueryDate::parse(text, zone), None, "{text}");
        }
    }

    #[test]
    fn writes_local_and_utc_without_zone() {
        let zone = ShopZone::from_minutes(-330).unwrap();
        let at: Timestamp = "2026-11-23T03:00:05.9Z".parse().unwrap();
        assert_eq!(gmt(second(at)), "2026-11-23T03:00:05");
        assert_eq!(zone.text(at), "2026-11-22T21:30:05");
    }
}

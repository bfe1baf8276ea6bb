//! Items as DynamoDB has them, and the units of their attributes.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use weir_domain::ports::LedgerError;

/// Attribute name → value, as the SDK has it.
#[expect(clippy::disallowed_types, reason = "the SDK's type; nothing iterates over it")]
pub type Item = std::collections::HashMap<String, AttributeValue>;

/// Placeholder → attribute name, as the SDK has it.
#[expect(clippy::disallowed_types, reason = "the SDK's type; nothing iterates over it")]
pub(crate) type Names = std::collections::HashMap<String, String>;

/// Text.
pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A whole number.
pub(crate) fn n(number: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

/// The last whole millisecond at or before an instant: for "now" and for
/// what is compared with it.
pub(crate) fn floor_ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// The first whole millisecond at or after an instant: for ends of leases
/// and due times, which must never come early.
pub(crate) fn ceil_ms(at: Timestamp) -> i64 {
    let floor = at.as_millisecond();
    if at.subsec_nanosecond() % 1_000_000 == 0 { floor } else { floor.saturating_add(1) }
}

/// Milliseconds as text of fixed width, so that text sorts as time does.
pub(crate) fn instant(ms: i64) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX);
    format!("{at:.3}")
}

/// An instant to the last digit, as a number.
pub(crate) fn nanoseconds(at: Timestamp) -> AttributeValue {
    n(at.as_nanosecond())
}

/// The inverse of [`nanoseconds`], if it is there.
pub(crate) fn instant_of(item: &Item, name: &str) -> Result<Option<Timestamp>, LedgerError> {
    if !item.contains_key(name) {
        return Ok(None);
    }
    let at = Timestamp::from_nanosecond(required(item, name)?);
    at.map(Some).map_err(|_| LedgerError::Corrupt(format!("{name} of {} is no instant", name_of(item))))
}

pub(crate) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

pub(crate) fn number<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// A number that was always written.
pub(crate) fn required<T: std::str::FromStr>(item: &Item, name: &str) -> Result<T, LedgerError> {
    number(item, name)
        .ok_or_else(|| LedgerError::Corrupt(format!("{name} of {} is no number", name_of(item))))
}

/// A document that was stored as JSON, if it is there.
pub(crate) fn document<T: DeserializeOwned>(item: &Item, name: &str) -> Result<Option<T>, LedgerError> {
    let Some(json) = text(item, name) else { return Ok(None) };
    let corrupt = |error: serde_json::Error| {
        // The error's own text can quote what is stored.
        LedgerError::Corrupt(format!("{name} of {}, at column {}", name_of(item), error.column()))
    };
    serde_json::from_str(json).map(Some).map_err(corrupt)
}

/// A document that was always written.
pub(crate) fn stored<T: DeserializeOwned>(item: &Item, name: &str) -> Result<T, LedgerError> {
    document(item, name)?.ok_or_else(|| LedgerError::Corrupt(format!("{} has no {name}", name_of(item))))
}

/// A document to be stored as JSON.
pub(crate) fn json(document: &impl serde::Serialize) -> Result<AttributeValue, LedgerError> {
    let unserialisable = |_| LedgerError::Corrupt("what was to be written is no JSON".to_owned());
    serde_json::to_string(document).map(AttributeValue::S).map_err(unserialisable)
}

/// An item of the platform holds 400 KB. A document that comes near it has
/// outgrown its purpose, and is refused before the platform does.
const LONGEST_DOCUMENT_BYTES: usize = 350_000;

/// A document as JSON that leaves the platform's limit some room.
pub(crate) fn fitting(what: &str, document: &impl serde::Serialize) -> Result<AttributeValue, LedgerError> {
    let json = json(document)?;
    match json.as_s().map_or(0, String::len) {
        ..=LONGEST_DOCUMENT_BYTES => Ok(json),
        bytes => Err(LedgerError::TooLong(format!("{what} of {bytes} bytes"))),
    }
}

/// For error texts: keys name stores, ids and jobs, no person.
fn name_of(item: &Item) -> &str {
    text(item, "pk").unwrap_or("an item")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn now_is_never_late_and_an_end_never_early() {
        let at: Timestamp = "2026-11-28T09:00:00.0015Z".parse().unwrap();
        let whole: Timestamp = "2026-11-28T09:00:00.001Z".parse().unwrap();
        assert_eq!((floor_ms(at), ceil_ms(at)), (whole.as_millisecond(), whole.as_millisecond() + 1));
        assert_eq!((floor_ms(whole), ceil_ms(whole)), (whole.as_millisecond(), whole.as_millisecond()));
    }

    #[test]
    fn text_sorts_as_time_does() {
        let at = |text: &str| instant(ceil_ms(text.parse().unwrap()));
        assert_eq!(at("2026-11-28T09:00:00Z"), "2026-11-28T09:00:00.000Z");
        assert_eq!(at("2026-11-28T09:00:00.0001Z"), "2026-11-28T09:00:00.001Z");
        assert!(at("2026-11-28T09:00:00.9Z") < at("2026-11-28T09:00:01Z"));
        assert!(at("2026-12-01T00:00:00Z") < at("2027-01-01T00:00:00Z"));
    }

    #[test]
    fn an_unreadable_document_is_named_and_not_quoted() {
        let item = Item::from([
            ("pk".to_owned(), s("ORDER#main#1")),
            ("record".to_owned(), s("{\"name\": \"Zaphira\"}")),
        ]);
        let error = document::<Vec<u8>>(&item, "record").unwrap_err().to_string();
        assert!(error.contains("record of ORDER#main#1") && !error.contains("Zaphira"), "{error}");
    }
}

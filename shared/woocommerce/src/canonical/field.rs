//! One field at a time: read, or named in an error.

use std::fmt::Display;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::Unreadable;
use crate::wire::Scalar;

fn missing(path: &dyn Display) -> Unreadable {
    Unreadable { code: "missing_field", detail: format!("{path} is missing") }
}

fn bad(code: &'static str, path: &dyn Display, expected: &str) -> Unreadable {
    Unreadable { code, detail: format!("{path} is not {expected}") }
}

/// A list that has to be there.
pub(super) fn present<'a, T>(path: &dyn Display, list: Option<&'a T>) -> Result<&'a T, Unreadable> {
    list.ok_or_else(|| missing(path))
}

/// A text that has to be there.
pub(super) fn text(path: &dyn Display, value: &Scalar) -> Result<String, Unreadable> {
    Some(value.text()).filter(|text| !text.trim().is_empty()).ok_or_else(|| missing(path))
}

/// An amount or a quantity that has to be there.
pub(super) fn amount(path: &dyn Display, value: &Scalar) -> Result<Decimal, Unreadable> {
    optional(path, value)?.ok_or_else(|| missing(path))
}

/// An amount; nothing means zero to PHP.
pub(super) fn amount_or_zero(path: &dyn Display, value: &Scalar) -> Result<Decimal, Unreadable> {
    Ok(optional(path, value)?.unwrap_or_default())
}

/// An amount that may be missing.
pub(super) fn optional(path: &dyn Display, value: &Scalar) -> Result<Option<Decimal>, Unreadable> {
    value.decimal().map_err(|_| bad("bad_amount", path, "a decimal number"))
}

/// An id; 0 where there is none.
pub(super) fn id(path: &dyn Display, value: &Scalar) -> Result<u64, Unreadable> {
    value.id().map_err(|_| bad("bad_id", path, "an id"))
}

/// An id that has to be there.
pub(super) fn key(path: &dyn Display, value: &Scalar) -> Result<u64, Unreadable> {
    match id(path, value)? {
        0 => Err(missing(path)),
        id => Ok(id),
    }
}

/// A UTC instant that has to be there.
pub(super) fn instant(path: &dyn Display, value: &Scalar) -> Result<Timestamp, Unreadable> {
    gmt(path, value)?.ok_or_else(|| missing(path))
}

/// A UTC instant, if there is one.
pub(super) fn gmt(path: &dyn Display, value: &Scalar) -> Result<Option<Timestamp>, Unreadable> {
    value.gmt().map_err(|_| bad("bad_date", path, "a date of the form YYYY-MM-DDTHH:MM:SS from 1970 to 2999"))
}

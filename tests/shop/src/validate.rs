//! The argument schema of single requests. Batch items never meet it.

use serde_json::{Map, Value, json};

use crate::error::{ApiError, ApiResult, ParamFault};

/// What a parameter has to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind<'a> {
    Int,
    Str,
    Bool,
    Enum(&'a [&'a str]),
    /// A list of objects with these members.
    Items(&'a [(&'a str, Kind<'a>)]),
    /// An object with these members.
    Object(&'a [(&'a str, Kind<'a>)]),
    /// A string that is an e-mail address or empty.
    Email,
}

/// Parameter names and kinds of a route.
pub(crate) type Table<'a> = &'a [(&'a str, Kind<'a>)];

/// Checks the parameters and gives null the value sanitising gives it (0, "",
/// false): `stock_quantity: null` sets 0 in a single request.
pub(crate) fn check(table: Table<'_>, mut body: Map<String, Value>) -> ApiResult<Map<String, Value>> {
    let mut faults = Vec::new();
    for (name, kind) in table {
        match body.get_mut(*name) {
            Some(value @ Value::Null) => *value = sanitised_null(*kind),
            Some(value) => faults.extend(fault(name, name, value, *kind)),
            None => {}
        }
    }
    if faults.is_empty() { Ok(body) } else { Err(ApiError::invalid_params(&faults)) }
}

fn sanitised_null(kind: Kind<'_>) -> Value {
    match kind {
        Kind::Int => json!(0),
        Kind::Bool => json!(false),
        Kind::Str | Kind::Enum(_) | Kind::Email => json!(""),
        Kind::Items(_) => json!([]),
        Kind::Object(_) => json!({}),
    }
}

fn fault(param: &str, at: &str, value: &Value, kind: Kind<'_>) -> Option<ParamFault> {
    match kind {
        Kind::Int => (!is_int(value)).then(|| ParamFault::type_of(param, at, "integer")),
        Kind::Bool => (!is_bool(value)).then(|| ParamFault::type_of(param, at, "boolean")),
        Kind::Str => (!value.is_string()).then(|| ParamFault::type_of(param, at, "string")),
        Kind::Enum(allowed) => match value.as_str() {
            None => Some(ParamFault::type_of(param, at, "string")),
            Some(text) if allowed.contains(&text) => None,
            Some(_) => Some(ParamFault::not_in_enum(param, at, allowed)),
        },
        Kind::Email => match value.as_str() {
            None => Some(ParamFault::type_of(param, at, "string")),
            Some(text) if text.is_empty() || is_email(text) => None,
            Some(_) => Some(ParamFault::other(param, "rest_invalid_email", "Invalid email address.")),
        },
        Kind::Items(members) => {
            let Some(items) = value.as_array() else {
                return Some(ParamFault::type_of(param, at, "array"));
            };
            items
                .iter()
                .enumerate()
                .find_map(|(i, item)| fault(param, &format!("{at}[{i}]"), item, Kind::Object(members)))
        }
        Kind::Object(members) => {
            let Some(object) = value.as_object() else {
                return Some(ParamFault::type_of(param, at, "object"));
            };
            members.iter().find_map(|(name, kind)| {
                let value = object.get(*name).filter(|v| !v.is_null())?;
                fault(param, &format!("{at}[{name}]"), value, *kind)
            })
        }
    }
}

/// Integers, whole floats and strings of digits.
fn is_int(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|f| f.fract() == 0.0)
        }
        Value::String(text) => text.parse::<i64>().is_ok(),
        _ => false,
    }
}

fn is_bool(value: &Value) -> bool {
    match value {
        Value::Bool(_) => true,
        Value::Number(number) => matches!(number.as_i64(), Some(0 | 1)),
        Value::String(text) => {
            matches!(text.to_ascii_lowercase().as_str(), "" | "0" | "1" | "true" | "false")
        }
        _ => false,
    }
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty() && host.contains('.') && !host.starts_with('.') && !host.ends_with('.')
    })
}

/// PHP's idea of a boolean parameter.
pub(crate) fn truthy(value: Option<&Value>, default: bool) -> bool {
    match value {
        None | Some(Value::Null) => default,
        Some(Value::Bool(flag)) => *flag,
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(Value::String(text)) => !matches!(text.to_ascii_lowercase().as_str(), "" | "0" | "false"),
        Some(_) => true,
    }
}

/// A scalar as the string PHP makes of it; `None` for objects and lists.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null | Value::Bool(false) => Some(String::new()),
        Value::Bool(true) => Some("1".to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// An id from an integer or a string of digits.
pub(crate) fn id(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

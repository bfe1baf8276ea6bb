//! The status of an order: written alone, never with anything else.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use weir_domain::id::OrderId;
use weir_domain::order::OrderStatus;
use weir_domain::outcome::CallError;

use crate::wire::{Object, Scalar, WireStatus};

#[derive(Serialize)]
struct NewStatus<'a> {
    status: &'a str,
}

/// The body of `PUT orders/{id}`.
pub fn request(status: &OrderStatus) -> Result<String, CallError> {
    super::body(&NewStatus { status: status.as_str() })
}

/// The status that an order has by the answer to a write of it; `None` where
/// the answer is about another one, or does not say.
pub fn given(order: OrderId, body: &[u8]) -> Option<OrderStatus> {
    let Object(wire): Object<WireStatus> = serde_json::from_slice(body).ok()?;
    let status = wire.status.text();
    (wire.id.id() == Ok(order.0) && !status.is_empty()).then(|| OrderStatus::from(status))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Described {
    schema: Object<Schema>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Schema {
    properties: Object<Properties>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Properties {
    status: Object<Status>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    #[serde(rename = "enum")]
    allowed: Option<Box<RawValue>>,
}

/// The statuses that `OPTIONS orders` lists; `None` where it says nothing of
/// them.
pub fn statuses(body: &[u8]) -> Option<BTreeSet<String>> {
    let Object(described): Object<Described> = serde_json::from_slice(body).ok()?;
    let allowed = described.schema.properties.status.allowed.as_ref()?.get();
    // PHP writes a list with a gap as an object.
    let words: Vec<Scalar> = serde_json::from_str(allowed)
        .or_else(|_| {
            serde_json::from_str(allowed).map(|words: BTreeMap<String, Scalar>| words.into_values().collect())
        })
        .ok()?;
    let words: BTreeSet<String> = words.iter().map(Scalar::text).filter(|word| !word.is_empty()).collect();
    Some(words).filter(|words| !words.is_empty())
}

/// Whether an error about parameters is about the status.
pub fn is_refused(body: &[u8]) -> bool {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Refusal {
        data: Object<Data>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Data {
        params: Object<Params>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Params {
        status: Scalar,
    }
    let refusal: Result<Object<Refusal>, _> = serde_json::from_slice(body);
    refusal.is_ok_and(|Object(refusal)| refusal.data.params.status != Scalar::Absent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_statuses_survives_php() {
        let of = |allowed: &str| {
            let body = format!(r#"{{"schema":{{"properties":{{"status":{{"enum":{allowed}}}}}}}}}"#);
            statuses(body.as_bytes()).map(|words| words.into_iter().collect::<Vec<_>>().join(" "))
        };
        assert_eq!(of(r#"["pending","packed"]"#).as_deref(), Some("packed pending"));
        assert_eq!(of(r#"{"0":"pending","2":"packed"}"#).as_deref(), Some("packed pending"));
        for nothing in ["[]", "{}", "null", "\"\"", "7", "[[],null]"] {
            assert_eq!(of(nothing), None, "{nothing}");
        }
        for nothing in ["", "[]", "{}", r#"{"schema":[]}"#, r#"{"schema":{"properties":{"status":7}}}"#] {
            assert_eq!(statuses(nothing.as_bytes()), None, "{nothing}");
        }
    }

    #[test]
    fn only_an_error_about_the_status_is_one() {
        let of = |params: &str| {
            let body = format!(r#"{{"code":"rest_invalid_param","data":{{"params":{params}}}}}"#);
            is_refused(body.as_bytes())
        };
        assert!(of(r#"{"status":"status is not one of pending."}"#));
        assert!(!of(r#"{"currency":"currency is not one of EUR."}"#));
        assert!(!of("[]"));
        assert!(!is_refused(b""));
    }
}

//! Every recorded answer of a running Tryton, read with the types and the
//! classes used here. Read in place; absent recordings are announced.

use std::collections::BTreeMap;

use jiff::Timestamp;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;
use weir_domain::outcome::CallError;
use weir_testkit::recordings::json_files;

use super::classify::{Failure, Route, answer};
use super::wire::{WireDate, WireDecimal, WireInstant, WireQuantity};

fn class(exchange: &Value) -> &'static str {
    let response = &exchange["response"];
    let status = StatusCode::from_u16(response["status"].as_u64().unwrap().try_into().unwrap()).unwrap();
    let kind = response["headers"]["Content-Type"].as_str().unwrap_or("text/plain");
    let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().unwrap())]);
    let body = match &response["body"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let path = exchange["request"]["path"].as_str().unwrap().split('?').next().unwrap();
    let is_button = exchange["request"]["method"] == "POST" && path.split('/').count() > 6;
    let route = if is_button { Route::Action } else { Route::Records };
    match answer(route, status, &headers, body.into_bytes(), Timestamp::UNIX_EPOCH) {
        Ok(_) => "answered",
        Err(Failure::Refused) => "refused",
        Err(Failure::Call(CallError::Blocked { .. })) => "blocked",
        Err(Failure::Call(CallError::Unknown { .. })) => "unknown",
        Err(Failure::Call(_)) => "other",
    }
}

#[test]
fn every_recorded_answer_has_its_class() {
    let Some(recorded) = json_files("erp/tryton") else { return };
    let mut classes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, exchange) in &recorded {
        classes.entry(class(exchange)).or_default().push(name);
    }
    println!("{} recorded answers", recorded.len());
    let answered = classes.remove("answered").unwrap();
    assert_eq!(answered.len(), recorded.len() - 6, "{classes:?}");
    let refused = ["12-sale-create-duplicate", "17-sale-quote-again", "96-sale3-cancel"];
    assert_eq!(classes["refused"], refused);
    assert_eq!(classes["unknown"], ["41-return-sale-create"]);
    assert_eq!(classes["blocked"], ["52-unauthorised", "53-not-found"]);
}

#[test]
fn every_recorded_value_is_readable() {
    let Some(recorded) = json_files("erp/tryton") else { return };
    let mut seen = BTreeMap::new();
    for (name, exchange) in &recorded {
        for part in ["request", "response"] {
            walk(&exchange[part]["body"], &mut |kind, value| {
                let read = match kind {
                    "Decimal" => serde_json::from_value::<WireDecimal>(value.clone()).map(drop),
                    "date" => serde_json::from_value::<WireDate>(value.clone()).map(drop),
                    "datetime" => serde_json::from_value::<WireInstant>(value.clone()).map(drop),
                    "quantity" => serde_json::from_value::<WireQuantity>(value.clone()).map(drop),
                    _ => return,
                };
                assert!(read.is_ok(), "{name}: {value}");
                *seen.entry(kind.to_owned()).or_insert(0) += 1;
            });
        }
    }
    println!("{seen:?}");
    assert!(
        ["Decimal", "date", "datetime", "quantity"].iter().all(|kind| seen.contains_key(*kind)),
        "{seen:?}"
    );
}

fn walk(value: &Value, see: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, see)),
        Value::Object(fields) => {
            if let Some(kind) = fields.get("__class__").and_then(Value::as_str) {
                see(kind, value);
            }
            for (name, field) in fields {
                if name == "quantity" && field.is_number() {
                    see("quantity", field);
                }
                walk(field, see);
            }
        }
        _ => {}
    }
}

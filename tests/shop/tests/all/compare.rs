//! Comparing what the stand-in says with what was recorded, value by value.

use serde_json::Value;

/// Ends of paths whose *values* the stand-in does not claim to reproduce; their
/// types still have to agree. Random words, row numbers of metadata, texts a
/// theme makes.
const FREE: [&str; 10] = [
    ".order_key",
    ".payment_url",
    ".meta_data[].id",
    ".related_ids",
    ".price_html",
    ".avatar_url",
    ".date_created.timezone",
    ".date_created.timezone_type",
    ".date_modified.timezone",
    ".date_modified.timezone_type",
];

/// What has to agree.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strictness {
    Values,
    Types,
}

/// Lists differences: a missing or additional key, another type, another value.
pub(crate) fn differences(recorded: &Value, ours: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk("", recorded, ours, Strictness::Values, &mut found);
    found
}

/// The same for keys and types only; of lists the first items.
pub(crate) fn type_differences(recorded: &Value, ours: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk("", recorded, ours, Strictness::Types, &mut found);
    found
}

fn is_free(path: &str) -> bool {
    let path = path.strip_suffix("[]").unwrap_or(path);
    // Names of all the world's currencies.
    path.starts_with(".options.") || FREE.iter().any(|end| path.ends_with(end))
}

fn walk(path: &str, recorded: &Value, ours: &Value, how: Strictness, found: &mut Vec<String>) {
    match (recorded, ours) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                match b.get(key) {
                    Some(other) => walk(&format!("{path}.{key}"), value, other, how, found),
                    None => found.push(format!("{path}.{key} is missing")),
                }
            }
            for key in b.keys().filter(|key| !a.contains_key(*key)) {
                found.push(format!("{path}.{key} is additional"));
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            if is_free(path) || how == Strictness::Types {
                if let (Some(one), Some(other)) = (a.first(), b.first()) {
                    walk(&format!("{path}[]"), one, other, how, found);
                }
                return;
            }
            if a.len() != b.len() {
                found.push(format!("{path}: {} items, recorded {}", b.len(), a.len()));
            }
            for (one, other) in a.iter().zip(b) {
                walk(&format!("{path}[]"), one, other, how, found);
            }
        }
        _ => {
            let same_type = std::mem::discriminant(recorded) == std::mem::discriminant(ours);
            let lenient = is_free(path) || how == Strictness::Types;
            if recorded != ours && !(lenient && same_type) {
                found.push(format!("{path}: {ours}, recorded {recorded}"));
            }
        }
    }
}

#[test]
fn finds_every_kind_of_difference() {
    let recorded = serde_json::json!({ "a": 1, "b": [{ "c": "x" }], "order_key": "k" });
    let same = serde_json::json!({ "a": 1, "b": [{ "c": "x" }], "order_key": "other" });
    assert_eq!(differences(&recorded, &same), Vec::<String>::new());
    let other = serde_json::json!({ "a": "1", "b": [{ "d": "x" }, {}], "order_key": 5 });
    assert_eq!(differences(&recorded, &other).len(), 5);
}

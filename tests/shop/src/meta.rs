//! Metadata: written by key or id, stored as PHP stores it.

use serde_json::{Map, Value, json};

use crate::doc::{Doc, obj};
use crate::model::Meta;
use crate::shop::{Ids, Shop};
use crate::validate;

/// Scalars become strings in the database, lists and objects survive.
fn stored(value: &Value) -> Value {
    validate::text(value).map_or_else(|| value.clone(), Value::String)
}

/// Applies `meta_data` of a request: an entry without id changes the one of
/// that key and removes its doubles, a null value removes it. Answers whether
/// anything changed.
pub(crate) fn apply(ids: &mut Ids, meta: &mut Vec<Meta>, entries: Option<&Value>) -> bool {
    let before = meta.clone();
    for entry in entries.and_then(Value::as_array).into_iter().flatten() {
        let Some(entry) = entry.as_object() else { continue };
        apply_one(ids, meta, entry);
    }
    *meta != before
}

fn apply_one(ids: &mut Ids, meta: &mut Vec<Meta>, entry: &Map<String, Value>) {
    let key = entry.get("key").and_then(Value::as_str);
    let id = validate::id(entry.get("id"));
    let found = meta.iter().position(|m| match (id, key) {
        (Some(id), _) => m.id == id,
        (None, Some(key)) => m.key == key,
        (None, None) => false,
    });
    if let (Some(at), None, Some(key)) = (found, id, key) {
        let mut here = 0..;
        meta.retain(|m| here.next() == Some(at) || m.key != key);
    }
    let value = entry.get("value").unwrap_or(&Value::Null);
    match (found, value.is_null()) {
        (Some(at), true) => {
            meta.remove(at);
        }
        (Some(at), false) => {
            if let Some(key) = key {
                key.clone_into(&mut meta[at].key);
            }
            meta[at].value = stored(value);
        }
        (None, false) => {
            if let Some(key) = key {
                meta.push(Meta { id: ids.meta(), key: key.to_owned(), value: stored(value) });
            }
        }
        (None, true) => {}
    }
}

/// The value of a key as text.
pub(crate) fn text<'a>(meta: &'a [Meta], key: &str) -> Option<&'a str> {
    meta.iter().find(|m| m.key == key)?.value.as_str()
}

/// Sets a key, keeping the entry's id if it exists.
pub(crate) fn set(ids: &mut Ids, meta: &mut Vec<Meta>, key: &str, value: &str) {
    apply(ids, meta, Some(&json!([{ "key": key, "value": value }])));
}

/// Removes a key; answers whether it was there.
pub(crate) fn remove(meta: &mut Vec<Meta>, key: &str) -> bool {
    let before = meta.len();
    meta.retain(|m| m.key != key);
    meta.len() != before
}

/// `meta_data` of a document.
pub(crate) fn render(meta: &[Meta]) -> Doc {
    meta.iter().map(|m| obj! { "id" => m.id, "key" => m.key.clone(), "value" => m.value.clone() }).collect()
}

/// `meta_data` of a line, which also has display texts.
pub(crate) fn render_of_line(shop: &Shop, meta: &[Meta]) -> Doc {
    meta.iter()
        .map(|m| {
            let (key, value) = shop.display_meta(m);
            obj! {
                "id" => m.id,
                "key" => m.key.clone(),
                "value" => m.value.clone(),
                "display_key" => key,
                "display_value" => value,
            }
        })
        .collect()
}

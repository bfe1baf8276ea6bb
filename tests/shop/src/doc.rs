//! JSON with its keys in order, written as PHP writes it.
//!
//! `serde_json` sorts keys unless a feature is on that would change every
//! crate of the workspace, and a shop answers with `id` first.

use std::io;

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;
use serde_json::ser::Formatter;

/// A JSON document whose objects keep the order they were written in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Doc {
    /// A scalar, or a nested value whose key order nobody relies on.
    Value(Value),
    /// An object in order.
    Object(Vec<(String, Doc)>),
    /// An array.
    List(Vec<Doc>),
}

impl Doc {
    /// The value of a key, if this is an object that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Doc> {
        match self {
            Doc::Object(fields) => fields.iter().find(|(name, _)| name == key).map(|(_, doc)| doc),
            _ => None,
        }
    }

    /// Appends a field; does nothing on what is not an object.
    pub(crate) fn push(&mut self, key: &str, doc: impl Into<Doc>) {
        if let Doc::Object(fields) = self {
            fields.push((key.to_owned(), doc.into()));
        }
    }

    /// Keeps the fields of the list, as `_fields` does (top level names only;
    /// `a.b` keeps `a`).
    pub(crate) fn keep(&mut self, wanted: &[&str]) {
        if let Doc::Object(fields) = self {
            fields
                .retain(|(name, _)| wanted.iter().any(|want| want.split('.').next() == Some(name.as_str())));
        }
    }

    /// The bytes as PHP's `json_encode` writes them: ASCII only, `/` escaped.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        let mut serializer = serde_json::Serializer::with_formatter(&mut out, Php);
        // Writing to memory does not fail and every key is a string.
        match self.serialize(&mut serializer) {
            Ok(()) => out,
            Err(_) => b"null".to_vec(),
        }
    }
}

impl<T: Into<Value>> From<T> for Doc {
    fn from(value: T) -> Self {
        Doc::Value(value.into())
    }
}

impl FromIterator<Doc> for Doc {
    fn from_iter<I: IntoIterator<Item = Doc>>(items: I) -> Self {
        Doc::List(items.into_iter().collect())
    }
}

impl Serialize for Doc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Doc::Value(value) => value.serialize(serializer),
            Doc::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, doc) in fields {
                    map.serialize_entry(name, doc)?;
                }
                map.end()
            }
            Doc::List(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
        }
    }
}

/// Builds an ordered object: `obj! { "id" => 1, "name" => "x" }`.
macro_rules! obj {
    ($($key:expr => $value:expr),* $(,)?) => {
        $crate::doc::Doc::Object(vec![$(($key.to_owned(), $crate::doc::Doc::from($value))),*])
    };
}
pub(crate) use obj;

struct Php;

impl Formatter for Php {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut units = [0u16; 2];
        for c in fragment.chars() {
            if c == '/' {
                writer.write_all(b"\\/")?;
            } else if c.is_ascii() {
                writer.write_all(c.encode_utf8(&mut [0; 4]).as_bytes())?;
            } else {
                for unit in c.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn writes_keys_in_order_and_text_as_php_does() {
        let doc = obj! { "id" => 7, "a" => "Größe 😀 a/b \"x\"\n", "n" => json!({"b": 1}) };
        let text = String::from_utf8(doc.to_bytes()).unwrap();
        assert_eq!(text, r#"{"id":7,"a":"Gr\u00f6\u00dfe \ud83d\ude00 a\/b \"x\"\n","n":{"b":1}}"#);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["a"], "Größe 😀 a/b \"x\"\n");
    }

    #[test]
    fn keeps_only_wanted_fields() {
        let mut doc = obj! { "id" => 7, "a" => 1, "b" => 2 };
        doc.keep(&["id", "b.c"]);
        assert_eq!(doc, obj! { "id" => 7, "b" => 2 });
    }
}

//! PHP has one kind of array. Encoded as JSON, a list with a gap becomes an
//! object and an empty object becomes a list.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A list, or an object whose values are the list. Anything else is empty.
/// Elements are objects.
#[derive(Debug)]
pub struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> std::ops::Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

/// An object. Anything else is an object without fields.
#[derive(Debug, Default)]
pub struct Object<T>(pub T);

impl<T> std::ops::Deref for Object<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectVisitor(PhantomData))
    }
}

/// What every visitor here answers for a scalar.
macro_rules! scalars_are {
    ($nothing:expr) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("anything")
        }

        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($nothing)
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($nothing)
        }

        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($nothing)
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($nothing)
        }

        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($nothing)
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($nothing)
        }
    };
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    scalars_are!(List::default());

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<List<T>, A::Error> {
        let mut elements = Vec::new();
        while let Some(Object(element)) = list.next_element()? {
            elements.push(element);
        }
        Ok(List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<List<T>, A::Error> {
        let mut elements = Vec::new();
        while let Some((IgnoredAny, Object(element))) = map.next_entry()? {
            elements.push(element);
        }
        Ok(List(elements))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    scalars_are!(Object(T::default()));

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Object<T>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Object(T::default()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

#[cfg(test)]
mod tests {
    use crate::wire::{WireMeta, WireOrder, WireTax, meta, meta_text};

    use super::*;

    fn taxes(json: &str) -> Vec<String> {
        let taxes: List<WireTax> = serde_json::from_str(json).unwrap();
        taxes.iter().map(|row| row.total.text()).collect()
    }

    #[test]
    fn a_list_survives_php() {
        assert_eq!(taxes(r#"[{"id":1,"total":"1.5"},{"id":2,"total":2}]"#), ["1.5", "2"]);
        assert_eq!(taxes(r#"{"0":{"id":1,"total":"1.5"},"2":{"id":2,"total":2}}"#), ["1.5", "2"]);
        assert_eq!(taxes(r#"[[],null,"x"]"#), ["", "", ""]);
        for empty in ["[]", "{}", "null", "\"\"", "false", "17", "1.5", "-1"] {
            assert!(taxes(empty).is_empty(), "{empty}");
        }
    }

    #[test]
    fn an_object_survives_php() {
        for nothing in ["[]", "[1,[2]]", "null", "\"\"", "false", "17"] {
            let order = format!(r#"{{"id":1,"billing":{nothing}}}"#);
            let order: WireOrder = serde_json::from_str(&order).unwrap();
            assert_eq!(order.billing.city.text(), "", "{nothing}");
        }
    }

    #[test]
    fn metadata_of_any_depth_is_carried_unread() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let json =
            format!(r#"[{{"key":"a","value":{deep}}},{{"key":"b","value":"x"}},{{"key":"b","value":12}}]"#);
        let entries: List<WireMeta> = serde_json::from_str(&json).unwrap();
        assert_eq!(meta(&entries, "a").unwrap().get().len(), deep.len());
        assert_eq!(meta_text(&entries, "a"), Some(deep));
        assert_eq!(meta_text(&entries, "b").as_deref(), Some("12"), "the last one counts");
        assert_eq!(meta_text(&entries, "c"), None);
    }
}

//! Mappings: how the shop's names become the ERP's. They are audited data,
//! not code, and they fail closed: what is not mapped goes to people.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

/// What kind of name is mapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MappingKind {
    /// `id:42` (variation or product id) or `sku:MUG-L` → one ERP item code.
    Item,
    /// `rates:5+6` (an ordered set; `c` marks a compound rate) or
    /// `none:JP:reduced-rate`, `none:JP` → ERP tax codes, possibly none.
    Tax,
    /// `payment_method`, or `tender:` with the kind of a tender
    /// (`tender:field:gift_cards`) → one ERP journal, or none to book.
    Payment,
    /// `method_id:instance_id` or `method_id` → one ERP item code.
    Shipping,
    /// `name:Gift wrap` or `any` → one ERP item code; `refund` → that of money
    /// given back without goods, which `any` does not name.
    Fee,
}

impl MappingKind {
    /// The word used in documents and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Tax => "tax",
            Self::Payment => "payment",
            Self::Shipping => "shipping",
            Self::Fee => "fee",
        }
    }
}

/// One thing to be mapped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MappingKey {
    /// What kind of name.
    pub kind: MappingKind,
    /// The shop's name, as [`MappingKind`] describes.
    pub name: String,
}

impl MappingKey {
    /// A key of a kind.
    pub fn new(kind: MappingKind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }
}

impl fmt::Display for MappingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.kind.as_str(), self.name)
    }
}

/// The mappings found for the keys asked for: key → the ERP's codes.
pub type Mappings = BTreeMap<MappingKey, Vec<String>>;

/// A document of `config/mappings/`: the seed of one store's mappings. What
/// people add at the exception desk is kept in the ledger and wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MappingDocument {
    /// For editors: where the schema is.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The store these belong to.
    pub store: crate::id::StoreId,
    /// kind → shop name → ERP codes.
    /// A name that stands twice is an error: which one was meant?
    #[serde(deserialize_with = "names_once")]
    #[schemars(extend("propertyNames" = { "enum": ["item", "tax", "payment", "shipping", "fee"] }))]
    pub mappings: BTreeMap<MappingKind, NamedTargets>,
}

/// The shop's names of one kind → ERP codes.
pub type NamedTargets = BTreeMap<String, Vec<String>>;

fn names_once<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<MappingKind, NamedTargets>, D::Error> {
    let kinds = Once::<MappingKind, Once<String, Vec<String>>>::deserialize(from)?;
    Ok(kinds.0.into_iter().map(|(kind, names)| (kind, names.0)).collect())
}

/// A map that takes each key once: JSON would silently keep the last.
struct Once<K, V>(BTreeMap<K, V>);

impl<'de, K: Deserialize<'de> + Ord + fmt::Debug, V: Deserialize<'de>> Deserialize<'de> for Once<K, V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(OnceVisitor(PhantomData))
    }
}

struct OnceVisitor<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de> + Ord + fmt::Debug, V: Deserialize<'de>> Visitor<'de> for OnceVisitor<K, V> {
    type Value = Once<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object that names each thing once")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut once = BTreeMap::new();
        while let Some((key, value)) = map.next_entry()? {
            if once.contains_key(&key) {
                return Err(A::Error::custom(format!("{key:?} stands twice")));
            }
            once.insert(key, value);
        }
        Ok(Once(once))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(mappings: &str) -> Result<MappingDocument, String> {
        let text = format!(r#"{{ "store": "main", "mappings": {mappings} }}"#);
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_name_that_stands_twice_is_refused() {
        let good =
            parse(r#"{ "item": { "sku:A": ["1"], "sku:B": ["1"] }, "tax": { "none:JP": [] } }"#).unwrap();
        assert_eq!(good.mappings[&MappingKind::Item].len(), 2);
        let name = parse(r#"{ "item": { "sku:A": ["1"], "sku:A": ["2"] } }"#).unwrap_err();
        assert!(name.contains(r#""sku:A" stands twice"#), "{name}");
        let kind = parse(r#"{ "item": {}, "item": {} }"#).unwrap_err();
        assert!(kind.contains("Item stands twice"), "{kind}");
    }
}

//! Mappings: how the shop's names become the ERP's. They are audited data,
//! not code, and they fail closed: what is not mapped goes to people.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
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
    /// `name:Gift wrap` or `any` → one ERP item code.
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
    #[schemars(extend("propertyNames" = { "enum": ["item", "tax", "payment", "shipping", "fee"] }))]
    pub mappings: BTreeMap<MappingKind, BTreeMap<String, Vec<String>>>,
}

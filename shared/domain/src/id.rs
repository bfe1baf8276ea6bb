//! Names and keys. Each is a newtype, so that a store can never be passed
//! where an ERP is meant.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A name was not usable as a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a name: use 1 to 40 of a-z, 0-9 and '-', starting with a letter")]
pub struct BadName(String);

/// Lower case letters, digits and dashes: safe in a URL path, a queue message,
/// a table key and a metric dimension without any escaping.
fn is_name(text: &str) -> bool {
    text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(extend("pattern" = "^[a-z][a-z0-9-]{0,39}$"))]
        pub struct $type(String);

        impl $type {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = BadName;
            fn from_str(text: &str) -> Result<Self, BadName> {
                Self::try_from(text.to_owned())
            }
        }

        impl TryFrom<String> for $type {
            type Error = BadName;
            fn try_from(text: String) -> Result<Self, BadName> {
                if is_name(&text) { Ok(Self(text)) } else { Err(BadName(text)) }
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name! {
    /// One WooCommerce shop.
    StoreId
}
name! {
    /// One configured ERP connection.
    ErpId
}
name! {
    /// A legal entity in an ERP. Which one an order belongs to is a rule.
    EntityId
}

name! {
    /// A warehouse or shop floor whose stock has one declared owner.
    LocationId
}

/// The shop's own order id: `id`, never `number`, which plugins rewrite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrderId(pub u64);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The shop's own id of a refund, unique in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RefundId(pub u64);

impl fmt::Display for RefundId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A parcel by the ERP's own name, unique in the ERP.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ParcelId(pub String);

impl fmt::Display for ParcelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Goods that came back, by the ERP's own name of that event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReturnId(pub String);

impl fmt::Display for ReturnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How many times this order has lived: a cancelled WooCommerce order can be
/// revived, and an ERP with a unique reference forbids a second document
/// under the first one's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Generation(pub u32);

impl Generation {
    /// The generation of an order seen for the first time.
    pub const FIRST: Self = Self(1);

    /// The generation after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// What a ledger record is about: one order of one store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderKey {
    /// The shop the order was placed in.
    pub store: StoreId,
    /// The shop's id of it.
    pub order: OrderId,
}

impl fmt::Display for OrderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.store, self.order)
    }
}

/// What an ERP document is about: one life of one order, or one refund of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DocumentKey {
    /// The order.
    pub order: OrderKey,
    /// Which of its lives; the first for a refund, which is given once
    /// whatever becomes of its order.
    pub generation: Generation,
    /// Which of its refunds; `None` for the order itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<RefundId>,
}

impl DocumentKey {
    /// Of one life of an order.
    pub fn of_order(order: &OrderKey, generation: Generation) -> Self {
        Self { order: order.clone(), generation, refund: None }
    }

    /// Of one refund of an order.
    pub fn of_refund(order: &OrderKey, refund: RefundId) -> Self {
        Self { order: order.clone(), generation: Generation::FIRST, refund: Some(refund) }
    }

    /// The reference within the store that an ERP keeps unique: `4711` for
    /// the first life, `4711.2` for the second, `4711.r31` for refund 31.
    pub fn reference(&self) -> String {
        let order = self.order.order;
        match (self.refund, self.generation) {
            (Some(refund), _) => format!("{order}.r{refund}"),
            (None, Generation::FIRST) => order.to_string(),
            (None, Generation(n)) => format!("{order}.{n}"),
        }
    }
}

impl fmt::Display for DocumentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.order.store, self.reference())
    }
}

/// A stock keeping unit, exactly as its owner writes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Sku(pub String);

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What stock is counted by: one item of one legal entity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ItemKey {
    /// Whose it is.
    pub entity: EntityId,
    /// The ERP's item code.
    pub sku: Sku,
}

impl fmt::Display for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.entity, self.sku)
    }
}

/// One sold position of one order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LineKey {
    /// The order.
    pub order: OrderKey,
    /// The shop's line id.
    pub line: u64,
}

impl fmt::Display for LineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.order, self.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_in_every_key() {
        for good in ["a", "main", "shop-2", "x234567890123456789012345678901234567890"[..40].as_ref()] {
            assert_eq!(good.parse::<StoreId>().unwrap().as_str(), good);
        }
        for bad in ["", "Main", "1st", "a b", "a/b", "a#b", "ä", &"a".repeat(41)] {
            assert!(bad.parse::<StoreId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_second_life_has_its_own_reference() {
        let order = OrderKey { store: "main".parse().unwrap(), order: OrderId(4711) };
        let mut key = DocumentKey::of_order(&order, Generation::FIRST);
        assert_eq!(key.reference(), "4711");
        key.generation = key.generation.next();
        assert_eq!(key.reference(), "4711.2");
        assert_eq!(key.to_string(), "main/4711.2");
    }

    #[test]
    fn a_refund_has_a_reference_that_no_life_has() {
        let order = OrderKey { store: "main".parse().unwrap(), order: OrderId(4711) };
        let key = DocumentKey::of_refund(&order, RefundId(31));
        assert_eq!(key.to_string(), "main/4711.r31");
    }
}

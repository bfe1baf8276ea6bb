//! Positions: what the ERP says about one item, all its locations read in one
//! pass. A transfer seen half would be stock twice.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::id::{ItemKey, LineKey, LocationId};

/// What the ERP says about an item at one location, in units of the item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocationStock {
    /// Physically there.
    pub on_hand: Decimal,
    /// Promised to somebody: every outgoing move not yet done.
    pub reserved: Decimal,
    /// What may still be sold. What the adapter computes it from is its
    /// declared [`StockBasis`](crate::ports::StockBasis).
    pub available: Decimal,
    /// On its way in. Never sold.
    pub incoming: Decimal,
}

/// What the ERP said about one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Which item.
    pub item: ItemKey,
    /// Counts the readings that were stored, from 1. A reading is stored only
    /// if no other was since it began, so that a later version was read later.
    pub version: u64,
    /// Just before the reading began, by our clock.
    pub as_of: Timestamp,
    /// E: by how much `available` is already lower for each line that was in
    /// flight when the reading began. Read *before* the locations.
    #[serde(with = "by_line")]
    pub included: BTreeMap<LineKey, Decimal>,
    /// Every location of the item.
    pub locations: BTreeMap<LocationId, LocationStock>,
    /// The ERP knows the item. One that it does not know any more keeps its
    /// last figures and is not published.
    pub known: bool,
}

impl Position {
    /// A: what may be sold from a pool of locations. One that is not there
    /// has nothing.
    pub fn available(&self, pool: &BTreeSet<LocationId>) -> Decimal {
        self.locations
            .iter()
            .filter(|(location, _)| pool.contains(*location))
            .map(|(_, stock)| stock.available)
            .sum()
    }

    /// Whether a reading says the same as this one.
    pub fn says(&self, locations: &BTreeMap<LocationId, LocationStock>) -> bool {
        self.known && self.locations == *locations
    }
}

/// JSON's keys are text: `{"main/4711/12": "2"}`.
mod by_line {
    use std::collections::BTreeMap;

    use rust_decimal::Decimal;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::id::{LineKey, OrderId, OrderKey};

    pub(super) fn serialize<S: Serializer>(
        included: &BTreeMap<LineKey, Decimal>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(included.iter().map(|(line, units)| (line.to_string(), units)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<LineKey, Decimal>, D::Error> {
        let included: BTreeMap<String, Decimal> = BTreeMap::deserialize(deserializer)?;
        let key = |(text, units): (String, Decimal)| {
            Ok((parse(&text).ok_or_else(|| D::Error::custom("not a line"))?, units))
        };
        included.into_iter().map(key).collect()
    }

    /// The inverse of `Display`.
    fn parse(text: &str) -> Option<LineKey> {
        let mut parts = text.split('/');
        let store = parts.next()?.parse().ok()?;
        let order = OrderKey { store, order: OrderId(parts.next()?.parse().ok()?) };
        let line = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some(LineKey { order, line })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_as_it_was_written() {
        let json = r#"{"item":{"entity":"acme","sku":"MUG-L"},"version":3,"as_of":"2026-11-28T09:00:00Z","included":{"main/4711/12":"2.5"},"locations":{},"known":true}"#;
        let position: Position = serde_json::from_str(json).unwrap();
        assert_eq!(position.included.keys().next().unwrap().to_string(), "main/4711/12");
        assert_eq!(serde_json::to_string(&position).unwrap(), json);
        for bad in ["main", "main/4711", "main/4711/12/1", "main/x/12"] {
            assert!(serde_json::from_str::<Position>(&json.replace("main/4711/12", bad)).is_err(), "{bad}");
        }
    }
}

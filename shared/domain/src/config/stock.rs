use std::collections::BTreeSet;

use jiff::SignedDuration;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use crate::id::{EntityId, LocationId, Sku};
use crate::stock::Terms;

/// What a store may sell. A store without this keeps its own stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StockConfig {
    /// Whose stock it sells: one of the entities of the store's rules. It is
    /// in one ERP, the same for every store that sells it.
    pub entity: EntityId,
    /// The pool: locations whose stock it may sell, as the ERP's document
    /// names them.
    pub locations: BTreeSet<LocationId>,
    /// Its part of the pool, more than 0 and at most 1. Several stores may
    /// each have all of it: what one sells is taken off the others.
    #[serde(default = "all")]
    pub share: Decimal,
    /// Units kept back of every item.
    #[serde(default)]
    pub safety: Decimal,
    /// The most units that are shown of any item.
    #[serde(default)]
    pub cap: Option<Decimal>,
    /// Whether it may sell what is not there.
    #[serde(default)]
    pub backorders: Backorders,
    /// Other terms for some items: the first rule that names an item counts.
    #[serde(default)]
    pub rules: Vec<StockRule>,
    /// Items that Weir leaves alone in this store.
    #[serde(default)]
    pub ignore: BTreeSet<Sku>,
    /// How quantities are written.
    #[serde(default)]
    pub write: WriteMode,
    /// An increase by fewer units than this waits for the nightly pass, unless
    /// the shop shows none. 1: every increase is written at once.
    #[serde(default = "one")]
    pub raise_by_at_least: Decimal,
    /// How long after our time-out a request of ours may still take effect in
    /// the shop, in seconds.
    #[serde(default = "a_minute")]
    pub longest_request_s: u32,
}

fn all() -> Decimal {
    Decimal::ONE
}

fn one() -> Decimal {
    Decimal::ONE
}

fn a_minute() -> u32 {
    60
}

/// Terms for some items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StockRule {
    /// What people call this class of items.
    pub class: String,
    /// Items by the ERP's code.
    #[serde(default)]
    pub items: BTreeSet<Sku>,
    /// Items whose code begins so.
    #[serde(default)]
    pub prefixes: BTreeSet<String>,
    /// Units kept back; the store's where it is absent.
    #[serde(default)]
    pub safety: Option<Decimal>,
    /// The most that is shown; the store's where it is absent.
    #[serde(default)]
    pub cap: Option<Decimal>,
    /// Whether they may be sold when there are none; the store's where it is
    /// absent.
    #[serde(default)]
    pub backorders: Option<Backorders>,
}

/// Whether a shop may sell what is not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Backorders {
    /// As the product says in the shop.
    #[default]
    AsInShop,
    /// A shortage is shown as the shop left it, never lower.
    Never,
    /// A shortage is shown in full.
    Always,
}

/// How quantities are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WriteMode {
    /// As a change (`inventory_delta`): a sale between reading and writing
    /// survives.
    #[default]
    Delta,
    /// As a number over whatever is there: for shops whose plugins do not
    /// know changes. A sale between reading and writing is overwritten, until
    /// the next pass.
    Absolute,
}

impl StockConfig {
    /// Refuses what parses and makes no sense.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let negative = |number: &Decimal| number.is_sign_negative() && !number.is_zero();
        if self.locations.is_empty() {
            return Err(ConfigError::new("stock.locations", "needs at least one location"));
        }
        if self.share <= Decimal::ZERO || self.share > Decimal::ONE {
            return Err(ConfigError::new("stock.share", "must be more than 0 and at most 1"));
        }
        if negative(&self.safety) {
            return Err(ConfigError::new("stock.safety", "must not be negative"));
        }
        if self.cap.as_ref().is_some_and(negative) {
            return Err(ConfigError::new("stock.cap", "must not be negative"));
        }
        if negative(&self.raise_by_at_least) {
            return Err(ConfigError::new("stock.raise_by_at_least", "must not be negative"));
        }
        if self.longest_request_s == 0 {
            return Err(ConfigError::new("stock.longest_request_s", "must be at least 1"));
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let field = format!("stock.rules[{index}]");
            if rule.items.is_empty() && rule.prefixes.is_empty() {
                return Err(ConfigError::new(field, "names no items: give items or prefixes"));
            }
            if rule.safety.as_ref().is_some_and(negative) || rule.cap.as_ref().is_some_and(negative) {
                return Err(ConfigError::new(field, "safety and cap must not be negative"));
            }
        }
        Ok(())
    }

    /// The terms of an item. `in_shop` is what the product says of backorders.
    pub fn terms(&self, sku: &Sku, in_shop: bool) -> Terms {
        let rule = self.rules.iter().find(|rule| rule.names(sku));
        let backorders = match rule.and_then(|rule| rule.backorders).unwrap_or(self.backorders) {
            Backorders::AsInShop => in_shop,
            Backorders::Never => false,
            Backorders::Always => true,
        };
        Terms {
            share: self.share,
            safety: rule.and_then(|rule| rule.safety).unwrap_or(self.safety),
            cap: rule.and_then(|rule| rule.cap).or(self.cap),
            backorders,
        }
    }

    /// [`longest_request_s`](Self::longest_request_s).
    pub fn longest_request(&self) -> SignedDuration {
        SignedDuration::from_secs(self.longest_request_s.into())
    }
}

impl StockRule {
    fn names(&self, sku: &Sku) -> bool {
        self.items.contains(sku) || self.prefixes.iter().any(|prefix| sku.0.starts_with(prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: &str) -> StockConfig {
        let text = format!(r#"{{ "entity": "eu", "locations": ["main"] {json} }}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn the_first_rule_that_names_an_item_counts() {
        let config = config(
            r#", "safety": "1", "cap": "50", "rules": [
                { "class": "fragile", "prefixes": ["GLASS-"], "safety": "3" },
                { "class": "all glass and one mug", "items": ["MUG-L"], "prefixes": ["GLASS-"], "cap": "5",
                  "backorders": "always" } ]"#,
        );
        let terms = |sku: &str| {
            let terms = config.terms(&Sku(sku.to_owned()), false);
            (terms.safety.to_string(), terms.cap.map(|cap| cap.to_string()), terms.backorders)
        };
        assert_eq!(terms("GLASS-1"), ("3".into(), Some("50".into()), false));
        assert_eq!(terms("MUG-L"), ("1".into(), Some("5".into()), true));
        assert_eq!(terms("MUG-S"), ("1".into(), Some("50".into()), false));
        assert!(config.terms(&Sku("MUG-S".into()), true).backorders, "as in the shop");
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_its_field() {
        for (json, field) in [
            (r#", "share": "0""#, "stock.share"),
            (r#", "share": "1.01""#, "stock.share"),
            (r#", "safety": "-1""#, "stock.safety"),
            (r#", "cap": "-1""#, "stock.cap"),
            (r#", "raise_by_at_least": "-1""#, "stock.raise_by_at_least"),
            (r#", "longest_request_s": 0"#, "stock.longest_request_s"),
            (r#", "rules": [{ "class": "none" }]"#, "stock.rules[0]"),
            (r#", "rules": [{ "class": "x", "items": ["A"], "cap": "-1" }]"#, "stock.rules[0]"),
        ] {
            assert_eq!(config(json).check().unwrap_err().field, field, "{json}");
        }
        assert!(config("").check().is_ok());
    }
}

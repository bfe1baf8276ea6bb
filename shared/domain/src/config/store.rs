use std::collections::BTreeSet;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{ConfigError, FulfilmentConfig, StockConfig, check_url};
use crate::id::{EntityId, ErpId, StoreId};
use crate::import::ImportRules;
use crate::money::Currency;
use crate::order::Order;

/// `config/stores/<store>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// For editors: where the schema is.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The store's name; also the file's name and a part of the webhook URL.
    pub store: StoreId,
    /// The shop's address, e.g. `https://shop.example.com/`.
    pub url: Url,
    /// Name of the secret with `consumer_key`, `consumer_secret`,
    /// `webhook_secret` and, during a rotation, `webhook_secret_previous`.
    pub secret: String,
    /// Which legal entity books an order: the first rule that matches.
    pub entities: Vec<EntityRule>,
    /// Which orders import.
    #[serde(default)]
    pub import: ImportRules,
    /// How items are found in the ERP when no mapping names them.
    #[serde(default)]
    pub items: ItemPolicy,
    /// How gift cards and store credit are recognised in orders.
    #[serde(default)]
    pub tender: Vec<TenderRule>,
    /// Order metadata that travels to the ERP; everything else is dropped.
    #[serde(default)]
    pub metadata: BTreeSet<String>,
    /// The order metadata key that carries the customer's VAT id.
    #[serde(default)]
    pub vat_id_key: Option<String>,
    /// The largest residual that a rounding line may carry, in major units.
    #[serde(default = "default_cap")]
    pub rounding_cap: Decimal,
    /// The poll that finds what webhooks lost.
    #[serde(default)]
    pub poll: PollConfig,
    /// The webhooks that tell Weir of its orders.
    #[serde(default)]
    pub webhooks: WebhooksConfig,
    /// What it may sell of whose stock; absent: its quantities are left alone.
    #[serde(default)]
    pub stock: Option<StockConfig>,
    /// What it is told of parcels and returns; absent: nothing.
    #[serde(default)]
    pub fulfilment: Option<FulfilmentConfig>,
    /// Refunds given before this instant (UTC) are taken to be in the ERP, by
    /// whatever hand: for stores that were connected before Weir booked refunds.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub refunds_since: Option<jiff::Timestamp>,
    /// Orders placed before this instant (UTC) are never imported.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub cut_over: Option<jiff::Timestamp>,
}

fn default_cap() -> Decimal {
    Decimal::new(10, 2)
}

/// One line of the rule `entity(order)`. An absent condition matches all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntityRule {
    /// Delivery countries, ISO 3166 alpha-2.
    #[serde(default)]
    pub countries: Option<BTreeSet<String>>,
    /// Currencies.
    #[serde(default)]
    pub currencies: Option<BTreeSet<Currency>>,
    /// The legal entity.
    pub entity: EntityId,
    /// The ERP connection that books for it.
    pub erp: ErpId,
}

/// How items are found when no mapping names them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemPolicy {
    /// The ERP's item code is the shop's SKU.
    #[default]
    SameSku,
    /// Only mappings count.
    MappedOnly,
}

/// How one gift card plugin shows in orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "plugin", rename_all = "snake_case", deny_unknown_fields)]
pub enum TenderRule {
    /// A list beside the order's own fields, each entry with an `amount`
    /// (e.g. `gift_cards`). The shop's total is what remains to be paid.
    Field {
        /// The list's name.
        name: String,
    },
    /// One order metadata entry that holds the amount, as a number, a string
    /// or an object of code → amount.
    Metadata {
        /// The entry's key.
        key: String,
    },
    /// A negative fee line with this name.
    Fee {
        /// The fee's name.
        name: String,
    },
}

/// The poll for orders whose hint was lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PollConfig {
    /// How often, at most; the minute tick starts it.
    pub every_minutes: u32,
    /// How far each poll reaches back behind the last one.
    pub overlap_minutes: u32,
    /// How far the very first poll reaches back.
    pub first_hours: u32,
}

impl Default for PollConfig {
    fn default() -> Self {
        Self { every_minutes: 5, overlap_minutes: 10, first_hours: 24 }
    }
}

/// The webhooks that tell Weir of a store's orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WebhooksConfig {
    /// Whether Weir makes, checks and repairs them; the API key then has to be
    /// `read_write`. If not, people do. Two installations that manage the
    /// webhooks of one shop take them from each other.
    pub manage: bool,
    /// Where the shop reaches Weir, if not at the address of its own
    /// deployment: `/stores/<store>/webhooks/<topic>` is appended.
    pub url: Option<Url>,
}

impl Default for WebhooksConfig {
    fn default() -> Self {
        Self { manage: true, url: None }
    }
}

impl StoreConfig {
    /// Refuses what parses and makes no sense.
    pub fn check(&self, local_profile: bool) -> Result<(), ConfigError> {
        check_url("url", &self.url, local_profile)?;
        self.webhooks.url.as_ref().map_or(Ok(()), |url| check_base(url, local_profile))?;
        if self.entities.is_empty() {
            return Err(ConfigError::new("entities", "needs at least one rule"));
        }
        if self.secret.trim().is_empty() {
            return Err(ConfigError::new("secret", "names no secret"));
        }
        if self.poll.every_minutes == 0 {
            return Err(ConfigError::new("poll.every_minutes", "must be at least 1"));
        }
        if self.rounding_cap.is_sign_negative() {
            return Err(ConfigError::new("rounding_cap", "must not be negative"));
        }
        self.fulfilment.as_ref().map_or(Ok(()), FulfilmentConfig::check)?;
        self.stock.as_ref().map_or(Ok(()), |stock| self.check_stock(stock))
    }

    /// One quantity in the shop can follow one ERP only: every order that
    /// lowers it must be seen in the figures it is computed from.
    fn check_stock(&self, stock: &StockConfig) -> Result<(), ConfigError> {
        stock.check()?;
        let Some(erp) = self.stock_erp() else {
            return Err(ConfigError::new("stock.entity", "is in none of the store's entity rules"));
        };
        if self.entities.iter().any(|rule| rule.erp != *erp) {
            let problem = "a store whose orders go to several ERPs cannot follow the stock of one";
            return Err(ConfigError::new("stock", problem));
        }
        Ok(())
    }

    /// The ERP that the store's stock is in, if it follows one.
    pub fn stock_erp(&self) -> Option<&ErpId> {
        let entity = &self.stock.as_ref()?.entity;
        self.entities.iter().find(|rule| rule.entity == *entity).map(|rule| &rule.erp)
    }

    /// Which entity, in which ERP, books this order; `None` if no rule matches.
    pub fn entity(&self, order: &Order) -> Option<&EntityRule> {
        let country = &order.destination().country;
        self.entities.iter().find(|rule| {
            rule.countries.as_ref().is_none_or(|countries| countries.contains(country))
                && rule.currencies.as_ref().is_none_or(|currencies| currencies.contains(&order.currency))
        })
    }
}

/// What is appended to it makes the address of a webhook.
fn check_base(url: &Url, local_profile: bool) -> Result<(), ConfigError> {
    let field = "webhooks.url";
    check_url(field, url, local_profile)?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(ConfigError::new(field, "must end with its path"));
    }
    Ok(())
}

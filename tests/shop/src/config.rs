//! The shop's settings and catalogue, one JSON document.
//!
//! Top-level keys of a given document replace those of `default.json`, which
//! is also the reference of what can be written.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const DEFAULT: &str = include_str!("default.json");

/// Why a configuration document was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not JSON, or not the documented shape.
    #[error("shop configuration: {0}")]
    Json(#[from] serde_json::Error),
    /// A value that cannot be.
    #[error("shop configuration: {0}")]
    Value(String),
}

/// Everything the shop is told at start.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "settings that do not depend on each other")]
pub struct Config {
    /// Shop URL without final slash; unset: the address it listens on.
    pub site_url: Option<String>,
    /// ISO currency of orders that name none.
    pub currency: String,
    /// Decimals of money strings: the shop's setting, not the currency's.
    pub decimals: u32,
    /// Whether prices are typed with tax.
    pub prices_include_tax: bool,
    /// Whether tax is rounded once per order instead of per line.
    pub round_at_subtotal: bool,
    /// Shop time zone, fixed offset from UTC in minutes.
    pub utc_offset_minutes: i32,
    /// Country whose tax rates are inside tax-inclusive prices.
    pub base_country: String,
    /// Whether the shop sees TLS. When false Basic credentials are ignored
    /// unless `X-Forwarded-Proto: https` comes with the request.
    pub tls_seen: bool,
    /// Orders in their own tables (HPOS); false: in posts, with more crosstalk.
    pub hpos: bool,
    /// A decimal-quantity plugin: quantities are floats.
    pub decimal_quantities: bool,
    /// What a numbering plugin puts before the id in `number`.
    pub number_prefix: String,
    /// Statuses that plugins add.
    pub custom_statuses: Vec<String>,
    /// API keys; empty: one read-write pair derived from `seed`.
    pub keys: Vec<ApiKey>,
    /// Core order fulfilments, a feature of later versions behind a flag.
    pub fulfillments: bool,
    /// The Shipment Tracking extension.
    pub shipment_tracking: bool,
    /// The plugin Advanced Shipment Tracking.
    pub ast: bool,
    /// Payment methods whose gateway grants refunds over the API.
    pub refund_gateways: Vec<String>,
    /// Tax rates, in order of id.
    pub tax_rates: Vec<TaxRateConfig>,
    /// Global attributes, ids from 1.
    pub attributes: Vec<String>,
    /// Products in order of id.
    pub catalogue: Vec<ProductConfig>,
    /// Coupons.
    pub coupons: Vec<CouponConfig>,
    /// SKUs the ERP does not know, kept out of placed orders unless asked for.
    pub unmapped_skus: Vec<String>,
    /// First id of products, coupons, orders and refunds, which share one row
    /// of ids.
    pub first_id: u64,
    /// How deliveries run.
    pub delivery: DeliveryConfig,
    /// Seed of order keys, API keys and delivery ids.
    pub seed: u64,
}

/// A REST API key.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// `ck_..`
    pub key: String,
    /// `cs_..`
    pub secret: String,
    /// What it may do.
    pub permissions: Permissions,
}

/// Permissions of an API key.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Permissions {
    /// GET only.
    Read,
    /// Everything but GET.
    Write,
    /// All.
    ReadWrite,
}

/// One tax rate.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TaxRateConfig {
    /// Country code; empty: any.
    pub country: String,
    /// State code; empty: any.
    #[serde(default)]
    pub state: String,
    /// Percent.
    pub rate: Decimal,
    /// Name, part of the rate code.
    pub name: String,
    /// Tax class, `""` is standard.
    #[serde(default)]
    pub class: String,
    /// Of several rates of one priority only the closest applies.
    #[serde(default = "one")]
    pub priority: u32,
    /// On top of the other taxes.
    #[serde(default)]
    pub compound: bool,
    /// Whether shipping is taxed with it.
    #[serde(default = "yes")]
    pub shipping: bool,
}

/// One product, with its variations if it has any.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ProductConfig {
    /// Fixed id; unset: the next one.
    #[serde(default)]
    pub id: Option<u64>,
    /// Name; of a variation: ignored, it is made of the parent's.
    #[serde(default)]
    pub name: String,
    /// SKU, may be empty.
    #[serde(default)]
    pub sku: String,
    /// Price as typed (with tax where the shop says so).
    #[serde(default)]
    pub price: String,
    /// Sale price.
    #[serde(default)]
    pub sale_price: String,
    /// Tax class, `""` is standard.
    #[serde(default)]
    pub tax_class: String,
    /// Whether stock is counted.
    #[serde(default)]
    pub manage_stock: bool,
    /// Quantity where it is.
    #[serde(default)]
    pub stock: Decimal,
    /// `no`, `notify` or `yes`.
    #[serde(default)]
    pub backorders: String,
    /// Nothing to ship.
    #[serde(default, rename = "virtual")]
    pub is_virtual: bool,
    /// Attribute name and its options (variation: its one option).
    #[serde(default)]
    pub attributes: Vec<(String, Vec<String>)>,
    /// Variations; a product that has any is of type `variable`.
    #[serde(default)]
    pub variations: Vec<ProductConfig>,
}

/// One coupon.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CouponConfig {
    /// Code, compared in lower case.
    pub code: String,
    /// `percent`, `fixed_cart` or `fixed_product`.
    pub discount_type: String,
    /// Percent, or money.
    pub amount: Decimal,
}

/// How the queue of webhook deliveries runs.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DeliveryConfig {
    /// Deliveries under way at the same time. One is what a small shop does.
    pub workers: u32,
    /// How long a job waits in the queue before it may run, in ms.
    pub queue_delay_ms: u64,
    /// How long a receiver may take, in s.
    pub timeout_s: u64,
    /// Whether one run of the queue keeps loaded orders in memory, so that a
    /// slow receiver makes the next one get an old state.
    pub stale_cache: bool,
}

fn one() -> u32 {
    1
}

fn yes() -> bool {
    true
}

impl Config {
    /// The built-in shop.
    pub fn built_in() -> Result<Self, ConfigError> {
        Self::from_json("{}")
    }

    /// Reads a document over the built-in one, key by key.
    pub fn from_json(text: &str) -> Result<Self, ConfigError> {
        let mut merged: Value = serde_json::from_str(DEFAULT)?;
        let given: serde_json::Map<String, Value> = serde_json::from_str(text)?;
        if let Some(base) = merged.as_object_mut() {
            base.extend(given);
        }
        let mut config: Config = serde_json::from_value(merged)?;
        config.check()?;
        if config.keys.is_empty() {
            config.keys.push(ApiKey {
                key: format!("ck_{}", crate::sign::hex_id(config.seed, "consumer key", 40)),
                secret: format!("cs_{}", crate::sign::hex_id(config.seed, "consumer secret", 40)),
                permissions: Permissions::ReadWrite,
            });
        }
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let refuse = |text: &str| Err(ConfigError::Value(text.to_owned()));
        if self.decimals > 6 {
            return refuse("decimals: at most 6");
        }
        if crate::dates::ShopZone::from_minutes(self.utc_offset_minutes).is_none() {
            return refuse("utc_offset_minutes: out of range");
        }
        if self.delivery.workers == 0 || self.delivery.timeout_s == 0 {
            return refuse("delivery: workers and timeout_s must be at least 1");
        }
        if self.first_id == 0 {
            return refuse("first_id: at least 1");
        }
        if self.catalogue.iter().any(|p| p.variations.iter().any(|v| !v.variations.is_empty())) {
            return refuse("catalogue: a variation has no variations");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_is_valid_and_has_a_key() {
        let config = Config::built_in().unwrap();
        assert_eq!(config.keys.len(), 1);
        assert!(config.keys[0].key.starts_with("ck_"));
        assert_eq!(config.keys[0].key.len(), 43);
    }

    #[test]
    fn given_keys_replace_and_unknown_ones_are_refused() {
        assert_eq!(Config::from_json(r#"{"currency":"USD"}"#).unwrap().currency, "USD");
        let error = Config::from_json(r#"{"curency":"USD"}"#).unwrap_err().to_string();
        assert!(error.contains("curency"), "{error}");
        assert!(Config::from_json(r#"{"decimals":9}"#).is_err());
        assert!(Config::from_json("[]").is_err());
    }
}

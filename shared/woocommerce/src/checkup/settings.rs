//! How the shop is set.

use std::collections::BTreeSet;

use serde::Deserialize;
use weir_domain::order::OrderStatus;

use super::NotRead;
use crate::wire::{Object, Scalar};

/// What `GET system_status` says, as far as it says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct System {
    /// WooCommerce's version.
    pub version: Option<String>,
    /// The currency of prices.
    pub currency: Option<String>,
    /// Decimals of prices.
    pub decimals: Option<u32>,
    /// Whether orders live in their own tables; unknown to old versions.
    pub order_tables: Option<bool>,
}

/// Reads `GET system_status`.
pub fn system(body: &[u8]) -> Result<System, NotRead> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Status {
        environment: Object<Environment>,
        settings: Option<Object<Settings>>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Environment {
        version: Scalar,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Settings {
        currency: Scalar,
        number_of_decimals: Scalar,
        #[serde(rename = "HPOS_enabled")]
        hpos_enabled: Scalar,
    }
    let Object(status): Object<Status> = serde_json::from_slice(body).map_err(|_| NotRead)?;
    let Object(settings) = status.settings.ok_or(NotRead)?;
    Ok(System {
        version: text(&status.environment.version),
        currency: text(&settings.currency),
        decimals: small(&settings.number_of_decimals),
        order_tables: match settings.hpos_enabled {
            Scalar::Absent => None,
            said => Some(said.is_true()),
        },
    })
}

fn text(scalar: &Scalar) -> Option<String> {
    Some(scalar.text()).filter(|text| !text.is_empty())
}

/// 0 has to be said.
fn small(scalar: &Scalar) -> Option<u32> {
    text(scalar)?.trim().parse().ok()
}

/// Reads the value of `GET settings/{group}/{id}`.
pub fn setting(body: &[u8]) -> Result<String, NotRead> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Setting {
        value: Scalar,
    }
    let Object(setting): Object<Setting> = serde_json::from_slice(body).map_err(|_| NotRead)?;
    text(&setting.value).ok_or(NotRead)
}

/// Reads the statuses that an order can have from `OPTIONS orders`.
pub fn statuses(body: &[u8]) -> Result<BTreeSet<OrderStatus>, NotRead> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Described {
        schema: Object<Schema>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Schema {
        properties: Object<Properties>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Properties {
        status: Object<Status>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Status {
        #[serde(rename = "enum")]
        words: Vec<Scalar>,
    }
    let Object(described): Object<Described> = serde_json::from_slice(body).map_err(|_| NotRead)?;
    let words = &described.schema.properties.status.words;
    let known: BTreeSet<OrderStatus> = words.iter().filter_map(text).map(OrderStatus::from).collect();
    if known.is_empty() { Err(NotRead) } else { Ok(known) }
}

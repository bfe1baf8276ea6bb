use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{ConfigError, check_url};
use crate::id::{ErpId, LocationId, StoreId};

/// `config/erps/<erp>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
// serde cannot refuse unknown fields beside a flattened field; the adapter's
// own struct gets what is left over and refuses it.
#[schemars(deny_unknown_fields)]
pub struct ErpDocumentConfig {
    /// For editors: where the schema is.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The connection's name; also the file's name.
    pub erp: ErpId,
    /// The API's address, up to and without the adapter's own paths.
    pub url: Url,
    /// Name of the secret with `api_key`.
    pub secret: String,
    /// One attempt of one call, in seconds.
    #[serde(default = "default_timeout")]
    pub timeout_s: u32,
    /// How long after our time-out a request may still commit, in seconds, at
    /// least `timeout_s` and at most 600. What the ERP says of an order that a
    /// dead worker claimed waits for so long in its queue.
    #[serde(default = "default_longest")]
    pub longest_request_s: u32,
    /// Private address ranges that this ERP may be reached at (CIDR), for an
    /// on-premises ERP.
    #[serde(default)]
    pub allow_private: Vec<String>,
    /// Which adapter, and what only it needs to know.
    #[serde(flatten)]
    pub kind: ErpKind,
}

/// A claim holds for longer than this, and whatever meets the claimed order
/// comes back until it ends.
const LONGEST_REQUEST_S: u32 = 600;

fn default_timeout() -> u32 {
    20
}

fn default_longest() -> u32 {
    60
}

/// Which adapter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ErpKind {
    /// Tryton 8.0 through its REST API.
    Tryton(TrytonConfig),
}

/// Code → the ERP's record id.
pub type CodeMap = BTreeMap<String, u64>;

/// What the Tryton adapter needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(!deny_unknown_fields)]
pub struct TrytonConfig {
    /// Name of the database.
    pub database: String,
    /// Id of the `company.company`.
    pub company: u64,
    /// Id of the warehouse that orders ship from.
    pub warehouse: u64,
    /// Locations whose stock is read, by the names that stores use.
    #[serde(default)]
    pub locations: BTreeMap<LocationId, TrytonLocation>,
    /// store → id of its `web.shop`, which makes `web_id` unique.
    pub web_shops: BTreeMap<StoreId, u64>,
    /// Tax code of the mappings → id of the `account.tax`.
    pub taxes: CodeMap,
    /// Journal code of the mappings → id of the `account.payment.journal`.
    #[serde(default)]
    pub journals: CodeMap,
    /// Codes that make sums exact.
    pub rounding: AccountingCodes,
}

/// A warehouse of Tryton as a location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrytonLocation {
    /// Id of the warehouse (`stock.location`).
    pub warehouse: u64,
    /// Whose word on its stock counts. Its figures are read from the ERP in
    /// any case; events of others about this location are not acted on.
    #[serde(default)]
    pub owner: StockOwner,
}

/// Which system owns the stock of a location.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StockOwner {
    /// The ERP itself.
    #[default]
    Erp,
    /// A warehouse management system that books into the ERP.
    Wms,
    /// A till that books into the ERP.
    Pos,
}

/// How cents that rounding leaves are booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountingCodes {
    /// Product code of the service that carries a net residual.
    pub item: String,
    /// Id of a tax of type "fixed" that is one minor unit, by currency code:
    /// a line of price zero and quantity n then carries n minor units of tax.
    pub tax_unit: CodeMap,
}

impl ErpDocumentConfig {
    /// The locations that stores may name, and who owns the stock of each.
    pub fn locations(&self) -> BTreeMap<&LocationId, StockOwner> {
        match &self.kind {
            ErpKind::Tryton(tryton) => {
                tryton.locations.iter().map(|(name, location)| (name, location.owner)).collect()
            }
        }
    }

    /// Refuses what parses and makes no sense.
    pub fn check(&self, local_profile: bool) -> Result<(), ConfigError> {
        check_url("url", &self.url, local_profile)?;
        if self.secret.trim().is_empty() {
            return Err(ConfigError::new("secret", "names no secret"));
        }
        if self.timeout_s == 0 || self.timeout_s > 50 {
            return Err(ConfigError::new("timeout_s", "must be 1 to 50: a function runs for 60"));
        }
        if self.longest_request_s < self.timeout_s {
            return Err(ConfigError::new("longest_request_s", "cannot be less than timeout_s"));
        }
        if self.longest_request_s > LONGEST_REQUEST_S {
            return Err(ConfigError::new("longest_request_s", "must be 600 at most"));
        }
        Ok(())
    }
}

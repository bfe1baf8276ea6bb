//! Configuration documents: one per store, one per ERP, validated before they
//! are deployed. Their JSON Schemas are published in `infra/schemas/`.

mod console;
mod erp;
mod fulfilment;
mod stock;
mod store;

pub use console::{ConsoleConfig, ConsoleRoles};
pub use erp::{
    AccountingCodes, CodeMap, ErpDocumentConfig as ErpConfig, ErpKind, StockOwner, TrytonConfig,
    TrytonLocation,
};
pub use fulfilment::{FulfilmentConfig, NoteConfig, ReturnPolicy};
pub use stock::{Backorders, StockConfig, StockRule, WriteMode};
pub use store::{EntityRule, ItemPolicy, PollConfig, StoreConfig, TenderRule, WebhooksConfig};

/// A document parses and yet makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct ConfigError {
    /// JSON path of the field.
    pub field: String,
    /// What is wrong and what to do.
    pub problem: String,
}

impl ConfigError {
    /// A problem of a field.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

/// Only https leaves the house; plain http reaches loopback only, and only
/// in the local profile.
pub fn check_url(field: &str, url: &url::Url, local_profile: bool) -> Result<(), ConfigError> {
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    let problem = match url.scheme() {
        "https" if url.host().is_some() => None,
        "http" if loopback && local_profile => None,
        "http" if loopback => Some("plain http to loopback is for the local profile only"),
        _ => Some("must be an https URL"),
    };
    let credentials = !url.username().is_empty() || url.password().is_some();
    let problem = if credentials { Some("must not contain credentials") } else { problem };
    problem.map_or(Ok(()), |problem| Err(ConfigError::new(field, problem)))
}

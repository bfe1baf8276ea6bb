#![doc = include_str!("../README.md")]

mod tryton;

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use weir_domain::config::{ConfigError, ErpConfig, ErpKind};
use weir_domain::doctor::ErpCheckup;
use weir_domain::ports::{Clock, Erp, ErpBooks, ErpDesk, ErpStock};
use weir_http::Guard;

/// An ERP connection could not be made from its configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The document makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The HTTP client could not be built.
    #[error(transparent)]
    Client(#[from] weir_http::BuildError),
}

/// Connects to the ERP that `config` describes. Nothing is sent yet.
///
/// `clock` is asked when the ERP names a time to come back at. Only the local
/// profile reaches loopback, and only there plain http is allowed.
pub fn connect(
    config: &ErpConfig,
    api_key: SecretString,
    clock: Arc<dyn Clock>,
    local_profile: bool,
) -> Result<Arc<dyn Erp>, ConnectError> {
    Ok(tryton(config, api_key, clock, local_profile)?)
}

/// Like [`connect`], to what the ERP has booked.
pub fn connect_books(
    config: &ErpConfig,
    api_key: SecretString,
    clock: Arc<dyn Clock>,
    local_profile: bool,
) -> Result<Arc<dyn ErpBooks>, ConnectError> {
    Ok(tryton(config, api_key, clock, local_profile)?)
}

/// Like [`connect`], to what people at the desk ask of the ERP.
pub fn connect_desk(
    config: &ErpConfig,
    api_key: SecretString,
    clock: Arc<dyn Clock>,
    local_profile: bool,
) -> Result<Arc<dyn ErpDesk>, ConnectError> {
    Ok(tryton(config, api_key, clock, local_profile)?)
}

/// Like [`connect`], to the stock side of the ERP: what is on hand and what
/// is promised. `clock` says which day it is, too.
pub fn connect_stock(
    config: &ErpConfig,
    api_key: SecretString,
    clock: Arc<dyn Clock>,
    local_profile: bool,
) -> Result<Arc<dyn ErpStock>, ConnectError> {
    match &config.kind {
        ErpKind::Tryton(tryton) => tryton::check_locations(tryton)?,
    }
    Ok(tryton(config, api_key, clock, local_profile)?)
}

/// Like [`connect`], to what the ERP says about itself before go-live.
pub fn connect_checkup(
    config: &ErpConfig,
    api_key: SecretString,
    clock: Arc<dyn Clock>,
    local_profile: bool,
) -> Result<Arc<dyn ErpCheckup>, ConnectError> {
    Ok(tryton(config, api_key, clock, local_profile)?)
}

/// The one adapter that there is: it speaks for every side of its ERP.
fn tryton(
    config: &ErpConfig,
    api_key: SecretString,
    clock: Arc<dyn Clock>,
    local_profile: bool,
) -> Result<Arc<tryton::Tryton>, ConnectError> {
    let http = client(config, local_profile)?;
    match &config.kind {
        ErpKind::Tryton(tryton) => Ok(Arc::new(tryton::Tryton::new(config, tryton, http, api_key, clock)?)),
    }
}

fn client(config: &ErpConfig, local_profile: bool) -> Result<weir_http::Client, ConnectError> {
    config.check(local_profile)?;
    let guard = Guard::new(&config.allow_private, local_profile)
        .map_err(|text| ConfigError::new("allow_private", format!("{text:?} is not a CIDR range")))?;
    Ok(weir_http::client(guard, Duration::from_secs(config.timeout_s.into()))?)
}

use std::fmt::Display;
use std::sync::Arc;

use weir_domain::config::ErpConfig;
use weir_domain::id::ErpId;
use weir_domain::outcome::CallError;

use super::kept::Kept;
use crate::config::Configuration;
use crate::secrets::{ErpSecrets, Secrets};

type Connect<Erp> = dyn Fn(&ErpConfig, &ErpSecrets) -> Result<Arc<Erp>, CallError> + Send + Sync;

/// The configured ERPs.
pub struct Erps<Erp: ?Sized> {
    configuration: Arc<Configuration>,
    secrets: Arc<Secrets>,
    connect: Box<Connect<Erp>>,
    kept: Kept<ErpId, ErpSecrets, Erp>,
}

impl<Erp: ?Sized> Erps<Erp> {
    /// `connect` makes the client of an ERP; it sends nothing.
    pub fn new<E: Display>(
        configuration: Arc<Configuration>,
        secrets: Arc<Secrets>,
        connect: impl Fn(&ErpConfig, &ErpSecrets) -> Result<Arc<Erp>, E> + Send + Sync + 'static,
    ) -> Self {
        let connect = move |config: &ErpConfig, secrets: &ErpSecrets| {
            connect(config, secrets).map_err(|error| CallError::blocked(error.to_string()))
        };
        Self { configuration, secrets, connect: Box::new(connect), kept: Kept::default() }
    }

    /// An ERP. Blocked if its configuration or its secret cannot be used.
    pub async fn get(&self, erp: &ErpId) -> Result<Arc<Erp>, CallError> {
        let missing = || CallError::blocked(format!("there is no usable erps/{erp}.json"));
        let config = self.configuration.erps.get(erp).ok_or_else(missing)?;
        let secrets = self.secrets.of_erp(config).await?;
        self.kept.get_or(erp, secrets, |secrets| (self.connect)(config, secrets))
    }
}

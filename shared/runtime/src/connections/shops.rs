use std::fmt::Display;
use std::sync::Arc;

use weir_domain::config::StoreConfig;
use weir_domain::id::StoreId;
use weir_domain::outcome::CallError;

use super::kept::Kept;
use crate::config::Configuration;
use crate::secrets::{Secrets, StoreSecrets};

type Connect<Shop> = dyn Fn(Arc<StoreConfig>, &StoreSecrets) -> Result<Arc<Shop>, CallError> + Send + Sync;

/// The configured shops.
pub struct Shops<Shop: ?Sized> {
    pub(super) configuration: Arc<Configuration>,
    secrets: Arc<Secrets>,
    connect: Box<Connect<Shop>>,
    kept: Kept<StoreId, StoreSecrets, Shop>,
}

impl<Shop: ?Sized> Shops<Shop> {
    /// `connect` makes the client of a store; it sends nothing.
    pub fn new<E: Display>(
        configuration: Arc<Configuration>,
        secrets: Arc<Secrets>,
        connect: impl Fn(Arc<StoreConfig>, &StoreSecrets) -> Result<Arc<Shop>, E> + Send + Sync + 'static,
    ) -> Self {
        let connect = move |config: Arc<StoreConfig>, secrets: &StoreSecrets| {
            connect(config, secrets).map_err(|error| CallError::blocked(error.to_string()))
        };
        Self { configuration, secrets, connect: Box::new(connect), kept: Kept::default() }
    }

    /// A store's shop. Blocked if its configuration or its secret cannot be
    /// used.
    pub async fn get(&self, store: &StoreId) -> Result<Arc<Shop>, CallError> {
        let config =
            self.configuration.store(store).map_err(|error| CallError::blocked(error.to_string()))?;
        let secrets = self.secrets.of_store(&config).await?;
        self.kept.get_or(store, secrets, |secrets| (self.connect)(config, secrets))
    }
}

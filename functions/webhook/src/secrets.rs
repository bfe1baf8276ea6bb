//! Webhook secrets of the configured stores.

use async_trait::async_trait;
use weir_domain::id::StoreId;
use weir_runtime::config::Configuration;
use weir_runtime::secrets::{Secrets, StoreSecrets};
use weir_woocommerce::receive::{SecretSource, SecretsUnavailable};
use weir_woocommerce::signature::WebhookSecrets;

/// The secrets of the stores in the configuration. A store whose document is
/// wrong is answered 503, not 401: its shop is not at fault, and a strike
/// less is a webhook that lives a little longer.
pub(crate) struct ConfiguredSecrets {
    pub(crate) configuration: Configuration,
    pub(crate) secrets: Secrets,
}

#[async_trait]
impl SecretSource for ConfiguredSecrets {
    async fn secrets(&self, store: &str) -> Result<Option<WebhookSecrets>, SecretsUnavailable> {
        let Some(id) = self.known(store) else { return Ok(None) };
        let config = self.configuration.store(&id).map_err(|error| SecretsUnavailable(error.to_string()))?;
        let found = self.secrets.of_store(&config).await;
        found.map(|secrets| Some(of(&secrets))).map_err(|error| SecretsUnavailable(error.to_string()))
    }

    async fn refreshed(&self, store: &str) -> Result<Option<WebhookSecrets>, SecretsUnavailable> {
        let Some(id) = self.known(store) else { return Ok(None) };
        let Ok(config) = self.configuration.store(&id) else { return Ok(None) };
        Ok(self.secrets.of_store_anew(&config).await.map(|secrets| of(&secrets)))
    }
}

impl ConfiguredSecrets {
    fn known(&self, store: &str) -> Option<StoreId> {
        store.parse().ok().filter(|id| self.configuration.stores.contains_key(id))
    }
}

fn of(secrets: &StoreSecrets) -> WebhookSecrets {
    WebhookSecrets {
        current: secrets.webhook_secret.clone(),
        previous: secrets.webhook_secret_previous.clone(),
    }
}

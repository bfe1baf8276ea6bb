//! The configured shops and ERPs, connected on first use and kept while their
//! secrets stay the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;
use weir_domain::config::StoreConfig;
use weir_domain::id::{ErpId, StoreId};
use weir_domain::outcome::CallError;
use weir_domain::ports::{Clock, Connections, Erp, Shop, StoreDisabled};
use weir_runtime::config::Configuration;
use weir_runtime::environment::Profile;
use weir_runtime::secrets::{ErpSecrets, SecretError, Secrets, StoreSecrets};
use weir_runtime::telemetry::CountedErp;
use weir_woocommerce::client::{ApiKey, ShopClient};

/// Connections by name, each with the secrets it was made with.
type Kept<Name, Secrets, Peer> = Mutex<BTreeMap<Name, (Arc<Secrets>, Arc<Peer>)>>;

pub(crate) struct Connected {
    configuration: Configuration,
    secrets: Secrets,
    clock: Arc<dyn Clock>,
    profile: Profile,
    shops: Kept<StoreId, StoreSecrets, dyn Shop>,
    erps: Kept<ErpId, ErpSecrets, dyn Erp>,
}

impl Connected {
    pub(crate) fn new(
        configuration: Configuration,
        secrets: Secrets,
        clock: Arc<dyn Clock>,
        profile: Profile,
    ) -> Self {
        Self { configuration, secrets, clock, profile, shops: Mutex::default(), erps: Mutex::default() }
    }
}

/// The kept connection, unless its secrets were renewed since.
async fn kept<Name: Ord, Secrets, Peer: ?Sized>(
    all: &Kept<Name, Secrets, Peer>,
    name: &Name,
    secrets: &Arc<Secrets>,
) -> Option<Arc<Peer>> {
    let all = all.lock().await;
    let (with, peer) = all.get(name)?;
    Arc::ptr_eq(with, secrets).then(|| Arc::clone(peer))
}

#[async_trait]
impl Connections for Connected {
    fn stores(&self) -> Vec<StoreId> {
        self.configuration.usable_stores().map(|store| store.store.clone()).collect()
    }

    fn store(&self, store: &StoreId) -> Result<Arc<StoreConfig>, StoreDisabled> {
        self.configuration.store(store)
    }

    async fn shop(&self, store: &StoreId) -> Result<Arc<dyn Shop>, CallError> {
        let config = self.store(store).map_err(|error| CallError::blocked(error.to_string()))?;
        let secrets = self.secrets.of_store(&config).await.map_err(|error| no_secret(&error))?;
        if let Some(shop) = kept(&self.shops, store, &secrets).await {
            return Ok(shop);
        }
        let key = ApiKey {
            consumer_key: secrets.consumer_key.clone(),
            consumer_secret: secrets.consumer_secret.clone(),
        };
        let client = ShopClient::new(config, key, Arc::clone(&self.clock), self.profile.is_local())
            .map_err(|error| CallError::blocked(error.to_string()))?;
        let shop: Arc<dyn Shop> = Arc::new(client);
        self.shops.lock().await.insert(store.clone(), (secrets, Arc::clone(&shop)));
        Ok(shop)
    }

    async fn erp(&self, erp: &ErpId) -> Result<Arc<dyn Erp>, CallError> {
        let missing = || CallError::blocked(format!("there is no usable erps/{erp}.json"));
        let config = self.configuration.erps.get(erp).ok_or_else(missing)?;
        let secrets = self.secrets.of_erp(config).await.map_err(|error| no_secret(&error))?;
        if let Some(connected) = kept(&self.erps, erp, &secrets).await {
            return Ok(connected);
        }
        let api_key = secrets.api_key.clone();
        let connected = weir_erp::connect(config, api_key, Arc::clone(&self.clock), self.profile.is_local())
            .map_err(|error| CallError::blocked(error.to_string()))?;
        let connected: Arc<dyn Erp> = Arc::new(CountedErp::new(erp.clone(), connected));
        self.erps.lock().await.insert(erp.clone(), (secrets, Arc::clone(&connected)));
        Ok(connected)
    }
}

/// No secret, no call: certainly not done. One that is missing or wrong is
/// for the operators; a secret store that is down is for the next attempt.
fn no_secret(error: &SecretError) -> CallError {
    match error {
        SecretError::Unavailable { .. } => CallError::retry_soon(error.to_string()),
        _ => CallError::blocked(error.to_string()),
    }
}

//! How this function connects: every side of a store, and what the ERPs have
//! booked and in stock. Nothing is sent before the first call.

use std::sync::Arc;

use async_trait::async_trait;
use weir_domain::config::{ErpConfig, StoreConfig};
use weir_domain::id::{ErpId, StoreId};
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Clock, Connections, Erp, ErpBooks, ErpConnections, ErpDesk, ErpStock, Shop, ShopHistory, ShopStock,
    ShopWebhooks, StoreDisabled,
};
use weir_erp::ConnectError;
use weir_runtime::config::Configuration;
use weir_runtime::connections::{Erps, Shops};
use weir_runtime::environment::Profile;
use weir_runtime::secrets::{ErpSecrets, Secrets, StoreSecrets};
use weir_runtime::telemetry::{CountedErp, CountedShop};
use weir_woocommerce::client::{ApiKey, ShopClient, ShopClientError, StoreWebhooks};

/// One store, as each duty sees it.
pub(crate) struct Sides {
    pub(crate) orders: Arc<dyn Shop>,
    pub(crate) history: Arc<dyn ShopHistory>,
    pub(crate) webhooks: Arc<dyn ShopWebhooks>,
    pub(crate) stock: Arc<dyn ShopStock>,
}

/// The configured shops and ERPs.
pub(crate) struct Peers {
    pub(crate) configuration: Arc<Configuration>,
    pub(crate) shops: Shops<Sides>,
    erps: Erps<dyn Erp>,
    books: Erps<dyn ErpBooks>,
    desks: Erps<dyn ErpDesk>,
    pub(crate) stocks: Erps<dyn ErpStock>,
}

impl Peers {
    pub(crate) fn new(
        configuration: &Arc<Configuration>,
        secrets: Secrets,
        clock: &Arc<dyn Clock>,
        profile: Profile,
    ) -> Self {
        let at = At { clock: Arc::clone(clock), local: profile.is_local() };
        let secrets = &Arc::new(secrets);
        let of_shops = at.clone();
        let shops = Shops::new(Arc::clone(configuration), Arc::clone(secrets), move |config, secrets| {
            sides(config, secrets, &of_shops)
        });
        Self {
            shops,
            erps: erps(configuration, secrets, &at, weir_erp::connect, |name, it| {
                Arc::new(CountedErp::new(name, it))
            }),
            books: erps(configuration, secrets, &at, weir_erp::connect_books, |name, it| {
                Arc::new(CountedErp::new(name, it))
            }),
            desks: erps(configuration, secrets, &at, weir_erp::connect_desk, |name, it| {
                Arc::new(CountedErp::new(name, it))
            }),
            stocks: erps(configuration, secrets, &at, weir_erp::connect_stock, |name, it| {
                Arc::new(CountedErp::new(name, it))
            }),
            configuration: Arc::clone(configuration),
        }
    }
}

/// Where and when it runs.
#[derive(Clone)]
struct At {
    clock: Arc<dyn Clock>,
    local: bool,
}

fn sides(config: Arc<StoreConfig>, secrets: &StoreSecrets, at: &At) -> Result<Arc<Sides>, ShopClientError> {
    let key = ApiKey {
        consumer_key: secrets.consumer_key.clone(),
        consumer_secret: secrets.consumer_secret.clone(),
    };
    let store = config.store.clone();
    let client = Arc::new(ShopClient::new(config, key, Arc::clone(&at.clock), at.local)?);
    let webhooks = Arc::new(StoreWebhooks::new(Arc::clone(&client), secrets.webhook_secret.clone()));
    let orders: Arc<dyn Shop> = Arc::clone(&client) as _;
    let history: Arc<dyn ShopHistory> = Arc::clone(&client) as _;
    let webhooks: Arc<dyn ShopWebhooks> = webhooks;
    Ok(Arc::new(Sides {
        orders: Arc::new(CountedShop::new(store.clone(), orders)),
        history: Arc::new(CountedShop::new(store.clone(), history)),
        webhooks: Arc::new(CountedShop::new(store, webhooks)),
        stock: client,
    }))
}

type Connect<E> = fn(&ErpConfig, secrecy::SecretString, Arc<dyn Clock>, bool) -> Result<Arc<E>, ConnectError>;

/// One side of the ERPs, its calls counted.
fn erps<E: ?Sized + Send + Sync + 'static>(
    configuration: &Arc<Configuration>,
    secrets: &Arc<Secrets>,
    at: &At,
    connect: Connect<E>,
    counted: fn(ErpId, Arc<E>) -> Arc<E>,
) -> Erps<E> {
    let at = at.clone();
    let made = move |config: &ErpConfig, secrets: &ErpSecrets| {
        let connected = connect(config, secrets.api_key.clone(), Arc::clone(&at.clock), at.local)?;
        Ok::<_, ConnectError>(counted(config.erp.clone(), connected))
    };
    Erps::new(Arc::clone(configuration), Arc::clone(secrets), made)
}

#[async_trait]
impl ErpConnections for Peers {
    async fn books(&self, erp: &ErpId) -> Result<Arc<dyn ErpBooks>, CallError> {
        self.books.get(erp).await
    }

    async fn desk(&self, erp: &ErpId) -> Result<Arc<dyn ErpDesk>, CallError> {
        self.desks.get(erp).await
    }
}

#[async_trait]
impl Connections for Peers {
    fn stores(&self) -> Vec<StoreId> {
        self.configuration.usable_stores().map(|store| store.store.clone()).collect()
    }

    fn store(&self, store: &StoreId) -> Result<Arc<StoreConfig>, StoreDisabled> {
        self.configuration.store(store)
    }

    async fn shop(&self, store: &StoreId) -> Result<Arc<dyn Shop>, CallError> {
        Ok(Arc::clone(&self.shops.get(store).await?.orders))
    }

    async fn erp(&self, erp: &ErpId) -> Result<Arc<dyn Erp>, CallError> {
        self.erps.get(erp).await
    }
}

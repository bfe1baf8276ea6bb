//! How this function connects: the stock side of shops and ERPs.

use std::sync::Arc;

use weir_domain::ports::{Clock, ErpStock, ShopStock};
use weir_erp::ConnectError;
use weir_runtime::config::Configuration;
use weir_runtime::connections::{Connected, Erps, Shops};
use weir_runtime::environment::Profile;
use weir_runtime::secrets::Secrets;
use weir_runtime::telemetry::{CountedErp, CountedShop};
use weir_woocommerce::client::{ApiKey, ShopClient, ShopClientError};

pub(crate) fn connect(
    configuration: Configuration,
    secrets: Secrets,
    clock: &Arc<dyn Clock>,
    profile: Profile,
) -> Connected<dyn ShopStock, dyn ErpStock> {
    let (configuration, secrets) = (Arc::new(configuration), Arc::new(secrets));
    let (of_shops, of_erps) = (Arc::clone(clock), Arc::clone(clock));
    let shops = Shops::new(Arc::clone(&configuration), Arc::clone(&secrets), move |config, secrets| {
        let key = ApiKey {
            consumer_key: secrets.consumer_key.clone(),
            consumer_secret: secrets.consumer_secret.clone(),
        };
        let store = config.store.clone();
        let client: Arc<dyn ShopStock> =
            Arc::new(ShopClient::new(config, key, Arc::clone(&of_shops), profile.is_local())?);
        Ok::<Arc<dyn ShopStock>, ShopClientError>(Arc::new(CountedShop::new(store, client)))
    });
    let erps = Erps::new(configuration, secrets, move |config, secrets| {
        let (key, clock) = (secrets.api_key.clone(), Arc::clone(&of_erps));
        let connected = weir_erp::connect_stock(config, key, clock, profile.is_local())?;
        Ok::<Arc<dyn ErpStock>, ConnectError>(Arc::new(CountedErp::new(config.erp.clone(), connected)))
    });
    Connected { shops, erps }
}

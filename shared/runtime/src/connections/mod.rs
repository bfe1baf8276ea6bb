//! The configured shops and ERPs, connected on first use and kept while their
//! secrets stay the same. Which adapter makes a connection is the function's
//! to say: nothing here links one.

mod erps;
mod kept;
mod shops;

use std::sync::Arc;

use async_trait::async_trait;
use weir_domain::config::StoreConfig;
use weir_domain::doctor::{CheckupConnections, ErpCheckup, ShopCheckup};
use weir_domain::id::{ErpId, StoreId};
use weir_domain::outcome::CallError;
use weir_domain::ports::{Connections, Erp, ErpStock, Shop, ShopStock, StockConnections, StoreDisabled};

pub use erps::Erps;
pub use shops::Shops;

/// Shops and ERPs, as the sides of them that a use case needs: of orders, or
/// of stock.
pub struct Connected<S: ?Sized, E: ?Sized> {
    /// The shops.
    pub shops: Shops<S>,
    /// The ERPs.
    pub erps: Erps<E>,
}

#[async_trait]
impl Connections for Connected<dyn Shop, dyn Erp> {
    fn stores(&self) -> Vec<StoreId> {
        self.shops.configuration.usable_stores().map(|store| store.store.clone()).collect()
    }

    fn store(&self, store: &StoreId) -> Result<Arc<StoreConfig>, StoreDisabled> {
        self.shops.configuration.store(store)
    }

    async fn shop(&self, store: &StoreId) -> Result<Arc<dyn Shop>, CallError> {
        self.shops.get(store).await
    }

    async fn erp(&self, erp: &ErpId) -> Result<Arc<dyn Erp>, CallError> {
        self.erps.get(erp).await
    }
}

#[async_trait]
impl StockConnections for Connected<dyn ShopStock, dyn ErpStock> {
    fn stores(&self) -> Vec<Arc<StoreConfig>> {
        self.shops.configuration.usable_stores().cloned().collect()
    }

    fn disabled(&self) -> Vec<StoreId> {
        let stores = self.shops.configuration.stores.iter();
        stores.filter(|(_, store)| store.is_err()).map(|(id, _)| id.clone()).collect()
    }

    async fn shop_stock(&self, store: &StoreId) -> Result<Arc<dyn ShopStock>, CallError> {
        self.shops.get(store).await
    }

    async fn erp_stock(&self, erp: &ErpId) -> Result<Arc<dyn ErpStock>, CallError> {
        self.erps.get(erp).await
    }
}

#[async_trait]
impl CheckupConnections for Connected<dyn ShopCheckup, dyn ErpCheckup> {
    async fn shop_checkup(&self, store: &StoreId) -> Result<Arc<dyn ShopCheckup>, CallError> {
        self.shops.get(store).await
    }

    async fn erp_checkup(&self, erp: &ErpId) -> Result<Arc<dyn ErpCheckup>, CallError> {
        self.erps.get(erp).await
    }
}

#[cfg(test)]
mod tests;

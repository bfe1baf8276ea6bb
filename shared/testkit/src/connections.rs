use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use weir_domain::config::StoreConfig;
use weir_domain::id::{ErpId, StoreId};
use weir_domain::outcome::CallError;
use weir_domain::ports::{Connections, Erp, Shop, StoreDisabled};

use crate::lock;
use crate::{FakeErp, FakeShop};

/// Connections to fakes.
#[derive(Debug, Default)]
pub struct FakeConnections(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    stores: BTreeMap<StoreId, (Arc<StoreConfig>, Arc<FakeShop>)>,
    erps: BTreeMap<ErpId, Arc<FakeErp>>,
    disabled: BTreeMap<StoreId, String>,
}

impl FakeConnections {
    /// Adds a store, or replaces its configuration and its shop.
    pub fn add_store(&self, config: StoreConfig, shop: Arc<FakeShop>) {
        lock(&self.0).stores.insert(config.store.clone(), (Arc::new(config), shop));
    }

    /// Adds an ERP.
    pub fn add_erp(&self, name: ErpId, erp: Arc<FakeErp>) {
        lock(&self.0).erps.insert(name, erp);
    }

    /// Makes a store unusable for a reason, or usable again.
    pub fn disable(&self, store: &StoreId, why: Option<&str>) {
        let disabled = &mut lock(&self.0).disabled;
        match why {
            Some(why) => disabled.insert(store.clone(), why.to_owned()),
            None => disabled.remove(store),
        };
    }
}

#[async_trait]
impl Connections for FakeConnections {
    fn stores(&self) -> Vec<StoreId> {
        let state = lock(&self.0);
        state.stores.keys().filter(|store| !state.disabled.contains_key(store)).cloned().collect()
    }

    fn store(&self, store: &StoreId) -> Result<Arc<StoreConfig>, StoreDisabled> {
        let state = lock(&self.0);
        let disabled = |why: &str| StoreDisabled { store: store.clone(), why: why.to_owned() };
        if let Some(why) = state.disabled.get(store) {
            return Err(disabled(why));
        }
        state
            .stores
            .get(store)
            .map(|(config, _)| Arc::clone(config))
            .ok_or_else(|| disabled("not configured"))
    }

    async fn shop(&self, store: &StoreId) -> Result<Arc<dyn Shop>, CallError> {
        let found = lock(&self.0).stores.get(store).map(|(_, shop)| Arc::clone(shop));
        found.map(|shop| shop as Arc<dyn Shop>).ok_or_else(|| CallError::blocked("no such store"))
    }

    async fn erp(&self, erp: &ErpId) -> Result<Arc<dyn Erp>, CallError> {
        let found = lock(&self.0).erps.get(erp).cloned();
        found.map(|erp| erp as Arc<dyn Erp>).ok_or_else(|| CallError::blocked("no such ERP"))
    }
}

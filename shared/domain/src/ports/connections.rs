use std::sync::Arc;

use async_trait::async_trait;

use super::{Erp, Shop};
use crate::config::StoreConfig;
use crate::id::{ErpId, StoreId};
use crate::outcome::CallError;

/// The store cannot be worked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("store {store} is not usable: {why}")]
pub struct StoreDisabled {
    /// Which.
    pub store: StoreId,
    /// What is wrong with its configuration.
    pub why: String,
}

/// Configured stores and ERPs, connected on first use.
#[async_trait]
pub trait Connections: Send + Sync {
    /// The stores that are usable.
    fn stores(&self) -> Vec<StoreId>;

    /// A store's configuration.
    fn store(&self, store: &StoreId) -> Result<Arc<StoreConfig>, StoreDisabled>;

    /// A store's REST API. Fails if its secret cannot be had.
    async fn shop(&self, store: &StoreId) -> Result<Arc<dyn Shop>, CallError>;

    /// An ERP. Fails if its secret cannot be had.
    async fn erp(&self, erp: &ErpId) -> Result<Arc<dyn Erp>, CallError>;
}

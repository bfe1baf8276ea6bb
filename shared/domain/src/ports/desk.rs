use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;

use super::{ErpBooks, ErpDocument};
use crate::id::{DocumentKey, ErpId, ItemKey, LineKey};
use crate::outcome::CallError;
use crate::ports::LedgerError;
use crate::sales::SalesOrder;
use jiff::Timestamp;

/// A request that would be sent. What names a person is masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedRequest {
    /// E.g. `POST`.
    pub method: String,
    /// Path and query, without the ERP's address.
    pub path: String,
    /// Its body.
    pub body: serde_json::Value,
}

/// How the adoption of a document ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adoption {
    /// The document now has the order's key, and is this.
    Adopted(ErpDocument),
    /// The ERP has no such document.
    NotFound,
    /// It is another order's, or the key is another document's already.
    Taken(String),
}

/// What people at the desk ask of an ERP.
#[async_trait]
pub trait ErpDesk: Send + Sync {
    /// The requests that [`Erp::create`](super::Erp::create) and
    /// [`Erp::confirm`](super::Erp::confirm) would send for this order, as far
    /// as they are known before the first of them is answered. Reads, and
    /// changes nothing.
    async fn plan(&self, order: &SalesOrder) -> Result<Vec<PlannedRequest>, CallError>;

    /// Gives the sales order of this number, which somebody made by hand, the
    /// order's key, so that it is found by it from now on.
    async fn adopt(&self, number: &str, key: &DocumentKey) -> Result<Adoption, CallError>;
}

/// The configured ERPs, as people and the nightly match see them.
#[async_trait]
pub trait ErpConnections: Send + Sync {
    /// What an ERP has booked. Fails if its secret cannot be had.
    async fn books(&self, erp: &ErpId) -> Result<Arc<dyn ErpBooks>, CallError>;

    /// What people ask of it. Fails if its secret cannot be had.
    async fn desk(&self, erp: &ErpId) -> Result<Arc<dyn ErpDesk>, CallError>;
}

/// Where a person writes off what a shop took from its stock for nothing.
#[async_trait]
pub trait WriteOffs: Send + Sync {
    /// The R of this line does not count as sold while the order's date of
    /// change is `as_of` or before; `false` where there is no such line in
    /// flight. A later change of the order counts again.
    async fn write_off(&self, item: &ItemKey, line: &LineKey, as_of: Timestamp) -> Result<bool, LedgerError>;
}

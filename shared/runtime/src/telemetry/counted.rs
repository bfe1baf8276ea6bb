use std::sync::Arc;

use async_trait::async_trait;
use weir_domain::id::{DocumentKey, ErpId};
use weir_domain::outcome::CallError;
use weir_domain::ports::{Amendment, Cancellation, Capabilities, Creation, Erp, ErpDocument};
use weir_domain::sales::{SalesOrder, SalesPayment};

use super::Metric;

/// An ERP whose calls are counted, with how they ended.
pub struct CountedErp {
    id: ErpId,
    erp: Arc<dyn Erp>,
}

impl CountedErp {
    /// Counts the calls to `erp` under its name.
    pub fn new(id: ErpId, erp: Arc<dyn Erp>) -> Self {
        Self { id, erp }
    }

    fn counted<T>(&self, answer: Result<T, CallError>) -> Result<T, CallError> {
        Metric::ErpCall { erp: &self.id, failure: answer.as_ref().err() }.record();
        answer
    }
}

#[async_trait]
impl Erp for CountedErp {
    fn capabilities(&self) -> Capabilities {
        self.erp.capabilities()
    }

    async fn find(&self, key: &DocumentKey) -> Result<Option<ErpDocument>, CallError> {
        self.counted(self.erp.find(key).await)
    }

    async fn create(&self, order: &SalesOrder) -> Result<Creation, CallError> {
        self.counted(self.erp.create(order).await)
    }

    async fn confirm(&self, document: &ErpDocument, order: &SalesOrder) -> Result<ErpDocument, CallError> {
        self.counted(self.erp.confirm(document, order).await)
    }

    async fn amend(&self, document: &ErpDocument, order: &SalesOrder) -> Result<Amendment, CallError> {
        self.counted(self.erp.amend(document, order).await)
    }

    async fn cancel(&self, document: &ErpDocument) -> Result<Cancellation, CallError> {
        self.counted(self.erp.cancel(document).await)
    }

    async fn pay(&self, document: &ErpDocument, payment: &SalesPayment) -> Result<ErpDocument, CallError> {
        self.counted(self.erp.pay(document, payment).await)
    }
}

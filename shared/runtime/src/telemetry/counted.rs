use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use rust_decimal::Decimal;
use weir_domain::fulfilment::Deliveries;
use weir_domain::id::{DocumentKey, ErpId, LineKey, LocationId, OrderKey, Sku, StoreId};
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Adoption, Amendment, BookedDocument, BookedLine, BookedPage, BookedQuery, Cancellation, Capabilities,
    ChangedOrders, Creation, Erp, ErpBooks, ErpDesk, ErpDocument, ErpStock, ItemPage, PlannedRequest,
    StockBasis,
};
use weir_domain::sales::{SalesOrder, SalesPayment};
use weir_domain::stock::LocationStock;

use super::Metric;

/// An ERP whose calls are counted, with how they ended.
pub struct CountedErp<E: ?Sized> {
    id: ErpId,
    erp: Arc<E>,
}

impl<E: ?Sized> CountedErp<E> {
    /// Counts the calls to `erp` under its name.
    pub fn new(id: ErpId, erp: Arc<E>) -> Self {
        Self { id, erp }
    }

    fn counted<T>(&self, answer: Result<T, CallError>) -> Result<T, CallError> {
        Metric::ErpCall { erp: &self.id, failure: answer.as_ref().err() }.record();
        answer
    }
}

#[async_trait]
impl Erp for CountedErp<dyn Erp> {
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

    async fn deliveries(&self, document: &ErpDocument) -> Result<Deliveries, CallError> {
        self.counted(self.erp.deliveries(document).await)
    }

    async fn changed_orders(&self, cursor: Option<&str>) -> Result<ChangedOrders, CallError> {
        self.counted(self.erp.changed_orders(cursor).await)
    }
}

#[async_trait]
impl ErpStock for CountedErp<dyn ErpStock> {
    fn basis(&self) -> StockBasis {
        self.erp.basis()
    }

    async fn included(&self, lines: &[BookedLine]) -> Result<BTreeMap<LineKey, Decimal>, CallError> {
        self.counted(self.erp.included(lines).await)
    }

    async fn stock(
        &self,
        skus: &[Sku],
    ) -> Result<BTreeMap<Sku, BTreeMap<LocationId, LocationStock>>, CallError> {
        self.counted(self.erp.stock(skus).await)
    }

    async fn moved(&self, cursor: Option<&str>) -> Result<ItemPage, CallError> {
        self.counted(self.erp.moved(cursor).await)
    }

    async fn items(&self, cursor: Option<&str>) -> Result<ItemPage, CallError> {
        self.counted(self.erp.items(cursor).await)
    }
}

#[async_trait]
impl ErpBooks for CountedErp<dyn ErpBooks> {
    async fn booked(
        &self,
        orders: &[BookedQuery],
    ) -> Result<BTreeMap<OrderKey, Vec<BookedDocument>>, CallError> {
        self.counted(self.erp.booked(orders).await)
    }

    async fn booked_since(
        &self,
        store: &StoreId,
        since: Timestamp,
        cursor: Option<&str>,
    ) -> Result<BookedPage, CallError> {
        self.counted(self.erp.booked_since(store, since, cursor).await)
    }
}

#[async_trait]
impl ErpDesk for CountedErp<dyn ErpDesk> {
    async fn plan(&self, order: &SalesOrder) -> Result<Vec<PlannedRequest>, CallError> {
        self.counted(self.erp.plan(order).await)
    }

    async fn adopt(&self, number: &str, key: &DocumentKey) -> Result<Adoption, CallError> {
        self.counted(self.erp.adopt(number, key).await)
    }
}

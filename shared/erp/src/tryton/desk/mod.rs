//! What people at the desk ask: what an order would be booked as, and that a
//! sale which somebody made by hand becomes an order's own.

mod adopt;
mod mask;
mod plan;

use async_trait::async_trait;
use weir_domain::id::DocumentKey;
use weir_domain::outcome::CallError;
use weir_domain::ports::{Adoption, ErpDesk, PlannedRequest};
use weir_domain::sales::SalesOrder;

use super::Tryton;

#[async_trait]
impl ErpDesk for Tryton {
    async fn plan(&self, order: &SalesOrder) -> Result<Vec<PlannedRequest>, CallError> {
        self.planned_requests(order).await
    }

    async fn adopt(&self, number: &str, key: &DocumentKey) -> Result<Adoption, CallError> {
        self.adopt_sale(number, key).await
    }
}

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use weir_domain::fulfilment::{NewRefund, OrderNote, Parcel, ShownParcel};
use weir_domain::id::{OrderId, RefundId, StoreId};
use weir_domain::order::{OrderStatus, Refund};
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Adjusted, Adjustment, Listed, NewWebhook, Placed, SalesPage, Shop, ShopError, ShopHistory, ShopItem,
    ShopOrder, ShopPage, ShopProduct, ShopStock, ShopWebhooks, Webhook,
};

use super::Metric;

/// A shop whose calls are counted, with how they ended. An order that is gone
/// or makes no sense was an answer, and is no failure of the call.
pub struct CountedShop<S: ?Sized> {
    store: StoreId,
    shop: Arc<S>,
}

impl<S: ?Sized> CountedShop<S> {
    /// Counts the calls to `shop` under its store's name.
    pub fn new(store: StoreId, shop: Arc<S>) -> Self {
        Self { store, shop }
    }

    fn counted<T>(&self, answer: Result<T, CallError>) -> Result<T, CallError> {
        Metric::ShopCall { store: &self.store, failure: answer.as_ref().err() }.record();
        answer
    }

    fn read<T>(&self, answer: Result<T, ShopError>) -> Result<T, ShopError> {
        let failure = match &answer {
            Err(ShopError::Call(error)) => Some(error),
            Ok(_) | Err(ShopError::Gone | ShopError::Unreadable { .. }) => None,
        };
        Metric::ShopCall { store: &self.store, failure }.record();
        answer
    }
}

#[async_trait]
impl Shop for CountedShop<dyn Shop> {
    async fn order(&self, id: OrderId) -> Result<ShopOrder, ShopError> {
        self.read(self.shop.order(id).await)
    }

    async fn refunds(&self, order: OrderId) -> Result<Vec<Refund>, ShopError> {
        self.read(self.shop.refunds(order).await)
    }

    async fn changed_after(&self, after: Timestamp, page: u32) -> Result<ShopPage, ShopError> {
        self.read(self.shop.changed_after(after, page).await)
    }

    async fn parcels(&self, order: OrderId) -> Result<Vec<ShownParcel>, ShopError> {
        self.read(self.shop.parcels(order).await)
    }

    async fn show_parcel(
        &self,
        order: OrderId,
        reference: Option<&str>,
        parcel: &Parcel,
    ) -> Result<Option<String>, ShopError> {
        self.read(self.shop.show_parcel(order, reference, parcel).await)
    }

    async fn remove_parcel(&self, order: OrderId, reference: &str) -> Result<(), ShopError> {
        self.read(self.shop.remove_parcel(order, reference).await)
    }

    async fn notes(&self, order: OrderId) -> Result<Vec<String>, ShopError> {
        self.read(self.shop.notes(order).await)
    }

    async fn add_note(&self, order: OrderId, note: &OrderNote) -> Result<(), ShopError> {
        self.read(self.shop.add_note(order, note).await)
    }

    async fn set_status(&self, order: OrderId, status: &OrderStatus) -> Result<(), ShopError> {
        self.read(self.shop.set_status(order, status).await)
    }

    async fn give_refund(&self, order: OrderId, refund: &NewRefund) -> Result<RefundId, ShopError> {
        self.read(self.shop.give_refund(order, refund).await)
    }
}

#[async_trait]
impl ShopStock for CountedShop<dyn ShopStock> {
    async fn products(&self, items: &[ShopItem]) -> Result<Vec<ShopProduct>, CallError> {
        self.counted(self.shop.products(items).await)
    }

    async fn sales_after(&self, after: Timestamp, page: u32) -> Result<SalesPage, CallError> {
        self.counted(self.shop.sales_after(after, page).await)
    }

    async fn adjust(&self, adjustments: &[Adjustment]) -> Result<Vec<Adjusted>, CallError> {
        self.counted(self.shop.adjust(adjustments).await)
    }
}

#[async_trait]
impl ShopHistory for CountedShop<dyn ShopHistory> {
    async fn placed_after(&self, after: Timestamp, page: u32) -> Result<Vec<Listed>, CallError> {
        self.counted(self.shop.placed_after(after, page).await)
    }

    async fn ids_placed_after(&self, after: Timestamp, page: u32) -> Result<Vec<Placed>, CallError> {
        self.counted(self.shop.ids_placed_after(after, page).await)
    }
}

#[async_trait]
impl ShopWebhooks for CountedShop<dyn ShopWebhooks> {
    async fn webhooks(&self) -> Result<Vec<Webhook>, CallError> {
        self.counted(self.shop.webhooks().await)
    }

    async fn create_webhook(&self, webhook: &NewWebhook) -> Result<Webhook, CallError> {
        self.counted(self.shop.create_webhook(webhook).await)
    }

    async fn renew_secret(&self, id: u64) -> Result<(), CallError> {
        self.counted(self.shop.renew_secret(id).await)
    }

    async fn delete_webhook(&self, id: u64) -> Result<(), CallError> {
        self.counted(self.shop.delete_webhook(id).await)
    }

    fn secret_fingerprint(&self) -> String {
        self.shop.secret_fingerprint()
    }
}

//! The stock side of the API: products, sales, quantities.

mod learned;
mod products;
mod quantities;

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::Timestamp;
use weir_domain::outcome::CallError;
use weir_domain::ports::{Adjusted, Adjustment, SalesPage, ShopError, ShopItem, ShopProduct, ShopStock};
use weir_http::answered_at;

use super::ShopClient;
use crate::stock::{SALE_FIELDS, sales};

pub(super) use learned::Learned;

#[async_trait]
impl ShopStock for ShopClient {
    async fn products(&self, items: &[ShopItem]) -> Result<Vec<ShopProduct>, CallError> {
        let mut skus = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for item in items {
            match item {
                ShopItem::Sku(sku) => skus.insert(sku.as_str()),
                ShopItem::Id(id) => ids.insert(*id),
            };
        }
        let mut found = self.by_sku(&skus).await?;
        found.extend(self.by_id(&ids).await?);
        // Asked for in two ways, or on two pages that shifted.
        let mut seen = BTreeSet::new();
        found.retain(|product| seen.insert(product.id));
        Ok(found)
    }

    /// "any" leaves out the trash: an order that was placed and thrown there
    /// between two listings is known from its webhook. Listing the trash too
    /// would double the requests of every look.
    async fn sales_after(&self, after: Timestamp, page: u32) -> Result<SalesPage, CallError> {
        let url = self.listing("any", after, page.max(1), SALE_FIELDS);
        let answer = self.get(url).await.map_err(call_error)?;
        Ok(SalesPage { sales: sales(&answer.body)?, answered_at: answered_at(&answer.headers) })
    }

    async fn adjust(&self, adjustments: &[Adjustment]) -> Result<Vec<Adjusted>, CallError> {
        self.adjust_what_fits(adjustments).await
    }
}

/// An order or product that cannot be asked for has no business here.
pub(super) fn call_error(error: ShopError) -> CallError {
    match error {
        ShopError::Call(error) => error,
        ShopError::Gone => CallError::unknown("the shop says of a listing that it is gone"),
        ShopError::Unreadable { detail, .. } => {
            CallError::unknown(format!("the listing cannot be read: {detail}"))
        }
    }
}

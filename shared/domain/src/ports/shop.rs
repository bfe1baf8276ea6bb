use async_trait::async_trait;
use jiff::Timestamp;

use crate::id::OrderId;
use crate::order::{Order, Refund};
use crate::outcome::CallError;

/// Why an order or its refunds could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShopError {
    /// The shop does not have it (any more): deleted for good.
    #[error("the shop has no such order")]
    Gone,
    /// It is there and makes no sense to us: a person has to look. `code` is
    /// stable, `detail` names fields, never their contents.
    #[error("{code}: {detail}")]
    Unreadable {
        /// Stable, `snake_case`.
        code: &'static str,
        /// Names fields and amounts, never a person.
        detail: String,
    },
    /// The call itself failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// One order as the shop has it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopOrder {
    /// The order.
    pub order: Order,
    /// The shop's own clock when it answered, where it said so.
    pub answered_at: Option<Timestamp>,
}

/// An order in a listing: enough to know whether we saw this state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderStub {
    /// The shop's id.
    pub id: OrderId,
    /// The shop's `date_modified_gmt`.
    pub modified_at: Timestamp,
}

/// One page of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopPage {
    /// At most `limit` orders, oldest change first.
    pub orders: Vec<OrderStub>,
    /// The shop's own clock when it answered, where it said so.
    pub answered_at: Option<Timestamp>,
}

/// One WooCommerce store.
#[async_trait]
pub trait Shop: Send + Sync {
    /// Reads one order, trashed ones included.
    async fn order(&self, id: OrderId) -> Result<ShopOrder, ShopError>;

    /// The refunds of an order, oldest first.
    async fn refunds(&self, order: OrderId) -> Result<Vec<Refund>, ShopError>;

    /// Orders changed *after* `after` (exclusive, whole seconds, the shop's
    /// clock), oldest change first, at most 100 a page; `page` counts from 1.
    async fn changed_after(&self, after: Timestamp, page: u32) -> Result<ShopPage, ShopError>;
}

use async_trait::async_trait;
use jiff::Timestamp;

use super::ShopError;
use crate::id::OrderId;
use crate::order::Order;
use crate::outcome::CallError;

/// An order of a listing, with all of its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The shop's id.
    pub id: OrderId,
    /// When it was placed, by the shop; where that cannot be read, the time of
    /// the order before it in the listing.
    pub created_at: Timestamp,
    /// The order; [`ShopError::Unreadable`] where it makes no sense to us.
    pub order: Result<Order, ShopError>,
}

/// When an order of a listing was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// The shop's id.
    pub id: OrderId,
    /// As in [`Listed`].
    pub created_at: Timestamp,
}

/// The history of one WooCommerce store: for the nightly match and for
/// backfills, which have to see what no date of change tells.
#[async_trait]
pub trait ShopHistory: Send + Sync {
    /// Orders placed *after* `after` (exclusive, whole seconds, UTC), oldest
    /// first, at most 100 a page, of any status, those in the trash left out;
    /// `page` counts from 1.
    async fn placed_after(&self, after: Timestamp, page: u32) -> Result<Vec<Listed>, CallError>;

    /// The same listing without the orders' content.
    async fn ids_placed_after(&self, after: Timestamp, page: u32) -> Result<Vec<Placed>, CallError>;
}

use async_trait::async_trait;
use jiff::Timestamp;

use crate::fulfilment::{NewRefund, OrderNote, Parcel, ShownParcel};
use crate::id::{OrderId, RefundId};
use crate::order::{Order, OrderStatus, Refund};
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
    /// The refunds that it names: not every one of them moves the date.
    pub refunds: Vec<RefundId>,
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

    /// The parcels that the shop shows of an order, by every interface that it
    /// has, whoever entered them.
    async fn parcels(&self, order: OrderId) -> Result<Vec<ShownParcel>, ShopError>;

    /// Shows a parcel by the best interface that the shop has, in place of what
    /// `reference` shows if one is given, and answers with the shop's name for
    /// it. `None`: the shop has nothing of that reference any more, and nothing
    /// was done. Without a reference a second call may show the parcel twice.
    /// Rejected with `parcel_interface_gone` where the reference is of an
    /// interface that the shop does not have any more.
    async fn show_parcel(
        &self,
        order: OrderId,
        reference: Option<&str>,
        parcel: &Parcel,
    ) -> Result<Option<String>, ShopError>;

    /// Takes away what a reference shows, if it is there; rejected as
    /// [`show_parcel`](Self::show_parcel) is.
    async fn remove_parcel(&self, order: OrderId, reference: &str) -> Result<(), ShopError>;

    /// The texts of an order's notes.
    async fn notes(&self, order: OrderId) -> Result<Vec<String>, ShopError>;

    /// Adds a note. A second call adds a second one, and tells the customer
    /// twice.
    async fn add_note(&self, order: OrderId, note: &OrderNote) -> Result<(), ShopError>;

    /// Gives an order another status and nothing else. Rejected with
    /// `status_unknown` where the shop has no such status, and with
    /// `status_not_taken` where it then has another one.
    async fn set_status(&self, order: OrderId, status: &OrderStatus) -> Result<(), ShopError>;

    /// Makes a refund that restocks nothing. A second call makes a second one.
    /// Rejected with `refund_refused` where the shop, or the gateway, refuses.
    async fn give_refund(&self, order: OrderId, refund: &NewRefund) -> Result<RefundId, ShopError>;
}

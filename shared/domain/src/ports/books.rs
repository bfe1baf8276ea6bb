use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use rust_decimal::Decimal;

use super::ErpDocument;
use crate::id::{DocumentKey, OrderKey, Sku, StoreId};
use crate::outcome::CallError;

/// An order whose documents are asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BookedQuery {
    /// The order.
    pub order: OrderKey,
    /// What people call it: a document that was made by hand may carry it.
    pub number: String,
}

/// A sales order or a credit, as the ERP has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedDocument {
    /// Whose it is; `None` for one that only names the order's number, which
    /// somebody made by hand.
    pub key: Option<DocumentKey>,
    /// The document; totals of a credit are negative.
    pub document: ErpDocument,
    /// Units by item code, over all lines but those that only make sums exact;
    /// negative in a credit.
    pub units: BTreeMap<Sku, Decimal>,
}

/// A page of what the ERP has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookedPage {
    /// Orders that have documents, each once, at most 100.
    pub orders: Vec<OrderKey>,
    /// Where the next page begins; opaque.
    pub next: String,
    /// There is more.
    pub more: bool,
}

/// What an ERP has booked, for the nightly match. Nothing here changes
/// anything, and every call is one attempt.
#[async_trait]
pub trait ErpBooks: Send + Sync {
    /// Every sales order and credit of these orders, cancelled ones and all
    /// lives included; several of one key are all given. At most 100 orders.
    /// One without documents is left out.
    async fn booked(
        &self,
        orders: &[BookedQuery],
    ) -> Result<BTreeMap<OrderKey, Vec<BookedDocument>>, CallError>;

    /// Orders of a store that have a document made at or after `since`, page by
    /// page; without a cursor, from the first.
    async fn booked_since(
        &self,
        store: &StoreId,
        since: Timestamp,
        cursor: Option<&str>,
    ) -> Result<BookedPage, CallError>;
}

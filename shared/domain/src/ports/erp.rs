use async_trait::async_trait;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::fulfilment::Deliveries;
use crate::id::{DocumentKey, OrderKey};
use crate::money::Totals;
use crate::outcome::CallError;
use crate::sales::{SalesOrder, SalesPayment};

/// What an ERP promises. Shown to the operator, who should know which
/// guarantee they bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Capabilities {
    /// How "once" is guaranteed for sales orders.
    pub once: Once,
    /// Who computes tax.
    pub tax: TaxBasis,
    /// How long after our time-out a request may still commit.
    #[serde(skip)]
    pub longest_request: SignedDuration,
    /// How long a committed document may stay invisible to `find`.
    #[serde(skip)]
    pub lookup_lag: SignedDuration,
}

/// How an ERP guarantees that an order is booked once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Once {
    /// It enforces a unique reference.
    NativeKey,
    /// It honours a precondition header.
    Conditional,
    /// Our lease and look-up only: holds within the configured bounds.
    LockOnly,
}

/// Who computes tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxBasis {
    /// It books the tax it is given.
    Given,
    /// It computes; a bounded adjustment makes the sum exact.
    Computed,
}

/// A document of the ERP as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErpDocument {
    /// The ERP's id.
    pub id: String,
    /// What people call it; some ERPs number only later.
    pub number: Option<String>,
    /// Where it is.
    pub state: DocumentState,
    /// What it comes to.
    pub totals: Option<Totals>,
}

/// Where an ERP document is, in words every ERP can be mapped to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentState {
    /// Can be edited; binds nobody.
    Draft,
    /// Booked at [`Release::Reserve`](crate::sales::Release::Reserve): not to be shipped.
    Reserved,
    /// Being fulfilled.
    Processing,
    /// Nothing is left to do.
    Done,
    /// Cancelled.
    Cancelled,
}

/// How a create ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creation {
    /// This call made it.
    Created(ErpDocument),
    /// Its key was taken: an earlier call of ours made it.
    AlreadyExists,
}

/// How an amendment ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amendment {
    /// The document now has the new content and is at the release asked for.
    Amended(ErpDocument),
    /// It has gone too far to be changed.
    Refused(ErpDocument),
}

/// How a cancellation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cancellation {
    /// It is cancelled.
    Cancelled(ErpDocument),
    /// It has gone too far; it stays as it is.
    Refused(ErpDocument),
}

/// A page of the ERP's feed of orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedOrders {
    /// Orders, each once, at most 100.
    pub orders: Vec<OrderKey>,
    /// Where the next page begins; opaque, and to be stored after this page's
    /// work is done.
    pub next: String,
    /// There may be more right now.
    pub more: bool,
}

/// One ERP connection. Every call is one attempt: retries belong to the
/// caller. A multi-step workflow resumes from the state it finds.
#[async_trait]
pub trait Erp: Send + Sync {
    /// What this ERP promises.
    fn capabilities(&self) -> Capabilities;

    /// Looks a sales order up by its key, in every place it can have moved to.
    async fn find(&self, key: &DocumentKey) -> Result<Option<ErpDocument>, CallError>;

    /// Makes the document, as a draft where the ERP has drafts.
    async fn create(&self, order: &SalesOrder) -> Result<Creation, CallError>;

    /// Brings an existing document to `order.release` from whatever state it
    /// is in. While it is a draft its content is made the order's, and net,
    /// tax and gross are read back and must agree before it binds anybody.
    async fn confirm(&self, document: &ErpDocument, order: &SalesOrder) -> Result<ErpDocument, CallError>;

    /// Gives an existing document new content, if it still can be changed.
    async fn amend(&self, document: &ErpDocument, order: &SalesOrder) -> Result<Amendment, CallError>;

    /// Cancels, if it still can be cancelled.
    async fn cancel(&self, document: &ErpDocument) -> Result<Cancellation, CallError>;

    /// Books a payment, once per (order, transaction): looks before it writes.
    async fn pay(&self, document: &ErpDocument, payment: &SalesPayment) -> Result<ErpDocument, CallError>;

    /// What of a sales order has left and what has come back, all of it, and
    /// the sales order itself.
    async fn deliveries(&self, document: &ErpDocument) -> Result<Deliveries, CallError>;

    /// Orders of which something may have been shipped, withdrawn, returned or
    /// cancelled since `cursor`. Without one the feed begins now; with one that
    /// the ERP's feed cannot read it begins a day back, so that nothing of that
    /// day is left out. The answer may name an order again that was named
    /// before, and never leaves one out whose change was committed before the
    /// call, whatever its own date says.
    async fn changed_orders(&self, cursor: Option<&str>) -> Result<ChangedOrders, CallError>;
}

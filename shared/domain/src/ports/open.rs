use async_trait::async_trait;
use jiff::Timestamp;

use super::LedgerError;
use crate::circuit::Peer;
use crate::id::{OrderKey, StoreId};
use crate::record::OrderRecord;

/// Which part of the open work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OpenState {
    /// It waits for time, or is being worked on.
    Due,
    /// A person has to decide.
    Exception,
    /// A person holds it.
    Held,
}

impl OpenState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Due, Self::Exception, Self::Held];
}

/// An order of the open work, as the index tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOrder {
    /// Which.
    pub key: OrderKey,
    /// Due at, an exception since, or first heard of.
    pub at: Timestamp,
    /// The circuit it waits for, if it does.
    pub peer: Option<Peer>,
    /// The exception's code, if it is in one, waiting or not …
    pub code: Option<String>,
    /// … and its subject.
    pub subject: Option<String>,
}

/// The open work of a store, for people: bounded reads of a sparse index.
#[async_trait]
pub trait OpenOrders: Send + Sync {
    /// Open orders of one state, earliest `at` first, at most `limit` and
    /// 1,000; only what comes `after` one of an earlier answer, if given.
    async fn open(
        &self,
        store: &StoreId,
        state: OpenState,
        after: Option<&OpenOrder>,
        limit: usize,
    ) -> Result<Vec<OpenOrder>, LedgerError>;

    /// How many there are, counted up to `at_most`.
    async fn count_open(
        &self,
        store: &StoreId,
        state: OpenState,
        at_most: usize,
    ) -> Result<usize, LedgerError>;

    /// The records that exist among at most 100 orders.
    async fn records(&self, keys: &[OrderKey]) -> Result<Vec<OrderRecord>, LedgerError>;
}

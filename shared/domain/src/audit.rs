//! One audit entry for every change of a record, written in the same
//! transaction.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::record::OrderRecord;

/// So many calls are told in one entry.
pub const CALLS: usize = 40;

/// One call to a shop or an ERP, in words that name no person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// When it was answered.
    pub at: Timestamp,
    /// Whom, e.g. `erp/books`.
    pub peer: String,
    /// What was asked, e.g. `make 4711: 2 × MUG-L; 50.00 + 9.50 = 59.50 EUR`.
    pub request: String,
    /// What was answered, or how it failed.
    pub answer: String,
}

/// What happened to a record, by whom, and how it looked afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Counts from 1 within the order.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// A function's name, or a person's.
    pub who: String,
    /// Stable, `snake_case`.
    pub what: String,
    /// One sentence for people. Never names a customer.
    pub why: String,
    /// One id from the webhook to the ERP.
    pub correlation: String,
    /// What was asked of the shop and the ERP since the entry before, and what
    /// they answered; the first [`CALLS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<Exchange>,
    /// The record as it was afterwards: replaying the audit gives the state.
    pub record: OrderRecord,
}

//! One audit entry for every change of a record, written in the same
//! transaction.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::record::OrderRecord;

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
    /// The record as it was afterwards: replaying the audit gives the state.
    pub record: OrderRecord,
}

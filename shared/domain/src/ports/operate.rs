use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::LedgerError;
use crate::audit::AuditEntry;
use crate::id::{OrderKey, StoreId};
use crate::job::Job;
use crate::reconcile::Report;

/// Work that people began and the minute tick carries on.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// The newest jobs of a store, newest first, at most `limit` and 50.
    async fn jobs(&self, store: &StoreId, limit: usize) -> Result<Vec<Job>, LedgerError>;

    /// The running jobs of a store, however many newer ones there are, oldest
    /// first, at most 50. One that was begun or resumed a moment ago may not
    /// be among them yet.
    async fn running(&self, store: &StoreId) -> Result<Vec<Job>, LedgerError>;

    /// Stores a job whose `version` is one more than what is stored (1 for a
    /// new one); `false` if somebody was faster.
    async fn put_job(&self, job: &Job) -> Result<bool, LedgerError>;
}

/// What the nights found.
#[async_trait]
pub trait Reports: Send + Sync {
    /// Stores a report, in place of the one of the same store and night.
    async fn put_report(&self, report: &Report) -> Result<(), LedgerError>;

    /// The newest reports of a store, newest first, at most `limit` and 50.
    async fn reports(&self, store: &StoreId, limit: usize) -> Result<Vec<Report>, LedgerError>;
}

/// How an order came where it is, for people.
#[async_trait]
pub trait Timelines: Send + Sync {
    /// The newest entries of an order's audit, newest first, at most `limit`
    /// and 1,000.
    async fn newest_entries(&self, key: &OrderKey, limit: usize) -> Result<Vec<AuditEntry>, LedgerError>;
}

/// What a person did, whatever it was done to; and what was done to a shop's
/// webhooks, by whoever did it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionEntry {
    /// When.
    pub at: Timestamp,
    /// Their name by the identity provider, or a function's.
    pub who: String,
    /// Stable, `snake_case`, e.g. `retry`.
    pub what: String,
    /// Their words.
    pub why: String,
    /// What it was done to, e.g. `main/4711`.
    pub subject: String,
    /// How it ended, in one sentence.
    pub outcome: String,
    /// The request's id, also in the log.
    pub correlation: String,
}

/// The log of what people did. Orders and mappings have an audit of their own
/// beside it.
#[async_trait]
pub trait Actions: Send + Sync {
    /// Writes one down.
    async fn note_action(&self, entry: &ActionEntry) -> Result<(), LedgerError>;

    /// What was done last, newest first, at most `limit` and 200, of the last
    /// 31 days.
    async fn actions(&self, now: Timestamp, limit: usize) -> Result<Vec<ActionEntry>, LedgerError>;
}

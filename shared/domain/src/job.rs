//! Work that a person began and the minute tick carries on, at a pace, until
//! it is done or a person stops it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::StoreId;

/// One piece of such work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Unique in its store; sorts by when it was begun.
    pub id: String,
    /// Whose.
    pub store: StoreId,
    /// What is to be done.
    pub what: JobKind,
    /// Orders a minute, at most.
    pub per_minute: u32,
    /// Whether it goes on.
    pub state: JobState,
    /// Orders looked at so far.
    pub looked_at: u64,
    /// Of these, orders sent on.
    pub sent: u64,
    /// Everything before this is done; its meaning is the kind's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// When it was begun …
    pub begun_at: Timestamp,
    /// … by whom …
    pub begun_by: String,
    /// … and why.
    pub why: String,
    /// When it was done, or last stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Counts the writes of this record, from 1.
    pub version: u64,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobKind {
    /// Every order placed, or changed, in a span of time is looked at again.
    Backfill {
        /// The first instant.
        from: Timestamp,
        /// The first instant after it.
        until: Timestamp,
        /// Which of an order's dates has to be in it.
        #[serde(default)]
        by: BackfillBy,
    },
    /// Every order in one group of exceptions is tried again.
    Release {
        /// The exceptions' code.
        code: String,
        /// Their subject.
        subject: String,
    },
}

/// By which date the orders of a span of time are found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackfillBy {
    /// When they were placed.
    #[default]
    Placed,
    /// When they changed last.
    Changed,
}

/// Whether a job goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// The next tick goes on with it.
    Running,
    /// A person stopped it; it can be resumed.
    Stopped,
    /// Nothing is left to do.
    Done,
}

//! What to do next is decided where an error is born, from positive lists.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// Why a call to a shop or an ERP did not do what was asked, by what to do
/// next. Texts are ours, never the peer's: a peer's message can quote a
/// customer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The peer understood and refused for good: on the adapter's positive
    /// list of business codes. A person has to look.
    #[error("rejected: {0}")]
    Rejected(Rejection),
    /// Certainly not done, and worth trying again: connection refused, 429.
    #[error("try again: {why}")]
    RetrySoon {
        /// What happened, in our words.
        why: String,
        /// What the peer asked for (`Retry-After`).
        after: Option<SignedDuration>,
    },
    /// Nobody's order is at fault: expired key, missing route, an edge's
    /// HTML, maintenance. Opens the peer's circuit.
    #[error("blocked: {why}")]
    Blocked {
        /// What happened, in our words.
        why: String,
        /// What the peer asked for (`Retry-After`).
        after: Option<SignedDuration>,
    },
    /// It may or may not have happened. Looked up before anything is
    /// repeated. Everything that is not listed is this.
    #[error("unknown: {why}")]
    Unknown {
        /// What happened, in our words.
        why: String,
    },
}

impl CallError {
    /// An unknown outcome.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown { why: why.into() }
    }

    /// A blocked peer that did not say for how long.
    pub fn blocked(why: impl Into<String>) -> Self {
        Self::Blocked { why: why.into(), after: None }
    }

    /// A definite failure without a wish of the peer's.
    pub fn retry_soon(why: impl Into<String>) -> Self {
        Self::RetrySoon { why: why.into(), after: None }
    }

    /// A business refusal.
    pub fn rejected(code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Rejected(Rejection { code: code.into(), detail: detail.into() })
    }
}

/// A business refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Rejection {
    /// Ours, stable, `snake_case`: people group and search by it.
    pub code: String,
    /// In our words; may name items, taxes and amounts, never a person.
    pub detail: String,
}

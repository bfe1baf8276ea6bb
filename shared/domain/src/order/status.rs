//! The statuses of a WooCommerce order. There is no state machine behind
//! them: completed back to pending is accepted by the shop.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the shop says an order is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(with = "String")]
#[expect(missing_docs, reason = "the shop's own words")]
pub enum OrderStatus {
    CheckoutDraft,
    Pending,
    OnHold,
    Processing,
    Completed,
    Cancelled,
    Refunded,
    Failed,
    Trash,
    /// A plugin's own.
    Custom(String),
}

impl OrderStatus {
    /// The shop's word, without the `wc-` of the database.
    pub fn as_str(&self) -> &str {
        match self {
            Self::CheckoutDraft => "checkout-draft",
            Self::Pending => "pending",
            Self::OnHold => "on-hold",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::Refunded => "refunded",
            Self::Failed => "failed",
            Self::Trash => "trash",
            Self::Custom(word) => word,
        }
    }
}

impl From<String> for OrderStatus {
    fn from(word: String) -> Self {
        // However often a plugin put it there: stored and read it is the same word.
        match word.trim_start_matches("wc-") {
            "checkout-draft" | "auto-draft" => Self::CheckoutDraft,
            "pending" => Self::Pending,
            "on-hold" => Self::OnHold,
            "processing" => Self::Processing,
            "completed" => Self::Completed,
            "cancelled" => Self::Cancelled,
            "refunded" => Self::Refunded,
            "failed" => Self::Failed,
            "trash" => Self::Trash,
            other => Self::Custom(other.to_owned()),
        }
    }
}

impl From<OrderStatus> for String {
    fn from(status: OrderStatus) -> Self {
        status.as_str().to_owned()
    }
}

impl fmt::Display for OrderStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_survives_a_round_trip() {
        for word in [
            "checkout-draft",
            "pending",
            "on-hold",
            "processing",
            "completed",
            "cancelled",
            "refunded",
            "failed",
            "trash",
            "awaiting-pickup",
        ] {
            assert_eq!(OrderStatus::from(word.to_owned()).as_str(), word);
        }
        for prefixed in ["wc-processing", "wc-wc-processing"] {
            assert_eq!(OrderStatus::from(prefixed.to_owned()), OrderStatus::Processing);
        }
    }
}

use std::collections::BTreeSet;

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ConfigError;
use crate::order::OrderStatus;

/// What a shop is told of parcels and returns. A store without this is told
/// nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FulfilmentConfig {
    /// The status of an order all of whose goods have left.
    pub shipped_status: String,
    /// The status of one of which a part has left; absent: it stays where it
    /// is. It has to exist in the shop.
    pub part_shipped_status: Option<String>,
    /// Custom statuses from which an order goes on to the status of what has
    /// left, beside processing.
    pub complete_from: BTreeSet<OrderStatus>,
    /// The note that each parcel becomes; null: none.
    pub note: Option<NoteConfig>,
    /// What becomes of goods that came back.
    pub returns: ReturnPolicy,
    /// How long after our time-out a request of ours may still take effect in
    /// the shop, in seconds.
    pub longest_request_s: u32,
}

/// A note about a parcel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteConfig {
    /// With `{date}`, `{carrier}`, `{tracking}` and `{link}`.
    pub text: String,
    /// Whether the shop sends it to the customer.
    #[serde(default)]
    pub to_customer: bool,
}

/// What becomes of goods that came back in the ERP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReturnPolicy {
    /// Nothing: people make the refund.
    Ignore,
    /// A refund in the shop; the money is given back by other means.
    #[default]
    Refund,
    /// A refund that asks the payment gateway to pay it out.
    RefundAndPay,
}

impl NoteConfig {
    /// Words that [`note`](crate::fulfilment::note) fills in.
    const WORDS: [&str; 4] = ["{date}", "{carrier}", "{tracking}", "{link}"];

    fn check(&self) -> Result<(), ConfigError> {
        if self.text.trim().is_empty() {
            return Err(ConfigError::new("fulfilment.note.text", "says nothing"));
        }
        let rest = Self::WORDS.iter().fold(self.text.clone(), |text, word| text.replace(word, ""));
        if rest.contains(['{', '}']) {
            let problem = "has braces around a word that is none of date, carrier, tracking and link";
            return Err(ConfigError::new("fulfilment.note.text", problem));
        }
        Ok(())
    }
}

impl Default for FulfilmentConfig {
    fn default() -> Self {
        let text = "Sent on {date} by {carrier}, tracking number {tracking} {link}".to_owned();
        Self {
            shipped_status: "completed".to_owned(),
            part_shipped_status: None,
            complete_from: BTreeSet::new(),
            note: Some(NoteConfig { text, to_customer: false }),
            returns: ReturnPolicy::default(),
            longest_request_s: 60,
        }
    }
}

impl FulfilmentConfig {
    /// Refuses what parses and makes no sense.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let is_custom =
            |status: &OrderStatus| matches!(status, OrderStatus::Custom(word) if !word.is_empty());
        let shipped = self.shipped_status();
        if shipped != OrderStatus::Completed && !is_custom(&shipped) {
            let problem = "must be completed or a custom status: an order in any other is not shipped";
            return Err(ConfigError::new("fulfilment.shipped_status", problem));
        }
        if self.part_shipped_status().is_some_and(|part| !is_custom(&part)) {
            let problem = "must be a custom status: the shop's own ones mean something else";
            return Err(ConfigError::new("fulfilment.part_shipped_status", problem));
        }
        if self.part_shipped_status().as_ref() == Some(&self.shipped_status()) {
            let problem = "cannot be the status of what is shipped in full";
            return Err(ConfigError::new("fulfilment.part_shipped_status", problem));
        }
        if !self.complete_from.iter().all(is_custom) {
            let problem = "names custom statuses: of the shop's own, only processing is one that goes on";
            return Err(ConfigError::new("fulfilment.complete_from", problem));
        }
        if let Some(note) = &self.note {
            note.check()?;
        }
        if self.longest_request_s == 0 || self.longest_request_s > 300 {
            return Err(ConfigError::new("fulfilment.longest_request_s", "must be 1 to 300"));
        }
        Ok(())
    }

    /// [`shipped_status`](Self::shipped_status).
    pub fn shipped_status(&self) -> OrderStatus {
        OrderStatus::from(self.shipped_status.clone())
    }

    /// [`part_shipped_status`](Self::part_shipped_status).
    pub fn part_shipped_status(&self) -> Option<OrderStatus> {
        self.part_shipped_status.clone().map(OrderStatus::from)
    }

    /// [`longest_request_s`](Self::longest_request_s).
    pub fn longest_request(&self) -> SignedDuration {
        SignedDuration::from_secs(self.longest_request_s.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> Option<String> {
        let config: FulfilmentConfig = serde_json::from_str(json).unwrap();
        config.check().err().map(|error| error.field)
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_its_field() {
        for (json, field) in [
            (r#"{"shipped_status": "pending"}"#, "fulfilment.shipped_status"),
            (r#"{"shipped_status": "cancelled"}"#, "fulfilment.shipped_status"),
            (r#"{"part_shipped_status": "completed"}"#, "fulfilment.part_shipped_status"),
            (
                r#"{"shipped_status": "sent", "part_shipped_status": "sent"}"#,
                "fulfilment.part_shipped_status",
            ),
            (r#"{"note": {"text": " "}}"#, "fulfilment.note.text"),
            (r#"{"longest_request_s": 0}"#, "fulfilment.longest_request_s"),
            (r#"{"longest_request_s": 301}"#, "fulfilment.longest_request_s"),
            (r#"{"shipped_status": ""}"#, "fulfilment.shipped_status"),
            (
                r#"{"shipped_status": "sent", "part_shipped_status": "wc-sent"}"#,
                "fulfilment.part_shipped_status",
            ),
            (r#"{"complete_from": ["on-hold"]}"#, "fulfilment.complete_from"),
            (r#"{"note": {"text": "{tracking_number}"}}"#, "fulfilment.note.text"),
        ] {
            assert_eq!(refused(json).as_deref(), Some(field), "{json}");
        }
        for json in [r"{}", r#"{"note": null, "shipped_status": "sent", "part_shipped_status": "part-sent"}"#]
        {
            assert_eq!(refused(json), None, "{json}");
        }
    }
}

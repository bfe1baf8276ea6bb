//! "The stock of these items moved": the message of the stock queue. It never
//! carries quantities.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{EntityId, Sku};

/// The version written into every message.
pub const STOCK_MOVED_VERSION: u8 = 1;
/// Items of one message. Many at once, so that the shop gets full requests;
/// few enough for one delivery, and for a message of 256 KB.
pub const ITEMS: usize = 1_000;

/// So often what is left of a message goes on in a new one: then it waits in
/// the table. AWS stops a function that keeps calling itself after 16.
pub const MOST_HOPS: u8 = 4;

/// Bytes of the SKUs of one message: far below what a queue takes.
const BYTES: usize = 150_000;

/// Items in as few messages as can carry them.
pub fn batches(skus: impl IntoIterator<Item = Sku>) -> Vec<Vec<Sku>> {
    let mut batches: Vec<Vec<Sku>> = Vec::new();
    let mut bytes = 0;
    for sku in skus {
        bytes += sku.0.len();
        if let Some(batch) = batches.last_mut().filter(|batch| batch.len() < ITEMS && bytes <= BYTES) {
            batch.push(sku);
        } else {
            bytes = sku.0.len();
            batches.push(vec![sku]);
        }
    }
    batches
}

/// "Look at these items."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockMoved {
    /// [`STOCK_MOVED_VERSION`].
    pub v: u8,
    /// Whose stock.
    pub entity: EntityId,
    /// Which items, at most [`ITEMS`].
    pub skus: Vec<Sku>,
    /// Their positions are to be read anew from the ERP first.
    pub refresh: bool,
    /// When we heard of it.
    pub received_at: Timestamp,
    /// How we heard of it.
    pub cause: StockCause,
    /// One id from the event to the shop, for the logs.
    pub correlation: String,
    /// How many messages before it have each left a part to the next: 0 for
    /// all but those of `stock-publish` itself.
    #[serde(default, skip_serializing_if = "is_first")]
    pub hops: u8,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_first(hops: &u8) -> bool {
    *hops == 0
}

/// How we heard that stock may have moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StockCause {
    /// The ERP's feed of changes.
    Feed,
    /// The nightly pass over everything, or a changed configuration.
    Full,
    /// An event of the ERP, the WMS or the POS.
    Event,
    /// An order took or gave back stock.
    Order,
    /// It could not be published before.
    Stale,
}

/// A queue message that is not one of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadStockMessage {
    /// Not JSON of the expected shape.
    #[error("not a stock message")]
    Shape,
    /// A version this code does not know.
    #[error("stock message of unknown version {0}")]
    Version(u8),
    /// More items than one message may name.
    #[error("stock message with {0} items")]
    TooMany(usize),
}

impl std::str::FromStr for StockMoved {
    type Err = BadStockMessage;

    fn from_str(body: &str) -> Result<Self, BadStockMessage> {
        #[derive(Deserialize)]
        struct Versioned {
            v: u8,
        }
        let Versioned { v } = serde_json::from_str(body).map_err(|_| BadStockMessage::Shape)?;
        if v != STOCK_MOVED_VERSION {
            return Err(BadStockMessage::Version(v));
        }
        let message: Self = serde_json::from_str(body).map_err(|_| BadStockMessage::Shape)?;
        if message.skus.len() > ITEMS {
            return Err(BadStockMessage::TooMany(message.skus.len()));
        }
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_few_and_never_too_large() {
        let sku = |number: usize, length: usize| Sku(format!("{number:0>8}{}", "x".repeat(length - 8)));
        let sizes = |count, length| {
            let batches = batches((0..count).map(|number| sku(number, length)));
            batches.iter().map(Vec::len).collect::<Vec<_>>()
        };
        assert_eq!(sizes(0, 8), Vec::<usize>::new());
        assert_eq!(sizes(2_001, 8), [1_000, 1_000, 1]);
        assert_eq!(sizes(400, 900), [166, 166, 68]);
        assert_eq!(sizes(1, 200_000), [1]);
    }

    #[test]
    fn what_is_no_message_of_ours_is_told_apart() {
        let message = |v: u8, skus: usize| {
            let skus: Vec<String> = (0..skus).map(|number| number.to_string()).collect();
            serde_json::json!({
                "v": v, "entity": "eu", "skus": skus, "refresh": true, "cause": "event",
                "received_at": "2026-11-28T09:00:00Z", "correlation": "c",
            })
            .to_string()
        };
        let parse = |body: &str| body.parse::<StockMoved>().map(|message| message.skus.len());
        assert_eq!(parse(&message(1, 1_000)), Ok(1_000));
        assert_eq!(parse(&message(1, 1_001)), Err(BadStockMessage::TooMany(1_001)));
        assert_eq!(parse(&message(2, 1)), Err(BadStockMessage::Version(2)));
        assert_eq!(parse("{}"), Err(BadStockMessage::Shape));
    }
}

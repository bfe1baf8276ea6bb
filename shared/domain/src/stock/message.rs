//! "The stock of these items moved": the message of the stock queue. It never
//! carries quantities.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{EntityId, Sku};

/// The version written into every message.
pub const STOCK_MOVED_VERSION: u8 = 1;
/// Items of one message: what one call to a shop can carry.
pub const ITEMS: usize = 100;

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

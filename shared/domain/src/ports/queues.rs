use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;

use super::QueueError;

/// How much lies in a queue and in its dead letters, about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueueDepth {
    /// `orders`, `stock`, `fulfilment` or `ticks`.
    pub queue: String,
    /// Waiting.
    pub waiting: u64,
    /// At work.
    pub in_flight: u64,
    /// Dead letters.
    pub dead: u64,
}

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// The platform's id of the message: by this it is deleted.
    pub id: String,
    /// Its text: which order or which items to look at, never data.
    pub body: String,
    /// When it was first sent.
    pub sent_at: Timestamp,
}

/// The queues and their dead letters, for people.
#[async_trait]
pub trait Queues: Send + Sync {
    /// All of them, in a fixed order.
    async fn depths(&self) -> Result<Vec<QueueDepth>, QueueError>;

    /// Some dead letters of a queue, at most 10. They stay where they are, and
    /// may be hidden from the next look, and from the other calls, for some
    /// seconds.
    async fn letters(&self, queue: &str) -> Result<Vec<Letter>, QueueError>;

    /// Sends at most `limit` dead letters to their queue again, each deleted
    /// only after it was sent; returns how many. Those of `ticks` have no queue
    /// to go to: none.
    async fn redrive(&self, queue: &str, limit: usize) -> Result<usize, QueueError>;

    /// Looks for the dead letter of an id and deletes it; `false` if it is not
    /// to be seen now: gone, hidden by somebody's look, or beyond the 100 that
    /// are looked through.
    async fn delete_letter(&self, queue: &str, id: &str) -> Result<bool, QueueError>;
}

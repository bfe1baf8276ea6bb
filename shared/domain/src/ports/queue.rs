use async_trait::async_trait;

use crate::hint::Hint;

/// The queue did not take a message; nothing was acknowledged to anybody.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the queue did not take the message: {0}")]
pub struct QueueError(pub String);

/// Where hints about orders go.
#[async_trait]
pub trait OrderQueue: Send + Sync {
    /// Sends hints. On an error some of them may have been sent: hints are
    /// harmless twice.
    async fn send(&self, hints: &[Hint]) -> Result<(), QueueError>;
}

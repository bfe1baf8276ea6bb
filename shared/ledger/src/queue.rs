use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use weir_domain::hint::Hint;
use weir_domain::ports::{OrderQueue, QueueError};

/// Messages of one call: the platform's limit.
const BATCH: usize = 10;

/// The orders queue.
#[derive(Debug, Clone)]
pub struct SqsOrderQueue {
    client: Client,
    url: String,
}

impl SqsOrderQueue {
    /// The queue at `url`.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self { client, url: url.into() }
    }

    async fn send_batch(&self, hints: &[Hint]) -> Result<(), QueueError> {
        let entries: Result<Vec<_>, QueueError> =
            hints.iter().enumerate().map(|(index, hint)| entry(index, hint)).collect();
        let batch = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries?));
        let sent = batch.send().await.map_err(|error| {
            QueueError(error.code().unwrap_or("no answer, or none that makes sense").to_owned())
        })?;
        match sent.failed().first() {
            None => Ok(()),
            // No second retry layer: whoever sent the hints sends them again.
            Some(first) => {
                let (failed, of, code) = (sent.failed().len(), hints.len(), first.code());
                Err(QueueError(format!("{failed} of {of} refused, the first with {code}")))
            }
        }
    }
}

#[async_trait]
impl OrderQueue for SqsOrderQueue {
    async fn send(&self, hints: &[Hint]) -> Result<(), QueueError> {
        for batch in hints.chunks(BATCH) {
            self.send_batch(batch).await?;
        }
        Ok(())
    }
}

fn entry(index: usize, hint: &Hint) -> Result<SendMessageBatchRequestEntry, QueueError> {
    let body = serde_json::to_string(hint).map_err(|_| QueueError("the hint is no JSON".to_owned()))?;
    SendMessageBatchRequestEntry::builder()
        .id(index.to_string())
        .message_body(body)
        .build()
        .map_err(|_| QueueError("the request could not be made".to_owned()))
}

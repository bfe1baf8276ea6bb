use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use serde::Serialize;
use weir_domain::hint::Hint;
use weir_domain::ports::{OrderQueue, QueueError, StockQueue};
use weir_domain::stock::StockMoved;
use weir_domain::stock::message::ITEMS;

/// Messages of one call: the platform's limit.
pub(crate) const BATCH: usize = 10;
/// Bytes of one message, and of all messages of one call. The platform's
/// limit was this for long, and a queue may still be set to it.
const LONGEST_BYTES: usize = 256 * 1024;

/// The orders queue.
#[derive(Debug, Clone)]
pub struct SqsOrderQueue(Sender);

impl SqsOrderQueue {
    /// The queue at `url`.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self(Sender { client, url: url.into() })
    }
}

#[async_trait]
impl OrderQueue for SqsOrderQueue {
    async fn send(&self, hints: &[Hint]) -> Result<(), QueueError> {
        self.0.send(hints).await
    }
}

/// The stock queue.
#[derive(Debug, Clone)]
pub struct SqsStockQueue(Sender);

impl SqsStockQueue {
    /// The queue at `url`.
    pub fn new(client: Client, url: impl Into<String>) -> Self {
        Self(Sender { client, url: url.into() })
    }
}

#[async_trait]
impl StockQueue for SqsStockQueue {
    async fn send(&self, messages: &[StockMoved]) -> Result<(), QueueError> {
        // Whoever receives it would refuse it.
        if let Some(items) = messages.iter().map(|message| message.skus.len()).find(|items| *items > ITEMS) {
            return Err(QueueError(format!("a message of {items} items, more than {ITEMS}")));
        }
        self.0.send(messages).await
    }
}

/// Sends messages to one queue, as many at once as the platform takes.
#[derive(Debug, Clone)]
struct Sender {
    client: Client,
    url: String,
}

impl Sender {
    async fn send<M: Serialize + Sync>(&self, messages: &[M]) -> Result<(), QueueError> {
        let bodies = messages.iter().map(body).collect::<Result<Vec<_>, _>>()?;
        for batch in batches(&bodies) {
            self.send_batch(batch).await?;
        }
        Ok(())
    }

    async fn send_batch(&self, bodies: &[String]) -> Result<(), QueueError> {
        let entries: Result<Vec<_>, QueueError> =
            bodies.iter().enumerate().map(|(index, body)| entry(index, body)).collect();
        let batch = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries?));
        let sent = batch.send().await.map_err(|error| refused(&error))?;
        match sent.failed().first() {
            None => Ok(()),
            // No second retry layer: whoever sent the messages sends them again.
            Some(first) => {
                let (failed, of, code) = (sent.failed().len(), bodies.len(), first.code());
                Err(QueueError(format!("{failed} of {of} refused, the first with {code}")))
            }
        }
    }
}

/// In our words, with the service's code where it gave one: its messages can
/// quote what was sent.
pub(crate) fn refused(error: &impl ProvideErrorMetadata) -> QueueError {
    QueueError(error.code().unwrap_or("no answer, or none that makes sense").to_owned())
}

/// A message as JSON. The platform takes no U+FFFE and U+FFFF, which JSON
/// leaves as they are; they can only be within its strings.
fn body(message: &impl Serialize) -> Result<String, QueueError> {
    let json = serde_json::to_string(message).map_err(|_| QueueError("the message is no JSON".to_owned()))?;
    let body = json.replace('\u{FFFE}', "\\ufffe").replace('\u{FFFF}', "\\uffff");
    match body.len() {
        ..=LONGEST_BYTES => Ok(body),
        bytes => Err(QueueError(format!("a message of {bytes} bytes is too long to be sent"))),
    }
}

/// Neighbours that fit into one call. No body is longer than a call.
pub(crate) fn batches<B: AsRef<str>>(bodies: &[B]) -> Vec<&[B]> {
    let (mut batches, mut rest) = (Vec::new(), bodies);
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |body: &&B| {
            bytes += body.as_ref().len();
            bytes <= LONGEST_BYTES
        };
        let (batch, later) = rest.split_at(rest.iter().take(BATCH).take_while(fits).count().max(1));
        batches.push(batch);
        rest = later;
    }
    batches
}

pub(crate) fn entry(index: usize, body: &str) -> Result<SendMessageBatchRequestEntry, QueueError> {
    SendMessageBatchRequestEntry::builder()
        .id(index.to_string())
        .message_body(body)
        .build()
        .map_err(|_| QueueError("the request could not be made".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_at_most_ten_messages_and_so_many_bytes() {
        let lengths = |lengths: &[usize]| {
            let bodies: Vec<String> = lengths.iter().map(|length| "x".repeat(*length)).collect();
            batches(&bodies).iter().map(|batch| batch.len()).collect::<Vec<_>>()
        };
        assert_eq!(lengths(&[]), [0; 0]);
        assert_eq!(lengths(&[1; 25]), [10, 10, 5]);
        assert_eq!(lengths(&[LONGEST_BYTES; 2]), [1, 1]);
        assert_eq!(lengths(&[LONGEST_BYTES / 2, LONGEST_BYTES / 2, 1]), [2, 1]);
        assert_eq!(lengths(&[100_000; 5]), [2, 2, 1]);
    }

    #[test]
    fn a_message_is_sent_as_text_that_the_platform_takes() {
        assert_eq!(body(&"a\u{1}\u{FFFF}é\u{FFFE}").unwrap(), r#""a\u0001\uffffé\ufffe""#);
        assert!(body(&"x".repeat(LONGEST_BYTES)).is_err(), "two quotes too long");
    }
}

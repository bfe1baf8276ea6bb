//! The SQS batch loop: every record on its own. A poisoned body, a panic or a
//! slow peer of one record changes nothing for its neighbours.

mod visibility;

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use lambda_runtime::Context;
use tracing::Instrument;
use weir_domain::ports::Clock;

use crate::telemetry::contain;
pub use visibility::{SqsVisibility, Visibility, VisibilityError};

/// Kept between the last record's deadline and the function's own: time to
/// put messages off and to answer Lambda.
pub const ANSWER_MARGIN: SignedDuration = SignedDuration::from_secs(4);
/// Putting one message off may take so long, within [`ANSWER_MARGIN`].
const PUT_OFF_TIMEOUT: Duration = Duration::from_secs(3);
/// A table that cannot be used is asked again this soon, then ever later up
/// to the second: an outage of an hour spends no message's receive count.
const TABLE_WAIT: SignedDuration = SignedDuration::from_secs(10);
const LONGEST_TABLE_WAIT: SignedDuration = SignedDuration::from_mins(15);

/// One delivery of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<M> {
    /// The body, parsed.
    pub message: M,
    /// SQS's id of the message, the same in every delivery.
    pub message_id: String,
    /// How often it has been delivered, this time included.
    pub receives: u32,
    /// What still runs then is dropped where it waits, as in a crash.
    pub deadline: Timestamp,
}

/// What to tell the queue about a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It has done its work.
    Ack,
    /// It comes back after this time or a little more, 12 hours at most.
    RetryAfter(SignedDuration),
    /// It comes back when the queue's visibility time-out ends, and goes to
    /// the dead-letter queue after the queue's last receive.
    Fail,
}

/// The loop of one function.
#[derive(Clone)]
pub struct Batch {
    /// At most so many records are worked on at once.
    pub concurrency: usize,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Puts messages off.
    pub visibility: Arc<dyn Visibility>,
}

/// When Lambda stops this invocation.
pub fn invocation_deadline(context: &Context) -> Timestamp {
    let ms = i64::try_from(context.deadline).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}

/// How long a message waits whose tables could not be used, by how often it
/// was received.
pub fn table_wait(receives: u32) -> SignedDuration {
    let doubled = 2_i32.saturating_pow(receives.saturating_sub(1).min(10));
    (TABLE_WAIT * doubled).min(LONGEST_TABLE_WAIT)
}

impl Batch {
    /// Gives each record to `handle` and answers with those that must come
    /// back. `deadline` is [`invocation_deadline`]'s. Needs
    /// `ReportBatchItemFailures` on the event source.
    pub async fn process<M, H, F>(&self, event: SqsEvent, deadline: Timestamp, handle: H) -> SqsBatchResponse
    where
        M: FromStr<Err: Display>,
        H: Fn(Record<M>) -> F,
        F: Future<Output = Verdict>,
    {
        let deadline = deadline - ANSWER_MARGIN;
        let verdicts = stream::iter(event.records)
            .map(|message| self.work_off(message, deadline, &handle))
            .buffer_unordered(self.concurrency.max(1));
        let failed: Vec<String> = verdicts.filter_map(async |failed| failed).collect().await;
        let mut response = SqsBatchResponse::default();
        for message_id in failed {
            response.add_failure(message_id);
        }
        response
    }

    /// The id of the message if it must come back. One without an id, which
    /// SQS does not send, makes Lambda return the whole batch.
    async fn work_off<M, H, F>(&self, message: SqsMessage, deadline: Timestamp, handle: &H) -> Option<String>
    where
        M: FromStr<Err: Display>,
        H: Fn(Record<M>) -> F,
        F: Future<Output = Verdict>,
    {
        let message_id = message.message_id.unwrap_or_default();
        let receives = message
            .attributes
            .get("ApproximateReceiveCount")
            .and_then(|count| count.parse().ok())
            .unwrap_or(1);
        let span = tracing::info_span!("record", message_id, receives);
        async {
            let message_body = message.body.as_deref().unwrap_or_default();
            let verdict = match message_body.parse() {
                Ok(parsed) => {
                    let record =
                        Record { message: parsed, message_id: message_id.clone(), receives, deadline };
                    self.verdict(record, handle).await
                }
                Err(error) => poison(&error, receives),
            };
            if let Verdict::RetryAfter(after) = verdict {
                self.put_off(message.receipt_handle.as_deref(), &message_id, receives, after).await;
            }
            (verdict != Verdict::Ack).then_some(message_id)
        }
        .instrument(span)
        .await
    }

    async fn verdict<M, H, F>(&self, record: Record<M>, handle: &H) -> Verdict
    where
        H: Fn(Record<M>) -> F,
        F: Future<Output = Verdict>,
    {
        let left = record.deadline.duration_since(self.clock.now());
        let left = Duration::try_from(left).unwrap_or(Duration::ZERO);
        if left.is_zero() {
            tracing::warn!("no time is left for this record in this invocation");
            return Verdict::Fail;
        }
        // The call itself is inside: it may panic as well as its future.
        let work = contain(async { handle(record).await });
        match tokio::time::timeout(left, work).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(panicked)) => {
                tracing::error!("the record's work {panicked}");
                Verdict::Fail
            }
            Err(_elapsed) => {
                tracing::error!("the record's work ran out of time and was dropped");
                Verdict::Fail
            }
        }
    }

    /// If it fails, the message comes back with the queue's own time-out.
    async fn put_off(
        &self,
        receipt_handle: Option<&str>,
        message_id: &str,
        receives: u32,
        after: SignedDuration,
    ) {
        let seconds = visibility::seconds(after, message_id, receives);
        let Some(receipt_handle) = receipt_handle else { return };
        let put_off = contain(self.visibility.put_off(receipt_handle, seconds));
        match tokio::time::timeout(PUT_OFF_TIMEOUT, put_off).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::warn!(%error, "the message comes back with the queue's time-out"),
            Ok(Err(_)) | Err(_) => tracing::warn!(
                "putting the message off took too long; it comes back with the queue's time-out"
            ),
        }
    }
}

/// Nothing can be done with it; it dead-letters after the queue's last
/// receive. Said once, and without the body.
fn poison(error: &dyn Display, receives: u32) -> Verdict {
    if receives <= 1 {
        tracing::error!(%error, "a message that cannot be read goes to the dead-letter queue");
    }
    Verdict::Fail
}

#[cfg(test)]
mod tests;

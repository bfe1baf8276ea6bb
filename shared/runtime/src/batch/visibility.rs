//! When a message that is put off comes back.

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use jiff::SignedDuration;

use crate::aws::failure;

/// SQS hides a message for at most twelve hours from its receipt, which is at
/// most Lambda's longest run, fifteen minutes, ago.
const LONGEST: SignedDuration = SignedDuration::from_mins(12 * 60 - 15);

/// A message could not be put off.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the message could not be put off: {0}")]
pub struct VisibilityError(pub String);

/// Puts a received message off.
#[async_trait]
pub trait Visibility: Send + Sync {
    /// Hides the message for so many seconds from now.
    async fn put_off(&self, receipt_handle: &str, seconds: i32) -> Result<(), VisibilityError>;
}

/// SQS. Needs `sqs:ChangeMessageVisibility`.
pub struct SqsVisibility {
    client: Client,
    queue_url: String,
}

impl SqsVisibility {
    /// Connects on first use.
    pub fn new(client: Client, queue_url: String) -> Self {
        Self { client, queue_url }
    }
}

#[async_trait]
impl Visibility for SqsVisibility {
    async fn put_off(&self, receipt_handle: &str, seconds: i32) -> Result<(), VisibilityError> {
        let change = self.client.change_message_visibility().queue_url(&self.queue_url);
        let change = change.receipt_handle(receipt_handle).visibility_timeout(seconds);
        change.send().await.map_err(|error| VisibilityError(failure(&error)))?;
        Ok(())
    }
}

/// Whole seconds of a visibility time-out for `after`: never less, so that a
/// `Retry-After` is kept, and up to half as much more, so that messages
/// that failed together come back apart. The same delivery gives the same.
pub(super) fn seconds(after: SignedDuration, message_id: &str, receives: u32) -> i32 {
    let longest = i32::try_from(LONGEST.as_secs()).unwrap_or(i32::MAX);
    let wanted = after.as_secs().saturating_add(i64::from(after.subsec_nanos() > 0));
    let wanted = i32::try_from(wanted.max(1)).unwrap_or(i32::MAX);
    let spread = u64::from(wanted.unsigned_abs()) / 2 + 2;
    let jitter = i32::try_from(hash(message_id, receives) % spread).unwrap_or(0);
    wanted.saturating_add(jitter).min(longest)
}

/// FNV-1a: stable between versions and machines, and spread enough.
fn hash(message_id: &str, receives: u32) -> u64 {
    let bytes = message_id.bytes().chain(receives.to_be_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::aws::sqs;
    use crate::aws::tests::FakeAws;

    #[test]
    fn never_earlier_than_asked_and_never_much_later() {
        for asked in [1, 2, 10, 60, 900] {
            for n in 0..200 {
                let seconds = i64::from(seconds(SignedDuration::from_secs(asked), &format!("m-{n}"), 1));
                assert!(seconds >= asked && seconds <= asked + asked / 2 + 1, "{asked} became {seconds}");
            }
        }
    }

    #[test]
    fn the_ceiling_and_the_floor_hold() {
        for (asked, least, most) in [
            (SignedDuration::from_hours(100), 42_300, 42_300),
            (SignedDuration::from_secs(i64::MAX), 42_300, 42_300),
            (SignedDuration::ZERO, 1, 2),
            (SignedDuration::from_secs(-9), 1, 2),
            (SignedDuration::from_millis(1001), 2, 4),
        ] {
            let seconds = seconds(asked, "m", 1);
            assert!((least..=most).contains(&seconds), "{asked} became {seconds}");
        }
    }

    #[test]
    fn deliveries_come_back_apart_and_repeatably() {
        let all = |receives| {
            (0..100).map(move |n| seconds(SignedDuration::from_secs(60), &format!("m-{n}"), receives))
        };
        let distinct: BTreeSet<_> = all(1).collect();
        assert!(distinct.len() > 15, "100 messages at {} instants of 32", distinct.len());
        assert_eq!(all(1).collect::<Vec<_>>(), all(1).collect::<Vec<_>>());
        assert_ne!(all(1).collect::<Vec<_>>(), all(2).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn sqs_is_asked_to_hide_the_message() {
        let aws = FakeAws::answering(200, "{}").await;
        let visibility = SqsVisibility::new(sqs(&aws.config().await), "http://queue".into());
        visibility.put_off("receipt", 90).await.unwrap();
        let body = serde_json::json!({"QueueUrl": "http://queue", "ReceiptHandle": "receipt", "VisibilityTimeout": 90});
        assert_eq!(aws.received(), [("AmazonSQS.ChangeMessageVisibility".to_owned(), body)]);

        let gone = FakeAws::answering(400, r#"{"__type": "com.amazonaws.sqs#ReceiptHandleIsInvalid"}"#).await;
        let visibility = SqsVisibility::new(sqs(&gone.config().await), "http://queue".into());
        assert_eq!(
            visibility.put_off("receipt", 90).await,
            Err(VisibilityError("ReceiptHandleIsInvalid".into()))
        );
    }
}

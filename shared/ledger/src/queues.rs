//! The queues and their dead letters, for people.

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName, QueueAttributeName,
};
use futures::future::{try_join, try_join_all};
use jiff::Timestamp;
use weir_domain::ports::{Letter, QueueDepth, QueueError, Queues};

use crate::queue::{BATCH, batches, entry, refused};

/// Letters of one answer.
const LETTERS: usize = 10;
/// Requests for one answer: the platform may give few at once of many.
const LOOKS: usize = 3;
/// A letter that is looked at is hidden from others for so long, in seconds:
/// one request should not give again what the one before it gave.
const LOOK_S: i32 = 5;
/// A letter that is on its way to its queue is hidden for so long, in seconds:
/// should the way end in between, it is a dead letter again.
const REDRIVE_S: i32 = 60;
/// Seconds to wait for a letter: only who waits at all asks every server.
const WAIT_S: i32 = 1;
/// So long, in seconds, each of the waits for letters that somebody looks at:
/// shorter than the client's patience with one request …
const PATIENCE_S: i32 = 3;
/// … and so many of them: together longer than a look.
const WAITS: usize = 2;
/// Requests for one letter that is to be deleted.
const SEARCHES: usize = 10;
/// Bytes of a letter that are shown.
const SHOWN_BYTES: usize = 2_048;

/// Every queue of the stack.
#[derive(Debug, Clone)]
pub struct SqsQueues {
    client: Client,
    queues: Vec<Place>,
}

/// Where a queue is.
#[derive(Debug, Clone)]
struct Place {
    name: String,
    queue: Option<String>,
    dead: String,
}

/// A letter on its way to its queue.
struct Leaving<'a> {
    body: &'a str,
    receipt: &'a str,
}

impl AsRef<str> for Leaving<'_> {
    fn as_ref(&self) -> &str {
        self.body
    }
}

impl SqsQueues {
    /// Queues by name, each with its URL, if there is a queue at all, and the
    /// URL of its dead letters.
    pub fn new(client: Client, queues: Vec<(String, Option<String>, String)>) -> Self {
        let place = |(name, queue, dead)| Place { name, queue, dead };
        Self { client, queues: queues.into_iter().map(place).collect() }
    }

    fn place(&self, name: &str) -> Result<&Place, QueueError> {
        let found = self.queues.iter().find(|place| place.name == name);
        found.ok_or_else(|| QueueError("there is no queue of that name".to_owned()))
    }

    async fn depth(&self, place: &Place) -> Result<QueueDepth, QueueError> {
        let of_queue = async {
            match &place.queue {
                Some(url) => self.count(url).await,
                None => Ok((0, 0)),
            }
        };
        let ((waiting, in_flight), dead) = try_join(of_queue, self.count(&place.dead)).await?;
        Ok(QueueDepth { queue: place.name.clone(), waiting, in_flight, dead: dead.0 + dead.1 })
    }

    /// Messages that wait, and those that somebody has.
    async fn count(&self, url: &str) -> Result<(u64, u64), QueueError> {
        use QueueAttributeName::{
            ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesDelayed as Delayed,
            ApproximateNumberOfMessagesNotVisible as Hidden,
        };
        let ask = self.client.get_queue_attributes().queue_url(url);
        let ask = ask.set_attribute_names(Some(vec![Visible, Delayed, Hidden]));
        let answer = ask.send().await.map_err(|error| refused(&error))?;
        let number = |name: &QueueAttributeName| {
            let said = answer.attributes().and_then(|said| said.get(name)).and_then(|said| said.parse().ok());
            said.ok_or_else(|| QueueError("it does not say how much is in it".to_owned()))
        };
        Ok((number(&Visible)? + number(&Delayed)?, number(&Hidden)?))
    }

    async fn receive(
        &self,
        url: &str,
        at_most: usize,
        hidden_s: i32,
        wait_s: i32,
    ) -> Result<Vec<Message>, QueueError> {
        let receive = self
            .client
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(i32::try_from(at_most.clamp(1, BATCH)).unwrap_or(1))
            .visibility_timeout(hidden_s)
            .wait_time_seconds(wait_s)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
        let answer = receive.send().await.map_err(|error| refused(&error))?;
        Ok(answer.messages.unwrap_or_default())
    }

    /// The next letters; none if there are none, or if they are still hidden
    /// after all waits: those that somebody looked at a moment ago come back.
    async fn next(
        &self,
        url: &str,
        at_most: usize,
        hidden_s: i32,
        waits: &mut usize,
    ) -> Result<Vec<Message>, QueueError> {
        let mut found = self.receive(url, at_most, hidden_s, WAIT_S).await?;
        while found.is_empty() && *waits < WAITS {
            let (waiting, hidden) = self.count(url).await?;
            if waiting + hidden == 0 {
                break;
            }
            *waits += 1;
            found = self.receive(url, at_most, hidden_s, PATIENCE_S).await?;
        }
        Ok(found)
    }

    /// Sends letters to their queue and deletes what was taken, counting it.
    async fn send_again(
        &self,
        queue: &str,
        dead: &str,
        letters: &[Leaving<'_>],
        sent: &mut usize,
    ) -> Result<(), QueueError> {
        let entries = letters.iter().enumerate().map(|(index, letter)| entry(index, letter.body));
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let batch = self.client.send_message_batch().queue_url(queue).set_entries(Some(entries));
        let answer = batch.send().await.map_err(|error| refused(&error))?;
        let taken = answer.successful().iter().filter_map(|taken| taken.id().parse::<usize>().ok());
        let taken: Vec<&Leaving<'_>> = taken.filter_map(|index| letters.get(index)).collect();
        *sent += taken.len();
        self.delete(dead, &taken).await?;
        match answer.failed().first() {
            None => Ok(()),
            Some(first) => Err(QueueError(first.code().to_owned())),
        }
    }

    /// Deletes letters that were sent again.
    async fn delete(&self, url: &str, letters: &[&Leaving<'_>]) -> Result<(), QueueError> {
        if letters.is_empty() {
            return Ok(());
        }
        let entry = |(index, letter): (usize, &&Leaving<'_>)| {
            let entry = DeleteMessageBatchRequestEntry::builder();
            let entry = entry.id(index.to_string()).receipt_handle(letter.receipt).build();
            entry.map_err(|_| QueueError("the request could not be made".to_owned()))
        };
        let entries = letters.iter().enumerate().map(entry).collect::<Result<Vec<_>, _>>()?;
        let delete = self.client.delete_message_batch().queue_url(url).set_entries(Some(entries));
        let answer = delete.send().await.map_err(|error| refused(&error))?;
        match answer.failed().first() {
            None => Ok(()),
            Some(first) => Err(QueueError(format!("{}: it is a dead letter still", first.code()))),
        }
    }
}

#[async_trait]
impl Queues for SqsQueues {
    async fn depths(&self) -> Result<Vec<QueueDepth>, QueueError> {
        try_join_all(self.queues.iter().map(|place| self.depth(place))).await
    }

    /// Whoever looks hides the letters from others for five seconds.
    async fn letters(&self, queue: &str) -> Result<Vec<Letter>, QueueError> {
        let dead = &self.place(queue)?.dead;
        if self.count(dead).await?.0 == 0 {
            return Ok(Vec::new());
        }
        let mut letters = Vec::new();
        for look in 0..LOOKS {
            let wait_s = if look == 0 { WAIT_S } else { 0 };
            let found = self.receive(dead, LETTERS - letters.len(), LOOK_S, wait_s).await?;
            letters.extend(found.iter().map(letter));
            if found.is_empty() || letters.len() >= LETTERS {
                break;
            }
        }
        Ok(letters)
    }

    /// A letter of which it is not certain that the queue took it stays, and
    /// goes once more the next time: messages are harmless twice.
    async fn redrive(&self, queue: &str, limit: usize) -> Result<usize, QueueError> {
        let place = self.place(queue)?;
        let Some(url) = &place.queue else { return Ok(0) };
        let mut sent = 0;
        let mut waits = 0;
        while sent < limit {
            let so_far = sent;
            let told = |QueueError(why)| QueueError(format!("{why}, after {so_far} were sent again"));
            let found = self.next(&place.dead, limit - sent, REDRIVE_S, &mut waits).await.map_err(told)?;
            let letters: Vec<Leaving<'_>> = found.iter().filter_map(on_its_way).collect();
            if letters.is_empty() {
                break;
            }
            for batch in batches(&letters) {
                let again = self.send_again(url, &place.dead, batch, &mut sent).await;
                again
                    .map_err(|QueueError(why)| QueueError(format!("{why}, after {sent} were sent again")))?;
            }
        }
        Ok(sent)
    }

    /// To a receipt that is not the last one the service says that all is well,
    /// and deletes nothing: so the letter is received anew.
    async fn delete_letter(&self, queue: &str, id: &str) -> Result<bool, QueueError> {
        let dead = &self.place(queue)?.dead;
        let mut waits = 0;
        for _ in 0..SEARCHES {
            let found = self.next(dead, LETTERS, LOOK_S, &mut waits).await?;
            let letter = found.iter().find(|message| message.message_id() == Some(id));
            if let Some(receipt) = letter.and_then(Message::receipt_handle) {
                let delete = self.client.delete_message().queue_url(dead).receipt_handle(receipt);
                delete.send().await.map_err(|error| refused(&error))?;
                return Ok(true);
            }
            if found.is_empty() {
                break;
            }
            // What is hidden from now on was looked through.
            waits = WAITS;
        }
        Ok(false)
    }
}

fn on_its_way(message: &Message) -> Option<Leaving<'_>> {
    Some(Leaving { body: message.body()?, receipt: message.receipt_handle()? })
}

fn letter(message: &Message) -> Letter {
    let sent = message.attributes().and_then(|said| said.get(&MessageSystemAttributeName::SentTimestamp));
    let sent_at = sent.and_then(|ms| Timestamp::from_millisecond(ms.parse().ok()?).ok());
    Letter {
        id: message.message_id().unwrap_or_default().to_owned(),
        body: shown(message.body().unwrap_or_default()).to_owned(),
        // Where the platform does not say: better far too old than new.
        sent_at: sent_at.unwrap_or(Timestamp::UNIX_EPOCH),
    }
}

/// As much of a text as is shown.
fn shown(body: &str) -> &str {
    body.get(..body.floor_char_boundary(SHOWN_BYTES)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_letter_the_beginning_is_shown() {
        assert_eq!(shown("short"), "short");
        assert_eq!(shown(&"é".repeat(2_000)), "é".repeat(1_024));
        assert_eq!(shown(&format!("x{}", "é".repeat(2_000))).len(), 2_047, "no half a letter");
    }

    #[test]
    fn a_letter_says_when_it_was_sent() {
        let message = Message::builder()
            .message_id("m1")
            .body("{}")
            .attributes(MessageSystemAttributeName::SentTimestamp, "1795856400000")
            .build();
        let expected = Letter {
            id: "m1".to_owned(),
            body: "{}".to_owned(),
            sent_at: "2026-11-28T09:00:00Z".parse().unwrap(),
        };
        assert_eq!(letter(&message), expected);
        assert_eq!(letter(&Message::builder().build()).sent_at, Timestamp::UNIX_EPOCH);
    }
}

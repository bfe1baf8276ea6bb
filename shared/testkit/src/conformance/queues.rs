//! What every set of queues must do, run against the fake and against SQS.
//! Each case has a queue of its own: a letter that was looked at is hidden for
//! a while.

use std::collections::BTreeSet;

use jiff::Timestamp;
use weir_domain::ports::{Letter, QueueDepth, Queues};

/// The queues that the cases need, in this order; the last one has only dead
/// letters.
pub const QUEUES: [&str; 5] = ["depths", "letters", "redrive", "limit", "ticks"];

/// Who puts letters into queues and takes messages out of them.
pub trait Mailbox {
    /// A letter dies.
    fn put_dead(&self, queue: &str, body: &str) -> impl Future<Output = ()> + Send;

    /// Takes what waits out of a queue, in any order.
    fn take(&self, queue: &str) -> impl Future<Output = Vec<String>> + Send;
}

/// Runs every case against empty queues of the names of [`QUEUES`].
pub async fn run(queues: &impl Queues, mailbox: &impl Mailbox) {
    all_of_them_are_told_in_their_order(queues, mailbox).await;
    letters_stay_where_they_are(queues, mailbox).await;
    letters_go_to_their_queue_again(queues, mailbox).await;
    no_more_go_than_were_asked_for(queues, mailbox).await;
    letters_without_a_queue_stay(queues, mailbox).await;
    an_unknown_queue_is_an_error(queues).await;
}

async fn put(mailbox: &impl Mailbox, queue: &str, letters: usize) -> BTreeSet<String> {
    let bodies: BTreeSet<String> = (0..letters).map(|n| format!("{{\"order\":{n}}}")).collect();
    for body in &bodies {
        mailbox.put_dead(queue, body).await;
    }
    bodies
}

async fn depth(queues: &impl Queues, queue: &str) -> (u64, u64, u64) {
    let depths = queues.depths().await.expect("the queues answer");
    let found = depths.into_iter().find(|depth| depth.queue == queue).expect("the queue is known");
    (found.waiting, found.in_flight, found.dead)
}

async fn letters(queues: &impl Queues, queue: &str) -> Vec<Letter> {
    queues.letters(queue).await.expect("the queues answer")
}

async fn all_of_them_are_told_in_their_order(queues: &impl Queues, mailbox: &impl Mailbox) {
    put(mailbox, "depths", 3).await;
    let expected = QUEUES.map(|queue| QueueDepth {
        queue: queue.to_owned(),
        waiting: 0,
        in_flight: 0,
        dead: if queue == "depths" { 3 } else { 0 },
    });
    assert_eq!(queues.depths().await, Ok(expected.to_vec()));
    assert_eq!(queues.redrive("depths", 100).await, Ok(3));
    assert_eq!(depth(queues, "depths").await, (3, 0, 0));
}

async fn letters_stay_where_they_are(queues: &impl Queues, mailbox: &impl Mailbox) {
    assert_eq!(letters(queues, "letters").await, []);
    let mut bodies = put(mailbox, "letters", 4).await;
    let long = "x".repeat(3_000);
    mailbox.put_dead("letters", &long).await;
    bodies.insert(long[..2_048].to_owned());
    let found = letters(queues, "letters").await;
    assert_eq!(found.iter().map(|letter| letter.body.clone()).collect::<BTreeSet<_>>(), bodies);
    assert_eq!(found.iter().map(|letter| &letter.id).collect::<BTreeSet<_>>().len(), 5);
    assert!(found.iter().all(|letter| letter.sent_at > Timestamp::UNIX_EPOCH), "{found:?}");
    assert_eq!(depth(queues, "letters").await, (0, 0, 5));
    let first = found.first().expect("five");
    assert_eq!(queues.delete_letter("letters", &first.id).await, Ok(true), "a moment after a look");
    assert_eq!(depth(queues, "letters").await, (0, 0, 4), "one is deleted");
    assert_eq!(queues.delete_letter("letters", &first.id).await, Ok(false), "it is gone");
    assert_eq!(depth(queues, "letters").await, (0, 0, 4));
    assert!(mailbox.take("letters").await.is_empty());
}

/// Some are long: not all of them fit into one call.
async fn letters_go_to_their_queue_again(queues: &impl Queues, mailbox: &impl Mailbox) {
    let mut bodies = put(mailbox, "redrive", 22).await;
    for n in 0..3 {
        let long = format!("{n}{}", "x".repeat(200_000));
        mailbox.put_dead("redrive", &long).await;
        bodies.insert(long);
    }
    assert_eq!(queues.redrive("redrive", 1_000).await, Ok(25));
    assert_eq!(depth(queues, "redrive").await, (25, 0, 0));
    let sent = mailbox.take("redrive").await;
    assert_eq!((sent.len(), sent.into_iter().collect::<BTreeSet<_>>()), (25, bodies), "whole, and once");
    assert_eq!(queues.redrive("redrive", 1_000).await, Ok(0));
}

async fn no_more_go_than_were_asked_for(queues: &impl Queues, mailbox: &impl Mailbox) {
    put(mailbox, "limit", 15).await;
    assert_eq!(letters(queues, "limit").await.len(), 10);
    assert_eq!(queues.redrive("limit", 0).await, Ok(0));
    assert_eq!(queues.redrive("limit", 12).await, Ok(12));
    assert_eq!(depth(queues, "limit").await, (12, 0, 3));
}

async fn letters_without_a_queue_stay(queues: &impl Queues, mailbox: &impl Mailbox) {
    let bodies = put(mailbox, "ticks", 1).await;
    assert_eq!(queues.redrive("ticks", 10).await, Ok(0));
    let found = letters(queues, "ticks").await;
    assert_eq!(found.into_iter().map(|letter| letter.body).collect::<BTreeSet<_>>(), bodies);
    assert_eq!(depth(queues, "ticks").await, (0, 0, 1));
}

async fn an_unknown_queue_is_an_error(queues: &impl Queues) {
    assert!(queues.letters("nobodys").await.is_err());
    assert!(queues.redrive("nobodys", 1).await.is_err());
    assert!(queues.delete_letter("nobodys", "id").await.is_err());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FakeQueues, sample};

    impl Mailbox for FakeQueues {
        async fn put_dead(&self, queue: &str, body: &str) {
            Self::put_dead(self, queue, body, sample::saturday());
        }

        async fn take(&self, queue: &str) -> Vec<String> {
            Self::take(self, queue)
        }
    }

    #[test]
    fn the_fake_conforms() {
        let queues = FakeQueues::new(&QUEUES.map(|name| (name, name != "ticks")));
        futures::executor::block_on(run(&queues, &queues));
    }
}

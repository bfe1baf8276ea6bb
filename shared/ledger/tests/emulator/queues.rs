//! Queues and their dead letters, as people see them.

use std::collections::BTreeMap;

use aws_sdk_sqs::Client;
use weir_domain::ports::Queues;
use weir_ledger::SqsQueues;
use weir_testkit::conformance::queues::{Mailbox, QUEUES, run};
use weir_testkit::emulator;

use crate::table::sqs;

/// Queues of this process: the URL of each, if there is one, and that of its
/// dead letters.
struct Post {
    client: Client,
    urls: BTreeMap<String, (Option<String>, String)>,
}

impl Post {
    async fn create(endpoint: &str, prefix: &str, names: &[&str]) -> Self {
        let client = sqs(endpoint);
        let mut urls = BTreeMap::new();
        for name in names {
            let create = async |kind: &str| {
                let queue = format!("{prefix}-{name}-{kind}-{}", std::process::id());
                client.create_queue().queue_name(queue).send().await.unwrap().queue_url.unwrap()
            };
            let queue = if *name == "ticks" { None } else { Some(create("queue").await) };
            urls.insert((*name).to_owned(), (queue, create("dead").await));
        }
        Self { client, urls }
    }

    fn queues(&self, names: &[&str]) -> SqsQueues {
        let place = |name: &&str| {
            let (queue, dead) = self.urls[*name].clone();
            ((*name).to_owned(), queue, dead)
        };
        SqsQueues::new(self.client.clone(), names.iter().map(place).collect())
    }

    async fn delete(self) {
        for (queue, dead) in self.urls.into_values() {
            for url in queue.into_iter().chain([dead]) {
                self.client.delete_queue().queue_url(url).send().await.unwrap();
            }
        }
    }
}

impl Mailbox for Post {
    async fn put_dead(&self, queue: &str, body: &str) {
        self.client.send_message().queue_url(&self.urls[queue].1).message_body(body).send().await.unwrap();
    }

    async fn take(&self, queue: &str) -> Vec<String> {
        let mut taken = Vec::new();
        loop {
            let receive = self.client.receive_message().queue_url(self.urls[queue].0.as_ref().unwrap());
            let some = receive.max_number_of_messages(10).send().await.unwrap();
            if some.messages().is_empty() {
                return taken;
            }
            taken.extend(some.messages().iter().map(|message| message.body().unwrap().to_owned()));
        }
    }
}

#[tokio::test]
async fn sqs_conforms() {
    let Some(endpoint) = emulator::endpoint() else { return };
    let post = Post::create(&endpoint, "conformance", &QUEUES).await;
    run(&post.queues(&QUEUES), &post).await;
    post.delete().await;
}

/// The queue is gone, or takes nothing: whatever was about to be sent is a
/// dead letter still.
#[tokio::test]
async fn a_letter_that_is_not_taken_stays() {
    let Some(endpoint) = emulator::endpoint() else { return };
    let post = Post::create(&endpoint, "gone", &["orders"]).await;
    for n in 0..3 {
        post.put_dead("orders", &n.to_string()).await;
    }
    let (queue, _) = &post.urls["orders"];
    let nobodys = format!("{}-nobodys", queue.clone().unwrap());
    let gone = SqsQueues::new(
        post.client.clone(),
        vec![("orders".to_owned(), Some(nobodys), post.urls["orders"].1.clone())],
    );
    let error = gone.redrive("orders", 10).await.unwrap_err().to_string();
    assert!(error.contains("after 0 were sent again"), "{error}");
    let depths = post.queues(&["orders"]).depths().await.unwrap();
    assert_eq!((depths[0].waiting, depths[0].dead), (0, 3));
    post.delete().await;
}

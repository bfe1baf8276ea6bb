//! Nobody listens: an error in our words, and no hint lost silently.
#![expect(clippy::unwrap_used, reason = "a test")]

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use weir_domain::hint::Cause;
use weir_domain::id::{ItemKey, LineKey, Sku};
use weir_domain::ports::{Ledger, LedgerError, OrderQueue, Queues, StockStore};
use weir_domain::stock::InFlight;
use weir_ledger::{DynamoLedger, DynamoStock, SqsOrderQueue, SqsQueues};
use weir_testkit::sample;

/// An address that was free a moment ago.
fn nobody() -> String {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", socket.local_addr().unwrap())
}

#[tokio::test]
async fn a_ledger_that_is_not_reached_is_unavailable() {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .endpoint_url(nobody())
        .build();
    let ledger = DynamoLedger::new(aws_sdk_dynamodb::Client::from_conf(config), "ledger");
    let unreached = LedgerError::Unavailable("not reached".to_owned());
    assert_eq!(ledger.record(&sample::key("main", 1)).await, Err(unreached));
}

#[tokio::test]
async fn a_queue_that_is_not_reached_takes_nothing() {
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(aws_sdk_sqs::config::BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .endpoint_url(nobody())
        .build();
    let client = aws_sdk_sqs::Client::from_conf(config);
    let queue = SqsOrderQueue::new(client.clone(), "http://127.0.0.1/queue");
    let hint = sample::hint(&sample::key("main", 1), Cause::Webhook, sample::saturday());
    let error = queue.send(&[hint]).await.unwrap_err();
    assert_eq!(error.0, "no answer, or none that makes sense");

    let url = || "http://127.0.0.1/queue".to_owned();
    let queues = SqsQueues::new(client, vec![("orders".to_owned(), Some(url()), url())]);
    assert_eq!(queues.depths().await.unwrap_err(), error);
    assert_eq!(queues.letters("orders").await.unwrap_err(), error);
    assert_eq!(queues.delete_letter("orders", "id").await.unwrap_err(), error);
    let redrive = queues.redrive("orders", 10).await.unwrap_err();
    assert_eq!(redrive.0, format!("{}, after 0 were sent again", error.0));
}

#[tokio::test]
async fn stock_that_is_not_reached_is_unavailable() {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .endpoint_url(nobody())
        .build();
    let stock = DynamoStock::new(aws_sdk_dynamodb::Client::from_conf(config), "stock");
    let item = ItemKey { entity: "acme".parse().unwrap(), sku: Sku("MUG-L".to_owned()) };
    let line = InFlight {
        line: LineKey { order: sample::key("main", 1), line: 11 },
        item: item.clone(),
        reduced: None,
        confirming: 0.into(),
        generation: None,
        written_off: None,
    };
    let unreached = LedgerError::Unavailable("not reached".to_owned());
    assert_eq!(stock.items(&[item]).await, Err(unreached.clone()));
    assert_eq!(stock.remove_in_flight(&line).await, Err(unreached));
}

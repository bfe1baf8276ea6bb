//! The stock table and the stock queue.

use jiff::SignedDuration;
use weir_domain::id::{ItemKey, Sku};
use weir_domain::ports::{QueueError, StockQueue, StockStore};
use weir_domain::stock::message::{ITEMS, STOCK_MOVED_VERSION, StockCause};
use weir_domain::stock::{Publication, StockMoved};
use weir_ledger::SqsStockQueue;
use weir_testkit::{conformance, emulator, sample};

use crate::table::{Table, sqs};

#[tokio::test]
async fn dynamodb_conforms() {
    let Some(endpoint) = emulator::endpoint() else { return };
    let table = Table::create_stock(&endpoint, "stock").await;
    conformance::stock::run(&table.stock()).await;
    table.delete().await;
}

/// What the alarms count: only what is stale is in the index, with its keys.
#[tokio::test]
async fn the_index_is_sparse() {
    let Some(endpoint) = emulator::endpoint() else { return };
    let table = Table::create_stock(&endpoint, "stock-index").await;
    let store = "main".parse().unwrap();
    for n in 0..8 {
        let item = ItemKey { entity: "acme".parse().unwrap(), sku: Sku(format!("MUG-{n}")) };
        let since = sample::saturday() + SignedDuration::from_secs(n);
        let stale_since = (n % 4 == 0).then_some(since);
        let shown = Publication { version: 1, stale_since, ..Publication::default() };
        assert_eq!(table.stock().put_publication(&item, &store, &shown).await, Ok(true));
    }
    let index = table.client.scan().table_name(&table.name).index_name("stale").send().await.unwrap();
    let mut rows: Vec<(String, usize)> =
        index.items().iter().map(|row| (row["stale_sk"].as_s().unwrap().clone(), row.len())).collect();
    rows.sort();
    let row = |text: &str| (text.to_owned(), 4);
    assert_eq!(
        rows,
        [row("2026-11-28T09:00:00.000Z#acme#MUG-0"), row("2026-11-28T09:00:04.000Z#acme#MUG-4")]
    );
    table.delete().await;
}

fn moved(skus: Vec<Sku>, correlation: usize) -> StockMoved {
    StockMoved {
        v: STOCK_MOVED_VERSION,
        entity: "acme".parse().unwrap(),
        skus,
        refresh: true,
        received_at: sample::saturday(),
        cause: StockCause::Feed,
        correlation: correlation.to_string(),
        hops: 0,
    }
}

/// Long messages of odd SKUs: a call takes two of them.
#[tokio::test]
async fn every_message_arrives_in_the_queue() {
    let Some(endpoint) = emulator::endpoint() else { return };
    let client = sqs(&endpoint);
    let name = format!("stock-{}", std::process::id());
    let url = client.create_queue().queue_name(&name).send().await.unwrap().queue_url.unwrap();
    let queue = SqsStockQueue::new(client.clone(), &url);
    let sku = |n: usize| Sku(format!("{}{n}\u{1}\u{FFFF}é", "x".repeat(885)));
    let messages: Vec<StockMoved> = (0..25).map(|n| moved((0..100).map(sku).collect(), n)).collect();
    queue.send(&messages).await.unwrap();
    queue.send(&[]).await.unwrap();

    let mut missing: Vec<usize> = (0..25).collect();
    for _ in 0..100 {
        let answer =
            client.receive_message().queue_url(&url).max_number_of_messages(10).send().await.unwrap();
        for message in answer.messages() {
            let moved: StockMoved = message.body().unwrap().parse().unwrap();
            assert!(messages.contains(&moved));
            missing.retain(|n| n.to_string() != moved.correlation);
        }
        if missing.is_empty() {
            break;
        }
    }
    assert_eq!(missing, [0; 0]);

    let too_many = moved(vec![Sku("MUG".to_owned()); ITEMS + 1], 0);
    let refused = QueueError(format!("a message of {} items, more than {ITEMS}", ITEMS + 1));
    assert_eq!(queue.send(&[messages[0].clone(), too_many]).await, Err(refused));
    let too_long = moved(vec![Sku("x".repeat(300_000))], 0);
    let error = queue.send(&[messages[0].clone(), too_long]).await.unwrap_err().to_string();
    assert!(error.contains("too long to be sent"), "{error}");
    let answer = client.receive_message().queue_url(&url).send().await.unwrap();
    assert!(answer.messages().is_empty(), "nothing was sent beside them");
    client.delete_queue().queue_url(&url).send().await.unwrap();
}

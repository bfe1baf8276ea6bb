//! DynamoDB and SQS as the emulator plays them. Each test makes what it
//! needs under a name of this process and removes it at its end.
#![expect(clippy::unwrap_used, reason = "a test")]

mod faults;
mod queues;
mod stock;
mod table;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use weir_domain::hint::{Cause, Hint};
use weir_domain::ports::{Claim, Ledger, LedgerError, OrderQueue};
use weir_domain::record::{Hold, Seen, WaitReason};
use weir_ledger::{DynamoLedger, SqsOrderQueue};
use weir_testkit::{conformance, emulator, sample};

use table::{Table, dynamo, sqs};

#[tokio::test]
async fn dynamodb_conforms() {
    let Some(endpoint) = emulator::endpoint() else { return };
    let table = Table::create(&endpoint, "conformance").await;
    conformance::run(&table.ledger()).await;
    table.delete().await;
}

/// What the console and the alarms rely on: a settled order is in no index,
/// an exception is found with what it is grouped by, and nobody's name is in
/// the table.
#[tokio::test]
async fn the_index_is_sparse_and_the_table_holds_no_person() {
    let Some(endpoint) = emulator::endpoint() else { return };
    let table = Table::create(&endpoint, "rows").await;
    let ledger = table.ledger();
    let exception = weir_domain::record::Exception {
        code: "item_not_mapped".to_owned(),
        subject: "MUG-L".to_owned(),
        detail: "No item is mapped.".to_owned(),
        since: sample::saturday(),
        about: None,
        concern: weir_domain::record::Concern::Order,
        accepted: None,
    };
    let wait = Hold::Waiting {
        reason: WaitReason::CircuitOpen(weir_domain::circuit::Peer::Erp("books".parse().unwrap())),
        due_at: sample::saturday(),
        excepted: Some(Box::new(exception.clone())),
    };
    let held = Hold::Held { reason: "a person looks".to_owned() };
    for (id, hold) in (1..).zip([Hold::None, Hold::Exception(exception), wait, held]) {
        settle(&ledger, id, hold).await;
    }

    let index = table.client.scan().table_name(&table.name).index_name("open").send().await.unwrap();
    let text = |item: &aws_item::Item, name: &str| item.get(name).map(|value| value.as_s().unwrap().clone());
    let rows: BTreeSet<_> = index
        .items()
        .iter()
        .map(|item| {
            let state = text(item, "open_pk").unwrap().split('#').nth(1).unwrap().to_owned();
            (state, text(item, "open_sk"), text(item, "code"), text(item, "subject"), text(item, "peer"))
        })
        .collect();
    let row = |state: &str, id: u64, grouped: bool, peer: Option<&str>| {
        let sk = format!("2026-11-28T09:00:00.000Z#{id}");
        let (code, subject) =
            (grouped.then(|| "item_not_mapped".to_owned()), grouped.then(|| "MUG-L".to_owned()));
        (state.to_owned(), Some(sk), code, subject, peer.map(str::to_owned))
    };
    let expected = [
        row("exception", 2, true, None),
        row("due", 3, true, Some("erp/books")),
        row("held", 4, false, None),
    ];
    assert_eq!(rows, expected.into());

    let all = table.client.scan().table_name(&table.name).send().await.unwrap();
    assert_eq!(all.items().len(), 8, "four records, four audit entries");
    let stored = format!("{:?}", all.items());
    for canary in sample::CANARIES {
        assert!(!stored.contains(canary), "{canary}");
    }
    table.delete().await;
}

mod aws_item {
    #[expect(clippy::disallowed_types, reason = "the SDK's type; nothing iterates over it")]
    pub(crate) type Item = std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>;
}

async fn settle(ledger: &DynamoLedger, id: u64, hold: Hold) {
    let (key, now) = (sample::key("main", id), sample::saturday());
    let hint = sample::hint(&key, Cause::Webhook, now);
    let claim = ledger.claim(&hint, "a", now, SignedDuration::from_secs(300)).await;
    let Ok(Claim::Claimed(mut claimed)) = claim else { panic!("{claim:?}") };
    let order = sample::order("main", id);
    claimed.record.seen = Some(Seen {
        read_at_by_shop: None,
        read_at: now,
        number: order.number.clone(),
        status: order.status.clone(),
        version: order.version(),
        totals: order.totals(),
        refunds: order.refunds.iter().map(|refund| refund.id).collect(),
    });
    claimed.record.hold = hold;
    ledger.complete(*claimed, &sample::note("completed", now)).await.unwrap();
}

#[tokio::test]
async fn a_missing_table_is_unavailable() {
    let Some(endpoint) = emulator::endpoint() else { return };
    let ledger = DynamoLedger::new(dynamo(&endpoint), "there-is-none");
    let key = sample::key("main", 1);
    let expected = LedgerError::Unavailable("ResourceNotFoundException".to_owned());
    assert_eq!(ledger.record(&key).await, Err(expected.clone()));
    let hint = sample::hint(&key, Cause::Webhook, sample::saturday());
    let claim = ledger.claim(&hint, "a", sample::saturday(), SignedDuration::from_secs(1)).await;
    assert_eq!(claim, Err(expected));
}

#[tokio::test]
async fn every_hint_arrives_in_the_queue() {
    let Some(endpoint) = emulator::endpoint() else { return };
    let client = sqs(&endpoint);
    let name = format!("orders-{}", std::process::id());
    let url = client.create_queue().queue_name(&name).send().await.unwrap().queue_url.unwrap();
    let queue = SqsOrderQueue::new(client.clone(), &url);
    let hint = |id| sample::hint(&sample::key("main", id), Cause::Webhook, sample::saturday());
    let hints: Vec<Hint> = (1..=25).map(hint).collect();
    queue.send(&hints).await.unwrap();
    queue.send(&[]).await.unwrap();

    let mut received = BTreeSet::new();
    for _ in 0..100 {
        let answer =
            client.receive_message().queue_url(&url).max_number_of_messages(10).send().await.unwrap();
        if received.len() == hints.len() {
            break;
        }
        for message in answer.messages() {
            let hint: Hint = message.body().unwrap().parse().unwrap();
            assert!(hints.contains(&hint));
            received.insert(hint.order);
        }
    }
    assert_eq!(received.len(), hints.len());
    client.delete_queue().queue_url(&url).send().await.unwrap();
    let error = queue.send(&hints).await.unwrap_err().to_string();
    assert!(error.contains("NonExistentQueue") || error.contains("QueueDoesNotExist"), "{error}");
}

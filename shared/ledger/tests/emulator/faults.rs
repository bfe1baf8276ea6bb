//! What goes wrong between two calls, made to happen: another writer at the
//! worst moment, and answers that are lost after the write was applied (D3).

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use jiff::SignedDuration;
use weir_domain::hint::{Cause, Hint};
use weir_domain::ports::{Claim, Held, Ledger, Schedules, StockStore};
use weir_domain::record::{Hold, WaitReason};
use weir_domain::stock::sales::Watermark;
use weir_ledger::{DynamoLedger, DynamoStock};
use weir_testkit::{emulator, sample};

use crate::table::{Table, config, dynamo};

const LEASE: SignedDuration = SignedDuration::from_secs(300);

fn hint(id: u64) -> Hint {
    sample::hint(&sample::key("main", id), Cause::Webhook, sample::saturday())
}

async fn claim(ledger: &DynamoLedger, owner: &str, id: u64) -> Claim {
    ledger.claim(&hint(id), owner, sample::saturday(), LEASE).await.unwrap()
}

async fn claimed(ledger: &DynamoLedger, owner: &str, id: u64) -> Held {
    match claim(ledger, owner, id).await {
        Claim::Claimed(held) => *held,
        other => panic!("{other:?}"),
    }
}

/// Something that happens once, just before a request whose body contains
/// `marker` is sent.
struct Meanwhile {
    marker: &'static str,
    happens: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl std::fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.marker)
    }
}

impl Intercept for Meanwhile {
    fn name(&self) -> &'static str {
        "meanwhile"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = String::from_utf8_lossy(context.request().body().bytes().unwrap_or_default()).into_owned();
        if body.contains(self.marker)
            && let Some(happens) = self.happens.lock().unwrap().take()
        {
            happens();
        }
        Ok(())
    }
}

/// Completes a claim from elsewhere, now, with a client of its own.
fn complete_elsewhere(endpoint: String, table: String, held: Held) {
    let elsewhere = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let ledger = DynamoLedger::new(dynamo(&endpoint), table);
        runtime.block_on(ledger.complete(held, &sample::note("completed", sample::saturday()))).unwrap();
    });
    elsewhere.join().unwrap();
}

/// The holder finishes between our refused claim and our note: a note that
/// nobody will read must not count as one, so the order is claimed instead.
#[tokio::test]
async fn a_hint_is_not_noted_for_a_holder_that_has_finished() {
    let Some(endpoint) = emulator::endpoint() else { return };
    let table = Table::create(&endpoint, "race").await;
    let held = claimed(&table.ledger(), "a", 1).await;
    let (address, name, finished) = (endpoint.clone(), table.name.clone(), held.clone());
    let meanwhile = Meanwhile {
        marker: "#newest_hint = :newest_hint",
        happens: Mutex::new(Some(Box::new(move || complete_elsewhere(address, name, finished)))),
    };
    let client = aws_sdk_dynamodb::Client::from_conf(config(&endpoint).interceptor(meanwhile).build());
    let ours = claimed(&DynamoLedger::new(client, &table.name), "b", 1).await;
    assert_eq!((ours.fence, ours.taken_over), (held.fence + 1, false));
    table.delete().await;
}

/// A hint is noted between the holder's decision to complete and its write.
#[tokio::test]
async fn a_hint_noted_at_the_last_moment_makes_it_due() {
    let Some(endpoint) = emulator::endpoint() else { return };
    let table = Table::create(&endpoint, "last-moment").await;
    let (address, name) = (endpoint.clone(), table.name.clone());
    let note_elsewhere = move || {
        let elsewhere = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let ledger = DynamoLedger::new(dynamo(&address), name);
            assert_eq!(runtime.block_on(claim(&ledger, "b", 1)), Claim::Busy);
        });
        elsewhere.join().unwrap();
    };
    let meanwhile =
        Meanwhile { marker: "#finished_fence = :fini", happens: Mutex::new(Some(Box::new(note_elsewhere))) };
    let client = aws_sdk_dynamodb::Client::from_conf(config(&endpoint).interceptor(meanwhile).build());
    let ledger = DynamoLedger::new(client, &table.name);
    let held = claimed(&ledger, "a", 1).await;
    let record = ledger.complete(held, &sample::note("completed", sample::saturday())).await.unwrap();
    assert!(matches!(record.hold, Hold::Waiting { reason: WaitReason::NewerHint, .. }), "{:?}", record.hold);
    table.delete().await;
}

/// Every first answer is lost after the write was applied; the SDK's retry
/// gets through.
#[derive(Debug, Default)]
struct LoseEveryFirstAnswer {
    retry: AtomicBool,
    lost: AtomicUsize,
}

/// The SDK wants to own its interceptor.
#[derive(Debug, Clone)]
struct Shared(std::sync::Arc<LoseEveryFirstAnswer>);

impl Intercept for Shared {
    fn name(&self) -> &'static str {
        "lose-every-first-answer"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if !self.0.retry.fetch_xor(true, Ordering::SeqCst) {
            self.0.lost.fetch_add(1, Ordering::SeqCst);
            *context.response_mut().status_mut() = 500.try_into()?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_lost_answer_writes_nothing_twice() {
    let Some(endpoint) = emulator::endpoint() else { return };
    let table = Table::create(&endpoint, "lost").await;
    let loses = Shared(std::sync::Arc::default());
    let client = aws_sdk_dynamodb::Client::from_conf(config(&endpoint).interceptor(loses.clone()).build());
    let ledger = DynamoLedger::new(client, &table.name);

    let mut held = claimed(&ledger, "a", 1).await;
    let note = |what| sample::note(what, sample::saturday());
    ledger.save(&mut held, &note("saved")).await.unwrap();
    ledger.save(&mut held, &note("saved")).await.unwrap();
    let record = ledger.complete(held, &note("completed")).await.unwrap();
    let key = sample::key("main", 1);
    let what: Vec<String> = ledger.audit(&key).await.unwrap().into_iter().map(|entry| entry.what).collect();
    assert_eq!(what, ["saved", "saved", "completed"]);
    assert_eq!(ledger.record(&key).await, Ok(Some(record)));

    let mut run = ledger.begin("poll/main", "a", sample::saturday(), LEASE).await.unwrap().unwrap();
    ledger.advance("poll/main", &mut run, "on").await.unwrap();
    assert_eq!(loses.0.lost.load(Ordering::SeqCst), 8, "one for each call");
    table.delete().await;
}

#[tokio::test]
async fn a_lost_answer_is_no_other_writer_of_stock() {
    let Some(endpoint) = emulator::endpoint() else { return };
    let table = Table::create_stock(&endpoint, "stock-lost").await;
    let loses = Shared(std::sync::Arc::default());
    let client = aws_sdk_dynamodb::Client::from_conf(config(&endpoint).interceptor(loses.clone()).build());
    let stock = DynamoStock::new(client, &table.name);
    let store = "main".parse().unwrap();
    for version in [1, 2] {
        let watermark = Watermark { version, after: sample::saturday(), recent: [].into() };
        assert_eq!(stock.put_watermark(&store, &watermark).await, Ok(true));
        assert_eq!(table.stock().watermark(&store).await, Ok(Some(watermark)));
    }
    assert_eq!(loses.0.lost.load(Ordering::SeqCst), 2, "one for each call");
    table.delete().await;
}

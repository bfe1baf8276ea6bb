use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::time::sleep;
use weir_domain::hint::Hint;
use weir_testkit::FakeClock;

use super::*;

/// Remembers what was put off, or refuses.
#[derive(Default)]
struct FakeVisibility {
    put_off: Mutex<BTreeMap<String, i32>>,
    refuses: bool,
    hangs: bool,
}

#[async_trait::async_trait]
impl Visibility for FakeVisibility {
    async fn put_off(&self, receipt_handle: &str, seconds: i32) -> Result<(), VisibilityError> {
        if self.hangs {
            sleep(Duration::from_hours(1)).await;
        }
        if self.refuses {
            return Err(VisibilityError("AccessDenied".into()));
        }
        self.put_off.lock().unwrap().insert(receipt_handle.to_owned(), seconds);
        Ok(())
    }
}

fn batch(visibility: &Arc<FakeVisibility>, concurrency: usize) -> Batch {
    Batch {
        concurrency,
        clock: Arc::new(FakeClock::default()),
        visibility: Arc::clone(visibility) as Arc<dyn Visibility>,
    }
}

/// The end of an invocation that begins now, so that records have `left`.
fn ending(left: SignedDuration) -> Timestamp {
    FakeClock::default().now() + left + ANSWER_MARGIN
}

fn hint(order: u64) -> String {
    json!({
        "v": 1, "store": "main", "order": order, "received_at": "2026-01-01T00:00:00Z", "cause": "webhook",
        "correlation": format!("c-{order}"),
    })
    .to_string()
}

fn event(bodies: &[(&str, String)]) -> SqsEvent {
    let record = |(id, body): &(&str, String)| {
        json!({
            "messageId": id, "receiptHandle": format!("receipt-{id}"), "body": body,
            "attributes": {"ApproximateReceiveCount": "3"}, "eventSource": "aws:sqs",
        })
    };
    serde_json::from_value(json!({"Records": bodies.iter().map(record).collect::<Vec<_>>()})).unwrap()
}

fn failed(response: &SqsBatchResponse) -> Vec<&str> {
    let mut ids: Vec<&str> =
        response.batch_item_failures.iter().map(|item| item.item_identifier.as_str()).collect();
    ids.sort_unstable();
    ids
}

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

#[tokio::test(start_paused = true)]
async fn each_record_of_a_mixed_batch_has_its_own_fate() {
    let visibility = Arc::new(FakeVisibility::default());
    let bodies = [
        ("good", hint(1)),
        ("later", hint(2)),
        ("failing", hint(3)),
        ("panicking", hint(4)),
        ("hanging", hint(5)),
        ("poison", "{\"v\": 1, canary".into()),
        ("future", json!({"v": 99}).to_string()),
        ("empty", String::new()),
        ("also-good", hint(6)),
    ];
    let done = Mutex::new(Vec::new());
    let response = batch(&visibility, 5)
        .process(event(&bodies), ending(MINUTE), async |record: Record<Hint>| {
            sleep(Duration::from_millis(10)).await;
            match record.message.order.0 {
                2 => return Verdict::RetryAfter(SignedDuration::from_secs(60)),
                3 => return Verdict::Fail,
                4 => panic!("of one record"),
                5 => sleep(Duration::from_hours(1)).await,
                _ => {}
            }
            done.lock().unwrap().push(record);
            Verdict::Ack
        })
        .await;
    assert_eq!(failed(&response), ["empty", "failing", "future", "hanging", "later", "panicking", "poison"]);
    let put_off = visibility.put_off.lock().unwrap().clone();
    assert_eq!(put_off.keys().collect::<Vec<_>>(), ["receipt-later"]);
    assert!((60..=91).contains(&put_off["receipt-later"]), "{put_off:?}");

    let done = done.into_inner().unwrap();
    assert_eq!(done.len(), 2);
    assert_eq!((done[0].message_id.as_str(), done[0].receives), ("good", 3));
    assert_eq!(done[0].deadline, FakeClock::default().now() + MINUTE);
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_call_itself_is_contained_too() {
    let handle = |record: Record<Hint>| {
        assert!(record.message.order.0 != 1, "before there is a future");
        async { Verdict::Ack }
    };
    let visibility = Arc::new(FakeVisibility::default());
    let response =
        batch(&visibility, 2).process(event(&[("a", hint(1)), ("b", hint(2))]), ending(MINUTE), handle).await;
    assert_eq!(failed(&response), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_record_is_dropped_at_its_deadline_and_not_later() {
    let began = tokio::time::Instant::now();
    let visibility = Arc::new(FakeVisibility::default());
    let finished = AtomicUsize::new(0);
    let response = batch(&visibility, 5)
        .process(
            event(&[("slow", hint(1)), ("quick", hint(2))]),
            ending(MINUTE),
            async |record: Record<Hint>| {
                let work = if record.message.order.0 == 1 { 3600 } else { 59 };
                sleep(Duration::from_secs(work)).await;
                finished.fetch_add(1, Ordering::Relaxed);
                Verdict::Ack
            },
        )
        .await;
    assert_eq!(failed(&response), ["slow"]);
    assert_eq!(finished.into_inner(), 1);
    let took = began.elapsed();
    assert!(took >= Duration::from_mins(1) && took < Duration::from_millis(60_010), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn without_time_nothing_is_begun() {
    for left in [SignedDuration::ZERO, SignedDuration::from_secs(-30)] {
        let visibility = Arc::new(FakeVisibility::default());
        let begun = AtomicUsize::new(0);
        let response = batch(&visibility, 5)
            .process(event(&[("a", hint(1)), ("b", hint(2))]), ending(left), async |_: Record<Hint>| {
                begun.fetch_add(1, Ordering::Relaxed);
                Verdict::Ack
            })
            .await;
        assert_eq!(failed(&response), ["a", "b"]);
        assert_eq!(begun.into_inner(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn records_run_side_by_side_within_the_bound() {
    let visibility = Arc::new(FakeVisibility::default());
    let ids: Vec<String> = (0..10).map(|n| format!("m-{n}")).collect();
    let bodies: Vec<(&str, String)> = ids.iter().map(|id| (id.as_str(), hint(1))).collect();
    let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let response = batch(&visibility, 3)
        .process(event(&bodies), ending(MINUTE), async |_: Record<Hint>| {
            most.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            sleep(Duration::from_secs(1)).await;
            now.fetch_sub(1, Ordering::Relaxed);
            Verdict::Ack
        })
        .await;
    assert!(failed(&response).is_empty());
    assert_eq!(most.into_inner(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_put_off_still_comes_back() {
    for visibility in [
        FakeVisibility { refuses: true, ..FakeVisibility::default() },
        FakeVisibility { hangs: true, ..FakeVisibility::default() },
    ] {
        let began = tokio::time::Instant::now();
        let response = batch(&Arc::new(visibility), 1)
            .process(event(&[("a", hint(1))]), ending(MINUTE), async |_: Record<Hint>| {
                Verdict::RetryAfter(MINUTE)
            })
            .await;
        assert_eq!(failed(&response), ["a"]);
        assert!(began.elapsed() < Duration::try_from(ANSWER_MARGIN).unwrap());
    }
}

#[tokio::test]
async fn lambda_reads_the_answer() {
    let visibility = Arc::new(FakeVisibility::default());
    let batch = batch(&visibility, 1);
    let failing = async |_: Record<Hint>| Verdict::Fail;
    let response = batch.process(event(&[("a", hint(1))]), ending(MINUTE), failing).await;
    assert_eq!(
        serde_json::to_value(&response).unwrap(),
        json!({"batchItemFailures": [{"itemIdentifier": "a"}]})
    );
    let response = batch.process(event(&[]), ending(MINUTE), failing).await;
    assert_eq!(serde_json::to_value(&response).unwrap(), json!({"batchItemFailures": []}));
}

#[test]
fn the_deadline_is_lambdas() {
    let mut context = Context::default();
    context.deadline = 1_800_000_000_123;
    assert_eq!(invocation_deadline(&context), "2027-01-15T08:00:00.123Z".parse().unwrap());
    context.deadline = u64::MAX;
    assert_eq!(invocation_deadline(&context), Timestamp::MAX);
}

#[test]
fn an_outage_of_an_hour_spends_few_receives() {
    let waits: Vec<i64> = [0, 1, 2, 3, 7, 8, 9, 100].map(table_wait).map(|wait| wait.as_secs()).into();
    assert_eq!(waits, [10, 10, 20, 40, 640, 900, 900, 900]);
    let hour = (1..).scan(0, |waited, receives| Some((*waited += table_wait(receives).as_secs(), *waited).1));
    assert!(hour.take_while(|waited| *waited < 3600).count() < 10);
}

//! What the ERP says of an order: granted whenever the order is free, never
//! noted while it is not, by the ledger that ships and by the fake alike.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use weir_domain::hint::{Cause, Hint};
use weir_domain::id::OrderKey;
use weir_domain::ports::{Claim, Held, Ledger};
use weir_domain::record::{Hold, OrderRecord, Seen, WaitReason};
use weir_ledger::DynamoLedger;
use weir_testkit::{FakeLedger, sample};

use crate::table::InMemory;

const LEASE: SignedDuration = SignedDuration::from_secs(300);

fn at(seconds: i64) -> Timestamp {
    sample::saturday() + SignedDuration::from_secs(seconds)
}

/// A claim at the moment the hint is received.
async fn try_claim(ledger: &dyn Ledger, hint: &Hint, now: i64, owner: &str) -> Claim {
    ledger.claim(hint, owner, at(now), LEASE).await.unwrap()
}

async fn claim(ledger: &dyn Ledger, hint: &Hint, now: i64, owner: &str) -> Held {
    match try_claim(ledger, hint, now, owner).await {
        Claim::Claimed(held) => *held,
        other => panic!("the claim of {owner} ended {other:?}"),
    }
}

/// Ends a claim after a read of the shop that began at `seconds`.
async fn complete(ledger: &dyn Ledger, mut held: Held, seconds: i64, after: Hold) -> OrderRecord {
    let order = sample::order(held.record.key.store.as_str(), held.record.key.order.0);
    held.record.seen = Some(Seen {
        read_at_by_shop: None,
        read_at: at(seconds),
        number: order.number.clone(),
        status: order.status.clone(),
        version: order.version(),
        totals: order.totals(),
    });
    held.record.hold = after;
    ledger.complete(held, &sample::note("completed", at(seconds))).await.unwrap()
}

fn of_erp(key: &OrderKey, seconds: i64) -> Hint {
    sample::hint(key, Cause::Erp, at(seconds))
}

fn webhook(key: &OrderKey, seconds: i64) -> Hint {
    sample::hint(key, Cause::Webhook, at(seconds))
}

async fn no_read_of_the_shop_answers_it(ledger: &dyn Ledger) {
    let waiting = Hold::Waiting { reason: WaitReason::QuietPeriod, due_at: at(9_000), excepted: None };
    let holds = [Hold::None, Hold::Held { reason: "a person looks".to_owned() }, waiting];
    for (id, hold) in (1..).zip(holds) {
        let key = sample::key("free", id);
        let held = claim(ledger, &of_erp(&key, 0), 0, "a").await;
        assert!(!held.taken_over, "of an order that nobody heard of");
        complete(ledger, held, 100, hold.clone()).await;
        let older = claim(ledger, &of_erp(&key, 50), 101, "b").await;
        assert_eq!((older.taken_over, &older.record.hold), (false, &hold));
        complete(ledger, older, 102, Hold::None).await;
        assert_eq!(try_claim(ledger, &webhook(&key, 50), 103, "c").await, Claim::Answered, "the shop's are");
        let wake = sample::hint(&key, Cause::Wake, at(103));
        assert_eq!(try_claim(ledger, &wake, 103, "c").await, Claim::Answered, "nothing is due");
    }
}

async fn whoever_is_at_work_is_not_told(ledger: &dyn Ledger) {
    for (id, cause, noted) in [(1, Cause::Erp, false), (2, Cause::Webhook, true)] {
        let key = sample::key("busy", id);
        let held = claim(ledger, &webhook(&key, 0), 0, "a").await;
        let news = sample::hint(&key, cause, at(50));
        assert_eq!(try_claim(ledger, &news, 50, "b").await, Claim::Busy);
        let record = complete(ledger, held, 10, Hold::None).await;
        assert_eq!(record.hold != Hold::None, noted, "{cause:?}: looked at again");
        claim(ledger, &of_erp(&key, 50), 60, "b").await;
    }
}

async fn a_lease_that_ended_is_taken_over(ledger: &dyn Ledger) {
    let key = sample::key("ended", 1);
    claim(ledger, &of_erp(&key, 0), 0, "a").await;
    assert_eq!(try_claim(ledger, &of_erp(&key, 0), 299, "b").await, Claim::Busy);
    assert!(claim(ledger, &of_erp(&key, 0), 300, "b").await.taken_over);
}

#[tokio::test]
async fn what_the_erp_says_is_granted_or_comes_back() {
    let table = InMemory::new("open", "open_pk", "open_sk");
    let ships = DynamoLedger::over(Arc::new(table), "ledger");
    let fake = FakeLedger::default();
    for ledger in [&ships as &dyn Ledger, &fake] {
        no_read_of_the_shop_answers_it(ledger).await;
        whoever_is_at_work_is_not_told(ledger).await;
        a_lease_that_ended_is_taken_over(ledger).await;
    }
}

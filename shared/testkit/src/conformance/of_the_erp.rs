//! What the ERP says of an order: granted whenever the order is free, never
//! noted while it is not.

use weir_domain::hint::{Cause, Hint};
use weir_domain::id::OrderKey;
use weir_domain::ports::{Claim, Held, Ledger};
use weir_domain::record::{Hold, WaitReason};

use super::{LEASE, at, claim, complete, read, try_claim, wake, webhook};
use crate::sample;

pub(super) async fn run(ledger: &impl Ledger) {
    no_read_of_the_shop_answers_it(ledger).await;
    whoever_is_at_work_is_not_told(ledger).await;
    a_lease_that_ended_is_taken_over(ledger).await;
}

fn of_erp(key: &OrderKey, seconds: i64) -> Hint {
    sample::hint(key, Cause::Erp, at(seconds))
}

/// A claim some time after the hint was received.
async fn claim_at(ledger: &impl Ledger, hint: &Hint, seconds: i64, owner: &str) -> Claim {
    ledger.claim(hint, owner, at(seconds), LEASE).await.expect("the ledger answers")
}

/// Ends a claim after a read of the shop that began at `seconds`.
async fn settle(ledger: &impl Ledger, mut held: Held, seconds: i64, after: Hold) -> Hold {
    read(&mut held, seconds);
    held.record.hold = after;
    complete(ledger, held, seconds).await.hold
}

async fn no_read_of_the_shop_answers_it(ledger: &impl Ledger) {
    let waiting = Hold::Waiting { reason: WaitReason::QuietPeriod, due_at: at(9_000), excepted: None };
    let holds = [Hold::None, Hold::Held { reason: "a person looks".to_owned() }, waiting];
    for (id, hold) in (1..).zip(holds) {
        let key = sample::key("erp-free", id);
        let held = claim(ledger, &of_erp(&key, 0), "a").await;
        assert!(!held.taken_over, "of an order that nobody heard of");
        settle(ledger, held, 100, hold.clone()).await;
        let Claim::Claimed(older) = claim_at(ledger, &of_erp(&key, 50), 101, "b").await else {
            panic!("{hold:?}: what the ERP said before the read is not answered by it")
        };
        assert_eq!((older.taken_over, &older.record.hold), (false, &hold));
        settle(ledger, *older, 102, Hold::None).await;
        let shops = claim_at(ledger, &webhook(&key, 50), 103, "c").await;
        assert_eq!(shops, Claim::Answered, "what the shop said is");
        assert_eq!(try_claim(ledger, &wake(&key, 103), "c").await, Claim::Answered, "nothing is due");
    }
}

async fn whoever_is_at_work_is_not_told(ledger: &impl Ledger) {
    for (id, cause, noted) in [(1, Cause::Erp, false), (2, Cause::Webhook, true)] {
        let key = sample::key("erp-busy", id);
        let held = claim(ledger, &webhook(&key, 0), "a").await;
        let news = sample::hint(&key, cause, at(50));
        assert_eq!(try_claim(ledger, &news, "b").await, Claim::Busy);
        let after = settle(ledger, held, 10, Hold::None).await;
        assert_eq!(after != Hold::None, noted, "{cause:?}: looked at again");
        claim(ledger, &of_erp(&key, 60), "b").await;
    }
}

async fn a_lease_that_ended_is_taken_over(ledger: &impl Ledger) {
    let key = sample::key("erp-ended", 1);
    claim(ledger, &of_erp(&key, 0), "a").await;
    assert_eq!(claim_at(ledger, &of_erp(&key, 0), 299, "b").await, Claim::Busy);
    let ended = claim_at(ledger, &of_erp(&key, 0), 300, "b").await;
    assert!(matches!(ended, Claim::Claimed(held) if held.taken_over));
}

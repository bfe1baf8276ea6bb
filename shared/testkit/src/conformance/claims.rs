//! Who may work on an order.

use futures::future::join_all;
use weir_domain::ports::{Claim, Ledger, LedgerError};
use weir_domain::record::{Hold, WaitReason};

use super::{at, claim, complete, read, settle, try_claim, wake, webhook};
use crate::sample::{key, note};

pub(super) async fn run(ledger: &impl Ledger) {
    an_unknown_order_is_granted_with_a_new_record(ledger).await;
    of_parallel_claims_one_is_granted(ledger).await;
    a_running_claim_makes_others_busy(ledger).await;
    an_ended_lease_is_taken_over_and_its_holder_is_fenced(ledger).await;
    a_finished_claim_is_not_taken_over(ledger).await;
    the_same_owner_may_claim_again(ledger).await;
    a_settled_order_answers_older_hints(ledger).await;
    an_order_never_read_answers_nothing(ledger).await;
    a_waiting_order_answers_nothing(ledger).await;
}

async fn an_unknown_order_is_granted_with_a_new_record(ledger: &impl Ledger) {
    let key = key("unknown", 1);
    assert_eq!(ledger.record(&key).await, Ok(None));
    assert_eq!(ledger.audit(&key).await, Ok(Vec::new()));
    let held = claim(ledger, &webhook(&key, 0), "a").await;
    assert_eq!((held.fence, held.taken_over), (1, false));
    assert_eq!((&held.record.key, held.record.audit_seq), (&key, 0));
    assert_eq!(held.record.first_heard_at, at(0));
    assert_eq!(held.record.correlation, "test-1");
    assert_eq!(ledger.record(&key).await, Ok(None), "a claim alone is not a fact about the order");

    let later = claim(ledger, &webhook(&key, 1000), "b").await;
    assert!(later.taken_over);
    assert_eq!(later.record.first_heard_at, at(0), "the first hint is not forgotten with its holder");
}

async fn of_parallel_claims_one_is_granted(ledger: &impl Ledger) {
    let key = key("parallel", 1);
    let hint = webhook(&key, 0);
    let owners: Vec<String> = (0..20).map(|n| format!("owner-{n}")).collect();
    let claims = join_all(owners.iter().map(|owner| try_claim(ledger, &hint, owner))).await;
    let granted = claims.iter().filter(|claim| matches!(claim, Claim::Claimed(_))).count();
    let busy = claims.iter().filter(|claim| matches!(claim, Claim::Busy)).count();
    assert_eq!((granted, busy), (1, 19));
}

async fn a_running_claim_makes_others_busy(ledger: &impl Ledger) {
    let key = key("busy", 1);
    let held = claim(ledger, &webhook(&key, 0), "a").await;
    assert_eq!(try_claim(ledger, &webhook(&key, 1), "b").await, Claim::Busy);
    assert_eq!(try_claim(ledger, &wake(&key, 2), "b").await, Claim::Busy);
    complete(ledger, held, 3).await;
    assert_eq!(claim(ledger, &webhook(&key, 4), "b").await.fence, 2);
}

async fn an_ended_lease_is_taken_over_and_its_holder_is_fenced(ledger: &impl Ledger) {
    let key = key("zombie", 1);
    let mut zombie = claim(ledger, &webhook(&key, 0), "a").await;
    ledger.save(&mut zombie, &note("began", at(1))).await.expect("the claim is the newest");
    assert_eq!(try_claim(ledger, &webhook(&key, 299), "b").await, Claim::Busy);
    let mut heir = claim(ledger, &webhook(&key, 300), "b").await;
    assert_eq!((heir.fence, heir.taken_over), (2, true));
    assert_eq!(heir.record, zombie.record, "what the holder saved is there");

    let before = zombie.clone();
    assert_eq!(ledger.save(&mut zombie, &note("late", at(301))).await, Err(LedgerError::Fenced));
    assert_eq!(zombie, before, "a refused save changes nothing");
    assert_eq!(ledger.complete(zombie.clone(), &note("late", at(301))).await, Err(LedgerError::Fenced));
    ledger.save(&mut heir, &note("goes_on", at(302))).await.expect("the claim is the newest");
    complete(ledger, heir, 303).await;
    assert_eq!(ledger.complete(zombie, &note("late", at(304))).await, Err(LedgerError::Fenced));
    let what: Vec<String> =
        ledger.audit(&key).await.expect("the ledger answers").into_iter().map(|entry| entry.what).collect();
    assert_eq!(what, ["began", "goes_on", "completed"]);
}

async fn a_finished_claim_is_not_taken_over(ledger: &impl Ledger) {
    let key = key("finished", 1);
    settle(ledger, &key, 0, Hold::None).await;
    assert!(!claim(ledger, &webhook(&key, 10), "b").await.taken_over);
}

async fn the_same_owner_may_claim_again(ledger: &impl Ledger) {
    let key = key("again", 1);
    let mut lost = claim(ledger, &webhook(&key, 0), "a").await;
    let held = claim(ledger, &webhook(&key, 0), "a").await;
    assert!(held.fence > lost.fence);
    assert_eq!(ledger.save(&mut lost, &note("late", at(1))).await, Err(LedgerError::Fenced));
    complete(ledger, held, 2).await;
}

async fn a_settled_order_answers_older_hints(ledger: &impl Ledger) {
    let (exception, held) = (super::exception(), "a person looks".to_owned());
    let holds = [Hold::None, Hold::Exception(exception), Hold::Held { reason: held }];
    for (id, hold) in (1..).zip(holds) {
        let key = key("answered", id);
        settle(ledger, &key, 100, hold).await;
        assert_eq!(try_claim(ledger, &webhook(&key, 90), "b").await, Claim::Answered);
        assert_eq!(try_claim(ledger, &wake(&key, 101), "b").await, Claim::Answered, "nothing is due");
        // Received so shortly before the read that another clock may lie.
        let held = claim(ledger, &webhook(&key, 97), "b").await;
        complete(ledger, held, 102).await;
        let held = claim(ledger, &webhook(&key, 103), "b").await;
        complete(ledger, held, 104).await;
        assert_eq!(try_claim(ledger, &webhook(&key, 90), "b").await, Claim::Answered);
    }
}

async fn an_order_never_read_answers_nothing(ledger: &impl Ledger) {
    let key = key("gone", 1);
    let held = claim(ledger, &webhook(&key, 100), "a").await;
    complete(ledger, held, 101).await;
    claim(ledger, &webhook(&key, 0), "b").await;
}

async fn a_waiting_order_answers_nothing(ledger: &impl Ledger) {
    let key = key("waiting", 1);
    let mut held = claim(ledger, &webhook(&key, 100), "a").await;
    read(&mut held, 100);
    held.record.wait(WaitReason::QuietPeriod, at(105));
    complete(ledger, held, 101).await;
    let held = claim(ledger, &wake(&key, 0), "b").await;
    complete(ledger, held, 102).await;
    let held = claim(ledger, &webhook(&key, 0), "b").await;
    complete(ledger, held, 103).await;
}

//! How work ends: in one transaction, and without losing what was heard
//! meanwhile.

use futures::future::{join, join_all};
use weir_domain::audit::AuditEntry;
use weir_domain::hint::Cause;
use weir_domain::id::OrderKey;
use weir_domain::ports::{Claim, Ledger, LedgerError, Timelines};
use weir_domain::record::{DocumentAxis, Hold, OrderRecord, WaitReason};

use super::{at, claim, complete, due, exception, read, try_claim, wake, webhook};
use crate::sample::{self, key, note};

pub(super) async fn run(ledger: &(impl Ledger + Timelines)) {
    replaying_the_audit_gives_the_record(ledger).await;
    a_claim_completes_once(ledger).await;
    a_newer_hint_makes_it_due(ledger).await;
    an_answered_hint_does_not(ledger).await;
    a_wake_is_no_news(ledger).await;
    a_holder_that_vanished_forgets_no_hint(ledger).await;
    a_duty_to_look_again_is_done_once(ledger).await;
    a_newer_hint_hides_no_exception(ledger).await;
    a_newer_hint_ends_only_a_wait_for_the_shop(ledger).await;
    what_a_person_holds_stays_held(ledger).await;
    no_hint_is_lost_between_two_claims(ledger).await;
}

async fn replaying_the_audit_gives_the_record(ledger: &(impl Ledger + Timelines)) {
    let key = key("audit", 1);
    let mut held = claim(ledger, &webhook(&key, 0), "a").await;
    read(&mut held, 1);
    held.record.document = DocumentAxis::Pushing;
    ledger.save(&mut held, &note("pushing", at(2))).await.expect("the claim is the newest");
    assert_eq!(held.record.audit_seq, 1);
    assert_eq!(ledger.record(&key).await, Ok(Some(held.record.clone())));
    held.record.document = DocumentAxis::InErp;
    held.record.in_erp_at = Some(at(3));
    let record = complete(ledger, held, 4).await;
    let held = claim(ledger, &webhook(&key, 50), "b").await;
    assert_eq!(held.record, record);
    let record = complete(ledger, held, 51).await;

    let audit = ledger.audit(&key).await.expect("the ledger answers");
    assert_eq!(audit.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 3]);
    assert!(audit.iter().all(|entry| entry.seq == entry.record.audit_seq));
    assert_eq!(audit[0].record.document, DocumentAxis::Pushing);
    assert_eq!((audit[0].at, audit[0].who.as_str(), audit[0].what.as_str()), (at(2), "test", "pushing"));
    assert_eq!(audit[0].correlation, record.correlation);
    assert_eq!(audit.last().map(|entry| &entry.record), Some(&record));
    let newest_first: Vec<AuditEntry> = audit.iter().rev().cloned().collect();
    for limit in [0, 1, 2, 3, 4] {
        let newest = ledger.newest_entries(&key, limit).await;
        assert_eq!(newest.as_deref(), Ok(&newest_first[..limit.min(3)]), "the newest {limit}");
    }
    assert_eq!(ledger.record(&key).await, Ok(Some(record)));
}

async fn a_claim_completes_once(ledger: &impl Ledger) {
    let key = key("once", 1);
    let held = claim(ledger, &webhook(&key, 0), "a").await;
    complete(ledger, held.clone(), 1).await;
    assert_eq!(ledger.complete(held.clone(), &note("again", at(2))).await, Err(LedgerError::Fenced));
    assert_eq!(ledger.save(&mut held.clone(), &note("again", at(2))).await, Err(LedgerError::Fenced));
    assert_eq!(ledger.audit(&key).await.map(|audit| audit.len()), Ok(1));
}

/// Claims and reads at 100, hears of `heard` meanwhile, completes with `hold`.
async fn hear_meanwhile(
    ledger: &impl Ledger,
    key: &OrderKey,
    heard: &[(Cause, i64)],
    hold: Hold,
) -> OrderRecord {
    let mut claimed = claim(ledger, &webhook(key, 90), "a").await;
    read(&mut claimed, 100);
    for (cause, seconds) in heard {
        let hint = sample::hint(key, *cause, at(*seconds));
        let answer = ledger.claim(&hint, "b", at(101), super::LEASE).await;
        assert_eq!(answer, Ok(Claim::Busy));
    }
    claimed.record.hold = hold;
    let record = complete(ledger, claimed, 110).await;
    assert_eq!(ledger.record(key).await, Ok(Some(record.clone())));
    record
}

fn waits_since_110(record: &OrderRecord) -> bool {
    matches!(record.hold, Hold::Waiting { reason: WaitReason::NewerHint, due_at, .. } if due_at == at(110))
}

async fn a_newer_hint_makes_it_due(ledger: &impl Ledger) {
    let key = key("newer", 1);
    // The newest counts, whatever order they come in.
    let record = hear_meanwhile(ledger, &key, &[(Cause::Webhook, 101), (Cause::Poll, 50)], Hold::None).await;
    assert!(waits_since_110(&record), "{:?}", record.hold);
    assert_eq!(due(ledger, &key, 110).await.len(), 1);
    // Looked at again, without another hint: the duty is done.
    let mut held = claim(ledger, &wake(&key, 120), "c").await;
    read(&mut held, 120);
    held.record.hold = Hold::None;
    assert_eq!(complete(ledger, held, 121).await.hold, Hold::None);
    assert!(due(ledger, &key, 10_000).await.is_empty());
}

async fn an_answered_hint_does_not(ledger: &impl Ledger) {
    let key = key("older", 1);
    let record = hear_meanwhile(ledger, &key, &[(Cause::Webhook, 94), (Cause::Poll, 80)], Hold::None).await;
    assert_eq!(record.hold, Hold::None);
    assert!(due(ledger, &key, 10_000).await.is_empty());
}

async fn a_wake_is_no_news(ledger: &impl Ledger) {
    let key = key("woken", 1);
    let record = hear_meanwhile(ledger, &key, &[(Cause::Wake, 101), (Cause::Probe, 101)], Hold::None).await;
    assert_eq!(record.hold, Hold::None);
}

async fn a_holder_that_vanished_forgets_no_hint(ledger: &impl Ledger) {
    let key = key("vanished", 1);
    let _vanished = claim(ledger, &webhook(&key, 0), "a").await;
    assert_eq!(try_claim(ledger, &webhook(&key, 200), "b").await, Claim::Busy);
    // The heir's own read is older than that hint: it must look again.
    let mut heir = claim(ledger, &wake(&key, 400), "c").await;
    read(&mut heir, 150);
    assert!(matches!(
        complete(ledger, heir, 410).await.hold,
        Hold::Waiting { reason: WaitReason::NewerHint, .. }
    ));
}

/// The shop deleted the order: nothing was read, and nothing can be.
async fn a_duty_to_look_again_is_done_once(ledger: &impl Ledger) {
    let key = key("unreadable", 1);
    let held = claim(ledger, &webhook(&key, 0), "a").await;
    assert_eq!(try_claim(ledger, &webhook(&key, 1), "b").await, Claim::Busy);
    complete(ledger, held, 2).await;
    assert_eq!(due(ledger, &key, 2).await.len(), 1);
    let mut held = claim(ledger, &wake(&key, 3), "c").await;
    held.record.hold = Hold::None;
    assert_eq!(complete(ledger, held, 4).await.hold, Hold::None);
    assert!(due(ledger, &key, 10_000).await.is_empty());
}

async fn a_newer_hint_hides_no_exception(ledger: &impl Ledger) {
    let key = key("excepted", 1);
    let record = hear_meanwhile(ledger, &key, &[(Cause::Webhook, 101)], Hold::Exception(exception())).await;
    assert!(waits_since_110(&record), "{:?}", record.hold);
    assert_eq!(record.exception(), Some(&exception()));
}

async fn a_newer_hint_ends_only_a_wait_for_the_shop(ledger: &impl Ledger) {
    let wait = |reason, seconds| Hold::Waiting { reason, due_at: at(seconds), excepted: None };
    let payment = wait(WaitReason::Payment, 1_000_000);
    let record = hear_meanwhile(ledger, &key("paid", 1), &[(Cause::Webhook, 101)], payment).await;
    assert!(waits_since_110(&record), "{:?}", record.hold);
    // Looking into the ERP before its longest request has ended proves nothing.
    let unknown = wait(WaitReason::UnknownOutcome, 170);
    let record = hear_meanwhile(ledger, &key("late", 1), &[(Cause::Webhook, 101)], unknown.clone()).await;
    assert_eq!(record.hold, unknown);
}

async fn what_a_person_holds_stays_held(ledger: &impl Ledger) {
    let hold = Hold::Held { reason: "a person looks".to_owned() };
    let key = key("held", 1);
    let record = hear_meanwhile(ledger, &key, &[(Cause::Webhook, 101)], hold.clone()).await;
    assert_eq!(record.hold, hold);
    assert!(due(ledger, &key, 10_000).await.is_empty());
}

/// Hints race with a completion: whatever the interleaving, a hint that was
/// told "busy" leaves the order due in the end.
async fn no_hint_is_lost_between_two_claims(ledger: &impl Ledger) {
    for id in 1..=10 {
        let key = key("race", id);
        let mut held = claim(ledger, &webhook(&key, 90), "a").await;
        read(&mut held, 100);
        let hint = webhook(&key, 101);
        let owners: Vec<String> = (0..10).map(|n| format!("owner-{n}")).collect();
        let hints = join_all(owners.iter().map(|owner| ledger.claim(&hint, owner, at(102), super::LEASE)));
        let (hints, _) = join(hints, complete(ledger, held, 103)).await;
        let mut heard = 0;
        let mut heirs = Vec::new();
        for claim in hints {
            match claim {
                Ok(Claim::Busy) => heard += 1,
                Ok(Claim::Claimed(heir)) => heirs.push(*heir),
                // The message comes back.
                Err(LedgerError::Unavailable(_)) => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(heirs.len() <= 1);
        let taken = !heirs.is_empty();
        for heir in heirs {
            complete(ledger, heir, 104).await;
        }
        let waits = due(ledger, &key, 104).await.iter().any(|order| order.key == key);
        assert!(waits || heard == 0, "{key}: {heard} hints noted, taken: {taken}, not due");
    }
}

//! Circuits, schedules and mappings.

use futures::future::join_all;
use jiff::SignedDuration;
use weir_domain::circuit::{Circuit, Peer};
use weir_domain::id::StoreId;
use weir_domain::mapping::{MappingKey, MappingKind, Mappings};
use weir_domain::ports::{CircuitSlot, Ledger, LedgerError, MappingStore, Schedules};

use super::{LEASE, at};
use crate::sample::note;

pub(super) async fn run<L: Ledger + Schedules + MappingStore>(ledger: &L) {
    a_circuit_is_replaced_by_whoever_read_it_last(ledger).await;
    runs_do_not_overlap(ledger).await;
    a_run_that_lost_its_lease_is_fenced(ledger).await;
    of_parallel_runs_one_begins(ledger).await;
    mappings_are_found_by_their_exact_names(ledger).await;
    mappings_set_in_parallel_are_all_audited(ledger).await;
}

async fn a_circuit_is_replaced_by_whoever_read_it_last(ledger: &impl Ledger) {
    let peer = Peer::Erp("circuit".parse().expect("a name"));
    assert_eq!(ledger.circuit(&peer).await, Ok(CircuitSlot::default()));
    let open = CircuitSlot { circuit: Circuit::default().after_blocked("http 401", at(0), None), version: 0 };
    let attempts = join_all((0..10).map(|_| ledger.set_circuit(&peer, &open))).await;
    assert_eq!(attempts.iter().filter(|won| **won == Ok(true)).count(), 1);
    assert_eq!(attempts.iter().filter(|won| **won == Ok(false)).count(), 9);

    let slot = ledger.circuit(&peer).await.expect("the ledger answers");
    assert_eq!((&slot.circuit, slot.version), (&open.circuit, 1));
    let closed = CircuitSlot { circuit: Circuit::default(), version: 1 };
    assert_eq!(ledger.set_circuit(&peer, &closed).await, Ok(true));
    assert_eq!(ledger.set_circuit(&peer, &slot).await, Ok(false), "read before it was closed");
    let other = Peer::Store("circuit".parse().expect("a name"));
    assert_eq!(ledger.circuit(&other).await, Ok(CircuitSlot::default()), "a shop of the same name");
}

async fn runs_do_not_overlap(ledger: &impl Schedules) {
    let job = "poll/overlap";
    let begin = |owner, seconds| ledger.begin(job, owner, at(seconds), LEASE);
    let mut first = begin("a", 0).await.expect("the ledger answers").expect("the first run");
    assert_eq!((first.cursor.as_deref(), first.fence), (None, 1));
    assert_eq!(begin("b", 299).await, Ok(None));
    ledger.advance(job, &mut first, "page-1").await.expect("the run is the newest");
    assert_eq!(first.cursor.as_deref(), Some("page-1"));
    ledger.advance(job, &mut first, "page-2").await.expect("the run is the newest");
    ledger.end(job, first).await.expect("the run is the newest");

    let second = begin("b", 1).await.expect("the ledger answers").expect("the first run has ended");
    assert_eq!((second.cursor.as_deref(), second.fence), (Some("page-2"), 2));
}

async fn a_run_that_lost_its_lease_is_fenced(ledger: &impl Schedules) {
    let job = "poll/zombie";
    let begin = |owner, seconds| ledger.begin(job, owner, at(seconds), LEASE);
    let mut zombie = begin("a", 0).await.expect("the ledger answers").expect("the first run");
    let mut heir = begin("b", 300).await.expect("the ledger answers").expect("the lease has ended");
    assert_eq!(ledger.advance(job, &mut zombie, "back").await, Err(LedgerError::Fenced));
    assert_eq!(zombie.cursor, None);
    assert_eq!(ledger.end(job, zombie).await, Err(LedgerError::Fenced));
    ledger.advance(job, &mut heir, "on").await.expect("the run is the newest");
    assert_eq!(begin("c", 301).await, Ok(None), "the zombie has not ended it");
}

async fn of_parallel_runs_one_begins(ledger: &impl Schedules) {
    let owners: Vec<String> = (0..20).map(|n| format!("owner-{n}")).collect();
    let runs = join_all(owners.iter().map(|owner| ledger.begin("poll/parallel", owner, at(0), LEASE))).await;
    let begun = runs.into_iter().filter_map(|run| run.expect("the ledger answers")).count();
    assert_eq!(begun, 1);
    let after = at(0) + LEASE + SignedDuration::from_secs(1);
    assert!(ledger.begin("poll/parallel", "z", after, LEASE).await.is_ok_and(|run| run.is_some()));
}

async fn mappings_are_found_by_their_exact_names(ledger: &impl MappingStore) {
    let (main, other): (StoreId, StoreId) =
        ("mapped".parse().expect("a name"), "mapped-2".parse().expect("a name"));
    let known = [
        (MappingKey::new(MappingKind::Item, "id:42"), vec!["MUG-L"]),
        (MappingKey::new(MappingKind::Tax, "rates:5+6c"), vec!["GST", "PST"]),
        (MappingKey::new(MappingKind::Tax, "none:JP"), vec![]),
        (MappingKey::new(MappingKind::Fee, "name:Gift #1 – wrap"), vec!["WRAP"]),
        (MappingKey::new(MappingKind::Payment, ""), vec!["ZERO"]),
    ];
    let mut expected = Mappings::new();
    for (key, target) in known {
        let target: Vec<String> = target.into_iter().map(str::to_owned).collect();
        ledger.set_mapping(&main, &key, &target, &note("mapped", at(0))).await.expect("the ledger answers");
        expected.insert(key, target);
    }
    let mut keys: Vec<MappingKey> = expected.keys().cloned().collect();
    keys.extend(keys.clone());
    keys.push(MappingKey::new(MappingKind::Fee, "id:42"));
    // Shops can name things at any length; such a name is only not mapped.
    keys.push(MappingKey::new(MappingKind::Fee, format!("name:{}", "x".repeat(5000))));
    keys.extend((1000..1130).map(|id| MappingKey::new(MappingKind::Item, format!("id:{id}"))));
    assert_eq!(ledger.mappings(&main, &keys).await, Ok(expected));
    assert_eq!(ledger.mappings(&other, &keys).await, Ok(Mappings::new()));
    assert_eq!(ledger.mappings(&main, &[]).await, Ok(Mappings::new()));

    let key = MappingKey::new(MappingKind::Item, "id:42");
    ledger
        .set_mapping(&main, &key, &["MUG-XL".to_owned()], &note("mapped", at(1)))
        .await
        .expect("the ledger answers");
    let found = ledger.mappings(&main, std::slice::from_ref(&key)).await.expect("the ledger answers");
    assert_eq!(found.get(&key), Some(&vec!["MUG-XL".to_owned()]));
}

/// One of them is last; a writer that lost too often is told so.
async fn mappings_set_in_parallel_are_all_audited(ledger: &impl MappingStore) {
    let store: StoreId = "contended".parse().expect("a name");
    let key = MappingKey::new(MappingKind::Payment, "bacs");
    let (key, store) = (&key, &store);
    let targets: Vec<String> = (0..5).map(|n| format!("BANK-{n}")).collect();
    let writes = join_all(targets.iter().map(|target| async move {
        let target = std::slice::from_ref(target);
        ledger.set_mapping(store, key, target, &note("mapped", at(0))).await
    }))
    .await;
    let unclear = |error: &LedgerError| !matches!(error, LedgerError::Unavailable(_));
    assert!(!writes.iter().filter_map(|write| write.as_ref().err()).any(unclear), "{writes:?}");
    let written: Vec<&String> =
        targets.iter().zip(&writes).filter(|(_, write)| write.is_ok()).map(|(target, _)| target).collect();
    let found = ledger.mappings(store, std::slice::from_ref(key)).await.expect("the ledger answers");
    assert!(!written.is_empty() && written.contains(&&found[key][0]), "{written:?} {found:?}");
}

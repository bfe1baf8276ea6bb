//! What is due, and what was seen.

use futures::future::join_all;
use weir_domain::circuit::Peer;
use weir_domain::ports::{DueOrder, Ledger};
use weir_domain::record::{Hold, WaitReason};

use super::{at, claim, complete, due, exception, read, settle, webhook};
use crate::sample::key;

pub(super) async fn run(ledger: &impl Ledger) {
    what_waits_is_due_in_its_time(ledger).await;
    the_circuit_it_waits_for_is_named(ledger).await;
    a_claim_is_due_when_its_lease_ends(ledger).await;
    what_is_settled_is_never_due(ledger).await;
    the_oldest_come_first_and_no_more_than_asked_for(ledger).await;
    pages_go_on_where_the_last_one_ended(ledger).await;
    seen_names_what_was_read(ledger).await;
}

fn wait(reason: WaitReason, seconds: i64) -> Hold {
    Hold::Waiting { reason, due_at: at(seconds), excepted: None }
}

async fn what_waits_is_due_in_its_time(ledger: &impl Ledger) {
    let key = key("due", 1);
    settle(ledger, &key, 0, wait(WaitReason::PeerBusy, 60)).await;
    assert!(due(ledger, &key, 59).await.is_empty());
    let orders = due(ledger, &key, 60).await;
    assert_eq!(orders.len(), 1);
    assert_eq!((&orders[0].key, orders[0].due_at, &orders[0].peer), (&key, at(60), &None));
    let elsewhere = crate::sample::key("due-elsewhere", 1);
    assert!(due(ledger, &elsewhere, 60).await.is_empty(), "another store's");
}

async fn the_circuit_it_waits_for_is_named(ledger: &impl Ledger) {
    let peers = [Peer::Erp("books".parse().expect("a name")), Peer::Store("peers".parse().expect("a name"))];
    for (id, peer) in (1..).zip(&peers) {
        let hold = wait(WaitReason::CircuitOpen(peer.clone()), 10 * i64::try_from(id).expect("small"));
        settle(ledger, &key("peers", id), 0, hold).await;
    }
    let orders = due(ledger, &key("peers", 1), 100).await;
    let named: Vec<_> = orders.into_iter().filter_map(|order| order.peer).collect();
    assert_eq!(named, peers);
}

async fn a_claim_is_due_when_its_lease_ends(ledger: &impl Ledger) {
    let key = key("leased", 1);
    // It waited for a circuit before: that is not what it is due for now.
    let peer = Peer::Erp("books".parse().expect("a name"));
    settle(ledger, &key, 0, wait(WaitReason::CircuitOpen(peer.clone()), 10)).await;
    let held = claim(ledger, &webhook(&key, 20), "a").await;
    assert!(due(ledger, &key, 319).await.is_empty());
    let orders = due(ledger, &key, 320).await;
    assert_eq!(orders.len(), 1);
    assert_eq!((orders[0].due_at, &orders[0].peer), (at(320), &None));
    complete(ledger, held, 21).await;
    let orders = due(ledger, &key, 10_000).await;
    assert_eq!(orders.len(), 1);
    assert_eq!((orders[0].due_at, &orders[0].peer), (at(10), &Some(peer)), "it waits as before");
}

async fn what_is_settled_is_never_due(ledger: &impl Ledger) {
    let held = Hold::Held { reason: "a person looks".to_owned() };
    for (id, hold) in (1..).zip([Hold::None, Hold::Exception(exception()), held]) {
        settle(ledger, &key("settled", id), 0, hold).await;
    }
    assert!(due(ledger, &key("settled", 1), 100_000_000).await.is_empty());
}

async fn the_oldest_come_first_and_no_more_than_asked_for(ledger: &impl Ledger) {
    let store = key("many", 1).store;
    let ids: Vec<u64> = (1..=40).collect();
    // Neither the order of ids nor that of writing is the order of time.
    let due_at = |id: u64| 1000 + i64::try_from(id * 17 % 41).expect("small");
    let keys = |id: u64| key("many", id);
    join_all(ids.iter().map(|id| async move {
        settle(ledger, &keys(*id), 0, wait(WaitReason::PeerBusy, due_at(*id))).await;
    }))
    .await;
    let orders = ledger.due(&store, at(1030), 25, None).await.expect("the ledger answers");
    let mut expected: Vec<(i64, u64)> = ids.iter().map(|id| (due_at(*id), *id)).collect();
    expected.sort_unstable();
    expected.truncate(25);
    let found: Vec<u64> = orders.iter().map(|order| order.key.order.0).collect();
    assert_eq!(found, expected.iter().map(|(_, id)| *id).collect::<Vec<_>>());
    assert_eq!(ledger.due(&store, at(1030), 100, None).await.map(|orders| orders.len()), Ok(30));
    assert_eq!(ledger.due(&store, at(1030), 0, None).await.map(|orders| orders.len()), Ok(0));
}

/// Some are due in the same instant, and ids have different lengths.
async fn pages_go_on_where_the_last_one_ended(ledger: &impl Ledger) {
    let ids: Vec<u64> = (95..=115).collect();
    let keys = |id: u64| key("paged", id);
    let due_at = |id: u64| 1000 + i64::try_from(id % 3).expect("small");
    join_all(ids.iter().map(|id| async move {
        settle(ledger, &keys(*id), 0, wait(WaitReason::PeerBusy, due_at(*id))).await;
    }))
    .await;
    let mut found: Vec<DueOrder> = Vec::new();
    for _ in 0..10 {
        let page = ledger.due(&keys(1).store, at(2000), 4, found.last()).await.expect("the ledger answers");
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 4);
        found.extend(page);
    }
    assert!(found.is_sorted_by_key(|order| order.due_at));
    let mut found: Vec<u64> = found.iter().map(|order| order.key.order.0).collect();
    found.sort_unstable();
    assert_eq!(found, ids, "each once");
    let last = DueOrder { key: keys(1), due_at: at(2000), peer: None };
    assert_eq!(ledger.due(&last.key.store, at(1500), 4, Some(&last)).await, Ok(Vec::new()));
}

async fn seen_names_what_was_read(ledger: &impl Ledger) {
    let (read_key, unread, unknown) = (key("seen", 1), key("seen", 2), key("seen", 3));
    let record = settle(ledger, &read_key, 0, Hold::None).await;
    let held = claim(ledger, &webhook(&unread, 0), "a").await;
    complete(ledger, held, 1).await;
    let mut keys = vec![read_key.clone(), unread, unknown, read_key.clone()];
    keys.extend((100..196).map(|id| key("seen", id)));
    let seen = ledger.seen(&keys).await.expect("the ledger answers");
    assert_eq!(seen.len(), 1);
    assert_eq!(seen.get(&read_key).cloned(), weir_domain::ports::SeenState::of(&record));
    assert_eq!(ledger.seen(&[]).await.map(|seen| seen.len()), Ok(0));

    let mut held = claim(ledger, &webhook(&read_key, 50), "a").await;
    read(&mut held, 50);
    held.record.seen.as_mut().expect("it was just read").version.modified_at = at(40);
    let refunds = [7, 8].map(weir_domain::id::RefundId);
    held.record.seen.as_mut().expect("it was just read").refunds = refunds.into();
    complete(ledger, held, 51).await;
    let expected = weir_domain::ports::SeenState { surely_until: at(40), refunds: refunds.into() };
    assert_eq!(ledger.seen(&keys).await.map(|seen| seen.get(&read_key).cloned()), Ok(Some(expected)));
}

//! The open work, as people look at it.

use futures::future::join_all;
use weir_domain::circuit::Peer;
use weir_domain::id::{OrderKey, StoreId};
use weir_domain::ports::{Ledger, OpenOrder, OpenOrders, OpenState};
use weir_domain::record::{Acceptance, Exception, Hold, WaitReason};

use super::{at, claim, complete, exception, settle, webhook};
use crate::sample::key;

pub(super) async fn run<L: Ledger + OpenOrders>(ledger: &L) {
    each_state_has_its_own(ledger).await;
    what_is_closed_is_in_none(ledger).await;
    a_claimed_order_is_due_when_its_lease_ends(ledger).await;
    the_earliest_come_first_and_pages_go_on(ledger).await;
    it_is_counted_up_to_a_number(ledger).await;
    records_are_given_in_the_order_of_their_keys(ledger).await;
}

async fn open(ledger: &impl OpenOrders, store: &StoreId, state: OpenState) -> Vec<OpenOrder> {
    ledger.open(store, state, None, 100).await.expect("the ledger answers")
}

async fn states(ledger: &impl OpenOrders, store: &StoreId) -> [Vec<OpenOrder>; 3] {
    let [due, excepted, held] = OpenState::ALL;
    [open(ledger, store, due).await, open(ledger, store, excepted).await, open(ledger, store, held).await]
}

fn wait(reason: WaitReason, seconds: i64, excepted: Option<Exception>) -> Hold {
    Hold::Waiting { reason, due_at: at(seconds), excepted: excepted.map(Box::new) }
}

fn plain(key: &OrderKey, seconds: i64) -> OpenOrder {
    OpenOrder { key: key.clone(), at: at(seconds), peer: None, code: None, subject: None }
}

fn grouped(open: OpenOrder) -> OpenOrder {
    let Exception { code, subject, .. } = exception();
    OpenOrder { code: Some(code), subject: Some(subject), ..open }
}

async fn each_state_has_its_own<L: Ledger + OpenOrders>(ledger: &L) {
    let keys: Vec<OrderKey> = (0..5).map(|id| key("open", id)).collect();
    let peer = Peer::Erp("books".parse().expect("a name"));
    let since = Exception { since: at(7), ..exception() };
    let holds = [
        wait(WaitReason::PeerBusy, 1_000_000, None),
        wait(WaitReason::CircuitOpen(peer.clone()), 60, None),
        wait(WaitReason::Released, 70, Some(exception())),
        Hold::Exception(since),
        Hold::Held { reason: "a person looks".to_owned() },
    ];
    for (key, hold) in keys.iter().zip(holds) {
        settle(ledger, key, 5, hold).await;
    }
    let due = vec![
        OpenOrder { peer: Some(peer), ..plain(&keys[1], 60) },
        grouped(plain(&keys[2], 70)),
        plain(&keys[0], 1_000_000),
    ];
    let expected = [due, vec![grouped(plain(&keys[3], 7))], vec![plain(&keys[4], 5)]];
    assert_eq!(states(ledger, &keys[0].store).await, expected, "what is not yet due is open, too");
    assert_eq!(states(ledger, &key("open-2", 1).store).await, [vec![], vec![], vec![]], "another store's");
}

async fn what_is_closed_is_in_none<L: Ledger + OpenOrders>(ledger: &L) {
    let by = || Acceptance { by: "ada".to_owned(), at: at(1), reason: "it is right so".to_owned() };
    let holds = [
        Hold::None,
        Hold::Skipped { reason: "a test of the shop".to_owned() },
        Hold::Exception(Exception { accepted: Some(by()), ..exception() }),
    ];
    for (id, hold) in (1..).zip(holds) {
        settle(ledger, &key("closed", id), 0, Hold::Exception(exception())).await;
        settle(ledger, &key("closed", id), 50, hold).await;
    }
    assert_eq!(states(ledger, &key("closed", 1).store).await, [vec![], vec![], vec![]]);
}

async fn a_claimed_order_is_due_when_its_lease_ends<L: Ledger + OpenOrders>(ledger: &L) {
    let key = key("open-claimed", 1);
    settle(ledger, &key, 0, Hold::Exception(exception())).await;
    let held = claim(ledger, &webhook(&key, 50), "a").await;
    assert_eq!(states(ledger, &key.store).await, [vec![plain(&key, 350)], vec![], vec![]]);
    complete(ledger, held, 51).await;
    assert_eq!(states(ledger, &key.store).await[1], [grouped(plain(&key, 0))]);
}

/// Some are of the same instant, and ids have different lengths.
async fn the_earliest_come_first_and_pages_go_on<L: Ledger + OpenOrders>(ledger: &L) {
    let ids: Vec<u64> = (85..=125).collect();
    let keys = |id: u64| key("open-paged", id);
    let store = keys(1).store;
    join_all(ids.iter().map(|id| async move {
        let since = at(1_000 + i64::try_from(id * 7 % 10).expect("small"));
        settle(ledger, &keys(*id), 0, Hold::Exception(Exception { since, ..exception() })).await;
    }))
    .await;
    let page = async |after: Option<&OpenOrder>, limit| {
        ledger.open(&store, OpenState::Exception, after, limit).await.expect("the ledger answers")
    };
    let all = page(None, usize::MAX).await;
    assert_eq!(all.len(), ids.len());
    assert!(all.is_sorted_by_key(|order| order.at));
    assert!(page(None, 0).await.is_empty());
    for limit in [1, 7, 40, 41] {
        let mut found: Vec<OpenOrder> = Vec::new();
        loop {
            let next = page(found.last(), limit).await;
            assert!(next.len() <= limit);
            if next.is_empty() {
                break;
            }
            found.extend(next);
        }
        assert_eq!(found, all, "by {limit}");
    }
    assert!(page(Some(&plain(&keys(1), 5_000)), 10).await.is_empty(), "after all of them");
}

async fn it_is_counted_up_to_a_number<L: Ledger + OpenOrders>(ledger: &L) {
    let keys = |id: u64| key("counted", id);
    let store = keys(1).store;
    join_all((1..=40).map(|id| async move {
        settle(ledger, &keys(id), 0, wait(WaitReason::PeerBusy, 1_000_000, None)).await;
    }))
    .await;
    for at_most in [0, 1, 3, 5, 39, 40, 41, 1_000] {
        let counted = ledger.count_open(&store, OpenState::Due, at_most).await;
        assert_eq!(counted, Ok(at_most.min(40)), "up to {at_most}");
    }
    assert_eq!(ledger.count_open(&store, OpenState::Held, 100).await, Ok(0));
}

async fn records_are_given_in_the_order_of_their_keys<L: Ledger + OpenOrders>(ledger: &L) {
    let (first, second, claimed) = (key("records", 2), key("records", 1), key("records", 3));
    let one = settle(ledger, &first, 0, Hold::None).await;
    let two = settle(ledger, &second, 0, Hold::Exception(exception())).await;
    let held = claim(ledger, &webhook(&claimed, 0), "a").await;
    let mut keys = vec![first, claimed.clone(), second];
    keys.extend((100..196).map(|id| key("records", id)));
    assert_eq!(
        ledger.records(&keys).await,
        Ok(vec![one.clone(), two.clone()]),
        "of a new claim there is none"
    );
    let three = complete(ledger, held, 1).await;
    keys.push(claimed);
    assert_eq!(ledger.records(&keys).await, Ok(vec![one, three, two]), "each once");
    assert_eq!(ledger.records(&[]).await, Ok(Vec::new()));
}

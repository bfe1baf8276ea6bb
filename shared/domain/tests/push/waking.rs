//! The minute tick is fair between ERPs, and bounded.

use futures::executor::block_on;
use jiff::SignedDuration;
use weir_domain::circuit::{Circuit, Peer};
use weir_domain::hint::{Cause, Hint};
use weir_domain::id::OrderKey;
use weir_domain::ports::{CircuitSlot, Claim, Ledger};
use weir_domain::record::WaitReason;
use weir_domain::wake::{Wake, Woken};
use weir_testkit::{LedgerOp, sample};

use crate::world::{World, store};

fn erp(name: &str) -> Peer {
    Peer::Erp(name.parse().unwrap())
}

/// Orders that wait and are due since `minutes` ago.
fn wait(world: &World, ids: std::ops::Range<u64>, reason: &WaitReason, minutes: i64) {
    for id in ids {
        let key = sample::key("main", id);
        let hint = sample::hint(&key, Cause::Webhook, world.now());
        let claim = world.ledger.claim(&hint, "test", world.now(), SignedDuration::from_secs(130));
        let Claim::Claimed(mut held) = block_on(claim).unwrap() else { panic!("{key} is new") };
        held.record.wait(reason.clone(), world.now() - SignedDuration::from_mins(minutes));
        block_on(world.ledger.complete(*held, &sample::note("waits", world.now()))).unwrap();
    }
}

/// Opens a circuit whose next probe is due in so many minutes.
fn open(world: &World, peer: &Peer, probe_in: i64) {
    let mut circuit = Circuit::default().after_blocked("http 401", world.now(), None);
    circuit.open.as_mut().unwrap().probe_at = world.now() + SignedDuration::from_mins(probe_in);
    let version = block_on(world.ledger.circuit(peer)).unwrap().version;
    assert!(block_on(world.ledger.set_circuit(peer, &CircuitSlot { circuit, version })).unwrap());
}

fn tick(world: &World) -> (Woken, Vec<Hint>) {
    let wake = Wake {
        ledger: world.ledger.clone(),
        queue: world.queue.clone(),
        clock: world.clock.clone(),
        limit: 300,
    };
    let woken = block_on(wake.tick(&store(), "tick")).unwrap();
    (woken, world.queue.take())
}

fn keys(hints: &[Hint]) -> Vec<OrderKey> {
    hints.iter().map(Hint::key).collect()
}

#[test]
fn orders_parked_for_one_erp_do_not_starve_anothers() {
    let world = World::new();
    wait(&world, 1..1001, &WaitReason::CircuitOpen(erp("a")), 60);
    wait(&world, 2001..2006, &WaitReason::CircuitOpen(erp("b")), 5);
    wait(&world, 3001..3003, &WaitReason::QuietPeriod, 1);
    open(&world, &erp("a"), 3);
    let (woken, hints) = tick(&world);
    assert_eq!((woken.sent, woken.probes, woken.parked), (7, 0, 1000));
    let expected: Vec<OrderKey> = (2001..2006).chain(3001..3003).map(|id| sample::key("main", id)).collect();
    assert_eq!(keys(&hints), expected);
    assert!(hints.iter().all(|hint| hint.cause == Cause::Wake));
}

#[test]
fn an_open_circuit_is_still_probed_with_one_order() {
    let world = World::new();
    wait(&world, 1..1001, &WaitReason::CircuitOpen(erp("a")), 60);
    wait(&world, 2001..2003, &WaitReason::CircuitOpen(erp("b")), 5);
    open(&world, &erp("a"), 0);
    let (woken, hints) = tick(&world);
    assert_eq!((woken.sent, woken.probes, woken.parked), (3, 1, 999));
    assert_eq!((hints[0].key(), hints[0].cause), (sample::key("main", 1), Cause::Probe));
}

#[test]
fn a_tick_sends_no_more_than_its_limit() {
    let world = World::new();
    wait(&world, 1..501, &WaitReason::CircuitOpen(erp("a")), 60);
    wait(&world, 2001..2501, &WaitReason::CircuitOpen(erp("b")), 5);
    open(&world, &erp("a"), 3);
    let (woken, hints) = tick(&world);
    assert_eq!((woken.sent, hints.len()), (300, 300));
    assert_eq!(hints[0].key(), sample::key("main", 2001), "the oldest comes first");
}

#[test]
fn a_tick_reads_no_further_than_its_bound() {
    let world = World::new();
    wait(&world, 1..9302, &WaitReason::CircuitOpen(erp("a")), 60);
    open(&world, &erp("a"), 3);
    let (woken, _) = tick(&world);
    assert_eq!((woken.sent, woken.parked), (0, 9300));
    assert_eq!(world.ledger.faults.calls(LedgerOp::Due), 10);
}

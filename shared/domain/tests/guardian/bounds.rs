//! What is not asked, and what is not done for ever.

use super::*;

#[test]
fn nothing_is_asked_when_the_time_is_over_or_the_circuit_is_open() {
    let world = World::guarded();
    let asked = world.shop.faults.all_calls();
    world.later(10);
    assert!(world.run_for(0).unwrap().skipped);
    let peer = Peer::Store(world.config.store.clone());
    let mut slot = block_on(world.ledger.circuit(&peer)).unwrap();
    slot.circuit = Circuit::default().after_blocked("maintenance", world.now(), None);
    assert!(block_on(world.ledger.set_circuit(&peer, &slot)).unwrap());
    assert!(world.run().unwrap().skipped);
    assert_eq!(world.shop.faults.all_calls(), asked);
    // From the probe's time on it is looked at, and at once.
    world.later(1);
    assert_eq!(world.look().checked, 4);
}

#[test]
fn one_of_the_legacy_api_is_made_anew_and_nothing_was_missed() {
    let world = World::guarded();
    let old = world.id("order.updated");
    world.later(1);
    world.note(Trouble::OldApi);
    let guarded = world.look_later();
    assert!(guarded.faults.iter().all(|it| it.kind == "webhook_api"), "{:?}", guarded.faults);
    assert_eq!((guarded.repaired(), guarded.missed_since), (4, None));
    assert!(world.is_whole() && world.id("order.updated") != old);
    assert_eq!(world.look_later().faults, []);
}

/// The user of the key has no right to read orders either.
#[test]
fn one_made_anew_in_vain_three_times_is_left_to_people() {
    let world = World::guarded();
    let of_day = || {
        let mut repaired = 0;
        for _ in 0..12 {
            world.later(1);
            world.note(Trouble::OwnerWithoutRights);
            world.later(60);
            repaired += world.look().repaired();
        }
        repaired
    };
    assert_eq!(of_day(), 3 * 4);
    let left = world.look_later();
    assert_eq!((left.faults.len(), left.repaired()), (4, 0));
    assert!(left.faults[0].detail.contains("give the user of the API key the right"), "{:?}", left.faults[0]);
    world.later(13 * 60);
    assert_eq!(world.look().repaired(), 4, "a day later it is tried again");
    // Deleted by hand it is made at once.
    world.shop.remove(world.id("order.updated"));
    assert_eq!(World::one(&world.look_later()), repaired("webhook_missing", "order.updated"));
}

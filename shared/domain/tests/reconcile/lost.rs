//! With every hint lost for a day, the poll brings every order into the ERP
//! within its interval.

use std::collections::BTreeMap;

use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use weir_domain::id::OrderId;
use weir_domain::poll::{Poll, Run};
use weir_testkit::{announce, sample};

use crate::world::World;

/// Orders of the day: one every seven minutes, whatever the hour.
const EVERY_MINUTES: u32 = 7;
const DAY_MINUTES: u32 = 24 * 60;

/// The minute tick's poll, and what it found.
fn poll(world: &World, owner: &str) {
    let poll = Poll {
        ledger: world.ledger.clone(),
        schedules: world.ledger.clone(),
        queue: world.queue.clone(),
        clock: world.clock.clone(),
    };
    let until = world.now() + SignedDuration::from_secs(48);
    let (config, lease) = (world.config(), SignedDuration::from_secs(70));
    block_on(poll.run(&Run { config: &config, shop: &*world.shop, owner, until, lease })).unwrap();
}

#[test]
fn with_every_hint_lost_for_a_day_all_orders_are_in_the_erp_within_the_poll_interval() {
    let world = World::new();
    let mut placed: BTreeMap<u64, Timestamp> = BTreeMap::new();
    let mut booked: BTreeMap<u64, Timestamp> = BTreeMap::new();
    for minute in 0..DAY_MINUTES + 10 {
        if minute < DAY_MINUTES && minute % EVERY_MINUTES == 0 {
            let id = u64::from(minute / EVERY_MINUTES) + 1;
            let mut order = sample::order("main", id);
            (order.created_at, order.modified_at) = (world.now(), world.now());
            placed.insert(id, world.now());
            world.shop.put(order);
        }
        poll(&world, &format!("poll-{minute}"));
        world.minutes(1);
        for sale in world.erp.sales().iter().skip(booked.len()) {
            let OrderId(id) = sale.order.key.order.order;
            booked.insert(id, world.now());
        }
    }
    assert_eq!(placed.keys().collect::<Vec<_>>(), booked.keys().collect::<Vec<_>>());
    let latest = placed.iter().map(|(id, at)| booked[id].duration_since(*at)).max().unwrap();
    // The interval, and the minute in which the tick after it works.
    let interval = SignedDuration::from_mins(i64::from(world.config().poll.every_minutes) + 1);
    announce(&format!(
        "hints lost for a day: orders={} booked={} latest after {} s, bound {} s",
        placed.len(),
        booked.len(),
        latest.as_secs(),
        interval.as_secs()
    ));
    assert!(latest <= interval, "{latest:?}");
    for id in placed.keys() {
        assert_eq!(world.agree(&sample::key("main", *id)), Ok(()), "order {id}");
    }
    assert_eq!(world.pass().total().detected, 0, "the night finds nothing that the poll left");
}

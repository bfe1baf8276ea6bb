//! Following the ERP: the feed, the nightly pass, and what waits.

use futures::executor::block_on;
use jiff::SignedDuration;
use weir_domain::outcome::CallError;
use weir_domain::ports::{Clock, LedgerError, QueueError};
use weir_domain::stock::message::StockCause;
use weir_domain::stock::sync::{FullPlan, SyncError};
use weir_testkit::{ErpStockOp, Fault, StockOp, StockQueueOp};

use crate::world::{World, entity, item, location, n, sku};

const PLAN: FullPlan<'static> = FullPlan { hour: 2, fingerprint: "a" };

fn known(items: usize) -> World {
    let world = World::new();
    for number in 0..items {
        world.stock(number as u64 + 1, &format!("ITEM-{number:04}"), 5);
    }
    world
}

fn moved(world: &World) -> Result<weir_domain::stock::sync::Synced, SyncError> {
    block_on(world.sync.moved(&world.run(&entity())))
}

#[test]
fn the_feed_stores_positions_and_names_what_moved() {
    let world = known(3);
    moved(&world).unwrap();
    world.queue.take();
    world.erp.receive(&sku("ITEM-0001"), &location("floor"), n(2));
    let synced = moved(&world).unwrap();
    assert_eq!((synced.items, synced.stored), (1, 1));
    let position = world.table.position(&item("ITEM-0001")).unwrap();
    assert_eq!(position.locations.len(), 2, "all locations in one reading");
    let messages = world.queue.take();
    assert_eq!(messages[0].skus, [sku("ITEM-0001")]);
    assert_eq!((messages[0].cause, messages[0].refresh), (StockCause::Feed, false));
}

#[test]
fn the_cursor_moves_after_the_work() {
    let world = known(1);
    moved(&world).unwrap();
    for failure in ["position", "queue"] {
        world.erp.receive(&sku("ITEM-0000"), &location("main"), n(1));
        world.queue.take();
        if failure == "position" {
            let down = LedgerError::Unavailable("throttled".to_owned());
            world.table.faults.script(StockOp::PutPosition, [Fault::Before(down)]);
        } else {
            world.queue.faults.script(StockQueueOp::Send, [Fault::Before(QueueError("no".to_owned()))]);
        }
        assert!(moved(&world).is_err(), "{failure}");
        assert_eq!(moved(&world).unwrap().items, 1, "{failure}: it is named again");
        assert_eq!(world.queue.take().len(), 1, "{failure}");
    }
}

#[test]
fn everything_is_read_once_a_night_and_only_differences_are_stored() {
    let world = known(250);
    let full = || block_on(world.sync.full(&world.run(&entity()), PLAN)).unwrap();
    assert_eq!(full().stored, 250);
    let named: usize = world.queue.take().iter().map(|message| message.skus.len()).sum();
    assert_eq!(named, 250);
    assert!(full().skipped, "once a night");
    world.clock.advance(SignedDuration::from_hours(24));
    world.erp.receive(&sku("ITEM-0007"), &location("main"), n(1));
    let second = full();
    assert_eq!((second.items, second.stored), (250, 1));
    assert_eq!(world.queue.take().len(), 1, "in full messages");
    let other = FullPlan { fingerprint: "b", ..PLAN };
    let changed = block_on(world.sync.full(&world.run(&entity()), other)).unwrap();
    assert_eq!(changed.items, 250, "another configuration is published at once");
}

#[test]
fn a_pass_that_runs_out_of_time_goes_on_where_it_stopped() {
    let world = known(250);
    let entity = entity();
    let mut run = world.run(&entity);
    run.until = world.clock.now();
    let first = block_on(world.sync.full(&run, PLAN)).unwrap();
    assert!(first.unfinished);
    assert_eq!(first.items, 0);
    // An ERP that fails in the middle ends a run, too.
    let fail = Fault::Before(CallError::unknown("time-out"));
    world.erp.faults.script(ErpStockOp::Items, [Fault::None, Fault::None, fail]);
    assert!(block_on(world.sync.full(&world.run(&entity), PLAN)).is_err());
    let rest = block_on(world.sync.full(&world.run(&entity), PLAN)).unwrap();
    assert!(!rest.unfinished && rest.items == 250, "nothing was named yet, so all is read again");
}

#[test]
fn runs_do_not_overlap() {
    let world = known(1);
    let job = "stock/moved/house";
    let lease = SignedDuration::from_mins(6);
    let begun = weir_domain::ports::Schedules::begin(&*world.ledger, job, "other", world.clock.now(), lease);
    assert!(block_on(begun).unwrap().is_some());
    assert!(moved(&world).unwrap().skipped);
}

#[test]
fn two_readers_of_one_item_store_the_later_reading() {
    let world = known(1);
    world.event(&["ITEM-0000"]);
    let before = world.table.position(&item("ITEM-0000")).unwrap();
    // Somebody stores a reading between our look and our writing.
    world.table.faults.script(StockOp::PutPosition, [Fault::Before(LedgerError::Unavailable("lost".into()))]);
    world.pass(60);
    world.erp.receive(&sku("ITEM-0000"), &location("main"), n(1));
    assert!(world.deliver(&world.message(&["ITEM-0000"], true, StockCause::Event), 1).is_err());
    world.event(&["ITEM-0000"]);
    let after = world.table.position(&item("ITEM-0000")).unwrap();
    assert_eq!(after.version, before.version + 1);
    assert_eq!(world.shown(1), n(6));
}

#[test]
fn what_is_stale_goes_round_again_when_the_shop_is_back() {
    let world = known(2);
    world.event(&["ITEM-0000", "ITEM-0001"]);
    world.shop().faults.outage(Some(CallError::retry_soon("refused")));
    world.pass(10);
    world.erp.receive(&sku("ITEM-0000"), &location("main"), n(1));
    world.deliver(&world.message(&["ITEM-0000"], true, StockCause::Event), 9).unwrap();
    world.shop().faults.outage(None);
    let store = "main".parse().unwrap();
    assert_eq!(block_on(world.sync.resend_stale(&store, &entity(), "tick")).unwrap(), 1);
    world.drain();
    assert_eq!(world.shown(1), n(6));
    assert_eq!(block_on(world.sync.resend_stale(&store, &entity(), "tick")).unwrap(), 0);
}

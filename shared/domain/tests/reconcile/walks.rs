//! How a night goes: once, page by page, in ticks, past nothing that could not
//! be read.

use std::sync::Arc;

use jiff::SignedDuration;
use weir_domain::circuit::Peer;
use weir_domain::id::OrderId;
use weir_domain::order::OrderStatus;
use weir_domain::outcome::CallError;
use weir_domain::ports::{CircuitSlot, Ledger, LedgerError, QueueError};
use weir_testkit::{BooksOp, Fault, HistoryOp, LedgerOp, QueueOp, fault, sample};

use crate::world::{World, differences, erp_id};

/// Orders that nobody heard of, placed a minute after each other from `first`
/// on, the first hundred and fifty in one second.
fn put(world: &World, count: u64) {
    for id in 1..=count {
        let mut order = sample::order("main", id);
        order.created_at += SignedDuration::from_secs(i64::try_from(id.saturating_sub(150)).unwrap());
        world.shop.put(order);
    }
}

#[test]
fn a_night_begins_at_its_hour_and_is_over_once() {
    let world = World::new();
    put(&world, 1);
    world.nightfall();
    world.clock.advance(-SignedDuration::from_mins(31));
    assert!(world.tick().unwrap().skipped, "before the hour");
    world.clock.advance(SignedDuration::from_mins(31));
    assert_eq!(world.tick().unwrap().found, 1);
    assert!(world.tick().unwrap().skipped, "it is over");
    let report = world.report();
    assert_eq!((report.night.as_str(), report.orders), ("2026-11-29", 1));
    assert_eq!(differences(&report), [("missing_in_ledger", [1, 1, 0, 0, 0])]);
}

#[test]
fn every_order_of_many_pages_is_compared_once() {
    let world = World::new();
    put(&world, 333);
    world.nightfall();
    let matched = world.tick().unwrap();
    assert_eq!((matched.compared, matched.found, world.queue.depth()), (333, 333, 333));
    let report = world.report();
    assert_eq!((report.orders, report.views["not imported"], report.examples.len()), (333, 333, 100));
}

#[test]
fn what_fails_is_done_again_from_its_checkpoint() {
    let world = World::new();
    put(&world, 333);
    world.nightfall();
    let refused = fault::refused();
    world.history.faults.script(HistoryOp::PlacedAfter, [Fault::None, Fault::Before(refused)]);
    assert!(world.tick().is_err());
    assert_eq!((world.report().orders, world.report().ended_at), (100, None));
    world.queue.faults.script(QueueOp::Send, [Fault::Before(QueueError("down".to_owned()))]);
    assert!(world.tick().is_err());
    world
        .ledger
        .faults
        .script(LedgerOp::Advance, [Fault::Before(LedgerError::Unavailable("throttled".into()))]);
    assert!(world.tick().is_err());
    let hinted = |world: &World| {
        let mut ids: Vec<u64> = world.queue.take().iter().map(|hint| hint.order.0).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.len()
    };
    let matched = world.tick().unwrap();
    assert!(!matched.unfinished && world.report().ended_at.is_some());
    assert_eq!((matched.compared, hinted(&world)), (233, 333));
    let report = world.report();
    assert_eq!((report.orders, report.views["not imported"]), (333, 333), "no page is counted twice");
    assert_eq!(differences(&report), [("missing_in_ledger", [333, 333, 0, 0, 0])]);
}

#[test]
fn an_erp_whose_circuit_is_open_is_waited_for() {
    let world = World::new();
    put(&world, 2);
    world.nightfall();
    let peer = Peer::Erp(erp_id());
    let slot = |now| {
        let mut slot: CircuitSlot = futures::executor::block_on(world.ledger.circuit(&peer)).unwrap();
        slot.circuit = match now {
            Some(now) => slot.circuit.after_blocked("http 401", now, None),
            None => slot.circuit.after_success(),
        };
        assert!(futures::executor::block_on(world.ledger.set_circuit(&peer, &slot)).unwrap());
    };
    slot(Some(world.now()));
    let matched = world.tick().unwrap();
    assert_eq!((matched.unfinished, matched.waits_for.clone()), (true, Some(peer.clone())));
    assert_eq!((matched.compared, world.queue.depth()), (0, 0));
    slot(None);
    world.books.faults.script(BooksOp::Booked, [Fault::Before(CallError::blocked("http 401"))]);
    assert!(world.tick().is_err(), "nor is it passed when it fails now");
    assert_eq!(world.tick().unwrap().found, 2);
}

#[test]
fn two_ticks_do_not_overlap_and_a_busy_order_is_left_for_the_next_night() {
    let world = World::new();
    let key = world.place(sample::order("main", 1));
    world.books.delete(&world.sale(&key));
    world.nightfall();
    let schedules: Arc<dyn weir_domain::ports::Schedules> = world.ledger.clone();
    let lease = SignedDuration::from_secs(70);
    let begun = futures::executor::block_on(schedules.begin("match/main", "other", world.now(), lease));
    assert!(begun.unwrap().is_some());
    assert!(world.tick().unwrap().skipped);
    world.clock.advance(SignedDuration::from_mins(2));
    let hint = sample::hint(&key, weir_domain::hint::Cause::Webhook, world.now());
    let claim = world.ledger.claim(&hint, "worker", world.now(), SignedDuration::from_secs(130));
    futures::executor::block_on(claim).unwrap();
    assert_eq!(world.tick().unwrap().found, 0, "somebody is at work");
    world.minutes(30);
    assert_eq!(differences(&world.pass()), [("document_missing", [1, 0, 1, 0, 0])]);
}

#[test]
fn trashed_and_deleted_orders_are_found_among_many_by_the_erps_documents() {
    let world = World::new();
    put(&world, 130);
    for id in 1..=130 {
        world.hint(&sample::key("main", id));
    }
    world.change(7, |order| order.status = OrderStatus::Trash);
    world.shop.delete(OrderId(129));
    let report = world.pass();
    assert_eq!(differences(&report), [("trashed", [1, 1, 0, 0, 0]), ("force_deleted", [1, 1, 0, 0, 0])]);
    assert_eq!((report.orders, report.documents), (128, 130));
    for id in [7, 129] {
        assert_eq!(world.exception(&sample::key("main", id)), "deleted_in_shop");
    }
}

#[test]
fn an_erp_that_has_lost_everything_makes_no_exceptions() {
    let world = World::new();
    put(&world, 30);
    for id in 1..=30 {
        let key = sample::key("main", id);
        world.hint(&key);
        world.books.delete(&world.sale(&key));
    }
    world.nightfall();
    assert!(world.tick().is_err());
    assert!(world.ledger.records().iter().all(|record| record.exception().is_none()));
    world.books.restore();
    world.books.delete(&world.sale(&sample::key("main", 1)));
    world.tick().unwrap();
    assert_eq!(differences(&world.report()), [("document_missing", [1, 0, 1, 0, 0])]);
}

#[test]
fn an_erp_that_has_lost_them_for_good_is_believed_at_the_fourth_run() {
    let world = World::new();
    put(&world, 30);
    for id in 1..=30 {
        let key = sample::key("main", id);
        world.hint(&key);
        world.books.delete(&world.sale(&key));
    }
    world.nightfall();
    let lost = || world.tick().is_err();
    assert!(lost() && lost());
    // It has them again for one run that does not come further: counted anew.
    world.books.restore();
    let down = LedgerError::Unavailable("throttled".into());
    world.ledger.faults.script(LedgerOp::Advance, [Fault::None, Fault::Before(down)]);
    assert!(lost());
    assert!(world.tick().is_ok());
    for id in 1..=30 {
        world.books.delete(&world.sale(&sample::key("main", id)));
    }
    world.nightfall();
    assert!(lost() && lost() && lost());
    assert!(world.ledger.records().iter().all(|record| record.exception().is_none()));
    assert!(!world.tick().unwrap().unfinished);
    assert_eq!(differences(&world.report()), [("document_missing", [30, 0, 30, 0, 0])]);
    assert!(world.ledger.records().iter().all(|it| it.exception().unwrap().code == "document_gone"));
}

#[test]
fn what_makes_no_sense_and_was_placed_before_the_cut_over_is_left_alone() {
    let world = World::new();
    world.configure(|config| config.cut_over = Some(sample::saturday() - SignedDuration::from_hours(24)));
    for id in [1, 2] {
        let mut order = sample::order("main", id);
        if id == 1 {
            order.created_at -= SignedDuration::from_hours(24 * 3);
        }
        world.shop.put(order);
        world.history.garble(OrderId(id), "bad_amount", "total is no number");
    }
    assert_eq!(differences(&world.pass()), [("unreadable", [1, 0, 1, 0, 0])]);
    let records: Vec<OrderId> = world.ledger.records().iter().map(|record| record.key.order).collect();
    assert_eq!((records, world.report().orders), (vec![OrderId(2)], 2));
}

#[test]
fn nothing_that_names_a_person_is_in_the_report() {
    let world = World::new();
    crate::injections::all().for_each(|(id, injection)| (injection.prepare)(&world, id));
    crate::injections::all().for_each(|(id, injection)| (injection.inject)(&world, id));
    let report = serde_json::to_string(&world.pass()).unwrap();
    for canary in sample::CANARIES {
        assert!(!report.contains(canary), "{canary}");
    }
}

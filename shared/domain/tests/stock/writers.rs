//! Two at work on one item: neither destroys what the other one did, and
//! neither's news are lost.

use std::sync::Arc;

use futures::executor::block_on;
use serde_json::json;
use weir_domain::outcome::CallError;
use weir_domain::ports::{Change, Clock, Managed};
use weir_domain::stock::message::StockCause;
use weir_domain::stock::publish::Published;
use weir_domain::stock::{Intent, Publication};
use weir_testkit::{Fault, ShopStockOp};

use crate::world::{World, entity, location, n, sku};

/// A shop that shows ten and is to be raised by three.
fn to_be_raised(stock: serde_json::Value) -> Arc<World> {
    let world = Arc::new(World::with(&[stock]));
    world.stock(1, "MUG", 10);
    world.event(&["MUG"]);
    world.pass(10);
    world.erp.receive(&sku("MUG"), &location("main"), n(3));
    world
}

/// Another publisher works this delivery off while the shop is being written
/// to, after the write took effect.
fn while_it_is_written(world: &Arc<World>, receives: u32, expected: fn(&Published) -> bool) {
    let other = Arc::clone(world);
    world.shop().after(ShopStockOp::Adjust, move |_| {
        let message = other.message(&["MUG"], false, StockCause::Order);
        let published = other.deliver_inside(&message, receives);
        assert!(expected(&published), "{published:?}");
    });
}

fn comes_back(published: &Published) -> bool {
    matches!(published, Published::RetryAfter(..))
}

fn is_done(published: &Published) -> bool {
    matches!(published, Published::Acknowledge(_))
}

#[test]
fn who_finds_a_writer_at_work_leaves_its_record_alone() {
    let world = to_be_raised(json!({}));
    while_it_is_written(&world, 1, comes_back);
    world.event(&["MUG"]);
    let publication = world.publication("MUG");
    assert_eq!((world.shown(1), publication.shown), (n(13), Some(n(13))));
    assert_eq!((publication.intent, publication.stale_since), (None, None));
    assert_eq!((world.shop().unspent_hooks(), world.queue.depth()), (0, 0));
    // A sale is counted once, and the next increase need not wait.
    world.pass(5);
    world.order(0, 1, "MUG", 2);
    world.erp.receive(&sku("MUG"), &location("main"), n(1));
    world.event(&["MUG"]);
    world.drain();
    assert_eq!(world.shown(1), n(12));
}

#[test]
fn who_has_waited_long_enough_leaves_a_mark_beside_which_the_writer_ends() {
    let world = to_be_raised(json!({}));
    while_it_is_written(&world, 4, is_done);
    world.event(&["MUG"]);
    let publication = world.publication("MUG");
    assert_eq!((publication.shown, publication.intent), (Some(n(13)), None));
    assert_eq!(publication.reached.unwrap().why.target, n(13));
    assert!(publication.stale_since.is_some(), "the writer's facts may be the older ones");
    assert_eq!(block_on(world.sync.resend_stale(&"main".parse().unwrap(), &entity(), "tick")).unwrap(), 1);
    world.drain();
    assert_eq!(world.publication("MUG").stale_since, None);
}

#[test]
fn beside_a_mark_a_lost_write_stays_in_doubt() {
    let world = to_be_raised(json!({}));
    world.shop().faults.script(ShopStockOp::Adjust, [Fault::Before(CallError::unknown("time-out"))]);
    while_it_is_written(&world, 4, is_done);
    world.event(&["MUG"]);
    let publication = world.publication("MUG");
    let intent = publication.intent.unwrap();
    assert_eq!((intent.lost, intent.target()), (true, n(13)));
    assert!(publication.stale_since.is_some());
    world.pass(20);
    world.event(&["MUG"]);
    assert_eq!(world.shop().sent().len(), 1, "it may still land");
}

#[test]
fn an_exception_beside_a_writer_waits_for_it() {
    let world = to_be_raised(json!({}));
    let other = Arc::clone(&world);
    world.shop().after(ShopStockOp::Adjust, move |shop| {
        shop.change(1, |product| product.managed = Managed::No);
        let message = other.message(&["MUG"], false, StockCause::Order);
        assert!(comes_back(&other.deliver_inside(&message, 1)));
        assert!(other.publication("MUG").intent.is_some(), "the write is still under way");
    });
    world.event(&["MUG"]);
    assert_eq!((world.publication("MUG").intent, world.shop().unspent_hooks()), (None, 0));
}

#[test]
fn who_would_keep_what_another_one_has_begun_to_change_comes_back() {
    let world = Arc::new(World::new());
    world.stock(1, "MUG", 10);
    world.event(&["MUG"]);
    world.pass(10);
    // Eight are left on both sides; another one still goes by ten.
    world.erp.count(&sku("MUG"), &location("main"), n(8));
    world.shop().change(1, |product| product.quantity = Some(n(8)));
    let other = Arc::clone(&world);
    world.shop().before(ShopStockOp::SalesAfter, move |_| {
        let known = other.publication("MUG");
        let intent = Intent { present: n(8), delta: n(2), sent_at: other.clock.now(), lost: false };
        let begun = Publication { version: known.version + 1, intent: Some(intent), ..known };
        other.put_publication("MUG", &begun);
    });
    let message = world.message(&["MUG"], true, StockCause::Event);
    assert!(comes_back(&world.deliver(&message, 1).unwrap()));
    assert!(comes_back(&world.deliver(&message, 2).unwrap()), "it is still at it");
    let adjusted = world.publication("MUG");
    world.shop().change(1, |product| product.quantity = Some(n(10)));
    let ended = Publication { version: adjusted.version + 1, intent: None, stale_since: None, ..adjusted };
    world.put_publication("MUG", &ended);
    assert!(is_done(&world.deliver(&message, 3).unwrap()));
    assert_eq!(world.shown(1), n(8));
}

#[test]
fn an_item_that_another_writer_always_gets_first_ends_on_the_list() {
    let world = to_be_raised(json!({}));
    let message = world.message(&["MUG"], true, StockCause::Event);
    for receives in 1..=4 {
        let other = Arc::clone(&world);
        world.shop().before(ShopStockOp::SalesAfter, move |_| {
            let known = other.publication("MUG");
            let looked_at = Publication { version: known.version + 1, stale_since: None, ..known };
            other.put_publication("MUG", &looked_at);
        });
        let published = world.deliver(&message, receives).unwrap();
        assert_eq!(is_done(&published), receives == 4, "{receives}: {published:?}");
    }
    assert!(world.publication("MUG").stale_since.is_some());
    assert_eq!((world.queue.depth(), world.shop().sent().len()), (0, 0));
}

#[test]
fn only_what_another_writer_got_first_goes_round_again() {
    let world = to_be_raised(json!({}));
    for (id, name) in [(2, "CUP"), (3, "JUG")] {
        world.stock(id, name, 4);
        world.shop().change(id, |product| product.quantity = Some(n(1)));
    }
    let other = Arc::clone(&world);
    world.shop().before(ShopStockOp::SalesAfter, move |_| {
        let known = other.publication("MUG");
        other.put_publication("MUG", &Publication { version: known.version + 1, ..known });
    });
    let all = world.message(&["MUG", "CUP", "JUG"], true, StockCause::Event);
    assert!(is_done(&world.deliver(&all, 1).unwrap()));
    assert_eq!((world.shown(1), world.shown(2), world.shown(3)), (n(10), n(4), n(4)));
    let rest = world.queue.take();
    assert_eq!((rest.len(), rest[0].skus.as_slice(), rest[0].hops), (1, [sku("MUG")].as_slice(), 1));
    assert!(is_done(&world.deliver(&rest[0], 1).unwrap()));
    assert_eq!(world.shown(1), n(13));
}

#[test]
fn a_number_that_lands_late_lands_where_it_was_sent_to() {
    let world = to_be_raised(json!({ "write": "absolute" }));
    world.shop().faults.script(ShopStockOp::Adjust, [Fault::Before(CallError::unknown("time-out"))]);
    world.event(&["MUG"]);
    let late = world.shop().sent()[0].clone();
    assert_eq!(late[0].change, Change::To(n(13)));
    world.erp.count(&sku("MUG"), &location("main"), n(9));
    for _ in 0..3 {
        world.pass(5);
        world.event(&["MUG"]);
        assert_eq!(world.shown(1), n(9), "no number in advance can keep the late one off");
        assert_eq!(world.publication("MUG").intent.unwrap().target(), n(13));
    }
    world.shop().land(&late);
    world.event(&["MUG"]);
    assert_eq!(world.shown(1), n(9));
    world.pass(66);
    world.event(&["MUG"]);
    assert_eq!((world.shown(1), world.publication("MUG").intent), (n(9), None));
}

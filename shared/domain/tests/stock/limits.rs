//! Too little time, peers that are down, lists that are too long: everything
//! ends in few messages, and nothing is lost.

use std::collections::BTreeSet;

use futures::executor::block_on;
use jiff::SignedDuration;
use weir_domain::id::Sku;
use weir_domain::outcome::CallError;
use weir_domain::ports::StockStore;
use weir_domain::stock::message::{MOST_HOPS, StockCause};
use weir_domain::stock::publish::Published;
use weir_domain::stock::{Publication, StockMoved};
use weir_testkit::ShopStockOp;

use crate::world::{World, entity, location, n, sku, summary};

/// An item with a sale that the ERP's figure may or may not contain.
fn uncertain() -> World {
    let world = World::new();
    world.stock(1, "MUG", 10);
    world.pass(10);
    let sale = world.sale(1, "MUG", 2);
    world.pass(5);
    world.event(&["MUG"]);
    world.pass(5);
    world.shop().place(sale);
    world
}

#[test]
fn an_uncertain_sale_asks_for_a_reading_once() {
    let world = uncertain();
    assert_eq!(world.republish(&["MUG"]).sent_on, 1);
    let asked = world.queue.take();
    assert_eq!((asked.len(), asked[0].refresh, asked[0].hops), (1, true, 1));
}

#[test]
fn an_uncertain_sale_asks_an_erp_that_is_down_for_nothing() {
    let world = uncertain();
    world.erp.faults.outage(Some(CallError::retry_soon("refused")));
    let message = world.message(&["MUG"], true, StockCause::Event);
    for receives in 1..=4 {
        let published = world.deliver(&message, receives).unwrap();
        assert_eq!(matches!(published, Published::Acknowledge(_)), receives == 4, "{published:?}");
        assert_eq!(world.queue.depth(), 0);
    }
    assert!(world.publication("MUG").stale_since.is_some());
}

#[test]
fn a_chain_of_messages_ends() {
    let world = uncertain();
    let last = StockMoved { hops: MOST_HOPS, ..world.message(&["MUG"], false, StockCause::Order) };
    let published = world.deliver(&last, 1).unwrap();
    assert!(matches!(published, Published::Acknowledge(_)), "{published:?}");
    assert_eq!(world.queue.depth(), 0);
    assert!(world.publication("MUG").stale_since.is_some(), "the list has it");
}

/// A thousand items to be raised in a shop that takes four seconds for every
/// hundred.
fn slow() -> (World, Vec<String>) {
    let world = World::new();
    let names: Vec<String> = (1..=1_000).map(|number| format!("ITEM-{number:04}")).collect();
    for (id, name) in (1..).zip(&names) {
        world.stock(id, name, 10);
        world.shop().change(id, |product| product.quantity = Some(n(4)));
    }
    for _ in 0..100 {
        let clock = world.clock.clone();
        world.shop().before(ShopStockOp::Products, move |_| clock.advance(SignedDuration::from_secs(4)));
    }
    (world, names)
}

fn message(world: &World, names: &[String]) -> StockMoved {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    world.message(&names, true, StockCause::Full)
}

#[test]
fn a_slow_shop_is_published_part_by_part() {
    let (world, names) = slow();
    let mut next = vec![message(&world, &names)];
    let mut deliveries = 0;
    while let Some(message) = next.pop() {
        let published = world.deliver(&message, 1).unwrap();
        assert!(matches!(published, Published::Acknowledge(_)), "{:?}", summary(&published).why);
        assert!(summary(&published).stores.values().all(|store| store.written > 0), "it gets on");
        next.extend(world.queue.take());
        assert!(next.len() < 2, "messages do not multiply");
        assert_eq!(next.iter().find(|next| next.cause != StockCause::Full), None);
        deliveries += 1;
    }
    assert!((2..=1 + u32::from(MOST_HOPS)).contains(&deliveries), "{deliveries}");
    assert!((1..=1_000).all(|id| world.shown(id) == n(10)));
}

#[test]
fn what_a_slow_shop_leaves_at_the_end_of_the_chain_is_on_the_list() {
    let (world, names) = slow();
    let last = StockMoved { hops: MOST_HOPS, ..message(&world, &names) };
    for receives in 1..=4 {
        let published = world.deliver(&last, receives).unwrap();
        assert_eq!(matches!(published, Published::Acknowledge(_)), receives == 4);
    }
    let raised = (1..=1_000).filter(|id| world.shown(*id) == n(10)).count();
    let stale = block_on(world.table.stale(&"main".parse().unwrap(), None, 1_000)).unwrap().len();
    assert!(raised > 0 && stale > 0);
    assert_eq!((raised + stale, world.queue.depth()), (1_000, 0));
}

#[test]
fn with_no_time_at_all_nothing_is_begun() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    let message = world.message(&["MUG"], true, StockCause::Event);
    let published = world.deliver_within(&message, 1, 20).unwrap();
    assert!(matches!(published, Published::RetryAfter(..)));
    assert_eq!((world.shop().faults.all_calls(), world.erp.faults.all_calls()), (0, 0));
}

fn stale(world: &World) -> Vec<Sku> {
    let stale = block_on(world.table.stale(&"main".parse().unwrap(), None, 1_000)).unwrap();
    stale.into_iter().map(|(item, _)| item.sku).collect()
}

#[test]
fn an_outage_puts_on_the_list_what_the_shop_sells_or_may_sell() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    world.erp.count(&sku("NOT-SOLD"), &location("main"), n(3));
    world.event(&["MUG"]);
    let outage = |on: bool| world.shop().faults.outage(on.then(|| CallError::retry_soon("refused")));
    let both = || world.deliver(&world.message(&["MUG", "NOT-SOLD"], true, StockCause::Full), 4).unwrap();
    outage(true);
    both();
    assert_eq!(stale(&world), [sku("MUG"), sku("NOT-SOLD")], "of one nobody has ever looked");
    outage(false);
    both();
    assert_eq!(stale(&world), []);
    outage(true);
    both();
    assert_eq!(stale(&world), [sku("MUG")]);
    outage(false);
    both();
    world.erp.faults.outage(Some(CallError::retry_soon("refused")));
    world.pass(60);
    both();
    assert_eq!(stale(&world), [sku("MUG")], "what the shop does not have, it does not have");
}

#[test]
fn a_long_list_is_sent_again_in_turns() {
    let world = World::new();
    let store = "main".parse().unwrap();
    let now = weir_domain::ports::Clock::now(&*world.clock);
    let names: BTreeSet<Sku> = (0..1_500).map(|number| Sku(format!("ITEM-{number:04}"))).collect();
    for (second, name) in (0..).zip(&names) {
        let since = now + SignedDuration::from_secs(second);
        let stale = Publication { version: 1, stale_since: Some(since), ..Publication::default() };
        world.put_publication(&name.0, &stale);
    }
    let turn = || {
        let sent = block_on(world.sync.resend_stale(&store, &entity(), "tick")).unwrap();
        let skus: Vec<Sku> = world.queue.take().into_iter().flat_map(|message| message.skus).collect();
        assert_eq!(skus.len(), sent);
        skus
    };
    let (first, second, third) = (turn(), turn(), turn());
    assert_eq!((first.len(), second.len()), (1_000, 500));
    assert_eq!(first.iter().chain(&second).cloned().collect::<BTreeSet<_>>(), names);
    assert_eq!(third, first, "and from the first again");
}

//! What a shop shows, among sales, lost answers and other writers.

use rust_decimal::Decimal;
use serde_json::json;
use weir_domain::order::OrderStatus;
use weir_domain::outcome::CallError;
use weir_domain::ports::Change;
use weir_domain::stock::message::StockCause;
use weir_domain::stock::publish::Published;
use weir_testkit::{ErpStockOp, Fault, ShopStockOp};

use crate::world::{World, item, location, n, sku, summary};

#[test]
fn what_arrives_in_the_erp_appears_in_the_shop() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    world.event(&["MUG"]);
    world.pass(60);
    world.erp.receive(&sku("MUG"), &location("floor"), n(4));
    let summary = world.event(&["MUG"]);
    assert_eq!(world.shown(1), n(14));
    let store = summary.stores.values().next().unwrap();
    assert_eq!((store.written, store.writes, summary.refreshed), (1, 1, 1));
    let why = world.publication("MUG").reached.unwrap().why.to_string();
    assert_eq!(why, "ERP 14 − unseen 0 − safety 0 = 14");
}

#[test]
fn where_nothing_differs_nothing_is_written() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    world.event(&["MUG"]);
    let (version, calls) = (world.publication("MUG").version, world.shop().faults.calls(ShopStockOp::Adjust));
    world.pass(60);
    world.republish(&["MUG"]);
    assert_eq!(world.publication("MUG").version, version);
    assert_eq!(world.shop().faults.calls(ShopStockOp::Adjust), calls);
}

#[test]
fn a_message_that_a_later_reading_answered_costs_no_call_to_the_erp() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    let early = world.message(&["MUG"], true, StockCause::Event);
    world.pass(30);
    world.event(&["MUG"]);
    let calls = world.erp.faults.calls(ErpStockOp::Stock);
    world.deliver(&early, 1).unwrap();
    assert_eq!(world.erp.faults.calls(ErpStockOp::Stock), calls);
}

#[test]
fn a_sale_is_counted_once_before_the_erp_knows_it() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    world.event(&["MUG"]);
    world.pass(10);
    world.order(0, 1, "MUG", 2);
    for _ in 0..3 {
        world.pass(30);
        world.republish(&["MUG"]);
        assert_eq!(world.shown(1), n(8));
    }
    world.event(&["MUG"]);
    assert_eq!(world.shown(1), n(8), "the ERP still has ten");
}

#[test]
fn a_sale_between_reading_and_writing_survives() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    world.event(&["MUG"]);
    world.pass(10);
    world.erp.receive(&sku("MUG"), &location("main"), n(5));
    let sale = world.sale(1, "MUG", 3);
    world.shop().before(ShopStockOp::Adjust, move |shop| shop.place(sale));
    world.event(&["MUG"]);
    assert_eq!(world.shown(1), n(12));
    world.pass(30);
    world.republish(&["MUG"]);
    assert_eq!(world.shown(1), n(12));
}

#[test]
fn a_sale_in_every_gap_is_never_sold_twice() {
    for op in [ShopStockOp::Products, ShopStockOp::SalesAfter, ShopStockOp::Adjust] {
        for before in [true, false] {
            let world = World::new();
            world.stock(1, "MUG", 10);
            world.event(&["MUG"]);
            world.pass(10);
            world.erp.receive(&sku("MUG"), &location("main"), n(5));
            let sale = world.sale(1, "MUG", 4);
            if before {
                world.shop().before(op, move |shop| shop.place(sale));
            } else {
                world.shop().after(op, move |shop| shop.place(sale));
            }
            world.event(&["MUG"]);
            assert!(world.shown(1) <= n(11), "{op:?} {before}: {}", world.shown(1));
            world.pass(30);
            world.republish(&["MUG"]);
            world.drain();
            assert_eq!(world.shown(1), n(11), "{op:?} {before}");
        }
    }
}

#[test]
fn what_one_store_sells_is_taken_off_the_other() {
    let world = World::with(&[json!({}), json!({})]);
    world.stock(1, "MUG", 1);
    world.event(&["MUG"]);
    world.pass(10);
    world.order(1, 1, "MUG", 1);
    world.republish(&["MUG"]);
    assert_eq!((world.shown(1), world.shops[1].quantity(1)), (n(0), Some(n(0))));
}

#[test]
fn beside_a_store_that_cannot_be_read_nothing_is_raised() {
    let world = World::with(&[json!({}), json!({})]);
    world.stock(1, "MUG", 5);
    world.event(&["MUG"]);
    world.pass(10);
    world.erp.receive(&sku("MUG"), &location("main"), n(5));
    let down = || Fault::Before(CallError::unknown("time-out"));
    world.shops[1].faults.script(ShopStockOp::SalesAfter, [down(), down()]);
    world.event(&["MUG"]);
    assert_eq!(world.shown(1), n(5));
    assert!(world.publication("MUG").stale_since.is_some());
    world.erp.count(&sku("MUG"), &location("main"), n(3));
    world.pass(10);
    world.event(&["MUG"]);
    assert_eq!(world.shown(1), n(3), "lowering needs to know nothing");
}

#[test]
fn a_lost_answer_is_never_sent_again() {
    for applied in [true, false] {
        let world = World::new();
        world.stock(1, "MUG", 5);
        world.event(&["MUG"]);
        world.pass(10);
        world.erp.receive(&sku("MUG"), &location("main"), n(3));
        let lost = CallError::unknown("time-out");
        let fault = if applied { Fault::After(lost) } else { Fault::Before(lost) };
        world.shop().faults.script(ShopStockOp::Adjust, [fault]);
        let message = world.message(&["MUG"], true, StockCause::Event);
        let Published::RetryAfter(wait, _) = world.deliver(&message, 1).unwrap() else { panic!() };
        assert_eq!(wait.as_secs(), 60, "the shop's longest request");
        let sent = world.shop().sent().len();
        world.pass(20);
        world.republish(&["MUG"]);
        assert_eq!(world.shop().sent().len(), sent, "it may still land");
        world.pass(46);
        world.republish(&["MUG"]);
        assert_eq!(world.shown(1), n(8), "applied: {applied}");
    }
}

#[test]
fn a_delta_that_lands_late_is_taken_back_by_no_more_than_it_was() {
    let world = World::new();
    world.stock(1, "MUG", 5);
    world.event(&["MUG"]);
    world.pass(10);
    world.erp.receive(&sku("MUG"), &location("main"), n(3));
    world.shop().faults.script(ShopStockOp::Adjust, [Fault::Before(CallError::unknown("time-out"))]);
    world.event(&["MUG"]);
    // Meanwhile the ERP loses some: what may land is taken off in advance.
    world.erp.count(&sku("MUG"), &location("main"), n(6));
    world.pass(10);
    world.event(&["MUG"]);
    assert_eq!(world.shown(1), n(3));
    let late = world.shop().sent()[0].clone();
    world.shop().land(&late);
    assert_eq!(world.shown(1), n(6), "never more than there is");
    world.pass(60);
    world.republish(&["MUG"]);
    assert_eq!(world.shown(1), n(6));
}

#[test]
fn a_cancellation_gives_back_once() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    world.event(&["MUG"]);
    world.pass(10);
    let order = world.order(0, 1, "MUG", 2);
    world.republish(&["MUG"]);
    world.pass(10);
    let now = weir_domain::ports::Clock::now(&*world.clock);
    world.shop().before(ShopStockOp::SalesAfter, move |shop| {
        shop.move_to(order, OrderStatus::Cancelled, now);
    });
    world.republish(&["MUG"]);
    assert_eq!(world.shown(1), n(10), "the shop put them back itself");
    for _ in 0..3 {
        world.pass(20);
        world.republish(&["MUG"]);
        world.drain();
        assert_eq!(world.shown(1), n(10));
    }
}

#[test]
fn a_store_may_write_absolute_numbers() {
    let world = World::with(&[json!({ "write": "absolute" })]);
    world.stock(1, "MUG", 10);
    world.shop().change(1, |product| product.quantity = Some(n(3)));
    world.event(&["MUG"]);
    assert_eq!(world.shown(1), n(10));
    assert_eq!(world.shop().sent()[0][0].change, Change::To(n(10)));
}

#[test]
fn an_erp_that_is_down_leaves_the_item_on_the_list() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    world.event(&["MUG"]);
    world.pass(60);
    world.erp.faults.outage(Some(CallError::unknown("time-out")));
    let message = world.message(&["MUG"], true, StockCause::Event);
    assert!(matches!(world.deliver(&message, 1).unwrap(), Published::RetryAfter(..)));
    assert!(matches!(world.deliver(&message, 4).unwrap(), Published::Acknowledge(_)));
    assert!(world.publication("MUG").stale_since.is_some());
    world.erp.faults.outage(None);
    world.event(&["MUG"]);
    assert_eq!(world.publication("MUG").stale_since, None);
}

#[test]
fn a_shop_that_throttles_is_left_alone_for_as_long_as_it_asks() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    world.event(&["MUG"]);
    world.pass(10);
    world.erp.receive(&sku("MUG"), &location("main"), n(1));
    let after = Some(jiff::SignedDuration::from_secs(40));
    let busy = CallError::RetrySoon { why: "http 429".to_owned(), after };
    world.shop().faults.script(ShopStockOp::Adjust, [Fault::Before(busy)]);
    let message = world.message(&["MUG"], true, StockCause::Event);
    let published = world.deliver(&message, 1).unwrap();
    let Published::RetryAfter(wait, _) = published else { panic!("{published:?}") };
    assert_eq!(wait.as_secs(), 40);
    assert_eq!(world.publication("MUG").intent, None, "certainly not done");
    world.pass(40);
    world.deliver(&message, 2).unwrap();
    assert_eq!(world.shown(1), n(11));
}

#[test]
fn small_increases_wait_for_the_night() {
    let world = World::with(&[json!({ "raise_by_at_least": "5" })]);
    world.stock(1, "MUG", 10);
    world.event(&["MUG"]);
    world.pass(10);
    world.erp.receive(&sku("MUG"), &location("main"), n(3));
    world.event(&["MUG"]);
    assert_eq!(world.shown(1), n(10));
    assert_eq!(world.publication("MUG").stale_since, None, "it is as it is meant to be");
    world.deliver(&world.message(&["MUG"], false, StockCause::Full), 1).unwrap();
    assert_eq!(world.shown(1), n(13));
}

#[test]
fn an_item_that_the_shop_calls_otherwise() {
    let world = World::new();
    world.erp.count(&sku("ERP-NAME"), &location("main"), n(7));
    world.shop().put_simple(1, "shop-name", Decimal::ZERO);
    let key = weir_domain::mapping::MappingKey::new(weir_domain::mapping::MappingKind::Item, "sku:shop-name");
    let note = weir_testkit::sample::note("mapped", weir_testkit::sample::saturday());
    let store = "main".parse().unwrap();
    let target = ["ERP-NAME".to_owned()];
    let mapped = weir_domain::ports::MappingStore::set_mapping(&*world.ledger, &store, &key, &target, &note);
    futures::executor::block_on(mapped).unwrap();
    world.event(&["ERP-NAME"]);
    assert_eq!(world.shown(1), n(7));
    // A sale of it is a sale of the item.
    world.pass(5);
    world.order(0, 1, "shop-name", 2);
    world.republish(&["ERP-NAME"]);
    assert_eq!(world.shown(1), n(5));
    assert_eq!(world.table.lines_of(&item("ERP-NAME")).len(), 1);
}

#[test]
fn a_shop_that_cannot_be_asked_keeps_its_items_on_the_list() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    world.event(&["MUG"]);
    world.shop().faults.outage(Some(CallError::blocked("html")));
    world.pass(10);
    let published = world.deliver(&world.message(&["MUG"], true, StockCause::Event), 9).unwrap();
    assert!(matches!(published, Published::Acknowledge(_)));
    assert_eq!(summary(&published).stores.values().next().unwrap().waiting, 1);
    assert!(world.publication("MUG").stale_since.is_some());
}

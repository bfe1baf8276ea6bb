//! Products that are not what they seem: each ends in a right number or a
//! typed exception.

use weir_domain::order::OrderStatus;
use weir_domain::ports::{Managed, ShopProduct};
use weir_domain::stock::Standing;
use weir_domain::stock::message::StockCause;
use weir_testkit::ShopStockOp;

use crate::world::{World, location, n, sku};

fn code(world: &World, name: &str) -> String {
    match world.publication(name).standing {
        Standing::Exception { code, .. } => code,
        other => format!("{other:?}"),
    }
}

fn variation(id: u64, parent: u64, name: &str, quantity: i64) -> ShopProduct {
    ShopProduct {
        id,
        parent: Some(parent),
        sku: name.to_owned(),
        managed: Managed::Yes,
        quantity: Some(n(quantity)),
        backorders: false,
    }
}

#[test]
fn a_shop_edited_by_hand_is_mended_by_the_next_pass() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    world.event(&["MUG"]);
    world.pass(10);
    world.shop().change(1, |product| product.quantity = Some(n(500)));
    world.republish(&["MUG"]);
    assert_eq!(world.shown(1), n(10));
}

#[test]
fn a_product_that_was_deleted_is_told_once() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    world.event(&["MUG"]);
    world.shop().trash(1);
    let first = world.republish(&["MUG"]);
    assert_eq!(first.stores.values().next().unwrap().exceptions.get("product_gone"), Some(&1));
    let second = world.republish(&["MUG"]);
    assert!(second.stores.values().next().unwrap().exceptions.is_empty());
    assert_eq!(code(&world, "MUG"), "product_gone");
    world.shop().put_simple(1, "MUG", n(0));
    world.republish(&["MUG"]);
    assert_eq!((world.shown(1), code(&world, "MUG").as_str()), (n(10), "Published"));
}

#[test]
fn a_sku_that_stands_twice_is_not_written() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    world.shop().put_simple(2, "MUG", n(3));
    world.event(&["MUG"]);
    assert_eq!(code(&world, "MUG"), "sku_twice");
    assert!(world.shop().sent().is_empty());
}

#[test]
fn an_item_that_the_erp_does_not_know() {
    let world = World::new();
    world.shop().put_simple(1, "GHOST", n(10));
    world.event(&["GHOST"]);
    assert_eq!(code(&world, "GHOST"), "item_unknown_to_erp");
    assert_eq!(world.shown(1), n(10));
}

#[test]
fn unmanaged_stock_and_the_parents() {
    let world = World::new();
    for (id, name, managed) in [(1, "GIFT", Managed::No), (2, "TEE-M", Managed::AtParent)] {
        world.stock(id, name, 10);
        world.shop().change(id, |product| product.managed = managed);
        world.event(&[name]);
        assert!(world.shop().sent().is_empty(), "{name}");
    }
    assert_eq!(world.publication("GIFT").standing, Standing::NotManaged);
    assert_eq!(world.publication("TEE-M").standing, Standing::AtParent);
}

#[test]
fn a_product_that_stops_being_managed_while_it_is_written() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    world.shop().change(1, |product| product.quantity = Some(n(4)));
    world.shop().before(ShopStockOp::Adjust, |shop| {
        shop.change(1, |product| (product.managed, product.quantity) = (Managed::No, None));
    });
    world.event(&["MUG"]);
    assert_eq!(world.publication("MUG").standing, Standing::NotManaged);
}

#[test]
fn a_product_that_vanishes_while_it_is_written_fails_alone() {
    let world = World::new();
    for (id, name) in [(1, "MUG"), (2, "CUP")] {
        world.stock(id, name, 10);
        world.shop().change(id, |product| product.quantity = Some(n(4)));
    }
    world.shop().before(ShopStockOp::Adjust, |shop| shop.trash(1));
    world.event(&["MUG", "CUP"]);
    assert_eq!(code(&world, "MUG"), "refused_by_shop");
    assert_eq!(world.shown(2), n(10));
}

#[test]
fn a_change_that_no_request_can_say_fails_alone() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    world.stock(2, "CUP", 10);
    world.event(&["MUG", "CUP"]);
    // A plugin that counts in floats, and shows all of one.
    let odd = "12.300000000001".parse().unwrap();
    world.shop().put_simple(1, "MUG", odd);
    world.shop().put_simple(2, "CUP", n(12));
    world.pass(10);
    let summary = world.republish(&["MUG", "CUP"]);
    assert_eq!(summary.stores[&"main".parse().unwrap()].exceptions["impossible_adjustment"], 1);
    assert_eq!(code(&world, "MUG"), "impossible_adjustment");
    assert_eq!((world.shown(1), world.shown(2)), (odd, n(10)));
}

#[test]
fn variations_are_written_under_their_parents_in_as_few_requests() {
    let world = World::new();
    let names: Vec<String> = (0..130).map(|number| format!("TEE-{number}")).collect();
    for (id, name) in (1000..).zip(&names) {
        world.erp.count(&sku(name), &location("main"), n(5));
        let parent = if id < 1120 { 7 } else { 8 };
        world.shop().put(variation(id, parent, name, 1));
    }
    world.stock(1, "MUG", 9);
    world.shop().change(1, |product| product.quantity = Some(n(0)));
    let mut all: Vec<&str> = names.iter().map(String::as_str).collect();
    all.push("MUG");
    world.event(&all);
    let mut sizes: Vec<usize> = world.shop().sent().iter().map(Vec::len).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 10, 20, 100], "120 of one parent, 10 of another, one simple product");
    assert!((1000..1130).all(|id| world.shown(id) == n(5)));
    assert_eq!(world.shop().asked(), [100, 31], "read a hundred at a time");
}

#[test]
fn a_variation_is_written_under_the_parent_that_it_has_now() {
    let world = World::new();
    world.erp.count(&sku("TEE"), &location("main"), n(5));
    world.shop().put(variation(10, 7, "TEE", 1));
    world.event(&["TEE"]);
    world.shop().change(10, |product| (product.parent, product.quantity) = (Some(8), Some(n(2))));
    world.republish(&["TEE"]);
    let parents: Vec<_> = world.shop().sent().iter().map(|batch| batch[0].parent).collect();
    // The shop would move it to whatever parent it is written under.
    assert_eq!(parents, [Some(7), Some(8)]);
}

#[test]
fn a_failed_order_keeps_its_units_and_a_deleted_row_stays_deleted() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    world.event(&["MUG"]);
    world.pass(10);
    let order = world.order(0, 1, "MUG", 2);
    world.republish(&["MUG"]);
    world.pass(10);
    world.shop().move_to(order, OrderStatus::Failed, weir_domain::ports::Clock::now(&*world.clock));
    world.deliver(&world.message(&["MUG"], true, StockCause::Order), 1).unwrap();
    world.drain();
    assert_eq!(world.shown(1), n(8), "the shop has not put them back");
}

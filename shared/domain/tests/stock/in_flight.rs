//! Lines in flight, as the ERP is asked about them.

use futures::executor::block_on;
use jiff::SignedDuration;
use weir_domain::id::{DocumentKey, Generation, LineKey, OrderId, OrderKey, StoreId};
use weir_domain::ports::{BookedLine, Clock, Confirming, InFlightNews, StockStore};
use weir_domain::stock::Reduction;
use weir_domain::stock::in_flight::Told;
use weir_domain::stock::refresh::{Refresh, Refreshed};

use crate::world::{World, entity, item, location, n, sku};

fn refresh(world: &World, names: &[&str]) -> Refreshed {
    let refresh =
        Refresh { stock: &*world.table, ledger: &*world.ledger, erp: &*world.erp, clock: &*world.clock };
    let skus: Vec<_> = names.iter().map(|name| sku(name)).collect();
    block_on(refresh.items(&entity(), &skus)).unwrap()
}

fn line(store: &str, order: u64) -> LineKey {
    let store: StoreId = store.parse().unwrap();
    LineKey { order: OrderKey { store, order: OrderId(order) }, line: order }
}

/// One unit sold now, and confirmed.
fn sold(world: &World, name: &str, line: &LineKey) -> InFlightNews {
    let now = world.clock.now();
    InFlightNews {
        item: item(name),
        line: line.clone(),
        reduced: Reduction {
            quantity: n(1),
            told: Told::Said,
            modified_at: now,
            read_at: now,
            placed_at: now,
        },
        confirming: Some(Confirming { quantity: n(1), generation: Generation::FIRST, fence: 1 }),
    }
}

fn promise(world: &World, name: &str, line: &LineKey) {
    let document = DocumentKey::of_order(&line.order, Generation::FIRST);
    let booked = BookedLine { document, line: line.clone(), sku: sku(name) };
    world.erp.promise(&booked, &location("main"), n(1));
}

/// Lines of an item that are too many for one row of the table, each in the
/// longest words.
fn too_many(world: &World) -> Vec<LineKey> {
    let store = "s".repeat(40);
    let lines: Vec<LineKey> = (0..4_200).map(|order| line(&store, u64::MAX - order)).collect();
    let news: Vec<InFlightNews> = lines.iter().map(|line| sold(world, "MUG", line)).collect();
    block_on(world.table.put_in_flight(&news)).unwrap();
    lines
}

#[test]
fn an_item_with_too_much_in_flight_keeps_its_last_reading_and_no_other_from_a_new_one() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    world.stock(2, "CUP", 10);
    refresh(&world, &["MUG", "CUP"]);
    let lines = too_many(&world);
    let refreshed = refresh(&world, &["MUG", "CUP"]);
    assert_eq!((refreshed.stored, refreshed.too_long), (1, vec![sku("MUG")]));
    let version = |name| world.table.position(&item(name)).unwrap().version;
    assert_eq!((version("MUG"), version("CUP")), (1, 2));
    assert_eq!(world.table.lines_of(&item("MUG")).len(), lines.len(), "the last reading has none of them");
}

#[test]
fn an_item_that_had_too_much_in_flight_gets_over_it() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    refresh(&world, &["MUG"]);
    let lines = too_many(&world);
    for line in &lines[100..] {
        promise(&world, "MUG", line);
    }
    world.clock.advance(SignedDuration::from_mins(16));
    let refreshed = refresh(&world, &["MUG"]);
    assert_eq!((refreshed.stored, refreshed.left), (1, 4_100));
    let position = world.table.position(&item("MUG")).unwrap();
    assert_eq!((position.version, position.included.len()), (2, 100));
}

#[test]
fn a_code_that_is_too_long_for_a_row_keeps_no_other_from_being_read() {
    let world = World::new();
    let long = "x".repeat(901);
    world.stock(1, "MUG", 10);
    world.stock(2, &long, 10);
    let refreshed = refresh(&world, &["MUG", &long]);
    assert_eq!((refreshed.stored, refreshed.too_long), (1, vec![sku(&long)]));
    world.erp.receive(&sku("MUG"), &location("main"), n(3));
    world.pass(10);
    let summary = world.event(&["MUG", &long]);
    assert_eq!(summary.too_long, [sku(&long)], "and its name is told");
    assert_eq!((world.shown(1), world.shown(2)), (n(13), n(10)));
}

#[test]
fn a_line_that_is_in_flight_as_two_items_is_asked_for_as_each() {
    let world = World::new();
    world.stock(1, "MUG", 10);
    world.stock(2, "CUP", 10);
    let line = line("main", 1);
    let news = ["MUG", "CUP"].map(|name| sold(&world, name, &line));
    block_on(world.table.put_in_flight(&news)).unwrap();
    promise(&world, "MUG", &line);
    refresh(&world, &["MUG", "CUP"]);
    let included = |name| world.table.position(&item(name)).unwrap().included[&line];
    assert_eq!((included("MUG"), included("CUP")), (n(1), n(0)));
}

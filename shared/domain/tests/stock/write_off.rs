//! What a person wrote off: units that a shop took for an order that failed.

use futures::executor::block_on;
use jiff::Timestamp;
use rust_decimal::Decimal;
use weir_domain::id::{DocumentKey, Generation, LineKey, OrderId};
use weir_domain::order::OrderStatus;
use weir_domain::ports::{BookedLine, Clock, Confirming, InFlightNews, StockStore, WriteOffs};
use weir_testkit::sample;

use crate::world::{World, item, location, n, sku};

/// Ten of an item, of which two were ordered and the payment failed.
struct Failed {
    world: World,
    order: OrderId,
}

impl Failed {
    fn new() -> Self {
        let world = World::new();
        world.stock(1, "MUG", 10);
        world.event(&["MUG"]);
        world.pass(10);
        let order = world.order(0, 1, "MUG", 2);
        world.pass(30);
        world.republish(&["MUG"]);
        let failed = Self { world, order };
        failed.moves_to(OrderStatus::Failed);
        assert_eq!(failed.shows_for_long(), n(8), "the shop has taken them, and never gives them back");
        failed
    }

    fn line(&self) -> LineKey {
        LineKey { order: sample::key("main", self.order.0), line: 1 }
    }

    fn moves_to(&self, status: OrderStatus) {
        self.world.pass(60);
        self.world.shop().move_to(self.order, status, self.world.clock.now());
        self.world.pass(5);
        self.world.republish(&["MUG"]);
    }

    /// A person writes the order off as they see it.
    fn is_written_off(&self) {
        self.writes_off(self.changed_at());
        self.world.republish(&["MUG"]);
    }

    fn writes_off(&self, as_of: Timestamp) {
        let (item, line) = (item("MUG"), self.line());
        assert_eq!(block_on(self.world.table.write_off(&item, &line, as_of)), Ok(true));
    }

    fn changed_at(&self) -> Timestamp {
        self.world.shop().sale(self.order).unwrap().modified_at
    }

    /// What the shop shows, pass after pass over two hours, the same each time.
    fn shows_for_long(&self) -> Decimal {
        let shown = self.world.shown(1);
        for _ in 0..8 {
            self.world.pass(15 * 60);
            self.world.event(&["MUG"]);
            assert_eq!(self.world.shown(1), shown);
        }
        shown
    }

    /// The order's units as the ERP has them, and as `order-push` says it.
    fn is_booked(&self) {
        let line = self.line();
        let document = DocumentKey::of_order(&line.order, Generation::FIRST);
        let row = self.world.table.line(&item("MUG"), &line).unwrap();
        let confirming = Confirming { quantity: n(2), generation: Generation::FIRST, fence: 1 };
        let news = InFlightNews {
            item: item("MUG"),
            line: line.clone(),
            reduced: row.reduced.unwrap(),
            confirming: Some(confirming),
        };
        block_on(self.world.table.put_in_flight(&[news])).unwrap();
        self.world.republish(&["MUG"]);
        assert_eq!(self.world.shown(1), n(8), "confirmed, and counted once");
        self.world.erp.promise(&BookedLine { document, line, sku: sku("MUG") }, &location("main"), n(2));
        self.world.event(&["MUG"]);
    }
}

#[test]
fn what_was_written_off_is_for_sale_again_and_stays_so() {
    let failed = Failed::new();
    failed.is_written_off();
    assert_eq!(failed.world.shown(1), n(10));
    assert_eq!(failed.shows_for_long(), n(10));
    let why = failed.world.publication("MUG").reached.unwrap().why.to_string();
    assert_eq!(why, "ERP 10 − unseen 0 − safety 0 = 10");
    let line = failed.world.table.line(&item("MUG"), &failed.line());
    assert!(line.is_some_and(|line| line.written_off.is_some()), "the word stands where it was given");
}

#[test]
fn an_order_that_is_paid_after_all_is_counted_once() {
    let failed = Failed::new();
    failed.is_written_off();
    failed.moves_to(OrderStatus::Processing);
    assert_eq!(failed.world.shown(1), n(8), "the shop takes nothing a second time");
    assert_eq!(failed.shows_for_long(), n(8));
    failed.is_booked();
    assert_eq!(failed.shows_for_long(), n(8));
    assert!(failed.world.table.lines_of(&item("MUG")).is_empty(), "contained, and gone like any other");
}

/// People in the shop's back office may book what the shop calls failed.
#[test]
fn what_was_written_off_counts_as_far_as_it_is_confirmed() {
    let failed = Failed::new();
    failed.is_written_off();
    assert_eq!(failed.world.shown(1), n(10));
    failed.is_booked();
    assert_eq!(failed.shows_for_long(), n(8), "the ERP has promised them");
    let line = failed.world.table.line(&item("MUG"), &failed.line());
    assert!(line.is_some_and(|line| line.written_off.is_some()), "the word outlasts it");
}

#[test]
fn an_order_that_is_cancelled_after_all_gives_its_units_back_once() {
    let failed = Failed::new();
    failed.is_written_off();
    failed.moves_to(OrderStatus::Cancelled);
    assert_eq!(failed.world.shown(1), n(10), "the shop put two on top of ten");
    assert_eq!(failed.shows_for_long(), n(10));
    assert!(failed.world.table.lines_of(&item("MUG")).is_empty());
}

#[test]
fn a_write_off_of_what_has_changed_since_writes_nothing_off() {
    let failed = Failed::new();
    let seen = failed.changed_at();
    failed.moves_to(OrderStatus::Processing);
    failed.writes_off(seen);
    assert_eq!(failed.shows_for_long(), n(8));
}

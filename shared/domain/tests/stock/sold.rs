//! What shops sold, read from their listings.

use std::sync::Arc;

use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde_json::json;
use weir_domain::config::StoreConfig;
use weir_domain::hint::Cause;
use weir_domain::id::{LineKey, OrderId};
use weir_domain::order::{OrderStatus, ProductRef};
use weir_domain::ports::{Claim, Clock, InFlightNews, Ledger, SaleLine, ShopSale, StockStore};
use weir_domain::record::{DocumentAxis, OrderRecord};
use weir_domain::stock::Reduction;
use weir_domain::stock::in_flight::Told;
use weir_domain::stock::sales::{SalesReader, Sold};
use weir_testkit::{FakeClock, FakeLedger, FakeShopStock, FakeStockStore, ShopStockOp, sample};

use crate::world::{World, item, location, n, sku};

/// One store's listing and what is kept of it.
struct Till {
    clock: Arc<FakeClock>,
    shop: FakeShopStock,
    table: FakeStockStore,
    ledger: FakeLedger,
    config: StoreConfig,
    /// Of one reading.
    seconds: i64,
}

impl Till {
    fn new() -> Self {
        let clock = Arc::new(FakeClock::at(sample::saturday() + SignedDuration::from_hours(1)));
        let mut config = sample::store_config("main", "erp");
        config.stock =
            Some(serde_json::from_value(json!({ "entity": "house", "locations": ["main"] })).unwrap());
        let (shop, table, ledger) = Default::default();
        Self { clock, shop, table, ledger, config, seconds: 30 }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// A paid order of two of something, of now, of which the shop says this.
    fn sale(&self, order: u64, name: &str, reduced: Option<Decimal>) -> ShopSale {
        let product = ProductRef { product: 1, variation: 0, sku: Some(sku(name)) };
        ShopSale {
            order: OrderId(order),
            status: OrderStatus::Processing,
            placed_at: self.now(),
            modified_at: self.now(),
            lines: vec![SaleLine { id: 1, product, quantity: n(2), reduced }],
        }
    }

    fn read(&self) -> Sold {
        let reader = SalesReader {
            stock: &self.table,
            ledger: &self.ledger,
            mappings: &self.ledger,
            clock: &*self.clock,
            until: self.now() + SignedDuration::from_secs(self.seconds),
        };
        let watermark = block_on(self.table.watermark(&self.config.store)).unwrap();
        let stock = self.config.stock.clone().unwrap();
        block_on(reader.read(&self.config, &stock, &self.shop, watermark)).unwrap()
    }

    fn line(order: u64) -> LineKey {
        LineKey { order: sample::key("main", order), line: 1 }
    }

    fn row(&self, name: &str, order: u64) -> Option<Reduction> {
        self.table.line(&item(name), &Self::line(order))?.reduced
    }

    /// Order-push has this on record.
    fn record(&self, order: u64, change: impl FnOnce(&mut OrderRecord)) {
        let hint = sample::hint(&sample::key("main", order), Cause::Webhook, self.now());
        let claim = self.ledger.claim(&hint, "order-push", self.now(), SignedDuration::from_mins(2));
        let Claim::Claimed(mut held) = block_on(claim).unwrap() else { panic!("it is claimed") };
        change(&mut held.record);
        block_on(self.ledger.complete(*held, &sample::note("done", self.now()))).unwrap();
    }
}

/// An order of the day before the cut-over, edited after it, whose row says
/// that it is in flight.
fn edited_after_the_cut_over() -> Till {
    let mut till = Till::new();
    let cut_over = till.now() - SignedDuration::from_mins(10);
    till.config.cut_over = Some(cut_over);
    let placed_at = cut_over - SignedDuration::from_hours(24);
    till.shop.save(ShopSale { placed_at, ..till.sale(1, "MUG", Some(n(2))) });
    let read_at = cut_over - SignedDuration::from_hours(1);
    let reduced = Reduction { quantity: n(2), told: Told::Said, modified_at: read_at, read_at, placed_at };
    let news = InFlightNews { item: item("MUG"), line: Till::line(1), reduced, confirming: None };
    block_on(till.table.put_in_flight(&[news])).unwrap();
    till
}

#[test]
fn an_order_from_before_the_cut_over_is_not_in_flight() {
    let till = edited_after_the_cut_over();
    let sold = till.read();
    assert!(sold.news.iter().all(|news| news.reduced.quantity == n(0)), "{:?}", sold.news);
    assert_eq!(till.row("MUG", 1).unwrap().quantity, n(0), "and is not left as it was");
}

#[test]
fn an_order_from_before_the_cut_over_that_has_a_sales_order_of_ours_is_in_flight() {
    for document in [DocumentAxis::Pushing, DocumentAxis::InErp, DocumentAxis::Cancelled] {
        let till = edited_after_the_cut_over();
        till.record(1, |record| record.document = document);
        assert_eq!(till.read().news[0].reduced.quantity, n(2));
        assert_eq!(till.row("MUG", 1).unwrap().quantity, n(2));
    }
    let till = edited_after_the_cut_over();
    till.record(1, |_| ());
    assert_eq!(till.read().news[0].reduced.quantity, n(0), "on record, and not booked");
}

#[test]
fn readings_get_past_a_burst_that_is_longer_than_one_of_them() {
    let mut till = Till::new();
    till.seconds = 15;
    for order in 0..350_u64 {
        let modified_at = till.now() - SignedDuration::from_millis(100_000 - 280 * order.cast_signed());
        till.shop.save(ShopSale { modified_at, ..till.sale(order, "MUG", Some(n(2))) });
    }
    let mut complete = Vec::new();
    for _ in 0..8 {
        for _ in 0..2 {
            let clock = till.clock.clone();
            till.shop.after(ShopStockOp::SalesAfter, move |_| clock.advance(SignedDuration::from_secs(10)));
        }
        let sold = till.read();
        assert!(sold.requests <= 2);
        complete.push(sold.complete);
        till.pass(60);
    }
    assert!(!complete[0] && complete[7], "{complete:?}");
    assert_eq!(till.table.lines_of(&item("MUG")).len(), 350);
}

#[test]
fn an_incomplete_reading_goes_on_where_it_stopped() {
    let mut till = Till::new();
    till.seconds = 5;
    for order in 0..150_u64 {
        let modified_at = till.now() - SignedDuration::from_secs(3_600 - order.cast_signed());
        till.shop.save(ShopSale { modified_at, ..till.sale(order, "MUG", Some(n(2))) });
    }
    let clock = till.clock.clone();
    till.shop.after(ShopStockOp::SalesAfter, move |_| clock.advance(SignedDuration::from_secs(10)));
    assert!(!till.read().complete);
    let sold = till.read();
    assert!(sold.complete && sold.news.len() == 50, "{}", sold.news.len());
}

#[test]
fn what_was_read_too_soon_after_its_change_is_news_again() {
    let till = Till::new();
    // Two changes within one second; a machine whose clock is ahead read the
    // first of them, nothing taken yet, and has written it.
    till.shop.save(till.sale(1, "MUG", Some(n(0))));
    till.clock.advance(SignedDuration::from_secs(4));
    till.read();
    till.clock.advance(SignedDuration::from_secs(-4));
    till.shop.save(till.sale(1, "MUG", Some(n(2))));
    assert_eq!(till.read().news[0].reduced.quantity, n(2));
    assert_eq!(till.row("MUG", 1).unwrap().quantity, n(0), "by our clock the other read came later");
    till.pass(5);
    assert_eq!(till.read().news.len(), 1, "still within the clocks' skew");
    till.pass(5);
    assert_eq!(till.read().news[0].reduced.quantity, n(2));
    assert_eq!(till.row("MUG", 1).unwrap().quantity, n(2));
    assert!(till.read().news.is_empty());
}

#[test]
fn what_the_shop_never_says_stays_absent() {
    let till = Till::new();
    till.shop.save(till.sale(1, "GIFT", None));
    let told = || till.row("GIFT", 1).map(|row| (row.quantity, row.told)).unwrap();
    till.read();
    assert_eq!(told(), (n(2), Told::Assumed { since: till.now() }));
    for _ in 0..3 {
        till.pass(65);
        till.read();
        assert_eq!(told(), (n(0), Told::Absent));
        // Further readings follow at once, all within the overlap.
        till.pass(10);
        assert!(till.read().news.is_empty());
        till.shop.save(till.sale(2, "MUG", Some(n(2))));
    }
}

#[test]
fn what_is_missing_under_a_new_date_is_counted_again() {
    let till = Till::new();
    till.shop.save(till.sale(1, "GIFT", None));
    till.read();
    till.pass(65);
    till.read();
    let mut edited = till.sale(1, "GIFT", None);
    edited.lines.push(SaleLine { id: 2, ..edited.lines[0].clone() });
    till.shop.save(edited);
    till.read();
    let second = LineKey { line: 2, ..Till::line(1) };
    let row = till.table.line(&item("GIFT"), &second).unwrap();
    assert_eq!(row.reduced(), n(2), "the shop may be about to take the new line");
}

#[test]
fn a_second_read_waits_for_the_longest_request_of_the_shop() {
    let mut till = Till::new();
    till.config.stock.as_mut().unwrap().longest_request_s = 300;
    till.shop.save(till.sale(1, "GIFT", None));
    till.read();
    till.pass(299);
    till.read();
    assert_eq!(till.row("GIFT", 1).unwrap().quantity, n(2));
    till.pass(1);
    till.read();
    assert_eq!(till.row("GIFT", 1).unwrap().told, Told::Absent);
}

#[test]
fn a_product_renamed_in_the_shop_still_is_what_was_sold() {
    let till = Till::new();
    till.record(1, |record| {
        record.first_skus.insert(1, "MUG".to_owned());
    });
    till.shop.save(till.sale(1, "MUG-NEW", Some(n(2))));
    till.read();
    assert_eq!(till.row("MUG", 1).unwrap().quantity, n(2));
    assert_eq!(till.row("MUG-NEW", 1), None);
}

#[test]
fn a_code_that_is_too_long_for_a_row_keeps_no_other_from_being_written() {
    let till = Till::new();
    till.shop.save(till.sale(1, &"x".repeat(901), Some(n(2))));
    till.shop.save(till.sale(2, "MUG", Some(n(2))));
    assert!(till.read().complete);
    assert_eq!(till.row("MUG", 2).unwrap().quantity, n(2));
    assert!(till.table.watermark_of(&till.config.store).is_some());
}

#[test]
fn beside_a_store_that_is_disabled_nothing_is_raised() {
    let world = World::with(&[json!({}), json!({})]);
    world.stock(1, "MUG", 5);
    world.stock(2, "CUP", 5);
    world.shops[1].trash(2);
    world.event(&["MUG", "CUP"]);
    world.disabled.lock().unwrap().push("outlet".parse().unwrap());
    world.pass(10);
    for name in ["MUG", "CUP"] {
        world.erp.receive(&sku(name), &location("main"), n(5));
    }
    let summary = world.event(&["MUG"]);
    assert_eq!(world.shown(1), n(5));
    assert!(summary.why.unwrap().contains("store/outlet is disabled"));
    world.erp.count(&sku("MUG"), &location("main"), n(3));
    world.pass(10);
    world.event(&["MUG"]);
    assert_eq!(world.shown(1), n(3), "lowering needs to know nothing");
    world.event(&["CUP"]);
    assert_eq!(world.shown(2), n(10), "the disabled store never had it");
    world.disabled.lock().unwrap().clear();
    world.erp.count(&sku("MUG"), &location("main"), n(4));
    world.event(&["MUG"]);
    assert_eq!(world.shown(1), n(4));
}

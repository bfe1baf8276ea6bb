use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::*;
use crate::id::{ItemKey, OrderId, OrderKey};
use crate::ports::ItemState;
use crate::stock::in_flight::Told;
use crate::stock::publication::Reached;
use crate::stock::{InFlight, Intent, LocationStock, Position, Reduction};

fn now() -> Timestamp {
    "2026-11-28T09:00:00Z".parse().unwrap()
}

fn n(number: i64) -> Decimal {
    Decimal::from(number)
}

fn config(more: &str) -> StockConfig {
    serde_json::from_str(&format!(r#"{{ "entity": "eu", "locations": ["main", "floor"] {more} }}"#)).unwrap()
}

fn line(order: u64) -> LineKey {
    LineKey { order: OrderKey { store: "main".parse().unwrap(), order: OrderId(order) }, line: 1 }
}

fn item() -> ItemKey {
    ItemKey { entity: "eu".parse().unwrap(), sku: Sku("MUG".into()) }
}

fn reduction(quantity: i64, placed_at: Timestamp) -> Reduction {
    Reduction {
        quantity: n(quantity),
        told: Told::Said,
        modified_at: placed_at,
        read_at: placed_at,
        placed_at,
    }
}

/// What is known of one item in one shop: A10 at two locations and one that
/// is not in the pool, read a minute ago.
struct Known {
    state: ItemState,
    publication: Publication,
    products: Vec<ShopProduct>,
    news: Vec<InFlightNews>,
    lower_only: bool,
    exact: bool,
}

impl Known {
    fn shop_shows(quantity: i64) -> Self {
        let at = |available| LocationStock { available: n(available), ..LocationStock::default() };
        let locations = [("main", 7), ("floor", 3), ("repair", 50)];
        let locations = locations.map(|(name, available)| (name.parse().unwrap(), at(available)));
        let position = Position {
            item: item(),
            version: 4,
            as_of: now() - SignedDuration::from_mins(1),
            included: BTreeMap::new(),
            locations: BTreeMap::from(locations),
            known: true,
        };
        Self {
            state: ItemState { position: Some(position), ..ItemState::default() },
            publication: Publication::default(),
            products: vec![product(1, quantity)],
            news: Vec::new(),
            lower_only: false,
            exact: false,
        }
    }

    /// A sale of `quantity`, placed so many seconds after the figure was read.
    fn row(mut self, order: u64, quantity: i64, after_s: i64) -> Self {
        let placed_at = self.state.position.as_ref().unwrap().as_of + SignedDuration::from_secs(after_s);
        let reduced = Some(reduction(quantity, placed_at));
        let row = InFlight {
            item: item(),
            line: line(order),
            reduced,
            confirming: n(0),
            generation: None,
            written_off: None,
        };
        self.state.lines.push(row);
        self
    }

    /// The order was read again, after the shop's quantity.
    fn read_again(mut self, order: u64, quantity: i64) -> Self {
        let reduced = reduction(quantity, now() - SignedDuration::from_secs(30));
        self.news.push(InFlightNews { item: item(), line: line(order), reduced, confirming: None });
        self
    }

    /// A person wrote the last sale off as of `seconds` before now.
    fn written_off(mut self, seconds: i64) -> Self {
        let row = self.state.lines.last_mut().unwrap();
        row.written_off = Some(now() - SignedDuration::from_secs(seconds));
        self
    }

    fn included(mut self, order: u64, quantity: i64) -> Self {
        self.state.position.as_mut().unwrap().included.insert(line(order), n(quantity));
        self
    }

    fn plan(&self, config: &StockConfig) -> Plan {
        let sku = Sku("MUG".into());
        let news: Vec<&InFlightNews> = self.news.iter().collect();
        plan(
            config,
            &Facts {
                sku: &sku,
                state: &self.state,
                publication: &self.publication,
                products: &self.products,
                news: &news,
                lower_only: self.lower_only,
                exact: self.exact,
                read_at: now(),
                now: now(),
            },
        )
    }

    /// The change; zero where nothing is written.
    fn delta(&self, more: &str) -> Decimal {
        match self.plan(&config(more)) {
            Plan::Write(change) => change.delta,
            Plan::Keep(_) => Decimal::ZERO,
            other => panic!("{other:?}"),
        }
    }

    fn wait(&self) -> Option<Wait> {
        match self.plan(&config("")) {
            Plan::Keep(keep) => keep.wait,
            other => panic!("{other:?}"),
        }
    }

    fn exception(&self) -> String {
        match self.plan(&config("")) {
            Plan::Stand(Standing::Exception { code, .. }) => code,
            other => panic!("{other:?}"),
        }
    }
}

fn product(id: u64, quantity: i64) -> ShopProduct {
    ShopProduct {
        id,
        parent: None,
        sku: "MUG".into(),
        managed: Managed::Yes,
        quantity: Some(n(quantity)),
        backorders: false,
    }
}

fn reached() -> Reached {
    let terms = config("").terms(&Sku("MUG".into()), false);
    Reached { why: explain(n(10), n(0), terms, n(10)), position: 3, at: now() }
}

#[test]
fn a_shop_is_brought_to_what_its_pool_has() {
    assert_eq!(Known::shop_shows(4).delta(""), n(6));
    assert_eq!(Known::shop_shows(10).delta(""), n(0));
    assert_eq!(Known::shop_shows(12).delta(r#", "safety": "1""#), n(-3));
}

#[test]
fn what_is_not_ours_to_write_is_left_alone() {
    let mut known = Known::shop_shows(4);
    assert_eq!(known.plan(&config(r#", "ignore": ["MUG"]"#)), Plan::Skip);
    known.products[0].managed = Managed::No;
    assert_eq!(known.plan(&config("")), Plan::Stand(Standing::NotManaged));
    known.products[0].managed = Managed::AtParent;
    assert_eq!(known.plan(&config("")), Plan::Stand(Standing::AtParent));
    known.products.clear();
    assert_eq!(known.plan(&config("")), Plan::Skip, "an item that the shop never sold");
}

#[test]
fn what_makes_no_sense_is_an_exception_with_its_code() {
    let mut known = Known::shop_shows(4);
    known.products.push(product(2, 4));
    assert_eq!(known.exception(), "sku_twice");
    known.products.clear();
    known.publication.reached = Some(reached());
    assert_eq!(known.exception(), "product_gone");
    let mut known = Known::shop_shows(4);
    known.products[0].quantity = None;
    assert_eq!(known.exception(), "quantity_unreadable");
    known.state.position.as_mut().unwrap().known = false;
    assert_eq!(known.exception(), "item_unknown_to_erp");
}

#[test]
fn an_exception_is_as_old_as_the_same_one_before_it() {
    let earlier = now() - SignedDuration::from_hours(5);
    let publication = |code: &str| Publication {
        standing: Standing::Exception { code: code.into(), detail: String::new(), since: earlier },
        ..Publication::default()
    };
    let since = |known: &str| match standing(&publication(known), "sku_twice", "", now()) {
        Standing::Exception { since, .. } => since,
        other => panic!("{other:?}"),
    };
    assert_eq!(since("sku_twice"), earlier);
    assert_eq!(since("product_gone"), now());
}

#[test]
fn a_sale_after_the_figure_was_read_is_taken_off_it() {
    let known = Known::shop_shows(8).row(1, 2, 10);
    assert_eq!(known.delta(""), n(0));
    assert_eq!(known.wait(), None, "nothing is open about it");
}

#[test]
fn where_the_figure_may_contain_a_sale_nothing_is_raised_and_it_is_read_anew() {
    let uncertain = Known::shop_shows(4).row(1, 2, -600);
    assert_eq!(uncertain.delta(""), n(0));
    assert!(uncertain.wait().unwrap().refresh);
    let known = Known::shop_shows(4).row(1, 2, -600).included(1, 0);
    assert_eq!(known.delta(""), n(4), "the ERP was asked: 10 less 2, and the shop shows 4");
}

#[test]
fn what_is_too_much_in_any_case_is_taken_away_at_once() {
    assert_eq!(Known::shop_shows(15).row(1, 2, -600).delta(""), n(-5));
}

#[test]
fn a_cancellation_inside_the_window_raises_nothing_and_lowers_nothing() {
    let before_restock = Known::shop_shows(8).row(1, 2, 10).read_again(1, 0);
    assert_eq!(before_restock.delta(""), n(0), "the shop is about to put them back itself");
    let after_restock = Known::shop_shows(10).row(1, 2, 10).read_again(1, 0);
    assert_eq!(after_restock.delta(""), n(0), "it has");
    let wait = before_restock.wait().unwrap();
    assert!(!wait.refresh && wait.until > now(), "both are looked at again");
}

#[test]
fn a_sale_read_after_the_quantity_counts() {
    assert_eq!(Known::shop_shows(10).read_again(1, 2).delta(""), n(-2));
}

#[test]
fn what_a_person_wrote_off_is_off_in_every_read_of_it() {
    let known = || Known::shop_shows(8).row(1, 2, 10);
    assert_eq!(known().written_off(50).delta(""), n(2));
    assert_eq!(known().written_off(51).delta(""), n(0), "the order changed after that");
    assert_eq!(known().written_off(30).read_again(1, 2).delta(""), n(2));
    assert_eq!(known().written_off(31).read_again(1, 2).delta(""), n(0), "it changed, and counts");
}

#[test]
fn beside_a_store_whose_sales_are_unknown_nothing_is_raised() {
    let mut known = Known::shop_shows(4);
    known.lower_only = true;
    assert_eq!(known.delta(""), n(0));
    assert!(known.wait().is_some());
    known.products = vec![product(1, 12)];
    assert_eq!(known.delta(""), n(-2));
}

#[test]
fn small_increases_wait_for_the_night_unless_there_is_none_left() {
    let damped = r#", "raise_by_at_least": "5""#;
    assert_eq!(Known::shop_shows(6).delta(damped), n(0));
    assert_eq!(Known::shop_shows(5).delta(damped), n(5));
    assert_eq!(Known::shop_shows(11).delta(damped), n(-1), "decreases never wait");
    let mut nightly = Known::shop_shows(6);
    nightly.exact = true;
    assert_eq!(nightly.delta(damped), n(4));
    let mut sold_out = Known::shop_shows(0);
    sold_out.state.position.as_mut().unwrap().locations.retain(|name, _| name.as_str() == "floor");
    assert_eq!(sold_out.delta(damped), n(3));
}

#[test]
fn another_writer_is_let_finish_and_a_lost_answer_only_lowers() {
    let mut known = Known::shop_shows(4);
    let sent_at = now() - SignedDuration::from_secs(10);
    let intent = |lost| Some(Intent { present: n(4), delta: n(6), sent_at, lost });
    known.publication.intent = intent(false);
    assert_eq!(known.plan(&config("")), Plan::Busy);
    known.publication.intent = intent(true);
    assert_eq!(known.delta(""), n(0));
    assert_eq!(known.wait().unwrap().until, sent_at + SignedDuration::from_secs(65));
    assert_eq!(known.delta(r#", "safety": "3""#), n(-3), "10 may land, 7 is right");
    let absolute = r#", "write": "absolute", "safety": "#;
    assert_eq!(known.delta(&format!(r#"{absolute}"3""#)), n(0), "the number 10 lands on any number");
    assert_eq!(known.delta(&format!(r#"{absolute}"8""#)), n(-2));
}

#[test]
fn beside_a_shop_set_by_hand_the_target_stands() {
    assert_eq!(Known::shop_shows(500).delta(""), n(-490));
    assert_eq!(Known::shop_shows(-3).delta(""), n(13));
}

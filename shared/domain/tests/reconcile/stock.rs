//! The night's match of stock.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use weir_domain::outcome::CallError;
use weir_domain::ports::{LedgerError, Reports};
use weir_domain::reconcile::Outcome;
use weir_domain::stock::{Publication, Standing};
use weir_testkit::{ErpStockOp, Fault, LedgerOp, ShopStockOp};

use crate::stockroom::{Stockroom, sku};
use crate::world::differences;

/// Products of the sample, each with one difference of its own but the first.
const ITEMS: [(u64, &str); 8] = [
    (1, "WELL"),
    (2, "DRIFTED"),
    (3, "RAISED"),
    (4, "COUNTED"),
    (5, "GONE"),
    (6, "RENAMED"),
    (7, "TWICE"),
    (8, "FORGOTTEN"),
];

/// What came of everything together.
pub(crate) struct Together {
    pub(crate) injected: usize,
    pub(crate) detected: usize,
    pub(crate) repaired: usize,
    pub(crate) parked: usize,
}

fn well() -> Stockroom {
    let room = Stockroom::new();
    for (id, name) in &ITEMS {
        room.stock(*id, name, 10);
    }
    room.sync();
    room
}

/// The code of the exception an item is in.
fn exception(room: &Stockroom, name: &str) -> Option<String> {
    match room.publication(name).standing {
        Standing::Exception { code, .. } => Some(code),
        _ => None,
    }
}

fn inject(room: &Stockroom) {
    room.shop.change(2, |product| product.quantity = Some(Decimal::from(13)));
    room.shop.change(3, |product| product.quantity = Some(Decimal::from(4)));
    room.count("COUNTED", 7);
    // The feed's news are read by nobody.
    room.shop.trash(5);
    room.shop.change(6, |product| "NEW-NAME".clone_into(&mut product.sku));
    room.shop.put_simple(70, "TWICE", Decimal::TEN);
    room.rewrite("FORGOTTEN", |publication| {
        *publication = Publication { version: publication.version, ..Publication::default() };
    });
    room.shop.change(8, |product| product.quantity = Some(Decimal::from(2)));
}

/// Everything at once: found, and put right or given to people; a second pass
/// finds nothing new.
pub(crate) fn all_together() -> Together {
    let room = well();
    assert_eq!(room.pass().total().detected, 0);
    inject(&room);
    let report = room.pass();
    let found: BTreeMap<&str, &str> =
        report.examples.iter().map(|it| (it.subject.as_str(), it.kind.as_str())).collect();
    let expected = [
        ("house/COUNTED", "position_behind"),
        ("house/DRIFTED", "stock_drift"),
        ("house/FORGOTTEN", "not_published"),
        ("house/GONE", "product_gone"),
        ("house/RAISED", "stock_drift"),
        ("house/RENAMED", "product_gone"),
        ("house/TWICE", "sku_twice"),
    ];
    assert_eq!(found, BTreeMap::from(expected));
    let shown = [(2, 10), (3, 10), (4, 7), (8, 10)];
    for (id, quantity) in shown {
        assert_eq!(room.shown(id), Some(Decimal::from(quantity)), "product {id}");
    }
    let parked = [("GONE", "product_gone"), ("RENAMED", "product_gone"), ("TWICE", "sku_twice")];
    for (name, code) in parked {
        assert_eq!(exception(&room, name).as_deref(), Some(code), "{name}");
    }
    let second = room.pass().total();
    assert_eq!((second.repaired, second.parked, second.known), (0, 0, 3));
    let detected = usize::try_from(report.total().detected).unwrap();
    Together { injected: expected.len(), detected, repaired: shown.len(), parked: parked.len() }
}

#[test]
fn every_kind_is_found_and_put_right_or_given_to_people() {
    let together = all_together();
    assert_eq!((together.injected, together.detected), (7, 7));
}

#[test]
fn a_sale_between_two_reads_is_no_difference() {
    let room = well();
    // P of the first reading only: the second does not confirm it.
    room.clock.advance(jiff::SignedDuration::from_hours(24));
    room.shop.before(ShopStockOp::Products, |shop| shop.change(1, |it| it.quantity = Some(Decimal::from(9))));
    room.shop.after(ShopStockOp::Products, |shop| shop.change(1, |it| it.quantity = Some(Decimal::TEN)));
    let matched = room.tick();
    assert_eq!((matched.found, room.queue.depth(), room.shop.unspent_hooks()), (0, 0, 0));
}

#[test]
fn what_is_put_right_by_people_is_published_again() {
    let room = well();
    room.shop.put_simple(70, "TWICE", Decimal::TEN);
    room.pass();
    assert_eq!(exception(&room, "TWICE").as_deref(), Some("sku_twice"));
    room.shop.trash(70);
    room.shop.change(7, |product| product.quantity = Some(Decimal::from(3)));
    let report = room.pass();
    assert_eq!(report.examples[0].outcome, Outcome::Repaired);
    assert_eq!(differences(&report), [("stock_drift", [1, 1, 0, 0, 0])]);
    assert_eq!((exception(&room, "TWICE"), room.shown(7)), (None, Some(Decimal::TEN)));
}

#[test]
fn an_erp_that_cannot_be_read_moves_no_checkpoint() {
    let room = well();
    room.clock.advance(jiff::SignedDuration::from_hours(24));
    room.erp.faults.script(ErpStockOp::Items, [Fault::None]);
    room.erp.faults.script(ErpStockOp::Stock, [Fault::Before(CallError::blocked("http 401"))]);
    assert!(room.try_tick().is_err());
    room.count("COUNTED", 7);
    let matched = room.tick();
    assert_eq!((matched.compared, matched.found), (ITEMS.len(), 1));
    assert!(room.erp.faults.unspent() == 0 && room.tick().skipped);
    assert_eq!(room.queue.take()[0].skus, [sku("COUNTED")]);
}

#[test]
fn a_page_whose_checkpoint_did_not_move_is_counted_once() {
    let room = well();
    room.clock.advance(jiff::SignedDuration::from_hours(24));
    room.count("COUNTED", 7);
    let down = LedgerError::Unavailable("throttled".into());
    room.ledger.faults.script(LedgerOp::Advance, [Fault::Before(down)]);
    assert!(room.try_tick().is_err());
    assert_eq!(room.tick().compared, ITEMS.len(), "it is compared again");
    let store = "main".parse().unwrap();
    let reports = room.ledger.reports(&store, 1);
    let report = futures::executor::block_on(reports).unwrap().remove(0);
    assert_eq!(usize::try_from(report.items).unwrap(), ITEMS.len());
    assert_eq!(differences(&report), [("position_behind", [1, 1, 0, 0, 0])]);
}

//! Everything that can come between shop, ledger and ERP, each about an order
//! of its own.

mod of_the_erp;
mod of_the_ledger;
mod of_the_shop;

use rust_decimal::Decimal;
use weir_domain::fulfilment::{DeliveredLine, Parcel};
use weir_domain::id::{DocumentKey, Generation, OrderKey, ParcelId, RefundId};
use weir_domain::order::{Order, OrderStatus};
use weir_domain::ports::{Creation, DocumentState, Erp};
use weir_domain::sales::{Release, SalesOrder};
use weir_testkit::sample;

use crate::world::World;
use of_the_erp::OF_THE_ERP;
use of_the_ledger::OF_THE_LEDGER;
use of_the_shop::OF_THE_SHOP;

/// One thing that goes wrong.
pub(crate) struct Injection {
    pub(crate) name: &'static str,
    /// The kind of difference that it is found as.
    pub(crate) kind: &'static str,
    /// What was well before.
    pub(crate) prepare: fn(&World, u64),
    /// What goes wrong; nobody hears of it.
    pub(crate) inject: fn(&World, u64),
    pub(crate) ends: Ends,
}

/// How it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Put right: the three sides say the same.
    Agreed,
    /// An exception with this code.
    Parked(&'static str),
}

const fn of(
    name: &'static str,
    kind: &'static str,
    prepare: fn(&World, u64),
    inject: fn(&World, u64),
    ends: Ends,
) -> Injection {
    Injection { name, kind, prepare, inject, ends }
}

fn key(id: u64) -> OrderKey {
    sample::key("main", id)
}

fn sale(id: u64) -> DocumentKey {
    DocumentKey::of_order(&key(id), Generation::FIRST)
}

pub(crate) fn refund_id(id: u64) -> RefundId {
    RefundId(1_000 + id)
}

fn credit(id: u64) -> DocumentKey {
    DocumentKey::of_refund(&key(id), refund_id(id))
}

fn nothing(_: &World, _: u64) {}

fn paid(world: &World, id: u64) {
    world.place(sample::order("main", id));
}

fn reserve(world: &World, id: u64) {
    world.reserve(id);
}

/// One of its two mugs comes back.
fn refund(world: &World, id: u64) {
    let lines = [(11, "1", "9.00", "1.71")];
    world.shop.refund(sample::refund(&key(id), refund_id(id).0, "10.71", &lines));
}

pub(crate) fn refunded(world: &World, id: u64) {
    paid(world, id);
    refund(world, id);
    world.hint(&key(id));
}

fn status(world: &World, id: u64, status: OrderStatus) {
    world.change(id, |order| order.status = status);
}

/// One more unit of the first line, everything else alike.
pub(crate) fn one_more(order: &mut Order) {
    order.lines[0].quantity += Decimal::ONE;
    order.lines[0].net += Decimal::new(900, 2);
    order.lines[0].tax += Decimal::new(171, 2);
    order.total += Decimal::new(1071, 2);
    order.total_tax += Decimal::new(171, 2);
}

/// A sales order that the ledger knows nothing of.
fn book(world: &World, order: &SalesOrder) {
    let created = futures::executor::block_on(world.erp.create(order)).unwrap();
    let Creation::Created(document) = created else { panic!("it was there") };
    futures::executor::block_on(world.erp.confirm(&document, order)).unwrap();
}

pub(crate) fn booked_by_nobody(world: &World, id: u64) {
    book(world, &sample::sales_order(&sample::order("main", id), Release::Ship));
}

pub(crate) fn send(world: &World, id: u64) {
    let line = |line, item: &str, quantity: i64| DeliveredLine {
        line: Some(line),
        item: item.to_owned(),
        quantity: Decimal::from(quantity),
    };
    let parcel = Parcel {
        id: ParcelId(format!("{id}/1")),
        shipped_at: sample::saturday(),
        carrier: Some("UPS".to_owned()),
        tracking: Some(format!("1Z-{id}")),
        link: None,
        lines: vec![line(11, "MUG-L", 2), line(12, "TEE-M", 1)],
    };
    world.erp.deliver(&sale(id), |parcels, _| parcels.push(parcel));
    world.erp.set_state(&sale(id), DocumentState::Done);
}

fn awaiting() -> OrderStatus {
    OrderStatus::Custom("awaiting-pickup".to_owned())
}

/// All of them, each with the id of its order.
pub(crate) fn all() -> impl Iterator<Item = (u64, &'static Injection)> {
    (101..).zip(OF_THE_SHOP.iter().chain(&OF_THE_ERP).chain(&OF_THE_LEDGER))
}

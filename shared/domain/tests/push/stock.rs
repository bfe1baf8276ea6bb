//! What orders mean for stock: rows before the ERP call, and items named.

use std::sync::Arc;

use rust_decimal::Decimal;
use weir_domain::config::StoreConfig;
use weir_domain::id::{ItemKey, LineKey, OrderKey, Sku};
use weir_domain::mapping::MappingKind;
use weir_domain::order::{Order, OrderStatus};
use weir_domain::outcome::CallError;
use weir_domain::ports::{DocumentState, InFlightNews, LedgerError, QueueError, StockStore};
use weir_domain::push::{OrderPush, StockOut};
use weir_domain::stock::InFlight;
use weir_domain::stock::in_flight::{Reduction, Told};
use weir_domain::stock::message::StockCause;
use weir_testkit::fault::{self, Fault};
use weir_testkit::{ErpOp, FakeStockQueue, FakeStockStore, ShopOp, StockOp, StockQueueOp, sample};

use crate::world::World;

struct Stocked {
    world: World,
    store: Arc<FakeStockStore>,
    queue: Arc<FakeStockQueue>,
}

/// The store of the world, which sells stock of entity `house`.
fn stocked() -> Stocked {
    let mut world = World::new();
    world.configure(sell_stock);
    let (store, queue) = (Arc::new(FakeStockStore::default()), Arc::new(FakeStockQueue::default()));
    let stock = Some(StockOut { store: store.clone(), queue: queue.clone() });
    world.push = OrderPush { stock, ..world.push.clone() };
    Stocked { world, store, queue }
}

fn sell_stock(config: &mut StoreConfig) {
    let stock = serde_json::json!({ "entity": "house", "locations": ["main"] });
    config.stock = Some(serde_json::from_value(stock).unwrap());
}

/// A paid order of which the shop has taken every line off its stock.
fn taken(id: u64) -> Order {
    let mut order = sample::order("main", id);
    for line in &mut order.lines {
        line.reduced_stock = Some(line.quantity);
    }
    order
}

impl Stocked {
    fn row(&self, order: &Order, line: usize) -> Option<InFlight> {
        let line = &order.lines[line];
        let sku: Sku = line.product.sku.clone().unwrap();
        let item = ItemKey { entity: "house".parse().unwrap(), sku };
        self.store.line(&item, &LineKey { order: order.key.clone(), line: line.id })
    }

    /// (R, L) of the first line.
    fn first(&self, order: &Order) -> (Decimal, Decimal) {
        self.row(order, 0).map(|row| (row.reduced(), row.confirming)).unwrap()
    }
}

fn first_quantity(order: &Order) -> Decimal {
    order.lines[0].quantity
}

#[test]
fn every_line_is_in_flight_before_the_erp_is_called() {
    let stocked = stocked();
    stocked.world.erp.faults.script(ErpOp::Create, [Fault::Before(CallError::unknown("time-out"))]);
    let order = taken(1);
    stocked.world.place(order.clone());
    assert!(stocked.world.erp.sales().is_empty());
    for (index, line) in order.lines.iter().enumerate() {
        let row = stocked.row(&order, index).unwrap();
        assert_eq!((row.reduced(), row.confirming), (line.quantity, line.quantity));
    }
}

#[test]
fn the_erp_is_not_called_while_the_rows_cannot_be_written() {
    let stocked = stocked();
    let down = LedgerError::Unavailable("throttled".to_owned());
    stocked.store.faults.script(StockOp::PutInFlight, [Fault::Before(down)]);
    let order = taken(1);
    stocked.world.shop.put(order.clone());
    let hint = sample::hint(&order.key, weir_domain::hint::Cause::Webhook, stocked.world.now());
    let delivery = stocked.world.delivery(1);
    let pushed = futures::executor::block_on(stocked.world.push.push(&hint, &delivery));
    assert!(pushed.is_err(), "nothing is on record, so the message comes back");
    assert!(stocked.world.erp.sales().is_empty());
    stocked.world.minutes(5);
    assert_eq!(stocked.world.view(&order.key), "in ERP");
    assert_eq!(stocked.first(&order).1, first_quantity(&order));
}

#[test]
fn a_booked_order_names_its_items_once_and_asks_for_the_erps_new_figure() {
    let stocked = stocked();
    let order = taken(1);
    stocked.world.place(order.clone());
    let messages = stocked.queue.take();
    assert_eq!(messages.len(), 1);
    let skus: Vec<_> = order.lines.iter().filter_map(|line| line.product.sku.clone()).collect();
    assert!(skus.iter().all(|sku| messages[0].skus.contains(sku)), "{messages:?}");
    assert!(messages[0].refresh && messages[0].cause == StockCause::Order);
    let written = stocked.store.written_halves();
    stocked.world.clock.advance(jiff::SignedDuration::from_mins(5));
    stocked.world.hint(&order.key);
    assert_eq!(stocked.store.written_halves(), written, "an echo writes nothing");
    assert!(stocked.queue.take().is_empty());
}

#[test]
fn what_was_not_said_is_said_by_the_next_worker() {
    let stocked = stocked();
    let refused = QueueError("no answer".to_owned());
    stocked.queue.faults.script(StockQueueOp::Send, [Fault::Before(refused)]);
    let order = taken(1);
    stocked.world.shop.put(order.clone());
    let hint = sample::hint(&order.key, weir_domain::hint::Cause::Webhook, stocked.world.now());
    let delivery = stocked.world.delivery(1);
    assert!(futures::executor::block_on(stocked.world.push.push(&hint, &delivery)).is_err());
    stocked.world.clock.advance(jiff::SignedDuration::from_mins(5));
    stocked.world.hint(&order.key);
    assert_eq!(stocked.world.erp.sales().len(), 1);
    assert_eq!(stocked.queue.take().len(), 1);
}

#[test]
fn an_order_that_is_not_booked_counts_for_what_the_shop_took() {
    let stocked = stocked();
    let mut order = taken(1);
    order.status = OrderStatus::Failed;
    stocked.world.place(order.clone());
    assert!(stocked.world.erp.sales().is_empty());
    assert_eq!(stocked.first(&order), (first_quantity(&order), Decimal::ZERO));
    assert!(!stocked.queue.take()[0].refresh, "the ERP has nothing new");
}

#[test]
fn a_cancelled_order_counts_until_the_erp_has_cancelled_it() {
    let stocked = stocked();
    let mut order = taken(1);
    order.status = OrderStatus::OnHold;
    "bacs".clone_into(&mut order.payment.method);
    order.payment.paid_at = None;
    stocked.world.place(order.clone());
    assert_eq!(stocked.first(&order).1, first_quantity(&order), "a reservation counts");
    let cancel = |order: &mut Order| {
        order.status = OrderStatus::Cancelled;
        for line in &mut order.lines {
            line.reduced_stock = None;
        }
    };
    stocked.world.erp.faults.script(ErpOp::Cancel, [Fault::Before(CallError::unknown("time-out"))]);
    stocked.world.change(&order.key, cancel);
    assert_eq!(stocked.first(&order), (Decimal::ZERO, first_quantity(&order)), "in doubt");
    stocked.queue.take();
    stocked.world.minutes(5);
    assert_eq!(stocked.world.view(&order.key), "cancelled");
    assert_eq!(stocked.first(&order), (Decimal::ZERO, Decimal::ZERO));
    assert!(stocked.queue.take().iter().any(|message| message.refresh), "the ERP's figure rose");
}

#[test]
fn an_order_that_the_erp_cancelled_counts_for_the_shop_alone() {
    let stocked = stocked();
    let order = taken(1);
    stocked.world.place(order.clone());
    let key = stocked.world.record(&order.key).document_key();
    stocked.world.erp.set_state(&key, DocumentState::Cancelled);
    stocked.world.change(&order.key, |order| order.lines[0].quantity += Decimal::ONE);
    assert_eq!(stocked.first(&order), (first_quantity(&order), Decimal::ZERO));
}

#[test]
fn a_line_taken_out_of_the_order_is_let_go_only_when_the_erp_has_followed() {
    let stocked = stocked();
    let mut order = taken(1);
    order.status = OrderStatus::OnHold;
    "bacs".clone_into(&mut order.payment.method);
    order.payment.paid_at = None;
    stocked.world.place(order.clone());
    let without_second = |order: &mut Order| {
        let line = order.lines.remove(1);
        order.total -= line.net + line.tax;
        order.total_tax -= line.tax;
    };
    stocked.world.erp.faults.script(ErpOp::Amend, [Fault::Before(CallError::retry_soon("busy"))]);
    stocked.world.change(&order.key, without_second);
    stocked.world.minutes(10);
    let row = stocked.row(&order, 1).unwrap();
    assert_eq!((row.reduced(), row.confirming), (Decimal::ZERO, Decimal::ZERO));
}

#[test]
fn an_order_deleted_for_good_holds_nothing_in_the_shop() {
    let stocked = stocked();
    let mut order = taken(1);
    order.status = OrderStatus::Pending;
    stocked.world.place(order.clone());
    assert_eq!(stocked.first(&order).0, first_quantity(&order));
    stocked.world.shop.delete(order.key.order);
    stocked.world.clock.advance(jiff::SignedDuration::from_mins(1));
    stocked.world.hint(&order.key);
    assert_eq!(stocked.first(&order), (Decimal::ZERO, Decimal::ZERO));
}

#[test]
fn a_deletion_comes_after_what_a_listing_saw_by_the_shops_faster_clock() {
    let stocked = stocked();
    let fast = jiff::SignedDuration::from_mins(4);
    let mut order = taken(1);
    order.status = OrderStatus::Pending;
    stocked.world.shop.set_answered_at(Some(stocked.world.now() + fast));
    stocked.world.place(order.clone());
    let row = stocked.row(&order, 0).unwrap();
    let known = row.reduced.clone().unwrap();
    let listed = InFlightNews {
        item: row.item,
        line: row.line,
        reduced: Reduction {
            quantity: known.quantity + Decimal::ONE,
            modified_at: stocked.world.now() + fast,
            ..known
        },
        confirming: None,
    };
    futures::executor::block_on(stocked.store.put_in_flight(&[listed])).unwrap();
    assert_eq!(stocked.first(&order).0, first_quantity(&order) + Decimal::ONE);
    stocked.world.shop.delete(order.key.order);
    stocked.world.clock.advance(jiff::SignedDuration::from_secs(15));
    stocked.world.hint(&order.key);
    assert_eq!(stocked.first(&order), (Decimal::ZERO, Decimal::ZERO));
}

#[test]
fn units_that_the_shop_did_not_name_are_assumed_taken_until_a_second_read() {
    let stocked = stocked();
    let mut order = sample::order("main", 1);
    order.lines.iter_mut().for_each(|line| line.reduced_stock = None);
    stocked.world.place(order.clone());
    let told = |stocked: &Stocked| stocked.row(&order, 0).unwrap().reduced.unwrap().told;
    assert!(matches!(told(&stocked), Told::Assumed { .. }));
    stocked.world.change(&order.key, |_| ());
    assert_eq!(told(&stocked), Told::Absent);
    assert_eq!(stocked.first(&order), (Decimal::ZERO, first_quantity(&order)));
}

#[test]
fn a_store_that_keeps_its_own_stock_writes_no_rows() {
    let stocked = stocked();
    stocked.world.configure(|_| ());
    let order = taken(1);
    stocked.world.place(order.clone());
    assert!(stocked.row(&order, 0).is_none());
    assert!(stocked.queue.take().is_empty());
    assert_eq!(stocked.world.view(&order.key), "in ERP");
}

#[test]
fn a_shop_that_cannot_be_read_changes_no_row() {
    let stocked = stocked();
    let order = taken(1);
    stocked.world.place(order.clone());
    let before = stocked.row(&order, 0);
    stocked.world.shop.faults.script(ShopOp::Order, [Fault::Before(fault::unauthorised().into())]);
    stocked.world.clock.advance(jiff::SignedDuration::from_mins(1));
    let key: OrderKey = order.key.clone();
    stocked.world.hint(&key);
    assert_eq!(stocked.row(&order, 0), before);
}

/// The ERP's items of the first line's SKU, from now on.
fn map_first(stocked: &Stocked, order: &Order, item: &str) {
    let sku = order.lines[0].product.sku.as_ref().unwrap();
    stocked.world.map(MappingKind::Item, &format!("sku:{sku}"), &[item]);
}

/// (R, L) of the first line under an item.
fn first_as(stocked: &Stocked, order: &Order, item: &str) -> Option<(Decimal, Decimal)> {
    let item = ItemKey { entity: "house".parse().unwrap(), sku: Sku(item.to_owned()) };
    let row = stocked.store.line(&item, &LineKey { order: order.key.clone(), line: order.lines[0].id })?;
    Some((row.reduced(), row.confirming))
}

#[test]
fn a_line_whose_mapping_is_corrected_leaves_no_row_behind() {
    let stocked = stocked();
    let mut order = taken(1);
    order.status = OrderStatus::Failed;
    map_first(&stocked, &order, "WRONG");
    stocked.world.place(order.clone());
    let quantity = first_quantity(&order);
    assert_eq!(first_as(&stocked, &order, "WRONG"), Some((quantity, Decimal::ZERO)));
    map_first(&stocked, &order, "RIGHT");
    stocked.queue.take();
    stocked.world.change(&order.key, |order| order.status = OrderStatus::Processing);
    assert_eq!(first_as(&stocked, &order, "WRONG"), Some((Decimal::ZERO, Decimal::ZERO)));
    assert_eq!(first_as(&stocked, &order, "RIGHT"), Some((quantity, quantity)));
    let said: Vec<Sku> = stocked.queue.take().into_iter().flat_map(|message| message.skus).collect();
    assert!(["WRONG", "RIGHT"].iter().all(|item| said.contains(&Sku((*item).to_owned()))), "{said:?}");
    map_first(&stocked, &order, "WRONG");
    stocked.world.change(&order.key, |order| order.status = OrderStatus::Completed);
    assert_eq!(first_as(&stocked, &order, "WRONG"), Some((quantity, quantity)), "back again");
    assert_eq!(first_as(&stocked, &order, "RIGHT"), Some((Decimal::ZERO, Decimal::ZERO)));
}

#[test]
fn what_may_be_in_the_erp_under_a_former_item_counts_until_that_is_known() {
    let stocked = stocked();
    let order = taken(1);
    map_first(&stocked, &order, "WRONG");
    let lost = || Fault::Before(CallError::unknown("time-out"));
    stocked.world.erp.faults.script(ErpOp::Create, [lost()]);
    stocked.world.place(order.clone());
    map_first(&stocked, &order, "RIGHT");
    stocked.world.erp.faults.script(ErpOp::Find, [lost()]);
    stocked.world.minutes(2);
    let quantity = first_quantity(&order);
    assert_eq!(first_as(&stocked, &order, "WRONG"), Some((Decimal::ZERO, quantity)), "it may still come");
    stocked.world.minutes(30);
    assert_eq!(stocked.world.view(&order.key), "in ERP");
    assert_eq!(first_as(&stocked, &order, "WRONG"), Some((Decimal::ZERO, Decimal::ZERO)));
    assert_eq!(first_as(&stocked, &order, "RIGHT"), Some((quantity, quantity)));
}

#[test]
fn an_order_from_before_the_cut_over_is_in_flight_only_with_a_sales_order() {
    let cut_over = |config: &mut StoreConfig| {
        sell_stock(config);
        config.cut_over = Some(sample::saturday() + jiff::SignedDuration::from_mins(30));
    };
    let (booked, failed) = (taken(1), Order { status: OrderStatus::Failed, ..taken(2) });
    let stocked = stocked();
    stocked.world.place(booked.clone());
    stocked.world.place(failed.clone());
    assert_eq!(stocked.first(&failed), (first_quantity(&failed), Decimal::ZERO));
    stocked.world.configure(cut_over);
    for order in [&booked, &failed] {
        stocked.world.change(&order.key, |order| order.status = OrderStatus::Completed);
    }
    assert_eq!(stocked.first(&booked), (first_quantity(&booked), first_quantity(&booked)));
    assert_eq!(stocked.first(&failed), (Decimal::ZERO, Decimal::ZERO), "nobody will book it");
}

#[test]
fn a_code_that_is_too_long_for_a_row_keeps_no_order_from_being_booked() {
    let stocked = stocked();
    let mut order = taken(1);
    order.lines[0].product.sku = Some(Sku("x".repeat(901)));
    stocked.world.place(order.clone());
    assert_eq!(stocked.world.view(&order.key), "in ERP");
    assert_eq!(stocked.row(&order, 1).unwrap().reduced(), order.lines[1].quantity);
}

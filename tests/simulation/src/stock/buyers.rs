//! Customers: they buy what they see, and change their minds.

use std::sync::Arc;
use std::time::Duration;

use rust_decimal::Decimal;
use tokio::time::sleep;
use weir_domain::id::{DocumentKey, Generation, OrderId, OrderKey, RefundId, Sku};
use weir_domain::order::{Order, OrderStatus, ProductRef, Refund};
use weir_domain::ports::DocumentState;

use super::ITEMS;
use super::ground::Ground;
use super::shelf::Wanted;
use super::wiring::StockWorld;
use crate::customers::tell;
use crate::faults::FaultClass as F;
use crate::orders::{self, Method};
use crate::shop::SimShop;
use crate::world::World;

/// The kinds of lives an order can have, as far as stock sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Life {
    PaidByCard,
    Transfer,
    TransferArrives,
    Cancelled,
    CancelledTooLate,
    CancelledAndRevived,
    PaymentFails,
    RefundedAndRestocked,
    Shipped,
    ShippedAndReturned,
    EditedWhileReserved,
    CancelledInTheErp,
    Trashed,
    DeletedForGood,
}

impl Life {
    /// Every kind; the plain ones more often.
    const DRAWN: [Self; 20] = [
        Self::PaidByCard,
        Self::PaidByCard,
        Self::PaidByCard,
        Self::Transfer,
        Self::Transfer,
        Self::TransferArrives,
        Self::TransferArrives,
        Self::Cancelled,
        Self::Cancelled,
        Self::CancelledTooLate,
        Self::CancelledAndRevived,
        Self::PaymentFails,
        Self::RefundedAndRestocked,
        Self::Shipped,
        Self::Shipped,
        Self::ShippedAndReturned,
        Self::EditedWhileReserved,
        Self::CancelledInTheErp,
        Self::Trashed,
        Self::DeletedForGood,
    ];

    /// Draws one.
    pub fn draw(dice: &mut fastrand::Rng) -> Self {
        Self::DRAWN[dice.usize(0..Self::DRAWN.len())]
    }

    fn method(self) -> Method {
        match self {
            Self::Transfer
            | Self::TransferArrives
            | Self::Cancelled
            | Self::CancelledAndRevived
            | Self::PaymentFails
            | Self::EditedWhileReserved => Method::Transfer,
            _ => Method::Card,
        }
    }
}

/// One customer with one order.
pub struct Buyer {
    /// Everything.
    pub world: Arc<World>,
    /// Its stock.
    pub stock: Arc<StockWorld>,
    /// Where they buy.
    pub shop: Arc<SimShop>,
    /// The order's id, should there be one.
    pub id: OrderId,
    /// What becomes of it.
    pub life: Life,
    /// What they want: at most two items.
    pub wanted: Vec<Wanted>,
}

impl Buyer {
    /// Draws what somebody wants.
    pub fn wants(stock: &StockWorld, dice: &mut fastrand::Rng) -> Vec<Wanted> {
        let item = dice.usize(0..stock.items);
        let units = Decimal::from(dice.u32(1..=3));
        let mut wanted = vec![Wanted { line: 11, item: Sku(ITEMS[item].0.to_owned()), units }];
        let other = Sku(ITEMS[1].0.to_owned());
        if stock.items > 1 && item != 1 && dice.u32(0..4) == 0 {
            wanted.push(Wanted { line: 12, item: other, units: Decimal::ONE });
        }
        wanted
    }

    /// Buys, if there is enough, and does whatever else they do.
    pub async fn live(self) {
        self.stock.comes();
        self.buy().await;
        self.stock.goes();
    }

    async fn buy(&self) {
        let (ground, store) = (&self.stock.ground, &self.shop.store);
        if !ground.hold(store, &self.wanted) {
            self.world.stage.log(|| format!("shop: somebody finds too little in {store}"));
            return;
        }
        self.stock.count_order();
        self.shop.place(self.order());
        if self.life.method() == Method::Card {
            self.tell("order.created");
            self.pause(0, 30).await;
            self.pay();
            self.take().await;
            self.tell("order.updated");
        } else {
            self.take().await;
            self.tell("order.created");
        }
        self.pause(1, 100).await;
        self.go_on().await;
    }

    async fn go_on(&self) {
        match self.life {
            Life::PaidByCard | Life::Transfer => {}
            Life::TransferArrives => {
                self.pay();
                self.tell("order.updated");
            }
            Life::Cancelled | Life::CancelledTooLate => self.cancel().await,
            Life::CancelledAndRevived => {
                self.cancel().await;
                self.pause(1, 120).await;
                if self.ground().hold(&self.shop.store, &self.wanted) {
                    self.pay();
                    self.take().await;
                    self.tell("order.updated");
                }
            }
            Life::PaymentFails => self.status(OrderStatus::Failed),
            Life::Trashed => self.status(OrderStatus::Trash),
            Life::RefundedAndRestocked => self.refund_one().await,
            Life::Shipped => self.ship().await,
            Life::ShippedAndReturned => {
                self.ship().await;
                self.pause(1, 60).await;
                self.refund_one().await;
                self.pause(1, 60).await;
                self.ground().count(&self.wanted[0].item, "main", Decimal::ONE, "goods come back");
                self.stock.tell(&self.wanted[0].item);
            }
            Life::EditedWhileReserved => self.edit().await,
            Life::CancelledInTheErp => {
                self.people_in_the_erp(DocumentState::Cancelled);
            }
            Life::DeletedForGood => {
                if let Some(order) = self.shop.present(self.id) {
                    self.ground().vanish(&self.shop.store, self.id);
                    self.shop.delete(self.id);
                    tell(&self.world, &self.shop, "order.deleted", &order);
                }
            }
        }
    }

    fn ground(&self) -> &Arc<Ground> {
        &self.stock.ground
    }

    fn order(&self) -> Order {
        let (store, id) = (self.shop.store.as_str(), self.id.0);
        let mut order = orders::placed(store, id, self.life.method(), self.shop.clock());
        let product = |wanted: &Wanted| {
            let found = ITEMS.iter().find(|(item, ..)| *item == wanted.item.0);
            let (_, sku, id, parent) = found.unwrap_or_else(|| unreachable!("an item of ours"));
            let (product, variation) = parent.map_or((*id, 0), |parent| (parent, *id));
            ProductRef { product, variation, sku: Some(Sku((*sku).to_owned())) }
        };
        orders::edit(&mut order, u32::try_from(self.wanted[0].units).unwrap_or(1), 1);
        if self.wanted.len() == 1 {
            let gone = order.lines.pop().unwrap_or_else(|| unreachable!("the sample has two lines"));
            order.total_tax -= gone.tax;
            order.total -= gone.net + gone.tax;
        }
        for (line, wanted) in order.lines.iter_mut().zip(&self.wanted) {
            line.product = product(wanted);
            line.reduced_stock = None;
        }
        order
    }

    /// The order has a status that takes stock; then the units are taken off,
    /// then the order says so.
    async fn take(&self) {
        let store = &self.shop.store;
        self.ground().sell(store, self.id, &self.wanted);
        self.gap().await;
        self.ground().take_off(store, &self.wanted);
        self.gap().await;
        let taken = self.wanted.clone();
        self.shop.change_quietly(self.id, |order| {
            for line in &mut order.lines {
                let wanted = taken.iter().find(|wanted| wanted.line == line.id);
                line.reduced_stock = wanted.map(|wanted| wanted.units);
            }
        });
    }

    async fn cancel(&self) {
        self.shop.change(self.id, "is cancelled", |order| order.status = OrderStatus::Cancelled);
        self.gap().await;
        self.ground().give_back(&self.shop.store, self.id);
        self.gap().await;
        self.shop.change_quietly(self.id, |order| {
            order.lines.iter_mut().for_each(|line| line.reduced_stock = None);
        });
        self.tell("order.updated");
    }

    /// One unit of the first line is refunded and put back on the shelf.
    async fn refund_one(&self) {
        let wanted = &self.wanted[0];
        self.ground().take_more(&self.shop.store, self.id, wanted, -Decimal::ONE);
        self.gap().await;
        let Some(order) = self.shop.present(self.id) else { return };
        self.shop.change_quietly(self.id, |order| {
            let reduced = &mut order.lines[0].reduced_stock;
            *reduced = reduced.map(|units| units - Decimal::ONE);
        });
        let id = RefundId(self.id.0 * 100 + order.refunds.len() as u64 + 1);
        self.shop.refund(Refund {
            order: order.key.clone(),
            id,
            created_at: self.shop.clock(),
            amount: orders::UNIT_GROSS,
            reason: "one came back".into(),
            lines: vec![orders::one_unit_back(&order)],
            of_return: None,
        });
        self.tell("order.updated");
    }

    /// The shop's people give the first line another quantity.
    async fn edit(&self) {
        let wanted = &self.wanted[0];
        let units = self.world.stage.draw(|dice| dice.u32(1..=4));
        let change = Decimal::from(units) - wanted.units;
        if change > Decimal::ZERO {
            let more = Wanted { units: change, ..wanted.clone() };
            if !self.ground().hold(&self.shop.store, std::slice::from_ref(&more)) {
                return;
            }
            self.ground().let_go(&self.shop.store, &[more]);
        }
        self.ground().edit(&self.shop.store, self.id, wanted, change);
        self.shop.change(self.id, "is edited", |order| {
            let before = order.lines[0].reduced_stock;
            orders::edit(order, units, 2);
            order.lines[0].reduced_stock = before;
        });
        self.gap().await;
        self.shop.change_quietly(self.id, |order| order.lines[0].reduced_stock = Some(Decimal::from(units)));
        self.ground().edited(&self.shop.store, wanted, change);
        self.tell("order.updated");
    }

    fn pay(&self) {
        let at = self.shop.clock();
        self.shop.change(self.id, "is paid", |order| {
            order.status = OrderStatus::Processing;
            order.payment.paid_at = Some(at);
            order.payment.transaction = Some(format!("tx-{}", order.number));
        });
    }

    fn status(&self, status: OrderStatus) {
        self.shop.change(self.id, "changes its status", |order| order.status = status);
        self.tell("order.updated");
    }

    /// The ERP ships what it has released, and the shop hears of it.
    async fn ship(&self) {
        for _ in 0..6 {
            if self.people_in_the_erp(DocumentState::Done) {
                self.status(OrderStatus::Completed);
                return;
            }
            self.pause(10, 40).await;
        }
    }

    /// Whether there was a sales order that could be moved.
    fn people_in_the_erp(&self, state: DocumentState) -> bool {
        let order = OrderKey { store: self.shop.store.clone(), order: self.id };
        let key = DocumentKey::of_order(&order, Generation::FIRST);
        let mut moved = false;
        for erp in self.world.erps.values() {
            let sales = erp.books.sales();
            let released = |sale: &&weir_testkit::Sale| {
                sale.order.key == key && (sale.state == DocumentState::Processing)
            };
            if sales.iter().find(released).is_some() {
                erp.books.people_move(&key, state);
                self.stock.tell(&self.wanted[0].item);
                moved = true;
            }
        }
        moved
    }

    fn tell(&self, topic: &'static str) {
        if let Some(order) = self.shop.present(self.id) {
            tell(&self.world, &self.shop, topic, &order);
        }
    }

    /// Between two steps of one of the shop's own requests.
    async fn gap(&self) {
        let longest = if self.world.stage.strikes(F::K5) { 3_000 } else { 40 };
        sleep(Duration::from_millis(self.world.stage.draw(|dice| dice.u64(1..longest)))).await;
    }

    async fn pause(&self, least_s: u64, most_s: u64) {
        let ms = self.world.stage.draw(|dice| dice.u64(least_s * 1_000..=most_s * 1_000));
        sleep(Duration::from_millis(ms)).await;
    }
}

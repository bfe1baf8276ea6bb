//! What happens to orders in the shop and in the ERP, and how the shop's
//! webhooks tell of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use weir_domain::fulfilment::Parcel;
use weir_domain::id::{DocumentKey, Generation, OrderId, OrderKey, RefundId};
use weir_domain::order::{Order, OrderStatus, Refund};
use weir_domain::ports::DocumentState;

use crate::deliveries::Content;
use crate::faults::FaultClass as F;
use crate::functions::{Post, webhook};
use crate::orders::{self, Method};
use crate::shop::SimShop;
use crate::world::World;

/// The kinds of lives an order can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Life {
    PaidByCard,
    CashOnDelivery,
    TransferArrives,
    TransferNeverArrives,
    EditedWhileReserved,
    EditedWithinASecond,
    EditedAfterRelease,
    CancelledByCustomer,
    CancelledAndRevived,
    PaymentFails,
    Trashed,
    DeletedForGood,
    Completed,
    RefusedByTheErp,
    CancelledInTheErp,
    ShippedInTheErp,
    RefundedInPart,
    RefundedTwice,
    RefundedInFull,
    RefundedAtOnce,
    RefundDeleted,
    RefundedAfterAnEdit,
    RefundedWhileReserved,
    RefundedAndCancelledInTheErp,
    ShippedInTwoParcels,
    ParcelCorrected,
    ParcelWithdrawn,
    ShippedAndRefunded,
    ReturnedOnce,
    ReturnedTwice,
}

impl Life {
    /// Every kind without a delivery.
    pub const ALL: [Self; 24] = [
        Self::PaidByCard,
        Self::CashOnDelivery,
        Self::TransferArrives,
        Self::TransferNeverArrives,
        Self::EditedWhileReserved,
        Self::EditedWithinASecond,
        Self::EditedAfterRelease,
        Self::CancelledByCustomer,
        Self::CancelledAndRevived,
        Self::PaymentFails,
        Self::Trashed,
        Self::DeletedForGood,
        Self::Completed,
        Self::RefusedByTheErp,
        Self::CancelledInTheErp,
        Self::ShippedInTheErp,
        Self::RefundedInPart,
        Self::RefundedTwice,
        Self::RefundedInFull,
        Self::RefundedAtOnce,
        Self::RefundDeleted,
        Self::RefundedAfterAnEdit,
        Self::RefundedWhileReserved,
        Self::RefundedAndCancelledInTheErp,
    ];

    /// Those in which the warehouse delivers. They are drawn apart, so that the
    /// seeds without them are what they were.
    pub const DELIVERED: [Self; 6] = [
        Self::ShippedInTwoParcels,
        Self::ParcelCorrected,
        Self::ParcelWithdrawn,
        Self::ShippedAndRefunded,
        Self::ReturnedOnce,
        Self::ReturnedTwice,
    ];

    fn method(self) -> Method {
        match self {
            Self::CashOnDelivery | Self::EditedAfterRelease => Method::CashOnDelivery,
            Self::TransferArrives
            | Self::TransferNeverArrives
            | Self::EditedWhileReserved
            | Self::EditedWithinASecond
            | Self::CancelledByCustomer
            | Self::CancelledAndRevived
            | Self::RefundedWhileReserved
            | Self::PaymentFails => Method::Transfer,
            _ => Method::Card,
        }
    }
}

/// What comes back with a refund.
#[derive(Debug, Clone, Copy)]
enum Back {
    /// One unit of the first line, and its money.
    Mug,
    /// Money alone.
    Money,
    /// All the money, and no word about the lines.
    All,
}

impl Back {
    fn refund(self, order: &Order, id: RefundId, at: jiff::Timestamp) -> Refund {
        let (amount, lines) = match self {
            Self::Mug => (orders::UNIT_GROSS, vec![orders::one_unit_back(order)]),
            Self::Money => (orders::GOODWILL, Vec::new()),
            Self::All => (order.total, Vec::new()),
        };
        let (order, reason) = (order.key.clone(), "Zaphira changed her mind".into());
        Refund { order, id, created_at: at, amount, reason, lines, of_return: None }
    }
}

/// One order's life, from its first moment to its last.
pub struct Biography {
    pub(crate) world: Arc<World>,
    pub(crate) shop: Arc<SimShop>,
    pub(crate) id: OrderId,
    life: Life,
    edition: u32,
}

impl Biography {
    /// The life of order `id` of `shop`, not yet begun.
    pub fn new(world: &Arc<World>, shop: &Arc<SimShop>, id: u64, life: Life) -> Self {
        Self { world: Arc::clone(world), shop: Arc::clone(shop), id: OrderId(id), life, edition: 1 }
    }

    /// Lives it.
    pub async fn live(mut self) {
        self.pause(0, 30).await;
        self.place();
        self.pause(1, 40).await;
        if self.life.method() == Method::Card {
            self.pay();
            if self.life != Life::RefundedAtOnce {
                self.pause(1, 60).await;
            }
        }
        match self.life {
            Life::PaidByCard | Life::CashOnDelivery | Life::TransferNeverArrives | Life::RefusedByTheErp => {}
            Life::TransferArrives => self.pay(),
            Life::EditedWhileReserved => {
                self.edit(5);
                self.pause(1, 200).await;
                self.pay();
            }
            Life::EditedWithinASecond => {
                self.edit(3);
                self.pause_ms(1, 700).await;
                self.edit(4);
            }
            Life::EditedAfterRelease => self.edit(6),
            Life::CancelledByCustomer => self.status(OrderStatus::Cancelled),
            Life::CancelledAndRevived => {
                self.pause(1, 120).await;
                self.status(OrderStatus::Cancelled);
                self.pause(1, 240).await;
                self.pay();
            }
            Life::PaymentFails => self.status(OrderStatus::Failed),
            Life::Trashed => self.status(OrderStatus::Trash),
            Life::DeletedForGood => self.delete(),
            Life::Completed => {
                self.pause(1, 200).await;
                self.status(OrderStatus::Completed);
            }
            Life::CancelledInTheErp => self.people_in_the_erp(DocumentState::Cancelled).await,
            Life::ShippedInTheErp => {
                self.people_in_the_erp(DocumentState::Done).await;
                self.status(OrderStatus::Completed);
            }
            Life::RefundedInPart | Life::RefundedAtOnce => self.refund(1, Back::Mug),
            Life::RefundedTwice => {
                self.refund(1, Back::Mug);
                self.pause(0, 90).await;
                self.refund(2, Back::Money);
            }
            Life::RefundedInFull | Life::RefundedWhileReserved => {
                self.pause(0, 200).await;
                self.refund(1, Back::All);
            }
            Life::RefundedAfterAnEdit => {
                self.edit(6);
                self.pause(0, 200).await;
                self.refund(1, Back::Mug);
            }
            Life::RefundedAndCancelledInTheErp => {
                self.people_in_the_erp(DocumentState::Cancelled).await;
                self.refund(1, Back::All);
            }
            Life::ShippedInTwoParcels
            | Life::ParcelCorrected
            | Life::ParcelWithdrawn
            | Life::ShippedAndRefunded
            | Life::ReturnedOnce
            | Life::ReturnedTwice => self.is_delivered().await,
            Life::RefundDeleted => {
                self.refund(1, Back::Mug);
                self.pause(0, 300).await;
                self.shop.delete_refund(self.id, self.refund_id(1));
                self.pause(0, 60).await;
                self.status(OrderStatus::Completed);
            }
        }
        if self.world.stage.strikes(F::W8) && self.life == Life::PaidByCard {
            self.pause(0, 3).await;
            self.delete();
        }
    }

    /// The lives in which the warehouse delivers.
    async fn is_delivered(&self) {
        match self.life {
            Life::ShippedInTwoParcels => {
                self.send("a", Content::First).await;
                self.pause(0, 200).await;
                self.send("b", Content::Rest).await;
            }
            Life::ParcelCorrected => {
                self.send("a", Content::All).await;
                self.pause(0, 120).await;
                let correct = |parcels: &mut Vec<Parcel>| {
                    for parcel in parcels {
                        parcel.tracking = Some("1Z-CORRECTED".to_owned());
                    }
                };
                self.deliver("corrects a", |_, parcels, _| correct(parcels)).await;
            }
            Life::ParcelWithdrawn => {
                self.send("a", Content::First).await;
                self.send("b", Content::Rest).await;
                self.pause(0, 200).await;
                let name = self.name("b");
                self.deliver("withdraws b", |_, parcels, _| parcels.retain(|parcel| parcel.id.0 != name))
                    .await;
                self.pause(0, 200).await;
                self.send("c", Content::Rest).await;
            }
            Life::ShippedAndRefunded => {
                self.send("a", Content::AllButOne).await;
                self.pause(0, 120).await;
                self.refund(1, Back::Mug);
                self.look_whether_all_is_sent();
            }
            Life::ReturnedOnce => {
                self.send("a", Content::All).await;
                self.pause(0, 200).await;
                self.take_back("r").await;
            }
            Life::ReturnedTwice => {
                self.send("a", Content::All).await;
                self.take_back("r").await;
                self.pause(0, 120).await;
                self.take_back("s").await;
            }
            _ => {}
        }
    }

    fn place(&self) {
        let mut order =
            orders::placed(self.shop.store.as_str(), self.id.0, self.life.method(), self.shop.clock());
        if self.life == Life::RefusedByTheErp {
            orders::refuse(&mut order);
        }
        self.shop.place(order.clone());
        self.tell("order.created", &order);
    }

    fn pay(&self) {
        let at = self.shop.clock();
        self.change("is paid", |order| {
            order.status = OrderStatus::Processing;
            order.payment.paid_at = Some(at);
            order.payment.transaction = Some(format!("tx-{}", order.number));
        });
    }

    /// The shop's people give money back, with or without goods.
    fn refund(&self, number: u64, back: Back) {
        let Some(order) = self.shop.present(self.id) else { return };
        self.shop.refund(back.refund(&order, self.refund_id(number), self.shop.clock()));
        if let Some(order) = self.shop.present(self.id) {
            self.tell("order.updated", &order);
        }
    }

    /// Unique in the shop.
    fn refund_id(&self, number: u64) -> RefundId {
        RefundId(self.id.0 * 100 + number)
    }

    fn edit(&mut self, quantity: u32) {
        self.edition += 1;
        let edition = self.edition;
        self.change("is edited", |order| orders::edit(order, quantity, edition));
    }

    fn status(&self, status: OrderStatus) {
        self.change("changes its status", |order| order.status = status);
    }

    fn change(&self, what: &str, change: impl FnOnce(&mut Order)) {
        self.shop.change(self.id, what, change);
        if let Some(order) = self.shop.present(self.id) {
            self.tell("order.updated", &order);
        }
    }

    fn delete(&self) {
        if let Some(order) = self.shop.present(self.id) {
            self.shop.delete(self.id);
            self.tell("order.deleted", &order);
        }
    }

    async fn people_in_the_erp(&self, state: DocumentState) {
        self.pause(1, 300).await;
        let order = OrderKey { store: self.shop.store.clone(), order: self.id };
        let key = DocumentKey::of_order(&order, Generation::FIRST);
        for erp in self.world.erps.values() {
            erp.books.people_move(&key, state);
        }
    }

    pub(crate) async fn pause(&self, least_s: u64, most_s: u64) {
        self.pause_ms(least_s * 1_000, most_s * 1_000).await;
    }

    async fn pause_ms(&self, least: u64, most: u64) {
        let ms = if self.world.stage.is_calm() {
            most
        } else {
            self.world.stage.draw(|dice| dice.u64(least..=most))
        };
        sleep(Duration::from_millis(ms)).await;
    }

    fn tell(&self, topic: &'static str, order: &Order) {
        tell(&self.world, &self.shop, topic, order);
    }
}

/// The webhook, as badly as webhooks come.
pub fn tell(world: &Arc<World>, shop: &Arc<SimShop>, topic: &'static str, order: &Order) {
    let stage = &world.stage;
    if stage.strikes(F::W1) {
        stage.log(|| format!("shop: the webhook about {} is lost", order.key));
        return;
    }
    if shop.webhooks_are_off() {
        return;
    }
    let copies = if stage.strikes(F::W2) { 2 } else { 1 };
    for _ in 0..copies {
        let late = if stage.strikes(F::W3) { stage.draw(|dice| dice.u64(1..600)) } else { 0 };
        post(world, shop, topic, &order.key, Duration::from_secs(late));
    }
    if stage.strikes(F::W7) {
        let late = stage.draw(|dice| dice.u64(300..1_500));
        post(world, shop, topic, &order.key, Duration::from_secs(late));
    }
}

/// Posts later. The body carries the state at the delivery, or the shop's
/// error object if the order is gone by then.
fn post(world: &Arc<World>, shop: &Arc<SimShop>, topic: &'static str, key: &OrderKey, late: Duration) {
    let (world, shop, key) = (Arc::clone(world), Arc::clone(shop), key.clone());
    let id = key.order;
    let delivery_id = world.next_delivery(world.stage.strikes(F::W4));
    tokio::task::spawn_local(async move {
        sleep(late + Duration::from_millis(world.stage.draw(|dice| dice.u64(20..900)))).await;
        let (tells, body) = match (topic, shop.present(id)) {
            ("order.deleted", _) => (true, format!(r#"{{"id":{id}}}"#)),
            (_, Some(now)) => (true, format!(r#"{{"id":{id},"status":"{}","note":"Zaphira"}}"#, now.status)),
            (_, None) => (false, GONE.to_owned()),
        };
        let deleted = topic == "order.deleted";
        let answered = webhook(&world, &key.store, &Post { topic, body, delivery_id, tells }).await;
        if answered != Some(200) {
            // The shop counts a failure and never tries again.
            world.stage.coverage.met(F::W1);
        } else if deleted {
            world.told_of_deletion(&key);
        }
    });
}

/// What the shop sends when the order is gone by the time of the delivery.
const GONE: &str = r#"{"code":"woocommerce_rest_shop_order_invalid_id","message":"Invalid ID."}"#;

//! A WooCommerce store: customers and its own people change orders, webhooks
//! tell of it badly, and its REST API has bad minutes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, Weak};

use async_trait::async_trait;
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use weir_domain::fulfilment::{NewRefund, OrderNote, Parcel, ShownParcel};
use weir_domain::id::{OrderId, RefundId, StoreId};
use weir_domain::order::{Order, OrderStatus, Refund, RefundRef};
use weir_domain::outcome::CallError;
use weir_domain::ports::{Shop, ShopError, ShopOrder, ShopPage};
use weir_testkit::{FakeShop, Told};

use crate::faults::FaultClass as F;
use crate::orders;
use crate::stage::{Port, Stage, lock};

/// How long an old state of an order may still be read.
pub(crate) const STALE: SignedDuration = SignedDuration::from_secs(45);

/// One store.
#[derive(Debug)]
pub struct SimShop {
    /// Its name.
    pub store: StoreId,
    pub(crate) stage: Arc<Stage>,
    me: Weak<Self>,
    inner: FakeShop,
    /// Its clock runs ahead of true time by this.
    skew: SignedDuration,
    orders: Mutex<BTreeMap<OrderId, Known>>,
    /// Every refund of an order, and when it was given.
    refunds: Mutex<BTreeMap<OrderId, Vec<(Timestamp, Refund)>>>,
    disabled: Mutex<Vec<(Timestamp, Timestamp)>>,
    /// Parcels and notes.
    pub(crate) told: Mutex<Told>,
    /// What they were before an order's last changes, and when that was.
    pub(crate) told_before: Mutex<BTreeMap<OrderId, (Timestamp, Told)>>,
    /// Orders all of whose goods had left at some moment.
    pub(crate) sent_in_full: Mutex<BTreeSet<OrderId>>,
}

/// An order as it is, and as it was before.
#[derive(Debug, Clone)]
struct Known {
    now: Option<Order>,
    before: Option<Order>,
    changed_at: Timestamp,
    unknowns: u32,
}

impl SimShop {
    /// A store without orders.
    pub fn new(store: StoreId, stage: &Arc<Stage>) -> Arc<Self> {
        let skew = if stage.strikes(F::C1) { stage.draw(|dice| dice.i64(-30..=30)) } else { 0 };
        Arc::new_cyclic(|me| Self {
            store,
            stage: Arc::clone(stage),
            me: Weak::clone(me),
            inner: FakeShop::default(),
            skew: SignedDuration::from_secs(skew),
            orders: Mutex::default(),
            refunds: Mutex::default(),
            disabled: Mutex::default(),
            told: Mutex::default(),
            told_before: Mutex::default(),
            sent_in_full: Mutex::default(),
        })
    }

    /// Itself, for what happens later.
    pub(crate) fn me(&self) -> Weak<Self> {
        Weak::clone(&self.me)
    }

    /// An unclear answer about an order.
    pub(crate) fn note_unknown(&self, id: OrderId) {
        if let Some(known) = lock(&self.orders).get_mut(&id) {
            known.unknowns += 1;
        }
    }

    /// A refund is there from now on.
    pub(crate) fn add_refund(&self, id: OrderId, refund: Refund) {
        lock(&self.refunds).entry(id).or_default().push((self.stage.now(), refund));
    }

    /// One read beside that of the order.
    async fn list<T>(
        &self,
        what: &str,
        id: OrderId,
        list: impl FnOnce() -> Result<T, ShopError>,
    ) -> Result<T, ShopError> {
        let name = format!("shop.{what} {}/{id}", self.store);
        let listed = self.stage.call(Port::Shop, &name, |class| self.fail(class), list).await;
        if let Err(ShopError::Call(CallError::Unknown { .. })) = &listed {
            self.note_unknown(id);
        }
        listed
    }

    /// The time by the shop's own clock.
    pub fn clock(&self) -> Timestamp {
        self.stage.now() + self.skew
    }

    /// The `Date` of an answer: whole seconds.
    pub fn said(&self) -> Timestamp {
        Timestamp::from_second(self.clock().as_second()).unwrap_or_default()
    }

    /// A new order.
    pub fn place(&self, order: Order) {
        self.stage.log(|| format!("shop: {} placed as {}", order.key, order.status));
        self.remember(order.key.order, Some(order.clone()));
        self.inner.put(order);
    }

    /// Changes an order that is there; the shop notes when.
    pub fn change(&self, id: OrderId, what: &str, change: impl FnOnce(&mut Order)) {
        let Some(mut order) = self.present(id) else { return };
        change(&mut order);
        orders::touch(&mut order, self.clock());
        self.stage.log(|| format!("shop: {} {what}, now {}", order.key, order.status));
        self.remember(id, Some(order.clone()));
        self.inner.put(order);
    }

    /// Gives a refund; one of all that is left changes the order's status.
    pub fn refund(&self, refund: Refund) {
        let id = refund.order.order;
        let Some(order) = self.present(id) else { return };
        let before: rust_decimal::Decimal = order.refunds.iter().map(|refund| -refund.total).sum();
        let is_all = before + refund.amount == order.total;
        let what = format!("gets refund {} of {}", refund.id, refund.amount);
        let named = RefundRef { id: refund.id, total: -refund.amount };
        self.add_refund(id, refund);
        self.change(id, &what, |order| {
            order.refunds.push(named);
            if is_all {
                order.status = OrderStatus::Refunded;
            }
        });
    }

    /// Deletes a refund: the shop tells nobody, and notes no date.
    pub fn delete_refund(&self, id: OrderId, refund: RefundId) {
        self.stage.log(|| format!("shop: refund {refund} of {}/{id} is deleted", self.store));
        lock(&self.refunds).entry(id).or_default().retain(|(_, known)| known.id != refund);
        self.change_quietly(id, |order| order.refunds.retain(|known| known.id != refund));
    }

    /// The refunds of an order as they are.
    pub fn refunds_of(&self, id: OrderId) -> Vec<Refund> {
        let refunds = lock(&self.refunds);
        refunds.get(&id).into_iter().flatten().map(|(_, refund)| refund.clone()).collect()
    }

    /// What a listing of refunds shows: now and then not the newest yet.
    fn list_refunds(&self, id: OrderId) -> Result<Vec<Refund>, ShopError> {
        if self.present(id).is_none() {
            return Err(ShopError::Gone);
        }
        let known = lock(&self.refunds).get(&id).cloned().unwrap_or_default();
        let now = self.stage.now();
        let fresh = |given: Timestamp| now < given + STALE;
        let stale = known.iter().any(|(given, _)| fresh(*given)) && self.stage.strikes(F::W3);
        let listed = known.into_iter().filter(|(given, _)| !(stale && fresh(*given)));
        let listed = listed.map(|(given, refund)| {
            // The shop saves the mark last.
            let unmarked = refund.of_return.is_some() && fresh(given) && self.stage.strikes(F::W3);
            if unmarked { Refund { of_return: None, ..refund } } else { refund }
        });
        Ok(listed.collect())
    }

    /// Changes an order without a new date, as the shop does where it notes
    /// what it took off its stock.
    pub fn change_quietly(&self, id: OrderId, change: impl FnOnce(&mut Order)) {
        let mut known = lock(&self.orders);
        if let Some(order) = known.get_mut(&id).and_then(|known| known.now.as_mut()) {
            change(order);
            self.inner.put(order.clone());
        }
    }

    /// Looks at every order that is there.
    pub fn visit(&self, mut look: impl FnMut(&Order)) {
        for known in lock(&self.orders).values() {
            if let Some(order) = &known.now {
                look(order);
            }
        }
    }

    /// Deletes an order for good.
    pub fn delete(&self, id: OrderId) {
        self.stage.log(|| format!("shop: {}/{id} deleted for good", self.store));
        self.remember(id, None);
        self.inner.delete(id);
    }

    fn remember(&self, id: OrderId, order: Option<Order>) {
        let mut known = lock(&self.orders);
        let before = known.get(&id).and_then(|known| known.now.clone());
        let unknowns = known.get(&id).map_or(0, |known| known.unknowns);
        known.insert(id, Known { now: order, before, changed_at: self.stage.now(), unknowns });
    }

    /// An order as it is, if it is.
    pub fn present(&self, id: OrderId) -> Option<Order> {
        lock(&self.orders).get(&id)?.now.clone()
    }

    /// Every order that ever was, as it is.
    pub fn all(&self) -> Vec<(OrderId, Option<Order>)> {
        lock(&self.orders).iter().map(|(id, known)| (*id, known.now.clone())).collect()
    }

    /// When an order last changed, by true time.
    pub fn changed_at(&self, id: OrderId) -> Option<Timestamp> {
        Some(lock(&self.orders).get(&id)?.changed_at)
    }

    /// Unclear answers to reads of an order.
    pub fn unknowns(&self, id: OrderId) -> u32 {
        lock(&self.orders).get(&id).map_or(0, |known| known.unknowns)
    }

    /// Webhooks are switched off for a while.
    pub fn disable_webhooks(&self, from: Timestamp, to: Timestamp) {
        lock(&self.disabled).push((from, to));
    }

    /// Whether its webhooks are switched off.
    pub fn webhooks_are_off(&self) -> bool {
        let now = self.stage.now();
        let off = lock(&self.disabled).iter().any(|(from, to)| *from <= now && now < *to);
        if off && !self.stage.is_healed() {
            self.stage.coverage.met(F::W5);
            return true;
        }
        false
    }

    /// What a read gets that meets this fault.
    pub fn refusal(&self, class: F) -> CallError {
        match class {
            F::W9 => CallError::blocked("html of an edge"),
            _ if self.stage.draw(fastrand::Rng::bool) => CallError::retry_soon("http 429"),
            _ => CallError::unknown("http 502"),
        }
    }

    fn fail(&self, class: F) -> ShopError {
        ShopError::Call(self.refusal(class))
    }

    /// What a read sees: now and then a cache's older state.
    fn read(&self, id: OrderId) -> Result<Order, ShopError> {
        let known = lock(&self.orders).get(&id).cloned().ok_or(ShopError::Gone)?;
        let fresh = self.stage.now() < known.changed_at + STALE;
        match known.before {
            // Two states of one second have one date: no reader could tell them apart.
            Some(before)
                if fresh
                    && known.now.as_ref().is_some_and(|now| now.modified_at != before.modified_at)
                    && self.stage.strikes(F::W3) =>
            {
                self.stage.log(|| format!("shop: {} is read as it was", before.key));
                Ok(before)
            }
            _ => known.now.ok_or(ShopError::Gone),
        }
    }
}

#[async_trait]
impl Shop for SimShop {
    async fn order(&self, id: OrderId) -> Result<ShopOrder, ShopError> {
        let name = format!("shop.order {}/{id}", self.store);
        let read = self.stage.call(Port::Shop, &name, |class| self.fail(class), || self.read(id)).await;
        if let Err(ShopError::Call(CallError::Unknown { .. })) = &read {
            self.note_unknown(id);
        }
        if matches!(read, Err(ShopError::Gone)) {
            self.stage.coverage.met(F::W8);
        }
        Ok(ShopOrder { order: read?, answered_at: Some(self.said()) })
    }

    async fn refunds(&self, order: OrderId) -> Result<Vec<Refund>, ShopError> {
        self.list("refunds", order, || self.list_refunds(order)).await
    }

    async fn changed_after(&self, after: Timestamp, page: u32) -> Result<ShopPage, ShopError> {
        let list = || {
            let listed = self.inner.changed_after(after, page).now_or_never();
            listed.unwrap_or_else(|| Err(ShopError::Call(CallError::unknown("the fake never waits"))))
        };
        let page = self.stage.call(Port::Shop, "shop.changed_after", |class| self.fail(class), list).await?;
        Ok(ShopPage { answered_at: Some(self.said()), ..page })
    }

    async fn parcels(&self, order: OrderId) -> Result<Vec<ShownParcel>, ShopError> {
        self.list("parcels", order, || Ok(self.told_as_read(order).parcels(order))).await
    }

    async fn show_parcel(
        &self,
        order: OrderId,
        reference: Option<&str>,
        parcel: &Parcel,
    ) -> Result<Option<String>, ShopError> {
        let (reference, parcel) = (reference.map(str::to_owned), parcel.clone());
        self.write("show_parcel", order, move |shop| Ok(shop.show(order, reference.as_deref(), &parcel)))
            .await
    }

    async fn remove_parcel(&self, order: OrderId, reference: &str) -> Result<(), ShopError> {
        let reference = reference.to_owned();
        let remove = move |shop: &Self| {
            shop.unshow(order, &reference);
            Ok(())
        };
        self.write("remove_parcel", order, remove).await
    }

    async fn notes(&self, order: OrderId) -> Result<Vec<String>, ShopError> {
        let told = || self.told_as_read(order).notes(order);
        let texts = || Ok(told().into_iter().map(|note| note.text).collect());
        self.list("notes", order, texts).await
    }

    async fn add_note(&self, order: OrderId, note: &OrderNote) -> Result<(), ShopError> {
        let note = note.clone();
        let add = move |shop: &Self| {
            shop.say(order, &note);
            Ok(())
        };
        self.write("add_note", order, add).await
    }

    async fn set_status(&self, order: OrderId, status: &OrderStatus) -> Result<(), ShopError> {
        let status = status.clone();
        let follow = move |shop: &Self| {
            shop.follow(order, &status);
            Ok(())
        };
        self.write("set_status", order, follow).await
    }

    async fn give_refund(&self, order: OrderId, refund: &NewRefund) -> Result<RefundId, ShopError> {
        let refund = refund.clone();
        self.write("give_refund", order, move |shop| shop.give(order, &refund)).await
    }
}

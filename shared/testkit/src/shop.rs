use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;
use weir_domain::fulfilment::{NewRefund, OrderNote, Parcel, ShownParcel};
use weir_domain::id::{OrderId, RefundId};
use weir_domain::order::{Order, OrderStatus, Refund, RefundRef};
use weir_domain::outcome::CallError;
use weir_domain::ports::{OrderStub, Shop, ShopError, ShopOrder, ShopPage};

use crate::fault::Faults;
use crate::lock;
use crate::shop_deliveries::Told;

/// Orders on a full page of a listing.
const PAGE: usize = 100;

/// What a shop can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShopOp {
    /// [`Shop::order`].
    Order,
    /// [`Shop::refunds`].
    Refunds,
    /// [`Shop::changed_after`].
    ChangedAfter,
    /// [`Shop::parcels`].
    Parcels,
    /// [`Shop::show_parcel`].
    ShowParcel,
    /// [`Shop::remove_parcel`].
    RemoveParcel,
    /// [`Shop::notes`].
    Notes,
    /// [`Shop::add_note`].
    AddNote,
    /// [`Shop::set_status`].
    SetStatus,
    /// [`Shop::give_refund`].
    GiveRefund,
}

/// A shop that has the orders it was given.
#[derive(Debug, Default)]
pub struct FakeShop {
    /// What goes wrong.
    pub faults: Faults<ShopOp, ShopError>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    orders: BTreeMap<OrderId, Order>,
    refunds: BTreeMap<OrderId, Vec<Refund>>,
    /// In the order and not in its listing yet.
    unlisted: BTreeSet<RefundId>,
    told: Told,
    /// Custom statuses that it has.
    statuses: BTreeSet<String>,
    answered_at: Option<Timestamp>,
}

impl FakeShop {
    /// Adds an order or replaces it.
    pub fn put(&self, order: Order) {
        lock(&self.state).orders.insert(order.key.order, order);
    }

    /// Changes an order in place. `modified_at` is the caller's business:
    /// the real one is not bumped by every change either.
    pub fn change(&self, id: OrderId, change: impl FnOnce(&mut Order)) {
        change(lock(&self.state).orders.get_mut(&id).expect("the shop has the order to be changed"));
    }

    /// Gives a refund; the order names it. `modified_at` is the caller's
    /// business here, too.
    pub fn refund(&self, refund: Refund) {
        let named = RefundRef { id: refund.id, total: -refund.amount };
        self.change(refund.order.order, |order| order.refunds.push(named));
        lock(&self.state).refunds.entry(refund.order.order).or_default().push(refund);
    }

    /// Deletes a refund, which leaves nothing of it in the order.
    pub fn delete_refund(&self, order: OrderId, id: RefundId) {
        self.change(order, |order| order.refunds.retain(|refund| refund.id != id));
        lock(&self.state).refunds.entry(order).or_default().retain(|refund| refund.id != id);
    }

    /// A refund that the order names is missing in the listing, or is not.
    pub fn set_listed(&self, id: RefundId, listed: bool) {
        let unlisted = &mut lock(&self.state).unlisted;
        let _changed = if listed { unlisted.remove(&id) } else { unlisted.insert(id) };
    }

    /// The parcels that it shows.
    pub fn shown(&self, order: OrderId) -> Vec<ShownParcel> {
        lock(&self.state).told.parcels(order)
    }

    /// What people were told.
    pub fn told(&self, order: OrderId) -> Vec<OrderNote> {
        lock(&self.state).told.notes(order)
    }

    /// People enter a parcel's number by hand.
    pub fn enter_parcel(&self, order: OrderId, reference: &str, tracking: &str) {
        lock(&self.state).told.enter(order, reference, tracking);
    }

    /// It shows parcels by a tracking plugin.
    pub fn use_plugin(&self) {
        lock(&self.state).told.plugin = true;
    }

    /// People take away what a reference shows.
    pub fn drop_parcel(&self, order: OrderId, reference: &str) {
        lock(&self.state).told.remove(order, reference);
    }

    /// A plugin brings a status.
    pub fn add_status(&self, status: &str) {
        lock(&self.state).statuses.insert(status.to_owned());
    }

    /// One call about an order that is there.
    fn on_order<T>(
        &self,
        op: ShopOp,
        id: OrderId,
        effect: impl FnOnce(&mut State) -> Result<T, ShopError>,
    ) -> Result<T, ShopError> {
        self.faults.strike(op, || {
            let mut state = lock(&self.state);
            if state.orders.contains_key(&id) { effect(&mut state) } else { Err(ShopError::Gone) }
        })
    }

    /// Deletes an order for good.
    pub fn delete(&self, id: OrderId) {
        lock(&self.state).orders.remove(&id);
    }

    /// What the shop's own clock shows in listings; `None`: it does not say.
    pub fn set_answered_at(&self, at: Option<Timestamp>) {
        lock(&self.state).answered_at = at;
    }
}

#[async_trait]
impl Shop for FakeShop {
    async fn order(&self, id: OrderId) -> Result<ShopOrder, ShopError> {
        self.faults.strike(ShopOp::Order, || {
            let state = lock(&self.state);
            let order = state.orders.get(&id).cloned().ok_or(ShopError::Gone)?;
            Ok(ShopOrder { order, answered_at: state.answered_at })
        })
    }

    async fn refunds(&self, order: OrderId) -> Result<Vec<Refund>, ShopError> {
        self.faults.strike(ShopOp::Refunds, || {
            let state = lock(&self.state);
            if !state.orders.contains_key(&order) {
                return Err(ShopError::Gone);
            }
            let refunds = state.refunds.get(&order).into_iter().flatten();
            Ok(refunds.filter(|refund| !state.unlisted.contains(&refund.id)).cloned().collect())
        })
    }

    async fn changed_after(&self, after: Timestamp, page: u32) -> Result<ShopPage, ShopError> {
        self.faults.strike(ShopOp::ChangedAfter, || {
            let state = lock(&self.state);
            // One-second resolution on both sides, and exclusive.
            let changed = |order: &&Order| order.modified_at.as_second() > after.as_second();
            let mut stubs: Vec<OrderStub> = state
                .orders
                .values()
                .filter(changed)
                .map(|order| OrderStub {
                    id: order.key.order,
                    modified_at: order.modified_at,
                    refunds: order.refunds.iter().map(|refund| refund.id).collect(),
                })
                .collect();
            stubs.sort_by_key(|stub| (stub.modified_at, stub.id));
            let before = PAGE * (page.max(1) as usize - 1);
            let orders = stubs.into_iter().skip(before).take(PAGE).collect();
            Ok(ShopPage { orders, answered_at: state.answered_at })
        })
    }

    async fn parcels(&self, order: OrderId) -> Result<Vec<ShownParcel>, ShopError> {
        self.on_order(ShopOp::Parcels, order, |state| Ok(state.told.parcels(order)))
    }

    async fn show_parcel(
        &self,
        order: OrderId,
        reference: Option<&str>,
        parcel: &Parcel,
    ) -> Result<Option<String>, ShopError> {
        self.on_order(ShopOp::ShowParcel, order, |state| Ok(state.told.show(order, reference, parcel)))
    }

    async fn remove_parcel(&self, order: OrderId, reference: &str) -> Result<(), ShopError> {
        self.on_order(ShopOp::RemoveParcel, order, |state| {
            state.told.remove(order, reference);
            Ok(())
        })
    }

    async fn notes(&self, order: OrderId) -> Result<Vec<String>, ShopError> {
        let texts = |state: &State| state.told.notes(order).into_iter().map(|note| note.text).collect();
        self.on_order(ShopOp::Notes, order, |state| Ok(texts(state)))
    }

    async fn add_note(&self, order: OrderId, note: &OrderNote) -> Result<(), ShopError> {
        self.on_order(ShopOp::AddNote, order, |state| {
            state.told.add_note(order, note);
            Ok(())
        })
    }

    async fn set_status(&self, order: OrderId, status: &OrderStatus) -> Result<(), ShopError> {
        self.on_order(ShopOp::SetStatus, order, |state| {
            if let OrderStatus::Custom(word) = status
                && !state.statuses.contains(word)
            {
                return Err(CallError::rejected("status_unknown", word).into());
            }
            if let Some(known) = state.orders.get_mut(&order) {
                known.status = status.clone();
            }
            Ok(())
        })
    }

    async fn give_refund(&self, order: OrderId, refund: &NewRefund) -> Result<RefundId, ShopError> {
        self.on_order(ShopOp::GiveRefund, order, |state| {
            let Some(of) = state.orders.get_mut(&order) else { return Err(ShopError::Gone) };
            let before: rust_decimal::Decimal = of.refunds.iter().map(|refund| -refund.total).sum();
            if before + refund.amount > of.total {
                return Err(CallError::rejected("refund_refused", "more than is left").into());
            }
            if before + refund.amount == of.total {
                of.status = OrderStatus::Refunded;
            }
            let id = RefundId(9_000 + order.0 * 100 + of.refunds.len() as u64);
            of.refunds.push(RefundRef { id, total: -refund.amount });
            let made = refund.as_made(&of.key, id, of.modified_at);
            state.refunds.entry(order).or_default().push(made);
            Ok(id)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use futures::executor::block_on;
    use jiff::SignedDuration;

    #[test]
    fn a_listing_is_exclusive_ordered_and_paged() {
        let shop = FakeShop::default();
        let start = sample::saturday();
        for id in 1..=150 {
            let mut order = sample::order("main", id);
            order.modified_at = start + SignedDuration::from_secs(i64::try_from(200 - id).unwrap());
            shop.put(order);
        }
        let page = |after, page| block_on(shop.changed_after(after, page)).unwrap().orders;
        let first = page(start + SignedDuration::from_secs(60), 1);
        assert_eq!(first.len(), 100);
        assert_eq!(first[0].id, OrderId(139), "the order changed in that very second is missed");
        assert_eq!(page(start + SignedDuration::from_secs(60), 2).len(), 39);
        assert!(page(start + SignedDuration::from_secs(60), 3).is_empty());
    }

    #[test]
    fn a_deleted_order_is_gone() {
        let shop = FakeShop::default();
        shop.put(sample::order("main", 1));
        assert!(block_on(shop.order(OrderId(1))).is_ok());
        shop.delete(OrderId(1));
        assert_eq!(block_on(shop.order(OrderId(1))), Err(ShopError::Gone));
    }
}

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;
use weir_domain::id::OrderId;
use weir_domain::order::Order;
use weir_domain::ports::{OrderStub, Shop, ShopError, ShopOrder, ShopPage};

use crate::fault::Faults;
use crate::lock;

/// Orders on a full page of a listing.
const PAGE: usize = 100;

/// What a shop can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShopOp {
    /// [`Shop::order`].
    Order,
    /// [`Shop::changed_after`].
    ChangedAfter,
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

    async fn changed_after(&self, after: Timestamp, page: u32) -> Result<ShopPage, ShopError> {
        self.faults.strike(ShopOp::ChangedAfter, || {
            let state = lock(&self.state);
            // One-second resolution on both sides, and exclusive.
            let changed = |order: &&Order| order.modified_at.as_second() > after.as_second();
            let mut stubs: Vec<OrderStub> = state
                .orders
                .values()
                .filter(changed)
                .map(|order| OrderStub { id: order.key.order, modified_at: order.modified_at })
                .collect();
            stubs.sort_by_key(|stub| (stub.modified_at, stub.id));
            let before = PAGE * (page.max(1) as usize - 1);
            let orders = stubs.into_iter().skip(before).take(PAGE).collect();
            Ok(ShopPage { orders, answered_at: state.answered_at })
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

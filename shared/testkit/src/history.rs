use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use weir_domain::id::OrderId;
use weir_domain::order::OrderStatus;
use weir_domain::outcome::CallError;
use weir_domain::ports::{Listed, Placed, Shop, ShopError, ShopHistory};

use crate::fault::Faults;
use crate::{FakeShop, lock};

/// Orders on a full page of the listing.
const PAGE: usize = 100;

/// What a shop's history can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HistoryOp {
    /// [`ShopHistory::placed_after`].
    PlacedAfter,
}

/// The history of a [`FakeShop`]: the orders that it has now.
#[derive(Debug)]
pub struct FakeHistory {
    /// What goes wrong.
    pub faults: Faults<HistoryOp, CallError>,
    shop: Arc<FakeShop>,
    unreadable: Mutex<BTreeMap<OrderId, (&'static str, String)>>,
}

impl FakeHistory {
    /// Of a shop.
    pub fn new(shop: Arc<FakeShop>) -> Self {
        Self { faults: Faults::default(), shop, unreadable: Mutex::default() }
    }

    /// In the listing an order makes no sense any more.
    pub fn garble(&self, order: OrderId, code: &'static str, detail: &str) {
        lock(&self.unreadable).insert(order, (code, detail.to_owned()));
    }

    /// It makes sense again.
    pub fn mend(&self, order: OrderId) {
        lock(&self.unreadable).remove(&order);
    }

    async fn all(&self) -> Result<Vec<Listed>, ShopError> {
        let mut listed = Vec::new();
        for page in 1.. {
            let stubs = self.shop.changed_after(Timestamp::MIN, page).await?.orders;
            for stub in &stubs {
                let order = self.shop.order(stub.id).await?.order;
                if order.status == OrderStatus::Trash {
                    continue;
                }
                let (id, created_at) = (stub.id, order.created_at);
                let unreadable = lock(&self.unreadable).get(&id).cloned();
                let unreadable = unreadable.map(|(code, detail)| ShopError::Unreadable { code, detail });
                let order = unreadable.map_or(Ok(order), Err);
                listed.push(Listed { id, created_at, order });
            }
            if stubs.len() < PAGE {
                break;
            }
        }
        listed.sort_by_key(|listed| (listed.created_at, listed.id));
        Ok(listed)
    }
}

#[async_trait]
impl ShopHistory for FakeHistory {
    async fn placed_after(&self, after: Timestamp, page: u32) -> Result<Vec<Listed>, CallError> {
        let all = self.all().await.map_err(|error| match error {
            ShopError::Call(error) => error,
            other => CallError::unknown(other.to_string()),
        })?;
        self.faults.strike(HistoryOp::PlacedAfter, || {
            // One-second resolution on both sides, and exclusive.
            let is_later = |listed: &Listed| listed.created_at.as_second() > after.as_second();
            let before = PAGE * (page.max(1) as usize - 1);
            Ok(all.into_iter().filter(is_later).skip(before).take(PAGE).collect())
        })
    }

    async fn ids_placed_after(&self, after: Timestamp, page: u32) -> Result<Vec<Placed>, CallError> {
        let listed = self.placed_after(after, page).await?;
        Ok(listed.iter().map(|it| Placed { id: it.id, created_at: it.created_at }).collect())
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use jiff::SignedDuration;

    use super::*;
    use crate::sample;

    #[test]
    fn the_oldest_comes_first_and_the_trash_not_at_all() {
        let shop = Arc::new(FakeShop::default());
        for id in 1..=150 {
            let mut order = sample::order("main", id);
            order.created_at += SignedDuration::from_secs(i64::try_from(200 - id).unwrap());
            shop.put(order);
        }
        shop.change(OrderId(150), |order| order.status = OrderStatus::Trash);
        let history = FakeHistory::new(shop);
        history.garble(OrderId(149), "bad_amount", "total is no number");
        let page = |page| block_on(history.placed_after(sample::saturday(), page)).unwrap();
        assert_eq!((page(1).len(), page(2).len(), page(3).len()), (100, 49, 0));
        assert_eq!(page(1)[0].id, OrderId(149));
        assert!(matches!(page(1)[0].order, Err(ShopError::Unreadable { code: "bad_amount", .. })));
        assert!(page(1)[1].order.is_ok());
    }
}

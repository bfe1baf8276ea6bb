//! An ERP with three locations and a shop, both with 100,000 items, as slow
//! as the recorded ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use weir_domain::id::{LineKey, LocationId, OrderId, Sku};
use weir_domain::order::{OrderStatus, ProductRef};
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Adjusted, Adjustment, BookedLine, Change, ErpStock, ItemPage, Managed, SaleLine, SalesPage, ShopItem,
    ShopProduct, ShopSale, ShopStock, StockBasis,
};
use weir_domain::stock::LocationStock;
use weir_testkit::sample;

use crate::count::Count;

/// Items of both.
pub(crate) const ITEMS: usize = 100_000;
/// Of these, variations of variable products, ten each.
pub(crate) const VARIATIONS: usize = 30_000;
/// Variations of one product.
const PER_PARENT: usize = 10;
const LOCATIONS: [&str; 3] = ["north", "south", "floor"];
/// Items of a page of the ERP.
const PAGE: usize = 100;

/// Tryton answered 100 SKUs of a warehouse in 35 to 50 ms.
const ERP_REQUEST: Duration = Duration::from_millis(45);
/// Requests that the adapter makes for the figures of a page: its codes in two,
/// the moves in one, each location, and all of them together
/// (`a_hundred_items_take_few_calls…` in `shared/erp/tests/wire/stock.rs`).
pub(crate) const REQUESTS_OF_FIGURES: u64 = 2 + 1 + LOCATIONS.len() as u64 + 1;
/// Moves of one request of the feed.
const MOVES_OF_A_REQUEST: usize = 500;
/// What every request to the recorded shop takes, and what an item adds. From
/// its `timing.json`: `put_single_s` 0.101, `batch_100_stock_s` 2.14 …
const SHOP_REQUEST: Duration = Duration::from_micros(80_400);
const SHOP_WRITE_ITEM: Duration = Duration::from_micros(20_600);
/// … and `get_100_by_sku_with_fields_s` 0.19. No single read was timed: it is
/// taken to be this much.
const SHOP_READ_ITEM: Duration = Duration::from_micros(1_100);

/// The code of an item.
pub(crate) fn sku(index: usize) -> Sku {
    Sku(format!("ITEM-{index:06}"))
}

fn index(sku: &str) -> Option<usize> {
    sku.strip_prefix("ITEM-")?.parse().ok().filter(|index| *index < ITEMS)
}

/// The product of a variation; variations come first.
pub(crate) fn parent(index: usize) -> Option<u64> {
    (index < VARIATIONS).then(|| 1_000_000 + (index / PER_PARENT) as u64)
}

fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The ERP.
pub(crate) struct Erp {
    pub(crate) requests: Count,
    /// Units at the first location; the others have one each.
    stock: Mutex<Vec<u16>>,
    /// What the feed has not named yet …
    moved: Mutex<BTreeSet<usize>>,
    /// … and moves that it reads once more, by the date when they were done,
    /// and names no second time.
    again: AtomicUsize,
}

impl Erp {
    pub(crate) fn new() -> Self {
        let stock = Mutex::new(vec![50; ITEMS]);
        Self { requests: Count::default(), stock, moved: Mutex::default(), again: AtomicUsize::new(0) }
    }

    /// Something moved.
    pub(crate) fn change(&self, item: usize, to: u16) {
        lock(&self.stock)[item] = to;
        lock(&self.moved).insert(item);
        self.again.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests, one after the other.
    async fn answer(&self, requests: u64) {
        for _ in 0..requests {
            self.requests.request(ERP_REQUEST).await;
        }
    }

    /// What can be sold of an item.
    pub(crate) fn available(&self, item: usize) -> Decimal {
        Decimal::from(lock(&self.stock)[item] + 2)
    }
}

#[async_trait]
impl ErpStock for Erp {
    fn basis(&self) -> StockBasis {
        StockBasis::Computed
    }

    async fn included(&self, _: &[BookedLine]) -> Result<BTreeMap<LineKey, Decimal>, CallError> {
        self.answer(1).await;
        Ok(BTreeMap::new())
    }

    async fn stock(
        &self,
        skus: &[Sku],
    ) -> Result<BTreeMap<Sku, BTreeMap<LocationId, LocationStock>>, CallError> {
        self.answer(REQUESTS_OF_FIGURES).await;
        let stock = lock(&self.stock);
        let at = |units: u16| LocationStock {
            available: units.into(),
            on_hand: units.into(),
            ..Default::default()
        };
        let of = |sku: &Sku| {
            let units = [stock[index(&sku.0)?], 1, 1];
            let locations = LOCATIONS.into_iter().zip(units);
            let locations = locations.filter_map(|(name, units)| Some((name.parse().ok()?, at(units))));
            Some((sku.clone(), locations.collect()))
        };
        Ok(skus.iter().filter_map(of).collect())
    }

    async fn moved(&self, _: Option<&str>) -> Result<ItemPage, CallError> {
        self.answer(1).await;
        let (page, more, left) = {
            let mut moved = lock(&self.moved);
            let page: Vec<usize> = moved.iter().take(PAGE).copied().collect();
            for item in &page {
                moved.remove(item);
            }
            (page, !moved.is_empty(), moved.len())
        };
        if !more {
            let again = self.again.swap(0, Ordering::Relaxed);
            self.answer((again / MOVES_OF_A_REQUEST + 1) as u64).await;
        }
        Ok(ItemPage { skus: page.into_iter().map(sku).collect(), next: left.to_string(), more })
    }

    async fn items(&self, cursor: Option<&str>) -> Result<ItemPage, CallError> {
        self.answer(1).await;
        let from: usize = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or_default();
        let to = (from + PAGE).min(ITEMS);
        Ok(ItemPage { skus: (from..to).map(sku).collect(), next: to.to_string(), more: to < ITEMS })
    }
}

/// The shop.
pub(crate) struct Shop {
    pub(crate) reads: Count,
    pub(crate) writes: Count,
    quantities: Mutex<Vec<Decimal>>,
    sales: Mutex<Vec<ShopSale>>,
}

impl Shop {
    /// A shop that shows what the ERP has.
    pub(crate) fn showing(erp: &Erp) -> Self {
        let quantities = (0..ITEMS).map(|item| erp.available(item)).collect();
        Self {
            reads: Count::default(),
            writes: Count::default(),
            quantities: Mutex::new(quantities),
            sales: Mutex::default(),
        }
    }

    /// A customer buys one.
    pub(crate) fn sell(&self, item: usize, order: u64, at: Timestamp) {
        lock(&self.quantities)[item] -= Decimal::ONE;
        let line = SaleLine {
            id: 1,
            product: ProductRef { product: item as u64 + 1, variation: 0, sku: Some(sku(item)) },
            quantity: Decimal::ONE,
            reduced: Some(Decimal::ONE),
        };
        lock(&self.sales).push(ShopSale {
            order: OrderId(order),
            status: OrderStatus::Processing,
            placed_at: at,
            modified_at: at,
            lines: vec![line],
        });
    }

    /// What it shows of an item.
    pub(crate) fn shown(&self, item: usize) -> Decimal {
        lock(&self.quantities)[item]
    }

    fn product(&self, item: usize) -> ShopProduct {
        ShopProduct {
            id: item as u64 + 1,
            parent: parent(item),
            sku: sku(item).0,
            managed: Managed::Yes,
            quantity: Some(self.shown(item)),
            backorders: false,
        }
    }
}

#[async_trait]
impl ShopStock for Shop {
    async fn products(&self, items: &[ShopItem]) -> Result<Vec<ShopProduct>, CallError> {
        self.reads.request(SHOP_REQUEST + SHOP_READ_ITEM * count(items.len())).await;
        let found = items.iter().filter_map(|item| match item {
            ShopItem::Sku(sku) => index(sku),
            ShopItem::Id(_) => None,
        });
        Ok(found.map(|item| self.product(item)).collect())
    }

    async fn sales_after(&self, after: Timestamp, page: u32) -> Result<SalesPage, CallError> {
        self.reads.request(SHOP_REQUEST + SHOP_READ_ITEM * count(PAGE)).await;
        let sales = lock(&self.sales);
        let later = sales.iter().filter(|sale| sale.modified_at > after);
        let skipped = PAGE * (page as usize - 1);
        Ok(SalesPage { sales: later.skip(skipped).take(PAGE).cloned().collect(), answered_at: None })
    }

    async fn adjust(&self, adjustments: &[Adjustment]) -> Result<Vec<Adjusted>, CallError> {
        self.writes.request(SHOP_REQUEST + SHOP_WRITE_ITEM * count(adjustments.len())).await;
        let mut answers = Vec::new();
        for adjustment in adjustments {
            let item = usize::try_from(adjustment.id).unwrap_or_default() - 1;
            {
                let quantity = &mut lock(&self.quantities)[item];
                *quantity = match adjustment.change {
                    Change::By(delta) => *quantity + delta,
                    Change::To(absolute) => absolute,
                };
            }
            answers.push(Adjusted::Now(self.product(item)));
        }
        Ok(answers)
    }
}

/// An instant long before anything is sold.
pub(crate) fn long_ago() -> Timestamp {
    sample::saturday() - SignedDuration::from_hours(1)
}

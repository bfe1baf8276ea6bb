//! An ERP with three locations and a shop, both with 100,000 items, as slow
//! as the recorded ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
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

/// Tryton answered 100 SKUs of a warehouse in 35 to 50 ms; three of them, and
/// the moves.
const ERP_CALL: Duration = Duration::from_millis(160);
/// `timing.json` of the recorded shop: `get_100_by_sku_with_fields_s`.
const SHOP_READ: Duration = Duration::from_millis(190);
/// `batch_100_stock_s`: 2.14 s, of which 0.1 s is the request itself …
const SHOP_ITEM: Duration = Duration::from_millis(20);
/// … which is what a single one takes: `put_single_s`.
const SHOP_WRITE: Duration = Duration::from_millis(101);

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

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The ERP.
pub(crate) struct Erp {
    pub(crate) requests: Count,
    /// Units at the first location; the others have one each.
    stock: Mutex<Vec<u16>>,
    moved: Mutex<BTreeSet<usize>>,
}

impl Erp {
    pub(crate) fn new() -> Self {
        Self { requests: Count::default(), stock: Mutex::new(vec![50; ITEMS]), moved: Mutex::default() }
    }

    /// Something moved.
    pub(crate) fn change(&self, item: usize, to: u16) {
        lock(&self.stock)[item] = to;
        lock(&self.moved).insert(item);
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
        self.requests.request(ERP_CALL).await;
        Ok(BTreeMap::new())
    }

    async fn stock(
        &self,
        skus: &[Sku],
    ) -> Result<BTreeMap<Sku, BTreeMap<LocationId, LocationStock>>, CallError> {
        self.requests.request(ERP_CALL).await;
        let stock = lock(&self.stock);
        let at = |units: u16| LocationStock { available: units.into(), on_hand: units.into(), ..Default::default() };
        let of = |sku: &Sku| {
            let units = [stock[index(&sku.0)?], 1, 1];
            let locations = LOCATIONS.into_iter().zip(units);
            let locations = locations.filter_map(|(name, units)| Some((name.parse().ok()?, at(units))));
            Some((sku.clone(), locations.collect()))
        };
        Ok(skus.iter().filter_map(of).collect())
    }

    async fn moved(&self, _: Option<&str>) -> Result<ItemPage, CallError> {
        self.requests.request(ERP_CALL).await;
        let mut moved = lock(&self.moved);
        let page: Vec<usize> = moved.iter().take(PAGE).copied().collect();
        for item in &page {
            moved.remove(item);
        }
        let more = !moved.is_empty();
        Ok(ItemPage { skus: page.into_iter().map(sku).collect(), next: moved.len().to_string(), more })
    }

    async fn items(&self, cursor: Option<&str>) -> Result<ItemPage, CallError> {
        self.requests.request(ERP_CALL).await;
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
        self.reads.request(SHOP_READ).await;
        let found = items.iter().filter_map(|item| match item {
            ShopItem::Sku(sku) => index(sku),
            ShopItem::Id(_) => None,
        });
        Ok(found.map(|item| self.product(item)).collect())
    }

    async fn sales_after(&self, after: Timestamp, page: u32) -> Result<SalesPage, CallError> {
        self.reads.request(SHOP_READ).await;
        let sales = lock(&self.sales);
        let later = sales.iter().filter(|sale| sale.modified_at > after);
        let skipped = PAGE * (page as usize - 1);
        Ok(SalesPage { sales: later.skip(skipped).take(PAGE).cloned().collect(), answered_at: None })
    }

    async fn adjust(&self, adjustments: &[Adjustment]) -> Result<Vec<Adjusted>, CallError> {
        let items = u32::try_from(adjustments.len()).unwrap_or(u32::MAX);
        self.writes.request(SHOP_WRITE + SHOP_ITEM * items).await;
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

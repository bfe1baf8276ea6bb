mod state;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;
use rust_decimal::Decimal;
use weir_domain::id::OrderId;
use weir_domain::order::OrderStatus;
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Adjusted, Adjustment, Managed, SalesPage, ShopItem, ShopProduct, ShopSale, ShopStock,
};

use self::state::State;
use crate::fault::Faults;
use crate::lock;

/// Items of a request and orders on a page, at most.
const MOST: usize = 100;

/// What the stock side of a shop can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ShopStockOp {
    /// [`ShopStock::products`].
    Products,
    /// [`ShopStock::sales_after`].
    SalesAfter,
    /// [`ShopStock::adjust`].
    Adjust,
}

type Hook = Box<dyn FnOnce(&FakeShopStock) + Send>;

/// Hooks by operation, `false` before it and `true` after it.
#[derive(Default)]
struct Hooks(BTreeMap<(ShopStockOp, bool), VecDeque<Hook>>);

/// The stock of a shop, kept as WooCommerce keeps it: orders take units when
/// they reach a status that does and give them back when it is cancelled, and
/// a batch accepts what it should not.
///
/// What happens *between* two calls is scripted with [`before`](Self::before)
/// and [`after`](Self::after): a sale between reading P and reading R, a write
/// that lands late.
#[derive(Debug, Default)]
pub struct FakeShopStock {
    /// What goes wrong.
    pub faults: Faults<ShopStockOp, CallError>,
    state: Mutex<State>,
    hooks: Mutex<Hooks>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(op, hooks)| (op, hooks.len()))).finish()
    }
}

impl FakeShopStock {
    /// Adds a product or replaces it.
    pub fn put(&self, product: ShopProduct) {
        lock(&self.state).products.insert(product.id, product);
    }

    /// Adds a simple product whose stock is managed.
    pub fn put_simple(&self, id: u64, sku: &str, quantity: Decimal) {
        self.put(ShopProduct {
            id,
            parent: None,
            sku: sku.to_owned(),
            managed: Managed::Yes,
            quantity: Some(quantity),
            backorders: false,
        });
    }

    /// Changes a product in place, as a person in the shop does.
    pub fn change(&self, id: u64, change: impl FnOnce(&mut ShopProduct)) {
        change(lock(&self.state).products.get_mut(&id).expect("the shop has the product to be changed"));
    }

    /// Puts a product into the trash.
    pub fn trash(&self, id: u64) {
        lock(&self.state).products.remove(&id);
    }

    /// A product as the shop shows it.
    pub fn product(&self, id: u64) -> Option<ShopProduct> {
        lock(&self.state).shown(id)
    }

    /// The quantity that the shop shows for a product.
    pub fn quantity(&self, id: u64) -> Option<Decimal> {
        self.product(id)?.quantity
    }

    /// An order in short.
    pub fn sale(&self, id: OrderId) -> Option<ShopSale> {
        lock(&self.state).sales.get(&id).cloned()
    }

    /// Saves an order as it is, without any effect on stock: what the shop
    /// shows in the moment before it takes the units.
    pub fn save(&self, sale: ShopSale) {
        let modified_at = whole_seconds(sale.modified_at);
        lock(&self.state).sales.insert(sale.order, ShopSale { modified_at, ..sale });
    }

    /// Takes the units of a saved order off stock, or gives them back, as its
    /// status has it.
    pub fn settle(&self, id: OrderId) {
        lock(&self.state).settle(id);
    }

    /// Somebody places an order: saved, and its units taken if its status
    /// takes any.
    pub fn place(&self, sale: ShopSale) {
        let id = sale.order;
        self.save(sale);
        self.settle(id);
    }

    /// Moves an order to a status, with what that does to stock.
    pub fn move_to(&self, id: OrderId, status: OrderStatus, modified_at: Timestamp) {
        self.on_sale(id, |sale| {
            (sale.status, sale.modified_at) = (status, whole_seconds(modified_at));
        });
        self.settle(id);
    }

    /// A refund that puts units of a line back on stock, as far as they were
    /// taken.
    pub fn restock(&self, id: OrderId, line: u64, units: Decimal, modified_at: Timestamp) {
        let mut put_back = None;
        self.on_sale(id, |sale| {
            sale.modified_at = whole_seconds(modified_at);
            let line = sale.lines.iter_mut().find(|known| known.id == line).expect("the order has the line");
            if let Some(reduced) = line.reduced.filter(|reduced| !reduced.is_zero()) {
                line.reduced = Some(reduced - units);
                put_back = Some(line.product.id());
            }
        });
        if let Some(product) = put_back {
            lock(&self.state).shift(product, units);
        }
    }

    fn on_sale(&self, id: OrderId, change: impl FnOnce(&mut ShopSale)) {
        change(lock(&self.state).sales.get_mut(&id).expect("the shop has the order to be changed"));
    }

    /// What the shop's own clock shows in listings; `None`: it does not say.
    pub fn set_answered_at(&self, at: Option<Timestamp>) {
        lock(&self.state).answered_at = at;
    }

    /// Runs before the next call of an operation that has none yet, and before
    /// any fault of it. Several for one operation run at one call each.
    pub fn before(&self, op: ShopStockOp, hook: impl FnOnce(&Self) + Send + 'static) {
        lock(&self.hooks).0.entry((op, false)).or_default().push_back(Box::new(hook));
    }

    /// The same, after what the call did and before its answer is seen.
    pub fn after(&self, op: ShopStockOp, hook: impl FnOnce(&Self) + Send + 'static) {
        lock(&self.hooks).0.entry((op, true)).or_default().push_back(Box::new(hook));
    }

    /// Hooks that have not run: a test usually wants 0 at its end.
    pub fn unspent_hooks(&self) -> usize {
        lock(&self.hooks).0.values().map(VecDeque::len).sum()
    }

    /// Items of each request that read products.
    pub fn asked(&self) -> Vec<usize> {
        lock(&self.state).asked.clone()
    }

    /// Every request that changed quantities or tried to, in order.
    pub fn sent(&self) -> Vec<Vec<Adjustment>> {
        lock(&self.state).sent.clone()
    }

    /// Lets a request take effect now: one that was thought lost and is not.
    pub fn land(&self, adjustments: &[Adjustment]) {
        lock(&self.state).adjust(adjustments);
    }

    fn run_hook(&self, op: ShopStockOp, after: bool) {
        let hook = lock(&self.hooks).0.get_mut(&(op, after)).and_then(VecDeque::pop_front);
        if let Some(hook) = hook {
            hook(self);
        }
    }

    fn call<T>(
        &self,
        op: ShopStockOp,
        effect: impl FnOnce() -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        self.run_hook(op, false);
        let answer = self.faults.strike(op, effect);
        self.run_hook(op, true);
        answer
    }
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).expect("a whole second of a timestamp is one")
}

/// What the real client refuses before it is sent.
fn sendable(adjustments: &[Adjustment]) -> Result<(), CallError> {
    let ids: BTreeSet<u64> = adjustments.iter().map(|adjustment| adjustment.id).collect();
    let parents: BTreeSet<Option<u64>> = adjustments.iter().map(|adjustment| adjustment.parent).collect();
    if adjustments.len() > MOST || ids.len() < adjustments.len() || parents.len() > 1 {
        return Err(CallError::rejected("impossible_adjustment", "too many, twice, or of several parents"));
    }
    Ok(())
}

#[async_trait]
impl ShopStock for FakeShopStock {
    async fn products(&self, items: &[ShopItem]) -> Result<Vec<ShopProduct>, CallError> {
        self.call(ShopStockOp::Products, || {
            let mut state = lock(&self.state);
            state.asked.push(items.len());
            let is_asked = |product: &&ShopProduct| {
                items.iter().any(|item| match item {
                    ShopItem::Sku(sku) => !sku.is_empty() && *sku == product.sku,
                    ShopItem::Id(id) => *id == product.id,
                })
            };
            let ids: Vec<u64> = state.products.values().filter(is_asked).map(|product| product.id).collect();
            Ok(ids.into_iter().filter_map(|id| state.shown(id)).collect())
        })
    }

    async fn sales_after(&self, after: Timestamp, page: u32) -> Result<SalesPage, CallError> {
        self.call(ShopStockOp::SalesAfter, || {
            let state = lock(&self.state);
            // One-second resolution on both sides, exclusive, no trash.
            let is_listed = |sale: &&ShopSale| {
                sale.modified_at.as_second() > after.as_second() && sale.status != OrderStatus::Trash
            };
            let mut sales: Vec<ShopSale> = state.sales.values().filter(is_listed).cloned().collect();
            sales.sort_by_key(|sale| (sale.modified_at, sale.order));
            let before = MOST * (page.max(1) as usize - 1);
            let sales = sales.into_iter().skip(before).take(MOST).collect();
            Ok(SalesPage { sales, answered_at: state.answered_at })
        })
    }

    async fn adjust(&self, adjustments: &[Adjustment]) -> Result<Vec<Adjusted>, CallError> {
        if adjustments.is_empty() {
            return Ok(Vec::new());
        }
        sendable(adjustments)?;
        lock(&self.state).sent.push(adjustments.to_vec());
        self.call(ShopStockOp::Adjust, || Ok(lock(&self.state).adjust(adjustments)))
    }
}

#[cfg(test)]
mod tests;

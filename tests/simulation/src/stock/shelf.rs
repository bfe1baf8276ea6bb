//! One shop's quantities, by WooCommerce's rules: what it takes off for an
//! order, what it puts back, and how our writes land.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rust_decimal::Decimal;
use weir_domain::config::StockConfig;
use weir_domain::id::{LineKey, OrderId, OrderKey, Sku, StoreId};
use weir_domain::ports::{Change, Managed, ShopProduct};

use super::excess::Cause;
use super::ground::{Event, Ground, State};
use super::witness::Sent;
use crate::faults::FaultClass as F;
use crate::stage::lock;

/// What one shop shows, and what it took off that for orders.
#[derive(Debug)]
pub(super) struct Shelf {
    pub(super) terms: StockConfig,
    pub(super) products: Vec<Product>,
    /// By order and line.
    pub(super) taken: BTreeMap<(OrderId, u64), (Sku, Decimal)>,
    /// In checkouts that are under way.
    held: BTreeMap<Sku, Decimal>,
    /// Sold, and not yet taken off the quantity.
    due_off: BTreeMap<Sku, Decimal>,
}

/// One product or variation.
#[derive(Debug, Clone)]
pub(super) struct Product {
    pub(super) id: u64,
    pub(super) parent: Option<u64>,
    pub(super) sku: String,
    /// What the ERP calls it.
    pub(super) item: Sku,
    pub(super) quantity: Decimal,
    pub(super) backorders: bool,
    pub(super) gone: bool,
}

impl Product {
    fn shown(&self) -> ShopProduct {
        ShopProduct {
            id: self.id,
            parent: self.parent,
            sku: self.sku.clone(),
            managed: Managed::Yes,
            quantity: Some(self.quantity),
            backorders: self.backorders,
        }
    }
}

impl Shelf {
    pub(super) fn new(terms: StockConfig, products: Vec<Product>) -> Self {
        Self { terms, products, taken: BTreeMap::new(), held: BTreeMap::new(), due_off: BTreeMap::new() }
    }

    /// The product that customers buy as this item.
    pub(super) fn sold_as(&self, item: &Sku) -> Option<&Product> {
        self.products.iter().find(|product| product.item == *item && !product.gone)
    }

    /// What is left to be sold of an item, as far as the shop goes.
    pub(super) fn showing(&self, item: &Sku) -> Option<Decimal> {
        Some(self.sold_as(item)?.quantity - units_of(&self.due_off, item))
    }

    fn change(&mut self, item: &Sku, by: Decimal) {
        if let Some(product) = self.products.iter_mut().find(|product| product.item == *item && !product.gone)
        {
            product.quantity += by;
        }
    }

    fn release(&mut self, item: &Sku, units: Decimal) {
        *self.held.entry(item.clone()).or_default() -= units;
    }
}

fn units_of(units: &BTreeMap<Sku, Decimal>, item: &Sku) -> Decimal {
    units.get(item).copied().unwrap_or_default()
}

/// One position of a checkout.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The line's id in the order.
    pub line: u64,
    /// What.
    pub item: Sku,
    /// How many.
    pub units: Decimal,
}

impl Ground {
    /// A shop opens.
    pub(super) fn open(&self, store: &StoreId, shelf: Shelf) {
        let items: Vec<Sku> = shelf.products.iter().map(|product| product.item.clone()).collect();
        let now = self.stage.now();
        let mut ground = lock(&self.state);
        ground.shelves.insert(store.clone(), shelf);
        for item in items {
            ground.settle_excess(store, &item, Cause::ShopRaised, now);
        }
    }

    /// A shop shows from the beginning what it should.
    pub(super) fn show_what_is_right(&self, store: &StoreId) {
        let mut ground = lock(&self.state);
        for item in ground.warehouse.items() {
            let right = ground.target(store, &item, &BTreeSet::new()).unwrap_or_default();
            if let Some(shelf) = ground.shelves.get_mut(store) {
                shelf.change(&item, right);
            }
        }
    }

    /// A checkout begins, if there is enough of everything: what it holds
    /// nobody else can buy.
    pub fn hold(&self, store: &StoreId, wanted: &[Wanted]) -> bool {
        let mut ground = lock(&self.state);
        let Some(shelf) = ground.shelves.get_mut(store) else { return false };
        let enough = wanted.iter().all(|wanted| {
            let Some(product) = shelf.sold_as(&wanted.item) else { return false };
            let left = shelf.showing(&wanted.item).unwrap_or_default() - units_of(&shelf.held, &wanted.item);
            product.backorders || left >= wanted.units
        });
        if enough {
            for wanted in wanted {
                *shelf.held.entry(wanted.item.clone()).or_default() += wanted.units;
            }
        }
        enough
    }

    /// A checkout ends without a sale.
    pub fn let_go(&self, store: &StoreId, wanted: &[Wanted]) {
        if let Some(shelf) = lock(&self.state).shelves.get_mut(store) {
            for wanted in wanted {
                shelf.release(&wanted.item, wanted.units);
            }
        }
    }

    /// What a checkout held is sold: its order has a status that takes stock.
    pub fn sell(&self, store: &StoreId, order: OrderId, wanted: &[Wanted]) {
        self.let_go(store, wanted);
        for wanted in wanted {
            if let Some(shelf) = lock(&self.state).shelves.get_mut(store) {
                shelf.change(&wanted.item, wanted.units);
                *shelf.due_off.entry(wanted.item.clone()).or_default() += wanted.units;
            }
            self.take_more(store, order, wanted, wanted.units);
        }
    }

    /// A moment later it is taken off the quantities.
    pub fn take_off(&self, store: &StoreId, wanted: &[Wanted]) {
        let mut ground = lock(&self.state);
        let Some(shelf) = ground.shelves.get_mut(store) else { return };
        for wanted in wanted {
            shelf.change(&wanted.item, -wanted.units);
            *shelf.due_off.entry(wanted.item.clone()).or_default() -= wanted.units;
        }
        for wanted in wanted {
            self.log_shown(&ground, store, &wanted.item, "took for an order");
        }
    }

    /// An order takes this many units of a line more than before: the customer
    /// bought them, whether they are there or not.
    pub fn take_more(&self, store: &StoreId, order: OrderId, wanted: &Wanted, units: Decimal) {
        let now = self.stage.now();
        let item = &wanted.item;
        let mut ground = lock(&self.state);
        let Some(shelf) = ground.shelves.get(store) else { return };
        let counts = shelf.sold_as(item).is_some_and(|product| !product.backorders);
        let there = ground.free(&shelf.terms, item, &BTreeSet::new()).max(Decimal::ZERO);
        let missing = (units - there).clamp(Decimal::ZERO, units.max(Decimal::ZERO));
        if units > Decimal::ZERO && counts {
            let excess = ground.excess.entry((store.clone(), item.clone())).or_default();
            let mut causes: Vec<_> =
                excess.take(missing).into_iter().map(|shown| (shown.cause, shown.units)).collect();
            let explained: Decimal = causes.iter().map(|(_, units)| units).sum();
            if missing > explained {
                causes.push((Cause::InCheckout, missing - explained));
            }
            ground.sold.units += whole(units);
            for (cause, units) in causes {
                if cause == Cause::AnotherStore {
                    self.stage.coverage.met(F::K15);
                }
                self.stage.log(|| format!("shop: {units} {item} oversold in {store}: {}", cause.meaning()));
                *ground.sold.oversold.entry(cause).or_default() += whole(units);
            }
        }
        if let Some(shelf) = ground.shelves.get_mut(store) {
            shelf.change(item, -units);
            let taken =
                shelf.taken.entry((order, wanted.line)).or_insert_with(|| (item.clone(), Decimal::ZERO));
            taken.1 += units;
        }
        let cause = if units > Decimal::ZERO { Cause::AnotherStore } else { Cause::ShopRaised };
        ground.happened(now, item, cause, Some(store), units.abs());
        self.log_shown(&ground, store, item, "took for an order");
    }

    /// An order that is edited takes more units of a line, or fewer: first off
    /// the quantity, then, some moments later, in the order.
    pub fn edit(&self, store: &StoreId, order: OrderId, wanted: &Wanted, units: Decimal) {
        *lock(&self.state).unsaid.entry(wanted.item.clone()).or_default() += units.max(Decimal::ZERO);
        self.take_more(store, order, wanted, units);
    }

    /// Only now does the order say so: who read the quantity and the orders in
    /// between saw the one and not the other.
    pub fn edited(&self, store: &StoreId, wanted: &Wanted, units: Decimal) {
        let units = units.max(Decimal::ZERO);
        let now = self.stage.now();
        let mut ground = lock(&self.state);
        *ground.unsaid.entry(wanted.item.clone()).or_default() -= units;
        ground.happened(now, &wanted.item, Cause::ShopRequest, Some(store), units);
    }

    /// What an order took is put back.
    pub fn give_back(&self, store: &StoreId, order: OrderId) {
        let taken: Vec<(u64, Sku, Decimal)> = {
            let ground = lock(&self.state);
            let taken =
                ground.shelves.get(store).map(|shelf| shelf.taken.range((order, 0)..=(order, u64::MAX)));
            let taken = taken.into_iter().flatten();
            taken.map(|((_, line), (item, units))| (*line, item.clone(), *units)).collect()
        };
        for (line, item, units) in taken {
            self.take_more(store, order, &Wanted { line, item, units }, -units);
        }
    }

    /// An order is deleted for good: the shop puts nothing back.
    pub fn vanish(&self, store: &StoreId, order: OrderId) {
        let now = self.stage.now();
        let mut ground = lock(&self.state);
        let Some(shelf) = ground.shelves.get_mut(store) else { return };
        let lines: Vec<_> = shelf.taken.range((order, 0)..=(order, u64::MAX)).map(|(key, _)| *key).collect();
        for (order, line) in lines {
            let shelf = ground.shelves.get_mut(store);
            let Some((item, units)) = shelf.and_then(|shelf| shelf.taken.remove(&(order, line))) else {
                continue;
            };
            let key = LineKey { order: OrderKey { store: store.clone(), order }, line };
            ground.vanished.insert(key, (item.clone(), units));
            ground.happened(now, &item, Cause::ShopRaised, Some(store), units);
        }
    }

    /// Somebody types another quantity into the shop.
    pub fn edit_by_hand(&self, store: &StoreId, item: &Sku, by: Decimal) {
        let now = self.stage.now();
        let mut ground = lock(&self.state);
        let Some(shelf) = ground.shelves.get_mut(store) else { return };
        shelf.change(item, by);
        ground.happened(now, item, Cause::ShopRaised, Some(store), by.max(Decimal::ZERO));
        self.log_shown(&ground, store, item, "edited by hand");
    }

    /// Somebody deletes the product, or gives a second one its SKU.
    pub fn spoil(&self, store: &StoreId, item: &Sku, twice: bool) {
        let mut ground = lock(&self.state);
        let Some(shelf) = ground.shelves.get_mut(store) else { return };
        let has_twin = shelf.products.iter().filter(|product| product.item == *item).count() > 1;
        let found = shelf.products.iter_mut().find(|product| product.item == *item && !product.gone);
        let Some(product) = found else { return };
        // One that is mapped by its id is not looked for by its SKU, and a
        // third one would need an id of its own.
        if twice && (has_twin || product.sku != product.item.0) {
            return;
        }
        if twice {
            let second = Product { id: product.id + 800, ..product.clone() };
            shelf.products.push(second);
        } else {
            product.gone = true;
        }
        self.stage.log(|| {
            format!("shop: {item} of {store} {}", if twice { "has its SKU twice" } else { "is deleted" })
        });
    }

    /// What a shop shows of an item, and the products that are it.
    pub fn shown(&self, store: &StoreId, item: &Sku) -> Vec<Decimal> {
        let ground = lock(&self.state);
        let products = ground.shelves.get(store).into_iter().flat_map(|shelf| &shelf.products);
        products
            .filter(|product| product.item == *item && !product.gone)
            .map(|product| product.quantity)
            .collect()
    }

    /// Products as the shop's API gives them.
    pub(super) fn products(&self, store: &StoreId, is_wanted: impl Fn(&Product) -> bool) -> Vec<ShopProduct> {
        let ground = lock(&self.state);
        let products = ground.shelves.get(store).into_iter().flat_map(|shelf| &shelf.products);
        products.filter(|product| !product.gone && is_wanted(product)).map(Product::shown).collect()
    }

    /// One adjustment lands. `read`: what the shop's own request had read
    /// before it writes; `None`: nothing came between. `None`: no such product.
    pub(super) fn land(
        &self,
        store: &StoreId,
        id: u64,
        change: Change,
        read: Option<Decimal>,
        sent: &Sent,
    ) -> Option<ShopProduct> {
        let now = self.stage.now();
        let mut ground = lock(&self.state);
        let shelf = ground.shelves.get_mut(store)?;
        let product = shelf.products.iter_mut().find(|product| product.id == id && !product.gone)?;
        let before = product.quantity;
        let swallowed = match change {
            Change::By(_) => read.map_or(Decimal::ZERO, |read| (read - before).max(Decimal::ZERO)),
            Change::To(_) => Decimal::ZERO,
        };
        let after = match change {
            Change::By(delta) => read.unwrap_or(before) + delta,
            Change::To(quantity) => quantity,
        };
        // First what we did, then what the shop's own request did besides.
        product.quantity = after - swallowed;
        let (raised, item) = (product.quantity > before, product.item.clone());
        ground.sold.raises += u64::from(raised);
        let judged = ground.judge(store, &item, raised, sent);
        ground.settle_excess(store, &item, judged.cause(sent.blame), now);
        ground.sold.late_raises += u64::from(judged.excess > Decimal::ZERO && judged.is_explained());
        let product = ground
            .shelves
            .get_mut(store)?
            .products
            .iter_mut()
            .find(|product| product.id == id && !product.gone)?;
        product.quantity = after;
        let shown = product.shown();
        if swallowed > Decimal::ZERO {
            self.stage.coverage.met(F::K4);
            ground.happened(now, &item, Cause::ShopRequest, Some(store), swallowed);
        }
        self.log_shown(&ground, store, &item, "written by us");
        drop(ground);
        if !judged.is_explained() && sent.blame == Cause::OurWrite {
            let Judged { excess, explained, .. } = judged;
            let what = format!(
                "{store} shows {} of {item} by our write, {excess} more than the facts allow; \
                 what happened since they were read explains {explained}",
                after - swallowed
            );
            self.stage.violate("I5", what);
        }
        Some(shown)
    }

    fn log_shown(&self, ground: &State, store: &StoreId, item: &Sku, why: &str) {
        self.stage.log(|| {
            let shown = ground.shelves.get(store).and_then(|shelf| shelf.showing(item));
            let target = ground.target(store, item, &BTreeSet::new());
            let or_none =
                |units: Option<Decimal>| units.map_or_else(|| "none".to_owned(), |units| units.to_string());
            format!("shop: {store} shows {} of {item} ({why}), {} is right", or_none(shown), or_none(target))
        });
    }
}

impl State {
    /// I5: by how much a raise of ours left the shop above the formula of the
    /// facts as they are, and how much of that came after they were read.
    fn judge(&self, store: &StoreId, item: &Sku, raised: bool, sent: &Sent) -> Judged {
        let target = self.target(store, item, &BTreeSet::new()).filter(|_| raised);
        let showing = self.shelves.get(store).and_then(|shelf| shelf.showing(item));
        let Some((target, showing)) = target.zip(showing) else { return Judged::default() };
        let mut judged = Judged { excess: (showing - target).max(Decimal::ZERO), ..Judged::default() };
        let unsaid = self.unsaid.get(item).copied().unwrap_or_default();
        if unsaid > Decimal::ZERO {
            judged.explained += unsaid;
            judged.by = Some(Cause::ShopRequest);
        }
        for event in self.events.iter().filter(|event| event.item == *item) {
            if sent.is_explained_by(event, store) && event.units > Decimal::ZERO {
                judged.explained += event.units;
                judged.by = Some(event.cause);
            }
        }
        judged
    }
}

/// What is to be said about one raise.
#[derive(Debug, Default)]
struct Judged {
    excess: Decimal,
    explained: Decimal,
    /// The last thing that explains it.
    by: Option<Cause>,
}

impl Judged {
    fn is_explained(&self) -> bool {
        self.excess <= self.explained
    }

    fn cause(&self, blame: Cause) -> Cause {
        if self.is_explained() { self.by.unwrap_or(blame) } else { blame }
    }
}

impl Sent {
    /// Whether an event may have made facts wrong after they were read.
    fn is_explained_by(&self, event: &Event, store: &StoreId) -> bool {
        let here = event.store.as_ref() == Some(store);
        let since = |read: Option<Timestamp>| read.is_none_or(|read| event.at >= read);
        match event.cause {
            Cause::AnotherStore => !here && since(Some(self.seen_at)),
            Cause::ShopRaised => here && since(Some(self.seen_at)),
            Cause::ShopRequest => since(Some(self.seen_at)),
            Cause::ErpShrank => since(self.figure_at),
            Cause::CancelledWhileRead => {
                self.included_at.is_none_or(|read| event.at >= read)
                    && self.figure_at.is_none_or(|read| event.at <= read)
            }
            // Once its figure contained the order nobody looks for it any more.
            Cause::ErpCancelled => true,
            Cause::OurWrite | Cause::InCheckout | Cause::Baseline => false,
        }
    }
}

/// Whole units, for counting.
pub(super) fn whole(units: Decimal) -> u64 {
    u64::try_from(units.trunc()).unwrap_or_default()
}

//! The ground truth: what lies where, what is promised to whom, and what each
//! shop shows. Only the fakes and the checks see it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use rust_decimal::Decimal;
use weir_domain::config::StockConfig;
use weir_domain::id::{LineKey, OrderKey, Sku, StoreId};
use weir_domain::stock::InFlight;

use super::excess::{Cause, Excess, Sold};
use super::shelf::{Shelf, whole};
use super::warehouse::Warehouse;
use crate::stage::{Stage, lock};

/// The truth of one seed.
#[derive(Debug)]
pub struct Ground {
    /// Chance, time and history.
    pub stage: Arc<Stage>,
    pub(super) state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) shelves: BTreeMap<StoreId, Shelf>,
    pub(super) warehouse: Warehouse,
    pub(super) excess: BTreeMap<(StoreId, Sku), Excess>,
    pub(super) events: Vec<Event>,
    pub(super) sold: Sold,
    /// Taken off a shop's quantity, and not yet said in the order.
    pub(super) unsaid: BTreeMap<Sku, Decimal>,
    /// Units of orders that were deleted for good, by line.
    pub(super) vanished: BTreeMap<LineKey, (Sku, Decimal)>,
}

/// Something that changed what may be shown, or what is.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) at: Timestamp,
    pub(super) item: Sku,
    pub(super) cause: Cause,
    /// In which shop; `None` in the ERP.
    pub(super) store: Option<StoreId>,
    pub(super) units: Decimal,
}

/// What is promised of one line.
#[derive(Debug, Clone, Copy, Default)]
struct Promise {
    /// R: what the shop really took off its quantity.
    reduced: Decimal,
    /// L: what a living sales order in the ERP says.
    booked: Decimal,
    /// E: what the ERP's figure contains.
    included: Decimal,
    /// The goods have left.
    shipped: bool,
}

impl Promise {
    /// By how much less is free than the ERP's figure says. Goods that nobody
    /// wants any more are free, though its figure may still say otherwise.
    fn unseen(&self) -> Decimal {
        let unseen = self.reduced.max(self.booked) - self.included;
        if self.shipped { unseen.max(Decimal::ZERO) } else { unseen }
    }
}

impl Ground {
    /// An empty world.
    pub fn new(stage: &Arc<Stage>) -> Arc<Self> {
        Arc::new(Self { stage: Arc::clone(stage), state: Mutex::default() })
    }

    /// What a shop should show of an item, by the facts as they are. `None`
    /// if it does not sell it.
    pub fn target(&self, store: &StoreId, item: &Sku) -> Option<Decimal> {
        lock(&self.state).target(store, item, &BTreeSet::new())
    }

    /// The same with some lines left out of the promises.
    pub fn target_without(&self, store: &StoreId, item: &Sku, lines: &BTreeSet<LineKey>) -> Option<Decimal> {
        lock(&self.state).target(store, item, lines)
    }

    /// E of a line now, over all lives of its order.
    pub fn included_of(&self, line: &LineKey) -> Decimal {
        lock(&self.state).warehouse.included_of(line)
    }

    /// Counts what is still in flight of orders that were deleted for good.
    pub fn keep_back(&self, lines: &[InFlight]) {
        let mut ground = lock(&self.state);
        let kept = lines.iter().filter(|line| ground.vanished.contains_key(&line.line));
        let kept = kept.map(|line| line.sold() - ground.warehouse.included_of(&line.line));
        let units: u64 = kept.map(|units| whole(units.max(Decimal::ZERO))).sum();
        ground.sold.kept_back += units;
    }

    /// Units sold so far, and those that nobody had.
    pub fn sold(&self) -> Sold {
        lock(&self.state).sold.clone()
    }

    /// Every item that the ERP knows.
    pub fn items(&self) -> Vec<Sku> {
        lock(&self.state).warehouse.items()
    }

    /// Every pair of a store and an item of the ERP.
    pub fn places(&self) -> Vec<(StoreId, Sku)> {
        let state = lock(&self.state);
        let items: Vec<Sku> = state.warehouse.items();
        let stores = state.shelves.keys();
        stores.flat_map(|store| items.iter().map(|item| (store.clone(), item.clone()))).collect()
    }

    /// Lines whose orders were deleted for good, with what they held.
    pub fn vanished(&self) -> BTreeMap<LineKey, (Sku, Decimal)> {
        lock(&self.state).vanished.clone()
    }

    /// Lines whose sales order people in the ERP cancelled.
    pub fn cancelled_by_people(&self) -> BTreeSet<LineKey> {
        lock(&self.state).warehouse.cancelled_by_people()
    }
}

impl State {
    /// What is physically there for a store and promised to nobody.
    pub(super) fn free(&self, terms: &StockConfig, item: &Sku, without: &BTreeSet<LineKey>) -> Decimal {
        let mut promises: BTreeMap<LineKey, Promise> = BTreeMap::new();
        for (store, shelf) in &self.shelves {
            for ((order, line), (sku, units)) in &shelf.taken {
                if sku == item {
                    let order = OrderKey { store: store.clone(), order: *order };
                    promises.entry(LineKey { order, line: *line }).or_default().reduced = *units;
                }
            }
        }
        for (line, booked) in self.warehouse.promises(item) {
            let promise = promises.entry(line).or_default();
            promise.booked += booked.wanted;
            promise.included += booked.included;
            promise.shipped |= booked.shipped;
        }
        let counted = promises.iter().filter(|(line, _)| !without.contains(*line));
        let unseen: Decimal = counted.map(|(_, promise)| promise.unseen()).sum();
        self.warehouse.available(item, &terms.locations) - unseen
    }

    /// The design's formula in our words: the code under test has its own.
    pub(super) fn target(&self, store: &StoreId, item: &Sku, without: &BTreeSet<LineKey>) -> Option<Decimal> {
        let shelf = self.shelves.get(store)?;
        let product = shelf.sold_as(item)?;
        let free = self.free(&shelf.terms, item, without);
        let terms = shelf.terms.terms(item, product.backorders);
        let part = (terms.share * free).floor() - terms.safety;
        Some(match (part >= Decimal::ZERO, terms.backorders && free < Decimal::ZERO) {
            (true, _) => terms.cap.map_or(part, |cap| part.min(cap)),
            (false, true) => free,
            (false, false) => shelf.showing(item).unwrap_or_default().min(Decimal::ZERO),
        })
    }

    /// Something happened: whose excess grew, grew by this.
    pub(super) fn happened(
        &mut self,
        at: Timestamp,
        item: &Sku,
        cause: Cause,
        store: Option<&StoreId>,
        units: Decimal,
    ) {
        let event = Event { at, item: item.clone(), cause, store: store.cloned(), units };
        self.events.push(event);
        let stores: Vec<StoreId> = self.shelves.keys().cloned().collect();
        for seller in stores {
            self.settle_excess(&seller, item, cause, at);
        }
    }

    /// How many units a shop shows that are not there.
    pub(super) fn settle_excess(&mut self, store: &StoreId, item: &Sku, cause: Cause, now: Timestamp) {
        let Some(shelf) = self.shelves.get(store) else { return };
        if shelf.sold_as(item).is_none_or(|product| product.backorders) {
            return;
        }
        let there = self.free(&shelf.terms, item, &BTreeSet::new()).max(Decimal::ZERO);
        let too_many = (shelf.showing(item).unwrap_or_default() - there).max(Decimal::ZERO);
        let excess = self.excess.entry((store.clone(), item.clone())).or_default();
        for gone in excess.settle(too_many, cause, now) {
            let seconds = now.duration_since(gone.since).as_millis().unsigned_abs().div_ceil(1_000);
            let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
            *self.sold.stood.entry((gone.cause, seconds)).or_default() += whole(gone.units);
        }
    }
}

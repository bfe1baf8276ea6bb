//! The ERP's stock: several locations, a figure that contains an order only
//! some time after its books do, and a feed of what moved.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rust_decimal::Decimal;
use tokio::time::sleep;
use weir_domain::id::{DocumentKey, LineKey, LocationId, Sku};
use weir_domain::ports::{BookedLine, DocumentState};
use weir_domain::sales::LineKind;
use weir_domain::stock::LocationStock;
use weir_testkit::Sale;

use super::LOCATIONS;
use super::excess::Cause;
use super::ground::{Ground, State};
use crate::faults::FaultClass as F;
use crate::stage::lock;

/// What lies in the ERP's locations, and what is promised of it there.
#[derive(Debug, Default)]
pub(super) struct Warehouse {
    on_hand: BTreeMap<Sku, BTreeMap<LocationId, Decimal>>,
    incoming: BTreeMap<Sku, Decimal>,
    booked: BTreeMap<(DocumentKey, u64), Booked>,
    feed: Vec<Sku>,
    /// The longest time until its figure contains an order, in milliseconds.
    pub(super) longest_lag_ms: u64,
    /// Every order takes that long, not at most.
    pub(super) always_lags: bool,
}

/// One line of a sales order.
#[derive(Debug, Clone, Default)]
pub(super) struct Booked {
    item: Option<Sku>,
    /// What the living sales order says.
    pub(super) wanted: Decimal,
    /// What the figure contains of it: promised now, or shipped.
    pub(super) included: Decimal,
    /// What it is about to contain.
    coming: Option<(Timestamp, Decimal)>,
    pub(super) shipped: bool,
    cancelled_by_people: bool,
}

/// A location by its name.
pub(super) fn location(name: &str) -> LocationId {
    name.parse().unwrap_or_else(|_| unreachable!("a good name"))
}

impl Warehouse {
    pub(super) fn items(&self) -> Vec<Sku> {
        self.on_hand.keys().cloned().collect()
    }

    /// Every line of an item.
    pub(super) fn promises(&self, item: &Sku) -> impl Iterator<Item = (LineKey, &Booked)> {
        self.booked.iter().filter(move |(_, booked)| booked.item.as_ref() == Some(item)).map(
            |((document, line), booked)| (LineKey { order: document.order.clone(), line: *line }, booked),
        )
    }

    pub(super) fn included_of(&self, line: &LineKey) -> Decimal {
        let of_line =
            |(known, _): &(&(DocumentKey, u64), &Booked)| known.0.order == line.order && known.1 == line.line;
        self.booked.iter().filter(of_line).map(|(_, booked)| booked.included).sum()
    }

    pub(super) fn cancelled_by_people(&self) -> BTreeSet<LineKey> {
        let cancelled = self.booked.iter().filter(|(_, booked)| booked.cancelled_by_people);
        cancelled
            .map(|((document, line), _)| LineKey { order: document.order.clone(), line: *line })
            .collect()
    }

    /// What the ERP says is available at some locations.
    pub(super) fn available(&self, item: &Sku, pool: &BTreeSet<LocationId>) -> Decimal {
        let there = self.figures(item).unwrap_or_default();
        there.iter().filter(|(name, _)| pool.contains(*name)).map(|(_, stock)| stock.available).sum()
    }

    /// The ERP's figures, all locations at one instant. Orders are shipped
    /// from the first one.
    fn figures(&self, item: &Sku) -> Option<BTreeMap<LocationId, LocationStock>> {
        let promised = self.booked.values().filter(|booked| booked.item.as_ref() == Some(item));
        let promised: Decimal = promised.filter(|booked| !booked.shipped).map(|booked| booked.included).sum();
        let main = location(LOCATIONS[0]);
        let figure = |(name, on_hand): (&LocationId, &Decimal)| {
            let reserved = if *name == main { promised } else { Decimal::ZERO };
            let incoming = self.incoming.get(item).copied().unwrap_or_default();
            let stock =
                LocationStock { on_hand: *on_hand, reserved, available: on_hand - reserved, incoming };
            (name.clone(), stock)
        };
        Some(self.on_hand.get(item)?.iter().map(figure).collect())
    }

    fn moved(&mut self, item: &Sku) {
        self.feed.push(item.clone());
    }
}

impl Ground {
    /// So many units lie at each location from the beginning.
    pub fn stock(&self, item: &Sku, units: &[(&str, u64)]) {
        let there = units.iter().map(|(name, units)| (location(name), Decimal::from(*units)));
        lock(&self.state).warehouse.on_hand.insert(item.clone(), there.collect());
    }

    /// How long the figure lags at most, or always.
    pub fn lag(&self, longest: Duration, always: bool) {
        let warehouse = &mut lock(&self.state).warehouse;
        warehouse.longest_lag_ms = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        warehouse.always_lags = always;
    }

    /// The warehouse acts on what the books say now.
    pub fn follow(self: &Arc<Self>, sales: &[Sale], cancelled_here: impl Fn(&DocumentKey) -> bool) {
        // Goods of a credit are expected back; until they come they are nowhere.
        for sale in sales.iter().filter(|sale| sale.order.key.refund.is_none()) {
            let mut lines = BTreeMap::new();
            for line in sale.order.lines.iter().filter(|line| line.kind == LineKind::Goods) {
                lines.insert(line.line, (Sku(line.item.clone()), line.quantity));
            }
            let by_people = sale.state == DocumentState::Cancelled && cancelled_here(&sale.order.key);
            let known: Vec<u64> = lock(&self.state).lines_of(&sale.order.key);
            for gone in known.into_iter().filter(|line| !lines.contains_key(line)) {
                self.book(&(sale.order.key.clone(), gone), None, Decimal::ZERO, sale.state, by_people);
            }
            for (line, (item, units)) in &lines {
                let key = (sale.order.key.clone(), *line);
                self.book(&key, Some(item), *units, sale.state, by_people);
            }
        }
    }

    fn book(
        self: &Arc<Self>,
        key: &(DocumentKey, u64),
        item: Option<&Sku>,
        units: Decimal,
        state: DocumentState,
        by_people: bool,
    ) {
        let (wanted, contains) = match state {
            DocumentState::Draft => (units, Decimal::ZERO),
            DocumentState::Cancelled => (Decimal::ZERO, Decimal::ZERO),
            _ => (units, units),
        };
        let now = self.stage.now();
        let mut ground = lock(&self.state);
        let booked = ground.warehouse.booked.entry(key.clone()).or_default();
        booked.item = booked.item.take().or_else(|| item.cloned());
        let before = std::mem::replace(&mut booked.wanted, wanted);
        let newly_by_people = by_people && !std::mem::replace(&mut booked.cancelled_by_people, by_people);
        let Some(item) = booked.item.clone() else { return };
        if before != wanted {
            // More than the shop wants: it was booked from an older state.
            let reduced = ground.reduced(key);
            let more = reduced.max(wanted) - reduced.max(before);
            let cause = if newly_by_people { Cause::ErpCancelled } else { Cause::ErpShrank };
            let units = if newly_by_people { before } else { more.max(Decimal::ZERO) };
            ground.happened(now, &item, cause, None, units);
        }
        let Some(booked) = ground.warehouse.booked.get_mut(key) else { return };
        if state == DocumentState::Done {
            if !std::mem::replace(&mut booked.shipped, true) {
                booked.coming = None;
                booked.included = units;
                let there = ground.warehouse.on_hand.entry(item.clone()).or_default();
                *there.entry(location(LOCATIONS[0])).or_default() -= units;
                ground.warehouse.moved(&item);
                ground.happened(now, &item, Cause::ErpCancelled, None, Decimal::ZERO);
            }
            return;
        }
        if booked.coming.map_or(booked.included, |(_, coming)| coming) == contains {
            return;
        }
        drop(ground);
        self.include_later(key, contains);
    }

    /// The figure contains it now, or some time later.
    fn include_later(self: &Arc<Self>, key: &(DocumentKey, u64), contains: Decimal) {
        let (longest, always) = {
            let ground = lock(&self.state);
            (ground.warehouse.longest_lag_ms, ground.warehouse.always_lags)
        };
        let lags = always || longest > 0 && self.stage.strikes(F::K9);
        if !lags {
            self.include(key, contains, None);
            return;
        }
        let ms = if always { longest } else { self.stage.draw(|dice| dice.u64(1..=longest)) };
        let at = self.stage.now() + jiff::SignedDuration::from_millis(i64::try_from(ms).unwrap_or_default());
        if let Some(booked) = lock(&self.state).warehouse.booked.get_mut(key) {
            booked.coming = Some((at, contains));
        }
        let (ground, key) = (Arc::clone(self), key.clone());
        tokio::task::spawn_local(async move {
            sleep(Duration::from_millis(ms)).await;
            ground.include(&key, contains, Some(at));
        });
    }

    /// `planned`: only if it is still what was planned for that instant.
    fn include(&self, key: &(DocumentKey, u64), contains: Decimal, planned: Option<Timestamp>) {
        let now = self.stage.now();
        let mut ground = lock(&self.state);
        let Some(booked) = ground.warehouse.booked.get_mut(key) else { return };
        let is_planned = booked.coming == planned.map(|at| (at, contains));
        if booked.shipped || (planned.is_some() && !is_planned) {
            return;
        }
        booked.coming = None;
        let before = std::mem::replace(&mut booked.included, contains);
        let Some(item) = booked.item.clone() else { return };
        ground.warehouse.moved(&item);
        let less = (before - contains).max(Decimal::ZERO);
        ground.happened(now, &item, Cause::CancelledWhileRead, None, less);
        drop(ground);
        self.stage.log(|| format!("ERP: its figure contains {contains} {item} of {}/{}", key.0, key.1));
    }

    /// Whether some figure is still to follow the books.
    pub fn is_lagging(&self) -> bool {
        lock(&self.state).warehouse.booked.values().any(|booked| booked.coming.is_some())
    }

    /// Units arrive, or are found (more) or lost (less), at a location.
    pub fn count(&self, item: &Sku, name: &str, change: Decimal, what: &str) {
        self.stage.log(|| format!("ERP: {what}: {change} {item} at {name}"));
        let now = self.stage.now();
        let mut ground = lock(&self.state);
        let there = ground.warehouse.on_hand.entry(item.clone()).or_default();
        *there.entry(location(name)).or_default() += change;
        ground.warehouse.moved(item);
        ground.happened(now, item, Cause::ErpShrank, None, (-change).max(Decimal::ZERO));
    }

    /// Units move from one location to another, at one instant.
    pub fn transfer(&self, item: &Sku, from: &str, to: &str, units: Decimal) {
        self.stage.log(|| format!("ERP: {units} {item} move from {from} to {to}"));
        let now = self.stage.now();
        let mut ground = lock(&self.state);
        let there = ground.warehouse.on_hand.entry(item.clone()).or_default();
        *there.entry(location(from)).or_default() -= units;
        *there.entry(location(to)).or_default() += units;
        ground.warehouse.moved(item);
        // For a store that has only one of the two it is a loss, or a gain.
        ground.happened(now, item, Cause::ErpShrank, None, units);
    }

    /// Units are ordered from a supplier.
    pub fn order_goods(&self, item: &Sku, units: Decimal) {
        *lock(&self.state).warehouse.incoming.entry(item.clone()).or_default() += units;
    }

    /// Units at a location.
    pub fn on_hand(&self, item: &Sku, name: &str) -> Decimal {
        let ground = lock(&self.state);
        let there = ground.warehouse.on_hand.get(item);
        there.and_then(|there| there.get(&location(name))).copied().unwrap_or_default()
    }

    /// The figures of items, at this instant.
    pub fn figures(&self, skus: &[Sku]) -> BTreeMap<Sku, BTreeMap<LocationId, LocationStock>> {
        let ground = lock(&self.state);
        skus.iter().filter_map(|sku| Some((sku.clone(), ground.warehouse.figures(sku)?))).collect()
    }

    /// E of lines, at this instant.
    pub fn included(&self, lines: &[BookedLine]) -> BTreeMap<LineKey, Decimal> {
        let ground = lock(&self.state);
        let included = |line: &BookedLine| {
            let booked = ground.warehouse.booked.get(&(line.document.clone(), line.line.line))?;
            Some((line.line.clone(), booked.included))
        };
        lines.iter().filter_map(included).collect()
    }

    /// What moved since `from`, and how far the feed is now.
    pub fn feed(&self, from: Option<usize>) -> (Vec<Sku>, usize) {
        let feed = &lock(&self.state).warehouse.feed;
        let from = from.unwrap_or(feed.len()).min(feed.len());
        (feed[from..].to_vec(), feed.len())
    }
}

impl State {
    /// R of the line that a sales order's line is about.
    fn reduced(&self, (document, line): &(DocumentKey, u64)) -> Decimal {
        let shelf = self.shelves.get(&document.order.store);
        let taken = shelf.and_then(|shelf| shelf.taken.get(&(document.order.order, *line)));
        taken.map(|(_, units)| *units).unwrap_or_default()
    }

    fn lines_of(&self, document: &DocumentKey) -> Vec<u64> {
        let range = (document.clone(), 0)..=(document.clone(), u64::MAX);
        self.warehouse.booked.range(range).map(|((_, line), _)| *line).collect()
    }
}

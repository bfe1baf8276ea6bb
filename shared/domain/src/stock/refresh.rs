//! Reading positions anew: E first, then A, all locations of an item in one
//! pass, stored only if no other reading was stored since this one began.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt};
use jiff::Timestamp;
use rust_decimal::Decimal;

use super::Position;
use crate::id::{DocumentKey, EntityId, ItemKey, LineKey, LocationId, Sku};
use crate::outcome::CallError;
use crate::ports::{BookedLine, Clock, ErpStock, ItemState, Ledger, LedgerError, StockStore};
use crate::stock::{InFlight, LocationStock};

/// Items of one call to an ERP or a shop.
pub const ITEMS_PER_CALL: usize = 100;
/// Readings of an item before it is left to those who are faster: theirs are
/// then as new as ours.
const ROUNDS: u32 = 4;

/// Why positions could not be read anew.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The ERP could not be read.
    #[error(transparent)]
    Erp(#[from] CallError),
    /// The table could not be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// What a refresh did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// Positions stored.
    pub stored: usize,
    /// Items that the ERP does not know.
    pub unknown: usize,
    /// In-flight lines that left.
    pub left: usize,
    /// Items of which so much is in flight, or whose code is so long, that a
    /// reading cannot be stored. They keep their last one: what was sold since
    /// counts in full.
    pub too_long: Vec<Sku>,
}

/// Reads positions anew.
pub struct Refresh<'a> {
    /// Where they are kept.
    pub stock: &'a dyn StockStore,
    /// What was begun in the ERP for an order.
    pub ledger: &'a dyn Ledger,
    /// The ERP.
    pub erp: &'a dyn ErpStock,
    /// The time.
    pub clock: &'a dyn Clock,
}

impl Refresh<'_> {
    /// Reads the positions of items, some at a time.
    pub async fn items(&self, entity: &EntityId, skus: &[Sku]) -> Result<Refreshed, RefreshError> {
        let mut refreshed = Refreshed::default();
        for skus in skus.chunks(ITEMS_PER_CALL) {
            let mut wanted: Vec<ItemKey> = skus.iter().map(|sku| key(entity, sku)).collect();
            for _ in 0..ROUNDS {
                if wanted.is_empty() {
                    break;
                }
                wanted = self.round(&wanted, &mut refreshed).await?;
            }
        }
        Ok(refreshed)
    }

    /// One reading; gives back the items at which another reader was faster.
    async fn round(
        &self,
        wanted: &[ItemKey],
        refreshed: &mut Refreshed,
    ) -> Result<Vec<ItemKey>, RefreshError> {
        let states = self.stock.items(wanted).await?;
        let as_of = self.clock.now();
        let asked = self.included(&states).await?;
        let skus: Vec<Sku> = wanted.iter().map(|item| item.sku.clone()).collect();
        let mut figures = self.erp.stock(&skus).await?;
        let mut store = Vec::new();
        for (item, state) in wanted.iter().zip(&states) {
            let figures = figures.remove(&item.sku);
            refreshed.unknown += usize::from(figures.is_none());
            store.push(self.store(state, next(item, state, &asked, figures, as_of), &asked));
        }
        let mut again = Vec::new();
        for (item, stored) in wanted.iter().zip(some_at_once(store).await) {
            match stored? {
                Stored::Left(left) => {
                    refreshed.stored += 1;
                    refreshed.left += left;
                }
                Stored::Raced => again.push(item.clone()),
                Stored::TooLong => refreshed.too_long.push(item.sku.clone()),
            }
        }
        Ok(again)
    }

    /// Stores a reading and lets leave what it contains.
    async fn store(
        &self,
        state: &ItemState,
        mut position: Position,
        asked: &Asked,
    ) -> Result<Stored, LedgerError> {
        let leaving = asked.leaving(state, self.clock.now());
        let mut put = self.stock.put_position(&position).await;
        if matches!(put, Err(LedgerError::TooLong(_))) {
            // Nobody asks for the share of what is gone. Without this an item
            // that had too many lines once would never lose them.
            let gone: BTreeSet<&LineKey> = leaving.iter().map(|leaves| &leaves.line).collect();
            position.included.retain(|line, _| !gone.contains(line));
            put = self.stock.put_position(&position).await;
        }
        match put {
            Ok(true) => {}
            Ok(false) => return Ok(Stored::Raced),
            Err(LedgerError::TooLong(_)) => return Ok(Stored::TooLong),
            Err(error) => return Err(error),
        }
        for line in &leaving {
            self.stock.remove_in_flight(line).await?;
        }
        Ok(Stored::Left(leaving.len()))
    }

    /// E of every line in flight. What was not begun in the ERP when the rows
    /// were read is not in a figure that is read later, as far as we count.
    async fn included(&self, states: &[ItemState]) -> Result<Asked, RefreshError> {
        let mut booked = Vec::new();
        let mut asked = Asked::default();
        for line in states.iter().flat_map(|state| &state.lines) {
            let Some((line, confirming)) = self.booked(line).await? else { continue };
            asked.confirming.insert(key_of(&line), confirming);
            booked.push(line);
        }
        for booked in one_of_each(booked) {
            let mut included = self.erp.included(&booked).await?;
            let included =
                booked.iter().filter_map(|line| Some((key_of(line), included.remove(&line.line)?)));
            asked.included.extend(included);
        }
        Ok(asked)
    }

    /// A line in the ERP's terms, and L. A row that only a shop's listing has
    /// written does not say of which life of the order it is: perhaps the line
    /// had left and came back with a change. The order's record knows.
    async fn booked(&self, line: &InFlight) -> Result<Option<(BookedLine, Decimal)>, LedgerError> {
        let known = if let Some(generation) = line.generation {
            Some((generation, line.confirming))
        } else {
            let record = self.ledger.record(&line.line.order).await?;
            let effect = record.and_then(|record| record.stock.get(&line.line.line).cloned());
            effect.map(|effect| (effect.generation, effect.confirming_as(&line.item.sku)))
        };
        let order = line.line.order.clone();
        let booked = |(generation, confirming)| {
            let document = DocumentKey::of_order(&order, generation);
            let booked = BookedLine { document, line: line.line.clone(), sku: line.item.sku.clone() };
            (booked, confirming)
        };
        Ok(known.map(booked))
    }
}

/// What became of a reading.
enum Stored {
    /// It is stored, and so many lines left.
    Left(usize),
    /// Another reader was faster.
    Raced,
    /// No row can hold it.
    TooLong,
}

/// A line as one item: it may be in flight as several.
type AsItem = (Sku, LineKey);

/// What is known of the lines in flight.
#[derive(Default)]
struct Asked {
    /// E, as the ERP says.
    included: BTreeMap<AsItem, Decimal>,
    /// L.
    confirming: BTreeMap<AsItem, Decimal>,
}

impl Asked {
    /// E of a line; nothing where the ERP does not know it.
    fn included(&self, line: &InFlight) -> Decimal {
        self.included.get(&as_item(line)).copied().unwrap_or_default()
    }

    fn leaving<'a>(&self, state: &'a ItemState, now: Timestamp) -> Vec<&'a InFlight> {
        let confirming = |line: &InFlight| self.confirming.get(&as_item(line)).copied().unwrap_or_default();
        let leaves = |line: &&InFlight| line.leaves(self.included(line), confirming(line), now);
        state.lines.iter().filter(leaves).collect()
    }
}

fn as_item(line: &InFlight) -> AsItem {
    (line.item.sku.clone(), line.line.clone())
}

fn key_of(line: &BookedLine) -> AsItem {
    (line.sku.clone(), line.line.clone())
}

/// The ERP's answer names lines and no items: a line that is in flight as two
/// items, its mapping having been corrected, is asked for twice.
fn one_of_each(lines: Vec<BookedLine>) -> Vec<Vec<BookedLine>> {
    let mut calls: Vec<BTreeMap<LineKey, BookedLine>> = Vec::new();
    for line in lines {
        match calls.iter_mut().find(|call| !call.contains_key(&line.line)) {
            Some(call) => drop(call.insert(line.line.clone(), line)),
            None => calls.push([(line.line.clone(), line)].into()),
        }
    }
    calls.into_iter().map(|call| call.into_values().collect()).collect()
}

/// Requests to the table that are under way at once.
const AT_ONCE: usize = 32;

/// All of them, in their order, some at a time.
pub(super) async fn some_at_once<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    stream::iter(futures).buffered(AT_ONCE).collect().await
}

/// The key of an item.
pub(super) fn key(entity: &EntityId, sku: &Sku) -> ItemKey {
    ItemKey { entity: entity.clone(), sku: sku.clone() }
}

fn next(
    item: &ItemKey,
    state: &ItemState,
    asked: &Asked,
    figures: Option<BTreeMap<LocationId, LocationStock>>,
    as_of: Timestamp,
) -> Position {
    let e = |line: &InFlight| (line.line.clone(), asked.included(line));
    let before = state.position.as_ref();
    let known = figures.is_some();
    let last = || before.map(|position| position.locations.clone()).unwrap_or_default();
    Position {
        item: item.clone(),
        version: before.map_or(1, |position| position.version + 1),
        as_of,
        included: state.lines.iter().map(e).collect(),
        locations: figures.unwrap_or_else(last),
        known,
    }
}

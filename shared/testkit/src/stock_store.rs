use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use jiff::Timestamp;
use weir_domain::id::{ItemKey, LineKey, StoreId};
use weir_domain::ports::{Confirming, InFlightNews, ItemState, LedgerError, StockStore, WriteOffs};
use weir_domain::stock::sales::Watermark;
use weir_domain::stock::{InFlight, Position, Publication, Reduction};

use crate::fault::Faults;
use crate::lock;

/// As the real one: no answer is longer.
const LONGEST_ANSWER: usize = 1_000;
/// As the real one: a longer SKU fits into no key.
const LONGEST_SKU_BYTES: usize = 900;
/// As the real one: a longer document is refused.
const LONGEST_DOCUMENT_BYTES: usize = 350_000;

/// What a stock store can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the methods of the port")]
pub enum StockOp {
    Items,
    Positions,
    PutPosition,
    PutInFlight,
    RemoveInFlight,
    PutPublication,
    Stale,
    Watermark,
    PutWatermark,
    WriteOff,
}

/// The stock table in memory. One lock makes every call atomic, as a
/// conditional write does in the real one.
#[derive(Debug, Default)]
pub struct FakeStockStore {
    /// What goes wrong.
    pub faults: Faults<StockOp, LedgerError>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    positions: BTreeMap<ItemKey, Position>,
    lines: BTreeMap<ItemKey, BTreeMap<LineKey, Halves>>,
    publications: BTreeMap<ItemKey, BTreeMap<StoreId, Publication>>,
    watermarks: BTreeMap<StoreId, Watermark>,
    written_halves: u64,
}

/// The two halves of an in-flight line, each ordered for itself, and what a
/// person said of the first.
#[derive(Debug, Clone, Default)]
struct Halves {
    reduced: Option<Reduction>,
    confirming: Option<Confirming>,
    written_off: Option<Timestamp>,
}

impl FakeStockStore {
    /// The position of an item.
    pub fn position(&self, item: &ItemKey) -> Option<Position> {
        lock(&self.state).positions.get(item).cloned()
    }

    /// One line in flight.
    pub fn line(&self, item: &ItemKey, line: &LineKey) -> Option<InFlight> {
        Some(lock(&self.state).lines.get(item)?.get(line)?.in_flight(item, line))
    }

    /// Every line of an item in flight, by key.
    pub fn lines_of(&self, item: &ItemKey) -> Vec<InFlight> {
        lock(&self.state).lines_of(item)
    }

    /// What a shop shows of an item.
    pub fn publication(&self, item: &ItemKey, store: &StoreId) -> Option<Publication> {
        lock(&self.state).publications.get(item)?.get(store).cloned()
    }

    /// A store's watermark.
    pub fn watermark_of(&self, store: &StoreId) -> Option<Watermark> {
        lock(&self.state).watermarks.get(store).cloned()
    }

    /// Halves of in-flight lines written so far: what was no news is not
    /// among them.
    pub fn written_halves(&self) -> u64 {
        lock(&self.state).written_halves
    }
}

impl Halves {
    fn in_flight(&self, item: &ItemKey, line: &LineKey) -> InFlight {
        let confirming = self.confirming.as_ref();
        InFlight {
            item: item.clone(),
            line: line.clone(),
            reduced: self.reduced.clone(),
            confirming: confirming.map(|known| known.quantity).unwrap_or_default(),
            generation: confirming.map(|known| known.generation),
            written_off: self.written_off,
        }
    }

    /// Takes what is news; how many halves that was.
    fn learn(&mut self, news: &InFlightNews) -> u64 {
        let read = &news.reduced;
        let is_read = self.reduced.as_ref().is_none_or(|known| read.is_news_to(known) && read != known);
        if is_read {
            self.reduced = Some(read.clone());
        }
        let decided = news.confirming.as_ref().filter(|decided| {
            self.confirming.as_ref().is_none_or(|known| decided.fence >= known.fence && *decided != known)
        });
        if decided.is_some() {
            self.confirming = decided.cloned();
        }
        u64::from(is_read) + u64::from(decided.is_some())
    }
}

impl State {
    fn lines_of(&self, item: &ItemKey) -> Vec<InFlight> {
        let lines = self.lines.get(item).into_iter().flatten();
        lines.map(|(line, halves)| halves.in_flight(item, line)).collect()
    }

    fn stale(
        &self,
        store: &StoreId,
        after: Option<&(ItemKey, Timestamp)>,
        limit: usize,
    ) -> Vec<(ItemKey, Timestamp)> {
        let mut found: Vec<(Timestamp, ItemKey)> = self
            .publications
            .iter()
            .filter_map(|(item, shops)| Some((shops.get(store)?.stale_since?, item.clone())))
            .filter(|(since, item)| after.is_none_or(|after| (*since, item) > (after.1, &after.0)))
            .collect();
        found.sort();
        found.truncate(limit.min(LONGEST_ANSWER));
        found.into_iter().map(|(since, item)| (item, since)).collect()
    }

    fn item(&self, item: &ItemKey) -> ItemState {
        ItemState {
            position: self.positions.get(item).cloned(),
            lines: self.lines_of(item),
            publications: self.publications.get(item).cloned().unwrap_or_default(),
        }
    }
}

/// What a line's leaving was decided by.
fn facts(line: &InFlight) -> impl PartialEq {
    let read = line.reduced.as_ref().map(|read| (read.quantity, read.modified_at, read.read_at));
    (read, line.confirming, line.generation, line.written_off)
}

/// Whether `version` follows what is stored.
fn follows(version: u64, stored: Option<u64>) -> bool {
    version.checked_sub(1).is_some_and(|before| before == stored.unwrap_or(0))
}

fn storable(item: &ItemKey) -> Result<(), LedgerError> {
    let why = || LedgerError::TooLong("the SKU".to_owned());
    (item.sku.0.len() <= LONGEST_SKU_BYTES).then_some(()).ok_or_else(why)
}

pub(crate) fn fitting(what: &str, document: &impl serde::Serialize) -> Result<(), LedgerError> {
    match serde_json::to_vec(document).expect("every document is JSON").len() {
        ..=LONGEST_DOCUMENT_BYTES => Ok(()),
        bytes => Err(LedgerError::TooLong(format!("{what} of {bytes} bytes"))),
    }
}

#[async_trait]
impl StockStore for FakeStockStore {
    async fn items(&self, items: &[ItemKey]) -> Result<Vec<ItemState>, LedgerError> {
        self.faults.strike(StockOp::Items, || {
            let state = lock(&self.state);
            Ok(items.iter().map(|item| state.item(item)).collect())
        })
    }

    async fn positions(&self, items: &[ItemKey]) -> Result<BTreeMap<ItemKey, Position>, LedgerError> {
        self.faults.strike(StockOp::Positions, || {
            let state = lock(&self.state);
            let find = |item: &ItemKey| Some((item.clone(), state.positions.get(item)?.clone()));
            Ok(items.iter().filter_map(find).collect())
        })
    }

    async fn put_position(&self, position: &Position) -> Result<bool, LedgerError> {
        self.faults.strike(StockOp::PutPosition, || {
            storable(&position.item)?;
            fitting("a position", position)?;
            let positions = &mut lock(&self.state).positions;
            let stored = positions.get(&position.item);
            let put = follows(position.version, stored.map(|stored| stored.version));
            if put {
                positions.insert(position.item.clone(), position.clone());
            }
            Ok(put || positions.get(&position.item) == Some(position))
        })
    }

    async fn put_in_flight(&self, news: &[InFlightNews]) -> Result<(), LedgerError> {
        self.faults.strike(StockOp::PutInFlight, || {
            let mut state = lock(&self.state);
            for news in news.iter().filter(|news| storable(&news.item).is_ok()) {
                let lines = state.lines.entry(news.item.clone()).or_default();
                let written = lines.entry(news.line.clone()).or_default().learn(news);
                state.written_halves += written;
            }
            news.iter().try_for_each(|news| storable(&news.item))
        })
    }

    async fn remove_in_flight(&self, line: &InFlight) -> Result<(), LedgerError> {
        self.faults.strike(StockOp::RemoveInFlight, || {
            storable(&line.item)?;
            let mut state = lock(&self.state);
            let lines = state.lines.entry(line.item.clone()).or_default();
            let known = lines.get(&line.line).map(|halves| halves.in_flight(&line.item, &line.line));
            if known.is_some_and(|known| facts(&known) == facts(line)) {
                lines.remove(&line.line);
            }
            Ok(())
        })
    }

    async fn put_publication(
        &self,
        item: &ItemKey,
        store: &StoreId,
        publication: &Publication,
    ) -> Result<bool, LedgerError> {
        self.faults.strike(StockOp::PutPublication, || {
            if storable(item).is_err() {
                return Ok(false);
            }
            fitting("a publication", publication)?;
            let mut state = lock(&self.state);
            let shops = state.publications.entry(item.clone()).or_default();
            let put = follows(publication.version, shops.get(store).map(|stored| stored.version));
            // An intent must be begun once; anything else may be said twice.
            let said = publication.intent.is_none() && shops.get(store) == Some(publication);
            if put {
                shops.insert(store.clone(), publication.clone());
            }
            Ok(put || said)
        })
    }

    async fn stale(
        &self,
        store: &StoreId,
        after: Option<&(ItemKey, Timestamp)>,
        limit: usize,
    ) -> Result<Vec<(ItemKey, Timestamp)>, LedgerError> {
        self.faults.strike(StockOp::Stale, || Ok(lock(&self.state).stale(store, after, limit)))
    }

    async fn watermark(&self, store: &StoreId) -> Result<Option<Watermark>, LedgerError> {
        self.faults.strike(StockOp::Watermark, || Ok(lock(&self.state).watermarks.get(store).cloned()))
    }

    async fn put_watermark(&self, store: &StoreId, watermark: &Watermark) -> Result<bool, LedgerError> {
        self.faults.strike(StockOp::PutWatermark, || {
            fitting("a watermark", watermark)?;
            let watermarks = &mut lock(&self.state).watermarks;
            let put = follows(watermark.version, watermarks.get(store).map(|stored| stored.version));
            if put {
                watermarks.insert(store.clone(), watermark.clone());
            }
            Ok(put || watermarks.get(store) == Some(watermark))
        })
    }
}

#[async_trait]
impl WriteOffs for FakeStockStore {
    async fn write_off(&self, item: &ItemKey, line: &LineKey, as_of: Timestamp) -> Result<bool, LedgerError> {
        self.faults.strike(StockOp::WriteOff, || {
            let lines = &mut lock(&self.state).lines;
            let Some(halves) = lines.get_mut(item).and_then(|lines| lines.get_mut(line)) else {
                return Ok(false);
            };
            halves.written_off = halves.written_off.max(Some(as_of));
            Ok(true)
        })
    }
}

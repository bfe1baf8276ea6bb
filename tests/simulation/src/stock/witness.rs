//! A witness between the use cases and the `stock` table: it notes which facts
//! each invocation has read, so that what it writes can be judged by them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use weir_domain::id::{ItemKey, Sku, StoreId};
use weir_domain::ports::{InFlightNews, ItemState, LedgerError, ShopProduct, StockStore};
use weir_domain::stock::sales::Watermark;
use weir_domain::stock::{InFlight, Position, Publication};
use weir_ledger::DynamoStock;

use super::excess::Cause;
use crate::invocation;
use crate::stage::{Stage, lock};

/// The facts behind one write to a shop.
#[derive(Debug, Clone)]
pub struct Sent {
    /// When the shop's quantity was read.
    pub seen_at: Timestamp,
    /// When the ERP's figure was read; `None`: not known.
    pub figure_at: Option<Timestamp>,
    /// When it was read what that figure contains; `None`: not known.
    pub included_at: Option<Timestamp>,
    /// Who answers for it.
    pub blame: Cause,
}

/// What was seen.
#[derive(Debug)]
pub struct Witness {
    stage: Arc<Stage>,
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    /// By invocation: when it last read items, and at which versions their
    /// positions were.
    items: BTreeMap<String, (Timestamp, BTreeMap<Sku, u64>)>,
    /// By invocation: when it last read the ERP's figures.
    figures: BTreeMap<String, Timestamp>,
    /// By invocation: when it last read what they contain.
    included: BTreeMap<String, Timestamp>,
    /// When what the figure of each version of a position contains was read,
    /// and when the figure.
    readings: BTreeMap<(Sku, u64), (Timestamp, Timestamp)>,
    /// By invocation, store and product: P and when it was read.
    seen: BTreeMap<(String, StoreId, u64), Timestamp>,
    /// By version of the publication: from which position it was claimed.
    claims: BTreeMap<(StoreId, Sku), BTreeMap<u64, u64>>,
    /// Claims that were seen.
    begun: BTreeSet<(StoreId, Sku, Timestamp)>,
    /// Requests that change a product, by who makes them.
    under_way: BTreeMap<(StoreId, u64), String>,
}

impl Witness {
    /// It has seen nothing.
    pub fn new(stage: &Arc<Stage>) -> Arc<Self> {
        Arc::new(Self { stage: Arc::clone(stage), notes: Mutex::default() })
    }

    /// The ERP's figures were read at this instant.
    pub fn read_figures(&self) {
        lock(&self.notes).figures.insert(invocation::name(), self.stage.now());
    }

    /// What they contain was read at this instant.
    pub fn read_included(&self) {
        lock(&self.notes).included.insert(invocation::name(), self.stage.now());
    }

    /// A shop's quantities were read at this instant.
    pub fn read_products(&self, store: &StoreId, products: &[ShopProduct]) {
        let (name, now) = (invocation::name(), self.stage.now());
        let mut notes = lock(&self.notes);
        for product in products {
            notes.seen.insert((name.clone(), store.clone(), product.id), now);
        }
    }

    /// The facts behind what the present invocation is about to write.
    pub fn sent(&self, store: &StoreId, id: u64, item: &Sku) -> Sent {
        let name = invocation::name();
        let notes = lock(&self.notes);
        let version = notes.items.get(&name).and_then(|(_, versions)| versions.get(item)).copied();
        let reading = version.and_then(|version| notes.readings.get(&(item.clone(), version))).copied();
        let (included_at, figure_at) = reading.unzip();
        let seen_at = notes.seen.get(&(name, store.clone(), id)).copied();
        let seen_at = seen_at.unwrap_or_else(|| self.stage.now());
        Sent { seen_at, figure_at, included_at, blame: Cause::OurWrite }
    }

    /// A request that changes these products begins; the guard ends it.
    pub fn begin_request(self: &Arc<Self>, store: &StoreId, ids: &[u64]) -> Request {
        let name = invocation::name();
        let mut notes = lock(&self.notes);
        for id in ids {
            let other = notes.under_way.insert((store.clone(), *id), name.clone());
            if let Some(other) = other {
                let what = format!("{name} and {other} change product {id} of {store} at the same time");
                self.stage.violate("I6", what);
            }
        }
        Request { witness: Arc::clone(self), store: store.clone(), ids: ids.to_vec() }
    }

    fn read_items(&self, at: Timestamp, keys: &[ItemKey], states: &[ItemState]) {
        let version = |(key, state): (&ItemKey, &ItemState)| {
            (key.sku.clone(), state.position.as_ref().map_or(0, |position| position.version))
        };
        let versions = keys.iter().zip(states).map(version).collect();
        lock(&self.notes).items.insert(invocation::name(), (at, versions));
    }

    /// I6: a figure is newer than the state it replaces.
    fn stored(&self, position: &Position, certainly: bool) {
        let name = invocation::name();
        let mut notes = lock(&self.notes);
        let Some(figure_at) = notes.figures.get(&name).copied() else { return };
        let read_at = notes.items.get(&name).map(|(at, _)| *at);
        // What was not asked for was nothing when the lines were read.
        let included_at = notes.included.get(&name).copied().max(read_at).unwrap_or(figure_at);
        let key = (position.item.sku.clone(), position.version);
        if certainly {
            notes.readings.insert(key, (included_at, figure_at));
        } else {
            notes.readings.entry(key).or_insert((included_at, figure_at));
        }
        if certainly && read_at.is_some_and(|read_at| figure_at < read_at) {
            let what = format!(
                "version {} of {} holds a figure that is older than the one before it",
                position.version, position.item
            );
            self.stage.violate("I6", what);
        }
    }

    /// I6: whoever claims has read a position as new as whoever claimed before.
    fn claimed(&self, item: &ItemKey, store: &StoreId, publication: &Publication) {
        let Some(intent) = publication.intent.as_ref().filter(|intent| !intent.lost) else { return };
        let name = invocation::name();
        let mut notes = lock(&self.notes);
        if !notes.begun.insert((store.clone(), item.sku.clone(), intent.sent_at)) {
            return;
        }
        let versions = notes.items.get(&name).map(|(_, versions)| versions);
        let version = versions.and_then(|versions| versions.get(&item.sku)).copied().unwrap_or_default();
        let claims = notes.claims.entry((store.clone(), item.sku.clone())).or_default();
        // A frozen process tells of its claim late: only their order counts.
        let before = claims.range(..publication.version).next_back().map(|(_, version)| *version);
        let after = claims.range(publication.version..).next().map(|(_, version)| *version);
        if before.is_some_and(|before| version < before) || after.is_some_and(|after| after < version) {
            let what = format!(
                "{store} was written from version {version} of {item} between {before:?} and {after:?}"
            );
            self.stage.violate("I6", what);
        }
        claims.insert(publication.version, version);
    }
}

/// A request that changes products; it ends when this is dropped.
#[derive(Debug)]
pub struct Request {
    witness: Arc<Witness>,
    store: StoreId,
    ids: Vec<u64>,
}

impl Drop for Request {
    fn drop(&mut self) {
        let mut notes = lock(&self.witness.notes);
        for id in &self.ids {
            notes.under_way.remove(&(self.store.clone(), *id));
        }
    }
}

/// The `stock` table under the witness's eyes.
pub struct WatchedStock {
    /// What ships.
    pub inner: DynamoStock,
    /// Who looks on.
    pub witness: Arc<Witness>,
}

/// For the history.
fn in_short(news: &InFlightNews) -> String {
    let reduced = news.reduced.quantity;
    match &news.confirming {
        Some(confirming) => format!("{} R{reduced} L{}", news.line, confirming.quantity),
        None => format!("{} R{reduced}", news.line),
    }
}

#[async_trait]
impl StockStore for WatchedStock {
    async fn items(&self, items: &[ItemKey]) -> Result<Vec<ItemState>, LedgerError> {
        let at = self.witness.stage.now();
        let states = self.inner.items(items).await?;
        self.witness.read_items(at, items, &states);
        Ok(states)
    }

    async fn positions(&self, items: &[ItemKey]) -> Result<BTreeMap<ItemKey, Position>, LedgerError> {
        self.inner.positions(items).await
    }

    async fn put_position(&self, position: &Position) -> Result<bool, LedgerError> {
        let put = self.inner.put_position(position).await;
        if put != Ok(false) {
            self.witness.stored(position, put.is_ok());
        }
        put
    }

    async fn put_in_flight(&self, news: &[InFlightNews]) -> Result<(), LedgerError> {
        self.witness.stage.log(|| {
            let news: Vec<String> = news.iter().map(in_short).collect();
            format!("{} writes in flight: {}", invocation::name(), news.join(", "))
        });
        let put = self.inner.put_in_flight(news).await;
        if let Err(error) = &put {
            self.witness.stage.log(|| format!("{} cannot write in flight: {error}", invocation::name()));
        }
        put
    }

    async fn remove_in_flight(&self, line: &InFlight) -> Result<(), LedgerError> {
        self.witness.stage.log(|| format!("{} lets {} leave", invocation::name(), line.line));
        self.inner.remove_in_flight(line).await
    }

    async fn put_publication(
        &self,
        item: &ItemKey,
        store: &StoreId,
        publication: &Publication,
    ) -> Result<bool, LedgerError> {
        let put = self.inner.put_publication(item, store, publication).await?;
        if put {
            self.witness.claimed(item, store, publication);
        }
        Ok(put)
    }

    async fn stale(
        &self,
        store: &StoreId,
        after: Option<&(ItemKey, Timestamp)>,
        limit: usize,
    ) -> Result<Vec<(ItemKey, Timestamp)>, LedgerError> {
        self.inner.stale(store, after, limit).await
    }

    async fn watermark(&self, store: &StoreId) -> Result<Option<Watermark>, LedgerError> {
        self.inner.watermark(store).await
    }

    async fn put_watermark(&self, store: &StoreId, watermark: &Watermark) -> Result<bool, LedgerError> {
        self.inner.put_watermark(store, watermark).await
    }
}

//! Deliberate bugs of stock: wrappers around the ports, on the test side. The
//! code that ships has none of them, and every one must be caught.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use tokio::time::sleep;
use weir_domain::config::StoreConfig;
use weir_domain::id::{ErpId, ItemKey, LineKey, LocationId, Sku, StoreId};
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Adjusted, Adjustment, BookedLine, Change, Checkpoint, ErpStock, InFlightNews, ItemPage, ItemState,
    LedgerError, SalesPage, Schedules, ShopItem, ShopProduct, ShopStock, StockBasis, StockConnections,
    StockStore,
};
use weir_domain::stock::publish::Publish;
use weir_domain::stock::sales::Watermark;
use weir_domain::stock::{InFlight, LocationStock, Position, Publication};
use weir_ledger::DynamoLedger;

use super::LOCATIONS;
use super::shop::StockShop;
use crate::stage::{Stage, lock};

/// A deliberate bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StockSaboteur {
    /// A quantity is written over whatever the shop sold meanwhile.
    AbsoluteWrite,
    /// The orders are read before the shop's quantity.
    OrdersBeforeQuantity,
    /// The ERP's figure is read before what it contains.
    FigureBeforeIncluded,
    /// What is in flight is not taken off.
    ForgetUnseen,
    /// What is in flight is taken off twice.
    CountTwice,
    /// What the shop sold is only known from the order worker.
    NeverReadSales,
    /// An older position replaces a newer one.
    StalePosition,
    /// The locations of an item are read one after the other.
    TwoPasses,
    /// A write whose answer was lost is sent again.
    ResendLost,
    /// A write whose answer was lost is believed not to happen any more.
    IgnoreLateWrites,
    /// The feed's cursor moves before its page's work is done.
    CursorBeforeWork,
    /// Each store counts its own orders only.
    OnlyOwnOrders,
    /// Whoever comes writes.
    NoFence,
    /// What is on its way in is sold.
    SellIncoming,
}

use StockSaboteur as S;

impl StockSaboteur {
    /// Every one.
    pub const ALL: [Self; 14] = [
        S::AbsoluteWrite,
        S::OrdersBeforeQuantity,
        S::FigureBeforeIncluded,
        S::ForgetUnseen,
        S::CountTwice,
        S::NeverReadSales,
        S::StalePosition,
        S::TwoPasses,
        S::ResendLost,
        S::IgnoreLateWrites,
        S::CursorBeforeWork,
        S::OnlyOwnOrders,
        S::NoFence,
        S::SellIncoming,
    ];

    pub(super) fn store(
        bug: Option<Self>,
        right: Arc<dyn StockStore>,
        _: &Arc<Stage>,
    ) -> Arc<dyn StockStore> {
        match bug {
            Some(
                bug @ (S::ForgetUnseen | S::CountTwice | S::StalePosition | S::IgnoreLateWrites | S::NoFence),
            ) => Arc::new(BadStore { inner: right, bug: Bug::Of(bug) }),
            _ => right,
        }
    }

    pub(super) fn erp(bug: Option<Self>, right: Arc<dyn ErpStock>, stage: &Arc<Stage>) -> Arc<dyn ErpStock> {
        match bug {
            Some(bug @ (S::FigureBeforeIncluded | S::TwoPasses | S::SellIncoming)) => {
                Arc::new(BadErp { inner: right, bug, stage: Arc::clone(stage), figures: Mutex::default() })
            }
            _ => right,
        }
    }

    pub(super) fn shop(bug: Option<Self>, right: Arc<StockShop>, stage: &Arc<Stage>) -> Arc<dyn ShopStock> {
        match bug {
            Some(bug @ (S::AbsoluteWrite | S::OrdersBeforeQuantity | S::NeverReadSales | S::ResendLost)) => {
                Arc::new(BadShop {
                    inner: right,
                    bug,
                    stage: Arc::clone(stage),
                    seen: Mutex::default(),
                    page: Mutex::default(),
                })
            }
            _ => right,
        }
    }

    pub(super) fn schedules(bug: Option<Self>, ledger: &DynamoLedger) -> Arc<dyn Schedules> {
        match bug {
            Some(S::CursorBeforeWork) => Arc::new(EagerCursor { inner: ledger.clone() }),
            _ => Arc::new(ledger.clone()),
        }
    }

    /// One publisher for all stores, or one for each that knows of no other.
    pub(super) fn publishers(bug: Option<Self>, right: Publish) -> Vec<Publish> {
        if bug != Some(S::OnlyOwnOrders) {
            return vec![right];
        }
        let own = |config: &Arc<StoreConfig>| {
            let (inner, only) = (Arc::clone(&right.connections), config.store.clone());
            Publish {
                stock: Arc::new(BadStore { inner: Arc::clone(&right.stock), bug: Bug::Only(only.clone()) }),
                queue: Arc::clone(&right.queue),
                ledger: Arc::clone(&right.ledger),
                mappings: Arc::clone(&right.mappings),
                names: Arc::clone(&right.names),
                connections: Arc::new(OneStore { inner, only }),
                clock: Arc::clone(&right.clock),
                paces: Mutex::default(),
            }
        };
        right.connections.stores().iter().map(own).collect()
    }
}

enum Bug {
    Of(StockSaboteur),
    Only(StoreId),
}

struct BadStore {
    inner: Arc<dyn StockStore>,
    bug: Bug,
}

impl BadStore {
    fn misread(&self, state: &mut ItemState) {
        match &self.bug {
            Bug::Of(S::ForgetUnseen) => state.lines.clear(),
            Bug::Of(S::CountTwice) => {
                let again = |line: &InFlight| {
                    let key = LineKey { line: line.line.line + 1_000, ..line.line.clone() };
                    InFlight { line: key, ..line.clone() }
                };
                let again: Vec<InFlight> = state.lines.iter().map(again).collect();
                state.lines.extend(again);
            }
            Bug::Of(S::IgnoreLateWrites) => {
                for publication in state.publications.values_mut() {
                    publication.intent = publication.intent.take().filter(|intent| !intent.lost);
                }
            }
            Bug::Of(_) => {}
            Bug::Only(store) => state.lines.retain(|line| line.line.order.store == *store),
        }
    }

    /// The version that is stored now.
    async fn next_version(&self, item: &ItemKey, store: Option<&StoreId>) -> Result<u64, LedgerError> {
        let states = self.inner.items(std::slice::from_ref(item)).await?;
        let state = states.into_iter().next().unwrap_or_default();
        let position = state.position.map_or(0, |position| position.version);
        let publication = store.and_then(|store| state.publications.get(store));
        Ok(1 + store.map_or(position, |_| publication.map_or(0, |publication| publication.version)))
    }
}

#[async_trait]
impl StockStore for BadStore {
    async fn items(&self, items: &[ItemKey]) -> Result<Vec<ItemState>, LedgerError> {
        let mut states = self.inner.items(items).await?;
        for state in &mut states {
            self.misread(state);
        }
        Ok(states)
    }

    async fn positions(&self, items: &[ItemKey]) -> Result<BTreeMap<ItemKey, Position>, LedgerError> {
        self.inner.positions(items).await
    }

    async fn put_position(&self, position: &Position) -> Result<bool, LedgerError> {
        let put = self.inner.put_position(position).await?;
        if put || !matches!(self.bug, Bug::Of(S::StalePosition)) {
            return Ok(put);
        }
        let version = self.next_version(&position.item, None).await?;
        self.inner.put_position(&Position { version, ..position.clone() }).await
    }

    async fn put_in_flight(&self, news: &[InFlightNews]) -> Result<(), LedgerError> {
        self.inner.put_in_flight(news).await
    }

    async fn remove_in_flight(&self, line: &InFlight) -> Result<(), LedgerError> {
        self.inner.remove_in_flight(line).await
    }

    async fn put_publication(
        &self,
        item: &ItemKey,
        store: &StoreId,
        publication: &Publication,
    ) -> Result<bool, LedgerError> {
        let put = self.inner.put_publication(item, store, publication).await?;
        if put || !matches!(self.bug, Bug::Of(S::NoFence)) {
            return Ok(put);
        }
        let version = self.next_version(item, Some(store)).await?;
        self.inner.put_publication(item, store, &Publication { version, ..publication.clone() }).await
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

type Figures = BTreeMap<Sku, BTreeMap<LocationId, LocationStock>>;

struct BadErp {
    inner: Arc<dyn ErpStock>,
    bug: StockSaboteur,
    stage: Arc<Stage>,
    figures: Mutex<Figures>,
}

impl BadErp {
    async fn moment(&self) {
        sleep(Duration::from_millis(self.stage.draw(|dice| dice.u64(50..4_000)))).await;
    }
}

#[async_trait]
impl ErpStock for BadErp {
    fn basis(&self) -> StockBasis {
        self.inner.basis()
    }

    async fn included(&self, lines: &[BookedLine]) -> Result<BTreeMap<LineKey, Decimal>, CallError> {
        if self.bug == S::FigureBeforeIncluded {
            let skus: Vec<Sku> = lines.iter().map(|line| line.sku.clone()).collect();
            let figures = self.inner.stock(&skus).await?;
            lock(&self.figures).extend(figures);
            self.moment().await;
        }
        self.inner.included(lines).await
    }

    async fn stock(&self, skus: &[Sku]) -> Result<Figures, CallError> {
        let mut figures = self.inner.stock(skus).await?;
        match self.bug {
            S::FigureBeforeIncluded => {
                let mut known = lock(&self.figures);
                let known = skus.iter().filter_map(|sku| known.remove_entry(sku));
                figures.extend(known);
            }
            S::TwoPasses => {
                self.moment().await;
                let mut second = self.inner.stock(skus).await?;
                for (sku, locations) in &mut figures {
                    let again = second.remove(sku).unwrap_or_default();
                    let later = again.into_iter().filter(|(name, _)| name.as_str() == LOCATIONS[1]);
                    locations.extend(later);
                }
            }
            _ => {
                for stock in figures.values_mut().flat_map(BTreeMap::values_mut) {
                    stock.available += stock.incoming;
                }
            }
        }
        Ok(figures)
    }

    async fn moved(&self, cursor: Option<&str>) -> Result<ItemPage, CallError> {
        self.inner.moved(cursor).await
    }

    async fn items(&self, cursor: Option<&str>) -> Result<ItemPage, CallError> {
        self.inner.items(cursor).await
    }
}

struct BadShop {
    inner: Arc<StockShop>,
    bug: StockSaboteur,
    stage: Arc<Stage>,
    seen: Mutex<BTreeMap<u64, Decimal>>,
    page: Mutex<Option<SalesPage>>,
}

#[async_trait]
impl ShopStock for BadShop {
    async fn products(&self, items: &[ShopItem]) -> Result<Vec<ShopProduct>, CallError> {
        if self.bug == S::OrdersBeforeQuantity {
            let before = self.stage.now() - SignedDuration::from_hours(24);
            let page = self.inner.sales_after(before, 1).await?;
            *lock(&self.page) = Some(page);
            sleep(Duration::from_millis(self.stage.draw(|dice| dice.u64(50..4_000)))).await;
        }
        let products = self.inner.products(items).await?;
        let mut seen = lock(&self.seen);
        seen.extend(products.iter().filter_map(|product| Some((product.id, product.quantity?))));
        Ok(products)
    }

    async fn sales_after(&self, after: Timestamp, page: u32) -> Result<SalesPage, CallError> {
        let known = lock(&self.page).clone();
        match (self.bug, known) {
            (S::OrdersBeforeQuantity, Some(mut known)) => {
                known.sales.retain(|sale| sale.modified_at.as_second() > after.as_second());
                Ok(known)
            }
            (S::NeverReadSales, _) => {
                let page = self.inner.sales_after(after, page).await?;
                Ok(SalesPage { sales: Vec::new(), ..page })
            }
            _ => self.inner.sales_after(after, page).await,
        }
    }

    async fn adjust(&self, adjustments: &[Adjustment]) -> Result<Vec<Adjusted>, CallError> {
        let mut adjustments = adjustments.to_vec();
        if self.bug == S::AbsoluteWrite {
            let seen = lock(&self.seen).clone();
            for adjustment in &mut adjustments {
                if let (Change::By(delta), Some(present)) = (adjustment.change, seen.get(&adjustment.id)) {
                    adjustment.change = Change::To(present + delta);
                }
            }
        }
        let answer = self.inner.adjust(&adjustments).await;
        match (self.bug, &answer) {
            (S::ResendLost, Err(CallError::Unknown { .. })) => self.inner.adjust(&adjustments).await,
            _ => answer,
        }
    }
}

struct EagerCursor {
    inner: DynamoLedger,
}

#[async_trait]
impl Schedules for EagerCursor {
    async fn begin(
        &self,
        job: &str,
        owner: &str,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Option<Checkpoint>, LedgerError> {
        let begun = self.inner.begin(job, owner, now, lease).await?;
        let Some(mut checkpoint) = begun else { return Ok(None) };
        let as_it_was = checkpoint.clone();
        let is_feed = job.starts_with("stock/moved");
        let position = checkpoint.cursor.as_deref().and_then(|cursor| cursor.parse::<u64>().ok());
        if let (true, Some(position)) = (is_feed, position) {
            self.inner.advance(job, &mut checkpoint, &(position + 2).to_string()).await?;
        }
        Ok(Some(as_it_was))
    }

    async fn advance(&self, job: &str, checkpoint: &mut Checkpoint, cursor: &str) -> Result<(), LedgerError> {
        self.inner.advance(job, checkpoint, cursor).await
    }

    async fn end(&self, job: &str, checkpoint: Checkpoint) -> Result<(), LedgerError> {
        self.inner.end(job, checkpoint).await
    }
}

struct OneStore {
    inner: Arc<dyn StockConnections>,
    only: StoreId,
}

#[async_trait]
impl StockConnections for OneStore {
    fn stores(&self) -> Vec<Arc<StoreConfig>> {
        self.inner.stores().into_iter().filter(|config| config.store == self.only).collect()
    }

    fn disabled(&self) -> Vec<StoreId> {
        self.inner.disabled()
    }

    async fn shop_stock(&self, store: &StoreId) -> Result<Arc<dyn ShopStock>, CallError> {
        self.inner.shop_stock(store).await
    }

    async fn erp_stock(&self, erp: &ErpId) -> Result<Arc<dyn ErpStock>, CallError> {
        self.inner.erp_stock(erp).await
    }
}

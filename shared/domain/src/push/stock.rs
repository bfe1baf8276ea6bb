//! What an order means for stock. Its lines become in-flight rows *before* the
//! ERP is called, so that nobody can sell them again in between; the record
//! keeps what was written last, so that only news are written.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::Stop;
use super::session::Session;
use crate::config::{StockConfig, StoreConfig};
use crate::id::{ItemKey, LineKey, Sku};
use crate::order::Order;
use crate::ports::{
    Confirming, DocumentState, InFlightNews, LedgerError, QueueError, StockQueue, StockStore,
};
use crate::record::{DocumentAxis, OrderRecord};
use crate::resolve::{self, Resolver};
use crate::stock::LineEffect;
use crate::stock::effects::{EffectRow, StockEffects, effects};
use crate::stock::in_flight::{Reduction, counts};
use crate::stock::message::{STOCK_MOVED_VERSION, StockCause, StockMoved, batches};

/// Where an order's effect on stock is written, and said.
#[derive(Clone)]
pub struct StockOut {
    /// The in-flight rows.
    pub store: Arc<dyn StockStore>,
    /// Where it is said which items moved.
    pub queue: Arc<dyn StockQueue>,
}

/// Which rows are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rows {
    /// Of lines that mean something else than the record says.
    News,
    /// Of all lines: others may have written or removed them since.
    All,
}

/// The order as it was read for stock.
pub(super) struct ReadForStock {
    config: Arc<StoreConfig>,
    order: Order,
    read_at: Timestamp,
    items: Option<BTreeMap<u64, Sku>>,
}

impl ReadForStock {
    pub(super) fn new(config: &Arc<StoreConfig>, order: &Order, read_at: Timestamp) -> Self {
        Self { config: Arc::clone(config), order: order.clone(), read_at, items: None }
    }
}

impl Session<'_> {
    /// Before the ERP is asked to make or change the sales order: from here on
    /// it may contain the lines, those of the order as it is and those that
    /// were there before.
    pub(super) async fn begin_stock(&mut self) -> Result<(), Stop> {
        let Some(mut wanted) = self.stock_effects(true).await? else { return Ok(()) };
        keep_what_may_be_there(&mut wanted, &self.held.record.stock);
        // Whether a row is news only it can tell: it may have left.
        Ok(self.write_stock(wanted, Rows::All).await?)
    }

    /// At the end of the work, whatever it was: what the order means now is
    /// written, and the items are named to whoever publishes them.
    pub(super) async fn settle_stock(&mut self) -> Result<(), LedgerError> {
        let confirming = confirms(&self.held.record);
        if let Some(mut wanted) = self.stock_effects(confirming).await? {
            if confirming && !self.is_booked_as_read() {
                keep_what_may_be_there(&mut wanted, &self.held.record.stock);
            }
            let rows = if self.unsure { Rows::All } else { Rows::News };
            self.write_stock(wanted, rows).await?;
        } else if self.gone && !self.held.record.stock.is_empty() {
            self.write_stock(of_nothing(&self.held.record, confirming), Rows::All).await?;
        }
        let record = &mut self.held.record;
        if self.document_before != (record.document, record.released) {
            // The ERP's own figure has moved as well.
            let moved = record.stock.values().flat_map(LineEffect::rows);
            record.stock_unsaid.extend(moved.map(|row| row.sku.clone()));
        }
        self.say_stock().await
    }

    /// Whether the sales order certainly has the content that was read.
    fn is_booked_as_read(&self) -> bool {
        let record = &self.held.record;
        let booked = record.booked_version.as_ref().map(|version| &version.content);
        let read = self.stock_read.as_ref().map(|read| read.order.version().content);
        record.document == DocumentAxis::InErp && record.unfinished.is_none() && booked == read.as_ref()
    }

    /// `None` where the store's stock is not ours, or the order was not read.
    async fn stock_effects(&mut self, confirming: bool) -> Result<Option<StockEffects>, LedgerError> {
        let Some(read) = self.stock_read.as_mut() else { return Ok(None) };
        let Some(longest_request) = read.config.stock.as_ref().map(StockConfig::longest_request) else {
            return Ok(None);
        };
        let record = &self.held.record;
        if read.items.is_none() {
            let keys = resolve::item_keys(&read.order, &record.first_skus);
            let mappings = self.push.mappings.mappings(&read.config.store, &keys).await?;
            let resolver =
                Resolver { config: &read.config, mappings: &mappings, first_skus: &record.first_skus };
            read.items = Some(resolver.items(&read.order));
        }
        let items = read.items.clone().unwrap_or_default();
        let (order, life) = (&read.order, (record.generation, confirming));
        let mut wanted = effects(order, &items, &record.stock, life, read.read_at, longest_request);
        if !counts(order.created_at, read.config.cut_over, record.document) {
            // Rows that it has nevertheless, from before, say so.
            wanted.values_mut().for_each(LineEffect::take_nothing);
        }
        Ok(Some(wanted))
    }

    /// The rows first, then the record that says so: what is lost between the
    /// two is written again.
    async fn write_stock(&mut self, wanted: StockEffects, rows: Rows) -> Result<(), LedgerError> {
        let Some(out) = self.push.stock.clone() else { return Ok(()) };
        let news = self.stock_news(&wanted, rows);
        if news.is_empty() {
            return Ok(());
        }
        match out.store.put_in_flight(&news).await {
            // All the others are written; of this item nobody can publish.
            Ok(()) | Err(LedgerError::TooLong(_)) => {}
            Err(error) => return Err(error),
        }
        let record = &mut self.held.record;
        record.stock_unsaid.extend(news.into_iter().map(|news| news.item.sku));
        record.stock = wanted;
        Ok(())
    }

    fn stock_news(&self, wanted: &StockEffects, rows: Rows) -> Vec<InFlightNews> {
        let Some(stock) = self.stock_config() else { return Vec::new() };
        let record = &self.held.record;
        let (modified_at, placed_at, read_at) = if let Some(read) = &self.stock_read {
            (read.order.modified_at, read.order.created_at, read.read_at)
        } else {
            let now = self.now();
            (deleted_at(record, now), record.first_heard_at, now)
        };
        let is_news = |(line, effect): &(&u64, &LineEffect)| {
            rows == Rows::All || record.stock.get(line) != Some(*effect)
        };
        let news = |line: u64, generation, row: EffectRow<'_>| {
            let EffectRow { sku, reduced: (quantity, told), confirming } = row;
            InFlightNews {
                item: ItemKey { entity: stock.entity.clone(), sku: sku.clone() },
                line: LineKey { order: record.key.clone(), line },
                reduced: Reduction { quantity, told, modified_at, read_at, placed_at },
                confirming: Some(Confirming { quantity: confirming, generation, fence: self.held.fence }),
            }
        };
        let of_line = |(line, effect): (&u64, &LineEffect)| -> Vec<InFlightNews> {
            effect.rows().map(|row| news(*line, effect.generation, row)).collect()
        };
        wanted.iter().filter(is_news).flat_map(of_line).collect()
    }

    fn stock_config(&self) -> Option<StockConfig> {
        let store = &self.held.record.key.store;
        self.push.connections.store(store).ok()?.stock.clone()
    }

    /// Before the record says that it was said: said twice does no harm.
    async fn say_stock(&mut self) -> Result<(), LedgerError> {
        let (Some(out), Some(stock)) = (self.push.stock.clone(), self.stock_config()) else { return Ok(()) };
        let unsaid: Vec<Sku> = self.held.record.stock_unsaid.iter().cloned().collect();
        if unsaid.is_empty() {
            return Ok(());
        }
        let message = |skus: Vec<Sku>| StockMoved {
            v: STOCK_MOVED_VERSION,
            entity: stock.entity.clone(),
            skus,
            refresh: confirms(&self.held.record) || self.document_before.0 != DocumentAxis::None,
            received_at: self.now(),
            cause: StockCause::Order,
            correlation: self.held.record.correlation.clone(),
            hops: 0,
        };
        let messages: Vec<StockMoved> = batches(unsaid).into_iter().map(message).collect();
        out.queue.send(&messages).await.map_err(|QueueError(why)| LedgerError::Unavailable(why))?;
        self.held.record.stock_unsaid.clear();
        Ok(())
    }
}

/// What the sales order had before it may still have: its change is not done,
/// or was refused.
fn keep_what_may_be_there(wanted: &mut StockEffects, before: &StockEffects) {
    for (line, known) in before {
        if let Some(effect) = wanted.get_mut(line) {
            effect.keep_confirming(known);
        }
    }
}

/// L counts from before the ERP is called until the cancellation is proved.
fn confirms(record: &OrderRecord) -> bool {
    let cancelled = record.sales_order().is_some_and(|document| document.state == DocumentState::Cancelled);
    match record.document {
        DocumentAxis::Pushing | DocumentAxis::Closed => true,
        DocumentAxis::InErp => !cancelled,
        DocumentAxis::None | DocumentAxis::Cancelled => false,
    }
}

/// A deletion has no date, and comes after every change, also after those that
/// only a listing has seen: by the shop's clock, which may run before ours.
fn deleted_at(record: &OrderRecord, now: Timestamp) -> Timestamp {
    let Some(seen) = &record.seen else { return record.first_heard_at.max(now) };
    let by_shop = seen.read_at_by_shop.unwrap_or(seen.read_at);
    let ahead = by_shop.duration_since(seen.read_at).max(SignedDuration::ZERO);
    seen.version.modified_at.max(now + ahead + CLOCKS_UNKNOWN)
}

/// How far a shop's clock may be from where a read of ours has put it: the
/// length of the call, and the clocks of two machines of ours.
const CLOCKS_UNKNOWN: SignedDuration = SignedDuration::from_mins(1);

/// The shop deleted the order for good: it holds nothing there any more.
fn of_nothing(record: &OrderRecord, confirming: bool) -> StockEffects {
    let mut effects = record.stock.clone();
    for effect in effects.values_mut() {
        effect.take_nothing();
        if !confirming {
            effect.confirm_nothing();
        }
    }
    effects
}

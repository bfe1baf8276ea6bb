//! What an order means for stock. Its lines become in-flight rows *before* the
//! ERP is called, so that nobody can sell them again in between; the record
//! keeps what was written last, so that only news are written.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rust_decimal::Decimal;

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
use crate::stock::in_flight::{Reduction, StockEffects, Told, effects};
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
            record.stock_unsaid.extend(record.stock.values().map(|effect| effect.sku.clone()));
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
        let Some(read) = self.stock_read.as_mut().filter(|read| read.config.stock.is_some()) else {
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
        let generation = record.generation;
        Ok(Some(effects(&read.order, &items, &record.stock, generation, confirming, read.read_at)))
    }

    /// The rows first, then the record that says so: what is lost between the
    /// two is written again.
    async fn write_stock(&mut self, wanted: StockEffects, rows: Rows) -> Result<(), LedgerError> {
        let Some(out) = self.push.stock.clone() else { return Ok(()) };
        let news = self.stock_news(&wanted, rows);
        if news.is_empty() {
            return Ok(());
        }
        out.store.put_in_flight(&news).await?;
        let record = &mut self.held.record;
        record.stock_unsaid.extend(news.into_iter().map(|news| news.item.sku));
        record.stock = wanted;
        Ok(())
    }

    fn stock_news(&self, wanted: &StockEffects, rows: Rows) -> Vec<InFlightNews> {
        let Some(stock) = self.stock_config() else { return Vec::new() };
        let record = &self.held.record;
        let (modified_at, placed_at, read_at) = match &self.stock_read {
            Some(read) => (read.order.modified_at, read.order.created_at, read.read_at),
            None => {
                let seen =
                    record.seen.as_ref().map_or(record.first_heard_at, |seen| seen.version.modified_at);
                // A deletion has no date, and comes after every change.
                (seen.max(self.now()), record.first_heard_at, self.now())
            }
        };
        let is_news = |(line, effect): &(&u64, &crate::stock::LineEffect)| {
            rows == Rows::All || record.stock.get(line) != Some(*effect)
        };
        let news = |(line, effect): (&u64, &crate::stock::LineEffect)| InFlightNews {
            item: ItemKey { entity: stock.entity.clone(), sku: effect.sku.clone() },
            line: LineKey { order: record.key.clone(), line: *line },
            reduced: Reduction {
                quantity: effect.reduced,
                told: effect.told,
                modified_at,
                read_at,
                placed_at,
            },
            confirming: Some(Confirming {
                quantity: effect.confirming,
                generation: effect.generation,
                fence: self.held.fence,
            }),
        };
        wanted.iter().filter(is_news).map(news).collect()
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
            effect.confirming = effect.confirming.max(known.confirming);
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

/// The shop deleted the order for good: it holds nothing there any more.
fn of_nothing(record: &OrderRecord, confirming: bool) -> StockEffects {
    let mut effects = record.stock.clone();
    for effect in effects.values_mut() {
        (effect.reduced, effect.told) = (Decimal::ZERO, Told::Said);
        if !confirming {
            effect.confirming = Decimal::ZERO;
        }
    }
    effects
}

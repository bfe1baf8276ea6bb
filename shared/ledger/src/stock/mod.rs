//! The `stock` table: positions, in-flight lines and publications, one
//! partition per item, and the watermarks of stores.

mod documents;
mod items;
mod lines;
mod stale;
mod write_off;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use jiff::Timestamp;
use weir_domain::id::{ItemKey, StoreId};
use weir_domain::ports::{InFlightNews, ItemState, LedgerError, StockStore};
use weir_domain::stock::sales::Watermark;
use weir_domain::stock::{InFlight, Position, Publication};

use crate::key::item;
use crate::rows::Rows;
use crate::table::{Service, Table};

/// Requests of one call that are under way at once, where it needs many.
const AT_ONCE: usize = 16;

/// The `stock` table. It implements [`StockStore`] and
/// [`WriteOffs`](weir_domain::ports::WriteOffs).
///
/// A SKU of more than 900 bytes fits into no key: nothing is known of it, and
/// writing about it is [`LedgerError::TooLong`], whatever else is written with
/// it. Nothing is published of it either.
#[derive(Debug, Clone)]
pub struct DynamoStock {
    rows: Rows,
}

impl DynamoStock {
    /// The stock in `table`. The client's retries are the only ones towards
    /// the table: throttling is waited for there.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self::over(Arc::new(Service(client)), table)
    }

    /// The stock in the table of this `name` behind another door.
    pub fn over(table: Arc<dyn Table>, name: impl Into<String>) -> Self {
        Self { rows: Rows { table, name: name.into() } }
    }
}

#[async_trait]
impl StockStore for DynamoStock {
    async fn items(&self, items: &[ItemKey]) -> Result<Vec<ItemState>, LedgerError> {
        self.query_items(items).await
    }

    async fn positions(&self, items: &[ItemKey]) -> Result<BTreeMap<ItemKey, Position>, LedgerError> {
        self.get_positions(items).await
    }

    async fn put_position(&self, position: &Position) -> Result<bool, LedgerError> {
        self.write_position(position).await
    }

    async fn put_in_flight(&self, news: &[InFlightNews]) -> Result<(), LedgerError> {
        self.write_news(news).await
    }

    async fn remove_in_flight(&self, line: &InFlight) -> Result<(), LedgerError> {
        self.delete_line(line).await
    }

    async fn put_publication(
        &self,
        item: &ItemKey,
        store: &StoreId,
        publication: &Publication,
    ) -> Result<bool, LedgerError> {
        self.write_publication(item, store, publication).await
    }

    async fn stale(
        &self,
        store: &StoreId,
        after: Option<&(ItemKey, Timestamp)>,
        limit: usize,
    ) -> Result<Vec<(ItemKey, Timestamp)>, LedgerError> {
        self.query_stale(store, after, limit).await
    }

    async fn watermark(&self, store: &StoreId) -> Result<Option<Watermark>, LedgerError> {
        self.get_watermark(store).await
    }

    async fn put_watermark(&self, store: &StoreId, watermark: &Watermark) -> Result<bool, LedgerError> {
        self.write_watermark(store, watermark).await
    }
}

/// The partition of an item that is written.
fn partition(key: &ItemKey) -> Result<String, LedgerError> {
    item(key).ok_or_else(|| LedgerError::TooLong("the SKU".to_owned()))
}

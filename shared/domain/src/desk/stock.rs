//! What an order takes from stock, and writing that off.

use rust_decimal::Decimal;
use serde::Serialize;

use super::{By, Desk, DeskError};
use crate::id::{ItemKey, LineKey, Sku};
use crate::record::OrderRecord;
use crate::stock::message::{STOCK_MOVED_VERSION, StockCause, StockMoved, batches};

/// Units that an order takes from what its store, or others, may sell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StockTaken {
    /// The shop's line.
    pub line: u64,
    /// The item.
    pub sku: Sku,
    /// What the shop took off its own stock.
    pub by_shop: Decimal,
    /// What our ledger has confirmed, or is confirming, in the ERP.
    pub by_erp: Decimal,
}

/// What an order takes, line by line; empty where it takes nothing.
pub fn stock_taken(record: &OrderRecord) -> Vec<StockTaken> {
    let taken = |(line, effect): (&u64, &crate::stock::LineEffect)| StockTaken {
        line: *line,
        sku: effect.sku.clone(),
        by_shop: effect.reduced,
        by_erp: effect.confirming,
    };
    let any = |it: &StockTaken| it.by_shop > Decimal::ZERO || it.by_erp > Decimal::ZERO;
    record.stock.iter().map(taken).filter(any).collect()
}

impl Desk {
    /// Row by row, then whoever publishes is told: a second time does no harm.
    pub(super) async fn write_off(&self, record: &OrderRecord, by: &By) -> Result<String, DeskError> {
        let store = self.connections.store(&record.key.store);
        let store = store.map_err(|error| DeskError::NotPossible(error.to_string()))?;
        let (Some(stock), Some(seen)) = (&store.stock, &record.seen) else {
            return Err(DeskError::NotPossible("its store's stock is not kept by Weir".to_owned()));
        };
        let (entity, as_of) = (stock.entity.clone(), seen.version.modified_at);
        let mut skus = Vec::new();
        for taken in stock_taken(record).into_iter().filter(|taken| taken.by_shop > Decimal::ZERO) {
            let item = ItemKey { entity: entity.clone(), sku: taken.sku };
            let line = LineKey { order: record.key.clone(), line: taken.line };
            if self.stock.write_off(&item, &line, as_of).await? {
                skus.push(item.sku);
            }
        }
        if skus.is_empty() {
            return Err(DeskError::NotPossible("it takes nothing from stock".to_owned()));
        }
        let what =
            format!("{} of its items are for sale again, until the shop changes the order.", skus.len());
        let message = |skus: Vec<Sku>| StockMoved {
            v: STOCK_MOVED_VERSION,
            entity: entity.clone(),
            skus,
            refresh: false,
            received_at: self.clock.now(),
            cause: StockCause::Order,
            correlation: by.correlation.clone(),
            hops: 0,
        };
        let messages: Vec<StockMoved> = batches(skus).into_iter().map(message).collect();
        // Its rows are written; should nobody be told now, the nightly pass
        // publishes it.
        let _ = self.stock_queue.send(&messages).await;
        Ok(what)
    }
}

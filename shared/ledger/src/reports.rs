//! What the nights found: one document each, the last word of a night counts.

use async_trait::async_trait;
use weir_domain::id::StoreId;
use weir_domain::ports::{LedgerError, Reports};
use weir_domain::reconcile::Report;

use crate::DynamoLedger;
use crate::item::{fitting, stored};
use crate::key::{primary, reports, sort};

/// The longest answer.
const LONGEST_ANSWER: usize = 50;

#[async_trait]
impl Reports for DynamoLedger {
    async fn put_report(&self, report: &Report) -> Result<(), LedgerError> {
        let night = sort(&report.night).ok_or_else(|| LedgerError::TooLong("a night's name".to_owned()))?;
        let mut item = primary(reports(&report.store), night);
        item.insert("report".to_owned(), fitting("a report", report)?);
        self.rows.put(item).await
    }

    async fn reports(&self, store: &StoreId, limit: usize) -> Result<Vec<Report>, LedgerError> {
        let items = self.rows.newest(reports(store), limit.min(LONGEST_ANSWER)).await?;
        items.iter().map(|item| stored(item, "report")).collect()
    }
}

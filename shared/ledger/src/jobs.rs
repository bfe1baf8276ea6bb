//! Work that people began, replaced by version.

use async_trait::async_trait;
use weir_domain::id::StoreId;
use weir_domain::job::Job;
use weir_domain::ports::{Jobs, LedgerError};

use crate::DynamoLedger;
use crate::error::contended;
use crate::item::{fitting, n, stored};
use crate::key::{jobs, primary, sort};
use crate::rows::Attempt;

/// The longest answer.
const LONGEST_ANSWER: usize = 50;

#[async_trait]
impl Jobs for DynamoLedger {
    async fn jobs(&self, store: &StoreId, limit: usize) -> Result<Vec<Job>, LedgerError> {
        let items = self.rows.newest(jobs(store), limit.min(LONGEST_ANSWER)).await?;
        items.iter().map(|item| stored(item, "job")).collect()
    }

    async fn put_job(&self, job: &Job) -> Result<bool, LedgerError> {
        // Versions count from 1: 0 follows nothing.
        let Some(before) = job.version.checked_sub(1) else { return Ok(false) };
        let id = sort(&job.id).ok_or_else(|| LedgerError::TooLong("a job's id".to_owned()))?;
        let mut item = primary(jobs(&job.store), id);
        item.insert("job".to_owned(), fitting("a job", job)?);
        item.insert("version".to_owned(), n(job.version));
        match self.rows.put_after(before, item.clone()).await? {
            Attempt::Done(_) => Ok(true),
            // The same again: an answer was lost, and it was sent twice.
            Attempt::Refused(stored) => Ok(stored == item),
            Attempt::Conflict => Err(contended()),
        }
    }
}

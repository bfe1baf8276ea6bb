//! Work that people began, replaced by version.
//!
//! A running job is in the index `open`, too, as `<store>#job#0` with its id:
//! it is found by that however many newer jobs there are.

use async_trait::async_trait;
use weir_domain::id::StoreId;
use weir_domain::job::{Job, JobState};
use weir_domain::ports::{Jobs, LedgerError};

use crate::DynamoLedger;
use crate::error::contended;
use crate::item::{fitting, n, s, stored, text};
use crate::key::{jobs, primary, sort};
use crate::open::{INDEX, partition};
use crate::rows::Attempt;

/// The longest answer.
const LONGEST_ANSWER: usize = 50;

#[async_trait]
impl Jobs for DynamoLedger {
    async fn jobs(&self, store: &StoreId, limit: usize) -> Result<Vec<Job>, LedgerError> {
        let items = self.rows.newest(jobs(store), limit.min(LONGEST_ANSWER)).await?;
        items.iter().map(|item| stored(item, "job")).collect()
    }

    async fn running(&self, store: &StoreId) -> Result<Vec<Job>, LedgerError> {
        let query = self
            .rows
            .query("#open_pk = :pk")
            .index_name(INDEX)
            .expression_attribute_values(":pk", s(marker(store)))
            .limit(i32::try_from(LONGEST_ANSWER).unwrap_or(i32::MAX));
        let marked = self.rows.find(query, LONGEST_ANSWER).await?;
        let ids = marked.iter().filter_map(|item| text(item, "open_sk"));
        let keys = ids.map(|id| primary(jobs(store), id)).collect();
        let items = self.rows.get_many(keys, None, true).await?;
        let found: Result<Vec<Job>, _> = items.iter().map(|item| stored(item, "job")).collect();
        let mut found = found?;
        // The index may tell of a job that has just ended.
        found.retain(|job| job.state == JobState::Running);
        found.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(found)
    }

    async fn put_job(&self, job: &Job) -> Result<bool, LedgerError> {
        // Versions count from 1: 0 follows nothing.
        let Some(before) = job.version.checked_sub(1) else { return Ok(false) };
        let id = sort(&job.id).ok_or_else(|| LedgerError::TooLong("a job's id".to_owned()))?;
        let mut item = primary(jobs(&job.store), id);
        item.insert("job".to_owned(), fitting("a job", job)?);
        item.insert("version".to_owned(), n(job.version));
        if job.state == JobState::Running {
            item.insert("open_pk".to_owned(), s(marker(&job.store)));
            item.insert("open_sk".to_owned(), s(id));
        }
        match self.rows.put_after(before, item.clone()).await? {
            Attempt::Done(_) => Ok(true),
            // The same again: an answer was lost, and it was sent twice.
            Attempt::Refused(stored) => Ok(stored == item),
            Attempt::Conflict => Err(contended()),
        }
    }
}

/// Where the running jobs of a store are in the index. People run a handful:
/// one shard.
fn marker(store: &StoreId) -> String {
    partition(store, "job", 0)
}

//! Releases: every order of one group of exceptions is tried again, at a pace,
//! in the name of whoever began it.
//!
//! Nothing is remembered of where it is: an order that goes on leaves its
//! group, and one that fails again comes back as a newer exception than the
//! job. One that a worker has at this moment is in no group, and comes back
//! into its own: a job is done when none was left for longer than that takes.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::backfill::{Carried, NEWEST_JOBS};
use crate::desk::{Action, By, Desk, DeskError};
use crate::id::{OrderKey, StoreId};
use crate::job::{Job, JobKind, JobState};
use crate::outcome::CallError;
use crate::ports::{Clock, Jobs, LedgerError, OpenOrder, OpenOrders, OpenState};
use crate::record::OrderRecord;

/// Rows of the index on one page: the most it gives.
const PAGE: usize = 1_000;
/// Records read at once.
const RECORDS: usize = 100;
/// Longer than a worker's claim holds.
const QUIET: SignedDuration = SignedDuration::from_mins(3);

/// The outside of the use case.
#[derive(Clone)]
pub struct Releases {
    /// What people began.
    pub jobs: Arc<dyn Jobs>,
    /// The groups of exceptions.
    pub open: Arc<dyn OpenOrders>,
    /// By which an order goes on.
    pub desk: Desk,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// A minute's part of the work.
pub struct ReleaseRun<'a> {
    /// The store.
    pub store: &'a StoreId,
    /// Unique to this run.
    pub owner: &'a str,
    /// No order is begun after this: 80 % of the function's time.
    pub until: Timestamp,
}

/// Why a job did not get on; the next minute goes on with it.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The jobs or the orders could not be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A shop or an ERP was asked and did not answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// A job's group.
struct Group<'a> {
    code: &'a str,
    subject: &'a str,
    /// What became an exception later is not in it.
    until: Timestamp,
}

impl Releases {
    /// Carries every running release of a store on.
    pub async fn tick(&self, run: &ReleaseRun<'_>) -> Result<Carried, ReleaseError> {
        let mut carried = Carried::default();
        for mut job in self.jobs.jobs(run.store, NEWEST_JOBS).await? {
            let JobKind::Release { code, subject } = job.what.clone() else { continue };
            if job.state != JobState::Running || self.clock.now() >= run.until {
                continue;
            }
            carried.jobs += 1;
            let group = Group { code: &code, subject: &subject, until: job.begun_at };
            let released = self.release(run, &job, &group).await;
            // What was done counts, whatever came then.
            let (sent, rest) =
                released.map_or_else(|(sent, error)| (sent, Err(error)), |it| (it.0, Ok(it.1)));
            carried.sent += sent;
            let is_quiet = sent == 0 && rest.as_ref().is_ok_and(|is_left| !is_left);
            carried.done += usize::from(self.note(&mut job, sent, is_quiet).await?);
            rest?;
        }
        Ok(carried)
    }

    /// Writes down how far a job came, and whether that is its end. The cursor
    /// is when there was something to do last.
    async fn note(&self, job: &mut Job, sent: u64, is_quiet: bool) -> Result<bool, LedgerError> {
        let now = self.clock.now();
        let busy_at = job.cursor.as_deref().and_then(|cursor| cursor.parse().ok()).unwrap_or(job.begun_at);
        let is_done = is_quiet && busy_at + QUIET <= now;
        if is_quiet && !is_done {
            return Ok(false);
        }
        job.looked_at += sent;
        job.sent += sent;
        job.version += 1;
        if is_done {
            job.state = JobState::Done;
            job.ended_at = Some(now);
        } else {
            job.cursor = Some(now.to_string());
        }
        // `false`: somebody stopped it meanwhile, and their word stands.
        Ok(self.jobs.put_job(job).await? && is_done)
    }

    /// How many orders went on, and whether some are left.
    async fn release(
        &self,
        run: &ReleaseRun<'_>,
        job: &Job,
        group: &Group<'_>,
    ) -> Result<(u64, bool), (u64, ReleaseError)> {
        let mut sent = 0;
        let mut is_left = false;
        for state in [OpenState::Exception, OpenState::Due] {
            let mut last: Option<OpenOrder> = None;
            loop {
                let page = self.open.open(run.store, state, last.as_ref(), PAGE).await;
                let page = page.map_err(|error| (sent, error.into()))?;
                let named: Vec<OrderKey> =
                    page.iter().filter(|order| group.names(order)).map(|order| order.key.clone()).collect();
                for keys in named.chunks(RECORDS) {
                    let records = self.open.records(keys).await.map_err(|error| (sent, error.into()))?;
                    for record in records.iter().filter(|record| group.has(record)) {
                        if sent >= u64::from(job.per_minute) || self.clock.now() >= run.until {
                            return Ok((sent, true));
                        }
                        if self.retry(run, job, &record.key).await.map_err(|error| (sent, error))? {
                            sent += 1;
                        } else {
                            is_left = true;
                        }
                    }
                }
                if page.len() < PAGE {
                    break;
                }
                last = page.into_iter().next_back();
            }
        }
        Ok((sent, is_left))
    }

    /// `false`: a worker has it at this moment.
    async fn retry(&self, run: &ReleaseRun<'_>, job: &Job, key: &OrderKey) -> Result<bool, ReleaseError> {
        let correlation = format!("{}-{}", run.owner, key.order);
        let by = By { who: job.begun_by.clone(), why: job.why.clone(), correlation };
        match self.desk.act(key, &Action::Retry, &by).await {
            // Not possible: it went on by itself since it was listed.
            Ok(_) | Err(DeskError::NotPossible(_) | DeskError::Unknown) => Ok(true),
            Err(DeskError::Busy) => Ok(false),
            Err(DeskError::Ledger(error)) => Err(error.into()),
            Err(DeskError::Call(error)) => Err(error.into()),
        }
    }
}

impl Group<'_> {
    fn names(&self, order: &OpenOrder) -> bool {
        order.code.as_deref() == Some(self.code) && order.subject.as_deref() == Some(self.subject)
    }

    /// Whether it is in the group still; one that a person accepted as it is
    /// stays as it is.
    fn has(&self, record: &OrderRecord) -> bool {
        record.exception().is_some_and(|it| {
            it.code == self.code
                && it.subject == self.subject
                && it.since <= self.until
                && it.accepted.is_none()
        })
    }
}

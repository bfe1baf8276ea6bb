//! Releases: every order of one group of exceptions is tried again, at a pace,
//! in the name of whoever began it.
//!
//! The open work is passed through a few pages a minute, from its beginning to
//! its end and again. An order that goes on leaves its group, and one that
//! fails again comes back as a newer exception than the job. One that a worker
//! has at this moment is in no group, and comes back into its own: a job is
//! done after a pass in which none was left, begun when none had been for
//! longer than that takes.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::backfill::Carried;
use crate::desk::{Action, By, Desk, DeskError};
use crate::id::{OrderId, OrderKey, StoreId};
use crate::job::{Job, JobKind, JobState};
use crate::outcome::CallError;
use crate::ports::{Clock, Jobs, LedgerError, OpenOrder, OpenOrders, OpenState};
use crate::record::OrderRecord;

/// Rows of the index on one page: the most it gives.
const PAGE: usize = 1_000;
/// Records read at once.
const RECORDS: usize = 100;
/// Pages that a job reads in one minute, at most.
const PAGES: u32 = 5;
/// Longer than a worker's claim holds, which is more than seven minutes.
const QUIET: SignedDuration = SignedDuration::from_mins(10);

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
    /// No page and no order is begun after this: 80 % of the function's time.
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
    /// Carries every running release of a store on. One that fails does not
    /// keep the others waiting: the first failure is the answer in the end.
    pub async fn tick(&self, run: &ReleaseRun<'_>) -> Result<Carried, ReleaseError> {
        let mut carried = Carried::default();
        let mut failed = None;
        for mut job in self.jobs.running(run.store).await? {
            let JobKind::Release { code, subject } = job.what.clone() else { continue };
            if job.state != JobState::Running || self.clock.now() >= run.until {
                continue;
            }
            carried.jobs += 1;
            let group = Group { code: &code, subject: &subject, until: job.begun_at };
            let mut turn = Turn { at: Position::read(&job), sent: 0, is_left: false, ended: None };
            let released = self.release(run, &job, &group, &mut turn).await;
            // What was done counts, whatever came then.
            carried.sent += turn.sent;
            let noted = self.note(&mut job, turn).await;
            carried.done += usize::from(matches!(noted, Ok(true)));
            if let Err(error) = released.and(noted.map_err(ReleaseError::from)) {
                failed.get_or_insert(error);
            }
        }
        failed.map_or(Ok(carried), Err)
    }

    /// Writes down how far a job came, and whether that is its end.
    async fn note(&self, job: &mut Job, turn: Turn) -> Result<bool, LedgerError> {
        let now = self.clock.now();
        let Turn { mut at, sent, is_left, ended } = turn;
        if sent > 0 || is_left {
            at.busy_at = now;
        }
        let is_done = ended.is_some_and(|begun_at| at.busy_at + QUIET <= begun_at);
        if !is_done && at == Position::read(job) {
            return Ok(false);
        }
        job.looked_at += sent;
        job.sent += sent;
        job.version += 1;
        job.cursor = Some(at.cursor());
        if is_done {
            job.state = JobState::Done;
            job.ended_at = Some(now);
        }
        // `false`: somebody stopped it meanwhile, and their word stands.
        Ok(self.jobs.put_job(job).await? && is_done)
    }

    /// A few pages of the pass, or what is left of it.
    async fn release(
        &self,
        run: &ReleaseRun<'_>,
        job: &Job,
        group: &Group<'_>,
        turn: &mut Turn,
    ) -> Result<(), ReleaseError> {
        let begun_at = self.clock.now();
        for _ in 0..PAGES {
            if self.clock.now() >= run.until {
                return Ok(());
            }
            let pass = turn.at.pass.clone().unwrap_or_else(|| Pass::new(begun_at));
            let page = self.open.open(run.store, pass.state(), pass.last(run.store).as_ref(), PAGE).await?;
            let named: Vec<OrderKey> =
                page.iter().filter(|order| group.names(order)).map(|order| order.key.clone()).collect();
            for keys in named.chunks(RECORDS) {
                for record in self.open.records(keys).await?.iter().filter(|record| group.has(record)) {
                    // The page is read again: what goes on is not in it then.
                    if turn.sent >= u64::from(job.per_minute) || self.clock.now() >= run.until {
                        turn.is_left = true;
                        return Ok(());
                    }
                    if self.retry(run, job, &record.key).await? {
                        turn.sent += 1;
                    } else {
                        turn.is_left = true;
                    }
                }
            }
            turn.at.pass = pass.clone().next(&page);
            if turn.at.pass.is_none() {
                turn.ended = Some(pass.begun_at);
                return Ok(());
            }
        }
        Ok(())
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

/// Where a job is; its cursor is its JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// When there was something to do last.
    busy_at: Timestamp,
    /// The pass that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pass: Option<Pass>,
}

/// One pass through the open work: first what is in an exception, then what
/// waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pass {
    begun_at: Timestamp,
    waiting: bool,
    /// It goes on after this order.
    after: Option<(Timestamp, OrderId)>,
}

/// What a minute did of a job.
struct Turn {
    at: Position,
    sent: u64,
    /// Something was to be done that could not be done now.
    is_left: bool,
    /// When the pass that ended now was begun.
    ended: Option<Timestamp>,
}

impl Position {
    /// A cursor that cannot be read begins anew: what went on is not met again.
    fn read(job: &Job) -> Self {
        let first = || Self { busy_at: job.begun_at, pass: None };
        job.cursor.as_deref().and_then(|cursor| serde_json::from_str(cursor).ok()).unwrap_or_else(first)
    }

    fn cursor(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Pass {
    fn new(begun_at: Timestamp) -> Self {
        Self { begun_at, waiting: false, after: None }
    }

    fn state(&self) -> OpenState {
        if self.waiting { OpenState::Due } else { OpenState::Exception }
    }

    /// The order it goes on after, as far as the index asks for it.
    fn last(&self, store: &StoreId) -> Option<OpenOrder> {
        let (at, order) = self.after?;
        let key = OrderKey { store: store.clone(), order };
        Some(OpenOrder { key, at, peer: None, code: None, subject: None })
    }

    /// After a page; `None` at the end.
    fn next(self, page: &[OpenOrder]) -> Option<Self> {
        match page.last() {
            Some(last) if page.len() >= PAGE => Some(Self { after: Some((last.at, last.key.order)), ..self }),
            _ => (!self.waiting).then_some(Self { waiting: true, after: None, ..self }),
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

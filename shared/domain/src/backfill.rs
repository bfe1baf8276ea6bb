//! Backfills: every order placed, or changed, in a span of time is looked at
//! again, at a pace, until a person stops it or it is done.
//!
//! The date on which orders were placed never moves. The date of their last
//! change does, out of the span: such a change has a delivery of its own. A
//! hint for each page is in the queue before the job's cursor says so: a crash
//! in between looks at that page twice, which is harmless.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::hint::{Cause, Hint};
use crate::id::{OrderId, OrderKey, StoreId};
use crate::job::{BackfillBy, Job, JobKind, JobState};
use crate::outcome::CallError;
use crate::ports::{
    Clock, Jobs, LedgerError, OrderQueue, OrderStub, Placed, QueueError, Shop, ShopError, ShopHistory,
};

/// Orders on a full page of the shop's listing.
const PAGE: usize = 100;
const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// The outside of the use case.
#[derive(Clone)]
pub struct Backfills {
    /// What people, and the webhook guardian, began.
    pub jobs: Arc<dyn Jobs>,
    /// Where hints go.
    pub queue: Arc<dyn OrderQueue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// A minute's part of the work.
pub struct BackfillRun<'a> {
    /// The store.
    pub store: &'a StoreId,
    /// Its history, by when orders were placed …
    pub history: &'a dyn ShopHistory,
    /// … and by when they changed.
    pub shop: &'a dyn Shop,
    /// Unique to this run.
    pub owner: &'a str,
    /// No page is begun after this: 80 % of the function's time.
    pub until: Timestamp,
}

/// What a minute did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Carried {
    /// Jobs that were running.
    pub jobs: usize,
    /// Orders sent on.
    pub sent: u64,
    /// Jobs that came to their end.
    pub done: usize,
}

/// Why a job did not get on; its cursor says how far it came.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    /// The jobs could not be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The queue did not take the hints.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The shop could not be listed.
    #[error(transparent)]
    Shop(#[from] CallError),
}

impl Backfills {
    /// Carries every running backfill of a store on. One that fails does not
    /// keep the others waiting: the first failure is the answer in the end.
    pub async fn tick(&self, run: &BackfillRun<'_>) -> Result<Carried, BackfillError> {
        let mut carried = Carried::default();
        let mut failed = None;
        for job in self.jobs.running(run.store).await? {
            let JobKind::Backfill { from, until, by } = job.what else { continue };
            if job.state != JobState::Running || self.clock.now() >= run.until {
                continue;
            }
            carried.jobs += 1;
            let span = Span { from, until, by };
            if let Err(error) = self.carry(run, job, &span, &mut carried).await {
                failed.get_or_insert(error);
            }
        }
        failed.map_or(Ok(carried), Err)
    }

    async fn carry(
        &self,
        run: &BackfillRun<'_>,
        mut job: Job,
        span: &Span,
        carried: &mut Carried,
    ) -> Result<(), BackfillError> {
        let mut position = Position::read(job.cursor.as_deref(), span.from);
        let mut left = job.per_minute as usize;
        while left > 0 && self.clock.now() < run.until {
            let listing = run.listing(span.by, position.after, position.page).await?;
            let turn = position.turn(&listing, span.until, left);
            self.send(run, &turn.orders).await?;
            let sent = turn.orders.len();
            left -= sent;
            position = turn.next;
            job.looked_at += sent as u64;
            job.sent += sent as u64;
            job.cursor = Some(position.cursor());
            if turn.is_last {
                job.state = JobState::Done;
                job.ended_at = Some(self.clock.now());
            }
            job.version += 1;
            carried.sent += sent as u64;
            // Somebody stopped it, or another run carries it: the next tick
            // reads what they wrote.
            if !self.jobs.put_job(&job).await? {
                return Ok(());
            }
            if turn.is_last {
                carried.done += 1;
                return Ok(());
            }
        }
        Ok(())
    }

    /// All of them, seen before or not: a backfill is begun where what was
    /// seen is doubted.
    async fn send(&self, run: &BackfillRun<'_>, orders: &[OrderId]) -> Result<(), QueueError> {
        let now = self.clock.now();
        let hint = |order: &OrderId| {
            let key = OrderKey { store: run.store.clone(), order: *order };
            Hint::of(&key, Cause::Sweep, now, run.owner)
        };
        self.queue.send(&orders.iter().map(hint).collect::<Vec<_>>()).await
    }
}

/// What a job looks through.
struct Span {
    from: Timestamp,
    until: Timestamp,
    by: BackfillBy,
}

/// An order of the listing.
struct Found {
    id: OrderId,
    /// When it was placed, or changed.
    at: Timestamp,
}

impl BackfillRun<'_> {
    async fn listing(&self, by: BackfillBy, after: Timestamp, page: u32) -> Result<Vec<Found>, CallError> {
        match by {
            BackfillBy::Placed => {
                let placed = self.history.ids_placed_after(after, page).await?;
                Ok(placed.into_iter().map(Found::from).collect())
            }
            BackfillBy::Changed => match self.shop.changed_after(after, page).await {
                Ok(changed) => Ok(changed.orders.into_iter().map(Found::from).collect()),
                Err(ShopError::Call(error)) => Err(error),
                Err(other) => Err(CallError::unknown(other.to_string())),
            },
        }
    }
}

impl From<Placed> for Found {
    fn from(placed: Placed) -> Self {
        Self { id: placed.id, at: placed.created_at }
    }
}

impl From<OrderStub> for Found {
    fn from(stub: OrderStub) -> Self {
        Self { id: stub.id, at: stub.modified_at }
    }
}

/// Where the walk is; the job's cursor is its JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// The listing is asked for what comes after this: whole seconds.
    after: Timestamp,
    /// More than one only where one second fills pages.
    page: u32,
    /// Orders of that listing that were sent on.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    done: BTreeSet<OrderId>,
}

/// What to do with a page.
struct Turn {
    orders: Vec<OrderId>,
    next: Position,
    is_last: bool,
}

impl Position {
    /// A cursor that cannot be read begins anew: orders are then looked at
    /// twice, never missed.
    fn read(cursor: Option<&str>, from: Timestamp) -> Self {
        let first = || Self { after: before(from), page: 1, done: BTreeSet::new() };
        cursor.and_then(|cursor| serde_json::from_str(cursor).ok()).unwrap_or_else(first)
    }

    fn cursor(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Takes at most `most` orders of a page that were not sent on.
    fn turn(&self, listing: &[Found], until: Timestamp, most: usize) -> Turn {
        let inside = || listing.iter().filter(|found| found.at < until);
        let fresh: Vec<OrderId> =
            inside().map(|found| found.id).filter(|id| !self.done.contains(id)).collect();
        let orders: Vec<OrderId> = fresh.iter().copied().take(most).collect();
        if orders.len() < fresh.len() {
            let done = self.done.iter().chain(&orders).copied().collect();
            return Turn { orders, next: Self { done, ..self.clone() }, is_last: false };
        }
        let is_last = listing.len() < PAGE || inside().count() < listing.len();
        Turn { orders, next: self.step(listing), is_last }
    }

    /// Goes on after a page. Orders are listed by whole seconds and `after` is
    /// exclusive, so the last second of a page is listed again; only a page
    /// within one second is paged.
    fn step(&self, listing: &[Found]) -> Self {
        let last = listing.iter().map(|found| found.at).max().unwrap_or(self.after);
        let after = before(last);
        if after > self.after {
            let again = listing.iter().filter(|found| found.at > after);
            return Self { after, page: 1, done: again.map(|found| found.id).collect() };
        }
        let done = self.done.iter().copied().chain(listing.iter().map(|found| found.id)).collect();
        Self { after: self.after, page: self.page + 1, done }
    }
}

/// The second before the one of an instant.
fn before(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at) - SECOND
}

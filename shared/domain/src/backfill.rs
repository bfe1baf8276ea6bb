//! Backfills: every order placed in a span of time is looked at again, at a
//! pace, until a person stops it or it is done.
//!
//! The walk goes by the date on which orders were placed, which never moves. A
//! hint for each page is in the queue before the job's cursor says so: a crash
//! in between looks at that page twice, which is harmless.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::hint::{Cause, Hint};
use crate::id::{OrderId, OrderKey, StoreId};
use crate::job::{Job, JobKind, JobState};
use crate::outcome::CallError;
use crate::ports::{Clock, Jobs, LedgerError, Listed, OrderQueue, QueueError, ShopHistory};

/// Orders on a full page of the shop's listing.
const PAGE: usize = 100;
/// Jobs of a store that are looked through for running ones, newest first.
pub(crate) const NEWEST_JOBS: usize = 50;
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
    /// Its history.
    pub shop: &'a dyn ShopHistory,
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
    /// Carries every running backfill of a store on.
    pub async fn tick(&self, run: &BackfillRun<'_>) -> Result<Carried, BackfillError> {
        let mut carried = Carried::default();
        for job in self.jobs.jobs(run.store, NEWEST_JOBS).await? {
            let JobKind::Backfill { from, until } = job.what else { continue };
            if job.state != JobState::Running || self.clock.now() >= run.until {
                continue;
            }
            carried.jobs += 1;
            self.carry(run, job, from, until, &mut carried).await?;
        }
        Ok(carried)
    }

    async fn carry(
        &self,
        run: &BackfillRun<'_>,
        mut job: Job,
        from: Timestamp,
        until: Timestamp,
        carried: &mut Carried,
    ) -> Result<(), BackfillError> {
        let mut position = Position::read(job.cursor.as_deref(), from);
        let mut left = job.per_minute as usize;
        while left > 0 && self.clock.now() < run.until {
            let listing = run.shop.placed_after(position.after, position.page).await?;
            let turn = position.turn(&listing, until, left);
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

/// Where the walk is; the job's cursor is its JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// The listing is asked for what was placed after this: whole seconds.
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
    fn turn(&self, listing: &[Listed], until: Timestamp, most: usize) -> Turn {
        let inside = || listing.iter().filter(|listed| listed.created_at < until);
        let fresh: Vec<OrderId> =
            inside().map(|listed| listed.id).filter(|id| !self.done.contains(id)).collect();
        let orders: Vec<OrderId> = fresh.iter().copied().take(most).collect();
        if orders.len() < fresh.len() {
            let done = self.done.iter().chain(&orders).copied().collect();
            return Turn { orders, next: Self { done, ..self.clone() }, is_last: false };
        }
        let is_last = listing.len() < PAGE || inside().count() < listing.len();
        Turn { orders, next: self.step(listing), is_last }
    }

    /// Goes on after a page. Orders are placed by whole seconds and `after` is
    /// exclusive, so the last second of a page is listed again; only a page
    /// within one second is paged.
    fn step(&self, listing: &[Listed]) -> Self {
        let last = listing.iter().map(|listed| listed.created_at).max().unwrap_or(self.after);
        let after = before(last);
        if after > self.after {
            let again = listing.iter().filter(|listed| listed.created_at > after);
            return Self { after, page: 1, done: again.map(|listed| listed.id).collect() };
        }
        let done = self.done.iter().copied().chain(listing.iter().map(|listed| listed.id)).collect();
        Self { after: self.after, page: self.page + 1, done }
    }
}

/// The second before the one of an instant.
fn before(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at) - SECOND
}

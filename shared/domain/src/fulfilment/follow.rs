//! The schedule of `fulfilment`: the ERP's feed of orders becomes hints, so
//! that what no event told is found; once a night its last day does so again,
//! so that a hint that was lost is found. Each walk holds a lease, moves its
//! cursor after each page's hints are queued, and goes on where the last one
//! stopped.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::hint::{Cause, Hint};
use crate::id::{ErpId, StoreId};
use crate::outcome::CallError;
use crate::ports::{ChangedOrders, Checkpoint, Clock, Erp, LedgerError, OrderQueue, QueueError, Schedules};

/// A cursor of nobody's: the ERP's feed begins a day back
/// ([`Erp::changed_orders`]).
const A_DAY_BACK: &str = "a day back";

/// The outside of the use case.
#[derive(Clone)]
pub struct FollowOrders {
    /// Leases and checkpoints.
    pub schedules: Arc<dyn Schedules>,
    /// Where the hints go.
    pub queue: Arc<dyn OrderQueue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Why a run failed; its checkpoint says how far it came.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The table could not be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The queue did not take the hints.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The ERP could not be read.
    #[error(transparent)]
    Erp(#[from] CallError),
}

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Followed {
    /// Another run had the lease, or it was not time.
    pub skipped: bool,
    /// Pages of the ERP.
    pub pages: usize,
    /// Hints sent.
    pub orders: usize,
    /// The time was over; the next run goes on from the checkpoint.
    pub unfinished: bool,
}

/// One run for one ERP.
pub struct FollowRun<'a> {
    /// Which.
    pub id: &'a ErpId,
    /// The ERP.
    pub erp: &'a dyn Erp,
    /// The stores that are told; orders of others are left out.
    pub stores: &'a [StoreId],
    /// Unique to this run; also the beginning of the hints' correlation ids.
    pub owner: &'a str,
    /// No page is begun after this: 80 % of the function's time.
    pub until: Timestamp,
    /// How long the lease holds: longer than the function's time-out.
    pub lease: SignedDuration,
}

/// How far a night's walk came; the checkpoint's cursor is its JSON.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SweepCursor {
    /// The night it is for, as a date (UTC).
    night: String,
    /// Where the next page begins; `None` before the first.
    next: Option<String>,
    done: bool,
}

impl FollowOrders {
    /// Follows the ERP's feed.
    pub async fn run(&self, run: &FollowRun<'_>) -> Result<Followed, FollowError> {
        let job = format!("orders/changed/{}", run.id);
        let Some(mut checkpoint) = self.begin(&job, run).await? else { return Ok(skipped()) };
        let followed = self.follow(run, &job, &mut checkpoint).await;
        self.schedules.end(&job, checkpoint).await?;
        followed
    }

    async fn follow(
        &self,
        run: &FollowRun<'_>,
        job: &str,
        checkpoint: &mut Checkpoint,
    ) -> Result<Followed, FollowError> {
        let mut followed = Followed::default();
        loop {
            if self.clock.now() >= run.until {
                followed.unfinished = true;
                return Ok(followed);
            }
            let page = self.page(run, checkpoint.cursor.as_deref(), &mut followed).await?;
            self.schedules.advance(job, checkpoint, &page.next).await?;
            if !page.more {
                return Ok(followed);
            }
        }
    }

    /// Says the last day of the ERP's feed again, once a night, from `hour`
    /// (UTC) on. The feed's own cursor has moved past a hint that was lost
    /// after it was queued.
    pub async fn sweep(&self, run: &FollowRun<'_>, hour: i8) -> Result<Followed, FollowError> {
        let job = format!("orders/swept/{}", run.id);
        let Some(mut checkpoint) = self.begin(&job, run).await? else { return Ok(skipped()) };
        let followed = self.say_again(run, hour, &job, &mut checkpoint).await;
        self.schedules.end(&job, checkpoint).await?;
        followed
    }

    async fn say_again(
        &self,
        run: &FollowRun<'_>,
        hour: i8,
        job: &str,
        checkpoint: &mut Checkpoint,
    ) -> Result<Followed, FollowError> {
        let Some(mut cursor) = due(checkpoint.cursor.as_deref(), hour, self.clock.now()) else {
            return Ok(skipped());
        };
        let mut followed = Followed::default();
        loop {
            if self.clock.now() >= run.until {
                followed.unfinished = true;
                return Ok(followed);
            }
            let from = cursor.next.as_deref().unwrap_or(A_DAY_BACK);
            let page = self.page(run, Some(from), &mut followed).await?;
            (cursor.next, cursor.done) = (Some(page.next), !page.more);
            self.schedules.advance(job, checkpoint, &encode(&cursor)).await?;
            if cursor.done {
                return Ok(followed);
            }
        }
    }

    async fn begin(&self, job: &str, run: &FollowRun<'_>) -> Result<Option<Checkpoint>, LedgerError> {
        self.schedules.begin(job, run.owner, self.clock.now(), run.lease).await
    }

    /// One page of the feed, whose hints are in the queue when this returns.
    async fn page(
        &self,
        run: &FollowRun<'_>,
        cursor: Option<&str>,
        followed: &mut Followed,
    ) -> Result<ChangedOrders, FollowError> {
        let page = run.erp.changed_orders(cursor).await?;
        let told = page.orders.iter().filter(|order| run.stores.contains(&order.store));
        let now = self.clock.now();
        let hints: Vec<Hint> = told.map(|order| Hint::of(order, Cause::Erp, now, run.owner)).collect();
        self.queue.send(&hints).await?;
        followed.pages += 1;
        followed.orders += hints.len();
        Ok(page)
    }
}

fn skipped() -> Followed {
    Followed { skipped: true, ..Followed::default() }
}

/// The walk that is due: an unfinished one, or tonight's. A cursor that cannot
/// be read is of no night.
fn due(cursor: Option<&str>, hour: i8, now: Timestamp) -> Option<SweepCursor> {
    let now = TimeZone::UTC.to_datetime(now);
    let tonight = now.date().to_string();
    let known: Option<SweepCursor> = cursor.and_then(|cursor| serde_json::from_str(cursor).ok());
    match known {
        Some(known) if !known.done => Some(known),
        Some(known) if known.night == tonight => None,
        _ if now.hour() < hour => None,
        _ => Some(SweepCursor { night: tonight, next: None, done: false }),
    }
}

fn encode(cursor: &SweepCursor) -> String {
    serde_json::to_string(cursor).unwrap_or_default()
}

//! The schedule of `fulfilment`: the ERP's feed of orders becomes hints, so
//! that what no event told is found. The run holds a lease, moves its cursor
//! after each page's hints are queued, and goes on where the last one stopped.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::hint::{Cause, HINT_VERSION, Hint};
use crate::id::{ErpId, OrderKey, StoreId};
use crate::outcome::CallError;
use crate::ports::{Checkpoint, Clock, Erp, LedgerError, OrderQueue, QueueError, Schedules};

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
    /// Another run had the lease.
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

impl FollowOrders {
    /// Follows the ERP's feed.
    pub async fn run(&self, run: &FollowRun<'_>) -> Result<Followed, FollowError> {
        let job = format!("orders/changed/{}", run.id);
        let begun = self.schedules.begin(&job, run.owner, self.clock.now(), run.lease).await?;
        let Some(mut checkpoint) = begun else {
            return Ok(Followed { skipped: true, ..Followed::default() });
        };
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
            let page = run.erp.changed_orders(checkpoint.cursor.as_deref()).await?;
            let told = page.orders.iter().filter(|order| run.stores.contains(&order.store));
            let hints: Vec<Hint> = told.map(|order| self.hint(order, run.owner)).collect();
            self.queue.send(&hints).await?;
            self.schedules.advance(job, checkpoint, &page.next).await?;
            followed.pages += 1;
            followed.orders += hints.len();
            if !page.more {
                return Ok(followed);
            }
        }
    }

    fn hint(&self, order: &OrderKey, owner: &str) -> Hint {
        Hint {
            v: HINT_VERSION,
            store: order.store.clone(),
            order: order.order,
            received_at: self.clock.now(),
            cause: Cause::Erp,
            correlation: format!("{owner}-{}", order.order),
        }
    }
}

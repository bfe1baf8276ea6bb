//! One tick: every ERP's feed of orders is followed, for the stores that are
//! told of parcels and returns; then its last day is said again where that is
//! due. One ERP's trouble is not another's.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use weir_domain::circuit::Peer;
use weir_domain::fulfilment::follow::{FollowError, FollowOrders, FollowRun, Followed};
use weir_domain::ports::{Connections, Erp, Ledger, LedgerError};
use weir_runtime::config::Configuration;
use weir_runtime::telemetry::Metric;

use crate::feed::{Feed, feeds};

/// Of the time that is left, the part in which pages may still be begun.
const WORKING_PART: (i32, i32) = (4, 5);
/// Longer than the function's time-out of 60 s: a dead run's lease ends by
/// itself, before the next tick.
const LEASE: SignedDuration = SignedDuration::from_secs(70);

/// The outside of a tick.
pub struct Tick {
    /// Which stores are told, and where they book.
    pub configuration: Arc<Configuration>,
    /// The ERPs.
    pub connections: Arc<dyn Connections>,
    /// Whether an ERP can be asked now.
    pub ledger: Arc<dyn Ledger>,
    /// The use case.
    pub follow: FollowOrders,
    /// The hour of the day, UTC, from which a feed's last day may be said
    /// again.
    pub hour: i8,
}

/// A feed whose ERP may be asked.
struct Open<'a> {
    feed: &'a Feed,
    erp: Arc<dyn Erp>,
    /// Unique to this run and ERP.
    owner: String,
}

/// Some duties failed for reasons of ours; each was logged.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {all} duties failed in this tick")]
pub struct Incomplete {
    failed: usize,
    all: usize,
}

/// How a duty ended, for the count of those that failed for reasons of ours.
type Done = bool;

impl Tick {
    /// Follows each feed for its part of the time, and says the last day of
    /// those again that were followed to their end. An ERP that cannot be read
    /// is the ERP's trouble and counted apart.
    pub async fn run(&self, invocation: &str, deadline: Timestamp) -> Result<(), Incomplete> {
        Metric::FollowTick.record();
        let now = self.follow.clock.now();
        let until = now + deadline.duration_since(now) * WORKING_PART.0 / WORKING_PART.1;
        let feeds = feeds(&self.configuration);
        let mut done: Vec<Done> = Vec::new();
        let mut open = Vec::new();
        for feed in &feeds {
            match self.open(feed, invocation).await {
                Ok(found) => open.extend(found),
                Err(error) => {
                    tracing::error!(erp = %feed.erp, %error, "the ERP's circuit cannot be read");
                    done.push(false);
                }
            }
        }
        let mut followed = Vec::new();
        for (before, open_feed) in open.iter().enumerate() {
            let run = Self::run_of(open_feed, self.share(until, open.len() - before));
            let walked = self.follow.run(&run).await;
            // What is new comes first: a day back is for when nothing is left.
            if matches!(walked, Ok(Followed { skipped: false, unfinished: false, .. })) {
                followed.push(open_feed);
            }
            done.push(report("feed", open_feed, walked));
        }
        for (before, open_feed) in followed.iter().enumerate() {
            let run = Self::run_of(open_feed, self.share(until, followed.len() - before));
            done.push(report("night", open_feed, self.follow.sweep(&run, self.hour).await));
        }
        let failed = done.iter().filter(|done| !**done).count();
        if failed == 0 { Ok(()) } else { Err(Incomplete { failed, all: done.len() }) }
    }

    /// The feed's ERP; `None` where it cannot be asked now, which was logged.
    async fn open<'a>(&self, feed: &'a Feed, invocation: &str) -> Result<Option<Open<'a>>, LedgerError> {
        let erp = &feed.erp;
        let peer = Peer::Erp(erp.clone());
        let circuit = self.ledger.circuit(&peer).await?.circuit;
        if let Some(open) = circuit.open_for_reads(self.follow.clock.now()) {
            Metric::CircuitOpen { peer: &peer }.record();
            tracing::warn!(%erp, why = open.why, "the ERP's circuit is open; its orders are not followed");
            return Ok(None);
        }
        match self.connections.erp(erp).await {
            Ok(connected) => Ok(Some(Open { feed, erp: connected, owner: format!("{invocation}/{erp}") })),
            Err(error) => {
                Metric::FollowFailed { erp }.record();
                tracing::error!(%erp, %error, "the ERP cannot be connected to");
                Ok(None)
            }
        }
    }

    fn run_of<'a>(open: &'a Open<'_>, until: Timestamp) -> FollowRun<'a> {
        let Feed { erp, stores } = open.feed;
        FollowRun { id: erp, erp: &*open.erp, stores, owner: &open.owner, until, lease: LEASE }
    }

    /// Until when the next of so many feeds may begin pages: each has an equal
    /// part of what is left, so that one long feed does not starve the others.
    fn share(&self, until: Timestamp, feeds: usize) -> Timestamp {
        let now = self.follow.clock.now();
        let feeds = i32::try_from(feeds).unwrap_or(i32::MAX).max(1);
        now + until.duration_since(now) / feeds
    }
}

fn report(pass: &'static str, open: &Open<'_>, followed: Result<Followed, FollowError>) -> Done {
    let erp = &open.feed.erp;
    match followed {
        Ok(Followed { skipped: true, .. }) => true,
        Ok(Followed { pages, orders, unfinished, .. }) => {
            tracing::info!(%erp, pass, pages, orders, unfinished, "orders followed");
            Metric::FollowedOrders { erp, orders }.record();
            if unfinished {
                Metric::FollowUnfinished { erp }.record();
            }
            true
        }
        Err(FollowError::Erp(error)) => {
            Metric::FollowFailed { erp }.record();
            tracing::error!(%erp, pass, %error, "the ERP cannot be read; the next tick goes on from the checkpoint");
            true
        }
        Err(error) => {
            tracing::error!(%erp, pass, %error, "the feed was not followed; the next tick goes on from the checkpoint");
            false
        }
    }
}

#[cfg(test)]
mod tests;

//! One tick: every pool follows its ERP's feed, then everything is read where
//! that is due, then what shops do not show yet is sent again. One entity's
//! trouble is not another's.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use weir_domain::circuit::Peer;
use weir_domain::id::StoreId;
use weir_domain::ports::{ErpStock, LedgerError};
use weir_domain::stock::sync::{FullPlan, StockSync, SyncError, SyncRun, Synced};
use weir_runtime::config::Configuration;
use weir_runtime::connections::Erps;
use weir_runtime::telemetry::Metric;

use crate::pool::{Pool, pools};

/// Of the time that is left, the part in which pages may still be begun.
const WORKING_PART: (i32, i32) = (4, 5);
/// Longer than the function's time-out of 300 s: a dead run's lease ends by
/// itself.
const LEASE: SignedDuration = SignedDuration::from_secs(310);

/// The outside of a tick.
pub struct Tick {
    /// Which stores sell whose stock.
    pub configuration: Arc<Configuration>,
    /// The ERPs.
    pub erps: Erps<dyn ErpStock>,
    /// The use case.
    pub sync: StockSync,
    /// The hour of the day, UTC, from which the nightly pass may begin.
    pub hour: i8,
}

/// Some duties failed for reasons of ours; each was logged.
#[derive(Debug, thiserror::Error)]
#[error("{failed} of {all} duties failed in this tick")]
pub struct Incomplete {
    failed: usize,
    all: usize,
}

/// A pool whose ERP may be asked.
struct Open<'a> {
    pool: &'a Pool,
    erp: Arc<dyn ErpStock>,
    /// Unique to this run and pool.
    owner: String,
}

/// How a duty ended, for the count of those that failed for reasons of ours.
type Done = bool;

impl Tick {
    /// The feeds come first, for every pool: they are what shops rely on. An
    /// ERP that cannot be read is the ERP's trouble and counted apart.
    pub async fn run(&self, invocation: &str, deadline: Timestamp) -> Result<(), Incomplete> {
        let now = self.sync.clock.now();
        let until = now + deadline.duration_since(now) * WORKING_PART.0 / WORKING_PART.1;
        let pools = pools(&self.configuration);
        let mut done: Vec<Done> = Vec::new();
        let mut open = Vec::new();
        for pool in &pools {
            match self.open(pool, invocation).await {
                Ok(found) => open.extend(found),
                Err(error) => {
                    tracing::error!(entity = %pool.entity, erp = %pool.erp, %error, "the ERP's circuit cannot be read");
                    done.push(false);
                }
            }
        }
        let mut followed = Vec::new();
        for (before, open_pool) in open.iter().enumerate() {
            let run = Self::run_of(open_pool, self.share(until, open.len() - before));
            let moved = self.sync.moved(&run).await;
            // A feed without a cursor begins now: what is read before it has
            // one could move unnoticed, so everything waits for that.
            if moved.is_ok() {
                followed.push(open_pool);
            }
            done.push(report("feed", open_pool, moved));
        }
        let open = followed;
        for (before, open_pool) in open.iter().enumerate() {
            let run = Self::run_of(open_pool, self.share(until, open.len() - before));
            let fingerprint = open_pool.pool.fingerprint(&self.configuration);
            let plan = FullPlan { hour: self.hour, fingerprint: &fingerprint };
            done.push(report("full", open_pool, self.sync.full(&run, plan).await));
        }
        for pool in &pools {
            done.extend(self.resend(pool, invocation).await);
        }
        let failed = done.iter().filter(|done| !**done).count();
        if failed == 0 { Ok(()) } else { Err(Incomplete { failed, all: done.len() }) }
    }

    /// The pool's ERP; `None` where it cannot be asked now, which was logged.
    async fn open<'a>(&self, pool: &'a Pool, invocation: &str) -> Result<Option<Open<'a>>, LedgerError> {
        let Pool { entity, erp, .. } = pool;
        let peer = Peer::Erp(erp.clone());
        let circuit = self.sync.ledger.circuit(&peer).await?.circuit;
        if let Some(open) = circuit.open_for_reads(self.sync.clock.now()) {
            Metric::CircuitOpen { peer: &peer }.record();
            tracing::warn!(%entity, %erp, why = open.why, "the ERP's circuit is open; its stock is not read");
            return Ok(None);
        }
        match self.erps.get(erp).await {
            Ok(erp) => Ok(Some(Open { pool, erp, owner: format!("{invocation}/{entity}") })),
            Err(error) => {
                Metric::StockSyncFailed { erp }.record();
                tracing::error!(%entity, %erp, %error, "the ERP cannot be connected to");
                Ok(None)
            }
        }
    }

    fn run_of<'a>(open: &'a Open<'_>, until: Timestamp) -> SyncRun<'a> {
        SyncRun { entity: &open.pool.entity, erp: &*open.erp, owner: &open.owner, until, lease: LEASE }
    }

    /// Until when the next of so many pools may begin pages: each has an equal
    /// part of what is left, so that one long feed does not starve the others.
    fn share(&self, until: Timestamp, pools: usize) -> Timestamp {
        let now = self.sync.clock.now();
        let pools = i32::try_from(pools).unwrap_or(i32::MAX).max(1);
        now + until.duration_since(now) / pools
    }

    /// What the stores of a pool do not show as they should goes round again.
    async fn resend(&self, pool: &Pool, invocation: &str) -> Vec<Done> {
        let mut done = Vec::new();
        for store in pool.names() {
            done.push(self.report_stale(store).await);
            let owner = format!("{invocation}/{store}");
            match self.sync.resend_stale(store, &pool.entity, &owner).await {
                Ok(items) => {
                    if items > 0 {
                        tracing::info!(%store, entity = %pool.entity, items, "stale items sent again");
                    }
                    done.push(true);
                }
                Err(error) => {
                    tracing::error!(%store, entity = %pool.entity, %error, "stale items could not be sent again");
                    done.push(false);
                }
            }
        }
        done
    }

    /// For how long the shop has not shown what it should, of the item that
    /// waits longest: told also while the shop cannot be asked.
    async fn report_stale(&self, store: &StoreId) -> Done {
        match self.sync.stock.stale(store, None, 1).await {
            Ok(oldest) => {
                if let Some((_, since)) = oldest.first() {
                    let age = self.sync.clock.now().duration_since(*since);
                    Metric::StockStale { store, age }.record();
                }
                true
            }
            Err(error) => {
                tracing::error!(%store, %error, "what is stale cannot be read");
                false
            }
        }
    }
}

fn report(pass: &'static str, open: &Open<'_>, synced: Result<Synced, SyncError>) -> Done {
    let Pool { entity, erp, .. } = open.pool;
    match synced {
        Ok(Synced { skipped: true, .. }) => true,
        Ok(Synced { pages, items, stored, unfinished, too_long, .. }) => {
            // What its figures are made of: whoever compares them has to know.
            let basis = open.erp.basis();
            tracing::info!(%entity, %erp, ?basis, pass, pages, items, stored, unfinished, "stock synced");
            if !too_long.is_empty() {
                tracing::error!(%entity, %erp, pass, items = ?too_long, "stock too long to be stored");
            }
            Metric::StockRefreshed { erp, items: stored }.record();
            true
        }
        Err(SyncError::Erp(error)) => {
            Metric::StockSyncFailed { erp }.record();
            tracing::error!(%entity, %erp, pass, %error, "the ERP cannot be read; the next tick goes on from the checkpoint");
            true
        }
        Err(error) => {
            tracing::error!(%entity, %erp, pass, %error, "the pass failed; the next tick goes on from the checkpoint");
            false
        }
    }
}

#[cfg(test)]
mod tests;

//! The use case of `inventory-sync`: positions follow the ERP's feed of
//! changes, and all of them once a night or when the configuration changed;
//! what could not be published before is sent again. Each walk holds a lease,
//! moves its cursor after each page's work, and goes on where the last one
//! stopped.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::message::{ITEMS, STOCK_MOVED_VERSION, StockCause, StockMoved, batches};
use super::refresh::{ITEMS_PER_CALL, Refresh, RefreshError, key};
use crate::circuit::Peer;
use crate::id::{EntityId, ItemKey, Sku, StoreId};
use crate::outcome::CallError;
use crate::ports::{
    Checkpoint, Clock, ErpStock, ItemPage, Ledger, LedgerError, QueueError, Schedules, StockQueue, StockStore,
};

/// Stale items of a store that one run sends again.
const STALE_AT_ONCE: usize = 1_000;
/// A run that takes its turn and dies keeps others from it for so long.
const TURN: SignedDuration = SignedDuration::from_mins(1);

/// The outside of the use case.
#[derive(Clone)]
pub struct StockSync {
    /// Positions and publications.
    pub stock: Arc<dyn StockStore>,
    /// Whose circuits are respected.
    pub ledger: Arc<dyn Ledger>,
    /// Leases and checkpoints.
    pub schedules: Arc<dyn Schedules>,
    /// Where it is said which items moved.
    pub queue: Arc<dyn StockQueue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Why a run failed; its checkpoint says how far it came.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// A table could not be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The queue did not take the messages.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The ERP could not be read.
    #[error(transparent)]
    Erp(#[from] CallError),
}

impl From<RefreshError> for SyncError {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Ledger(error) => Self::Ledger(error),
            RefreshError::Erp(error) => Self::Erp(error),
        }
    }
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Synced {
    /// Another run had the lease, or it was not time.
    pub skipped: bool,
    /// Pages of the ERP.
    pub pages: usize,
    /// Items that were named by the feed or listed.
    pub items: usize,
    /// Positions stored.
    pub stored: usize,
    /// Items whose positions no row can hold ([`Refreshed::too_long`](super::refresh::Refreshed::too_long)).
    pub too_long: Vec<Sku>,
    /// The time was over; the next run goes on from the checkpoint.
    pub unfinished: bool,
}

/// One run for one entity.
pub struct SyncRun<'a> {
    /// Whose stock.
    pub entity: &'a EntityId,
    /// Its ERP.
    pub erp: &'a dyn ErpStock,
    /// Unique to this run.
    pub owner: &'a str,
    /// No page is begun after this: 80 % of the function's time.
    pub until: Timestamp,
    /// How long the lease holds: longer than the function's time-out.
    pub lease: SignedDuration,
}

/// When everything is read.
#[derive(Debug, Clone, Copy)]
pub struct FullPlan<'a> {
    /// The hour of the day (UTC) from which the nightly pass may begin.
    pub hour: i8,
    /// Of the configuration: another one means that everything is published
    /// again at once.
    pub fingerprint: &'a str,
}

/// How far a full pass came; the checkpoint's cursor is its JSON.
#[derive(Default, Serialize, Deserialize)]
struct FullCursor {
    /// The night it is for, as a date.
    night: String,
    fingerprint: String,
    /// Where the next page begins; `None` before the first.
    next: Option<String>,
    done: bool,
}

impl StockSync {
    /// Follows the ERP's feed.
    pub async fn moved(&self, run: &SyncRun<'_>) -> Result<Synced, SyncError> {
        let job = format!("stock/moved/{}", run.entity);
        let Some(mut checkpoint) = self.begin(&job, run).await? else { return Ok(skipped()) };
        let synced = self.follow(run, &job, &mut checkpoint).await;
        self.schedules.end(&job, checkpoint).await?;
        synced
    }

    async fn follow(
        &self,
        run: &SyncRun<'_>,
        job: &str,
        checkpoint: &mut Checkpoint,
    ) -> Result<Synced, SyncError> {
        let mut synced = Synced::default();
        let mut named = BTreeSet::new();
        let mut cursor = checkpoint.cursor.clone();
        loop {
            synced.unfinished = self.clock.now() >= run.until;
            let mut more = !synced.unfinished;
            if more {
                let page = run.erp.moved(cursor.as_deref()).await?;
                synced.pages += 1;
                synced.items += page.skus.len();
                self.refresh(run, &page.skus, &mut synced).await?;
                named.extend(page.skus);
                (cursor, more) = (Some(page.next), page.more);
            }
            // What is named together is published in full requests. The cursor
            // moves after that: should this run die before, the pages are read
            // again.
            if !more || named.len() + ITEMS_PER_CALL > ITEMS {
                self.send(run, std::mem::take(&mut named), StockCause::Feed).await?;
                if let Some(cursor) = cursor.as_deref().filter(|at| checkpoint.cursor.as_deref() != Some(*at))
                {
                    self.schedules.advance(job, checkpoint, cursor).await?;
                }
            }
            if !more {
                return Ok(synced);
            }
        }
    }

    /// Reads everything, if it is time. Only positions that differ are
    /// written; every item is published.
    pub async fn full(&self, run: &SyncRun<'_>, plan: FullPlan<'_>) -> Result<Synced, SyncError> {
        let job = format!("stock/full/{}", run.entity);
        let Some(mut checkpoint) = self.begin(&job, run).await? else { return Ok(skipped()) };
        let synced = self.walk(run, plan, &job, &mut checkpoint).await;
        self.schedules.end(&job, checkpoint).await?;
        synced
    }

    async fn walk(
        &self,
        run: &SyncRun<'_>,
        plan: FullPlan<'_>,
        job: &str,
        checkpoint: &mut Checkpoint,
    ) -> Result<Synced, SyncError> {
        let Some(mut cursor) = due(checkpoint.cursor.as_deref(), plan, self.clock.now()) else {
            return Ok(skipped());
        };
        let mut synced = Synced::default();
        let mut listed = BTreeSet::new();
        loop {
            synced.unfinished = self.clock.now() >= run.until;
            if !synced.unfinished {
                let ItemPage { skus, next, more } = run.erp.items(cursor.next.as_deref()).await?;
                synced.pages += 1;
                synced.items += skus.len();
                self.compare(run, &skus, &mut synced).await?;
                listed.extend(skus);
                (cursor.next, cursor.done) = (Some(next), !more);
            }
            let over = cursor.done || synced.unfinished;
            if over || listed.len() + ITEMS_PER_CALL > ITEMS {
                self.send(run, std::mem::take(&mut listed), StockCause::Full).await?;
                self.schedules.advance(job, checkpoint, &encode(&cursor)).await?;
            }
            if over {
                return Ok(synced);
            }
        }
    }

    /// Items that a store does not show as it should go round again, unless
    /// the store cannot be asked anyway.
    pub async fn resend_stale(
        &self,
        store: &StoreId,
        entity: &EntityId,
        owner: &str,
    ) -> Result<usize, SyncError> {
        let circuit = self.ledger.circuit(&Peer::Store(store.clone())).await?.circuit;
        if circuit.open_for_reads(self.clock.now()).is_some() {
            return Ok(0);
        }
        let stale = self.stock.stale(store, None, STALE_AT_ONCE).await?;
        let stale = if stale.len() < STALE_AT_ONCE { stale } else { self.turn(store, owner, stale).await? };
        let skus: Vec<Sku> =
            stale.into_iter().filter(|(item, _)| item.entity == *entity).map(|(item, _)| item.sku).collect();
        let count = skus.len();
        let messages = self.messages(entity, owner, skus, StockCause::Stale, true);
        self.queue.send(&messages).await?;
        Ok(count)
    }

    /// The next part of a list that is too long for one run: those at its head
    /// that never succeed must not keep the others waiting for ever.
    async fn turn(
        &self,
        store: &StoreId,
        owner: &str,
        first: Vec<(ItemKey, Timestamp)>,
    ) -> Result<Vec<(ItemKey, Timestamp)>, LedgerError> {
        let job = format!("stock/stale/{store}");
        let begun = self.schedules.begin(&job, owner, self.clock.now(), TURN).await?;
        let Some(mut checkpoint) = begun else { return Ok(Vec::new()) };
        let after = checkpoint.cursor.as_deref().and_then(|cursor| serde_json::from_str(cursor).ok());
        let next = match &after {
            Some(after) => self.stock.stale(store, Some(after), STALE_AT_ONCE).await?,
            None => Vec::new(),
        };
        let next = if next.is_empty() { first } else { next };
        if let Some(cursor) = next.last().and_then(|last| serde_json::to_string(last).ok()) {
            self.schedules.advance(&job, &mut checkpoint, &cursor).await?;
        }
        self.schedules.end(&job, checkpoint).await?;
        Ok(next)
    }

    async fn begin(&self, job: &str, run: &SyncRun<'_>) -> Result<Option<Checkpoint>, LedgerError> {
        self.schedules.begin(job, run.owner, self.clock.now(), run.lease).await
    }

    async fn refresh(
        &self,
        run: &SyncRun<'_>,
        skus: &[Sku],
        synced: &mut Synced,
    ) -> Result<(), RefreshError> {
        let refresh =
            Refresh { stock: &*self.stock, ledger: &*self.ledger, erp: run.erp, clock: &*self.clock };
        for skus in skus.chunks(ITEMS) {
            let refreshed = refresh.items(run.entity, skus).await?;
            synced.stored += refreshed.stored;
            synced.too_long.extend(refreshed.too_long);
        }
        Ok(())
    }

    /// Looks at a page first, and reads properly only what differs. What is
    /// the same is not written: every change has its own reading through the
    /// feed, which is always written.
    async fn compare(&self, run: &SyncRun<'_>, skus: &[Sku], synced: &mut Synced) -> Result<(), SyncError> {
        let mut differ = Vec::new();
        for skus in skus.chunks(ITEMS_PER_CALL) {
            let keys: Vec<ItemKey> = skus.iter().map(|sku| key(run.entity, sku)).collect();
            let stored = self.stock.positions(&keys).await?;
            let figures = run.erp.stock(skus).await?;
            let same = |item: &ItemKey| match (stored.get(item), figures.get(&item.sku)) {
                (Some(position), Some(locations)) => position.says(locations),
                (Some(position), None) => !position.known,
                (None, _) => false,
            };
            differ.extend(keys.into_iter().filter(|item| !same(item)).map(|item| item.sku));
        }
        Ok(self.refresh(run, &differ, synced).await?)
    }

    async fn send(
        &self,
        run: &SyncRun<'_>,
        skus: BTreeSet<Sku>,
        cause: StockCause,
    ) -> Result<(), QueueError> {
        let skus = skus.into_iter().collect();
        self.queue.send(&self.messages(run.entity, run.owner, skus, cause, false)).await
    }

    fn messages(
        &self,
        entity: &EntityId,
        owner: &str,
        skus: Vec<Sku>,
        cause: StockCause,
        refresh: bool,
    ) -> Vec<StockMoved> {
        let received_at = self.clock.now();
        let message = |(index, skus): (usize, Vec<Sku>)| StockMoved {
            v: STOCK_MOVED_VERSION,
            entity: entity.clone(),
            skus,
            refresh,
            received_at,
            cause,
            correlation: format!("{owner}-{index}"),
            hops: 0,
        };
        batches(skus).into_iter().enumerate().map(message).collect()
    }
}

fn skipped() -> Synced {
    Synced { skipped: true, ..Synced::default() }
}

/// The pass that is due: an unfinished one, tonight's, or one for a changed
/// configuration. A cursor that cannot be read begins anew.
fn due(cursor: Option<&str>, plan: FullPlan<'_>, now: Timestamp) -> Option<FullCursor> {
    let now = TimeZone::UTC.to_datetime(now);
    let tonight = now.date().to_string();
    let known: Option<FullCursor> = cursor.and_then(|cursor| serde_json::from_str(cursor).ok());
    let new = || FullCursor {
        night: tonight.clone(),
        fingerprint: plan.fingerprint.to_owned(),
        next: None,
        done: false,
    };
    match known {
        None => Some(new()),
        Some(known) if known.fingerprint != plan.fingerprint => Some(new()),
        Some(known) if !known.done => Some(known),
        Some(known) if known.night != tonight && now.hour() >= plan.hour => Some(new()),
        Some(_) => None,
    }
}

fn encode(cursor: &FullCursor) -> String {
    serde_json::to_string(cursor).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    const PLAN: FullPlan<'static> = FullPlan { hour: 2, fingerprint: "a" };

    #[test]
    fn everything_is_read_at_first_each_night_and_for_another_configuration() {
        let first = due(None, PLAN, at("2026-11-28T12:00:00Z")).unwrap();
        assert_eq!((first.night.as_str(), &first.next), ("2026-11-28", &None));
        let done = encode(&FullCursor { next: Some("7".into()), done: true, ..first });
        assert!(due(Some(&done), PLAN, at("2026-11-28T23:00:00Z")).is_none());
        assert!(due(Some(&done), PLAN, at("2026-11-29T01:59:00Z")).is_none());
        assert!(due(Some(&done), PLAN, at("2026-11-29T02:00:00Z")).unwrap().next.is_none());
        let other = FullPlan { fingerprint: "b", ..PLAN };
        assert!(due(Some(&done), other, at("2026-11-28T12:01:00Z")).unwrap().next.is_none());
    }

    #[test]
    fn an_unfinished_pass_goes_on_where_it_stopped() {
        let half = FullCursor {
            night: "2026-11-28".into(),
            fingerprint: "a".into(),
            next: Some("7".into()),
            done: false,
        };
        let half = due(Some(&encode(&half)), PLAN, at("2026-11-30T12:00:00Z")).unwrap();
        assert_eq!((half.night.as_str(), half.next.as_deref()), ("2026-11-28", Some("7")));
    }
}

//! The webhook guardian: keeps a store's webhooks as they have to be, and says
//! since when deliveries may be missing.
//!
//! The shop switches a webhook off after seven failures in a row and says so
//! to nobody; people pause, copy and delete them. Each run lists them, puts
//! right what a machine may put right, and looks again before it makes one a
//! second time. What was lost meanwhile is looked at again by a backfill.

mod faults;
mod memory;
mod repair;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::circuit::Peer;
use crate::config::StoreConfig;
use crate::id::StoreId;
use crate::job::{BackfillBy, Job, JobKind, JobState};
use crate::outcome::CallError;
use crate::ports::{Checkpoint, Clock, Jobs, Ledger, LedgerError, Schedules, ShopWebhooks, WebhookTroubles};
use crate::reconcile::{Example, Outcome};

use faults::{count_ours, faults, wanted};
use memory::{Known, Memory};
pub use repair::NOT_MANAGEABLE;
use repair::{Work, not_manageable};

/// How often each store's webhooks are looked at.
const EVERY: SignedDuration = SignedDuration::from_mins(10);
/// The shop did not answer: others' minutes are not spent on it.
const AFTER_FAILURE: SignedDuration = SignedDuration::from_mins(2);
/// Orders a minute that the backfill of lost deliveries looks at.
const BACKFILL_PER_MINUTE: u32 = 120;

/// The outside of the use case.
#[derive(Clone)]
pub struct Guard {
    /// The circuits.
    pub ledger: Arc<dyn Ledger>,
    /// Leases and checkpoints.
    pub schedules: Arc<dyn Schedules>,
    /// What deliveries said.
    pub troubles: Arc<dyn WebhookTroubles>,
    /// Where backfills are begun.
    pub jobs: Arc<dyn Jobs>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// One run.
pub struct GuardRun<'a> {
    /// The store.
    pub config: &'a StoreConfig,
    /// Its webhooks.
    pub shop: &'a dyn ShopWebhooks,
    /// Where Weir is reached from the shop, unless the store says otherwise.
    pub base_url: &'a Url,
    /// Unique to this run.
    pub owner: &'a str,
    /// No listing and no repair is begun after this: 80 % of the function's time.
    pub until: Timestamp,
    /// How long the lease holds: longer than the function's time-out.
    pub lease: SignedDuration,
}

/// What a run found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guarded {
    /// The store's webhooks are not Weir's to manage, another run had the
    /// lease, the last one was too recent, the shop's circuit is open, or the
    /// time was over.
    pub skipped: bool,
    /// Webhooks of ours that the shop had.
    pub checked: usize,
    /// What was wrong with them, and what became of it.
    pub faults: Vec<Example>,
    /// Deliveries may be missing since then: a backfill was begun.
    pub missed_since: Option<Timestamp>,
    /// The time was over; the next run goes on.
    pub unfinished: bool,
}

impl Guarded {
    /// Faults that were put right.
    pub fn repaired(&self) -> usize {
        self.faults.iter().filter(|fault| fault.outcome == Outcome::Repaired).count()
    }
}

/// Why a run failed; its checkpoint says how far it came.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The ledger could not be asked or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The shop's webhooks could not be listed.
    #[error(transparent)]
    Shop(#[from] CallError),
}

impl Guard {
    /// Looks after one store's webhooks, if it is time.
    pub async fn run(&self, run: &GuardRun<'_>) -> Result<Guarded, GuardError> {
        let skipped = Guarded { skipped: true, ..Guarded::default() };
        if !run.config.webhooks.manage {
            return Ok(skipped);
        }
        let job = format!("guard/{}", run.config.store);
        let now = self.clock.now();
        let Some(mut checkpoint) = self.schedules.begin(&job, run.owner, now, run.lease).await? else {
            return Ok(skipped);
        };
        let guarded = self.check(run, &job, &mut checkpoint).await;
        self.schedules.end(&job, checkpoint).await?;
        guarded
    }

    async fn check(
        &self,
        run: &GuardRun<'_>,
        job: &str,
        checkpoint: &mut Checkpoint,
    ) -> Result<Guarded, GuardError> {
        let now = self.clock.now();
        let mut memory = Memory::read(checkpoint.cursor.as_deref(), now);
        let store = &run.config.store;
        if memory.next_run > now || now >= run.until || self.is_open(store, now).await? {
            return Ok(Guarded { skipped: true, ..Guarded::default() });
        }
        let wanted = wanted(store, run.config.webhooks.url.as_ref().unwrap_or(run.base_url));
        let present = match run.shop.webhooks().await {
            Err(CallError::Rejected(refused)) if refused.code == NOT_MANAGEABLE => {
                memory.next_run = now + EVERY;
                memory.was_ill = true;
                self.schedules.advance(job, checkpoint, &memory.cursor()).await?;
                let faults = vec![not_manageable(store, &["which there are cannot be seen".to_owned()])];
                return Ok(Guarded { faults, ..Guarded::default() });
            }
            Err(error) => {
                memory.next_run = now + AFTER_FAILURE;
                self.schedules.advance(job, checkpoint, &memory.cursor()).await?;
                return Err(error.into());
            }
            Ok(listed) => listed,
        };
        memory.forget_all_but(&present);
        let troubles = self.troubles.troubles(store).await?;
        let fingerprint = run.shop.secret_fingerprint();
        let known = Known::new(&memory, &fingerprint, troubles, now);
        let found = faults(store, &wanted, &present, &known);
        // Decided before anything is done: several repairs of one webhook in
        // one run are one.
        let found: Vec<_> = found
            .into_iter()
            .map(|fault| {
                let may = memory.may_repair(fault.topic, fault.kind, now);
                (fault, may)
            })
            .collect();
        let checked = count_ours(store, &present);
        let mut work = Work { guard: self, run, job, checkpoint, memory, wanted, present, fingerprint };
        let done = work.repair_all(found).await?;
        let mut guarded = Guarded { checked, faults: done.examples, ..Guarded::default() };
        guarded.unfinished = done.unfinished;
        guarded.missed_since = self.settle(&mut work, done.lossy, done.lost, now).await?;
        work.memory.next_run = if done.unfinished { now } else { now + EVERY };
        work.keep().await?;
        Ok(guarded)
    }

    async fn is_open(&self, store: &StoreId, now: Timestamp) -> Result<bool, LedgerError> {
        let slot = self.ledger.circuit(&Peer::Store(store.clone())).await?;
        Ok(slot.circuit.open_for_reads(now).is_some())
    }

    /// Healthy from now on, or ill until a later run; a backfill is begun
    /// where deliveries were lost in between.
    async fn settle(
        &self,
        work: &mut Work<'_, '_>,
        lossy: bool,
        lost: bool,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, GuardError> {
        if lost {
            work.memory.was_ill = true;
            return Ok(None);
        }
        let since = work.memory.healthy_at.filter(|_| lossy || work.memory.was_ill);
        if let Some(since) = since {
            // Before the checkpoint says that all is well: a crash in between
            // begins a second backfill, and forgets none.
            self.jobs.put_job(&self.backfill(work.run.config, since)).await?;
        }
        work.memory.was_ill = false;
        work.memory.healthy_at = Some(now);
        Ok(since)
    }

    /// By date of change: what was missed may be about an older order.
    fn backfill(&self, config: &StoreConfig, since: Timestamp) -> Job {
        let now = self.clock.now();
        let overlap = SignedDuration::from_mins(config.poll.overlap_minutes.into());
        Job {
            id: format!("{}-webhooks", now.strftime("%Y%m%dT%H%M%S")),
            store: config.store.clone(),
            what: JobKind::Backfill { from: since - overlap, until: now, by: BackfillBy::Changed },
            per_minute: BACKFILL_PER_MINUTE,
            state: JobState::Running,
            looked_at: 0,
            sent: 0,
            cursor: None,
            begun_at: now,
            begun_by: "reconcile".to_owned(),
            why: "webhooks were not delivering".to_owned(),
            ended_at: None,
            version: 1,
        }
    }
}

//! What people begin and do, and what nights and deliveries tell them, in
//! memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use weir_domain::audit::AuditEntry;
use weir_domain::id::{OrderKey, StoreId};
use weir_domain::job::{Job, JobState};
use weir_domain::ports::{
    ActionEntry, Actions, Jobs, LedgerError, Reports, Timelines, Trouble, Troubles, WebhookTroubles,
};
use weir_domain::reconcile::Report;

use super::{FakeLedger, LedgerOp};
use crate::lock;
use crate::stock_store::fitting;

/// As the real one: no answer is longer.
const LONGEST_ANSWER: usize = 50;
/// As the real one: no answer of what people did is longer …
const MOST_ACTIONS: usize = 200;
/// … or goes further back.
const DAYS: usize = 31;

#[derive(Debug, Default)]
pub(super) struct Operated {
    jobs: BTreeMap<(StoreId, String), Job>,
    reports: BTreeMap<(StoreId, String), Report>,
    actions: Vec<ActionEntry>,
    troubles: BTreeMap<StoreId, Troubles>,
}

impl FakeLedger {
    /// Everything that people did, in the order in which it was noted.
    pub fn noted_actions(&self) -> Vec<ActionEntry> {
        lock(&self.state).operated.actions.clone()
    }
}

/// As the real one: a longer name fits into no key.
const LONGEST_NAME_BYTES: usize = 1_024;

fn named(what: &str, name: &str) -> Result<(), LedgerError> {
    let fits = (1..=LONGEST_NAME_BYTES).contains(&name.len());
    fits.then_some(()).ok_or_else(|| LedgerError::TooLong(what.to_owned()))
}

/// The last of a store's documents, last first.
fn newest<T: Clone>(all: &BTreeMap<(StoreId, String), T>, store: &StoreId, limit: usize) -> Vec<T> {
    let of_store = all.iter().rev().filter(|((of, _), _)| of == store);
    of_store.map(|(_, document)| document.clone()).take(limit.min(LONGEST_ANSWER)).collect()
}

#[async_trait]
impl Jobs for FakeLedger {
    async fn jobs(&self, store: &StoreId, limit: usize) -> Result<Vec<Job>, LedgerError> {
        self.faults.strike(LedgerOp::Jobs, || Ok(newest(&lock(&self.state).operated.jobs, store, limit)))
    }

    async fn running(&self, store: &StoreId) -> Result<Vec<Job>, LedgerError> {
        self.faults.strike(LedgerOp::Jobs, || {
            let state = lock(&self.state);
            let of_store = state.operated.jobs.iter().filter(|((of, _), _)| of == store);
            let running = of_store.filter(|(_, job)| job.state == JobState::Running);
            Ok(running.map(|(_, job)| job.clone()).take(LONGEST_ANSWER).collect())
        })
    }

    async fn put_job(&self, job: &Job) -> Result<bool, LedgerError> {
        self.faults.strike(LedgerOp::PutJob, || {
            if job.version == 0 {
                return Ok(false);
            }
            named("a job's id", &job.id)?;
            fitting("a job", job)?;
            let jobs = &mut lock(&self.state).operated.jobs;
            let place = (job.store.clone(), job.id.clone());
            let stored = jobs.get(&place);
            let before = stored.map_or(0, |stored| stored.version);
            let put = job.version.checked_sub(1) == Some(before);
            // The same again: an answer was lost, and it was sent twice.
            let said = stored == Some(job);
            if put {
                jobs.insert(place, job.clone());
            }
            Ok(put || said)
        })
    }
}

/// As the real one: no timeline is longer.
const LONGEST_TIMELINE: usize = 1_000;

#[async_trait]
impl Timelines for FakeLedger {
    async fn newest_entries(&self, key: &OrderKey, limit: usize) -> Result<Vec<AuditEntry>, LedgerError> {
        self.faults.strike(LedgerOp::Audit, || {
            let state = lock(&self.state);
            let audit = state.orders.get(key).map(|row| row.audit.as_slice()).unwrap_or_default();
            Ok(audit.iter().rev().take(limit.min(LONGEST_TIMELINE)).cloned().collect())
        })
    }
}

#[async_trait]
impl Reports for FakeLedger {
    async fn put_report(&self, report: &Report) -> Result<(), LedgerError> {
        self.faults.strike(LedgerOp::PutReport, || {
            named("a night's name", &report.night)?;
            fitting("a report", report)?;
            let place = (report.store.clone(), report.night.clone());
            lock(&self.state).operated.reports.insert(place, report.clone());
            Ok(())
        })
    }

    async fn reports(&self, store: &StoreId, limit: usize) -> Result<Vec<Report>, LedgerError> {
        self.faults
            .strike(LedgerOp::Reports, || Ok(newest(&lock(&self.state).operated.reports, store, limit)))
    }
}

fn day(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

#[async_trait]
impl Actions for FakeLedger {
    async fn note_action(&self, entry: &ActionEntry) -> Result<(), LedgerError> {
        self.faults.strike(LedgerOp::NoteAction, || {
            fitting("an action", entry)?;
            let actions = &mut lock(&self.state).operated.actions;
            if !actions.contains(entry) {
                actions.push(entry.clone());
            }
            Ok(())
        })
    }

    async fn actions(&self, now: Timestamp, limit: usize) -> Result<Vec<ActionEntry>, LedgerError> {
        self.faults.strike(LedgerOp::Actions, || {
            let days = std::iter::successors(Some(day(now)), |day| day.yesterday().ok());
            let days: Vec<Date> = days.take(DAYS).collect();
            let mut actions = lock(&self.state).operated.actions.clone();
            actions.retain(|entry| days.contains(&day(entry.at)));
            actions.sort_by_key(|entry| std::cmp::Reverse((entry.at, entry.correlation.clone())));
            actions.truncate(limit.min(MOST_ACTIONS));
            Ok(actions)
        })
    }
}

#[async_trait]
impl WebhookTroubles for FakeLedger {
    async fn note_trouble(
        &self,
        store: &StoreId,
        trouble: Trouble,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        self.faults.strike(LedgerOp::NoteTrouble, || {
            let troubles = &mut lock(&self.state).operated.troubles;
            let troubles = troubles.entry(store.clone()).or_default();
            let noted = match trouble {
                Trouble::BadSignatures => &mut troubles.bad_signatures,
                Trouble::OwnerWithoutRights => &mut troubles.owner_without_rights,
                Trouble::OldApi => &mut troubles.old_api,
            };
            *noted = (*noted).max(Some(at));
            Ok(())
        })
    }

    async fn troubles(&self, store: &StoreId) -> Result<Troubles, LedgerError> {
        self.faults.strike(LedgerOp::Troubles, || {
            Ok(lock(&self.state).operated.troubles.get(store).copied().unwrap_or_default())
        })
    }
}

//! The queue of webhook deliveries, and the log of what became of them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::dates::gmt;
use crate::doc::Doc;
use crate::events::Event;

/// A delivery that waits.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    pub(crate) seq: u64,
    pub(crate) webhook: u64,
    pub(crate) event: Event,
    pub(crate) id: u64,
    pub(crate) due: Timestamp,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Sent, no answer yet.
    UnderWay,
    Answered(u16),
    NoAnswer,
    /// Lost on purpose: never sent.
    Lost,
}

/// One line of the delivery log.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) job: Job,
    pub(crate) hash: String,
    pub(crate) at: Timestamp,
    pub(crate) fate: Fate,
}

impl Delivery {
    pub(crate) fn to_json(&self) -> Value {
        let (result, status) = match self.fate {
            Fate::UnderWay => ("under way", None),
            Fate::Answered(status) => ("answered", Some(status)),
            Fate::NoAnswer => ("no answer", None),
            Fate::Lost => ("lost", None),
        };
        json!({
            "seq": self.job.seq,
            "webhook_id": self.job.webhook,
            "topic": self.job.event.topic(),
            "resource_id": self.job.id,
            "delivery_id": self.hash,
            "at_gmt": gmt(self.at),
            "result": result,
            "status": status,
        })
    }
}

/// Jobs in the order they were queued, and what one run of them shares.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    jobs: Vec<Job>,
    last_seq: u64,
    pub(crate) collapsed: u64,
    /// Jobs of the present run that have not started.
    run: BTreeSet<u64>,
    pub(crate) under_way: BTreeSet<u64>,
    /// Objects one run keeps in memory, by resource and id.
    pub(crate) cache: BTreeMap<(&'static str, u64), Doc>,
    pub(crate) log: Vec<Delivery>,
    /// Deliveries taken so far, for deterministic losses.
    pub(crate) taken: u64,
}

impl Queue {
    /// A position in the queue to insert at later.
    pub(crate) fn mark(&self) -> usize {
        self.jobs.len()
    }

    pub(crate) fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.jobs.iter().map(|j| j.due).min()
    }

    /// Queues a job unless one of that webhook and object is waiting already:
    /// several changes make one delivery.
    pub(crate) fn add(&mut self, at: usize, webhook: u64, event: Event, id: u64, due: Timestamp) {
        if self.jobs.iter().any(|j| j.webhook == webhook && j.id == id) {
            self.collapsed += 1;
            return;
        }
        self.last_seq += 1;
        let job = Job { seq: self.last_seq, webhook, event, id, due };
        self.jobs.insert(at.min(self.jobs.len()), job);
    }

    /// Takes the next job that may run. With `in_runs` all that is due forms
    /// one run, whose objects are loaded once, and the next run waits for it.
    pub(crate) fn take(&mut self, now: Timestamp, in_runs: bool, reverse: bool) -> Option<Job> {
        if in_runs && self.run.is_empty() {
            if !self.under_way.is_empty() {
                return None;
            }
            self.cache.clear();
            self.run = self.jobs.iter().filter(|j| j.due <= now).map(|j| j.seq).collect();
        }
        let may_run = |job: &Job| if in_runs { self.run.contains(&job.seq) } else { job.due <= now };
        let at = if reverse {
            self.jobs.iter().rposition(may_run)?
        } else {
            self.jobs.iter().position(may_run)?
        };
        let job = self.jobs.remove(at);
        self.run.remove(&job.seq);
        if !in_runs {
            self.cache.clear();
        }
        self.taken += 1;
        Some(job)
    }

    /// Lets everything that waits run now.
    pub(crate) fn hurry(&mut self, now: Timestamp) {
        for job in &mut self.jobs {
            job.due = job.due.min(now);
        }
    }

    /// The log entry of a delivery.
    pub(crate) fn entry(&mut self, seq: u64) -> Option<&mut Delivery> {
        self.log.iter_mut().rev().find(|d| d.job.seq == seq)
    }
}

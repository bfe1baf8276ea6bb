//! Doing what a fault asks for, one webhook at a time.

use super::faults::{Fault, FaultKind, Wanted};
use super::memory::Memory;
use super::{Guard, GuardError, GuardRun};
use crate::id::StoreId;
use crate::outcome::CallError;
use crate::ports::{Checkpoint, NewWebhook, Webhook};
use crate::reconcile::{Example, Outcome};

/// The key of the REST API may read only, or its user may not manage webhooks.
pub const NOT_MANAGEABLE: &str = "webhooks_not_manageable";

/// One run's state.
pub(super) struct Work<'r, 'c> {
    pub(super) guard: &'r Guard,
    pub(super) run: &'r GuardRun<'r>,
    pub(super) job: &'r str,
    pub(super) checkpoint: &'c mut Checkpoint,
    pub(super) memory: Memory,
    pub(super) wanted: Vec<Wanted>,
    /// As they were listed when the run began.
    pub(super) present: Vec<Webhook>,
    pub(super) fingerprint: String,
}

/// What became of all faults.
#[derive(Default)]
pub(super) struct Done {
    pub(super) examples: Vec<Example>,
    /// Something did not deliver …
    pub(super) lossy: bool,
    /// … and still does not.
    pub(super) lost: bool,
    pub(super) unfinished: bool,
}

impl Work<'_, '_> {
    /// Each fault with whether it may be repaired now.
    pub(super) async fn repair_all(&mut self, faults: Vec<(Fault, bool)>) -> Result<Done, GuardError> {
        let mut done = Done { lossy: faults.iter().any(|(fault, _)| fault.kind.loses()), ..Done::default() };
        self.memory.was_ill |= done.lossy;
        let mut refused = Vec::new();
        for (fault, may) in faults {
            if self.guard.clock.now() >= self.run.until {
                done.unfinished = true;
                done.lost |= fault.kind.loses();
                continue;
            }
            let outcome = if refused.is_empty() || fault.repair.is_by_hand() {
                self.attend(&fault, may).await?
            } else {
                Attended::Refused
            };
            let (outcome, detail) = match outcome {
                Attended::Repaired => (Outcome::Repaired, "put right".to_owned()),
                Attended::Left(why) => (Outcome::Parked, why),
                Attended::Refused => {
                    done.lost |= fault.kind.loses();
                    refused.push(format!("{} of {}", fault.kind.as_str(), fault.topic));
                    continue;
                }
            };
            done.lost |= outcome == Outcome::Parked && fault.kind.loses();
            let detail = format!("{}: {detail}", fault.kind.says());
            let subject = format!("{}/{}", self.run.config.store, fault.topic);
            done.examples.push(Example { kind: fault.kind.as_str().to_owned(), subject, outcome, detail });
        }
        if !refused.is_empty() {
            done.examples.push(not_manageable(&self.run.config.store, &refused));
        }
        Ok(done)
    }

    async fn attend(&mut self, fault: &Fault, may: bool) -> Result<Attended, GuardError> {
        if fault.repair.is_by_hand() {
            return Ok(Attended::Left("left to people".to_owned()));
        }
        if !may {
            return Ok(Attended::Left(not_again(fault.kind).to_owned()));
        }
        self.memory.repairing(fault.topic, fault.kind, self.guard.clock.now());
        self.keep().await?;
        let repaired = self.repair(fault).await;
        let attended = match repaired {
            Ok(()) => Attended::Repaired,
            // Nothing was made: the next run may try again.
            Err(Unrepaired { error, made_unknown: false }) => {
                self.memory.not_repaired(fault.topic);
                left(error)
            }
            Err(Unrepaired { error, made_unknown: true }) => left(error),
        };
        self.keep().await?;
        Ok(attended)
    }

    async fn repair(&mut self, fault: &Fault) -> Result<(), Unrepaired> {
        let failed = |error| Unrepaired { error, made_unknown: false };
        let shop = self.run.shop;
        if let Some(id) = fault.repair.renew {
            shop.renew_secret(id).await.map_err(failed)?;
            self.memory.secret_set(id, &self.fingerprint, self.guard.clock.now());
        }
        if fault.repair.create {
            let made = self.create(fault.topic).await;
            let id = made.map_err(|error| {
                let made_unknown = matches!(error, CallError::Unknown { .. });
                Unrepaired { error, made_unknown }
            })?;
            self.memory.secret_set(id, &self.fingerprint, self.guard.clock.now());
        }
        for id in &fault.repair.delete {
            shop.delete_webhook(*id).await.map_err(failed)?;
        }
        Ok(())
    }

    /// Makes one. A second call would make a second one: after an unknown
    /// outcome the shop is looked at, now and by the next run.
    async fn create(&self, topic: &str) -> Result<u64, CallError> {
        let wanted = self.wanted.iter().find(|wanted| wanted.topic == topic);
        let Some(wanted) = wanted else { return Err(CallError::unknown("no such topic")) };
        let new = NewWebhook { name: wanted.name.clone(), topic: topic.to_owned(), url: wanted.url.clone() };
        match self.run.shop.create_webhook(&new).await {
            Ok(made) => Ok(made.id),
            Err(CallError::Unknown { why }) => {
                let unknown = |_| CallError::unknown(why.clone());
                let there = self.run.shop.webhooks().await.map_err(unknown)?;
                let is_it = |it: &&Webhook| {
                    let was_there = self.present.iter().any(|known| known.id == it.id);
                    !was_there && it.topic == new.topic && it.name == new.name
                };
                there.iter().find(is_it).map(|made| made.id).ok_or_else(|| CallError::unknown(why.clone()))
            }
            Err(error) => Err(error),
        }
    }

    /// Writes the memory down.
    pub(super) async fn keep(&mut self) -> Result<(), GuardError> {
        let cursor = self.memory.cursor();
        self.guard.schedules.advance(self.job, self.checkpoint, &cursor).await?;
        Ok(())
    }
}

/// One clear problem, whatever it keeps from being put right.
pub(super) fn not_manageable(store: &StoreId, left: &[String]) -> Example {
    let detail = format!(
        "the shop does not let the key manage webhooks: give it read_write, or its user the right to manage \
         the shop, or set webhooks.manage to false; left as it is: {}",
        left.join(", ")
    );
    Example { kind: NOT_MANAGEABLE.to_owned(), subject: store.to_string(), outcome: Outcome::Parked, detail }
}

enum Attended {
    Repaired,
    Left(String),
    /// The key may not write.
    Refused,
}

struct Unrepaired {
    error: CallError,
    /// A webhook may have been made: only a listing can tell.
    made_unknown: bool,
}

fn left(error: CallError) -> Attended {
    match error {
        CallError::Rejected(rejection) if rejection.code == NOT_MANAGEABLE => Attended::Refused,
        CallError::Rejected(rejection) => Attended::Left(format!("the shop refuses it ({})", rejection.code)),
        error => Attended::Left(format!("it could not be put right and is looked at again ({error})")),
    }
}

fn not_again(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Missing => {
            "it was made several times within the hour and is gone again: find out who deletes it"
        }
        FaultKind::Owner => {
            "it was made anew within the hour, or several times within the day: give the user of the API key the \
             right to read orders"
        }
        _ => "it was put right less than an hour ago: find out who changes it",
    }
}

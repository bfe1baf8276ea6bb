//! What the guard keeps from one run to the next: the checkpoint's cursor is
//! its JSON. It holds no secret.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::faults::FaultKind;
use crate::ports::{Troubles, Webhook};

/// One repair of a webhook in this time …
const PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// … but so many creations where there was none.
const CREATIONS: usize = 3;
/// One made anew because whoever made it had lost the right to read orders
/// belongs to our key's user. So many in a day, and that user has not got it.
const FOR_OWNER: usize = 3;
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// Deliveries signed with the secret of before may still be under way.
const UNDER_WAY: SignedDuration = SignedDuration::from_mins(10);

/// Everything that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Memory {
    /// No check before this.
    pub(super) next_run: Timestamp,
    /// The last check that found, or left, everything delivering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) healthy_at: Option<Timestamp>,
    /// Something did not deliver at the last check.
    #[serde(default)]
    pub(super) was_ill: bool,
    /// Webhooks whose secret was set by us, by the shop's id.
    #[serde(default)]
    pub(super) secrets: BTreeMap<u64, SecretSet>,
    /// What was repaired of each topic within the last hour, or day.
    #[serde(default)]
    repairs: BTreeMap<String, Vec<Repaired>>,
}

/// When we set a webhook's secret, and to which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SecretSet {
    /// Tells one secret from another without telling it.
    pub(super) fingerprint: String,
    /// When it was made, or first seen.
    pub(super) since: Timestamp,
    /// When it was set last.
    pub(super) set_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Repaired {
    at: Timestamp,
    was_missing: bool,
    #[serde(default)]
    for_owner: bool,
}

impl Memory {
    /// A cursor that cannot be read begins anew: secrets are then set twice,
    /// and nothing is missed.
    pub(super) fn read(cursor: Option<&str>, now: Timestamp) -> Self {
        let first = || Self {
            next_run: now,
            healthy_at: None,
            was_ill: false,
            secrets: BTreeMap::new(),
            repairs: BTreeMap::new(),
        };
        cursor.and_then(|cursor| serde_json::from_str(cursor).ok()).unwrap_or_else(first)
    }

    pub(super) fn cursor(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether a fault of a topic may be repaired now. A shop in which somebody
    /// deletes what we make must not become a loop.
    pub(super) fn may_repair(&self, topic: &str, kind: FaultKind, now: Timestamp) -> bool {
        let missing = kind == FaultKind::Missing;
        let done = || self.repairs.get(topic).into_iter().flatten();
        let alike = done().filter(|it| it.was_missing == missing && it.at + PAUSE > now).count();
        let for_owner = done().filter(|it| it.for_owner && it.at + DAY > now).count();
        let is_hopeless = kind == FaultKind::Owner && for_owner >= FOR_OWNER;
        !is_hopeless && alike < if missing { CREATIONS } else { 1 }
    }

    /// Counted before it is begun: a crash must not hide it.
    pub(super) fn repairing(&mut self, topic: &str, kind: FaultKind, now: Timestamp) {
        let repairs = self.repairs.entry(topic.to_owned()).or_default();
        repairs.retain(|it| it.at + if it.for_owner { DAY } else { PAUSE } > now);
        let (was_missing, for_owner) = (kind == FaultKind::Missing, kind == FaultKind::Owner);
        repairs.push(Repaired { at: now, was_missing, for_owner });
    }

    /// It had certainly no effect.
    pub(super) fn not_repaired(&mut self, topic: &str) {
        if let Some(repairs) = self.repairs.get_mut(topic) {
            repairs.pop();
        }
    }

    /// What the shop does not have any more need not be remembered.
    pub(super) fn forget_all_but(&mut self, present: &[Webhook]) {
        self.secrets.retain(|id, _| present.iter().any(|webhook| webhook.id == *id));
    }

    /// A webhook has the secret of this fingerprint from now on.
    pub(super) fn secret_set(&mut self, id: u64, fingerprint: &str, now: Timestamp) {
        let since = self.secrets.get(&id).map_or(now, |known| known.since);
        let fingerprint = fingerprint.to_owned();
        self.secrets.insert(id, SecretSet { fingerprint, since, set_at: now });
    }
}

/// What is known beside the listing.
#[derive(Debug, Clone)]
pub(super) struct Known<'a> {
    memory: &'a Memory,
    fingerprint: &'a str,
    troubles: Troubles,
    now: Timestamp,
}

impl<'a> Known<'a> {
    pub(super) fn new(memory: &'a Memory, fingerprint: &'a str, troubles: Troubles, now: Timestamp) -> Self {
        Self { memory, fingerprint, troubles, now }
    }

    /// It was never ours to set, the store's secret is another one since, or
    /// deliveries were not signed with it.
    pub(super) fn secret_may_differ(&self, id: u64) -> bool {
        let Some(known) = self.memory.secrets.get(&id) else { return true };
        let bad = |at: Timestamp| at > known.set_at && known.set_at + UNDER_WAY <= self.now;
        known.fingerprint != self.fingerprint || self.troubles.bad_signatures.is_some_and(bad)
    }

    /// One made anew belongs to whoever our key belongs to. What was noted
    /// before we knew a webhook may be about another one.
    pub(super) fn owner_lost_rights(&self, id: u64) -> bool {
        self.is_since(id, self.troubles.owner_without_rights)
    }

    /// As above: one made anew is one of the API that we speak.
    pub(super) fn is_old_api(&self, id: u64) -> bool {
        self.is_since(id, self.troubles.old_api)
    }

    fn is_since(&self, id: u64, noted: Option<Timestamp>) -> bool {
        let known = self.memory.secrets.get(&id);
        known.is_some_and(|known| noted.is_some_and(|at| at > known.since))
    }
}

//! What a client has learned of its shop's interfaces: believed for a while,
//! since a plugin is installed on one day and used on all the others.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::Interface;
use crate::fulfilment::Plugin;

/// How long it is believed.
const BELIEVED: SignedDuration = SignedDuration::from_hours(1);

/// Something that was learned, and when.
#[derive(Debug)]
struct Known<T>(Mutex<Option<(T, Timestamp)>>);

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Known<T> {
    fn get(&self, now: Timestamp) -> Option<T> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (value, since) = known.as_ref()?;
        // A clock that was set back makes it old, too.
        let age = now.duration_since(*since);
        (age >= SignedDuration::ZERO && age < BELIEVED).then(|| value.clone())
    }

    fn set(&self, value: Option<(T, Timestamp)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = value;
    }
}

/// What a client has learned, for as long as it lives.
#[derive(Debug, Default)]
pub(in crate::client) struct Learned {
    best: Known<Interface>,
    statuses: Known<BTreeSet<String>>,
    carriers: [Known<BTreeSet<String>>; Plugin::ALL.len()],
}

impl Learned {
    /// The best interface for parcels that the shop has.
    pub(super) fn best(&self, now: Timestamp) -> Option<Interface> {
        self.best.get(now)
    }

    pub(super) fn is_best(&self, interface: Interface, now: Timestamp) {
        self.best.set(Some((interface, now)));
    }

    /// It is not there any more.
    pub(super) fn forget_best(&self) {
        self.best.set(None);
    }

    /// The statuses that the shop's orders can have.
    pub(super) fn statuses(&self, now: Timestamp) -> Option<BTreeSet<String>> {
        self.statuses.get(now)
    }

    pub(super) fn are_statuses(&self, statuses: BTreeSet<String>, now: Timestamp) {
        self.statuses.set(Some((statuses, now)));
    }

    /// The carriers that a plugin knows.
    pub(super) fn carriers(&self, plugin: Plugin, now: Timestamp) -> Option<BTreeSet<String>> {
        self.carriers[plugin as usize].get(now)
    }

    pub(super) fn are_carriers(&self, plugin: Plugin, carriers: BTreeSet<String>, now: Timestamp) {
        self.carriers[plugin as usize].set(Some((carriers, now)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learned_is_believed_for_an_hour() {
        let learned = Learned::default();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(learned.best(at("2026-11-27T12:00:00Z")), None);
        learned.is_best(Interface::Fulfillments, at("2026-11-27T12:00:00Z"));
        for now in ["2026-11-27T12:00:00Z", "2026-11-27T12:59:59Z"] {
            assert_eq!(learned.best(at(now)), Some(Interface::Fulfillments), "{now}");
        }
        for now in ["2026-11-27T13:00:00Z", "2026-11-28T12:00:00Z", "2026-11-27T11:59:59Z"] {
            assert_eq!(learned.best(at(now)), None, "{now}");
        }
        learned.forget_best();
        assert_eq!(learned.best(at("2026-11-27T12:00:00Z")), None);
    }
}

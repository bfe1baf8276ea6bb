//! One slot per secret: its last good value, and when to ask again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::{KEPT_FOR, REFRESHED_EVERY, RETRIED_AFTER, SecretError};

/// Values by the secret's name. Callers of one secret wait for one fetch of it.
pub(super) struct Cache<T>(StdMutex<BTreeMap<String, Arc<Mutex<Slot<T>>>>>);

struct Slot<T> {
    value: Option<Arc<T>>,
    fetched_at: Option<Timestamp>,
    refreshed_at: Option<Timestamp>,
    failure: Option<(Timestamp, SecretError)>,
}

// Derived, they would ask for the same of `T`.
impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self(StdMutex::default())
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { value: None, fetched_at: None, refreshed_at: None, failure: None }
    }
}

impl<T> Cache<T> {
    /// The value at hand, if it is fresh; else what `fetch` gives; else the
    /// last good one, however old.
    pub(super) async fn get<F>(
        &self,
        name: &str,
        now: Timestamp,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<T>, SecretError>
    where
        F: Future<Output = Result<T, SecretError>>,
    {
        let slot = self.slot(name);
        let mut slot = slot.lock().await;
        let fresh = slot.value.clone().filter(|_| within(slot.fetched_at, now, KEPT_FOR));
        if let Some(value) = fresh {
            return Ok(value);
        }
        match slot.recent_failure(now) {
            Some(failure) => slot.value.clone().ok_or(failure),
            None => slot.renew(now, fetch().await).or_else(|failure| slot.value.clone().ok_or(failure)),
        }
    }

    /// What `fetch` gives, unless it was asked for too recently or fails.
    pub(super) async fn refresh<F>(
        &self,
        name: &str,
        now: Timestamp,
        fetch: impl FnOnce() -> F,
    ) -> Option<Arc<T>>
    where
        F: Future<Output = Result<T, SecretError>>,
    {
        let slot = self.slot(name);
        let mut slot = slot.lock().await;
        if within(slot.refreshed_at, now, REFRESHED_EVERY) || slot.recent_failure(now).is_some() {
            return None;
        }
        slot.refreshed_at = Some(now);
        slot.renew(now, fetch().await).ok()
    }

    fn slot(&self, name: &str) -> Arc<Mutex<Slot<T>>> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(name.to_owned()).or_default())
    }
}

impl<T> Slot<T> {
    fn recent_failure(&self, now: Timestamp) -> Option<SecretError> {
        self.failure
            .as_ref()
            .filter(|(at, _)| within(Some(*at), now, RETRIED_AFTER))
            .map(|(_, failure)| failure.clone())
    }

    fn renew(&mut self, now: Timestamp, fetched: Result<T, SecretError>) -> Result<Arc<T>, SecretError> {
        match fetched {
            Ok(value) => {
                let value = Arc::new(value);
                (self.value, self.fetched_at, self.failure) = (Some(Arc::clone(&value)), Some(now), None);
                Ok(value)
            }
            Err(failure) => {
                let kept = self.value.is_some();
                tracing::error!(
                    secret.kept = kept,
                    "{failure}{}",
                    if kept { "; the last good one stays in use" } else { "" }
                );
                self.failure = Some((now, failure.clone()));
                Err(failure)
            }
        }
    }
}

/// Whether `then` was less than `span` ago. A clock that jumped back makes
/// everything old: asking again is the safe side.
fn within(then: Option<Timestamp>, now: Timestamp, span: SignedDuration) -> bool {
    then.is_some_and(|then| then <= now && now.duration_since(then) < span)
}

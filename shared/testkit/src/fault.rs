//! Faults by script. Each operation of a fake has a queue of faults; one is
//! taken at each call, and an empty queue means that all is well. What
//! matters about a fault is on which side of the effect it strikes: a call
//! that failed *after* it took effect is the hard one.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;

use weir_domain::outcome::CallError;

use crate::lock;

/// What happens to one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault<E> {
    /// Nothing: this call is let through, so that a later one can fail.
    None,
    /// It fails and has had no effect.
    Before(E),
    /// It takes effect, and the answer is lost.
    After(E),
}

/// The script of one fake, and the count of its calls.
#[derive(Debug)]
pub struct Faults<Op, E>(Mutex<Script<Op, E>>);

#[derive(Debug)]
struct Script<Op, E> {
    queued: BTreeMap<Op, VecDeque<Fault<E>>>,
    outage: Option<E>,
    calls: BTreeMap<Op, u64>,
}

impl<Op, E> Default for Faults<Op, E> {
    fn default() -> Self {
        Self(Mutex::new(Script { queued: BTreeMap::new(), outage: None, calls: BTreeMap::new() }))
    }
}

impl<Op: Ord + Copy, E: Clone> Faults<Op, E> {
    /// Adds faults for the next calls of an operation.
    pub fn script(&self, op: Op, faults: impl IntoIterator<Item = Fault<E>>) {
        lock(&self.0).queued.entry(op).or_default().extend(faults);
    }

    /// From now on every call of every operation fails before it has any
    /// effect, until `None` ends it. Queued faults wait for that.
    pub fn outage(&self, error: Option<E>) {
        lock(&self.0).outage = error;
    }

    /// Faults still queued: a test that scripts one usually wants 0 at its end.
    pub fn unspent(&self) -> usize {
        lock(&self.0).queued.values().map(VecDeque::len).sum()
    }

    /// Calls of an operation, failed ones included.
    pub fn calls(&self, op: Op) -> u64 {
        lock(&self.0).calls.get(&op).copied().unwrap_or_default()
    }

    /// Calls of all operations.
    pub fn all_calls(&self) -> u64 {
        lock(&self.0).calls.values().sum()
    }

    /// One call: `effect` runs unless a fault strikes before it.
    pub(crate) fn strike<T>(&self, op: Op, effect: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        match self.next(op) {
            Fault::None => effect(),
            Fault::Before(error) => Err(error),
            Fault::After(error) => {
                effect()?;
                Err(error)
            }
        }
    }

    fn next(&self, op: Op) -> Fault<E> {
        let mut script = lock(&self.0);
        *script.calls.entry(op).or_default() += 1;
        if let Some(error) = &script.outage {
            return Fault::Before(error.clone());
        }
        script.queued.get_mut(&op).and_then(VecDeque::pop_front).unwrap_or(Fault::None)
    }
}

/// No answer in time: it may have happened.
pub fn timed_out() -> CallError {
    CallError::unknown("timed out")
}

/// 500 and the like: it may have happened.
pub fn server_error() -> CallError {
    CallError::unknown("http 500")
}

/// 401: nobody's order is at fault.
pub fn unauthorised() -> CallError {
    CallError::blocked("http 401")
}

/// Nothing listens: certainly not done.
pub fn refused() -> CallError {
    CallError::retry_soon("connection refused")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_played_call_by_call_and_an_outage_interrupts_it() {
        let faults: Faults<char, &str> = Faults::default();
        faults.script('a', [Fault::None, Fault::Before("early"), Fault::After("late")]);
        let mut effects = 0;
        let mut call = |op| {
            faults.strike(op, || {
                effects += 1;
                Ok(())
            })
        };
        assert_eq!(call('a'), Ok(()));
        assert_eq!(call('b'), Ok(()));
        faults.outage(Some("down"));
        assert_eq!((call('a'), call('b')), (Err("down"), Err("down")));
        faults.outage(None);
        assert_eq!(call('a'), Err("early"));
        assert_eq!(call('a'), Err("late"));
        assert_eq!(call('a'), Ok(()));
        assert_eq!(effects, 4, "twice well for a, once for b, and once before the lost answer");
        assert_eq!((faults.unspent(), faults.calls('a'), faults.all_calls()), (0, 5, 7));
    }
}

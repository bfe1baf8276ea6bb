//! The stand-in's own clock: real, shifted or frozen.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};

use crate::control::ClockCommand;

/// A clock that tests can stop and move.
#[derive(Debug)]
pub struct Clock(Mutex<State>);

#[derive(Clone, Copy, Debug)]
enum State {
    /// Real time plus a shift.
    Running(SignedDuration),
    Frozen(Timestamp),
}

impl Clock {
    /// Real time.
    pub fn real() -> Self {
        Self(Mutex::new(State::Running(SignedDuration::ZERO)))
    }

    /// Stands still until told otherwise.
    pub fn frozen(at: Timestamp) -> Self {
        Self(Mutex::new(State::Frozen(at)))
    }

    /// The present time of this clock.
    pub fn now(&self) -> Timestamp {
        match *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Running(shift) => {
                let real = system_now();
                real.saturating_add(shift).unwrap_or(real)
            }
            State::Frozen(at) => at,
        }
    }

    pub(crate) fn apply(&self, command: ClockCommand) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = match (command, *state) {
            (ClockCommand::Freeze(at), _) => State::Frozen(at),
            (ClockCommand::Advance(by), State::Running(shift)) => State::Running(shift + by),
            (ClockCommand::Advance(by), State::Frozen(at)) => {
                State::Frozen(at.saturating_add(by).unwrap_or(at))
            }
            (ClockCommand::Real, _) => State::Running(SignedDuration::ZERO),
        };
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the stand-in plays another machine and has its own clock; the shop itself has none"
)]
fn system_now() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH)
}

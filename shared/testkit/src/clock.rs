use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use weir_domain::ports::Clock;

use crate::lock;

/// A clock that stands until it is told to go on.
#[derive(Debug)]
pub struct FakeClock(Mutex<Timestamp>);

impl FakeClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    /// Shows another time, also an earlier one (C2).
    pub fn set(&self, now: Timestamp) {
        *lock(&self.0) = now;
    }

    /// Lets time pass.
    pub fn advance(&self, by: SignedDuration) {
        *lock(&self.0) += by;
    }
}

impl Default for FakeClock {
    /// [`sample::saturday`](crate::sample::saturday).
    fn default() -> Self {
        Self::at(crate::sample::saturday())
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *lock(&self.0)
    }

    fn steady(&self) -> SignedDuration {
        self.now().duration_since(crate::sample::saturday())
    }
}

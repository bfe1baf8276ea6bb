//! The real clock: the one place where wall time enters.

use std::sync::LazyLock;
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use weir_domain::ports::Clock;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else takes")]
static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else takes")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn steady(&self) -> SignedDuration {
        SignedDuration::try_from(BEGIN.elapsed()).unwrap_or(SignedDuration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_after_this_was_written() {
        let written: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
        assert!(SystemClock.now() > written);
    }

    #[test]
    fn the_steady_one_never_goes_back() {
        let before = SystemClock.steady();
        assert!(SystemClock.steady() >= before);
    }
}

//! How many requests a shop gets at once: more while it answers well, half
//! when it is slow or throttles. Additive increase, multiplicative decrease.

use jiff::SignedDuration;

/// The most requests at once to one shop, whatever it can take: half of the
/// workers of a small PHP pool belong to customers.
const MOST: usize = 4;
/// A batch of 100 took 2.2 s on a small machine; twice that is slow.
const SLOW: SignedDuration = SignedDuration::from_secs(5);

/// One shop's pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    at_once: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self { at_once: 2 }
    }
}

impl Pace {
    /// Requests that may be under way at once.
    pub fn at_once(self) -> usize {
        self.at_once
    }

    /// After a round of requests: the slowest answer, and whether any of them
    /// was throttled or failed.
    #[must_use]
    pub fn after(self, slowest: SignedDuration, failed: bool) -> Self {
        let at_once = match (failed, slowest > SLOW) {
            (true, _) => 1,
            (false, true) => (self.at_once / 2).max(1),
            (false, false) => (self.at_once + 1).min(MOST),
        };
        Self { at_once }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_by_one_and_halves() {
        let quick = SignedDuration::from_secs(1);
        let mut pace = Pace::default();
        let grown: Vec<usize> = (0..4)
            .map(|_| {
                pace = pace.after(quick, false);
                pace.at_once()
            })
            .collect();
        assert_eq!(grown, [3, 4, 4, 4]);
        assert_eq!(pace.after(SignedDuration::from_secs(6), false).at_once(), 2);
        assert_eq!(pace.after(quick, true).at_once(), 1);
    }
}

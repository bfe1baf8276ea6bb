//! What a feed has named lately. A round reads again what the one before may
//! have missed, five minutes of it at least; what is remembered here is not
//! named again for that.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Changes that are remembered: some 50 kB of a cursor. Beyond it the oldest
/// ones, which are read again for the shortest time, are named twice.
const REMEMBERED: usize = 2_000;

/// Records that were named, as they were then: the date of the last change, in
/// microseconds, and which it is. Who changes one again does so in a later
/// transaction, which has a later date.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Named(BTreeSet<(i64, u64)>);

impl Named {
    /// Whether it was named as it is.
    pub(super) fn knows(&self, changed: Timestamp, key: u64) -> bool {
        self.0.contains(&(changed.as_microsecond(), key))
    }

    /// It is being named.
    pub(super) fn remember(&mut self, changed: Timestamp, key: u64) {
        self.0.insert((changed.as_microsecond(), key));
        if self.0.len() > REMEMBERED {
            self.0.pop_first();
        }
    }

    /// Forgets what no round reads that begins here, or later.
    pub(super) fn forget_before(&mut self, from: Timestamp) {
        self.0 = self.0.split_off(&(from.as_microsecond(), 0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn what_is_read_again_is_remembered_and_no_longer() {
        let mut named = Named::default();
        for (second, id) in [(5, 1), (7, 1), (7, 2)] {
            named.remember(at(second), id);
        }
        named.forget_before(at(7));
        assert!(named.knows(at(7), 1) && named.knows(at(7), 2));
        assert!(!named.knows(at(5), 1) && !named.knows(at(8), 1), "another change of it is another");
    }

    #[test]
    fn the_youngest_are_remembered_and_a_cursor_stays_small() {
        let mut named = Named::default();
        (0..10_000).for_each(|second| named.remember(at(second), 1_000_000_000));
        assert!(!named.knows(at(7_999), 1_000_000_000) && named.knows(at(8_000), 1_000_000_000));
        assert!(serde_json::to_string(&named).unwrap().len() < 64_000);
    }
}

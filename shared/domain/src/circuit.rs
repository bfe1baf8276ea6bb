//! A circuit per peer (ERP or shop): when it is open, work is parked instead
//! of failing one order after another, and one order at a time probes.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::id::{ErpId, OrderKey, StoreId};

/// Whose circuit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Peer {
    /// An ERP connection.
    Erp(ErpId),
    /// A shop's REST API.
    Store(StoreId),
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Erp(erp) => write!(f, "erp/{erp}"),
            Self::Store(store) => write!(f, "store/{store}"),
        }
    }
}

/// Failures of different orders in a row that open a circuit.
const FAILURES_TO_OPEN: u32 = 3;
/// The first probe comes this long after opening …
const FIRST_PROBE: SignedDuration = SignedDuration::from_secs(60);
/// … and later ones at growing distances up to this.
const LONGEST_PROBE: SignedDuration = SignedDuration::from_secs(300);
/// What a peer asks for (`Retry-After`) is kept within these.
const SHORTEST_WISH: SignedDuration = SignedDuration::from_secs(5);
const LONGEST_WISH: SignedDuration = SignedDuration::from_mins(20);

/// The state of a circuit. The default is closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circuit {
    /// `Some` while it is open.
    pub open: Option<OpenCircuit>,
    /// Failures of different orders in a row while closed.
    pub failures: u32,
    /// The order that failed last: one order failing again and again is that
    /// order's trouble, not the peer's.
    pub last_failed: Option<OrderKey>,
}

/// Since when and why a circuit is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCircuit {
    /// Since when.
    pub since: Timestamp,
    /// In our words.
    pub why: String,
    /// No call before this, except the probe's.
    pub probe_at: Timestamp,
    /// Probes that failed.
    pub probes: u32,
}

impl Circuit {
    /// Whether ordinary work may call the peer.
    pub fn is_closed(&self) -> bool {
        self.open.is_none()
    }

    /// What keeps work that only reads from calling the peer. From the probe's
    /// time on nothing does: there may be no order to probe with, and what
    /// only reads would wait for ever.
    pub fn open_for_reads(&self, now: Timestamp) -> Option<&OpenCircuit> {
        self.open.as_ref().filter(|open| now < open.probe_at)
    }

    /// A call succeeded: closed, and nothing counted.
    #[must_use]
    pub fn after_success(&self) -> Self {
        Self::default()
    }

    /// A call showed that the peer is at fault (blocked): open at once, or
    /// for longer. `after` is what the peer asked for.
    #[must_use]
    pub fn after_blocked(&self, why: &str, now: Timestamp, after: Option<SignedDuration>) -> Self {
        let (since, probes) = match &self.open {
            Some(open) => (open.since, open.probes + 1),
            None => (now, 0),
        };
        let wait = after.unwrap_or_else(|| probe_distance(probes)).clamp(SHORTEST_WISH, LONGEST_WISH);
        let open = OpenCircuit { since, why: why.to_owned(), probe_at: now + wait, probes };
        Self { open: Some(open), failures: self.failures, last_failed: self.last_failed.clone() }
    }

    /// A call failed without showing whose fault it is: opens when several
    /// different orders fail in a row.
    #[must_use]
    pub fn after_failure(&self, order: &OrderKey, why: &str, now: Timestamp) -> Self {
        if self.open.is_some() {
            return self.after_blocked(why, now, None);
        }
        let again = self.last_failed.as_ref() == Some(order);
        let failures = if again { self.failures } else { self.failures + 1 };
        let counted = Self { open: None, failures, last_failed: Some(order.clone()) };
        if failures >= FAILURES_TO_OPEN { counted.after_blocked(why, now, None) } else { counted }
    }
}

fn probe_distance(probes: u32) -> SignedDuration {
    (FIRST_PROBE * 2_i32.pow(probes.min(4))).min(LONGEST_PROBE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::OrderId;

    fn order(id: u64) -> OrderKey {
        OrderKey { store: "main".parse().unwrap(), order: OrderId(id) }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn one_bad_order_does_not_open_it_and_three_do() {
        let mut circuit = Circuit::default();
        for _ in 0..10 {
            circuit = circuit.after_failure(&order(1), "http 500", at(0));
        }
        assert!(circuit.is_closed());
        circuit = circuit.after_failure(&order(2), "http 500", at(1));
        assert!(circuit.is_closed());
        circuit = circuit.after_failure(&order(3), "http 500", at(2));
        assert!(!circuit.is_closed());
    }

    #[test]
    fn a_blocked_peer_opens_it_at_once_and_success_closes_it() {
        let open = Circuit::default().after_blocked("http 401", at(0), None);
        assert_eq!(open.open.as_ref().unwrap().probe_at, at(60));
        assert!(open.after_success().is_closed());
    }

    #[test]
    fn probes_grow_rarer_but_never_rare() {
        let mut circuit = Circuit::default().after_blocked("http 401", at(0), None);
        for _ in 0..20 {
            circuit = circuit.after_blocked("http 401", at(0), None);
        }
        let open = circuit.open.unwrap();
        assert_eq!((open.since, open.probe_at), (at(0), at(300)));
    }

    #[test]
    fn an_absurd_retry_after_is_capped() {
        let open =
            Circuit::default().after_blocked("http 503", at(0), Some(SignedDuration::from_hours(9000)));
        assert_eq!(open.open.unwrap().probe_at, at(1200));
    }
}

//! How often the shop was asked for what.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Requests by route and by status.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    total: u64,
    by_route: BTreeMap<String, u64>,
    by_status: BTreeMap<u16, u64>,
}

impl Counters {
    /// Counts one REST request, e.g. `GET orders/{id}`.
    pub(crate) fn count(&mut self, method: &str, pattern: &str, status: u16) {
        self.total += 1;
        *self.by_route.entry(format!("{method} {pattern}")).or_default() += 1;
        *self.by_status.entry(status).or_default() += 1;
    }

    pub(crate) fn to_json(&self) -> Value {
        let by_status: BTreeMap<String, u64> =
            self.by_status.iter().map(|(status, n)| (status.to_string(), *n)).collect();
        json!({ "total": self.total, "by_route": self.by_route, "by_status": by_status })
    }
}

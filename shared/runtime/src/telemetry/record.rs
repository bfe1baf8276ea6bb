//! How each metric is counted: under which names, and whose it is.

use std::borrow::Cow;

use jiff::SignedDuration;
use weir_domain::circuit::Peer;
use weir_domain::id::{ErpId, StoreId};
use weir_domain::outcome::CallError;

use super::Metric;

/// The longest code that is a dimension of its own.
const LONGEST_CODE: usize = 40;
/// Every other one: what is not our word must not become a metric.
const OTHER_CODE: &str = "other";

impl Metric<'_> {
    /// Counts it. Does nothing where no telemetry was set up.
    pub fn record(self) {
        match self {
            Self::OrderAccepted { store } => count("OrdersAccepted", 1, &Of::Store(store)),
            Self::SignatureFailure { store } => {
                count("SignatureFailures", 1, &store.map_or(Of::Nobody, Of::Store));
            }
            Self::OrderLatency { store, latency } => measure("OrderLatencyMs", latency, &Of::Store(store)),
            Self::Exception { store, code } => {
                count("Exceptions", 1, &Of::Store(store));
                count_by("Exceptions", 1, &Of::Reason(code));
            }
            Self::ExceptionsOpen { store, orders } => count("ExceptionsOpen", orders, &Of::Store(store)),
            Self::OldestWaiting { store, age } => measure("OldestWaitingMs", age, &Of::Store(store)),
            Self::Parked { store, orders } => count("Parked", orders, &Of::Store(store)),
            Self::CircuitOpen { peer: Peer::Erp(erp) } => count("CircuitOpen", 1, &Of::Erp(erp)),
            Self::CircuitOpen { peer: Peer::Store(store) } => count("CircuitOpen", 1, &Of::Store(store)),
            Self::FoundByPoll { store, orders } => count("FoundByPoll", orders, &Of::Store(store)),
            Self::RefundsFoundByPoll { store, refunds } => {
                count("RefundsFoundByPoll", refunds, &Of::Store(store));
            }
            Self::Woken { store, orders } => count("Woken", orders, &Of::Store(store)),
            Self::ErpCall { erp, failure } => {
                count("ErpCalls", 1, &Of::Erp(erp));
                if let Some(failure) = failure {
                    count(erp_failure(failure), 1, &Of::Erp(erp));
                }
            }
            Self::ShopCall { store, failure } => {
                count("ShopCalls", 1, &Of::Store(store));
                if let Some(failure) = failure {
                    count(shop_failure(failure), 1, &Of::Store(store));
                }
            }
            Self::StoreDisabled { store } => count("StoresDisabled", 1, &Of::Store(store)),
            Self::EventItems { erp, items } => count("EventItems", items, &Of::Erp(erp)),
            Self::EventOrders { erp, orders } => count("EventOrders", orders, &Of::Erp(erp)),
            Self::EventRefused { erp } => count("EventsRefused", 1, &Of::Erp(erp)),
            Self::FollowTick => count("FollowTicks", 1, &Of::Nobody),
            Self::FollowedOrders { erp, orders } => count("FollowedOrders", orders, &Of::Erp(erp)),
            Self::FollowFailed { erp } => count("FollowFailures", 1, &Of::Erp(erp)),
            Self::FollowUnfinished { erp } => count("FollowUnfinished", 1, &Of::Erp(erp)),
            Self::StockRefreshed { erp, items } => count("StockRefreshed", items, &Of::Erp(erp)),
            Self::StockSyncFailed { erp } => count("StockSyncFailures", 1, &Of::Erp(erp)),
            Self::StockStale { store, age } => measure("StockStaleMs", age, &Of::Store(store)),
            Self::StockWritten { store, items } => count("StockWritten", items, &Of::Store(store)),
            Self::StockWaiting { store, items } => count("StockWaiting", items, &Of::Store(store)),
            Self::StockExceptions { store, items } => count("StockExceptions", items, &Of::Store(store)),
            Self::StockLag { store, lag } => measure("StockLagMs", lag, &Of::Store(store)),
            Self::ShopRequests { store, reads, writes } => {
                count("ShopReads", reads, &Of::Store(store));
                count("ShopWrites", writes, &Of::Store(store));
            }
            Self::SignatureFailuresInARow { store } => {
                count("SignatureFailuresInARow", 1, &Of::Store(store));
            }
            Self::OwnerWithoutRights { store } => count("OwnersWithoutRights", 1, &Of::Store(store)),
            Self::WebhookRepaired { store, webhooks } => {
                count("WebhooksRepaired", webhooks, &Of::Store(store));
            }
            Self::WebhookFault { store, webhooks } => count("WebhookFaults", webhooks, &Of::Store(store)),
            Self::Differences { store, detected, repaired, parked } => {
                count("DifferencesDetected", detected, &Of::Store(store));
                count("DifferencesRepaired", repaired, &Of::Store(store));
                count("DifferencesParked", parked, &Of::Store(store));
            }
            Self::NightUnfinished { store } => count("NightUnfinished", 1, &Of::Store(store)),
            Self::NightFailed { store } => count("NightFailures", 1, &Of::Store(store)),
            Self::BackfillSent { store, orders } => count("BackfillSent", orders, &Of::Store(store)),
            Self::Released { store, orders } => count("OrdersReleased", orders, &Of::Store(store)),
            Self::ConsoleAction => count("ConsoleActions", 1, &Of::Nobody),
        }
    }
}

fn erp_failure(failure: &CallError) -> &'static str {
    match failure {
        CallError::Rejected(_) => "ErpRejected",
        CallError::RetrySoon { .. } => "ErpRetrySoon",
        CallError::Blocked { .. } => "ErpBlocked",
        CallError::Unknown { .. } => "ErpUnknown",
    }
}

fn shop_failure(failure: &CallError) -> &'static str {
    match failure {
        CallError::Rejected(_) => "ShopRejected",
        CallError::RetrySoon { .. } => "ShopRetrySoon",
        CallError::Blocked { .. } => "ShopBlocked",
        CallError::Unknown { .. } => "ShopUnknown",
    }
}

/// Whose it is, or why: the one dimension of the second count.
enum Of<'a> {
    Store(&'a StoreId),
    Erp(&'a ErpId),
    Reason(&'a str),
    Nobody,
}

impl Of<'_> {
    fn dimension(&self) -> Option<(&'static str, Cow<'static, str>)> {
        match self {
            Self::Store(store) => Some(("store", store.to_string().into())),
            Self::Erp(erp) => Some(("erp", erp.to_string().into())),
            Self::Reason(code) => Some(("code", bounded(code))),
            Self::Nobody => None,
        }
    }
}

/// A code of ours as it is.
fn bounded(code: &str) -> Cow<'static, str> {
    let is_ours = (1..=LONGEST_CODE).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if is_ours { code.to_owned().into() } else { OTHER_CODE.into() }
}

fn count(name: &'static str, n: usize, of: &Of) {
    metrics::counter!(name).increment(n.try_into().unwrap_or(u64::MAX));
    count_by(name, n, of);
}

/// By the dimension only.
fn count_by(name: &'static str, n: usize, of: &Of) {
    if let Some((key, value)) = of.dimension() {
        metrics::counter!(name, key => value).increment(n.try_into().unwrap_or(u64::MAX));
    }
}

fn measure(name: &'static str, duration: SignedDuration, of: &Of) {
    // Seven weeks and more are all the same, and clocks can run backwards.
    let ms = f64::from(u32::try_from(duration.as_millis().max(0)).unwrap_or(u32::MAX));
    metrics::histogram!(name).record(ms);
    if let Some((key, value)) = of.dimension() {
        metrics::histogram!(name, key => value).record(ms);
    }
}

//! The metrics, each counted twice: without dimensions, for alarms, and by
//! store or ERP, for people. Never by order or SKU: each distinct value of a
//! dimension is a metric of its own and is paid for.

use jiff::SignedDuration;
use metrics::Unit;
use weir_domain::circuit::Peer;
use weir_domain::id::{ErpId, StoreId};
use weir_domain::outcome::CallError;

/// Every name, with its unit. Alarms and dashboards use no others.
pub const METRICS: &[(&str, Unit)] = &[
    ("CircuitOpen", Unit::Count),
    ("ErpBlocked", Unit::Count),
    ("ErpCalls", Unit::Count),
    ("ErpRejected", Unit::Count),
    ("ErpRetrySoon", Unit::Count),
    ("ErpUnknown", Unit::Count),
    ("EventItems", Unit::Count),
    ("EventOrders", Unit::Count),
    ("EventsRefused", Unit::Count),
    ("Exceptions", Unit::Count),
    ("FollowFailures", Unit::Count),
    ("FollowTicks", Unit::Count),
    ("FollowUnfinished", Unit::Count),
    ("FollowedOrders", Unit::Count),
    ("FoundByPoll", Unit::Count),
    ("OrderLatencyMs", Unit::Milliseconds),
    ("OrdersAccepted", Unit::Count),
    ("Parked", Unit::Count),
    ("ShopReads", Unit::Count),
    ("ShopWrites", Unit::Count),
    ("SignatureFailures", Unit::Count),
    ("StockExceptions", Unit::Count),
    ("StockLagMs", Unit::Milliseconds),
    ("StockRefreshed", Unit::Count),
    ("StockStaleMs", Unit::Milliseconds),
    ("StockSyncFailures", Unit::Count),
    ("StockWaiting", Unit::Count),
    ("StockWritten", Unit::Count),
    ("StoresDisabled", Unit::Count),
    ("Woken", Unit::Count),
];

/// Something that is counted. There are no gauges: a warm function that is
/// not called would go on reporting its last value.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the fields say whose it is and how many")]
pub enum Metric<'a> {
    /// A hint about an order went to the queue.
    OrderAccepted { store: &'a StoreId },
    /// A delivery was refused for its signature. `None` for a store that is
    /// not configured: anybody can invent names.
    SignatureFailure { store: Option<&'a StoreId> },
    /// A sales order was completed; from the first hint until now.
    OrderLatency { store: &'a StoreId, latency: SignedDuration },
    /// An order became an exception.
    Exception { store: &'a StoreId },
    /// Orders that wait in the ledger although they are due, or were parked
    /// now.
    Parked { store: &'a StoreId, orders: usize },
    /// A circuit was found or made open. Said again each minute while it is.
    CircuitOpen { peer: &'a Peer },
    /// Orders whose hint was lost.
    FoundByPoll { store: &'a StoreId, orders: usize },
    /// Orders sent again because they were due.
    Woken { store: &'a StoreId, orders: usize },
    /// A call to an ERP, and how it failed if it did.
    ErpCall { erp: &'a ErpId, failure: Option<&'a CallError> },
    /// A store whose configuration is not usable. Said again each minute.
    StoreDisabled { store: &'a StoreId },
    /// Items that an event named, of those that were taken.
    EventItems { erp: &'a ErpId, items: usize },
    /// Orders that an event named, of those that were taken.
    EventOrders { erp: &'a ErpId, orders: usize },
    /// A signed event was not taken: it made no sense, or nobody serves it.
    EventRefused { erp: &'a ErpId },
    /// The schedule of fulfilment ran. The function's invocations do not say
    /// so: its queue starts it, too.
    FollowTick,
    /// Orders of which an ERP's feed said that something changed.
    FollowedOrders { erp: &'a ErpId, orders: usize },
    /// An ERP's feed of orders could not be read.
    FollowFailed { erp: &'a ErpId },
    /// The time was over before the end of an ERP's feed of orders, or of its
    /// last day at night.
    FollowUnfinished { erp: &'a ErpId },
    /// Positions stored from the ERP, by its feed or at night.
    StockRefreshed { erp: &'a ErpId, items: usize },
    /// The stock of an entity could not be read from its ERP.
    StockSyncFailed { erp: &'a ErpId },
    /// For how long a shop has not shown what it should, of the item that
    /// waits longest. Said again with every tick while there is one.
    StockStale { store: &'a StoreId, age: SignedDuration },
    /// Quantities changed in the shop.
    StockWritten { store: &'a StoreId, items: usize },
    /// Items that the shop does not show as it should, as far as this message
    /// is about them.
    StockWaiting { store: &'a StoreId, items: usize },
    /// Items that became an exception.
    StockExceptions { store: &'a StoreId, items: usize },
    /// Something was written; from when we heard of it until now.
    StockLag { store: &'a StoreId, lag: SignedDuration },
    /// Requests for stock to the shop.
    ShopRequests { store: &'a StoreId, reads: usize, writes: usize },
}

impl Metric<'_> {
    /// Counts it. Does nothing where no telemetry was set up.
    pub fn record(self) {
        match self {
            Self::OrderAccepted { store } => count("OrdersAccepted", 1, &Of::Store(store)),
            Self::SignatureFailure { store } => {
                count("SignatureFailures", 1, &store.map_or(Of::Nobody, Of::Store));
            }
            Self::OrderLatency { store, latency } => measure("OrderLatencyMs", latency, &Of::Store(store)),
            Self::Exception { store } => count("Exceptions", 1, &Of::Store(store)),
            Self::Parked { store, orders } => count("Parked", orders, &Of::Store(store)),
            Self::CircuitOpen { peer: Peer::Erp(erp) } => count("CircuitOpen", 1, &Of::Erp(erp)),
            Self::CircuitOpen { peer: Peer::Store(store) } => count("CircuitOpen", 1, &Of::Store(store)),
            Self::FoundByPoll { store, orders } => count("FoundByPoll", orders, &Of::Store(store)),
            Self::Woken { store, orders } => count("Woken", orders, &Of::Store(store)),
            Self::ErpCall { erp, failure } => {
                count("ErpCalls", 1, &Of::Erp(erp));
                if let Some(failure) = failure {
                    count(failure_name(failure), 1, &Of::Erp(erp));
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
        }
    }
}

fn failure_name(failure: &CallError) -> &'static str {
    match failure {
        CallError::Rejected(_) => "ErpRejected",
        CallError::RetrySoon { .. } => "ErpRetrySoon",
        CallError::Blocked { .. } => "ErpBlocked",
        CallError::Unknown { .. } => "ErpUnknown",
    }
}

/// Whose it is: the one dimension of the second count.
enum Of<'a> {
    Store(&'a StoreId),
    Erp(&'a ErpId),
    Nobody,
}

impl Of<'_> {
    fn dimension(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Store(store) => Some(("store", store.to_string())),
            Self::Erp(erp) => Some(("erp", erp.to_string())),
            Self::Nobody => None,
        }
    }
}

fn count(name: &'static str, n: usize, of: &Of) {
    let n = u64::try_from(n).unwrap_or(u64::MAX);
    metrics::counter!(name).increment(n);
    if let Some((key, value)) = of.dimension() {
        metrics::counter!(name, key => value).increment(n);
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

/// Tells the exporter the units.
pub(super) fn describe() {
    for &(name, unit) in METRICS {
        match unit {
            Unit::Milliseconds => metrics::describe_histogram!(name, unit, ""),
            _ => metrics::describe_counter!(name, unit, ""),
        }
    }
}

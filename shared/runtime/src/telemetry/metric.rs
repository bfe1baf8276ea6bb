//! The metrics, each counted twice: without dimensions, for alarms, and by
//! store or ERP, for people; exceptions a third time, by their reason, of
//! which there are some dozens. Never by order, SKU or person: each distinct
//! value of a dimension is a metric of its own and is paid for.

use jiff::SignedDuration;
use metrics::Unit;
use weir_domain::circuit::Peer;
use weir_domain::id::{ErpId, StoreId};
use weir_domain::outcome::CallError;

/// Every name, with its unit. Alarms and dashboards use no others.
pub const METRICS: &[(&str, Unit)] = &[
    ("BackfillSent", Unit::Count),
    ("CircuitOpen", Unit::Count),
    ("ConsoleActions", Unit::Count),
    ("DifferencesDetected", Unit::Count),
    ("DifferencesParked", Unit::Count),
    ("DifferencesRepaired", Unit::Count),
    ("ErpBlocked", Unit::Count),
    ("ErpCalls", Unit::Count),
    ("ErpRejected", Unit::Count),
    ("ErpRetrySoon", Unit::Count),
    ("ErpUnknown", Unit::Count),
    ("EventItems", Unit::Count),
    ("EventOrders", Unit::Count),
    ("EventsRefused", Unit::Count),
    ("Exceptions", Unit::Count),
    ("ExceptionsOpen", Unit::Count),
    ("FollowFailures", Unit::Count),
    ("FollowTicks", Unit::Count),
    ("FollowUnfinished", Unit::Count),
    ("FollowedOrders", Unit::Count),
    ("FoundByPoll", Unit::Count),
    ("NightFailures", Unit::Count),
    ("NightUnfinished", Unit::Count),
    ("OldestWaitingMs", Unit::Milliseconds),
    ("OrderLatencyMs", Unit::Milliseconds),
    ("OrdersAccepted", Unit::Count),
    ("OrdersReleased", Unit::Count),
    ("OwnersWithoutRights", Unit::Count),
    ("Parked", Unit::Count),
    ("RefundsFoundByPoll", Unit::Count),
    ("ShopBlocked", Unit::Count),
    ("ShopCalls", Unit::Count),
    ("ShopReads", Unit::Count),
    ("ShopRejected", Unit::Count),
    ("ShopRetrySoon", Unit::Count),
    ("ShopUnknown", Unit::Count),
    ("ShopWrites", Unit::Count),
    ("SignatureFailures", Unit::Count),
    ("SignatureFailuresInARow", Unit::Count),
    ("StockExceptions", Unit::Count),
    ("StockLagMs", Unit::Milliseconds),
    ("StockRefreshed", Unit::Count),
    ("StockStaleMs", Unit::Milliseconds),
    ("StockSyncFailures", Unit::Count),
    ("StockWaiting", Unit::Count),
    ("StockWritten", Unit::Count),
    ("StoresDisabled", Unit::Count),
    ("WebhookFaults", Unit::Count),
    ("WebhooksRepaired", Unit::Count),
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
    /// An order became an exception, for the reason that its code says.
    Exception { store: &'a StoreId, code: &'a str },
    /// Exceptions that wait for people, of a store. Said once a minute: read it
    /// by its maximum, never by its sum.
    ExceptionsOpen { store: &'a StoreId, orders: usize },
    /// For how long the order waits that waits longest, of a store. Measured
    /// once a minute while there is one.
    OldestWaiting { store: &'a StoreId, age: SignedDuration },
    /// Orders that wait in the ledger although they are due, or were parked
    /// now.
    Parked { store: &'a StoreId, orders: usize },
    /// A circuit was found or made open. Said again each minute while it is.
    CircuitOpen { peer: &'a Peer },
    /// Orders whose hint was lost.
    FoundByPoll { store: &'a StoreId, orders: usize },
    /// Refunds of which no hint had told.
    RefundsFoundByPoll { store: &'a StoreId, refunds: usize },
    /// Orders sent again because they were due.
    Woken { store: &'a StoreId, orders: usize },
    /// A call to an ERP, and how it failed if it did.
    ErpCall { erp: &'a ErpId, failure: Option<&'a CallError> },
    /// A call to a shop, and how it failed if it did.
    ShopCall { store: &'a StoreId, failure: Option<&'a CallError> },
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
    /// Three deliveries in a row had a signature that does not hold.
    SignatureFailuresInARow { store: &'a StoreId },
    /// A delivery was the shop's own refusal: whoever made the webhook has lost
    /// the right to read orders.
    OwnerWithoutRights { store: &'a StoreId },
    /// Webhooks that were made, or made anew, because one was missing or wrong.
    WebhookRepaired { store: &'a StoreId, webhooks: usize },
    /// Webhooks that are wrong and could not be repaired.
    WebhookFault { store: &'a StoreId, webhooks: usize },
    /// What the match of shop, ledger and ERP came to.
    Differences { store: &'a StoreId, detected: usize, repaired: usize, parked: usize },
    /// A night's match had not come to its end when its time was over.
    NightUnfinished { store: &'a StoreId },
    /// A night's match failed.
    NightFailed { store: &'a StoreId },
    /// Orders that a backfill sent to the queue.
    BackfillSent { store: &'a StoreId, orders: usize },
    /// Exceptions that a person released as a group, sent to the queue.
    Released { store: &'a StoreId, orders: usize },
    /// A person did something in the console. Who is in the audit only.
    ConsoleAction,
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

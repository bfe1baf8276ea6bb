//! One order in a list.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use weir_domain::id::OrderKey;
use weir_domain::ports::{OpenOrder, OpenOrders};
use weir_domain::record::{DocumentAxis, Exception, Hold, OrderRecord, WaitReason};

use super::meaning::{self, Meaning};
use crate::Problem;

/// One order in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OrderRow {
    /// Its store …
    pub store: String,
    /// … and the shop's id.
    pub order: u64,
    /// What people call it; `None` before it was read.
    pub number: Option<String>,
    /// What people see: `waiting`, `exception`, `in ERP`, …
    pub view: &'static str,
    /// When Weir first heard of it.
    pub since: Timestamp,
    /// When it is looked at again, if by itself.
    pub due_at: Option<Timestamp>,
    /// One sentence: what keeps it.
    pub why: String,
    /// What keeps it, where a person has to decide.
    pub exception: Option<ExceptionView>,
    /// Where the shop says it is.
    pub shop_status: Option<String>,
    /// What the shop says it comes to, gross.
    pub total: Option<Decimal>,
}

/// An exception with what it means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExceptionView {
    /// Stable, `snake_case`.
    pub code: String,
    /// What the code is about.
    pub subject: String,
    /// One sentence.
    pub detail: String,
    /// Since when.
    pub since: Timestamp,
    /// What it means and what to do, by the runbook.
    pub meaning: Meaning,
    /// Who took it as it is, and why.
    pub accepted: Option<AcceptedView>,
}

/// A person's word that it may stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AcceptedView {
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Their words.
    pub reason: String,
}

impl ExceptionView {
    /// Of a record's exception.
    pub fn of(exception: &Exception) -> Self {
        Self {
            code: exception.code.clone(),
            subject: exception.subject.clone(),
            detail: exception.detail.clone(),
            since: exception.since,
            meaning: meaning::of(&exception.code),
            accepted: exception.accepted.as_ref().map(|accepted| AcceptedView {
                by: accepted.by.clone(),
                at: accepted.at,
                reason: accepted.reason.clone(),
            }),
        }
    }
}

impl OrderRow {
    /// Of a record.
    pub fn of(record: &OrderRecord) -> Self {
        let seen = record.seen.as_ref();
        Self {
            store: record.key.store.to_string(),
            order: record.key.order.0,
            number: seen.map(|seen| seen.number.clone()),
            view: record.view(),
            since: record.first_heard_at,
            due_at: record.due_at(),
            why: why(record),
            exception: record.exception().map(ExceptionView::of),
            shop_status: seen.map(|seen| seen.status.as_str().to_owned()),
            total: seen.map(|seen| seen.totals.gross),
        }
    }

    /// Of an order whose first worker has not come to its end: there is no
    /// record yet.
    pub fn of_unread(open: &OpenOrder) -> Self {
        Self {
            store: open.key.store.to_string(),
            order: open.key.order.0,
            number: None,
            view: "at work",
            since: open.at,
            due_at: Some(open.at),
            why: "A worker has it for the first time; should it not come back, the order is due then.".into(),
            exception: None,
            shop_status: None,
            total: None,
        }
    }
}

/// What keeps an order, in one sentence.
pub fn why(record: &OrderRecord) -> String {
    match &record.hold {
        Hold::Exception(exception) => exception.detail.clone(),
        Hold::Held { reason } => format!("A person holds it: {reason}"),
        Hold::Skipped { reason } => format!("A person skipped it: {reason}"),
        Hold::Waiting { reason, .. } => waits_for(reason),
        Hold::None => match record.document {
            DocumentAxis::Pushing => "Its sales order is being made.".to_owned(),
            DocumentAxis::None => "It is not to be imported as it is now.".to_owned(),
            _ => "Nothing keeps it.".to_owned(),
        },
    }
}

/// What an order waits for, in one sentence.
pub fn waits_for(reason: &WaitReason) -> String {
    let text = match reason {
        WaitReason::QuietPeriod => "It waits for a quiet moment: it changed just now.",
        WaitReason::Payment => "It waits for its payment or its capture.",
        WaitReason::UnknownOutcome => "The ERP gave no clear answer: it is looked up, not repeated.",
        WaitReason::PeerBusy => "The other side asked for time, or refused the connection.",
        WaitReason::CircuitOpen(peer) => {
            return format!("It waits for {peer}, which cannot be worked with now.");
        }
        WaitReason::StoreDisabled => "The configuration of its store is wrong.",
        WaitReason::NewerHint => "Something newer was heard of it: it is looked at again at once.",
        WaitReason::StaleRead => "The shop showed an older state than before: it is read again.",
        WaitReason::Released => "A person released it: its turn comes.",
    };
    text.to_owned()
}

/// The records of open orders, in their order; those without a record stand
/// for themselves. At most [`limits::ORDERS`](super::limits::ORDERS).
pub(super) async fn joined(
    open: &dyn OpenOrders,
    orders: &[OpenOrder],
) -> Result<Vec<(OpenOrder, Option<OrderRecord>)>, Problem> {
    let keys: Vec<OrderKey> = orders.iter().map(|order| order.key.clone()).collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut records: std::collections::BTreeMap<OrderKey, OrderRecord> =
        open.records(&keys).await?.into_iter().map(|record| (record.key.clone(), record)).collect();
    Ok(orders.iter().map(|order| (order.clone(), records.remove(&order.key))).collect())
}

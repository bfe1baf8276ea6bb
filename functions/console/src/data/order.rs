//! One order: where it stands, and how it came there.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use weir_domain::audit::{AuditEntry, Exchange};
use weir_domain::desk::{StockTaken, stock_taken};
use weir_domain::id::{OrderId, OrderKey};
use weir_domain::record::{Booking, DocumentKind, FulfilmentAxis, OrderRecord, PaymentAxis};

use super::limits;
use super::row::{OrderRow, why};
use crate::Problem;
use crate::state::App;

mod changes;

/// Everything about one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Order {
    /// As in a list.
    #[serde(flatten)]
    pub row: OrderRow,
    /// Where the shop shows it to its own people.
    pub shop_url: Option<String>,
    /// Which of its lives.
    pub generation: u32,
    /// Where its sales order is: `none`, `pushing`, `in_erp`, …
    pub document: &'static str,
    /// Where its money is: `none`, `authorised`, `paid`, …
    pub payment: &'static str,
    /// Where its goods are: `none`, `allocated`, `shipped`, …
    pub fulfilment: &'static str,
    /// The entity and ERP that book it.
    pub booked_with: Option<BookingView>,
    /// When its sales order was first complete in the ERP.
    pub in_erp_at: Option<Timestamp>,
    /// When the shop was last read for it …
    pub read_at: Option<Timestamp>,
    /// … which state it had then …
    pub seen_version: Option<String>,
    /// … and which one is booked.
    pub booked_version: Option<String>,
    /// Until then what was asked of the ERP may still happen.
    pub in_doubt_until: Option<Timestamp>,
    /// ERP documents, oldest first.
    pub documents: Vec<DocumentView>,
    /// Refunds of the shop.
    pub refunds: Vec<RefundView>,
    /// Parcels of the ERP.
    pub parcels: Vec<ParcelView>,
    /// Returns of the ERP.
    pub returns: Vec<ReturnView>,
    /// What it takes from stock: what a skip leaves taken, and a write-off
    /// gives back.
    pub stock: Vec<StockTaken>,
    /// Its audit, newest first, at most [`limits::TIMELINE`] entries.
    pub timeline: Vec<Entry>,
    /// Entries that are not shown.
    pub older: u64,
}

/// Which legal entity in which ERP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BookingView {
    /// The legal entity.
    pub entity: String,
    /// The ERP connection.
    pub erp: String,
}

/// An ERP document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DocumentView {
    /// `sales_order`, `payment`, `credit_note`, `return`, `shipment`.
    pub kind: &'static str,
    /// The ERP's id.
    pub id: String,
    /// What people call it there.
    pub number: Option<String>,
    /// `draft`, `reserved`, `processing`, `done`, `cancelled`.
    pub state: String,
    /// What it comes to, e.g. `84.03 + 15.97 = 100.00 EUR`.
    pub totals: Option<String>,
    /// For which life of the order.
    pub generation: u32,
}

/// A refund of the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefundView {
    /// The shop's id.
    pub refund: u64,
    /// Gross, positive.
    pub amount: Decimal,
    /// It is in the ERP, or not to be booked.
    pub booked: bool,
    /// The ERP's id of its document.
    pub document: Option<String>,
}

/// A parcel of the ERP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParcelView {
    /// The ERP's name of it.
    pub parcel: String,
    /// The shop shows just that.
    pub shown: bool,
}

/// A return of the ERP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReturnView {
    /// The ERP's name of it.
    pub id: String,
    /// What the customer gets back, gross, positive.
    pub amount: Decimal,
    /// The shop's refund.
    pub refund: Option<u64>,
    /// The shop, or the gateway, refused.
    pub refused: bool,
}

/// One entry of the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Counts from 1 within the order.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// A function's name, or a person's.
    pub who: String,
    /// Stable, `snake_case`.
    pub what: String,
    /// One sentence.
    pub why: String,
    /// One id from the webhook to the ERP, also in the log.
    pub correlation: String,
    /// What people saw of the order afterwards.
    pub view: &'static str,
    /// What keeps it afterwards, in one sentence.
    pub keeps: String,
    /// What changed with it, e.g. `document: pushing → in_erp`.
    pub changes: Vec<String>,
    /// What was asked of the shop and the ERP since the entry before, and what
    /// they answered; the first [`CALLS`](weir_domain::audit::CALLS).
    pub calls: Vec<Exchange>,
    /// The state of the shop's order that was known afterwards.
    pub version: Option<String>,
}

/// An order's key from an address.
pub fn key(app: &App, store: &str, order: &str) -> Result<OrderKey, Problem> {
    let store = app.store(store)?;
    let order = order.parse().map_err(|_| Problem::not_found("An order's id is a number."))?;
    Ok(OrderKey { store, order: OrderId(order) })
}

/// Reads an order and its audit.
pub async fn order(app: &App, key: &OrderKey) -> Result<Order, Problem> {
    let record = app.ledger.record(key).await?;
    let record = record.ok_or_else(|| Problem::not_found("Weir has never heard of this order."))?;
    // One more than is shown: what changed with the oldest one shows.
    let audit = app.timelines.newest_entries(key, limits::TIMELINE + 1).await?;
    let mut timeline = timeline(&audit);
    timeline.truncate(limits::TIMELINE);
    // Entries count from 1, each by one.
    let older = timeline.last().map_or(0, |oldest| oldest.seq.saturating_sub(1));
    let seen = record.seen.as_ref();
    Ok(Order {
        row: OrderRow::of(&record),
        shop_url: shop_url(app, key),
        generation: record.generation.0,
        document: changes::document(record.document),
        payment: payment(record.payment),
        fulfilment: fulfilment(record.fulfilment),
        booked_with: record.booked_with.as_ref().map(booking),
        in_erp_at: record.in_erp_at,
        read_at: seen.map(|seen| seen.read_at),
        seen_version: seen.map(|seen| changes::version(&seen.version)),
        booked_version: record.booked_version.as_ref().map(changes::version),
        in_doubt_until: record.in_doubt_until,
        documents: documents(&record),
        refunds: refunds(&record),
        parcels: parcels(&record),
        returns: returns(&record),
        stock: stock_taken(&record),
        timeline,
        older,
    })
}

/// Newest first, as the audit is given.
fn timeline(audit: &[AuditEntry]) -> Vec<Entry> {
    let before = audit.iter().skip(1).map(Some).chain(std::iter::once(None));
    let entry = |(entry, before): (&AuditEntry, Option<&AuditEntry>)| Entry {
        seq: entry.seq,
        at: entry.at,
        who: entry.who.clone(),
        what: entry.what.clone(),
        why: entry.why.clone(),
        correlation: entry.correlation.clone(),
        view: entry.record.view(),
        keeps: why(&entry.record),
        changes: changes::between(before.map(|before| &before.record), &entry.record),
        calls: entry.calls.clone(),
        version: entry.record.seen.as_ref().map(|seen| changes::version(&seen.version)),
    };
    audit.iter().zip(before).map(entry).collect()
}

/// The shop's own page of the order; with or without its new tables.
fn shop_url(app: &App, key: &OrderKey) -> Option<String> {
    let mut url = app.configuration.store(&key.store).ok()?.url.clone();
    let path = format!("{}/wp-admin/post.php", url.path().trim_end_matches('/'));
    url.set_path(&path);
    url.set_query(Some(&format!("post={}&action=edit", key.order)));
    Some(url.into())
}

fn booking(booking: &Booking) -> BookingView {
    BookingView { entity: booking.entity.to_string(), erp: booking.erp.to_string() }
}

fn documents(record: &OrderRecord) -> Vec<DocumentView> {
    let view = |found: &weir_domain::record::DocumentRef| DocumentView {
        kind: match found.kind {
            DocumentKind::SalesOrder => "sales_order",
            DocumentKind::Payment => "payment",
            DocumentKind::CreditNote => "credit_note",
            DocumentKind::Return => "return",
            DocumentKind::Shipment => "shipment",
        },
        id: found.document.id.clone(),
        number: found.document.number.clone(),
        state: changes::document_state(found.document.state).to_owned(),
        totals: found.document.totals.as_ref().map(ToString::to_string),
        generation: found.generation.0,
    };
    record.documents.iter().map(view).collect()
}

fn refunds(record: &OrderRecord) -> Vec<RefundView> {
    let view = |(refund, credit): (&weir_domain::id::RefundId, &weir_domain::record::Credit)| RefundView {
        refund: refund.0,
        amount: credit.amount,
        booked: credit.booked,
        document: credit.document.clone(),
    };
    record.refunds.iter().map(view).collect()
}

fn parcels(record: &OrderRecord) -> Vec<ParcelView> {
    record
        .parcels
        .iter()
        .map(|(parcel, told)| ParcelView { parcel: parcel.to_string(), shown: told.shown })
        .collect()
}

fn returns(record: &OrderRecord) -> Vec<ReturnView> {
    let view =
        |(id, given): (&weir_domain::id::ReturnId, &weir_domain::fulfilment::ReturnRecord)| ReturnView {
            id: id.to_string(),
            amount: given.amount,
            refund: given.refund.map(|refund| refund.0),
            refused: given.refused,
        };
    record.returns.iter().map(view).collect()
}

pub(crate) fn payment(axis: PaymentAxis) -> &'static str {
    match axis {
        PaymentAxis::None => "none",
        PaymentAxis::Authorised => "authorised",
        PaymentAxis::Paid => "paid",
        PaymentAxis::PartRefunded => "part_refunded",
        PaymentAxis::Refunded => "refunded",
    }
}

pub(crate) fn fulfilment(axis: FulfilmentAxis) -> &'static str {
    match axis {
        FulfilmentAxis::None => "none",
        FulfilmentAxis::Allocated => "allocated",
        FulfilmentAxis::PartShipped => "part_shipped",
        FulfilmentAxis::Shipped => "shipped",
        FulfilmentAxis::Returned => "returned",
    }
}

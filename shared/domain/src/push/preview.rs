//! The dry run: what would happen to an order now. The shop is read, the same
//! decision is made, the same sales order is resolved, and the ERP's adapter
//! says what it would send. Nothing is written anywhere.

use serde::Serialize;

use super::resolved::booking;
use super::{OrderPush, Reason, Stop};
use crate::config::StoreConfig;
use crate::decide::{Decision, decide};
use crate::id::OrderKey;
use crate::order::Order;
use crate::outcome::CallError;
use crate::ports::{ErpConnections, LedgerError, PlannedRequest, ShopError, StoreDisabled};
use crate::record::{Booking, DocumentAxis, Hold, OrderRecord};
use crate::sales::Release;

/// What would happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// What people call the order.
    pub number: String,
    /// Where the shop says it is.
    pub status: String,
    /// What it comes to, by the shop.
    pub totals: String,
    /// The shop's lines, by item and quantity.
    pub lines: Vec<String>,
    /// What would be done, in one sentence.
    pub would: String,
    /// What a person would have to decide, if it comes to that.
    pub problem: Option<Problem>,
    /// Where it is, or would be, booked.
    pub booking: Option<Booking>,
    /// What would be sent to the ERP, as far as it is known.
    pub requests: Vec<PlannedRequest>,
}

/// An exception that would be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Its code.
    pub code: String,
    /// What it is about.
    pub subject: String,
    /// For people.
    pub detail: String,
}

impl From<Reason> for Problem {
    fn from(Reason { code, subject, detail }: Reason) -> Self {
        Self { code, subject, detail }
    }
}

/// Why it cannot be said.
#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    /// The store's configuration is not usable.
    #[error(transparent)]
    StoreDisabled(#[from] StoreDisabled),
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The shop could not be read, or does not have it.
    #[error("the shop: {0}")]
    Shop(#[from] ShopError),
    /// The shop or the ERP could not be asked.
    #[error(transparent)]
    Call(#[from] CallError),
}

impl OrderPush {
    /// Says what would happen to an order now, and, where something holds it,
    /// what would happen if a person let it go on.
    pub async fn preview(&self, key: &OrderKey, erps: &dyn ErpConnections) -> Result<Preview, PreviewError> {
        let config = self.connections.store(&key.store)?;
        let known = self.ledger.record(key).await?;
        let now = self.clock.now();
        let mut record = known.unwrap_or_else(|| OrderRecord::new(key.clone(), now, "dry-run"));
        record.hold = Hold::None;
        let read = self.connections.shop(&key.store).await?.order(key.order).await?;
        let order = read.order.as_sold(&record.first_skus);
        for line in &order.lines {
            if let Some(sku) = &line.product.sku {
                record.first_skus.entry(line.id).or_insert_with(|| sku.0.clone());
            }
        }
        let decision = decide(&record, &order, &config, now);
        let mut preview = Preview {
            number: order.number.clone(),
            status: order.status.to_string(),
            totals: order.totals().to_string(),
            lines: order.lines.iter().map(|line| line_of(&record, line)).collect(),
            would: sentence(&decision, &record),
            problem: problem(&decision),
            booking: None,
            requests: Vec::new(),
        };
        if matches!(decision, Decision::Revive(_)) {
            record.generation = record.generation.next();
        }
        if let Some(release) = made(&decision) {
            self.plan(&config, &order, &record, release, erps, &mut preview).await?;
        }
        Ok(preview)
    }

    async fn plan(
        &self,
        config: &StoreConfig,
        order: &Order,
        record: &OrderRecord,
        release: Release,
        erps: &dyn ErpConnections,
        preview: &mut Preview,
    ) -> Result<(), PreviewError> {
        let booking = match booking(config, order, record) {
            Ok(booking) => booking,
            Err(reason) => {
                preview.problem = Some(reason.into());
                return Ok(());
            }
        };
        preview.booking = Some(booking.clone());
        let booked = match self.resolved(config, order, record, release).await {
            Ok(booked) => booked,
            Err(Stop::Except(reason)) => {
                preview.problem = Some(reason.into());
                return Ok(());
            }
            Err(Stop::Ledger(error)) => return Err(error.into()),
            // Resolving asks nobody else.
            Err(_) => return Ok(()),
        };
        match erps.desk(&booking.erp).await?.plan(&booked.sales_order).await {
            Ok(requests) => preview.requests = requests,
            Err(CallError::Rejected(rejection)) => {
                let (code, detail) = (rejection.code, rejection.detail);
                preview.problem = Some(Problem { code, subject: detail.clone(), detail });
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// An item and its quantity, without the text that was printed on the order.
fn line_of(record: &OrderRecord, line: &crate::order::Line) -> String {
    let sku = record.first_skus.get(&line.id).map_or("(no SKU)", String::as_str);
    format!("{} × {sku}", line.quantity.normalize())
}

/// How far a sales order would be brought, if one would be made. What would be
/// sent to change one depends on what the ERP has then.
fn made(decision: &Decision) -> Option<Release> {
    match decision {
        Decision::Book(release) | Decision::Revive(release) => Some(*release),
        Decision::Confirm(_)
        | Decision::Amend(_)
        | Decision::Keep(_)
        | Decision::Nothing(_)
        | Decision::Wait { .. }
        | Decision::Except { .. }
        | Decision::Cancel(_)
        | Decision::Expire => None,
    }
}

fn problem(decision: &Decision) -> Option<Problem> {
    let Decision::Except { code, detail } = decision else { return None };
    Some(Problem { code: (*code).to_owned(), subject: "order".to_owned(), detail: detail.clone() })
}

fn sentence(decision: &Decision, record: &OrderRecord) -> String {
    let to = |release: &Release| match release {
        Release::Reserve => "reserved, not to be shipped",
        Release::Ship => "released for shipping",
    };
    match decision {
        Decision::Keep(why) | Decision::Nothing(why) => format!("Nothing: {why}."),
        Decision::Wait { reason, due_at } => format!("It would wait until {due_at}: {}.", reason.words()),
        Decision::Book(release) if record.document != DocumentAxis::None => {
            let to = to(release);
            format!(
                "Its sales order may exist: it would be looked for first, made if it is not there, and {to}."
            )
        }
        Decision::Book(release) => format!("A sales order would be made, {}.", to(release)),
        Decision::Revive(release) => {
            format!("Its sales order is cancelled; a new one would be made, {}.", to(release))
        }
        Decision::Confirm(release) => format!("Its sales order would be {}.", to(release)),
        Decision::Amend(release) => {
            format!("Its sales order would be changed to these lines and this sum, and be {}.", to(release))
        }
        Decision::Cancel(why) => format!("Its sales order would be cancelled: {why}."),
        Decision::Expire => "Its reservation is over: its sales order would be cancelled.".to_owned(),
        Decision::Except { detail, .. } => format!("A person would have to decide: {detail}"),
    }
}

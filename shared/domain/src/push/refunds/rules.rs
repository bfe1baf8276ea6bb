//! What refunds and credits have to agree in, and what follows from them.

use rust_decimal::Decimal;

use super::super::{Reason, Stop};
use crate::id::DocumentKey;
use crate::order::{Order, Refund};
use crate::ports::{DocumentState, ErpDocument};
use crate::record::{DocumentAxis, OrderRecord, PaymentAxis};
use crate::sales::SalesOrder;

/// An older state than the newest seen says nothing about refunds.
pub(in crate::push) fn is_old(record: &OrderRecord, order: &Order) -> bool {
    record.seen.as_ref().is_some_and(|seen| order.version().is_older_than(&seen.version))
}

/// Whether the order's refunds and those on record differ, and its sales
/// order is as far as a credit needs it.
pub(super) fn is_due(record: &OrderRecord, order: &Order) -> bool {
    let is_alive = record.sales_order().is_some_and(|sale| sale.state != DocumentState::Cancelled);
    match record.document {
        DocumentAxis::None | DocumentAxis::Pushing => false,
        DocumentAxis::Cancelled => !record.refunds.is_empty(),
        DocumentAxis::InErp | DocumentAxis::Closed => {
            is_alive && record.is_released() && !agree(record, order)
        }
    }
}

fn agree(record: &OrderRecord, order: &Order) -> bool {
    let is_booked = |id, total: Decimal| {
        let credit = record.refunds.get(&id);
        credit.is_some_and(|credit| credit.booked && credit.amount == order.currency.round(-total))
    };
    record.refunds.len() == order.refunds.len()
        && order.refunds.iter().all(|refund| is_booked(refund.id, refund.total))
}

pub(super) fn check(refund: &Refund, credit: &SalesOrder, document: &ErpDocument) -> Result<(), Stop> {
    if document.state == DocumentState::Cancelled {
        return Err(Stop::Except(credit_cancelled(&credit.key)));
    }
    match document.totals.as_ref().filter(|totals| **totals != credit.totals) {
        None => Ok(()),
        Some(totals) => {
            let (id, wanted) = (refund.id, &credit.totals);
            let detail = format!("The ERP's credit for refund {id} says {totals}, the shop {wanted}.");
            Err(Stop::Except(Reason::new("totals_disagree", "refund", detail)))
        }
    }
}

pub(super) fn credit_cancelled(key: &DocumentKey) -> Reason {
    let detail = format!("The credit {key} was cancelled in the ERP; the refund is still in the shop.");
    Reason::new("credit_cancelled_in_erp", "refund", detail)
}

/// The payment axis follows what was given back, once the payment is booked.
pub(in crate::push) fn note_payment(record: &mut OrderRecord, order: &Order) {
    let booked = record.refunds.values().filter(|credit| credit.booked);
    let refunded: Decimal = booked.map(|credit| credit.amount).sum();
    let is_paid = !matches!(record.payment, PaymentAxis::None | PaymentAxis::Authorised);
    if is_paid {
        record.payment = if refunded.is_zero() {
            PaymentAxis::Paid
        } else if refunded >= order.currency.round(order.total) {
            PaymentAxis::Refunded
        } else {
            PaymentAxis::PartRefunded
        };
    }
}

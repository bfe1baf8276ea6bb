//! Which action is possible when, and what it makes of a record.

use jiff::Timestamp;

use super::{Action, By, DeskError};
use crate::decide::is_accepted_reservation;
use crate::record::{
    Acceptance, Concern, DocumentAxis, DocumentKind, Hold, OrderRecord, PaymentAxis, WaitReason,
};

/// The exception after which a sales order can be made again.
pub(crate) const DOCUMENT_GONE: &str = "document_gone";

/// Refuses what makes no sense now, with what to do instead.
pub(super) fn check(record: &OrderRecord, action: &Action) -> Result<(), DeskError> {
    let possible = match action {
        Action::Retry => {
            (record.hold != Hold::None).then_some(()).ok_or("nothing holds it: replay it instead")
        }
        Action::Replay => match record.hold {
            Hold::Held { .. } | Hold::Skipped { .. } => Err("a person holds or skipped it: retry it instead"),
            _ => Ok(()),
        },
        Action::Hold => match record.hold {
            Hold::Held { .. } => Err("it is held already"),
            _ => Ok(()),
        },
        Action::Skip => match (&record.hold, record.document) {
            (Hold::Skipped { .. }, _) => Err("it is skipped already"),
            (_, DocumentAxis::Pushing) => {
                Err("a sales order may exist in the ERP: retry it until that is known, or adopt the document")
            }
            _ => Ok(()),
        },
        Action::Accept if record.document == DocumentAxis::Pushing => {
            Err("a sales order may exist in the ERP: retry it until that is known, or adopt the document")
        }
        Action::Accept => match &record.hold {
            Hold::Exception(exception) if exception.accepted.is_none() => Ok(()),
            Hold::Exception(_) => Err("it is accepted already"),
            _ => Err("it is in no exception"),
        },
        Action::Rebook => match record.exception() {
            Some(exception) if exception.code == DOCUMENT_GONE => Ok(()),
            _ => Err("only an order whose sales order is gone from the ERP is booked again"),
        },
        Action::WriteOff => match record.document {
            DocumentAxis::None | DocumentAxis::Cancelled => Ok(()),
            _ => Err("its sales order counts these units: cancel it in the ERP first"),
        },
        Action::Adopt { .. } => match record.document {
            DocumentAxis::None | DocumentAxis::Pushing => Ok(()),
            _ if record.exception().is_some_and(|it| it.code == DOCUMENT_GONE) => Ok(()),
            _ => Err("it has a sales order already"),
        },
    };
    possible.map_err(|why| DeskError::NotPossible(why.to_owned()))
}

/// Does what needs nobody else, and says so.
pub(super) fn apply(record: &mut OrderRecord, action: &Action, by: &By, now: Timestamp) -> String {
    match action {
        Action::Hold => {
            record.hold = Hold::Held { reason: by.why.clone() };
            "It is held: nothing happens to it until somebody retries it.".to_owned()
        }
        Action::Skip => {
            record.hold = Hold::Skipped { reason: by.why.clone() };
            "It is skipped: nothing more is done for it.".to_owned()
        }
        Action::Accept => {
            if let Hold::Exception(exception) = &mut record.hold {
                exception.accepted = Some(Acceptance { by: by.who.clone(), at: now, reason: by.why.clone() });
            }
            if is_accepted_reservation(record) {
                // The worker knows when it ends.
                record.wait(WaitReason::Released, now);
            }
            "It is accepted as it is, until it changes.".to_owned()
        }
        Action::Rebook => {
            forget_sales_order(record);
            go_on(record, now);
            "Its sales order is looked for once more and, if it is not there, made again.".to_owned()
        }
        Action::Replay => {
            record.deliveries_unread |= matches!(record.document, DocumentAxis::InErp | DocumentAxis::Closed);
            go_on(record, now);
            "It is read again in the shop and in the ERP.".to_owned()
        }
        Action::Retry | Action::WriteOff | Action::Adopt { .. } => {
            record.deliveries_unread |=
                record.exception().is_some_and(|stood| stood.concern == Concern::Deliveries);
            go_on(record, now);
            "It goes on now.".to_owned()
        }
    }
}

/// Due at once, with fresh budgets. A doubt about what may still happen in the
/// ERP stays: no word of a person ends it.
pub(super) fn go_on(record: &mut OrderRecord, now: Timestamp) {
    record.hold = Hold::Waiting { reason: WaitReason::Released, due_at: now, excepted: None };
    record.unknowns = 0;
    record.failures = 0;
    record.crashes = 0;
}

/// One may exist all the same: whoever makes it looks first.
fn forget_sales_order(record: &mut OrderRecord) {
    let generation = record.generation;
    record.documents.retain(|it| it.kind != DocumentKind::SalesOrder || it.generation != generation);
    record.document = DocumentAxis::Pushing;
    record.unfinished = None;
    record.in_erp_at = None;
    // What is booked already is found before it is booked again.
    record.payment = PaymentAxis::None;
}

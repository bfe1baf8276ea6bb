//! Whether an exception that the match may end still holds.

use super::compare::{Compared, Sides, refunds_agree};
use super::documents;
use crate::ports::{BookedDocument, DocumentState};
use crate::record::{Concern, DocumentAxis, Exception, Hold, OrderRecord};

/// Exceptions about documents as such: gone once nothing differs.
const OF_DOCUMENTS: [&str; 4] = ["document_gone", "document_doubled", "made_by_hand_too", "revived_in_erp"];
/// Exceptions about what the sales order says: gone once it was compared in
/// full and nothing differs.
const OF_CONTENT: [&str; 4] =
    ["totals_disagree", "content_disagrees", "cancelled_in_erp", "release_regressed"];
/// Exceptions about credits, with this subject.
const OF_CREDITS: [&str; 5] =
    ["totals_disagree", "credit_gone", "credit_doubled", "credit_cancelled_in_erp", "credit_unknown"];
/// What they are about.
pub(super) const REFUND: &str = "refund";
/// The worker's, where the ERP keeps what the shop cancelled.
const CANCEL_REFUSED: &str = "cancel_refused";

/// The exception that stands, if what it says is not so any more.
pub(super) fn settled<'a>(sides: &Sides<'a>, compared: &Compared) -> Option<&'a Exception> {
    let (record, order) = (sides.record?, sides.shop.ok()?);
    let Hold::Exception(stood) = &record.hold else { return None };
    if compared.left_alone || !compared.differences.is_empty() {
        return None;
    }
    let code = stood.code.as_str();
    let is_gone = if stood.subject == REFUND {
        // What the shop changed meanwhile is the worker's, once it is released.
        let may_go = stood.concern == Concern::Documents || refunds_agree(record, order);
        OF_CREDITS.contains(&code) && may_go && credits_are_there(record, sides.booked)
    } else {
        OF_DOCUMENTS.contains(&code) && is_as_known(record, sides.booked)
            || OF_CONTENT.contains(&code) && compared.in_full
            || code == CANCEL_REFUSED && is_cancelled(record, sides.booked)
    };
    is_gone.then_some(stood)
}

/// Whether what stands still holds, as far as the documents of an order tell
/// of which nothing else is for people.
pub(super) fn holds(stood: &Exception, sides: &Sides<'_>) -> bool {
    let Some(record) = sides.record else { return true };
    let code = stood.code.as_str();
    if stood.subject == REFUND {
        return !(OF_CREDITS.contains(&code) && credits_are_there(record, sides.booked));
    }
    match code {
        "document_doubled" => documents::alive(sides.booked).len() > 1,
        "made_by_hand_too" => documents::made_by_hand(sides.booked).next().is_some(),
        "document_gone" => !is_as_known(record, sides.booked),
        "revived_in_erp" => {
            let known = record.sales_order().filter(|_| record.document != DocumentAxis::Cancelled);
            let is_other = |it: &&BookedDocument| known.is_none_or(|known| known.id != it.document.id);
            documents::alive(sides.booked).iter().any(is_other)
        }
        _ => true,
    }
}

/// The ERP has the sales order that the ledger knows, or neither has one.
fn is_as_known(record: &OrderRecord, booked: &[BookedDocument]) -> bool {
    match record.document {
        DocumentAxis::InErp | DocumentAxis::Closed => {
            record.sales_order().is_some_and(|known| booked.iter().any(|it| it.document.id == known.id))
        }
        DocumentAxis::None | DocumentAxis::Cancelled => true,
        DocumentAxis::Pushing => false,
    }
}

fn is_cancelled(record: &OrderRecord, booked: &[BookedDocument]) -> bool {
    let known = record.sales_order().map(|known| &known.id);
    let it = booked.iter().find(|it| Some(&it.document.id) == known);
    it.is_some_and(|it| it.document.state == DocumentState::Cancelled)
}

fn credits_are_there(record: &OrderRecord, booked: &[BookedDocument]) -> bool {
    let ours = record.refunds.iter().filter(|(id, _)| !documents::is_of_return(record, **id));
    let mut credits = ours.filter_map(|(_, credit)| credit.document.as_ref());
    credits.all(|id| booked.iter().any(|it| it.document.id == *id && it.document.totals.is_some()))
}

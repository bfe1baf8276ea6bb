//! What changed from one entry of the audit to the next, in words.

use weir_domain::order::Version;
use weir_domain::ports::DocumentState;
use weir_domain::record::{DocumentAxis, DocumentRef, OrderRecord};

use super::{fulfilment, payment};

/// What is another, one line each. Of the first entry: what it began with.
pub(super) fn between(before: Option<&OrderRecord>, after: &OrderRecord) -> Vec<String> {
    let axes = |record: &OrderRecord| {
        [
            ("state", record.view().to_owned()),
            ("document", document(record.document).to_owned()),
            ("payment", payment(record.payment).to_owned()),
            ("fulfilment", fulfilment(record.fulfilment).to_owned()),
            ("life", record.generation.0.to_string()),
            ("shop", shop(record)),
            ("booked version", record.booked_version.as_ref().map_or_else(nothing, version)),
        ]
    };
    let then = before.map(axes);
    let mut changes = Vec::new();
    for (index, (name, now)) in axes(after).into_iter().enumerate() {
        let was = then.as_ref().and_then(|then| then.get(index)).map(|(_, was)| was);
        match was {
            Some(was) if *was == now => {}
            Some(was) => changes.push(format!("{name}: {was} → {now}")),
            None if now == "none" || now == "1" => {}
            None => changes.push(format!("{name}: {now}")),
        }
    }
    changes.extend(documents(before, after));
    changes.extend(refunds(before, after));
    changes
}

fn nothing() -> String {
    "none".to_owned()
}

fn shop(record: &OrderRecord) -> String {
    let said = |seen: &weir_domain::record::Seen| {
        format!("{}, {}, {}", seen.status.as_str(), seen.totals.gross, version(&seen.version))
    };
    record.seen.as_ref().map_or_else(nothing, said)
}

/// Date of change and the beginning of the content's hash.
pub(super) fn version(version: &Version) -> String {
    let content = version.content.to_string();
    format!("{} ({})", version.modified_at, content.get(..8).unwrap_or(&content))
}

fn documents(before: Option<&OrderRecord>, after: &OrderRecord) -> Vec<String> {
    let known = |now: &DocumentRef| {
        let then = before?.documents.iter();
        then.clone().find(|then| then.kind == now.kind && then.document.id == now.document.id)
    };
    let line = |now: &DocumentRef| {
        let name = now.document.number.as_ref().unwrap_or(&now.document.id);
        let state = document_state(now.document.state);
        match known(now) {
            None => Some(format!("ERP document {name}: {state}")),
            Some(then) if then.document.state != now.document.state => {
                Some(format!("ERP document {name}: {} → {state}", document_state(then.document.state)))
            }
            Some(_) => None,
        }
    };
    after.documents.iter().filter_map(line).collect()
}

fn refunds(before: Option<&OrderRecord>, after: &OrderRecord) -> Vec<String> {
    let line = |(id, now): (&weir_domain::id::RefundId, &weir_domain::record::Credit)| {
        let then = before.and_then(|before| before.refunds.get(id));
        (then.map(|then| then.booked) != Some(now.booked)).then(|| {
            format!("refund {id} of {}: {}", now.amount, if now.booked { "booked" } else { "begun" })
        })
    };
    after.refunds.iter().filter_map(line).collect()
}

pub(super) fn document(axis: DocumentAxis) -> &'static str {
    match axis {
        DocumentAxis::None => "none",
        DocumentAxis::Pushing => "pushing",
        DocumentAxis::InErp => "in_erp",
        DocumentAxis::Closed => "closed",
        DocumentAxis::Cancelled => "cancelled",
    }
}

pub(super) fn document_state(state: DocumentState) -> &'static str {
    match state {
        DocumentState::Draft => "draft",
        DocumentState::Reserved => "reserved",
        DocumentState::Processing => "processing",
        DocumentState::Done => "done",
        DocumentState::Cancelled => "cancelled",
    }
}

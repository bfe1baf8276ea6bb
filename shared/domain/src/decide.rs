//! What to do about an order: a pure function of what the ledger knows, what
//! the shop says, and the time.

use jiff::{SignedDuration, Timestamp};

use crate::config::StoreConfig;
use crate::import::Effect;
use crate::order::{Order, OrderStatus};
use crate::ports::DocumentState;
use crate::record::{Concern, DocumentAxis, Hold, OrderRecord, OrderState, Unfinished, WaitReason};
use crate::sales::Release;

/// A state older than the one last seen is not believed for so long …
const LONGEST_STALE: SignedDuration = SignedDuration::from_mins(15);
/// … and the order is read again after this.
const STALE_WAIT: SignedDuration = SignedDuration::from_secs(60);

/// What to do next about an order's sales order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// What holds it still holds it; the text says why.
    Keep(&'static str),
    /// Nothing, and nothing holds it any more; the text says why.
    Nothing(&'static str),
    /// Look again later.
    Wait {
        /// For what.
        reason: WaitReason,
        /// When.
        due_at: Timestamp,
    },
    /// Make the sales order, or go on with one that may already exist.
    Book(Release),
    /// The order lives again after its sales order was cancelled.
    Revive(Release),
    /// The sales order has this content; let it go further.
    Confirm(Release),
    /// The sales order has other content.
    Amend(Release),
    /// Cancel the sales order, if there is one.
    Cancel(&'static str),
    /// The reservation's time is over: cancel, and tell people.
    Expire,
    /// A person has to decide.
    Except {
        /// Stable, `snake_case`.
        code: &'static str,
        /// For people.
        detail: String,
    },
}

/// Decides. `record` is what the ledger knew before this read.
pub fn decide(record: &OrderRecord, order: &Order, config: &StoreConfig, now: Timestamp) -> Decision {
    match record.hold {
        Hold::Held { .. } => return Decision::Keep("a person holds it"),
        Hold::Skipped { .. } => return Decision::Keep("a person skipped it"),
        _ => {}
    }
    if let Some(due_at) = in_doubt_until(record, now) {
        return Decision::Wait { reason: WaitReason::UnknownOutcome, due_at };
    }
    if is_stale(record, order, now) {
        return Decision::Wait { reason: WaitReason::StaleRead, due_at: now + STALE_WAIT };
    }
    if is_accepted_reservation(record) && reservation_is_over(record, order, config, now) {
        return Decision::Expire;
    }
    if exception_stands(record, order) {
        return Decision::Keep("nothing changed since its exception");
    }
    if is_older_than_booked(record, order) {
        return Decision::Nothing("an older state than the one booked");
    }
    match wanted(config.import.effect(order)) {
        Some(release) => wants_document(record, order, config, release, now),
        None => wants_none(record, order),
    }
}

/// What was asked for may still happen until then: a look-up before proves
/// nothing, whoever brings news.
fn in_doubt_until(record: &OrderRecord, now: Timestamp) -> Option<Timestamp> {
    record.in_doubt_until.filter(|until| *until > now)
}

/// A rejected thing is not tried again until it changes or a person says so
/// (which makes it wait, not except); nor while the shop still owes us a
/// refund that it named.
fn exception_stands(record: &OrderRecord, order: &Order) -> bool {
    if record.unlisted_since.is_some() && record.due_at().is_some() {
        return false;
    }
    let Some(exception) = record.exception() else { return false };
    exception.concern == Concern::Documents
        || exception.about.as_ref().is_some_and(|about| *about == OrderState::of(order))
}

/// People took it as it is; its reservation runs all the same.
pub(crate) fn is_accepted_reservation(record: &OrderRecord) -> bool {
    let accepted = record.exception().is_some_and(|exception| exception.accepted.is_some());
    accepted && record.document == DocumentAxis::InErp && record.released == Some(Release::Reserve)
}

fn reservation_is_over(record: &OrderRecord, order: &Order, config: &StoreConfig, now: Timestamp) -> bool {
    let wanted = wanted(config.import.effect(order)) == Some(Release::Reserve);
    wanted && record.released != Some(Release::Ship) && reservation_ends(order, config) <= now
}

/// The shop showed a newer state a short while ago. Later it is believed
/// nevertheless: somebody may have put an old state back.
pub(crate) fn is_stale(record: &OrderRecord, order: &Order, now: Timestamp) -> bool {
    record.seen.as_ref().is_some_and(|seen| {
        order.version().is_older_than(&seen.version) && now < seen.read_at + LONGEST_STALE
    })
}

fn is_older_than_booked(record: &OrderRecord, order: &Order) -> bool {
    // While it is being made nothing is settled by an old state.
    record.document != DocumentAxis::Pushing
        && record.booked_version.as_ref().is_some_and(|booked| order.version().is_older_than(booked))
}

fn wanted(effect: Effect) -> Option<Release> {
    match effect {
        Effect::Never | Effect::ShipIfPaid => None,
        Effect::Reserve | Effect::Authorised => Some(Release::Reserve),
        Effect::Ship => Some(Release::Ship),
    }
}

fn wants_document(
    record: &OrderRecord,
    order: &Order,
    config: &StoreConfig,
    release: Release,
    now: Timestamp,
) -> Decision {
    let exists =
        matches!(record.document, DocumentAxis::Pushing | DocumentAxis::InErp | DocumentAxis::Closed);
    if !exists && config.cut_over.is_some_and(|cut_over| order.created_at < cut_over) {
        return Decision::Nothing("placed before the cut-over");
    }
    if reservation_is_over(record, order, config, now) {
        return if exists { Decision::Expire } else { Decision::Nothing("its reservation is over") };
    }
    let quiet_until = order.modified_at + SignedDuration::from_secs(config.import.quiet_period_s.into());
    // A shop whose clock runs ahead must not make its orders wait for it.
    let recent = order.modified_at <= now && quiet_until > now;
    if recent && changes_something(record, order, release) {
        return Decision::Wait { reason: WaitReason::QuietPeriod, due_at: quiet_until };
    }
    match record.document {
        DocumentAxis::None | DocumentAxis::Pushing => Decision::Book(release),
        DocumentAxis::Cancelled => Decision::Revive(release),
        DocumentAxis::Closed => Decision::Nothing("its sales order is closed"),
        // It may be cancelled by now: looked up before anything else.
        DocumentAxis::InErp if record.unfinished == Some(Unfinished::Cancellation) => Decision::Book(release),
        DocumentAxis::InErp => has_document(record, order, release),
    }
}

fn has_document(record: &OrderRecord, order: &Order, release: Release) -> Decision {
    let released = record.released.unwrap_or(Release::Reserve);
    if record.sales_order().is_some_and(|document| document.state == DocumentState::Cancelled) {
        return Decision::Except {
            code: "cancelled_in_erp",
            detail: "Its sales order was cancelled in the ERP; the shop still wants it.".to_owned(),
        };
    }
    if content_changed(record, order) || matches!(record.unfinished, Some(Unfinished::Change(_))) {
        if order.is_anonymised() {
            return Decision::Nothing("its personal data was erased");
        }
        return Decision::Amend(release.max(released));
    }
    let booked = record.sales_order().and_then(|document| document.totals.as_ref());
    if let Some(booked) = booked.filter(|booked| **booked != order.totals()) {
        let detail = format!("The ERP's document says {booked}, the shop {}.", order.totals());
        return Decision::Except { code: "totals_disagree", detail };
    }
    let perhaps_released = record.unfinished == Some(Unfinished::Release);
    if release > released || release == Release::Ship && perhaps_released {
        return Decision::Confirm(release);
    }
    if release < released || perhaps_released {
        return regressed(order);
    }
    Decision::Nothing("the ERP has it as it is")
}

/// The shop wants no sales order. If there may be one, that is news.
fn wants_none(record: &OrderRecord, order: &Order) -> Decision {
    let reserved_only = record.released != Some(Release::Ship);
    match (&record.document, &order.status) {
        (DocumentAxis::None, _) => Decision::Nothing("its status does not import"),
        (DocumentAxis::Cancelled, _) => Decision::Nothing("it is cancelled on both sides"),
        (DocumentAxis::Closed, _) => Decision::Nothing("its sales order is closed"),
        (_, OrderStatus::Cancelled) => Decision::Cancel("cancelled in the shop"),
        // Goods that nobody wants are not to be sent; where the ERP has gone
        // too far, the sales order is brought to its end and credited.
        (_, OrderStatus::Refunded) if reserved_only => Decision::Cancel("refunded before it was released"),
        (_, OrderStatus::Failed) if reserved_only => Decision::Cancel("its payment failed"),
        (_, OrderStatus::Trash) => Decision::Except {
            code: "deleted_in_shop",
            detail: "The order was put into the shop's trash after its sales order was made.".to_owned(),
        },
        // One may be half made: a person has to see that.
        (DocumentAxis::Pushing, _) => regressed(order),
        (_, OrderStatus::Refunded) => Decision::Nothing("refunds are documents of their own"),
        // A custom status says where the goods are, not that the sale is off.
        (_, OrderStatus::Custom(_) | OrderStatus::Completed) => Decision::Nothing("the ERP has it"),
        (_, _) => regressed(order),
    }
}

fn regressed(order: &Order) -> Decision {
    let detail = format!("The shop went back to {} after the sales order was made.", order.status);
    Decision::Except { code: "status_regressed", detail }
}

fn content_changed(record: &OrderRecord, order: &Order) -> bool {
    record.booked_version.as_ref().is_none_or(|booked| booked.content != order.version().content)
}

fn changes_something(record: &OrderRecord, order: &Order, release: Release) -> bool {
    record.document != DocumentAxis::InErp
        || record.unfinished.is_some()
        || content_changed(record, order)
        || record.released.is_none_or(|released| released < release)
}

/// When a reservation for this order ends.
pub fn reservation_ends(order: &Order, config: &StoreConfig) -> Timestamp {
    order.created_at + SignedDuration::from_hours(24 * i64::from(config.import.reserve_days))
}

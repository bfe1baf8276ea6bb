//! What shop, ledger and ERP say about one order, compared: a pure function.
//!
//! What is under way is no difference: the match comes once a night, and
//! whoever is at work knows better.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::difference::{Difference, Kind};
use super::documents;
use crate::config::StoreConfig;
use crate::decide::{Decision, decide};
use crate::id::{ErpId, OrderKey};
use crate::mapping::Mappings;
use crate::order::{Order, OrderStatus};
use crate::ports::{BookedDocument, DocumentState, ShopError};
use crate::record::{Concern, DocumentAxis, Hold, OrderRecord, OrderState, PaymentAxis, Seen, WaitReason};
use crate::resolve::Resolver;
use crate::sales::Release;

/// What was touched so short a time ago is left to the hints and the poll.
pub(super) const RECENT: SignedDuration = SignedDuration::from_mins(15);
/// What is being pushed is left alone for so long after it was last touched.
const PUSHING: SignedDuration = SignedDuration::from_hours(1);
/// The worker's code for an order that the shop does not have any more.
const DELETED_IN_SHOP: &str = "deleted_in_shop";
/// Exceptions about no state of the order that say nothing about the shop.
const NOT_OF_THE_SHOP: [&str; 2] = ["outcome_unknown", "worker_failed"];

/// What three sides say about one order.
#[derive(Clone, Copy)]
pub struct Sides<'a> {
    /// Which.
    pub key: &'a OrderKey,
    /// What the shop says.
    pub shop: Result<&'a Order, &'a ShopError>,
    /// What the ledger knows.
    pub record: Option<&'a OrderRecord>,
    /// What the ERP has …
    pub booked: &'a [BookedDocument],
    /// … and which ERP that is; `None` where no rule names one.
    pub erp: Option<&'a ErpId>,
}

/// What came of a comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// What differs.
    pub differences: Vec<Difference>,
    /// The ERP's sales order was found, and compared with all of the order.
    pub in_full: bool,
    /// It is under way, or a person said that nothing is to be done.
    pub left_alone: bool,
}

/// Compares. `mappings` are those of the order's names
/// ([`resolve::keys`](crate::resolve::keys)).
pub fn compare(config: &StoreConfig, mappings: &Mappings, sides: &Sides<'_>, now: Timestamp) -> Compared {
    if is_under_way(sides, now) {
        return Compared { left_alone: true, ..Compared::default() };
    }
    match sides.shop {
        Ok(order) => {
            let none = BTreeMap::new();
            let first_skus = sides.record.map_or(&none, |record| &record.first_skus);
            with_order(config, mappings, sides, &order.clone().as_sold(first_skus), now)
        }
        Err(ShopError::Gone) => Compared { differences: gone(sides), ..Compared::default() },
        Err(ShopError::Unreadable { code, detail }) => {
            let difference = Difference::park(Kind::Unreadable, code, "order", detail.clone());
            Compared { differences: vec![difference], ..Compared::default() }
        }
        Err(ShopError::Call(_)) => Compared { left_alone: true, ..Compared::default() },
    }
}

/// Somebody is at work, or will be soon, or a person ended all work.
fn is_under_way(sides: &Sides<'_>, now: Timestamp) -> bool {
    let is_within = |at: Timestamp, time: SignedDuration| at <= now && at + time > now;
    let is_recent = |at: Timestamp| is_within(at, RECENT);
    let changed = sides.shop.is_ok_and(|order| is_recent(order.modified_at));
    changed
        || sides.record.is_some_and(|record| {
            let touched = [record.seen.as_ref().map(|seen| seen.read_at), record.in_erp_at];
            let waits = match &record.hold {
                Hold::Waiting { reason, due_at, .. } => *reason != WaitReason::Payment || *due_at <= now,
                Hold::Skipped { .. } => true,
                Hold::None | Hold::Exception(_) | Hold::Held { .. } => false,
            };
            let pushed = touched.into_iter().flatten().chain([record.first_heard_at]);
            let is_at_work = matches!(record.hold, Hold::Waiting { .. })
                || pushed.max().is_some_and(|at| is_within(at, PUSHING));
            waits
                || record.document == DocumentAxis::Pushing && is_at_work
                || record.in_doubt_until.is_some_and(|until| until > now)
                || touched.into_iter().flatten().any(is_recent)
        })
}

fn with_order(
    config: &StoreConfig,
    mappings: &Mappings,
    sides: &Sides<'_>,
    order: &Order,
    now: Timestamp,
) -> Compared {
    let Some(record) = sides.record else {
        let new = OrderRecord::new(order.key.clone(), now, "");
        let imports = would_book(config, &new, order, now);
        let mut differences = documents::of_unknown(sides, order, imports);
        if imports && differences.is_empty() {
            let detail = format!("Order {} is {} in the shop.", order.number, order.status);
            differences.push(Difference::look(Kind::MissingInLedger, detail));
        }
        return Compared { differences, ..Compared::default() };
    };
    let mut differences = unseen(record, order);
    let mut is_seen = differences.is_empty();
    if differences.is_empty() && matches!(record.hold, Hold::None | Hold::Waiting { .. }) {
        differences.extend(refunds(record, order));
        let undone = if differences.is_empty() { undone(config, mappings, record, order, now) } else { None };
        is_seen = undone.is_none();
        differences.extend(undone);
    }
    let imports = record.document == DocumentAxis::None && would_book(config, record, order, now);
    let mut compared = documents::of_known(config, mappings, sides, record, order, (is_seen, imports));
    // What is to be looked for first is not only looked at.
    let resumed = compared.differences.iter().any(|found| found.kind == Kind::DocumentUnknown);
    if !resumed {
        let is_other = |found: &Difference| compared.differences.iter().all(|it| it.kind != found.kind);
        differences.retain(is_other);
        compared.differences.extend(differences);
    }
    compared
}

/// Whether a sales order would be made if no exception kept it.
fn would_book(config: &StoreConfig, record: &OrderRecord, order: &Order, now: Timestamp) -> bool {
    let free = OrderRecord { hold: Hold::None, ..record.clone() };
    matches!(decide(&free, order, config, now), Decision::Book(_))
}

/// What the shop says and the ledger did not see.
fn unseen(record: &OrderRecord, order: &Order) -> Vec<Difference> {
    if let Some(exception) = record.exception().filter(|exception| exception.about.is_none())
        && exception.concern == Concern::Order
        && !NOT_OF_THE_SHOP.contains(&exception.code.as_str())
        && order.status != OrderStatus::Trash
    {
        let detail = format!("It is {} in the shop again ({}).", order.status, exception.code);
        return vec![Difference::look(Kind::Restored, detail)];
    }
    let Some(seen) = &record.seen else { return Vec::new() };
    let mut differences = Vec::new();
    let about = record.exception().and_then(|exception| exception.about.as_ref());
    // What is about documents is not ended by the shop.
    let is_looked_at = record.exception().is_some_and(|it| it.concern != Concern::Documents);
    if is_looked_at && about.is_some_and(|about| about.refunds != OrderState::of(order).refunds) {
        let detail = "Its refunds are not those that its exception is about.";
        differences.push(Difference::look(Kind::RefundUnseen, detail));
    }
    if seen.status != order.status {
        differences.push(other_status(record, seen, &order.status));
    }
    if seen.version.content != order.version().content {
        let detail =
            format!("Seen at {}: {}; now: {}.", seen.version.modified_at, seen.totals, order.totals());
        differences.push(Difference::look(Kind::ContentUnseen, detail));
    }
    differences
}

fn other_status(record: &OrderRecord, seen: &Seen, now: &OrderStatus) -> Difference {
    let was_deleted = record.exception().is_some_and(|exception| exception.code == DELETED_IN_SHOP);
    let kind = match now {
        OrderStatus::Trash => Kind::Trashed,
        _ if was_deleted => Kind::Restored,
        OrderStatus::Cancelled => Kind::CancelledUnseen,
        _ => Kind::StatusUnseen,
    };
    Difference::look(kind, format!("It was seen as {} and is {now}.", seen.status))
}

/// Refunds of the shop that the ledger does not have as booked, where the
/// sales order is as far as a credit needs it.
fn refunds(record: &OrderRecord, order: &Order) -> Vec<Difference> {
    let is_alive = record.sales_order().is_some_and(|sale| sale.state != DocumentState::Cancelled);
    let is_booked = matches!(record.document, DocumentAxis::InErp | DocumentAxis::Closed);
    if !is_booked || !is_alive || !record.is_released() {
        return Vec::new();
    }
    let named = order.refunds.iter().filter_map(|refund| {
        let amount = order.currency.round(-refund.total);
        let (kind, detail) = match record.refunds.get(&refund.id) {
            Some(credit) if credit.booked && credit.amount == amount => return None,
            Some(credit) if credit.booked => (
                Kind::RefundChanged,
                format!("Refund {} was {} and is {amount} now.", refund.id, credit.amount),
            ),
            _ => (Kind::RefundUnseen, format!("Refund {} of {amount} is not in the ERP.", refund.id)),
        };
        Some(Difference::look(kind, detail))
    });
    let gone = record.refunds.keys().filter(|id| order.refunds.iter().all(|refund| refund.id != **id));
    let gone = gone
        .map(|id| Difference::look(Kind::RefundGone, format!("Refund {id} is not in the shop any more.")));
    named.chain(gone).collect()
}

/// Everything was seen, and what follows from it was not done: rules that
/// have changed since, or a message that was lost for good.
fn undone(
    config: &StoreConfig,
    mappings: &Mappings,
    record: &OrderRecord,
    order: &Order,
    now: Timestamp,
) -> Option<Difference> {
    let what = match decide(record, order, config, now) {
        Decision::Nothing(_) => return unpaid(config, mappings, record, order),
        Decision::Keep(_) | Decision::Wait { .. } => return None,
        Decision::Book(_) => "booked",
        Decision::Revive(_) => "booked again",
        Decision::Confirm(_) => "released",
        Decision::Amend(_) => "changed",
        Decision::Cancel(_) | Decision::Expire => "cancelled",
        Decision::Except { .. } => "given to people",
    };
    let detail = format!("It is {} in the shop, and its sales order was not {what}.", order.status);
    Some(Difference::look(Kind::Undone, detail))
}

fn unpaid(
    config: &StoreConfig,
    mappings: &Mappings,
    record: &OrderRecord,
    order: &Order,
) -> Option<Difference> {
    let is_due = record.document == DocumentAxis::InErp
        && record.payment == PaymentAxis::None
        && record.is_released()
        && order.payment.paid_at.is_some();
    let resolver = Resolver { config, mappings, first_skus: &record.first_skus };
    let pays = is_due && resolver.payments(order).is_ok_and(|payments| !payments.is_empty());
    pays.then(|| Difference::look(Kind::PaymentUnseen, "It is paid in the shop, and not in the ERP."))
}

/// The shop deleted it for good. What the ERP has of it is for people.
fn gone(sides: &Sides<'_>) -> Vec<Difference> {
    let alive = documents::alive(sides.booked);
    let Some(document) = alive.last() else { return Vec::new() };
    let is_known = |record: &&OrderRecord| {
        matches!(record.document, DocumentAxis::Pushing | DocumentAxis::InErp | DocumentAxis::Closed)
    };
    let detail = format!("The shop does not have it; the ERP has {}.", documents::name(document));
    match (sides.record.filter(is_known), sides.erp) {
        (Some(record), _) => {
            let is_told = record.exception().is_some_and(|exception| exception.code == DELETED_IN_SHOP);
            let is_open = record.document != DocumentAxis::Closed && !is_told;
            if is_open { vec![Difference::look(Kind::ForceDeleted, detail)] } else { Vec::new() }
        }
        (None, Some(erp)) => {
            documents::resumed(Kind::ForceDeleted, document, erp, detail).into_iter().collect()
        }
        (None, None) => Vec::new(),
    }
}

/// Whether the record's refunds are those of the shop.
pub(super) fn refunds_agree(record: &OrderRecord, order: &Order) -> bool {
    refunds(record, order).is_empty()
}

/// How far the order may go by the store's rules; `None` where it is not
/// imported.
pub(super) fn wanted(config: &StoreConfig, order: &Order) -> Option<Release> {
    use crate::import::Effect;
    match config.import.effect(order) {
        Effect::Never | Effect::ShipIfPaid => None,
        Effect::Reserve | Effect::Authorised => Some(Release::Reserve),
        Effect::Ship => Some(Release::Ship),
    }
}

/// What an exception about this order would be about: the order as it was sold,
/// which is what the worker decides by.
pub(super) fn state(sides: &Sides<'_>) -> Option<OrderState> {
    let none = BTreeMap::new();
    let first_skus = sides.record.map_or(&none, |record| &record.first_skus);
    sides.shop.ok().map(|order| OrderState::of(&order.clone().as_sold(first_skus)))
}

//! Decisions at their edges: what the ledger knows × what the shop says.

use jiff::{SignedDuration, Timestamp};
use weir_domain::config::StoreConfig;
use weir_domain::decide::{Decision, decide, reservation_ends};
use weir_domain::id::Generation;
use weir_domain::import::{Effect, ImportRules};
use weir_domain::order::{Order, OrderStatus};
use weir_domain::ports::{DocumentState, ErpDocument};
use weir_domain::record::{DocumentAxis, DocumentKind, OrderRecord, Seen, Unfinished, WaitReason};
use weir_domain::sales::Release;
use weir_testkit::sample;

fn seconds(count: i64) -> SignedDuration {
    SignedDuration::from_secs(count)
}

/// An hour after the order was placed, when no quiet period is left.
fn later() -> Timestamp {
    sample::saturday() + SignedDuration::from_hours(1)
}

fn config() -> StoreConfig {
    sample::store_config("main", "erp")
}

fn paid() -> Order {
    sample::order("main", 1)
}

/// A bank transfer that has not arrived.
fn awaited() -> Order {
    let mut order = paid();
    "bacs".clone_into(&mut order.payment.method);
    order.payment.paid_at = None;
    order.status = OrderStatus::OnHold;
    order
}

fn unknown(order: &Order) -> OrderRecord {
    OrderRecord::new(order.key.clone(), sample::saturday(), "test")
}

/// In the ERP as it is, released so far.
fn booked(order: &Order, released: Release) -> OrderRecord {
    let mut record = unknown(order);
    record.document = DocumentAxis::InErp;
    record.released = Some(released);
    record.booked_version = Some(order.version());
    record.remember(DocumentKind::SalesOrder, document("S1", order));
    record
}

fn document(id: &str, order: &Order) -> ErpDocument {
    ErpDocument {
        id: id.to_owned(),
        number: None,
        state: DocumentState::Processing,
        totals: Some(order.totals()),
    }
}

fn code(decision: &Decision) -> &str {
    match decision {
        Decision::Except { code, .. } => code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stale_read_is_repeated_and_believed_after_a_quarter_of_an_hour() {
    let mut order = paid();
    let mut record = unknown(&order);
    let newer = Order { modified_at: order.modified_at + seconds(9), ..order.clone() };
    let read_at = later();
    record.seen = Some(Seen {
        read_at,
        read_at_by_shop: None,
        number: String::new(),
        status: order.status.clone(),
        version: newer.version(),
        totals: order.totals(),
        refunds: order.refunds.iter().map(|refund| refund.id).collect(),
    });
    order.status = OrderStatus::Processing;
    let at = |after: i64| decide(&record, &order, &config(), read_at + seconds(after));
    let due_at = read_at + seconds(1 + 60);
    assert_eq!(at(1), Decision::Wait { reason: WaitReason::StaleRead, due_at });
    assert!(matches!(at(15 * 60 - 1), Decision::Wait { .. }));
    assert_eq!(at(15 * 60), Decision::Book(Release::Ship));
}

#[test]
fn doubt_ends_at_its_instant() {
    let order = paid();
    let mut record = unknown(&order);
    record.document = DocumentAxis::Pushing;
    record.in_doubt_until = Some(later());
    let before = decide(&record, &order, &config(), later() - seconds(1));
    assert_eq!(before, Decision::Wait { reason: WaitReason::UnknownOutcome, due_at: later() });
    assert_eq!(decide(&record, &order, &config(), later()), Decision::Book(Release::Ship));
}

#[test]
fn the_cut_over_leaves_older_orders_alone_but_not_those_we_made() {
    let order = paid();
    let mut config = config();
    let with = |config: &StoreConfig, record: &OrderRecord| decide(record, &order, config, later());
    for (cut_over, decision) in [
        (-1, Decision::Book(Release::Ship)),
        (0, Decision::Book(Release::Ship)),
        (1, Decision::Nothing("placed before the cut-over")),
    ] {
        config.cut_over = Some(order.created_at + seconds(cut_over));
        assert_eq!(with(&config, &unknown(&order)), decision, "{cut_over}");
    }
    assert_eq!(with(&config, &booked(&order, Release::Reserve)), Decision::Confirm(Release::Ship));
}

#[test]
fn what_changes_something_waits_for_the_quiet_period() {
    let order = paid();
    let quiet_until = order.modified_at + seconds(config().import.quiet_period_s.into());
    let during = |record: &OrderRecord| decide(record, &order, &config(), order.modified_at + seconds(1));
    let wait = Decision::Wait { reason: WaitReason::QuietPeriod, due_at: quiet_until };
    let there = booked(&order, Release::Ship);
    assert_eq!(during(&there), Decision::Nothing("the ERP has it as it is"));

    let cancelled = OrderRecord { document: DocumentAxis::Cancelled, ..there.clone() };
    let begun = OrderRecord { unfinished: Some(Unfinished::Release), ..there.clone() };
    let reserved = OrderRecord { released: Some(Release::Reserve), ..there.clone() };
    let mut other = order.clone();
    "another".clone_into(&mut other.billing.state);
    let changed = OrderRecord { booked_version: Some(other.version()), ..there.clone() };
    for record in [unknown(&order), cancelled, begun, reserved, changed] {
        assert_eq!(during(&record), wait, "{record:?}");
    }
    let after = |record: &OrderRecord| decide(record, &order, &config(), quiet_until);
    assert_eq!(after(&unknown(&order)), Decision::Book(Release::Ship));
}

#[test]
fn going_back_is_no_change_that_waits() {
    let order = awaited();
    let now = order.modified_at + seconds(1);
    assert_eq!(code(&decide(&booked(&order, Release::Ship), &order, &config(), now)), "status_regressed");
}

#[test]
fn a_release_that_may_have_happened_is_repeated_or_told() {
    let order = paid();
    let begun = |order: &Order, released| OrderRecord {
        unfinished: Some(Unfinished::Release),
        ..booked(order, released)
    };
    let decided = |order: &Order, record: &OrderRecord| decide(record, order, &config(), later());
    assert_eq!(decided(&order, &booked(&order, Release::Ship)), Decision::Nothing("the ERP has it as it is"));
    assert_eq!(decided(&order, &begun(&order, Release::Reserve)), Decision::Confirm(Release::Ship));
    assert_eq!(decided(&order, &begun(&order, Release::Ship)), Decision::Confirm(Release::Ship));
    let awaited = awaited();
    assert_eq!(code(&decided(&awaited, &begun(&awaited, Release::Reserve))), "status_regressed");
    assert_eq!(code(&decided(&awaited, &booked(&awaited, Release::Ship))), "status_regressed");
}

#[test]
fn a_failed_payment_cancels_a_reservation_and_nothing_further() {
    let order = Order { status: OrderStatus::Failed, ..awaited() };
    let decided = |released| decide(&booked(&order, released), &order, &config(), later());
    assert_eq!(decided(Release::Reserve), Decision::Cancel("its payment failed"));
    assert_eq!(code(&decided(Release::Ship)), "status_regressed");
}

#[test]
fn a_reservation_ends_on_its_day() {
    let order = awaited();
    let ends = reservation_ends(&order, &config());
    assert_eq!(ends, order.created_at + SignedDuration::from_hours(14 * 24));
    let decided = |now| decide(&booked(&order, Release::Reserve), &order, &config(), now);
    assert_eq!(decided(ends - seconds(1)), Decision::Nothing("the ERP has it as it is"));
    assert_eq!(decided(ends), Decision::Expire);
}

#[test]
fn unpaid_is_not_shipped_unless_there_is_nothing_to_pay() {
    let rules = ImportRules::default();
    let mut order = paid();
    assert_eq!(rules.effect(&order), Effect::Ship);
    order.payment.paid_at = None;
    assert_eq!(rules.effect(&order), Effect::Never);
    order.total -= order.total;
    assert_eq!(rules.effect(&order), Effect::Ship);
}

#[test]
fn nothing_was_missed_up_to_the_second_before_the_read() {
    let order = paid();
    let modified_at = order.modified_at;
    let seen = |read: i64, by_shop: Option<i64>| Seen {
        read_at: modified_at + seconds(read),
        read_at_by_shop: by_shop.map(|at| modified_at + seconds(at)),
        number: String::new(),
        status: order.status.clone(),
        version: order.version(),
        totals: order.totals(),
        refunds: order.refunds.iter().map(|refund| refund.id).collect(),
    };
    assert_eq!(seen(2, None).surely_until(), modified_at);
    assert_eq!(seen(1, None).surely_until(), modified_at - seconds(1));
    assert_eq!(seen(9, Some(1)).surely_until(), modified_at - seconds(1), "the shop's clock counts");
}

#[test]
fn a_document_is_remembered_by_kind_life_and_id() {
    let order = paid();
    let mut record = booked(&order, Release::Ship);
    let moved = ErpDocument { state: DocumentState::Done, ..document("S1", &order) };
    record.remember(DocumentKind::SalesOrder, moved.clone());
    assert_eq!((record.documents.len(), record.sales_order()), (1, Some(&moved)));
    record.remember(DocumentKind::Payment, document("S1", &order));
    assert_eq!(record.payment_document(), Some(&document("S1", &order)));
    record.remember(DocumentKind::SalesOrder, document("S2", &order));
    record.generation = Generation::FIRST.next();
    record.remember(DocumentKind::SalesOrder, document("S1", &order));
    assert_eq!(record.documents.len(), 4);
    assert_eq!(record.sales_order(), Some(&document("S1", &order)));
    assert_eq!(record.payment_document(), None);
}

#[test]
fn a_reservation_that_waits_for_nothing_is_still_shown_as_one() {
    let order = awaited();
    let mut record = booked(&order, Release::Reserve);
    assert_eq!(record.view(), "in ERP");
    let reserved = ErpDocument { state: DocumentState::Reserved, ..document("S1", &order) };
    record.remember(DocumentKind::SalesOrder, reserved);
    assert_eq!(record.view(), "reserved");
    assert!(record.due_at().is_none());
}

//! What people do about an order, between the passes of the real worker.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use weir_domain::desk::{Acted, Action, By, Desk, DeskError, stock_taken};
use weir_domain::hint::Cause;
use weir_domain::id::{DocumentKey, ErpId, ItemKey, LineKey, OrderKey};
use weir_domain::mapping::MappingKind;
use weir_domain::order::OrderStatus;
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Adoption, Claim, DocumentState, Erp, ErpBooks, ErpConnections, ErpDesk, Ledger, LedgerError,
    PlannedRequest, ShopError, WriteOffs,
};
use weir_domain::push::Pushed;
use weir_domain::record::{Concern, DocumentAxis, Exception, Hold, PaymentAxis};
use weir_domain::sales::SalesOrder;
use weir_testkit::{FakeErp, FakeStockQueue, sample};

use crate::world::World;

/// An ERP's desk over its books: what is adopted must be a sale that people
/// made there, which the fake keeps under a key of its own.
struct Books(Arc<FakeErp>);

#[async_trait]
impl ErpDesk for Books {
    async fn plan(&self, order: &SalesOrder) -> Result<Vec<PlannedRequest>, CallError> {
        let body =
            serde_json::json!({ "reference": order.key.reference(), "gross": order.totals.to_string() });
        Ok(vec![PlannedRequest { method: "POST".into(), path: "sales".into(), body }])
    }

    async fn adopt(&self, number: &str, key: &DocumentKey) -> Result<Adoption, CallError> {
        let Some(sale) = self.0.sales().into_iter().find(|sale| sale.id == number) else {
            return Ok(Adoption::NotFound);
        };
        if self.0.sale(key).is_some_and(|other| other.id != number) {
            return Ok(Adoption::Taken("another document".into()));
        }
        let by_hand = sale.order.key.clone();
        self.0.edit(&by_hand, |order| order.key = key.clone());
        Ok(self.0.find(key).await?.map_or(Adoption::NotFound, Adoption::Adopted))
    }
}

#[async_trait]
impl ErpConnections for Books {
    async fn books(&self, _erp: &ErpId) -> Result<Arc<dyn ErpBooks>, CallError> {
        Err(CallError::blocked("not asked here"))
    }

    async fn desk(&self, _erp: &ErpId) -> Result<Arc<dyn ErpDesk>, CallError> {
        Ok(Arc::new(Self(Arc::clone(&self.0))))
    }
}

/// Remembers what was written off.
#[derive(Default)]
struct Rows(Mutex<Vec<(ItemKey, LineKey, Timestamp)>>);

#[async_trait]
impl WriteOffs for Rows {
    async fn write_off(&self, item: &ItemKey, line: &LineKey, as_of: Timestamp) -> Result<bool, LedgerError> {
        self.0.lock().unwrap().push((item.clone(), line.clone(), as_of));
        Ok(true)
    }
}

fn act_with(world: &World, rows: &Arc<Rows>, key: &OrderKey, action: &Action) -> Result<Acted, DeskError> {
    let desk = Desk {
        ledger: world.ledger.clone(),
        queue: world.queue.clone(),
        connections: world.connections.clone(),
        erps: Arc::new(Books(Arc::clone(&world.erp))),
        stock: rows.clone(),
        stock_queue: Arc::new(FakeStockQueue::default()),
        clock: world.clock.clone(),
        lease: SignedDuration::from_secs(130),
    };
    let by = By {
        who: "ada@example.com".into(),
        why: "asked by the customer".into(),
        correlation: format!("request-{}", world.now()),
    };
    let acted = block_on(desk.act(key, action, &by));
    world.clock.advance(SignedDuration::from_secs(1));
    acted
}

fn act(world: &World, key: &OrderKey, action: &Action) -> Result<Acted, DeskError> {
    act_with(world, &Arc::default(), key, action)
}

fn work_off(world: &World) {
    for hint in world.queue.take() {
        world.deliver(&hint, 1);
    }
}

/// An order whose tax is not mapped.
fn excepted(world: &World) -> OrderKey {
    let mut order = sample::order("main", 1);
    order.payment.method = "klarna".into();
    let key = order.key.clone();
    world.place(order);
    assert_eq!(world.exception(&key), "unmapped_payment");
    key
}

#[test]
fn a_mapped_and_retried_order_arrives_and_the_audit_says_who() {
    let world = World::new();
    let key = excepted(&world);
    world.map(MappingKind::Payment, "klarna", &["CARD"]);
    let acted = act(&world, &key, &Action::Retry).unwrap();
    assert_eq!(acted.state, "waiting");
    work_off(&world);
    assert_eq!(world.view(&key), "in ERP");
    let audit = block_on(world.ledger.audit(&key)).unwrap();
    let retried = audit.iter().find(|entry| entry.what == "retry").unwrap();
    assert_eq!((retried.who.as_str(), retried.why.as_str()), ("ada@example.com", "asked by the customer"));
}

#[test]
fn a_lost_message_after_a_retry_is_made_good_by_the_minute_tick() {
    let world = World::new();
    let key = excepted(&world);
    world.map(MappingKind::Payment, "klarna", &["CARD"]);
    act(&world, &key, &Action::Retry).unwrap();
    assert_eq!(world.queue.take().len(), 1, "the hint that is lost");
    world.minute();
    assert_eq!(world.view(&key), "in ERP");
}

#[test]
fn a_held_order_rests_until_it_is_retried() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.place(order);
    act(&world, &key, &Action::Hold).unwrap();
    world.change(&key, |order| order.status = OrderStatus::Cancelled);
    world.minutes(5);
    assert_eq!(world.view(&key), "held");
    assert_eq!(world.erp.sales()[0].state, DocumentState::Processing);
    assert!(matches!(act(&world, &key, &Action::Hold), Err(DeskError::NotPossible(_))));
    act(&world, &key, &Action::Retry).unwrap();
    work_off(&world);
    assert_ne!(world.view(&key), "held", "it goes on with what the shop says now");
}

#[test]
fn a_skipped_order_is_open_work_no_more() {
    let world = World::new();
    let key = excepted(&world);
    act(&world, &key, &Action::Skip).unwrap();
    assert_eq!(world.view(&key), "skipped");
    world.map(MappingKind::Payment, "klarna", &["CARD"]);
    world.change(&key, |order| order.note = "please".into());
    world.minutes(10);
    assert_eq!((world.view(&key), world.erp.sales().len()), ("skipped", 0));
    act(&world, &key, &Action::Retry).unwrap();
    work_off(&world);
    assert_eq!(world.view(&key), "in ERP", "and may be taken up again");
}

#[test]
fn an_order_whose_document_may_exist_is_not_skipped() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    let timed_out = weir_testkit::fault::timed_out();
    world.erp.faults.script(weir_testkit::ErpOp::Create, [weir_testkit::Fault::After(timed_out)]);
    world.place(order);
    assert_eq!(world.record(&key).document, DocumentAxis::Pushing);
    let before = world.record(&key).audit_seq;
    assert!(matches!(act(&world, &key, &Action::Skip), Err(DeskError::NotPossible(_))));
    assert_eq!(world.record(&key).audit_seq, before, "what cannot be done writes nothing");
    world.minutes(10);
    assert_eq!((world.view(&key), world.erp.sales().len()), ("in ERP", 1));
}

#[test]
fn an_accepted_exception_stays_until_the_order_changes() {
    let world = World::new();
    let key = excepted(&world);
    act(&world, &key, &Action::Accept).unwrap();
    assert_eq!(world.view(&key), "accepted");
    for _ in 0..3 {
        world.hint(&key);
        world.minutes(2);
    }
    assert_eq!(world.view(&key), "accepted", "the same order says the same");
    assert!(matches!(act(&world, &key, &Action::Accept), Err(DeskError::NotPossible(_))));
    world.change(&key, |order| order.note = "please".into());
    world.minutes(2);
    assert_eq!(world.view(&key), "exception", "a changed one is looked at anew");
}

#[test]
fn an_order_that_is_worked_on_is_not_acted_on() {
    let world = World::new();
    let key = excepted(&world);
    let hint = sample::hint(&key, Cause::Erp, world.now());
    block_on(world.ledger.claim(&hint, "a worker", world.now(), SignedDuration::from_secs(130))).unwrap();
    assert!(matches!(act(&world, &key, &Action::Retry), Err(DeskError::Busy)));
    assert!(matches!(act(&world, &sample::key("main", 99), &Action::Retry), Err(DeskError::Unknown)));
}

#[test]
fn what_a_dead_worker_began_is_not_forgotten_by_an_action() {
    let world = World::new();
    let key = excepted(&world);
    let hint = sample::hint(&key, Cause::Erp, world.now());
    block_on(world.ledger.claim(&hint, "a worker", world.now(), SignedDuration::from_secs(130))).unwrap();
    world.clock.advance(SignedDuration::from_mins(5));
    act(&world, &key, &Action::Hold).unwrap();
    assert_eq!(world.record(&key).crashes, 1);
}

#[test]
fn a_document_made_by_hand_becomes_the_orders_own() {
    let world = World::new();
    let key = excepted(&world);
    // Somebody books it by hand; the fake keeps that under another order's key.
    let mut by_hand = sample::order("main", 2);
    by_hand.number.clone_from(&"1".to_owned());
    world.place(by_hand);
    let number = world.erp.sales()[0].id.clone();
    let adopt = |number: &str| Action::Adopt { number: number.to_owned(), paid: true };
    let missing = act(&world, &key, &adopt("S99"));
    assert!(matches!(missing, Err(DeskError::NotPossible(_))), "{missing:?}");
    assert_eq!(world.exception(&key), "unmapped_payment", "a refused action changes nothing");
    act(&world, &key, &adopt(&number)).unwrap();
    work_off(&world);
    let record = world.record(&key);
    assert_eq!((record.document, record.payment), (DocumentAxis::InErp, PaymentAxis::Paid));
    assert_eq!(record.hold, Hold::None);
    assert_eq!(world.erp.sales().len(), 1, "no second one is made");
    assert!(matches!(act(&world, &key, &adopt(&number)), Err(DeskError::NotPossible(_))));
}

#[test]
fn stock_that_a_failed_order_keeps_is_written_off_as_of_its_last_change() {
    let mut world = World::new();
    world.configure(|config| config.stock = Some(serde_json::from_value(stock()).unwrap()));
    world.push.stock = Some(weir_domain::push::StockOut {
        store: Arc::new(weir_testkit::FakeStockStore::default()),
        queue: Arc::new(FakeStockQueue::default()),
    });
    let rows = Arc::<Rows>::default();
    let mut order = sample::order("main", 1);
    order.status = OrderStatus::Failed;
    order.lines.truncate(1);
    order.lines[0].reduced_stock = Some(rust_decimal::Decimal::TWO);
    let (key, modified_at, line) = (order.key.clone(), order.modified_at, order.lines[0].id);
    world.place(order);
    assert_eq!(stock_taken(&world.record(&key)).len(), 1);
    let acted = act_with(&world, &rows, &key, &Action::WriteOff).unwrap();
    assert!(acted.what.starts_with("1 of its items"), "{}", acted.what);
    let written = rows.0.lock().unwrap().clone();
    let of = |(item, key, as_of): &(ItemKey, LineKey, Timestamp)| (item.sku.0.clone(), key.line, *as_of);
    assert_eq!(written.iter().map(of).collect::<Vec<_>>(), [("MUG-L".to_owned(), line, modified_at)]);
}

fn stock() -> serde_json::Value {
    serde_json::json!({ "entity": "acme", "locations": ["main"] })
}

type Troubling<'a> = &'a dyn Fn(&World, &OrderKey);

#[test]
fn no_trouble_ends_what_a_person_keeps() {
    let troubles: [Troubling; 5] = [
        &|world, _| world.shop.faults.outage(Some(weir_testkit::fault::unauthorised().into())),
        &|world, _| world.shop.faults.outage(Some(weir_testkit::fault::server_error().into())),
        &|world, _| world.connections.disable(&crate::world::store(), Some("a wrong document")),
        &|world, key| world.shop.delete(key.order),
        &|world, _| {
            let unreadable = ShopError::Unreadable { code: "bad_amount", detail: String::new() };
            world.shop.faults.script(weir_testkit::ShopOp::Order, [weir_testkit::Fault::Before(unreadable)]);
        },
    ];
    for action in [Action::Hold, Action::Skip] {
        for trouble in troubles {
            let world = World::new();
            let key = excepted(&world);
            act(&world, &key, &action).unwrap();
            let kept = world.record(&key).hold;
            world.map(MappingKind::Payment, "klarna", &["CARD"]);
            trouble(&world, &key);
            world.hint(&key);
            world.minutes(3);
            world.shop.faults.outage(None);
            world.connections.disable(&crate::world::store(), None);
            world.hint(&key);
            world.minutes(30);
            assert_eq!((world.record(&key).hold, world.erp.sales().len()), (kept, 0), "{action:?}");
        }
    }
}

#[test]
fn an_accepted_reservation_ends_all_the_same() {
    let world = World::new();
    let key = world.reserve();
    world.erp.set_state(&world.record(&key).document_key(), DocumentState::Processing);
    world.change(&key, |order| {
        order.lines[0].quantity += rust_decimal::Decimal::ONE;
        order.lines[0].net += rust_decimal::Decimal::new(900, 2);
        order.lines[0].tax += rust_decimal::Decimal::new(171, 2);
        order.total += rust_decimal::Decimal::new(1071, 2);
        order.total_tax += rust_decimal::Decimal::new(171, 2);
    });
    assert_eq!(world.exception(&key), "amendment_refused");
    world.erp.set_state(&world.record(&key).document_key(), DocumentState::Reserved);
    act(&world, &key, &Action::Accept).unwrap();
    work_off(&world);
    let waits = world.record(&key);
    assert!(waits.due_at().is_some() && waits.exception().unwrap().accepted.is_some(), "{:?}", waits.hold);
    world.clock.advance(SignedDuration::from_hours(24 * 15));
    world.minutes(3);
    assert_eq!(world.exception(&key), "payment_overdue");
}

#[test]
fn an_accepted_order_that_was_paid_waits_for_no_reservation_that_is_over() {
    let world = World::new();
    let key = world.reserve();
    let hint = sample::hint(&key, Cause::Desk, world.now());
    let claim = block_on(world.ledger.claim(&hint, "match", world.now(), SignedDuration::from_secs(70)));
    let Ok(Claim::Claimed(mut held)) = claim else { panic!("{claim:?}") };
    held.record.hold = Hold::Exception(Exception {
        code: "document_doubled".into(),
        subject: "order".into(),
        detail: "There are two.".into(),
        since: world.now(),
        about: None,
        concern: Concern::Documents,
        accepted: None,
    });
    block_on(world.ledger.complete(*held, &sample::note("excepted", world.now()))).unwrap();
    act(&world, &key, &Action::Accept).unwrap();
    work_off(&world);
    world.clock.advance(SignedDuration::from_hours(24 * 20));
    world.change(&key, |order| order.status = OrderStatus::Processing);
    world.minutes(3);
    let record = world.record(&key);
    assert_eq!((record.due_at(), record.view()), (None, "accepted"));
}

#[test]
fn an_adoption_without_an_answer_is_looked_up_and_makes_no_second_document() {
    let world = World::new();
    let key = excepted(&world);
    world.map(MappingKind::Payment, "klarna", &["CARD"]);
    let mut by_hand = sample::order("main", 2);
    "1".clone_into(&mut by_hand.number);
    world.place(by_hand);
    let number = world.erp.sales()[0].id.clone();
    // It is adopted, and the answer gets lost: its look-up is what fails here.
    let lost = weir_testkit::Fault::Before(weir_testkit::fault::timed_out());
    world.erp.faults.script(weir_testkit::ErpOp::Find, [lost]);
    let acted = act(&world, &key, &Action::Adopt { number, paid: false });
    assert!(matches!(acted, Err(DeskError::Call(_))), "{acted:?}");
    let record = world.record(&key);
    assert_eq!(record.document, DocumentAxis::Pushing);
    assert!(record.in_doubt_until.is_some() && record.due_at().is_some());
    world.minutes(15);
    assert_eq!(
        (world.exception(&key).as_str(), world.view(&key), world.erp.sales().len()),
        ("", "in ERP", 1)
    );
}

#[test]
fn a_dry_run_says_what_would_happen_and_changes_nothing() {
    let world = World::new();
    let key = excepted(&world);
    let books = Books(Arc::clone(&world.erp));
    let before = world.record(&key);
    let refused = block_on(world.push.preview(&key, &books)).unwrap();
    assert_eq!(refused.problem.unwrap().code, "unmapped_payment");
    assert!(refused.requests.is_empty());
    world.map(MappingKind::Payment, "klarna", &["CARD"]);
    let planned = block_on(world.push.preview(&key, &books)).unwrap();
    assert_eq!((planned.problem, planned.requests.len()), (None, 1));
    assert_eq!(planned.requests[0].body["reference"], "1");
    assert!(planned.would.starts_with("A sales order would be made"), "{}", planned.would);
    assert_eq!((world.record(&key), world.erp.sales().len()), (before, 0));
    assert!(world.queue.take().is_empty());
}

#[test]
fn a_retry_meets_the_same_order_again_and_the_next_hint_is_not_lost() {
    let world = World::new();
    let key = excepted(&world);
    act(&world, &key, &Action::Retry).unwrap();
    work_off(&world);
    assert_eq!(world.exception(&key), "unmapped_payment", "nothing was mapped");
    world.map(MappingKind::Payment, "klarna", &["CARD"]);
    let pushed = world.change(&key, |order| order.note = "please".into());
    assert!(matches!(pushed, Pushed::Acknowledge(_)));
    assert_eq!(world.view(&key), "in ERP");
}

#[test]
fn the_timeline_says_what_was_asked_and_answered_and_names_nobody() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world
        .erp
        .faults
        .script(weir_testkit::ErpOp::Pay, [weir_testkit::Fault::After(weir_testkit::fault::timed_out())]);
    world.place(order);
    world.minutes(10);
    assert_eq!(world.view(&key), "in ERP");
    let audit = block_on(world.ledger.audit(&key)).unwrap();
    let calls: Vec<String> = audit
        .iter()
        .flat_map(|entry| &entry.calls)
        .map(|call| format!("{} | {} | {}", call.peer, call.request, call.answer))
        .collect();
    let made = "erp/erp | make 1: 2 × MUG-L, 1 × TEE-M, 1 × SHIPPING; 47.12 + 8.95 = 56.07 EUR | S1 is draft";
    assert!(calls.iter().any(|call| call.starts_with(made)), "{calls:#?}");
    assert!(calls.iter().any(|call| call.contains("| book 56.07 EUR into CARD | unknown: ")), "{calls:#?}");
    assert!(calls.first().is_some_and(|call| call.starts_with("store/main | read the order | processing, ")));
    for canary in sample::CANARIES {
        assert!(calls.iter().all(|call| !call.contains(canary)), "{canary}");
    }
}

use futures::executor::block_on;
use futures::future::poll_immediate;
use jiff::SignedDuration;
use weir_domain::circuit::Peer;
use weir_domain::hint::Cause;
use weir_domain::outcome::CallError;
use weir_domain::ports::{Ledger, ShopError};
use weir_domain::push::Pushed;
use weir_testkit::fault::{refused, server_error, timed_out, unauthorised};
use weir_testkit::{ErpOp, Fault, ShopOp, sample};

use crate::what;
use crate::world::{World, erp_id};

const ALL: [ErpOp; 3] = [ErpOp::Create, ErpOp::Confirm, ErpOp::Pay];

#[test]
fn a_time_out_at_any_step_before_or_after_its_effect_ends_in_one_sale() {
    for op in ALL {
        for fault in [Fault::Before(timed_out()), Fault::After(timed_out())] {
            let world = World::new();
            world.erp.faults.script(op, [fault.clone()]);
            let order = sample::order("main", 1);
            let key = order.key.clone();
            assert_eq!(what(&world.place(order)), "unknown", "{op:?} {fault:?}");
            world.minutes(10);
            assert_eq!((world.view(&key), world.erp.sales().len()), ("in ERP", 1), "{op:?} {fault:?}");
            assert_eq!(world.erp.sales()[0].payments.len(), 1, "{op:?} {fault:?}");
            assert_eq!(world.erp.faults.unspent(), 0);
        }
    }
}

#[test]
fn an_outage_of_hours_makes_no_exceptions_and_spends_few_calls() {
    for error in [unauthorised(), refused(), server_error(), timed_out()] {
        let world = World::new();
        world.erp.faults.outage(Some(error.clone()));
        for id in 1..=20 {
            world.place(sample::order("main", id));
        }
        world.minutes(6 * 60);
        let during = world.erp.faults.all_calls();
        assert!(during < 20 * 4 + 6 * 60, "{error:?}: {during} calls in six hours");
        for id in 1..=20 {
            assert_eq!(world.view(&sample::key("main", id)), "waiting", "{error:?}");
        }
        world.erp.faults.outage(None);
        world.minutes(30);
        for id in 1..=20 {
            assert_eq!(world.view(&sample::key("main", id)), "in ERP", "{error:?}");
        }
        assert_eq!(world.erp.sales().len(), 20, "{error:?}");
    }
}

#[test]
fn an_expired_key_opens_the_circuit_and_one_order_at_a_time_probes() {
    let world = World::new();
    world.erp.faults.outage(Some(unauthorised()));
    for id in 1..=5 {
        world.place(sample::order("main", id));
    }
    assert_eq!(world.erp.faults.all_calls(), 1, "the first refusal parks the others");
    let open = block_on(world.ledger.circuit(&Peer::Erp(erp_id()))).unwrap();
    assert!(!open.circuit.is_closed());
    world.minute();
    let woken = world.minute();
    assert!(woken.probes <= 1, "{woken:?}");
}

#[test]
fn an_order_that_fails_while_the_erp_is_well_ends_with_people() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.erp.faults.script(ErpOp::Create, std::iter::repeat_n(Fault::Before(server_error()), 100));
    world.place(order);
    world.minutes(24 * 60);
    assert_eq!(world.exception(&key), "outcome_unknown");
    assert_eq!(world.erp.faults.calls(ErpOp::Create), 9);
}

#[test]
fn a_business_refusal_goes_to_people_at_once_and_is_not_repeated() {
    let world = World::new();
    let refusal = CallError::rejected("item_unknown", "MUG-L");
    world.erp.faults.script(ErpOp::Create, [Fault::Before(refusal)]);
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.place(order);
    assert_eq!(world.exception(&key), "item_unknown");
    world.hint(&key);
    world.minutes(120);
    assert_eq!(world.erp.faults.calls(ErpOp::Create), 1);
}

#[test]
fn throttling_is_retried_by_the_queue_and_then_by_the_ledger() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    let wish = CallError::RetrySoon { why: "http 429".to_owned(), after: Some(SignedDuration::from_secs(7)) };
    world.erp.faults.script(ErpOp::Create, std::iter::repeat_n(Fault::Before(wish), 4));
    let Pushed::RetryAfter(after, _) = world.place(order) else { panic!("the queue should retry") };
    assert_eq!(after.as_secs(), 7);
    for receives in 2..=3 {
        let again = world.deliver(&sample::hint(&key, Cause::Webhook, world.now()), receives);
        assert!(matches!(again, Pushed::RetryAfter(..)));
    }
    let last = world.deliver(&sample::hint(&key, Cause::Webhook, world.now()), 4);
    assert!(matches!(last, Pushed::Acknowledge(_)), "then it waits in the ledger");
    world.minutes(5);
    assert_eq!(world.view(&key), "in ERP");
}

#[test]
fn an_absurd_wish_is_capped() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    let wish =
        CallError::RetrySoon { why: "http 429".to_owned(), after: Some(SignedDuration::from_hours(9_000)) };
    world.erp.faults.script(ErpOp::Create, [Fault::Before(wish)]);
    world.place(order);
    world.minutes(61);
    assert_eq!(world.view(&key), "in ERP");
}

#[test]
fn a_shop_that_cannot_be_read_parks_its_orders() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    let blocked = ShopError::Call(CallError::blocked("an edge's HTML"));
    world.shop.faults.script(ShopOp::Order, [Fault::Before(blocked)]);
    assert_eq!(what(&world.place(order)), "parked");
    world.minutes(5);
    assert_eq!(world.view(&key), "in ERP");
}

#[test]
fn an_unreadable_order_goes_to_people() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    let unreadable = ShopError::Unreadable { code: "bad_amount", detail: "total".to_owned() };
    world.shop.faults.script(ShopOp::Order, [Fault::Before(unreadable)]);
    world.place(order);
    assert_eq!(world.exception(&key), "bad_amount");
}

#[test]
fn a_disabled_store_loses_nothing() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.connections.disable(&key.store, Some("entities: needs at least one rule"));
    world.place(order);
    assert_eq!(world.view(&key), "waiting");
    world.connections.disable(&key.store, None);
    world.minutes(16);
    assert_eq!(world.view(&key), "in ERP");
}

/// Dropping the future at its k-th await is a crash there. Whatever k, the
/// minute tick finds the order when its lease ends, and it is booked once.
#[test]
fn a_crash_at_any_await_point_ends_in_one_sale() {
    let mut crashes = 0;
    for k in 0..200 {
        let world = World::new();
        let order = sample::order("main", 1);
        let key = order.key.clone();
        world.shop.put(order);
        let hint = sample::hint(&key, Cause::Webhook, world.now());
        if crash_at(&world, &hint, k) {
            crashes += 1;
        }
        world.minutes(10);
        if k > 0 {
            assert_eq!(
                (world.view(&key), world.erp.sales().len()),
                ("in ERP", 1),
                "crash at await point {k}"
            );
            assert_eq!(world.erp.sales()[0].payments.len(), 1, "crash at await point {k}");
        }
        if crashes <= k {
            break;
        }
    }
    assert!(crashes > 5, "only {crashes} await points were met");
}

/// Runs the use case until its k-th await point and drops it there.
/// `false` if it ended before.
fn crash_at(world: &World, hint: &weir_domain::hint::Hint, k: usize) -> bool {
    let stepped = stepping::Stepping::new(&world.push, k);
    let delivery = world.delivery(1);
    let mut future = std::pin::pin!(stepped.push.push(hint, &delivery));
    block_on(poll_immediate(future.as_mut())).is_none()
}

/// Ports that stop for ever at the k-th call, before or after its effect.
mod stepping {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use jiff::{SignedDuration, Timestamp};
    use std::collections::BTreeMap;
    use weir_domain::audit::AuditEntry;
    use weir_domain::circuit::Peer;
    use weir_domain::hint::Hint;
    use weir_domain::id::{OrderKey, StoreId};
    use weir_domain::ports::{CircuitSlot, Claim, DueOrder, Held, Ledger, LedgerError, Note, SeenState};
    use weir_domain::push::OrderPush;
    use weir_domain::record::OrderRecord;

    pub(super) struct Stepping {
        pub(super) push: OrderPush,
    }

    impl Stepping {
        pub(super) fn new(push: &OrderPush, k: usize) -> Self {
            let ledger =
                Arc::new(SteppingLedger { inner: Arc::clone(&push.ledger), left: AtomicUsize::new(k) });
            Self { push: OrderPush { ledger, ..push.clone() } }
        }
    }

    struct SteppingLedger {
        inner: Arc<dyn Ledger>,
        left: AtomicUsize,
    }

    impl SteppingLedger {
        /// Counts down; at zero it never comes back.
        async fn step(&self) {
            if self.left.load(Ordering::SeqCst) == 0 {
                std::future::pending::<()>().await;
            }
            self.left.fetch_sub(1, Ordering::SeqCst);
        }
    }

    #[async_trait]
    impl Ledger for SteppingLedger {
        async fn claim(
            &self,
            hint: &Hint,
            owner: &str,
            now: Timestamp,
            lease: SignedDuration,
        ) -> Result<Claim, LedgerError> {
            self.step().await;
            let claimed = self.inner.claim(hint, owner, now, lease).await;
            self.step().await;
            claimed
        }
        async fn save(&self, held: &mut Held, note: &Note) -> Result<(), LedgerError> {
            self.step().await;
            let saved = self.inner.save(held, note).await;
            self.step().await;
            saved
        }
        async fn complete(&self, held: Held, note: &Note) -> Result<OrderRecord, LedgerError> {
            self.step().await;
            let completed = self.inner.complete(held, note).await;
            self.step().await;
            completed
        }
        async fn record(&self, key: &OrderKey) -> Result<Option<OrderRecord>, LedgerError> {
            self.inner.record(key).await
        }
        async fn audit(&self, key: &OrderKey) -> Result<Vec<AuditEntry>, LedgerError> {
            self.inner.audit(key).await
        }
        async fn seen(&self, keys: &[OrderKey]) -> Result<BTreeMap<OrderKey, SeenState>, LedgerError> {
            self.inner.seen(keys).await
        }
        async fn due(
            &self,
            store: &StoreId,
            now: Timestamp,
            limit: usize,
            after: Option<&DueOrder>,
        ) -> Result<Vec<DueOrder>, LedgerError> {
            self.inner.due(store, now, limit, after).await
        }
        async fn circuit(&self, peer: &Peer) -> Result<CircuitSlot, LedgerError> {
            self.step().await;
            self.inner.circuit(peer).await
        }
        async fn set_circuit(&self, peer: &Peer, slot: &CircuitSlot) -> Result<bool, LedgerError> {
            self.step().await;
            self.inner.set_circuit(peer, slot).await
        }
    }
}

#[test]
fn news_of_an_order_in_doubt_does_not_hurry_its_look_up() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.erp.faults.script(ErpOp::Create, [Fault::After(timed_out())]);
    world.place(order);
    let calls = world.erp.faults.all_calls();
    world.clock.advance(SignedDuration::from_secs(7));
    assert_eq!(what(&world.hint(&key)), "waits");
    assert_eq!(
        world.erp.faults.all_calls(),
        calls,
        "the ERP is left alone until its longest request is over"
    );
    world.minutes(5);
    assert_eq!((world.view(&key), world.erp.sales().len()), ("in ERP", 1));
}

#[test]
fn doubt_outlives_another_wait_and_a_cancellation() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.erp.faults.script(ErpOp::Create, [Fault::Before(timed_out())]);
    world.place(order);
    let busy = ShopError::Call(CallError::retry_soon("http 429"));
    world.shop.faults.script(ShopOp::Order, [Fault::Before(busy)]);
    world.hint(&key);
    let calls = world.erp.faults.all_calls();
    world.shop.change(key.order, |order| order.status = weir_domain::order::OrderStatus::Cancelled);
    world.clock.advance(SignedDuration::from_secs(10));
    assert_eq!(what(&world.hint(&key)), "waits", "nothing may be concluded while the create may still land");
    assert_eq!(world.erp.faults.all_calls(), calls);
    world.minutes(5);
    assert_eq!((world.view(&key), world.erp.sales().len()), ("not imported", 0));
}

#[test]
fn an_order_that_fells_every_worker_ends_with_people() {
    for (crashes, code) in [(5, ""), (6, "worker_failed")] {
        let world = World::new();
        let order = sample::order("main", 1);
        let key = order.key.clone();
        world.shop.put(order);
        for _ in 0..crashes {
            let hint = sample::hint(&key, Cause::Webhook, world.now());
            assert!(crash_at(&world, &hint, 4));
            world.clock.advance(SignedDuration::from_secs(131));
        }
        world.minute();
        assert_eq!(world.exception(&key), code, "{crashes} workers were lost");
    }
}

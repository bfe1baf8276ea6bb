//! How long an order waits, for whom, and what is told: to the second.

use std::sync::Arc;

use async_trait::async_trait;
use futures::executor::block_on;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use weir_domain::circuit::Peer;
use weir_domain::config::StoreConfig;
use weir_domain::fulfilment::{NewRefund, OrderNote, Parcel, ShownParcel};
use weir_domain::hint::Cause;
use weir_domain::id::{ErpId, OrderId, OrderKey, RefundId, StoreId};
use weir_domain::order::{OrderStatus, Refund};
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Connections, DocumentState, Erp, Shop, ShopError, ShopOrder, ShopPage, StoreDisabled,
};
use weir_domain::push::{Delivery, OrderPush, Pushed, Summary};
use weir_domain::record::{Hold, WaitReason};
use weir_domain::sales::Release;
use weir_testkit::fault::{server_error, timed_out, unauthorised};
use weir_testkit::{ErpOp, Fault, ShopOp, sample};

use crate::what;
use crate::world::{World, erp_id};

/// What it waits for, and for how many seconds from now.
fn wait(world: &World, key: &OrderKey) -> (WaitReason, i64) {
    match world.record(key).hold {
        Hold::Waiting { reason, due_at, .. } => (reason, due_at.duration_since(world.now()).as_secs()),
        other => panic!("{other:?}"),
    }
}

fn busy(seconds: i64) -> Fault<CallError> {
    let after = Some(SignedDuration::from_secs(seconds));
    Fault::Before(CallError::RetrySoon { why: "http 429".to_owned(), after })
}

fn summary(pushed: Pushed) -> Summary {
    match pushed {
        Pushed::Acknowledge(summary) | Pushed::RetryAfter(_, summary) => summary,
    }
}

#[test]
fn a_busy_peer_is_given_what_it_asked_for() {
    for (receives, wish, waits) in [(1, 7, 7 + 180), (4, 7, 30), (4, 100, 100), (1, 121, 121)] {
        let world = World::new();
        world.erp.faults.script(ErpOp::Create, [busy(wish)]);
        let order = sample::order("main", 1);
        let key = order.key.clone();
        world.shop.put(order);
        world.deliver(&sample::hint(&key, Cause::Webhook, world.now()), receives);
        assert_eq!(wait(&world, &key), (WaitReason::PeerBusy, waits), "{receives} {wish}");
    }
}

#[test]
fn an_unclear_answer_waits_for_the_erps_longest_request_and_its_look_up() {
    let world = World::new();
    world.erp.faults.script(ErpOp::Create, [Fault::Before(timed_out())]);
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.place(order);
    // 60 s + 5 s of lag; the look-up itself is not in a hurry.
    assert_eq!(wait(&world, &key), (WaitReason::UnknownOutcome, 60 + 5 + 5));
    let doubt = world.record(&key).in_doubt_until.unwrap();
    assert_eq!(doubt.duration_since(world.now()).as_secs(), 60 + 5);
}

#[test]
fn an_unclear_answer_of_an_ill_erp_spends_nothing_of_the_order() {
    let world = World::new();
    world.erp.faults.outage(Some(timed_out()));
    for id in 1..=3 {
        world.place(sample::order("main", id));
    }
    let (second, third) = (sample::key("main", 2), sample::key("main", 3));
    assert_eq!((world.record(&second).unknowns, world.record(&third).unknowns), (1, 0));
    assert_eq!(wait(&world, &third), (WaitReason::CircuitOpen(Peer::Erp(erp_id())), 60));
}

#[test]
fn a_blocked_peer_is_waited_for_until_its_probe() {
    let world = World::new();
    world.erp.faults.script(ErpOp::Create, [Fault::Before(unauthorised())]);
    let order = sample::order("main", 1);
    let key = order.key.clone();
    let told = summary(world.place(order));
    let peer = Peer::Erp(erp_id());
    assert_eq!(wait(&world, &key), (WaitReason::CircuitOpen(peer.clone()), 60));
    assert_eq!((told.open_circuit, peer.to_string().as_str()), (Some(peer), "erp/erp"));
    assert_eq!(Peer::Store(key.store).to_string(), "store/main");
}

#[test]
fn a_disabled_store_is_looked_at_again_in_a_quarter_of_an_hour() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.connections.disable(&key.store, Some("no secret"));
    world.place(order);
    assert_eq!(wait(&world, &key), (WaitReason::StoreDisabled, 15 * 60));
}

#[test]
fn no_call_is_begun_with_too_little_time() {
    for (left, receives, calls) in [(20, 1, 1), (19, 1, 0), (19, 4, 0)] {
        let world = World::new();
        let order = sample::order("main", 1);
        let key = order.key.clone();
        world.shop.put(order);
        let hint = sample::hint(&key, Cause::Webhook, world.now());
        let deadline = world.now() + SignedDuration::from_secs(left);
        let delivery = Delivery { deadline, ..world.delivery(receives) };
        let pushed = block_on(world.push.push(&hint, &delivery)).unwrap();
        assert_eq!(world.shop.faults.calls(ShopOp::Order), calls, "{left} s are left");
        if calls == 0 {
            let (says, waits) = if receives > 3 { ("waits", 1) } else { ("retries", 1 + 180) };
            assert_eq!((what(&pushed), wait(&world, &key)), (says, (WaitReason::PeerBusy, waits)));
        }
    }
}

#[test]
fn what_happened_is_told_once_with_its_latency() {
    let world = World::new();
    let order = sample::order("main", 1);
    let key = order.key.clone();
    let booked = summary(world.place(order));
    assert_eq!(
        (booked.latency, booked.open_circuit, booked.exception),
        (Some(SignedDuration::ZERO), None, None)
    );
    assert_eq!(world.erp.faults.calls(ErpOp::Find), 0, "nothing can be there yet");
    assert_eq!(summary(world.change(&key, |_| {})).latency, None);
    let refused = summary(world.change(&key, |order| {
        order.lines[0].quantity += Decimal::ONE;
        order.total += Decimal::ONE;
        order.total_tax += Decimal::ONE;
        order.lines[0].tax += Decimal::ONE;
    }));
    assert_eq!(refused.exception.as_deref(), Some("amendment_refused"));
}

#[test]
fn an_exception_keeps_its_age_while_it_is_the_same() {
    let world = World::new();
    let key = sample::key("main", 1);
    let refusal = |code, detail| Fault::Before(CallError::rejected(code, detail));
    let answers =
        [("item_unknown", "A"), ("item_unknown", "A"), ("item_unknown", "B"), ("party_unknown", "B")];
    world.erp.faults.script(ErpOp::Create, answers.map(|(code, detail)| refusal(code, detail)));
    world.shop.put(sample::order("main", 1));
    let mut ages = Vec::new();
    for _ in answers {
        world.change(&key, |_| {});
        let since = world.record(&key).exception().unwrap().since;
        ages.push(world.now().duration_since(since).as_secs());
    }
    assert_eq!(ages, [0, 60, 0, 0]);
}

#[test]
fn a_change_that_was_made_is_not_refused_afterwards() {
    for (fault, code) in [(Fault::After(timed_out()), ""), (Fault::Before(timed_out()), "amendment_refused")]
    {
        let world = World::new();
        let key = world.reserve();
        world.erp.faults.script(ErpOp::Amend, [fault]);
        let changed = world.change(&key, |order| {
            order.shipping[0].net += Decimal::ONE;
            order.total += Decimal::ONE;
        });
        assert_eq!(what(&changed), "unknown");
        world.erp.set_state(&world.record(&key).document_key(), DocumentState::Processing);
        world.minutes(3);
        assert_eq!(world.exception(&key), code);
    }
}

/// After a restored backup: a sale that comes to the same is ours as it is,
/// another is changed.
#[test]
fn a_sale_that_the_ledger_forgot_is_known_by_its_totals() {
    for (less, amendments) in [(Decimal::ZERO, 0), (Decimal::ONE, 1)] {
        let mut world = World::new();
        world.push.amnesia = true;
        let order = sample::order("main", 1);
        let mut there = order.clone();
        there.shipping[0].net -= less;
        there.total -= less;
        let sale = sample::sales_order(&there, Release::Reserve);
        block_on(world.erp.create(&sale)).unwrap();
        assert_eq!(what(&world.place(order.clone())), if amendments == 0 { "booked" } else { "amended" });
        assert_eq!(world.erp.faults.calls(ErpOp::Amend), amendments);
        assert_eq!(world.erp.sales()[0].order.totals, order.totals());
    }
}

/// A shop whose answers take their time.
struct Slow(Arc<World>, SignedDuration);

#[async_trait]
impl Shop for Slow {
    async fn order(&self, id: OrderId) -> Result<ShopOrder, ShopError> {
        self.0.clock.advance(self.1);
        self.0.shop.order(id).await
    }

    async fn refunds(&self, order: OrderId) -> Result<Vec<Refund>, ShopError> {
        self.0.shop.refunds(order).await
    }

    async fn changed_after(&self, after: Timestamp, page: u32) -> Result<ShopPage, ShopError> {
        self.0.shop.changed_after(after, page).await
    }

    async fn parcels(&self, order: OrderId) -> Result<Vec<ShownParcel>, ShopError> {
        self.0.shop.parcels(order).await
    }

    async fn show_parcel(
        &self,
        order: OrderId,
        reference: Option<&str>,
        parcel: &Parcel,
    ) -> Result<Option<String>, ShopError> {
        self.0.shop.show_parcel(order, reference, parcel).await
    }

    async fn remove_parcel(&self, order: OrderId, reference: &str) -> Result<(), ShopError> {
        self.0.shop.remove_parcel(order, reference).await
    }

    async fn notes(&self, order: OrderId) -> Result<Vec<String>, ShopError> {
        self.0.shop.notes(order).await
    }

    async fn add_note(&self, order: OrderId, note: &OrderNote) -> Result<(), ShopError> {
        self.0.shop.add_note(order, note).await
    }

    async fn set_status(&self, order: OrderId, status: &OrderStatus) -> Result<(), ShopError> {
        self.0.shop.set_status(order, status).await
    }

    async fn give_refund(&self, order: OrderId, refund: &NewRefund) -> Result<RefundId, ShopError> {
        self.0.shop.give_refund(order, refund).await
    }
}

#[async_trait]
impl Connections for Slow {
    fn stores(&self) -> Vec<StoreId> {
        self.0.connections.stores()
    }

    fn store(&self, store: &StoreId) -> Result<Arc<StoreConfig>, StoreDisabled> {
        self.0.connections.store(store)
    }

    async fn shop(&self, _: &StoreId) -> Result<Arc<dyn Shop>, CallError> {
        Ok(Arc::new(Self(Arc::clone(&self.0), self.1)))
    }

    async fn erp(&self, erp: &ErpId) -> Result<Arc<dyn Erp>, CallError> {
        self.0.connections.erp(erp).await
    }
}

#[test]
fn a_read_is_as_old_by_the_shops_clock_as_the_answer_took() {
    let world = Arc::new(World::new());
    let by_shop = world.now() + SignedDuration::from_mins(7);
    world.shop.set_answered_at(Some(by_shop));
    world.shop.put(sample::order("main", 1));
    let took = SignedDuration::from_secs(3);
    let push = OrderPush { connections: Arc::new(Slow(Arc::clone(&world), took)), ..world.push.clone() };
    let key = sample::key("main", 1);
    let hint = sample::hint(&key, Cause::Webhook, world.now());
    block_on(push.push(&hint, &world.delivery(1))).unwrap();
    assert_eq!(world.record(&key).seen.unwrap().read_at_by_shop, Some(by_shop - took));
}

#[test]
fn an_ill_order_is_given_to_people_after_its_ninth_unclear_answer() {
    let world = World::new();
    world.erp.faults.script(ErpOp::Create, std::iter::repeat_n(Fault::Before(server_error()), 8));
    let order = sample::order("main", 1);
    let key = order.key.clone();
    world.place(order);
    world.minutes(24 * 60);
    assert_eq!((world.exception(&key).as_str(), world.view(&key)), ("", "in ERP"), "eight are forgiven");
}

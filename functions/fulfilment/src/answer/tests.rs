use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::SignedDuration;
use serde_json::json;
use weir_domain::fulfilment::follow::FollowOrders;
use weir_domain::fulfilment::{DeliveredLine, Parcel};
use weir_domain::hint::{Cause, Hint};
use weir_domain::id::{DocumentKey, Generation, OrderKey, ParcelId};
use weir_domain::mapping::{MappingKey, MappingKind};
use weir_domain::order::Order;
use weir_domain::ports::{Clock, Ledger, MappingStore};
use weir_runtime::batch::{Visibility, VisibilityError};
use weir_testkit::{FakeClock, FakeConnections, FakeErp, FakeLedger, FakeQueue, FakeShop, sample};

use super::*;
use crate::feed::tests::{configuration, store};

/// Seconds by receipt.
#[derive(Default)]
struct FakeVisibility(Mutex<BTreeMap<String, i32>>);

#[async_trait]
impl Visibility for FakeVisibility {
    async fn put_off(&self, receipt_handle: &str, seconds: i32) -> Result<(), VisibilityError> {
        self.0.lock().unwrap().insert(receipt_handle.to_owned(), seconds);
        Ok(())
    }
}

struct World {
    clock: Arc<FakeClock>,
    ledger: Arc<FakeLedger>,
    queue: Arc<FakeQueue>,
    visibility: Arc<FakeVisibility>,
    shop: Arc<FakeShop>,
    erp: Arc<FakeErp>,
    fulfilment: Fulfilment,
}

/// A store that is told of parcels, whose orders are an hour old.
async fn world() -> World {
    let clock = Arc::new(FakeClock::at(sample::saturday() + SignedDuration::from_hours(1)));
    let (ledger, queue) = (Arc::new(FakeLedger::default()), Arc::new(FakeQueue::default()));
    let (shop, erp) = (Arc::new(FakeShop::default()), Arc::new(FakeErp::default()));
    let connections = Arc::new(FakeConnections::default());
    let main = store("main", "books");
    connections.add_store(main.clone(), Arc::clone(&shop));
    connections.add_erp("books".parse().unwrap(), Arc::clone(&erp));
    for (kind, name, target) in [
        (MappingKind::Tax, "rates:1", "DE19"),
        (MappingKind::Shipping, "flat_rate", "SHIPPING"),
        (MappingKind::Payment, "stripe", "CARD"),
    ] {
        let (key, note) = (MappingKey::new(kind, name), sample::note("mapped", clock.now()));
        ledger.set_mapping(&main.store, &key, &[target.to_owned()], &note).await.unwrap();
    }
    let push = OrderPush {
        ledger: Arc::clone(&ledger) as _,
        mappings: Arc::clone(&ledger) as _,
        connections: Arc::clone(&connections) as _,
        clock: Arc::clone(&clock) as _,
        stock: None,
        lease: SignedDuration::from_secs(190),
        amnesia: false,
    };
    let visibility = Arc::new(FakeVisibility::default());
    let batch =
        Batch { concurrency: 1, clock: Arc::clone(&clock) as _, visibility: Arc::clone(&visibility) as _ };
    let follow = FollowOrders {
        schedules: Arc::clone(&ledger) as _,
        queue: Arc::clone(&queue) as _,
        clock: Arc::clone(&clock) as _,
    };
    let configuration = Arc::new(configuration(&["books"], [main]));
    // Too late an hour for what is said again at night.
    let tick = Tick { configuration, connections, ledger: Arc::clone(&ledger) as _, follow, hour: 23 };
    let fulfilment = Fulfilment { push, batch, tick };
    World { clock, ledger, queue, visibility, shop, erp, fulfilment }
}

impl World {
    async fn answer(&self, event: Value) -> Result<Value, String> {
        let deadline = self.clock.now() + SignedDuration::from_secs(60);
        self.fulfilment.answer(event, "i-1", deadline).await.map_err(|error| error.to_string())
    }

    /// An order that is in the ERP.
    async fn booked(&self) -> Order {
        let order = sample::order("main", 1);
        self.shop.put(order.clone());
        let hint = sample::hint(&order.key, Cause::Webhook, self.clock.now());
        assert_eq!(self.answer(batch(&[&body(&hint)])).await, Ok(all_well()));
        order
    }

    /// All of its first line leaves.
    fn ship(&self, order: &Order) {
        let line = &order.lines[0];
        let lines =
            vec![DeliveredLine { line: Some(line.id), item: "MUG".to_owned(), quantity: line.quantity }];
        let parcel = Parcel {
            id: ParcelId("P1".to_owned()),
            shipped_at: self.clock.now(),
            carrier: Some("UPS".to_owned()),
            tracking: Some("1Z9".to_owned()),
            link: None,
            lines,
        };
        let key = DocumentKey::of_order(&order.key, Generation::FIRST);
        self.erp.deliver(&key, |parcels, _| parcels.push(parcel));
    }

    fn said_by_the_erp(&self, order: &OrderKey) -> String {
        body(&sample::hint(order, Cause::Erp, self.clock.now()))
    }

    fn shown(&self, order: &Order) -> Vec<Option<String>> {
        self.shop.shown(order.key.order).into_iter().map(|shown| shown.tracking).collect()
    }
}

fn body(hint: &Hint) -> String {
    serde_json::to_string(hint).unwrap()
}

/// As SQS hands messages over; they are called `m-0`, `m-1` and so on.
fn batch(bodies: &[&str]) -> Value {
    let record = |(index, body): (usize, &&str)| {
        json!({
            "messageId": format!("m-{index}"), "receiptHandle": format!("receipt-{index}"), "body": body,
            "attributes": {"ApproximateReceiveCount": "1"}, "eventSource": "aws:sqs",
        })
    };
    json!({"Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>()})
}

fn all_well() -> Value {
    json!({"batchItemFailures": []})
}

fn come_back(ids: &[&str]) -> Value {
    let failure = |id: &&str| json!({"itemIdentifier": id});
    json!({"batchItemFailures": ids.iter().map(failure).collect::<Vec<_>>()})
}

#[tokio::test]
async fn a_message_of_the_queue_brings_the_shop_to_what_the_erp_shipped() {
    let world = world().await;
    let order = world.booked().await;
    world.ship(&order);
    world.clock.advance(SignedDuration::from_mins(1));
    let bodies = ["not ours", &world.said_by_the_erp(&order.key)];
    assert_eq!(world.answer(batch(&bodies)).await, Ok(come_back(&["m-0"])), "each record on its own");
    assert_eq!(world.shown(&order), [Some("1Z9".to_owned())]);
}

#[tokio::test]
async fn what_the_erp_said_of_an_order_at_work_comes_back() {
    let world = world().await;
    let order = world.booked().await;
    world.ship(&order);
    world.clock.advance(SignedDuration::from_mins(1));
    let (now, lease) = (world.clock.now(), SignedDuration::from_secs(190));
    let another = sample::hint(&order.key, Cause::Webhook, now);
    world.ledger.claim(&another, "somebody", now, lease).await.unwrap();
    let message = world.said_by_the_erp(&order.key);
    assert_eq!(world.answer(batch(&[&message])).await, Ok(come_back(&["m-0"])));
    assert!(world.visibility.0.lock().unwrap()["receipt-0"] < 60, "soon");
    assert_eq!(world.shown(&order), []);

    world.clock.advance(lease);
    assert_eq!(world.answer(batch(&[&message])).await, Ok(all_well()));
    assert_eq!(world.shown(&order), [Some("1Z9".to_owned())]);
}

#[tokio::test]
async fn whatever_has_no_records_is_a_tick() {
    let world = world().await;
    let order = world.booked().await;
    let scheduled = json!({"version": "0", "detail-type": "Scheduled Event", "detail": {}});
    assert_eq!(world.answer(json!({})).await, Ok(Value::Null), "the feed begins");
    world.erp.say_changed(order.key.clone());
    assert_eq!(world.answer(scheduled).await, Ok(Value::Null));
    let hints: Vec<_> = world.queue.take().into_iter().map(|hint| (hint.key(), hint.cause)).collect();
    assert_eq!(hints, [(order.key, Cause::Erp)]);
}

#[tokio::test]
async fn records_that_are_none_fail_and_start_no_tick() {
    let world = world().await;
    for records in [json!(null), json!("today"), json!([1])] {
        let error = world.answer(json!({ "Records": records })).await.unwrap_err();
        assert!(error.starts_with("the event has Records"), "{error}");
    }
    let key: OrderKey = sample::key("main", 1);
    world.erp.say_changed(key);
    assert_eq!(world.answer(json!({})).await, Ok(Value::Null));
    assert_eq!(world.queue.depth(), 0, "this tick was the first: the feed begins with it");
}

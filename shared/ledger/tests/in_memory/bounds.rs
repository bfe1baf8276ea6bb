//! What the three questions of the operators cost, with 100,000 orders and as
//! many items in the tables that nobody has to look at: a number of rows that
//! has nothing to do with those.

use std::sync::Arc;

use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use weir_domain::hint::Cause;
use weir_domain::id::{ItemKey, OrderKey, Sku, StoreId};
use weir_domain::ports::{Claim, Ledger, OpenOrder, OpenOrders, OpenState, Queues, StockStore};
use weir_domain::record::{Concern, Exception, Hold, Seen, WaitReason};
use weir_domain::stock::Publication;
use weir_ledger::{DynamoLedger, DynamoStock, Item};
use weir_testkit::{FakeQueues, announce, sample};

use crate::table::InMemory;

/// What is open in every world: enough to fill more than one page.
const WAITING: u64 = 250;
const EXCEPTIONS: u64 = 300;
const STALE: u64 = 200;
/// Rows on a page of the console.
const PAGE: usize = 100;
/// Up to here open orders are counted.
const AT_MOST: usize = 1_000;

struct World {
    orders: Arc<InMemory>,
    ledger: DynamoLedger,
    items: Arc<InMemory>,
    stock: DynamoStock,
    queues: FakeQueues,
}

fn store() -> StoreId {
    "main".parse().unwrap()
}

fn at(seconds: u64) -> Timestamp {
    sample::saturday() + SignedDuration::from_secs(seconds.try_into().unwrap())
}

impl World {
    /// With so many orders that are settled and items that are as they should be.
    async fn with(settled: u64) -> Self {
        let (orders, items) = (Arc::new(InMemory::of_ledger()), Arc::new(InMemory::of_stock()));
        let ledger = DynamoLedger::over(Arc::clone(&orders) as Arc<_>, "ledger");
        let stock = DynamoStock::over(Arc::clone(&items) as Arc<_>, "stock");
        let world = Self { orders, ledger, items, stock, queues: FakeQueues::default() };
        for id in 1..=WAITING {
            let hold = Hold::Waiting { reason: WaitReason::PeerBusy, due_at: at(id), excepted: None };
            world.order(id, hold).await;
        }
        for id in 1..=EXCEPTIONS {
            world.order(10_000 + id, Hold::Exception(exception(id))).await;
        }
        for n in 0..STALE {
            world.item(&format!("STALE-{n}"), Some(at(n))).await;
        }
        world.settle(settled).await;
        world.orders.take_rows();
        world.items.take_rows();
        world
    }

    async fn order(&self, id: u64, hold: Hold) {
        let hint = sample::hint(&sample::key("main", id), Cause::Webhook, at(0));
        let claim = self.ledger.claim(&hint, "a", at(0), SignedDuration::from_secs(300)).await;
        let Ok(Claim::Claimed(mut order)) = claim else { panic!("{claim:?}") };
        order.record.seen = Some(seen(&sample::order("main", id)));
        order.record.hold = hold;
        self.ledger.complete(*order, &sample::note("completed", at(0))).await.unwrap();
    }

    async fn item(&self, sku: &str, stale_since: Option<Timestamp>) {
        let item = ItemKey { entity: "acme".parse().unwrap(), sku: Sku(sku.to_owned()) };
        let shown = Publication { version: 1, stale_since, ..Publication::default() };
        assert_eq!(self.stock.put_publication(&item, &store(), &shown).await, Ok(true));
    }

    /// One order is settled and one item published by the code that ships; the
    /// others are their rows under other keys.
    async fn settle(&self, settled: u64) {
        self.order(1_000_000, Hold::None).await;
        self.item("SETTLED", None).await;
        for (table, pk, sk) in
            [(&self.orders, "ORDER#main#1000000", "RECORD"), (&self.items, "ITEM#acme#SETTLED", "SHOP#main")]
        {
            let row = row(table, pk, sk);
            for n in 1..settled {
                let pk = match sk {
                    "RECORD" => format!("ORDER#main#{}", 1_000_000 + n),
                    _ => format!("{pk}-{n}"),
                };
                let mut row = row.clone();
                row.insert("pk".to_owned(), AttributeValue::S(pk));
                let put = PutItemInput::builder().table_name("any").set_item(Some(row)).build().unwrap();
                table.fake().put(&put).unwrap();
            }
        }
    }

    /// Which orders are stuck before the ERP: how many there are, one page of
    /// those that wait and of the exceptions, and what is on record of them.
    async fn stuck(&self) -> (usize, usize) {
        let mut shown: Vec<OrderKey> = Vec::new();
        let mut counted = 0;
        for state in OpenState::ALL {
            counted += self.ledger.count_open(&store(), state, AT_MOST).await.unwrap();
            let page = self.ledger.open(&store(), state, None, PAGE).await.unwrap();
            let keys: Vec<OrderKey> = page.into_iter().map(|open| open.key).collect();
            let records = self.ledger.records(&keys).await.unwrap();
            assert_eq!(records.len(), keys.len());
            shown.extend(keys);
        }
        (counted, shown.len())
    }

    /// Which items are stale in the shop.
    async fn stale(&self) -> usize {
        self.stock.stale(&store(), None, PAGE).await.unwrap().len()
    }

    /// Which events failed to propagate: dead letters, and one page of
    /// exceptions, the second one.
    async fn failed(&self) -> (usize, usize) {
        let letters = self.queues.letters("orders").await.unwrap().len();
        let after = OpenOrder {
            key: sample::key("main", 10_000 + u64::try_from(PAGE).unwrap()),
            at: at(u64::try_from(PAGE).unwrap()),
            peer: None,
            code: None,
            subject: None,
        };
        let page = self.ledger.open(&store(), OpenState::Exception, Some(&after), PAGE).await.unwrap();
        (letters, page.len())
    }

    /// What was asked, and the rows and requests that it took.
    fn cost(&self) -> (usize, usize) {
        let rows = self.orders.take_rows() + self.items.take_rows();
        let requests = [&self.orders, &self.items].map(|table| table.take_calls().values().sum::<usize>());
        (rows, requests.iter().sum())
    }
}

fn exception(id: u64) -> Exception {
    Exception {
        code: "item_not_mapped".to_owned(),
        subject: "MUG-L".to_owned(),
        detail: "No item of the ERP is mapped to MUG-L.".to_owned(),
        since: at(id),
        about: None,
        concern: Concern::Order,
        accepted: None,
    }
}

fn seen(order: &weir_domain::order::Order) -> Seen {
    serde_json::from_value(serde_json::json!({
        "read_at": at(0),
        "number": order.number,
        "status": order.status,
        "version": order.version(),
        "totals": order.totals(),
    }))
    .unwrap()
}

fn row(table: &InMemory, pk: &str, sk: &str) -> Item {
    let is_it = |item: &Item| item["pk"].as_s().unwrap() == pk && item["sk"].as_s().unwrap() == sk;
    table.fake().items().into_iter().find(is_it).unwrap()
}

/// Rows and requests of the three questions.
async fn costs(world: &World) -> [(usize, usize); 3] {
    world.cost();
    assert_eq!(world.stuck().await, (usize::try_from(WAITING + EXCEPTIONS).unwrap(), 2 * PAGE));
    let stuck = world.cost();
    assert_eq!(world.stale().await, PAGE);
    let stale = world.cost();
    assert_eq!(world.failed().await, (0, PAGE));
    [stuck, stale, world.cost()]
}

#[tokio::test]
async fn the_three_questions_read_what_is_open_and_nothing_else() {
    let few = costs(&World::with(1_000).await).await;
    let world = World::with(100_000).await;
    let many = costs(&world).await;
    assert_eq!(few, many, "100,000 orders and items that are as they should be cost nothing");
    for ((question, most), (rows, requests)) in
        [("stuck before the ERP", 1_700), ("stale in the shop", 400), ("failed to propagate", 400)]
            .into_iter()
            .zip(many)
    {
        announce(&format!("bounds: {question}: rows={rows} requests={requests} of 100000 orders and items"));
        assert!(rows <= most, "{question}: {rows} rows");
    }
    // However much is open: no count reads more than it was asked to.
    for at_most in [1, 3, 10, 250] {
        world.ledger.count_open(&store(), OpenState::Exception, at_most).await.unwrap();
        assert_eq!(world.cost().0, at_most);
    }
}

//! What the pages cost, with 100,000 settled orders in the ledger that nobody
//! has to look at: rows and requests that have nothing to do with those.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

#[expect(dead_code, reason = "the ledger's own tests use more of it")]
#[path = "../../../shared/ledger/tests/in_memory/table.rs"]
mod table;
#[expect(dead_code, reason = "the tests of the API use more of it")]
#[path = "http/world.rs"]
mod world;

use std::sync::Arc;

use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::types::AttributeValue;
use console::Problem;
use console::auth::Auth;
use console::data::{exceptions, failed, limits, order, overview, stale, stuck};
use console::state::App;
use jiff::{SignedDuration, Timestamp};
use weir_domain::hint::Cause;
use weir_domain::id::{ItemKey, Sku, StoreId};
use weir_domain::ports::{Claim, Ledger, StockStore};
use weir_domain::record::{Concern, Exception, Hold, WaitReason};
use weir_domain::stock::Publication;
use weir_ledger::{DynamoLedger, DynamoStock};
use weir_testkit::{announce, sample};

use table::InMemory;
use world::World;

/// What is open: enough for more than one page, and for all that are grouped.
const WAITING: u64 = 250;
const EXCEPTIONS: u64 = 5_200;
const STALE: u64 = 200;
const SETTLED: u64 = 100_000;
/// Entries of one order's audit.
const ENTRIES: u64 = 400;

struct Tables {
    app: App,
    orders: Arc<InMemory>,
    items: Arc<InMemory>,
    ledger: DynamoLedger,
    stock: DynamoStock,
}

fn store() -> StoreId {
    "main".parse().unwrap()
}

fn at(seconds: u64) -> Timestamp {
    sample::saturday() + SignedDuration::from_secs(seconds.try_into().unwrap())
}

impl Tables {
    async fn with(settled: u64) -> Self {
        let (orders, items) = (Arc::new(InMemory::of_ledger()), Arc::new(InMemory::of_stock()));
        let ledger = DynamoLedger::over(Arc::clone(&orders) as Arc<_>, "ledger");
        let stock = DynamoStock::over(Arc::clone(&items) as Arc<_>, "stock");
        let shared = Arc::new(ledger.clone());
        let app = App {
            open: shared.clone(),
            ledger: shared.clone(),
            timelines: shared.clone(),
            jobs: shared.clone(),
            reports: shared.clone(),
            actions: shared.clone(),
            mappings: shared,
            stock: Arc::new(stock.clone()),
            ..World::new().app(Auth::NotConfigured("nobody comes in here".to_owned()))
        };
        let tables = Self { app, orders, items, ledger, stock };
        for id in 1..=WAITING {
            let hold = Hold::Waiting { reason: WaitReason::PeerBusy, due_at: at(id), excepted: None };
            tables.order(id, hold).await;
        }
        for id in 1..=EXCEPTIONS {
            tables.order(10_000 + id, Hold::Exception(exception(id))).await;
        }
        for n in 0..STALE {
            tables.item(&format!("STALE-{n}"), at(n)).await;
        }
        for _ in 0..ENTRIES {
            tables.order(1, Hold::None).await;
        }
        tables.settle(settled).await;
        tables.cost();
        tables
    }

    async fn order(&self, id: u64, hold: Hold) {
        let hint = sample::hint(&sample::key("main", id), Cause::Desk, at(0));
        let claim = self.ledger.claim(&hint, "a", at(0), SignedDuration::from_secs(300)).await;
        let Ok(Claim::Claimed(mut order)) = claim else { panic!("{claim:?}") };
        order.record.hold = hold;
        self.ledger.complete(*order, &sample::note("completed", at(0))).await.unwrap();
    }

    async fn item(&self, sku: &str, since: Timestamp) {
        let item = ItemKey { entity: "acme".parse().unwrap(), sku: Sku(sku.to_owned()) };
        let shown = Publication { version: 1, stale_since: Some(since), ..Publication::default() };
        assert_eq!(self.stock.put_publication(&item, &store(), &shown).await, Ok(true));
    }

    /// One order is settled by the code that ships; the others are its row
    /// under other keys.
    async fn settle(&self, settled: u64) {
        self.order(1_000_000, Hold::None).await;
        let is_it = |item: &weir_ledger::Item| {
            item["pk"].as_s().unwrap() == "ORDER#main#1000000" && item["sk"].as_s().unwrap() == "RECORD"
        };
        let row = self.orders.fake().items().into_iter().find(is_it).unwrap();
        for n in 1..settled {
            let mut row = row.clone();
            row.insert("pk".to_owned(), AttributeValue::S(format!("ORDER#main#{}", 1_000_000 + n)));
            let put = PutItemInput::builder().table_name("any").set_item(Some(row)).build().unwrap();
            self.orders.fake().put(&put).unwrap();
        }
    }

    /// The rows and requests that it took.
    fn cost(&self) -> (usize, usize) {
        let rows = self.orders.take_rows() + self.items.take_rows();
        let requests = [&self.orders, &self.items].map(|table| table.take_calls().values().sum::<usize>());
        (rows, requests.iter().sum())
    }

    async fn of<T>(&self, page: impl Future<Output = Result<T, Problem>>) -> (T, (usize, usize)) {
        (page.await.unwrap(), self.cost())
    }
}

fn exception(id: u64) -> Exception {
    Exception {
        code: "unmapped_item".to_owned(),
        subject: format!("sku:{}", id % 150),
        detail: "The item has no mapping.".to_owned(),
        since: at(id),
        about: None,
        concern: Concern::Order,
        accepted: None,
    }
}

/// Every page with what it cost.
async fn costs(tables: &Tables) -> Vec<(&'static str, (usize, usize))> {
    let (app, store) = (&tables.app, &store());
    let (today, of_today) = tables.of(overview::overview(app)).await;
    let counted = [today.stores[0].waiting, today.stores[0].exceptions, today.stores[0].held];
    assert_eq!(counted.map(|count| count.number), [usize::try_from(WAITING).unwrap() - 1, 1_000, 0]);
    let (page, of_stuck) = tables.of(stuck::stuck(app, store, None, None)).await;
    assert_eq!(page.sections.iter().map(|section| section.orders.len()).sum::<usize>(), 200);
    let (page, of_stale) = tables.of(stale::stale(app, store, None)).await;
    assert_eq!(page.items.len(), limits::STALE);
    let (_, of_failed) = tables.of(failed::failed(app, store, None, None)).await;
    let (desk, of_desk) = tables.of(exceptions::desk(app, store)).await;
    assert_eq!((desk.orders.number, desk.groups.len()), (limits::GROUPED, limits::GROUPS));
    let (order, of_order) = tables.of(order::order(app, &sample::key("main", 1))).await;
    assert_eq!((order.timeline.len(), order.older), (limits::TIMELINE, ENTRIES + 1 - 200));
    vec![
        ("overview", of_today),
        ("stuck", of_stuck),
        ("stale", of_stale),
        ("failed", of_failed),
        ("exceptions", of_desk),
        ("order", of_order),
    ]
}

#[tokio::test]
async fn a_page_costs_what_is_open_and_nothing_else() {
    let few = costs(&Tables::with(10).await).await;
    let many = costs(&Tables::with(SETTLED).await).await;
    assert_eq!(few, many, "{SETTLED} orders that are settled cost nothing");
    let most = [
        ("overview", (1_500, 32)),
        ("stuck", (850, 14)),
        ("stale", (125, 29)),
        ("failed", (850, 14)),
        ("exceptions", (15_000, 21)),
        ("order", (limits::TIMELINE + 2, 2)),
    ];
    for (page, (rows, requests)) in &many {
        announce(&format!("bounds: {page}: rows={rows} requests={requests} of {SETTLED} settled orders"));
    }
    for ((page, (rows, requests)), (_, (most_rows, most_requests))) in many.into_iter().zip(most) {
        assert!(rows <= most_rows && requests <= most_requests, "{page}: {rows} rows, {requests} requests");
    }
}

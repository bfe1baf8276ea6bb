//! The stock that ships: its promises, what it costs, and what happens
//! between its reads and its writes.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use weir_domain::id::{Generation, ItemKey, LineKey, Sku, StoreId};
use weir_domain::ports::{Confirming, InFlightNews, StockStore};
use weir_domain::stock::in_flight::Told;
use weir_domain::stock::sales::Watermark;
use weir_domain::stock::{Intent, Position, Publication, Reduction};
use weir_ledger::DynamoStock;
use weir_testkit::{conformance, sample};

use crate::table::InMemory;

fn table() -> (Arc<InMemory>, DynamoStock) {
    let table = Arc::new(InMemory::of_stock());
    let stock = DynamoStock::over(Arc::clone(&table) as Arc<_>, "stock");
    (table, stock)
}

#[tokio::test]
async fn the_stock_that_ships_conforms_over_a_table_in_memory() {
    conformance::stock::run(&table().1).await;
    conformance::stock::run_large(&table().1).await;
}

fn at(seconds: i64) -> Timestamp {
    sample::saturday() + SignedDuration::from_secs(seconds)
}

fn item() -> ItemKey {
    ItemKey { entity: "acme".parse().unwrap(), sku: Sku("MUG-L".to_owned()) }
}

fn main_store() -> StoreId {
    "main".parse().unwrap()
}

fn line(order: u64) -> LineKey {
    LineKey { order: sample::key("main", order), line: 11 }
}

/// R of a read at `seconds`, and L of a claim.
fn news(order: u64, (reduced, seconds): (i64, i64), confirming: Option<(i64, u64)>) -> InFlightNews {
    let decided = |(quantity, fence): (i64, u64)| Confirming {
        quantity: quantity.into(),
        generation: Generation::FIRST,
        fence,
    };
    let reduced = Reduction {
        quantity: reduced.into(),
        told: Told::Said,
        modified_at: at(0),
        read_at: at(seconds),
        placed_at: at(0),
    };
    InFlightNews { item: item(), line: line(order), reduced, confirming: confirming.map(decided) }
}

async fn halves(stock: &DynamoStock, order: u64) -> Option<(Decimal, Decimal)> {
    let states = stock.items(&[item()]).await.unwrap();
    let line = states[0].lines.iter().find(|known| known.line == line(order))?;
    Some((line.reduced(), line.confirming))
}

#[tokio::test]
async fn only_news_are_written() {
    let (table, stock) = table();
    let written = async |news: &[InFlightNews]| {
        stock.put_in_flight(news).await.unwrap();
        table.take_calls().get("update").copied().unwrap_or(0)
    };
    let mut all: Vec<InFlightNews> = (1..=150).map(|order| news(order, (2, 1), Some((2, 1)))).collect();
    assert_eq!(written(&all).await, 150, "both halves of a new row are one write");
    assert_eq!(written(&all).await, 0);
    all[7] = news(8, (1, 2), Some((2, 1)));
    all[8] = news(9, (2, 1), Some((0, 2)));
    all[9] = news(10, (9, 0), Some((9, 0)));
    all[10] = news(11, (9, 0), None);
    all[11] = news(12, (0, 3), Some((0, 3)));
    assert_eq!(written(&all).await, 3);
    assert_eq!(written(&[all[7].clone(), all[7].clone()]).await, 0);
    let twice = [news(8, (0, 9), None), news(8, (0, 9), None)];
    assert_eq!(written(&twice).await, 1);
}

#[tokio::test]
async fn items_cost_one_query_each_and_stale_ones_one_for_each_shard() {
    let (table, stock) = table();
    let items: Vec<ItemKey> = (0..40).map(|n| ItemKey { sku: Sku(format!("MUG-{n}")), ..item() }).collect();
    stock.items(&items).await.unwrap();
    assert_eq!(table.take_calls(), [("query", 40)].into());
    stock.stale(&main_store(), None, 10).await.unwrap();
    assert_eq!(table.take_calls(), [("query", 4)].into());
    stock.positions(&[items.clone(), items].concat()).await.unwrap();
    assert_eq!(table.take_calls(), [("batch_get", 1)].into());
}

/// Between our read of the rows and our write, somebody writes a newer half:
/// it stays, and the other half is written all the same.
#[tokio::test]
async fn a_half_that_is_overtaken_keeps_no_other_out() {
    let (table, stock) = table();
    for (order, theirs, expected) in [
        (1, news(1, (5, 9), None), (5, 2)),
        (2, news(2, (5, 0), Some((7, 9))), (2, 7)),
        (3, news(3, (5, 9), Some((7, 9))), (5, 7)),
        (4, news(4, (5, 0), Some((7, 0))), (2, 2)),
    ] {
        let faster = stock.clone();
        table.before_the_next_write(async move { faster.put_in_flight(&[theirs]).await.unwrap() });
        stock.put_in_flight(&[news(order, (2, 1), Some((2, 1)))]).await.unwrap();
        let expected = (Decimal::from(expected.0), Decimal::from(expected.1));
        assert_eq!(halves(&stock, order).await, Some(expected), "{order}");
    }
}

/// News arrive while a line is being removed.
#[tokio::test]
async fn a_line_with_news_is_not_removed() {
    let (table, stock) = table();
    stock.put_in_flight(&[news(1, (2, 1), Some((2, 1)))]).await.unwrap();
    let left = stock.items(&[item()]).await.unwrap()[0].lines[0].clone();
    let faster = stock.clone();
    let theirs = news(1, (2, 2), None);
    table.before_the_next_write(async move { faster.put_in_flight(&[theirs]).await.unwrap() });
    stock.remove_in_flight(&left).await.unwrap();
    assert_eq!(halves(&stock, 1).await, Some((Decimal::TWO, Decimal::TWO)));
    assert_eq!(table.take_calls().get("delete"), Some(&1));
}

/// The write was applied, its answer was lost, and the SDK sent it again.
#[tokio::test]
async fn a_lost_answer_is_no_other_writer() {
    let (table, stock) = table();
    table.lose_first_answers();
    let position = Position {
        item: item(),
        version: 1,
        as_of: at(0),
        included: [].into(),
        locations: [].into(),
        known: true,
    };
    assert_eq!(stock.put_position(&position).await, Ok(true));
    let watermark = Watermark { version: 1, after: at(0), recent: [].into() };
    assert_eq!(stock.put_watermark(&main_store(), &watermark).await, Ok(true));
    let shown = Publication { version: 1, ..Publication::default() };
    assert_eq!(stock.put_publication(&item(), &main_store(), &shown).await, Ok(true));
    stock.put_in_flight(&[news(1, (2, 1), Some((2, 1)))]).await.unwrap();
    assert_eq!(halves(&stock, 1).await, Some((Decimal::TWO, Decimal::TWO)));
    let left = stock.items(&[item()]).await.unwrap()[0].lines[0].clone();
    stock.remove_in_flight(&left).await.unwrap();
    assert_eq!(halves(&stock, 1).await, None);

    // Nobody can tell it from a writer of the same moment: better nobody
    // sends it than both.
    let intent = Intent { present: Decimal::TWO, delta: Decimal::ONE, sent_at: at(0), lost: false };
    let begun = Publication { version: 2, intent: Some(intent), ..Publication::default() };
    assert_eq!(stock.put_publication(&item(), &main_store(), &begun).await, Ok(false));
    let states = stock.items(&[item()]).await.unwrap();
    assert_eq!(states[0].publications, [(main_store(), begun)].into());
}

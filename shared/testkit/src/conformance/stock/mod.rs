//! What every stock store must do, run against the fake and against DynamoDB.
//!
//! Each case has an entity or a store of its own: all of them share one table.
//! [`StockStore::stale`] is asked right after a write, which an emulator
//! answers from the present state; a real index may lag by moments.

mod documents;
mod keys;
mod lines;
mod stale;
mod write_offs;

use jiff::Timestamp;
use rust_decimal::Decimal;
use weir_domain::id::{Generation, ItemKey, LineKey, Sku, StoreId};
use weir_domain::ports::{Confirming, InFlightNews, ItemState, StockStore, WriteOffs};
use weir_domain::stock::in_flight::Told;
use weir_domain::stock::{Intent, LocationStock, Position, Publication, Reduction};

use super::at;
use crate::sample;

/// Runs every case against an empty store.
pub async fn run<S: StockStore + WriteOffs>(stock: &S) {
    documents::run(stock).await;
    keys::run(stock).await;
    lines::run(stock).await;
    stale::run(stock).await;
    write_offs::run(stock).await;
}

/// Runs the cases that need thousands of rows.
pub async fn run_large(stock: &impl StockStore) {
    lines::an_item_of_many_pages_is_read_whole(stock).await;
    stale::no_answer_is_longer_than_a_thousand(stock).await;
}

fn item(entity: &str, sku: &str) -> ItemKey {
    ItemKey { entity: entity.parse().expect("a name"), sku: Sku(sku.to_owned()) }
}

fn shop(name: &str) -> StoreId {
    name.parse().expect("a name")
}

async fn state(stock: &impl StockStore, item: &ItemKey) -> ItemState {
    let states = stock.items(std::slice::from_ref(item)).await.expect("the store answers");
    <[ItemState; 1]>::try_from(states).expect("one state for one key").into_iter().next().expect("it")
}

/// A reading of 5 available, less 2 that one line takes, begun at `seconds`.
fn position(item: &ItemKey, version: u64, seconds: i64) -> Position {
    let five =
        LocationStock { on_hand: 7.into(), reserved: 2.into(), available: 5.into(), incoming: 9.into() };
    Position {
        item: item.clone(),
        version,
        as_of: at(seconds),
        included: [(line("main", 4711, 12), Decimal::TWO)].into(),
        locations: [("berlin".parse().expect("a name"), five)].into(),
        known: true,
    }
}

fn publication(version: u64, stale_since: Option<Timestamp>) -> Publication {
    Publication { version, shown: Some(Decimal::TWO), stale_since, ..Publication::default() }
}

fn begun(version: u64) -> Publication {
    let intent = Intent { present: Decimal::TWO, delta: Decimal::ONE, sent_at: at(0), lost: false };
    Publication { intent: Some(intent), ..publication(version, None) }
}

fn line(store: &str, order: u64, line: u64) -> LineKey {
    LineKey { order: sample::key(store, order), line }
}

/// R: `quantity` units, by an order changed and read at these seconds.
fn read(quantity: i64, modified: i64, read: i64) -> Reduction {
    Reduction {
        quantity: quantity.into(),
        told: Told::Said,
        modified_at: at(modified),
        read_at: at(read),
        placed_at: at(0),
    }
}

/// L: `quantity` units, decided under this fence.
fn decided(quantity: i64, fence: u64) -> Confirming {
    Confirming { quantity: quantity.into(), generation: Generation::FIRST, fence }
}

fn news(item: &ItemKey, line: &LineKey, reduced: Reduction, confirming: Option<Confirming>) -> InFlightNews {
    InFlightNews { item: item.clone(), line: line.clone(), reduced, confirming }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_fake_conforms() {
        futures::executor::block_on(super::run(&crate::FakeStockStore::default()));
        futures::executor::block_on(super::run_large(&crate::FakeStockStore::default()));
    }
}

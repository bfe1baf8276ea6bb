//! Positions, publications and watermarks: replaced by version.

use futures::future::join_all;
use weir_domain::id::OrderId;
use weir_domain::ports::{ItemState, LedgerError, StockStore};
use weir_domain::stock::Publication;
use weir_domain::stock::sales::{Recent, Watermark};

use super::super::at;
use super::{begun, item, position, publication, shop, state};

pub(super) async fn run(stock: &impl StockStore) {
    nothing_is_known_of_an_item_at_first(stock).await;
    of_parallel_readings_one_is_stored(stock).await;
    a_reading_must_follow_what_is_stored(stock).await;
    of_parallel_writers_one_begins(stock).await;
    what_is_said_again_is_said(stock).await;
    a_watermark_is_moved_by_whoever_read_it_last(stock).await;
    a_watermark_that_is_too_long_is_refused(stock).await;
}

async fn nothing_is_known_of_an_item_at_first(stock: &impl StockStore) {
    let item = item("unknown", "MUG-L");
    assert_eq!(state(stock, &item).await, ItemState::default());
    assert_eq!(stock.positions(&[item]).await, Ok([].into()));
    assert_eq!(stock.items(&[]).await, Ok(Vec::new()));
    assert_eq!(stock.positions(&[]).await, Ok([].into()));
    assert_eq!(stock.put_in_flight(&[]).await, Ok(()));
}

async fn of_parallel_readings_one_is_stored(stock: &impl StockStore) {
    let item = item("parallel", "MUG-L");
    for version in [1, 2] {
        let readings: Vec<_> = (0..10).map(|second| position(&item, version, second)).collect();
        let stored = join_all(readings.iter().map(|reading| stock.put_position(reading))).await;
        let winners: Vec<usize> = (0..10).filter(|index| stored[*index] == Ok(true)).collect();
        let [winner] = winners[..] else { panic!("{stored:?}") };
        assert_eq!(stored.iter().filter(|stored| **stored == Ok(false)).count(), 9);
        assert_eq!(state(stock, &item).await.position.as_ref(), Some(&readings[winner]));
    }
}

async fn a_reading_must_follow_what_is_stored(stock: &impl StockStore) {
    let item = item("follows", "MUG-L");
    let put = async |version, second| stock.put_position(&position(&item, version, second)).await;
    assert_eq!((put(0, 0).await, put(2, 0).await), (Ok(false), Ok(false)), "there is none yet");
    assert_eq!(put(1, 1).await, Ok(true));
    assert_eq!(put(1, 1).await, Ok(true), "its answer was lost, and it is sent again");
    assert_eq!(put(1, 2).await, Ok(false), "another reading");
    assert_eq!((put(3, 3).await, put(2, 4).await), (Ok(false), Ok(true)));
    assert_eq!(put(1, 1).await, Ok(false), "sent again, too late");
    let stored = position(&item, 2, 4);
    assert_eq!(state(stock, &item).await.position.as_ref(), Some(&stored));
    let positions = stock.positions(std::slice::from_ref(&item)).await;
    assert_eq!(positions, Ok([(item, stored)].into()));
}

async fn of_parallel_writers_one_begins(stock: &impl StockStore) {
    let (item, main) = (item("writers", "MUG-L"), shop("writers"));
    for version in [1, 2] {
        // Equal to the last digit, as two writers of one moment may be.
        let intent = begun(version);
        let writers = join_all((0..10).map(|_| stock.put_publication(&item, &main, &intent))).await;
        assert_eq!(writers.iter().filter(|began| **began == Ok(true)).count(), 1, "{writers:?}");
        assert_eq!(writers.iter().filter(|began| **began == Ok(false)).count(), 9);
    }
    let other = shop("writers-2");
    assert_eq!(stock.put_publication(&item, &other, &begun(1)).await, Ok(true), "a shop of its own");
    let state = state(stock, &item).await;
    assert_eq!(state.publications, [(main, begun(2)), (other, begun(1))].into());
    assert_eq!((state.position, state.lines), (None, Vec::new()));
}

async fn what_is_said_again_is_said(stock: &impl StockStore) {
    let (item, main) = (item("again", "MUG-L"), shop("again"));
    let put = async |shown: &Publication| stock.put_publication(&item, &main, shown).await;
    assert_eq!(put(&publication(0, None)).await, Ok(false), "versions count from 1");
    for stale in [None, Some(at(1))] {
        let shown = publication(if stale.is_none() { 1 } else { 2 }, stale);
        assert_eq!((put(&shown).await, put(&shown).await), (Ok(true), Ok(true)));
        let other = Publication { shown: None, ..shown.clone() };
        assert_eq!(put(&other).await, Ok(false));
        assert_eq!(state(stock, &item).await.publications, [(main.clone(), shown)].into());
    }
}

fn watermark(version: u64, orders: u64) -> Watermark {
    let recent = Recent { modified_s: at(0).as_second(), digest: u64::MAX, assumed: Some(at(1)) };
    let recent = (1..=orders).map(|order| (OrderId(order), recent.clone())).collect();
    Watermark { version, after: at(0), recent }
}

async fn a_watermark_is_moved_by_whoever_read_it_last(stock: &impl StockStore) {
    let store = shop("watermark");
    assert_eq!(stock.watermark(&store).await, Ok(None));
    let goals: Vec<Watermark> = (0..10).map(|orders| watermark(1, orders)).collect();
    let moved = join_all(goals.iter().map(|goal| stock.put_watermark(&store, goal))).await;
    assert_eq!(moved.iter().filter(|moved| **moved == Ok(true)).count(), 1, "{moved:?}");
    let winner = moved.iter().position(|moved| *moved == Ok(true)).expect("one of them");
    assert_eq!(stock.watermark(&store).await, Ok(Some(goals[winner].clone())));
    assert_eq!(stock.put_watermark(&store, &goals[winner]).await, Ok(true), "sent again");
    assert_eq!(stock.put_watermark(&store, &watermark(3, 1)).await, Ok(false));
    assert_eq!(stock.put_watermark(&store, &watermark(2, 1)).await, Ok(true));
    assert_eq!(stock.watermark(&shop("watermark-2")).await, Ok(None), "another store's");
}

async fn a_watermark_that_is_too_long_is_refused(stock: &impl StockStore) {
    let store = shop("long-watermark");
    assert_eq!(stock.put_watermark(&store, &watermark(1, 1_000)).await, Ok(true));
    let refused = stock.put_watermark(&store, &watermark(2, 10_000)).await;
    assert!(matches!(refused, Err(LedgerError::TooLong(_))), "{refused:?}");
    assert_eq!(stock.watermark(&store).await, Ok(Some(watermark(1, 1_000))));
}

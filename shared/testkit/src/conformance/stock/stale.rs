//! The index of what a shop does not show as it should.

use futures::future::join_all;
use jiff::Timestamp;
use weir_domain::id::{ItemKey, StoreId};
use weir_domain::ports::StockStore;

use super::super::at;
use super::{begun, item, publication, shop};

pub(super) async fn run(stock: &impl StockStore) {
    an_item_is_in_the_index_while_it_is_stale(stock).await;
    the_longest_stale_come_first(stock).await;
}

async fn stale(stock: &impl StockStore, store: &StoreId, limit: usize) -> Vec<(ItemKey, Timestamp)> {
    stock.stale(store, None, limit).await.expect("the store answers")
}

async fn an_item_is_in_the_index_while_it_is_stale(stock: &impl StockStore) {
    let (item, store) = (item("index", "MUG-L"), shop("index"));
    let put = async |shown| stock.put_publication(&item, &store, &shown).await;
    assert_eq!(put(publication(1, None)).await, Ok(true));
    assert_eq!(stale(stock, &store, 10).await, []);
    assert_eq!(put(publication(2, Some(at(2)))).await, Ok(true));
    assert_eq!(stale(stock, &store, 10).await, [(item.clone(), at(2))]);
    assert_eq!(put(publication(2, None)).await, Ok(false), "somebody was faster");
    assert_eq!(put(publication(3, Some(at(3)))).await, Ok(true));
    assert_eq!(stale(stock, &store, 10).await, [(item.clone(), at(3))], "once, where it is now");
    assert_eq!(stale(stock, &shop("index-2"), 10).await, [], "another shop");
    assert_eq!(put(begun(4)).await, Ok(true));
    assert_eq!(stale(stock, &store, 10).await, []);
}

async fn the_longest_stale_come_first(stock: &impl StockStore) {
    let store = shop("sorted");
    // Neither by SKU nor by shard: 7 and 40 have nothing in common.
    let order = |n: i64| n * 7 % 40;
    let items: Vec<ItemKey> = (0..40).map(|n| item("sorted", &format!("MUG-{n}"))).collect();
    for (n, item) in (0..).zip(&items) {
        let since = at(order(n)) + jiff::SignedDuration::from_millis(n);
        assert_eq!(stock.put_publication(item, &store, &publication(1, Some(since))).await, Ok(true));
    }
    let mut expected: Vec<(ItemKey, Timestamp)> = (0..)
        .zip(items)
        .map(|(n, item)| (item, at(order(n)) + jiff::SignedDuration::from_millis(n)))
        .collect();
    expected.sort_by_key(|(_, since)| *since);
    assert_eq!(stale(stock, &store, usize::MAX).await, expected);
    for limit in [0, 1, 13, 39, 40] {
        assert_eq!(stale(stock, &store, limit).await, expected[..limit]);
    }
    for (last, limit) in [(0, 1), (0, 100), (12, 13), (38, 5), (39, 5)] {
        let rest = &expected[last + 1..];
        let rest = &rest[..rest.len().min(limit)];
        let found = stock.stale(&store, Some(&expected[last]), limit).await;
        assert_eq!(found.as_deref(), Ok(rest), "at most {limit} after {last}");
    }
}

/// Their SKUs are so long that a shard of them is longer than a page of the
/// platform.
pub(super) async fn no_answer_is_longer_than_a_thousand(stock: &impl StockStore) {
    let store = shop("thousand");
    let sku = |n: usize| format!("{}{n:04}", "x".repeat(896));
    let items: Vec<ItemKey> = (0..3_000).map(|n| item("thousand", &sku(n))).collect();
    let shown = publication(1, Some(at(1)));
    let put = join_all(items.iter().map(|item| stock.put_publication(item, &store, &shown))).await;
    assert!(put.iter().all(|put| *put == Ok(true)));
    let expected: Vec<(ItemKey, Timestamp)> =
        items.into_iter().take(1_000).map(|item| (item, at(1))).collect();
    assert_eq!(stale(stock, &store, usize::MAX).await, expected);
}

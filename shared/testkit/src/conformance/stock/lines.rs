//! Lines in flight: two halves, each ordered for itself.

use futures::future::join_all;
use rust_decimal::Decimal;
use weir_domain::id::{Generation, ItemKey, LineKey};
use weir_domain::ports::{Confirming, InFlightNews, StockStore};
use weir_domain::stock::InFlight;

use super::{decided, item, line, news, position, read, state};

pub(super) async fn run(stock: &impl StockStore) {
    a_line_is_both_halves(stock).await;
    an_older_half_keeps_no_newer_one_out(stock).await;
    reads_are_ordered_by_the_shops_date_and_then_by_ours(stock).await;
    of_parallel_news_the_newest_stay(stock).await;
    news_of_one_line_are_taken_in_their_order(stock).await;
    lines_are_kept_apart_and_sorted(stock).await;
    a_line_leaves_only_as_it_was_read(stock).await;
}

async fn put(stock: &impl StockStore, news: InFlightNews) {
    stock.put_in_flight(&[news]).await.expect("the store answers");
}

async fn only_line(stock: &impl StockStore, item: &ItemKey) -> InFlight {
    let lines = state(stock, item).await.lines;
    assert_eq!(lines.len(), 1, "{lines:?}");
    lines.into_iter().next().expect("one line")
}

/// R and L of the only line.
async fn halves(stock: &impl StockStore, item: &ItemKey) -> (Decimal, Decimal) {
    let line = only_line(stock, item).await;
    (line.reduced(), line.confirming)
}

fn both(reduced: i64, confirming: i64) -> (Decimal, Decimal) {
    (reduced.into(), confirming.into())
}

async fn a_line_is_both_halves(stock: &impl StockStore) {
    let (item, key) = (item("halves", "MUG-L"), line("halves", 1, 1));
    put(stock, news(&item, &key, read(2, 10, 11), None)).await;
    let reduced = Some(read(2, 10, 11));
    let mut expected = InFlight {
        item: item.clone(),
        line: key.clone(),
        reduced,
        confirming: 0.into(),
        generation: None,
        written_off: None,
    };
    assert_eq!(only_line(stock, &item).await, expected);

    let second =
        Confirming { quantity: "2.50".parse().expect("a number"), generation: Generation(2), fence: 7 };
    put(stock, news(&item, &key, read(2, 10, 11), Some(second.clone()))).await;
    expected.confirming = second.quantity;
    expected.generation = Some(Generation(2));
    assert_eq!(only_line(stock, &item).await, expected);
}

async fn an_older_half_keeps_no_newer_one_out(stock: &impl StockStore) {
    let (item, key) = (item("independent", "MUG-L"), line("independent", 1, 1));
    let put = async |reduced, confirming| put(stock, news(&item, &key, reduced, confirming)).await;
    put(read(2, 10, 11), Some(decided(2, 5))).await;
    put(read(9, 9, 12), Some(decided(3, 6))).await;
    assert_eq!(halves(stock, &item).await, both(2, 3), "an older read, a newer claim");
    put(read(1, 12, 13), Some(decided(9, 5))).await;
    assert_eq!(halves(stock, &item).await, both(1, 3), "a newer read, an older claim");
    put(read(9, 9, 99), Some(decided(9, 4))).await;
    assert_eq!(halves(stock, &item).await, both(1, 3), "both are older");
    put(read(4, 12, 13), Some(decided(0, 6))).await;
    assert_eq!(halves(stock, &item).await, both(4, 0), "of the same read and the same claim");
    put(read(5, 13, 13), None).await;
    assert_eq!(halves(stock, &item).await, both(5, 0), "of the shop's only");
}

async fn reads_are_ordered_by_the_shops_date_and_then_by_ours(stock: &impl StockStore) {
    let (item, key) = (item("reads", "MUG-L"), line("reads", 1, 1));
    for (quantity, modified, read_at, stays) in
        [(1, 10, 20, 1), (2, 10, 19, 1), (3, 9, 30, 1), (4, 10, 21, 4), (5, 11, 5, 5), (6, 10, 99, 5)]
    {
        put(stock, news(&item, &key, read(quantity, modified, read_at), None)).await;
        assert_eq!(halves(stock, &item).await, both(stays, 0), "{quantity}");
    }
    // A part of a second decides, too.
    let mut sooner = read(7, 11, 5);
    sooner.read_at -= jiff::SignedDuration::from_nanos(1);
    put(stock, news(&item, &key, sooner, None)).await;
    assert_eq!(halves(stock, &item).await, both(5, 0));
}

async fn of_parallel_news_the_newest_stay(stock: &impl StockStore) {
    let (item, key) = (item("racing", "MUG-L"), line("racing", 1, 1));
    let reads =
        (1..=10).map(|n| news(&item, &key, read(n, 10, n), Some(decided(11 - n, 11 - n.unsigned_abs()))));
    let reads: Vec<[InFlightNews; 1]> = reads.map(|news| [news]).collect();
    let written = join_all(reads.iter().map(|news| stock.put_in_flight(news))).await;
    assert!(written.iter().all(Result::is_ok), "{written:?}");
    assert_eq!(halves(stock, &item).await, both(10, 10));
}

async fn news_of_one_line_are_taken_in_their_order(stock: &impl StockStore) {
    let (item, key) = (item("in-order", "MUG-L"), line("in-order", 1, 1));
    let of_one = |reduced, confirming| news(&item, &key, reduced, confirming);
    let all = [
        of_one(read(2, 10, 10), Some(decided(1, 1))),
        of_one(read(3, 10, 10), None),
        of_one(read(9, 9, 9), Some(decided(2, 1))),
    ];
    stock.put_in_flight(&all).await.expect("the store answers");
    assert_eq!(halves(stock, &item).await, both(3, 2));
}

async fn lines_are_kept_apart_and_sorted(stock: &impl StockStore) {
    let items = [item("apart", "MUG-L"), item("apart", "MUG"), item("apart-2", "MUG-L")];
    let mut keys: Vec<LineKey> = vec![line("a", 9, 1), line("a", 10, 2), line("a", 10, 11), line("b", 9, 1)];
    let of = |item: &ItemKey, first: i64| {
        (first..).zip(&keys).map(|(n, key)| news(item, key, read(n, 0, 0), None)).collect::<Vec<_>>()
    };
    let all = [of(&items[0], 10), of(&items[1], 20), of(&items[2], 30)].concat();
    stock.put_in_flight(&all).await.expect("the store answers");
    let states = stock.items(&items).await.expect("the store answers");
    let reduced = |of: usize| states[of].lines.iter().map(InFlight::reduced).collect::<Vec<_>>();
    assert_eq!(reduced(0), [10, 11, 12, 13].map(Decimal::from));
    assert_eq!((reduced(1).len(), reduced(2)[0]), (4, 30.into()));
    keys.sort();
    assert!(states.iter().all(|state| state.lines.iter().map(|line| &line.line).eq(&keys)));
}

async fn a_line_leaves_only_as_it_was_read(stock: &impl StockStore) {
    let (item, key) = (item("leaving", "MUG-L"), line("leaving", 1, 1));
    let put = async |reduced, confirming| put(stock, news(&item, &key, reduced, confirming)).await;
    let remove = async |line: &InFlight| stock.remove_in_flight(line).await.expect("the store answers");
    assert_eq!(stock.put_position(&position(&item, 1, 0)).await, Ok(true));

    put(read(2, 10, 10), None).await;
    let first = only_line(stock, &item).await;
    put(read(2, 10, 11), None).await;
    remove(&first).await;
    assert_eq!(halves(stock, &item).await, both(2, 0), "it was read again meanwhile");
    let second = only_line(stock, &item).await;
    put(read(2, 10, 11), Some(decided(0, 1))).await;
    remove(&second).await;
    let third = only_line(stock, &item).await;
    assert_eq!(third.generation, Some(Generation::FIRST), "it was claimed meanwhile");
    put(read(2, 10, 11), Some(decided(2, 2))).await;
    remove(&third).await;
    let fourth = only_line(stock, &item).await;
    put(read(2, 10, 11), Some(Confirming { generation: Generation(2), ..decided(2, 3) })).await;
    remove(&fourth).await;
    let fifth = only_line(stock, &item).await;
    assert_eq!(fifth.generation, Some(Generation(2)), "it has another life");

    remove(&fifth).await;
    let left = state(stock, &item).await;
    assert_eq!((left.lines, left.position), (Vec::new(), Some(position(&item, 1, 0))));
    remove(&fifth).await;
    put(read(1, 5, 5), Some(decided(1, 1))).await;
    assert_eq!(halves(stock, &item).await, both(1, 1), "nothing is known of what left");
    remove(&only_line(stock, &item).await).await;
    assert_eq!(state(stock, &item).await.lines, Vec::new());
}

/// The rows of one item fill more than one page of the platform.
pub(super) async fn an_item_of_many_pages_is_read_whole(stock: &impl StockStore) {
    let item = item("pages", &"x".repeat(900));
    let keys: Vec<LineKey> = (1..=2_500).map(|order| line("pages", order, 1)).collect();
    let all: Vec<InFlightNews> = keys.iter().map(|key| news(&item, key, read(1, 0, 0), None)).collect();
    stock.put_in_flight(&all).await.expect("the store answers");
    assert_eq!(stock.put_position(&position(&item, 1, 0)).await, Ok(true));
    let state = state(stock, &item).await;
    assert!(state.lines.iter().map(|line| &line.line).eq(&keys), "{} lines", state.lines.len());
    assert_eq!(state.position, Some(position(&item, 1, 0)));
}

//! What a person wrote off, beside the two halves of a line.

use rust_decimal::Decimal;
use weir_domain::ports::{StockStore, WriteOffs};
use weir_domain::stock::InFlight;

use super::super::at;
use super::{decided, item, line, news, read, state};

pub(super) async fn run<S: StockStore + WriteOffs>(stock: &S) {
    only_a_line_in_flight_is_written_off(stock).await;
    it_holds_until_the_order_changes(stock).await;
    it_only_moves_forwards(stock).await;
    a_line_leaves_only_as_it_was_written_off(stock).await;
}

async fn only(stock: &impl StockStore, entity: &str) -> InFlight {
    let state = state(stock, &item(entity, "MUG-L")).await;
    let [line] = &state.lines[..] else { panic!("{:?}", state.lines) };
    line.clone()
}

async fn only_a_line_in_flight_is_written_off<S: StockStore + WriteOffs>(stock: &S) {
    let (mug, key) = (item("off", "MUG-L"), line("off", 1, 1));
    assert_eq!(stock.write_off(&mug, &key, at(0)).await, Ok(false));
    assert!(state(stock, &mug).await.lines.is_empty(), "and none is made of it");
    stock.put_in_flight(&[news(&mug, &key, read(2, 0, 1), None)]).await.expect("the store answers");
    for (item, line) in [(&item("off", "MUG"), &key), (&mug, &line("off", 1, 2)), (&mug, &line("off", 2, 1))]
    {
        assert_eq!(stock.write_off(item, line, at(0)).await, Ok(false));
    }
    let too_long = item("off", &"x".repeat(901));
    assert_eq!(stock.write_off(&too_long, &key, at(0)).await, Ok(false));
    assert_eq!(only(stock, "off").await.written_off, None);
    assert_eq!(stock.write_off(&mug, &key, at(0)).await, Ok(true));
    let written_off = only(stock, "off").await;
    assert_eq!((written_off.written_off, written_off.reduced()), (Some(at(0)), Decimal::ZERO));
    assert_eq!(written_off.reduced, Some(read(2, 0, 1)), "what the shop said is kept");
}

async fn it_holds_until_the_order_changes<S: StockStore + WriteOffs>(stock: &S) {
    let (mug, key) = (item("off-until", "MUG-L"), line("off-until", 1, 1));
    let put = async |reduced, confirming| {
        stock.put_in_flight(&[news(&mug, &key, reduced, confirming)]).await.expect("the store answers");
    };
    put(read(2, 10, 11), None).await;
    assert_eq!(stock.write_off(&mug, &key, at(10)).await, Ok(true));
    put(read(9, 9, 99), None).await;
    put(read(2, 10, 12), None).await;
    put(read(2, 10, 13), Some(decided(1, 1))).await;
    let same = only(stock, "off-until").await;
    assert_eq!((same.reduced(), same.sold(), same.written_off), (0.into(), 1.into(), Some(at(10))));
    assert_eq!(same.reduced, Some(read(2, 10, 13)));
    put(read(2, 11, 14), None).await;
    let changed = only(stock, "off-until").await;
    assert_eq!((changed.reduced(), changed.sold()), (2.into(), 2.into()), "the order changed");
}

async fn it_only_moves_forwards<S: StockStore + WriteOffs>(stock: &S) {
    let (mug, key) = (item("off-later", "MUG-L"), line("off-later", 1, 1));
    stock.put_in_flight(&[news(&mug, &key, read(2, 10, 11), None)]).await.expect("the store answers");
    for (as_of, stands) in [(10, 10), (9, 10), (10, 10), (12, 12)] {
        assert_eq!(stock.write_off(&mug, &key, at(as_of)).await, Ok(true));
        assert_eq!(only(stock, "off-later").await.written_off, Some(at(stands)));
    }
}

async fn a_line_leaves_only_as_it_was_written_off<S: StockStore + WriteOffs>(stock: &S) {
    let (mug, key) = (item("off-leaving", "MUG-L"), line("off-leaving", 1, 1));
    stock.put_in_flight(&[news(&mug, &key, read(2, 10, 11), None)]).await.expect("the store answers");
    let before = only(stock, "off-leaving").await;
    assert_eq!(stock.write_off(&mug, &key, at(10)).await, Ok(true));
    assert_eq!(stock.remove_in_flight(&before).await, Ok(()));
    let written_off = only(stock, "off-leaving").await;
    assert_eq!(stock.write_off(&mug, &key, at(12)).await, Ok(true));
    assert_eq!(stock.remove_in_flight(&written_off).await, Ok(()));
    assert_eq!(stock.remove_in_flight(&only(stock, "off-leaving").await).await, Ok(()));
    assert!(state(stock, &mug).await.lines.is_empty());
}

//! Items whose SKUs are odd, long, or many.

use weir_domain::id::ItemKey;
use weir_domain::ports::{ItemState, LedgerError, StockStore};

use super::super::at;
use super::{item, line, news, position, publication, read, shop, state};

pub(super) async fn run(stock: &impl StockStore) {
    odd_skus_are_kept_apart(stock).await;
    nothing_is_known_of_a_sku_that_fits_into_no_key(stock).await;
    many_items_are_read_in_their_order(stock).await;
}

async fn odd_skus_are_kept_apart(stock: &impl StockStore) {
    let longest = "é".repeat(450);
    let skus = [
        "",
        " ",
        "#",
        "A#B",
        "A",
        "a",
        "A#",
        "A#POSITION",
        "Größe 4/4 \"rot\"",
        "\u{1}\u{7f}",
        "🍺",
        &longest,
    ];
    let (store, key) = (shop("odd"), line("odd", 1, 1));
    let items: Vec<ItemKey> = skus.iter().map(|sku| item("odd", sku)).collect();
    for (second, item) in (1..).zip(&items) {
        assert_eq!(stock.put_position(&position(item, 1, second)).await, Ok(true), "{item}");
        stock.put_in_flight(&[news(item, &key, read(second, 0, 0), None)]).await.expect("the store answers");
        let shown = publication(1, Some(at(second)));
        assert_eq!(stock.put_publication(item, &store, &shown).await, Ok(true), "{item}");
    }
    let states = stock.items(&items).await.expect("the store answers");
    for ((second, item), state) in (1..).zip(&items).zip(states) {
        assert_eq!(state.position, Some(position(item, 1, second)));
        let [in_flight] = &state.lines[..] else { panic!("{item}: {:?}", state.lines) };
        assert_eq!((&in_flight.item, in_flight.reduced()), (item, second.into()));
        assert_eq!(state.publications, [(store.clone(), publication(1, Some(at(second))))].into());
    }
    let stale: Vec<_> = (1..).zip(items).map(|(second, item)| (item, at(second))).collect();
    assert_eq!(stock.stale(&store, None, 100).await, Ok(stale));
}

async fn nothing_is_known_of_a_sku_that_fits_into_no_key(stock: &impl StockStore) {
    let (long, short) = (item("long", &"x".repeat(901)), item("long", "MUG-L"));
    let (store, key) = (shop("long"), line("long", 1, 1));
    let states = stock.items(&[long.clone(), short.clone()]).await;
    assert_eq!(states, Ok(vec![ItemState::default(); 2]));
    assert_eq!(stock.positions(std::slice::from_ref(&long)).await, Ok([].into()));
    let refused = LedgerError::TooLong("the SKU".to_owned());
    assert_eq!(stock.put_position(&position(&long, 1, 0)).await, Err(refused.clone()));
    assert_eq!(stock.put_publication(&long, &store, &publication(1, None)).await, Ok(false));
    let both = [&long, &short].map(|item| news(item, &key, read(1, 0, 0), None));
    assert_eq!(stock.put_in_flight(&both).await, Err(refused.clone()));
    let [in_flight] = &state(stock, &short).await.lines[..] else { panic!("the other is written") };
    let other = weir_domain::stock::InFlight { item: long, ..in_flight.clone() };
    assert_eq!(stock.remove_in_flight(&other).await, Err(refused));
}

async fn many_items_are_read_in_their_order(stock: &impl StockStore) {
    let items: Vec<ItemKey> = (0..130).rev().map(|n| item("many", &format!("MUG-{n}"))).collect();
    for (second, item) in (0..).zip(&items) {
        if second % 3 > 0 {
            assert_eq!(stock.put_position(&position(item, 1, second)).await, Ok(true));
        }
    }
    let twice = [&items[..], &items[..10]].concat();
    let states = stock.items(&twice).await.expect("the store answers");
    assert_eq!(states.len(), 140);
    for (index, (item, state)) in twice.iter().zip(states).enumerate() {
        let second = i64::try_from(index % 130).expect("a small number");
        assert_eq!(state.position, (second % 3 > 0).then(|| position(item, 1, second)));
    }
    let positions = stock.positions(&twice).await.expect("the store answers");
    assert_eq!(positions.len(), 86);
    assert!(positions.iter().all(|(item, position)| position.item == *item));
}

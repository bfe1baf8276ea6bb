//! The feed of what moved, and the walk over what is for sale.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use weir_domain::id::Sku;

use crate::lab::lab;
use crate::shelf::{CUSTOMER, SECOND, STORAGE, Shelf};

/// One more than two of the feed's calls read.
const MANY: usize = 1_001;

#[tokio::test]
async fn a_thousand_moves_of_one_instant_do_not_hold_it_up() {
    let Some(lab) = lab() else { return };
    let shelf = Shelf::new(lab, 0).await;
    let others = [Shelf::new(shelf.lab.clone(), 0).await, Shelf::new(shelf.lab.clone(), 0).await];
    let cursor = shelf.stock.moved(None).await.unwrap().next;
    let (from, to) = (shelf.place(STORAGE).await, shelf.place(SECOND).await);
    // The last items of one transaction are named, too.
    let product = |n: usize| match n {
        0 => others[0].product,
        n if n == MANY - 1 => others[1].product,
        _ => shelf.product,
    };
    let moves: Vec<Value> = (0..MANY)
        .map(|n| {
            json!({
                "product": product(n), "unit": 1, "quantity": 1.0, "company": shelf.lab.company(),
                "from_location": from, "to_location": to,
            })
        })
        .collect();
    let shipment = json!({
        "company": shelf.lab.company(), "from_location": from, "to_location": to,
        "moves": [["create", moves]],
    });
    shelf.lab.raw(Method::POST, "stock.shipment.internal?f=state", Some(shipment)).await;
    let (named, _) = shelf.drain(&cursor).await;
    for one in [&shelf, &others[0], &others[1]] {
        assert!(named.contains(&one.sku), "{}", one.sku);
    }
    let (main, second) = shelf.figures().await;
    let all = (MANY - 2).to_string();
    assert_eq!((&main[1], &second[3]), (&all, &all));
}

#[tokio::test]
async fn it_goes_on_from_any_cursor_and_from_none() {
    let Some(lab) = lab() else { return };
    let shelf = Shelf::new(lab, 0).await;
    let began = shelf.stock.moved(None).await.unwrap();
    assert!(began.skus.is_empty() && !began.more);
    let taken = shelf.moves(STORAGE, CUSTOMER, 1, json!({})).await;
    let (named, next) = shelf.drain(&began.next).await;
    assert!(named.contains(&shelf.sku), "created");
    shelf.press("stock.move", taken, "cancel").await;
    let (named, next) = shelf.drain(&next).await;
    assert!(named.contains(&shelf.sku), "cancelled");
    // What was read is read again for a while, and named once.
    let (named, next) = shelf.drain(&next).await;
    assert!(!named.contains(&shelf.sku));
    shelf.moves(STORAGE, CUSTOMER, 1, json!({})).await;
    let (named, next) = shelf.drain(&next).await;
    assert!(named.contains(&shelf.sku), "another one");
    assert!(!shelf.drain(&next).await.0.contains(&shelf.sku));
    assert!(shelf.drain("not one of ours").await.0.contains(&shelf.sku));
}

#[tokio::test]
async fn the_walk_lists_what_is_for_sale() {
    let Some(lab) = lab() else { return };
    let shelf = Shelf::new(lab, 0).await;
    let walk = async || {
        let mut found = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let page = shelf.stock.items(cursor.as_deref()).await.unwrap();
            assert!(page.skus.len() <= 100);
            found.extend(page.skus);
            cursor = Some(page.next);
            if !page.more {
                return found;
            }
        }
    };
    let found = walk().await;
    let each: BTreeSet<&Sku> = found.iter().collect();
    assert_eq!(each.len(), found.len(), "each once");
    assert!(each.contains(&shelf.sku) && each.contains(&Sku("MUG-L".to_owned())));
    assert!(!each.contains(&Sku("SHIP-STD".to_owned())), "a service");
    shelf.change(json!({"active": false})).await;
    assert!(!walk().await.contains(&shelf.sku), "inactive");
}

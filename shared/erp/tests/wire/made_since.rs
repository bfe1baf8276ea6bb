//! Orders of a store that have a sale since a time, page by page.

use insta::assert_json_snapshot;
use serde_json::{Value, json};
use weir_domain::id::StoreId;
use weir_domain::outcome::CallError;
use weir_testkit::sample;

use crate::fake::{Fake, Fault};

const ASK: &str = "GET sale.sale";

fn store() -> StoreId {
    "main".parse().unwrap()
}

fn page(ids: std::ops::RangeInclusive<u64>) -> Value {
    ids.map(|id| json!({"id": id, "web_shop": 3, "web_id": id.to_string()})).collect()
}

#[tokio::test]
async fn a_walk_names_every_order_and_ends() {
    let fake = Fake::start(&[]).await;
    let mut last = page(101..=103);
    // A second life, a credit, another program's.
    last[0]["web_id"] = json!("7.2");
    last[1]["web_id"] = json!("7.r31");
    last[2]["web_id"] = json!("gid-4711");
    fake.fault(ASK, [Fault::json(&page(1..=100)), Fault::json(&last)]);
    let books = fake.connect_books();
    let first = books.booked_since(&store(), sample::saturday(), None).await.unwrap();
    assert_eq!((first.orders.len(), first.more), (100, true));
    let second = books.booked_since(&store(), sample::saturday(), Some(&first.next)).await.unwrap();
    assert_eq!((second.orders, second.more), (vec![sample::key("main", 7)], false), "once");
    assert_json_snapshot!("booked_since_asked", fake.log());
    let third = books.booked_since(&store(), sample::saturday(), Some(&second.next)).await.unwrap();
    assert!(third.orders.is_empty() && !third.more && third.next == second.next);
}

#[tokio::test]
async fn a_cursor_that_cannot_be_read_begins_anew() {
    let fake = Fake::start(&[]).await;
    fake.connect_books().booked_since(&store(), sample::saturday(), Some("{")).await.unwrap();
    assert_eq!(fake.log()[0]["domain"][3], json!(["id", ">", 0]));
}

#[tokio::test]
async fn a_store_without_a_web_shop_is_not_empty() {
    let fake = Fake::start(&[]).await;
    let elsewhere = "elsewhere".parse().unwrap();
    let error = fake.connect_books().booked_since(&elsewhere, sample::saturday(), None).await.unwrap_err();
    assert!(matches!(error, CallError::Rejected(ref rejection) if rejection.code == "store_not_configured"));
}

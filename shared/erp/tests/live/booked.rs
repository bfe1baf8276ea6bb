//! What the nightly match reads.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use rust_decimal::Decimal;
use weir_domain::id::{DocumentKey, Generation, OrderKey, RefundId, Sku, StoreId};
use weir_domain::ports::{BookedDocument, BookedQuery, DocumentState, ErpBooks};
use weir_domain::sales::SalesOrder;

use crate::lab::{created, decimal, fresh_id, inclusive, lab, now, order};

pub(crate) fn query(order: &SalesOrder) -> BookedQuery {
    BookedQuery { order: order.key.order.clone(), number: order.number.clone() }
}

fn units(units: &[(&str, &str)]) -> BTreeMap<Sku, Decimal> {
    units.iter().map(|(item, units)| (Sku((*item).to_owned()), decimal(units))).collect()
}

/// What is booked for one order, by its key.
pub(crate) async fn of(books: &dyn ErpBooks, order: &SalesOrder) -> Vec<BookedDocument> {
    books.booked(&[query(order)]).await.unwrap().remove(&order.key.order).unwrap_or_default()
}

#[tokio::test]
async fn three_orders_and_what_became_of_them() {
    let Some(lab) = lab() else { return };
    let (erp, books) = (lab.connect(), lab.connect_books());
    // Tryton computes a cent less tax: an adjustment makes it exact.
    let adjusted = inclusive();
    let credited = order(
        "main",
        "EUR",
        &[("MUG-L", "2", "22.69", "4.31", &["de-19"]), ("CANDLE-L", "1", "10.00", "1.90", &["de-19"])],
    );
    let mut revived = order("main", "EUR", &[("MUG-L", "3", "34.02", "6.46", &["de-19"])]);

    let draft = created(&erp, &adjusted).await;
    erp.confirm(&draft, &adjusted).await.unwrap();
    let draft = created(&erp, &credited).await;
    let sale = erp.confirm(&draft, &credited).await.unwrap();
    let first = created(&erp, &revived).await;
    erp.cancel(&first).await.unwrap();
    let first_key = revived.key.clone();
    revived.key.generation = Generation(2);
    let draft = created(&erp, &revived).await;
    erp.confirm(&draft, &revived).await.unwrap();

    let mut credit = credited.clone();
    credit.key = DocumentKey::of_refund(&credited.key.order, RefundId(fresh_id()));
    credit.origin = Some(sale.id.clone());
    credit.lines.truncate(1);
    let line = &mut credit.lines[0];
    (line.quantity, line.net, line.tax) = (decimal("-1"), decimal("-11.35"), decimal("-2.15"));
    (credit.totals.net, credit.totals.tax, credit.totals.gross) =
        (decimal("-11.35"), decimal("-2.15"), decimal("-13.50"));
    let draft = created(&erp, &credit).await;
    erp.confirm(&draft, &credit).await.unwrap();

    let queries = [query(&adjusted), query(&credited), query(&revived)];
    let booked = books.booked(&queries).await.unwrap();
    let shown = |order: &SalesOrder| -> Vec<_> {
        let document = |it: &BookedDocument| {
            (
                it.key.clone().unwrap(),
                it.document.state,
                it.document.totals.clone().unwrap(),
                it.units.clone(),
            )
        };
        booked[&order.key.order].iter().map(document).collect()
    };
    let processing = DocumentState::Processing;
    assert_eq!(
        shown(&adjusted),
        [(adjusted.key.clone(), processing, adjusted.totals.clone(), units(&[("MUG-L", "1")]))]
    );
    assert_eq!(
        shown(&credited),
        [
            (
                credited.key.clone(),
                processing,
                credited.totals.clone(),
                units(&[("MUG-L", "2"), ("CANDLE-L", "1")])
            ),
            (credit.key.clone(), processing, credit.totals.clone(), units(&[("MUG-L", "-1")])),
        ]
    );
    assert_eq!(
        shown(&revived),
        [
            (first_key, DocumentState::Cancelled, revived.totals.clone(), units(&[("MUG-L", "3")])),
            (revived.key.clone(), processing, revived.totals.clone(), units(&[("MUG-L", "3")])),
        ]
    );
    assert_eq!(
        Some(&booked[&credited.key.order][0].document),
        erp.find(&credited.key).await.unwrap().as_ref()
    );
}

#[tokio::test]
async fn a_hundred_orders_are_one_question_that_tryton_understands() {
    let Some(lab) = lab() else { return };
    let order = inclusive();
    created(&lab.connect(), &order).await;
    let mut queries: Vec<BookedQuery> = (0..99)
        .map(|_| {
            let id = fresh_id();
            let order = OrderKey { order: weir_domain::id::OrderId(id), ..order.key.order.clone() };
            BookedQuery { order, number: format!("WEB-{id}") }
        })
        .collect();
    queries.push(query(&order));
    let booked = lab.connect_books().booked(&queries).await.unwrap();
    assert_eq!(booked.keys().collect::<Vec<_>>(), [&order.key.order]);
}

#[tokio::test]
async fn orders_since_a_time_are_walked_through() {
    let Some(lab) = lab() else { return };
    let (erp, books) = (lab.connect(), lab.connect_books());
    let store: StoreId = "us".parse().unwrap();
    let first = order("us", "USD", &[("MUG-L", "1", "10.00", "0.00", &[])]);
    let second = order("us", "USD", &[("MUG-L", "1", "10.00", "0.00", &[])]);
    for order in [&first, &second] {
        created(&erp, order).await;
    }
    let since = async |since| {
        let (mut orders, mut cursor) = (Vec::new(), None);
        loop {
            let page = books.booked_since(&store, since, cursor.as_deref()).await.unwrap();
            orders.extend(page.orders);
            cursor = Some(page.next);
            if !page.more {
                return orders;
            }
        }
    };
    let lately = since(now() - SignedDuration::from_mins(5)).await;
    for order in [&first, &second] {
        assert_eq!(lately.iter().filter(|key| **key == order.key.order).count(), 1);
    }
    assert!(lately.iter().all(|key| key.store == store));
    let later = since(now() + SignedDuration::from_mins(5)).await;
    assert!(later.is_empty(), "{later:?}");
}

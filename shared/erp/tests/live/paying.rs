//! One payment for one transaction.

use serde_json::json;
use weir_domain::outcome::CallError;
use weir_domain::ports::DocumentState;
use weir_domain::sales::{SalesOrder, SalesPayment};
use weir_testkit::sample;

use crate::lab::{created, decimal, inclusive, lab, order};

fn by_card(order: &SalesOrder) -> SalesPayment {
    SalesPayment { journal: "card".to_owned(), ..sample::payment(order) }
}

#[tokio::test]
async fn books_a_payment_once() {
    let Some(lab) = lab() else { return };
    let order = inclusive();
    let erp = lab.connect();
    let document = created(&erp, &order).await;
    let document = erp.confirm(&document, &order).await.unwrap();
    let paid = erp.pay(&document, &by_card(&order)).await.unwrap();
    assert!(matches!(paid.state, DocumentState::Done | DocumentState::Reserved), "{paid:?}");
    assert_eq!(lab.connect().pay(&document, &by_card(&order)).await.unwrap(), paid);
    let mut second = by_card(&order);
    second.transaction = "tx-of-the-rest".to_owned();
    second.amount = decimal("0.50");
    assert_ne!(erp.pay(&document, &second).await.unwrap().id, paid.id);

    let origin = format!("sale.sale,{}", document.id);
    let fields = ["amount", "reference", "journal.name", "state"];
    let found = lab.records("account.payment", json!([["origin", "=", origin]]), &fields).await;
    let mut amounts: Vec<_> =
        found.iter().map(|payment| payment["amount"]["decimal"].as_str().unwrap()).collect();
    amounts.sort_unstable();
    assert_eq!(amounts, ["0.50", "13.50"]);
    let reference = format!("{} tx-{}", order.key, order.number);
    assert!(found.iter().any(|payment| payment["reference"] == json!(reference)));
    assert!(found.iter().all(|payment| payment["journal"]["name"] == "Card EUR"));
}

#[tokio::test]
async fn a_second_life_finds_the_payment_of_the_first() {
    let Some(lab) = lab() else { return };
    let order = inclusive();
    let erp = lab.connect();
    let document = created(&erp, &order).await;
    let document = erp.confirm(&document, &order).await.unwrap();
    let paid = erp.pay(&document, &by_card(&order)).await.unwrap();
    let mut revived = order.clone();
    revived.key.generation = order.key.generation.next();
    let document = created(&erp, &revived).await;
    let document = erp.confirm(&document, &revived).await.unwrap();
    assert_eq!(erp.pay(&document, &by_card(&revived)).await.unwrap(), paid);
}

#[tokio::test]
async fn goes_on_with_a_payment_that_was_begun() {
    let Some(lab) = lab() else { return };
    let order = inclusive();
    let erp = lab.connect();
    let document = created(&erp, &order).await;
    let document = erp.confirm(&document, &order).await.unwrap();
    let sale = &lab.sales(&order, &["party"]).await[0];
    let draft = json!({
        "company": 1, "kind": "receivable", "journal": lab.journal("card", "EUR"), "party": sale["party"],
        "date": {"__class__": "date", "year": 2026, "month": 11, "day": 28},
        "amount": {"__class__": "Decimal", "decimal": "13.50"},
        "reference": format!("{} tx-{}", order.key, order.number),
        "origin": format!("sale.sale,{}", document.id),
    });
    let begun = lab.raw(reqwest::Method::POST, "account.payment", Some(draft)).await;
    let paid = erp.pay(&document, &by_card(&order)).await.unwrap();
    assert_eq!(paid.id, begun["id"].to_string());
    assert_eq!(paid.state, DocumentState::Reserved);
}

#[tokio::test]
async fn a_journal_has_one_currency() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let order = order("us", "USD", &[("TEE-M-B", "1", "19.00", "0.00", &[])]);
    let document = created(&erp, &order).await;
    let document = erp.confirm(&document, &order).await.unwrap();
    let rejected = async |payment: &SalesPayment| match erp.pay(&document, payment).await {
        Err(CallError::Rejected(rejection)) => rejection.code,
        other => panic!("{other:?}"),
    };
    let mut payment = by_card(&order);
    payment.journal = "bitcoin".to_owned();
    assert_eq!(rejected(&payment).await, "journal_unknown");
    payment.journal = "card:EUR".to_owned();
    assert_eq!(rejected(&payment).await, "journal_currency");
    payment.journal = "card".to_owned();
    erp.pay(&document, &payment).await.unwrap();
    payment.amount = decimal("1.00");
    assert_eq!(rejected(&payment).await, "payment_differs");
}

//! One sale for one order, whoever asks and how often.

use futures::future::join_all;
use weir_domain::id::Generation;
use weir_domain::outcome::CallError;
use weir_domain::ports::Creation;

use crate::lab::{again, created, inclusive, lab};

#[tokio::test]
async fn twenty_parallel_creates_make_one_sale() {
    let Some(lab) = lab() else { return };
    let order = inclusive();
    // Each with a connection of its own, as in twenty functions.
    let attempts = (0..20).map(|_| {
        let (erp, order) = (lab.connect(), order.clone());
        tokio::spawn(async move { erp.create(&order).await })
    });
    let outcomes: Vec<_> = join_all(attempts).await.into_iter().map(Result::unwrap).collect();
    let made = |outcome: &&Result<Creation, CallError>| matches!(outcome, Ok(Creation::Created(_)));
    assert_eq!(outcomes.iter().filter(made).count(), 1, "{outcomes:?}");
    for outcome in &outcomes {
        assert!(outcome.is_ok(), "{outcome:?}");
    }
    assert_eq!(lab.sales(&order, &["state"]).await.len(), 1);
    let code = serde_json::json!([["code", "=", format!("main:{}", order.customer.id.unwrap())]]);
    assert_eq!(lab.records("party.party", code, &["code"]).await.len(), 1);
}

#[tokio::test]
async fn a_second_life_is_a_second_sale() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let mut order = inclusive();
    let first = created(&erp, &order).await;
    assert_eq!(erp.create(&order).await, Ok(Creation::AlreadyExists));
    erp.cancel(&first).await.unwrap();
    // Cancelled, it still has the key.
    assert_eq!(erp.create(&order).await, Ok(Creation::AlreadyExists));
    order.key.generation = Generation(2);
    let second = created(&erp, &order).await;
    assert_ne!(first.id, second.id);
    assert_eq!(erp.find(&order.key).await.unwrap(), Some(second));
}

#[tokio::test]
async fn parallel_orders_of_a_new_customer_make_one_party() {
    let Some(lab) = lab() else { return };
    let mut first = inclusive();
    first.customer.id = None;
    let orders: Vec<_> = (0..6).map(|_| again(&first)).collect();
    let creates = orders.iter().map(|order| {
        let erp = lab.connect();
        async move { erp.create(order).await }
    });
    for outcome in join_all(creates).await {
        assert!(matches!(outcome, Ok(Creation::Created(_))), "{outcome:?}");
    }
    let mail = first.customer.email.as_ref().unwrap().expose();
    let domain = serde_json::json!([["contact_mechanisms.value", "=", mail]]);
    assert_eq!(lab.records("party.party", domain, &["code"]).await.len(), 1);
}

#[tokio::test]
async fn a_wrong_key_blocks() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect_with("expired");
    let order = inclusive();
    assert!(matches!(erp.find(&order.key).await, Err(CallError::Blocked { .. })));
    assert!(matches!(erp.create(&order).await, Err(CallError::Blocked { .. })));
}

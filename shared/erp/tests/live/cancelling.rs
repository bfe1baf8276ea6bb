//! Cancelling, while Tryton lets us.

use weir_domain::outcome::CallError;
use weir_domain::ports::{Amendment, Cancellation, DocumentState};
use weir_domain::sales::Release;

use crate::lab::{created, inclusive, lab};

#[tokio::test]
async fn cancels_a_draft_and_a_quotation_and_says_so_again() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    for quote in [false, true] {
        let mut order = inclusive();
        order.release = Release::Reserve;
        let document = created(&erp, &order).await;
        if quote {
            erp.confirm(&document, &order).await.unwrap();
        }
        for _ in 0..2 {
            match erp.cancel(&document).await.unwrap() {
                Cancellation::Cancelled(cancelled) => assert_eq!(cancelled.state, DocumentState::Cancelled),
                other @ Cancellation::Refused(_) => panic!("{other:?}"),
            }
        }
        let found = erp.find(&order.key).await.unwrap().unwrap();
        assert_eq!(found.state, DocumentState::Cancelled);
        assert!(matches!(erp.amend(&document, &order).await.unwrap(), Amendment::Refused(_)));
        match erp.confirm(&document, &order).await {
            Err(CallError::Rejected(rejection)) => assert_eq!(rejection.code, "cancelled_in_erp"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_processing_sale_stays() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let order = inclusive();
    let document = created(&erp, &order).await;
    erp.confirm(&document, &order).await.unwrap();
    match erp.cancel(&document).await.unwrap() {
        Cancellation::Refused(kept) => {
            assert_eq!((kept.state, kept.totals), (DocumentState::Processing, Some(order.totals)));
        }
        other @ Cancellation::Cancelled(_) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_sale_with_a_payment_stays() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let mut order = inclusive();
    order.release = Release::Reserve;
    let document = created(&erp, &order).await;
    erp.confirm(&document, &order).await.unwrap();
    let mut part = weir_testkit::sample::payment(&order);
    part.journal = "card".to_owned();
    part.amount = crate::lab::decimal("5.00");
    erp.pay(&document, &part).await.unwrap();
    // Tryton answers 403 here, which is no missing right.
    match erp.cancel(&document).await.unwrap() {
        Cancellation::Refused(kept) => assert_eq!(kept.state, DocumentState::Reserved),
        other @ Cancellation::Cancelled(_) => panic!("{other:?}"),
    }
    order.lines[0].description = "Something else".to_owned();
    assert!(matches!(erp.amend(&document, &order).await.unwrap(), Amendment::Refused(_)));
}

#[tokio::test]
async fn a_sale_that_is_gone_is_not_a_missing_route() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let order = inclusive();
    let mut document = created(&erp, &order).await;
    document.id = "999999999".to_owned();
    match erp.cancel(&document).await {
        Err(CallError::Rejected(rejection)) => assert_eq!(rejection.code, "document_gone"),
        other => panic!("{other:?}"),
    }
}

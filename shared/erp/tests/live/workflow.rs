//! Resuming from every state, and amending while it is possible.

use reqwest::Method;
use serde_json::json;
use weir_domain::outcome::CallError;
use weir_domain::ports::{Amendment, DocumentState};
use weir_domain::sales::Release;

use crate::lab::{created, decimal, inclusive, lab, order};

#[tokio::test]
async fn resumes_from_every_state() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    // After each of these calls the process died; the adjustment was not made.
    for pressed in [&[][..], &["quote"], &["quote", "confirm"], &["quote", "confirm", "process"]] {
        let order = if pressed.len() > 1 {
            // Confirmed without us: only content that needs no adjustment can be right.
            order("main", "EUR", &[("BOOK-1", "2", "37.38", "2.62", &["de-7"])])
        } else {
            inclusive()
        };
        let document = created(&erp, &order).await;
        for button in pressed {
            lab.press(&document, button).await;
        }
        let document = erp.confirm(&document, &order).await.unwrap();
        assert_eq!(document.state, DocumentState::Processing, "{pressed:?}");
        assert_eq!(document.totals, Some(order.totals), "{pressed:?}");
    }
}

#[tokio::test]
async fn a_crash_between_adjusting_and_confirming_adjusts_once() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let mut order = inclusive();
    order.release = Release::Reserve;
    let document = created(&erp, &order).await;
    let reserved = erp.confirm(&document, &order).await.unwrap();
    assert_eq!((reserved.state, reserved.totals), (DocumentState::Reserved, Some(order.totals.clone())));
    let adjusted = lab.lines(&order).await;
    assert_eq!(adjusted.len(), 2);
    // Back to the moment after the adjustment was written.
    lab.press(&document, "draft").await;
    order.release = Release::Ship;
    let shipped = erp.confirm(&document, &order).await.unwrap();
    assert_eq!((shipped.state, shipped.totals), (DocumentState::Processing, Some(order.totals.clone())));
    assert_eq!(lab.lines(&order).await, adjusted);
}

#[tokio::test]
async fn reserves_and_later_ships() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let mut order = inclusive();
    order.release = Release::Reserve;
    let document = created(&erp, &order).await;
    for _ in 0..2 {
        let reserved = erp.confirm(&document, &order).await.unwrap();
        assert_eq!(reserved.state, DocumentState::Reserved);
    }
    order.release = Release::Ship;
    assert_eq!(erp.confirm(&document, &order).await.unwrap().state, DocumentState::Processing);
    // Beyond what is asked for is fine.
    order.release = Release::Reserve;
    assert_eq!(erp.confirm(&document, &order).await.unwrap().state, DocumentState::Processing);
}

#[tokio::test]
async fn a_draft_of_an_older_state_gets_the_newer_one() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let older = inclusive();
    let document = created(&erp, &older).await;
    let mut newer = older.clone();
    newer.lines[0].quantity = decimal("2");
    newer.delivery.line_1 = "Kanarienweg 8".into();
    newer.note = "Bitte nicht beim Vogelhaus klingeln".into();
    let booked = erp.confirm(&document, &newer).await.unwrap();
    assert_eq!(booked.totals, Some(newer.totals.clone()));
    let fields = ["shipment_address.street", "invoice_address.street", "comment", "lines.quantity"];
    let sale = &lab.sales(&newer, &fields).await[0];
    assert!(sale["shipment_address"]["street"].as_str().unwrap().starts_with("Kanarienweg 8\n"));
    assert!(sale["invoice_address"]["street"].as_str().unwrap().starts_with("Kanarienweg 7\n"));
    assert_eq!(sale["comment"], "Bitte nicht beim Vogelhaus klingeln");
    assert_eq!(sale["lines"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_people_did_to_a_quotation_is_undone() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let mut order = inclusive();
    order.release = Release::Reserve;
    let document = created(&erp, &order).await;
    erp.confirm(&document, &order).await.unwrap();
    let line = lab.sales(&order, &["lines"]).await[0]["lines"][0].clone();
    let path = format!("sale.sale/{}", document.id);
    let twice = json!({"lines": [["write", [line], {"quantity": 2}]]});
    lab.raw(Method::PUT, &path, Some(twice)).await;
    order.release = Release::Ship;
    let shipped = erp.confirm(&document, &order).await.unwrap();
    assert_eq!((shipped.state, shipped.totals), (DocumentState::Processing, Some(order.totals.clone())));
}

#[tokio::test]
async fn amends_before_processing_and_not_after() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let mut order = inclusive();
    order.release = Release::Reserve;
    let document = created(&erp, &order).await;
    erp.confirm(&document, &order).await.unwrap();

    let mut newer = order.clone();
    newer.lines[0].net = decimal("22.68");
    newer.lines[0].tax = decimal("4.32");
    newer.lines[0].quantity = decimal("2");
    newer.totals.net = decimal("22.68");
    newer.totals.tax = decimal("4.32");
    newer.totals.gross = decimal("27.00");
    newer.billing.last_name = "Canarelli-Finch".into();
    match erp.amend(&document, &newer).await.unwrap() {
        Amendment::Amended(amended) => {
            assert_eq!(
                (amended.state, amended.totals),
                (DocumentState::Reserved, Some(newer.totals.clone()))
            );
            assert_eq!(amended.id, document.id);
        }
        other @ Amendment::Refused(_) => panic!("{other:?}"),
    }
    newer.release = Release::Ship;
    erp.confirm(&document, &newer).await.unwrap();

    match erp.amend(&document, &order).await.unwrap() {
        Amendment::Refused(kept) => {
            assert_eq!((kept.state, kept.totals), (DocumentState::Processing, Some(newer.totals.clone())));
        }
        other @ Amendment::Amended(_) => panic!("{other:?}"),
    }
    // An attempt that amended, confirmed and died is not refused.
    assert!(matches!(erp.amend(&document, &newer).await.unwrap(), Amendment::Amended(_)));
}

#[tokio::test]
async fn an_unknown_sku_is_named() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let rows: [(_, _, _, _, &[&str]); 2] =
        [("MUG-L", "1", "11.34", "2.16", &["de-19"]), ("NO-SUCH-SKU", "1", "1.00", "0.19", &["de-19"])];
    let order = order("main", "EUR", &rows);
    match erp.create(&order).await {
        Err(CallError::Rejected(rejection)) => {
            assert_eq!((rejection.code.as_str(), rejection.detail.as_str()), ("item_unknown", "NO-SUCH-SKU"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(erp.find(&order.key).await.unwrap(), None);
}

#[tokio::test]
async fn what_cannot_be_booked_says_why() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let refused = async |change: fn(&mut weir_domain::sales::SalesOrder)| {
        let mut order = inclusive();
        change(&mut order);
        match erp.create(&order).await {
            Err(CallError::Rejected(rejection)) => (rejection.code, rejection.detail),
            other => panic!("{other:?}"),
        }
    };
    let expected = |code: &str, detail: &str| (code.to_owned(), detail.to_owned());
    assert_eq!(
        refused(|order| order.billing.country = "AQ".to_owned()).await,
        expected("country_unknown", "AQ")
    );
    assert_eq!(
        refused(|order| order.lines[0].taxes = vec!["de-3".to_owned()]).await,
        expected("tax_code_unknown", "de-3")
    );
    assert_eq!(
        refused(|order| order.key.order.store = "other".parse().unwrap()).await,
        expected("store_not_configured", "no web shop for other")
    );
    assert_eq!(
        refused(|order| order.lines[0].quantity = decimal("1.5")).await,
        expected("quantity_not_divisible", "MUG-L: 1.5 of its unit")
    );
    assert_eq!(
        refused(|order| order.totals.currency = "KWD".parse().unwrap()).await,
        expected("currency_unknown", "KWD")
    );
}

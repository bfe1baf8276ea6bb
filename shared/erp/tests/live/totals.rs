//! Every total equal to the cent, in the sale and in the invoice made of it.

use serde_json::Value;
use weir_domain::outcome::CallError;
use weir_domain::ports::DocumentState;
use weir_domain::sales::{Release, SalesOrder};

use crate::lab::{Lab, created, decimal, inclusive, lab, order};

/// Books an order and compares everything that carries a total.
async fn books(lab: &Lab, order: &SalesOrder) {
    let erp = lab.connect();
    let draft = created(&erp, order).await;
    assert_eq!(draft.state, DocumentState::Draft);
    let document = erp.confirm(&draft, order).await.unwrap();
    assert_eq!(document.state, DocumentState::Processing);
    assert_eq!(document.totals.as_ref(), Some(&order.totals));
    assert!(document.number.is_some());

    let invoice = ["invoices.untaxed_amount", "invoices.tax_amount", "invoices.total_amount"];
    let sales = lab.sales(order, &invoice).await;
    let invoices = sales[0]["invoices"].as_array().unwrap();
    let amount = |field: &str| decimal(text(&invoices[0][field]["decimal"]));
    assert_eq!(invoices.len(), 1);
    assert_eq!(amount("untaxed_amount"), order.totals.net);
    assert_eq!(amount("tax_amount"), order.totals.tax);
    assert_eq!(amount("total_amount"), order.totals.gross);

    let lines = lab.lines(order).await;
    let again = erp.confirm(&document, order).await.unwrap();
    assert_eq!(again, document);
    assert_eq!(erp.find(&order.key).await.unwrap(), Some(document));
    assert_eq!(lab.lines(order).await, lines);
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn tax_in_the_price() {
    let Some(lab) = lab() else { return };
    let order = inclusive();
    books(&lab, &order).await;
    let lines = lab.lines(&order).await;
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1], tuple("ROUNDING", "1.0", "0.00", "weir:tax"));
    assert_eq!(lines[0], tuple("MUG-L", "1.0", "11.34", "weir:line:100"));
}

fn tuple(item: &str, quantity: &str, amount: &str, note: &str) -> (String, String, String, String) {
    (item.to_owned(), quantity.to_owned(), amount.to_owned(), note.to_owned())
}

#[tokio::test]
async fn a_sum_that_agrees_is_not_adjusted() {
    let Some(lab) = lab() else { return };
    let order = order("main", "EUR", &[("BOOK-1", "2", "37.38", "2.62", &["de-7"])]);
    books(&lab, &order).await;
    assert_eq!(lab.lines(&order).await.len(), 1);
}

#[tokio::test]
async fn two_rates_of_one_line() {
    let Some(lab) = lab() else { return };
    // The shop rounds 4.347825 + 0.749625 per line to 5.09, Tryton per rate to 5.10.
    let order = order("us", "USD", &[("TEE-M-B", "3", "59.97", "5.09", &["us-ca", "us-ca-la"])]);
    books(&lab, &order).await;
    assert_eq!(lab.lines(&order).await[1], tuple("ROUNDING", "-1.0", "0.00", "weir:tax"));
}

#[tokio::test]
async fn a_negative_fee() {
    let Some(lab) = lab() else { return };
    let rows: [(_, _, _, _, &[&str]); 3] = [
        ("POT-BLUE", "1", "39.50", "7.51", &["de-19"]),
        ("FEE", "1", "-5.00", "-0.95", &["de-19"]),
        ("SHIP-STD", "1", "4.12", "0.78", &["de-19"]),
    ];
    books(&lab, &order("main", "EUR", &rows)).await;
}

#[tokio::test]
async fn yen_have_no_cents() {
    let Some(lab) = lab() else { return };
    books(&lab, &order("japan", "JPY", &[("MUG-L", "2", "3001", "0", &[])])).await;
}

#[tokio::test]
async fn yen_of_tax() {
    let Some(lab) = lab() else { return };
    // 19 % of 3001 is 570.19.
    let mut order = order("japan", "JPY", &[("MUG-L", "2", "3001", "571", &["de-19"])]);
    order.tolerance.tax = decimal("1");
    books(&lab, &order).await;
}

#[tokio::test]
async fn a_coupon_over_three() {
    let Some(lab) = lab() else { return };
    books(&lab, &order("main", "EUR", &[("CANDLE-S", "3", "16.64", "3.16", &["de-19"])])).await;
}

#[tokio::test]
async fn more_units_than_a_price_has_digits_for() {
    let Some(lab) = lab() else { return };
    let order = order("main", "EUR", &[("WRAP", "2000", "1234.57", "234.57", &["de-19"])]);
    books(&lab, &order).await;
    let lines = lab.lines(&order).await;
    assert_eq!(lines.len(), 2);
    assert_eq!((lines[0].1.as_str(), lines[1].1.as_str()), ("1999.0", "1.0"));
    assert_eq!((lines[0].3.as_str(), lines[1].3.as_str()), ("weir:line:100", "weir:line:100"));
}

#[tokio::test]
async fn net_and_tax_residuals_are_separate() {
    let Some(lab) = lab() else { return };
    let rows: [(_, _, _, _, &[&str]); 2] =
        [("NOTE-A5", "1", "11.11", "2.11", &["de-19"]), ("SALT-250", "1", "5.99", "0.42", &["de-7"])];
    let mut order = order("main", "EUR", &rows);
    order.totals.net += decimal("0.01");
    order.totals.tax -= decimal("0.02");
    order.totals.gross -= decimal("0.01");
    books(&lab, &order).await;
    let lines = lab.lines(&order).await;
    assert_eq!(
        lines[2..],
        [tuple("ROUNDING", "1.0", "0.01", "weir:rounding"), tuple("ROUNDING", "-2.0", "0.00", "weir:tax")]
    );
}

#[tokio::test]
async fn nothing_to_pay() {
    let Some(lab) = lab() else { return };
    books(&lab, &order("main", "EUR", &[("FREE-0", "1", "0.00", "0.00", &["de-19"])])).await;
}

#[tokio::test]
async fn what_rounding_does_not_explain_is_not_booked() {
    let Some(lab) = lab() else { return };
    let mut order = inclusive();
    order.totals.tax += decimal("0.05");
    order.totals.gross += decimal("0.05");
    let erp = lab.connect();
    let draft = created(&erp, &order).await;
    match erp.confirm(&draft, &order).await {
        Err(CallError::Rejected(rejection)) => {
            assert_eq!(rejection.code, "totals_disagree");
            assert!(rejection.detail.contains("11.34 + 2.15 = 13.49 EUR"), "{}", rejection.detail);
            assert!(rejection.detail.contains("11.34 + 2.21 = 13.55 EUR"), "{}", rejection.detail);
        }
        other => panic!("{other:?}"),
    }
    let left = erp.find(&order.key).await.unwrap().unwrap();
    assert_eq!(left.state, DocumentState::Draft);
    assert_eq!(order.release, Release::Ship);
}

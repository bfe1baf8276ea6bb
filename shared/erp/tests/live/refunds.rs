//! A refund of the shop as a return sale with its credit invoice.

use serde_json::{Value, json};
use weir_domain::id::{DocumentKey, RefundId};
use weir_domain::ports::{Creation, DocumentState};
use weir_domain::sales::{LineKind, SalesOrder};

use crate::lab::{Lab, created, decimal, fresh_id, lab, order};

/// What is given back of `order`, whose sale is `origin`: the first line with
/// this quantity, net and tax, and an allowance.
fn credit(order: &SalesOrder, origin: &str, goods: (&str, &str, &str), money: (&str, &str)) -> SalesOrder {
    let mut credit = order.clone();
    credit.key = DocumentKey::of_refund(&order.key.order, RefundId(fresh_id()));
    credit.origin = Some(origin.to_owned());
    credit.lines.truncate(1);
    let (quantity, net, tax) = goods;
    let line = &mut credit.lines[0];
    (line.quantity, line.net, line.tax) = (decimal(quantity), decimal(net), decimal(tax));
    let mut allowance = line.clone();
    allowance.kind = LineKind::Allowance;
    "ALLOWANCE".clone_into(&mut allowance.item);
    allowance.line = 0;
    (allowance.quantity, allowance.net, allowance.tax) = (decimal("-1"), decimal(money.0), decimal(money.1));
    credit.lines.push(allowance);
    credit.totals.net = credit.lines.iter().map(|line| line.net).sum();
    credit.totals.tax = credit.lines.iter().map(|line| line.tax).sum();
    credit.totals.gross = credit.totals.net + credit.totals.tax;
    credit
}

async fn read(lab: &Lab, credit: &SalesOrder) -> Value {
    let fields = [
        "origin",
        "party",
        "shipment_returns.state",
        "shipments.id",
        "invoices.type",
        "invoices.untaxed_amount",
        "invoices.tax_amount",
        "invoices.total_amount",
    ];
    let sales = lab.sales(credit, &fields).await;
    assert_eq!(sales.len(), 1);
    sales.into_iter().next().unwrap()
}

#[tokio::test]
async fn goods_and_money_go_back_in_one_return_sale() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let order = order("main", "EUR", &[("MUG-L", "2", "22.69", "4.31", &["de-19"])]);
    let draft = created(&erp, &order).await;
    let sale = erp.confirm(&draft, &order).await.unwrap();

    // 11.35 at 19 % is 2.16, 4.20 is 0.80.
    let mut credit = credit(&order, &sale.id, ("-1", "-11.35", "-2.15"), ("-4.20", "-0.80"));
    // Meanwhile the guest has an account under another address.
    credit.customer.id = Some(fresh_id());
    credit.customer.email = Some(format!("another.{}@canary.example", fresh_id()).as_str().into());
    let draft = created(&erp, &credit).await;
    let document = erp.confirm(&draft, &credit).await.unwrap();
    assert_eq!(document.state, DocumentState::Processing);
    assert_eq!(document.totals.as_ref(), Some(&credit.totals));
    assert_eq!(erp.find(&credit.key).await.unwrap(), Some(document.clone()));
    assert_eq!(
        erp.find(&order.key).await.unwrap(),
        Some(sale.clone()),
        "a credit is no second sale of the order"
    );

    let read = read(&lab, &credit).await;
    assert_eq!(read["party"], lab.sales(&order, &["party"]).await[0]["party"], "who bought gets it back");
    assert_eq!(read["origin"], json!(format!("sale.sale,{}", sale.id)));
    assert_eq!(read["shipment_returns"].as_array().unwrap().len(), 1, "the mug is expected back");
    assert_eq!(read["shipments"], json!([]));
    let invoices = read["invoices"].as_array().unwrap();
    let amount = |field: &str| decimal(invoices[0][field]["decimal"].as_str().unwrap());
    assert_eq!(invoices.len(), 1);
    assert_eq!(amount("untaxed_amount"), credit.totals.net);
    assert_eq!(amount("tax_amount"), credit.totals.tax);
    assert_eq!(amount("total_amount"), credit.totals.gross);
}

#[tokio::test]
async fn money_alone_sends_no_goods_anywhere() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let order = order("main", "EUR", &[("MUG-L", "1", "11.34", "2.16", &["de-19"])]);
    let draft = created(&erp, &order).await;
    let sale = erp.confirm(&draft, &order).await.unwrap();
    let mut credit = credit(&order, &sale.id, ("-1", "0.00", "0.00"), ("-11.34", "-2.16"));
    credit.lines.remove(0);
    let draft = created(&erp, &credit).await;
    let document = erp.confirm(&draft, &credit).await.unwrap();
    assert_eq!(document.totals.as_ref(), Some(&credit.totals));
    let read = read(&lab, &credit).await;
    assert_eq!((&read["shipment_returns"], &read["shipments"]), (&json!([]), &json!([])));
    let left = order.totals.gross + document.totals.unwrap().gross;
    assert!(left.is_zero(), "{left}");
}

#[tokio::test]
async fn a_refund_is_credited_once_however_often_it_is_asked_for() {
    let Some(lab) = lab() else { return };
    let erp = lab.connect();
    let order = order("main", "EUR", &[("MUG-L", "2", "22.69", "4.31", &["de-19"])]);
    let sale = created(&erp, &order).await;
    let credit = credit(&order, &sale.id, ("-1", "-11.35", "-2.15"), ("-4.20", "-0.80"));
    let asked = (0..10).map(|_| {
        let erp = lab.connect();
        let credit = credit.clone();
        tokio::spawn(async move { erp.create(&credit).await })
    });
    let mut made = 0;
    for answer in asked.collect::<Vec<_>>() {
        made += usize::from(matches!(answer.await.unwrap().unwrap(), Creation::Created(_)));
    }
    assert_eq!((made, lab.sales(&credit, &["id"]).await.len()), (1, 1));
}

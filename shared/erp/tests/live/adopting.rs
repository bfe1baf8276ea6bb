//! A sale that somebody made by hand becomes an order's.

use reqwest::Method;
use serde_json::{Value, json};
use weir_domain::id::{LineKey, Sku};
use weir_domain::ports::{Adoption, BookedLine, ErpDocument};
use weir_domain::sales::SalesOrder;

use crate::booked::of;
use crate::lab::{Lab, again, created, inclusive, lab};

/// A sale of one mug for the customer of `like`, as people make it: with the
/// order's number as its reference, brought so far by these buttons.
async fn by_hand(lab: &Lab, like: &SalesOrder, order: &SalesOrder, buttons: &[&str]) -> (u64, String) {
    let fields = [
        "party",
        "invoice_address",
        "shipment_address",
        "currency",
        "warehouse",
        "lines.product",
        "lines.unit",
    ];
    let sale = lab.sales(like, &fields).await.remove(0);
    let sold = &sale["lines"][0];
    let mug = json!({
        "type": "line", "product": sold["product"], "unit": sold["unit"], "quantity": 1,
        "unit_price": {"__class__": "Decimal", "decimal": "11.34"}, "description": "by hand",
    });
    let record = json!({
        "company": lab.config()["company"], "party": sale["party"], "invoice_address": sale["invoice_address"],
        "shipment_address": sale["shipment_address"], "currency": sale["currency"],
        "warehouse": sale["warehouse"], "reference": order.number, "invoice_method": "order",
        "shipment_method": "order", "shipment_cost_method": null, "lines": [["create", [mug]]],
    });
    let id = lab.raw(Method::POST, "sale.sale?f=state", Some(record)).await["id"].as_u64().unwrap();
    for button in buttons {
        lab.raw(Method::POST, &format!("sale.sale/{id}/{button}"), Some(json!({}))).await;
    }
    let read = lab.records("sale.sale", json!([["id", "=", id]]), &["number"]).await;
    (id, read[0]["number"].as_str().unwrap_or_default().to_owned())
}

fn document(adoption: &Adoption) -> &ErpDocument {
    match adoption {
        Adoption::Adopted(document) => document,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_sale_made_by_hand_is_found_adopted_and_found_by_its_key() {
    let Some(lab) = lab() else { return };
    let (erp, books, desk) = (lab.connect(), lab.connect_books(), lab.connect_desk());
    let like = inclusive();
    created(&erp, &like).await;
    for (state, buttons) in [("quotation", &["quote"][..]), ("processing", &["quote", "confirm", "process"])]
    {
        let order = again(&like);
        let (id, number) = by_hand(&lab, &like, &order, buttons).await;
        let read = lab.records("sale.sale", json!([["id", "=", id]]), &["state"]).await;
        assert_eq!(read[0]["state"], state);

        let before = of(&*books, &order).await;
        assert_eq!(
            (before.len(), &before[0].key, before[0].document.id.as_str()),
            (1, &None, id.to_string().as_str())
        );
        assert_eq!(before[0].units.values().map(ToString::to_string).collect::<Vec<_>>(), ["1"]);
        assert_eq!(erp.find(&order.key).await.unwrap(), None);

        let adopted = desk.adopt(&number, &order.key).await.unwrap();
        assert_eq!(erp.find(&order.key).await.unwrap().as_ref(), Some(document(&adopted)), "{state}");
        assert_eq!(desk.adopt(&number, &order.key).await.unwrap(), adopted, "again");
        let after = of(&*books, &order).await;
        assert_eq!(after.iter().map(|it| it.key.clone()).collect::<Vec<_>>(), [Some(order.key.clone())]);

        // Its lines do not say which of the shop's they are: by item, its move
        // to the customer is known to have been taken off.
        let key = LineKey { order: order.key.order.clone(), line: 100 };
        let asked =
            [BookedLine { document: order.key.clone(), line: key.clone(), sku: Sku("MUG-L".to_owned()) }];
        let included = lab.connect_stock().included(&asked).await.unwrap();
        assert_eq!(included.get(&key).is_some_and(|units| *units == 1.into()), state == "processing");

        let other = again(&like);
        let taken = Adoption::Taken(order.key.to_string());
        assert_eq!(desk.adopt(&number, &other.key).await.unwrap(), taken);
        let (_, second) = by_hand(&lab, &like, &order, &["quote"]).await;
        let taken = Adoption::Taken(format!("sale {number}"));
        assert_eq!(desk.adopt(&second, &order.key).await.unwrap(), taken);
    }
}

#[tokio::test]
async fn tryton_has_the_last_word_on_a_key() {
    let Some(lab) = lab() else { return };
    let (erp, desk) = (lab.connect(), lab.connect_desk());
    let like = inclusive();
    created(&erp, &like).await;
    let nobody = again(&like).key;
    assert_eq!(desk.adopt("S-no-such-number", &nobody).await.unwrap(), Adoption::NotFound);
    // Two people, one key: one of them wins.
    let order = again(&like);
    let (first, second) =
        (by_hand(&lab, &like, &order, &["quote"]).await, by_hand(&lab, &like, &order, &["quote"]).await);
    let outcomes =
        futures::future::join(desk.adopt(&first.1, &order.key), desk.adopt(&second.1, &order.key)).await;
    let outcomes = [outcomes.0.unwrap(), outcomes.1.unwrap()];
    let adopted = outcomes.iter().filter(|outcome| matches!(outcome, Adoption::Adopted(_))).count();
    assert_eq!(adopted, 1, "{outcomes:?}");
    // What the form fills in when a person chooses the web shop.
    let order = again(&like);
    let (id, number) = by_hand(&lab, &like, &order, &["quote", "confirm", "process"]).await;
    let shop = lab.sales(&like, &["web_shop"]).await[0]["web_shop"].clone();
    let token = format!("{id:064x}");
    let form: Value = json!({"web_shop": shop, "web_id": token});
    lab.raw(Method::PUT, &format!("sale.sale/{id}?f=state"), Some(form)).await;
    assert_eq!(of(&*lab.connect_books(), &order).await[0].key, None);
    document(&desk.adopt(&number, &order.key).await.unwrap());
}

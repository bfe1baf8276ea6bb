//! A plan is of this Tryton's ids, and leaves nothing behind.

use serde_json::{Value, json};
use weir_domain::ports::PlannedRequest;

use crate::lab::{created, inclusive, lab};

fn body<'a>(plan: &'a [PlannedRequest], model: &str) -> Option<&'a Value> {
    let path = format!("/rest/model/{model}?");
    plan.iter().find(|request| request.path.contains(&path)).map(|request| &request.body)
}

#[tokio::test]
async fn a_plan_names_what_is_there_and_makes_nothing() {
    let Some(lab) = lab() else { return };
    let (erp, desk) = (lab.connect(), lab.connect_desk());
    let order = inclusive();
    let plan = desk.plan(&order).await.unwrap();
    assert!(body(&plan, "party.party").is_some() && body(&plan, "party.address").is_some());
    assert_eq!(lab.sales(&order, &["state"]).await, Vec::<Value>::new());
    let code = json!([["code", "=", format!("main:{}", order.customer.id.unwrap())]]);
    assert!(lab.records("party.party", code, &["code"]).await.is_empty());

    // What was made is what was planned, id by id.
    let planned = body(&plan, "sale.sale").unwrap();
    created(&erp, &order).await;
    let fields = [
        "reference",
        "warehouse",
        "currency",
        "web_shop",
        "web_id",
        "lines.product",
        "lines.unit",
        "lines.quantity",
        "lines.taxes",
        "lines.note",
    ];
    let sale = lab.sales(&order, &fields).await.remove(0);
    for field in ["reference", "warehouse", "currency", "web_shop", "web_id"] {
        assert_eq!(sale[field], planned[field], "{field}");
    }
    let (line, made) = (&planned["lines"][0][1][0], &sale["lines"][0]);
    for field in ["product", "unit", "note"] {
        assert_eq!(made[field], line[field], "{field}");
    }
    assert_eq!(made["taxes"], line["taxes"][0][1]);

    // Once the customer is there, the plan names it.
    let plan = desk.plan(&order).await.unwrap();
    let party = lab.sales(&order, &["party"]).await[0]["party"].clone();
    assert!(body(&plan, "party.party").is_none() && body(&plan, "party.address").is_none());
    assert_eq!(body(&plan, "sale.sale").unwrap()["party"], party);
}

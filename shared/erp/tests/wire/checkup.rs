//! What a Tryton says about itself before go-live.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use serde_json::{Value, json};
use weir_domain::doctor::{ErpFacts, Found, Unread};
use weir_domain::id::Sku;

use crate::fake::{Fake, Fault, decimal};
use crate::faults::{Class, class};

const COMPANY: &str = "GET company.company";

/// Every model that is asked for, but these.
fn models(without: &[&str]) -> Value {
    let all = [
        "account.payment",
        "account.payment.journal",
        "account.tax",
        "company.company",
        "country.country",
        "currency.currency",
        "ir.model.log",
        "party.address",
        "party.party",
        "product.product",
        "sale.line",
        "sale.sale",
        "stock.location",
        "stock.move",
        "stock.shipment.out",
        "stock.shipment.out.return",
        "web.shop",
    ];
    all.iter().filter(|name| !without.contains(name)).map(|name| json!({"id": 1, "name": name})).collect()
}

fn access(models: &Value, without: &[(&str, &str)]) -> Value {
    let granted = |model: &str, right: &str| u8::from(!without.contains(&(right, model)));
    let of = |model: &Value| {
        let model = model["name"].as_str().unwrap();
        let rights = json!({
            "read": granted(model, "read"), "create": granted(model, "create"), "write": granted(model, "write"),
        });
        (model.to_owned(), rights)
    };
    Value::Object(models.as_array().unwrap().iter().map(of).collect())
}

/// Scripts a Tryton in which all is as configured.
fn script(fake: &Fake, models: &Value, without: &[(&str, &str)]) {
    let company = json!([{"id": 1, "rec_name": "Harbour & Hill", "currency": {"id": 1, "code": "EUR"}}]);
    let records = |records: Value| [Fault::json(&records)];
    let mut door = Fault::json(&company);
    door.headers.push(("date", "Sat, 28 Nov 2026 03:22:19 GMT".to_owned()));
    fake.fault(COMPANY, [door, Fault::json(&company)]);
    fake.fault("GET ir.model", records(models.clone()));
    fake.fault("GET ir.module", records(json!([{"id": 1, "version": "8.0.3"}])));
    let place =
        |id: u64, kind: &str| json!({"id": id, "rec_name": format!("Place {id}"), "active": 1, "type": kind});
    fake.fault("GET stock.location", records(json!([place(5, "warehouse"), place(12, "warehouse")])));
    fake.fault(
        "GET web.shop",
        records(json!([{"id": 3, "rec_name": "Main", "active": true, "company": 1, "type": null}])),
    );
    fake.fault(
        "GET account.tax",
        records(json!([
            {"id": 19, "rec_name": "VAT 19 %", "active": 1, "company": 1, "type": "percentage", "amount": null},
            {"id": 9, "rec_name": "Cents", "active": 1, "company": 1, "type": "fixed", "amount": decimal("0.01")},
        ])),
    );
    let journal = json!([{"id": 4, "rec_name": "Card", "active": 1, "company": 1, "currency": {"id": 1, "code": "EUR"}}]);
    fake.fault("GET account.payment.journal", records(journal));
    let item = json!([{"id": 8, "rec_name": "Rounding", "active": 1, "code": "ROUNDING", "type": "service", "salable": true}]);
    fake.fault("GET product.product", records(item));
    fake.fault("POST ir.model.access/get_access", [Fault::json(&access(models, without))]);
    fake.fault(
        "GET ir.model.button",
        records(json!([{"id": 1, "model": "sale.sale", "name": "process", "groups": [18]}])),
    );
}

async fn facts(fake: &Fake) -> ErpFacts {
    fake.connect_checkup().facts().await.unwrap()
}

fn shown(facts: &ErpFacts) -> String {
    let names = facts.names.iter().map(|name| {
        let found = match &name.found {
            Ok(Found::Right { name }) => format!("is {name:?}"),
            Ok(other) => format!("{other:?}"),
            Err(why) => format!("? {why}"),
        };
        format!("{} = {} ({}): {found}", name.field, name.value, name.kind)
    });
    let rights = facts.rights.iter().map(|right| match &right.granted {
        Ok(granted) => format!("{}: {granted}", right.right),
        Err(why) => format!("{}: ? {why}", right.right),
    });
    names.chain(rights).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_tryton_in_which_all_is_as_configured() {
    let fake = Fake::start(&[]).await;
    script(&fake, &models(&[]), &[]);
    let facts = facts(&fake).await;
    assert_eq!(facts.version.as_deref(), Ok("Tryton, module sale 8.0.3"));
    assert_eq!(facts.currency, Ok("EUR".parse().unwrap()));
    assert!(facts.clock_ahead.is_ok());
    assert_snapshot!("checkup_good", shown(&facts));
    let writes = |asked: &&Value| {
        let ask = asked["ask"].as_str().unwrap();
        !ask.starts_with("GET") && !ask.ends_with("get_access") && !ask.ends_with("get_preferences")
    };
    assert_eq!(fake.log().iter().filter(writes).count(), 0);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let fake = Fake::start(&[]).await;
    script(&fake, &models(&["account.payment"]), &[("create", "sale.line"), ("read", "stock.move")]);
    let replace = |ask: &'static str, records: Value| {
        fake.books.lock().unwrap().faults.insert(ask, vec![Fault::json(&records)]);
    };
    replace("GET stock.location", json!([{"id": 5, "rec_name": "Zone", "active": 1, "type": "storage"}]));
    replace("GET web.shop", json!([{"id": 3, "rec_name": "Main", "active": 0, "company": 1, "type": null}]));
    replace(
        "GET account.tax",
        json!([
            {"id": 19, "rec_name": "VAT", "active": 1, "company": 2, "type": "percentage", "amount": null},
            {"id": 9, "rec_name": "Cents", "active": 1, "company": 1, "type": "fixed", "amount": decimal("1")},
        ]),
    );
    replace(
        "GET account.payment.journal",
        json!([{"id": 4, "rec_name": "Card", "active": 1, "company": 1, "currency": {"id": 2, "code": "USD"}}]),
    );
    replace(
        "GET product.product",
        json!([{"id": 8, "rec_name": "R", "active": 1, "code": "ROUNDING", "type": "goods", "salable": true}]),
    );
    fake.books.lock().unwrap().forbidden.push("process sale.sale");
    assert_snapshot!("checkup_bad", shown(&facts(&fake).await));
}

#[tokio::test]
async fn a_question_that_fails_hides_no_other_answer() {
    let fake = Fake::start(&[]).await;
    script(&fake, &models(&[]), &[]);
    let broken = || vec![Fault::new(500, "text/html", "")];
    for ask in ["GET ir.module", "GET account.tax", "GET ir.model.button"] {
        fake.books.lock().unwrap().faults.insert(ask, broken());
    }
    let facts = facts(&fake).await;
    assert_eq!(facts.version, Err(Unread::Failed("unknown: http 500".to_owned())));
    let unread = |facts: &ErpFacts| facts.names.iter().filter(|name| name.found.is_err()).count();
    assert_eq!(unread(&facts), 2, "both taxes");
    let buttons = facts.rights.iter().filter(|right| right.granted.is_err()).count();
    assert_eq!(buttons, 5, "every button");
}

#[tokio::test]
async fn a_tryton_that_cannot_be_asked_has_no_facts() {
    for (fault, expected) in [
        (Fault::new(401, "text/html", ""), Class::Blocked),
        (Fault::new(404, "text/html", ""), Class::Blocked),
        (Fault::new(502, "text/html", ""), Class::Unknown),
    ] {
        let fake = Fake::start(&[]).await;
        fake.fault(COMPANY, [fault]);
        let error = fake.connect_checkup().facts().await.unwrap_err();
        assert_eq!(class(&error), expected);
    }
}

#[tokio::test]
async fn items_are_known_or_not() {
    let fake = Fake::start(&[]).await;
    let codes: Vec<Sku> = ["MUG-L", "NO-MUG", "TEE-M"].map(|code| Sku(code.to_owned())).to_vec();
    let known = fake.connect_checkup().known_items(&codes).await.unwrap();
    assert_eq!(known, BTreeSet::from([codes[0].clone(), codes[2].clone()]));
}

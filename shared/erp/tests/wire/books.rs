//! What Tryton has booked for orders.

use insta::assert_json_snapshot;
use serde_json::{Value, json};
use weir_domain::id::OrderKey;
use weir_domain::outcome::CallError;
use weir_domain::ports::{BookedDocument, BookedQuery, DocumentState};
use weir_testkit::sample;

use crate::fake::{Fake, Fault, decimal};
use crate::faults::{class, faults, no_canary};

const ASK: &str = "POST sale.sale/search_read";

fn query(id: u64, number: &str) -> BookedQuery {
    BookedQuery { order: sample::key("main", id), number: number.to_owned() }
}

/// A sale in a currency of two digits.
fn sale(id: u64, state: &str, key: &(Value, Value), amounts: (&str, &str, &str), lines: &Value) -> Value {
    json!({
        "id": id, "state": state, "number": format!("S{id}"), "reference": "4711",
        "web_shop": key.0, "web_id": key.1, "currency": 1, "currency.": {"id": 1, "code": "EUR"},
        "untaxed_amount": decimal(amounts.0), "tax_amount": decimal(amounts.1),
        "total_amount": decimal(amounts.2), "lines": [], "lines.": lines,
    })
}

fn unit(id: u64, factor: f64, rate: f64) -> Value {
    json!({"id": id, "factor": factor, "rate": rate, "digits": 0})
}

/// A line as a remote procedure answers it: in pieces, of an item that is sold
/// by the piece.
fn line(note: &Value, code: &str, quantity: f64) -> Value {
    let piece = unit(1, 1.0, 1.0);
    json!({
        "type": "line", "note": note, "quantity": quantity, "unit": 1, "unit.": piece, "product": 9,
        "product.": {"id": 9, "code": code, "default_uom": 1, "default_uom.": piece, "sale_uom": 1, "sale_uom.": piece},
    })
}

async fn booked(fake: &Fake, queries: &[BookedQuery], answers: &[Value]) -> Vec<BookedDocument> {
    fake.fault(ASK, answers.iter().map(Fault::json));
    let mut booked = fake.connect_books().booked(queries).await.unwrap();
    let documents = booked.remove(&queries[0].order).unwrap_or_default();
    assert!(booked.is_empty(), "{booked:?}");
    documents
}

fn shown(document: &BookedDocument) -> String {
    let key = document.key.as_ref().map_or_else(|| "nobody's".to_owned(), ToString::to_string);
    let units: Vec<String> = document.units.iter().map(|(item, units)| format!("{units} {item}")).collect();
    let gross = document.document.totals.as_ref().map_or_else(String::new, |totals| totals.gross.to_string());
    let state = document.document.state;
    format!("{} {key} {state:?} {gross}: {}", document.document.id, units.join(", "))
}

#[tokio::test]
async fn every_life_every_credit_and_what_was_made_by_hand() {
    let fake = Fake::start(&[]).await;
    let ours = |reference: &str| (json!(3), json!(reference));
    let mug = |quantity| line(&json!("weir:line:11"), "MUG-L", quantity);
    let token = "0f".repeat(32);
    let sales = json!([
        sale(1, "cancelled", &ours("4711"), ("20.00", "3.80", "23.80"), &json!([mug(2.0)])),
        sale(2, "processing", &ours("4711.2"), ("20.00", "3.80", "23.80"), &json!([mug(2.0)])),
        sale(3, "done", &ours("4711.r31"), ("-10.00", "-1.90", "-11.90"), &json!([mug(-1.0)])),
        sale(4, "quotation", &(Value::Null, Value::Null), ("1.00", "0.19", "1.19"), &json!([])),
        sale(5, "draft", &(json!(3), json!(token)), ("1.00", "0.19", "1.19"), &json!([])),
        // Another store's, another program's, another shop's of no key.
        sale(6, "done", &(json!(4), json!("4711")), ("1.00", "0.19", "1.19"), &json!([])),
        sale(7, "done", &(json!(3), json!("gid-4711")), ("1.00", "0.19", "1.19"), &json!([])),
        sale(8, "done", &(json!(4), Value::Null), ("1.00", "0.19", "1.19"), &json!([])),
    ]);
    let documents = booked(&fake, &[query(4711, "4711")], &[sales]).await;
    let shown: Vec<String> = documents.iter().map(shown).collect();
    assert_eq!(
        shown,
        [
            "1 main/4711 Cancelled 23.80: 2 MUG-L",
            "2 main/4711.2 Processing 23.80: 2 MUG-L",
            "3 main/4711.r31 Done -11.90: -1 MUG-L",
            "4 nobody's Reserved 1.19: ",
            "5 nobody's Draft 1.19: ",
        ]
    );
    assert_eq!(documents[1].document.number.as_deref(), Some("S2"));
    assert_eq!(documents[4].document.state, DocumentState::Draft);
}

#[tokio::test]
async fn units_are_those_that_were_booked() {
    let fake = Fake::start(&[]).await;
    let ours = json!("weir:line:11");
    let dozen = |mut line: Value| {
        (line["unit"], line["unit."]) = (json!(2), unit(2, 12.0, 0.083_333_333_333));
        line
    };
    let mut title = line(&Value::Null, "MUG-L", 1.0);
    title["type"] = json!("title");
    let mut free = line(&Value::Null, "MUG-L", 1.0);
    (free["product"], free["product."]) = (Value::Null, Value::Null);
    let mut unnamed = line(&Value::Null, "MUG-L", 0.5);
    unnamed["product."]["code"] = Value::Null;
    let lines = json!([
        line(&ours, "MUG-L", 1999.0),
        line(&ours, "MUG-L", 1.0),
        // By hand, in another unit than the item is sold in; and ours, booked
        // when the item was sold in that unit.
        dozen(line(&json!("a remark"), "TEE-M", 2.0)),
        dozen(line(&ours, "BOX", 3.0)),
        line(&json!("weir:rounding"), "ROUNDING", 1.0),
        line(&json!("weir:tax"), "ROUNDING", -2.0),
        line(&Value::Null, "ROUNDING", 1.0),
        line(&Value::Null, "CUP", 1.0),
        line(&Value::Null, "CUP", -1.0),
        title,
        free,
        unnamed,
    ]);
    let sales = json!([sale(1, "done", &(json!(3), json!("4711")), ("1.00", "0.19", "1.19"), &lines)]);
    let documents = booked(&fake, &[query(4711, "4711")], &[sales]).await;
    assert_eq!(
        shown(&documents[0]),
        "1 main/4711 Done 1.19: 3 BOX, 2000 MUG-L, 24 TEE-M, 1.5 a line without an item"
    );
}

#[tokio::test]
async fn a_hundred_orders_are_one_question() {
    let fake = Fake::start(&[]).await;
    let queries: Vec<BookedQuery> = (1..=100).map(|id| query(id, &format!("NO-{id}"))).collect();
    let sales = |ids: std::ops::RangeInclusive<u64>| -> Value {
        let one = |id: u64| {
            sale(
                id,
                "done",
                &(json!(3), json!((id % 100 + 1).to_string())),
                ("1.00", "0.19", "1.19"),
                &json!([]),
            )
        };
        ids.map(one).collect()
    };
    fake.fault(ASK, [Fault::json(&sales(1..=250)), Fault::json(&sales(251..=300))]);
    let booked = fake.connect_books().booked(&queries).await.unwrap();
    assert_eq!(
        (booked.len(), booked.values().map(Vec::len).sum::<usize>()),
        (100, 300),
        "several of one key, too"
    );
    let log = fake.log();
    assert_eq!(log.len(), 2, "as many answers as are needed");
    assert_eq!(
        (&log[0]["body"]["domain"][1], &log[1]["body"]["domain"][1]),
        (&json!(["id", ">", 0]), &json!(["id", ">", 250]))
    );
}

#[tokio::test]
async fn what_is_asked() {
    let fake = Fake::start(&[]).await;
    let queries = [query(4711, "4711"), query(4712, " WEB-4712 ")];
    assert!(booked(&fake, &queries, &[json!([])]).await.is_empty());
    assert_json_snapshot!("booked_asked", fake.log());
    assert!(fake.connect_books().booked(&[]).await.unwrap().is_empty());
    assert!(fake.log().is_empty(), "nothing is asked for nothing");
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_asked_for_in_parts() {
    let fake = Fake::start(&[]).await;
    let huge = || Fault::new(200, "application/json", format!("[{}1]", "1,".repeat(3 << 20)));
    let one = json!([sale(7, "done", &(json!(3), json!("4711")), ("1.00", "0.19", "1.19"), &json!([]))]);
    fake.fault(ASK, [huge(), huge(), Fault::json(&one)]);
    let booked = fake.connect_books().booked(&[query(4711, "4711")]).await.unwrap();
    assert_eq!(booked[&sample::key("main", 4711)].len(), 1);
    let limits: Vec<Value> = fake.log().iter().map(|asked| asked["body"]["limit"].clone()).collect();
    assert_eq!(limits, [250, 125, 62]);
}

#[tokio::test]
async fn an_order_of_a_store_without_a_web_shop_is_not_missing() {
    let fake = Fake::start(&[]).await;
    let order = OrderKey { store: "elsewhere".parse().unwrap(), ..sample::key("main", 4711) };
    let error =
        fake.connect_books().booked(&[BookedQuery { order, number: "4711".to_owned() }]).await.unwrap_err();
    assert!(matches!(error, CallError::Rejected(ref rejection) if rejection.code == "store_not_configured"));
}

#[tokio::test]
async fn what_may_not_be_read_blocks() {
    let fake = Fake::start(&[]).await;
    for hidden in ["product.", "unit."] {
        let mut hiding = line(&Value::Null, "MUG-L", 1.0);
        hiding.as_object_mut().unwrap().remove(hidden);
        hiding.as_object_mut().unwrap().remove(hidden.trim_end_matches('.'));
        let sales =
            json!([sale(1, "done", &(json!(3), json!("4711")), ("1.00", "0.19", "1.19"), &json!([hiding]))]);
        fake.fault(ASK, [Fault::json(&sales)]);
        let error = fake.connect_books().booked(&[query(4711, "4711")]).await.unwrap_err();
        assert!(matches!(error, CallError::Blocked { .. }), "{hidden}: {error}");
    }
}

#[tokio::test]
async fn every_fault_has_its_class() {
    for (name, fault, expected) in faults() {
        let fake = Fake::start(&[]).await;
        let times = if name == "too large" { 8 } else { 1 };
        fake.fault(ASK, std::iter::repeat_n(fault, times));
        let error = fake.connect_books().booked(&[query(4711, "4711")]).await.unwrap_err();
        assert_eq!(class(&error), expected, "{name}: {error}");
        no_canary(&error);
    }
}

/// What was recorded of a sale and of its return, with what is asked for here
/// and was not asked for then.
#[tokio::test]
async fn recorded_sales_are_understood() {
    let Some(recorded) = weir_testkit::recordings::json_files("erp/tryton") else { return };
    let body = |name: &str| {
        let (_, exchange) = recorded.iter().find(|(file, _)| file == name).unwrap();
        exchange["response"]["body"].clone()
    };
    let mut sale = sale(0, "", &(json!(3), Value::Null), ("0", "0", "0"), &Value::Null);
    for (field, value) in body("11-sale-create").as_object().unwrap() {
        sale[field] = value.clone();
    }
    sale["lines."] = sale["lines"].clone();
    for (line, code) in sale["lines."].as_array_mut().unwrap().iter_mut().zip(["SKU-001", "SKU-002"]) {
        let quantity = line["quantity"].clone();
        *line = self::line(&Value::Null, code, 0.0);
        line["quantity"] = quantity;
    }
    let returned = body("42-return-sale-create-2");
    let mut credit = sale.clone();
    for field in ["id", "state", "number", "total_amount"] {
        credit[field] = returned[field].clone();
    }
    credit["web_id"] = json!("45759.r31");
    let fake = Fake::start(&[]).await;
    let documents = booked(&fake, &[query(45759, "#45759")], &[json!([sale, credit])]).await;
    assert_eq!(shown(&documents[0]), "1 main/45759 Draft 65.96: 2 SKU-001, 3 SKU-002");
    assert!(shown(&documents[1]).starts_with("2 main/45759.r31 Draft -15.00:"), "{}", shown(&documents[1]));
}

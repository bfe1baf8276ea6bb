//! A sale that somebody made by hand gets an order's key.

use insta::assert_json_snapshot;
use serde_json::{Value, json};
use weir_domain::id::DocumentKey;
use weir_domain::outcome::CallError;
use weir_domain::ports::Adoption;

use crate::fake::{Fake, Fault, decimal};
use crate::faults::{Class, class, faults, no_canary};
use crate::requests::order;

const LOOK: &str = "GET sale.sale";
const WRITE: &str = "PUT sale.sale/1";

fn key() -> DocumentKey {
    order().key
}

fn sale(id: u64, state: &str, web_shop: &Value, web_id: &Value) -> Value {
    json!({
        "id": id, "state": state, "number": format!("S{id}"), "web_shop": web_shop, "web_id": web_id,
        "currency": {"id": 1, "code": "EUR"}, "untaxed_amount": decimal("47.12"),
        "tax_amount": decimal("8.95"), "total_amount": decimal("56.07"),
    })
}

fn by_hand(state: &str) -> Value {
    sale(1, state, &Value::Null, &Value::Null)
}

fn ours() -> Value {
    sale(1, "processing", &json!(3), &json!("4711"))
}

/// What adoption says when the look-ups find these, in turn.
async fn adopt(fake: &Fake, looks: &[Value], write: Option<Value>) -> Result<Adoption, CallError> {
    fake.fault(LOOK, looks.iter().map(Fault::json));
    fake.fault(WRITE, write.iter().map(Fault::json));
    fake.connect_desk().adopt("S1", &key()).await
}

fn written(fake: &Fake) -> usize {
    fake.log().iter().filter(|asked| asked["ask"] == WRITE).count()
}

#[tokio::test]
async fn a_sale_in_any_state_but_cancelled_is_adopted() {
    for state in ["draft", "quotation", "confirmed", "processing", "done"] {
        let fake = Fake::start(&[]).await;
        let mut adopted = ours();
        adopted["state"] = json!(state);
        let outcome = adopt(&fake, &[json!([by_hand(state)]), json!([])], Some(adopted)).await.unwrap();
        assert!(
            matches!(outcome, Adoption::Adopted(ref document) if document.id == "1"),
            "{state}: {outcome:?}"
        );
        if state == "processing" {
            assert_json_snapshot!("adopt_asked", fake.log());
        }
    }
    let fake = Fake::start(&[]).await;
    let error = adopt(&fake, &[json!([by_hand("cancelled")]), json!([])], None).await.unwrap_err();
    assert!(matches!(error, CallError::Rejected(ref rejection) if rejection.code == "not_adoptable"));
    assert_eq!(written(&fake), 0);
}

#[tokio::test]
async fn what_tryton_s_form_filled_in_is_nobody_s() {
    let fake = Fake::start(&[]).await;
    let token = json!("0f".repeat(32));
    let looks = [json!([sale(1, "done", &json!(3), &token)]), json!([])];
    let outcome = adopt(&fake, &looks, Some(ours())).await.unwrap();
    assert!(matches!(outcome, Adoption::Adopted(_)));
}

#[tokio::test]
async fn nothing_is_written_where_it_is_done_or_cannot_be() {
    let (null, elsewhere) = (Value::Null, json!(4));
    let other = sale(1, "done", &json!(3), &json!("4712.2"));
    let foreign = sale(1, "done", &json!(3), &json!("Zaphira Canarelli"));
    let shop = sale(1, "done", &elsewhere, &null);
    let unknown_shop = sale(1, "done", &elsewhere, &json!("4711"));
    let holder = sale(2, "done", &json!(3), &json!("4711"));
    let mut unnamed = holder.clone();
    unnamed["number"] = Value::Null;
    let taken = |by: &str| Adoption::Taken(by.to_owned());
    let cases = [
        ("none", vec![json!([])], Adoption::NotFound),
        ("another order's", vec![json!([other])], taken("main/4712.2")),
        ("another program's", vec![json!([foreign])], taken("another program")),
        ("another shop's", vec![json!([shop])], taken("another web shop")),
        ("another program's shop", vec![json!([unknown_shop])], taken("another program")),
        ("the key is taken", vec![json!([by_hand("done")]), json!([holder])], taken("sale S2")),
        ("by a draft", vec![json!([by_hand("done")]), json!([unnamed])], taken("the sale with id 2")),
    ];
    for (name, looks, expected) in cases {
        let fake = Fake::start(&[]).await;
        assert_eq!(adopt(&fake, &looks, None).await.unwrap(), expected, "{name}");
        assert_eq!(written(&fake), 0, "{name}");
    }
    let fake = Fake::start(&[]).await;
    assert!(matches!(adopt(&fake, &[json!([ours()])], None).await.unwrap(), Adoption::Adopted(_)));
    assert_eq!(fake.connect_desk().adopt(" ", &key()).await.unwrap(), Adoption::NotFound);
    assert_eq!(written(&fake), 0);
}

#[tokio::test]
async fn two_of_one_number_are_for_people() {
    let fake = Fake::start(&[]).await;
    let error = adopt(&fake, &[json!([by_hand("done"), ours()])], None).await.unwrap_err();
    assert!(matches!(error, CallError::Rejected(ref rejection) if rejection.code == "document_ambiguous"));
}

#[tokio::test]
async fn a_refusal_is_looked_into() {
    let refusal =
        || Fault::new(400, "application/json", r#"{"status": 400, "message": "no", "description": ""}"#);
    let looks = |last: Value| [json!([by_hand("done")]), json!([]), last];

    let fake = Fake::start(&[]).await;
    fake.fault(WRITE, [refusal()]);
    let outcome = adopt(&fake, &looks(json!([ours()])), None).await.unwrap();
    assert!(matches!(outcome, Adoption::Adopted(_)), "somebody was faster");

    let fake = Fake::start(&[]).await;
    fake.fault(WRITE, [refusal()]);
    let other = sale(2, "done", &json!(3), &json!("4711"));
    assert_eq!(
        adopt(&fake, &looks(json!([other])), None).await.unwrap(),
        Adoption::Taken("sale S2".to_owned())
    );

    let fake = Fake::start(&[]).await;
    fake.fault(WRITE, [refusal()]);
    let error = adopt(&fake, &looks(json!([])), None).await.unwrap_err();
    assert!(
        matches!(error, CallError::Rejected(ref rejection) if rejection.code == "not_adoptable"),
        "{error}"
    );

    let fake = Fake::start(&[]).await;
    fake.fault(WRITE, [refusal()]);
    fake.books.lock().unwrap().forbidden.push("write sale.sale");
    let error = adopt(&fake, &looks(json!([])), None).await.unwrap_err();
    assert_eq!(class(&error), Class::Blocked, "the key's user lacks a right");
}

#[tokio::test]
async fn every_fault_of_the_write_has_its_class_and_asking_again_finds_it_done() {
    for (name, fault, expected) in faults() {
        let fake = Fake::start(&[]).await;
        fake.fault(WRITE, [fault]);
        let error = adopt(&fake, &[json!([by_hand("done")]), json!([])], None).await.unwrap_err();
        assert_eq!(class(&error), expected, "{name}: {error}");
        no_canary(&error);
        let again = adopt(&fake, &[json!([ours()])], None).await.unwrap();
        assert!(matches!(again, Adoption::Adopted(_)), "{name}");
    }
}

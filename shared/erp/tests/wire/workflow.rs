//! Whoever else touches the sale meanwhile.

use serde_json::{Value, json};
use weir_domain::outcome::CallError;
use weir_domain::ports::{Amendment, Cancellation, Creation, DocumentState};
use weir_domain::sales::Release;

use crate::fake::{Fake, Fault};
use crate::requests::{created, order};

/// As Tryton says it, in some language, with a name in it.
pub(crate) fn refusal() -> Fault {
    let body =
        json!({"status": 400, "message": "Der Kunde Zaphira Canarelli ist gesperrt.", "description": ""});
    Fault::new(400, "application/json", body.to_string())
}

const EXACT: &[(&str, &str)] = &[("47.12", "8.95")];

#[tokio::test]
async fn a_taken_key_is_recognised_in_any_language() {
    let fake = Fake::start(EXACT).await;
    created(&fake, &order()).await;
    fake.fault("POST sale.sale", [refusal()]);
    assert_eq!(fake.connect().create(&order()).await, Ok(Creation::AlreadyExists));
}

#[tokio::test]
async fn a_refusal_is_the_orders_only_if_the_key_has_the_right() {
    let fake = Fake::start(EXACT).await;
    fake.fault("POST sale.sale", [refusal(), refusal()]);
    let erp = fake.connect();
    match erp.create(&order()).await {
        Err(CallError::Rejected(rejection)) => {
            assert_eq!(rejection.code, "erp_refused");
            assert!(!rejection.detail.contains("Zaphira"), "{}", rejection.detail);
        }
        other => panic!("{other:?}"),
    }
    fake.books.lock().unwrap().forbidden.push("create sale.sale");
    assert!(matches!(erp.create(&order()).await, Err(CallError::Blocked { .. })));
}

#[tokio::test]
async fn after_a_refusal_what_was_remembered_is_asked_again() {
    let fake = Fake::start(EXACT).await;
    let erp = fake.connect();
    erp.create(&order()).await.unwrap();
    fake.books.lock().unwrap().sale = None;
    fake.fault("POST sale.sale", [refusal()]);
    fake.log();
    erp.create(&order()).await.unwrap_err();
    erp.create(&order()).await.unwrap();
    let log = fake.log();
    assert_eq!(log.iter().filter(|asked| asked["ask"] == "GET product.product").count(), 1);
}

#[tokio::test]
async fn a_button_pressed_by_somebody_faster_is_no_failure() {
    let fake = Fake::start(EXACT).await;
    let document = created(&fake, &order()).await;
    // They did it, and we are told that we can not.
    let late = Fault { after: true, ..refusal() };
    fake.fault("POST sale.sale/1/quote", [late.clone()]);
    fake.fault("POST sale.sale/1/confirm", [late.clone()]);
    fake.fault("POST sale.sale/1/process", [late]);
    let booked = fake.connect().confirm(&document, &order()).await.unwrap();
    assert_eq!(booked.state, DocumentState::Processing);
}

#[tokio::test]
async fn a_button_that_tryton_refuses_is_a_rejection() {
    let fake = Fake::start(EXACT).await;
    let document = created(&fake, &order()).await;
    fake.fault("POST sale.sale/1/quote", [refusal()]);
    match fake.connect().confirm(&document, &order()).await {
        Err(CallError::Rejected(rejection)) => assert_eq!(rejection.code, "erp_refused"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_button_reserved_for_others_blocks() {
    let fake = Fake::start(EXACT).await;
    let document = created(&fake, &order()).await;
    fake.fault("POST sale.sale/1/process", [refusal(), refusal()]);
    fake.books.lock().unwrap().forbidden.push("process sale.sale");
    let outcome = fake.connect().confirm(&document, &order()).await;
    assert!(matches!(outcome, Err(CallError::Blocked { .. })), "{outcome:?}");
    fake.books.lock().unwrap().forbidden.clear();
    let outcome = fake.connect().confirm(&document, &order()).await;
    assert!(matches!(outcome, Err(CallError::Rejected(_))), "{outcome:?}");
    assert_eq!(fake.connect().confirm(&document, &order()).await.unwrap().state, DocumentState::Processing);
}

#[tokio::test]
async fn a_lost_answer_of_a_button_is_unknown_and_resumes() {
    let fake = Fake::start(EXACT).await;
    let document = created(&fake, &order()).await;
    let lost = Fault { after: true, ..Fault::new(502, "text/html", "") };
    for button in ["POST sale.sale/1/quote", "POST sale.sale/1/confirm", "POST sale.sale/1/process"] {
        fake.fault(button, [lost.clone()]);
        let outcome = fake.connect().confirm(&document, &order()).await;
        assert!(matches!(outcome, Err(CallError::Unknown { .. })), "{outcome:?}");
    }
    fake.log();
    let booked = fake.connect().confirm(&document, &order()).await.unwrap();
    assert_eq!(booked.state, DocumentState::Processing);
    assert_eq!(fake.pressed(), Vec::<String>::new());
}

#[tokio::test]
async fn a_sale_that_never_settles_is_given_up() {
    let fake = Fake::start(EXACT).await;
    let document = created(&fake, &order()).await;
    // Whatever is pressed, it is back in the draft.
    let draft = fake.books.lock().unwrap().sale.clone().unwrap();
    let back = Fault::new(200, "application/json", draft.to_string());
    fake.fault("POST sale.sale/1/quote", vec![back; 50]);
    let outcome = fake.connect().confirm(&document, &order()).await;
    assert!(matches!(outcome, Err(CallError::Unknown { .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_state_from_the_future_is_unknown() {
    let fake = Fake::start(EXACT).await;
    created(&fake, &order()).await;
    fake.books.lock().unwrap().sale.as_mut().unwrap()["state"] = json!("negotiation");
    assert!(matches!(fake.connect().find(&order().key).await, Err(CallError::Unknown { .. })));
}

#[tokio::test]
async fn a_403_on_cancel_is_a_refusal_and_not_an_expired_key() {
    let fake = Fake::start(EXACT).await;
    let document = created(&fake, &order()).await;
    let erp = fake.connect();
    let forbidden = Fault::new(403, "text/html", "<h1>Forbidden</h1>");
    fake.fault("POST sale.sale/1/cancel", [forbidden.clone(), forbidden]);
    assert!(matches!(erp.cancel(&document).await, Ok(Cancellation::Refused(_))));
    // Unless the user may not write sales at all.
    fake.books.lock().unwrap().forbidden.push("write sale.sale");
    assert!(matches!(erp.cancel(&document).await, Err(CallError::Blocked { .. })));
}

#[tokio::test]
async fn a_confirmed_sale_goes_back_to_be_cancelled_or_amended() {
    let fake = Fake::start(EXACT).await;
    let document = created(&fake, &order()).await;
    let confirmed = || fake.books.lock().unwrap().sale.as_mut().unwrap()["state"] = json!("confirmed");
    let erp = fake.connect();
    confirmed();
    fake.log();
    assert!(matches!(erp.amend(&document, &order()).await.unwrap(), Amendment::Amended(_)));
    assert_eq!(fake.pressed(), ["draft", "quote", "confirm", "process"]);
    confirmed();
    assert!(matches!(erp.cancel(&document).await.unwrap(), Cancellation::Cancelled(_)));
    assert_eq!(fake.pressed(), ["draft", "cancel"]);
    let mut reserve = order();
    reserve.release = Release::Reserve;
    confirmed();
    assert_eq!(erp.confirm(&document, &reserve).await.unwrap().state, DocumentState::Reserved);
    assert_eq!(fake.pressed(), Vec::<String>::new());
}

#[tokio::test]
async fn totals_that_stay_wrong_bind_nobody() {
    // Whatever is written, Tryton comes to one cent more.
    let fake = Fake::start(&[("47.12", "8.96")]).await;
    let document = created(&fake, &order()).await;
    fake.log();
    match fake.connect().confirm(&document, &order()).await {
        Err(CallError::Rejected(rejection)) => assert_eq!(rejection.code, "totals_disagree"),
        other => panic!("{other:?}"),
    }
    assert_eq!(fake.pressed(), Vec::<String>::new());
}

#[tokio::test]
async fn a_payment_that_was_booked_twice_goes_to_people() {
    let fake = Fake::start(EXACT).await;
    let document = created(&fake, &order()).await;
    let payment = weir_testkit::sample::payment(&order());
    let erp = fake.connect();
    erp.pay(&document, &payment).await.unwrap();
    let rejected = async || match erp.pay(&document, &payment).await {
        Err(CallError::Rejected(rejection)) => rejection.code,
        other => panic!("{other:?}"),
    };
    let first: Value = fake.books.lock().unwrap().payments[0].clone();
    fake.books.lock().unwrap().payments[0]["state"] = json!("failed");
    assert_eq!(rejected().await, "payment_failed_in_erp");
    fake.books.lock().unwrap().payments.push(first);
    assert_eq!(rejected().await, "payment_twice");
}

#[tokio::test]
async fn a_quotation_that_comes_to_something_else_is_not_confirmed() {
    let fake = Fake::start(EXACT).await;
    let document = created(&fake, &order()).await;
    let mut surprise = fake.books.lock().unwrap().sale.clone().unwrap();
    surprise["state"] = json!("quotation");
    for (code, field, value) in [
        ("totals_disagree", "tax_amount", json!({"__class__": "Decimal", "decimal": "8.96"})),
        ("content_disagrees", "lines", json!([])),
    ] {
        let mut surprise = surprise.clone();
        surprise[field] = value;
        fake.fault("POST sale.sale/1/quote", [Fault::new(200, "application/json", surprise.to_string())]);
        match fake.connect().confirm(&document, &order()).await {
            Err(CallError::Rejected(rejection)) => assert_eq!(rejection.code, code),
            other => panic!("{other:?}"),
        }
    }
    assert!(!fake.pressed().contains(&"confirm".to_owned()));
}

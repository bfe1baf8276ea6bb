//! What is made of answers that are none.

use serde_json::json;
use weir_domain::outcome::CallError;
use weir_domain::ports::Creation;
use weir_testkit::{recordings, sample};

use crate::fake::{Fake, Fault};
use crate::requests::{created, order};

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const EXACT: &[(&str, &str)] = &[("47.12", "8.95")];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Rejected,
    RetrySoon,
    Blocked,
    Unknown,
}

pub(crate) fn class(error: &CallError) -> Class {
    match error {
        CallError::Rejected(_) => Class::Rejected,
        CallError::RetrySoon { .. } => Class::RetrySoon,
        CallError::Blocked { .. } => Class::Blocked,
        CallError::Unknown { .. } => Class::Unknown,
    }
}

fn drip(fault: Fault) -> Fault {
    Fault { drips: true, ..fault }
}

pub(crate) fn faults() -> Vec<(&'static str, Fault, Class)> {
    let html = "<!doctype html><p>Zaphira Canarelli</p>";
    let huge = format!("[{}1]", "1,".repeat(3 << 20));
    let redirect = Fault {
        headers: vec![("location", "https://elsewhere.example/".to_owned())],
        ..Fault::new(302, HTML, "")
    };
    vec![
        ("wrong key", Fault::new(401, HTML, html), Class::Blocked),
        ("edge refuses", Fault::new(403, HTML, html), Class::Blocked),
        ("no such route", Fault::new(404, HTML, html), Class::Blocked),
        ("redirect", redirect, Class::Blocked),
        ("maintenance", Fault::new(503, HTML, html), Class::Blocked),
        ("edge answers 200", Fault::new(200, HTML, html), Class::Blocked),
        ("throttled", Fault::new(429, HTML, html), Class::RetrySoon),
        ("failed", Fault::new(500, HTML, html), Class::Unknown),
        ("bad gateway", Fault::new(502, HTML, html), Class::Unknown),
        ("gateway time-out", Fault::new(504, HTML, html), Class::Unknown),
        ("conflict", Fault::new(409, JSON, "{}"), Class::Unknown),
        ("nonsense was spoken", Fault::new(400, HTML, html), Class::Unknown),
        ("truncated", Fault::new(200, JSON, "[{\"id\": 1, \"sta"), Class::Unknown),
        ("another shape", Fault::new(200, JSON, "{\"odd\": true}"), Class::Unknown),
        ("no content", Fault::new(204, JSON, ""), Class::Unknown),
        ("too large", Fault::new(200, JSON, huge), Class::Unknown),
        ("dripping", drip(Fault::new(200, JSON, "[")), Class::Unknown),
    ]
}

pub(crate) fn no_canary(error: &CallError) {
    for canary in sample::CANARIES {
        assert!(!format!("{error} {error:?}").contains(canary), "{error}");
    }
}

#[tokio::test]
async fn every_fault_of_a_look_up_has_its_class() {
    for (name, fault, expected) in faults() {
        let fake = Fake::start(EXACT).await;
        fake.fault("GET sale.sale", [fault]);
        let error = fake.connect().find(&order().key).await.unwrap_err();
        assert_eq!(class(&error), expected, "{name}: {error}");
        no_canary(&error);
    }
}

#[tokio::test]
async fn every_fault_of_a_create_has_its_class_and_is_found_afterwards() {
    for (name, fault, expected) in faults() {
        let fake = Fake::start(EXACT).await;
        fake.fault("POST sale.sale", [Fault { after: true, ..fault }]);
        let erp = fake.connect();
        let error = erp.create(&order()).await.unwrap_err();
        assert_eq!(class(&error), expected, "{name}: {error}");
        no_canary(&error);
        assert!(erp.find(&order().key).await.unwrap().is_some(), "{name}");
    }
}

#[tokio::test]
async fn every_fault_of_a_button_has_its_class() {
    for (name, fault, expected) in faults() {
        let fake = Fake::start(EXACT).await;
        let document = created(&fake, &order()).await;
        // A button may be refused with 403, see the workflow.
        let expected = if name == "edge refuses" { Class::Rejected } else { expected };
        fake.fault("POST sale.sale/1/quote", [fault]);
        let error = fake.connect().confirm(&document, &order()).await.unwrap_err();
        assert_eq!(class(&error), expected, "{name}: {error}");
        no_canary(&error);
    }
}

#[tokio::test]
async fn a_peer_that_refuses_connections_was_not_asked() {
    let mut fake = Fake::start(EXACT).await;
    let erp = fake.connect();
    fake.stop().await;
    let error = erp.create(&order()).await.unwrap_err();
    assert_eq!(class(&error), Class::RetrySoon, "{error}");
}

#[tokio::test]
async fn a_wish_for_time_is_passed_on() {
    let fake = Fake::start(EXACT).await;
    let mut throttled = Fault::new(429, HTML, "");
    throttled.headers.push(("retry-after", "120".to_owned()));
    fake.fault("GET sale.sale", [throttled]);
    match fake.connect().find(&order().key).await.unwrap_err() {
        CallError::RetrySoon { after, .. } => assert_eq!(after.unwrap().as_secs(), 120),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_key_that_no_header_can_carry_blocks() {
    let fake = Fake::start(EXACT).await;
    let clock = std::sync::Arc::new(weir_testkit::FakeClock::default());
    let erp = weir_erp::connect(&fake.config(), "two\nlines".to_owned().into(), clock, true).unwrap();
    let error = erp.find(&order().key).await.unwrap_err();
    assert_eq!(class(&error), Class::Blocked);
    assert!(!format!("{error:?}").contains("lines"));
}

#[tokio::test]
async fn a_document_that_makes_no_sense_is_refused_before_anything_is_asked() {
    let fake = Fake::start(EXACT).await;
    let connect = |change: fn(&mut weir_domain::config::ErpConfig), local| {
        let mut config = fake.config();
        change(&mut config);
        let clock = std::sync::Arc::new(weir_testkit::FakeClock::default());
        weir_erp::connect(&config, String::new().into(), clock, local).map(|_| ())
    };
    assert!(connect(|_| {}, true).is_ok());
    assert!(connect(|_| {}, false).is_err(), "plain http to loopback is for the local profile");
    assert!(connect(|config| config.allow_private.push("10.0.0.0".to_owned()), true).is_err());
    assert!(connect(|config| config.timeout_s = 0, true).is_err());
}

/// The recorded refusals, as they came, in the places where they came.
#[tokio::test]
async fn recorded_refusals_are_understood() {
    let Some(recorded) = recordings::json_files("erp/tryton") else { return };
    let fault = |name: &str| {
        let (_, exchange) =
            recorded.iter().find(|(file, _)| file == name).unwrap_or_else(|| panic!("{name}"));
        let response = &exchange["response"];
        let body = match &response["body"] {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let kind = response["headers"]["Content-Type"].as_str().unwrap();
        Fault::new(response["status"].as_u64().unwrap().try_into().unwrap(), kind, body)
    };
    let fake = Fake::start(EXACT).await;
    let erp = fake.connect();

    fake.fault("GET sale.sale", [fault("52-unauthorised"), fault("53-not-found")]);
    for _ in 0..2 {
        assert_eq!(class(&erp.find(&order().key).await.unwrap_err()), Class::Blocked);
    }
    fake.fault("POST sale.sale", [fault("41-return-sale-create")]);
    assert_eq!(class(&erp.create(&order()).await.unwrap_err()), Class::Unknown);

    let document = created(&fake, &order()).await;
    fake.fault("POST sale.sale", [fault("12-sale-create-duplicate")]);
    assert_eq!(erp.create(&order()).await, Ok(Creation::AlreadyExists));
    fake.fault("POST sale.sale/1/quote", [Fault { after: true, ..fault("17-sale-quote-again") }]);
    erp.confirm(&document, &order()).await.unwrap();
    fake.books.lock().unwrap().sale.as_mut().unwrap()["state"] = json!("quotation");
    fake.fault("POST sale.sale/1/cancel", [fault("96-sale3-cancel")]);
    let outcome = erp.cancel(&document).await.unwrap();
    assert!(matches!(outcome, weir_domain::ports::Cancellation::Refused(_)));
}

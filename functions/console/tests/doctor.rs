//! The doctor's command: what it reads, and what people see.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up stops")]

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use console::doctor::{Checkups, LocalSecrets, render};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use weir_domain::doctor::{ErpReport, Finding, Report, Verdict};
use weir_domain::ports::Clock;
use weir_runtime::clock::SystemClock;
use weir_runtime::config::Configuration;
use weir_runtime::environment::Profile;
use weir_runtime::secrets::{SecretError, SecretStore, Secrets};
use weir_testkit::FakeLedger;

/// A folder of documents of one store and one ERP, which nobody listens for.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let write = |file: &str, document: Value| {
        let file = folder.join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, document.to_string()).unwrap();
    };
    // Nobody listens on the port for discarding.
    write(
        "stores/main.json",
        json!({"store": "main", "url": "http://127.0.0.1:9/", "secret": "weir/store/main", "entities": [
            {"entity": "eu", "erp": "books"},
        ]}),
    );
    write(
        "erps/books.json",
        json!({
            "erp": "books", "kind": "tryton", "url": "http://127.0.0.1:9/", "secret": "weir/erp/books",
            "database": "weir", "company": 1, "warehouse": 2, "web_shops": {"main": 1}, "taxes": {},
            "rounding": {"item": "ROUND", "tax_unit": {}},
        }),
    );
    folder
}

struct Kept;

#[async_trait]
impl SecretStore for Kept {
    async fn fetch(&self, name: &str) -> Result<SecretString, SecretError> {
        let secret = match name {
            "weir/store/main" => json!({
                "consumer_key": "ck_canary", "consumer_secret": "cs_canary", "webhook_secret": "a".repeat(32),
            }),
            _ => json!({"api_key": "canary"}),
        };
        Ok(secret.to_string().into())
    }
}

#[tokio::test]
async fn a_store_that_nobody_answers_for_is_bad_and_says_so() {
    let configuration = Arc::new(Configuration::load(&folder("silent"), Profile::Local).unwrap());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let secrets = Secrets::new(Arc::new(Kept), Arc::clone(&clock), Profile::Local);
    let mappings = Arc::new(FakeLedger::default());
    let checkups = Checkups::new(&configuration, secrets, mappings, &clock, Profile::Local);
    let report = checkups.of_store(&"main".parse().unwrap()).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Bad);
    let text = render(&report);
    for part in ["Store main", "BAD   rest_api", "ERP books", "BAD   erp_reachable", "good  webhook_secret"] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(!text.contains("canary"), "{text}");
    let unknown = checkups.of_store(&"other".parse().unwrap()).await.unwrap_err();
    assert!(unknown.contains("stores/other.json"), "{unknown}");
}

#[test]
fn what_is_bad_stands_out_and_says_what_to_do() {
    let finding = |check, verdict, todo: &str| Finding {
        check,
        verdict,
        what: format!("This is about {check}."),
        todo: todo.to_owned(),
    };
    let report = Report {
        store: "main".parse().unwrap(),
        shop: vec![finding("rest_api", Verdict::Good, ""), finding("clock", Verdict::Bad, "Set it.")],
        erps: vec![ErpReport {
            erp: "books".parse().unwrap(),
            findings: vec![finding("erp_once", Verdict::Warning, "Look.")],
        }],
        between: Vec::new(),
    };
    let expected = "\
Store main
  Shop
    good  rest_api: This is about rest_api.
    BAD   clock: This is about clock.
          → Set it.
  ERP books
    LOOK  erp_once: This is about erp_once.
          → Look.
  Between them
  1 bad, 1 to look at, 1 good

";
    assert_eq!(render(&report), expected);
}

#[tokio::test]
async fn secrets_of_this_machine_are_read_and_never_quoted() {
    let folder = folder("secrets");
    let file = folder.join("secrets.local.json");
    let _ = std::fs::remove_file(&file);
    assert!(LocalSecrets::read(&folder).unwrap().is_none(), "then Secrets Manager is asked");
    std::fs::write(&file, json!({"weir/erp/books": {"api_key": "k"}}).to_string()).unwrap();
    let local = LocalSecrets::read(&folder).unwrap().unwrap();
    let secret = local.fetch("weir/erp/books").await.unwrap();
    assert_eq!(secret.expose_secret(), r#"{"api_key":"k"}"#);
    assert!(matches!(local.fetch("weir/other").await, Err(SecretError::Missing { .. })));
    std::fs::write(&file, r#"{"weir/erp/books": canary}"#).unwrap();
    let error = LocalSecrets::read(&folder).err().unwrap();
    assert!(!error.to_string().contains("canary"), "{error}");
}

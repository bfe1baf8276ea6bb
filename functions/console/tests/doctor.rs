//! The doctor's command: what it reads, and what people see.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up stops")]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use console::doctor::{Checkups, LocalSecrets, render};
use console::patience::PATIENCE;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use weir_domain::doctor::{
    Access, CheckupConnections, ErpCheckup, ErpFacts, ErpReport, Finding, Gateway, Report, ShopCheckup,
    ShopFacts, Unread, Verdict,
};
use weir_domain::id::{ErpId, Sku, StoreId};
use weir_domain::outcome::CallError;
use weir_domain::ports::{Clock, LedgerError};
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

/// A shop and an ERP that take every question and answer none.
struct Silent;

#[async_trait]
impl ShopCheckup for Silent {
    async fn facts(&self) -> Result<ShopFacts, CallError> {
        std::future::pending().await
    }
}

#[async_trait]
impl ErpCheckup for Silent {
    async fn facts(&self) -> Result<ErpFacts, CallError> {
        std::future::pending().await
    }

    async fn known_items(&self, _: &[Sku]) -> Result<BTreeSet<Sku>, CallError> {
        std::future::pending().await
    }
}

#[async_trait]
impl CheckupConnections for Silent {
    async fn shop_checkup(&self, _: &StoreId) -> Result<Arc<dyn ShopCheckup>, CallError> {
        Ok(Arc::new(Self))
    }

    async fn erp_checkup(&self, _: &ErpId) -> Result<Arc<dyn ErpCheckup>, CallError> {
        Ok(Arc::new(Self))
    }
}

fn checkups(configuration: &Arc<Configuration>, mappings: Arc<FakeLedger>) -> Checkups {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let secrets = Secrets::new(Arc::new(Kept), Arc::clone(&clock), Profile::Local);
    Checkups::new(configuration, secrets, mappings, &clock, Profile::Local)
}

#[tokio::test(start_paused = true)]
async fn what_is_not_asked_in_time_is_a_finding_and_the_rest_is_told() {
    let configuration = Arc::new(Configuration::load(&folder("late"), Profile::Local).unwrap());
    let checkups = checkups(&configuration, Arc::default()).over(Arc::new(Silent)).within(PATIENCE);
    let begun = tokio::time::Instant::now();
    let report = checkups.of_store(&"main".parse().unwrap()).await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), PATIENCE.as_secs());
    let text = render(&report);
    for part in
        ["LOOK  in_time: The shop was not asked in time", "LOOK  in_time: The ERP was not asked in time"]
    {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    assert!(text.contains("good  webhook_secret") && !text.contains("BAD"), "{text}");
}

#[tokio::test]
async fn of_a_store_that_is_switched_off_every_problem_is_told_and_its_erps_are_asked() {
    let folder = folder("switched-off");
    let wrong = json!({"store": "main", "url": "http://127.0.0.1:9/", "secret": "weir/store/main", "entities": [
        {"entity": "eu", "erp": "nobodys"},
    ]});
    std::fs::write(folder.join("stores/main.json"), wrong.to_string()).unwrap();
    let configuration = Arc::new(Configuration::load(&folder, Profile::Local).unwrap());
    let report = checkups(&configuration, Arc::default()).of_store(&"main".parse().unwrap()).await.unwrap();
    assert_eq!(report.verdict(), Verdict::Bad);
    let text = render(&report);
    for part in [
        "BAD   configuration: The store is switched off. stores/main.json",
        "ERP books",
        "BAD   erp_reachable",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

fn facts() -> ShopFacts {
    ShopFacts {
        access: Access::Granted,
        may_write: Err(Unread::NotAsked),
        clock_ahead: Err(Unread::NotAsked),
        version: Err(Unread::NotAsked),
        order_tables: Err(Unread::NotAsked),
        currency: Err(Unread::NotAsked),
        decimals: Err(Unread::NotAsked),
        prices_include_tax: Err(Unread::NotAsked),
        statuses: Err(Unread::NotAsked),
        gateways: Ok(vec![Gateway { id: "stripe".to_owned(), enabled: true }]),
        shipping: Err(Unread::NotAsked),
        tax_rates: Err(Unread::NotAsked),
        products: Err(Unread::NotAsked),
        webhooks: Err(Unread::NotAsked),
        parcels: Err(Unread::NotAsked),
        orders: Err(Unread::NotAsked),
    }
}

/// A shop that answers, and has something that has to be mapped.
struct Answers;

#[async_trait]
impl CheckupConnections for Answers {
    async fn shop_checkup(&self, _: &StoreId) -> Result<Arc<dyn ShopCheckup>, CallError> {
        Ok(Arc::new(Self))
    }

    async fn erp_checkup(&self, _: &ErpId) -> Result<Arc<dyn ErpCheckup>, CallError> {
        Err(CallError::blocked("not asked here"))
    }
}

#[async_trait]
impl ShopCheckup for Answers {
    async fn facts(&self) -> Result<ShopFacts, CallError> {
        Ok(facts())
    }
}

#[tokio::test]
async fn mappings_that_cannot_be_read_are_a_finding_and_not_the_end() {
    let configuration = Arc::new(Configuration::load(&folder("no-table"), Profile::Local).unwrap());
    let ledger = Arc::new(FakeLedger::default());
    ledger.faults.outage(Some(LedgerError::Unavailable("throttled".into())));
    let checkups = checkups(&configuration, ledger).over(Arc::new(Answers));
    let report = checkups.of_store(&"main".parse().unwrap()).await.unwrap();
    let text = render(&report);
    for part in
        ["BAD   mappings: The mappings that people added cannot be read", "BAD   erp_reachable", "Shop"]
    {
        assert!(text.contains(part), "{part} in\n{text}");
    }
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

use std::collections::VecDeque;
use std::sync::Mutex;

use serde_json::json;
use weir_testkit::FakeClock;

use super::*;

const STRONG: &str = "abcdefghijklmnopqrstuvwxyz012345";

/// Answers in turn, then with the last answer for ever, and counts.
struct Scripted {
    answers: Mutex<VecDeque<Result<String, SecretError>>>,
    fetches: Mutex<u32>,
}

#[async_trait]
impl SecretStore for Scripted {
    async fn fetch(&self, _: &str) -> Result<SecretString, SecretError> {
        tokio::task::yield_now().await;
        *self.fetches.lock().unwrap() += 1;
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        answer.unwrap().map(SecretString::from)
    }
}

struct World {
    script: Arc<Scripted>,
    clock: Arc<FakeClock>,
    secrets: Secrets,
    config: StoreConfig,
}

fn down() -> Result<String, SecretError> {
    Err(SecretError::Unavailable { name: "weir/store/main".into(), why: "timed out".into() })
}

#[expect(clippy::unnecessary_wraps, reason = "an answer of the script, like `down`")]
fn good(webhook_secret: &str) -> Result<String, SecretError> {
    let secret =
        json!({"consumer_key": "ck", "consumer_secret": "cs", "webhook_secret": webhook_secret, "note": "x"});
    Ok(secret.to_string())
}

fn world(answers: impl IntoIterator<Item = Result<String, SecretError>>) -> World {
    world_of(Profile::Aws, answers)
}

fn world_of(profile: Profile, answers: impl IntoIterator<Item = Result<String, SecretError>>) -> World {
    let script =
        Arc::new(Scripted { answers: Mutex::new(answers.into_iter().collect()), fetches: Mutex::new(0) });
    let clock = Arc::new(FakeClock::default());
    let secrets = Secrets::new(
        Arc::clone(&script) as Arc<dyn SecretStore>,
        Arc::clone(&clock) as Arc<dyn Clock>,
        profile,
    );
    let config = json!({
        "store": "main", "url": "https://shop.example.com/", "secret": "weir/store/main",
        "entities": [{"entity": "eu", "erp": "books"}],
    });
    World { script, clock, secrets, config: serde_json::from_value(config).unwrap() }
}

impl World {
    fn pass(&self, span: SignedDuration) {
        self.clock.advance(span);
    }

    fn fetches(&self) -> u32 {
        *self.script.fetches.lock().unwrap()
    }

    async fn webhook_secret(&self) -> Result<String, SecretError> {
        let secrets = self.secrets.of_store(&self.config).await?;
        Ok(secrets.webhook_secret.expose_secret().to_owned())
    }

    async fn anew(&self) -> Option<String> {
        let secrets = self.secrets.of_store_anew(&self.config).await?;
        Some(secrets.webhook_secret.expose_secret().to_owned())
    }
}

fn second() -> String {
    STRONG.to_uppercase()
}

#[tokio::test]
async fn a_secret_is_fetched_when_needed_and_kept_for_minutes() {
    let world = world([good(STRONG), good(&second())]);
    assert_eq!(world.fetches(), 0);
    assert_eq!(world.webhook_secret().await.unwrap(), STRONG);
    world.pass(KEPT_FOR - SignedDuration::from_secs(1));
    assert_eq!(world.webhook_secret().await.unwrap(), STRONG);
    assert_eq!(world.fetches(), 1);
    world.pass(SignedDuration::from_secs(1));
    assert_eq!(world.webhook_secret().await.unwrap(), second());
    assert_eq!(world.fetches(), 2);
}

#[tokio::test]
async fn many_at_once_wait_for_one_fetch() {
    let world = world([good(STRONG)]);
    let all = futures::future::join_all((0..20).map(|_| world.webhook_secret())).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(world.fetches(), 1);
}

#[tokio::test]
async fn a_mismatch_refreshes_at_most_once_a_minute() {
    let world = world([good(STRONG), good(&second())]);
    assert_eq!(world.webhook_secret().await.unwrap(), STRONG);
    assert_eq!(world.anew().await, Some(second()), "a rotation is seen at once");
    for _ in 0..100 {
        assert_eq!(world.anew().await, None);
    }
    assert_eq!(world.fetches(), 2);
    assert_eq!(world.webhook_secret().await.unwrap(), second());
    world.pass(REFRESHED_EVERY);
    assert_eq!(world.anew().await, Some(second()));
    assert_eq!(world.fetches(), 3);
}

#[tokio::test]
async fn the_last_good_value_outlives_the_secret_store() {
    let world = world([good(STRONG), down(), down(), good(&second())]);
    assert_eq!(world.webhook_secret().await.unwrap(), STRONG);
    world.pass(KEPT_FOR);
    assert_eq!(world.webhook_secret().await.unwrap(), STRONG);
    assert_eq!(world.webhook_secret().await.unwrap(), STRONG);
    assert_eq!(world.fetches(), 2, "a store that is down is not hammered");
    assert_eq!(world.anew().await, None);
    world.pass(RETRIED_AFTER);
    assert_eq!(world.webhook_secret().await.unwrap(), STRONG);
    assert_eq!(world.fetches(), 3);
    world.pass(RETRIED_AFTER);
    assert_eq!(world.webhook_secret().await.unwrap(), second());
}

#[tokio::test]
async fn a_cold_start_with_the_store_down_fails_until_it_is_back() {
    let world = world([down(), good(STRONG)]);
    assert_eq!(world.webhook_secret().await, down());
    assert_eq!(world.webhook_secret().await, down());
    assert_eq!(world.fetches(), 1);
    world.pass(RETRIED_AFTER);
    assert_eq!(world.webhook_secret().await.unwrap(), STRONG);
}

#[tokio::test]
async fn a_spoilt_secret_does_not_replace_a_good_one() {
    let world = world([good(STRONG), Ok("{}".into())]);
    assert_eq!(world.webhook_secret().await.unwrap(), STRONG);
    world.pass(KEPT_FOR);
    assert_eq!(world.webhook_secret().await.unwrap(), STRONG);
}

#[tokio::test]
async fn a_clock_that_jumps_back_keeps_nothing_for_longer() {
    let world = world([good(STRONG), good(&second())]);
    assert_eq!(world.webhook_secret().await.unwrap(), STRONG);
    world.pass(SignedDuration::from_hours(-5));
    assert_eq!(world.webhook_secret().await.unwrap(), second());
}

#[tokio::test]
async fn unusable_secrets_are_refused_without_being_quoted() {
    let canary = "canarycanarycanary";
    let store = |key: &str, webhook: &str, previous: &str| {
        json!({"consumer_key": key, "consumer_secret": "cs", "webhook_secret": webhook, "webhook_secret_previous": previous}).to_string()
    };
    for (text, expected) in [
        (format!("{canary}{{"), "JSON object"),
        (format!(r#"{{"consumer_key": {{"{canary}": 1}}}}"#), "JSON object"),
        (format!(r#""{canary}""#), "JSON object"),
        (store(" ", STRONG, STRONG), "may be empty"),
        (store("ck", "", STRONG), "may be empty"),
        (store("ck", STRONG, ""), "may be empty"),
        (store("ck", canary, STRONG), "at least 32 characters"),
        (store("ck", STRONG, canary), "at least 32 characters"),
        (store("ck", &format!("{STRONG}<"), STRONG), "all of A-Z"),
    ] {
        let error = world([Ok(text)]).webhook_secret().await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(expected) && !shown.contains("canary"), "{shown}");
    }
}

#[tokio::test]
async fn the_local_profile_takes_a_shops_own_webhook_secret() {
    assert_eq!(world_of(Profile::Local, [good("p@ss &w0rd")]).webhook_secret().await.unwrap(), "p@ss &w0rd");
    assert!(world_of(Profile::Local, [good(" ")]).webhook_secret().await.is_err());
}

#[tokio::test]
async fn both_secrets_of_a_rotation_are_there_and_print_as_nothing() {
    let text = json!({
        "consumer_key": "canary1", "consumer_secret": "canary2",
        "webhook_secret": STRONG, "webhook_secret_previous": second(),
    });
    let world = world([Ok(text.to_string())]);
    let secrets = world.secrets.of_store(&world.config).await.unwrap();
    assert_eq!(secrets.webhook_secret_previous.as_ref().unwrap().expose_secret(), second());
    let shown = format!("{secrets:?}");
    assert!(!shown.contains("canary") && !shown.contains(STRONG), "{shown}");
}

fn erp() -> ErpConfig {
    let config = json!({
        "erp": "books", "kind": "tryton", "url": "https://erp.example.com/", "secret": "weir/erp/books",
        "database": "weir", "company": 1, "warehouse": 2, "web_shops": {}, "taxes": {},
        "rounding": {"item": "ROUND", "tax_unit": {}},
    });
    serde_json::from_value(config).unwrap()
}

#[tokio::test]
async fn an_erps_secret_holds_those_of_its_events_and_they_print_as_nothing() {
    let text = json!({"api_key": "canary", "event_secrets": {"erp": ["whsec_canary"], "pos": ["a", "b"]}});
    let world = world([Ok(text.to_string())]);
    let secrets = world.secrets.of_erp(&erp()).await.unwrap();
    let count = |source| secrets.event_secrets.get(&source).map_or(0, Vec::len);
    assert_eq!([StockOwner::Erp, StockOwner::Wms, StockOwner::Pos].map(count), [1, 0, 2]);
    assert!(!format!("{secrets:?}").contains("canary"), "{secrets:?}");
}

#[tokio::test]
async fn an_erp_without_events_needs_no_secrets_for_them() {
    let world = world([Ok(json!({"api_key": "k"}).to_string()), Ok(json!({"api_key": "l"}).to_string())]);
    assert!(world.secrets.of_erp(&erp()).await.unwrap().event_secrets.is_empty());
    assert!(world.secrets.of_erp_anew(&erp()).await.is_some());
    assert!(world.secrets.of_erp_anew(&erp()).await.is_none(), "once a minute");
    assert_eq!(world.fetches(), 2);
}

#[tokio::test]
async fn unusable_secrets_of_an_erp_are_refused_without_being_quoted() {
    for text in [
        json!({"event_secrets": {"erp": ["canary"]}}),
        json!({"api_key": " ", "event_secrets": {"erp": ["canary"]}}),
        json!({"api_key": "k", "event_secrets": {"erp": "canary"}}),
        json!({"api_key": "k", "event_secrets": {"canary": ["x"]}}),
    ] {
        let error = world([Ok(text.to_string())]).secrets.of_erp(&erp()).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("api_key") && !shown.contains("canary"), "{shown}");
    }
}

fn console() -> ConsoleConfig {
    let config = json!({
        "issuer": "https://login.example.com", "secret": "weir/console", "url": "https://weir.example.com/",
        "roles": {"act": ["operators"]},
    });
    serde_json::from_value(config).unwrap()
}

#[tokio::test]
async fn the_consoles_secret_is_checked_and_not_quoted() {
    let key = STRONG.repeat(2);
    let good = json!({"client_id": "weir", "client_secret": "canary", "cookie_key": key});
    let secrets = world([Ok(good.to_string())]);
    let shown = format!("{:?}", secrets.secrets.of_console(&console()).await.unwrap());
    assert!(!shown.contains("canary") && !shown.contains(STRONG), "{shown}");
    for (field, value, expected) in [
        ("client_id", json!(""), "client_id"),
        ("client_secret", json!(" "), "client_secret"),
        ("client_secret", json!({"canary": 1}), "JSON object"),
        ("cookie_key", json!("canary".repeat(10)), "64 random characters"),
        ("cookie_key", json!("canary".repeat(20)), "64 random characters"),
    ] {
        let mut wrong = good.clone();
        wrong[field] = value;
        let error = world([Ok(wrong.to_string())]).secrets.of_console(&console()).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(expected) && !shown.contains("canary"), "{shown}");
    }
}

#[test]
fn no_secret_is_no_call() {
    let name = || "weir/erp/books".to_owned();
    let of = CallError::from;
    assert!(matches!(of(SecretError::Missing { name: name() }), CallError::Blocked { .. }));
    assert!(matches!(of(SecretError::Denied { name: name() }), CallError::Blocked { .. }));
    let down = SecretError::Unavailable { name: name(), why: "timed out".into() };
    assert!(matches!(of(down), CallError::RetrySoon { .. }));
}

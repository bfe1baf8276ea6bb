use std::cell::RefCell;
use std::collections::BTreeSet;

use super::*;

fn with<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
    |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
}

#[test]
fn the_local_profile_refuses_to_run_in_aws() {
    let profile = |pairs: &[(&str, &str)]| Profile::read(&with(pairs));
    assert_eq!(profile(&[]), Ok(Profile::Aws));
    assert_eq!(profile(&[(PROFILE, "aws")]), Ok(Profile::Aws));
    for loopback in
        ["http://127.0.0.1:4566", "http://localhost:4566/", "http://[::1]:4566", "http://127.9.9.9"]
    {
        assert_eq!(profile(&[(PROFILE, "local"), (ENDPOINT, loopback)]), Ok(Profile::Local), "{loopback}");
    }
    let elsewhere = [
        "https://sqs.eu-central-1.amazonaws.com",
        "http://10.0.0.1",
        "http://localhost.example.com",
        "127.0.0.1",
        "",
    ];
    for elsewhere in elsewhere {
        let refused = profile(&[(PROFILE, "local"), (ENDPOINT, elsewhere)]);
        assert_eq!(refused, Err(EnvironmentError::LocalOutsideLoopback), "{elsewhere}");
    }
    assert_eq!(profile(&[(PROFILE, "local")]), Err(EnvironmentError::LocalOutsideLoopback));
    assert!(matches!(profile(&[(PROFILE, "prod")]), Err(EnvironmentError::Wrong { .. })));
}

#[test]
fn documents_are_bundled_unless_named() {
    let directory =
        |pairs: &[(&str, &str)]| DocumentsEnvironment::read(&with(pairs)).map(|read| read.directory);
    assert_eq!(directory(&[(TASK_ROOT, "/var/task")]), Ok(PathBuf::from("/var/task/config")));
    assert_eq!(
        directory(&[(TASK_ROOT, "/var/task"), (CONFIG_DIR, "/elsewhere")]),
        Ok(PathBuf::from("/elsewhere"))
    );
    let error = directory(&[]).unwrap_err().to_string();
    assert_eq!(
        error,
        "WEIR_CONFIG_DIR is not set: it must be the directory with stores/, erps/ and mappings/"
    );
}

#[test]
fn names_are_required_and_levels_checked() {
    assert!(LedgerEnvironment::read(&with(&[])).is_err());
    let ledger = |amnesia| LedgerEnvironment::read(&with(&[(LEDGER_TABLE, "t"), (LEDGER_AMNESIA, amnesia)]));
    let plain = LedgerEnvironment { table: "t".into(), amnesia: false };
    assert_eq!(LedgerEnvironment::read(&with(&[(LEDGER_TABLE, "t")])), Ok(plain.clone()));
    assert_eq!(ledger("false"), Ok(plain));
    assert!(ledger("true").unwrap().amnesia);
    assert!(ledger("yes").is_err());
    assert!(OrdersQueueEnvironment::read(&with(&[])).is_err());
    assert_eq!(OrdersQueueEnvironment::read(&with(&[(ORDERS_QUEUE_URL, "u")])).unwrap().url, "u");
    assert!(FulfilmentQueueEnvironment::read(&with(&[])).is_err());
    assert_eq!(FulfilmentQueueEnvironment::read(&with(&[(FULFILMENT_QUEUE_URL, "f")])).unwrap().url, "f");
    assert!(StockTableEnvironment::read(&with(&[])).is_err());
    assert_eq!(StockTableEnvironment::read(&with(&[(STOCK_TABLE, "s")])).unwrap().table, "s");
    assert!(StockQueueEnvironment::read(&with(&[])).is_err());
    assert_eq!(StockQueueEnvironment::read(&with(&[(STOCK_QUEUE_URL, "q")])).unwrap().url, "q");

    let defaults = TelemetryEnvironment::read(&with(&[])).unwrap();
    assert_eq!((defaults.level, defaults.metrics_namespace.as_str()), (Level::INFO, "Weir"));
    let chosen = TelemetryEnvironment::read(&with(&[(LOG, "debug"), (METRICS_NAMESPACE, "Shop")])).unwrap();
    assert_eq!((chosen.level, chosen.metrics_namespace.as_str()), (Level::DEBUG, "Shop"));
    let error = TelemetryEnvironment::read(&with(&[(LOG, "loud")])).unwrap_err().to_string();
    assert_eq!(error, r#"WEIR_LOG="loud" cannot be used: it must be error, warn, info, debug or trace"#);
}

#[test]
fn the_nightly_pass_begins_at_an_hour_of_the_day() {
    let hour = |pairs: &[(&str, &str)]| NightlyEnvironment::read(&with(pairs)).map(|read| read.hour);
    assert_eq!(hour(&[]), Ok(2));
    assert_eq!(hour(&[(NIGHTLY_HOUR, "0")]), Ok(0));
    assert_eq!(hour(&[(NIGHTLY_HOUR, "23")]), Ok(23));
    for wrong in ["24", "-1", "2am", "2.5", "300"] {
        let error = hour(&[(NIGHTLY_HOUR, wrong)]).unwrap_err().to_string();
        assert!(error.ends_with("it must be an hour, 0 to 23"), "{error}");
    }
}

#[test]
fn the_console_needs_every_queue_and_its_dead_letters() {
    let urls = [
        (ORDERS_QUEUE_URL, "o"),
        (ORDERS_DEAD_LETTERS_URL, "od"),
        (STOCK_QUEUE_URL, "s"),
        (STOCK_DEAD_LETTERS_URL, "sd"),
        (FULFILMENT_QUEUE_URL, "f"),
        (FULFILMENT_DEAD_LETTERS_URL, "fd"),
        (TICKS_DEAD_LETTERS_URL, "td"),
    ];
    let read = QueuesEnvironment::read(&with(&urls)).unwrap();
    let pair = |queue: &str, dead: &str| QueueUrls { queue: queue.into(), dead_letters: dead.into() };
    assert_eq!(
        [read.orders, read.stock, read.fulfilment],
        [pair("o", "od"), pair("s", "sd"), pair("f", "fd")]
    );
    assert_eq!(read.ticks_dead_letters, "td");
    for left_out in 0..urls.len() {
        let mut some = urls.to_vec();
        let (name, _) = some.remove(left_out);
        let error = QueuesEnvironment::read(&with(&some)).unwrap_err().to_string();
        assert!(error.starts_with(name), "{error}");
    }
}

#[test]
fn the_console_is_a_function_or_served_on_a_port() {
    let read = |pairs: &[(&str, &str)]| ConsoleEnvironment::read(&with(pairs));
    let plain = ConsoleEnvironment { in_lambda: false, port: 0, user: None };
    assert_eq!(read(&[]), Ok(plain.clone()));
    let chosen = read(&[(CONSOLE_PORT, "8085"), (USER, "ada"), (RUNTIME_API, "127.0.0.1:9001")]);
    assert_eq!(chosen, Ok(ConsoleEnvironment { in_lambda: true, port: 8085, user: Some("ada".into()) }));
    for wrong in ["http", "65536", "-1"] {
        assert!(read(&[(CONSOLE_PORT, wrong)]).is_err(), "{wrong}");
    }
}

#[test]
fn webhooks_come_over_https_or_from_this_machine() {
    let read = |value: &str| WebhookBaseUrlEnvironment::read(&with(&[(WEBHOOK_BASE_URL, value)]));
    assert_eq!(WebhookBaseUrlEnvironment::read(&with(&[])), Ok(WebhookBaseUrlEnvironment { url: None }));
    for good in ["https://x.execute-api.eu-central-1.amazonaws.com/", "http://127.0.0.1:4566/"] {
        assert_eq!(read(good).unwrap().url.unwrap().as_str(), good);
    }
    for wrong in ["http://weir.example.com/", "weir.example.com", "ftp://127.0.0.1/"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn exactly_the_listed_variables_are_read() {
    let asked = RefCell::new(BTreeSet::new());
    let lookup = |name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        (name == PROFILE).then(|| "local".to_owned())
    };
    let _ = Profile::read(&lookup);
    let _ = ConsoleEnvironment::read(&lookup);
    let _ = DocumentsEnvironment::read(&lookup);
    let _ = FulfilmentQueueEnvironment::read(&lookup);
    let _ = LedgerEnvironment::read(&lookup);
    let _ = NightlyEnvironment::read(&lookup);
    let _ = OrdersQueueEnvironment::read(&lookup);
    let _ = StockQueueEnvironment::read(&lookup);
    let _ = StockTableEnvironment::read(&lookup);
    let _ = TelemetryEnvironment::read(&lookup);
    let _ = WebhookBaseUrlEnvironment::read(&lookup);
    let _ = QueuesEnvironment::read(&|name: &str| lookup(name).or_else(|| Some("u".to_owned())));
    let listed: BTreeSet<_> = VARIABLES.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(asked.into_inner(), listed);
    let elsewhere = PLATFORM_VARIABLES.iter().chain(LOCAL_VARIABLES);
    assert!(elsewhere.into_iter().all(|&name| listed.contains(name)));
}

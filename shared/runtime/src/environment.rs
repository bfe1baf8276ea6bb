//! Every environment variable that Weir reads: one struct per concern, so
//! that a function reads, and its template sets, only what it needs.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use tracing::Level;
use url::{Host, Url};

const CONFIG_DIR: &str = "WEIR_CONFIG_DIR";
const ENDPOINT: &str = "AWS_ENDPOINT_URL";
const FULFILMENT_QUEUE_URL: &str = "FULFILMENT_QUEUE_URL";
const LEDGER_AMNESIA: &str = "LEDGER_AMNESIA";
const LEDGER_TABLE: &str = "LEDGER_TABLE";
const LOG: &str = "WEIR_LOG";
const METRICS_NAMESPACE: &str = "METRICS_NAMESPACE";
const NIGHTLY_HOUR: &str = "NIGHTLY_HOUR";
const ORDERS_QUEUE_URL: &str = "ORDERS_QUEUE_URL";
const PROFILE: &str = "WEIR_PROFILE";
const STOCK_QUEUE_URL: &str = "STOCK_QUEUE_URL";
const STOCK_TABLE: &str = "STOCK_TABLE";
const TASK_ROOT: &str = "LAMBDA_TASK_ROOT";

/// All of them. A test compares them with the template.
pub const VARIABLES: &[&str] = &[
    CONFIG_DIR,
    ENDPOINT,
    FULFILMENT_QUEUE_URL,
    LEDGER_AMNESIA,
    LEDGER_TABLE,
    LOG,
    METRICS_NAMESPACE,
    NIGHTLY_HOUR,
    ORDERS_QUEUE_URL,
    PROFILE,
    STOCK_QUEUE_URL,
    STOCK_TABLE,
    TASK_ROOT,
];

/// Those of [`VARIABLES`] that the platform sets, never the template.
pub const PLATFORM_VARIABLES: &[&str] = &[ENDPOINT, TASK_ROOT];

/// Where variables are looked up: [`process`], or a closure in a test.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A variable of this process. An empty one counts as not set: a template
/// cannot leave one out conditionally without tricks.
#[expect(clippy::disallowed_methods, reason = "this is the one door to the environment")]
pub fn process(name: &str) -> Option<String> {
    let value = std::env::var_os(name)?.to_string_lossy().into_owned();
    (!value.is_empty()).then_some(value)
}

/// The environment does not allow a start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// A variable that has no default is absent.
    #[error("{variable} is not set: it must be {meaning}")]
    Missing {
        /// Its name.
        variable: &'static str,
        /// What it should hold.
        meaning: &'static str,
    },
    /// A variable holds what cannot be used.
    #[error("{variable}={value:?} cannot be used: it must be {meaning}")]
    Wrong {
        /// Its name.
        variable: &'static str,
        /// What it holds.
        value: String,
        /// What it should hold.
        meaning: &'static str,
    },
    /// The local profile talks plain http to loopback and is no place for
    /// real shops' data.
    #[error(
        "WEIR_PROFILE=local refuses to run against AWS: set AWS_ENDPOINT_URL to an emulator on loopback, or WEIR_PROFILE=aws"
    )]
    LocalOutsideLoopback,
}

impl EnvironmentError {
    fn wrong(variable: &'static str, value: &str, meaning: &'static str) -> Self {
        Self::Wrong { variable, value: value.to_owned(), meaning }
    }
}

fn required(
    lookup: Lookup,
    variable: &'static str,
    meaning: &'static str,
) -> Result<String, EnvironmentError> {
    lookup(variable).ok_or(EnvironmentError::Missing { variable, meaning })
}

/// Where Weir runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// In an AWS account: https only.
    Aws,
    /// Beside an emulator on this machine: plain http to loopback is allowed.
    Local,
}

impl Profile {
    /// `WEIR_PROFILE`: `aws` (the default) or `local`. The latter is refused
    /// unless `AWS_ENDPOINT_URL` points to loopback.
    pub fn read(lookup: Lookup) -> Result<Self, EnvironmentError> {
        match lookup(PROFILE).as_deref() {
            None | Some("aws") => Ok(Self::Aws),
            Some("local") if lookup(ENDPOINT).is_some_and(|url| is_loopback(&url)) => Ok(Self::Local),
            Some("local") => Err(EnvironmentError::LocalOutsideLoopback),
            Some(other) => Err(EnvironmentError::wrong(PROFILE, other, "aws or local")),
        }
    }

    /// Whether plain http to loopback is allowed.
    pub fn is_local(self) -> bool {
        self == Self::Local
    }
}

fn is_loopback(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => false,
    }
}

/// Where the configuration documents are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentsEnvironment {
    /// `WEIR_CONFIG_DIR`; if unset, `$LAMBDA_TASK_ROOT/config`.
    pub directory: PathBuf,
}

impl DocumentsEnvironment {
    /// Reads it.
    pub fn read(lookup: Lookup) -> Result<Self, EnvironmentError> {
        let bundled = || lookup(TASK_ROOT).map(|root| Path::new(&root).join("config"));
        let directory = lookup(CONFIG_DIR).map(PathBuf::from).or_else(bundled);
        let missing = EnvironmentError::Missing {
            variable: CONFIG_DIR,
            meaning: "the directory with stores/, erps/ and mappings/",
        };
        directory.map(|directory| Self { directory }).ok_or(missing)
    }
}

/// Where the ledger is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEnvironment {
    /// `LEDGER_TABLE`: the table's name.
    pub table: String,
    /// `LEDGER_AMNESIA`: `true` after a restore from a backup, when the ERP
    /// may hold documents that the ledger has forgotten; `false` by default.
    pub amnesia: bool,
}

impl LedgerEnvironment {
    /// Reads it.
    pub fn read(lookup: Lookup) -> Result<Self, EnvironmentError> {
        let amnesia = match lookup(LEDGER_AMNESIA).as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => return Err(EnvironmentError::wrong(LEDGER_AMNESIA, other, "true or false")),
        };
        Ok(Self { table: required(lookup, LEDGER_TABLE, "the name of the ledger table")?, amnesia })
    }
}

/// Where hints about orders go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrdersQueueEnvironment {
    /// `ORDERS_QUEUE_URL`: the queue's address.
    pub url: String,
}

impl OrdersQueueEnvironment {
    /// Reads it.
    pub fn read(lookup: Lookup) -> Result<Self, EnvironmentError> {
        Ok(Self { url: required(lookup, ORDERS_QUEUE_URL, "the URL of the orders queue")? })
    }
}

/// Where it is said which orders changed in the ERP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FulfilmentQueueEnvironment {
    /// `FULFILMENT_QUEUE_URL`: the queue's address.
    pub url: String,
}

impl FulfilmentQueueEnvironment {
    /// Reads it.
    pub fn read(lookup: Lookup) -> Result<Self, EnvironmentError> {
        Ok(Self { url: required(lookup, FULFILMENT_QUEUE_URL, "the URL of the fulfilment queue")? })
    }
}

/// Where positions, in-flight lines and publications are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockTableEnvironment {
    /// `STOCK_TABLE`: the table's name.
    pub table: String,
}

impl StockTableEnvironment {
    /// Reads it.
    pub fn read(lookup: Lookup) -> Result<Self, EnvironmentError> {
        Ok(Self { table: required(lookup, STOCK_TABLE, "the name of the stock table")? })
    }
}

/// Where it is said which items moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockQueueEnvironment {
    /// `STOCK_QUEUE_URL`: the queue's address.
    pub url: String,
}

impl StockQueueEnvironment {
    /// Reads it.
    pub fn read(lookup: Lookup) -> Result<Self, EnvironmentError> {
        Ok(Self { url: required(lookup, STOCK_QUEUE_URL, "the URL of the stock queue")? })
    }
}

/// When everything is read and not only what moved, and what was said of
/// orders is said again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NightlyEnvironment {
    /// `NIGHTLY_HOUR`: the hour of the day, UTC, from which a nightly pass may
    /// begin; 2 by default.
    pub hour: i8,
}

impl NightlyEnvironment {
    /// Reads it.
    pub fn read(lookup: Lookup) -> Result<Self, EnvironmentError> {
        let Some(value) = lookup(NIGHTLY_HOUR) else { return Ok(Self { hour: 2 }) };
        let hour = value.parse().ok().filter(|hour| (0..24).contains(hour));
        let hour = hour.ok_or_else(|| EnvironmentError::wrong(NIGHTLY_HOUR, &value, "an hour, 0 to 23"))?;
        Ok(Self { hour })
    }
}

/// How much is logged, and under which name is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetryEnvironment {
    /// `WEIR_LOG`: `error`, `warn`, `info` (the default), `debug` or `trace`.
    /// It governs Weir's own lines; libraries never say more than warnings.
    pub level: Level,
    /// `METRICS_NAMESPACE`: CloudWatch namespace of the metrics; `Weir` by
    /// default.
    pub metrics_namespace: String,
}

impl TelemetryEnvironment {
    /// Reads it.
    pub fn read(lookup: Lookup) -> Result<Self, EnvironmentError> {
        let level = match lookup(LOG) {
            None => Level::INFO,
            Some(value) => value
                .parse()
                .map_err(|_| EnvironmentError::wrong(LOG, &value, "error, warn, info, debug or trace"))?,
        };
        let metrics_namespace = lookup(METRICS_NAMESPACE).unwrap_or_else(|| "Weir".to_owned());
        Ok(Self { level, metrics_namespace })
    }
}

#[cfg(test)]
mod tests {
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
            assert_eq!(
                profile(&[(PROFILE, "local"), (ENDPOINT, loopback)]),
                Ok(Profile::Local),
                "{loopback}"
            );
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
        let ledger =
            |amnesia| LedgerEnvironment::read(&with(&[(LEDGER_TABLE, "t"), (LEDGER_AMNESIA, amnesia)]));
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
        let chosen =
            TelemetryEnvironment::read(&with(&[(LOG, "debug"), (METRICS_NAMESPACE, "Shop")])).unwrap();
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
    fn exactly_the_listed_variables_are_read() {
        let asked = RefCell::new(BTreeSet::new());
        let lookup = |name: &str| {
            asked.borrow_mut().insert(name.to_owned());
            (name == PROFILE).then(|| "local".to_owned())
        };
        let _ = Profile::read(&lookup);
        let _ = DocumentsEnvironment::read(&lookup);
        let _ = FulfilmentQueueEnvironment::read(&lookup);
        let _ = LedgerEnvironment::read(&lookup);
        let _ = NightlyEnvironment::read(&lookup);
        let _ = OrdersQueueEnvironment::read(&lookup);
        let _ = StockQueueEnvironment::read(&lookup);
        let _ = StockTableEnvironment::read(&lookup);
        let _ = TelemetryEnvironment::read(&lookup);
        let listed: BTreeSet<_> = VARIABLES.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(asked.into_inner(), listed);
        assert!(PLATFORM_VARIABLES.iter().all(|&name| listed.contains(name)));
    }
}

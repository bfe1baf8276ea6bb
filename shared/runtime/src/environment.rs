//! Every environment variable that Weir reads: one struct per concern, so
//! that a function reads, and its template sets, only what it needs.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use tracing::Level;
use url::{Host, Url};

const CONFIG_DIR: &str = "WEIR_CONFIG_DIR";
const CONSOLE_PORT: &str = "CONSOLE_PORT";
const ENDPOINT: &str = "AWS_ENDPOINT_URL";
const FULFILMENT_DEAD_LETTERS_URL: &str = "FULFILMENT_DEAD_LETTERS_URL";
const FULFILMENT_QUEUE_URL: &str = "FULFILMENT_QUEUE_URL";
const LEDGER_AMNESIA: &str = "LEDGER_AMNESIA";
const LEDGER_TABLE: &str = "LEDGER_TABLE";
const LOG: &str = "WEIR_LOG";
const METRICS_NAMESPACE: &str = "METRICS_NAMESPACE";
const NIGHTLY_HOUR: &str = "NIGHTLY_HOUR";
const ORDERS_DEAD_LETTERS_URL: &str = "ORDERS_DEAD_LETTERS_URL";
const ORDERS_QUEUE_URL: &str = "ORDERS_QUEUE_URL";
const PROFILE: &str = "WEIR_PROFILE";
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";
const STOCK_DEAD_LETTERS_URL: &str = "STOCK_DEAD_LETTERS_URL";
const STOCK_QUEUE_URL: &str = "STOCK_QUEUE_URL";
const STOCK_TABLE: &str = "STOCK_TABLE";
const TASK_ROOT: &str = "LAMBDA_TASK_ROOT";
const TICKS_DEAD_LETTERS_URL: &str = "TICKS_DEAD_LETTERS_URL";
const USER: &str = "USER";
const WEBHOOK_BASE_URL: &str = "WEBHOOK_BASE_URL";

/// All of them. A test compares them with the template.
pub const VARIABLES: &[&str] = &[
    CONFIG_DIR,
    CONSOLE_PORT,
    ENDPOINT,
    FULFILMENT_DEAD_LETTERS_URL,
    FULFILMENT_QUEUE_URL,
    LEDGER_AMNESIA,
    LEDGER_TABLE,
    LOG,
    METRICS_NAMESPACE,
    NIGHTLY_HOUR,
    ORDERS_DEAD_LETTERS_URL,
    ORDERS_QUEUE_URL,
    PROFILE,
    RUNTIME_API,
    STOCK_DEAD_LETTERS_URL,
    STOCK_QUEUE_URL,
    STOCK_TABLE,
    TASK_ROOT,
    TICKS_DEAD_LETTERS_URL,
    USER,
    WEBHOOK_BASE_URL,
];

/// Those of [`VARIABLES`] that the platform sets, never the template.
pub const PLATFORM_VARIABLES: &[&str] = &[ENDPOINT, RUNTIME_API, TASK_ROOT];

/// Those of [`VARIABLES`] that matter on somebody's own machine only.
pub const LOCAL_VARIABLES: &[&str] = &[CONSOLE_PORT, USER];

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

/// Where every queue and its dead letters are, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuesEnvironment {
    /// `ORDERS_QUEUE_URL` and `ORDERS_DEAD_LETTERS_URL`.
    pub orders: QueueUrls,
    /// `STOCK_QUEUE_URL` and `STOCK_DEAD_LETTERS_URL`.
    pub stock: QueueUrls,
    /// `FULFILMENT_QUEUE_URL` and `FULFILMENT_DEAD_LETTERS_URL`.
    pub fulfilment: QueueUrls,
    /// `TICKS_DEAD_LETTERS_URL`: what schedules could not start.
    pub ticks_dead_letters: String,
}

/// A queue and its dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueUrls {
    /// The queue's address.
    pub queue: String,
    /// Its dead letters' address.
    pub dead_letters: String,
}

impl QueuesEnvironment {
    /// Reads it.
    pub fn read(lookup: Lookup) -> Result<Self, EnvironmentError> {
        let pair = |queue, dead_letters| {
            Ok(QueueUrls {
                queue: required(lookup, queue, "the URL of the queue")?,
                dead_letters: required(lookup, dead_letters, "the URL of the queue's dead letters")?,
            })
        };
        Ok(Self {
            orders: pair(ORDERS_QUEUE_URL, ORDERS_DEAD_LETTERS_URL)?,
            stock: pair(STOCK_QUEUE_URL, STOCK_DEAD_LETTERS_URL)?,
            fulfilment: pair(FULFILMENT_QUEUE_URL, FULFILMENT_DEAD_LETTERS_URL)?,
            ticks_dead_letters: required(
                lookup,
                TICKS_DEAD_LETTERS_URL,
                "the URL of the schedules' dead letters",
            )?,
        })
    }
}

/// Where shops deliver to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookBaseUrlEnvironment {
    /// `WEBHOOK_BASE_URL`: the API's address, in front of `stores/…`; `None`
    /// where nobody says, and then webhooks are left to people.
    pub url: Option<Url>,
}

impl WebhookBaseUrlEnvironment {
    /// Reads it.
    pub fn read(lookup: Lookup) -> Result<Self, EnvironmentError> {
        let Some(value) = lookup(WEBHOOK_BASE_URL) else { return Ok(Self { url: None }) };
        let usable =
            |url: &Url| url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url.as_str()));
        let url = Url::parse(&value).ok().filter(usable);
        let wrong = || EnvironmentError::wrong(WEBHOOK_BASE_URL, &value, "an https URL");
        Ok(Self { url: Some(url.ok_or_else(wrong)?) })
    }
}

/// How the console is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleEnvironment {
    /// `AWS_LAMBDA_RUNTIME_API` is set: it is a function, and no command line.
    pub in_lambda: bool,
    /// `CONSOLE_PORT`: where it is served on this machine; any free port by
    /// default.
    pub port: u16,
    /// `USER`: who serves it to themselves, for the audit.
    pub user: Option<String>,
}

impl ConsoleEnvironment {
    /// Reads it.
    pub fn read(lookup: Lookup) -> Result<Self, EnvironmentError> {
        let port = match lookup(CONSOLE_PORT) {
            None => 0,
            Some(value) => value
                .parse()
                .map_err(|_| EnvironmentError::wrong(CONSOLE_PORT, &value, "a port, 0 to 65535"))?,
        };
        Ok(Self { in_lambda: lookup(RUNTIME_API).is_some(), port, user: lookup(USER) })
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
mod tests;

//! `console doctor [--store NAME]`: looks at the configured stores and their
//! ERPs and prints what it found; the console's page shows the same.
//!
//! Secrets come from `secrets.local.json` of the configuration directory where
//! there is one, otherwise from Secrets Manager. Mappings that people added are
//! looked up where `LEDGER_TABLE` names a table; the seeds count in any case.

mod in_time;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use weir_domain::config::{ErpConfig, StoreConfig};
use weir_domain::doctor::{
    CheckupConnections, Doctor, ErpCheckup, Examined, Fact, Finding, Report, ShopCheckup, Unread, Verdict,
};
use weir_domain::id::StoreId;
use weir_domain::mapping::{MappingKey, Mappings};
use weir_domain::ports::{Clock, LedgerError, MappingStore, Note};
use weir_erp::ConnectError;
use weir_ledger::DynamoLedger;
use weir_runtime::aws;
use weir_runtime::clock::SystemClock;
use weir_runtime::config::{Configuration, Disabled, Problem};
use weir_runtime::connections::{Connected, Erps, Shops};
use weir_runtime::environment::{DocumentsEnvironment, LedgerEnvironment, Profile, process};
use weir_runtime::mappings::SeededMappings;
use weir_runtime::secrets::{SecretError, SecretStore, Secrets, WEBHOOK_SECRET_LENGTH};
use weir_woocommerce::client::{ApiKey, ShopClient, ShopClientError};

use crate::wire::Failure;
use in_time::{InTime, Readable, Until};

/// Secrets on somebody's own machine: name → what the secret holds.
const LOCAL_SECRETS: &str = "secrets.local.json";

/// The configured stores and ERPs, ready to be looked at.
pub struct Checkups {
    configuration: Arc<Configuration>,
    secrets: Arc<Secrets>,
    connections: Arc<dyn CheckupConnections>,
    mappings: Arc<dyn MappingStore>,
    patience: Option<Duration>,
}

impl Checkups {
    /// Nothing is sent before the first store is looked at.
    pub fn new(
        configuration: &Arc<Configuration>,
        secrets: Secrets,
        mappings: Arc<dyn MappingStore>,
        clock: &Arc<dyn Clock>,
        profile: Profile,
    ) -> Self {
        let secrets = Arc::new(secrets);
        let connections = Arc::new(connect(configuration, &secrets, clock, profile));
        Self { configuration: Arc::clone(configuration), secrets, connections, mappings, patience: None }
    }

    /// Takes so long at most for one store. Without it, as long as it takes.
    #[must_use]
    pub fn within(self, patience: Duration) -> Self {
        Self { patience: Some(patience), ..self }
    }

    /// Asks others than the configured ones.
    #[must_use]
    pub fn over(self, connections: Arc<dyn CheckupConnections>) -> Self {
        Self { connections, ..self }
    }

    /// Looks at a store and its ERPs: some dozens of requests, one after the
    /// other. An error is a sentence for people.
    pub async fn of_store(&self, store: &StoreId) -> Result<Report, String> {
        let peers = Arc::new(InTime::new(Arc::clone(&self.connections), self.patience));
        let mappings = Arc::new(Readable {
            mappings: Arc::clone(&self.mappings),
            seeds: self.configuration.seeds.get(store).cloned().unwrap_or_default(),
            until: peers.until,
            trouble: Mutex::default(),
        });
        let doctor = Doctor { connections: peers.clone(), mappings: mappings.clone() };
        let mut report = match self.configuration.stores.get(store) {
            None => return Err(format!("there is no stores/{store}.json")),
            Some(Ok(config)) => {
                let examined = Examined {
                    store: config,
                    erps: self.erps_of(config),
                    strong_secret: self.strong_secret(config, peers.until).await,
                };
                let report = doctor.examine(&examined).await;
                report.map_err(|error| format!("The mappings of {store} cannot be had: {error}"))?
            }
            Some(Err(disabled)) => self.of_disabled(store, disabled, &doctor).await,
        };
        report.between.extend(mappings.finding());
        peers.say_what_is_missing(&mut report);
        Ok(report)
    }

    /// Whose ERPs a wrong document means is not known: all that work.
    async fn of_disabled(&self, store: &StoreId, disabled: &Disabled, doctor: &Doctor) -> Report {
        let problem = |problem: &Problem| {
            Finding {
            check: "configuration",
            verdict: Verdict::Bad,
            what: format!("The store is switched off. {problem}"),
            todo: "Put the document right, run `make check`, and deploy again. Its orders wait and are not lost."
                .to_owned(),
        }
        };
        let mut erps = Vec::new();
        for erp in self.configuration.erps.keys() {
            erps.push(doctor.examine_alone(erp).await);
        }
        let shop = disabled.0.iter().map(problem).collect();
        Report { store: store.clone(), shop, erps, between: Vec::new() }
    }

    /// Each once, in the order of their names.
    fn erps_of(&self, store: &StoreConfig) -> Vec<&ErpConfig> {
        let named = |erp: &&ErpConfig| store.entities.iter().any(|rule| rule.erp == erp.erp);
        self.configuration.erps.values().filter(named).collect()
    }

    async fn strong_secret(&self, store: &StoreConfig, until: Until) -> Fact<bool> {
        let secrets = until.wait(self.secrets.of_store(store)).await.ok_or(Unread::NotAsked)?;
        let secrets = secrets.map_err(|error| Unread::Failed(error.to_string()))?;
        let is_strong = |secret: &SecretString| {
            let secret = secret.expose_secret();
            secret.len() >= WEBHOOK_SECRET_LENGTH && secret.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        Ok(secrets.webhook_secrets().all(is_strong))
    }
}

fn connect(
    configuration: &Arc<Configuration>,
    secrets: &Arc<Secrets>,
    clock: &Arc<dyn Clock>,
    profile: Profile,
) -> Connected<dyn ShopCheckup, dyn ErpCheckup> {
    let (of_shops, of_erps) = (Arc::clone(clock), Arc::clone(clock));
    let shops = Shops::new(Arc::clone(configuration), Arc::clone(secrets), move |config, secrets| {
        let key = ApiKey {
            consumer_key: secrets.consumer_key.clone(),
            consumer_secret: secrets.consumer_secret.clone(),
        };
        let client = ShopClient::new(config, key, Arc::clone(&of_shops), profile.is_local())?;
        Ok::<Arc<dyn ShopCheckup>, ShopClientError>(Arc::new(client))
    });
    let erps = Erps::new(Arc::clone(configuration), Arc::clone(secrets), move |config, secrets| {
        let (key, clock) = (secrets.api_key.clone(), Arc::clone(&of_erps));
        let connected = weir_erp::connect_checkup(config, key, clock, profile.is_local())?;
        Ok::<Arc<dyn ErpCheckup>, ConnectError>(connected)
    });
    Connected { shops, erps }
}

/// The command. Exits with 1 where anything is bad, with 2 where it was called
/// wrongly.
pub async fn run(arguments: &[&str]) -> Result<ExitCode, Failure> {
    let Ok(asked) = asked(arguments) else {
        eprintln!("usage: console doctor [--store NAME]");
        return Ok(ExitCode::from(2));
    };
    let directory = DocumentsEnvironment::read(&process)?.directory;
    let profile = Profile::read(&process)?;
    let configuration = Arc::new(Configuration::load(&directory, profile)?);
    let stores: Vec<StoreId> = match asked {
        Some(store) => vec![store],
        None => configuration.stores.keys().cloned().collect(),
    };
    let mut text = problems(&configuration);
    let mut good = configuration.problems.is_empty() && !stores.is_empty();
    let checkups = from_environment(&configuration, &directory, profile).await?;
    for store in &stores {
        match checkups.of_store(store).await {
            Ok(report) => {
                good &= report.verdict() != Verdict::Bad;
                text += &render(&report);
            }
            Err(why) => {
                good = false;
                let _ = writeln!(text, "Store {store}\n    BAD   {why}\n");
            }
        }
    }
    if stores.is_empty() {
        text += "There is no store to look at: add stores/NAME.json.\n";
    }
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One store, or all of them.
fn asked(arguments: &[&str]) -> Result<Option<StoreId>, ()> {
    match arguments {
        [] => Ok(None),
        ["--store", name] => name.parse().map(Some).map_err(|_| ()),
        _ => Err(()),
    }
}

async fn from_environment(
    configuration: &Arc<Configuration>,
    directory: &Path,
    profile: Profile,
) -> Result<Checkups, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let secrets = match LocalSecrets::read(directory)? {
        Some(local) => Secrets::new(Arc::new(local), Arc::clone(&clock), profile),
        None => Secrets::in_aws(&aws::config().await, Arc::clone(&clock), profile),
    };
    let seeds = configuration.seeds.clone();
    let mappings: Arc<dyn MappingStore> = match LedgerEnvironment::read(&process) {
        Ok(LedgerEnvironment { table, .. }) => {
            let dynamo = aws_sdk_dynamodb::Client::new(&aws::config().await);
            Arc::new(SeededMappings::new(DynamoLedger::new(dynamo, table), seeds))
        }
        Err(_) => Arc::new(SeededMappings::new(NobodysMappings, seeds)),
    };
    Ok(Checkups::new(configuration, secrets, mappings, &clock, profile))
}

/// `secrets.local.json`: never deployed, and in no package.
pub struct LocalSecrets(BTreeMap<String, SecretString>);

impl LocalSecrets {
    /// `None` where there is no such file. An error says nothing of what is in
    /// it.
    pub fn read(directory: &Path) -> Result<Option<Self>, Failure> {
        let text = match std::fs::read_to_string(directory.join(LOCAL_SECRETS)) {
            Ok(text) => SecretString::from(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{LOCAL_SECRETS} cannot be read: {}", error.kind()).into()),
        };
        let parsed: Result<BTreeMap<String, Value>, _> = serde_json::from_str(text.expose_secret());
        let Ok(named) = parsed else {
            return Err(format!("{LOCAL_SECRETS} is not a JSON object of secret names").into());
        };
        // As Secrets Manager keeps them: the text of a JSON object.
        let kept = named.into_iter().map(|(name, value)| (name, SecretString::from(value.to_string())));
        Ok(Some(Self(kept.collect())))
    }
}

#[async_trait]
impl SecretStore for LocalSecrets {
    async fn fetch(&self, name: &str) -> Result<SecretString, SecretError> {
        self.0.get(name).cloned().ok_or_else(|| SecretError::Missing { name: name.to_owned() })
    }
}

/// Before there is a table, nobody has added a mapping.
struct NobodysMappings;

#[async_trait]
impl MappingStore for NobodysMappings {
    async fn mappings(&self, _: &StoreId, _: &[MappingKey]) -> Result<Mappings, LedgerError> {
        Ok(Mappings::new())
    }

    async fn set_mapping(
        &self,
        _: &StoreId,
        _: &MappingKey,
        _: &[String],
        _: &Note,
    ) -> Result<(), LedgerError> {
        Err(LedgerError::Unavailable("there is no table to add it to".to_owned()))
    }
}

/// What is wrong with the documents, which switches stores off.
fn problems(configuration: &Configuration) -> String {
    let mut text = String::new();
    for problem in &configuration.problems {
        let _ = writeln!(text, "    BAD   {problem}");
    }
    if text.is_empty() { text } else { format!("Configuration\n{text}\n") }
}

/// A report for people: what is bad stands out, and says what to do.
pub fn render(report: &Report) -> String {
    let mut text = format!("Store {}\n", report.store);
    let erps = report.erps.iter().map(|erp| (format!("ERP {}", erp.erp), &erp.findings));
    let shop = std::iter::once(("Shop".to_owned(), &report.shop));
    let between = std::iter::once(("Between them".to_owned(), &report.between));
    for (title, findings) in shop.chain(erps).chain(between) {
        let _ = writeln!(text, "  {title}");
        for finding in findings {
            text += &line(finding);
        }
    }
    let count = |verdict| report.findings().filter(|finding| finding.verdict == verdict).count();
    let (bad, warnings, good) = (count(Verdict::Bad), count(Verdict::Warning), count(Verdict::Good));
    let _ = writeln!(text, "  {bad} bad, {warnings} to look at, {good} good\n");
    text
}

fn line(finding: &Finding) -> String {
    let word = match finding.verdict {
        Verdict::Good => "good",
        Verdict::Warning => "LOOK",
        Verdict::Bad => "BAD",
    };
    let mut line = format!("    {word:<5} {}: {}\n", finding.check, finding.what);
    if !finding.todo.is_empty() {
        let _ = writeln!(line, "          → {}", finding.todo);
    }
    line
}

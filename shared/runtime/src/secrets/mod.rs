//! Secrets: fetched when first needed, kept for minutes, and kept on while
//! the secret store is down.

mod cache;
mod manager;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use aws_config::SdkConfig;
use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use weir_domain::config::{ConsoleConfig, ErpConfig, StockOwner, StoreConfig};
use weir_domain::outcome::CallError;
use weir_domain::ports::Clock;

use crate::aws;
use crate::environment::Profile;
use cache::Cache;
pub use manager::SecretsManager;

/// A fetched secret is used for so long before it is fetched again.
pub const KEPT_FOR: SignedDuration = SignedDuration::from_mins(5);
/// Signature mismatches make a store's secret be fetched at most this often:
/// forged deliveries must not become calls.
pub const REFRESHED_EVERY: SignedDuration = SignedDuration::from_mins(1);
/// After a failed fetch the next one waits for so long.
pub const RETRIED_AFTER: SignedDuration = SignedDuration::from_secs(10);
/// Characters of a webhook secret, at least.
pub const WEBHOOK_SECRET_LENGTH: usize = 32;
/// Characters of the console's cookie key, at least.
pub const COOKIE_KEY_LENGTH: usize = 64;

/// Where secrets are kept.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// The present text of a secret.
    async fn fetch(&self, name: &str) -> Result<SecretString, SecretError>;
}

/// Why a secret cannot be had. Says its name, never its contents.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is none of this name.
    #[error("there is no secret {name:?}: create it")]
    Missing {
        /// Its name.
        name: String,
    },
    /// The function's role may not read it.
    #[error(
        "the secret {name:?} may not be read: check its name against the stack's SecretPrefix, and the key it is encrypted with"
    )]
    Denied {
        /// Its name.
        name: String,
    },
    /// The secret store did not answer.
    #[error("the secret {name:?} cannot be fetched now: {why}")]
    Unavailable {
        /// Its name.
        name: String,
        /// In our words.
        why: String,
    },
    /// It was fetched and makes no sense.
    #[error("the secret {name:?} cannot be used: {problem}")]
    Unusable {
        /// Its name.
        name: String,
        /// What is wrong and what to do.
        problem: String,
    },
}

/// No secret, no call: certainly not done. One that is missing or wrong is
/// for the operators; a secret store that is down is for the next attempt.
impl From<SecretError> for CallError {
    fn from(error: SecretError) -> Self {
        match error {
            SecretError::Unavailable { .. } => Self::retry_soon(error.to_string()),
            _ => Self::blocked(error.to_string()),
        }
    }
}

/// What a store's secret holds.
#[derive(Debug, Deserialize)]
pub struct StoreSecrets {
    /// User name of the shop's REST API.
    pub consumer_key: SecretString,
    /// Password of the shop's REST API.
    pub consumer_secret: SecretString,
    /// What the shop signs its deliveries with.
    pub webhook_secret: SecretString,
    /// What it signed them with before a rotation that may not be over.
    #[serde(default)]
    pub webhook_secret_previous: Option<SecretString>,
}

impl StoreSecrets {
    /// What the shop may sign with now: during a rotation two.
    pub fn webhook_secrets(&self) -> impl Iterator<Item = &SecretString> {
        std::iter::once(&self.webhook_secret).chain(self.webhook_secret_previous.as_ref())
    }

    fn all(&self) -> impl Iterator<Item = &SecretString> {
        [&self.consumer_key, &self.consumer_secret].into_iter().chain(self.webhook_secrets())
    }
}

/// What an ERP's secret holds.
#[derive(Debug, Deserialize)]
pub struct ErpSecrets {
    /// The key of the connection's user.
    pub api_key: SecretString,
    /// What each source signs its events with (Standard Webhooks,
    /// `whsec_…`): one, or two during a rotation. Whoever verifies them says
    /// what is wrong with one; orders do not wait for that.
    #[serde(default)]
    pub event_secrets: BTreeMap<StockOwner, Vec<SecretString>>,
}

/// What the console's secret holds.
#[derive(Debug, Deserialize)]
pub struct ConsoleSecrets {
    /// Our name at the identity provider.
    pub client_id: String,
    /// Our password there.
    pub client_secret: SecretString,
    /// What sessions are sealed with: random characters. Another one signs
    /// everybody out.
    pub cookie_key: SecretString,
}

/// The secrets of the configured stores and ERPs, and of the console.
pub struct Secrets {
    store: Arc<dyn SecretStore>,
    clock: Arc<dyn Clock>,
    profile: Profile,
    stores: Cache<StoreSecrets>,
    erps: Cache<ErpSecrets>,
    console: Cache<ConsoleSecrets>,
}

impl Secrets {
    /// Those in AWS Secrets Manager. Fetches nothing yet.
    pub fn in_aws(config: &SdkConfig, clock: Arc<dyn Clock>, profile: Profile) -> Self {
        Self::new(Arc::new(SecretsManager::new(aws::secrets_manager(config))), clock, profile)
    }

    /// Fetches nothing yet.
    pub fn new(store: Arc<dyn SecretStore>, clock: Arc<dyn Clock>, profile: Profile) -> Self {
        let (stores, erps, console) = (Cache::default(), Cache::default(), Cache::default());
        Self { store, clock, profile, stores, erps, console }
    }

    /// A store's secrets, at most [`KEPT_FOR`] old unless the secret store
    /// fails.
    pub async fn of_store(&self, config: &StoreConfig) -> Result<Arc<StoreSecrets>, SecretError> {
        let name = &config.secret;
        self.stores.get(name, self.clock.now(), || self.fetch_store(name)).await
    }

    /// A store's secrets, fetched anew because a signature did not match the
    /// ones at hand. `None` if that happened within [`REFRESHED_EVERY`], or
    /// nothing newer can be had.
    pub async fn of_store_anew(&self, config: &StoreConfig) -> Option<Arc<StoreSecrets>> {
        let name = &config.secret;
        self.stores.refresh(name, self.clock.now(), || self.fetch_store(name)).await
    }

    /// An ERP's secrets, at most [`KEPT_FOR`] old unless the secret store
    /// fails.
    pub async fn of_erp(&self, config: &ErpConfig) -> Result<Arc<ErpSecrets>, SecretError> {
        let name = &config.secret;
        self.erps.get(name, self.clock.now(), || self.fetch_erp(name)).await
    }

    /// An ERP's secrets, fetched anew because a signature did not match the
    /// ones at hand, as [`of_store_anew`](Self::of_store_anew) does.
    pub async fn of_erp_anew(&self, config: &ErpConfig) -> Option<Arc<ErpSecrets>> {
        let name = &config.secret;
        self.erps.refresh(name, self.clock.now(), || self.fetch_erp(name)).await
    }

    /// The console's secrets, at most [`KEPT_FOR`] old unless the secret store
    /// fails.
    pub async fn of_console(&self, config: &ConsoleConfig) -> Result<Arc<ConsoleSecrets>, SecretError> {
        let name = &config.secret;
        self.console.get(name, self.clock.now(), || self.fetch_console(name)).await
    }

    async fn fetch_store(&self, name: &str) -> Result<StoreSecrets, SecretError> {
        const SHAPE: &str = "it must be a JSON object with consumer_key, consumer_secret and webhook_secret";
        let secrets: StoreSecrets = parse(name, &self.store.fetch(name).await?, SHAPE)?;
        if secrets.all().any(is_blank) {
            return Err(unusable(
                name,
                "nothing in it may be empty; leave webhook_secret_previous out where there is none",
            ));
        }
        if !secrets.webhook_secrets().all(is_strong) {
            if self.profile == Profile::Aws {
                return Err(unusable(name, STRENGTH));
            }
            tracing::warn!(
                secret.name = name,
                "the secret {name:?}: {STRENGTH}; accepted in the local profile only"
            );
        }
        Ok(secrets)
    }

    async fn fetch_erp(&self, name: &str) -> Result<ErpSecrets, SecretError> {
        const SHAPE: &str =
            "it must be a JSON object with api_key and, for events, event_secrets: source → list of secrets";
        let secrets: ErpSecrets = parse(name, &self.store.fetch(name).await?, SHAPE)?;
        if is_blank(&secrets.api_key) {
            return Err(unusable(name, "api_key must not be empty"));
        }
        Ok(secrets)
    }

    async fn fetch_console(&self, name: &str) -> Result<ConsoleSecrets, SecretError> {
        const SHAPE: &str = "it must be a JSON object with client_id, client_secret and cookie_key";
        let secrets: ConsoleSecrets = parse(name, &self.store.fetch(name).await?, SHAPE)?;
        if secrets.client_id.trim().is_empty() || is_blank(&secrets.client_secret) {
            return Err(unusable(name, "client_id and client_secret must not be empty"));
        }
        if !is_long(&secrets.cookie_key) {
            return Err(unusable(name, "cookie_key needs at least 64 random characters"));
        }
        Ok(secrets)
    }
}

const STRENGTH: &str = "a webhook secret needs at least 32 characters, all of A-Z, a-z and 0-9";

fn is_blank(secret: &SecretString) -> bool {
    secret.expose_secret().trim().is_empty()
}

/// Long, and not one character again and again: whoever can guess it can make
/// sessions.
fn is_long(secret: &SecretString) -> bool {
    let secret = secret.expose_secret();
    let different: std::collections::BTreeSet<char> = secret.chars().collect();
    secret.chars().count() >= COOKIE_KEY_LENGTH && different.len() >= 10
}

/// WooCommerce decodes HTML entities of a secret before it signs, so other
/// characters may not be what they seem.
fn is_strong(secret: &SecretString) -> bool {
    let secret = secret.expose_secret();
    secret.len() >= WEBHOOK_SECRET_LENGTH && secret.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The parser's own message is dropped: it can quote the secret.
fn parse<T: DeserializeOwned>(name: &str, text: &SecretString, shape: &str) -> Result<T, SecretError> {
    serde_json::from_str(text.expose_secret()).map_err(|_| unusable(name, shape))
}

fn unusable(name: &str, problem: &str) -> SecretError {
    SecretError::Unusable { name: name.to_owned(), problem: problem.to_owned() }
}

#[cfg(test)]
mod tests;

//! Who may come in, and by which door.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::HeaderMap;
use cookie::Key;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use weir_domain::config::{ConsoleConfig, ConsoleRoles};
use weir_domain::ports::Clock;
use weir_runtime::secrets::{ConsoleSecrets, SecretError, Secrets};

use crate::Problem;
use crate::local::Local;
use crate::seal::{Kind, Scheme};
use crate::session::{Role, Session};
use crate::sign_in::Provider;

/// The one door that is open.
pub enum Auth {
    /// None: why, and what to do, for the log. Strangers find nothing here.
    NotConfigured(String),
    /// An identity provider.
    OpenId(Box<OpenId>),
    /// The person whose machine this is.
    Local(Local),
}

/// Sign-in by an identity provider.
pub struct OpenId {
    pub(crate) config: Arc<ConsoleConfig>,
    pub(crate) secrets: Secrets,
    pub(crate) provider: Provider,
    pub(crate) clock: Arc<dyn Clock>,
}

/// What a session cookie holds.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Sealed {
    pub(crate) who: String,
    /// The values that give a role: whether they still do is the
    /// configuration's word at each request.
    pub(crate) claims: BTreeSet<String>,
    /// Another provider's people are not this one's.
    pub(crate) issuer: String,
    pub(crate) csrf: String,
    pub(crate) expires_at: Timestamp,
}

impl OpenId {
    /// Nothing is fetched before somebody comes. `local` allows plain http to
    /// loopback.
    pub fn new(
        config: Arc<ConsoleConfig>,
        secrets: Secrets,
        clock: Arc<dyn Clock>,
        local: bool,
    ) -> Result<Self, weir_http::BuildError> {
        let provider = Provider::new(&config, Arc::clone(&clock), local)?;
        Ok(Self { config, secrets, provider, clock })
    }

    pub(crate) fn scheme(&self) -> Scheme {
        if self.config.url.scheme() == "https" { Scheme::Https } else { Scheme::Loopback }
    }

    /// The console's secrets, and the key of its cookies.
    pub(crate) async fn keys(&self) -> Result<(Arc<ConsoleSecrets>, Key), SecretError> {
        let secrets = self.secrets.of_console(&self.config).await?;
        let key = Key::derive_from(secrets.cookie_key.expose_secret().as_bytes());
        Ok((secrets, key))
    }

    async fn session(&self, headers: &HeaderMap) -> Result<Option<Session>, Problem> {
        let (_, key) = self.keys().await.map_err(|error| {
            tracing::error!(%error, "the console's secret cannot be had");
            Problem::unavailable("The console's secret cannot be had now: its log says why.")
        })?;
        let sealed: Option<Sealed> = self.scheme().open(&key, Kind::Session, headers);
        Ok(sealed.and_then(|sealed| self.still_good(sealed)))
    }

    fn still_good(&self, sealed: Sealed) -> Option<Session> {
        let good = self.clock.now() < sealed.expires_at && sealed.issuer == self.config.issuer;
        let role = role(&self.config.roles, &sealed.claims)?;
        good.then_some(Session { who: sealed.who, role, csrf: sealed.csrf, expires_at: sealed.expires_at })
    }
}

/// What the values of the claim allow: the most of it.
pub(crate) fn role(roles: &ConsoleRoles, claims: &BTreeSet<String>) -> Option<Role> {
    let any = |of: &BTreeSet<String>| !of.is_disjoint(claims);
    match (any(&roles.act), any(&roles.read)) {
        (true, _) => Some(Role::Act),
        (false, true) => Some(Role::Read),
        (false, false) => None,
    }
}

impl Auth {
    /// Who is asking; `None` if nobody whom we know.
    pub(crate) async fn session(&self, headers: &HeaderMap) -> Result<Option<Session>, Problem> {
        match self {
            Self::NotConfigured(_) => Ok(None),
            Self::OpenId(openid) => openid.session(headers).await,
            Self::Local(local) => Ok(local.session(headers)),
        }
    }

    /// Where requests that change something have to come from.
    pub(crate) fn origins(&self) -> Vec<String> {
        match self {
            Self::NotConfigured(_) => Vec::new(),
            Self::OpenId(openid) => vec![openid.config.url.origin().ascii_serialization()],
            Self::Local(local) => local.origins(),
        }
    }

    /// Whether browsers may be told to come by https for ever.
    pub(crate) fn is_https(&self) -> bool {
        matches!(self, Self::OpenId(openid) if openid.scheme() == Scheme::Https)
    }
}

//! The identity provider: what it says of itself and its keys, kept for
//! minutes, and the two steps of the flow.

use std::sync::Arc;

use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};
use weir_domain::config::ConsoleConfig;
use weir_domain::ports::Clock;
use weir_http::{BuildError, Guard};
use weir_runtime::secrets::ConsoleSecrets;

use super::description::{self, Description};
use super::http::{Answer, Http};
use super::keys::{Keys, Published};
use super::token::{Doubt, Expected, verified};
use super::{Begun, Person};
use crate::local::random;

/// What the provider says of itself is used for so long …
const KEPT_FOR: SignedDuration = SignedDuration::from_mins(10);
/// … and its keys are asked for again at most this often where one is not
/// known.
const REFRESHED_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Why nobody can sign in. Texts are ours: an answer may quote a token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInError {
    /// The provider could not be asked, or made no sense.
    #[error("the identity provider: {0}")]
    Provider(&'static str),
    /// What came back does not hold.
    #[error("refused: {0}")]
    Refused(&'static str),
}

/// Where a person is sent, and what has to come back.
pub(crate) struct Asked {
    pub(crate) url: Url,
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
}

/// The identity provider.
pub(crate) struct Provider {
    http: Http,
    clock: Arc<dyn Clock>,
    description: Kept<Description>,
    keys: Kept<Keys>,
}

impl Provider {
    pub(crate) fn new(
        config: &ConsoleConfig,
        clock: Arc<dyn Clock>,
        local: bool,
    ) -> Result<Self, BuildError> {
        let guard = Guard::new(&config.allow_private, local).unwrap_or_else(|range| {
            tracing::error!(range, "console.json: allow_private names no CIDR range: it opens nothing");
            Guard { allow_private: Vec::new(), allow_loopback: local }
        });
        let (description, keys) = (Kept::default(), Kept::default());
        Ok(Self { http: Http::new(guard)?, clock, description, keys })
    }

    /// Where to send somebody who wants to sign in.
    pub(crate) async fn ask(
        &self,
        config: &ConsoleConfig,
        secrets: &ConsoleSecrets,
    ) -> Result<Asked, SignInError> {
        let description = self.description(config).await?;
        let (state, nonce, verifier) = (random(), random(), random());
        let others = config.scopes.iter().map(String::as_str).filter(|scope| *scope != "openid");
        let scopes: Vec<&str> = std::iter::once("openid").chain(others).collect();
        let mut url = description.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &secrets.client_id)
            .append_pair("redirect_uri", way_back(config)?.as_str())
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())))
            .append_pair("code_challenge_method", "S256");
        Ok(Asked { url, state, nonce, verifier })
    }

    /// Exchanges a code for who somebody is.
    pub(crate) async fn redeem(
        &self,
        config: &ConsoleConfig,
        secrets: &ConsoleSecrets,
        code: &str,
        begun: &Begun,
    ) -> Result<Person, SignInError> {
        let token = self.token(config, secrets, code, &begun.verifier).await?;
        let expected = Expected {
            issuer: &config.issuer,
            client_id: &secrets.client_id,
            nonce: &begun.nonce,
            now: self.clock.now(),
        };
        let keys = self.keys(config, KEPT_FOR).await?;
        let claims = match verified(&token, &keys, &expected) {
            Err(Doubt::Key(_)) => {
                let renewed = self.keys(config, REFRESHED_EVERY).await?;
                verified(&token, &renewed, &expected)
            }
            first => first,
        };
        let claims = claims.map_err(|(Doubt::Key(why) | Doubt::Refused(why))| SignInError::Refused(why))?;
        Ok(Person::of(&claims, &config.roles.claim))
    }

    /// The ID token for a code.
    async fn token(
        &self,
        config: &ConsoleConfig,
        secrets: &ConsoleSecrets,
        code: &str,
        verifier: &str,
    ) -> Result<String, SignInError> {
        let description = self.description(config).await?;
        let (headers, form) = request(config, secrets, code, verifier, description.takes_basic())?;
        let answer = self.http.ask(Method::POST, &description.token_endpoint, headers, form).await;
        id_token(&answer.map_err(|_| SignInError::Provider("it does not answer to a code"))?)
    }

    /// What the provider says of itself.
    async fn description(&self, config: &ConsoleConfig) -> Result<Arc<Description>, SignInError> {
        let fetched = async {
            let address = description::address(&config.issuer).ok_or("its name is no URL")?;
            let found: Description =
                self.http.get(&address).await.map_err(|_| "it does not say what it is")?;
            found.check(&config.issuer)?;
            Ok(found)
        };
        self.description.at_most(KEPT_FOR, self.clock.now(), fetched).await.map_err(SignInError::Provider)
    }

    /// Its keys, at most so old.
    async fn keys(&self, config: &ConsoleConfig, at_most: SignedDuration) -> Result<Arc<Keys>, SignInError> {
        let description = self.description(config).await?;
        let fetched = async {
            let found: Published =
                self.http.get(&description.jwks_uri).await.map_err(|_| "it does not show its keys")?;
            Ok(Keys::of(found))
        };
        self.keys.at_most(at_most, self.clock.now(), fetched).await.map_err(SignInError::Provider)
    }
}

/// Something that is fetched now and then.
struct Kept<T>(Mutex<Option<(Timestamp, Arc<T>)>>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Kept<T> {
    /// What is there, if it is younger than `age`, or else what `fetched`
    /// brings: once, however many ask.
    async fn at_most<E>(
        &self,
        age: SignedDuration,
        now: Timestamp,
        fetched: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, E> {
        let mut kept = self.0.lock().await;
        let fresh = |at: Timestamp| at <= now && now.duration_since(at) < age;
        if let Some((_, value)) = kept.as_ref().filter(|(at, _)| fresh(*at)) {
            return Ok(Arc::clone(value));
        }
        let value = Arc::new(fetched.await?);
        *kept = Some((now, Arc::clone(&value)));
        Ok(value)
    }
}

/// Where the provider sends people back to.
fn way_back(config: &ConsoleConfig) -> Result<Url, SignInError> {
    let back = config.url.join("console/callback");
    back.map_err(|_| SignInError::Provider("the console's own address is no URL"))
}

/// What is sent for a token: our secret in a header if it
/// takes that, else in the form.
fn request(
    config: &ConsoleConfig,
    secrets: &ConsoleSecrets,
    code: &str,
    verifier: &str,
    takes_basic: bool,
) -> Result<(HeaderMap, String), SignInError> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", way_back(config)?.as_str())
        .append_pair("code_verifier", verifier);
    if takes_basic {
        headers.insert(AUTHORIZATION, basic(secrets)?);
    } else {
        form.append_pair("client_id", &secrets.client_id)
            .append_pair("client_secret", secrets.client_secret.expose_secret());
    }
    Ok((headers, form.finish()))
}

/// Our name and secret, each form-encoded before they are joined (RFC 6749,
/// 2.3.1).
fn basic(secrets: &ConsoleSecrets) -> Result<HeaderValue, SignInError> {
    let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let (id, secret) = (encoded(&secrets.client_id), encoded(secrets.client_secret.expose_secret()));
    let text = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let mut value =
        HeaderValue::try_from(text).map_err(|_| SignInError::Provider("our secret fits no header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What came for the code.
fn id_token(answer: &Answer) -> Result<String, SignInError> {
    #[derive(Deserialize)]
    struct Given {
        id_token: Option<String>,
    }
    #[derive(Deserialize)]
    struct Declined {
        error: String,
    }
    if answer.status.is_success() {
        let given: Given =
            answer.json().map_err(|_| SignInError::Provider("its answer to a code makes no sense"))?;
        return given.id_token.ok_or(SignInError::Refused("it sent no ID token"));
    }
    let declined: Option<Declined> = answer.json().ok();
    let ours = ["invalid_client", "unauthorized_client"];
    let ours = declined.is_some_and(|it| ours.contains(&it.error.as_str()));
    if ours || answer.status == StatusCode::UNAUTHORIZED {
        Err(SignInError::Provider("it does not take our client_id and client_secret"))
    } else if answer.status.is_client_error() && answer.status != StatusCode::TOO_MANY_REQUESTS {
        Err(SignInError::Refused("it took no such code"))
    } else {
        Err(SignInError::Provider("it gives no tokens now"))
    }
}

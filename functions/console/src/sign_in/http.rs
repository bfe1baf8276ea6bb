//! Requests to the identity provider, by our own client: no redirects, only
//! where the guard lets it, and of no answer more than is sensible.

use std::time::Duration;

use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::de::DeserializeOwned;
use url::Url;
use weir_http::{BuildError, Client, Guard, classify_transport, client, read_capped};

/// One request to the provider.
const TIMEOUT: Duration = Duration::from_secs(8);
/// The longest answer that is read.
const LONGEST_BYTES: usize = 512 * 1024;

/// No answer of the provider that makes sense. The log says more.
#[derive(Debug, thiserror::Error)]
#[error("no answer")]
pub(super) struct NoAnswer;

/// What the provider answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    body: Vec<u8>,
}

impl Answer {
    /// Its body as JSON. What is wrong with it is not said: it may hold a
    /// token.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, NoAnswer> {
        serde_json::from_slice(&self.body).map_err(|_| NoAnswer)
    }
}

/// Our own client.
pub(super) struct Http(Client);

impl Http {
    pub(super) fn new(guard: Guard) -> Result<Self, BuildError> {
        Ok(Self(client(guard, TIMEOUT)?))
    }

    /// A document that the provider publishes.
    pub(super) async fn get<T: DeserializeOwned>(&self, url: &Url) -> Result<T, NoAnswer> {
        let answer = self.ask(Method::GET, url, HeaderMap::new(), String::new()).await?;
        if answer.status != StatusCode::OK {
            let (host, status) = (url.host_str(), answer.status.as_u16());
            tracing::warn!(host, status, "the identity provider does not say what it should");
            return Err(NoAnswer);
        }
        answer.json()
    }

    /// One request, whatever its answer.
    pub(super) async fn ask(
        &self,
        method: Method,
        url: &Url,
        mut headers: HeaderMap,
        body: String,
    ) -> Result<Answer, NoAnswer> {
        let host = url.host_str();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let begun = self.0.request(method, url.clone()).map_err(|error| {
            tracing::error!(host, %error, "the identity provider must not be asked there");
            NoAnswer
        })?;
        let answer = begun.headers(headers).body(body).send().await.map_err(|error| {
            tracing::warn!(host, error = %classify_transport(&error), "the identity provider does not answer");
            NoAnswer
        })?;
        let status = answer.status();
        let body = read_capped(answer, LONGEST_BYTES).await.map_err(|error| {
            tracing::warn!(host, %error, "the identity provider's answer cannot be read");
            NoAnswer
        })?;
        Ok(Answer { status, body })
    }
}

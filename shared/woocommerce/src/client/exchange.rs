//! One request and what came back, whatever it means.

use reqwest::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use url::Url;
use weir_http::{ReadError, TransportFailure, classify_transport, read_capped};

use super::{ShopClient, oauth};

/// An answer as it came.
pub(super) struct Exchanged {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// `None`: longer than was wanted.
    pub(super) body: Option<Vec<u8>>,
}

impl ShopClient {
    /// One attempt. `json` is the body of a write; at most `max_bytes` of the
    /// answer are read.
    pub(super) async fn exchange(
        &self,
        method: Method,
        url: Url,
        json: Option<Vec<u8>>,
        max_bytes: usize,
    ) -> Result<Exchanged, TransportFailure> {
        let url = self.signed(&method, url);
        let request = self.http.request(method, url).map_err(TransportFailure::Forbidden)?;
        let request = request
            .basic_auth(self.key.consumer_key.expose_secret(), Some(self.key.consumer_secret.expose_secret()))
            .header(ACCEPT, "application/json")
            .header(CACHE_CONTROL, "no-cache");
        let request = match json {
            // Under another type the shop ignores the body and answers 200.
            Some(json) => request.header(CONTENT_TYPE, "application/json").body(json),
            None => request,
        };
        let response = request.send().await.map_err(|error| classify_transport(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = match read_capped(response, max_bytes).await {
            Ok(body) => Some(body),
            Err(ReadError::TooLarge { .. }) => None,
            Err(ReadError::Transport(failure)) => return Err(failure),
        };
        Ok(Exchanged { status, headers, body })
    }

    fn signed(&self, method: &Method, url: Url) -> Url {
        if url.scheme() == "https" {
            return url;
        }
        oauth::sign(&self.key, &self.nonces, self.clock.now(), method.as_str(), url)
    }
}

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use url::Url;

use crate::guard::{Forbidden, Guard, GuardedResolver};

/// A connection that takes longer to open is not going to be a good one.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Below what load balancers keep: a connection they dropped is not reused.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// The client could not be built: TLS roots missing, for instance.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client: {0}")]
pub struct BuildError(String);

/// A client that reaches what its [`Guard`] allows. It follows no redirect,
/// uses no proxy, repeats nothing on its own, and verifies TLS always.
#[derive(Debug, Clone)]
pub struct Client {
    inner: reqwest::Client,
    guard: Arc<Guard>,
}

/// Builds a client. `timeout` bounds one exchange from connecting to the last
/// byte of the answer.
pub fn client(guard: Guard, timeout: Duration) -> Result<Client, BuildError> {
    let guard = Arc::new(guard);
    let inner = reqwest::Client::builder()
        .user_agent(concat!("weir/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .no_proxy()
        .https_only(!guard.allow_loopback)
        .tls_version_min(reqwest::tls::Version::TLS_1_2)
        .dns_resolver(Arc::new(GuardedResolver(Arc::clone(&guard))))
        .connect_timeout(CONNECT_TIMEOUT.min(timeout))
        .pool_idle_timeout(IDLE_TIMEOUT)
        .timeout(timeout)
        .build()
        .map_err(|error| BuildError(error.without_url().to_string()))?;
    Ok(Client { inner, guard })
}

impl Client {
    /// Begins a request, if the URL is one that may be asked.
    pub fn request(&self, method: Method, url: Url) -> Result<RequestBuilder, Forbidden> {
        self.guard.check_url(&url)?;
        Ok(self.inner.request(method, url))
    }
}

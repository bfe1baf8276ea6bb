//! What the provider says of itself (OpenID Connect Discovery 1.0).

use serde::Deserialize;
use url::Url;

/// Where its things are.
#[derive(Debug, Deserialize)]
pub(super) struct Description {
    issuer: String,
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    pub(super) jwks_uri: Url,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// Where `issuer` describes itself; `None` if its name is no URL.
pub(super) fn address(issuer: &str) -> Option<Url> {
    format!("{}/.well-known/openid-configuration", issuer.strip_suffix('/').unwrap_or(issuer)).parse().ok()
}

impl Description {
    /// Refuses what another issuer says, and addresses that are less safe than
    /// the issuer's own.
    pub(super) fn check(&self, issuer: &str) -> Result<(), &'static str> {
        // To the letter: with a slash more it is another's tokens.
        if self.issuer != issuer {
            return Err("it calls itself otherwise than the configuration does");
        }
        let scheme = issuer.split(':').next();
        let safe = |url: &Url| url.scheme() == "https" || Some(url.scheme()) == scheme;
        if [&self.authorization_endpoint, &self.token_endpoint, &self.jwks_uri].into_iter().all(safe) {
            Ok(())
        } else {
            Err("it names an address that is not https")
        }
    }

    /// Whether it hears our secret as the standard's default, which holds where
    /// it says nothing.
    pub(super) fn takes_basic(&self) -> bool {
        let methods = self.token_endpoint_auth_methods_supported.as_ref();
        methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"))
    }
}

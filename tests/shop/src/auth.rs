//! Who is asking: API keys over what the shop believes to be TLS.

use crate::config::{ApiKey, Permissions};
use crate::error::{ApiError, ApiResult};
use crate::shop::Shop;
use crate::sign::basic_credentials;
use crate::wire::Request;

/// The asker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// No credentials, or none that count: unknown key, no TLS.
    Nobody,
    /// A key that may do what the method asks.
    Key,
}

/// Authenticates by Basic header or by `consumer_key`/`consumer_secret` in the
/// query. Without TLS credentials are ignored, not refused.
pub(crate) fn caller(shop: &Shop, request: &Request) -> ApiResult<Caller> {
    if !sees_tls(shop, request) {
        return Ok(Caller::Nobody);
    }
    let header = request.header("authorization").filter(|_| !shop.faults.strip_authorization);
    let given = header.and_then(basic_credentials).or_else(|| {
        let key = request.param("consumer_key")?;
        Some((key.to_owned(), request.param("consumer_secret")?.to_owned()))
    });
    let Some((key, secret)) = given else { return Ok(Caller::Nobody) };
    let Some(known) = shop.config.keys.iter().find(|k| k.key == key) else {
        return Ok(Caller::Nobody);
    };
    if known.secret != secret {
        return Err(refused("Consumer secret is invalid."));
    }
    check_permission(known, &request.method)?;
    Ok(Caller::Key)
}

fn sees_tls(shop: &Shop, request: &Request) -> bool {
    shop.config.tls_seen || request.header("x-forwarded-proto") == Some("https")
}

fn check_permission(key: &ApiKey, method: &str) -> ApiResult<()> {
    if method == "OPTIONS" {
        return Ok(());
    }
    let reads = matches!(method, "GET" | "HEAD");
    match (key.permissions, reads) {
        (Permissions::Read, false) => Err(refused("The API key provided does not have write permissions.")),
        (Permissions::Write, true) => Err(refused("The API key provided does not have read permissions.")),
        _ => Ok(()),
    }
}

fn refused(message: &str) -> ApiError {
    ApiError::new(401, "woocommerce_rest_authentication_error", message)
}

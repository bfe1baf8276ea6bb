use std::error::Error;

use crate::guard::Forbidden;

/// Why there is no answer, by what is known about the request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportFailure {
    /// The guard refused the address: nothing was sent, and nothing will be
    /// until somebody changes the configuration or the name.
    #[error("{0}")]
    Forbidden(Forbidden),
    /// No connection came about (refused, no such name, TLS failed):
    /// certainly nothing was sent.
    #[error("no connection")]
    Refused,
    /// It took too long; the peer may still be working on it.
    #[error("no answer in time")]
    Timeout,
    /// The connection broke, or the answer was not HTTP.
    #[error("the connection broke")]
    Other,
}

/// Reads a client error. Its text is dropped: it can quote the URL.
pub fn classify_transport(error: &reqwest::Error) -> TransportFailure {
    if let Some(forbidden) = forbidden(error) {
        TransportFailure::Forbidden(forbidden)
    } else if error.is_connect() {
        TransportFailure::Refused
    } else if error.is_timeout() {
        TransportFailure::Timeout
    } else {
        TransportFailure::Other
    }
}

/// The guard's refusal, where the resolver's error wraps one. "No address"
/// is an unknown name, and an outage of DNS rather than a decision.
fn forbidden(error: &reqwest::Error) -> Option<Forbidden> {
    let mut source = error.source();
    while let Some(error) = source {
        match error.downcast_ref::<Forbidden>() {
            Some(Forbidden::NoAddress) => return None,
            Some(forbidden) => return Some(forbidden.clone()),
            None => source = error.source(),
        }
    }
    None
}

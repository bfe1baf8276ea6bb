//! The console on somebody's own machine: whoever holds the AWS credentials
//! may act, and nobody else on the machine or in a browser may.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::HeaderMap;
use axum::http::header::HOST;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cookie::Key;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use weir_domain::ports::Clock;

use crate::seal::{Kind, Scheme};
use crate::session::{Role, Session};

/// After so long the person starts it again.
const LONGEST: SignedDuration = SignedDuration::from_hours(8);

/// One run on one machine. Its key is its own: a cookie of another run is
/// worth nothing.
pub struct Local {
    address: SocketAddr,
    who: String,
    key: Key,
    clock: Arc<dyn Clock>,
    /// What the address on the terminal carries; gone once it was used.
    token: Mutex<Option<String>>,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    csrf: String,
    expires_at: Timestamp,
}

impl Local {
    /// Serves `user` at `address`, which is on loopback.
    pub fn new(address: SocketAddr, user: Option<&str>, clock: Arc<dyn Clock>) -> Self {
        Self {
            address,
            who: format!("{} (local)", user.unwrap_or("somebody")),
            key: Key::generate(),
            clock,
            token: Mutex::new(Some(random())),
        }
    }

    /// The address to be opened, once.
    pub fn invitation(&self) -> Option<String> {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(format!("http://{}/console/?token={token}", self.address))
    }

    /// Its own names: it is never called anything else.
    fn hosts(&self) -> [String; 2] {
        ["127.0.0.1", "localhost"].map(|name| format!("{name}:{}", self.address.port()))
    }

    pub(crate) fn origins(&self) -> Vec<String> {
        self.hosts().map(|host| format!("http://{host}")).into()
    }

    /// Whether a request was meant for us. Another name that leads here is a
    /// stranger's page that had its name changed after it was loaded.
    pub(crate) fn is_meant(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        host.is_some_and(|host| self.hosts().iter().any(|name| name == host))
    }

    /// Exchanges the token for a session: `Set-Cookie`. Once.
    pub(crate) fn exchange(&self, token: &str) -> Option<String> {
        let mut expected = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        let right = expected.as_ref().is_some_and(|it| bool::from(it.as_bytes().ct_eq(token.as_bytes())));
        if !right {
            return None;
        }
        *expected = None;
        let sealed = Sealed { csrf: random(), expires_at: self.clock.now() + LONGEST };
        Scheme::Loopback.seal(&self.key, Kind::Session, &sealed)
    }

    pub(crate) fn session(&self, headers: &HeaderMap) -> Option<Session> {
        let sealed: Sealed = Scheme::Loopback.open(&self.key, Kind::Session, headers)?;
        let good = self.clock.now() < sealed.expires_at;
        good.then(|| Session {
            who: self.who.clone(),
            role: Role::Act,
            csrf: sealed.csrf,
            expires_at: sealed.expires_at,
        })
    }
}

/// 256 random bits as text: letters, digits, `-` and `_`.
#[expect(clippy::expect_used, reason = "without random bits nothing that follows is safe")]
pub(crate) fn random() -> String {
    let mut bits = [0; 32];
    aws_lc_rs::rand::fill(&mut bits).expect("the system has random bits");
    URL_SAFE_NO_PAD.encode(bits)
}

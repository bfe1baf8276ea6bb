//! Cookies that only we can read or make: encrypted and authenticated, each
//! under its own name, so that one cannot stand for another.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use cookie::{Cookie, CookieJar, Key, SameSite};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The names and attributes of our cookies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// `__Host-`: the browser takes them over https only, and from this very
    /// host.
    Https,
    /// Plain http to loopback, where browsers take no such name.
    Loopback,
}

/// Which cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Who is signed in.
    Session,
    /// What a sign-in that is under way has to come back with.
    SignIn,
}

impl Scheme {
    fn name(self, kind: Kind) -> &'static str {
        match (self, kind) {
            (Self::Https, Kind::Session) => "__Host-weir",
            (Self::Https, Kind::SignIn) => "__Host-weir-sign-in",
            (Self::Loopback, Kind::Session) => "weir",
            (Self::Loopback, Kind::SignIn) => "weir-sign-in",
        }
    }

    /// `Set-Cookie` with a sealed value. The cookie lives as long as the
    /// browser does: how long it counts is inside.
    pub(crate) fn seal(self, key: &Key, kind: Kind, value: &impl Serialize) -> Option<String> {
        let mut jar = CookieJar::new();
        jar.private_mut(key).add(self.cookie(kind, serde_json::to_string(value).ok()?));
        Some(jar.get(self.name(kind))?.to_string())
    }

    /// What a request's cookie holds, if it is ours.
    pub(crate) fn open<T: DeserializeOwned>(self, key: &Key, kind: Kind, headers: &HeaderMap) -> Option<T> {
        let mut jar = CookieJar::new();
        for header in headers.get_all(COOKIE) {
            let cookies = Cookie::split_parse(header.to_str().ok()?.to_owned());
            cookies.filter_map(Result::ok).for_each(|cookie| jar.add_original(cookie));
        }
        let opened = jar.private(key).get(self.name(kind))?;
        serde_json::from_str(opened.value()).ok()
    }

    /// `Set-Cookie` that takes it back.
    pub(crate) fn clear(self, kind: Kind) -> String {
        format!("{}; Max-Age=0", self.cookie(kind, String::new()))
    }

    fn cookie(self, kind: Kind, value: String) -> Cookie<'static> {
        Cookie::build((self.name(kind), value))
            .path("/")
            .http_only(true)
            .secure(self == Self::Https)
            .same_site(SameSite::Lax)
            .build()
    }
}

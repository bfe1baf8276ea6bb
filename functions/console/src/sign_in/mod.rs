//! Sign-in by OpenID Connect: authorization code flow with PKCE, state and
//! nonce. What has to come back is in a sealed cookie of its own, so that the
//! function keeps nothing.

mod claims;
mod description;
mod http;
mod keys;
mod provider;
mod token;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::Problem;
use crate::auth::{Auth, OpenId, Sealed, role};
use crate::gate::refused;
use crate::local::random;
use crate::pages::layout::bare_page;
use crate::seal::{Kind, Scheme};
use crate::session::Reader;
use crate::state::AppState;

pub(crate) use claims::Person;
pub(crate) use provider::{Provider, SignInError};

/// A sign-in that takes longer begins again.
const LONGEST: SignedDuration = SignedDuration::from_mins(10);
/// Where people begin.
const HOME: &str = "/console";

/// Signing in and out.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/console/sign-in", get(sign_in))
        .route("/console/callback", get(callback))
        .route("/console/sign-out", post(sign_out))
        .route("/console/signed-out", get(signed_out))
}

/// What has to come back.
#[derive(Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
    to: String,
    until: Timestamp,
}

#[derive(Deserialize)]
struct To {
    #[serde(default)]
    to: String,
}

async fn sign_in(State(app): State<AppState>, Query(To { to }): Query<To>) -> Response {
    match &app.auth {
        Auth::OpenId(openid) => begin(openid, &to).await.unwrap_or_else(told),
        // The gate has turned them away.
        Auth::NotConfigured(_) => StatusCode::NOT_FOUND.into_response(),
        Auth::Local(_) => redirect(HOME, []),
    }
}

async fn begin(openid: &OpenId, to: &str) -> Result<Response, Problem> {
    let (secrets, key) = openid.keys().await.map_err(|error| unavailable(&error))?;
    let asked = openid.provider.ask(&openid.config, &secrets).await.map_err(|error| unavailable(&error))?;
    let begun = Begun {
        state: asked.state,
        nonce: asked.nonce,
        verifier: asked.verifier,
        to: local_path(to).to_owned(),
        until: openid.clock.now() + LONGEST,
    };
    let cookie = openid.scheme().seal(&key, Kind::SignIn, &begun);
    Ok(redirect(asked.url.as_str(), cookie))
}

/// Where somebody may be sent after signing in: a page of ours, and nothing
/// that a browser might take for another host.
fn local_path(to: &str) -> &str {
    let ours = to == "/console" || to.starts_with("/console/") || to.starts_with("/console?");
    let plain = to.len() <= 500 && to.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let loops = ["/console/sign-in", "/console/callback", "/console/sign-out", "/console/signed-out"];
    if ours && plain && !to.contains("//") && !loops.iter().any(|path| to.starts_with(path)) {
        to
    } else {
        HOME
    }
}

#[derive(Deserialize)]
struct Returned {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    error: Option<String>,
}

async fn callback(
    State(app): State<AppState>,
    headers: HeaderMap,
    Query(returned): Query<Returned>,
) -> Response {
    let Auth::OpenId(openid) = &app.auth else { return redirect(HOME, []) };
    let mut response = finish(openid, &headers, &returned).await.unwrap_or_else(told);
    // It has done its work, whatever came of it.
    if let Ok(cleared) = openid.scheme().clear(Kind::SignIn).parse() {
        response.headers_mut().append(SET_COOKIE, cleared);
    }
    response
}

async fn finish(openid: &OpenId, headers: &HeaderMap, returned: &Returned) -> Result<Response, Problem> {
    let again = || Problem::bad_request("This sign-in is over, or was begun elsewhere. Sign in again.");
    let (secrets, key) = openid.keys().await.map_err(|error| unavailable(&error))?;
    let begun: Begun = openid.scheme().open(&key, Kind::SignIn, headers).ok_or_else(again)?;
    let same = bool::from(begun.state.as_bytes().ct_eq(returned.state.as_bytes()));
    if !same || openid.clock.now() >= begun.until {
        return Err(again());
    }
    if returned.error.is_some() {
        return Err(Problem::forbidden("The identity provider did not let you in."));
    }
    let person = openid.provider.redeem(&openid.config, &secrets, &returned.code, &begun).await;
    let person = person.map_err(|error| match error {
        SignInError::Refused(why) => {
            tracing::warn!(why, "a sign-in was refused");
            Problem::forbidden("The identity provider's answer does not hold. Sign in again.")
        }
        error @ SignInError::Provider(_) => unavailable(&error),
    })?;
    let Some(role) = role(&openid.config.roles, &person.claims) else {
        tracing::warn!("somebody without a role of the console signed in");
        return Err(Problem::forbidden(
            "The identity provider knows you, and the console has no role for you: ask for one.",
        ));
    };
    tracing::info!(?role, "somebody signed in");
    let sealed = Sealed {
        who: person.who,
        claims: known(openid, person.claims),
        issuer: openid.config.issuer.clone(),
        csrf: random(),
        expires_at: openid.clock.now() + openid.config.session(),
    };
    Ok(redirect(&begun.to, openid.scheme().seal(&key, Kind::Session, &sealed)))
}

/// Only what gives a role is kept: a person may be in hundreds of groups, and
/// a cookie holds 4 KB.
fn known(openid: &OpenId, claims: std::collections::BTreeSet<String>) -> std::collections::BTreeSet<String> {
    let roles = &openid.config.roles;
    claims.into_iter().filter(|value| roles.read.contains(value) || roles.act.contains(value)).collect()
}

async fn sign_out(State(app): State<AppState>, _: Reader) -> Response {
    let scheme = match &app.auth {
        Auth::OpenId(openid) => openid.scheme(),
        Auth::Local(_) | Auth::NotConfigured(_) => Scheme::Loopback,
    };
    redirect("/console/signed-out", Some(scheme.clear(Kind::Session)))
}

async fn signed_out() -> Markup {
    let content = html! {
        h1 { "You are signed out" }
        p.lead { "Of the console; your identity provider may still know you." }
        p { a.button href="/console" { "Sign in again" } }
    };
    bare_page("Signed out", &content)
}

fn redirect(to: &str, cookies: impl IntoIterator<Item = String>) -> Response {
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, to.to_owned())]).into_response();
    for cookie in cookies.into_iter().filter_map(|cookie| cookie.parse().ok()) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

fn unavailable(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "nobody can sign in");
    Problem::unavailable("Signing in does not work now: the console's log says why.")
}

fn told(problem: Problem) -> Response {
    refused(HOME, problem)
}

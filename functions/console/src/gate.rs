//! The one way in. Every request comes through here before any handler: what
//! is not on the short list of public addresses needs a session, and what is
//! not a read has to come from a page of ours and carry its token.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION, ORIGIN, REFRESH, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use maud::html;
use subtle::ConstantTimeEq;
use tracing::Instrument;
use url::form_urlencoded;

use crate::Problem;
use crate::auth::Auth;
use crate::local::{Local, random};
use crate::pages::errors;
use crate::pages::layout::bare_page;
use crate::session::{Admitted, Session};
use crate::state::AppState;

/// What anybody may ask for; everything else needs a session.
const PUBLIC: [&str; 3] = ["/console/sign-in", "/console/callback", "/console/signed-out"];
/// The same, for the files in it, which are inside the binary.
const PUBLIC_FOLDER: &str = "/console/assets/";
/// The API's addresses: answers are JSON, and nobody is redirected.
const API: &str = "/console/api/";
/// The longest request that is read.
const LONGEST_BYTES: usize = 64 * 1024;
/// The header and the field of a session's token.
const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");
const TOKEN_FIELD: &str = "csrf";
/// What browsers say of where a request comes from.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Lets a request through, or answers it.
pub async fn gate(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    // Strangers learn nothing; the log says why, once, at the start.
    if matches!(app.auth, Auth::NotConfigured(_)) {
        return StatusCode::NOT_FOUND.into_response();
    }
    if let Auth::Local(local) = &app.auth {
        if !local.is_meant(request.headers()) {
            return refused(&path, Problem::forbidden("This address is not the console's."));
        }
        if let Some(answer) = exchanged(local, &request) {
            return answer;
        }
    }
    if is_public(request.method(), &path) {
        return next.run(request).await;
    }
    let asked = Asked::of(&request);
    match admitted(&app, request).await {
        Ok((request, correlation)) => {
            let span = tracing::info_span!("request", correlation);
            next.run(request).instrument(span).await
        }
        Err(Stopped::SignedOut) => signed_out(&app.auth, &path, &asked),
        Err(Stopped::Problem(problem)) => refused(&path, problem),
    }
}

enum Stopped {
    SignedOut,
    Problem(Problem),
}

impl From<Problem> for Stopped {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

fn is_public(method: &Method, path: &str) -> bool {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    reads && (PUBLIC.contains(&path) || is_file(path))
}

/// A file inside the binary: directly in its folder.
fn is_file(path: &str) -> bool {
    path.strip_prefix(PUBLIC_FOLDER).is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

/// The request with who is asking in it, and its id, for the log.
async fn admitted(app: &AppState, request: Request) -> Result<(Request, String), Stopped> {
    let session = app.auth.session(request.headers()).await?.ok_or(Stopped::SignedOut)?;
    let correlation = correlation(&request);
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let (mut request, may_change) =
        if reads { (request, false) } else { (checked(&app.auth, &session, request).await?, true) };
    let admitted = Admitted { session: Arc::new(session), correlation: correlation.clone(), may_change };
    request.extensions_mut().insert(admitted);
    Ok((request, correlation))
}

/// The platform's id of the request, or one of our own.
fn correlation(request: &Request) -> String {
    let context = request.extensions().get::<lambda_http::Context>();
    context.map_or_else(
        || format!("console-{}", random().get(..12).unwrap_or_default()),
        |context| context.request_id.clone(),
    )
}

/// A request that changes something: from our page, with its token.
async fn checked(auth: &Auth, session: &Session, request: Request) -> Result<Request, Problem> {
    if !is_ours(&auth.origins(), request.headers()) {
        return Err(Problem::forbidden("This request does not come from a page of the console."));
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LONGEST_BYTES).await.map_err(|_| Problem::too_large())?;
    let header = parts.headers.get(TOKEN_HEADER).and_then(|token| token.to_str().ok()).map(str::to_owned);
    let token = header.or_else(|| field(&parts.headers, &body)).unwrap_or_default();
    if !bool::from(token.as_bytes().ct_eq(session.csrf.as_bytes())) {
        return Err(Problem::forbidden("This page is too old: load it again and try once more."));
    }
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// Whether a browser says that the request comes from a page of ours, and none
/// of what it says is otherwise. Of forms on pages without a referrer the
/// origin is `null`: then its other word has to say so.
fn is_ours(origins: &[String], headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let origin = text(ORIGIN).filter(|origin| *origin != "null");
    let by_origin = origin.map(|origin| origins.iter().any(|ours| ours == origin));
    let by_site = text(FETCH_SITE).map(|site| site == "same-origin");
    match (by_origin, by_site) {
        (None, None) => false,
        (by_origin, by_site) => by_origin.unwrap_or(true) && by_site.unwrap_or(true),
    }
}

fn field(headers: &HeaderMap, body: &Bytes) -> Option<String> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return None;
    }
    let found = form_urlencoded::parse(body).find(|(name, _)| name == TOKEN_FIELD);
    found.map(|(_, token)| token.into_owned())
}

/// On the person's own machine: the token of the address on the terminal.
fn exchanged(local: &Local, request: &Request) -> Option<Response> {
    let query = request.uri().query()?;
    let (_, token) = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "token")?;
    let cookie = local.exchange(&token)?;
    Some((StatusCode::SEE_OTHER, [(LOCATION, "/console".to_owned()), (SET_COOKIE, cookie)]).into_response())
}

/// What somebody without a session asks for.
struct Asked {
    reads: bool,
    /// A page of ours leads to it.
    from_us: bool,
    /// Where they go on after signing in: what they wanted to look at.
    to: String,
}

impl Asked {
    fn of(request: &Request) -> Self {
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let address = request.uri().path_and_query().filter(|_| reads);
        Self {
            reads,
            from_us: request.headers().get(FETCH_SITE).is_some_and(|site| site == "same-origin"),
            to: address.map_or("/console", |address| address.as_str()).to_owned(),
        }
    }
}

fn signed_out(auth: &Auth, path: &str, asked: &Asked) -> Response {
    if path.starts_with(API) {
        return Problem::signed_out().into_response();
    }
    if matches!(auth, Auth::Local(_)) {
        let message =
            "Open the address that `make console` printed; it works once. Start it again for another one.";
        return refused(path, Problem::forbidden(message));
    }
    if !asked.reads {
        return refused(path, Problem::signed_out());
    }
    let to: String = form_urlencoded::byte_serialize(asked.to.as_bytes()).collect();
    let sign_in = format!("/console/sign-in?to={to}");
    if asked.from_us {
        return led_on(&sign_in);
    }
    (StatusCode::SEE_OTHER, [(LOCATION, sign_in)]).into_response()
}

/// To the sign-in by a page in between. What comes from a page of ours may be
/// a form, and no redirect of a form may lead to another host: browsers follow
/// it by the policy of the page that the form is on.
fn led_on(sign_in: &str) -> Response {
    let content = html! {
        h1 { "Your session is over" }
        p.lead { "You are sent to sign in, and back to what you asked for." }
        p { a.button href=(sign_in) { "Sign in" } }
    };
    ([(REFRESH, format!("0; url={sign_in}"))], bare_page("Your session is over", &content)).into_response()
}

/// For the API a line of JSON, for people a page.
pub(crate) fn refused(path: &str, problem: Problem) -> Response {
    if path.starts_with(API) {
        return problem.into_response();
    }
    let page = errors::render(None, &problem, "/console/sign-in");
    (problem.status(), page).into_response()
}

/// Headers of every answer.
pub async fn headers(State(app): State<AppState>, request: Request, next: Next) -> Response {
    const HEADERS: [(HeaderName, HeaderValue); 6] = [
        (
            HeaderName::from_static("content-security-policy"),
            HeaderValue::from_static(
                "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                 form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            ),
        ),
        (HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer")),
        (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
        (HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY")),
        (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    ];
    const FOR_EVER: HeaderValue = HeaderValue::from_static("max-age=31536000");
    const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
    let keeps = is_file(request.uri().path());
    let mut response = next.run(request).await;
    let keeps = keeps && response.status() == StatusCode::OK;
    let headers = response.headers_mut();
    headers.extend(HEADERS);
    if app.auth.is_https() {
        headers.insert(HeaderName::from_static("strict-transport-security"), FOR_EVER);
    }
    if !keeps {
        headers.insert(HeaderName::from_static("cache-control"), NO_STORE);
    }
    response
}

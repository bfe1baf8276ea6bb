//! Who gets in: nobody without a session, and nobody further than their role.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, ORIGIN};
use axum::http::{Method, Request, StatusCode};
use console::api::ROUTES;
use serde_json::json;

use crate::sign_in::{signed_in, signed_in_as};
use crate::world::{Answer, Console, World};

/// Every address of the API, with something in its holes.
fn filled(path: &str) -> String {
    let path = path.replace("{store}", "main").replace("{order}", "1").replace("{action}", "retry");
    let path = path.replace("{kind}", "item");
    format!("/console/api{}", path.replace("{queue}", "orders").replace("{job}", "j"))
}

/// Pages, what needs no session left aside.
const PAGES: [&str; 14] = [
    "/console",
    "/console/",
    "/console/stuck",
    "/console/stale",
    "/console/failed",
    "/console/exceptions",
    "/console/orders/main/1",
    "/console/orders/main/1/preview",
    "/console/items?entity=acme&sku=MUG",
    "/console/queues",
    "/console/reconciliation",
    "/console/activity",
    "/console/search?q=1",
    "/console/nothing",
];

fn holds_no_data(answer: &Answer) {
    for word in ["klarna", "main/1", "unmapped"] {
        assert!(!answer.body.contains(word), "{}", answer.body);
    }
}

async fn shut(console: &Console, expected: StatusCode) {
    for (method, path) in ROUTES {
        let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
        let request = console.request(method, &filled(path)).body(Body::empty()).unwrap();
        let answer = console.raw(request).await;
        assert_eq!(answer.status, expected, "{path}");
        holds_no_data(&answer);
    }
    let elsewhere = console.get("/console/api/anything").await;
    assert_eq!(elsewhere.status, expected, "what is not there says no more than what is");
}

#[tokio::test]
async fn without_a_session_nothing_but_the_way_in_answers() {
    let world = World::new();
    world.excepted(1).await;
    let console = world.console("http://127.0.0.1:1");
    shut(&console, StatusCode::UNAUTHORIZED).await;
    for page in PAGES {
        let answer = console.get(page).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{page}");
        assert!(answer.location().starts_with("/console/sign-in?to=%2Fconsole"), "{}", answer.location());
        assert_eq!(answer.body, "");
    }
    for post in ["/console/orders/main/1/retry", "/console/mappings", "/console/sign-out", "/console/sign-in"]
    {
        let answer = console.raw(console.request(Method::POST, post).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{post}");
        assert!(
            answer.headers.get("location").is_none() && answer.body.contains("nothing was done"),
            "{post}"
        );
        assert!(answer.body.contains(r#"href="/console/sign-in""#), "{}", answer.body);
    }
    assert_eq!(console.get("/elsewhere").await.status, StatusCode::SEE_OTHER);
    assert_eq!(console.get("/console/assets/../api/me").await.status, StatusCode::SEE_OTHER);
    assert!(world.hints.take().is_empty() && world.ledger.noted_actions().is_empty());
}

/// A form of a page that was loaded before the session ended: no redirect of
/// it may lead to the identity provider.
#[tokio::test]
async fn a_form_after_the_session_ended_leads_to_the_sign_in_without_a_redirect() {
    let world = World::new();
    let (console, issuer) = signed_in(&world).await;
    let token = console.token().await;
    world.clock.advance(jiff::SignedDuration::from_hours(8));
    let search =
        console.request(Method::GET, "/console/search?q=4711").header("sec-fetch-site", "same-origin");
    let answer = console.raw(search.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.headers.get("location").is_none());
    let to = "/console/sign-in?to=%2Fconsole%2Fsearch%3Fq%3D4711";
    assert_eq!(answer.headers["refresh"], format!("0; url={to}"));
    assert!(answer.body.contains(&format!(r#"href="{to}""#)), "{}", answer.body);
    holds_no_data(&answer);
    let asked = console.get(to).await;
    assert!(asked.location().starts_with(issuer.url()), "{}", asked.location());

    world.excepted(1).await;
    let fields = [("csrf", token.as_str()), ("why", "a good reason")];
    let answer = form(&console, "/console/orders/main/1/hold", &fields).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.headers.get("location").is_none() && answer.headers.get("refresh").is_none());
    assert!(world.ledger.noted_actions().is_empty());
}

#[tokio::test]
async fn without_a_document_strangers_learn_nothing() {
    let world = World::new();
    let console = world.unconfigured();
    shut(&console, StatusCode::NOT_FOUND).await;
    let pages = ["/console/sign-in", "/console/callback", "/console/assets/console.css", "/console/sign-out"];
    for page in PAGES.into_iter().chain(pages) {
        for method in [Method::GET, Method::POST] {
            let answer = console.raw(console.request(method, page).body(Body::empty()).unwrap()).await;
            assert_eq!((answer.status, answer.body.as_str()), (StatusCode::NOT_FOUND, ""), "{page}");
        }
    }
}

#[tokio::test]
async fn files_are_for_everybody_and_kept() {
    let answer = World::new().console("http://127.0.0.1:1").get("/console/assets/console.css").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.headers["cache-control"].to_str().unwrap().contains("immutable"));
}

#[tokio::test]
async fn every_answer_carries_the_headers() {
    let world = World::new();
    let (console, _issuer) = signed_in(&world).await;
    for path in
        ["/console/", "/console/api/overview", "/console/api/nothing", "/console/signed-out", "/elsewhere"]
    {
        let answer = console.get(path).await;
        let header = |name: &str| answer.headers.get(name).map_or("", |value| value.to_str().unwrap());
        assert!(
            header("content-security-policy").starts_with("default-src 'none'; style-src 'self'"),
            "{path}"
        );
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("strict-transport-security"), "max-age=31536000");
        assert_eq!(header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test]
async fn a_reader_sees_everything_and_cannot_act() {
    let world = World::new();
    let key = world.excepted(1).await;
    let (console, _issuer) = signed_in_as(&world, json!({ "groups": ["shop"] })).await;
    assert_eq!(console.get("/console/api/orders/main/1").await.status, StatusCode::OK);
    assert_eq!(console.get("/console/api/me").await.json()["role"], "read");
    let body = json!({ "why": "because I can", "limit": 1 });
    for (method, path) in ROUTES.iter().filter(|(_, path)| !path.ends_with("/preview")) {
        if *method == "post" {
            let answer = console.post(&filled(path), &body).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}: {}", answer.body);
        }
    }
    let pages = [
        "/console/orders/main/1/retry",
        "/console/mappings",
        "/console/queues/redrive",
        "/console/jobs/backfill",
    ];
    for page in pages {
        let answer =
            form(&console, page, &[("csrf", &console.token().await), ("why", "because I can")]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{page}");
    }
    assert_eq!(console.post("/console/api/orders/main/1/preview", &json!({})).await.status, StatusCode::OK);
    assert!(world.ledger.noted_actions().is_empty());
    assert!(world.is_claimable(&key).await, "nobody has it");
}

/// A form of a page.
pub(crate) async fn form(console: &Console, path: &str, fields: &[(&str, &str)]) -> Answer {
    let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request =
        console.request(Method::POST, path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    console.raw(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn a_request_without_the_token_changes_nothing() {
    let world = World::new();
    world.excepted(1).await;
    let (console, _issuer) = signed_in(&world).await;
    let (api, page) = ("/console/api/orders/main/1/hold", "/console/orders/main/1/hold");
    let body = json!({ "why": "a good reason" }).to_string();
    for token in [None, Some(""), Some("wrong"), Some(&*"x".repeat(43))] {
        let mut request = console.request(Method::POST, api).header(CONTENT_TYPE, "application/json");
        if let Some(token) = token {
            request = request.header("x-csrf-token", token);
        }
        let answer = console.raw(request.body(Body::from(body.clone())).unwrap()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        let fields = [("why", "a good reason"), ("csrf", token.unwrap_or("none"))];
        assert_eq!(form(&console, page, &fields).await.status, StatusCode::FORBIDDEN);
    }
    let other = console.token().await;
    let (someone_else, _issuer) = signed_in(&world).await;
    let answer = form(&someone_else, page, &[("why", "a good reason"), ("csrf", &other)]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "the token of another session");
    let long = "x".repeat(70_000);
    let answer = form(&console, page, &[("why", &long), ("csrf", &other)]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(world.ledger.noted_actions().is_empty());
    assert_eq!(
        form(&console, page, &[("why", "a good reason"), ("csrf", &other)]).await.status,
        StatusCode::SEE_OTHER
    );
    assert_eq!(world.ledger.noted_actions().len(), 1);
}

#[tokio::test]
async fn a_request_from_elsewhere_changes_nothing() {
    let world = World::new();
    world.excepted(1).await;
    let (console, _issuer) = signed_in(&world).await;
    let token = console.token().await;
    let ours = "https://weir.example.com";
    let said: [(Option<&str>, Option<&str>, StatusCode); 11] = [
        (None, None, StatusCode::FORBIDDEN),
        (Some("https://evil.example.com"), None, StatusCode::FORBIDDEN),
        (Some("http://weir.example.com"), None, StatusCode::FORBIDDEN),
        (Some("https://weir.example.com:8443"), None, StatusCode::FORBIDDEN),
        (Some("https://weir.example.com.evil.example"), Some("same-origin"), StatusCode::FORBIDDEN),
        (Some("null"), None, StatusCode::FORBIDDEN),
        (Some(ours), Some("cross-site"), StatusCode::FORBIDDEN),
        (Some("null"), Some("same-site"), StatusCode::FORBIDDEN),
        (None, Some("none"), StatusCode::FORBIDDEN),
        (Some("null"), Some("same-origin"), StatusCode::OK),
        (None, Some("same-origin"), StatusCode::OK),
    ];
    for (origin, site, expected) in said {
        let mut request = console.request(Method::POST, "/console/api/orders/main/1/preview");
        request.headers_mut().unwrap().remove(ORIGIN);
        for (name, value) in [("origin", origin), ("sec-fetch-site", site)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let request: Request<Body> = request.header("x-csrf-token", &token).body(Body::empty()).unwrap();
        assert_eq!(console.raw(request).await.status, expected, "{origin:?} {site:?}");
    }
}

//! The console on somebody's own machine.

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use jiff::SignedDuration;
use serde_json::json;

use crate::world::{Console, World};

async fn opened(world: &World) -> (Console, String) {
    let (console, invitation) = world.on_a_laptop();
    let path = invitation.strip_prefix("http://127.0.0.1:8085").unwrap().to_owned();
    let answer = console.get(&path).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/console"));
    (console, path)
}

#[tokio::test]
async fn the_address_on_the_terminal_works_once() {
    let world = World::new();
    let (console, path) = opened(&world).await;
    let me = console.get("/console/api/me").await.json();
    assert_eq!((me["who"].as_str(), me["role"].as_str()), (Some("ada (local)"), Some("act")));
    let (_, other) = (console.get("/console/").await, Request::builder());
    let stranger = other.uri(&path).header("host", "127.0.0.1:8085").body(Body::empty()).unwrap();
    let answer = console.raw(stranger).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "the second time");
    assert!(answer.cookies().is_empty());
}

#[tokio::test]
async fn without_the_token_nothing_answers() {
    let world = World::new();
    world.excepted(1).await;
    let (console, _) = world.on_a_laptop();
    for path in ["/console/", "/console/orders/main/1", "/console/?token=wrong", "/console/?token="] {
        let answer = console.get(path).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert!(!answer.body.contains("klarna"));
    }
    assert_eq!(console.get("/console/api/overview").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_name_that_only_leads_here_is_refused() {
    let world = World::new();
    let (console, path) = world.on_a_laptop();
    for host in ["evil.example.com:8085", "127.0.0.1:8086", "127.0.0.1", "localhost", "[::1]:8085", ""] {
        let request = Request::builder().uri(&path).header("host", host).body(Body::empty()).unwrap();
        assert_eq!(console.raw(request).await.status, StatusCode::FORBIDDEN, "{host}");
    }
    let request = Request::builder().uri(&path).header("host", "localhost:8085").body(Body::empty()).unwrap();
    assert_eq!(console.raw(request).await.status, StatusCode::SEE_OTHER, "the token was not spent");
}

#[tokio::test]
async fn a_page_of_another_site_cannot_act_through_it() {
    let world = World::new();
    world.excepted(1).await;
    let (console, _) = opened(&world).await;
    let token = console.token().await;
    let mut request = console.request(Method::POST, "/console/api/orders/main/1/hold");
    request.headers_mut().unwrap().insert("origin", "https://evil.example.com".parse().unwrap());
    let request = request.header("x-csrf-token", &token).header("content-type", "application/json");
    let answer = console.raw(request.body(Body::from(r#"{"why":"a good reason"}"#)).unwrap()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let answer = console.post("/console/api/orders/main/1/hold", &json!({ "why": "a good reason" })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    assert_eq!(world.ledger.noted_actions()[0].who, "ada (local)");
}

#[tokio::test]
async fn a_run_ends_and_another_run_is_another() {
    let world = World::new();
    let (console, _) = opened(&world).await;
    let session = console.cookie("weir").unwrap();
    let (other, _) = world.on_a_laptop();
    other.set_cookie("weir", &session);
    assert_eq!(other.get("/console/api/me").await.status, StatusCode::UNAUTHORIZED);
    assert!(console.get("/console/").await.headers.get("strict-transport-security").is_none());
    world.clock.advance(SignedDuration::from_hours(8));
    assert_eq!(console.get("/console/api/me").await.status, StatusCode::UNAUTHORIZED);
}

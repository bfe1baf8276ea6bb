//! The whole code flow, and everything that must not get through it.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::issuer::{Issuer, Token};
use crate::signer::Signer;
use crate::world::{Answer, Console, World, cookie_key};

/// Somebody who may act.
pub(crate) async fn signed_in(world: &World) -> (Console, Issuer) {
    signed_in_as(world, json!({})).await
}

/// Somebody with other claims than the usual ones.
pub(crate) async fn signed_in_as(world: &World, claims: Value) -> (Console, Issuer) {
    let issuer = Issuer::start(world.now().as_second()).await;
    let console = world.console(issuer.url());
    let answer = come(&console, &issuer, "", claims_of(&claims)).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/console"), "{}", answer.body);
    (console, issuer)
}

fn claims_of(claims: &Value) -> Token {
    let name = |name: &str| -> &'static str {
        ["groups", "email", "email_verified", "sub", "preferred_username"]
            .into_iter()
            .find(|known| *known == name)
            .expect("a claim")
    };
    let claims = claims.as_object().unwrap().iter().map(|(key, value)| (name(key), value.clone())).collect();
    Token { claims, ..Token::default() }
}

/// From the console to the provider and back.
pub(crate) async fn come(console: &Console, issuer: &Issuer, to: &str, token: Token) -> Answer {
    let asked = console.get(&format!("/console/sign-in{to}")).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.body);
    let (code, state) = issuer.code(asked.location(), token);
    console.get(&format!("/console/callback?code={code}&state={state}")).await
}

#[tokio::test]
async fn somebody_signs_in_looks_and_signs_out() {
    let world = World::new();
    let (console, issuer) = signed_in(&world).await;
    assert_eq!(issuer.redeemed(), 1);
    let me = console.get("/console/api/me").await.json();
    assert_eq!((me["who"].as_str(), me["role"].as_str()), (Some("ada@example.com"), Some("act")));
    assert_eq!(me["expires_at"], "2026-11-28T18:00:00Z", "eight hours");
    assert!(console.cookie("__Host-weir-sign-in").is_none(), "it has done its work");
    let token = console.token().await;
    let out = crate::access::form(&console, "/console/sign-out", &[("csrf", &token)]).await;
    assert_eq!((out.status, out.location()), (StatusCode::SEE_OTHER, "/console/signed-out"));
    assert_eq!(console.get("/console/signed-out").await.status, StatusCode::OK);
    assert_eq!(console.get("/console/api/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_cookies_are_for_this_host_and_for_no_script() {
    let world = World::new();
    let issuer = Issuer::start(world.now().as_second()).await;
    let console = world.console(issuer.url());
    let asked = console.get("/console/sign-in").await;
    let (code, state) = issuer.code(asked.location(), Token::default());
    let back = console.get(&format!("/console/callback?code={code}&state={state}")).await;
    let cookies = [asked.cookies(), back.cookies()].concat();
    assert_eq!(cookies.len(), 3);
    for cookie in cookies {
        assert!(cookie.starts_with("__Host-weir"), "{cookie}");
        for attribute in ["; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(
            !cookie.contains("Domain") && !cookie.contains("ada") && !cookie.contains(&state),
            "{cookie}"
        );
        assert!(cookie.len() < 4_000);
    }
}

#[tokio::test]
async fn they_come_back_to_the_page_they_wanted_and_to_no_other_host() {
    let world = World::new();
    let issuer = Issuer::start(world.now().as_second()).await;
    let console = world.console(issuer.url());
    let wanted = console.get("/console/stuck?store=main").await;
    assert_eq!(wanted.location(), "/console/sign-in?to=%2Fconsole%2Fstuck%3Fstore%3Dmain");
    let to = wanted.location().trim_start_matches("/console/sign-in").to_owned();
    assert_eq!(come(&console, &issuer, &to, Token::default()).await.location(), "/console/stuck?store=main");
    for elsewhere in [
        "https://evil.example.com/",
        "//evil.example.com/console/",
        "/\\evil.example.com",
        "/console/\\..\\evil",
        "/console//evil.example.com",
        "/console/sign-in",
        "/consolevil.example.com",
        "javascript:alert(1)",
        "/console/%0d%0aSet-Cookie:x",
        "console/",
        "",
    ] {
        let to: String = url::form_urlencoded::byte_serialize(elsewhere.as_bytes()).collect();
        let landed = come(&console, &issuer, &format!("?to={to}"), Token::default()).await;
        let kept = landed.location() == elsewhere && elsewhere.starts_with("/console/%0d");
        assert!(landed.location() == "/console" || kept, "{elsewhere} → {}", landed.location());
    }
}

#[tokio::test]
async fn a_callback_that_belongs_to_no_sign_in_is_refused() {
    let world = World::new();
    let issuer = Issuer::start(world.now().as_second()).await;
    let console = world.console(issuer.url());
    let stranger = console.get("/console/callback?code=code-0&state=x").await;
    assert_eq!(stranger.status, StatusCode::BAD_REQUEST, "without its cookie");

    let asked = console.get("/console/sign-in").await;
    let (code, state) = issuer.code(asked.location(), Token::default());
    let begun = console.cookie("__Host-weir-sign-in").unwrap();
    for wrong in ["", "x", &format!("{state}x"), &state[..state.len() - 1]] {
        console.set_cookie("__Host-weir-sign-in", &begun);
        let answer = console.get(&format!("/console/callback?code={code}&state={wrong}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong:?}");
        assert!(console.cookie("__Host-weir-sign-in").is_none(), "its one try is over");
    }
    console.set_cookie("__Host-weir-sign-in", &begun);
    world.clock.advance(SignedDuration::from_mins(10));
    let late = console.get(&format!("/console/callback?code={code}&state={state}")).await;
    assert_eq!(late.status, StatusCode::BAD_REQUEST);
    assert_eq!(issuer.redeemed(), 0, "no code was spent on any of them");
    assert!(console.cookie("__Host-weir").is_none());
}

#[tokio::test]
async fn a_code_or_a_verifier_of_another_sign_in_is_refused() {
    let world = World::new();
    let issuer = Issuer::start(world.now().as_second()).await;
    let (victim, attacker) = (world.console(issuer.url()), world.console(issuer.url()));
    let asked = attacker.get("/console/sign-in").await;
    let (stolen, _) = issuer.code(asked.location(), Token::default());
    let asked = victim.get("/console/sign-in").await;
    let (_, state) = issuer.code(asked.location(), Token::default());
    let answer = victim.get(&format!("/console/callback?code={stolen}&state={state}")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "it was given for another challenge");
    let (console, issuer) = signed_in(&world).await;
    let asked = console.get("/console/sign-in").await;
    let (_, state) = issuer.code(asked.location(), Token::default());
    let answer = console.get(&format!("/console/callback?code=unknown&state={state}")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_token_that_does_not_hold_is_refused() {
    let world = World::new();
    let now = world.now().as_second();
    let wrong = |name: &'static str, value: Value| Token {
        claims: BTreeMap::from([(name, value)]),
        ..Token::default()
    };
    let tokens = [
        ("another nonce", wrong("nonce", json!("x"))),
        ("no nonce", wrong("nonce", Value::Null)),
        ("another issuer", wrong("iss", json!("https://evil.example.com"))),
        ("for somebody else", wrong("aud", json!(["another"]))),
        ("for us and somebody else", wrong("aud", json!(["weir-console", "another"]))),
        ("expired", wrong("exp", json!(now - 60))),
        ("forged", Token { by: Some(Signer::other()), ..Token::default() }),
        ("unsigned", Token { unsigned: true, ..Token::default() }),
        ("none", Token { none: true, ..Token::default() }),
    ];
    for (what, token) in tokens {
        let issuer = Issuer::start(now).await;
        let console = world.console(issuer.url());
        let answer = come(&console, &issuer, "", token).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{what}: {}", answer.body);
        assert!(console.cookie("__Host-weir").is_none(), "{what}");
        assert!(!answer.body.contains("canary"), "{what}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_token_of_yesterday_is_expired_by_our_clock() {
    let world = World::new();
    let issuer = Issuer::start(world.now().as_second()).await;
    let console = world.console(issuer.url());
    world.clock.advance(SignedDuration::from_hours(24));
    let answer = come(&console, &issuer, "", Token::default()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn who_has_no_role_is_told_so_and_gets_nothing_else() {
    let world = World::new();
    for claims in [
        json!({ "groups": ["sales"] }),
        json!({ "groups": null }),
        json!({ "groups": [] }),
        json!({ "groups": "operator" }),
        json!({ "groups": [{ "name": "operators" }] }),
    ] {
        let issuer = Issuer::start(world.now().as_second()).await;
        let console = world.console(issuer.url());
        let answer = come(&console, &issuer, "", claims_of(&claims)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{claims}");
        assert!(console.cookie("__Host-weir").is_none());
        assert_eq!(console.get("/console/api/overview").await.status, StatusCode::UNAUTHORIZED);
    }
    let (console, _issuer) = signed_in_as(&world, json!({ "groups": "operators" })).await;
    assert_eq!(console.get("/console/api/me").await.json()["role"], "act", "one text is a list of one");
}

#[tokio::test]
async fn an_address_is_a_key_only_where_it_is_verified() {
    let world = World::new();
    let roles = json!({ "claim": "email", "act": ["ada@example.com"] });
    for (claims, status) in [
        (json!({}), StatusCode::SEE_OTHER),
        (json!({ "email_verified": false }), StatusCode::FORBIDDEN),
        (json!({ "email_verified": null }), StatusCode::FORBIDDEN),
        (json!({ "email": "eve@example.com" }), StatusCode::FORBIDDEN),
    ] {
        let issuer = Issuer::start(world.now().as_second()).await;
        let console = world.console_with(issuer.url(), &cookie_key(), roles.clone());
        let answer = come(&console, &issuer, "", claims_of(&claims)).await;
        assert_eq!(answer.status, status, "{claims}");
    }
}

#[tokio::test]
async fn people_are_called_by_the_best_name_there_is() {
    let world = World::new();
    for (claims, who) in [
        (json!({ "email": null, "preferred_username": "ada" }), "ada"),
        (json!({ "email": null }), "u-1"),
        (json!({ "email_verified": false, "preferred_username": "ada" }), "ada"),
    ] {
        let (console, _issuer) = signed_in_as(&world, claims).await;
        assert_eq!(console.get("/console/api/me").await.json()["who"], who);
    }
}

#[tokio::test]
async fn a_session_ends_after_eight_hours_whatever_they_do() {
    let world = World::new();
    let (console, _issuer) = signed_in(&world).await;
    world.clock.advance(SignedDuration::from_mins(8 * 60 - 1));
    assert_eq!(console.get("/console/api/me").await.status, StatusCode::OK);
    world.clock.advance(SignedDuration::from_mins(1));
    assert_eq!(console.get("/console/api/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_cookie_that_was_changed_or_is_anothers_is_no_session() {
    let world = World::new();
    let (console, issuer) = signed_in(&world).await;
    let good = console.cookie("__Host-weir").unwrap();
    let refused = async |console: &Console, value: &str| {
        console.set_cookie("__Host-weir", value);
        assert_eq!(console.get("/console/api/me").await.status, StatusCode::UNAUTHORIZED, "{value}");
    };
    for at in (0..good.len()).step_by(7) {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        refused(&console, &String::from_utf8(bytes).unwrap()).await;
    }
    refused(&console, "").await;
    refused(&console, r#"{"who":"eve","claims":["operators"]}"#).await;
    console.get("/console/sign-in").await;
    let other_kind = console.cookie("__Host-weir-sign-in").unwrap();
    refused(&console, &other_kind).await;
    let other_key = world.console_with(
        issuer.url(),
        &"zyxwvutsrqponmlkjihgfedcba9876543210".repeat(2),
        json!({ "act": ["operators"] }),
    );
    refused(&other_key, &good).await;
    let other_issuer = world.console("http://127.0.0.1:1");
    refused(&other_issuer, &good).await;
    console.set_cookie("__Host-weir", &good);
    assert_eq!(console.get("/console/api/me").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_role_that_was_taken_away_is_gone_at_the_next_request() {
    let world = World::new();
    let (console, issuer) = signed_in(&world).await;
    let session = console.cookie("__Host-weir").unwrap();
    let lowered = world.console_with(issuer.url(), &cookie_key(), json!({ "read": ["operators"] }));
    lowered.set_cookie("__Host-weir", &session);
    assert_eq!(lowered.get("/console/api/me").await.json()["role"], "read");
    let gone = world.console_with(issuer.url(), &cookie_key(), json!({ "act": ["others"] }));
    gone.set_cookie("__Host-weir", &session);
    assert_eq!(gone.get("/console/api/me").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_provider_is_asked_about_itself_now_and_then() {
    let world = World::new();
    let issuer = Issuer::start(world.now().as_second()).await;
    let console = world.console(issuer.url());
    for _ in 0..5 {
        console.get("/console/sign-in").await;
    }
    assert_eq!(issuer.discovered(), 1);
    world.clock.advance(SignedDuration::from_mins(10));
    console.get("/console/sign-in").await;
    assert_eq!(issuer.discovered(), 2);
}

#[tokio::test]
async fn a_provider_that_is_down_or_says_no_is_told_to_people() {
    let world = World::new();
    let down = world.console("http://127.0.0.1:1").get("/console/sign-in").await;
    assert_eq!(down.status, StatusCode::SERVICE_UNAVAILABLE);
    let issuer = Issuer::start(world.now().as_second()).await;
    let console = world.console(issuer.url());
    let asked = console.get("/console/sign-in").await;
    let (_, state) = issuer.code(asked.location(), Token::default());
    let answer = console.get(&format!("/console/callback?error=access_denied&state={state}")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_provider_that_calls_itself_otherwise_is_not_believed() {
    let world = World::new();
    let issuer = Issuer::start(world.now().as_second()).await;
    let console = world.console(&format!("{}/", issuer.url()));
    assert_eq!(console.get("/console/sign-in").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

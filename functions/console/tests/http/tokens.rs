//! What an ID token and the provider's own documents may say, point by point.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use jiff::SignedDuration;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::issuer::{Issuer, Token};
use crate::sign_in::come;
use crate::signer::Signer;
use crate::world::{CLIENT, CLIENT_SECRET, Console, World};

const IN: StatusCode = StatusCode::SEE_OTHER;
const OUT: StatusCode = StatusCode::FORBIDDEN;
const DOWN: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

fn claims<const N: usize>(claims: [(&'static str, Value); N]) -> Token {
    Token { claims: BTreeMap::from(claims), ..Token::default() }
}

fn header<const N: usize>(header: [(&'static str, Value); N]) -> Token {
    Token { header: BTreeMap::from(header), ..Token::default() }
}

fn by(signer: Signer) -> Token {
    Token { by: Some(signer), ..Token::default() }
}

/// A provider, and a console that has asked it nothing yet.
async fn pair(world: &World) -> (Console, Issuer) {
    let issuer = Issuer::start(world.now().as_second()).await;
    (world.console(issuer.url()), issuer)
}

/// Somebody comes with a token, and gets in or not.
async fn comes(console: &Console, issuer: &Issuer, token: Token) -> StatusCode {
    let answer = come(console, issuer, "", token).await;
    assert_eq!(console.cookie("__Host-weir").is_some(), answer.status == IN, "{}", answer.body);
    assert!(!answer.body.contains("canary") && !answer.body.contains("password"), "{}", answer.body);
    answer.status
}

#[tokio::test]
async fn every_kind_of_signature_that_is_taken() {
    let world = World::new();
    let taken = [
        Algorithm::RS256,
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::ES256,
        Algorithm::ES384,
        Algorithm::EdDSA,
    ];
    for alg in taken {
        let (console, issuer) = pair(&world).await;
        let signer = Signer::of(alg, "new");
        let published = signer.published();
        issuer.sign_by(signer, vec![published.clone()]);
        assert_eq!(comes(&console, &issuer, Token::default()).await, IN, "{alg:?}");

        let (console, issuer) = pair(&world).await;
        issuer.sign_by(Signer::another(alg, "new"), vec![published]);
        assert_eq!(comes(&console, &issuer, Token::default()).await, OUT, "{alg:?}, by another key");
    }
}

#[tokio::test]
async fn a_signature_that_anybody_can_make_is_none() {
    let world = World::new();
    let (console, issuer) = pair(&world).await;
    let published = Signer::usual().published();
    let shown = published.to_string();
    let public: [&[u8]; 4] =
        [published["n"].as_str().unwrap().as_bytes(), shown.as_bytes(), CLIENT_SECRET.as_bytes(), b""];
    for secret in public {
        assert_eq!(comes(&console, &issuer, by(Signer::by_secret(secret))).await, OUT, "{secret:?}");
    }
    // A key that is shown is everybody's, whatever it is shown for.
    let known = json!({ "kty": "oct", "kid": "2026", "alg": "HS256", "k": "c2VjcmV0" });
    let (console, issuer) = pair(&world).await;
    issuer.sign_by(Signer::by_secret(b"secret"), vec![known]);
    assert_eq!(comes(&console, &issuer, Token::default()).await, OUT);
    for alg in ["none", "None", "NONE", "", "HS256", "HS384", "HS512", "ES256", "PS512", "RS1"] {
        assert_eq!(comes(&console, &issuer, header([("alg", json!(alg))])).await, OUT, "{alg}");
    }
}

#[tokio::test]
async fn a_token_brings_no_key_and_no_rules_of_its_own() {
    let world = World::new();
    let (console, issuer) = pair(&world).await;
    let other = Signer::other();
    let brought = BTreeMap::from([("jwk", other.published())]);
    let brought = Token { header: brought, by: Some(other), ..Token::default() };
    assert_eq!(comes(&console, &issuer, brought).await, OUT);
    assert_eq!(comes(&console, &issuer, header([("crit", json!(["exp"]))])).await, OUT);
    assert_eq!(
        comes(&console, &issuer, header([("alg", json!("RS512"))])).await,
        OUT,
        "the key is for RS256"
    );
    let rs512 = Signer::of(Algorithm::RS512, "2026");
    assert_eq!(comes(&console, &issuer, by(rs512)).await, OUT, "well signed, and the key is for RS256");
    assert_eq!(comes(&console, &issuer, Token::default()).await, IN);
}

#[tokio::test]
async fn a_key_is_found_by_its_name_or_by_being_the_only_one() {
    let world = World::new();
    let (first, second) = (Signer::usual(), Signer::of(Algorithm::ES256, "second"));
    let nameless = || header([("kid", Value::Null)]);
    let mut for_secrets = second.published();
    for_secrets["use"] = "enc".into();
    let mut only_signs = second.published();
    only_signs["key_ops"] = json!(["sign"]);
    let odd = json!({ "kty": "AKP", "kid": "odd", "alg": "ML-DSA-44", "pub": "x" });
    let broken = json!({ "kty": "RSA", "kid": 5 });
    let one = first.published();
    for (what, published, token, expected) in [
        ("one, no name", vec![one.clone()], nameless(), IN),
        ("one that signs, no name", vec![for_secrets, only_signs, odd, broken, one.clone()], nameless(), IN),
        ("two, no name", vec![one.clone(), second.published()], nameless(), OUT),
        ("two, by name", vec![second.published(), one.clone()], Token::default(), IN),
        ("two of one name", vec![one.clone(), one.clone()], Token::default(), OUT),
        ("another's name", vec![one.clone(), second.published()], header([("kid", json!("second"))]), OUT),
        ("none", vec![], Token::default(), OUT),
        ("none, no name", vec![], nameless(), OUT),
    ] {
        let (console, issuer) = pair(&world).await;
        issuer.sign_by(first.clone(), published);
        assert_eq!(comes(&console, &issuer, token).await, expected, "{what}");
    }
}

#[tokio::test]
async fn new_keys_are_asked_for_and_not_at_every_token() {
    let world = World::new();
    let (console, issuer) = pair(&world).await;
    assert_eq!(comes(&console, &issuer, Token::default()).await, IN);
    assert_eq!(comes(&console, &issuer, Token::default()).await, IN);
    assert_eq!(issuer.shown(), 1, "kept");

    world.clock.advance(SignedDuration::from_secs(60));
    let renewed = Signer::of(Algorithm::EdDSA, "2027");
    issuer.sign_by(renewed.clone(), vec![Signer::usual().published(), renewed.published()]);
    assert_eq!(comes(&console, &issuer, Token::default()).await, IN, "a new key");
    assert_eq!(issuer.shown(), 2);

    for _ in 0..3 {
        let answer = come(&console, &issuer, "", header([("kid", json!("unheard of"))])).await;
        assert_eq!(answer.status, OUT);
    }
    assert_eq!(issuer.shown(), 2, "asked for a moment ago");
    world.clock.advance(SignedDuration::from_secs(60));
    for _ in 0..3 {
        let answer = come(&console, &issuer, "", header([("kid", json!("unheard of"))])).await;
        assert_eq!(answer.status, OUT);
    }
    assert_eq!(issuer.shown(), 3, "once a minute");
    assert_eq!(issuer.discovered(), 1);
    world.clock.advance(SignedDuration::from_mins(10));
    let late = world.now().as_second();
    let fresh = claims([("iat", json!(late)), ("exp", json!(late + 300))]);
    assert_eq!(come(&console, &issuer, "", fresh).await.status, IN);
    assert_eq!((issuer.shown(), issuer.discovered()), (4, 2), "after ten minutes anyway");
}

#[tokio::test]
async fn whom_a_token_is_for_and_about() {
    let world = World::new();
    let (us, both) = (json!(CLIENT), json!([CLIENT, "another"]));
    for (token, expected) in [
        (claims([("aud", us.clone())]), IN),
        (claims([("aud", json!("another"))]), OUT),
        (claims([("aud", json!("weir-console-2"))]), OUT),
        (claims([("aud", json!([]))]), OUT),
        (claims([("aud", json!([5]))]), OUT),
        (claims([("aud", Value::Null)]), OUT),
        (claims([("aud", both.clone())]), OUT),
        (claims([("aud", both.clone()), ("azp", us.clone())]), IN),
        (claims([("aud", both), ("azp", json!("another"))]), OUT),
        (claims([("aud", json!(["another", "a third"])), ("azp", us.clone())]), OUT),
        (claims([("azp", us.clone())]), IN),
        (claims([("azp", json!("another"))]), OUT),
        (claims([("azp", json!([CLIENT]))]), OUT),
        (claims([("sub", Value::Null)]), OUT),
        (claims([("sub", json!(""))]), OUT),
        (claims([("sub", json!(5))]), OUT),
        (claims([("iss", Value::Null)]), OUT),
        (claims([("nonce", json!(""))]), OUT),
        (claims([("nonce", json!(["x"]))]), OUT),
    ] {
        let (console, issuer) = pair(&world).await;
        let what = format!("{:?}", token.claims);
        assert_eq!(comes(&console, &issuer, token).await, expected, "{what}");
    }
}

#[tokio::test]
async fn a_token_holds_by_our_clock_give_or_take_a_minute() {
    let world = World::new();
    let now = world.now().as_second();
    for (token, expected) in [
        (claims([("exp", json!(now - 59))]), IN),
        (claims([("exp", json!(now - 60))]), OUT),
        (claims([("exp", json!(f64::from(i32::try_from(now).unwrap()) + 0.5))]), IN),
        (claims([("exp", Value::Null)]), OUT),
        (claims([("exp", json!("2030-01-01T00:00:00Z"))]), OUT),
        (claims([("exp", json!(-1))]), OUT),
        (claims([("exp", json!(1e300))]), OUT),
        (claims([("exp", json!(i64::MAX))]), OUT),
        (claims([("iat", json!(now + 60))]), IN),
        (claims([("iat", json!(now + 61))]), OUT),
        (claims([("iat", Value::Null)]), OUT),
        (claims([("iat", json!("now"))]), OUT),
        (claims([("nbf", json!(now + 60))]), IN),
        (claims([("nbf", json!(now + 61))]), OUT),
    ] {
        let (console, issuer) = pair(&world).await;
        let what = format!("{:?}", token.claims);
        assert_eq!(comes(&console, &issuer, token).await, expected, "{what}");
    }
}

#[tokio::test]
async fn our_secret_is_told_in_the_way_that_the_provider_takes() {
    let world = World::new();
    for (methods, expected) in [
        (json!(["client_secret_post"]), IN),
        (json!(["client_secret_post", "client_secret_basic"]), IN),
        (json!(["private_key_jwt", "client_secret_basic"]), IN),
        // It takes neither: it hears of it once, and says no.
        (json!(["private_key_jwt"]), DOWN),
    ] {
        let (console, issuer) = pair(&world).await;
        issuer.say("token_endpoint_auth_methods_supported", methods.clone());
        assert_eq!(comes(&console, &issuer, Token::default()).await, expected, "{methods}");
    }
}

#[tokio::test]
async fn a_provider_that_describes_itself_oddly_is_not_used() {
    let world = World::new();
    for (name, value) in [
        ("issuer", json!("https://evil.example.com")),
        ("issuer", Value::Null),
        ("authorization_endpoint", json!("javascript:alert(1)")),
        ("authorization_endpoint", json!("/authorize")),
        ("authorization_endpoint", Value::Null),
        ("token_endpoint", json!("ftp://login.example.com/token")),
        ("token_endpoint", Value::Null),
        ("jwks_uri", json!("file:///etc/passwd")),
        ("jwks_uri", Value::Null),
        ("padding", json!("x".repeat(600_000))),
    ] {
        let (console, issuer) = pair(&world).await;
        issuer.say(name, value);
        assert_eq!(console.get("/console/sign-in").await.status, DOWN, "{name}");
    }
    // Its keys elsewhere, where the guard lets nobody, or too many of them.
    for (published, jwks_uri) in [
        (vec![json!("x".repeat(600_000))], None),
        (vec![Signer::usual().published()], Some(json!("https://10.0.0.1/keys"))),
    ] {
        let (console, issuer) = pair(&world).await;
        issuer.sign_by(Signer::usual(), published);
        if let Some(jwks_uri) = jwks_uri {
            issuer.say("jwks_uri", jwks_uri);
        }
        assert_eq!(comes(&console, &issuer, Token::default()).await, DOWN);
    }
}

#[tokio::test]
async fn people_are_sent_with_a_new_state_nonce_and_challenge_each_time() {
    let world = World::new();
    let (console, issuer) = pair(&world).await;
    issuer.say("authorization_endpoint", json!(format!("{}/authorize?tenant=5", issuer.url())));
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let asked = console.get("/console/sign-in").await;
        let address: url::Url = asked.location().parse().unwrap();
        let asked: Vec<(String, String)> = address.query_pairs().into_owned().collect();
        let value = |name: &str| {
            let mut all = asked.iter().filter(|(it, _)| it == name).map(|(_, value)| value.clone());
            let only = all.next().unwrap();
            assert_eq!(all.next(), None, "{name} once");
            only
        };
        assert_eq!((address.path(), value("tenant").as_str()), ("/authorize", "5"));
        assert_eq!(value("scope"), "openid email profile");
        for name in ["state", "nonce", "code_challenge"] {
            assert_eq!(value(name).len(), 43, "256 bits: {name}");
            assert!(seen.insert(value(name)), "{name} again");
        }
    }
}

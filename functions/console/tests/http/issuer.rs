//! A small identity provider: it describes itself, publishes its keys, and
//! exchanges codes for tokens that it signs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;

use crate::signer::{Signer, unsigned};

/// What is wrong with the next token.
#[derive(Debug, Clone, Default)]
pub(crate) struct Token {
    /// In place of what the claims would be.
    pub(crate) claims: BTreeMap<&'static str, Value>,
    /// In place of what the header would be.
    pub(crate) header: BTreeMap<&'static str, Value>,
    /// Signed by somebody else, or otherwise.
    pub(crate) by: Option<Signer>,
    /// Without a signature (`alg: none`).
    pub(crate) unsigned: bool,
    /// None at all.
    pub(crate) none: bool,
}

/// A provider on loopback.
#[derive(Clone)]
pub(crate) struct Issuer(Arc<Inner>);

struct Inner {
    url: String,
    /// When tokens are issued, in seconds since 1970.
    now: i64,
    state: Mutex<Asked>,
}

struct Asked {
    token: Token,
    /// Who signs, and all keys that are published.
    signer: Signer,
    published: Vec<Value>,
    /// In place of what it says of itself.
    description: BTreeMap<&'static str, Value>,
    /// Code → nonce and challenge of the sign-in that it is for.
    codes: BTreeMap<String, (String, String)>,
    redeemed: u32,
    discovered: u32,
    shown: u32,
}

impl Issuer {
    pub(crate) async fn start(now: i64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let signer = Signer::usual();
        let state = Mutex::new(Asked {
            token: Token::default(),
            published: vec![signer.published()],
            signer,
            description: BTreeMap::new(),
            codes: BTreeMap::new(),
            redeemed: 0,
            discovered: 0,
            shown: 0,
        });
        let issuer = Self(Arc::new(Inner { url, now, state }));
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(keys))
            .route("/token", post(redeem))
            .with_state(issuer.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        issuer
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.url
    }

    /// From now on it signs with another key, and shows these.
    pub(crate) fn sign_by(&self, signer: Signer, published: Vec<Value>) {
        let mut state = self.0.state.lock().unwrap();
        (state.signer, state.published) = (signer, published);
    }

    /// From now on it says something else of itself.
    pub(crate) fn say(&self, name: &'static str, value: Value) {
        self.0.state.lock().unwrap().description.insert(name, value);
    }

    /// The person agrees: a code for the sign-in that this address began.
    pub(crate) fn code(&self, address: &str, token: Token) -> (String, String) {
        let address: url::Url = address.parse().unwrap();
        let asked: BTreeMap<String, String> = address.query_pairs().into_owned().collect();
        assert!(address.as_str().starts_with(&self.0.url), "{address}");
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["client_id"], super::world::CLIENT);
        assert_eq!(asked["redirect_uri"], "https://weir.example.com/console/callback");
        assert_eq!(asked["code_challenge_method"], "S256");
        assert!(asked["scope"].split(' ').any(|scope| scope == "openid"), "{}", asked["scope"]);
        let mut state = self.0.state.lock().unwrap();
        let code = format!("code-{}", state.codes.len());
        state.codes.insert(code.clone(), (asked["nonce"].clone(), asked["code_challenge"].clone()));
        state.token = token;
        (code, asked["state"].clone())
    }

    /// How often it described itself.
    pub(crate) fn discovered(&self) -> u32 {
        self.0.state.lock().unwrap().discovered
    }

    /// How often it showed its keys.
    pub(crate) fn shown(&self) -> u32 {
        self.0.state.lock().unwrap().shown
    }

    pub(crate) fn redeemed(&self) -> u32 {
        self.0.state.lock().unwrap().redeemed
    }

    fn token(&self, nonce: &str, token: &Token, signer: &Signer) -> String {
        let claims = json!({
            "iss": self.0.url, "sub": "u-1", "aud": [super::world::CLIENT], "nonce": nonce,
            "iat": self.0.now, "exp": self.0.now + 300,
            "email": "ada@example.com", "email_verified": true, "groups": ["operators"],
        });
        let claims = changed(claims, &token.claims);
        if token.unsigned {
            return unsigned(&claims);
        }
        let signer = token.by.as_ref().unwrap_or(signer);
        signer.token(&changed(signer.header(), &token.header), &claims)
    }
}

/// With other values in place of some.
fn changed(mut document: Value, by: &BTreeMap<&'static str, Value>) -> Value {
    let fields = document.as_object_mut().unwrap();
    for (name, value) in by {
        fields.insert((*name).to_owned(), value.clone());
    }
    document
}

async fn describe(State(issuer): State<Issuer>) -> Json<Value> {
    let mut state = issuer.0.state.lock().unwrap();
    state.discovered += 1;
    let url = &issuer.0.url;
    let description = json!({
        "issuer": url, "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/keys"),
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    Json(changed(description, &state.description))
}

async fn keys(State(issuer): State<Issuer>) -> Json<Value> {
    let mut state = issuer.0.state.lock().unwrap();
    state.shown += 1;
    Json(json!({ "keys": state.published }))
}

/// Each code once, for who knows our secret and what the challenge was made of.
async fn redeem(
    State(issuer): State<Issuer>,
    headers: HeaderMap,
    Form(form): Form<BTreeMap<String, String>>,
) -> Response {
    let refused = |status, error| (status, Json(json!({ "error": error }))).into_response();
    let mut state = issuer.0.state.lock().unwrap();
    if !is_our_client(&headers, &form, state.description.get("token_endpoint_auth_methods_supported")) {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let known = state.codes.remove(&form["code"]).filter(|_| form["grant_type"] == "authorization_code");
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    let Some((nonce, expected)) = known else { return refused(StatusCode::BAD_REQUEST, "invalid_grant") };
    assert_eq!(form["redirect_uri"], "https://weir.example.com/console/callback");
    if challenge != expected {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant");
    }
    state.redeemed += 1;
    let (token, signer) = (state.token.clone(), state.signer.clone());
    drop(state);
    let mut answer =
        json!({ "access_token": "canary-access-token", "token_type": "Bearer", "expires_in": 300 });
    if !token.none {
        answer["id_token"] = issuer.token(&nonce, &token, &signer).into();
    }
    Json(answer).into_response()
}

/// Whether a secret came, in the one way that this provider takes.
fn is_our_client(headers: &HeaderMap, form: &BTreeMap<String, String>, methods: Option<&Value>) -> bool {
    let (id, secret) = (super::world::CLIENT, super::world::CLIENT_SECRET);
    let authorization = headers.get(AUTHORIZATION).map(|it| it.to_str().unwrap());
    let sent = (form.get("client_id").map(String::as_str), form.get("client_secret").map(String::as_str));
    if methods.is_some_and(|methods| *methods == json!(["client_secret_post"])) {
        return authorization.is_none() && sent == (Some(id), Some(secret));
    }
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let expected = format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(id), encode(secret))));
    authorization == Some(&expected) && sent.1.is_none()
}

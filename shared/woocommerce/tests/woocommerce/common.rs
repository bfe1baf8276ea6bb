//! A shop on loopback that answers what it is told and remembers what it was
//! asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use weir_domain::outcome::CallError;
use weir_domain::ports::ShopError;
use weir_testkit::FakeClock;
use weir_woocommerce::client::{ApiKey, ShopClient};

/// An answer to what was asked.
type Answers = Arc<dyn Fn(&Asked) -> Response<Body> + Send + Sync>;

/// What was asked.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Asked {
    /// Asserts which resource of the API it was, and what was asked of it.
    pub(crate) fn was(&self, path: &str, query: &[(&str, &str)]) {
        assert_eq!(self.path, format!("/sub/wp-json/wc/v3/{path}"));
        for (name, value) in query {
            assert_eq!(self.query[*name], *value, "{name}");
        }
    }
}

pub(crate) struct ShopServer {
    url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

impl Drop for ShopServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ShopServer {
    /// Answers a path with its query.
    pub(crate) async fn start(
        answers: impl Fn(&str, &BTreeMap<String, String>) -> Response<Body> + Send + Sync + 'static,
    ) -> Self {
        Self::reading(move |asked| answers(&asked.path, &asked.query)).await
    }

    pub(crate) async fn reading(answers: impl Fn(&Asked) -> Response<Body> + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answers: Answers = Arc::new(answers);
        let app = Router::new().fallback(handle).with_state((answers, Arc::clone(&asked)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/sub", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, asked, task }
    }

    /// Answers everything alike: a status, headers, a body.
    pub(crate) async fn answering(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        Self::start(move |_, _| {
            let builder = Response::builder().status(status);
            let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(name, value));
            builder.body(Body::from(body.clone())).unwrap()
        })
        .await
    }

    /// Where it is, with the shop's path.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn client(&self) -> ShopClient {
        client(&self.url)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn handle(
    State((answers, asked)): State<(Answers, Arc<Mutex<Vec<Asked>>>)>,
    request: Request,
) -> Response<Body> {
    let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
    let query: BTreeMap<_, _> =
        url::Url::parse(&format!("http://x{}", request.uri())).unwrap().query_pairs().into_owned().collect();
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let headers = headers.collect();
    let body = axum::body::to_bytes(request.into_body(), 1 << 20).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let new = Asked { method, path, query, headers, body };
    let answer = answers(&new);
    asked.lock().unwrap().push(new);
    answer
}

pub(crate) fn client(url: &str) -> ShopClient {
    client_at(url, Arc::new(FakeClock::at("2026-11-23T20:00:00Z".parse().unwrap())))
}

pub(crate) fn client_at(url: &str, clock: Arc<FakeClock>) -> ShopClient {
    let store = json!({
        "store": "main", "url": url, "secret": "weir/main", "entities": [{"entity": "de", "erp": "books"}],
    });
    let key = ApiKey { consumer_key: "ck_canary".into(), consumer_secret: "cs_canary".into() };
    ShopClient::new(Arc::new(serde_json::from_value(store).unwrap()), key, clock, true).unwrap()
}

pub(crate) fn answer(status: u16, kind: &str, body: impl Into<Body>) -> Response<Body> {
    let builder = Response::builder().status(status).header("content-type", kind);
    builder.header("date", "Mon, 23 Nov 2026 19:59:58 GMT").body(body.into()).unwrap()
}

pub(crate) fn ok(body: &Value) -> Response<Body> {
    answer(200, "application/json; charset=UTF-8", body.to_string())
}

/// What an error means to its caller.
pub(crate) fn class(error: &ShopError) -> &'static str {
    match error {
        ShopError::Gone => "gone",
        ShopError::Unreadable { code, .. } => code,
        ShopError::Call(CallError::Blocked { .. }) => "blocked",
        ShopError::Call(CallError::RetrySoon { .. }) => "retry",
        ShopError::Call(CallError::Unknown { .. }) => "unknown",
        ShopError::Call(CallError::Rejected(_)) => "rejected",
    }
}

/// The bytes a body stands for: a text's own, or the JSON of anything else.
pub(crate) fn bytes(body: &Value) -> Vec<u8> {
    match body {
        Value::String(text) => text.clone().into_bytes(),
        body => serde_json::to_vec(body).unwrap(),
    }
}

/// An outcome in a few words.
pub(crate) fn outcome<T>(result: &Result<T, CallError>) -> &'static str {
    match result {
        Ok(_) => "done",
        Err(error) => class(&error.clone().into()),
    }
}

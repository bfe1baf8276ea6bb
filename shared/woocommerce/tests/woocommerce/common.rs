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

/// An answer to a path with its query.
type Answers = Arc<dyn Fn(&str, &BTreeMap<String, String>) -> Response<Body> + Send + Sync>;

/// What was asked: path, query, headers.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: BTreeMap<String, String>,
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
    pub(crate) async fn start(
        answers: impl Fn(&str, &BTreeMap<String, String>) -> Response<Body> + Send + Sync + 'static,
    ) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answers: Answers = Arc::new(answers);
        let app = Router::new().fallback(handle).with_state((answers, Arc::clone(&asked)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/sub", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, asked, task }
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
    let path = request.uri().path().to_owned();
    let query: BTreeMap<_, _> =
        url::Url::parse(&format!("http://x{}", request.uri())).unwrap().query_pairs().into_owned().collect();
    let headers = request.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let answer = answers(&path, &query);
    asked.lock().unwrap().push(Asked { path, query, headers: headers.collect() });
    answer
}

pub(crate) fn client(url: &str) -> ShopClient {
    let store = json!({
        "store": "main", "url": url, "secret": "weir/main", "entities": [{"entity": "de", "erp": "books"}],
    });
    let key = ApiKey { consumer_key: "ck_canary".into(), consumer_secret: "cs_canary".into() };
    let clock = Arc::new(FakeClock::at("2026-11-23T20:00:00Z".parse().unwrap()));
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

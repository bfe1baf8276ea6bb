//! A shop on a free port with a stopped clock, and somebody to deliver to.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde_json::{Value, json};
use shop_standin::{Clock, Config, Server};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// The moment the clock stands at when a shop is opened.
pub(crate) const START: &str = "2026-11-23T19:30:00Z";

/// Says something that is seen although the test passes: the harness swallows
/// what the print macros write.
pub(crate) fn say(text: &str) {
    use std::io::Write;
    std::io::stderr().write_all(format!("{text}\n").as_bytes()).unwrap();
}

/// A shop under test.
pub(crate) struct TestShop {
    pub(crate) server: Server,
    http: reqwest::Client,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|v| v.to_str().unwrap())
    }

    /// The body of a success.
    pub(crate) fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text);
        self.json()
    }
}

/// A request to be made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    /// Raw body and its content type.
    pub(crate) body: Option<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    /// Key and secret.
    pub(crate) basic: Option<(String, String)>,
}

impl TestShop {
    /// Opens a shop whose configuration differs from the built-in one by these
    /// keys.
    pub(crate) async fn open(config: Value) -> Self {
        let config = Config::from_json(&config.to_string()).unwrap();
        let clock = Clock::frozen(START.parse().unwrap());
        let server = Server::start(config, "127.0.0.1:0", clock).await.unwrap();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .no_proxy()
            .build()
            .unwrap();
        Self { server, http }
    }

    pub(crate) async fn send(&self, call: Call) -> Answer {
        let method: reqwest::Method = call.method.parse().unwrap();
        let url = format!("{}{}", self.server.url, call.path);
        let mut request = self.http.request(method, url).query(&call.query);
        if let Some((body, kind)) = call.body {
            request = request.header("content-type", kind).body(body);
        }
        for (name, value) in call.headers {
            request = request.header(name, value);
        }
        if let Some((key, secret)) = call.basic {
            request = request.basic_auth(key, Some(secret));
        }
        let response = request.send().await.unwrap();
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    /// A call of the REST API with the first key; `path` may have a query.
    pub(crate) async fn rest(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.api(method, &format!("wc/v3/{path}"), body).await
    }

    /// The same in any namespace.
    pub(crate) async fn api(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let pair = |p: &str| {
            let (name, value) = p.split_once('=').unwrap_or((p, ""));
            (name.to_owned(), value.to_owned())
        };
        self.send(Call {
            method: method.to_owned(),
            path: format!("/wp-json/{path}"),
            query: query.split('&').filter(|p| !p.is_empty()).map(pair).collect(),
            body: body.map(|b| (b.to_string(), "application/json".to_owned())),
            headers: vec![("accept".to_owned(), "application/json".to_owned())],
            basic: Some((self.server.consumer_key.clone(), self.server.consumer_secret.clone())),
        })
        .await
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.rest("GET", path, None).await.ok()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.rest("POST", path, Some(body)).await.ok()
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Value {
        self.rest("PUT", path, Some(body)).await.ok()
    }

    pub(crate) async fn control(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        self.control_raw(method, path, body).await.ok()
    }

    pub(crate) async fn control_raw(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let query = query.split('&').filter_map(|p| p.split_once('='));
        self.send(Call {
            method: method.to_owned(),
            path: format!("/_control/{path}"),
            query: query.map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
            body: body.map(|b| (b.to_string(), "application/json".to_owned())),
            ..Call::default()
        })
        .await
    }

    pub(crate) async fn faults(&self, switches: Value) {
        self.control("PUT", "faults", Some(switches)).await;
    }

    pub(crate) async fn clock(&self, now: &str) {
        self.control("PUT", "clock", Some(json!({ "now": now }))).await;
    }

    pub(crate) async fn advance(&self, seconds: i64) {
        self.control("PUT", "clock", Some(json!({ "advance_s": seconds }))).await;
    }

    /// Waits until the queue is empty and nothing is under way.
    pub(crate) async fn drain(&self) {
        for _ in 0..2_000 {
            let queue = self.control("GET", "deliveries?after=999999999", None).await;
            let empty = |key: &str| queue[key].as_array().is_some_and(Vec::is_empty);
            if empty("pending") && empty("under_way") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the queue does not empty");
    }

    /// Waits until that many deliveries are under way.
    pub(crate) async fn under_way(&self, count: usize) {
        for _ in 0..2_000 {
            let queue = self.control("GET", "deliveries?after=999999999", None).await;
            if queue["under_way"].as_array().is_some_and(|u| u.len() == count) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("never {count} deliveries under way");
    }

    /// A webhook of that topic to the receiver's path.
    pub(crate) async fn webhook(&self, topic: &str, receiver: &Receiver, path: &str) -> u64 {
        let body = json!({
            "topic": topic, "delivery_url": format!("{}{path}", receiver.url), "secret": "s3cret",
        });
        self.post("webhooks", body).await["id"].as_u64().unwrap()
    }
}

/// A request that arrived at the receiver.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub(crate) fn topic(&self) -> &str {
        self.header("x-wc-webhook-topic").unwrap_or("ping")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

struct Inbox {
    received: Mutex<Vec<Received>>,
    /// One permit lets one request to `/gate` through.
    gate: Semaphore,
}

/// Receives webhooks: `/status/NNN` answers that status, `/gate` waits for
/// leave, everything else is 200.
pub(crate) struct Receiver {
    pub(crate) url: String,
    inbox: Arc<Inbox>,
    _stop: watch::Sender<()>,
}

impl Receiver {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inbox = Arc::new(Inbox { received: Mutex::default(), gate: Semaphore::new(0) });
        let (stop, mut stopped) = watch::channel(());
        let app = Router::new().fallback(receive).with_state(Arc::clone(&inbox));
        tokio::spawn(async move {
            let until = async move { while stopped.changed().await.is_ok() {} };
            axum::serve(listener, app).with_graceful_shutdown(until).await.unwrap();
        });
        Self { url, inbox, _stop: stop }
    }

    /// What has arrived since the last call.
    pub(crate) fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.inbox.received.lock().unwrap())
    }

    /// Lets that many requests through the gate.
    pub(crate) fn let_through(&self, count: usize) {
        self.inbox.gate.add_permits(count);
    }
}

async fn receive(State(inbox): State<Arc<Inbox>>, request: Request) -> StatusCode {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let headers = parts.headers.iter();
    let headers = headers.map(|(n, v)| (n.to_string(), v.to_str().unwrap().to_owned())).collect();
    let body = to_bytes(body, 1 << 24).await.unwrap().to_vec();
    let is_ping = body.starts_with(b"webhook_id=");
    inbox.received.lock().unwrap().push(Received { path: path.clone(), headers, body });
    if path == "/gate" && !is_ping {
        inbox.gate.acquire().await.unwrap().forget();
    }
    let status = path.strip_prefix("/status/").and_then(|s| s.parse().ok()).unwrap_or(200);
    StatusCode::from_u16(status).unwrap()
}

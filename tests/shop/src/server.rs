//! The shop behind a socket: requests to the state machine, deliveries out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::config::{Config, ConfigError};
use crate::control;
use crate::shop::Shop;
use crate::wire::{Outcome, Outgoing, Reply, Request};

/// Largest body that is read, in bytes.
const MAX_BODY_BYTES: usize = 32 << 20;
/// How long deliveries may go on after the stop.
const DRAIN: Duration = Duration::from_secs(2);

/// Why the stand-in could not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address cannot be listened on, or the socket broke.
    #[error("{0}")]
    Socket(#[from] std::io::Error),
    /// No HTTP client could be made.
    #[error("HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

struct Shared {
    shop: Mutex<Shop>,
    clock: Clock,
    client: reqwest::Client,
    /// Something may have become due.
    wake: Notify,
}

impl Shared {
    fn shop(&self) -> MutexGuard<'_, Shop> {
        self.shop.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running stand-in.
#[derive(Debug)]
pub struct Server {
    /// Its address, `http://127.0.0.1:port`.
    pub url: String,
    /// Key of the first configured API key.
    pub consumer_key: String,
    /// Secret of the first configured API key.
    pub consumer_secret: String,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Server {
    /// Binds, opens the shop and serves until stopped or dropped.
    pub async fn start(config: Config, listen: &str, clock: Clock) -> Result<Self, ServeError> {
        let listener = TcpListener::bind(listen).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let timeout = Duration::from_secs(config.delivery.timeout_s);
        let workers = config.delivery.workers;
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(timeout)
            .no_proxy()
            .build()?;
        let (key, secret) =
            config.keys.first().map(|k| (k.key.clone(), k.secret.clone())).unwrap_or_default();
        let shop = Shop::open(config, &url, clock.now())?;
        let shared = Arc::new(Shared { shop: Mutex::new(shop), clock, client, wake: Notify::new() });
        let (end, stopping) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for _ in 0..workers {
            tasks.spawn(deliver(Arc::clone(&shared), stopping.clone()));
        }
        let app = Router::new().fallback(handle).with_state(shared);
        tasks.spawn(async move {
            let served = axum::serve(listener, app).with_graceful_shutdown(until_stopped(stopping)).await;
            if let Err(error) = served {
                tracing::error!(%error, "the shop's socket broke");
            }
        });
        Ok(Self { url, consumer_key: key, consumer_secret: secret, stop: end, tasks })
    }

    /// Stops accepting, lets what is under way end (for a moment), and goes.
    pub async fn stop(mut self) {
        // Nobody listening means everything has ended already.
        let _ = self.stop.send(true);
        let drained = tokio::time::timeout(DRAIN, async { while self.tasks.join_next().await.is_some() {} });
        if drained.await.is_err() {
            self.tasks.abort_all();
        }
    }
}

async fn until_stopped(mut stopped: watch::Receiver<bool>) {
    // The sender gone means the server was dropped: stop as well.
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn handle(State(shared): State<Arc<Shared>>, http: HttpRequest) -> Response<Body> {
    let (parts, body) = http.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return respond(Reply::raw(413, "text/html", ""));
    };
    let request = Request {
        method: parts.method.as_str().to_owned(),
        path: decode(parts.uri.path(), false),
        query: pairs(parts.uri.query().unwrap_or_default()),
        headers: header_pairs(&parts.headers),
        body: body.to_vec(),
    };
    if request.path == "/_control/clock" {
        return respond(set_clock(&shared, &request));
    }
    let mut reply = shared.shop().handle(shared.clock.now(), &request);
    shared.wake.notify_one();
    for ping in std::mem::take(&mut reply.pings) {
        send(&shared.client, &ping).await;
    }
    if reply.latency_ms > 0 {
        tokio::time::sleep(Duration::from_millis(reply.latency_ms)).await;
    }
    respond(reply)
}

fn set_clock(shared: &Shared, request: &Request) -> Reply {
    if request.method != "GET" {
        match control::clock_command(&request.body) {
            Ok(command) => shared.clock.apply(command),
            Err(text) => {
                return Reply::raw(400, "text/plain; charset=UTF-8", text);
            }
        }
    }
    shared.wake.notify_one();
    let now = serde_json::json!({ "now": shared.clock.now().to_string() });
    Reply::json(200, &now.into())
}

/// One worker of the delivery queue.
async fn deliver(shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        let next = shared.shop().next_delivery(shared.clock.now());
        let Some(outgoing) = next else {
            let pause = until_due(&shared);
            tokio::select! {
                () = shared.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
                _ = stopped.wait_for(|stop| *stop) => return,
            }
            continue;
        };
        // There may be more than one worker can do.
        shared.wake.notify_one();
        let outcome = send(&shared.client, &outgoing).await;
        shared.shop().delivered(shared.clock.now(), outgoing.seq, outcome);
        shared.wake.notify_one();
    }
}

/// How long until something is due, as far as can be told: other workers'
/// ends, held queues and moved clocks wake this early or are found by looking.
fn until_due(shared: &Shared) -> Duration {
    const LOOK_AGAIN: Duration = Duration::from_millis(100);
    let Some(due) = shared.shop().next_due() else { return Duration::from_secs(1) };
    let wait = due.duration_since(shared.clock.now());
    Duration::try_from(wait).map_or(LOOK_AGAIN, |w| w.clamp(Duration::from_millis(1), LOOK_AGAIN))
}

/// Sends a delivery as often as it asks for; the last answer counts.
async fn send(client: &reqwest::Client, outgoing: &Outgoing) -> Outcome {
    let mut outcome = Outcome::NoAnswer;
    for _ in 0..outgoing.copies {
        let mut request = client.post(&outgoing.url).body(outgoing.body.clone());
        for (name, value) in &outgoing.headers {
            request = request.header(name, value);
        }
        outcome = match request.send().await {
            Ok(response) => Outcome::Status(response.status().as_u16()),
            Err(_) => Outcome::NoAnswer,
        };
    }
    outcome
}

fn respond(reply: Reply) -> Response<Body> {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        let pair = (HeaderName::try_from(name), HeaderValue::try_from(value));
        if let (Ok(name), Ok(value)) = pair {
            response.headers_mut().append(name, value);
        }
    }
    response
}

fn header_pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect()
}

fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name, true), decode(value, true))
        })
        .collect()
}

/// Percent-decoding; in queries `+` is a blank.
fn decode(text: &str, plus_is_blank: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|h| u8::from_str_radix(h, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) if plus_is_blank => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_queries_and_paths() {
        assert_eq!(
            pairs("sku=M3%2FBOX+100&status%5B0%5D=any&x"),
            [("sku", "M3/BOX 100"), ("status[0]", "any"), ("x", "")]
                .map(|(n, v)| (n.to_owned(), v.to_owned()))
        );
        assert_eq!(decode("/a+b%C3%A4%zz", false), "/a+bä%zz");
    }
}

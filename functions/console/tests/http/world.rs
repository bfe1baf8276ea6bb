//! A console over fakes, and what is asked of it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use console::auth::{Auth, OpenId};
use console::doctor::Checkups;
use console::local::Local;
use console::router;
use console::state::App;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};
use tower::ServiceExt;
use weir_domain::config::{ConsoleConfig, ErpConfig, StoreConfig};
use weir_domain::desk::Desk;
use weir_domain::hint::Cause;
use weir_domain::id::{DocumentKey, ErpId, OrderKey};
use weir_domain::mapping::{MappingKey, MappingKind};
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Adoption, Claim, Clock, ErpBooks, ErpConnections, ErpDesk, Ledger, MappingStore, PlannedRequest,
};
use weir_domain::push::{Delivery, OrderPush};
use weir_domain::record::{Concern, Exception, Hold};
use weir_domain::sales::SalesOrder;
use weir_runtime::config::Configuration;
use weir_runtime::environment::Profile;
use weir_runtime::secrets::{SecretError, SecretStore, Secrets};
use weir_testkit::{
    FakeClock, FakeConnections, FakeErp, FakeLedger, FakeQueue, FakeQueues, FakeShop, FakeStockQueue,
    FakeStockStore, sample,
};

/// Where people find it.
pub(crate) const ORIGIN_OF_CONSOLE: &str = "https://weir.example.com";
pub(crate) const CLIENT: &str = "weir-console";
pub(crate) const CLIENT_SECRET: &str = "a client's password & more";

/// Everything around the console.
pub(crate) struct World {
    pub(crate) ledger: Arc<FakeLedger>,
    pub(crate) stock: Arc<FakeStockStore>,
    pub(crate) queues: Arc<FakeQueues>,
    pub(crate) hints: Arc<FakeQueue>,
    pub(crate) shop: Arc<FakeShop>,
    pub(crate) erp: Arc<FakeErp>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) push: OrderPush,
    configuration: Arc<Configuration>,
    connections: Arc<FakeConnections>,
    hangs: bool,
}

struct Kept(Mutex<Value>);

#[async_trait]
impl SecretStore for Kept {
    async fn fetch(&self, _: &str) -> Result<SecretString, SecretError> {
        Ok(self.0.lock().unwrap().to_string().into())
    }
}

/// The console's secret; another `cookie_key` seals other cookies.
fn secrets(clock: &Arc<FakeClock>, cookie_key: &str) -> Secrets {
    let text = json!({ "client_id": CLIENT, "client_secret": CLIENT_SECRET, "cookie_key": cookie_key });
    let clock: Arc<dyn Clock> = clock.clone();
    Secrets::new(Arc::new(Kept(Mutex::new(text))), clock, Profile::Local)
}

pub(crate) fn cookie_key() -> String {
    "0123456789abcdefghijklmnopqrstuv".repeat(2)
}

/// An ERP that may never answer.
struct DeskOfFake {
    hangs: bool,
}

impl DeskOfFake {
    async fn asked(&self) {
        if self.hangs {
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl ErpDesk for DeskOfFake {
    async fn plan(&self, order: &SalesOrder) -> Result<Vec<PlannedRequest>, CallError> {
        self.asked().await;
        let body = json!({ "reference": order.key.reference(), "party": "(masked)" });
        Ok(vec![PlannedRequest { method: "POST".into(), path: "sale.sale".into(), body }])
    }

    async fn adopt(&self, _: &str, _: &DocumentKey) -> Result<Adoption, CallError> {
        self.asked().await;
        Ok(Adoption::NotFound)
    }
}

#[async_trait]
impl ErpConnections for DeskOfFake {
    async fn books(&self, _: &ErpId) -> Result<Arc<dyn ErpBooks>, CallError> {
        Err(CallError::blocked("not asked here"))
    }

    async fn desk(&self, _: &ErpId) -> Result<Arc<dyn ErpDesk>, CallError> {
        self.asked().await;
        Ok(Arc::new(Self { hangs: self.hangs }))
    }
}

fn erp_config() -> ErpConfig {
    let config = json!({
        "erp": "books", "kind": "tryton", "url": "https://erp.example.com/", "secret": "weir/erp/books",
        "database": "weir", "company": 1, "warehouse": 2, "web_shops": {"main": 1},
        "taxes": {}, "rounding": {"item": "ROUND", "tax_unit": {}},
    });
    serde_json::from_value(config).unwrap()
}

impl World {
    pub(crate) fn new() -> Self {
        let store: StoreConfig = sample::store_config("main", "books");
        // Orders of the samples are an hour old: nobody may still be changing them.
        let clock = Arc::new(FakeClock::at(sample::saturday() + SignedDuration::from_hours(1)));
        let (ledger, hints) = (Arc::new(FakeLedger::default()), Arc::new(FakeQueue::default()));
        let (shop, erp) = (Arc::new(FakeShop::default()), Arc::new(FakeErp::default()));
        let connections = Arc::new(FakeConnections::default());
        connections.add_store(store.clone(), Arc::clone(&shop));
        connections.add_erp("books".parse().unwrap(), Arc::clone(&erp));
        let mut configuration = Configuration::default();
        configuration.stores.insert(store.store.clone(), Ok(Arc::new(store)));
        configuration.erps.insert("books".parse().unwrap(), erp_config());
        let push = OrderPush {
            ledger: ledger.clone(),
            mappings: ledger.clone(),
            connections: connections.clone(),
            stock: None,
            clock: clock.clone(),
            lease: SignedDuration::from_secs(130),
            amnesia: false,
        };
        Self {
            ledger,
            stock: Arc::new(FakeStockStore::default()),
            queues: Arc::new(FakeQueues::default()),
            hints,
            shop,
            erp,
            clock,
            push,
            configuration: Arc::new(configuration),
            connections,
            hangs: false,
        }
    }

    /// From now on ERPs take what people ask of them, and never answer.
    pub(crate) fn hangs(&mut self) {
        self.hangs = true;
    }

    /// A console whose people come from `issuer`.
    pub(crate) fn console(&self, issuer: &str) -> Console {
        self.console_with(issuer, &cookie_key(), json!({ "read": ["shop"], "act": ["operators"] }))
    }

    pub(crate) fn console_with(&self, issuer: &str, cookie_key: &str, roles: Value) -> Console {
        let mut config = json!({ "issuer": issuer, "secret": "weir/console", "url": ORIGIN_OF_CONSOLE });
        config["roles"] = roles;
        let config: ConsoleConfig = serde_json::from_value(config).unwrap();
        config.check(true).unwrap();
        let clock: Arc<dyn Clock> = self.clock.clone();
        let openid = OpenId::new(Arc::new(config), secrets(&self.clock, cookie_key), clock, true).unwrap();
        Console::new(self.app(Auth::OpenId(Box::new(openid))), ORIGIN_OF_CONSOLE)
    }

    /// A console that nobody has configured.
    pub(crate) fn unconfigured(&self) -> Console {
        Console::new(self.app(Auth::NotConfigured("Add console.json.".into())), ORIGIN_OF_CONSOLE)
    }

    /// A console on somebody's own machine, and the address to open it by.
    pub(crate) fn on_a_laptop(&self) -> (Console, String) {
        let local = Local::new("127.0.0.1:8085".parse().unwrap(), Some("ada"), self.clock.clone());
        let invitation = local.invitation().unwrap();
        (Console::new(self.app(Auth::Local(local)), "http://127.0.0.1:8085"), invitation)
    }

    pub(crate) fn app(&self, auth: Auth) -> App {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let no_secrets = secrets(&self.clock, &cookie_key());
        App {
            auth,
            open: self.ledger.clone(),
            ledger: self.ledger.clone(),
            timelines: self.ledger.clone(),
            jobs: self.ledger.clone(),
            reports: self.ledger.clone(),
            actions: self.ledger.clone(),
            mappings: self.ledger.clone(),
            stock: self.stock.clone(),
            queues: self.queues.clone(),
            desk: Desk {
                ledger: self.ledger.clone(),
                queue: self.hints.clone(),
                connections: self.connections.clone(),
                erps: Arc::new(DeskOfFake { hangs: self.hangs }),
                stock: self.stock.clone(),
                stock_queue: Arc::new(FakeStockQueue::default()),
                clock: self.clock.clone(),
                lease: SignedDuration::from_secs(130),
            },
            push: self.push.clone(),
            doctor: Checkups::new(
                &self.configuration,
                no_secrets,
                self.ledger.clone(),
                &clock,
                Profile::Local,
            ),
            configuration: Arc::clone(&self.configuration),
            clock,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn map(&self, kind: MappingKind, name: &str, target: &str) {
        let (store, note) = ("main".parse().unwrap(), sample::note("mapped", self.now()));
        let key = MappingKey::new(kind, name);
        self.ledger.set_mapping(&store, &key, &[target.to_owned()], &note).await.unwrap();
    }

    /// An order whose payment is not mapped: an exception.
    pub(crate) async fn excepted(&self, id: u64) -> OrderKey {
        self.map(MappingKind::Tax, "rates:1", "DE19").await;
        self.map(MappingKind::Shipping, "flat_rate", "SHIPPING").await;
        let mut order = sample::order("main", id);
        order.payment.method = "klarna".into();
        let key = order.key.clone();
        self.shop.put(order);
        self.deliver(&key).await;
        let record = self.ledger.record(&key).await.unwrap().unwrap();
        assert!(matches!(record.hold, Hold::Exception(_)), "{:?}", record.hold);
        self.hints.take();
        key
    }

    /// An order that is on record as an exception.
    pub(crate) async fn stands(&self, id: u64, code: &str, subject: &str) {
        let hint = sample::hint(&sample::key("main", id), Cause::Webhook, self.now());
        let lease = SignedDuration::from_secs(60);
        let claim = self.ledger.claim(&hint, "worker", self.now(), lease).await;
        let Ok(Claim::Claimed(mut held)) = claim else { panic!("{claim:?}") };
        held.record.hold = Hold::Exception(Exception {
            code: code.to_owned(),
            subject: subject.to_owned(),
            detail: format!("It is about {subject}."),
            since: self.now(),
            about: None,
            concern: Concern::Order,
            accepted: None,
        });
        self.ledger.complete(*held, &sample::note("completed", self.now())).await.unwrap();
    }

    /// The worker looks at an order.
    pub(crate) async fn deliver(&self, key: &OrderKey) {
        let hint = sample::hint(key, Cause::Webhook, self.now());
        let deadline = self.now() + SignedDuration::from_secs(50);
        let delivery = Delivery { owner: format!("worker/{}", self.now()), receives: 1, deadline };
        self.push.push(&hint, &delivery).await.unwrap();
        self.clock.advance(SignedDuration::from_secs(6));
    }

    pub(crate) async fn is_claimable(&self, key: &OrderKey) -> bool {
        let hint = sample::hint(key, Cause::Desk, self.now());
        let claim = self.ledger.claim(&hint, "test", self.now(), SignedDuration::from_secs(1)).await.unwrap();
        matches!(claim, Claim::Claimed(_))
    }

    pub(crate) fn klarna() -> MappingKey {
        MappingKey::new(MappingKind::Payment, "klarna")
    }
}

/// One console and a browser in front of it, which keeps cookies.
pub(crate) struct Console {
    router: Router,
    origin: &'static str,
    cookies: Mutex<Vec<(String, String)>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn location(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |location| location.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn cookies(&self) -> Vec<String> {
        let cookies = self.headers.get_all(SET_COOKIE).iter();
        cookies.map(|cookie| cookie.to_str().unwrap().to_owned()).collect()
    }
}

impl Console {
    fn new(app: App, origin: &'static str) -> Self {
        Self { router: router(app), origin, cookies: Mutex::default() }
    }

    /// One request as it is, without what a browser adds.
    pub(crate) async fn raw(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 10_000_000).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        let answer = Answer { status: parts.status, headers: parts.headers, body };
        for cookie in answer.cookies() {
            let (name, rest) = cookie.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            cookies.retain(|(known, _)| known != name);
            if !cookie.contains("Max-Age=0") {
                cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    /// A request of the browser: its cookies, its origin.
    pub(crate) fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let host = self.origin.split("//").nth(1).unwrap();
        let only_looks = method == Method::GET;
        let mut request = Request::builder().method(method).uri(path).header("host", host);
        let cookies = self.cookies.lock().unwrap();
        if !cookies.is_empty() {
            let all: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, all.join("; "));
        }
        if only_looks { request } else { request.header(ORIGIN, self.origin) }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.raw(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    /// To the API, with the token.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let token = self.token().await;
        let request = self.request(Method::POST, path).header("x-csrf-token", token);
        let request = request.header(CONTENT_TYPE, "application/json").body(Body::from(body.to_string()));
        self.raw(request.unwrap()).await
    }

    pub(crate) async fn token(&self) -> String {
        self.get("/console/api/me").await.json()["csrf"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        let mut cookies = self.cookies.lock().unwrap();
        cookies.retain(|(known, _)| known != name);
        cookies.push((name.to_owned(), value.to_owned()));
    }
}

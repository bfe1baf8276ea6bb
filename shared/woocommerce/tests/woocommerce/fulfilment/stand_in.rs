//! The stand-in as a shop to be tried on: what it has is switched on and off
//! while it is open.

use std::sync::Arc;

use jiff::SignedDuration;
use serde_json::{Value, json};
use shop_standin::{Clock, Config, Server};
use weir_domain::id::OrderId;
use weir_testkit::FakeClock;
use weir_woocommerce::client::ShopClient;

use crate::common::client_at;

/// An open shop with a paid order in it, and a client.
pub(super) struct StandIn {
    server: Server,
    http: reqwest::Client,
    clock: Arc<FakeClock>,
    pub(super) client: ShopClient,
    pub(super) order: OrderId,
    /// The order as it was made.
    pub(super) made: Value,
}

impl StandIn {
    pub(super) async fn open(settings: &Value) -> Self {
        let mut config = json!({
            "keys": [{ "key": "ck_canary", "secret": "cs_canary", "permissions": "read_write" }],
            "custom_statuses": ["packed"],
        });
        for (key, value) in settings.as_object().unwrap() {
            config[key] = value.clone();
        }
        let config = Config::from_json(&config.to_string()).unwrap();
        let now = "2026-11-28T12:00:00Z".parse().unwrap();
        let server = Server::start(config, "127.0.0.1:0", Clock::frozen(now)).await.unwrap();
        let clock = Arc::new(FakeClock::at(now));
        let client = client_at(&server.url, Arc::clone(&clock));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let order = OrderId(0);
        let mut shop = Self { server, http, clock, client, order, made: Value::Null };
        let wanted = json!({
            "set_paid": true, "payment_method": "stripe", "billing": { "country": "DE" },
            "line_items": [{ "product_id": 10, "quantity": 2 }, { "product_id": 11, "quantity": 1 }],
            "shipping_lines": [{ "method_id": "flat_rate", "method_title": "DHL", "total": "4.12" }],
        });
        shop.made = shop.rest("POST", "wc/v3/orders", Some(wanted)).await;
        shop.order = OrderId(shop.made["id"].as_u64().unwrap());
        shop
    }

    /// A call of the API by somebody else.
    pub(super) async fn rest(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        self.send(method, &format!("wp-json/{path}"), body).await
    }

    /// What is under the order's address.
    pub(super) async fn of_order(&self, path: &str) -> Value {
        self.rest("GET", &format!("wc/v3/orders/{}{path}", self.order), None).await
    }

    pub(super) async fn control(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        self.send(method, &format!("_control/{path}"), body).await
    }

    /// Installs a plugin, or takes it away.
    pub(super) async fn switch(&self, settings: Value) {
        self.control("PUT", "settings", Some(settings)).await;
    }

    /// The next answer is lost; the work is done.
    pub(super) async fn lose_an_answer(&self) {
        self.control("PUT", "faults", Some(json!({ "lose_answer_next": 1 }))).await;
    }

    pub(super) fn an_hour_later(&self) {
        self.clock.advance(SignedDuration::from_hours(1));
    }

    /// What was asked since this was called last, and how often: `GET ast 1`.
    pub(super) async fn requests(&self) -> Vec<String> {
        let counted = self.control("GET", "requests", None).await;
        self.control("DELETE", "requests", None).await;
        let by_route = counted["by_route"].as_object().unwrap().iter();
        by_route.map(|(route, times)| format!("{route} {times}")).collect()
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let request = self.http.request(method.parse().unwrap(), format!("{}/{path}", self.server.url));
        let mut request = request.basic_auth("ck_canary", Some("cs_canary"));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{method} {path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }
}

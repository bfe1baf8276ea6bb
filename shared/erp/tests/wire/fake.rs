//! A Tryton that knows one customer, one sale and every product, computes no
//! totals (a test says them), writes down what it was asked, and fails where
//! it is told to.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use futures::StreamExt;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use weir_domain::config::ErpConfig;
use weir_domain::doctor::ErpCheckup;
use weir_domain::ports::{Erp, ErpBooks, ErpDesk, ErpStock};
use weir_testkit::FakeClock;

use crate::dispatch::Dispatch;
use crate::stockroom::Stockroom;

/// The key it wants.
pub(crate) const KEY: &str = "the-key";

/// An answer instead of its own.
#[derive(Clone)]
pub(crate) struct Fault {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    /// Promise one byte more than is sent, and send no end.
    pub(crate) drips: bool,
    /// Do what was asked before failing.
    pub(crate) after: bool,
}

impl Fault {
    pub(crate) fn new(status: u16, kind: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![(CONTENT_TYPE.as_str(), kind.to_owned())];
        Self { status, headers, body: body.into(), drips: false, after: false }
    }

    /// An answer of Tryton's.
    pub(crate) fn json(answer: &Value) -> Self {
        Self::new(200, "application/json", answer.to_string())
    }

    fn response(self) -> Response {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        if !self.drips {
            return response.body(Body::from(self.body)).unwrap();
        }
        let begun = futures::stream::iter([Ok::<_, std::io::Error>(self.body)]);
        response.body(Body::from_stream(begun.chain(futures::stream::pending()))).unwrap()
    }
}

/// Its state.
#[derive(Default)]
pub(crate) struct Books {
    /// What it was asked, decoded.
    pub(crate) log: Vec<Value>,
    /// How many records each search wanted at most: what, and how many.
    pub(crate) limits: Vec<(String, String)>,
    /// The one sale.
    pub(crate) sale: Option<Value>,
    /// (net, tax) after each write of a sale, first to last; the last stays.
    pub(crate) totals: Vec<(&'static str, &'static str)>,
    /// "METHOD model" or "METHOD model/button" → what to answer, in turn.
    pub(crate) faults: BTreeMap<&'static str, Vec<Fault>>,
    /// Rights that the key's user has not: "create account.payment.group".
    pub(crate) forbidden: Vec<&'static str>,
    pub(crate) payments: Vec<Value>,
    pub(crate) parties: Vec<Value>,
    pub(crate) stock: Stockroom,
    pub(crate) dispatch: Dispatch,
    addresses: u64,
}

pub(crate) struct Fake {
    address: SocketAddr,
    pub(crate) books: Arc<Mutex<Books>>,
    server: JoinHandle<()>,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Fake {
    pub(crate) async fn start(totals: &[(&'static str, &'static str)]) -> Self {
        let books = Arc::new(Mutex::new(Books { totals: totals.to_vec(), ..Books::default() }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().fallback(answer).with_state(Arc::clone(&books));
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, books, server }
    }

    /// Stops listening: connections are refused from now on.
    pub(crate) async fn stop(&mut self) {
        self.server.abort();
        let _ = (&mut self.server).await;
    }

    pub(crate) fn fault(&self, on: &'static str, faults: impl IntoIterator<Item = Fault>) {
        self.books.lock().unwrap().faults.entry(on).or_default().extend(faults);
    }

    pub(crate) fn log(&self) -> Vec<Value> {
        std::mem::take(&mut self.books.lock().unwrap().log)
    }

    /// The buttons that were pressed.
    pub(crate) fn pressed(&self) -> Vec<String> {
        let button =
            |asked: &Value| Some(asked["ask"].as_str()?.strip_prefix("POST sale.sale/1/")?.to_owned());
        self.log().iter().filter_map(button).collect()
    }

    pub(crate) fn connect(&self) -> Arc<dyn Erp> {
        let clock = Arc::new(FakeClock::default());
        weir_erp::connect(&self.config(), KEY.to_owned().into(), clock, true).unwrap()
    }

    pub(crate) fn connect_stock(&self) -> Arc<dyn ErpStock> {
        let clock = Arc::new(FakeClock::default());
        weir_erp::connect_stock(&self.config(), KEY.to_owned().into(), clock, true).unwrap()
    }

    pub(crate) fn connect_books(&self) -> Arc<dyn ErpBooks> {
        let clock = Arc::new(FakeClock::default());
        weir_erp::connect_books(&self.config(), KEY.to_owned().into(), clock, true).unwrap()
    }

    pub(crate) fn connect_desk(&self) -> Arc<dyn ErpDesk> {
        let clock = Arc::new(FakeClock::default());
        weir_erp::connect_desk(&self.config(), KEY.to_owned().into(), clock, true).unwrap()
    }

    pub(crate) fn connect_checkup(&self) -> Arc<dyn ErpCheckup> {
        let clock = Arc::new(FakeClock::default());
        weir_erp::connect_checkup(&self.config(), KEY.to_owned().into(), clock, true).unwrap()
    }

    pub(crate) fn config(&self) -> ErpConfig {
        let config = json!({
            "erp": "tryton", "url": format!("http://{}/", self.address), "secret": "none",
            "timeout_s": 1, "longest_request_s": 60,
            "kind": "tryton", "database": "books", "company": 1, "warehouse": 5,
            "locations": {"main": {"warehouse": 5}, "shop-floor": {"warehouse": 12, "owner": "pos"}},
            "web_shops": {"main": 3}, "taxes": {"DE19": 19}, "journals": {"CARD:EUR": 4},
            "rounding": {"item": "ROUNDING", "tax_unit": {"EUR": 9}},
        });
        serde_json::from_value(config).unwrap()
    }
}

async fn answer(State(books): State<Arc<Mutex<Books>>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let key = head.headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
    let mut context = decoded(head.headers["x-tryton-context"].to_str().unwrap());
    let context = context.as_object_mut().unwrap();
    assert_eq!(context.remove("company"), Some(json!(1)));
    assert_eq!(context.remove("_skip_warnings"), Some(json!(true)));
    let path = head.uri.path().strip_prefix("/books/rest/model/").unwrap();
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let fields: Vec<&str> =
        query.iter().filter(|(name, _)| name == "f").map(|(_, value)| value.as_str()).collect();
    let coded = |wanted: &str| {
        query.iter().find(|(name, _)| name == wanted).map_or(Value::Null, |(_, value)| decoded(value))
    };
    let (domain, order) = (coded("d"), coded("o"));
    // URLs end up in the access logs of proxies.
    for canary in weir_testkit::sample::CANARIES {
        assert!(!format!("{query:?} {domain}").contains(canary), "{canary} is in a URL");
    }
    let body: Value = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() };
    let mut books = books.lock().unwrap();
    let ask = format!("{} {path}", head.method);
    let mut asked = json!({"ask": ask, "domain": domain, "fields": fields.join(" "), "body": body});
    if !order.is_null() {
        asked["order"] = order;
    }
    if !context.is_empty() {
        asked["context"] = json!(context);
    }
    books.log.push(asked);
    let limit = query.iter().find(|(name, _)| name == "s").map(|(_, limit)| (ask.clone(), limit.clone()));
    books.limits.extend(limit);
    if key.as_deref() != Some(&format!("Bearer {KEY}")) {
        return Fault::new(401, "text/html", "<h1>Unauthorized</h1>").response();
    }
    let fault =
        books.faults.get_mut(ask.as_str()).filter(|faults| !faults.is_empty()).map(|faults| faults.remove(0));
    if let Some(fault) = fault {
        if fault.after {
            books.answer(&ask, &domain, &body);
        }
        return fault.response();
    }
    if head.method == "POST" && books.forbidden.contains(&format!("create {path}").as_str()) {
        let body = json!({"status": 400, "message": "You are not allowed to.", "description": ""});
        return Fault::new(400, "application/json", body.to_string()).response();
    }
    let stocked = books.stock.answer(&ask, &domain, &json!(context), &fields);
    let dispatched = stocked.or_else(|| books.dispatch.answer(&ask, &domain, &fields));
    let answer = dispatched.unwrap_or_else(|| books.answer(&ask, &domain, &body));
    Fault::new(200, "application/json", answer.to_string()).response()
}

fn decoded(text: &str) -> Value {
    serde_json::from_slice(&URL_SAFE.decode(text).unwrap()).unwrap()
}

pub(crate) fn decimal(text: &str) -> Value {
    json!({"__class__": "Decimal", "decimal": text})
}

impl Books {
    fn answer(&mut self, ask: &str, domain: &Value, body: &Value) -> Value {
        match ask {
            "GET product.product" => products(domain),
            "GET currency.currency" | "GET ir.model.field" => json!([{"id": 1}]),
            "GET country.country" => json!([{"id": 49, "code": domain[0][2]}]),
            "GET country.subdivision" => json!([]),
            "GET ir.configuration" => json!([{"id": 1, "product_price_decimal": 4}]),
            "GET account.payment.journal" => json!([{"id": 4, "currency": {"id": 1, "code": "EUR"}}]),
            "POST party.party/search_read" => json!(self.parties),
            "GET sale.sale" => json!(self.sale.iter().collect::<Vec<_>>()),
            "GET account.payment" => json!(self.payments),
            "POST party.party" => json!({"id": 7, "name": body["name"], "code": body["code"]}),
            "POST party.address" => {
                self.addresses += 1;
                let mut address = body.clone();
                address["id"] = json!(70 + self.addresses);
                address["country"] = json!({"id": 49, "code": "DE"});
                address["subdivision"] = Value::Null;
                address
            }
            "POST sale.sale" => {
                let sale = json!({
                    "id": 1, "state": "draft", "number": null, "party": body["party"], "invoice_party": null,
                    "currency": {"id": 1, "code": "EUR"}, "lines": [],
                });
                self.sale = Some(sale);
                self.write(body)
            }
            "PUT sale.sale/1" => self.write(body),
            "POST ir.model.access/get_access" => {
                let model = body["models"][0].as_str().unwrap();
                let may =
                    |right: &str| u8::from(!self.forbidden.contains(&format!("{right} {model}").as_str()));
                json!({model: {"read": true, "create": may("create"), "write": may("write")}})
            }
            // The button is reserved for group 18.
            "GET ir.model.button" => {
                json!([{"id": 1, "groups": if domain[1][2] == "process" { vec![18] } else { vec![] }}])
            }
            "POST res.user/get_preferences" => {
                json!({"groups": if self.forbidden.contains(&"process sale.sale") { [3, 15] } else { [3, 18] }})
            }
            "POST account.payment" => self.pay(body),
            "POST account.payment.group" => {
                let payment = self.pay(&body["payments"][0][1][0]);
                json!({"id": 1, "payments": [payment]})
            }
            "POST account.payment/1/submit" => {
                self.payments[0]["state"] = json!("submitted");
                self.payments[0].clone()
            }
            _ => self.press(ask.strip_prefix("POST sale.sale/1/").unwrap_or_else(|| panic!("{ask}"))),
        }
    }

    fn press(&mut self, button: &str) -> Value {
        let sale = self.sale.as_mut().unwrap();
        let state = match button {
            "quote" => "quotation",
            "confirm" => "confirmed",
            "process" => "processing",
            "draft" => "draft",
            "cancel" => "cancelled",
            other => panic!("{other}"),
        };
        sale["state"] = json!(state);
        sale["number"] = json!("S1");
        sale.clone()
    }

    fn write(&mut self, body: &Value) -> Value {
        let (net, tax) = if self.totals.len() > 1 { self.totals.remove(0) } else { self.totals[0] };
        let gross =
            net.parse::<rust_decimal::Decimal>().unwrap() + tax.parse::<rust_decimal::Decimal>().unwrap();
        let sale = self.sale.as_mut().unwrap();
        for field in ["reference", "comment", "sale_date"] {
            if let Some(value) = body.get(field) {
                sale[field] = value.clone();
            }
        }
        for command in body["lines"].as_array().unwrap() {
            match command[0].as_str().unwrap() {
                "delete" => sale["lines"] = json!([]),
                _ => command[1].as_array().unwrap().iter().for_each(|line| append(&mut sale["lines"], line)),
            }
        }
        sale["untaxed_amount"] = decimal(net);
        sale["tax_amount"] = decimal(tax);
        sale["total_amount"] = decimal(&gross.to_string());
        sale.clone()
    }

    fn pay(&mut self, record: &Value) -> Value {
        let state = record.get("state").cloned().unwrap_or_else(|| json!("draft"));
        let payment = json!({
            "id": 1, "number": "P1", "state": state, "amount": record["amount"],
            "currency": {"id": 1, "code": "EUR"},
        });
        self.payments.push(payment.clone());
        payment
    }
}

fn append(lines: &mut Value, record: &Value) {
    let mut line = record.clone();
    line["id"] = json!(lines.as_array().unwrap().len() + 1);
    line["taxes"] = record["taxes"][0][1].clone();
    lines.as_array_mut().unwrap().push(line);
}

/// Every code but those that begin with `NO-` is a product; its id is the
/// number of letters.
fn products(domain: &Value) -> Value {
    let codes = domain[0][2].as_array().unwrap().iter().map(|code| code.as_str().unwrap());
    let unit = json!({"id": 1, "digits": 0});
    let product = |code: &str| json!({"id": code.len(), "code": code, "sale_uom": unit, "default_uom": unit});
    codes.filter(|code| !code.starts_with("NO-")).map(product).collect()
}

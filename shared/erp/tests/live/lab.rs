//! The Tryton under test, and orders for it.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::sync::{Arc, Once};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use reqwest::Method;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use weir_domain::doctor::ErpCheckup;
use weir_domain::id::OrderId;
use weir_domain::ports::{Creation, Erp, ErpBooks, ErpDesk, ErpDocument, ErpStock};
use weir_domain::sales::{LineKind, Release, SalesLine, SalesOrder};
use weir_testkit::{FakeClock, sample};

/// What the seed wrote, and where the server is.
#[derive(Clone, Deserialize)]
pub(crate) struct Lab {
    url: String,
    database: String,
    api_key: String,
    company: u64,
    warehouses: BTreeMap<String, u64>,
    web_shops: BTreeMap<String, u64>,
    taxes: BTreeMap<String, u64>,
    tax_units: BTreeMap<String, u64>,
    payment_journals: BTreeMap<String, BTreeMap<String, u64>>,
    carriers: BTreeMap<String, u64>,
}

/// The Tryton under test; `None`, said once, where there is none.
pub(crate) fn lab() -> Option<Lab> {
    static ONCE: Once = Once::new();
    #[expect(clippy::disallowed_methods, reason = "tests are configured by whoever starts them")]
    let file = std::env::var_os("WEIR_TRYTON");
    let Some(file) = file else {
        ONCE.call_once(|| {
            let text = "live Tryton: absent, the adapter was not tested against it (set WEIR_TRYTON)";
            // Past the harness, which would swallow it; nothing is lost if
            // standard output is closed.
            let _ = writeln!(std::io::stdout(), "{text}");
        });
        return None;
    };
    let bytes = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    Some(serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
}

/// A number that no earlier run used: the database outlives the tests.
pub(crate) fn fresh_id() -> u64 {
    RandomState::new().hash_one(0) % 1_000_000_000_000
}

/// The time by the system's clock.
#[expect(clippy::disallowed_methods, reason = "Tryton has no other clock")]
pub(crate) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

impl Lab {
    /// A connection of its own: nothing is remembered from others.
    pub(crate) fn connect(&self) -> Arc<dyn Erp> {
        self.connect_with(&self.api_key)
    }

    pub(crate) fn connect_with(&self, api_key: &str) -> Arc<dyn Erp> {
        let config = serde_json::from_value(self.config()).unwrap();
        let clock = Arc::new(FakeClock::default());
        weir_erp::connect(&config, api_key.to_owned().into(), clock, true).unwrap()
    }

    /// The stock side, at the time by the system's clock, which is Tryton's,
    /// too. Locations are `main` and `second`.
    pub(crate) fn connect_stock(&self) -> Arc<dyn ErpStock> {
        self.connect_stock_at(&self.config())
    }

    pub(crate) fn connect_stock_at(&self, config: &Value) -> Arc<dyn ErpStock> {
        let config = serde_json::from_value(config.clone()).unwrap();
        let clock = Arc::new(FakeClock::at(now()));
        weir_erp::connect_stock(&config, self.api_key.clone().into(), clock, true).unwrap()
    }

    /// What Tryton has booked.
    pub(crate) fn connect_books(&self) -> Arc<dyn ErpBooks> {
        let config = serde_json::from_value(self.config()).unwrap();
        let clock = Arc::new(FakeClock::default());
        weir_erp::connect_books(&config, self.api_key.clone().into(), clock, true).unwrap()
    }

    /// What people at the desk ask.
    pub(crate) fn connect_desk(&self) -> Arc<dyn ErpDesk> {
        let config = serde_json::from_value(self.config()).unwrap();
        let clock = Arc::new(FakeClock::default());
        weir_erp::connect_desk(&config, self.api_key.clone().into(), clock, true).unwrap()
    }

    /// What Tryton says of itself, with a document and a key; at the time by
    /// the system's clock.
    pub(crate) fn connect_checkup(&self, config: &Value, api_key: Option<&str>) -> Arc<dyn ErpCheckup> {
        let config = serde_json::from_value(config.clone()).unwrap();
        let (key, clock) = (api_key.unwrap_or(&self.api_key).to_owned(), Arc::new(FakeClock::at(now())));
        weir_erp::connect_checkup(&config, key.into(), clock, true).unwrap()
    }

    pub(crate) fn warehouse(&self, code: &str) -> u64 {
        self.warehouses[code]
    }

    pub(crate) fn company(&self) -> u64 {
        self.company
    }

    pub(crate) fn carrier(&self) -> u64 {
        self.carriers["SHIP-STD"]
    }

    pub(crate) fn config(&self) -> Value {
        let mut journals = BTreeMap::new();
        for (method, by_currency) in &self.payment_journals {
            for (currency, id) in by_currency {
                journals.insert(format!("{method}:{currency}"), *id);
            }
        }
        json!({
            "erp": "tryton", "url": self.url, "secret": "none",
            "timeout_s": 45, "longest_request_s": 60,
            "kind": "tryton", "database": self.database, "company": self.company,
            "warehouse": self.warehouses["WH1"], "web_shops": self.web_shops,
            "locations": {
                "main": {"warehouse": self.warehouses["WH1"]},
                "second": {"warehouse": self.warehouses["WH2"]},
            },
            "taxes": self.taxes, "journals": journals,
            "rounding": {"item": "ROUNDING", "tax_unit": self.tax_units},
        })
    }

    pub(crate) fn journal(&self, method: &str, currency: &str) -> u64 {
        self.payment_journals[method][currency]
    }

    /// A call past the adapter, which must succeed. Questions are answered
    /// yes.
    pub(crate) async fn raw(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/{}/rest/model/{path}", self.url.trim_end_matches('/'), self.database);
        let context = URL_SAFE.encode(json!({"company": self.company, "_skip_warnings": true}).to_string());
        let request = reqwest::Client::builder().no_proxy().build().unwrap().request(method, url);
        let mut request = request
            .bearer_auth(&self.api_key)
            .header("X-Tryton-Context", context)
            .header("Accept", "application/json");
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        answer.json().await.unwrap()
    }

    /// Records of a model, past the adapter.
    pub(crate) async fn records(&self, model: &str, domain: Value, fields: &[&str]) -> Vec<Value> {
        let fields = fields.join("&f=");
        let domain = URL_SAFE.encode(domain.to_string()).replace('=', "%3D");
        let found = self.raw(Method::GET, &format!("{model}?d={domain}&f={fields}"), None).await;
        found.as_array().unwrap().clone()
    }

    /// A new unit, of two pieces; its id.
    pub(crate) async fn pair(&self) -> u64 {
        let piece = self.records("product.uom", json!([["id", "=", 1]]), &["category"]).await.remove(0);
        let pair = json!({
            "name": "Pair", "symbol": "pr", "category": piece["category"], "factor": 2, "rate": 0.5,
            "digits": 0, "rounding": 1,
        });
        self.raw(Method::POST, "product.uom?f=name", Some(pair)).await["id"].as_u64().unwrap()
    }

    /// The sales with an order's key, past the adapter.
    pub(crate) async fn sales(&self, order: &SalesOrder, fields: &[&str]) -> Vec<Value> {
        let shop = self.web_shops[order.key.order.store.as_str()];
        let domain = json!([["web_shop", "=", shop], ["web_id", "=", order.key.reference()]]);
        self.records("sale.sale", domain, fields).await
    }

    /// Presses a button of a sale, past the adapter.
    pub(crate) async fn press(&self, document: &ErpDocument, button: &str) {
        self.raw(Method::POST, &format!("sale.sale/{}/{button}", document.id), Some(json!({}))).await;
    }

    /// The lines of an order's one sale: (item, quantity, amount, note).
    pub(crate) async fn lines(&self, order: &SalesOrder) -> Vec<(String, String, String, String)> {
        let fields = ["lines.product.code", "lines.quantity", "lines.amount", "lines.note", "lines.sequence"];
        let sales = self.sales(order, &fields).await;
        assert_eq!(sales.len(), 1);
        let mut lines = sales[0]["lines"].as_array().unwrap().clone();
        lines.sort_by_key(|line| line["sequence"].as_u64());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let show = |line: &Value| {
            let amount = text(&line["amount"]["decimal"]).replace("-0.00", "0.00");
            (text(&line["product"]["code"]), line["quantity"].to_string(), amount, text(&line["note"]))
        };
        lines.iter().map(show).collect()
    }
}

/// A line: item, quantity, net, tax, tax codes.
pub(crate) type Row<'a> = (&'a str, &'a str, &'a str, &'a str, &'a [&'a str]);

/// An order of a new customer. Its totals are the sums of its lines.
pub(crate) fn order(store: &str, currency: &str, rows: &[Row<'_>]) -> SalesOrder {
    let id = fresh_id();
    let mut order = sample::sales_order(&sample::order(store, id), Release::Ship);
    order.lines = rows.iter().enumerate().map(|(at, row)| line(at, row)).collect();
    order.totals.currency = currency.parse().unwrap();
    order.totals.net = order.lines.iter().map(|line| line.net).sum();
    order.totals.tax = order.lines.iter().map(|line| line.tax).sum();
    order.totals.gross = order.totals.net + order.totals.tax;
    order.tolerance.net = decimal("0.02");
    order.tolerance.tax = decimal("0.02");
    // A person of their own, so that no order of another test is theirs.
    order.customer.id = Some(id);
    order.customer.email = Some(format!("zaphira.{id}@canary.example").as_str().into());
    order.billing.company = "".into();
    order.delivery.company = "".into();
    order
}

/// One mug at 11.34 with 2.16 tax: 13.50 with the tax in the price. Tryton
/// computes 2.15.
pub(crate) fn inclusive() -> SalesOrder {
    order("main", "EUR", &[("MUG-L", "1", "11.34", "2.16", &["de-19"])])
}

fn line(at: usize, (item, quantity, net, tax, taxes): &Row<'_>) -> SalesLine {
    SalesLine {
        line: 100 + at as u64,
        kind: LineKind::Goods,
        item: (*item).to_owned(),
        description: format!("Line {at} of {item}"),
        quantity: decimal(quantity),
        net: decimal(net),
        tax: decimal(tax),
        taxes: taxes.iter().map(|&code| code.to_owned()).collect(),
    }
}

pub(crate) fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// Makes an order that must not have been there.
pub(crate) async fn created(erp: &Arc<dyn Erp>, order: &SalesOrder) -> ErpDocument {
    match erp.create(order).await.unwrap() {
        Creation::Created(document) => document,
        Creation::AlreadyExists => panic!("{} was there before", order.key),
    }
}

/// The same order under another number, of the same customer.
pub(crate) fn again(order: &SalesOrder) -> SalesOrder {
    let mut order = order.clone();
    order.key.order.order = OrderId(fresh_id());
    order.number = order.key.reference();
    order
}

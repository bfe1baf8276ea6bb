//! Every sample `stock-*.json`: what is asked is what its request says, and
//! what is understood of its answer was reviewed.

use std::fmt::Write;

use jiff::Timestamp;
use serde_json::Value;
use weir_domain::outcome::CallError;
use weir_domain::ports::{Adjustment, Change, ShopItem, ShopStock};
use weir_testkit::events;

use super::{decimal, shown, shown_echo, shown_sale};
use crate::common::{Asked, ShopServer};
use crate::samples::{leaks, served, stem};

/// `GET /path?query`, `POST /path body`.
struct Request {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    body: String,
}

fn request(sample: &Value) -> Request {
    let (method, rest) = sample["request"].as_str().unwrap().split_once(' ').unwrap();
    let split = if method == "POST" { rest.split_once(' ').unwrap() } else { (rest, "") };
    let url = url::Url::parse(&format!("http://x{}", split.0)).unwrap();
    Request {
        method: method.to_owned(),
        path: format!("/sub{}", url.path()),
        query: url.query_pairs().into_owned().collect(),
        body: split.1.to_owned(),
    }
}

impl Request {
    fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether exactly this was asked, besides the signature.
    fn is(&self, asked: &Asked) -> bool {
        let query = asked.query.iter().filter(|(name, _)| !name.starts_with("oauth_"));
        let mut query: Vec<_> = query.map(|(name, value)| (name.clone(), value.clone())).collect();
        let mut expected = self.query.clone();
        query.sort();
        expected.sort();
        (&asked.method, &asked.path, &asked.body) == (&self.method, &self.path, &self.body)
            && query == expected
    }
}

/// The adjustments that a batch's body is made of.
fn adjustments(path: &str, body: &str) -> Vec<Adjustment> {
    let parts: Vec<&str> = path.split('/').collect();
    let parent = parts.iter().position(|part| *part == "variations").map(|at| parts[at - 1].parse().unwrap());
    let body: Value = serde_json::from_str(body).unwrap();
    let adjustment = |item: &Value| Adjustment {
        id: item["id"].as_u64().unwrap(),
        parent,
        change: match decimal(&item["inventory_delta"]) {
            Some(delta) => Change::By(delta),
            None => Change::To(decimal(&item["stock_quantity"]).unwrap()),
        },
    };
    body["update"].as_array().unwrap().iter().map(adjustment).collect()
}

async fn outcome(server: &ShopServer, request: &Request) -> Result<Vec<String>, CallError> {
    let client = server.client();
    if request.method == "POST" {
        let adjusted = client.adjust(&adjustments(&request.path, &request.body)).await?;
        return Ok(adjusted.iter().map(shown_echo).collect());
    }
    if let Some(after) = request.param("modified_after") {
        let after: Timestamp = format!("{after}Z").parse().unwrap();
        let page = client.sales_after(after, 1).await?;
        assert_eq!(page.answered_at, Some("2027-03-02T10:16:00Z".parse().unwrap()));
        return Ok(page.sales.iter().map(shown_sale).collect());
    }
    let items: Vec<ShopItem> = match request.param("sku") {
        // The sample with a comma is one SKU.
        Some(sku) if sku.contains(' ') => vec![ShopItem::Sku(sku.to_owned())],
        Some(skus) => skus.split(',').map(|sku| ShopItem::Sku(sku.to_owned())).collect(),
        None => vec![ShopItem::Id(request.path.rsplit('/').next().unwrap().parse().unwrap())],
    };
    Ok(client.products(&items).await?.iter().map(shown).collect())
}

#[tokio::test]
async fn every_sample_is_asked_for_and_understood() {
    let mut outcomes = String::new();
    for sample in events::all("woocommerce/rest").iter().filter(|sample| stem(sample).starts_with("stock-")) {
        let (name, sample) = (stem(sample), sample.json());
        let request = request(&sample);
        let server = served(&sample).await;
        let outcome = outcome(&server, &request).await;
        let asked = server.asked();
        assert!(request.is(&asked[0]), "{name}: {} {:?}", request.path, asked[0].query);
        // Half is tried of what is too much.
        let requests = if sample["status"] == 413 { 2 } else { 1 };
        assert_eq!(asked.len(), requests, "{name}: none again");
        writeln!(outcomes, "{name}").unwrap();
        match outcome {
            Ok(lines) => lines.iter().for_each(|line| writeln!(outcomes, "    {line}").unwrap()),
            Err(error) => writeln!(outcomes, "    {error}").unwrap(),
        }
    }
    assert!(!leaks(&outcomes), "{outcomes}");
    insta::assert_snapshot!("outcomes", outcomes);
}

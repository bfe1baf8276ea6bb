//! Every sample `back-*.json`: what is asked is what its request says, and
//! what is understood of its answer was reviewed.

use std::fmt::Write;

use serde_json::{Value, json};
use weir_domain::fulfilment::{OrderNote, Parcel};
use weir_domain::id::{OrderId, ParcelId, ReturnId};
use weir_domain::order::OrderStatus;
use weir_domain::ports::{Shop, ShopError};
use weir_testkit::events;
use weir_woocommerce::canonical::refunds;
use weir_woocommerce::fulfilment::entries::Entries;

use super::{NewRefund, NewRefundLine, TaxShare, all_shown, decimal, delivered};
use crate::common::{ShopServer, answer, bytes, ok};
use crate::samples::{leaks, stem, store};

const ORDER: OrderId = OrderId(7001);

/// `GET /path?query`, `POST /path body`.
fn request(sample: &Value) -> (String, String, Value) {
    let (method, rest) = sample["request"].as_str().unwrap().split_once(' ').unwrap();
    let (path, body) = rest.split_once(' ').unwrap_or((rest, "null"));
    (method.to_owned(), path.to_owned(), serde_json::from_str(body).unwrap())
}

/// The refund that a sample's request asks for.
fn refund_of(body: &Value) -> NewRefund {
    let number = |value: &Value| decimal(&value.to_string());
    let tax =
        |tax: &Value| TaxShare { rate: tax["id"].as_u64().unwrap(), amount: number(&tax["refund_total"]) };
    let line = |line: &Value| NewRefundLine {
        line: line["id"].as_u64().unwrap(),
        quantity: line.get("quantity").map_or_else(|| decimal("0"), number),
        net: number(&line["refund_total"]),
        taxes: line["refund_tax"].as_array().unwrap().iter().map(tax).collect(),
    };
    NewRefund {
        of_return: ReturnId(body["meta_data"][0]["value"].as_str().unwrap().to_owned()),
        amount: decimal(body["amount"].as_str().unwrap()),
        reason: body["reason"].as_str().unwrap().to_owned(),
        lines: body["line_items"].as_array().unwrap().iter().map(line).collect(),
        asks_gateway: body["api_refund"].as_bool().unwrap(),
    }
}

/// The parcel that a sample's request shows.
fn parcel_of(entry: &Value) -> Parcel {
    let text = |key: &str| entry[key].as_str().map(str::to_owned);
    let line = |line: &Value| delivered(line["line"].as_u64(), line["quantity"].as_str().unwrap());
    Parcel {
        id: ParcelId(text("id").unwrap()),
        shipped_at: format!("{}T00:00:00Z", text("shipped_at").unwrap()).parse().unwrap(),
        carrier: text("carrier"),
        tracking: text("tracking"),
        link: text("link"),
        lines: entry["lines"].as_array().unwrap().iter().map(line).collect(),
    }
}

/// A shop that answers as the sample does, and says that it has the status.
async fn answering(sample: &Value, body: &Value) -> ShopServer {
    let status = u16::try_from(sample["status"].as_u64().unwrap()).unwrap();
    let kind = sample["headers"]["Content-Type"].as_str().unwrap().to_owned();
    let (listed, body) = (json!([body["status"]]), bytes(&sample["body"]));
    ShopServer::reading(move |asked| match asked.method.as_str() {
        "OPTIONS" => ok(&json!({ "schema": { "properties": { "status": { "enum": listed } } } })),
        _ => answer(status, &kind, body.clone()),
    })
    .await
}

/// Asks what the sample was asked; in words what came of it.
async fn outcome(server: &ShopServer, method: &str, path: &str, body: &Value) -> Result<String, ShopError> {
    let client = server.client();
    let resource = path.split('?').next().unwrap().rsplit('/').next().unwrap();
    match (method, resource) {
        ("GET", "notes") => Ok(client.notes(ORDER).await?.join("\n    ")),
        ("POST", "notes") => {
            let text = body["note"].as_str().unwrap().to_owned();
            let note = OrderNote { text, to_customer: body["customer_note"].as_bool().unwrap() };
            client.add_note(ORDER, &note).await.map(|()| "noted".to_owned())
        }
        ("POST", "refunds") => {
            client.give_refund(ORDER, &refund_of(body)).await.map(|id| format!("refund {id}"))
        }
        ("PUT", _) if body["meta_data"].is_array() => {
            let parcel = parcel_of(&body["meta_data"][0]["value"]);
            let reference = format!("meta:{}", parcel.id);
            let shown = client.show_parcel(ORDER, Some(&reference), &parcel).await?;
            Ok(format!("shown as {}", shown.unwrap_or_default()))
        }
        ("PUT", _) if body["status"].is_string() => {
            let status = OrderStatus::from(body["status"].as_str().unwrap().to_owned());
            client.set_status(ORDER, &status).await.map(|()| format!("{status}"))
        }
        _ => panic!("{method} {resource} is not tried here"),
    }
}

#[tokio::test]
async fn every_sample_is_asked_for_and_understood() {
    let mut outcomes = String::new();
    let samples = events::all("woocommerce/rest");
    let samples: Vec<_> = samples.iter().filter(|sample| stem(sample).starts_with("back-")).collect();
    assert!(samples.len() >= 7, "{}", samples.len());
    for sample in samples {
        let (name, sample) = (stem(sample), sample.json());
        let (method, path, body) = request(&sample);
        writeln!(outcomes, "{name}").unwrap();
        let said = if name == "back-metadata" {
            // Part of a longer exchange: its answer is read.
            let read = Entries::read(ORDER, &bytes(&sample["body"])).unwrap();
            all_shown(&read.shown()).join("\n    ")
        } else {
            let server = answering(&sample, &body).await;
            let said =
                outcome(&server, &method, &path, &body).await.unwrap_or_else(|error| error.to_string());
            let asked = server.asked();
            let asked = asked.iter().find(|asked| asked.method == method).unwrap();
            let (path, query) = path.split_once('?').unwrap_or((&path, ""));
            assert_eq!(asked.path, format!("/sub{path}"), "{name}");
            let sent: Vec<String> = asked
                .query
                .iter()
                .filter(|(key, _)| !key.starts_with("oauth_"))
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            let mut expected: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
            expected.sort_unstable();
            assert_eq!(sent, expected, "{name}");
            let asked: Value = serde_json::from_str(&asked.body).unwrap_or_default();
            assert_eq!(asked, body, "{name}");
            said
        };
        writeln!(outcomes, "    {said}").unwrap();
    }
    assert!(!leaks(&outcomes), "{outcomes}");
    insta::assert_snapshot!("outcomes", outcomes);
}

#[test]
fn a_refund_of_ours_says_for_which_return_it_was_made() {
    let mut marked = 0;
    for sample in events::all("woocommerce/rest").iter().filter(|sample| stem(sample).starts_with("refunds-"))
    {
        let json = sample.json();
        let Ok(read) = refunds(&store(), ORDER, &bytes(&json["body"])) else { continue };
        let is_ours = stem(sample) == "refunds-of-return";
        for refund in read {
            let expected = is_ours.then(|| ReturnId("LIGHTS-RET-3/1".to_owned()));
            assert_eq!(
                refund.of_return,
                expected.filter(|_| refund.amount != decimal("10")),
                "{}",
                sample.name
            );
            marked += usize::from(refund.of_return.is_some());
        }
    }
    assert_eq!(marked, 1);
}

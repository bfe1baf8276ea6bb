//! The recorded webhook deliveries against those the replayed day caused.

use std::path::Path;

use serde_json::Value;

use crate::common::{Received, say};
use crate::compare::type_differences;

/// Recorded deliveries that have no counterpart, and why.
const MISSING: [(&str, &str); 4] = [
    ("096", "the doubled job of a race between parallel requests"),
    ("097", "sent to a slow receiver: the lost update has a test of its own"),
    ("098", "the same"),
    ("099", "the same"),
];

/// Up to here every step of the day is replayed, so the order has to agree.
const IN_ORDER_UNTIL: &str = "064";

struct Recorded {
    name: String,
    headers: Vec<String>,
    body: Value,
}

/// Topic, id, status, error code and stock: what a delivery is recognised by.
fn key(topic: &str, body: &Value) -> String {
    format!("{topic} {} {} {} {}", body["id"], body["status"], body["code"], body["stock_quantity"])
}

fn load(folder: &Path) -> Vec<Recorded> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    let mut all = Vec::new();
    for path in files {
        let doc: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        if doc["topic"] == "ping" {
            continue;
        }
        let bytes = decode_base64(doc["body_base64"].as_str().unwrap());
        let names = doc["headers"].as_object().unwrap().keys();
        all.push(Recorded {
            name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
            headers: names.map(|n| n.to_lowercase()).collect(),
            body: serde_json::from_slice(&bytes).unwrap(),
        });
    }
    all
}

fn decode_base64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

/// Every recorded delivery was caused again, with the same keys and types, and
/// in the same order as far as the whole day is known.
pub(crate) fn check(folder: &Path, received: &[Received]) {
    let recorded = load(folder);
    let ours: Vec<&Received> = received.iter().filter(|r| r.topic() != "ping").collect();
    let mut used = vec![false; ours.len()];
    let mut wrong = Vec::new();
    let (mut matched, mut last) = (0, 0);
    for one in &recorded {
        let (number, topic) = one.name.split_once('-').unwrap();
        if MISSING.iter().any(|(known, _)| *known == number) {
            continue;
        }
        let wanted = key(topic, &one.body);
        let in_order = number < IN_ORDER_UNTIL;
        let from = if in_order { last } else { 0 };
        let found =
            (from..ours.len()).find(|i| !used[*i] && key(ours[*i].topic(), &ours[*i].json()) == wanted);
        let Some(at) = found else {
            wrong.push(format!("{}: nothing like {wanted}", one.name));
            continue;
        };
        used[at] = true;
        matched += 1;
        if in_order {
            last = at;
        }
        let found = type_differences(&one.body, &ours[at].json());
        wrong.extend(found.iter().map(|d| format!("{}: {d}", one.name)));
        for name in one.headers.iter().filter(|n| n.starts_with("x-wc-") || *n == "content-type") {
            if ours[at].header(name).is_none() {
                wrong.push(format!("{}: header {name} is missing", one.name));
            }
        }
    }
    say(&format!("{matched} of {} recorded deliveries caused again", recorded.len()));
    for (number, reason) in MISSING {
        say(&format!("not caused: {number}: {reason}"));
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

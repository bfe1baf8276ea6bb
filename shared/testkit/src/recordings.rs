//! Recorded traffic of real shops and ERPs. It lies beside the repository,
//! in `../shared`, or where `WEIR_RECORDINGS` points; it is read in place and
//! never copied. Where it is absent, that is said once and the tests that
//! need it have nothing to check.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Once;

use base64::Engine;
use serde::Deserialize;
use serde_json::Value;

use crate::announce;
use crate::events::{files_below, workspace_root};

/// One webhook delivery as it was received.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The file, without its ending.
    pub name: String,
    /// E.g. `order.created`, or `ping`.
    pub topic: String,
    /// As received.
    pub headers: BTreeMap<String, String>,
    /// The exact bytes that were signed.
    pub body: Vec<u8>,
    /// What was being tried.
    pub note: String,
}

/// The secret that every recorded delivery was signed with.
pub const WEBHOOK_SECRET: &str = "fixture-secret";

/// One call of a shop's REST API.
#[derive(Debug, Clone, Deserialize)]
pub struct RestCall {
    /// The file, without its ending.
    #[serde(skip)]
    pub name: String,
    /// What was asked.
    pub request: RestRequest,
    /// Which key asked: `read_write`, `read`, `write`, `custom`, `none`.
    pub auth: String,
    /// HTTP status.
    pub status: u16,
    /// As answered.
    pub headers: BTreeMap<String, String>,
    /// Parsed, or a string where `body_is_json` is false.
    pub body: Value,
    /// Whether the body parses.
    pub body_is_json: bool,
}

/// What was asked of a shop.
#[derive(Debug, Clone, Deserialize)]
#[expect(missing_docs, reason = "the fields are what they are called")]
pub struct RestRequest {
    pub method: String,
    pub path: String,
    #[serde(default)]
    pub query: Value,
    #[serde(default)]
    pub body: Value,
}

/// The folder with `woocommerce/` and `erp/`.
pub fn root() -> Option<PathBuf> {
    static ONCE: Once = Once::new();
    #[expect(clippy::disallowed_methods, reason = "tests are configured by whoever starts them")]
    let configured = std::env::var_os("WEIR_RECORDINGS").map(PathBuf::from);
    let folder = configured.unwrap_or_else(|| workspace_root().join("../shared"));
    let found = folder.join("woocommerce").is_dir() && folder.join("erp").is_dir();
    if !found {
        ONCE.call_once(|| {
            announce("recordings: absent, tests over them check nothing (set WEIR_RECORDINGS)");
        });
    }
    found.then_some(folder)
}

/// Every recorded delivery, in the order received.
pub fn webhooks() -> Option<Vec<Webhook>> {
    Some(json_files("woocommerce/webhooks")?.into_iter().map(webhook).collect())
}

fn webhook((name, value): (String, Value)) -> Webhook {
    #[derive(Deserialize)]
    struct Wire {
        topic: String,
        headers: BTreeMap<String, String>,
        body_base64: String,
        note: String,
    }
    let wire: Wire = serde_json::from_value(value).unwrap_or_else(|error| panic!("{name}: {error}"));
    let body = base64::prelude::BASE64_STANDARD.decode(&wire.body_base64);
    let body = body.unwrap_or_else(|error| panic!("{name}: {error}"));
    Webhook { name, topic: wire.topic, headers: wire.headers, body, note: wire.note }
}

/// Every recorded REST call, by name.
pub fn rest_calls() -> Option<Vec<RestCall>> {
    let named = |(name, value): (String, Value)| {
        let call: RestCall = serde_json::from_value(value).unwrap_or_else(|error| panic!("{name}: {error}"));
        RestCall { name, ..call }
    };
    Some(json_files("woocommerce/rest")?.into_iter().map(named).collect())
}

/// Every JSON file below a folder of the recordings (e.g. `erp/tryton`), by
/// name without its ending. An empty folder stops the test.
pub fn json_files(folder: &str) -> Option<Vec<(String, Value)>> {
    let folder = root()?.join(folder);
    let mut files = files_below(&folder);
    files.retain(|file| file.extension().is_some_and(|ending| ending == "json"));
    files.sort();
    assert!(!files.is_empty(), "{} holds no recordings", folder.display());
    Some(files.iter().map(|file| (stem(file), read(file))).collect())
}

fn stem(file: &Path) -> String {
    file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn read(file: &Path) -> Value {
    let bytes = std::fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_them_can_be_read() {
        let (Some(webhooks), Some(calls)) = (webhooks(), rest_calls()) else { return };
        println!("{} webhooks, {} REST calls", webhooks.len(), calls.len());
        assert!(webhooks.iter().any(|webhook| webhook.topic == "ping"));
        assert!(webhooks.iter().all(|webhook| !webhook.body.is_empty()));
        assert!(calls.iter().any(|call| call.status == 200 && call.body_is_json));
        assert!(calls.iter().any(|call| !call.body_is_json));
        for folder in ["erp/tryton", "erp/odoo", "erp/erpnext"] {
            assert!(json_files(folder).is_some_and(|files| !files.is_empty()), "{folder}");
        }
    }
}

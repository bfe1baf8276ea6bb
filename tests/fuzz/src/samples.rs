//! The recorded bodies of `events/woocommerce`, read where they are.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;

/// Every body that is a JSON object: orders, other resources, errors.
pub static BODIES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/woocommerce");
    let folders = ["rest", "webhooks"].map(|folder| events.join(folder));
    let mut files: Vec<PathBuf> = folders.iter().flat_map(|folder| files(folder)).collect();
    files.sort();
    let bodies: Vec<Value> = files.iter().map(|file| body(file)).filter(Value::is_object).collect();
    assert!(bodies.len() > 40, "events/ holds {} bodies", bodies.len());
    bodies
});

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("events/ has this folder");
    entries.map(|entry| entry.expect("it can be listed").path()).collect()
}

fn body(file: &Path) -> Value {
    let text = std::fs::read(file).expect("a sample can be read");
    let sample: Value = serde_json::from_slice(&text).expect("a sample is JSON");
    sample["body"].clone()
}

//! The invented people of `events/`.

use std::collections::BTreeSet;

use serde_json::Value;
use weir_testkit::events;

/// Fields of an order that are about a person.
const FIELDS: [&str; 9] = [
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "email",
    "phone",
    "customer_note",
    "customer_ip_address",
];
/// Shorter ones are a part of too many other words.
const SHORTEST: usize = 5;
/// What WooCommerce's eraser puts in the place of a number.
const ERASED: &str = "0000000000";

pub(crate) struct Canaries(BTreeSet<String>);

impl Canaries {
    /// All that stand in the samples, and the people of the test orders.
    pub(crate) fn of_events() -> Self {
        let mut found = BTreeSet::from(["zaphira".to_owned(), "vogelhaus".to_owned()]);
        for sample in events::all("woocommerce") {
            collect(&sample.json()["body"], &mut found);
        }
        assert!(found.len() > 10, "{found:?}");
        assert!(found.iter().any(|text| text.contains('@')), "{found:?}");
        Self(found)
    }

    /// Nobody is in a line.
    pub(crate) fn check(&self, line: &str) {
        let line = line.to_lowercase();
        for canary in &self.0 {
            assert!(!line.contains(canary), "{canary:?} in {line}");
        }
    }
}

fn collect(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let text = value.as_str().map(str::trim).filter(|text| text.chars().count() >= SHORTEST);
                if let Some(text) = text.filter(|text| *text != ERASED && FIELDS.contains(&name.as_str())) {
                    found.insert(text.to_lowercase());
                }
                collect(value, found);
            }
        }
        Value::Array(all) => all.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

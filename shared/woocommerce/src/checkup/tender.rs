//! What looks like a gift card or store credit in an order. It is a hint for
//! people, who know their plugins: nothing is booked by it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::value::RawValue;
use weir_domain::config::TenderRule;

use crate::wire::{Object, WireOrder};

/// Parts of the names that such plugins give their fields and metadata.
const WORDS: [&str; 7] = [
    "gift_card",
    "giftcard",
    "gift-card",
    "store_credit",
    "storecredit",
    "ywgc",
    "smart_coupons_contribution",
];

fn names_tender(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// Whether anything is in it: `[]`, `{}`, `""`, 0 and null are in every order
/// of a shop that has the plugin.
fn holds_something(raw: &RawValue) -> bool {
    !matches!(raw.get().trim(), "null" | "false" | "\"\"" | "[]" | "{}" | "0" | "\"0\"" | "\"0.00\"")
}

/// The rules that would recognise it, each once. Reads one order's JSON.
pub fn tender(order: &[u8]) -> Vec<TenderRule> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_slice(order).unwrap_or_default();
    let mut found: Vec<TenderRule> = fields
        .iter()
        .filter(|(name, raw)| names_tender(name) && holds_something(raw))
        .map(|(name, _)| TenderRule::Field { name: name.clone() })
        .collect();
    let Object(wire): Object<WireOrder> = serde_json::from_slice(order).unwrap_or_default();
    let entries = wire.meta_data.iter().filter(|entry| entry.value.as_deref().is_some_and(holds_something));
    let keys = entries.map(|entry| entry.key.text()).filter(|key| names_tender(key));
    found.extend(keys.map(|key| TenderRule::Metadata { key }));
    // A discount lowers the tax; what pays does not.
    let pays = |fee: &&crate::wire::WireFee| {
        let amount = |scalar: &crate::wire::Scalar| scalar.decimal().ok().flatten().unwrap_or_default();
        amount(&fee.total) < Decimal::ZERO && amount(&fee.total_tax).is_zero()
    };
    found.extend(wire.fee_lines.iter().filter(pays).map(|fee| TenderRule::Fee { name: fee.name.text() }));
    let mut once = Vec::new();
    for rule in found {
        if !once.contains(&rule) {
            once.push(rule);
        }
    }
    once
}

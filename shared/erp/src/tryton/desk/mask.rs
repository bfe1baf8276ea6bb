//! Records without what names a person.

use serde_json::{Map, Value};

/// What stands in a person's place.
const MASK: &str = "•••";
/// Fields of parties, addresses and sales whose text is somebody's. `value`
/// is that of a phone number or an e-mail address.
const PERSONAL: [&str; 8] =
    ["name", "party_name", "attn", "street", "postal_code", "city", "value", "comment"];
/// The list of a party's VAT ids, each with its `code`.
const IDENTIFIERS: &str = "identifiers";
/// A party's external key, and whatever else has a code.
const CODE: &str = "code";
/// What follows these words in an external key is made of an e-mail address
/// or of a name, which can be guessed.
const HASHED: [&str; 2] = ["guest", "company"];

/// The record with every text that names a person masked.
pub(super) fn masked(record: &Value) -> Value {
    of(record, false)
}

fn of(value: &Value, in_identifier: bool) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| {
                let shown = match value {
                    Value::String(text) => Value::String(text_of(name, text, in_identifier)),
                    value => of(value, in_identifier || name == IDENTIFIERS),
                };
                (name.clone(), shown)
            });
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| of(item, in_identifier)).collect(),
        other => other.clone(),
    }
}

fn text_of(field: &str, text: &str, in_identifier: bool) -> String {
    let is_personal = PERSONAL.contains(&field) || (in_identifier && field == CODE);
    if is_personal && !text.is_empty() {
        return MASK.to_owned();
    }
    if field == CODE { key(text) } else { text.to_owned() }
}

/// `main:42` as it is, `main:guest:•••`, `main:42:company:•••`.
fn key(text: &str) -> String {
    let mut is_hash = false;
    let parts = text.split(':').map(|part| {
        let shown = if is_hash { MASK } else { part };
        is_hash = HASHED.contains(&part);
        shown
    });
    parts.collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_names_a_person_is_masked_and_nothing_else() {
        let party = json!({
            "name": "Ada King", "code": "main:guest:0123456789abcdef:company:fedcba9876543210",
            "identifiers": [["create", [{"type": "eu_vat", "code": "DE136695976"}]]],
            "contact_mechanisms": [["create", [{"type": "email", "value": "ada@example.com"}]]],
        });
        let expected = json!({
            "name": MASK, "code": "main:guest:•••:company:•••",
            "identifiers": [["create", [{"type": "eu_vat", "code": MASK}]]],
            "contact_mechanisms": [["create", [{"type": "email", "value": MASK}]]],
        });
        assert_eq!(masked(&party), expected);
        let sale = json!({
            "party": 7, "comment": "", "reference": "4711",
            "lines": [["create", [{"description": "Mug", "note": "weir:line:11", "unit_price": {"decimal": "9"}}]]],
        });
        assert_eq!(masked(&sale), sale, "an empty text names nobody");
        assert_eq!(masked(&json!({"comment": "ring twice"})), json!({"comment": MASK}));
    }

    #[test]
    fn a_key_that_names_an_account_is_shown() {
        for text in ["main:42", "main:order:4711"] {
            assert_eq!(key(text), text);
        }
        assert_eq!(key("main:42:company:00ff"), "main:42:company:•••");
    }
}

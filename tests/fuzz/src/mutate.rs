//! Mutations that keep JSON what it is, so that the fuzzer gets behind the
//! parser: a place of the document takes another value, or its list changes.

use fastrand::Rng;
use serde_json::{Value, json};

use crate::samples::BODIES;

/// What PHP, a plugin or an enemy may put anywhere.
const ODDITIES: [&str; 30] = [
    "null",
    "true",
    "false",
    "0",
    "-0",
    "1",
    "-1",
    "1.5",
    "1e300",
    "1e-300",
    "18446744073709551615",
    "18446744073709551616",
    r#""""#,
    r#"" ""#,
    r#""0""#,
    r#""canary""#,
    r#""0.0000000000000000000000000001""#,
    r#""-0.0000000000000000000000000001""#,
    r#""1000000000000000""#,
    r#""-999999999999999.9999999999999""#,
    r#""wc-wc-pending""#,
    r#""\u0000\ud83d\udc26""#,
    r#""0000-00-00T00:00:00""#,
    r#""9999-12-30T21:59:59""#,
    r#""-9999-01-02T02:00:00""#,
    r#""KWD""#,
    "[]",
    "{}",
    "[null,[]]",
    r#"{"0":{"id":1,"total":"1","amount":"1"}}"#,
];

/// The new length if this mutation is one of JSON, written into `data`; `None`
/// if it is the fuzzer's turn, as it is every other time.
pub fn in_place(data: &mut [u8], size: usize, start: usize, longest: usize, seed: u32) -> Option<usize> {
    if seed.is_multiple_of(2) {
        return None;
    }
    let mutated = document(&data[..size], start, longest, u64::from(seed))?;
    data[..mutated.len()].copy_from_slice(&mutated);
    Some(mutated.len())
}

/// Mutates the document that begins at `start` of `data`; whatever comes
/// before stays. `None` if that is no JSON, or the result would be longer
/// than `longest`.
pub fn document(data: &[u8], start: usize, longest: usize, seed: u64) -> Option<Vec<u8>> {
    let mut rng = Rng::with_seed(seed);
    let mut document = match serde_json::from_slice(data.get(start..)?) {
        Ok(document) if rng.u8(..) >= 8 => document,
        // Spliced: what was before the document now has a sample after it.
        _ => rng.choice(BODIES.iter())?.clone(),
    };
    for _ in 0..rng.usize(1..=3) {
        edit(&mut document, &mut rng);
    }
    let mut mutated = data[..start].to_vec();
    serde_json::to_writer(&mut mutated, &document).ok()?;
    (mutated.len() <= longest).then_some(mutated)
}

fn edit(document: &mut Value, rng: &mut Rng) {
    let place = any_place(document, rng);
    let value = match rng.u8(..10) {
        0..3 => oddity(rng),
        3 => other_place(document, rng),
        4 => from_a_sample(&place, rng),
        5..8 => document.pointer(&place).map_or(Value::Null, |value| retyped(value, rng)),
        _ => document.pointer(&place).map_or(Value::Null, |value| relisted(value, rng)),
    };
    if let Some(target) = document.pointer_mut(&place) {
        *target = value;
    }
}

fn oddity(rng: &mut Rng) -> Value {
    let text = ODDITIES[rng.usize(..ODDITIES.len())];
    // A number beyond JSON's own range is a text, as PHP would make it.
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

fn other_place(document: &Value, rng: &mut Rng) -> Value {
    let place = any_place(document, rng);
    document.pointer(&place).cloned().unwrap_or_default()
}

/// The same place of a sample that has it, or any sample's.
fn from_a_sample(place: &str, rng: &mut Rng) -> Value {
    let sample = &BODIES[rng.usize(..BODIES.len())];
    sample.pointer(place).cloned().unwrap_or_else(|| other_place(sample, rng))
}

/// The same value in another spelling, or a little off.
fn retyped(value: &Value, rng: &mut Rng) -> Value {
    match value {
        Value::Number(number) if rng.bool() => json!(number.to_string()),
        Value::Number(number) => {
            json!(number.as_i64().unwrap_or_default().wrapping_add(rng.i64(-2..=2)))
        }
        Value::String(text) => json!(tweaked(text, rng)),
        Value::Bool(yes) => json!(!yes),
        other => json!([other]),
    }
}

/// One character added, taken out or replaced.
fn tweaked(text: &str, rng: &mut Rng) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let at = rng.usize(..=characters.len());
    let one = *rng.choice(b"0123456789.-+ eTZ:\"\\".iter()).unwrap_or(&b'0');
    match (rng.u8(..3), at < characters.len()) {
        (0, true) => characters[at] = char::from(one),
        (1, true) => {
            characters.remove(at);
        }
        _ => characters.insert(at, char::from(one)),
    }
    characters.into_iter().collect()
}

/// A list or an object with an element more, an element less, or in PHP's
/// spelling of a list with a gap.
fn relisted(value: &Value, rng: &mut Rng) -> Value {
    match value {
        Value::Array(list) if list.is_empty() => json!({}),
        Value::Array(list) => {
            let mut list = list.clone();
            let at = rng.usize(..list.len());
            match rng.u8(..3) {
                0 => drop(list.remove(at)),
                1 => list.push(list[at].clone()),
                _ => return list.into_iter().enumerate().map(|(at, one)| (at.to_string(), one)).collect(),
            }
            Value::Array(list)
        }
        Value::Object(object) => {
            let mut object = object.clone();
            if let Some(key) = rng.choice(object.keys().cloned().collect::<Vec<_>>()) {
                object.remove(&key);
            }
            Value::Object(object)
        }
        other => json!([other, other]),
    }
}

/// A place of the document, the document itself included, as a JSON pointer.
/// Each level is as likely as the next, so that small fields beside a long
/// list are met as often as the list.
fn any_place(document: &Value, rng: &mut Rng) -> String {
    let mut place = String::new();
    let mut value = document;
    loop {
        let (step, next) = match value {
            Value::Array(list) if !list.is_empty() => {
                let at = rng.usize(..list.len());
                (at.to_string(), &list[at])
            }
            Value::Object(object) if !object.is_empty() => {
                let at = rng.usize(..object.len());
                let Some((key, next)) = object.iter().nth(at) else { return place };
                (key.replace('~', "~0").replace('/', "~1"), next)
            }
            _ => return place,
        };
        if rng.u8(..8) == 0 {
            return place;
        }
        place = format!("{place}/{step}");
        value = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutated_document_is_another_document_behind_the_same_head() {
        let body = serde_json::to_vec(&BODIES[0]).unwrap();
        let data = [b"head\n".as_slice(), &body].concat();
        let mut changed = 0;
        for seed in 0..200 {
            let mutated = document(&data, 5, 100_000, seed).unwrap();
            assert_eq!(&mutated[..5], b"head\n");
            let after: Value = serde_json::from_slice(&mutated[5..]).unwrap();
            changed += usize::from(after != BODIES[0]);
        }
        assert!(changed > 150, "{changed} of 200");
    }

    #[test]
    fn what_is_no_json_is_replaced_by_a_sample_and_what_gets_too_long_is_left_alone() {
        // Which sample is drawn depends on how many there are.
        let replaced = |seed| document(b"head\nnot json", 5, 100_000, seed).unwrap();
        assert!((0..50).all(|seed| serde_json::from_slice::<Value>(&replaced(seed)[5..]).is_ok()));
        assert!((0..50).any(|seed| replaced(seed).len() > 1_000));
        assert_eq!(document(b"head\n{}", 5, 6, 1), None);
    }
}

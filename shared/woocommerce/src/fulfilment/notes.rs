//! Notes of an order.

use serde::Serialize;
use weir_domain::fulfilment::OrderNote;
use weir_domain::outcome::CallError;

use crate::wire::{self, WireNote};

#[derive(Serialize)]
struct NewNote<'a> {
    note: &'a str,
    customer_note: bool,
}

/// The body of `POST orders/{id}/notes`.
pub fn request(note: &OrderNote) -> Result<String, CallError> {
    super::body(&NewNote { note: &note.text, customer_note: note.to_customer })
}

/// The texts of `GET orders/{id}/notes`, as they were before WordPress made
/// HTML of them.
pub fn texts(body: &[u8]) -> Result<Vec<String>, CallError> {
    let notes = wire::listing::<WireNote>(body).map_err(|why| CallError::retry_soon(why.to_string()))?;
    Ok(notes.iter().map(|note| unescaped(&note.note.text())).collect())
}

/// The entities that WordPress writes for what HTML reserves.
const ENTITIES: [(&str, char); 8] = [
    ("&amp;", '&'),
    ("&#038;", '&'),
    ("&#38;", '&'),
    ("&quot;", '"'),
    ("&#039;", '\''),
    ("&#39;", '\''),
    ("&lt;", '<'),
    ("&gt;", '>'),
];

/// In one pass: `&amp;lt;` is the text `&lt;`.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        let entity = ENTITIES.iter().find(|(entity, _)| from.starts_with(entity));
        let (sign, length) = entity.map_or(('&', 1), |(entity, sign)| (*sign, entity.len()));
        plain.push(sign);
        rest = &from[length..];
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_become_what_was_written() {
        for (shown, written) in [
            ("Sent", "Sent"),
            ("M &amp; S &#038; T &#38; U", "M & S & T & U"),
            ("&lt;b&gt; &quot;x&quot; &#039;y&#39;", "<b> \"x\" 'y'"),
            ("&amp;lt;", "&lt;"),
            ("a & b &rarr; c &", "a & b &rarr; c &"),
            ("größer &amp; ü", "größer & ü"),
            ("", ""),
        ] {
            assert_eq!(unescaped(shown), written);
        }
    }
}

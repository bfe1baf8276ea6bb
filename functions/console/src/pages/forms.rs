//! What forms are made of. Each field has a label, each form its token.

use maud::{Markup, html};

use super::layout::Frame;
use super::parts::escape;
use crate::audited::REASON_LENGTH;
use crate::data::limits;

/// Why, in the person's own words: asked for by every action. `id` is unique
/// on the page.
pub(crate) fn reason(id: &str) -> Markup {
    let (least, most) = (REASON_LENGTH.start(), REASON_LENGTH.end());
    html! {
        div.wide {
            label for=(id) { "Why" }
            input id=(id) name="why" required minlength=(least) maxlength=(most) autocomplete="off" aria-describedby={ (id) "-hint" };
            p.hint id={ (id) "-hint" } { "Goes into the audit with your name. Name no customer." }
        }
    }
}

/// Orders a minute.
pub(crate) fn pace(id: &str) -> Markup {
    html! {
        div {
            label for=(id) { "Orders a minute" }
            input id=(id) name="per_minute" type="number" min="1" max=(limits::PACE) value=(limits::USUAL_PACE) required;
        }
    }
}

/// In place of forms, for those who only look.
pub(crate) fn only_look() -> Markup {
    html! { p.dim { "You may look. Acting needs another role: ask whoever configures the console." } }
}

/// A form that says what it does before it is opened.
pub(crate) fn act(
    frame: &Frame,
    open: bool,
    address: &str,
    name: &str,
    says: &str,
    fields: &Markup,
) -> Markup {
    html! {
        details.act open[open] {
            summary { b { (name) } span { (says) } }
            form method="post" action=(address) { (frame.token()) div.fields { (fields) } }
        }
    }
}

/// The store of a job or a mapping.
pub(crate) fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// `/console/…?a=1&b=2`, escaped.
pub(crate) fn address(path: &str, query: &[(&str, &str)]) -> String {
    let mut address = format!("/console{path}");
    for (at, (name, value)) in query.iter().enumerate() {
        address.push(if at == 0 { '?' } else { '&' });
        address.push_str(&format!("{name}={}", escape(value)));
    }
    address
}

//! What forms are made of. Each field has a label, each form its token.

use std::fmt::Write;

use maud::{Markup, html};

use super::layout::Frame;
use super::parts::escape;
use crate::audited::REASON_LENGTH;
use crate::data::limits;
use weir_domain::mapping::MappingKind;

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

/// Where the ERP's codes are entered. That nothing is meant is a choice of its
/// own, where it means something: an empty field is none.
pub(crate) fn codes_field(kind: MappingKind) -> Markup {
    let (label, hint) = match kind {
        MappingKind::Item => ("Item code in the ERP", "Exactly one, as the ERP writes it."),
        MappingKind::Tax => ("Tax codes in the ERP", "One or more, separated by commas."),
        MappingKind::Payment => ("Journal in the ERP", "Exactly one."),
        MappingKind::Shipping | MappingKind::Fee => {
            ("Item code in the ERP", "The item that it is booked as.")
        }
    };
    let nothing = nothing(kind);
    html! {
        div {
            label for="codes" { (label) }
            input #codes name="codes" required[nothing.is_none()] maxlength="1000" autocomplete="off" spellcheck="false" aria-describedby="codes-hint";
            p.hint #codes-hint { (hint) @if nothing.is_some() { " Leave it empty only if you tick the box." } }
        }
        @if let Some((word, means)) = nothing {
            div.wide { label.check for="nothing" {
                input #nothing type="checkbox" name="nothing" value="yes";
                span { b { (word) } ": " (means) }
            } }
        }
    }
}

/// What no code means, as the box's name and a sentence, for the kinds of
/// mapping that may have none.
pub(crate) fn nothing(kind: MappingKind) -> Option<(&'static str, &'static str)> {
    match kind {
        MappingKind::Tax => Some(("No tax", "it is booked without any.")),
        MappingKind::Payment => Some(("Book nothing", "no payment of it is booked in the ERP.")),
        MappingKind::Item | MappingKind::Shipping | MappingKind::Fee => None,
    }
}

/// A kind of mapping for people.
pub(crate) fn kind_name(kind: MappingKind) -> &'static str {
    match kind {
        MappingKind::Item => "Item",
        MappingKind::Tax => "Tax",
        MappingKind::Payment => "Payment method",
        MappingKind::Shipping => "Shipping method",
        MappingKind::Fee => "Fee",
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
        // Writing to a string never fails.
        let _ = write!(address, "{name}={}", escape(value));
    }
    address
}

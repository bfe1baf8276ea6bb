//! One cause of exceptions, and putting it right for all of its orders.

use maud::{Markup, html};

use super::codes;
use super::explain::{code, headline, rest};
use super::forms::{act, address, hidden, only_look, pace, reason};
use super::layout::{Frame, page};
use super::parts::{count, order_link, thousands};
use crate::data::exceptions::Group;
use weir_domain::mapping::{MappingKey, MappingKind};

/// Where the orders of a group are released.
const RELEASE: &str = "/console/exceptions/group/release";

/// The page.
pub fn render(frame: &Frame, group: &Group) -> Markup {
    let orders = count(group.orders as u64, "order", "orders");
    let title = if group.subject.is_empty() { group.code.clone() } else { group.subject.clone() };
    let content = html! {
        p.crumbs { a href={ "/console/exceptions?store=" (group.store) } { "Exceptions of " (group.store) } }
        div.title { h1 { (title) } (code(&group.code)) }
        p.lead { "It stops " b { (orders) } ", the oldest " (frame.ago(group.since)) "." }
        section.explain.bad aria-labelledby="explained" {
            h2 #explained { (headline(&group.meaning.means)) }
            dl {
                @if !group.detail.is_empty() { dt { "What happened" } dd { (group.detail) } }
                (rest(codes::of_order(&group.code), &group.meaning))
            }
        }
        (fix(frame, group, &orders))
        (listed(group))
    };
    page(frame, "/exceptions", &title, &content)
}

fn fix(frame: &Frame, group: &Group, orders: &str) -> Markup {
    html! {
        @if !frame.may_act {
            (only_look())
        } @else if let Some(missing) = &group.missing {
            h2 { "Put it right" }
            (mapping_form(frame, group, missing, orders))
            (act(frame, false, RELEASE, "Release only", "The mapping is there, or the item is in the ERP now.", &release_fields(group, orders)))
        } @else {
            h2 { "Once it is put right" }
            form.panel method="post" action=(RELEASE) { (frame.token()) div.fields { (release_fields(group, orders)) } }
        }
    }
}

/// The mapping and the release in one step.
fn mapping_form(frame: &Frame, group: &Group, missing: &MappingKey, orders: &str) -> Markup {
    html! {
        form.panel method="post" action="/console/exceptions/group/map" {
            (frame.token())
            (of_group(group))
            (hidden("kind", missing.kind.as_str()))
            (hidden("name", &missing.name))
            div.fields {
                div {
                    span.label { (kind_name(missing.kind)) " in the shop" }
                    p.fixed { code { (missing.name) } }
                }
                (codes_field(missing.kind))
                (pace("map-pace"))
                (reason("map-why"))
                div.wide { label.check for="also" {
                    input #also type="checkbox" name="release" value="yes" checked;
                    "Release its " (orders) " at once, at this pace"
                } }
                div.go { button { "Add the mapping" } }
            }
        }
    }
}

/// Where the ERP's codes are entered.
pub(crate) fn codes_field(kind: MappingKind) -> Markup {
    let (label, hint, required) = match kind {
        MappingKind::Item => ("Item code in the ERP", "Exactly one, as the ERP writes it.", true),
        MappingKind::Tax => ("Tax codes in the ERP", "Separated by commas; none means: no tax.", false),
        MappingKind::Payment => ("Journal in the ERP", "One; none means: no payment is booked.", false),
        MappingKind::Shipping | MappingKind::Fee => {
            ("Item code in the ERP", "The item that it is booked as.", true)
        }
    };
    html! {
        div {
            label for="codes" { (label) }
            input #codes name="codes" required[required] maxlength="1000" autocomplete="off" spellcheck="false" aria-describedby="codes-hint";
            p.hint #codes-hint { (hint) }
        }
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

fn release_fields(group: &Group, orders: &str) -> Markup {
    html! {
        (of_group(group))
        (pace("release-pace"))
        (reason("release-why"))
        div.go {
            button { "Release its " (orders) }
            small { "Each is tried again; those whose cause stands come back here." }
        }
    }
}

fn of_group(group: &Group) -> Markup {
    html! {
        (hidden("store", group.store.as_str()))
        (hidden("code", &group.code))
        (hidden("subject", &group.subject))
    }
}

fn listed(group: &Group) -> Markup {
    let all = address("/stuck", &[("store", group.store.as_str()), ("state", "exception")]);
    html! {
        h2 { "Its orders" }
        ul { @for order in &group.examples { li { (order_link(group.store.as_str(), order)) } } }
        @if group.orders > group.examples.len() {
            p.cut {
                "The first " (group.examples.len()) " of " (thousands(group.orders as u64)) ", oldest first. "
                a href=(all) { "Orders in exceptions, page by page" }
            }
        }
    }
}

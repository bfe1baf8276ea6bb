//! The audit of an order: what happened, when, by whom, and why.

use maud::{Markup, html};

use weir_domain::audit::{CALLS, Exchange};

use crate::data::order::{Entry, Order};
use crate::pages::layout::Frame;
use crate::pages::parts::{Tone, count, tag};
use crate::pages::{when, words};

/// The list, newest first.
pub(super) fn render(frame: &Frame, order: &Order) -> Markup {
    html! {
        h2 #timeline { "Timeline" }
        ol.timeline reversed { @for entry in &order.timeline { (item(frame, entry)) } }
        @if order.older > 0 { p.cut { "These are the newest " (order.timeline.len()) " entries; " (order.older) " older ones are in the ledger." } }
    }
}

fn item(frame: &Frame, entry: &Entry) -> Markup {
    let person = !words::is_function(&entry.who);
    let tone = words::tone(entry.view);
    html! {
        li.person[person].bad[!person && tone == Tone::Bad].ok[!person && tone == Tone::Good] {
            div.head {
                b { @if person { (entry.who) " " (words::what(&entry.what)) } @else { (words::spaced(&entry.what)) } }
                (tag(tone, entry.view))
                small { @if !person { (entry.who) " · " } (frame.ago(entry.at)) }
            }
            p { @if person { "“" (entry.why) "”" } @else { (entry.why) } }
            (calls(&entry.calls))
            details {
                summary { "What changed" }
                @if !entry.changes.is_empty() { ul { @for change in &entry.changes { li { (change) } } } }
                dl.pairs {
                    dt { "At" } dd { (when::instant(entry.at)) }
                    dt { "Afterwards" } dd { (entry.keeps) }
                    @if let Some(version) = &entry.version { dt { "Shop's version" } dd { (version) } }
                    dt { "Correlation" } dd { code { (entry.correlation) } }
                    dt { "Entry" } dd { (entry.seq) }
                }
            }
        }
    }
}

/// So many calls are shown at once.
const AT_ONCE: usize = 3;

/// What was asked of the shop and the ERP, and what they answered.
fn calls(calls: &[Exchange]) -> Markup {
    let list = html! { ul.calls { @for call in calls { li {
        (call.peer) ": asked " b { (call.request) } " → answered " b { (call.answer) } " " small { (when::instant(call.at)) }
    } } } };
    html! {
        @if calls.len() > AT_ONCE {
            details {
                summary { (count(calls.len() as u64, "call", "calls")) " to the shop and the ERP" }
                (list)
                @if calls.len() >= CALLS { p { "These are the first " (CALLS) "." } }
            }
        } @else if !calls.is_empty() { (list) }
    }
}

//! An exception explained: what happened, what it means, what to do.

use maud::{Markup, html};

use super::codes;
use super::layout::Frame;
use super::parts::{Tone, sentence, tag};
use crate::data::meaning::Meaning;
use crate::data::row::ExceptionView;

/// Of an order.
pub(crate) fn exception(frame: &Frame, it: &ExceptionView) -> Markup {
    html! {
        section.explain.bad[it.accepted.is_none()].ok[it.accepted.is_some()] aria-labelledby="explained" {
            div.title {
                h2 #explained { (headline(&it.meaning.means)) }
                (code(&it.code))
                @if it.accepted.is_some() { (tag(Tone::Good, "accepted")) }
            }
            dl {
                @if !it.subject.is_empty() { dt { "About" } dd { code { (it.subject) } } }
                dt { "What happened" } dd { (it.detail) " " span.dim { (frame.ago(it.since)) } }
                (rest(codes::of_order(&it.code), &it.meaning))
                @if let Some(accepted) = &it.accepted {
                    dt { "Accepted" }
                    dd { "By " (accepted.by) " " (frame.ago(accepted.at)) ": “" (accepted.reason) "”. It stays so until it changes." }
                }
            }
        }
    }
}

/// What it means and what to do, as terms of a list.
pub(crate) fn rest(consequence: Option<&codes::Consequence>, meaning: &Meaning) -> Markup {
    html! {
        @if let Some(consequence) = consequence { dt { "What it means" } dd { (consequence.means) } }
        dt { "What to do" } dd.do { (headline(&meaning.to_do)) }
    }
}

/// The code as people find it in the log and the runbook.
pub(crate) fn code(code: &str) -> Markup {
    html! { code { (code) } }
}

/// A row of the runbook as a sentence: it begins large and ends with a stop.
pub(crate) fn headline(text: &str) -> Markup {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let stop = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    sentence(&format!("{first}{}{stop}", letters.as_str()))
}

//! What people did, newest first.

use maud::{Markup, html};
use weir_domain::ports::ActionEntry;

use super::layout::{Frame, page};
use super::parts::{Column, calm, escape, long, number, table, text};
use super::words::spaced;
use crate::data::limits;

/// The page.
pub fn render(frame: &Frame, actions: &[ActionEntry]) -> Markup {
    const COLUMNS: [Column; 6] =
        [text("About"), text("Action"), text("Who"), long("Why"), long("How it ended"), number("When")];
    let rows = actions.iter().map(|it| {
        vec![
            subject(&it.subject),
            html! { (spaced(&it.what)) },
            html! { (it.who) },
            html! { "“" (it.why) "”" },
            html! { (it.outcome) small { "correlation " (it.correlation) } },
            frame.ago(it.at),
        ]
    });
    let content = html! {
        h1 { "Activity" }
        p.lead { "Every action of a person in the last 31 days, with its reason and how it ended. Orders have their own timeline beside it." }
        @if actions.is_empty() {
            (calm("Nobody had to act."))
        } @else {
            (table("The newest first", &COLUMNS, rows))
            @if actions.len() >= limits::ACTIONS { p.cut { "These are the newest " (actions.len()) "." } }
        }
    };
    page(frame, "/activity", "Activity", &content)
}

/// An order is linked; anything else is named.
fn subject(subject: &str) -> Markup {
    let order = subject.split_once('/').filter(|(store, id)| {
        !id.is_empty()
            && id.bytes().all(|b| b.is_ascii_digit())
            && store.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    html! {
        @match order {
            Some((store, id)) => a href={ "/console/orders/" (escape(store)) "/" (id) } { (subject) },
            None => (subject),
        }
    }
}

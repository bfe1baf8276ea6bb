//! The exception desk: one line for each cause, however many orders it stops.

use maud::{Markup, html};
use weir_domain::job::Job;

use super::explain::{code, headline};
use super::group::release;
use super::layout::{Frame, page};
use super::parts::{Column, Tone, calm, counted, escape, long, number, table, tag, text, thousands};
use super::reconciliation::progress;
use crate::data::exceptions::{Desk, Group};

/// The page: desk by desk. `jobs` are those of their stores.
pub fn render(frame: &Frame, desks: &[Desk], jobs: &[Job]) -> Markup {
    let content = html! {
        h1 { "Exceptions" }
        p.lead { "Orders that go on only when people have decided, by cause. One cause is put right once, and its orders are released at a pace." }
        @if desks.iter().all(|desk| desk.groups.is_empty()) {
            (calm("No order is in an exception."))
        }
        @for desk in desks.iter().filter(|desk| !desk.groups.is_empty()) { (of_store(frame, desk, jobs)) }
    };
    page(frame, "/exceptions", "Exceptions", &content)
}

fn of_store(frame: &Frame, desk: &Desk, jobs: &[Job]) -> Markup {
    const COLUMNS: [Column; 4] = [text("Cause"), number("Orders"), long("What to do"), number("Oldest")];
    let caption = if desk.orders.or_more {
        format!(
            "The causes of the first {} exceptions; there are more, and the counts are at least these",
            thousands(desk.orders.number as u64)
        )
    } else {
        "The largest first".to_owned()
    };
    html! {
        h2 { (desk.store) }
        (table(&caption, &COLUMNS, desk.groups.iter().map(|group| cells(frame, group, jobs))))
        @if desk.groups.len() >= crate::data::limits::GROUPS {
            p.cut { "These are the first " (desk.groups.len()) " causes." }
        }
    }
}

fn cells(frame: &Frame, group: &Group, jobs: &[Job]) -> Vec<Markup> {
    vec![
        html! {
            a href=(address(group)) { @if group.subject.is_empty() { (group.code) } @else { (group.subject) } }
            " " small { (code(&group.code)) " " (group.detail) }
            @if let Some(job) = release(&group.code, &group.subject, group.store.as_str(), jobs) { " " (tag(Tone::Going, "being released")) " " small { (progress(job)) } }
        },
        html! { (counted(super::group::number(group))) },
        headline(&group.meaning.to_do),
        frame.ago(group.since),
    ]
}

/// Where a group is.
pub(crate) fn address(group: &Group) -> String {
    let (code, subject) = (escape(&group.code), escape(&group.subject));
    format!("/console/exceptions/group?store={}&code={code}&subject={subject}", group.store)
}

//! Orders in lists, and the choice of a store above them.

use maud::{Markup, html};
use weir_domain::id::StoreId;

use super::layout::Frame;
use super::parts::{Column, calm, counted, escape, long, number, order_link, table, tag, text};
use super::words::tone;
use crate::data::Count;
use crate::data::row::OrderRow;
use crate::data::stuck::{OpenWork, Section};

/// Rows of each state where all states are shown.
const GLANCE: usize = 20;

/// A store to choose, and how much of what the page asks for it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// Which.
    pub store: StoreId,
    /// So much; `None` where the page counts nothing.
    pub count: Option<Count>,
}

/// The stores to choose from, where there is a choice. `counted` says what
/// their counts are of.
pub(crate) fn tabs(path: &str, tabs: &[Tab], chosen: &StoreId, of: &str) -> Markup {
    html! {
        @if tabs.len() > 1 {
            nav.tabs aria-label="Stores" { @for tab in tabs {
                a href={ "/console" (path) "?store=" (tab.store) } aria-current=[(tab.store == *chosen).then_some("true")] {
                    (tab.store)
                    @if let Some(count) = tab.count { " " small { (counted(count)) " " (of) } }
                }
            } }
        }
    }
}

/// The stores to choose from, of which nothing is counted.
pub(crate) fn stores(path: &str, stores: &[StoreId], chosen: &StoreId) -> Markup {
    let plain: Vec<Tab> = stores.iter().map(|store| Tab { store: store.clone(), count: None }).collect();
    tabs(path, &plain, chosen, "")
}

/// Open orders state by state, each under a heading of the third level; of one
/// state a whole page.
pub(crate) fn work(frame: &Frame, path: &str, work: &OpenWork, of: Option<&str>, none: &str) -> Markup {
    html! {
        @if of.is_some() {
            p.crumbs { a href={ "/console" (path) "?store=" (work.store) } { "All states" } }
        }
        @if work.sections.iter().all(|section| section.orders.is_empty() && section.next.is_none()) {
            (calm(none))
        } @else {
            @for section in &work.sections { (one_state(frame, path, work, section, of)) }
        }
    }
}

fn one_state(frame: &Frame, path: &str, work: &OpenWork, section: &Section, of: Option<&str>) -> Markup {
    let all = |after: Option<&str>| {
        let after = after.map(|after| format!("&after={}", escape(after))).unwrap_or_default();
        format!("/console{path}?store={}&state={}{after}", work.store, section.state)
    };
    let shown = if of.is_some() { section.orders.len() } else { section.orders.len().min(GLANCE) };
    let rows = section.orders.iter().take(shown);
    html! {
        @if shown > 0 || section.next.is_some() {
            h3 { (title(section.state)) }
            @if shown > 0 { (orders(frame, caption(section.state), rows)) }
            @if of.is_none() && (shown < section.orders.len() || section.next.is_some()) {
                p.cut { "These are the first " (shown) ". " a href=(all(None)) { "All of this state, page by page" } }
            }
            @if let (true, Some(next)) = (of.is_some(), &section.next) {
                p.cut {
                    (shown) " on this page, of " (section.looked_at) " open orders that were looked at; there are more. "
                    a href=(all(Some(next))) rel="next" { "Next page" }
                }
            }
        }
    }
}

fn title(state: &str) -> &'static str {
    match state {
        "exception" => "People have to decide",
        "held" => "Held by people",
        _ => "Waiting, or at work",
    }
}

fn caption(state: &str) -> &'static str {
    match state {
        "exception" => "Orders in an exception, oldest first",
        "held" => "Orders that a person stopped, oldest first",
        _ => "They go on by themselves, the next one first",
    }
}

/// A table of orders.
pub(crate) fn orders<'a>(
    frame: &Frame,
    caption: &str,
    rows: impl IntoIterator<Item = &'a OrderRow>,
) -> Markup {
    const COLUMNS: [Column; 6] = [
        text("Order"),
        text("State"),
        long("What keeps it"),
        number("Known"),
        number("Next look"),
        number("Total"),
    ];
    table(caption, &COLUMNS, rows.into_iter().map(|row| cells(frame, row)))
}

fn cells(frame: &Frame, row: &OrderRow) -> Vec<Markup> {
    let number = row.number.as_ref().filter(|number| **number != row.order.to_string());
    vec![
        html! {
            (order_link(&row.store, row.order))
            @if let Some(number) = number { " " small { "No. " (number) } }
        },
        html! { (tag(tone(row.view), row.view)) },
        html! {
            (row.why)
            @if let Some(exception) = &row.exception { " " code { (exception.code) } }
        },
        frame.ago(row.since),
        html! { @if let Some(due) = row.due_at { (frame.ago(due)) } },
        html! { @if let Some(total) = row.total { (total) } },
    ]
}

//! One order: where it stands, why, what to do, and how it came there.

mod actions;
mod preview;
mod timeline;

use maud::{Markup, html};

use super::explain;
use super::forms::address;
use super::layout::{Frame, page};
use super::parts::{Column, Tone, facts, number, table, tag, text};
use super::words::{spaced, tone};
use crate::data::meaning::missing_mapping;
use crate::data::order::{DocumentView, Order};

pub use preview::render as render_preview;

/// The order's address below `/console`, in full.
pub(crate) fn path(order: &Order) -> String {
    format!("/console/orders/{}/{}", order.row.store, order.row.order)
}

/// The page.
pub fn render(frame: &Frame, order: &Order) -> Markup {
    let title = format!("Order {}/{}", order.row.store, order.row.order);
    let content = html! {
        p.crumbs { a href={ "/console/stuck?store=" (order.row.store) } { "Orders of " (order.row.store) } }
        div.title { h1 { (title) } (tag(tone(order.row.view), order.row.view)) }
        p.lead {
            @if let Some(number) = &order.row.number { "No. " (number) " in the shop. " }
            "Known " (frame.ago(order.row.since)) "."
            @if let Some(url) = &order.shop_url { " " a href=(url) rel="noreferrer" { "Open it in the shop" } }
        }
        (keeps(frame, order))
        (next(order))
        (axes(order))
        (actions::render(frame, order))
        (documents(frame, order))
        (timeline::render(frame, order))
    };
    page(frame, "", &title, &content)
}

fn keeps(frame: &Frame, order: &Order) -> Markup {
    let row = &order.row;
    html! {
        @if let Some(exception) = &row.exception {
            (explain::exception(frame, exception))
        }
        @if row.exception.is_none() || row.due_at.is_some() {
            p.sentence {
                (row.why)
                @if let Some(due) = row.due_at { " Next look " (frame.ago(due)) "." }
            }
        }
        @if let Some(until) = order.in_doubt_until.filter(|until| *until > frame.now) {
            p.dim { "What was asked of the ERP may still happen until " (frame.ago(until)) ": it is looked up before anything is made." }
        }
    }
}

fn group(order: &Order, code: &str, subject: &str) -> String {
    address("/exceptions/group", &[("store", &order.row.store), ("code", code), ("subject", subject)])
}

/// What most people want next: the cause of them all, or what would happen.
fn next(order: &Order) -> Markup {
    let exception = order.row.exception.as_ref().filter(|exception| exception.accepted.is_none());
    let mapping = exception.is_some_and(|it| missing_mapping(&it.code, &it.subject).is_some());
    html! {
        p.next {
            @if let Some(it) = exception {
                a.button.quiet[!mapping] href=(group(order, &it.code, &it.subject)) {
                    @if mapping { "Add the mapping" } @else { "All orders of this cause" }
                }
            }
            a.button.quiet[mapping] href={ (path(order)) "/preview" } { "Dry run" }
            small { "What would happen now. Nothing is sent." }
        }
    }
}

/// Four axes, not one line of states, and what else is known.
fn axes(order: &Order) -> Markup {
    let version =
        |version: &Option<String>| html! { @if let Some(it) = version { small { (it) } } @else { "none" } };
    let mut known = vec![
        (
            "Document",
            html! { (spaced(order.document)) @if order.generation > 1 { " " small { "life " (order.generation) } } },
        ),
        ("Payment", html! { (spaced(order.payment)) }),
        ("Fulfilment", html! { (spaced(order.fulfilment)) }),
        ("Hold", html! { (hold(order)) }),
        ("Status in the shop", html! { (order.row.shop_status.as_deref().unwrap_or("not read yet")) }),
        ("Total", html! { @if let Some(total) = order.row.total { (total) } @else { "not read yet" } }),
        (
            "Booked with",
            html! { @if let Some(it) = &order.booked_with { (it.entity) " in " (it.erp) } @else { "nobody yet" } },
        ),
        ("Version read", version(&order.seen_version)),
    ];
    if order.booked_version != order.seen_version {
        known.push(("Version booked", version(&order.booked_version)));
    }
    html! { h2 { "Where it stands" } (facts(&known)) }
}

fn hold(order: &Order) -> &'static str {
    match order.row.view {
        "exception" | "accepted" | "held" | "skipped" => order.row.view,
        _ if order.row.due_at.is_some() => "waiting",
        _ => "none",
    }
}

fn documents(frame: &Frame, order: &Order) -> Markup {
    const COLUMNS: [Column; 4] = [text("Document"), text("State"), number("Net + tax = gross"), number("Id")];
    html! {
        h2 #documents { "In the ERP" }
        @if order.documents.is_empty() {
            p.dim { "No document of it is known there." }
        } @else {
            (table("Its documents, oldest first", &COLUMNS, order.documents.iter().map(document)))
            @if let Some(at) = order.in_erp_at { p.cut { "Complete there " (frame.ago(at)) "." } }
        }
        (beside(order))
    }
}

fn document(it: &DocumentView) -> Vec<Markup> {
    let tone = match it.state.as_str() {
        "done" => Tone::Good,
        "cancelled" => Tone::Plain,
        "draft" | "reserved" => Tone::Slow,
        _ => Tone::Going,
    };
    vec![
        html! { (it.number.as_deref().unwrap_or("no number yet")) " " small { (spaced(it.kind)) @if it.generation > 1 { ", life " (it.generation) } } },
        html! { (tag(tone, &it.state)) },
        html! { @if let Some(totals) = &it.totals { (totals) } },
        html! { (it.id) },
    ]
}

/// Refunds, parcels and returns, where there are any.
fn beside(order: &Order) -> Markup {
    let refunds = order.refunds.iter().map(|it| {
        vec![
            html! { (it.refund) },
            html! { (it.amount) },
            html! { @if it.booked { "booked" } @else { "begun" } },
            html! { (it.document.as_deref().unwrap_or_default()) },
        ]
    });
    let parcels = order
        .parcels
        .iter()
        .map(|it| vec![html! { (it.parcel) }, html! { @if it.shown { "shown" } @else { "not yet shown" } }]);
    let returns = order.returns.iter().map(|it| {
        let refund = html! { @if let Some(refund) = it.refund { (refund) } @else if it.refused { "refused" } @else { "none yet" } };
        vec![html! { (it.id) }, html! { (it.amount) }, refund]
    });
    html! {
        @if !order.refunds.is_empty() {
            h3 { "Refunds of the shop" }
            (table("Each is a credit in the ERP", &[text("Refund"), number("Amount"), text("In the ERP"), number("Document")], refunds))
        }
        @if !order.parcels.is_empty() {
            h3 { "Parcels" }
            (table("As the ERP names them", &[text("Parcel"), text("In the shop")], parcels))
        }
        @if !order.returns.is_empty() {
            h3 { "Returns of the ERP" }
            (table("Each becomes a refund in the shop", &[text("Return"), number("Amount"), number("Refund in the shop")], returns))
        }
    }
}

//! Today at a glance: one sentence says whether anything is wrong.

mod concerns;

use jiff::Timestamp;
use maud::{Markup, html};

use super::layout::{Frame, page};
use super::parts::{Column, Tone, calm, count, counted, long, number, sum, table, tag, text, thousands};
use super::reconciliation::progress;
use super::words;
use crate::data::Count;
use crate::data::overview::{CircuitView, Overview, StoreView};

pub use concerns::{Concern, concerns};

/// The page.
pub fn render(frame: &Frame, view: &Overview) -> Markup {
    let concerns = concerns(view, frame.now);
    let content = html! {
        h1 { (headline(concerns.len())) }
        p.lead { (summary(view)) }
        @if !concerns.is_empty() {
            ul.concerns { @for it in &concerns { li.bad[it.bad] {
                span { (it.says) }
                a href=(it.address) { (it.leads_to) }
            } } }
        }
        (questions(frame, view))
        (stores(frame, view))
        (nights(frame, view))
        (views(view))
        (jobs(view))
        (queues(view))
        (circuits(frame, &view.circuits))
    };
    page(frame, "/", headline_title(concerns.len()), &content)
}

/// One glance.
fn headline(concerns: usize) -> String {
    match concerns {
        0 => "All is flowing".to_owned(),
        1 => "1 thing needs people".to_owned(),
        many => format!("{many} things need people"),
    }
}

/// For the browser's tab, which has no room.
fn headline_title(concerns: usize) -> &'static str {
    if concerns == 0 { "All is flowing" } else { "Today needs people" }
}

fn summary(view: &Overview) -> String {
    let waiting = sum(view.stores.iter().map(|store| store.waiting));
    let stale = sum(view.stores.iter().map(|store| store.stale));
    let stores = count(view.stores.len() as u64, "store", "stores");
    let (waiting, stale) = (counted(waiting), counted(stale));
    format!("{stores}; {waiting} orders go on by themselves; {stale} items are being brought up to date.")
}

/// The three questions, each with its answer in one number.
fn questions(frame: &Frame, view: &Overview) -> Markup {
    let exceptions = sum(view.stores.iter().map(|store| store.exceptions));
    let held = sum(view.stores.iter().map(|store| store.held));
    let waiting = sum(view.stores.iter().map(|store| store.waiting));
    let open = sum([exceptions, held, waiting]);
    let stale = sum(view.stores.iter().map(|store| store.stale));
    let dead = view.queues.as_ref().map(|queues| queues.iter().map(|queue| queue.dead).sum::<u64>());
    let oldest = view.stores.iter().filter_map(|store| store.oldest_open).min();
    let lag = view.stores.iter().filter_map(|store| store.oldest_stale).min();
    let is_open = |store: &StoreView| sum([store.exceptions, store.held, store.waiting]).number > 0;
    // People are needed where there are exceptions; a store that only works
    // comes after these.
    let stuck = first(view, "/stuck", |store| store.exceptions.number > 0, is_open);
    let stale_in = first(view, "/stale", |store| store.oldest_stale == lag && lag.is_some(), |_| false);
    html! {
        ul.tiles {
            (tile(&stuck, &counted(open), exceptions.number > 0, open.number == 0, "orders are open: which are stuck before the ERP?", &since(frame, oldest)))
            (tile(&stale_in, &counted(stale), false, stale.number == 0, "items are stale in a shop: which?", &since(frame, lag)))
            (tile("/failed", &dead.map_or_else(|| "?".to_owned(), thousands), dead != Some(0), dead == Some(0), "messages failed again and again: what failed to propagate?", &html! {}))
        }
    }
}

/// A page of the first store that it is about, the loudest ones first; of no
/// certain store where there is none.
fn first(
    view: &Overview,
    path: &str,
    loud: impl Fn(&StoreView) -> bool,
    any: impl Fn(&StoreView) -> bool,
) -> String {
    let found =
        view.stores.iter().find(|store| loud(store)).or_else(|| view.stores.iter().find(|it| any(it)));
    found.map_or_else(|| path.to_owned(), |store| format!("{path}?store={}", store.store))
}

fn tile(path: &str, number: &str, loud: bool, quiet: bool, question: &str, note: &Markup) -> Markup {
    html! { li.loud[loud].calm[quiet] { a href={ "/console" (path) } { b { (number) } (question) small { (note) } } } }
}

fn since(frame: &Frame, oldest: Option<Timestamp>) -> Markup {
    html! { @if let Some(oldest) = oldest { "the oldest of these " (frame.ago(oldest)) } }
}

fn stores(frame: &Frame, view: &Overview) -> Markup {
    const COLUMNS: [Column; 8] = [
        text("Store"),
        number("Waiting"),
        number("Overdue"),
        number("Exceptions"),
        number("Held"),
        number("Oldest open"),
        number("Stale items"),
        number("Oldest stale"),
    ];
    let link = |path: &str, store: &StoreView, count: &Count| {
        html! { @if count.number == 0 { "0" } @else { a href={ "/console" (path) "store=" (store.store) } { (counted(*count)) } } }
    };
    let rows = view.stores.iter().map(|store| {
        vec![
            html! { (store.store) @if store.disabled.is_some() { " " (tag(Tone::Bad, "switched off")) } },
            link("/stuck?state=waiting&", store, &store.waiting),
            html! { @if let Some(at) = store.overdue_since { (tag(Tone::Bad, "since")) " " (frame.ago(at)) } @else { "–" } },
            link("/exceptions?", store, &store.exceptions),
            link("/stuck?state=held&", store, &store.held),
            html! { @if let Some(at) = store.oldest_open { (frame.ago(at)) } @else { "–" } },
            link("/stale?", store, &store.stale),
            html! { @if let Some(at) = store.oldest_stale { (frame.ago(at)) } @else { "–" } },
        ]
    });
    html! { h2 { "Stores" } (table("Open work now", &COLUMNS, rows)) }
}

fn nights(frame: &Frame, view: &Overview) -> Markup {
    const COLUMNS: [Column; 8] = [
        text("Store"),
        number("Ended"),
        number("Orders compared"),
        number("Differences"),
        number("Repaired"),
        number("For people"),
        number("Known"),
        number("Accepted"),
    ];
    let rows = view.stores.iter().filter_map(|store| {
        let night = store.last_night.as_ref()?;
        let total = &night.total;
        Some(vec![
            html! { a href={ "/console/reconciliation?store=" (store.store) } { (store.store) } " " small { (night.night) } },
            html! { @if let Some(at) = night.ended_at { (frame.ago(at)) } @else { (tag(Tone::Going, "under way")) } },
            html! { (thousands(night.orders)) },
            html! { (thousands(total.detected)) },
            html! { (thousands(total.repaired)) },
            html! { (thousands(total.parked)) },
            html! { (thousands(total.known)) },
            html! { (thousands(total.accepted)) },
        ])
    });
    let rows: Vec<_> = rows.collect();
    html! {
        h2 { "Last reconciliation" }
        @if rows.is_empty() {
            p.dim { "No night has been compared yet." }
        } @else {
            (table("Shop, ledger and ERP compared in the night", &COLUMNS, rows))
        }
    }
}

/// Closed orders are in no index: only the night counts them.
fn views(view: &Overview) -> Markup {
    let counted = |store: &&StoreView| !store.views.is_empty();
    let rows = view.stores.iter().filter(counted).map(|store| {
        let tags = html! { span.tags { @for (word, number) in &store.views {
            (tag(words::tone(word), &format!("{word} {}", thousands(*number))))
        } } };
        vec![html! { (store.store) }, tags]
    });
    let rows: Vec<_> = rows.collect();
    html! {
        @if !rows.is_empty() {
            h2 { "Orders by state" }
            (table("As the last night counted them", &[text("Store"), long("Orders")], rows))
        }
    }
}

fn jobs(view: &Overview) -> Markup {
    let rows = view.stores.iter().flat_map(|store| &store.jobs).map(|job| {
        vec![
            html! { a href={ "/console/reconciliation?store=" (job.store) } { (super::reconciliation::job_name(job)) } },
            html! { (job.store) },
            progress(job),
            html! { (job.per_minute) " a minute" },
        ]
    });
    let rows: Vec<_> = rows.collect();
    html! {
        @if !rows.is_empty() {
            h2 { "Running jobs" }
            (table("Work that people began", &[text("Job"), text("Store"), number("So far"), number("At most")], rows))
        }
    }
}

fn queues(view: &Overview) -> Markup {
    html! {
        h2 { "Queues" }
        @match &view.queues {
            Some(queues) => (super::queues::depths(queues)),
            None => p.dim { "The queues do not answer. Orders are safe; look again in a minute." }
        }
    }
}

/// Open ones first; that all are closed is one line.
fn circuits(frame: &Frame, circuits: &[CircuitView]) -> Markup {
    let open: Vec<&CircuitView> = circuits.iter().filter(|circuit| circuit.open_since.is_some()).collect();
    let closed: Vec<&str> =
        circuits.iter().filter(|circuit| circuit.open_since.is_none()).map(|it| it.peer.as_str()).collect();
    let rows = open.iter().map(|circuit| {
        vec![
            html! { (circuit.peer) " " (tag(Tone::Bad, "open")) },
            html! { (circuit.why.as_deref().unwrap_or_default()) },
            html! { @if let Some(at) = circuit.open_since { (frame.ago(at)) } },
            html! { @if let Some(at) = circuit.probe_at { (frame.ago(at)) } },
        ]
    });
    html! {
        h2 { "Circuits" }
        @if !open.is_empty() {
            (table("What cannot be worked with now; orders wait for it", &[text("Circuit"), long("Why"), number("Open"), number("Tried next")], rows))
        }
        @if !closed.is_empty() { (calm(&format!("Working: {}.", closed.join(", ")))) }
    }
}

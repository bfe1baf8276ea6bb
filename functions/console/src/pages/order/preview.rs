//! The dry run: what would happen now, and the very requests. Nothing is sent.

use maud::{Markup, html};
use weir_domain::push::preview::{Preview, Problem};

use crate::data::meaning;
use crate::pages::codes;
use crate::pages::explain::{code, headline, rest};
use crate::pages::layout::{Frame, page};
use crate::pages::parts::{count, facts};

/// The page.
pub fn render(frame: &Frame, store: &str, order: u64, preview: &Preview) -> Markup {
    let title = format!("Dry run of {store}/{order}");
    let content = html! {
        p.crumbs { a href={ "/console/orders/" (store) "/" (order) } { "Order " (store) "/" (order) } }
        h1 { (title) }
        p.lead { "What would happen to it now, by what the shop and the ERP say at this moment. " b { "Nothing was sent." } }
        p.sentence { (preview.would) }
        @if let Some(problem) = &preview.problem { (explained(problem)) }
        (read(preview))
        (requests(preview))
    };
    page(frame, "", &title, &content)
}

fn explained(problem: &Problem) -> Markup {
    let meaning = meaning::of(&problem.code);
    html! {
        section.explain.bad {
            div.title { h2 { (headline(&meaning.means)) } (code(&problem.code)) }
            dl {
                @if !problem.subject.is_empty() { dt { "About" } dd { code { (problem.subject) } } }
                dt { "What would happen" } dd { (problem.detail) }
                (rest(codes::of_order(&problem.code), &meaning))
            }
        }
    }
}

fn read(preview: &Preview) -> Markup {
    let known = [
        ("Number in the shop", html! { (preview.number) }),
        ("Status in the shop", html! { (preview.status) }),
        ("Net + tax = gross", html! { (preview.totals) }),
        (
            "Booked with",
            html! { @if let Some(it) = &preview.booking { (it.entity) " in " (it.erp) } @else { "nobody yet" } },
        ),
    ];
    html! {
        h2 { "The order as the shop has it" }
        (facts(&known))
        ul { @for line in &preview.lines { li { (line) } } }
    }
}

fn requests(preview: &Preview) -> Markup {
    html! {
        h2 { "What would be sent to the ERP" }
        @if preview.requests.is_empty() {
            p.dim { "Nothing, as far as it is known now." }
        } @else {
            p.dim { (count(preview.requests.len() as u64, "request", "requests")) ", as far as they are known before the first is answered. What names a person is masked." }
        }
        @for (at, request) in preview.requests.iter().enumerate() {
            section aria-label={ "Request " (at + 1) } {
                h3 { code { (request.method) " " (request.path) } }
                pre tabindex="0" { (pretty(&request.body)) }
            }
        }
    }
}

fn pretty(body: &serde_json::Value) -> String {
    serde_json::to_string_pretty(body).unwrap_or_else(|_| body.to_string())
}

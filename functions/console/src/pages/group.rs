//! One cause of exceptions, and putting it right for all of its orders.

use maud::{Markup, html};

use super::codes;
use super::explain::{code, headline, rest};
use super::forms::{act, address, codes_field, hidden, kind_name, only_look, pace, reason};
use super::layout::{Frame, page};
use super::parts::{counted, order_link};
use super::reconciliation::progress;
use crate::data::Count;
use crate::data::exceptions::Group;
use weir_domain::job::{Job, JobKind, JobState};
use weir_domain::mapping::MappingKey;

/// Where the orders of a group are released.
const RELEASE: &str = "/console/exceptions/group/release";

/// The release of a group that is under way.
pub(crate) fn release<'a>(code: &str, subject: &str, store: &str, jobs: &'a [Job]) -> Option<&'a Job> {
    let its = JobKind::Release { code: code.to_owned(), subject: subject.to_owned() };
    jobs.iter().find(|job| job.state == JobState::Running && job.store.as_str() == store && job.what == its)
}

/// The page. `jobs` are those of its store.
pub fn render(frame: &Frame, group: &Group, jobs: &[Job]) -> Markup {
    let running = release(&group.code, &group.subject, group.store.as_str(), jobs);
    let orders = orders(group);
    let title = if group.subject.is_empty() { group.code.clone() } else { group.subject.clone() };
    let content = html! {
        p.crumbs { a href={ "/console/exceptions?store=" (group.store) } { "Exceptions of " (group.store) } }
        div.title { h1 { (title) } (code(&group.code)) }
        p.lead {
            @if group.orders == 0 { "How many orders it stops is not counted: there are too many exceptions before them." }
            @else { "It stops " b { (orders) } ", the oldest " (frame.ago(group.since)) "." }
        }
        section.explain.bad aria-labelledby="explained" {
            h2 #explained { (headline(&group.meaning.means)) }
            dl {
                @if !group.detail.is_empty() { dt { "What happened" } dd { (group.detail) } }
                (rest(codes::of_order(&group.code), &group.meaning))
            }
        }
        @if let Some(job) = running { (under_way(frame, job)) }
        (fix(frame, group, &orders, running.is_some()))
        (listed(group))
    };
    page(frame, "/exceptions", &title, &content)
}

/// `1 order`, `400 orders`; `400+ orders` where counting stopped.
fn orders(group: &Group) -> String {
    match (group.orders, group.or_more) {
        (0, _) => "orders".to_owned(),
        (1, false) => "1 order".to_owned(),
        _ => format!("{} orders", counted(number(group))),
    }
}

/// How many orders it stops.
pub(crate) fn number(group: &Group) -> Count {
    Count { number: group.orders, or_more: group.or_more }
}

fn under_way(frame: &Frame, job: &Job) -> Markup {
    html! {
        p.sentence {
            "Its orders are being released: " (progress(job)) ", " (job.per_minute) " a minute, begun " (frame.ago(job.begun_at)) " by " (job.begun_by) ". "
            a href={ "/console/reconciliation?store=" (job.store) "#jobs" } { "Look at it, or stop it" }
        }
    }
}

fn fix(frame: &Frame, group: &Group, orders: &str, is_running: bool) -> Markup {
    html! {
        @if !frame.may_act {
            (only_look())
        } @else if let Some(missing) = &group.missing {
            h2 { "Put it right" }
            (mapping_form(frame, group, missing, is_running))
            @if !is_running { (act(frame, false, RELEASE, "Release only", "The mapping is there, or the item is in the ERP now.", &release_fields(group, orders))) }
        } @else if !is_running {
            h2 { "Once it is put right" }
            form.panel method="post" action=(RELEASE) { (frame.token()) div.fields { (release_fields(group, orders)) } }
        }
    }
}

/// The mapping and the release in one step, or the mapping alone.
fn mapping_form(frame: &Frame, group: &Group, missing: &MappingKey, is_running: bool) -> Markup {
    html! {
        form.panel method="post" action="/console/exceptions/group/map" {
            (frame.token())
            (of_group(group))
            (hidden("kind", missing.kind.as_str()))
            div.fields {
                (name_field(group, missing))
                (codes_field(missing.kind))
                @if !is_running { (pace("map-pace")) }
                (reason("map-why"))
                div.go {
                    @if !is_running { button name="release" value="yes" { "Add the mapping and release its orders" } }
                    button.quiet[!is_running] name="release" value="no" { "Only add the mapping" }
                }
            }
        }
    }
}

/// What is mapped. The ERP's refusal names its own code, and which name of the
/// shop led to it is a guess: a person may know better.
fn name_field(group: &Group, missing: &MappingKey) -> Markup {
    html! {
        @if group.code == "item_unknown" {
            div {
                label for="map-name" { (kind_name(missing.kind)) " in the shop" }
                input #map-name name="name" value=(missing.name) required maxlength="200" autocomplete="off" spellcheck="false" aria-describedby="map-name-hint";
                p.hint #map-name-hint {
                    "As it stands here if the shop's SKU is " code { (group.subject) } ". If another name is mapped to this code, "
                    "correct that one. Or make the item in the ERP, and only release."
                }
            }
        } @else {
            (hidden("name", &missing.name))
            div {
                span.label { (kind_name(missing.kind)) " in the shop" }
                p.fixed { code { (missing.name) } }
            }
        }
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
                "The first " (group.examples.len()) " of " (counted(number(group))) ", oldest first. "
                a href=(all) { "Orders in exceptions, page by page" }
            }
        }
    }
}

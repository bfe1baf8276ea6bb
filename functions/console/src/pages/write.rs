//! From a form to what is done, and back to a page that says so.

use axum::extract::{Path, State};
use axum::response::Redirect;
use serde::Deserialize;

use super::extract::Filled;
use super::forms::{address, nothing};
use super::group::release;
use super::reconciliation::span;
use crate::acts::{self, Adopting};
use crate::data;
use crate::session::Actor;
use crate::state::AppState;
use crate::{Problem, data::mappings::parse_kind};
use weir_domain::mapping::MappingKind;

type Answer = Result<Redirect, Problem>;

fn back(path: &str, query: &[(&str, &str)]) -> Redirect {
    Redirect::to(&address(path, query))
}

#[derive(Debug, Deserialize)]
pub(crate) struct OrderForm {
    why: String,
    number: Option<String>,
    paid: Option<String>,
}

pub(crate) async fn on_order(
    State(app): State<AppState>,
    actor: Actor,
    Path((store, id, word)): Path<(String, String, String)>,
    Filled(form): Filled<OrderForm>,
) -> Answer {
    let key = data::order::key(&app, &store, &id)?;
    let adopting = Adopting { number: form.number, paid: form.paid.is_some() };
    let action = acts::action(&word, adopting)?;
    acts::on_order(&app, &actor, &key, &action, &form.why).await?;
    Ok(back(&format!("/orders/{key}"), &[("done", action.as_str())]))
}

#[derive(Debug, Deserialize)]
pub(crate) struct GroupForm {
    store: String,
    code: String,
    subject: String,
    why: String,
    per_minute: Option<u32>,
    kind: Option<String>,
    name: Option<String>,
    codes: Option<String>,
    nothing: Option<String>,
    release: Option<String>,
}

/// Adds the mapping that a group misses and, if wanted, releases its orders.
pub(crate) async fn map_group(
    State(app): State<AppState>,
    actor: Actor,
    Filled(form): Filled<GroupForm>,
) -> Answer {
    let store = app.store(&form.store)?;
    let (kind, name) = (form.kind.as_deref().unwrap_or_default(), form.name.as_deref().unwrap_or_default());
    let codes = codes(kind, form.codes.as_deref().unwrap_or_default(), form.nothing.is_some())?;
    acts::map(&app, &actor, &store, (kind, name), &codes, &form.why).await?;
    let here = |done| {
        let query =
            [("store", store.as_str()), ("code", &form.code), ("subject", &form.subject), ("done", done)];
        back("/exceptions/group", &query)
    };
    // The mapping is there, whatever can or cannot be read from here on.
    let jobs = data::history::jobs(&app, &store).await.unwrap_or_default();
    if release(&form.code, &form.subject, store.as_str(), &jobs).is_some() {
        return Ok(here("mapping_under_way"));
    }
    if form.release.as_deref() != Some("yes") {
        return Ok(here("mapping"));
    }
    let group = (form.code.as_str(), form.subject.as_str());
    match acts::release(&app, &actor, &store, group, form.per_minute, &form.why).await {
        Ok(_) => Ok(back("/exceptions", &[("store", store.as_str()), ("done", "mapping_release")])),
        // Why it did not begin stands in the activity.
        Err(_) => Ok(here("mapping_only")),
    }
}

pub(crate) async fn release_group(
    State(app): State<AppState>,
    actor: Actor,
    Filled(form): Filled<GroupForm>,
) -> Answer {
    let store = app.store(&form.store)?;
    let group = (form.code.as_str(), form.subject.as_str());
    acts::release(&app, &actor, &store, group, form.per_minute, &form.why).await?;
    Ok(back("/exceptions", &[("store", store.as_str()), ("done", "release")]))
}

#[derive(Debug, Deserialize)]
pub(crate) struct MappingForm {
    store: String,
    kind: String,
    name: String,
    codes: String,
    nothing: Option<String>,
    why: String,
}

pub(crate) async fn map(
    State(app): State<AppState>,
    actor: Actor,
    Filled(form): Filled<MappingForm>,
) -> Answer {
    let store = app.store(&form.store)?;
    let codes = codes(&form.kind, &form.codes, form.nothing.is_some())?;
    acts::map(&app, &actor, &store, (&form.kind, &form.name), &codes, &form.why).await?;
    let query = [("store", store.as_str()), ("kind", &form.kind), ("name", &form.name), ("done", "mapping")];
    Ok(back("/mappings", &query))
}

/// Only a tax has several codes: another one's code may have a comma in it.
/// That there is none is said by its own box, never by an empty field.
fn codes(kind: &str, entered: &str, is_nothing: bool) -> Result<Vec<String>, Problem> {
    let kind = parse_kind(kind)?;
    let codes = if kind == MappingKind::Tax { entered.split(',').collect() } else { vec![entered] };
    let codes = codes.into_iter().map(|code| code.trim().to_owned()).filter(|code| !code.is_empty());
    let codes: Vec<String> = codes.collect();
    match nothing(kind) {
        Some((word, _)) if codes.is_empty() != is_nothing => Err(Problem::not_possible(format!(
            "Say the ERP's code, or tick “{word}”: one of them, and not both."
        ))),
        _ => Ok(codes),
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct QueueForm {
    queue: String,
    why: String,
    letter: Option<String>,
}

pub(crate) async fn redrive(
    State(app): State<AppState>,
    actor: Actor,
    Filled(form): Filled<QueueForm>,
) -> Answer {
    let (sent, _) = acts::redrive(&app, &actor, &form.queue, None, &form.why).await?;
    let done = if sent == 0 { "redrive_none" } else { "redrive" };
    Ok(back("/queues", &[("queue", &form.queue), ("done", done)]))
}

pub(crate) async fn delete_letter(
    State(app): State<AppState>,
    actor: Actor,
    Filled(form): Filled<QueueForm>,
) -> Answer {
    let letter = form.letter.as_deref().unwrap_or_default();
    acts::delete_letter(&app, &actor, &form.queue, letter, &form.why).await?;
    Ok(back("/queues", &[("queue", &form.queue), ("done", "delete")]))
}

#[derive(Debug, Deserialize)]
pub(crate) struct BackfillForm {
    store: String,
    from: String,
    until: String,
    per_minute: Option<u32>,
    why: String,
}

pub(crate) async fn backfill(
    State(app): State<AppState>,
    actor: Actor,
    Filled(form): Filled<BackfillForm>,
) -> Answer {
    let store = app.store(&form.store)?;
    let days = span(&form.from, &form.until);
    let days = days.ok_or_else(|| Problem::not_possible("Say both days, e.g. 2026-11-01."))?;
    acts::backfill(&app, &actor, &store, days, form.per_minute, &form.why).await?;
    Ok(back("/reconciliation", &[("store", store.as_str()), ("done", "backfill")]))
}

#[derive(Debug, Deserialize)]
pub(crate) struct JobForm {
    store: String,
    id: String,
    why: String,
}

pub(crate) async fn stop_job(
    State(app): State<AppState>,
    actor: Actor,
    Filled(form): Filled<JobForm>,
) -> Answer {
    let store = app.store(&form.store)?;
    acts::stop_job(&app, &actor, &store, &form.id, &form.why).await?;
    Ok(back("/reconciliation", &[("store", store.as_str()), ("done", "stop")]))
}

pub(crate) async fn resume_job(
    State(app): State<AppState>,
    actor: Actor,
    Filled(form): Filled<JobForm>,
) -> Answer {
    let store = app.store(&form.store)?;
    acts::resume_job(&app, &actor, &store, &form.id, &form.why).await?;
    Ok(back("/reconciliation", &[("store", store.as_str()), ("done", "resume")]))
}

//! What may be looked at.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};
use weir_domain::job::Job;
use weir_domain::ports::{ActionEntry, QueueDepth};
use weir_domain::push::preview::Preview;

use crate::data;
use crate::data::{exceptions, failed, history, item, mappings, order, overview, queues, stale, stuck};
use crate::pages::extract::Asked;
use crate::session::Reader;
use crate::state::AppState;
use crate::{Problem, acts};

type Answer<T> = Result<Json<T>, Problem>;

/// Of which store.
#[derive(Deserialize)]
pub(super) struct OfStore {
    store: String,
}

/// A page of a list.
#[derive(Deserialize)]
pub(super) struct Page {
    store: String,
    state: Option<String>,
    after: Option<String>,
}

/// A group of exceptions.
#[derive(Deserialize)]
pub(super) struct OfGroup {
    store: String,
    code: String,
    subject: String,
}

/// An item. Not in the path: gateways unescape paths, and a code may have
/// anything in it.
#[derive(Deserialize)]
pub(super) struct OfItem {
    entity: String,
    sku: String,
}

/// A mapping by its name.
#[derive(Deserialize)]
pub(super) struct Named {
    store: String,
    name: String,
}

/// Who is asking, and the token of their requests that change something.
pub(super) async fn me(reader: Reader) -> Json<Value> {
    let session = reader.session();
    Json(json!({
        "who": session.who,
        "role": session.role,
        "csrf": session.csrf,
        "expires_at": session.expires_at,
    }))
}

pub(super) async fn overview(State(app): State<AppState>, _: Reader) -> Answer<overview::Overview> {
    Ok(Json(overview::overview(&app).await?))
}

pub(super) async fn stuck(
    State(app): State<AppState>,
    _: Reader,
    Asked(page): Asked<Page>,
) -> Answer<stuck::OpenWork> {
    let (store, of) = (app.store(&page.store)?, page.state.as_deref().map(stuck::state).transpose()?);
    Ok(Json(stuck::stuck(&app, &store, of, page.after.as_deref()).await?))
}

pub(super) async fn failed(
    State(app): State<AppState>,
    _: Reader,
    Asked(page): Asked<Page>,
) -> Answer<failed::Failed> {
    let (store, of) = (app.store(&page.store)?, page.state.as_deref().map(stuck::state).transpose()?);
    Ok(Json(failed::failed(&app, &store, of, page.after.as_deref()).await?))
}

pub(super) async fn stale(
    State(app): State<AppState>,
    _: Reader,
    Asked(page): Asked<Page>,
) -> Answer<stale::Stale> {
    Ok(Json(stale::stale(&app, &app.store(&page.store)?, page.after.as_deref()).await?))
}

pub(super) async fn order(
    State(app): State<AppState>,
    _: Reader,
    Path((store, id)): Path<(String, String)>,
) -> Answer<order::Order> {
    Ok(Json(order::order(&app, &order::key(&app, &store, &id)?).await?))
}

pub(super) async fn preview(
    State(app): State<AppState>,
    _: Reader,
    Path((store, id)): Path<(String, String)>,
) -> Answer<Preview> {
    Ok(Json(acts::preview(&app, &order::key(&app, &store, &id)?).await?))
}

pub(super) async fn item(
    State(app): State<AppState>,
    _: Reader,
    Asked(of): Asked<OfItem>,
) -> Answer<item::Item> {
    Ok(Json(item::item(&app, &of.entity, &of.sku).await?))
}

pub(super) async fn exceptions(
    State(app): State<AppState>,
    _: Reader,
    Asked(of): Asked<OfStore>,
) -> Answer<exceptions::Desk> {
    Ok(Json(exceptions::desk(&app, &app.store(&of.store)?).await?))
}

pub(super) async fn group(
    State(app): State<AppState>,
    _: Reader,
    Asked(of): Asked<OfGroup>,
) -> Answer<exceptions::Group> {
    Ok(Json(exceptions::group(&app, &app.store(&of.store)?, &of.code, &of.subject).await?))
}

pub(super) async fn mappings(
    State(app): State<AppState>,
    _: Reader,
    Asked(of): Asked<OfStore>,
) -> Answer<Vec<mappings::MappingRow>> {
    Ok(Json(mappings::mappings(&app, &app.store(&of.store)?).await?))
}

pub(super) async fn mapping(
    State(app): State<AppState>,
    _: Reader,
    Path(kind): Path<String>,
    Asked(of): Asked<Named>,
) -> Answer<mappings::MappingRow> {
    let found = mappings::mapping(&app, &app.store(&of.store)?, &kind, &of.name).await?;
    Ok(Json(found.ok_or_else(|| Problem::not_found("This is not mapped."))?))
}

pub(super) async fn queues(State(app): State<AppState>, _: Reader) -> Answer<Vec<QueueDepth>> {
    Ok(Json(data::queues::queues(&app).await?))
}

pub(super) async fn letters(
    State(app): State<AppState>,
    _: Reader,
    Path(queue): Path<String>,
) -> Answer<queues::QueuePage> {
    Ok(Json(data::queues::queue(&app, &queue).await?))
}

pub(super) async fn reports(
    State(app): State<AppState>,
    _: Reader,
    Asked(of): Asked<OfStore>,
) -> Answer<Vec<history::Night>> {
    Ok(Json(history::reports(&app, &app.store(&of.store)?).await?))
}

pub(super) async fn jobs(
    State(app): State<AppState>,
    _: Reader,
    Asked(of): Asked<OfStore>,
) -> Answer<Vec<Job>> {
    Ok(Json(history::jobs(&app, &app.store(&of.store)?).await?))
}

pub(super) async fn actions(State(app): State<AppState>, _: Reader) -> Answer<Vec<ActionEntry>> {
    Ok(Json(history::actions(&app).await?))
}

//! What may be looked at.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weir_domain::job::Job;
use weir_domain::ports::{ActionEntry, QueueDepth};
use weir_domain::push::preview::Preview;

use crate::data;
use crate::data::{exceptions, failed, history, item, mappings, order, overview, queues, stale, stuck};
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

/// A mapping by its name.
#[derive(Deserialize)]
pub(super) struct Named {
    store: String,
    name: String,
}

fn answer<T: Serialize>(found: T) -> Answer<T> {
    Ok(Json(found))
}

/// Who is asking, and the token of their requests that change something.
#[expect(clippy::unused_async, reason = "a handler is a future")]
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
    answer(overview::overview(&app).await?)
}

pub(super) async fn stuck(
    State(app): State<AppState>,
    _: Reader,
    Query(page): Query<Page>,
) -> Answer<stuck::OpenWork> {
    let (store, of) = (app.store(&page.store)?, page.state.as_deref().map(stuck::state).transpose()?);
    answer(stuck::stuck(&app, &store, of, page.after.as_deref()).await?)
}

pub(super) async fn failed(
    State(app): State<AppState>,
    _: Reader,
    Query(page): Query<Page>,
) -> Answer<failed::Failed> {
    let (store, of) = (app.store(&page.store)?, page.state.as_deref().map(stuck::state).transpose()?);
    answer(failed::failed(&app, &store, of, page.after.as_deref()).await?)
}

pub(super) async fn stale(
    State(app): State<AppState>,
    _: Reader,
    Query(page): Query<Page>,
) -> Answer<stale::Stale> {
    answer(stale::stale(&app, &app.store(&page.store)?, page.after.as_deref()).await?)
}

pub(super) async fn order(
    State(app): State<AppState>,
    _: Reader,
    Path((store, id)): Path<(String, String)>,
) -> Answer<order::Order> {
    answer(order::order(&app, &order::key(&app, &store, &id)?).await?)
}

pub(super) async fn preview(
    State(app): State<AppState>,
    _: Reader,
    Path((store, id)): Path<(String, String)>,
) -> Answer<Preview> {
    answer(acts::preview(&app, &order::key(&app, &store, &id)?).await?)
}

pub(super) async fn item(
    State(app): State<AppState>,
    _: Reader,
    Path((entity, sku)): Path<(String, String)>,
) -> Answer<item::Item> {
    answer(item::item(&app, &entity, &sku).await?)
}

pub(super) async fn exceptions(
    State(app): State<AppState>,
    _: Reader,
    Query(of): Query<OfStore>,
) -> Answer<exceptions::Desk> {
    answer(exceptions::desk(&app, &app.store(&of.store)?).await?)
}

pub(super) async fn group(
    State(app): State<AppState>,
    _: Reader,
    Query(of): Query<OfGroup>,
) -> Answer<exceptions::Group> {
    answer(exceptions::group(&app, &app.store(&of.store)?, &of.code, &of.subject).await?)
}

pub(super) async fn mappings(
    State(app): State<AppState>,
    _: Reader,
    Query(of): Query<OfStore>,
) -> Answer<Vec<mappings::MappingRow>> {
    answer(mappings::mappings(&app, &app.store(&of.store)?).await?)
}

pub(super) async fn mapping(
    State(app): State<AppState>,
    _: Reader,
    Path(kind): Path<String>,
    Query(of): Query<Named>,
) -> Answer<mappings::MappingRow> {
    let found = mappings::mapping(&app, &app.store(&of.store)?, &kind, &of.name).await?;
    answer(found.ok_or_else(|| Problem::not_found("This is not mapped."))?)
}

pub(super) async fn queues(State(app): State<AppState>, _: Reader) -> Answer<Vec<QueueDepth>> {
    answer(data::queues::queues(&app).await?)
}

pub(super) async fn letters(
    State(app): State<AppState>,
    _: Reader,
    Path(queue): Path<String>,
) -> Answer<queues::QueuePage> {
    answer(data::queues::queue(&app, &queue).await?)
}

pub(super) async fn reports(
    State(app): State<AppState>,
    _: Reader,
    Query(of): Query<OfStore>,
) -> Answer<Vec<history::Night>> {
    answer(history::reports(&app, &app.store(&of.store)?).await?)
}

pub(super) async fn jobs(
    State(app): State<AppState>,
    _: Reader,
    Query(of): Query<OfStore>,
) -> Answer<Vec<Job>> {
    answer(history::jobs(&app, &app.store(&of.store)?).await?)
}

pub(super) async fn actions(State(app): State<AppState>, _: Reader) -> Answer<Vec<ActionEntry>> {
    answer(history::actions(&app).await?)
}

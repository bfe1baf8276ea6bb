//! From a request that looks to its page.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use maud::Markup;
use serde::Deserialize;
use weir_domain::id::{EntityId, ItemKey, OrderId, OrderKey, Sku, StoreId};
use weir_domain::ports::OpenState;

use super::extract::Asked;
use super::layout::Frame;
use super::lists::Tab;
use super::parts::sum;
use super::search::Found;
use super::{
    activity, doctor, exceptions, failed, group, help, item, mappings, order, queues, reconciliation,
};
use super::{search, stale, stuck, today};
use crate::data::item::StandingView;
use crate::data::{self, Count, limits};
use crate::session::Reader;
use crate::state::{App, AppState};
use crate::{Problem, acts};

type Page = Result<Markup, Problem>;

/// What may stand after the `?` of a page; each page takes what it knows.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Query {
    store: Option<String>,
    state: Option<String>,
    after: Option<String>,
    code: Option<String>,
    subject: Option<String>,
    kind: Option<String>,
    name: Option<String>,
    queue: Option<String>,
    entity: Option<String>,
    sku: Option<String>,
    q: Option<String>,
    done: Option<String>,
}

fn frame<'a>(app: &App, reader: &'a Reader, query: &'a Query) -> Frame<'a> {
    Frame::of(reader, app.clock.now()).done(query.done.as_deref())
}

fn stores(app: &App) -> Vec<StoreId> {
    app.stores().cloned().collect()
}

/// The store that was asked for, or the first one.
fn chosen(app: &App, query: &Query) -> Result<StoreId, Problem> {
    match &query.store {
        Some(name) => app.store(name),
        None => app.stores().next().cloned().ok_or_else(|| Problem::not_found("No store is configured.")),
    }
}

/// How many orders of each store are open: where there is a choice of stores.
async fn open_tabs(app: &App) -> Result<Vec<Tab>, Problem> {
    let mut tabs = Vec::new();
    for store in stores_to_choose(app) {
        let mut counts = Vec::new();
        for state in OpenState::ALL {
            let number = app.open.count_open(store, state, limits::COUNTED).await?;
            counts.push(Count::up_to(number, limits::COUNTED));
        }
        tabs.push(Tab { store: store.clone(), count: Some(sum(counts)) });
    }
    Ok(tabs)
}

/// How many items of each store are stale.
async fn stale_tabs(app: &App) -> Result<Vec<Tab>, Problem> {
    let mut tabs = Vec::new();
    for store in stores_to_choose(app) {
        let stale = app.stock.stale(store, None, limits::STALE_COUNTED).await?;
        let count = Some(Count::up_to(stale.len(), limits::STALE_COUNTED));
        tabs.push(Tab { store: store.clone(), count });
    }
    Ok(tabs)
}

/// All stores, or none where there is only one.
fn stores_to_choose(app: &App) -> impl Iterator<Item = &StoreId> {
    let several = app.stores().nth(1).is_some();
    app.stores().filter(move |_| several)
}

pub(crate) async fn today(State(app): State<AppState>, reader: Reader, Asked(query): Asked<Query>) -> Page {
    let view = data::overview::overview(&app).await?;
    Ok(today::render(&frame(&app, &reader, &query), &view))
}

pub(crate) async fn stuck(State(app): State<AppState>, reader: Reader, Asked(query): Asked<Query>) -> Page {
    let store = chosen(&app, &query)?;
    let of = query.state.as_deref().map(data::stuck::state).transpose()?;
    let work = data::stuck::stuck(&app, &store, of, query.after.as_deref()).await?;
    Ok(stuck::render(&frame(&app, &reader, &query), &open_tabs(&app).await?, &work, query.state.as_deref()))
}

pub(crate) async fn stale(State(app): State<AppState>, reader: Reader, Asked(query): Asked<Query>) -> Page {
    let store = chosen(&app, &query)?;
    let stale = data::stale::stale(&app, &store, query.after.as_deref()).await?;
    Ok(stale::render(&frame(&app, &reader, &query), &stale_tabs(&app).await?, &stale))
}

pub(crate) async fn failed(State(app): State<AppState>, reader: Reader, Asked(query): Asked<Query>) -> Page {
    let store = chosen(&app, &query)?;
    let of = query.state.as_deref().map(data::stuck::state).transpose()?;
    let failed = data::failed::failed(&app, &store, of, query.after.as_deref()).await?;
    let letters = data::queues::dead(&app, failed.queues.as_deref().unwrap_or_default()).await;
    let mut items = data::stale::stale(&app, &store, None).await?.items;
    items.retain(|item| matches!(item.standing, StandingView::Exception { .. }));
    let beside = failed::Beside { letters: &letters, items: &items };
    let frame = frame(&app, &reader, &query);
    Ok(failed::render(&frame, &open_tabs(&app).await?, &failed, beside, query.state.as_deref()))
}

pub(crate) async fn exceptions(
    State(app): State<AppState>,
    reader: Reader,
    Asked(query): Asked<Query>,
) -> Page {
    let asked = query.store.as_deref().map(|name| app.store(name)).transpose()?;
    let (mut desks, mut jobs) = (Vec::new(), Vec::new());
    for store in app.stores().filter(|store| asked.as_ref().is_none_or(|asked| asked == *store)) {
        desks.push(data::exceptions::desk(&app, store).await?);
        jobs.extend(data::history::jobs(&app, store).await?);
    }
    Ok(exceptions::render(&frame(&app, &reader, &query), &desks, &jobs))
}

pub(crate) async fn group(State(app): State<AppState>, reader: Reader, Asked(query): Asked<Query>) -> Page {
    let store = chosen(&app, &query)?;
    let (code, subject) =
        (query.code.as_deref().unwrap_or_default(), query.subject.as_deref().unwrap_or_default());
    let group = data::exceptions::group(&app, &store, code, subject).await?;
    let jobs = data::history::jobs(&app, &store).await?;
    Ok(group::render(&frame(&app, &reader, &query), &group, &jobs))
}

pub(crate) async fn order(
    State(app): State<AppState>,
    reader: Reader,
    Path((store, id)): Path<(String, String)>,
    Asked(query): Asked<Query>,
) -> Page {
    let key = data::order::key(&app, &store, &id)?;
    let order = data::order::order(&app, &key).await?;
    Ok(order::render(&frame(&app, &reader, &query), &order))
}

pub(crate) async fn preview(
    State(app): State<AppState>,
    reader: Reader,
    Path((store, id)): Path<(String, String)>,
) -> Page {
    let key = data::order::key(&app, &store, &id)?;
    let preview = acts::preview(&app, &key).await?;
    let frame = Frame::of(&reader, app.clock.now());
    Ok(order::render_preview(&frame, key.store.as_str(), key.order.0, &preview))
}

pub(crate) async fn item(State(app): State<AppState>, reader: Reader, Asked(query): Asked<Query>) -> Page {
    let (entity, sku) =
        (query.entity.as_deref().unwrap_or_default(), query.sku.as_deref().unwrap_or_default());
    let item = data::item::item(&app, entity, sku).await?;
    Ok(item::render(&frame(&app, &reader, &query), &item))
}

pub(crate) async fn mappings(
    State(app): State<AppState>,
    reader: Reader,
    Asked(query): Asked<Query>,
) -> Page {
    let store = chosen(&app, &query)?;
    let name = query.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let asked = match (&query.kind, name) {
        (Some(kind), Some(name)) => {
            let found = data::mappings::mapping(&app, &store, kind, name).await?;
            let kind = data::mappings::parse_kind(kind)?;
            Some(mappings::Asked { kind, name: name.to_owned(), found })
        }
        _ => None,
    };
    let rows = data::mappings::mappings(&app, &store).await?;
    let frame = frame(&app, &reader, &query);
    Ok(mappings::render(&frame, &stores(&app), &store, asked.as_ref(), &rows))
}

pub(crate) async fn queues(State(app): State<AppState>, reader: Reader, Asked(query): Asked<Query>) -> Page {
    let frame = frame(&app, &reader, &query);
    let Some(depths) = data::queues::depths(&app).await else { return Ok(queues::silent(&frame)) };
    let open = match &query.queue {
        Some(name) => {
            let asked = depths.iter().find(|depth| depth.queue == *name).cloned();
            let asked = asked.ok_or_else(|| Problem::not_found("There is no such queue."))?;
            Some(data::queues::letters(&app, asked).await?)
        }
        None => None,
    };
    Ok(queues::render(&frame, &depths, open.as_ref()))
}

pub(crate) async fn reconciliation(
    State(app): State<AppState>,
    reader: Reader,
    Asked(query): Asked<Query>,
) -> Page {
    let store = chosen(&app, &query)?;
    let nights = data::history::reports(&app, &store).await?;
    let jobs = data::history::jobs(&app, &store).await?;
    Ok(reconciliation::render(&frame(&app, &reader, &query), &stores(&app), &store, &nights, &jobs))
}

pub(crate) async fn doctor(State(app): State<AppState>, reader: Reader, Asked(query): Asked<Query>) -> Page {
    let report = match &query.store {
        Some(name) => Some(app.doctor.of_store(&app.store(name)?).await.map_err(Problem::not_possible)?),
        None => None,
    };
    Ok(doctor::render(&frame(&app, &reader, &query), &stores(&app), report.as_ref()))
}

pub(crate) async fn activity(
    State(app): State<AppState>,
    reader: Reader,
    Asked(query): Asked<Query>,
) -> Page {
    let actions = data::history::actions(&app).await?;
    Ok(activity::render(&frame(&app, &reader, &query), &actions))
}

pub(crate) async fn help(State(app): State<AppState>, reader: Reader) -> Markup {
    help::render(&Frame::of(&reader, app.clock.now()))
}

pub(crate) async fn find(
    State(app): State<AppState>,
    reader: Reader,
    Asked(query): Asked<Query>,
) -> Result<Response, Problem> {
    let asked = query.q.as_deref().unwrap_or_default().trim();
    let found = found(&app, asked).await?;
    match found.only() {
        Some(address) => Ok(Redirect::to(&address).into_response()),
        None => Ok(search::render(&frame(&app, &reader, &query), asked, &found).into_response()),
    }
}

/// Orders of this id and items of this code, in every store and entity. Two
/// bounded reads, by key.
async fn found(app: &App, asked: &str) -> Result<Found, Problem> {
    const LONGEST: usize = 200;
    if asked.is_empty() || asked.len() > LONGEST {
        return Ok(Found::default());
    }
    let orders = order_keys(app, asked);
    let orders = if orders.is_empty() { Vec::new() } else { app.open.records(&orders).await? };
    let items = item_keys(app, asked);
    let items =
        if items.is_empty() { Vec::new() } else { app.stock.positions(&items).await?.into_keys().collect() };
    Ok(Found {
        orders: orders.iter().map(|record| (record.key.store.to_string(), record.key.order.0)).collect(),
        items: items.into_iter().map(|key: ItemKey| (key.entity.to_string(), key.sku.0)).collect(),
    })
}

/// `4711`, `#4711`, `main/4711`, and an ERP's reference to it: `4711.r31`.
fn order_keys(app: &App, asked: &str) -> Vec<OrderKey> {
    let (store, id) = asked.split_once('/').map_or((None, asked), |(store, id)| (Some(store), id));
    let id = id.trim_start_matches('#').split('.').next().unwrap_or_default();
    let Ok(id) = id.parse::<u64>() else { return Vec::new() };
    let meant = app.stores().filter(|it| store.is_none_or(|store| it.as_str() == store));
    meant.take(100).map(|store| OrderKey { store: store.clone(), order: OrderId(id) }).collect()
}

/// `MUG-L` in every entity that a store sells for, `acme/MUG-L` in one.
fn item_keys(app: &App, asked: &str) -> Vec<ItemKey> {
    let configs = app.configuration.stores.values().filter_map(|store| store.as_ref().ok());
    let mut entities: Vec<EntityId> =
        configs.filter_map(|config| Some(config.stock.as_ref()?.entity.clone())).collect();
    entities.sort();
    entities.dedup();
    let named = asked.split_once('/').and_then(|(entity, sku)| Some((entity.parse::<EntityId>().ok()?, sku)));
    let named = named.filter(|(entity, sku)| entities.contains(entity) && !sku.is_empty());
    let plain = entities.iter().take(50).map(|entity| (entity.clone(), asked));
    named.into_iter().chain(plain).map(|(entity, sku)| ItemKey { entity, sku: Sku(sku.to_owned()) }).collect()
}

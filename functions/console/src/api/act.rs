//! What may be done.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Problem;
use crate::acts::{self, Adopting};
use crate::audited::Done;
use crate::data::order;
use crate::session::Actor;
use crate::state::AppState;

type Answer<T = Done> = Result<Json<T>, Problem>;
type Given<T> = Result<Json<T>, JsonRejection>;

/// The parser's own words are dropped: they can quote what was sent.
fn given<T>(body: Given<T>) -> Result<T, Problem> {
    let said = "The body is not what the description of the API asks for.";
    body.map(|Json(body)| body).map_err(|_| Problem::bad_request(said))
}

/// Why, and what only an adoption needs.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OnOrder {
    why: String,
    number: Option<String>,
    #[serde(default)]
    paid: bool,
}

pub(super) async fn on_order(
    State(app): State<AppState>,
    actor: Actor,
    Path((store, id, word)): Path<(String, String, String)>,
    body: Given<OnOrder>,
) -> Answer {
    let OnOrder { why, number, paid } = given(body)?;
    let key = order::key(&app, &store, &id)?;
    let action = acts::action(&word, Adopting { number, paid })?;
    Ok(Json(acts::on_order(&app, &actor, &key, &action, &why).await?))
}

/// A mapping to be added.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mapped {
    store: String,
    kind: String,
    name: String,
    codes: Vec<String>,
    why: String,
}

pub(super) async fn map(State(app): State<AppState>, actor: Actor, body: Given<Mapped>) -> Answer {
    let Mapped { store, kind, name, codes, why } = given(body)?;
    let store = app.store(&store)?;
    Ok(Json(acts::map(&app, &actor, &store, (&kind, &name), &codes, &why).await?))
}

/// A group to be released.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Released {
    store: String,
    code: String,
    subject: String,
    per_minute: Option<u32>,
    why: String,
}

pub(super) async fn release(State(app): State<AppState>, actor: Actor, body: Given<Released>) -> Answer {
    let Released { store, code, subject, per_minute, why } = given(body)?;
    let store = app.store(&store)?;
    Ok(Json(acts::release(&app, &actor, &store, (&code, &subject), per_minute, &why).await?))
}

/// Dead letters to be sent again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Redriven {
    limit: Option<usize>,
    why: String,
}

/// How many were sent.
#[derive(Serialize)]
pub(super) struct Sent {
    sent: usize,
    #[serde(flatten)]
    done: Done,
}

pub(super) async fn redrive(
    State(app): State<AppState>,
    actor: Actor,
    Path(queue): Path<String>,
    body: Given<Redriven>,
) -> Answer<Sent> {
    let Redriven { limit, why } = given(body)?;
    let (sent, done) = acts::redrive(&app, &actor, &queue, limit, &why).await?;
    Ok(Json(Sent { sent, done }))
}

/// A dead letter to be deleted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Deleted {
    letter: String,
    why: String,
}

pub(super) async fn delete_letter(
    State(app): State<AppState>,
    actor: Actor,
    Path(queue): Path<String>,
    body: Given<Deleted>,
) -> Answer {
    let Deleted { letter, why } = given(body)?;
    Ok(Json(acts::delete_letter(&app, &actor, &queue, &letter, &why).await?))
}

/// A backfill to be begun.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Backfilled {
    store: String,
    from: Timestamp,
    until: Timestamp,
    per_minute: Option<u32>,
    why: String,
}

pub(super) async fn backfill(State(app): State<AppState>, actor: Actor, body: Given<Backfilled>) -> Answer {
    let Backfilled { store, from, until, per_minute, why } = given(body)?;
    let store = app.store(&store)?;
    Ok(Json(acts::backfill(&app, &actor, &store, (from, until), per_minute, &why).await?))
}

/// Whose job, and why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Turned {
    store: String,
    why: String,
}

pub(super) async fn stop(
    State(app): State<AppState>,
    actor: Actor,
    Path(job): Path<String>,
    body: Given<Turned>,
) -> Answer {
    let Turned { store, why } = given(body)?;
    let store = app.store(&store)?;
    Ok(Json(acts::stop_job(&app, &actor, &store, &job, &why).await?))
}

pub(super) async fn resume(
    State(app): State<AppState>,
    actor: Actor,
    Path(job): Path<String>,
    body: Given<Turned>,
) -> Answer {
    let Turned { store, why } = given(body)?;
    let store = app.store(&store)?;
    Ok(Json(acts::resume_job(&app, &actor, &store, &job, &why).await?))
}

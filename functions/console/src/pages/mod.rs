//! The operators' pages: rendered here, whole without a script, from the view
//! models of [`data`](crate::data). A page is a pure function of its view and
//! of who looks; [`read`] and [`write`] are what stands between it and a
//! request.

pub mod activity;
pub mod assets;
pub mod codes;
pub mod doctor;
pub mod errors;
pub mod exceptions;
mod explain;
pub(crate) mod extract;
pub mod failed;
pub mod flash;
mod forms;
pub mod group;
pub mod help;
pub mod item;
pub mod layout;
pub mod lists;
pub mod mappings;
pub mod order;
mod parts;
pub mod queues;
mod read;
pub mod reconciliation;
pub mod search;
pub mod stale;
pub mod stuck;
pub mod today;
mod when;
mod words;
mod write;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{get, post};

use crate::state::AppState;

/// Every page, whose [`Problem`](crate::Problem)s are pages too. Addresses are
/// whole, `/console/…`: to be merged, not nested. The [`assets`] are apart,
/// since they are for everybody.
pub fn routes() -> Router<AppState> {
    looking().merge(acting()).layer(from_fn(errors::on_a_page))
}

fn looking() -> Router<AppState> {
    Router::new()
        .route("/console", get(read::today))
        .route("/console/", get(read::today))
        .route("/console/stuck", get(read::stuck))
        .route("/console/stale", get(read::stale))
        .route("/console/failed", get(read::failed))
        .route("/console/exceptions", get(read::exceptions))
        .route("/console/exceptions/group", get(read::group))
        .route("/console/orders/{store}/{id}", get(read::order))
        .route("/console/orders/{store}/{id}/preview", get(read::preview))
        // Not in the path: a gateway may unescape, or join, the slashes of a code.
        .route("/console/items", get(read::item))
        .route("/console/queues", get(read::queues))
        .route("/console/reconciliation", get(read::reconciliation))
        .route("/console/doctor", get(read::doctor))
        .route("/console/activity", get(read::activity))
        .route("/console/help", get(read::help))
        .route("/console/search", get(read::find))
        .route("/console/mappings", get(read::mappings).post(write::map))
        .route("/console/{*rest}", get(errors::nothing_here))
}

fn acting() -> Router<AppState> {
    Router::new()
        .route("/console/orders/{store}/{id}/{action}", post(write::on_order))
        .route("/console/exceptions/group/map", post(write::map_group))
        .route("/console/exceptions/group/release", post(write::release_group))
        .route("/console/queues/redrive", post(write::redrive))
        .route("/console/queues/delete", post(write::delete_letter))
        .route("/console/jobs/backfill", post(write::backfill))
        .route("/console/jobs/stop", post(write::stop_job))
        .route("/console/jobs/resume", post(write::resume_job))
}

//! The API: the pages' data and actions as JSON, under `/console/api`. Its
//! description is `infra/openapi/console.json`.

mod act;
mod look;

use axum::Router;
use axum::routing::{get, post};

use crate::Problem;
use crate::state::AppState;

/// Every address: methods and path below `/console/api`. A test holds them to
/// the published description.
pub const ROUTES: [(&str, &str); 25] = [
    ("get", "/me"),
    ("get", "/overview"),
    ("get", "/stuck"),
    ("get", "/failed"),
    ("get", "/stale"),
    ("get", "/orders/{store}/{order}"),
    ("post", "/orders/{store}/{order}/preview"),
    ("post", "/orders/{store}/{order}/{action}"),
    ("get", "/items"),
    ("get", "/exceptions"),
    ("get", "/exceptions/group"),
    ("post", "/exceptions/release"),
    ("get", "/mappings"),
    ("post", "/mappings"),
    ("get", "/mappings/{kind}"),
    ("get", "/queues"),
    ("get", "/queues/{queue}/letters"),
    ("post", "/queues/{queue}/redrive"),
    ("post", "/queues/{queue}/letters/delete"),
    ("get", "/reports"),
    ("get", "/jobs"),
    ("post", "/jobs"),
    ("post", "/jobs/{job}/stop"),
    ("post", "/jobs/{job}/resume"),
    ("get", "/actions"),
];

/// All of it.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/me", get(look::me))
        .route("/overview", get(look::overview))
        .route("/stuck", get(look::stuck))
        .route("/failed", get(look::failed))
        .route("/stale", get(look::stale))
        .route("/orders/{store}/{order}", get(look::order))
        .route("/orders/{store}/{order}/preview", post(look::preview))
        .route("/orders/{store}/{order}/{action}", post(act::on_order))
        .route("/items", get(look::item))
        .route("/exceptions", get(look::exceptions))
        .route("/exceptions/group", get(look::group))
        .route("/exceptions/release", post(act::release))
        .route("/mappings", get(look::mappings).post(act::map))
        .route("/mappings/{kind}", get(look::mapping))
        .route("/queues", get(look::queues))
        .route("/queues/{queue}/letters", get(look::letters))
        .route("/queues/{queue}/redrive", post(act::redrive))
        .route("/queues/{queue}/letters/delete", post(act::delete_letter))
        .route("/reports", get(look::reports))
        .route("/jobs", get(look::jobs).post(act::backfill))
        .route("/jobs/{job}/stop", post(act::stop))
        .route("/jobs/{job}/resume", post(act::resume))
        .route("/actions", get(look::actions))
        .fallback(|| async { Problem::not_found("There is no such address.") })
}

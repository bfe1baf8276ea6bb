use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;

use crate::state::{App, AppState};
use crate::{api, gate, pages, sign_in};

/// Everything that the console answers. Nothing is reached but through the
/// gate, and an address that nobody answers is not, either: it tells a
/// stranger nothing.
pub fn router(app: App) -> Router {
    let app: AppState = Arc::new(app);
    Router::new()
        .nest("/console/api", api::routes())
        .merge(pages::routes())
        .merge(pages::assets::routes())
        .merge(sign_in::routes())
        .layer(from_fn_with_state(Arc::clone(&app), gate::gate))
        .layer(from_fn_with_state(Arc::clone(&app), gate::headers))
        .with_state(app)
}

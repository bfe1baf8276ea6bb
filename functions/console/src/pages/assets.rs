//! The style sheet, the script and the mark, inside the binary. Their
//! addresses carry a hash of their content, so that a browser keeps them for
//! as long as they are the same.

use std::sync::LazyLock;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::IntoResponse;
use axum::routing::get;

/// The style sheet.
pub const STYLE: &str = include_str!("../../assets/console.css");
/// The script.
pub const SCRIPT: &str = include_str!("../../assets/console.js");
const MARK: &str = include_str!("../../assets/weir.svg");

/// Where they are, for the head of every page.
pub(crate) struct Addresses {
    pub(crate) style: String,
    pub(crate) script: String,
}

pub(crate) static ADDRESSES: LazyLock<Addresses> = LazyLock::new(|| Addresses {
    style: format!("/console/assets/console.css?v={:016x}", hash(STYLE)),
    script: format!("/console/assets/console.js?v={:016x}", hash(SCRIPT)),
});

/// FNV-1a: tells one version from another, and guards nothing.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// They hold no data: whoever asks may have them.
pub fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/console/assets/console.css", get(|| async { asset("text/css; charset=utf-8", STYLE) }))
        .route(
            "/console/assets/console.js",
            get(|| async { asset("text/javascript; charset=utf-8", SCRIPT) }),
        )
        .route("/console/assets/weir.svg", get(|| async { asset("image/svg+xml", MARK) }))
}

fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, text)
}

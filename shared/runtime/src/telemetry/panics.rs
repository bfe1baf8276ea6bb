//! A panic stays where it happened, and its text stays out of the logs: a
//! failed slice of a string, for one, quotes the string.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;

/// The future panicked. Where is in the log already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("panicked")]
pub struct Panicked;

/// Runs a future; a panic of it ends it and nothing else. What it shared with
/// others must not be left half done when it panics: locks that can be
/// poisoned have to be taken over by their next holder.
pub async fn contain<F: Future>(future: F) -> Result<F::Output, Panicked> {
    AssertUnwindSafe(future).catch_unwind().await.map_err(|_text| Panicked)
}

/// Makes every panic of this process a log line that says where, not what.
pub(super) fn log_without_text() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(panic.place = place, "panicked");
    }));
}

//! How long a page waits for others: shorter than the platform waits for it,
//! so that what is said of it, and written down, is ours.

use std::time::Duration;

use crate::Problem;

/// Of the 29 seconds that an answer may take, so many for shops and ERPs.
pub const PATIENCE: Duration = Duration::from_secs(22);

/// What comes in time, or the problem that it did not.
pub(crate) async fn in_time<T>(
    work: impl Future<Output = Result<T, Problem>> + Send,
    late: impl FnOnce() -> Problem + Send,
) -> Result<T, Problem> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(late()))
}

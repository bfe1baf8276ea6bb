//! Requests and their time. Time is virtual: a request takes what a real peer
//! took for one like it, and nothing waits for it here.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};
use weir_domain::ports::Clock;
use weir_testkit::sample;

/// Requests of one kind.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    /// One more, which takes so long.
    pub(crate) async fn request(&self, takes: Duration) {
        self.0.fetch_add(1, Ordering::Relaxed);
        sleep(takes).await;
    }

    /// Takes what was counted.
    pub(crate) fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

/// Virtual time as the use cases see it.
pub(crate) struct VirtualClock(pub(crate) Instant);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        sample::saturday() + self.steady()
    }

    fn steady(&self) -> SignedDuration {
        SignedDuration::try_from(self.0.elapsed()).unwrap_or_default()
    }
}

/// The most memory this process had since [`reset_peak`], in MB.
pub(crate) fn peak_mb() -> f64 {
    status("VmHWM:")
}

/// What it has now, in MB.
pub(crate) fn resident_mb() -> f64 {
    status("VmRSS:")
}

/// Forgets the peak (Linux only; elsewhere it stays).
pub(crate) fn reset_peak() {
    // Where it is not allowed the peak is too high, never too low.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

#[expect(clippy::float_arithmetic, reason = "megabytes for people")]
fn status(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kilobytes =
        line.and_then(|line| line.split_whitespace().next()).and_then(|kb| kb.parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1000.0
}

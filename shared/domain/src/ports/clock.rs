use jiff::{SignedDuration, Timestamp};

/// The time. The real one lives in `runtime`.
pub trait Clock: Send + Sync {
    /// Now, as a UTC instant. It may be wrong, and it may step.
    fn now(&self) -> Timestamp;

    /// Time since some moment, which never steps back. It may have stood
    /// still while the process was frozen.
    fn steady(&self) -> SignedDuration;
}

use jiff::Timestamp;

/// The time now, as a UTC instant. The real one lives in `runtime`.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

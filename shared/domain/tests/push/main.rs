//! The use case of `order-push` over fakes.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod deliveries;
mod desk;
mod failures;
mod happy;
mod lifecycle;
mod payments;
mod refunds;
mod returns;
mod stock;
mod waits;
mod waking;
mod world;

use weir_domain::push::Pushed;

/// What a delivery did.
fn what(pushed: &Pushed) -> &'static str {
    match pushed {
        Pushed::Acknowledge(summary) | Pushed::RetryAfter(_, summary) => summary.what,
    }
}

//! The whole crate from outside: against a server, against what was recorded,
//! against our samples, and against damage.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up stops")]

mod client;
mod common;
mod damage;
mod fulfilment;
mod guard;
mod recordings;
mod refunds;
mod samples;
mod stock;
mod watch;

//! The doctor: what facts, configuration and mappings come to, check by check.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up stops")]

mod between;
mod erp;
mod names;
mod orders;
mod shop;
mod world;

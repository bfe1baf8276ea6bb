//! The use cases of stock over fakes.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod in_flight;
mod limits;
mod publishing;
mod sold;
mod syncing;
mod traps;
mod world;
mod write_off;
mod writers;

//! The deterministic simulator: the use cases that ship, over a fake DynamoDB,
//! queue, shops and ERPs, on virtual time, among faults of every class.
//!
//! One seed decides everything. A seed that breaks a promise can be played
//! again, with its history, as often as one likes.
#![expect(clippy::missing_panics_doc, reason = "a test program: what cannot be must stop it at once")]
#![expect(clippy::large_futures, reason = "a seed's futures are few, and live on one thread's heap anyway")]

pub mod baselines;
pub mod campaign;
pub mod connections;
pub mod crash_points;
pub mod customers;
pub mod deliveries;
pub mod erp;
pub mod faults;
pub mod functions;
pub mod invariants;
pub mod invocation;
pub mod orders;
pub mod people;
pub mod queue;
pub mod run;
pub mod saboteurs;
pub mod shop;
pub mod stage;
pub mod stock;
pub mod table;
mod told;
pub mod world;

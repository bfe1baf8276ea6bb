//! The worker that `main.rs` wires, as a library, so that the simulator runs
//! this very code and not a model of it, and `fulfilment` the same on what the
//! ERP says of an order.

pub mod connections;
mod record;

pub use record::{lease, work};

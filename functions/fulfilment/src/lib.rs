//! What `main.rs` wires, as a library, so that tests and the simulator run
//! this very code and not a model of it. A message is worked on by
//! `order-push`'s own worker: one record and one claim decide about an order,
//! whoever said that something changed.

mod answer;
mod feed;
mod tick;

pub use answer::{Failure, Fulfilment};
pub use tick::{Incomplete, Tick};

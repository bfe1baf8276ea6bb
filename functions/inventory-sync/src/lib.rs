//! The tick that `main.rs` wires, as a library, so that the simulator can run
//! this very code and not a model of it.

mod pool;
mod tick;

pub use tick::{Incomplete, Tick};

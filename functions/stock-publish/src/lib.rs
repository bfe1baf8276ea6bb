//! The worker that `main.rs` wires, as a library, so that the simulator can
//! run this very code and not a model of it.

mod record;

pub use record::work;

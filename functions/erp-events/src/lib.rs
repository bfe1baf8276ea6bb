//! What `main.rs` wires, as a library, so that tests go from the gateway's
//! event to its answer.

pub mod event;
mod http;
pub mod receive;
pub mod signature;

pub use http::answer;
pub use receive::Receiver;

//! Outbound HTTP for the adapters: one guarded client, a capped reader, and
//! pure readings of headers and failures.
//!
//! Every address is checked where it is used: the resolver hands on only
//! addresses that passed, so the checked address is the one connected to, and
//! a name that changes its mind between check and connect gains nothing.

mod address;
mod client;
mod failure;
mod guard;
mod headers;
mod read;

pub use address::AddressClass;
pub use client::{BuildError, Client, client};
pub use failure::{TransportFailure, classify_transport};
pub use guard::{Forbidden, Guard};
pub use headers::{MAX_RETRY_AFTER, answered_at, is_json, retry_after};
pub use read::{ReadError, read_capped};

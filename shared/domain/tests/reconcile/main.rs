//! The nightly match over fakes: whatever differs between shop, ledger and
//! ERP is found, and put right or given to people; what is well is left alone.
#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod acceptance;
mod accepted;
mod documents;
mod healthy;
mod injections;
mod lost;
mod stock;
mod stockroom;
mod walks;
mod webhooks;
mod world;

//! The stand-in over HTTP, from outside.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod common;
mod compare;
mod deliveries;
mod edge;
mod evening;
mod fulfilment;
mod harm;
mod orders;
mod products;
mod recordings;
mod script;
mod stock;
mod webhooks;

//! What the fuzz targets check, and how they change a document.
//!
//! A target is three lines: [`webhook::check`] and [`canonical::check`] take
//! any bytes and panic on a finding. [`mutate`] changes JSON as JSON half of
//! the time; libFuzzer changes the bytes in the other half.

pub mod canonical;
pub mod mutate;
pub mod samples;
pub mod webhook;

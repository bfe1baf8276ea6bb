//! The template against the code: what is deployed is what the code needs,
//! and the house rules hold for every function, queue and log group.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod alarms;
mod cloudformation;
mod dashboard;
mod data;
mod functions;
mod permissions;
mod queues;
mod source;

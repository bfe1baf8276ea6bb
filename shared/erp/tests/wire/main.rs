//! The adapter against a scripted Tryton on loopback: what it asks, and what
//! it makes of every answer.
#![expect(clippy::unwrap_used, reason = "a broken test set-up must stop the test at once")]

mod dispatch;
mod fake;
mod stockroom;

mod adopting;
mod books;
mod checkup;
mod deliveries;
mod faults;
mod made_since;
mod order_feed;
mod planning;
mod requests;
mod stock;
mod workflow;

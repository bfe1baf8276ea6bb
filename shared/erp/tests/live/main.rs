//! The adapter against a running Tryton. `WEIR_TRYTON` names a JSON file with
//! its `url` and what the seed of the local stack wrote (`database`,
//! `api_key` and the ids); without it nothing is tested here, and that is said.
#![expect(clippy::unwrap_used, reason = "a broken test set-up must stop the test at once")]

mod lab;
mod shelf;
mod warehouse;

mod adopting;
mod booked;
mod cancelling;
mod checkup;
mod customers;
mod once;
mod order_feed;
mod parcels;
mod paying;
mod planning;
mod refunds;
mod returns;
mod stock_feed;
mod stock_moves;
mod stock_orders;
mod totals;
mod workflow;

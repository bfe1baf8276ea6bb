//! The nightly three-way match of shop, ledger and ERP. Every difference is
//! put right, or becomes a case for people with its reason, or was accepted by
//! them until it changes; a second pass finds nothing new.
//!
//! Orders ([`MatchOrders`]) and stock ([`MatchStock`]) of one store are two
//! parts of one night: they share its lease, its checkpoint and its
//! [`Report`], which ends when both have.

mod compare;
mod difference;
mod documents;
mod item;
mod night;
mod orders;
mod remedy;
mod report;
mod settled;
mod stock;
mod verdict;
mod walk;

pub use compare::{Compared, Sides, compare};
pub use difference::{Difference, Kind, Remedy, Resumption};
pub use orders::{MatchError, MatchOrders, MatchRun, Matched};
pub use report::{EXAMPLES, Example, Outcome, Report, Tally};
pub use stock::{MatchStock, StockRun};

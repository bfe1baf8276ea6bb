//! DynamoDB and SQS behind the domain's ports.
//!
//! One table, `ledger`. Each order is one partition: its record and its
//! audit, so that completion and audit are one small transaction.
//!
//! | `pk` | `sk` | what |
//! |---|---|---|
//! | `ORDER#<store>#<id>` | `RECORD` | claim, facts, keys of the open index |
//! | `ORDER#<store>#<id>` | `AUDIT#<seq>` | one change of the record |
//! | `CIRCUIT#<peer>` | `STATE` | a circuit, replaced by version |
//! | `SCHEDULE#<job>` | `STATE` | lease and cursor of scheduled work |
//! | `MAPPING#<store>#<kind>#<name>` | `TARGET`, `AUDIT#<version>` | a mapping and its history |
//!
//! The index `open` is sparse: only what waits, is claimed, is an exception
//! or is held by a person has its keys.

mod circuit;
mod claim;
mod complete;
mod dynamo;
mod error;
mod expression;
mod item;
mod key;
mod mapping;
mod open;
mod queue;
mod read;
mod schedule;
mod table;
mod transact;

pub use dynamo::DynamoLedger;
pub use item::Item;
pub use queue::SqsOrderQueue;
pub use table::{Table, TableError};

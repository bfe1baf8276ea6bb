//! DynamoDB and SQS behind the domain's ports.
//!
//! # The table `ledger`
//!
//! Each order is one partition: its record and its audit, so that completion
//! and audit are one small transaction.
//!
//! | `pk` | `sk` | what |
//! |---|---|---|
//! | `ORDER#<store>#<id>` | `RECORD` | claim, facts, keys of the open index |
//! | `ORDER#<store>#<id>` | `AUDIT#<seq>` | one change of the record |
//! | `CIRCUIT#<peer>` | `STATE` | a circuit, replaced by version |
//! | `SCHEDULE#<job>` | `STATE` | lease and cursor of scheduled work |
//! | `MAPPING#<store>#<kind>#<name>` | `TARGET`, `AUDIT#<version>` | a mapping and its history |
//! | `NAMES#<store>#<item code>` | `NAMES` | the same of items, the other way round |
//! | `JOB#<store>` | id, which sorts by time | a backfill or a release, replaced by version; keys of the open index while it runs |
//! | `REPORT#<store>` | night | what a night found |
//! | `ACTIONS#<day>` | `<instant>#<request>#<fingerprint>` | what a person did |
//! | `WEBHOOKS#<store>` | `STATE` | when deliveries last told of each trouble |
//!
//! The index `open` (`open_pk`, `open_sk`) is sparse: only what waits, is
//! claimed, is an exception that nobody accepted, or is held by a person has
//! its keys.
//!
//! # The table `stock`
//!
//! Each item of each entity is one partition, read whole by one strongly
//! consistent query; nothing in it is a counter.
//!
//! | `pk` | `sk` | what |
//! |---|---|---|
//! | `ITEM#<entity>#<sku>` | `POSITION` | what the ERP said last, replaced by version |
//! | `ITEM#<entity>#<sku>` | `LINE#<store>#<order>#<line>` | a line in flight |
//! | `ITEM#<entity>#<sku>` | `SHOP#<store>` | what a shop shows, replaced by version; keys of the stale index |
//! | `WATERMARK#<store>` | `STATE` | up to where a store's orders were read, replaced by version |
//!
//! A line's row has two halves, each ordered for itself: R (`reduction` as a
//! document, `reduced` in units, `modified` and `read` in nanoseconds) by its
//! read, L (`confirming` in units, `generation`, `fence`) by its fence. Beside
//! them stands as of which date of change a person wrote R off (`written_off`).
//!
//! The index `stale` (`stale_pk` = `<store>#<shard>`, `stale_sk` =
//! `<since>#<entity>#<sku>`, keys only) is sparse, too: only publications with
//! a `stale_since` have its keys. Four shards by the SKU keep a store's bad
//! day from being one hot partition.
//!
//! # Limits
//!
//! A SKU of more than 900 bytes fits into no key; a position, publication or
//! watermark of more than 350,000 bytes is refused before the platform does
//! it at 400 KB; a message of more than 256 KiB is not sent. Each is an error
//! in our words, and none is met by what the adapters read of a sane peer.

mod actions;
mod circuit;
mod claim;
mod complete;
mod dynamo;
mod error;
mod expression;
mod item;
mod jobs;
mod key;
mod mapping;
mod names;
mod open;
mod open_work;
mod queue;
mod queues;
mod read;
mod reports;
mod rows;
mod schedule;
mod stock;
mod table;
mod transact;
mod troubles;

pub use dynamo::DynamoLedger;
pub use item::Item;
pub use queue::{SqsOrderQueue, SqsStockQueue};
pub use queues::SqsQueues;
pub use stock::DynamoStock;
pub use table::{Table, TableError};

//! What ships over a DynamoDB in memory keeps every promise that it keeps
//! over the service.
#![expect(clippy::unwrap_used, reason = "a test")]

mod bounds;
mod names;
mod operate;
mod stock;
mod table;

use std::sync::Arc;

use weir_ledger::DynamoLedger;
use weir_testkit::conformance;

use table::InMemory;

#[tokio::test]
async fn the_ledger_that_ships_conforms_over_a_table_in_memory() {
    let table = InMemory::of_ledger();
    conformance::run(&DynamoLedger::over(Arc::new(table), "ledger")).await;
}

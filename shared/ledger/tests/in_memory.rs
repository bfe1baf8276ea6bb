//! The ledger that ships over a DynamoDB in memory keeps every promise that
//! it keeps over the service.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemOutput, builders::BatchGetItemInputBuilder};
use aws_sdk_dynamodb::operation::get_item::{GetItemOutput, builders::GetItemInputBuilder};
use aws_sdk_dynamodb::operation::put_item::{PutItemOutput, builders::PutItemInputBuilder};
use aws_sdk_dynamodb::operation::query::{QueryOutput, builders::QueryInputBuilder};
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItemsOutput, builders::TransactWriteItemsInputBuilder,
};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemOutput, builders::UpdateItemInputBuilder};
use weir_ledger::{DynamoLedger, Table, TableError};
use weir_testkit::dynamo::{FakeDynamo, FakeDynamoError};

#[derive(Debug)]
struct InMemory(FakeDynamo);

fn refused(error: FakeDynamoError) -> TableError {
    match error {
        FakeDynamoError::ConditionFailed(item) => TableError::ConditionFailed(item),
        FakeDynamoError::Cancelled(reasons) => TableError::Cancelled(reasons),
        FakeDynamoError::Invalid(why) => panic!("the ledger sent what the service refuses: {why}"),
    }
}

fn incomplete(error: &BuildError) -> TableError {
    panic!("the ledger sent an incomplete request: {error}")
}

#[async_trait]
impl Table for InMemory {
    async fn get(&self, get: GetItemInputBuilder) -> Result<GetItemOutput, TableError> {
        self.0.get(&get.build().map_err(|error| incomplete(&error))?).map_err(refused)
    }

    async fn batch_get(&self, get: BatchGetItemInputBuilder) -> Result<BatchGetItemOutput, TableError> {
        self.0.batch_get(&get.build().map_err(|error| incomplete(&error))?).map_err(refused)
    }

    async fn query(&self, query: QueryInputBuilder) -> Result<QueryOutput, TableError> {
        self.0.query(&query.build().map_err(|error| incomplete(&error))?, 0).map_err(refused)
    }

    async fn put(&self, put: PutItemInputBuilder) -> Result<PutItemOutput, TableError> {
        self.0.put(&put.build().map_err(|error| incomplete(&error))?).map_err(refused)
    }

    async fn update(&self, update: UpdateItemInputBuilder) -> Result<UpdateItemOutput, TableError> {
        self.0.update(&update.build().map_err(|error| incomplete(&error))?).map_err(refused)
    }

    async fn transact(
        &self,
        writes: TransactWriteItemsInputBuilder,
    ) -> Result<TransactWriteItemsOutput, TableError> {
        self.0.transact(&writes.build().map_err(|error| incomplete(&error))?).map_err(refused)
    }
}

#[tokio::test]
async fn the_ledger_that_ships_conforms_over_a_table_in_memory() {
    let table = InMemory(FakeDynamo::new("open", "open_pk", "open_sk"));
    weir_testkit::conformance::run(&DynamoLedger::over(Arc::new(table), "ledger")).await;
}

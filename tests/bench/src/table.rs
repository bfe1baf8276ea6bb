//! DynamoDB with its latency: the table in memory below the expressions that
//! ship, each request counted.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemOutput, builders::BatchGetItemInputBuilder};
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemOutput, builders::DeleteItemInputBuilder};
use aws_sdk_dynamodb::operation::get_item::{GetItemOutput, builders::GetItemInputBuilder};
use aws_sdk_dynamodb::operation::put_item::{PutItemOutput, builders::PutItemInputBuilder};
use aws_sdk_dynamodb::operation::query::{QueryOutput, builders::QueryInputBuilder};
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItemsOutput, builders::TransactWriteItemsInputBuilder,
};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemOutput, builders::UpdateItemInputBuilder};
use weir_ledger::{Table, TableError};
use weir_simulation::stage::Stage;
use weir_simulation::table::SimTable;

use crate::count::Count;

/// A read or write of one item, within a region.
const LATENCY: Duration = Duration::from_millis(6);

/// The table.
#[derive(Debug)]
pub(crate) struct Counted {
    inner: SimTable,
    pub(crate) reads: Count,
    pub(crate) writes: Count,
}

impl Counted {
    pub(crate) fn stock() -> Self {
        Self::over(SimTable::of_stock(&Stage::calm(0, None, false)))
    }

    pub(crate) fn ledger() -> Self {
        Self::over(SimTable::new(&Stage::calm(0, None, false), None))
    }

    fn over(inner: SimTable) -> Self {
        Self { inner, reads: Count::default(), writes: Count::default() }
    }
}

/// The same table for several owners.
#[derive(Debug, Clone)]
pub(crate) struct Shared(pub(crate) Arc<Counted>);

#[async_trait]
impl Table for Shared {
    async fn get(&self, get: GetItemInputBuilder) -> Result<GetItemOutput, TableError> {
        self.0.reads.request(LATENCY).await;
        self.0.inner.get(get).await
    }

    async fn batch_get(&self, get: BatchGetItemInputBuilder) -> Result<BatchGetItemOutput, TableError> {
        self.0.reads.request(LATENCY * 2).await;
        self.0.inner.batch_get(get).await
    }

    async fn query(&self, query: QueryInputBuilder) -> Result<QueryOutput, TableError> {
        self.0.reads.request(LATENCY).await;
        self.0.inner.query(query).await
    }

    async fn put(&self, put: PutItemInputBuilder) -> Result<PutItemOutput, TableError> {
        self.0.writes.request(LATENCY).await;
        self.0.inner.put(put).await
    }

    async fn update(&self, update: UpdateItemInputBuilder) -> Result<UpdateItemOutput, TableError> {
        self.0.writes.request(LATENCY).await;
        self.0.inner.update(update).await
    }

    async fn delete(&self, delete: DeleteItemInputBuilder) -> Result<DeleteItemOutput, TableError> {
        self.0.writes.request(LATENCY).await;
        self.0.inner.delete(delete).await
    }

    async fn transact(
        &self,
        writes: TransactWriteItemsInputBuilder,
    ) -> Result<TransactWriteItemsOutput, TableError> {
        self.0.writes.request(LATENCY * 2).await;
        self.0.inner.transact(writes).await
    }
}

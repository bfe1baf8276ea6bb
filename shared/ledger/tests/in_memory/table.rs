//! A table in memory behind the door, where the worst can be made to happen.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use aws_sdk_dynamodb::error::BuildError;
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
use weir_testkit::dynamo::{FakeDynamo, FakeDynamoError};

type Happening = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A table in memory.
pub(crate) struct InMemory {
    fake: FakeDynamo,
    calls: Mutex<BTreeMap<&'static str, usize>>,
    loses_first_answers: AtomicBool,
    before_a_write: Mutex<Option<Happening>>,
}

impl std::fmt::Debug for InMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InMemory").field("fake", &self.fake).finish_non_exhaustive()
    }
}

impl InMemory {
    /// Empty, with one index.
    pub(crate) fn new(name: &str, pk: &str, sk: &str) -> Self {
        Self {
            fake: FakeDynamo::new(name, pk, sk),
            calls: Mutex::default(),
            loses_first_answers: AtomicBool::default(),
            before_a_write: Mutex::default(),
        }
    }

    /// From now on every first answer to a single write is lost after the
    /// write was applied, and the SDK sends it again.
    pub(crate) fn lose_first_answers(&self) {
        self.loses_first_answers.store(true, Ordering::SeqCst);
    }

    /// Something that happens just before the next single write arrives.
    pub(crate) fn before_the_next_write(&self, happens: impl Future<Output = ()> + Send + 'static) {
        *self.before_a_write.lock().unwrap() = Some(Box::pin(happens));
    }

    /// Calls since the last time this was asked, by operation.
    pub(crate) fn take_calls(&self) -> BTreeMap<&'static str, usize> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// Which of its kind the call is.
    fn note(&self, call: &'static str) -> usize {
        let mut calls = self.calls.lock().unwrap();
        let count = calls.entry(call).or_default();
        *count += 1;
        *count
    }

    async fn write<T>(
        &self,
        call: &'static str,
        apply: impl Fn(&FakeDynamo) -> Result<T, FakeDynamoError> + Send,
    ) -> Result<T, TableError>
    where
        T: Send,
    {
        let happening = self.before_a_write.lock().unwrap().take();
        if let Some(happening) = happening {
            happening.await;
        }
        self.note(call);
        if self.loses_first_answers.load(Ordering::SeqCst) {
            let _lost = apply(&self.fake);
        }
        apply(&self.fake).map_err(refused)
    }
}

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
        self.note("get");
        self.fake.get(&get.build().map_err(|error| incomplete(&error))?).map_err(refused)
    }

    async fn batch_get(&self, get: BatchGetItemInputBuilder) -> Result<BatchGetItemOutput, TableError> {
        self.note("batch_get");
        self.fake.batch_get(&get.build().map_err(|error| incomplete(&error))?).map_err(refused)
    }

    async fn query(&self, query: QueryInputBuilder) -> Result<QueryOutput, TableError> {
        // Some take longer than those that were begun after them.
        for _ in 0..self.note("query") * 7 % 5 {
            tokio::task::yield_now().await;
        }
        self.fake.query(&query.build().map_err(|error| incomplete(&error))?, 0).map_err(refused)
    }

    async fn put(&self, put: PutItemInputBuilder) -> Result<PutItemOutput, TableError> {
        let put = put.build().map_err(|error| incomplete(&error))?;
        self.write("put", |fake| fake.put(&put)).await
    }

    async fn update(&self, update: UpdateItemInputBuilder) -> Result<UpdateItemOutput, TableError> {
        let update = update.build().map_err(|error| incomplete(&error))?;
        self.write("update", |fake| fake.update(&update)).await
    }

    async fn delete(&self, delete: DeleteItemInputBuilder) -> Result<DeleteItemOutput, TableError> {
        let delete = delete.build().map_err(|error| incomplete(&error))?;
        self.write("delete", |fake| fake.delete(&delete)).await
    }

    async fn transact(
        &self,
        writes: TransactWriteItemsInputBuilder,
    ) -> Result<TransactWriteItemsOutput, TableError> {
        self.note("transact");
        self.fake.transact(&writes.build().map_err(|error| incomplete(&error))?).map_err(refused)
    }
}

//! A table in memory behind the door, where the worst can be made to happen.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

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
    rows: AtomicUsize,
    loses_first_answers: AtomicBool,
    before_a_write: Mutex<Option<Happening>>,
}

impl std::fmt::Debug for InMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InMemory").field("fake", &self.fake).finish_non_exhaustive()
    }
}

impl InMemory {
    /// The ledger's, empty.
    pub(crate) fn of_ledger() -> Self {
        Self::over(FakeDynamo::new("open", "open_pk", "open_sk").including(&["peer", "code", "subject"]))
    }

    /// The stock's, empty.
    pub(crate) fn of_stock() -> Self {
        Self::over(FakeDynamo::new("stale", "stale_pk", "stale_sk").including(&[]))
    }

    fn over(fake: FakeDynamo) -> Self {
        Self {
            fake,
            calls: Mutex::default(),
            rows: AtomicUsize::default(),
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

    /// Rows read since the last time this was asked, of the table and of its
    /// index: what the service counts, and is paid for.
    pub(crate) fn take_rows(&self) -> usize {
        self.rows.swap(0, Ordering::SeqCst)
    }

    /// What is in it, and what is put into it without any question.
    pub(crate) fn fake(&self) -> &FakeDynamo {
        &self.fake
    }

    fn read(&self, rows: usize) {
        self.rows.fetch_add(rows, Ordering::SeqCst);
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
        self.read(1);
        self.fake.get(&get.build().map_err(|error| incomplete(&error))?).map_err(refused)
    }

    async fn batch_get(&self, get: BatchGetItemInputBuilder) -> Result<BatchGetItemOutput, TableError> {
        self.note("batch_get");
        let get = get.build().map_err(|error| incomplete(&error))?;
        // One that is not there is paid for, too.
        let keys = get.request_items().into_iter().flatten().map(|(_, wanted)| wanted.keys().len());
        self.read(keys.sum());
        self.fake.batch_get(&get).map_err(refused)
    }

    async fn query(&self, query: QueryInputBuilder) -> Result<QueryOutput, TableError> {
        // Some take longer than those that were begun after them.
        for _ in 0..self.note("query") * 7 % 5 {
            tokio::task::yield_now().await;
        }
        let query = query.build().map_err(|error| incomplete(&error))?;
        let page = self.fake.query(&query, 0).map_err(refused)?;
        self.read(usize::try_from(page.scanned_count()).unwrap());
        Ok(page)
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

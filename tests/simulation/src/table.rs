//! DynamoDB on the stage: a table in memory below the ledger that ships,
//! throttled, conflicting, forgetting to answer, and late in its index.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemOutput, builders::BatchGetItemInputBuilder};
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemOutput, builders::DeleteItemInputBuilder};
use aws_sdk_dynamodb::operation::get_item::{GetItemOutput, builders::GetItemInputBuilder};
use aws_sdk_dynamodb::operation::put_item::{PutItemOutput, builders::PutItemInputBuilder};
use aws_sdk_dynamodb::operation::query::{QueryOutput, builders::QueryInputBuilder};
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItemsInput, TransactWriteItemsOutput, builders::TransactWriteItemsInputBuilder,
};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemOutput, builders::UpdateItemInputBuilder};
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason};
use jiff::{SignedDuration, Timestamp};
use weir_domain::id::OrderKey;
use weir_ledger::{Table, TableError};
use weir_testkit::dynamo::{FakeDynamo, FakeDynamoError};

use crate::faults::FaultClass as F;
use crate::invocation;
use crate::saboteurs::Saboteur;
use crate::stage::{Port, Stage, lock};

/// Changes by which the index is late at most.
const LATE: usize = 8;

/// The table below the ledger.
#[derive(Debug)]
pub struct SimTable {
    stage: Arc<Stage>,
    fake: FakeDynamo,
    bug: Option<Saboteur>,
    out_of_order: Mutex<Option<(Timestamp, Timestamp)>>,
}

impl SimTable {
    /// An empty table.
    pub fn new(stage: &Arc<Stage>, bug: Option<Saboteur>) -> Self {
        let fake = FakeDynamo::new("open", "open_pk", "open_sk");
        Self { stage: Arc::clone(stage), fake, bug, out_of_order: Mutex::default() }
    }

    /// An empty table `stock`.
    pub fn of_stock(stage: &Arc<Stage>) -> Self {
        let fake = FakeDynamo::new("stale", "stale_pk", "stale_sk");
        Self { stage: Arc::clone(stage), fake, bug: None, out_of_order: Mutex::default() }
    }

    /// Nothing works for a while.
    pub fn out_of_order(&self, from: Timestamp, length: SignedDuration) {
        *lock(&self.out_of_order) = Some((from, from + length));
    }

    /// Every text in the table.
    pub fn texts(&self) -> Vec<String> {
        let texts = |value: AttributeValue| value.as_s().ok().cloned();
        self.fake.items().into_iter().flat_map(|item| item.into_values().filter_map(texts)).collect()
    }

    /// A record goes away, for the bug that deletes it.
    pub fn forget(&self, order: &OrderKey) {
        self.fake.remove(&format!("ORDER#{}#{}", order.store, order.order), "RECORD");
    }

    async fn call<T>(
        &self,
        name: &str,
        conflict: fn() -> TableError,
        effect: impl FnOnce(&FakeDynamo) -> Result<T, FakeDynamoError>,
    ) -> Result<T, TableError> {
        let fail = |class| match class {
            F::D5 => conflict(),
            class => TableError::Unavailable(format!("{class}")),
        };
        let answer = self.stage.call(Port::Table, name, fail, || {
            if self.is_down() {
                self.stage.coverage.met(F::D1);
                return Err(TableError::Unavailable("out of order".to_owned()));
            }
            effect(&self.fake).map_err(refused)
        });
        let answer = answer.await;
        if let Err(TableError::ConditionFailed(_)) = &answer {
            self.stage.coverage.met(F::D2);
        }
        answer
    }

    fn is_down(&self) -> bool {
        let now = self.stage.now();
        let down = lock(&self.out_of_order).is_some_and(|(from, to)| from <= now && now < to);
        down && invocation::current().is_some()
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

fn throttled() -> TableError {
    TableError::Unavailable("ThrottlingException".to_owned())
}

fn conflict() -> TableError {
    TableError::Conflict
}

fn cancelled_by_conflict() -> TableError {
    let reason = |code: &str| CancellationReason::builder().code(code).build();
    TableError::Cancelled(vec![reason("TransactionConflict"), reason("None")])
}

#[async_trait]
impl Table for SimTable {
    async fn get(&self, get: GetItemInputBuilder) -> Result<GetItemOutput, TableError> {
        let get = get.build().map_err(|error| incomplete(&error))?;
        self.call("table.get", throttled, |fake| fake.get(&get)).await
    }

    async fn batch_get(&self, get: BatchGetItemInputBuilder) -> Result<BatchGetItemOutput, TableError> {
        let get = get.build().map_err(|error| incomplete(&error))?;
        self.call("table.batch_get", throttled, |fake| fake.batch_get(&get)).await
    }

    async fn query(&self, query: QueryInputBuilder) -> Result<QueryOutput, TableError> {
        let query = query.build().map_err(|error| incomplete(&error))?;
        let late =
            invocation::current().is_some() && query.index_name().is_some() && self.stage.strikes(F::D4);
        let lag = if late { self.stage.draw(|dice| dice.usize(1..=LATE)) } else { 0 };
        self.call("table.query", throttled, |fake| fake.query(&query, lag)).await
    }

    async fn put(&self, put: PutItemInputBuilder) -> Result<PutItemOutput, TableError> {
        let put = put.build().map_err(|error| incomplete(&error))?;
        self.call("table.put", conflict, |fake| fake.put(&put)).await
    }

    async fn update(&self, update: UpdateItemInputBuilder) -> Result<UpdateItemOutput, TableError> {
        let update = update.build().map_err(|error| incomplete(&error))?;
        self.call("table.update", conflict, |fake| fake.update(&update)).await
    }

    async fn delete(&self, delete: DeleteItemInputBuilder) -> Result<DeleteItemOutput, TableError> {
        let delete = delete.build().map_err(|error| incomplete(&error))?;
        self.call("table.delete", conflict, |fake| fake.delete(&delete)).await
    }

    async fn transact(
        &self,
        writes: TransactWriteItemsInputBuilder,
    ) -> Result<TransactWriteItemsOutput, TableError> {
        let mut writes = writes.build().map_err(|error| incomplete(&error))?;
        if self.bug == Some(Saboteur::DropTheFence) {
            drop_the_fence(&mut writes);
        }
        let halves = self.bug == Some(Saboteur::SplitTheTransaction);
        let split = halves && !self.stage.is_healed() && self.stage.draw(|dice| dice.u32(0..20) == 0);
        if split {
            writes.transact_items.iter_mut().for_each(|items| items.truncate(1));
        }
        let done = self.call("table.transact", cancelled_by_conflict, |fake| fake.transact(&writes)).await;
        if split { Err(throttled()) } else { done }
    }
}

/// The record is written whoever writes it, and so is its audit, which would
/// else be a fence of its own.
fn drop_the_fence(writes: &mut TransactWriteItemsInput) {
    for item in writes.transact_items.iter_mut().flatten() {
        let update = item.update.as_mut().and_then(|update| update.condition_expression.as_mut());
        let put = item.put.as_mut().and_then(|put| put.condition_expression.as_mut());
        for condition in update.into_iter().chain(put) {
            *condition = condition
                .replace("#fence = :mine", "(#fence = :mine OR #fence <> :mine)")
                .replace("#lease_until > :released", "#lease_until >= :released")
                .replace("attribute_not_exists(#pk)", "(attribute_exists(#pk) OR attribute_not_exists(#pk))");
        }
    }
}

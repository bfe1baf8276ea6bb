//! The one door to DynamoDB: what the ledger and the stock ask of their
//! tables, in the SDK's own requests. It exists so that the simulator can put
//! a table of its own below the very expressions that ship.

use std::fmt::Debug;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemOutput, builders::BatchGetItemInputBuilder};
use aws_sdk_dynamodb::operation::delete_item::{
    DeleteItemError, DeleteItemOutput, builders::DeleteItemInputBuilder,
};
use aws_sdk_dynamodb::operation::get_item::{GetItemOutput, builders::GetItemInputBuilder};
use aws_sdk_dynamodb::operation::put_item::{PutItemError, PutItemOutput, builders::PutItemInputBuilder};
use aws_sdk_dynamodb::operation::query::{QueryOutput, builders::QueryInputBuilder};
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItemsError, TransactWriteItemsOutput, builders::TransactWriteItemsInputBuilder,
};
use aws_sdk_dynamodb::operation::update_item::{
    UpdateItemError, UpdateItemOutput, builders::UpdateItemInputBuilder,
};
use aws_sdk_dynamodb::types::CancellationReason;

use crate::error::why;
use crate::item::Item;

/// Why a request did nothing, or may have done nothing.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Its condition does not hold; the item as it is, if it was asked for.
    #[error("the condition does not hold")]
    ConditionFailed(Option<Item>),
    /// A transaction's, with a reason for each write.
    #[error("the transaction was cancelled")]
    Cancelled(Vec<CancellationReason>),
    /// A transaction is under way at the item.
    #[error("a transaction is under way")]
    Conflict,
    /// Anything else, in our words: it may have been done.
    #[error("{0}")]
    Unavailable(String),
}

/// A DynamoDB table.
#[async_trait]
pub trait Table: Debug + Send + Sync {
    /// `GetItem`.
    async fn get(&self, get: GetItemInputBuilder) -> Result<GetItemOutput, TableError>;
    /// `BatchGetItem`.
    async fn batch_get(&self, get: BatchGetItemInputBuilder) -> Result<BatchGetItemOutput, TableError>;
    /// `Query`.
    async fn query(&self, query: QueryInputBuilder) -> Result<QueryOutput, TableError>;
    /// `PutItem`.
    async fn put(&self, put: PutItemInputBuilder) -> Result<PutItemOutput, TableError>;
    /// `UpdateItem`.
    async fn update(&self, update: UpdateItemInputBuilder) -> Result<UpdateItemOutput, TableError>;
    /// `DeleteItem`.
    async fn delete(&self, delete: DeleteItemInputBuilder) -> Result<DeleteItemOutput, TableError>;
    /// `TransactWriteItems`. The SDK gives every call a token of its own and
    /// keeps it over its retries, so that an answer that was lost there does
    /// no harm.
    async fn transact(
        &self,
        writes: TransactWriteItemsInputBuilder,
    ) -> Result<TransactWriteItemsOutput, TableError>;
}

/// The service.
#[derive(Debug, Clone)]
pub(crate) struct Service(pub(crate) Client);

#[async_trait]
impl Table for Service {
    async fn get(&self, get: GetItemInputBuilder) -> Result<GetItemOutput, TableError> {
        get.send_with(&self.0).await.map_err(|error| TableError::Unavailable(why(&error)))
    }

    async fn batch_get(&self, get: BatchGetItemInputBuilder) -> Result<BatchGetItemOutput, TableError> {
        get.send_with(&self.0).await.map_err(|error| TableError::Unavailable(why(&error)))
    }

    async fn query(&self, query: QueryInputBuilder) -> Result<QueryOutput, TableError> {
        query.send_with(&self.0).await.map_err(|error| TableError::Unavailable(why(&error)))
    }

    async fn put(&self, put: PutItemInputBuilder) -> Result<PutItemOutput, TableError> {
        put.send_with(&self.0).await.map_err(|error| unput(&error))
    }

    async fn update(&self, update: UpdateItemInputBuilder) -> Result<UpdateItemOutput, TableError> {
        update.send_with(&self.0).await.map_err(|error| unupdated(&error))
    }

    async fn delete(&self, delete: DeleteItemInputBuilder) -> Result<DeleteItemOutput, TableError> {
        delete.send_with(&self.0).await.map_err(|error| undeleted(&error))
    }

    async fn transact(
        &self,
        writes: TransactWriteItemsInputBuilder,
    ) -> Result<TransactWriteItemsOutput, TableError> {
        writes.send_with(&self.0).await.map_err(|error| untransacted(&error))
    }
}

fn unput<R>(error: &SdkError<PutItemError, R>) -> TableError {
    match error.as_service_error() {
        Some(PutItemError::ConditionalCheckFailedException(failed)) => {
            TableError::ConditionFailed(failed.item.clone())
        }
        Some(PutItemError::TransactionConflictException(_)) => TableError::Conflict,
        _ => TableError::Unavailable(why(error)),
    }
}

fn unupdated<R>(error: &SdkError<UpdateItemError, R>) -> TableError {
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
            TableError::ConditionFailed(failed.item.clone())
        }
        Some(UpdateItemError::TransactionConflictException(_)) => TableError::Conflict,
        _ => TableError::Unavailable(why(error)),
    }
}

fn undeleted<R>(error: &SdkError<DeleteItemError, R>) -> TableError {
    match error.as_service_error() {
        Some(DeleteItemError::ConditionalCheckFailedException(failed)) => {
            TableError::ConditionFailed(failed.item.clone())
        }
        Some(DeleteItemError::TransactionConflictException(_)) => TableError::Conflict,
        _ => TableError::Unavailable(why(error)),
    }
}

fn untransacted<R>(error: &SdkError<TransactWriteItemsError, R>) -> TableError {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            TableError::Cancelled(cancelled.cancellation_reasons().to_vec())
        }
        _ => TableError::Unavailable(why(error)),
    }
}

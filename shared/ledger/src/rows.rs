//! The requests that rows of every kind need, towards one table.

use std::sync::Arc;

use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::query::{QueryInput, builders::QueryInputBuilder};
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure, Select};
use weir_domain::ports::LedgerError;

use crate::error::{ROUNDS, contended, incomplete, unavailable};
use crate::expression::{Write, names};
use crate::item::{Item, n, s};
use crate::table::{Table, TableError};

/// Keys of one `BatchGetItem`: the platform's limit.
const BATCH: usize = 100;
/// Pages of one query, 1 MB each. A partition that fills them is ill.
pub(crate) const PAGES: usize = 50;

/// How one conditional write at one item ended.
pub(crate) enum Attempt {
    /// It was done; the item as it is now, where it was updated.
    Done(Item),
    /// The condition failed; the item as it is.
    Refused(Item),
    /// A transaction was under way: try again.
    Conflict,
}

/// The rows of one table.
#[derive(Debug, Clone)]
pub(crate) struct Rows {
    pub(crate) table: Arc<dyn Table>,
    pub(crate) name: String,
}

impl Rows {
    /// One item, strongly consistent.
    pub(crate) async fn get(&self, key: Item) -> Result<Option<Item>, LedgerError> {
        let get = GetItemInput::builder().table_name(&self.name).set_key(Some(key)).consistent_read(true);
        Ok(self.table.get(get).await.map_err(|error| unavailable(&error))?.item)
    }

    /// The items that exist among `keys`, which must differ. `None` as the
    /// projection: all of their attributes.
    pub(crate) async fn get_many(
        &self,
        keys: Vec<Item>,
        projection: Option<&str>,
        consistent: bool,
    ) -> Result<Vec<Item>, LedgerError> {
        let mut items = Vec::new();
        for batch in keys.chunks(BATCH) {
            let wanted = KeysAndAttributes::builder()
                .set_keys(Some(batch.to_vec()))
                .set_projection_expression(projection.map(str::to_owned))
                .set_expression_attribute_names(projection.map(names))
                .consistent_read(consistent)
                .build()
                .map_err(incomplete)?;
            self.get_batch(wanted, &mut items).await?;
        }
        Ok(items)
    }

    /// The platform may answer a part and hand the rest back.
    async fn get_batch(
        &self,
        mut wanted: KeysAndAttributes,
        items: &mut Vec<Item>,
    ) -> Result<(), LedgerError> {
        for _ in 0..ROUNDS {
            let get = BatchGetItemInput::builder().request_items(&self.name, wanted);
            let mut answer = self.table.batch_get(get).await.map_err(|error| unavailable(&error))?;
            if let Some(found) = answer.responses.as_mut().and_then(|found| found.remove(&self.name)) {
                items.extend(found);
            }
            match answer.unprocessed_keys.as_mut().and_then(|rest| rest.remove(&self.name)) {
                Some(rest) if !rest.keys().is_empty() => wanted = rest,
                _ => return Ok(()),
            }
        }
        Err(LedgerError::Unavailable("throttled: keys were left unread".to_owned()))
    }

    /// A query in the making.
    pub(crate) fn query(&self, condition: &str) -> QueryInputBuilder {
        QueryInput::builder()
            .table_name(&self.name)
            .key_condition_expression(condition)
            .set_expression_attribute_names(Some(names(condition)))
    }

    /// What a query finds, page by page, until there are `enough` or no more.
    pub(crate) async fn find(
        &self,
        query: QueryInputBuilder,
        enough: usize,
    ) -> Result<Vec<Item>, LedgerError> {
        let mut items = Vec::new();
        let mut from = None;
        for _ in 0..PAGES {
            let page = query.clone().set_exclusive_start_key(from);
            let page = self.table.query(page).await.map_err(|error| unavailable(&error))?;
            items.extend(page.items.unwrap_or_default());
            from = page.last_evaluated_key;
            if from.is_none() || items.len() >= enough {
                items.truncate(enough);
                return Ok(items);
            }
        }
        Err(LedgerError::Unavailable("a partition is too long to be read at once".to_owned()))
    }

    /// The last items of a partition, last first, strongly consistent.
    pub(crate) async fn newest(&self, partition: String, limit: usize) -> Result<Vec<Item>, LedgerError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let query = self
            .query("#pk = :pk")
            .consistent_read(true)
            .scan_index_forward(false)
            .expression_attribute_values(":pk", s(partition))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        self.find(query, limit).await
    }

    /// How many rows one page of a query has, at most `limit` (above 0), and
    /// where the next one begins, if there may be one. Whoever counts reads
    /// the rows all the same.
    pub(crate) async fn count(
        &self,
        query: QueryInputBuilder,
        limit: usize,
        from: Option<Item>,
    ) -> Result<(usize, Option<Item>), LedgerError> {
        let query = query
            .select(Select::Count)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(from);
        let page = self.table.query(query).await.map_err(|error| unavailable(&error))?;
        Ok((usize::try_from(page.count).unwrap_or_default(), page.last_evaluated_key))
    }

    /// One conditional update.
    pub(crate) async fn attempt(&self, key: Item, write: &Write) -> Result<Attempt, LedgerError> {
        let update = UpdateItemInput::builder()
            .table_name(&self.name)
            .set_key(Some(key))
            .update_expression(write.update())
            .condition_expression(write.condition())
            .set_expression_attribute_names(Some(write.names()))
            .set_expression_attribute_values(Some(write.values()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let done = self.table.update(update).await;
        ended(done.map(|done| done.attributes.unwrap_or_default()))
    }

    /// Puts an item in place of whatever was there.
    pub(crate) async fn put(&self, item: Item) -> Result<(), LedgerError> {
        let put = PutItemInput::builder().table_name(&self.name).set_item(Some(item));
        self.table.put(put).await.map(drop).map_err(|error| unavailable(&error))
    }

    /// Puts an item whose version follows `stored`, 0 if there is none.
    pub(crate) async fn put_after(&self, stored: u64, item: Item) -> Result<Attempt, LedgerError> {
        // never written: 0 │ stored as 3 ──┤ still 3: replace it by 4
        //                                  └ 4: somebody was faster
        let write = match stored {
            0 => Write::default().only_if("attribute_not_exists(#pk)"),
            stored => Write::default().only_if("#version = :stored").value("stored", n(stored)),
        };
        let values = Some(write.values()).filter(|values| !values.is_empty());
        let put = PutItemInput::builder()
            .table_name(&self.name)
            .set_item(Some(item))
            .condition_expression(write.condition())
            .set_expression_attribute_names(Some(write.names()))
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        ended(self.table.put(put).await.map(|_| Item::new()))
    }

    /// Deletes an item, if the conditions of `write` hold.
    pub(crate) async fn delete(&self, key: Item, write: &Write) -> Result<Attempt, LedgerError> {
        let delete = DeleteItemInput::builder()
            .table_name(&self.name)
            .set_key(Some(key))
            .condition_expression(write.condition())
            .set_expression_attribute_names(Some(write.names()))
            .set_expression_attribute_values(Some(write.values()).filter(|values| !values.is_empty()));
        ended(self.table.delete(delete).await.map(|_| Item::new()))
    }
}

fn ended(done: Result<Item, TableError>) -> Result<Attempt, LedgerError> {
    match done {
        Ok(item) => Ok(Attempt::Done(item)),
        Err(TableError::ConditionFailed(item)) => Ok(Attempt::Refused(item.unwrap_or_default())),
        Err(TableError::Conflict) => Ok(Attempt::Conflict),
        Err(error) => Err(unavailable(&error)),
    }
}

/// Whether a write that is not tried again was done.
pub(crate) fn was_done(attempt: &Attempt) -> Result<bool, LedgerError> {
    match attempt {
        Attempt::Done(_) => Ok(true),
        Attempt::Refused(_) => Ok(false),
        Attempt::Conflict => Err(contended()),
    }
}

//! A DynamoDB table in memory that evaluates the real expressions, so that
//! the ledger that ships can be tested without a network: what would make it
//! wrong there makes it wrong here.
//!
//! One table with the primary key (`pk`, `sk`), text both, and one sparse
//! index of which the simulator may ask for an older state. No clock, no
//! randomness; calls happen one after the other.

mod evaluate;
mod expression;
mod limits;
mod query;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemInput, DeleteItemOutput};
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::put_item::{PutItemInput, PutItemOutput};
use aws_sdk_dynamodb::operation::transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use crate::lock;
use evaluate::Scope;
pub use expression::BadExpression;
use expression::{Action, Condition, Parsed};
use query::{Index, Mutation};

/// Attribute name → value, as the SDK has it.
#[expect(clippy::disallowed_types, reason = "the SDK's type; nothing iterates over it")]
pub type Item = std::collections::HashMap<String, AttributeValue>;

/// Placeholder → attribute name, as the SDK has it.
#[expect(clippy::disallowed_types, reason = "the SDK's type; nothing iterates over it")]
pub type Names = std::collections::HashMap<String, String>;

/// (`pk`, `sk`).
type Key = (String, String);

/// Why the table did nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FakeDynamoError {
    /// The condition does not hold; the item, if it was asked for.
    #[error("the condition does not hold")]
    ConditionFailed(Option<Item>),
    /// A transaction did nothing; a reason for each of its writes.
    #[error("the transaction was cancelled")]
    Cancelled(Vec<CancellationReason>),
    /// The request makes no sense: `ValidationException`.
    #[error("{0}")]
    Invalid(String),
}

impl FakeDynamoError {
    pub(crate) fn invalid(why: String) -> Self {
        Self::Invalid(why)
    }
}

impl From<BadExpression> for FakeDynamoError {
    fn from(bad: BadExpression) -> Self {
        Self::Invalid(bad.to_string())
    }
}

type Answer<T> = Result<T, FakeDynamoError>;

/// The table.
#[derive(Debug)]
pub struct FakeDynamo {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    items: BTreeMap<Key, Item>,
    index: Index,
    conditions: BTreeMap<String, Arc<Parsed<Condition>>>,
    updates: BTreeMap<String, Arc<Parsed<Vec<Action>>>>,
}

/// A conditional write, however it was sent.
struct Write<'a> {
    condition: Option<&'a str>,
    names: Option<&'a Names>,
    values: Option<&'a Item>,
    change: Change<'a>,
    tells_old: bool,
}

enum Change<'a> {
    Put(&'a Item),
    Update(Option<&'a Item>, Option<&'a str>),
    Delete(Option<&'a Item>),
}

impl FakeDynamo {
    /// An empty table with a sparse index `name` by (`pk`, `sk`).
    pub fn new(name: &str, pk: &str, sk: &str) -> Self {
        let index = Index::new(name, pk, sk);
        Self {
            state: Mutex::new(State {
                items: BTreeMap::new(),
                index,
                conditions: BTreeMap::new(),
                updates: BTreeMap::new(),
            }),
        }
    }

    /// The same, whose index has only these attributes beside all keys.
    #[must_use]
    pub fn including(self, attributes: &[&str]) -> Self {
        lock(&self.state).index.include(attributes);
        self
    }

    /// Every item, by key.
    pub fn items(&self) -> Vec<Item> {
        lock(&self.state).items.values().cloned().collect()
    }

    /// Removes an item without asking, as an operator's mistake would.
    pub fn remove(&self, pk: &str, sk: &str) {
        lock(&self.state).replace((pk.to_owned(), sk.to_owned()), None);
    }

    /// `GetItem`.
    pub fn get(&self, input: &GetItemInput) -> Answer<GetItemOutput> {
        let key = key(input.key())?;
        let item = lock(&self.state).items.get(&key).cloned();
        Ok(GetItemOutput::builder().set_item(item).build())
    }

    /// `BatchGetItem`, without unprocessed keys.
    pub fn batch_get(&self, input: &BatchGetItemInput) -> Answer<BatchGetItemOutput> {
        let state = lock(&self.state);
        let mut output = BatchGetItemOutput::builder();
        for (table, wanted) in input.request_items().into_iter().flatten() {
            let mut found = Vec::new();
            let keys: Vec<Key> =
                wanted.keys().iter().map(|wanted| key(Some(wanted))).collect::<Answer<_>>()?;
            if !(1..=limits::BATCH).contains(&keys.len())
                || keys.iter().collect::<BTreeSet<_>>().len() < keys.len()
            {
                return Err(FakeDynamoError::invalid(format!("{} keys, or one of them twice", keys.len())));
            }
            for wanted_key in keys {
                if let Some(item) = state.items.get(&wanted_key) {
                    found.push(project(
                        item,
                        wanted.projection_expression(),
                        wanted.expression_attribute_names(),
                    )?);
                }
            }
            output = output.responses(table, found);
        }
        Ok(output.build())
    }

    /// `PutItem`.
    pub fn put(&self, input: &PutItemInput) -> Answer<PutItemOutput> {
        let item = input.item().ok_or_else(|| FakeDynamoError::invalid("no item".to_owned()))?;
        let write = Write {
            condition: input.condition_expression(),
            names: input.expression_attribute_names(),
            values: input.expression_attribute_values(),
            change: Change::Put(item),
            tells_old: tells_old(input.return_values_on_condition_check_failure()),
        };
        let mut state = lock(&self.state);
        let (key, after) = state.check(&write)?;
        state.replace(key, after);
        Ok(PutItemOutput::builder().build())
    }

    /// `UpdateItem`.
    pub fn update(&self, input: &UpdateItemInput) -> Answer<UpdateItemOutput> {
        let write = Write {
            condition: input.condition_expression(),
            names: input.expression_attribute_names(),
            values: input.expression_attribute_values(),
            change: Change::Update(input.key(), input.update_expression()),
            tells_old: tells_old(input.return_values_on_condition_check_failure()),
        };
        let mut state = lock(&self.state);
        let (key, after) = state.check(&write)?;
        let told = after.clone().filter(|_| input.return_values() == Some(&ReturnValue::AllNew));
        state.replace(key, after);
        Ok(UpdateItemOutput::builder().set_attributes(told).build())
    }

    /// `DeleteItem`.
    pub fn delete(&self, input: &DeleteItemInput) -> Answer<DeleteItemOutput> {
        let write = Write {
            condition: input.condition_expression(),
            names: input.expression_attribute_names(),
            values: input.expression_attribute_values(),
            change: Change::Delete(input.key()),
            tells_old: tells_old(input.return_values_on_condition_check_failure()),
        };
        let mut state = lock(&self.state);
        let (key, after) = state.check(&write)?;
        state.replace(key, after);
        Ok(DeleteItemOutput::builder().build())
    }

    /// `TransactWriteItems`: all or nothing.
    pub fn transact(&self, input: &TransactWriteItemsInput) -> Answer<TransactWriteItemsOutput> {
        let mut state = lock(&self.state);
        let mut writes = Vec::new();
        let mut reasons = Vec::new();
        for item in input.transact_items() {
            match state.check(&write(item)?) {
                Ok(write) => {
                    writes.push(write);
                    reasons.push(CancellationReason::builder().code("None").build());
                }
                Err(FakeDynamoError::ConditionFailed(old)) => {
                    let reason = CancellationReason::builder().code("ConditionalCheckFailed");
                    reasons.push(reason.set_item(old).build());
                }
                Err(error) => return Err(error),
            }
        }
        if writes.len() < reasons.len() {
            return Err(FakeDynamoError::Cancelled(reasons));
        }
        let mut keys: Vec<&Key> = writes.iter().map(|(key, _)| key).collect();
        keys.sort_unstable();
        if keys.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(FakeDynamoError::invalid("two writes of one transaction at one item".to_owned()));
        }
        for (key, after) in writes {
            state.replace(key, after);
        }
        Ok(TransactWriteItemsOutput::builder().build())
    }
}

impl State {
    /// What a write would make of its item, if its condition holds; `None` if
    /// it would delete it.
    fn check(&mut self, write: &Write<'_>) -> Answer<(Key, Option<Item>)> {
        let condition = write.condition.map(|text| self.condition(text)).transpose()?;
        let update = match &write.change {
            Change::Update(_, Some(text)) => Some(self.update(text)?),
            _ => None,
        };
        let used = condition.iter().map(|parsed| &parsed.placeholders);
        let used = used.chain(update.iter().map(|parsed| &parsed.placeholders)).flatten();
        all_used(used, write.names, write.values)?;
        let (key, new) = match &write.change {
            Change::Put(item) => (key(Some(item))?, (*item).clone()),
            Change::Update(of, _) | Change::Delete(of) => (key(*of)?, (*of).cloned().unwrap_or_default()),
        };
        let nothing = Item::new();
        let before = self.items.get(&key);
        let scope = Scope { item: before.unwrap_or(&nothing), names: write.names, values: write.values };
        if let Some(condition) = condition
            && !scope.holds(&condition.tree)?
        {
            return Err(FakeDynamoError::ConditionFailed(before.filter(|_| write.tells_old).cloned()));
        }
        let after = match update {
            Some(update) => {
                let scope = Scope { item: before.unwrap_or(&new), ..scope };
                scope.updated(&update.tree)?
            }
            None => new,
        };
        if let Change::Delete(_) = write.change {
            return Ok((key, None));
        }
        limits::check_item(&after)?;
        self.index.check(&after)?;
        Ok((key, Some(after)))
    }

    fn replace(&mut self, key: Key, after: Option<Item>) {
        let before = match &after {
            Some(item) => self.items.insert(key.clone(), item.clone()),
            None => self.items.remove(&key),
        };
        self.index.note(Mutation { key, before, after });
    }

    fn condition(&mut self, text: &str) -> Answer<Arc<Parsed<Condition>>> {
        if let Some(known) = self.conditions.get(text) {
            return Ok(Arc::clone(known));
        }
        let parsed = Arc::new(expression::condition(text)?);
        self.conditions.insert(text.to_owned(), Arc::clone(&parsed));
        Ok(parsed)
    }

    fn update(&mut self, text: &str) -> Answer<Arc<Parsed<Vec<Action>>>> {
        if let Some(known) = self.updates.get(text) {
            return Ok(Arc::clone(known));
        }
        let parsed = Arc::new(expression::update(text)?);
        self.updates.insert(text.to_owned(), Arc::clone(&parsed));
        Ok(parsed)
    }
}

/// The service refuses names and values that no expression uses.
fn all_used<'a>(
    used: impl Iterator<Item = &'a String>,
    names: Option<&Names>,
    values: Option<&Item>,
) -> Answer<()> {
    let used: BTreeSet<&String> = used.collect();
    if names.is_some_and(Names::is_empty) || values.is_some_and(Item::is_empty) {
        return Err(FakeDynamoError::invalid("names or values that are there and empty".to_owned()));
    }
    let known = names.map_or(0, Names::len) + values.map_or(0, Item::len);
    if used.len() == known {
        return Ok(());
    }
    Err(FakeDynamoError::invalid(format!("{known} names and values, of which {} are used", used.len())))
}

fn tells_old(asked: Option<&ReturnValuesOnConditionCheckFailure>) -> bool {
    asked == Some(&ReturnValuesOnConditionCheckFailure::AllOld)
}

fn write(item: &TransactWriteItem) -> Answer<Write<'_>> {
    if let Some(put) = item.put() {
        return Ok(Write {
            condition: put.condition_expression(),
            names: put.expression_attribute_names(),
            values: put.expression_attribute_values(),
            change: Change::Put(put.item()),
            tells_old: tells_old(put.return_values_on_condition_check_failure()),
        });
    }
    if let Some(update) = item.update() {
        return Ok(Write {
            condition: update.condition_expression(),
            names: update.expression_attribute_names(),
            values: update.expression_attribute_values(),
            change: Change::Update(Some(update.key()), Some(update.update_expression())),
            tells_old: tells_old(update.return_values_on_condition_check_failure()),
        });
    }
    Err(FakeDynamoError::invalid("only Put and Update are known in transactions".to_owned()))
}

fn key(item: Option<&Item>) -> Answer<Key> {
    let part = |name: &str| match item.and_then(|item| item.get(name)) {
        Some(AttributeValue::S(text)) => Ok(text.clone()),
        _ => Err(FakeDynamoError::invalid(format!("{name} is missing or no text"))),
    };
    let (pk, sk) = (part("pk")?, part("sk")?);
    limits::check_key(&pk, &sk)?;
    Ok((pk, sk))
}

/// The named attributes of an item.
fn project(item: &Item, projection: Option<&str>, names: Option<&Names>) -> Answer<Item> {
    let Some(projection) = projection else { return Ok(item.clone()) };
    let scope = Scope { item, names, values: None };
    let mut projected = Item::new();
    for name in projection.split(',').map(str::trim) {
        let name = scope.name(name)?;
        if let Some(value) = item.get(name) {
            projected.insert(name.to_owned(), value.clone());
        }
    }
    Ok(projected)
}

#[cfg(test)]
mod tests;

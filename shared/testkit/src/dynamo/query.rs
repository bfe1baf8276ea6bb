//! Queries, of the table and of its index.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::types::AttributeValue;

use super::evaluate::Scope;
use super::expression::{Comparator, Condition, Operand};
use super::{Answer, FakeDynamo, FakeDynamoError, Item, Key, all_used, key};
use crate::lock;

/// One change of an item, for the index.
#[derive(Debug)]
pub(super) struct Mutation {
    pub(super) key: Key,
    pub(super) before: Option<Item>,
    pub(super) after: Option<Item>,
}

/// A sparse global secondary index: only items with both of its attributes
/// are in it, and it learns of changes later than the table.
#[derive(Debug)]
pub(super) struct Index {
    name: String,
    pk: String,
    sk: String,
    rows: BTreeMap<(Key, Key), Item>,
    unapplied: VecDeque<Mutation>,
}

/// Changes that are kept back at most.
const LONGEST_LAG: usize = 64;

impl Index {
    pub(super) fn new(name: &str, pk: &str, sk: &str) -> Self {
        Self {
            name: name.to_owned(),
            pk: pk.to_owned(),
            sk: sk.to_owned(),
            rows: BTreeMap::new(),
            unapplied: VecDeque::new(),
        }
    }

    pub(super) fn note(&mut self, mutation: Mutation) {
        self.unapplied.push_back(mutation);
        if self.unapplied.len() > LONGEST_LAG {
            self.catch_up(LONGEST_LAG);
        }
    }

    /// Applies all but the last `lag` changes.
    fn catch_up(&mut self, lag: usize) {
        while self.unapplied.len() > lag {
            let Some(Mutation { key, before, after }) = self.unapplied.pop_front() else { return };
            if let Some(row) = before.and_then(|item| self.row(&item)) {
                self.rows.remove(&(row, key.clone()));
            }
            if let Some(item) = after
                && let Some(row) = self.row(&item)
            {
                self.rows.insert((row, key), item);
            }
        }
    }

    fn row(&self, item: &Item) -> Option<Key> {
        let part = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        Some((part(&self.pk)?, part(&self.sk)?))
    }
}

impl FakeDynamo {
    /// `Query`. Of the index: as it was `lag` changes ago.
    pub fn query(&self, input: &QueryInput, lag: usize) -> Answer<QueryOutput> {
        if input.filter_expression().is_some() || input.exclusive_start_key().is_some() {
            return Err(FakeDynamoError::invalid("filters and later pages are not known here".to_owned()));
        }
        let text = input.key_condition_expression();
        let text = text.ok_or_else(|| FakeDynamoError::invalid("a query without a key".to_owned()))?;
        let mut state = lock(&self.state);
        let condition = state.condition(text)?;
        let (names, values) = (input.expression_attribute_names(), input.expression_attribute_values());
        all_used(condition.placeholders.iter(), names, values)?;
        let limit = input.limit().map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let nothing = Item::new();
        let scope = Scope { item: &nothing, names, values };
        let holds = |item: &Item| Scope { item, names, values }.holds(&condition.tree);
        let mut found = Vec::new();
        let mut keep = |item: &Item| -> Answer<bool> {
            if holds(item)? {
                found.push(item.clone());
            }
            Ok(found.len() < limit)
        };
        if let Some(name) = input.index_name() {
            if name != state.index.name {
                return Err(FakeDynamoError::invalid(format!("there is no index {name}")));
            }
            if input.consistent_read() == Some(true) {
                return Err(FakeDynamoError::invalid("no index is read consistently".to_owned()));
            }
            state.index.catch_up(lag);
            let partition = partition(&scope, &condition.tree, &state.index.pk)?;
            let none = || (String::new(), String::new());
            let from = Bound::Included(((partition.clone(), String::new()), none()));
            for ((row, _), item) in state.index.rows.range((from, Bound::Unbounded)) {
                if row.0 != partition || !keep(item)? {
                    break;
                }
            }
        } else {
            let partition = partition(&scope, &condition.tree, "pk")?;
            let from = Bound::Included((partition.clone(), String::new()));
            for (row, item) in state.items.range((from, Bound::Unbounded)) {
                if row.0 != partition || !keep(item)? {
                    break;
                }
            }
        }
        drop(state);
        let last = found.last().filter(|_| found.len() == limit).map(|item| key(Some(item))).transpose()?;
        let last = last.map(|(pk, sk)| {
            Item::from([("pk".to_owned(), AttributeValue::S(pk)), ("sk".to_owned(), AttributeValue::S(sk))])
        });
        let count = i32::try_from(found.len()).unwrap_or(i32::MAX);
        Ok(QueryOutput::builder().set_items(Some(found)).count(count).set_last_evaluated_key(last).build())
    }
}

/// The one partition that a key condition names.
fn partition(scope: &Scope<'_>, condition: &Condition, pk: &str) -> Answer<String> {
    let parts = match condition {
        Condition::And(parts) => parts.as_slice(),
        other => std::slice::from_ref(other),
    };
    for part in parts {
        if let Condition::Compare(Operand::Attribute(name), Comparator::Equal, Operand::Value(value)) = part
            && scope.name(name)? == pk
            && let AttributeValue::S(partition) = scope.value(value)?
        {
            return Ok(partition.clone());
        }
    }
    Err(FakeDynamoError::invalid(format!("a query needs {pk} = a value")))
}

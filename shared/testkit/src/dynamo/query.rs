//! Queries, of the table and of its index.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::types::AttributeValue;

use super::evaluate::Scope;
use super::expression::{Comparator, Condition, Operand};
use super::limits::{PAGE, bytes, check_key};
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

    /// Refuses an item whose keys of the index the platform would not take.
    pub(super) fn check(&self, item: &Item) -> Answer<()> {
        let text = |name: &str| match item.get(name) {
            None => Ok(None),
            Some(AttributeValue::S(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(FakeDynamoError::invalid(format!("{name} is no text"))),
        };
        let (pk, sk) = (text(&self.pk)?, text(&self.sk)?);
        check_key(pk.unwrap_or("-"), sk.unwrap_or("-"))
    }

    /// Where a page that began after this item begins.
    fn place(&self, after: &Item) -> Answer<(Key, Key)> {
        let row = self.row(after);
        let row =
            row.ok_or_else(|| FakeDynamoError::invalid("a start that is not of the index".to_owned()))?;
        Ok((row, key(Some(after))?))
    }

    fn row(&self, item: &Item) -> Option<Key> {
        let part = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
        Some((part(&self.pk)?, part(&self.sk)?))
    }
}

/// A page in the making: what was found, and whether there may be more.
struct Page {
    limit: usize,
    bytes: usize,
    found: Vec<Item>,
}

impl Page {
    fn is_full(&self) -> bool {
        self.found.len() >= self.limit || self.bytes > PAGE
    }

    fn add(&mut self, item: &Item) {
        self.bytes += bytes(item);
        self.found.push(item.clone());
    }
}

impl FakeDynamo {
    /// `Query`. Of the index: as it was `lag` changes ago.
    pub fn query(&self, input: &QueryInput, lag: usize) -> Answer<QueryOutput> {
        if input.filter_expression().is_some() || input.scan_index_forward().is_some() {
            return Err(FakeDynamoError::invalid("filters and directions are not known here".to_owned()));
        }
        let text = input.key_condition_expression();
        let text = text.ok_or_else(|| FakeDynamoError::invalid("a query without a key".to_owned()))?;
        let mut state = lock(&self.state);
        let condition = state.condition(text)?;
        let (names, values) = (input.expression_attribute_names(), input.expression_attribute_values());
        all_used(condition.placeholders.iter(), names, values)?;
        let nothing = Item::new();
        let scope = Scope { item: &nothing, names, values };
        let holds = |item: &Item| Scope { item, names, values }.holds(&condition.tree);
        let mut page = Page { limit: limit(input)?, bytes: 0, found: Vec::new() };
        let after = input.exclusive_start_key();
        if let Some(name) = input.index_name() {
            if name != state.index.name {
                return Err(FakeDynamoError::invalid(format!("there is no index {name}")));
            }
            if input.consistent_read() == Some(true) {
                return Err(FakeDynamoError::invalid("no index is read consistently".to_owned()));
            }
            state.index.catch_up(lag);
            let partition = partition(&scope, &condition.tree, &state.index.pk)?;
            let begin = Bound::Included(((partition.clone(), String::new()), Key::default()));
            let from = match after {
                Some(after) => Bound::Excluded(state.index.place(after)?),
                None => begin,
            };
            let rows = state.index.rows.range((from, Bound::Unbounded));
            for (_, item) in rows.take_while(|((row, _), _)| row.0 == partition) {
                if page.is_full() {
                    break;
                }
                if holds(item)? {
                    page.add(item);
                }
            }
        } else {
            let partition = partition(&scope, &condition.tree, "pk")?;
            let from = match after {
                Some(after) => Bound::Excluded(key(Some(after))?),
                None => Bound::Included((partition.clone(), String::new())),
            };
            let rows = state.items.range((from, Bound::Unbounded));
            for (_, item) in rows.take_while(|(row, _)| row.0 == partition) {
                if page.is_full() {
                    break;
                }
                if holds(item)? {
                    page.add(item);
                }
            }
        }
        let last = page.found.last().filter(|_| page.is_full());
        let of_index = [state.index.pk.as_str(), state.index.sk.as_str()];
        let of_index = if input.index_name().is_some() { &of_index[..] } else { &[] };
        let part = |item: &Item, name: &str| Some((name.to_owned(), item.get(name)?.clone()));
        let last = last.map(|item| {
            ["pk", "sk"].iter().chain(of_index).filter_map(|name| part(item, name)).collect::<Item>()
        });
        drop(state);
        let count = i32::try_from(page.found.len()).unwrap_or(i32::MAX);
        let output = QueryOutput::builder().set_items(Some(page.found)).count(count);
        Ok(output.set_last_evaluated_key(last).build())
    }
}

fn limit(input: &QueryInput) -> Answer<usize> {
    match input.limit().map(usize::try_from) {
        None => Ok(usize::MAX),
        Some(Ok(limit @ 1..)) => Ok(limit),
        Some(_) => Err(FakeDynamoError::invalid("a limit below 1".to_owned())),
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

//! Queries, of the table and of its index.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::types::{AttributeValue, Select};

use super::evaluate::Scope;
use super::expression::{Comparator, Condition, Operand};
use super::limits::{PAGE, bytes, check_key};
use super::{Answer, FakeDynamo, FakeDynamoError, Item, Key, Names, all_used, key};
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
    /// What it has beside all keys; `None`: everything.
    included: Option<Vec<String>>,
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
            included: None,
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
                let item = self.projected(item);
                self.rows.insert((row, key), item);
            }
        }
    }

    /// From now on only these attributes are in it, beside all keys.
    pub(super) fn include(&mut self, attributes: &[&str]) {
        self.included = Some(attributes.iter().map(|name| (*name).to_owned()).collect());
    }

    fn projected(&self, mut item: Item) -> Item {
        if let Some(included) = &self.included {
            let keys = ["pk", "sk", &self.pk, &self.sk];
            item.retain(|name, _| keys.contains(&name.as_str()) || included.contains(name));
        }
        item
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

    /// What of these rows the key condition names, until it is full.
    fn read<'a>(&mut self, rows: impl Iterator<Item = &'a Item>, asked: &Asked<'_>) -> Answer<()> {
        for item in rows {
            if self.is_full() {
                break;
            }
            if asked.holds(item)? {
                self.add(item);
            }
        }
        Ok(())
    }
}

impl FakeDynamo {
    /// `Query`. Of the index: as it was `lag` changes ago.
    pub fn query(&self, input: &QueryInput, lag: usize) -> Answer<QueryOutput> {
        if input.filter_expression().is_some() {
            return Err(FakeDynamoError::invalid("filters are not known here".to_owned()));
        }
        let counts = match input.select() {
            None => false,
            Some(Select::Count) => true,
            Some(other) => return Err(FakeDynamoError::invalid(format!("{other:?} is not known here"))),
        };
        let text = input.key_condition_expression();
        let text = text.ok_or_else(|| FakeDynamoError::invalid("a query without a key".to_owned()))?;
        let mut state = lock(&self.state);
        let condition = state.condition(text)?;
        let (names, values) = (input.expression_attribute_names(), input.expression_attribute_values());
        all_used(condition.placeholders.iter(), names, values)?;
        let asked = Asked { tree: &condition.tree, names, values };
        let mut page = Page { limit: limit(input)?, bytes: 0, found: Vec::new() };
        let of_index: Vec<String> = if let Some(name) = input.index_name() {
            state.index.read(name, input, lag, &asked, &mut page)?;
            vec![state.index.pk.clone(), state.index.sk.clone()]
        } else {
            let bounds = bounds(&asked.partition("pk")?);
            let from = input.exclusive_start_key().map(|item| key(Some(item))).transpose()?;
            page.read(span(&state.items, bounds, from, input)?, &asked)?;
            Vec::new()
        };
        drop(state);
        let last = page.found.last().filter(|_| page.is_full());
        let part = |item: &Item, name: &str| Some((name.to_owned(), item.get(name)?.clone()));
        let keys = ["pk", "sk"].into_iter().chain(of_index.iter().map(String::as_str));
        let last = last.map(|item| keys.filter_map(|name| part(item, name)).collect::<Item>());
        let count = i32::try_from(page.found.len()).unwrap_or(i32::MAX);
        let items = Some(page.found).filter(|_| !counts);
        let output = QueryOutput::builder().set_items(items).count(count).scanned_count(count);
        Ok(output.set_last_evaluated_key(last).build())
    }
}

impl Index {
    /// A page of it, as it was `lag` changes ago.
    fn read(
        &mut self,
        name: &str,
        input: &QueryInput,
        lag: usize,
        asked: &Asked<'_>,
        page: &mut Page,
    ) -> Answer<()> {
        if name != self.name {
            return Err(FakeDynamoError::invalid(format!("there is no index {name}")));
        }
        if input.consistent_read() == Some(true) {
            return Err(FakeDynamoError::invalid("no index is read consistently".to_owned()));
        }
        self.catch_up(lag);
        let (begin, end) = bounds(&asked.partition(&self.pk)?);
        let bounds = ((begin, Key::default()), (end, Key::default()));
        let from = input.exclusive_start_key().map(|item| self.place(item)).transpose()?;
        page.read(span(&self.rows, bounds, from, input)?, asked)
    }
}

/// A key condition and what it goes by.
struct Asked<'a> {
    tree: &'a Condition,
    names: Option<&'a Names>,
    values: Option<&'a Item>,
}

impl Asked<'_> {
    fn holds(&self, item: &Item) -> Answer<bool> {
        Scope { item, names: self.names, values: self.values }.holds(self.tree)
    }

    /// The one partition that it names.
    fn partition(&self, pk: &str) -> Answer<String> {
        let nothing = Item::new();
        partition(&Scope { item: &nothing, names: self.names, values: self.values }, self.tree, pk)
    }
}

/// The first place of a partition, and the first one after it.
fn bounds(partition: &str) -> (Key, Key) {
    ((partition.to_owned(), String::new()), (format!("{partition}\0"), String::new()))
}

/// The rows of a partition, from where a page ended on, in the direction that
/// is asked for.
fn span<'a, K: Ord>(
    rows: &'a BTreeMap<K, Item>,
    (begin, end): (K, K),
    from: Option<K>,
    input: &QueryInput,
) -> Answer<Box<dyn Iterator<Item = &'a Item> + 'a>> {
    if from.as_ref().is_some_and(|from| *from < begin || *from >= end) {
        return Err(FakeDynamoError::invalid("a start that is not of the partition".to_owned()));
    }
    let (first, last) = (Bound::Included(begin), Bound::Excluded(end));
    Ok(match (input.scan_index_forward() == Some(false), from.map(Bound::Excluded)) {
        (false, from) => Box::new(rows.range((from.unwrap_or(first), last)).map(|(_, item)| item)),
        (true, from) => Box::new(rows.range((first, from.unwrap_or(last))).rev().map(|(_, item)| item)),
    })
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

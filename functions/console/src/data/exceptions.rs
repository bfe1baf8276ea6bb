//! The exception desk: exceptions grouped by cause, so that one SKU that is
//! not mapped is one line with its 400 orders.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use weir_domain::id::{OrderKey, StoreId};
use weir_domain::mapping::MappingKey;
use weir_domain::ports::{OpenOrder, OpenState};

use super::meaning::{self, Meaning};
use super::{Count, limits};
use crate::Problem;
use crate::state::App;

/// The exceptions of one store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Desk {
    /// Whose.
    pub store: StoreId,
    /// Grouped, the largest first, at most [`limits::GROUPS`].
    pub groups: Vec<Group>,
    /// Orders in all groups, the first [`limits::GROUPED`] exceptions.
    pub orders: Count,
}

/// One cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Whose.
    pub store: StoreId,
    /// Stable, `snake_case`.
    pub code: String,
    /// What the code is about.
    pub subject: String,
    /// How many orders it stops, among the first [`limits::GROUPED`]
    /// exceptions of the store …
    pub orders: usize,
    /// … beyond which there may be more of them. Then `orders` may be 0.
    pub or_more: bool,
    /// The oldest of them; where `orders` is 0, earlier than all of them.
    pub since: Timestamp,
    /// What one of them says, in one sentence.
    pub detail: String,
    /// What it means and what to do, by the runbook.
    pub meaning: Meaning,
    /// The mapping that is missing, if one is: adding it and releasing the
    /// group puts all of its orders right.
    pub missing: Option<MappingKey>,
    /// Some of its orders, oldest first.
    pub examples: Vec<u64>,
}

/// Reads and groups the exceptions of a store.
pub async fn desk(app: &App, store: &StoreId) -> Result<Desk, Problem> {
    let open = excepted(app, store).await?;
    let orders = Count::up_to(open.len(), limits::GROUPED);
    let mut groups = grouped(store, &open, orders.or_more);
    groups.truncate(limits::GROUPS);
    describe(app, store, &mut groups).await?;
    Ok(Desk { store: store.clone(), groups, orders })
}

/// One group, for its own page. With more exceptions than are grouped one that
/// is not among them may be there all the same.
pub async fn group(app: &App, store: &StoreId, code: &str, subject: &str) -> Result<Group, Problem> {
    let open = excepted(app, store).await?;
    let or_more = open.len() >= limits::GROUPED;
    let mut groups = grouped(store, &open, or_more);
    groups.retain(|group| group.code == code && group.subject == subject);
    groups.truncate(1);
    describe(app, store, &mut groups).await?;
    if let (None, true, Some(last)) = (groups.first(), or_more, open.last()) {
        let detail = format!("It is not among the first {} exceptions.", limits::GROUPED);
        groups.push(Group { detail, ..empty(store, (code, subject), last.at, or_more) });
    }
    groups.pop().ok_or_else(|| Problem::not_found("There is no exception of this kind any more."))
}

fn empty(store: &StoreId, (code, subject): (&str, &str), since: Timestamp, or_more: bool) -> Group {
    Group {
        store: store.clone(),
        code: code.to_owned(),
        subject: subject.to_owned(),
        orders: 0,
        or_more,
        since,
        detail: String::new(),
        meaning: meaning::of(code),
        missing: meaning::missing_mapping(code, subject),
        examples: Vec::new(),
    }
}

async fn excepted(app: &App, store: &StoreId) -> Result<Vec<OpenOrder>, Problem> {
    let mut open: Vec<OpenOrder> = Vec::new();
    while open.len() < limits::GROUPED {
        let page = app.open.open(store, OpenState::Exception, open.last(), limits::COUNTED).await?;
        let last = page.len() < limits::COUNTED;
        open.extend(page);
        if last {
            break;
        }
    }
    Ok(open)
}

/// Earliest first within a group; the largest group first.
fn grouped(store: &StoreId, open: &[OpenOrder], or_more: bool) -> Vec<Group> {
    let mut groups: BTreeMap<(&str, &str), Group> = BTreeMap::new();
    for order in open {
        let code = order.code.as_deref().unwrap_or_default();
        let subject = order.subject.as_deref().unwrap_or_default();
        let group = groups.entry((code, subject));
        let group = group.or_insert_with(|| empty(store, (code, subject), order.at, or_more));
        group.orders += 1;
        group.since = group.since.min(order.at);
        if group.examples.len() < limits::EXAMPLES {
            group.examples.push(order.key.order.0);
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by(|a, b| b.orders.cmp(&a.orders).then(a.since.cmp(&b.since)));
    groups
}

/// Lets each group say what its first order says: one batch of records.
async fn describe(app: &App, store: &StoreId, groups: &mut [Group]) -> Result<(), Problem> {
    let key = |group: &Group| {
        let order = weir_domain::id::OrderId(*group.examples.first()?);
        Some(OrderKey { store: store.clone(), order })
    };
    let keys: Vec<OrderKey> = groups.iter().filter_map(key).collect();
    if keys.is_empty() {
        return Ok(());
    }
    let records = app.open.records(&keys).await?;
    for group in groups {
        let first = group.examples.first();
        let record = records.iter().find(|record| Some(&record.key.order.0) == first);
        let detail = record.and_then(|record| record.exception()).map(|exception| exception.detail.clone());
        group.detail = detail.unwrap_or_default();
    }
    Ok(())
}

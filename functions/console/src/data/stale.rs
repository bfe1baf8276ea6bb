//! Which items a shop does not show as it should.

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Serialize;
use weir_domain::id::{EntityId, ItemKey, Sku, StoreId};

use super::item::StandingView;
use super::{cursor, limits, parse_cursor};
use crate::Problem;
use crate::state::App;

/// One page of them, longest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stale {
    /// Which shop.
    pub store: StoreId,
    /// The items.
    pub items: Vec<StaleItem>,
    /// `after` of the next page, if there may be one.
    pub next: Option<String>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StaleItem {
    /// Whose stock.
    pub entity: EntityId,
    /// The ERP's item code.
    pub sku: Sku,
    /// Since when.
    pub since: Timestamp,
    /// What the shop showed when it was last seen.
    pub shown: Option<Decimal>,
    /// What was last reached there.
    pub reached: Option<Decimal>,
    /// A write is under way, or its answer was lost.
    pub write_under_way: bool,
    /// How it stands.
    pub standing: StandingView,
}

/// The stale items of a store, after an earlier page's [`Stale::next`].
pub async fn stale(app: &App, store: &StoreId, after: Option<&str>) -> Result<Stale, Problem> {
    let after = after.map(position).transpose()?;
    let listed = app.stock.stale(store, after.as_ref(), limits::STALE).await?;
    let keys: Vec<ItemKey> = listed.iter().map(|(item, _)| item.clone()).collect();
    let states = if keys.is_empty() { Vec::new() } else { app.stock.items(&keys).await? };
    let next = (listed.len() >= limits::STALE).then(|| listed.last()).flatten();
    let next = next.map(|(item, since)| cursor(*since, item));
    let items = listed.into_iter().zip(states).map(|((item, since), mut state)| {
        let publication = state.publications.remove(store).unwrap_or_default();
        StaleItem {
            entity: item.entity,
            sku: item.sku,
            since,
            shown: publication.shown,
            reached: publication.reached.map(|reached| reached.why.target),
            write_under_way: publication.intent.is_some(),
            standing: StandingView::of(&publication.standing),
        }
    });
    Ok(Stale { store: store.clone(), items: items.collect(), next })
}

/// The inverse of a [`Stale::next`].
fn position(after: &str) -> Result<(ItemKey, Timestamp), Problem> {
    let bad = || Problem::bad_request("This page does not exist: begin with the first one.");
    let (since, name) = parse_cursor(after).ok_or_else(bad)?;
    let (entity, sku) = name.split_once('/').ok_or_else(bad)?;
    Ok((ItemKey { entity: entity.parse().map_err(|_| bad())?, sku: Sku(sku.to_owned()) }, since))
}

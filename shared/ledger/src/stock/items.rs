//! Reading items: all rows of a partition, or positions alone.

use std::collections::BTreeMap;

use futures::stream::{self, StreamExt, TryStreamExt};
use weir_domain::id::ItemKey;
use weir_domain::ports::{ItemState, LedgerError};
use weir_domain::stock::Position;

use super::lines::Row;
use super::{AT_ONCE, DynamoStock};
use crate::item::{Item, s, stored, text};
use crate::key::{POSITION, SHOP, item, parse_line, primary};

impl DynamoStock {
    pub(super) async fn query_items(&self, items: &[ItemKey]) -> Result<Vec<ItemState>, LedgerError> {
        let queries: Vec<_> = items.iter().map(|key| self.query_item(key)).collect();
        stream::iter(queries).buffered(AT_ONCE).try_collect().await
    }

    /// Everything about one item. Of one that cannot be stored nothing is.
    async fn query_item(&self, key: &ItemKey) -> Result<ItemState, LedgerError> {
        let Some(partition) = item(key) else { return Ok(ItemState::default()) };
        let query = self
            .rows
            .query("#pk = :pk")
            .consistent_read(true)
            .expression_attribute_values(":pk", s(partition));
        state(key, &self.rows.find(query, usize::MAX).await?)
    }

    /// A stale answer here costs a comparison too many and nothing else.
    pub(super) async fn get_positions(
        &self,
        items: &[ItemKey],
    ) -> Result<BTreeMap<ItemKey, Position>, LedgerError> {
        let by_partition: BTreeMap<String, &ItemKey> =
            items.iter().filter_map(|key| Some((item(key)?, key))).collect();
        let wanted = by_partition.keys().map(|pk| primary(pk.clone(), POSITION)).collect();
        let mut positions = BTreeMap::new();
        for row in &self.rows.get_many(wanted, Some("#pk, #position"), false).await? {
            if let Some(key) = text(row, "pk").and_then(|pk| by_partition.get(pk)) {
                positions.insert((*key).clone(), stored(row, "position")?);
            }
        }
        Ok(positions)
    }
}

/// What the rows of an item say. One of an unknown kind may matter: better
/// nothing is published than too much.
fn state(key: &ItemKey, rows: &[Item]) -> Result<ItemState, LedgerError> {
    let mut state = ItemState::default();
    for row in rows {
        let sk = text(row, "sk").unwrap_or_default();
        if sk == POSITION {
            state.position = Some(stored(row, "position")?);
        } else if let Some(line) = parse_line(sk) {
            state.lines.push(Row::read(row)?.in_flight(key, line));
        } else if let Some(Ok(store)) = sk.strip_prefix(SHOP).map(str::parse) {
            state.publications.insert(store, stored(row, "publication")?);
        } else {
            return Err(LedgerError::Corrupt(format!("a row of {key} is of no known kind")));
        }
    }
    state.lines.sort_by(|a, b| a.line.cmp(&b.line));
    Ok(state)
}

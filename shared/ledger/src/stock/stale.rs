//! The sparse index `stale`: publications of which a shop does not show what
//! it should; nothing else is in it, so it stays small.
//!
//! `stale_pk` is `<store>#<shard>`; `stale_sk` is an instant and the item:
//! `2026-11-28T09:30:00.000Z#acme#MUG-L`, so that the oldest come first. Both
//! say all that is asked: the index needs no other attribute.

use futures::future::try_join_all;
use jiff::Timestamp;
use weir_domain::id::{ItemKey, Sku, StoreId};
use weir_domain::ports::LedgerError;

use super::DynamoStock;
use crate::item::{Item, floor_ms, instant, s, text};
use crate::key::{SHARDS, sku_shard};

/// The index.
const INDEX: &str = "stale";
/// The longest answer.
const LONGEST_ANSWER: usize = 1_000;

/// Where one publication is found.
pub(super) struct Stale {
    pub(super) pk: String,
    pub(super) sk: String,
}

impl Stale {
    pub(super) fn new(store: &StoreId, item: &ItemKey, since: Timestamp) -> Self {
        Self { pk: partition(store, sku_shard(&item.sku)), sk: sort_key(item, since) }
    }
}

impl DynamoStock {
    pub(super) async fn query_stale(
        &self,
        store: &StoreId,
        after: Option<&(ItemKey, Timestamp)>,
        limit: usize,
    ) -> Result<Vec<(ItemKey, Timestamp)>, LedgerError> {
        let limit = limit.min(LONGEST_ANSWER);
        if limit == 0 {
            return Ok(Vec::new());
        }
        // The same in every shard: the order is that of all of them together.
        let after = after.map(|(item, since)| sort_key(item, *since));
        let after = after.as_deref();
        let shards = (0..SHARDS).map(|shard| self.query_shard(store, shard, after, limit));
        let shards = try_join_all(shards).await?;
        let mut rows = shards.concat();
        rows.sort_unstable();
        rows.truncate(limit);
        let corrupt = || LedgerError::Corrupt(format!("a row of the stale index of {store}"));
        rows.iter().map(|row| parse(row).ok_or_else(corrupt)).collect()
    }

    /// The first sort keys of a shard, or the first after one.
    async fn query_shard(
        &self,
        store: &StoreId,
        shard: u64,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, LedgerError> {
        let query = match after {
            None => self.rows.query("#stale_pk = :pk"),
            Some(after) => {
                let query = self.rows.query("#stale_pk = :pk AND #stale_sk > :after");
                query.expression_attribute_values(":after", s(after.to_owned()))
            }
        };
        let query = query
            .index_name(INDEX)
            .expression_attribute_values(":pk", s(partition(store, shard)))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let rows = self.rows.find(query, limit).await?;
        let sort_key = |row: &Item| text(row, "stale_sk").map(str::to_owned);
        Ok(rows.iter().filter_map(sort_key).collect())
    }
}

fn partition(store: &StoreId, shard: u64) -> String {
    format!("{store}#{shard}")
}

fn sort_key(item: &ItemKey, since: Timestamp) -> String {
    format!("{}#{}#{}", instant(floor_ms(since)), item.entity, item.sku)
}

fn parse(sk: &str) -> Option<(ItemKey, Timestamp)> {
    let (since, item) = sk.split_once('#')?;
    let (entity, sku) = item.split_once('#')?;
    let item = ItemKey { entity: entity.parse().ok()?, sku: Sku(sku.to_owned()) };
    Some((item, since.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let since: Timestamp = "2026-11-28T09:00:00.5Z".parse().unwrap();
        let longest = "x".repeat(900);
        for sku in ["MUG-L", "", "#", "a#b#c", "Größe 4/4", longest.as_str()] {
            let item = ItemKey { entity: "acme".parse().unwrap(), sku: Sku(sku.to_owned()) };
            let Stale { pk, sk } = Stale::new(&"main".parse().unwrap(), &item, since);
            assert!(sk.len() <= 1_024 && pk.starts_with("main#"), "{pk} {sk}");
            assert_eq!(parse(&sk), Some((item, since)));
        }
        for bad in ["", "2026-11-28T09:00:00.500Z", "2026-11-28T09:00:00.500Z#acme", "soon#acme#MUG-L"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}

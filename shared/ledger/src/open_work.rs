//! The open work, for people: the index `open` state by state, with what is
//! not yet due, and the records behind it.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use futures::future::try_join_all;
use weir_domain::id::{OrderId, OrderKey, StoreId};
use weir_domain::ports::{LedgerError, OpenOrder, OpenOrders, OpenState};
use weir_domain::record::OrderRecord;

use crate::DynamoLedger;
use crate::item::{Item, document, s, text};
use crate::key::{RECORD, SHARDS, order, primary};
use crate::open::{INDEX, LONGEST_PAGE, parse_peer, partition, sort_key};
use crate::rows::PAGES;

#[async_trait]
impl OpenOrders for DynamoLedger {
    async fn open(
        &self,
        store: &StoreId,
        state: OpenState,
        after: Option<&OpenOrder>,
        limit: usize,
    ) -> Result<Vec<OpenOrder>, LedgerError> {
        let limit = limit.min(LONGEST_PAGE);
        if limit == 0 {
            return Ok(Vec::new());
        }
        // The same in every shard: the order is that of all of them together.
        let after = after.map(position);
        let rows = |shard| {
            let query = self.of_shard(store, state, shard, after.as_deref());
            self.rows.find(query.limit(i32::try_from(limit).unwrap_or(i32::MAX)), limit)
        };
        let rows = try_join_all((0..SHARDS).map(rows)).await?.concat();
        let corrupt = || LedgerError::Corrupt(format!("a row of the open index of {store}"));
        let mut open: Vec<OpenOrder> =
            rows.iter().map(|row| parse(store, row).ok_or_else(corrupt)).collect::<Result<_, _>>()?;
        // As the index sorts: a later page goes on where this one ends.
        open.sort_by_cached_key(position);
        open.truncate(limit);
        Ok(open)
    }

    /// Whoever counts reads the rows: `at_most` of them in all, shared out
    /// among the shards that have more, all of which are asked at once.
    async fn count_open(
        &self,
        store: &StoreId,
        state: OpenState,
        at_most: usize,
    ) -> Result<usize, LedgerError> {
        let mut counted = 0;
        let mut unread: Vec<(u64, Option<Item>)> = (0..SHARDS).map(|shard| (shard, None)).collect();
        for _ in 0..PAGES {
            let shares = shares(at_most.saturating_sub(counted), unread.len());
            if shares.is_empty() {
                return Ok(counted);
            }
            let waiting = unread.split_off(shares.len());
            let pages = unread.into_iter().zip(shares).map(|((shard, from), share)| async move {
                let query = self.of_shard(store, state, shard, None);
                self.rows.count(query, share, from).await.map(|page| (shard, page))
            });
            let pages = try_join_all(pages).await?;
            counted += pages.iter().map(|(_, (rows, _))| rows).sum::<usize>();
            let goes_on = |(shard, (_, next)): (u64, (usize, Option<Item>))| Some((shard, Some(next?)));
            unread = waiting.into_iter().chain(pages.into_iter().filter_map(goes_on)).collect();
        }
        Err(LedgerError::Unavailable("a partition is too long to be counted at once".to_owned()))
    }

    /// Strongly consistent: a person who has just acted looks at what became
    /// of it.
    async fn records(&self, keys: &[OrderKey]) -> Result<Vec<OrderRecord>, LedgerError> {
        let partitions: BTreeSet<String> = keys.iter().map(order).collect();
        let wanted = partitions.into_iter().map(|pk| primary(pk, RECORD)).collect();
        let mut found: BTreeMap<OrderKey, OrderRecord> = BTreeMap::new();
        for item in &self.rows.get_many(wanted, Some("#pk, #record"), true).await? {
            // Of an order that is claimed for the first time there is none yet.
            if let Some(record) = document::<OrderRecord>(item, "record")? {
                found.insert(record.key.clone(), record);
            }
        }
        Ok(keys.iter().filter_map(|key| found.remove(key)).collect())
    }
}

impl DynamoLedger {
    /// One shard of a state, or what comes after a place in it.
    fn of_shard(
        &self,
        store: &StoreId,
        state: OpenState,
        shard: u64,
        after: Option<&str>,
    ) -> QueryInputBuilder {
        let query = match after {
            None => self.rows.query("#open_pk = :pk"),
            Some(after) => {
                let query = self.rows.query("#open_pk = :pk AND #open_sk > :after");
                query.expression_attribute_values(":after", s(after))
            }
        };
        query.index_name(INDEX).expression_attribute_values(":pk", s(partition(store, name(state), shard)))
    }
}

/// What a state is called in the index.
fn name(state: OpenState) -> &'static str {
    match state {
        OpenState::Due => "due",
        OpenState::Exception => "exception",
        OpenState::Held => "held",
    }
}

/// Where an order is in the index.
fn position(open: &OpenOrder) -> String {
    sort_key(open.at, open.key.order)
}

/// A number of rows shared out among so many: nobody gets none.
fn shares(rows: usize, among: usize) -> Vec<usize> {
    let among = among.min(rows);
    (0..among).map(|index| rows / among + usize::from(index < rows % among)).collect()
}

fn parse(store: &StoreId, row: &Item) -> Option<OpenOrder> {
    let (at, order) = text(row, "open_sk")?.split_once('#')?;
    let peer = match text(row, "peer") {
        Some(peer) => Some(parse_peer(peer)?),
        None => None,
    };
    Some(OpenOrder {
        key: OrderKey { store: store.clone(), order: OrderId(order.parse().ok()?) },
        at: at.parse().ok()?,
        peer,
        code: text(row, "code").map(str::to_owned),
        subject: text(row, "subject").map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_shared_out_to_the_last() {
        assert_eq!(shares(10, 4), [3, 3, 2, 2]);
        assert_eq!(shares(4, 4), [1; 4]);
        assert_eq!(shares(3, 4), [1; 3], "the fourth waits");
        assert_eq!((shares(0, 4), shares(4, 0)), (vec![], vec![]));
    }

    #[test]
    fn a_row_that_makes_no_sense_is_none() {
        let store = "main".parse().unwrap();
        let row = |sk: &str| Item::from([("open_sk".to_owned(), s(sk))]);
        let sk = "2026-11-28T09:00:00.000Z#4711";
        let open = parse(&store, &row(sk)).unwrap();
        assert_eq!((open.key.order, position(&open)), (OrderId(4711), sk.to_owned()));
        for bad in ["", "2026-11-28T09:00:00.000Z", "2026-11-28T09:00:00.000Z#x", "soon#4711"] {
            assert_eq!(parse(&store, &row(bad)), None, "{bad}");
        }
    }
}

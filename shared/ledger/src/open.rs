//! The sparse index `open`: what waits, is claimed, is an exception, or is
//! held by a person; nothing else is in it, so it stays small.
//!
//! `open_pk` is `<store>#<state>#<shard>` with the states `due`, `exception`
//! and `held`; `open_sk` is an instant and the order's id:
//! `2026-11-28T09:30:00.000Z#4711`, so that the oldest come first. A claimed
//! order is due when its lease ends, whatever it was before. An order that
//! waits and is an exception all the same is under `due`, with the
//! exception's code and subject.

use jiff::Timestamp;
use weir_domain::circuit::Peer;
use weir_domain::id::{OrderId, OrderKey, StoreId};
use weir_domain::ports::{DueOrder, LedgerError};
use weir_domain::record::{Hold, OrderRecord, WaitReason};

use crate::DynamoLedger;
use crate::expression::Write;
use crate::item::{Item, ceil_ms, floor_ms, instant, s, text};
use crate::key::{SHARDS, shard};

/// The index.
pub(crate) const INDEX: &str = "open";
/// One page of the index: its rows are small, so that a page of this many
/// stays far below the platform's limit of 1 MB.
pub(crate) const LONGEST_PAGE: usize = 1_000;

/// Where one order is found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Open {
    pk: String,
    sk: String,
    peer: Option<String>,
    code: Option<String>,
    subject: Option<String>,
}

impl Open {
    /// Claimed: due when the lease ends.
    pub(crate) fn claimed(key: &OrderKey, until: Timestamp) -> Self {
        Self::at(key, "due", until)
    }

    /// Free: follows from its hold. `None` if nothing is open.
    pub(crate) fn free(record: &OrderRecord) -> Option<Self> {
        let key = &record.key;
        let open = match &record.hold {
            Hold::None | Hold::Skipped { .. } => return None,
            Hold::Exception(exception) if exception.accepted.is_some() => return None,
            Hold::Waiting { reason, due_at, .. } => {
                let peer = match reason {
                    WaitReason::CircuitOpen(peer) => Some(peer.to_string()),
                    _ => None,
                };
                Self { peer, ..Self::at(key, "due", *due_at) }
            }
            Hold::Exception(exception) => Self::at(key, "exception", exception.since),
            Hold::Held { .. } => Self::at(key, "held", record.first_heard_at),
        };
        let exception = record.exception();
        let code = exception.map(|exception| exception.code.clone());
        let subject = exception.map(|exception| exception.subject.clone());
        Some(Self { code, subject, ..open })
    }

    fn at(key: &OrderKey, state: &str, at: Timestamp) -> Self {
        Self {
            pk: partition(&key.store, state, shard(key.order)),
            sk: sort_key(at, key.order),
            peer: None,
            code: None,
            subject: None,
        }
    }
}

impl Write {
    /// Moves the order within the index, or out of it.
    pub(crate) fn open(self, open: Option<Open>) -> Self {
        let (keys, facts) = match open {
            Some(open) => ((Some(open.pk), Some(open.sk)), (open.peer, open.code, open.subject)),
            None => ((None, None), (None, None, None)),
        };
        self.set_or_remove("open_pk", keys.0.map(s))
            .set_or_remove("open_sk", keys.1.map(s))
            .set_or_remove("peer", facts.0.map(s))
            .set_or_remove("code", facts.1.map(s))
            .set_or_remove("subject", facts.2.map(s))
    }
}

impl DynamoLedger {
    pub(crate) async fn query_due(
        &self,
        store: &StoreId,
        now: Timestamp,
        limit: usize,
        after: Option<&DueOrder>,
    ) -> Result<Vec<DueOrder>, LedgerError> {
        let limit = limit.min(LONGEST_PAGE);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut due = Vec::new();
        for shard in 0..SHARDS {
            due.extend(self.query_shard(store, shard, now, limit, after).await?);
        }
        // As the index sorts: a later page goes on where this one ends.
        due.sort_by_cached_key(position);
        due.truncate(limit);
        Ok(due)
    }

    async fn query_shard(
        &self,
        store: &StoreId,
        shard: u64,
        now: Timestamp,
        limit: usize,
        after: Option<&DueOrder>,
    ) -> Result<Vec<DueOrder>, LedgerError> {
        // :from, exclusive: a blank ├──── due now ──┤ :until = now, and every id
        // sorts before every digit  ┘               └ due later: not yet
        let due = "#open_pk = :pk AND #open_sk BETWEEN :from AND :until";
        let from = after.map_or_else(|| " ".to_owned(), |after| format!("{} ", position(after)));
        let until = format!("{}#~", instant(floor_ms(now)));
        if from > until {
            return Ok(Vec::new());
        }
        let query = self
            .rows
            .query(due)
            .index_name(INDEX)
            .expression_attribute_values(":pk", s(partition(store, "due", shard)))
            .expression_attribute_values(":from", s(from))
            .expression_attribute_values(":until", s(until))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let page = self.rows.find(query, limit).await?;
        page.iter().map(|item| due_order(store, item)).collect()
    }
}

pub(crate) fn partition(store: &StoreId, state: &str, shard: u64) -> String {
    format!("{store}#{state}#{shard}")
}

pub(crate) fn sort_key(at: Timestamp, order: OrderId) -> String {
    format!("{}#{order}", instant(ceil_ms(at)))
}

/// Where an order is in the index.
fn position(due: &DueOrder) -> String {
    sort_key(due.due_at, due.key.order)
}

fn due_order(store: &StoreId, item: &Item) -> Result<DueOrder, LedgerError> {
    let parse = || {
        let (due_at, order) = text(item, "open_sk")?.split_once('#')?;
        let key = OrderKey { store: store.clone(), order: OrderId(order.parse().ok()?) };
        let peer = match text(item, "peer") {
            Some(peer) => Some(parse_peer(peer)?),
            None => None,
        };
        Some(DueOrder { key, due_at: due_at.parse().ok()?, peer })
    };
    parse().ok_or_else(|| LedgerError::Corrupt(format!("a row of the open index of {store}")))
}

/// The inverse of [`Peer`]'s `Display`.
pub(crate) fn parse_peer(text: &str) -> Option<Peer> {
    match text.split_once('/')? {
        ("erp", name) => Some(Peer::Erp(name.parse().ok()?)),
        ("store", name) => Some(Peer::Store(name.parse().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_read_as_it_was_written() {
        let peers = [Peer::Erp("books".parse().unwrap()), Peer::Store("main".parse().unwrap())];
        for peer in peers {
            assert_eq!(parse_peer(&peer.to_string()), Some(peer));
        }
        for bad in ["", "erp", "erp/", "shop/main", "erp/a/b"] {
            assert_eq!(parse_peer(bad), None, "{bad}");
        }
    }
}

//! What one delivery leaves undone, and what becomes of it: it waits on the
//! list of the stale, or with this message, or goes on in one new message that
//! names less. Never in both: messages do not multiply.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::message::{MOST_HOPS, StockMoved};
use super::publish::{Publish, Published, StockDelivery, StockSummary};
use super::refresh::{key, some_at_once};
use crate::id::{ItemKey, Sku, StoreId};
use crate::ports::{LedgerError, QueueError};

/// Deliveries of one message that may be spent on waiting before the items
/// wait in the table instead.
const QUICK_RETRIES: u32 = 3;
/// A delivery is put off for at most this; longer waits are the table's.
const LONGEST_RETRY: SignedDuration = SignedDuration::from_secs(120);

/// What is left.
#[derive(Debug, Default)]
pub(super) struct Left {
    until: Option<Timestamp>,
    why: Option<String>,
    /// A peer failed, or asked for time: it is not asked sooner for anything.
    in_peace: bool,
    /// Items that wait, on record or not.
    items: BTreeSet<Sku>,
    /// Of these, what is on no record: it must come back.
    unrecorded: BTreeSet<(StoreId, Sku)>,
    /// Positions have to be read anew first.
    refresh: bool,
}

impl Left {
    /// A peer is left alone until then; what that concerns is on record.
    pub(super) fn leave_in_peace(&mut self, until: Timestamp, why: impl Into<String>) {
        self.note(until, why);
        self.in_peace = true;
    }

    /// An item waits, and is on record.
    pub(super) fn wait(&mut self, item: &Sku, until: Timestamp, why: impl Into<String>) {
        self.note(until, why);
        self.items.insert(item.clone());
    }

    /// An item waits, and is on no record of what this delivery knows.
    pub(super) fn come_back(
        &mut self,
        store: &StoreId,
        item: &Sku,
        until: Timestamp,
        why: impl Into<String>,
    ) {
        self.wait(item, until, why);
        self.unrecorded.insert((store.clone(), item.clone()));
    }

    /// An item waits for its position to be read anew, and is on record.
    pub(super) fn refresh(&mut self, item: &Sku) {
        self.items.insert(item.clone());
        self.refresh = true;
    }

    /// Why all of it waits, in the end.
    pub(super) fn explain(&mut self, why: String) {
        self.why = Some(why);
    }

    /// Another store's.
    pub(super) fn add(&mut self, other: Self) {
        self.until = self.until.max(other.until);
        self.why = other.why.or(self.why.take());
        self.in_peace |= other.in_peace;
        self.items.extend(other.items);
        self.unrecorded.extend(other.unrecorded);
        self.refresh |= other.refresh;
    }

    fn note(&mut self, until: Timestamp, why: impl Into<String>) {
        // Whoever waits longest decides: coming too early spends a receive.
        self.until = self.until.max(Some(until));
        self.why = Some(why.into());
    }

    /// Whether a new message gets further than this one would.
    fn goes_on(&self, message: &StockMoved) -> bool {
        let due = self.refresh || (!self.unrecorded.is_empty() && self.items.len() < message.skus.len());
        due && !self.in_peace && message.hops < MOST_HOPS
    }
}

impl Publish {
    /// What to tell the queue.
    pub(super) async fn finish(
        &self,
        message: &StockMoved,
        delivery: &StockDelivery,
        mut summary: StockSummary,
        left: Left,
    ) -> Result<Published, LedgerError> {
        summary.why.clone_from(&left.why);
        if left.goes_on(message) {
            summary.sent_on = left.items.len();
            self.send_on(message, left).await?;
            return Ok(Published::Acknowledge(summary));
        }
        let Some(until) = left.until else { return Ok(Published::Acknowledge(summary)) };
        let wait = until.duration_since(self.clock.now()).max(SignedDuration::from_secs(1));
        let enough = delivery.receives > QUICK_RETRIES || wait > LONGEST_RETRY;
        if enough && self.mark(message, &left).await? {
            return Ok(Published::Acknowledge(summary));
        }
        Ok(Published::RetryAfter(wait.min(LONGEST_RETRY), summary))
    }

    /// What is left goes on alone.
    async fn send_on(&self, message: &StockMoved, left: Left) -> Result<(), LedgerError> {
        let rest = StockMoved {
            skus: left.items.into_iter().collect(),
            refresh: message.refresh || left.refresh,
            // Positions are read anew if they are older than this.
            received_at: if left.refresh { self.clock.now() } else { message.received_at },
            hops: message.hops + 1,
            ..message.clone()
        };
        self.queue.send(&[rest]).await.map_err(|QueueError(why)| LedgerError::Unavailable(why))
    }

    /// Puts what is on no record on the list of the stale. The record moves
    /// even where it is there already: who is at work on older facts finds
    /// out, and leaves it there. `false` if somebody was faster. An item of
    /// which nothing is stored may be one that never can be: it is let go.
    async fn mark(&self, message: &StockMoved, left: &Left) -> Result<bool, LedgerError> {
        let skus: BTreeSet<&Sku> = left.unrecorded.iter().map(|(_, sku)| sku).collect();
        let keys: Vec<ItemKey> = skus.into_iter().map(|sku| key(&message.entity, sku)).collect();
        let states = self.stock.items(&keys).await?;
        let states: BTreeMap<&Sku, _> = keys.iter().map(|item| &item.sku).zip(&states).collect();
        let now = self.clock.now();
        let mut marks = Vec::new();
        for (store, sku) in &left.unrecorded {
            let Some(state) = states.get(sku) else { continue };
            let known = state.publications.get(store).cloned().unwrap_or_default();
            if !known.is_not_sold() {
                let nothing = known.version == 0 && state.position.is_none();
                let (item, marked) = (key(&message.entity, sku), known.marked(now));
                marks.push(
                    async move { Ok(self.stock.put_publication(&item, store, &marked).await? || nothing) },
                );
            }
        }
        some_at_once(marks)
            .await
            .into_iter()
            .try_fold(true, |all, put: Result<bool, LedgerError>| Ok(all & put?))
    }
}

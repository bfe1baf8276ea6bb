//! The GMT poll: finds the orders whose hint was lost.
//!
//! It walks the orders changed since the checkpoint, oldest change first,
//! always asking for what comes after the last change seen: a page number
//! would skip orders when others are changed while we list. Each window
//! reaches back behind the last one by a configured overlap.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::circuit::Peer;
use crate::config::StoreConfig;
use crate::hint::{Cause, Hint};
use crate::id::OrderKey;
use crate::outcome::CallError;
use crate::ports::{
    Checkpoint, Clock, Ledger, LedgerError, OrderQueue, OrderStub, QueueError, Schedules, SeenState, Shop,
    ShopError, ShopPage,
};

/// Orders on a full page of the shop's listing.
pub const PAGE: usize = 100;

/// The outside of the use case.
#[derive(Clone)]
pub struct Poll {
    /// What was seen already.
    pub ledger: Arc<dyn Ledger>,
    /// Leases and checkpoints.
    pub schedules: Arc<dyn Schedules>,
    /// Where hints go.
    pub queue: Arc<dyn OrderQueue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Why a poll failed; its checkpoint says how far it came.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// The ledger could not be asked or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The queue did not take the hints.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The shop could not be read.
    #[error(transparent)]
    Shop(#[from] ShopError),
}

/// What a poll did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Polled {
    /// Another run had the lease, or the last one was too recent.
    pub skipped: bool,
    /// Orders listed.
    pub listed: usize,
    /// Of these, orders that no hint had told us of.
    pub found: usize,
    /// Of these in turn, orders in which nothing but a refund told it: their
    /// date had not moved since they were read.
    pub found_refunds: usize,
    /// The time was over; the next run goes on from the checkpoint.
    pub unfinished: bool,
}

/// One run.
pub struct Run<'a> {
    /// The store.
    pub config: &'a StoreConfig,
    /// Its REST API.
    pub shop: &'a dyn Shop,
    /// Unique to this run.
    pub owner: &'a str,
    /// No page is begun after this: 80 % of the function's time.
    pub until: Timestamp,
    /// How long the lease holds: longer than the function's time-out.
    pub lease: SignedDuration,
}

impl Poll {
    /// Polls one store, if it is time.
    pub async fn run(&self, run: &Run<'_>) -> Result<Polled, PollError> {
        let job = format!("poll/{}", run.config.store);
        let now = self.clock.now();
        let Some(mut checkpoint) = self.schedules.begin(&job, run.owner, now, run.lease).await? else {
            return Ok(Polled { skipped: true, ..Polled::default() });
        };
        let polled = self.walk(run, &job, &mut checkpoint).await;
        // The lease is given back also after a failure: the next tick may
        // try, and starts from the last checkpoint.
        self.schedules.end(&job, checkpoint).await?;
        polled
    }

    async fn walk(&self, run: &Run<'_>, job: &str, checkpoint: &mut Checkpoint) -> Result<Polled, PollError> {
        let started_at = self.clock.now();
        let mut position = Position::read(checkpoint.cursor.as_deref(), run.config, started_at);
        if position.next_run > started_at {
            return Ok(Polled { skipped: true, ..Polled::default() });
        }
        let mut polled = Polled::default();
        let mut page = 1;
        loop {
            if self.clock.now() >= run.until {
                polled.unfinished = true;
                return Ok(polled);
            }
            let listing = self.list(run, position.after, page).await?;
            position.shop_time.get_or_insert(listing.answered_at.unwrap_or(started_at));
            polled.listed += listing.orders.len();
            self.hint_unseen(run, &listing.orders, &mut polled).await?;
            if listing.orders.len() < PAGE {
                break;
            }
            page = position.step(&listing.orders, page);
            self.schedules.advance(job, checkpoint, &position.cursor()).await?;
        }
        let next = position.next(run.config, started_at);
        self.schedules.advance(job, checkpoint, &next.cursor()).await?;
        Ok(polled)
    }

    /// Lists one page. The poll goes on while the shop's circuit is open, and
    /// so probes it also when no order waits: its success closes the circuit.
    async fn list(&self, run: &Run<'_>, after: Timestamp, page: u32) -> Result<ShopPage, PollError> {
        let listed = run.shop.changed_after(after, page).await;
        let peer = Peer::Store(run.config.store.clone());
        let mut slot = self.ledger.circuit(&peer).await?;
        let changed = match &listed {
            Err(ShopError::Call(CallError::Blocked { why, after })) => {
                slot.circuit.after_blocked(why, self.clock.now(), *after)
            }
            Err(_) => slot.circuit.clone(),
            Ok(_) => slot.circuit.after_success(),
        };
        if changed != slot.circuit {
            slot.circuit = changed;
            self.ledger.set_circuit(&peer, &slot).await?;
        }
        Ok(listed?)
    }

    /// Sends hints for orders in a state that was never read, or with a refund
    /// that was not there when they were.
    async fn hint_unseen(
        &self,
        run: &Run<'_>,
        orders: &[OrderStub],
        polled: &mut Polled,
    ) -> Result<(), PollError> {
        let key = |stub: &OrderStub| OrderKey { store: run.config.store.clone(), order: stub.id };
        let keys: Vec<OrderKey> = orders.iter().map(key).collect();
        let seen = self.ledger.seen(&keys).await?;
        let now = self.clock.now();
        let mut hints = Vec::new();
        let mut by_refund = 0;
        for stub in orders {
            match news(stub, seen.get(&key(stub))) {
                None => continue,
                Some(News::Refund) => by_refund += 1,
                Some(News::State) => {}
            }
            hints.push(Hint::of(&key(stub), Cause::Poll, now, run.owner));
        }
        self.queue.send(&hints).await?;
        polled.found += hints.len();
        polled.found_refunds += by_refund;
        Ok(())
    }
}

/// What of a listed order was never read.
enum News {
    /// It, or its present state.
    State,
    /// A refund, and the date says nothing of it.
    Refund,
}

fn news(stub: &OrderStub, seen: Option<&SeenState>) -> Option<News> {
    match seen {
        Some(seen) if seen.surely_until >= stub.modified_at => {
            let unknown = |refund| !seen.refunds.contains(refund);
            stub.refunds.iter().any(unknown).then_some(News::Refund)
        }
        _ => Some(News::State),
    }
}

/// Where the walk is; the checkpoint's cursor is its JSON. Times of changes
/// are by the shop's own clock.
#[derive(Serialize, Deserialize)]
struct Position {
    /// The listing is asked for what changed after this.
    after: Timestamp,
    /// The shop's clock when an unfinished walk began: the next window starts
    /// there.
    shop_time: Option<Timestamp>,
    /// No walk before this, by our clock.
    next_run: Timestamp,
}

impl Position {
    /// A cursor that cannot be read begins anew: orders are then looked at
    /// twice, never missed.
    fn read(cursor: Option<&str>, config: &StoreConfig, now: Timestamp) -> Self {
        let first = || Self {
            after: now - SignedDuration::from_hours(config.poll.first_hours.into()),
            shop_time: None,
            next_run: now,
        };
        cursor.and_then(|cursor| serde_json::from_str(cursor).ok()).unwrap_or_else(first)
    }

    fn cursor(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Goes on after a full page; returns the page to ask for. Changes are
    /// listed by whole seconds and `after` is exclusive, so the last second
    /// of a page is listed again; only a page within one second is paged.
    fn step(&mut self, orders: &[OrderStub], page: u32) -> u32 {
        let last = orders.iter().map(|stub| stub.modified_at).max().unwrap_or(self.after);
        let next = last - SignedDuration::from_secs(1);
        if next > self.after {
            self.after = next;
            1
        } else {
            page + 1
        }
    }

    /// Where the next walk begins: an overlap before this one's begin.
    fn next(&self, config: &StoreConfig, started_at: Timestamp) -> Self {
        let overlap = SignedDuration::from_mins(config.poll.overlap_minutes.into());
        let every = SignedDuration::from_mins(config.poll.every_minutes.into());
        let after = self.shop_time.unwrap_or(started_at) - overlap;
        Self { after, shop_time: None, next_run: started_at + every }
    }
}

impl From<CallError> for PollError {
    fn from(error: CallError) -> Self {
        Self::Shop(error.into())
    }
}

//! The use case of `stock-publish`: brings every store on a pool to what it
//! may sell. Facts are read in the order E, A, P, R, for all stores at once;
//! only differences are written.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use super::left::Left;
use super::message::{StockCause, StockMoved};
use super::pace::Pace;
use super::refresh::{ITEMS_PER_CALL, Refresh, RefreshError, key};
use super::round::Round;
use super::sales::unread_seller;
use crate::circuit::Peer;
use crate::config::StoreConfig;
use crate::hint::SKEW;
use crate::id::{ErpId, ItemKey, Sku, StoreId};
use crate::outcome::CallError;
use crate::ports::{
    Clock, ItemNames, Ledger, LedgerError, MappingStore, StockConnections, StockQueue, StockStore,
};

/// No request is begun with less time left.
pub(super) const CALL_RESERVE: SignedDuration = SignedDuration::from_secs(25);
/// A peer that asked for nothing is asked again after this.
const RETRY: SignedDuration = SignedDuration::from_secs(10);

/// The outside of the use case.
pub struct Publish {
    /// Positions, in-flight lines, publications.
    pub stock: Arc<dyn StockStore>,
    /// Where items are sent that have to be looked at again.
    pub queue: Arc<dyn StockQueue>,
    /// Whose circuits are respected.
    pub ledger: Arc<dyn Ledger>,
    /// What the shops' products are in the ERP …
    pub mappings: Arc<dyn MappingStore>,
    /// … and the other way round.
    pub names: Arc<dyn ItemNames>,
    /// Shops and ERPs.
    pub connections: Arc<dyn StockConnections>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How fast each shop is; lives as long as the process.
    pub paces: Mutex<BTreeMap<StoreId, Pace>>,
}

/// One delivery of a message.
#[derive(Debug, Clone)]
pub struct StockDelivery {
    /// How often the queue has delivered it, this time included.
    pub receives: u32,
    /// When the function stops.
    pub deadline: Timestamp,
}

/// What to tell the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// Done, or on record as stale.
    Acknowledge(StockSummary),
    /// The queue may bring the message back this soon.
    RetryAfter(SignedDuration, StockSummary),
}

/// What happened, for the one log line of the record and the metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StockSummary {
    /// Positions read from the ERP.
    pub refreshed: usize,
    /// By store.
    pub stores: BTreeMap<StoreId, StoreSummary>,
    /// Items that go on in a new message.
    pub sent_on: usize,
    /// Items whose positions no row can hold
    /// ([`Refreshed::too_long`](super::refresh::Refreshed::too_long)).
    pub too_long: Vec<Sku>,
    /// Why something has to wait, the last of several.
    pub why: Option<String>,
}

/// What happened in one store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreSummary {
    /// Quantities changed.
    pub written: usize,
    /// Items that were as they should be.
    pub kept: usize,
    /// Items that have to wait.
    pub waiting: usize,
    /// Items that became an exception now, by code.
    pub exceptions: BTreeMap<String, usize>,
    /// Requests that changed something.
    pub writes: usize,
    /// Requests that read.
    pub reads: usize,
}

/// What came of reading positions.
#[derive(Default)]
struct Fresh {
    /// Positions stored.
    stored: usize,
    /// Items whose positions no row can hold.
    too_long: Vec<Sku>,
    /// So many items, from the first on, are as fresh as they have to be: for
    /// the others there was no time.
    items: usize,
    /// The ERP could not be asked, and until when it is left alone.
    failed: Option<(Timestamp, String)>,
}

impl Publish {
    /// Works one message off. An error means that a table could not be read
    /// or written: the message must come back.
    pub async fn work(
        &self,
        message: &StockMoved,
        delivery: &StockDelivery,
    ) -> Result<Published, LedgerError> {
        let mut summary = StockSummary::default();
        let mut left = Left::default();
        let stores: Vec<Arc<StoreConfig>> = self.stores_of(message);
        if stores.is_empty() || message.skus.is_empty() {
            return Ok(Published::Acknowledge(summary));
        }
        let keys: Vec<ItemKey> = message.skus.iter().map(|sku| key(&message.entity, sku)).collect();
        let until = self.half_of_the_time(delivery);
        let fresh = self.refresh(&stores, message, &keys, until).await?;
        summary.refreshed = fresh.stored;
        summary.too_long = fresh.too_long;
        let unrefreshed = fresh.failed.is_some();
        if let Some((until, why)) = fresh.failed {
            left.leave_in_peace(until, why);
        }
        let mut places = self.places(stores).await?;
        let states = self.stock.items(&keys).await?;
        let until = self.half_of_the_time(delivery);
        self.read_products(&mut places, &message.skus[..fresh.items], until).await?;
        let (news, complete) = self.read_sales(&mut places, self.half_of_the_time(delivery)).await?;
        let disabled = self.connections.disabled();
        let unread = unread_seller(&disabled, &states);
        let rounds = places.iter().map(|place| Round {
            publish: self,
            place,
            items: &keys,
            states: &states,
            news: &news,
            lower_only: !complete || unread.is_some(),
            exact: message.cause == StockCause::Full,
            unrefreshed,
            deadline: delivery.deadline,
        });
        let rounds: Vec<Round<'_>> = rounds.collect();
        // Each to its end, whatever becomes of the others: shops are written to.
        let worked = join_all(rounds.iter().map(Round::run)).await;
        for (place, worked) in places.iter().zip(worked) {
            let (of_store, left_there) = worked?;
            summary.stores.insert(place.config.store.clone(), of_store);
            left.add(left_there);
        }
        if let Some(store) = unread {
            left.explain(format!("store/{store} is disabled"));
        }
        self.finish(message, delivery, summary, left).await
    }

    /// Until when a step may begin requests: half of what is left of the time
    /// in which any are begun, so that every step after it has its part.
    fn half_of_the_time(&self, delivery: &StockDelivery) -> Timestamp {
        let now = self.clock.now();
        let left = (delivery.deadline - CALL_RESERVE).duration_since(now).max(SignedDuration::ZERO);
        now + left / 2
    }

    /// The stores that sell this entity's stock.
    fn stores_of(&self, message: &StockMoved) -> Vec<Arc<StoreConfig>> {
        let sells = |store: &Arc<StoreConfig>| {
            store.stock.as_ref().is_some_and(|stock| stock.entity == message.entity)
        };
        self.connections.stores().into_iter().filter(sells).collect()
    }

    /// Reads positions anew: all of them if the message says so and nobody has
    /// since it was received, else those that were never read.
    async fn refresh(
        &self,
        stores: &[Arc<StoreConfig>],
        message: &StockMoved,
        keys: &[ItemKey],
        until: Timestamp,
    ) -> Result<Fresh, LedgerError> {
        let mut fresh = Fresh { items: keys.len(), ..Fresh::default() };
        let positions = self.stock.positions(keys).await?;
        let due = |item: &&Sku| {
            positions
                .get(&key(&message.entity, item))
                .is_none_or(|position| message.refresh && position.as_of < message.received_at + SKEW)
        };
        let due: Vec<Sku> = message.skus.iter().filter(due).cloned().collect();
        let Some(erp) = stores.iter().find_map(|store| store.stock_erp()).filter(|_| !due.is_empty()) else {
            return Ok(fresh);
        };
        let circuit = self.ledger.circuit(&Peer::Erp(erp.clone())).await?.circuit;
        if let Some(open) = circuit.open_for_reads(self.clock.now()) {
            fresh.failed = Some((open.probe_at, format!("the circuit of erp/{erp} is open")));
            return Ok(fresh);
        }
        match self.refresh_from(erp, message, &due, until, &mut fresh).await {
            Ok(None) => {}
            // Those before it were read, or need not be.
            Ok(Some(first)) => {
                fresh.items = message.skus.iter().position(|sku| *sku == first).unwrap_or(keys.len());
            }
            Err(RefreshError::Ledger(error)) => return Err(error),
            Err(RefreshError::Erp(error)) => {
                fresh.failed = Some((self.clock.now() + wish(&error), error.to_string()));
            }
        }
        Ok(fresh)
    }

    /// Gives the first item for which there was no time.
    async fn refresh_from(
        &self,
        erp: &ErpId,
        message: &StockMoved,
        due: &[Sku],
        until: Timestamp,
        fresh: &mut Fresh,
    ) -> Result<Option<Sku>, RefreshError> {
        let erp = self.connections.erp_stock(erp).await?;
        let refresh = Refresh { stock: &*self.stock, ledger: &*self.ledger, erp: &*erp, clock: &*self.clock };
        for some in due.chunks(ITEMS_PER_CALL) {
            if self.clock.now() >= until {
                return Ok(some.first().cloned());
            }
            let refreshed = refresh.items(&message.entity, some).await?;
            fresh.stored += refreshed.stored;
            fresh.too_long.extend(refreshed.too_long);
        }
        Ok(None)
    }

    pub(super) fn pace(&self, store: &StoreId) -> Pace {
        self.paces.lock().unwrap_or_else(PoisonError::into_inner).get(store).copied().unwrap_or_default()
    }

    pub(super) fn set_pace(&self, store: &StoreId, pace: Pace) {
        self.paces.lock().unwrap_or_else(PoisonError::into_inner).insert(store.clone(), pace);
    }
}

/// How long a peer that failed is left alone.
pub(super) fn wish(error: &CallError) -> SignedDuration {
    match error {
        CallError::RetrySoon { after: Some(after), .. } | CallError::Blocked { after: Some(after), .. } => {
            (*after).clamp(SignedDuration::from_secs(1), SignedDuration::from_hours(1))
        }
        _ => RETRY,
    }
}

//! The night's match of orders.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::night::{self, Nights, OrdersAt, ShopAt};
use super::walk::{Paged, Walk};
use crate::circuit::Peer;
use crate::config::StoreConfig;
use crate::outcome::CallError;
use crate::ports::{
    Checkpoint, Clock, ErpConnections, Ledger, LedgerError, MappingStore, OpenOrders, OrderQueue, QueueError,
    Reports, Schedules, Shop, ShopHistory,
};

/// The outside of the use case.
#[derive(Clone)]
pub struct MatchOrders {
    /// Claims, circuits, and what has been due for long.
    pub ledger: Arc<dyn Ledger>,
    /// Records, many at once.
    pub open: Arc<dyn OpenOrders>,
    /// What an order's names are in the ERP.
    pub mappings: Arc<dyn MappingStore>,
    /// Where hints go.
    pub queue: Arc<dyn OrderQueue>,
    /// Leases and checkpoints.
    pub schedules: Arc<dyn Schedules>,
    /// Where the report is kept.
    pub reports: Arc<dyn Reports>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Why a run failed; its checkpoint says how far it came.
#[derive(Debug, thiserror::Error)]
pub enum MatchError {
    /// The ledger could not be asked or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The queue did not take the messages.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A shop or an ERP could not be read.
    #[error("{0}: {1}")]
    Peer(Peer, CallError),
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matched {
    /// Another run had the lease, or it was not time.
    pub skipped: bool,
    /// Orders, documents or items that were compared.
    pub compared: usize,
    /// Differences found.
    pub found: usize,
    /// The time was over, or a peer's circuit is open; the next run goes on
    /// from the checkpoint.
    pub unfinished: bool,
    /// Whose circuit is open.
    pub waits_for: Option<Peer>,
}

/// One run for one store.
pub struct MatchRun<'a> {
    /// The store.
    pub config: &'a StoreConfig,
    /// Its orders, many at once …
    pub shop: &'a dyn ShopHistory,
    /// … and one by one.
    pub one: &'a dyn Shop,
    /// What the ERPs have booked.
    pub erps: &'a dyn ErpConnections,
    /// Unique to this run; also the beginning of the hints' correlation ids.
    pub owner: &'a str,
    /// No page is begun after this: 80 % of the function's time.
    pub until: Timestamp,
    /// How long the lease holds: longer than the function's time-out.
    pub lease: SignedDuration,
    /// The hour of the day (UTC) from which the night's match may begin.
    pub hour: i8,
}

impl MatchOrders {
    /// Goes on with the night's match, or begins it if it is time.
    pub async fn run(&self, run: &MatchRun<'_>) -> Result<Matched, MatchError> {
        let job = night::job(&run.config.store);
        let now = self.clock.now();
        let Some(mut checkpoint) = self.schedules.begin(&job, run.owner, now, run.lease).await? else {
            return Ok(skipped());
        };
        let matched = self.night(run, &mut checkpoint).await;
        // The lease is given back also after a failure: the next tick may try,
        // and starts from the last checkpoint.
        self.schedules.end(&job, checkpoint).await?;
        matched
    }

    async fn night(&self, run: &MatchRun<'_>, checkpoint: &mut Checkpoint) -> Result<Matched, MatchError> {
        let nights = Nights::read(checkpoint.cursor.as_deref());
        let first = || OrdersAt::Shop(ShopAt::new(self.clock.now()));
        let Some(part) = night::due(nights.orders.clone(), run.hour, self.clock.now(), first) else {
            return Ok(skipped());
        };
        let report = night::report(&*self.reports, &run.config.store, &part.night, part.begun_at).await?;
        let before = report.total().detected;
        let met = BTreeSet::new();
        let mut walk = Walk { orders: self, run, nights, part, report, met, compared: 0, lacks: false };
        let ended = self.pages(&mut walk, checkpoint).await;
        let found = walk.report.total().detected - before;
        let mut matched = Matched { compared: walk.compared, ..Matched::default() };
        matched.found = usize::try_from(found).unwrap_or(usize::MAX);
        match ended {
            Ok(ended) => Ok(Matched { unfinished: ended.unfinished, waits_for: ended.waits_for, ..matched }),
            Err(error) => Err(error),
        }
    }

    async fn pages(&self, walk: &mut Walk<'_>, checkpoint: &mut Checkpoint) -> Result<Matched, MatchError> {
        let job = night::job(&walk.run.config.store);
        while let Some(at) = walk.part.at.clone() {
            if self.clock.now() >= walk.run.until {
                return Ok(Matched { unfinished: true, ..Matched::default() });
            }
            let counted = walk.is_counted().then(|| walk.report.clone());
            match walk.page(at).await {
                Ok(Paged::Next(next)) => walk.part.at = next,
                Ok(Paged::Waits(peer)) => {
                    return Ok(Matched { unfinished: true, waits_for: Some(peer), ..Matched::default() });
                }
                Err(error) => {
                    if walk.lacks {
                        walk.part.lacking += 1;
                        walk.nights.orders = Some(walk.part.clone());
                        self.schedules.advance(&job, checkpoint, &walk.nights.cursor()).await?;
                    }
                    return Err(error);
                }
            }
            walk.paged(counted);
            walk.nights.orders = Some(walk.part.clone());
            if walk.nights.is_over(&walk.part.night, walk.run.config.stock.is_some()) {
                walk.report.ended_at = Some(self.clock.now());
            }
            self.reports.put_report(&walk.report).await?;
            self.schedules.advance(&job, checkpoint, &walk.nights.cursor()).await?;
        }
        Ok(Matched::default())
    }

    /// What keeps a peer from being read now.
    pub(super) async fn is_open(&self, peer: &Peer) -> Result<bool, LedgerError> {
        let circuit = self.ledger.circuit(peer).await?.circuit;
        Ok(circuit.open_for_reads(self.clock.now()).is_some())
    }
}

pub(super) fn skipped() -> Matched {
    Matched { skipped: true, ..Matched::default() }
}

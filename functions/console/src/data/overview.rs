//! Today at a glance.

use std::collections::BTreeMap;

use futures::future::{try_join, try_join_all};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use weir_domain::circuit::Peer;
use weir_domain::id::StoreId;
use weir_domain::job::Job;
use weir_domain::ports::{OpenState, QueueDepth};
use weir_domain::reconcile::Tally;

use super::history::Night;
use super::{Count, history, limits, queues};
use crate::Problem;
use crate::state::App;

/// Everything at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// When it was put together.
    pub at: Timestamp,
    /// Store by store.
    pub stores: Vec<StoreView>,
    /// The queues; `None` where they do not answer.
    pub queues: Option<Vec<QueueDepth>>,
    /// Queues in which more than [`limits::CROWD`] messages wait: they are
    /// worked off too slowly, or not at all.
    pub crowded: Vec<String>,
    /// The circuits of all shops and ERPs.
    pub circuits: Vec<CircuitView>,
}

/// One store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoreView {
    /// Which.
    pub store: StoreId,
    /// Why it is switched off, if it is.
    pub disabled: Option<String>,
    /// Orders that wait for time, or are being worked on.
    pub waiting: Count,
    /// Orders for which a person has to decide.
    pub exceptions: Count,
    /// Orders that a person holds.
    pub held: Count,
    /// Since when an order is due that is not worked on, if for more than five
    /// minutes: whoever works on orders, or the minute's tick, stands still.
    pub overdue_since: Option<Timestamp>,
    /// Since when the oldest open order stands: is overdue, is an exception, or
    /// is known and held.
    pub oldest_open: Option<Timestamp>,
    /// Items that the shop does not show as it should …
    pub stale: Count,
    /// … the oldest of them since: the inventory's lag.
    pub oldest_stale: Option<Timestamp>,
    /// Orders by what people see of them, as the last night counted them.
    pub views: BTreeMap<String, u64>,
    /// What the last night found.
    pub last_night: Option<NightView>,
    /// What is wrong with the nights themselves.
    pub night_fault: Option<NightFault>,
    /// Work that people began and that goes on.
    pub jobs: Vec<Job>,
}

/// What the last night found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NightView {
    /// Which night.
    pub night: String,
    /// When it came to its end; `None` while it is under way.
    pub ended_at: Option<Timestamp>,
    /// Orders that were compared.
    pub orders: u64,
    /// Differences, over all kinds.
    pub total: Tally,
}

/// What is wrong with the nightly match itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum NightFault {
    /// None ever began, though the store has been at work for more than a day.
    NoneBegan,
    /// The last one began more than 26 hours ago.
    NoneBeganSince {
        /// When it began.
        begun_at: Timestamp,
    },
    /// It began more than six hours ago and has not come to its end.
    NotEnded {
        /// When it began.
        begun_at: Timestamp,
    },
}

/// One circuit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CircuitView {
    /// `erp/books` or `store/main`.
    pub peer: String,
    /// Since when it is open; `None` while it is closed.
    pub open_since: Option<Timestamp>,
    /// Why it is open.
    pub why: Option<String>,
    /// When it is tried next.
    pub probe_at: Option<Timestamp>,
}

/// Due for longer than this, an order should have been worked on.
const OVERDUE: SignedDuration = SignedDuration::from_mins(5);
/// From one night's beginning to the next one's, at most.
const NIGHT_EVERY: SignedDuration = SignedDuration::from_hours(26);
/// A night that takes longer does not get on.
const LONGEST_NIGHT: SignedDuration = SignedDuration::from_hours(6);

/// Puts it together.
pub async fn overview(app: &App) -> Result<Overview, Problem> {
    let of_stores = app.stores().cloned().map(Peer::Store);
    let peers: Vec<Peer> = app.configuration.erps.keys().cloned().map(Peer::Erp).chain(of_stores).collect();
    let stores = try_join_all(app.stores().map(|store| store_view(app, store)));
    let circuits = try_join_all(peers.iter().map(|peer| circuit_view(app, peer)));
    let queues = async { Ok(queues::depths(app).await) };
    let (stores, (circuits, queues)) = try_join(stores, try_join(circuits, queues)).await?;
    let is_crowded = |depth: &&QueueDepth| depth.waiting > limits::CROWD;
    let crowded = queues.iter().flatten().filter(is_crowded).map(|depth| depth.queue.clone()).collect();
    Ok(Overview { at: app.clock.now(), stores, queues, crowded, circuits })
}

async fn store_view(app: &App, store: &StoreId) -> Result<StoreView, Problem> {
    let disabled = app.configuration.store(store).err().map(|disabled| disabled.why);
    let states = try_join_all(OpenState::ALL.map(|state| open(app, store, state)));
    let stale = async { Ok(app.stock.stale(store, None, limits::STALE_COUNTED).await?) };
    let jobs = async { Ok(app.jobs.running(store).await?) };
    let night = history::last_night(app, store);
    let (states, (stale, (jobs, night))) = try_join(states, try_join(stale, try_join(jobs, night))).await?;
    let [(waiting, due), (exceptions, excepted), (held, known)] = states[..] else {
        return Err(Problem::unavailable("The open work cannot be counted."));
    };
    let now = app.clock.now();
    let overdue_since = due.filter(|due| now.duration_since(*due) > OVERDUE);
    let oldest_open = [overdue_since, excepted, known].into_iter().flatten().min();
    let mut view = StoreView {
        store: store.clone(),
        disabled,
        waiting,
        exceptions,
        held,
        overdue_since,
        oldest_open,
        stale: Count::up_to(stale.len(), limits::STALE_COUNTED),
        oldest_stale: stale.iter().map(|(_, since)| *since).min(),
        views: BTreeMap::new(),
        last_night: None,
        night_fault: night_fault(night.as_ref(), oldest_open, now),
        jobs,
    };
    if let Some(night) = night {
        view.views = night.report.views;
        view.last_night = Some(NightView {
            night: night.report.night,
            ended_at: night.report.ended_at,
            orders: night.report.orders,
            total: night.total,
        });
    }
    Ok(view)
}

/// How many orders are in a state, and where the first of them stands.
async fn open(app: &App, store: &StoreId, state: OpenState) -> Result<(Count, Option<Timestamp>), Problem> {
    let count = app.open.count_open(store, state, limits::COUNTED);
    let (number, first) = try_join(count, app.open.open(store, state, None, 1)).await?;
    Ok((Count::up_to(number, limits::COUNTED), first.first().map(|order| order.at)))
}

/// Of a store without any night only an old order says that there should have
/// been one.
fn night_fault(night: Option<&Night>, oldest_open: Option<Timestamp>, now: Timestamp) -> Option<NightFault> {
    let is_older = |at: Timestamp, than: SignedDuration| now.duration_since(at) > than;
    let Some(Night { report, .. }) = night else {
        return oldest_open.filter(|at| is_older(*at, NIGHT_EVERY)).map(|_| NightFault::NoneBegan);
    };
    let begun_at = report.begun_at;
    if is_older(begun_at, NIGHT_EVERY) {
        return Some(NightFault::NoneBeganSince { begun_at });
    }
    let hangs = report.ended_at.is_none() && is_older(begun_at, LONGEST_NIGHT);
    hangs.then_some(NightFault::NotEnded { begun_at })
}

async fn circuit_view(app: &App, peer: &Peer) -> Result<CircuitView, Problem> {
    let open = app.ledger.circuit(peer).await?.circuit.open;
    Ok(CircuitView {
        peer: peer.to_string(),
        open_since: open.as_ref().map(|open| open.since),
        why: open.as_ref().map(|open| open.why.clone()),
        probe_at: open.map(|open| open.probe_at),
    })
}

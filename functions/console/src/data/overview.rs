//! Today at a glance.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use weir_domain::circuit::Peer;
use weir_domain::id::StoreId;
use weir_domain::job::{Job, JobState};
use weir_domain::ports::{OpenState, QueueDepth};
use weir_domain::reconcile::Tally;

use super::{Count, history, limits, stuck};
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
    /// Since when the oldest of the first hundred orders that have not reached
    /// the ERP is known.
    pub oldest_before_erp: Option<Timestamp>,
    /// Items that the shop does not show as it should …
    pub stale: Count,
    /// … the oldest of them since: the inventory's lag.
    pub oldest_stale: Option<Timestamp>,
    /// Orders by what people see of them, as the last night counted them.
    pub views: BTreeMap<String, u64>,
    /// What the last night found.
    pub last_night: Option<NightView>,
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

/// Puts it together.
pub async fn overview(app: &App) -> Result<Overview, Problem> {
    let mut stores = Vec::new();
    for store in app.stores() {
        stores.push(store_view(app, store).await?);
    }
    let mut circuits = Vec::new();
    let of_stores = app.stores().cloned().map(Peer::Store);
    for peer in app.configuration.erps.keys().cloned().map(Peer::Erp).chain(of_stores) {
        circuits.push(circuit_view(app, &peer).await?);
    }
    // What does not answer is said so, and hides nothing else.
    let queues = match app.queues.depths().await {
        Ok(depths) => Some(depths),
        Err(error) => {
            tracing::error!(%error, "the queues' depths cannot be had");
            None
        }
    };
    Ok(Overview { at: app.clock.now(), stores, queues, circuits })
}

async fn store_view(app: &App, store: &StoreId) -> Result<StoreView, Problem> {
    let disabled = app.configuration.store(store).err().map(|disabled| disabled.why);
    let count = async |state| {
        let number = app.open.count_open(store, state, limits::COUNTED).await?;
        Ok::<_, Problem>(Count::up_to(number, limits::COUNTED))
    };
    let before_erp = stuck::stuck(app, store, None, None).await?;
    let oldest_before_erp =
        before_erp.sections.iter().flat_map(|section| &section.orders).map(|order| order.since).min();
    let stale = app.stock.stale(store, None, limits::STALE_COUNTED).await?;
    let night = history::last_night(app, store).await?;
    let running = |job: &Job| job.state == JobState::Running;
    let mut view = StoreView {
        store: store.clone(),
        disabled,
        waiting: count(OpenState::Due).await?,
        exceptions: count(OpenState::Exception).await?,
        held: count(OpenState::Held).await?,
        oldest_before_erp,
        stale: Count::up_to(stale.len(), limits::STALE_COUNTED),
        oldest_stale: stale.iter().map(|(_, since)| *since).min(),
        views: BTreeMap::new(),
        last_night: None,
        jobs: history::jobs(app, store).await?.into_iter().filter(running).collect(),
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

async fn circuit_view(app: &App, peer: &Peer) -> Result<CircuitView, Problem> {
    let open = app.ledger.circuit(peer).await?.circuit.open;
    Ok(CircuitView {
        peer: peer.to_string(),
        open_since: open.as_ref().map(|open| open.since),
        why: open.as_ref().map(|open| open.why.clone()),
        probe_at: open.map(|open| open.probe_at),
    })
}

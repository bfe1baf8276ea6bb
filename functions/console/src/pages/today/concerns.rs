//! What needs people now. What goes on by itself is not among it.

use jiff::{SignedDuration, Timestamp};

use crate::data::limits;
use crate::data::overview::{NightFault, Overview, StoreView};
use crate::pages::parts::{count, counted, thousands};
use crate::pages::when;

/// Stale for longer than this, something keeps an item: the alarm's own bound.
const STALE_TOO_LONG: SignedDuration = SignedDuration::from_mins(30);

/// One thing that needs people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concern {
    /// It stops something, rather than makes it late.
    pub bad: bool,
    /// One sentence.
    pub says: String,
    /// Where it is put right …
    pub address: String,
    /// … and what that is called.
    pub leads_to: &'static str,
}

/// All of them, those that stop most first.
pub fn concerns(view: &Overview, now: Timestamp) -> Vec<Concern> {
    let mut found: Vec<Concern> = view.stores.iter().filter_map(disabled).collect();
    found.extend(circuits(view, now));
    found.extend(view.stores.iter().filter_map(|store| overdue(store, now)));
    found.extend(crowded(view));
    found.extend(view.stores.iter().filter_map(exceptions));
    found.extend(queues(view));
    found.extend(view.stores.iter().filter_map(|store| stale(store, now)));
    found.extend(view.stores.iter().filter_map(|store| night(store, now)));
    found
}

fn disabled(store: &StoreView) -> Option<Concern> {
    let why = store.disabled.as_ref()?;
    Some(Concern {
        bad: true,
        says: format!("{} is switched off: {why}. Its orders wait and are not lost.", store.store),
        address: format!("/console/doctor?store={}", store.store),
        leads_to: "Ask the doctor",
    })
}

fn circuits(view: &Overview, now: Timestamp) -> impl Iterator<Item = Concern> {
    view.circuits.iter().filter_map(move |circuit| {
        let since = circuit.open_since?;
        let why = circuit.why.as_deref().unwrap_or("no reason is known");
        let span = when::span(now.as_second().saturating_sub(since.as_second()));
        let says = format!("{} cannot be worked with for {span}: {why}. Orders wait for it, and go on by themselves when it works again.", circuit.peer);
        let address = waiting_at(view, &circuit.peer);
        Some(Concern { bad: true, says, address, leads_to: "Waiting orders" })
    })
}

/// The orders that wait for a peer: of its store, or of the first store that
/// has any.
fn waiting_at(view: &Overview, peer: &str) -> String {
    let of_peer = |store: &&StoreView| peer.strip_prefix("store/") == Some(store.store.as_str());
    let found = view.stores.iter().find(of_peer);
    let found = found.or_else(|| view.stores.iter().find(|store| store.waiting.number > 0));
    let store = found.map(|store| format!("&store={}", store.store)).unwrap_or_default();
    format!("/console/stuck?state=waiting{store}")
}

fn exceptions(store: &StoreView) -> Option<Concern> {
    let found = store.exceptions;
    (found.number > 0).then(|| Concern {
        bad: true,
        says: if found.number == 1 && !found.or_more {
            format!("1 order of {} stopped until people decide.", store.store)
        } else {
            format!("{} orders of {} stopped until people decide.", counted(found), store.store)
        },
        address: format!("/console/exceptions?store={}", store.store),
        leads_to: "Exceptions by cause",
    })
}

fn queues(view: &Overview) -> Vec<Concern> {
    let Some(queues) = &view.queues else {
        return vec![Concern {
            bad: false,
            says: "The queues do not answer: what lies in them is not known.".to_owned(),
            address: "/console/queues".to_owned(),
            leads_to: "Queues",
        }];
    };
    let dead = queues.iter().filter(|queue| queue.dead > 0);
    dead.map(|queue| Concern {
        bad: true,
        says: format!(
            "{} of the queue {} failed again and again: set aside as dead letters.",
            count(queue.dead, "message", "messages"),
            queue.queue
        ),
        address: format!("/console/queues?queue={}", queue.queue),
        leads_to: "Read and send again",
    })
    .collect()
}

fn stale(store: &StoreView, now: Timestamp) -> Option<Concern> {
    let since = store.oldest_stale?;
    (now.duration_since(since) > STALE_TOO_LONG).then(|| Concern {
        bad: false,
        says: format!(
            "{} has shown a wrong quantity of an item for {}.",
            store.store,
            when::span(now.as_second().saturating_sub(since.as_second()))
        ),
        address: format!("/console/stale?store={}", store.store),
        leads_to: "Stale items",
    })
}

fn night(store: &StoreView, now: Timestamp) -> Option<Concern> {
    let name = &store.store;
    let says = match store.night_fault? {
        NightFault::NoneBegan => format!("{name} was never compared with the ERP: no night began."),
        NightFault::NoneBeganSince { begun_at } => {
            format!(
                "{name} was last compared with the ERP {}: no night began since.",
                when::relative(begun_at, now)
            )
        }
        NightFault::NotEnded { begun_at } => {
            format!(
                "The night of {name} that began {} does not come to its end.",
                when::relative(begun_at, now)
            )
        }
    };
    let address = format!("/console/reconciliation?store={name}");
    Some(Concern { bad: false, says, address, leads_to: "Reconciliation" })
}

/// Orders that nobody works on although their time has come: not flowing.
fn overdue(store: &StoreView, now: Timestamp) -> Option<Concern> {
    let span = when::span(now.as_second().saturating_sub(store.overdue_since?.as_second()));
    Some(Concern {
        bad: true,
        says: format!(
            "Orders of {} have been due for {span} and nobody works on them: the minute's tick or the workers stand still.",
            store.store
        ),
        address: format!("/console/stuck?state=waiting&store={}", store.store),
        leads_to: "Waiting orders",
    })
}

fn crowded(view: &Overview) -> impl Iterator<Item = Concern> {
    view.crowded.iter().map(|queue| Concern {
        bad: true,
        says: format!(
            "More than {} messages wait in the queue {queue}: they are worked off too slowly, or not at all.",
            thousands(limits::CROWD)
        ),
        address: "/console/queues".to_owned(),
        leads_to: "Queues",
    })
}

//! What needs people now. What goes on by itself is not among it.

use jiff::{SignedDuration, Timestamp};

use crate::data::overview::{Overview, StoreView};
use crate::pages::parts::{count, counted};
use crate::pages::when;

/// Stale for longer than this, something keeps an item: the alarm's own bound.
const STALE_TOO_LONG: SignedDuration = SignedDuration::from_mins(30);
/// A night that ended longer ago than this was followed by none.
const NIGHT_TOO_OLD: SignedDuration = SignedDuration::from_hours(36);

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
        let address = "/console/stuck?state=waiting".to_owned();
        Some(Concern { bad: true, says, address, leads_to: "Waiting orders" })
    })
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
        says: format!("{} in the queue {}.", count(queue.dead, "dead letter", "dead letters"), queue.queue),
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
    let ended = store.last_night.as_ref()?.ended_at?;
    (now.duration_since(ended) > NIGHT_TOO_OLD).then(|| Concern {
        bad: false,
        says: format!(
            "{} was last compared {}: no night has come to its end since.",
            store.store,
            when::relative(ended, now)
        ),
        address: format!("/console/reconciliation?store={}", store.store),
        leads_to: "Reconciliation",
    })
}

//! Which parcels the shop has to be told of: those that it does not show,
//! shows otherwise, or shows although they were withdrawn.

use std::collections::{BTreeMap, BTreeSet};

use super::{NumberDigest, Parcel, ParcelRecord, ShownParcel};
use crate::id::ParcelId;

/// What to do about one parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Show it, in place of what this reference shows if there is one.
    Show(ParcelId, Option<String>),
    /// It is shown as it should be, under this reference.
    Settled(ParcelId, String),
    /// Take this away: its parcel was withdrawn, or it is shown twice.
    Remove(Option<ParcelId>, String),
    /// It was withdrawn and is not shown.
    Forget(ParcelId),
}

/// Whether nothing is to be done: the record says that the shop shows just
/// these, and what is to be said of them was said.
pub fn agree(wanted: &[Parcel], known: &BTreeMap<ParcelId, ParcelRecord>) -> bool {
    let is_settled = |parcel: &Parcel| {
        known
            .get(&parcel.id)
            .is_some_and(|known| known.shown && known.noted && known.version == parcel.version())
    };
    known.len() == wanted.len() && wanted.iter().all(is_settled)
}

/// The steps to what the shop should show, in the order of the parcels, then
/// what is to be taken away. `shown` is what the shop shows now.
pub fn plan(wanted: &[Parcel], known: &BTreeMap<ParcelId, ParcelRecord>, shown: &[ShownParcel]) -> Vec<Step> {
    // What is known to be somebody's is nobody else's.
    let mut taken: BTreeSet<String> = known.values().filter_map(|known| known.reference.clone()).collect();
    let mut steps: Vec<Step> =
        wanted.iter().map(|parcel| step(parcel, known.get(&parcel.id), shown, &mut taken)).collect();
    let is_wanted = |id: &ParcelId| wanted.iter().any(|parcel| parcel.id == *id);
    for (id, record) in known.iter().filter(|(id, _)| !is_wanted(id)) {
        let here = || find(id, &record.numbers, shown, &taken).map(|item| item.reference.clone());
        steps.push(match record.reference.clone().or_else(here) {
            Some(reference) => {
                taken.insert(reference.clone());
                Step::Remove(Some(id.clone()), reference)
            }
            None => Step::Forget(id.clone()),
        });
    }
    // Ours by its mark, and none of those above: a second one of the same
    // parcel, or one that the record has forgotten.
    let surplus = shown.iter().filter(|item| item.id.is_some() && !taken.contains(&item.reference));
    steps.extend(surplus.map(|item| Step::Remove(None, item.reference.clone())));
    steps
}

fn step(
    parcel: &Parcel,
    known: Option<&ParcelRecord>,
    shown: &[ShownParcel],
    taken: &mut BTreeSet<String>,
) -> Step {
    let version = parcel.version();
    if let Some(reference) = known.and_then(|known| known.reference.clone()) {
        let settled = known.is_some_and(|known| known.shown && known.version == version);
        return if settled {
            Step::Settled(parcel.id.clone(), reference)
        } else {
            Step::Show(parcel.id.clone(), Some(reference))
        };
    }
    let mut numbers = known.map(|known| known.numbers.clone()).unwrap_or_default();
    numbers.extend(parcel.number());
    let Some(found) = find(&parcel.id, &numbers, shown, taken) else {
        return Step::Show(parcel.id.clone(), None);
    };
    taken.insert(found.reference.clone());
    let is_current = found.version.as_ref().map_or(found.tracking == parcel.tracking, |at| *at == version);
    if is_current {
        Step::Settled(parcel.id.clone(), found.reference.clone())
    } else {
        Step::Show(parcel.id.clone(), Some(found.reference.clone()))
    }
}

/// What the shop shows of a parcel: by our mark; else by its number, whoever
/// entered that, since it is the same parcel.
fn find<'a>(
    id: &ParcelId,
    numbers: &BTreeSet<NumberDigest>,
    shown: &'a [ShownParcel],
    taken: &BTreeSet<String>,
) -> Option<&'a ShownParcel> {
    let is_free = |item: &&ShownParcel| !taken.contains(&item.reference);
    let marked = shown.iter().filter(is_free).find(|item| item.id.as_ref() == Some(id));
    let has_number = |item: &&ShownParcel| {
        let number = item.tracking.as_deref().map(NumberDigest::of);
        item.id.is_none() && number.is_some_and(|number| numbers.contains(&number))
    };
    marked.or_else(|| shown.iter().filter(is_free).find(has_number))
}

#[cfg(test)]
mod tests;

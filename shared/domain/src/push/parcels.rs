//! Showing parcels in the shop, each once: on record before it is shown, and
//! looked for wherever it may be there already.

use jiff::SignedDuration;

use super::Stop;
use super::deliveries::Delivered;
use super::session::Session;
use crate::config::FulfilmentConfig;
use crate::fulfilment::note::note;
use crate::fulfilment::parcels::{Step, agree, plan};
use crate::fulfilment::{Parcel, ParcelRecord, ShownParcel};
use crate::id::ParcelId;
use crate::outcome::CallError;
use crate::ports::Shop;

/// Nobody is told of a parcel that left longer ago: it is history.
const TOLD_WITHIN: SignedDuration = SignedDuration::from_hours(72);

impl Session<'_> {
    /// Brings the shop to these parcels. What is wrong with one of them keeps
    /// no other from being shown.
    pub(super) async fn show_parcels(
        &mut self,
        config: &FulfilmentConfig,
        wanted: &[Parcel],
        delivered: &mut Delivered,
    ) -> Result<(), Stop> {
        if agree(wanted, &self.held.record.parcels) {
            return Ok(());
        }
        let mut shown = Vec::new();
        if self.must_look(wanted) {
            let looked = self.shown_parcels().await;
            let Some(looked) = delivered.except(looked)? else { return Ok(()) };
            shown = looked;
        }
        for step in plan(wanted, &self.held.record.parcels, &shown) {
            let done = self.step(config, wanted, step).await;
            delivered.changes += usize::from(delivered.except(done)?.unwrap_or(false));
        }
        Ok(())
    }

    /// Whether the step changed what the shop shows.
    async fn step(&mut self, config: &FulfilmentConfig, wanted: &[Parcel], step: Step) -> Result<bool, Stop> {
        let of = |id: &ParcelId| wanted.iter().find(|parcel| parcel.id == *id);
        match step {
            Step::Show(id, reference) => {
                let Some(parcel) = of(&id) else { return Ok(false) };
                self.show(config, parcel, reference).await?;
                self.tell(config, wanted, parcel).await?;
                Ok(true)
            }
            Step::Settled(id, reference) => {
                let Some(parcel) = of(&id) else { return Ok(false) };
                self.remember_parcel(parcel, true, Some(reference));
                self.tell(config, wanted, parcel).await?;
                Ok(false)
            }
            Step::Remove(id, reference) => {
                self.remove(config, id.as_ref(), &reference).await?;
                Ok(true)
            }
            Step::Forget(id) => {
                self.held.record.parcels.remove(&id);
                Ok(false)
            }
        }
    }

    /// Whether the shop may show something that the record has no name for.
    fn must_look(&self, wanted: &[Parcel]) -> bool {
        let known = &self.held.record.parcels;
        let unnamed = |id: &ParcelId| known.get(id).is_none_or(|known| known.reference.is_none());
        wanted.iter().any(|parcel| unnamed(&parcel.id)) || known.keys().any(unnamed)
    }

    async fn shown_parcels(&mut self) -> Result<Vec<ShownParcel>, Stop> {
        let id = self.hint.order;
        self.ask_shop("list the parcels it shows".to_owned(), async |shop| shop.parcels(id).await).await
    }

    /// Where what it was to replace is gone, nothing was done; it may be there
    /// under another name, which a look tells.
    async fn show(
        &mut self,
        config: &FulfilmentConfig,
        parcel: &Parcel,
        reference: Option<String>,
    ) -> Result<(), Stop> {
        if self.show_as(config, parcel, reference).await? {
            return Ok(());
        }
        let shown = self.shown_parcels().await?;
        // The first step is this parcel's.
        let steps = plan(std::slice::from_ref(parcel), &self.held.record.parcels, &shown);
        match steps.into_iter().next() {
            Some(Step::Settled(_, reference)) => self.remember_parcel(parcel, true, Some(reference)),
            Some(Step::Show(_, reference)) => {
                self.show_as(config, parcel, reference).await?;
            }
            _ => {}
        }
        Ok(())
    }

    /// `false`: the shop has nothing of that reference, and did nothing.
    async fn show_as(
        &mut self,
        config: &FulfilmentConfig,
        parcel: &Parcel,
        reference: Option<String>,
    ) -> Result<bool, Stop> {
        const SHOWING: (&str, &str) = ("showing", "a parcel is about to be shown in the shop");
        self.remember_parcel(parcel, false, reference.clone());
        let id = self.hint.order;
        let show = async |shop: &dyn Shop| shop.show_parcel(id, reference.as_deref(), parcel).await;
        let request = format!("show parcel {}", parcel.id);
        let shown = self.write_shop(config, SHOWING, request, show).await;
        if let Err(Stop::Call(_, CallError::Unknown { .. })) = &shown {
            // Replaced, it may have another name.
            self.remember_parcel(parcel, false, None);
        }
        let shown = shown?;
        let is_shown = shown.is_some();
        self.remember_parcel(parcel, is_shown, shown);
        Ok(is_shown)
    }

    async fn remove(
        &mut self,
        config: &FulfilmentConfig,
        parcel: Option<&ParcelId>,
        reference: &str,
    ) -> Result<(), Stop> {
        let id = self.hint.order;
        let begun = ("removing", "a parcel is about to be taken away in the shop");
        let request = "take a parcel away".to_owned();
        self.write_shop(config, begun, request, async |shop| shop.remove_parcel(id, reference).await).await?;
        if let Some(parcel) = parcel {
            self.held.record.parcels.remove(parcel);
        }
        Ok(())
    }

    /// Says it in a note, once for each parcel and version. The texts that are
    /// there are looked through first: an answer may have been lost.
    async fn tell(
        &mut self,
        config: &FulfilmentConfig,
        wanted: &[Parcel],
        parcel: &Parcel,
    ) -> Result<(), Stop> {
        let is_noted = |id: &ParcelId| self.held.record.parcels.get(id).is_none_or(|known| known.noted);
        let is_news = parcel.shipped_at.checked_add(TOLD_WITHIN).is_ok_and(|until| self.now() < until);
        if let Some(words) = config.note.as_ref().filter(|_| !is_noted(&parcel.id) && is_news) {
            let said = note(parcel, words);
            // Two parcels of one day and carrier, without numbers, have one text.
            let others = wanted.iter().filter(|other| other.id != parcel.id && is_noted(&other.id));
            let others = others.filter(|other| note(other, words).text == said.text).count();
            let id = self.hint.order;
            let texts = self.ask_shop("list its notes".to_owned(), async |shop| shop.notes(id).await).await?;
            if texts.iter().filter(|text| **text == said.text).count() <= others {
                let begun = ("telling", "a note about a parcel is about to be added in the shop");
                let request = format!("add a note about parcel {}", parcel.id);
                self.write_shop(config, begun, request, async |shop| shop.add_note(id, &said).await).await?;
            }
        }
        if let Some(known) = self.held.record.parcels.get_mut(&parcel.id) {
            known.noted = true;
        }
        Ok(())
    }

    fn remember_parcel(&mut self, parcel: &Parcel, shown: bool, reference: Option<String>) {
        let version = parcel.version();
        let known = self.held.record.parcels.get(&parcel.id);
        let noted = known.is_some_and(|known| known.noted && known.version == version);
        // Until it is shown for certain, it may be shown as it was before.
        let mut numbers = known.filter(|_| !shown).map(|known| known.numbers.clone()).unwrap_or_default();
        numbers.extend(parcel.number());
        let record = ParcelRecord { version, shown, reference, numbers, noted };
        self.held.record.parcels.insert(parcel.id.clone(), record);
    }
}

//! One store's turn with some items: what is planned for each is written to
//! its publication, and what is to be changed in the shop is claimed.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::left::Left;
use super::place::Place;
use super::plan::{Change, Facts, Keep, Plan, plan};
use super::publication::{Intent, Publication, Reached, Standing};
use super::publish::{CALL_RESERVE, Publish, StoreSummary, wish};
use super::refresh::some_at_once;
use super::send::Claimed;
use crate::id::ItemKey;
use crate::ports::{InFlightNews, ItemState, LedgerError};

/// One store's turn.
pub(super) struct Round<'a> {
    pub(super) publish: &'a Publish,
    pub(super) place: &'a Place,
    pub(super) items: &'a [ItemKey],
    pub(super) states: &'a [ItemState],
    pub(super) news: &'a [InFlightNews],
    /// A store's sales are not known: nothing may be raised.
    pub(super) lower_only: bool,
    /// Small increases are written, too.
    pub(super) exact: bool,
    /// The positions could not be read anew: whatever is done, these items
    /// stay on the list of the stale.
    pub(super) unrefreshed: bool,
    pub(super) deadline: Timestamp,
}

/// What came of one item before the shop is asked.
#[derive(Default)]
struct Acted {
    claimed: Option<Claimed>,
    kept: bool,
    waits: Option<(Timestamp, &'static str)>,
    /// It is on no record of what is known here that it waits, and why.
    again: Option<&'static str>,
    refresh: bool,
    exception: Option<String>,
}

impl Round<'_> {
    /// Everything that can be done now, and what is left.
    pub(super) async fn run(&self) -> Result<(StoreSummary, Left), LedgerError> {
        let mut summary = StoreSummary { reads: self.place.reads, ..StoreSummary::default() };
        let mut left = Left::default();
        let shop = match &self.place.shop {
            Ok(shop) => shop,
            Err(error) => {
                left.leave_in_peace(self.now() + wish(error), error.to_string());
                self.all_stale(&mut summary, &mut left).await?;
                return Ok((summary, left));
            }
        };
        let mut claimed = Vec::new();
        for (item, acted) in self.items.iter().zip(some_at_once(self.acts()).await) {
            let acted = acted?;
            summary.kept += usize::from(acted.kept);
            summary.waiting += usize::from(acted.waits.is_some() || acted.refresh || acted.again.is_some());
            if let Some((until, why)) = acted.waits {
                left.wait(&item.sku, until, why);
            }
            if let Some(why) = acted.again {
                self.come_back(item, why, &mut left);
            }
            if acted.refresh {
                left.refresh(&item.sku);
            }
            if let Some(code) = acted.exception {
                *summary.exceptions.entry(code).or_default() += 1;
            }
            claimed.extend(acted.claimed);
        }
        for item in &self.items[self.place.looked_at..] {
            summary.waiting += 1;
            self.come_back(item, TOO_LATE, &mut left);
        }
        self.send(&**shop, claimed, &mut summary, &mut left).await?;
        Ok((summary, left))
    }

    pub(super) fn come_back(&self, item: &ItemKey, why: &str, left: &mut Left) {
        left.come_back(&self.place.config.store, &item.sku, self.now() + SOON, why);
    }

    fn acts(&self) -> Vec<impl Future<Output = Result<Acted, LedgerError>>> {
        let mut news: BTreeMap<&ItemKey, Vec<&InFlightNews>> = BTreeMap::new();
        for found in self.news {
            news.entry(&found.item).or_default().push(found);
        }
        let act = |(item, state)| self.act(item, state, news.remove(item).unwrap_or_default());
        self.items.iter().zip(self.states).take(self.place.looked_at).map(act).collect()
    }

    async fn act(
        &self,
        item: &ItemKey,
        state: &ItemState,
        news: Vec<&InFlightNews>,
    ) -> Result<Acted, LedgerError> {
        let known = self.known(state);
        let facts = Facts {
            sku: &item.sku,
            state,
            publication: &known,
            products: self.place.products.get(&item.sku).map(Vec::as_slice).unwrap_or_default(),
            news: &news,
            lower_only: self.lower_only,
            exact: self.exact,
            read_at: self.place.read_at,
            now: self.now(),
        };
        match plan(&self.place.stock, &facts) {
            Plan::Skip => self.skip(item, facts.products.is_empty(), known).await,
            Plan::Busy => Ok(Acted { again: Some("another writer is at work"), ..Acted::default() }),
            Plan::Stand(standing) => self.stand(item, known, standing).await,
            Plan::Keep(keep) => self.keep(item, known, position_version(state), keep).await,
            Plan::Write(change) => self.claim(item, known, position_version(state), change).await,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.publish.clock.now()
    }

    /// No request is begun any more.
    pub(super) fn is_late(&self) -> bool {
        self.now() + CALL_RESERVE > self.deadline
    }

    pub(super) fn known(&self, state: &ItemState) -> Publication {
        state.publications.get(&self.place.config.store).cloned().unwrap_or_default()
    }

    pub(super) async fn put(&self, item: &ItemKey, publication: &Publication) -> Result<bool, LedgerError> {
        self.publish.stock.put_publication(item, &self.place.config.store, publication).await
    }

    /// Writes a publication if it says other than what is stored. `acted` is
    /// what came of the item, unless somebody was faster: who that was may
    /// know less.
    async fn put_news(
        &self,
        item: &ItemKey,
        known: Publication,
        next: Publication,
        acted: Acted,
    ) -> Result<Acted, LedgerError> {
        if (Publication { version: next.version, ..known }) == next || self.put(item, &next).await? {
            return Ok(acted);
        }
        Ok(Acted { again: Some(OVERTAKEN), exception: acted.exception, ..Acted::default() })
    }

    /// The shop cannot be asked: what it shows may be wrong from now on. What
    /// it does not sell cannot.
    async fn all_stale(&self, summary: &mut StoreSummary, left: &mut Left) -> Result<(), LedgerError> {
        let now = self.now();
        let sold = self.items.iter().zip(self.states).map(|(item, state)| (item, state, self.known(state)));
        let sold: Vec<_> = sold.filter(|(.., known)| !known.is_not_sold()).collect();
        summary.waiting += sold.len();
        let marks = sold.iter().map(async |(item, state, known)| {
            // Who is at work there, or looked at an older position, would take
            // it off the list.
            let is_news = |reached: &Reached| reached.position != position_version(state);
            let at_work = known.intent.as_ref().is_some_and(|intent| !intent.lost);
            let moves = at_work || known.reached.as_ref().is_some_and(is_news);
            let on_record = known.stale_since.is_some() && !moves;
            Ok(on_record || self.put(item, &known.clone().marked(now)).await?)
        });
        for ((item, ..), marked) in sold.iter().zip(some_at_once(marks.collect()).await) {
            if !marked? {
                self.come_back(item, OVERTAKEN, left);
            }
        }
        Ok(())
    }

    /// Not sold here: it is not stale either, unless the shop has it and the
    /// ERP could not be asked.
    async fn skip(&self, item: &ItemKey, not_there: bool, known: Publication) -> Result<Acted, LedgerError> {
        let could_be = self.unrefreshed && !not_there;
        let stale_since = known.stale_since.or(Some(self.now())).filter(|_| could_be);
        let next = Publication { version: known.version + 1, stale_since, ..known.clone() };
        self.put_news(item, known, next, Acted::default()).await
    }

    async fn stand(
        &self,
        item: &ItemKey,
        known: Publication,
        standing: Standing,
    ) -> Result<Acted, LedgerError> {
        let mut acted = Acted { kept: true, ..Acted::default() };
        if let Standing::Exception { code, .. } = &standing
            && known.standing != standing
        {
            acted.exception = Some(code.clone());
        }
        let next = Publication {
            version: known.version + 1,
            standing,
            // It may be what it was again before this has landed.
            intent: known.doubt(self.place.read_at, self.place.stock.longest_request()),
            stale_since: None,
            ..known.clone()
        };
        self.put_news(item, known, next, acted).await
    }

    /// Nothing is written to the shop; the record only if it says other.
    async fn keep(
        &self,
        item: &ItemKey,
        known: Publication,
        position: u64,
        Keep { present, why, wait }: Keep,
    ) -> Result<Acted, LedgerError> {
        let now = self.now();
        let settled = wait.is_none() && !self.unrefreshed;
        let says = |reached: &Reached| reached.why == why && reached.position == position;
        let reached = match known.reached.clone() {
            Some(reached) if wait.is_some() || says(&reached) => Some(reached),
            None if wait.is_some() => None,
            _ => Some(Reached { why, position, at: now }),
        };
        let next = Publication {
            version: known.version + 1,
            shown: Some(present),
            reached,
            intent: known.intent.clone().filter(|_| wait.is_some()),
            standing: Standing::Published,
            stale_since: if settled { None } else { known.stale_since.or(Some(now)) },
        };
        // An ERP that could not be asked just now is not asked at once again.
        let refresh = wait.is_some_and(|wait| wait.refresh) && !self.unrefreshed;
        // A fresh message is on its way where the position is read anew.
        let waits = wait.filter(|_| !refresh);
        let waits = waits.map(|wait| (wait.until, "an earlier write or an unknown sale keeps it"));
        self.put_news(item, known, next, Acted { kept: settled, waits, refresh, ..Acted::default() }).await
    }

    /// The intent, before the shop is asked: who finds the record changed
    /// since the facts were read has lost to a faster writer.
    async fn claim(
        &self,
        item: &ItemKey,
        known: Publication,
        position: u64,
        change: Change,
    ) -> Result<Acted, LedgerError> {
        let now = self.now();
        if self.is_late() {
            return Ok(Acted { again: Some(TOO_LATE), ..Acted::default() });
        }
        let Change { product, present, delta, why } = change;
        // Beside a write that may still land this one only lowers: what the
        // shop shows at most in the end is the other one's landing.
        let doubt = known.doubt(self.place.read_at, self.place.stock.longest_request());
        let beside = doubt.clone().unwrap_or(Intent { present, delta, sent_at: now, lost: false });
        let publication = Publication {
            version: known.version + 1,
            shown: Some(present),
            intent: Some(Intent { sent_at: now, lost: false, ..beside }),
            stale_since: known.stale_since.or(Some(now)),
            ..known
        };
        if !self.put(item, &publication).await? {
            return Ok(Acted { again: Some(OVERTAKEN), ..Acted::default() });
        }
        let aim = present + delta;
        let partial = why.target != aim;
        let item = item.clone();
        let claimed = Claimed { item, product, delta, aim, why, doubt, partial, position, publication };
        Ok(Acted { claimed: Some(claimed), ..Acted::default() })
    }
}

fn position_version(state: &ItemState) -> u64 {
    state.position.as_ref().map_or(0, |position| position.version)
}

/// Why items come back that nobody got to.
pub(super) const TOO_LATE: &str = "too little time was left";
/// Why items come back whose record has changed since it was read.
const OVERTAKEN: &str = "another writer was faster";

/// A part of a target was reached, the rest is looked at again after this.
pub(super) const SOON: SignedDuration = SignedDuration::from_secs(5);

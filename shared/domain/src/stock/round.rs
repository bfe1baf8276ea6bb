//! One store's turn with some items: what is planned for each is written to
//! its publication, and what is to be changed in the shop is claimed.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::plan::{Change, Facts, Keep, Plan, plan};
use super::publication::{Intent, Publication, Reached, Standing};
use super::publish::{CALL_RESERVE, Delay, Place, Publish, StoreSummary, wish};
use super::refresh::some_at_once;
use super::send::Claimed;
use crate::id::{ItemKey, Sku};
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
    raced: bool,
    refresh: bool,
    exception: Option<String>,
}

impl Round<'_> {
    /// Gives back the items whose position has to be read anew.
    pub(super) async fn run(
        &self,
        summary: &mut StoreSummary,
        delay: &mut Delay,
    ) -> Result<Vec<Sku>, LedgerError> {
        let shop = match &self.place.shop {
            Ok(shop) => shop,
            Err(error) => {
                delay.note(self.now() + wish(error), error.to_string());
                self.all_stale(summary).await?;
                return Ok(Vec::new());
            }
        };
        let mut refresh = Vec::new();
        let mut claimed = Vec::new();
        for (item, acted) in self.items.iter().zip(some_at_once(self.acts()).await) {
            let acted = acted?;
            summary.kept += usize::from(acted.kept);
            summary.waiting += usize::from(acted.waits.is_some() || acted.refresh || acted.raced);
            if let Some((until, why)) = acted.waits {
                delay.note(until, why);
            }
            if acted.raced {
                delay.insist(self.now(), "another writer was faster, or too little time was left");
            }
            if acted.refresh {
                refresh.push(item.sku.clone());
            }
            if let Some(code) = acted.exception {
                *summary.exceptions.entry(code).or_default() += 1;
            }
            claimed.extend(acted.claimed);
        }
        self.send(&**shop, claimed, summary, delay).await?;
        Ok(refresh)
    }

    fn acts(&self) -> Vec<impl Future<Output = Result<Acted, LedgerError>>> {
        let mut news: BTreeMap<&ItemKey, Vec<&InFlightNews>> = BTreeMap::new();
        for found in self.news {
            news.entry(&found.item).or_default().push(found);
        }
        let act = |(item, state)| self.act(item, state, news.remove(item).unwrap_or_default());
        self.items.iter().zip(self.states).map(act).collect()
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
            Plan::Skip => self.skip(item, known).await,
            Plan::Stand(standing) => self.stand(item, known, standing).await,
            Plan::Keep(keep) => self.keep(item, known, position_version(state), keep).await,
            Plan::Write(change) => self.claim(item, known, position_version(state), change).await,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.publish.clock.now()
    }

    fn known(&self, state: &ItemState) -> Publication {
        state.publications.get(&self.place.config.store).cloned().unwrap_or_default()
    }

    pub(super) async fn put(&self, item: &ItemKey, publication: &Publication) -> Result<bool, LedgerError> {
        self.publish.stock.put_publication(item, &self.place.config.store, publication).await
    }

    /// Writes a publication if it says other than what is stored.
    async fn put_news(
        &self,
        item: &ItemKey,
        known: Publication,
        next: Publication,
    ) -> Result<(), LedgerError> {
        if (Publication { version: next.version, ..known }) == next {
            return Ok(());
        }
        // Somebody faster says the same, or knows better.
        self.put(item, &next).await.map(drop)
    }

    /// The shop cannot be asked: what it shows may be wrong from now on.
    async fn all_stale(&self, summary: &mut StoreSummary) -> Result<(), LedgerError> {
        summary.waiting += self.items.len();
        let now = self.now();
        let writes = self.items.iter().zip(self.states).map(|(item, state)| {
            let known = self.known(state);
            let stale_since = known.stale_since.or(Some(now));
            let next = Publication { version: known.version + 1, stale_since, ..known.clone() };
            self.put_news(item, known, next)
        });
        some_at_once(writes.collect()).await.into_iter().collect()
    }

    /// Not sold here: it is not stale either, unless nobody could tell.
    async fn skip(&self, item: &ItemKey, known: Publication) -> Result<Acted, LedgerError> {
        let stale_since = known.stale_since.or(Some(self.now())).filter(|_| self.unrefreshed);
        let next = Publication { version: known.version + 1, stale_since, ..known.clone() };
        self.put_news(item, known, next).await?;
        Ok(Acted::default())
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
            intent: None,
            stale_since: None,
            ..known.clone()
        };
        self.put_news(item, known, next).await?;
        Ok(acted)
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
        self.put_news(item, known, next).await?;
        let refresh = wait.is_some_and(|wait| wait.refresh);
        // A fresh message is on its way where the position is read anew.
        let waits = wait.filter(|_| !refresh);
        let waits = waits.map(|wait| (wait.until, "an earlier write or an unknown sale keeps it"));
        Ok(Acted { kept: settled, waits, refresh, ..Acted::default() })
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
        let raced = Acted { raced: true, ..Acted::default() };
        if now + CALL_RESERVE > self.deadline {
            return Ok(raced);
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
            return Ok(raced);
        }
        let aim = present + delta;
        let partial = why.target != aim;
        let item = item.clone();
        let claimed = Claimed { item, product, delta, aim, why, partial, doubt, position, publication };
        Ok(Acted { claimed: Some(claimed), ..Acted::default() })
    }
}

fn position_version(state: &ItemState) -> u64 {
    state.position.as_ref().map_or(0, |position| position.version)
}

/// A part of a target was reached, the rest is looked at again after this.
pub(super) const SOON: SignedDuration = SignedDuration::from_secs(5);

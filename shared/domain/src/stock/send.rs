//! Sending what was claimed: in as few requests as the shop allows, as many at
//! once as it can take, and every echo compared.

use std::collections::BTreeMap;

use futures::future::join_all;
use rust_decimal::Decimal;

use super::left::Left;
use super::plan::standing;
use super::publication::{Intent, Publication, Reached, Standing};
use super::publish::{StoreSummary, wish};
use super::refresh::some_at_once;
use super::round::{Round, SOON, TOO_LATE};
use super::target::Explanation;
use crate::config::WriteMode;
use crate::id::ItemKey;
use crate::outcome::CallError;
use crate::ports::{Adjusted, Adjustment, Change, LedgerError, Managed, ShopProduct, ShopStock};

/// Adjustments of one request: the shop's limit.
const BATCH: usize = 100;

/// A change that was claimed.
pub(super) struct Claimed {
    pub(super) item: ItemKey,
    pub(super) product: ShopProduct,
    pub(super) delta: Decimal,
    /// What the shop is to be brought to.
    pub(super) aim: Decimal,
    pub(super) why: Explanation,
    /// An earlier write that may still land.
    pub(super) doubt: Option<Intent>,
    /// Not all of the way: the rest may not be changed now.
    pub(super) partial: bool,
    /// The version of the position that it is computed from.
    pub(super) position: u64,
    /// With the intent.
    pub(super) publication: Publication,
}

/// How a write ended.
struct End {
    item: ItemKey,
    /// The record with its intent.
    begun: Publication,
    next: Publication,
}

impl Round<'_> {
    /// Simple products together, variations by their parent.
    pub(super) async fn send(
        &self,
        shop: &dyn ShopStock,
        claimed: Vec<Claimed>,
        summary: &mut StoreSummary,
        left: &mut Left,
    ) -> Result<(), LedgerError> {
        let store = &self.place.config.store;
        let mut batches = batches(claimed);
        while !batches.is_empty() {
            if self.is_late() {
                let unsent: Vec<Claimed> = batches.into_iter().flatten().collect();
                summary.waiting += unsent.len();
                for claimed in &unsent {
                    self.come_back(&claimed.item, TOO_LATE, left);
                }
                return self.put_all(unsent, false).await;
            }
            let pace = self.publish.pace(store);
            let rest = batches.split_off(batches.len().min(pace.at_once()));
            let sending = std::mem::replace(&mut batches, rest);
            let began = self.publish.clock.steady();
            let answers = join_all(sending.iter().map(|batch| self.adjust(shop, batch))).await;
            let failed = answers.iter().any(Result::is_err);
            self.publish.set_pace(store, pace.after(self.publish.clock.steady() - began, failed));
            for (batch, answer) in sending.into_iter().zip(answers) {
                summary.writes += 1;
                self.settle(batch, answer, summary, left).await?;
            }
            if failed {
                // What is not sent is certainly not done.
                left.leave_in_peace(self.now() + SOON, "the shop failed before it was asked for all");
                let unsent: Vec<Claimed> = batches.into_iter().flatten().collect();
                summary.waiting += unsent.len();
                return self.put_all(unsent, false).await;
            }
        }
        Ok(())
    }

    async fn adjust(&self, shop: &dyn ShopStock, batch: &[Claimed]) -> Result<Vec<Adjusted>, CallError> {
        let adjustment = |claimed: &Claimed| Adjustment {
            id: claimed.product.id,
            parent: claimed.product.parent,
            change: match self.place.stock.write {
                WriteMode::Delta => Change::By(claimed.delta),
                WriteMode::Absolute => Change::To(claimed.aim),
            },
        };
        let adjustments: Vec<_> = batch.iter().map(adjustment).collect();
        let adjusted = shop.adjust(&adjustments).await?;
        if adjusted.len() == batch.len() {
            Ok(adjusted)
        } else {
            Err(CallError::unknown("the shop answered for another number of items"))
        }
    }

    /// What became of a batch.
    async fn settle(
        &self,
        batch: Vec<Claimed>,
        answer: Result<Vec<Adjusted>, CallError>,
        summary: &mut StoreSummary,
        left: &mut Left,
    ) -> Result<(), LedgerError> {
        let error = match answer {
            Ok(adjusted) => {
                let echo = |(claimed, adjusted)| self.echo(claimed, adjusted, summary, left);
                let settled: Vec<_> = batch.into_iter().zip(adjusted).map(echo).collect();
                return self.put_each(settled).await;
            }
            Err(error) => error,
        };
        let lost = matches!(error, CallError::Unknown { .. });
        let wait = if lost { self.place.stock.longest_request() } else { wish(&error) };
        left.leave_in_peace(self.now() + wait, error.to_string());
        summary.waiting += batch.len();
        self.put_all(batch, lost).await
    }

    /// The same end for all: in doubt, or certainly not done.
    async fn put_all(&self, batch: Vec<Claimed>, in_doubt: bool) -> Result<(), LedgerError> {
        let given_up_at = self.now();
        let end = |claimed: Claimed| {
            let Claimed { item, publication: known, doubt, .. } = claimed;
            let lost = |intent| Intent { lost: true, sent_at: given_up_at, ..intent };
            let intent = if in_doubt { known.intent.clone().map(lost) } else { doubt };
            let next = Publication { version: known.version + 1, intent, ..known.clone() };
            End { item, begun: known, next }
        };
        self.put_each(batch.into_iter().map(end).collect()).await
    }

    async fn put_each(&self, ends: Vec<End>) -> Result<(), LedgerError> {
        let writes = ends.iter().map(|end| self.end(end));
        some_at_once(writes.collect()).await.into_iter().collect()
    }

    /// Puts the end of a write on record. Where somebody has left a mark
    /// meanwhile, or looked at the item once we were taken for dead, the end
    /// is put beside it.
    async fn end(&self, End { item, begun, next }: &End) -> Result<(), LedgerError> {
        if self.put(item, next).await? {
            return Ok(());
        }
        let states = self.publish.stock.items(std::slice::from_ref(item)).await?;
        let stored = states.first().map(|state| self.known(state)).unwrap_or_default();
        match stored.ended(begun, next) {
            Some(ended) => self.put(item, &ended).await.map(drop),
            None => Ok(()),
        }
    }

    /// One echo: below the aim a sale came first and is kept; above it
    /// something was put back, and it is looked at again at once.
    fn echo(&self, claimed: Claimed, adjusted: Adjusted, summary: &mut StoreSummary, left: &mut Left) -> End {
        let item = claimed.item.clone();
        let known = &claimed.publication;
        let intent = claimed.doubt.clone();
        let next = Publication { version: known.version + 1, intent, ..known.clone() };
        let id = claimed.product.id;
        let excepted = |code: &'static str, detail: String, summary: &mut StoreSummary| {
            *summary.exceptions.entry(code.to_owned()).or_default() += 1;
            let standing = standing(known, code, detail, self.now());
            Publication { standing, stale_since: None, ..next.clone() }
        };
        let publication = match adjusted {
            Adjusted::Impossible => {
                let detail = format!("The change of product {id} is no number that the shop takes.");
                excepted("impossible_adjustment", detail, summary)
            }
            Adjusted::Refused { code, status } => {
                let detail = format!("The shop refused product {id}: {code} ({status}).");
                excepted("refused_by_shop", detail, summary)
            }
            Adjusted::Now(there) if there.parent != claimed.product.parent => {
                let detail = format!("Product {id} is not a variation of the product it was.");
                excepted("foreign_variation", detail, summary)
            }
            Adjusted::Now(there) if there.managed != Managed::Yes => {
                let standing = match there.managed {
                    Managed::AtParent => Standing::AtParent,
                    Managed::No | Managed::Yes => Standing::NotManaged,
                };
                Publication { standing, stale_since: None, ..next }
            }
            Adjusted::Now(ShopProduct { quantity: None, .. }) => {
                let detail = "The shop took a quantity and shows none.".to_owned();
                excepted("quantity_unreadable", detail, summary)
            }
            Adjusted::Now(ShopProduct { quantity: Some(shown), .. }) => {
                summary.written += 1;
                self.reached(&claimed, shown, &next, left)
            }
        };
        End { item, begun: claimed.publication, next: publication }
    }

    fn reached(&self, claimed: &Claimed, shown: Decimal, next: &Publication, left: &mut Left) -> Publication {
        let now = self.now();
        let above = shown > claimed.aim;
        if above {
            left.wait(&claimed.item.sku, now, "the shop shows more than it was brought to");
        } else if claimed.partial {
            left.wait(&claimed.item.sku, now + SOON, "the rest of the way has to wait");
        }
        // What was in doubt before still is: a change on top of what was done
        // now, a number as it was.
        let doubt = claimed.doubt.clone().map(|doubt| match self.place.stock.write {
            WriteMode::Delta => doubt.after(claimed.delta),
            WriteMode::Absolute => doubt,
        });
        let stale = above || claimed.partial || doubt.is_some() || self.unrefreshed;
        let why = claimed.why.clone();
        Publication {
            shown: Some(shown),
            reached: Some(Reached { why, position: claimed.position, at: now }),
            intent: doubt,
            standing: Standing::Published,
            stale_since: claimed.publication.stale_since.filter(|_| stale),
            ..next.clone()
        }
    }
}

fn batches(claimed: Vec<Claimed>) -> Vec<Vec<Claimed>> {
    let mut groups: BTreeMap<Option<u64>, Vec<Claimed>> = BTreeMap::new();
    for change in claimed {
        groups.entry(change.product.parent).or_default().push(change);
    }
    let mut batches = Vec::new();
    for mut group in groups.into_values() {
        while !group.is_empty() {
            let rest = group.split_off(group.len().min(BATCH));
            batches.push(std::mem::replace(&mut group, rest));
        }
    }
    batches
}

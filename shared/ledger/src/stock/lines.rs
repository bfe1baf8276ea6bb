//! In-flight lines: one row each, of two halves that know nothing of each
//! other. R is ordered by its read, L by the fence it was decided under.
//!
//! The documents are for readers; quantities, instants (nanoseconds) and the
//! fence stand beside them for the conditions.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use rust_decimal::Decimal;
use weir_domain::id::{Generation, ItemKey, LineKey};
use weir_domain::ports::{Confirming, InFlightNews, LedgerError};
use weir_domain::stock::{InFlight, Reduction};

use super::{AT_ONCE, DynamoStock, partition};
use crate::expression::Write;
use crate::item::{Item, document, instant_of, json, n, nanoseconds, number, required, s, text};
use crate::key::{item, line, primary};
use crate::rows::was_done;

/// The two halves of a row, and what a person said of the first.
#[derive(Debug, Default)]
pub(super) struct Row {
    reduced: Option<Reduction>,
    confirming: Option<Confirming>,
    written_off: Option<Timestamp>,
}

impl Row {
    pub(super) fn read(row: &Item) -> Result<Self, LedgerError> {
        let confirming = match number(row, "fence") {
            Some(fence) => Some(Confirming {
                quantity: units(row)?,
                generation: Generation(required(row, "generation")?),
                fence,
            }),
            None => None,
        };
        let written_off = instant_of(row, "written_off")?;
        Ok(Self { reduced: document(row, "reduction")?, confirming, written_off })
    }

    pub(super) fn in_flight(self, item: &ItemKey, line: LineKey) -> InFlight {
        let generation = self.confirming.as_ref().map(|known| known.generation);
        let confirming = self.confirming.as_ref().map(|known| known.quantity).unwrap_or_default();
        let Self { reduced, written_off, .. } = self;
        InFlight { item: item.clone(), line, reduced, confirming, generation, written_off }
    }

    /// What of `news` this row does not know, and would accept.
    fn lacks<'a>(&self, news: &'a InFlightNews) -> (Option<&'a Reduction>, Option<&'a Confirming>) {
        let reduced = Some(&news.reduced).filter(|read| {
            self.reduced.as_ref().is_none_or(|known| read.is_news_to(known) && *read != known)
        });
        let confirming = news.confirming.as_ref().filter(|decided| {
            self.confirming.as_ref().is_none_or(|known| decided.fence >= known.fence && *decided != known)
        });
        (reduced, confirming)
    }

    fn learn(&mut self, reduced: Option<&Reduction>, confirming: Option<&Confirming>) {
        self.reduced = reduced.cloned().or_else(|| self.reduced.take());
        self.confirming = confirming.cloned().or_else(|| self.confirming.take());
    }
}

impl Write {
    fn reduced(self, read: &Reduction) -> Result<Self, LedgerError> {
        // never read │ known by an older read │ by the same one ──┤ ours counts
        //                                                         └ by a newer one: that stays
        let newest = "attribute_not_exists(#modified) OR #modified < :modified \
                      OR (#modified = :modified AND #read <= :read)";
        Ok(self
            .set("reduction", json(read)?)
            .set("reduced", quantity(read.quantity))
            .set("modified", nanoseconds(read.modified_at))
            .set("read", nanoseconds(read.read_at))
            .only_if(newest))
    }

    fn confirming(self, decided: &Confirming) -> Self {
        // never decided │ under an older claim │ under this one ──┤ ours counts
        //                                                         └ under a newer one: we lost ours
        let newest = "attribute_not_exists(#fence) OR #fence <= :fence";
        self.set("confirming", quantity(decided.quantity))
            .set("generation", n(decided.generation.0))
            .set("fence", n(decided.fence))
            .only_if(newest)
    }
}

impl DynamoStock {
    /// Rows side by side, the news of one row in their order. What cannot be
    /// stored is told after everything else is written.
    pub(super) async fn write_news(&self, news: &[InFlightNews]) -> Result<(), LedgerError> {
        let mut by_row: BTreeMap<(String, String), Vec<&InFlightNews>> = BTreeMap::new();
        for news in news {
            if let Some(partition) = item(&news.item) {
                by_row.entry((partition, line(&news.line))).or_default().push(news);
            }
        }
        let keys = by_row.keys().map(|(pk, sk)| primary(pk.clone(), sk)).collect();
        let known = self.rows.get_many(keys, None, true).await?;
        let known: BTreeMap<(&str, &str), &Item> =
            known.iter().filter_map(|row| Some(((text(row, "pk")?, text(row, "sk")?), row))).collect();
        let writes: Vec<_> = by_row
            .iter()
            .map(|((pk, sk), news)| {
                let key = primary(pk.clone(), sk);
                self.write_row(key, known.get(&(pk.as_str(), sk.as_str())).copied(), news)
            })
            .collect();
        stream::iter(writes).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        news.iter().try_for_each(|news| partition(&news.item).map(drop))
    }

    async fn write_row(
        &self,
        key: Item,
        known: Option<&Item>,
        news: &[&InFlightNews],
    ) -> Result<(), LedgerError> {
        let mut known = known.map(Row::read).transpose()?.unwrap_or_default();
        for news in news {
            let (reduced, confirming) = known.lacks(news);
            self.write_halves(&key, reduced, confirming).await?;
            known.learn(reduced, confirming);
        }
        Ok(())
    }

    /// A half that is refused is older than what was written meanwhile.
    async fn write_halves(
        &self,
        key: &Item,
        reduced: Option<&Reduction>,
        confirming: Option<&Confirming>,
    ) -> Result<(), LedgerError> {
        if let (Some(reduced), Some(confirming)) = (reduced, confirming) {
            let both = Write::default().reduced(reduced)?.confirming(confirming);
            if was_done(&self.rows.attempt(key.clone(), &both).await?)? {
                return Ok(());
            }
            // One of them was overtaken: each for itself.
        }
        if let Some(reduced) = reduced {
            was_done(&self.rows.attempt(key.clone(), &Write::default().reduced(reduced)?).await?)?;
        }
        if let Some(confirming) = confirming {
            was_done(&self.rows.attempt(key.clone(), &Write::default().confirming(confirming)).await?)?;
        }
        Ok(())
    }

    pub(super) async fn delete_line(&self, left: &InFlight) -> Result<(), LedgerError> {
        let key = primary(partition(&left.item)?, line(&left.line));
        // read ──┤ as it was: nobody counts it any more
        //        └ news arrived: it may be in flight again
        let write = Write::default().only_if("attribute_exists(#pk)");
        let write = match &left.reduced {
            Some(read) => write
                .only_if("#reduced = :reduced AND #modified = :modified AND #read = :read")
                .value("reduced", quantity(read.quantity))
                .value("modified", nanoseconds(read.modified_at))
                .value("read", nanoseconds(read.read_at)),
            None => write.only_if("attribute_not_exists(#modified)"),
        };
        let write = match left.generation {
            Some(generation) => write
                .only_if("#confirming = :confirming AND #generation = :generation")
                .value("confirming", quantity(left.confirming))
                .value("generation", n(generation.0)),
            None => write.only_if("attribute_not_exists(#fence)"),
        };
        let write = match left.written_off {
            Some(as_of) => {
                write.only_if("#written_off = :written_off").value("written_off", nanoseconds(as_of))
            }
            None => write.only_if("attribute_not_exists(#written_off)"),
        };
        was_done(&self.rows.delete(key, &write).await?).map(drop)
    }
}

/// Units, one text for each number: 2.50 is 2.5.
fn quantity(units: Decimal) -> AttributeValue {
    s(units.normalize().to_string())
}

fn units(row: &Item) -> Result<Decimal, LedgerError> {
    let parsed = text(row, "confirming").and_then(|units| units.parse().ok());
    parsed.ok_or_else(|| LedgerError::Corrupt("confirming of an in-flight line is no number".to_owned()))
}

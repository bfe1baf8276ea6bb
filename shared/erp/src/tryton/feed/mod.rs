//! A feed over Tryton's records by their dates of change: what the feeds of
//! stock and of orders have in common.
//!
//! A fresh record has no `write_date`, so there are two kinds of streams, by
//! `create_date` and by `write_date`, each read in the order of (date, id): a
//! thousand records of one instant are read page by page. A round reads all of
//! a feed's streams to their ends.
//!
//! Both dates are when the transaction *began*, by the database's clock; the
//! change is seen when it ends. **Assumed**: no transaction lasts longer than
//! the overlap. A round that began at t named everything committed before t;
//! what is committed later is dated after t less the overlap, which is where
//! the next round begins. t is by the database's clock, which nobody tells
//! us: it is at least the youngest date seen plus what our clock has counted
//! since. So our clock may be wrong, as long as it runs.
//!
//! What the overlap shows again is not named again ([`Named`]), unless more
//! changed in it than a cursor can hold.
//!
//! A record that is deleted is not seen.

mod named;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weir_domain::outcome::CallError;

use super::Tryton;
use super::client::Query;
use super::wire::WireInstant;
use named::Named;

/// Names a page.
pub(super) const PAGE: usize = 100;
/// How far back a feed begins whose cursor cannot be read, e.g. because
/// another version wrote it.
const LOST: SignedDuration = SignedDuration::from_hours(24);

/// By which date records are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum By {
    Created,
    Written,
}

impl By {
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Created => "create_date",
            Self::Written => "write_date",
        }
    }
}

/// What a feed reads one after the other.
pub(super) trait Stream: Copy {
    /// The first of a round.
    const FIRST: Self;
    /// The one after this; `None` after the last.
    fn following(self) -> Option<Self>;
    /// In which order it is read.
    fn by(self) -> By;
}

/// Of one model, whatever happens to it: created, then written.
impl Stream for By {
    const FIRST: Self = Self::Created;

    fn following(self) -> Option<Self> {
        (self == Self::Created).then_some(Self::Written)
    }

    fn by(self) -> By {
        self
    }
}

/// The dates of a record.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Dates {
    pub(super) create_date: Option<WireInstant>,
    pub(super) write_date: Option<WireInstant>,
}

impl Dates {
    fn by(&self, by: By) -> Option<Timestamp> {
        let date = match by {
            By::Created => self.create_date,
            By::Written => self.write_date,
        };
        date.map(|WireInstant(date)| date)
    }

    /// When the record became what it is.
    fn changed(&self) -> Option<Timestamp> {
        self.by(By::Created).max(self.by(By::Written))
    }
}

/// A record, as far as a feed needs it.
#[derive(Debug, Clone)]
pub(super) struct Change<T> {
    pub(super) id: u64,
    /// What it is remembered by: unique among all that the feed reads.
    pub(super) key: u64,
    pub(super) dates: Dates,
    /// What it is a change of.
    pub(super) of: Vec<T>,
}

/// Where a feed is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Feed<S> {
    /// A reading of the database's clock …
    theirs: Timestamp,
    /// … which was not after this, by ours.
    ours: Timestamp,
    /// Where the next round begins, by the database's clock.
    next: Timestamp,
    /// The present one; `None` between rounds.
    round: Option<Round<S>>,
    /// What was named of that which is read again.
    #[serde(default)]
    named: Named,
}

/// How far a round is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Round<S> {
    /// Where it began.
    from: Timestamp,
    /// What it reads.
    pub(super) stream: S,
    /// Records before this instant …
    date: Timestamp,
    /// … and, of this instant, up to this id are read.
    id: u64,
}

impl<S: Stream + Serialize> Feed<S> {
    /// A feed that begins with what is younger than the youngest change: now,
    /// or a while ago if it lost its cursor.
    pub(super) fn anew(youngest: Timestamp, now: Timestamp, overlap: SignedDuration, is_lost: bool) -> Self {
        Self::begin(youngest, now, if is_lost { LOST } else { overlap })
    }

    fn begin(youngest: Timestamp, now: Timestamp, back: SignedDuration) -> Self {
        let next = before(youngest, back);
        Self { theirs: youngest, ours: now, next, round: None, named: Named::default() }
    }

    /// What the database's clock shows at least.
    fn at_least(&self, now: Timestamp) -> Timestamp {
        let passed = now.duration_since(self.ours).max(SignedDuration::ZERO);
        self.theirs.saturating_add(passed).unwrap_or(self.theirs)
    }

    /// Learns from a date that was read before `now`.
    fn note(&mut self, date: Timestamp, now: Timestamp) {
        if date > self.at_least(now) {
            (self.theirs, self.ours) = (date, now);
        }
    }

    /// The present round, or a new one.
    fn round(&mut self, now: Timestamp, overlap: SignedDuration) -> Round<S> {
        if let Some(round) = self.round {
            return round;
        }
        let round = Round::of(self.next, S::FIRST);
        self.named.forget_before(self.next);
        self.next = before(self.at_least(now), overlap).max(self.next);
        round
    }

    /// As it is stored.
    pub(super) fn cursor(&self) -> Result<String, CallError> {
        serde_json::to_string(self).map_err(|_| CallError::unknown("the feed's cursor could not be written"))
    }
}

impl<S: Stream> Round<S> {
    /// Id 0 is nobody's: of the first instant everything is still to be read.
    fn of(from: Timestamp, stream: S) -> Self {
        Self { from, stream, date: from, id: 0 }
    }

    /// The rest of the round when its stream is at its end.
    fn following(&self) -> Option<Self> {
        self.stream.following().map(|stream| Self::of(self.from, stream))
    }

    /// The part of a domain that says what is still to be read, in
    /// [`order`](Self::order).
    pub(super) fn rest(&self) -> Value {
        let (field, date) = (self.stream.by().field(), WireInstant(self.date));
        json!(["OR", [field, ">", date], [[field, "=", date], ["id", ">", self.id]]])
    }

    pub(super) fn order(&self) -> Value {
        json!([[self.stream.by().field(), "ASC"], ["id", "ASC"]])
    }

    /// Takes what is news from a page until there is enough; `false` if the
    /// page had more.
    fn take<T: Ord + Clone>(
        &mut self,
        page: &[Change<T>],
        found: &mut BTreeSet<T>,
        named: &mut Named,
    ) -> bool {
        for change in page {
            let changed = change.dates.changed();
            let known = changed.is_some_and(|changed| named.knows(changed, change.key));
            if !known && !change.of.is_empty() {
                let of: BTreeSet<T> = change.of.iter().cloned().collect();
                // Whatever one record is a change of fits on some page.
                if !found.is_empty() && found.union(&of).count() > PAGE.max(found.len()) {
                    return false;
                }
                found.extend(of);
                if let Some(changed) = changed {
                    named.remember(changed, change.key);
                }
            }
            if let Some(date) = change.dates.by(self.stream.by()) {
                (self.date, self.id) = (date, change.id);
            }
        }
        true
    }
}

fn before(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.saturating_sub(by).unwrap_or(instant)
}

/// One call of a feed: rounds are asked for until it has a page.
pub(super) struct Pass<S, T> {
    feed: Feed<S>,
    round: Round<S>,
    found: BTreeSet<T>,
}

impl<S: Stream + Serialize, T: Ord + Clone> Pass<S, T> {
    pub(super) fn begin(mut feed: Feed<S>, now: Timestamp, overlap: SignedDuration) -> Self {
        let round = feed.round(now, overlap);
        Self { feed, round, found: BTreeSet::new() }
    }

    /// What is to be read next.
    pub(super) fn round(&self) -> &Round<S> {
        &self.round
    }

    /// Takes what was read before `now`, at most `limit` records. `Some` ends
    /// the call: whether there may be more right now.
    pub(super) fn take(&mut self, page: &[Change<T>], limit: usize, now: Timestamp) -> Option<bool> {
        let by = self.round.stream.by();
        page.iter().filter_map(|change| change.dates.by(by)).for_each(|date| self.feed.note(date, now));
        let all = self.round.take(page, &mut self.found, &mut self.feed.named);
        if !all || page.len() >= limit {
            self.feed.round = Some(self.round);
            return Some(true);
        }
        if let Some(following) = self.round.following() {
            self.round = following;
            return None;
        }
        self.feed.round = None;
        Some(false)
    }

    /// What was named, and the cursor.
    pub(super) fn end(self) -> Result<(BTreeSet<T>, String), CallError> {
        let cursor = self.feed.cursor()?;
        Ok((self.found, cursor))
    }
}

impl Tryton {
    /// The date of the youngest change of a model; long ago where there is
    /// none.
    pub(super) async fn youngest(&self, model: &str, by: By) -> Result<Timestamp, CallError> {
        let field = by.field();
        let query = Query {
            domain: json!([["company", "=", self.config.company], [field, "!=", null]]),
            fields: &[field],
            order: json!([[field, "DESC"]]),
            limit: 1,
            context: Value::Null,
        };
        let found: Vec<Dates> = self.client.query(model, &query).await?;
        let date = found.first().and_then(|dates| dates.by(by));
        Ok(date.unwrap_or(Timestamp::UNIX_EPOCH))
    }
}

#[cfg(test)]
mod tests;

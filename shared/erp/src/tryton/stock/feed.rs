//! Which items moved: a feed over Tryton's moves by their dates of change.
//!
//! A fresh move has no `write_date`, so there are two streams, by
//! `create_date` and by `write_date`, each read in the order of (date, id): a
//! thousand moves of one instant are read page by page. A round reads both to
//! their ends.
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
//! A move that is deleted, not cancelled, is not seen: the nightly full pass
//! finds it.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use weir_domain::id::Sku;
use weir_domain::outcome::CallError;
use weir_domain::ports::ItemPage;

use super::super::Tryton;
use super::super::client::Query;
use super::super::wire::WireInstant;
use super::named::Named;
use super::{MOVE, PAGE};

/// Moves a call, some 200 bytes each.
const MOVES_PER_CALL: usize = 500;
/// How far back a feed begins whose cursor cannot be read, e.g. because
/// another version wrote it.
const LOST: SignedDuration = SignedDuration::from_hours(24);

/// By which date moves are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Stream {
    Created,
    Written,
}

impl Stream {
    fn field(self) -> &'static str {
        match self {
            Self::Created => "create_date",
            Self::Written => "write_date",
        }
    }
}

/// Where a feed is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Feed {
    /// A reading of the database's clock …
    theirs: Timestamp,
    /// … which was not after this, by ours.
    ours: Timestamp,
    /// Where the next round begins, by the database's clock.
    next: Timestamp,
    /// The present one; `None` between rounds.
    round: Option<Round>,
    /// What was named of that which is read again.
    #[serde(default)]
    named: Named,
}

/// How far a round is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Round {
    /// Where it began.
    from: Timestamp,
    /// What it reads.
    stream: Stream,
    /// Moves before this instant …
    date: Timestamp,
    /// … and, of this instant, up to this id are read.
    id: u64,
}

/// A move, as far as the feed needs it.
#[derive(Debug, Clone, Deserialize)]
struct Change {
    id: u64,
    product: Product,
    create_date: Option<WireInstant>,
    write_date: Option<WireInstant>,
}

#[derive(Debug, Clone, Deserialize)]
struct Product {
    code: Option<String>,
}

impl Change {
    fn date(&self, stream: Stream) -> Option<Timestamp> {
        let date = match stream {
            Stream::Created => self.create_date,
            Stream::Written => self.write_date,
        };
        date.map(|WireInstant(date)| date)
    }

    /// When it became what it is.
    fn changed(&self) -> Option<Timestamp> {
        self.date(Stream::Created).max(self.date(Stream::Written))
    }
}

impl Feed {
    /// A feed that begins `back` before the youngest change.
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
    fn round(&mut self, now: Timestamp, overlap: SignedDuration) -> Round {
        if let Some(round) = self.round {
            return round;
        }
        let round = Round::of(self.next, Stream::Created);
        self.named.forget_before(self.next);
        self.next = before(self.at_least(now), overlap).max(self.next);
        round
    }

    fn page(&self, skus: BTreeSet<String>, more: bool) -> Result<ItemPage, CallError> {
        let next = serde_json::to_string(self);
        let next = next.map_err(|_| CallError::unknown("the feed's cursor could not be written"))?;
        Ok(ItemPage { skus: skus.into_iter().map(Sku).collect(), next, more })
    }
}

impl Round {
    /// Id 0 is nobody's: of the first instant everything is still to be read.
    fn of(from: Timestamp, stream: Stream) -> Self {
        Self { from, stream, date: from, id: 0 }
    }

    /// The rest of the round when its stream is at its end.
    fn following(&self) -> Option<Self> {
        match self.stream {
            Stream::Created => Some(Self::of(self.from, Stream::Written)),
            Stream::Written => None,
        }
    }

    fn domain(&self, company: u64) -> Value {
        let (field, date) = (self.stream.field(), WireInstant(self.date));
        json!([
            ["company", "=", company],
            ["OR", [field, ">", date], [[field, "=", date], ["id", ">", self.id]]],
        ])
    }

    /// Takes items that are news from a page until there are enough; `false`
    /// if it had more.
    fn take(&mut self, page: &[Change], skus: &mut BTreeSet<String>, named: &mut Named) -> bool {
        for change in page {
            let changed = change.changed();
            let known = changed.is_some_and(|changed| named.knows(changed, change.id));
            if let Some(code) = change.product.code.as_ref().filter(|_| !known) {
                if skus.len() >= PAGE && !skus.contains(code) {
                    return false;
                }
                skus.insert(code.clone());
                if let Some(changed) = changed {
                    named.remember(changed, change.id);
                }
            }
            if let Some(date) = change.date(self.stream) {
                (self.date, self.id) = (date, change.id);
            }
        }
        true
    }
}

fn before(instant: Timestamp, by: SignedDuration) -> Timestamp {
    instant.saturating_sub(by).unwrap_or(instant)
}

impl Tryton {
    pub(super) async fn moved_items(&self, cursor: Option<&str>) -> Result<ItemPage, CallError> {
        let Some(Ok(mut feed)) = cursor.map(serde_json::from_str::<Feed>) else {
            let back = if cursor.is_some() { LOST } else { self.longest_transaction };
            let youngest = self.youngest().await?;
            return Feed::begin(youngest, self.client.now(), back).page(BTreeSet::new(), cursor.is_some());
        };
        let mut round = feed.round(self.client.now(), self.longest_transaction);
        let mut skus = BTreeSet::new();
        loop {
            let page = self.changes(&round).await?;
            let now = self.client.now();
            page.iter().filter_map(|change| change.date(round.stream)).for_each(|date| feed.note(date, now));
            let all = round.take(&page, &mut skus, &mut feed.named);
            if !all || page.len() >= MOVES_PER_CALL {
                feed.round = Some(round);
                return feed.page(skus, true);
            }
            match round.following() {
                Some(following) => round = following,
                None => break,
            }
        }
        feed.round = None;
        feed.page(skus, false)
    }

    async fn changes(&self, round: &Round) -> Result<Vec<Change>, CallError> {
        let field = round.stream.field();
        let query = Query {
            domain: round.domain(self.config.company),
            fields: &["product.code", Stream::Created.field(), Stream::Written.field()],
            order: json!([[field, "ASC"], ["id", "ASC"]]),
            limit: MOVES_PER_CALL,
            context: Value::Null,
        };
        self.client.query(MOVE, &query).await
    }

    /// The date of the youngest change; long ago where there is none.
    async fn youngest(&self) -> Result<Timestamp, CallError> {
        let mut youngest = Timestamp::UNIX_EPOCH;
        for stream in [Stream::Created, Stream::Written] {
            let field = stream.field();
            let query = Query {
                domain: json!([["company", "=", self.config.company], [field, "!=", null]]),
                fields: &["product.code", field],
                order: json!([[field, "DESC"]]),
                limit: 1,
                context: Value::Null,
            };
            let found: Vec<Change> = self.client.query(MOVE, &query).await?;
            youngest = found.iter().filter_map(|change| change.date(stream)).fold(youngest, Timestamp::max);
        }
        Ok(youngest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVERLAP: SignedDuration = SignedDuration::from_mins(5);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn change(id: u64, code: &str, second: i64) -> Change {
        let date = Some(WireInstant(at(second)));
        Change { id, product: Product { code: Some(code.to_owned()) }, create_date: date, write_date: date }
    }

    #[test]
    fn a_round_begins_before_what_the_last_one_may_have_missed() {
        // The database is an hour behind our clock.
        let mut feed = Feed::begin(at(0), at(3600), OVERLAP);
        assert_eq!(feed.round(at(3660), OVERLAP).from, at(-300));
        // When that round began it was at least 60 there: what was not seen
        // then is dated after -240.
        assert_eq!(feed.next, at(-240));
        assert_eq!(feed.round(at(3720), OVERLAP).from, at(-240));
        assert_eq!(feed.next, at(-180));
        // A younger date is a better reading of the other clock, an older none.
        feed.note(at(200), at(3720));
        assert_eq!(feed.at_least(at(3720)), at(200));
        feed.note(at(100), at(3720));
        assert_eq!(feed.at_least(at(3730)), at(210));
        // Our clock went back: nothing is known to have passed.
        assert_eq!(feed.at_least(at(0)), at(200));
    }

    #[test]
    fn where_nothing_changes_a_round_soon_begins_after_the_last_change() {
        let mut feed = Feed::begin(at(0), at(0), OVERLAP);
        feed.round(at(301), OVERLAP);
        assert!(feed.round(at(302), OVERLAP).from > at(0));
    }

    #[test]
    fn a_page_holds_a_hundred_items_and_stops_before_the_next() {
        let mut round = Round::of(at(0), Stream::Created);
        let page: Vec<Change> = (1..=201).map(|id| change(id, &format!("SKU-{}", id / 2), 7)).collect();
        let mut skus = BTreeSet::new();
        assert!(!round.take(&page, &mut skus, &mut Named::default()));
        assert_eq!((skus.len(), round.date, round.id), (100, at(7), 199));
        let mut skus = BTreeSet::new();
        assert!(round.take(&page[199..], &mut skus, &mut Named::default()));
        assert_eq!((skus.len(), round.id), (1, 201));
    }

    #[test]
    fn moves_of_one_instant_are_read_by_their_ids() {
        let mut round = Round::of(at(0), Stream::Written);
        round.take(&[change(3, "A", 5), change(9, "B", 5)], &mut BTreeSet::new(), &mut Named::default());
        let date = serde_json::to_value(WireInstant(at(5))).unwrap();
        let expected = json!([
            ["company", "=", 1],
            ["OR", ["write_date", ">", date], [["write_date", "=", date], ["id", ">", 9]]],
        ]);
        assert_eq!(round.domain(1), expected);
        assert_eq!(round.following(), None);
        let created = Round { stream: Stream::Created, ..round };
        assert_eq!(created.following(), Some(Round::of(at(0), Stream::Written)));
    }

    #[test]
    fn a_move_without_a_code_moves_on() {
        let mut round = Round::of(at(0), Stream::Created);
        let mut skus = BTreeSet::new();
        let nameless = Change { product: Product { code: None }, ..change(4, "", 2) };
        assert!(round.take(&[nameless], &mut skus, &mut Named::default()));
        assert_eq!((skus.len(), round.id), (0, 4));
    }

    fn named_by(feed: &mut Feed, now: i64, created: &[Change], written: &[Change]) -> Vec<String> {
        let mut round = feed.round(at(now), OVERLAP);
        let mut skus = BTreeSet::new();
        assert!(round.take(created, &mut skus, &mut feed.named));
        round = round.following().unwrap();
        assert!(round.take(written, &mut skus, &mut feed.named));
        skus.into_iter().collect()
    }

    #[test]
    fn a_change_is_named_once_and_a_late_one_all_the_same() {
        let mut feed = Feed::begin(at(0), at(0), OVERLAP);
        let a = || change(1, "A", 30);
        assert_eq!(named_by(&mut feed, 60, &[a()], &[a()]), ["A"]);
        // Committed late, dated before what was read.
        let b = || change(2, "B", 20);
        assert_eq!(named_by(&mut feed, 120, &[b(), a()], &[b(), a()]), ["B"]);
        let again = Change { write_date: Some(WireInstant(at(130))), ..a() };
        assert_eq!(named_by(&mut feed, 180, &[b(), again.clone()], &[b(), again]), ["A"]);
        // Longer ago than anything is read again.
        feed.round(at(1_000), OVERLAP);
        feed.round(at(2_000), OVERLAP);
        assert_eq!(feed.named, Named::default());
    }

    #[test]
    fn a_cursor_from_before_it_remembered_is_read() {
        let mut cursor = serde_json::to_value(Feed::begin(at(0), at(0), OVERLAP)).unwrap();
        cursor.as_object_mut().unwrap().remove("named").unwrap();
        assert!(serde_json::from_value::<Feed>(cursor).is_ok());
    }

    #[test]
    fn what_does_not_fit_on_a_page_is_still_news() {
        let mut named = Named::default();
        let page: Vec<Change> = (1..=101).map(|id| change(id, &format!("SKU-{id}"), 7)).collect();
        let mut round = Round::of(at(0), Stream::Created);
        assert!(!round.take(&page, &mut BTreeSet::new(), &mut named));
        let mut skus = BTreeSet::new();
        assert!(round.take(&page, &mut skus, &mut named));
        assert_eq!(Vec::from_iter(skus), ["SKU-101"]);
    }
}

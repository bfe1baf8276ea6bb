//! A publication: what one shop shows of one item, and the write that is under
//! way. One fenced writer per item and store: the record's version is read
//! before the shop's quantity and must not have moved when the write is begun.

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::target::Explanation;
use crate::hint::SKEW;

/// A write to the shop is over, one way or the other, when the function that
/// made it cannot run any more.
pub const WRITER_GONE_AFTER: SignedDuration = SignedDuration::from_secs(70);

/// What one shop shows of one item.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publication {
    /// Counts the writes of this record; 0 if there is none yet.
    pub version: u64,
    /// The shop's quantity when it was last seen.
    pub shown: Option<Decimal>,
    /// What was last reached, and why.
    pub reached: Option<Reached>,
    /// A write that was begun and is not known to have ended.
    pub intent: Option<Intent>,
    /// How the item stands in this shop.
    pub standing: Standing,
    /// Since when the shop does not show what it should.
    pub stale_since: Option<Timestamp>,
}

/// What the shop was last known to show, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// Why.
    pub why: Explanation,
    /// From which [version](super::Position::version) of the position.
    pub position: u64,
    /// When.
    pub at: Timestamp,
}

/// A write that was begun. Persisted before the shop is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// P.
    pub present: Decimal,
    /// What is added to it; negative takes away.
    pub delta: Decimal,
    /// When it was begun, or, once its answer is lost, when that was given up.
    pub sent_at: Timestamp,
    /// The answer was lost, or made no sense: it may still happen.
    pub lost: bool,
}

impl Intent {
    /// What the shop shows once this has happened, sales left aside.
    pub fn target(&self) -> Decimal {
        self.present + self.delta
    }

    /// Our time-out: when the answer was given up, or, where the writer died,
    /// when it would have been at the latest.
    fn given_up_at(&self) -> Timestamp {
        if self.lost { self.sent_at } else { self.sent_at + WRITER_GONE_AFTER }
    }

    /// The same once a change beside it was done.
    #[must_use]
    pub fn after(self, change: Decimal) -> Self {
        Self { present: self.present + change, ..self }
    }
}

/// How an item stands in a shop.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// Never looked at, or all is well.
    #[default]
    Published,
    /// The shop does not manage this product's stock.
    NotManaged,
    /// A variation whose stock is its parent's: the parent's item counts.
    AtParent,
    /// A person has to look.
    Exception {
        /// Stable, `snake_case`.
        code: String,
        /// For people.
        detail: String,
        /// Since when.
        since: Timestamp,
    },
}

/// What the record says about writing now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writable {
    /// In either direction.
    Freely,
    /// A write of unknown outcome may still land, which would bring the shop
    /// to this: only downwards, and from there.
    Downwards {
        /// [`Intent::target`].
        landing: Decimal,
        /// Until when.
        until: Timestamp,
    },
    /// Another writer is at work.
    NotBefore(Timestamp),
}

impl Publication {
    /// The shop was asked for it, and had no such product: nothing is amiss
    /// there, whatever moves in the ERP.
    pub fn is_not_sold(&self) -> bool {
        let looked_at = self.version > 0 && self.stale_since.is_none() && self.intent.is_none();
        looked_at && self.reached.is_none() && self.shown.is_none() && self.standing == Standing::Published
    }

    /// The same on the list of the stale. Its version moves in any case, so
    /// that who has begun something on older facts finds out.
    #[must_use]
    pub fn marked(self, now: Timestamp) -> Self {
        Self { version: self.version + 1, stale_since: self.stale_since.or(Some(now)), ..self }
    }

    /// The end of a write that was `begun`, where somebody has put `self` in
    /// its place meanwhile. `None` if it is no longer ours to end: whoever has
    /// begun another one took it for lost, and goes by that.
    #[must_use]
    pub fn ended(self, begun: &Self, end: &Self) -> Option<Self> {
        if self.intent != begun.intent {
            return None;
        }
        let version = self.version + 1;
        let stale_since = self.stale_since.or(end.stale_since);
        let only_marked =
            Self { version: begun.version, stale_since: begun.stale_since, ..self.clone() } == *begun;
        // Who looked at it after us knows better, but for what we began.
        let seen = if only_marked { end.clone() } else { Self { intent: end.intent.clone(), ..self } };
        Some(Self { version, stale_since, ..seen })
    }

    /// A write that may still land, to be remembered beside a new one.
    pub fn doubt(&self, now: Timestamp, longest_request: SignedDuration) -> Option<Intent> {
        let Writable::Downwards { .. } = self.writable(now, longest_request) else { return None };
        let intent = self.intent.clone()?;
        Some(Intent { sent_at: intent.given_up_at(), lost: true, ..intent })
    }

    /// What may be written. `longest_request` is the shop's.
    pub fn writable(&self, now: Timestamp, longest_request: SignedDuration) -> Writable {
        let Some(intent) = &self.intent else { return Writable::Freely };
        let writer_gone = intent.sent_at + WRITER_GONE_AFTER;
        // Who gave it up had another clock.
        let settled = intent.given_up_at() + longest_request + SKEW;
        if !intent.lost && now < writer_gone {
            Writable::NotBefore(writer_gone)
        } else if now < settled {
            Writable::Downwards { landing: intent.target(), until: settled }
        } else {
            Writable::Freely
        }
    }
}

/// The change to send: zero where nothing is to be done now.
pub fn delta(target: Decimal, present: Decimal, writable: Writable) -> Decimal {
    match writable {
        Writable::Freely => target - present,
        Writable::Downwards { landing, .. } => (target - present.max(landing)).min(Decimal::ZERO),
        Writable::NotBefore(_) => Decimal::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONGEST: SignedDuration = SignedDuration::from_secs(120);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn sent(lost: bool) -> Publication {
        let intent = Intent { present: Decimal::from(5), delta: Decimal::from(3), sent_at: at(0), lost };
        Publication { intent: Some(intent), ..Publication::default() }
    }

    #[test]
    fn one_writer_at_a_time_until_it_cannot_be_at_work_any_more() {
        assert_eq!(sent(false).writable(at(69), LONGEST), Writable::NotBefore(at(70)));
        let crashed = sent(false).writable(at(70), LONGEST);
        assert_eq!(crashed, Writable::Downwards { landing: Decimal::from(8), until: at(195) });
        assert_eq!(sent(false).writable(at(195), LONGEST), Writable::Freely);
        assert_eq!(sent(true).writable(at(125), LONGEST), Writable::Freely);
    }

    #[test]
    fn a_change_beside_a_lost_one_does_not_make_it_forgotten() {
        let doubt = sent(true).doubt(at(1), LONGEST).unwrap();
        assert_eq!((doubt.target(), doubt.sent_at), (Decimal::from(8), at(0)));
        assert_eq!(doubt.after(Decimal::from(-2)).target(), Decimal::from(6), "it lands on less");
        assert_eq!(sent(true).doubt(at(125), LONGEST), None, "it has landed, or never will");
        let of_the_dead = sent(false).doubt(at(70), LONGEST).unwrap();
        assert_eq!((of_the_dead.lost, of_the_dead.sent_at), (true, at(70)));
    }

    #[test]
    fn a_write_ends_beside_a_mark_and_beside_a_look_but_not_beside_another_write() {
        let begun = Publication { version: 5, stale_since: Some(at(0)), ..sent(false) };
        let end = Publication { version: 6, shown: Some(Decimal::from(8)), ..Publication::default() };
        let marked = begun.clone().marked(at(9));
        assert_eq!((marked.version, marked.stale_since), (6, Some(at(0))));
        let expected = Publication { version: 7, stale_since: Some(at(0)), ..end.clone() };
        assert_eq!(marked.ended(&begun, &end), Some(expected));
        let looked = Publication { version: 6, shown: Some(Decimal::from(7)), ..begun.clone() };
        let expected = Publication { version: 7, intent: None, ..looked.clone() };
        assert_eq!(looked.ended(&begun, &end), Some(expected), "seen later than the end");
        let another = Publication { version: 8, ..sent(true) };
        assert_eq!(another.ended(&begun, &end), None);
        assert_eq!(end.clone().ended(&begun, &end), None);
    }

    #[test]
    fn what_was_looked_at_and_not_found_is_not_sold() {
        let looked_at = Publication { version: 2, ..Publication::default() };
        assert!(looked_at.is_not_sold());
        assert!(!Publication::default().is_not_sold(), "nobody has looked");
        assert!(!looked_at.clone().marked(at(0)).is_not_sold(), "it is to be looked at again");
        assert!(!Publication { shown: Some(Decimal::ZERO), ..looked_at.clone() }.is_not_sold());
        assert!(!Publication { standing: Standing::NotManaged, ..looked_at }.is_not_sold());
    }

    #[test]
    fn after_a_lost_answer_only_downwards_and_from_where_it_may_land() {
        let lost = sent(true).writable(at(1), LONGEST);
        let delta = |target: i64, present: i64| delta(target.into(), present.into(), lost);
        assert_eq!(delta(8, 5), Decimal::ZERO, "the increase may be under way");
        assert_eq!(delta(6, 5), Decimal::from(-2), "or may land on top of this");
        assert_eq!(delta(6, 8), Decimal::from(-2), "it has landed");
        assert_eq!(delta(9, 5), Decimal::ZERO);
    }
}

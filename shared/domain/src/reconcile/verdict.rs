//! What is done about the differences of one order that are not only looked
//! at, given what stands already: a pure function.

use jiff::Timestamp;

use super::compare::{Sides, state};
use super::difference::{Difference, Remedy, Resumption};
use super::report::Outcome;
use super::settled::{REFUND, holds};
use crate::record::{Concern, Exception, Hold, OrderRecord};

/// The worker's, where the ERP does not follow a change of the shop.
const AMENDMENT_REFUSED: &str = "amendment_refused";
/// What the sales order says is not what the shop says.
const OF_CONTENT: [&str; 2] = ["totals_disagree", "content_disagrees"];
/// Exceptions that must be seen whatever else the order stands in: somebody
/// who releases that would make a document too much, or too few.
const FIRST: [&str; 8] = [
    "made_by_hand_too",
    "document_doubled",
    "document_gone",
    "revived_in_erp",
    "credit_gone",
    "credit_doubled",
    "credit_cancelled_in_erp",
    "credit_unknown",
];
/// It went back in the ERP.
const RELEASE_REGRESSED: &str = "release_regressed";
/// Says nothing that could change: other words for it are the same.
const CANCELLED_IN_ERP: &str = "cancelled_in_erp";
/// Between what was found and the exception in whose place it came.
const BEFORE: &str = " Before that it was in ";

/// What is done.
#[derive(Debug)]
pub(super) struct Verdict {
    /// The exception that people get.
    pub(super) park: Option<Exception>,
    /// What the record is made to say, so that the worker looks for it first …
    pub(super) resume: Vec<Resumption>,
    /// … at once: nothing keeps the order.
    pub(super) goes_on: bool,
    /// What becomes of all that is not resumed.
    outcome: Outcome,
}

impl Verdict {
    fn stands(outcome: Outcome) -> Self {
        Self { park: None, resume: Vec::new(), goes_on: false, outcome }
    }

    /// Nothing is to be written.
    pub(super) fn is_idle(&self) -> bool {
        self.park.is_none() && self.resume.is_empty()
    }

    /// What becomes of a difference.
    pub(super) fn outcome(&self, found: &Difference) -> Outcome {
        let is_resumed = resumption(found).is_some_and(|from| self.resume.contains(from));
        if is_resumed { Outcome::Repaired } else { self.outcome }
    }
}

/// Judges. A document that may exist is remembered whatever stands: it is a
/// fact, and keeps whoever comes next from making a second one.
pub(super) fn verdict(sides: &Sides<'_>, found: &[Difference], now: Timestamp) -> Verdict {
    if sides.record.is_some_and(|record| matches!(record.hold, Hold::Held { .. })) {
        return Verdict::stands(Outcome::Known);
    }
    let stood = sides.record.and_then(OrderRecord::exception);
    let exception = exception(sides, found, now);
    let parks = exception.is_some();
    let (park, outcome) = match (stood, exception) {
        (None, Some(exception)) => (Some(exception), Outcome::Parked),
        (Some(stood), Some(exception)) => match known(sides, found, stood, &exception) {
            Some(outcome) => (None, outcome),
            None => (Some(in_place_of(exception, stood)), Outcome::Parked),
        },
        (_, None) => (None, Outcome::Known),
    };
    let is_free = stood.is_none() && !parks;
    let resume = found.iter().filter_map(resumption);
    let resume = resume.filter(|from| is_free || **from != Resumption::Release).cloned().collect();
    let goes_on = !parks && stood.is_none_or(|stood| !holds(stood, sides));
    Verdict { park, resume, goes_on, outcome }
}

fn resumption(found: &Difference) -> Option<&Resumption> {
    match &found.remedy {
        Remedy::Resume(from) => Some(from),
        Remedy::Look(_) | Remedy::Park { .. } => None,
    }
}

fn parked(found: &Difference) -> Option<(&'static str, &str)> {
    match &found.remedy {
        Remedy::Park { code, subject } => Some((code, subject)),
        Remedy::Look(_) | Remedy::Resume(_) => None,
    }
}

fn is_same(stood: &Exception, (code, subject): (&str, &str)) -> bool {
    stood.code == code && stood.subject == subject
}

/// One exception for all that people have to look at: the gravest counts, or
/// the one that they have; the others are told with it.
fn exception(sides: &Sides<'_>, found: &[Difference], now: Timestamp) -> Option<Exception> {
    let stood = sides.record.and_then(OrderRecord::exception);
    let parks = found.iter().filter_map(|found| Some((found, parked(found)?)));
    let rank = |park: (&str, &str)| {
        let is_first = FIRST.contains(&park.0);
        let stands = stood.is_some_and(|stood| is_same(stood, park));
        (!is_first, !(is_first && stands))
    };
    let (first, (code, subject)) = parks.min_by_key(|(_, park)| rank(*park))?;
    let others = found.iter().filter(|found| *found != first).map(|found| found.detail.as_str());
    let detail = std::iter::once(first.detail.as_str()).chain(others).collect::<Vec<_>>().join(" ");
    Some(Exception {
        code: code.to_owned(),
        subject: subject.to_owned(),
        detail,
        since: now,
        about: state(sides),
        concern: concern(code),
        accepted: None,
    })
}

fn concern(code: &str) -> Concern {
    let of_documents = FIRST.contains(&code) || OF_CONTENT.contains(&code) || code == RELEASE_REGRESSED;
    if of_documents { Concern::Documents } else { Concern::Order }
}

/// How what was found is answered by the exception that stands; `None` where
/// it is not.
fn known(
    sides: &Sides<'_>,
    found: &[Difference],
    stood: &Exception,
    exception: &Exception,
) -> Option<Outcome> {
    let same = is_same(stood, (&exception.code, &exception.subject));
    let answered = match &stood.accepted {
        Some(_) => same && says_the_same(stood, exception) || is_accepted_content(sides, stood, exception),
        None if same => tells_all(stood, found),
        None => {
            let is_over = stood.concern == Concern::Documents && !holds(stood, sides);
            !FIRST.contains(&exception.code.as_str()) && !is_over
        }
    };
    let outcome = if stood.accepted.is_some() { Outcome::Accepted } else { Outcome::Known };
    answered.then_some(outcome)
}

fn says_the_same(stood: &Exception, found: &Exception) -> bool {
    let own = stood.detail.split_once(BEFORE).map_or(stood.detail.as_str(), |(own, _)| own);
    own == found.detail || found.code == CANCELLED_IN_ERP
}

/// What must be seen is told by the exception that stands.
fn tells_all(stood: &Exception, found: &[Difference]) -> bool {
    let is_other = |found: &&Difference| {
        parked(found).is_some_and(|park| FIRST.contains(&park.0) && !is_same(stood, park))
    };
    found.iter().filter(is_other).all(|found| stood.detail.contains(&found.detail))
}

/// People took what the worker said about the content of this very state: the
/// match finds the same with other words.
fn is_accepted_content(sides: &Sides<'_>, stood: &Exception, found: &Exception) -> bool {
    let of_content = OF_CONTENT.contains(&found.code.as_str()) && found.subject != REFUND;
    let by_worker = stood.concern != Concern::Documents && stood.about == state(sides);
    let covers = stood.code == AMENDMENT_REFUSED
        || OF_CONTENT.contains(&stood.code.as_str()) && found.detail.contains(&stood.detail);
    of_content && by_worker && covers
}

/// The worker finds its own reason again once it is released; until then its
/// words stay. The match's own are found, or not, every night.
fn in_place_of(mut exception: Exception, stood: &Exception) -> Exception {
    let before = if concern(&stood.code) == Concern::Documents {
        stood.detail.split_once(BEFORE).map(|(_, before)| before.to_owned())
    } else {
        Some(format!("{}: {}", stood.code, stood.detail))
    };
    if let Some(before) = before {
        exception.detail.push_str(BEFORE);
        exception.detail.push_str(&before);
    }
    exception.after(Some(stood))
}

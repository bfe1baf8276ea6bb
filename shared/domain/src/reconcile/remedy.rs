//! Remedies: a look of the worker, a record that says what to look for first,
//! or an exception for people.

use super::compare::{Compared, Sides, refunds_agree, state};
use super::difference::{Difference, Kind, Remedy, Resumption};
use super::orders::{MatchError, MatchOrders, MatchRun};
use super::report::{Example, Outcome, Report};
use crate::hint::{Cause, Hint};
use crate::id::OrderKey;
use crate::ports::{BookedDocument, Claim, DocumentState, Held, Note};
use crate::record::{
    Booking, Concern, Credit, DocumentAxis, DocumentKind, Exception, Hold, OrderRecord, Unfinished,
    WaitReason,
};

/// The function's name in the audit.
const WHO: &str = "reconcile";
/// Exceptions about documents as such: gone once nothing differs.
const OF_DOCUMENTS: [&str; 4] = ["document_gone", "document_doubled", "made_by_hand_too", "revived_in_erp"];
/// Exceptions about what the sales order says: gone once it was compared in
/// full and nothing differs.
const OF_CONTENT: [&str; 4] =
    ["totals_disagree", "content_disagrees", "cancelled_in_erp", "release_regressed"];
/// Exceptions about credits, with this subject.
const OF_CREDITS: [&str; 5] =
    ["totals_disagree", "credit_gone", "credit_doubled", "credit_cancelled_in_erp", "credit_unknown"];
const REFUND: &str = "refund";
/// The worker's, where the ERP keeps what the shop cancelled.
const CANCEL_REFUSED: &str = "cancel_refused";
/// Says nothing that could change: other words for it are the same.
const CANCELLED_IN_ERP: &str = "cancelled_in_erp";

/// What is done about all differences of one order.
enum Verdict {
    /// People have it already, or accepted it.
    Stands(Outcome),
    /// They become one exception.
    Park(Box<Exception>),
    /// The record says what to look for first.
    Resume(Vec<Resumption>),
}

impl MatchOrders {
    /// Does what is to be done about one order, and reports it. What the worker
    /// has to look at is added to `hints`, which the caller sends.
    pub(super) async fn remedy(
        &self,
        run: &MatchRun<'_>,
        sides: &Sides<'_>,
        compared: Compared,
        (report, hints): (&mut Report, &mut Vec<Hint>),
    ) -> Result<(), MatchError> {
        if let Some(settled) = settled(sides, &compared) {
            return self.release(run, sides, settled, report).await;
        }
        let is_look = |found: &Difference| matches!(found.remedy, Remedy::Look(_));
        let (looks, others): (Vec<_>, Vec<_>) = compared.differences.into_iter().partition(is_look);
        if !others.is_empty() {
            let Some(outcome) = self.act(run, sides, &others).await? else { return Ok(()) };
            others.iter().for_each(|found| report.add(example(sides.key, found, outcome)));
        }
        // Only now: a worker that came first would go by what it then makes.
        let of_erp = |found: &Difference| found.remedy == Remedy::Look(Cause::Erp);
        let cause = if looks.iter().any(of_erp) { Cause::Erp } else { Cause::Sweep };
        if !looks.is_empty() {
            hints.push(Hint::of(sides.key, cause, self.clock.now(), run.owner));
        }
        looks.iter().for_each(|found| report.add(example(sides.key, found, Outcome::Repaired)));
        Ok(())
    }

    /// `None` where somebody is at work: the next night looks again.
    async fn act(
        &self,
        run: &MatchRun<'_>,
        sides: &Sides<'_>,
        found: &[Difference],
    ) -> Result<Option<Outcome>, MatchError> {
        let verdict = self.verdict(sides, found);
        if let Verdict::Stands(outcome) = verdict {
            return Ok(Some(outcome));
        }
        let Some(mut held) = self.claim(run, sides).await? else { return Ok(None) };
        remember(&mut held.record, sides.booked);
        let kinds: Vec<&str> = found.iter().map(|found| found.kind.as_str()).collect();
        let why = format!("the nightly match found {}", kinds.join(", "));
        let outcome = match verdict {
            Verdict::Stands(outcome) => outcome,
            Verdict::Park(exception) => {
                held.record.hold = Hold::Exception(*exception);
                Outcome::Parked
            }
            Verdict::Resume(all) => {
                all.iter().for_each(|from| resume(&mut held.record, run, sides, from));
                held.record.wait(WaitReason::NewerHint, self.clock.now());
                Outcome::Repaired
            }
        };
        let what = if outcome == Outcome::Parked { "excepted" } else { "resumed" };
        self.complete(held, what, why).await?;
        Ok(Some(outcome))
    }

    fn verdict(&self, sides: &Sides<'_>, found: &[Difference]) -> Verdict {
        let stood = sides.record.and_then(OrderRecord::exception);
        let exception = self.exception(sides, found);
        match (stood, exception) {
            (Some(stood), Some(exception)) if stood.accepted.is_some() => {
                if says_the_same(stood, &exception) {
                    Verdict::Stands(Outcome::Accepted)
                } else {
                    Verdict::Park(Box::new(exception))
                }
            }
            (Some(_), _) => Verdict::Stands(Outcome::Known),
            (None, _) if sides.record.is_some_and(|record| matches!(record.hold, Hold::Held { .. })) => {
                Verdict::Stands(Outcome::Known)
            }
            (None, Some(exception)) => Verdict::Park(Box::new(exception)),
            (None, None) => Verdict::Resume(found.iter().filter_map(resumption).collect()),
        }
    }

    /// One exception for all that people have to look at: the first counts,
    /// the others are told with it.
    fn exception(&self, sides: &Sides<'_>, found: &[Difference]) -> Option<Exception> {
        let parked = |found: &Difference| match &found.remedy {
            Remedy::Park { code, subject } => Some(((*code).to_owned(), subject.clone())),
            Remedy::Look(_) | Remedy::Resume(_) => None,
        };
        let first = found.iter().find(|found| parked(found).is_some())?;
        let (code, subject) = parked(first)?;
        let others = found.iter().filter(|found| *found != first).map(|found| found.detail.as_str());
        let detail = std::iter::once(first.detail.as_str()).chain(others).collect::<Vec<_>>().join(" ");
        Some(Exception {
            code,
            subject,
            detail,
            since: self.clock.now(),
            about: state(sides.shop),
            concern: Concern::Order,
            accepted: None,
        })
    }

    async fn release(
        &self,
        run: &MatchRun<'_>,
        sides: &Sides<'_>,
        settled: &Exception,
        report: &mut Report,
    ) -> Result<(), MatchError> {
        let Some(mut held) = self.claim(run, sides).await? else { return Ok(()) };
        remember(&mut held.record, sides.booked);
        let due_at = self.clock.now();
        held.record.hold = Hold::Waiting { reason: WaitReason::Released, due_at, excepted: None };
        let detail = format!("{} does not hold any more: {}", settled.code, settled.detail);
        self.complete(held, "released", detail.clone()).await?;
        let found = Difference::look(Kind::Settled, detail);
        report.add(example(sides.key, &found, Outcome::Repaired));
        Ok(())
    }

    /// The order, if nobody is at work and it is as it was compared.
    async fn claim(&self, run: &MatchRun<'_>, sides: &Sides<'_>) -> Result<Option<Held>, MatchError> {
        let now = self.clock.now();
        let hint = Hint::of(sides.key, Cause::Desk, now, run.owner);
        let Claim::Claimed(held) = self.ledger.claim(&hint, run.owner, now, run.lease).await? else {
            return Ok(None);
        };
        let mut held = *held;
        let is_same = match sides.record {
            Some(record) => held.record == *record,
            None => held.record.audit_seq == 0,
        };
        if is_same && !held.taken_over {
            held.record.correlation = hint.correlation;
            return Ok(Some(held));
        }
        // Whoever began something and did not finish: the worker looks for it.
        if held.taken_over {
            held.record.crashes += 1;
            held.record.wait(WaitReason::NewerHint, now);
        }
        self.complete(held, "left", "it changed while it was compared".to_owned()).await?;
        Ok(None)
    }

    async fn complete(&self, held: Held, what: &str, why: String) -> Result<(), MatchError> {
        let note = Note { at: self.clock.now(), who: WHO.to_owned(), what: what.to_owned(), why };
        self.ledger.complete(held, &note).await?;
        Ok(())
    }
}

/// The exception that stands, if what it says is not so any more.
fn settled<'a>(sides: &Sides<'a>, compared: &Compared) -> Option<&'a Exception> {
    let (record, order) = (sides.record?, sides.shop.ok()?);
    let Hold::Exception(stood) = &record.hold else { return None };
    if compared.left_alone || !compared.differences.is_empty() {
        return None;
    }
    let code = stood.code.as_str();
    let is_gone = if stood.subject == REFUND {
        OF_CREDITS.contains(&code) && refunds_agree(record, order) && credits_are_there(record, sides.booked)
    } else {
        OF_DOCUMENTS.contains(&code) && is_as_known(record, sides.booked)
            || OF_CONTENT.contains(&code) && compared.in_full
            || code == CANCEL_REFUSED && is_cancelled(record, sides.booked)
    };
    is_gone.then_some(stood)
}

fn resumption(found: &Difference) -> Option<Resumption> {
    match &found.remedy {
        Remedy::Resume(from) => Some(from.clone()),
        Remedy::Look(_) | Remedy::Park { .. } => None,
    }
}

fn says_the_same(stood: &Exception, found: &Exception) -> bool {
    let same_words = stood.detail == found.detail || found.code == CANCELLED_IN_ERP;
    stood.code == found.code && stood.subject == found.subject && same_words
}

/// The ERP's documents as they are: facts, whatever is done about them.
fn remember(record: &mut OrderRecord, booked: &[BookedDocument]) {
    for known in &mut record.documents {
        let of_sale = match known.kind {
            DocumentKind::SalesOrder => true,
            DocumentKind::CreditNote => false,
            DocumentKind::Payment | DocumentKind::Return | DocumentKind::Shipment => continue,
        };
        let is_it = |found: &&BookedDocument| {
            let is_sale = found.key.as_ref().is_some_and(|key| key.refund.is_none());
            is_sale == of_sale && found.document.id == known.document.id
        };
        if let Some(found) = booked.iter().find(is_it) {
            known.document = found.document.clone();
        }
    }
}

fn resume(record: &mut OrderRecord, run: &MatchRun<'_>, sides: &Sides<'_>, from: &Resumption) {
    match from {
        Resumption::Document { generation, erp } => {
            let named =
                sides.shop.ok().and_then(|order| run.config.entity(order)).filter(|rule| rule.erp == *erp);
            let rule = named.or_else(|| run.config.entities.iter().find(|rule| rule.erp == *erp));
            record.generation = *generation;
            record.document = DocumentAxis::Pushing;
            if record.booked_with.is_none() {
                record.booked_with =
                    rule.map(|rule| Booking { entity: rule.entity.clone(), erp: erp.clone() });
            }
        }
        // What is reserved again is brought there as if it had just been made.
        Resumption::Release if record.released == Some(crate::sales::Release::Reserve) => {
            record.document = DocumentAxis::Pushing;
        }
        Resumption::Release => record.unfinished = Some(Unfinished::Release),
        Resumption::Credit { refund, amount } => {
            let begun = Credit { amount: *amount, booked: false, document: None };
            record.refunds.insert(*refund, begun);
        }
    }
}

/// The ERP has the sales order that the ledger knows, or neither has one.
fn is_as_known(record: &OrderRecord, booked: &[BookedDocument]) -> bool {
    match record.document {
        DocumentAxis::InErp | DocumentAxis::Closed => {
            record.sales_order().is_some_and(|known| booked.iter().any(|it| it.document.id == known.id))
        }
        DocumentAxis::None | DocumentAxis::Cancelled => true,
        DocumentAxis::Pushing => false,
    }
}

fn is_cancelled(record: &OrderRecord, booked: &[BookedDocument]) -> bool {
    let known = record.sales_order().map(|known| &known.id);
    let it = booked.iter().find(|it| Some(&it.document.id) == known);
    it.is_some_and(|it| it.document.state == DocumentState::Cancelled)
}

fn credits_are_there(record: &OrderRecord, booked: &[BookedDocument]) -> bool {
    let mut credits = record.refunds.values().filter_map(|credit| credit.document.as_ref());
    credits.all(|id| booked.iter().any(|it| it.document.id == *id && it.document.totals.is_some()))
}

fn example(key: &OrderKey, found: &Difference, outcome: Outcome) -> Example {
    let (kind, subject, detail) = (found.kind.as_str().to_owned(), key.to_string(), found.detail.clone());
    Example { kind, subject, outcome, detail }
}

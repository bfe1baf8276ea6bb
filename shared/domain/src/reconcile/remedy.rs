//! Remedies: a look of the worker, a record that says what to look for first,
//! or an exception for people.

use super::compare::{Compared, Sides};
use super::difference::{Difference, Kind, Remedy, Resumption};
use super::orders::{MatchError, MatchOrders, MatchRun};
use super::report::{Example, Outcome, Report};
use super::settled::settled;
use super::verdict::{Verdict, verdict};
use crate::hint::{Cause, Hint};
use crate::id::OrderKey;
use crate::ports::{BookedDocument, Claim, Held, Note};
use crate::record::{
    Booking, Credit, DocumentAxis, DocumentKind, Exception, Hold, OrderRecord, Unfinished, WaitReason,
};

/// The function's name in the audit.
const WHO: &str = "reconcile";
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
            let Some(verdict) = self.act(run, sides, &others).await? else { return Ok(()) };
            for found in &others {
                report.add(example(sides.key, found, verdict.outcome(found)));
            }
        }
        // Only now: a worker that came first would go by what it then makes.
        let of_erp = |found: &Difference| found.remedy == Remedy::Look(Cause::Erp);
        let cause = if looks.iter().any(of_erp) { Cause::Erp } else { Cause::Sweep };
        if !looks.is_empty() {
            hints.push(Hint::of(sides.key, cause, self.clock.now(), run.owner));
        }
        for found in &looks {
            report.add(example(sides.key, found, Outcome::Repaired));
        }
        Ok(())
    }

    /// `None` where somebody is at work: the next night looks again.
    async fn act(
        &self,
        run: &MatchRun<'_>,
        sides: &Sides<'_>,
        found: &[Difference],
    ) -> Result<Option<Verdict>, MatchError> {
        let now = self.clock.now();
        let verdict = verdict(sides, found, now);
        if verdict.is_idle() {
            return Ok(Some(verdict));
        }
        let Some(mut held) = self.claim(run, sides).await? else { return Ok(None) };
        remember(&mut held.record, sides.booked);
        for from in &verdict.resume {
            resume(&mut held.record, run, sides, from);
        }
        let what = if verdict.park.is_some() { "excepted" } else { "resumed" };
        if let Some(exception) = &verdict.park {
            held.record.hold = Hold::Exception(exception.clone());
        } else if verdict.goes_on {
            held.record.hold = Hold::Waiting { reason: WaitReason::NewerHint, due_at: now, excepted: None };
        }
        let kinds: Vec<&str> = found.iter().map(|found| found.kind.as_str()).collect();
        self.complete(held, what, format!("the nightly match found {}", kinds.join(", "))).await?;
        Ok(Some(verdict))
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

fn example(key: &OrderKey, found: &Difference, outcome: Outcome) -> Example {
    let (kind, subject, detail) = (found.kind.as_str().to_owned(), key.to_string(), found.detail.clone());
    Example { kind, subject, outcome, detail }
}

//! Refunds of the shop become credits in the ERP, each once under its own
//! key, after the sales order they give back from: gross first, then what was
//! given back.

use jiff::SignedDuration;
use rust_decimal::Decimal;

use super::act::except;
use super::session::{Done, Session};
use super::{Reason, Stop};
use crate::circuit::Peer;
use crate::config::StoreConfig;
use crate::id::{DocumentKey, ErpId, RefundId};
use crate::order::{Order, Refund};
use crate::outcome::CallError;
use crate::ports::{Creation, DocumentState, Erp, ErpDocument};
use crate::record::{Credit, DocumentAxis, DocumentKind, Hold, OrderRecord, PaymentAxis, WaitReason};
use crate::resolve::{self, Resolver};
use crate::sales::{Release, SalesOrder};

/// A listing that lacks a refund of the order is read again after this.
const STALE_WAIT: SignedDuration = SignedDuration::from_secs(60);

impl Session<'_> {
    /// Books what was given back and is not in the ERP yet. `done` is what
    /// became of the order itself.
    pub(super) async fn settle_refunds(
        &mut self,
        config: &StoreConfig,
        order: &Order,
        done: Done,
    ) -> Result<Done, Stop> {
        if !is_due(&self.held.record, order) {
            return Ok(done);
        }
        if self.held.record.document == DocumentAxis::Cancelled {
            return Err(Stop::Except(cancelled_after_refund()));
        }
        let refunds = self.read_refunds().await?;
        let listed = |id: RefundId| refunds.iter().any(|refund| refund.id == id);
        if order.refunds.iter().any(|named| !listed(named.id)) {
            let due_at = self.now() + STALE_WAIT;
            self.held.record.wait(WaitReason::StaleRead, due_at);
            return Ok(Done::new("waits", "the shop names a refund that it does not list yet"));
        }
        let (booked, problem) = self.credit_all(config, order, &refunds).await?;
        let missing = self.held.record.refunds.keys().copied().find(|id| !listed(*id));
        let problem = match (problem, missing) {
            (None, Some(id)) => self.deleted(config, order, id).await?,
            (problem, _) => problem,
        };
        note_payment(&mut self.held.record, order);
        match problem {
            Some(reason) => Err(Stop::Except(reason)),
            None if booked > 0 && done.what == "unchanged" => {
                Ok(Done::new("credited", format!("{booked} of its refunds are in the ERP now")))
            }
            None => Ok(done),
        }
    }

    /// One refund that cannot be booked does not keep the others from it: how
    /// many were booked, and the first problem.
    async fn credit_all(
        &mut self,
        config: &StoreConfig,
        order: &Order,
        refunds: &[Refund],
    ) -> Result<(usize, Option<Reason>), Stop> {
        let (mut booked, mut problem) = (0, None);
        for refund in refunds {
            let found = match self.held.record.refunds.get(&refund.id) {
                Some(credit) if credit.booked => changed(credit, refund, order),
                _ => match self.credit(config, order, refund).await {
                    Ok(()) => {
                        booked += 1;
                        None
                    }
                    Err(stop) => Some(reason(stop)?),
                },
            };
            problem = problem.or(found);
        }
        Ok((booked, problem))
    }

    async fn read_refunds(&mut self) -> Result<Vec<Refund>, Stop> {
        let id = self.hint.order;
        self.read_shop(async |shop| shop.refunds(id).await).await
    }

    /// Books one refund, or finds it booked.
    async fn credit(&mut self, config: &StoreConfig, order: &Order, refund: &Refund) -> Result<(), Stop> {
        let (booking, peer) = self.erp_peer(config, order)?;
        let Some(credit) = self.resolve_credit(config, order, refund).await? else {
            self.remember_credit(refund, order, true, None);
            return Ok(());
        };
        self.stays_within_order(refund, &credit)?;
        let began = self.held.record.refunds.contains_key(&refund.id) || self.push.amnesia;
        let found = if began { self.find_credit(&booking.erp, &peer, &credit.key).await? } else { None };
        let document = match found {
            Some(document) => document,
            None => self.create_credit(&booking.erp, &peer, order, refund, &credit).await?,
        };
        let confirm = async |erp: &dyn Erp| erp.confirm(&document, &credit).await;
        let document = self.call_erp(&booking.erp, &peer, confirm).await?;
        self.held.record.remember(DocumentKind::CreditNote, document.clone());
        check(refund, &credit, &document)?;
        self.remember_credit(refund, order, true, Some(document.id));
        Ok(())
    }

    async fn create_credit(
        &mut self,
        erp: &ErpId,
        peer: &Peer,
        order: &Order,
        refund: &Refund,
        credit: &SalesOrder,
    ) -> Result<ErpDocument, Stop> {
        self.remember_credit(refund, order, false, None);
        self.save("crediting", "a credit for one of its refunds is about to be made").await?;
        match self.call_erp(erp, peer, async |erp| erp.create(credit).await).await? {
            Creation::Created(document) => Ok(document),
            Creation::AlreadyExists => self.find_credit(erp, peer, &credit.key).await?.ok_or_else(|| {
                Stop::Call(peer.clone(), CallError::unknown("the credit exists, and is not found"))
            }),
        }
    }

    async fn find_credit(
        &mut self,
        erp: &ErpId,
        peer: &Peer,
        key: &DocumentKey,
    ) -> Result<Option<ErpDocument>, Stop> {
        self.call_erp(erp, peer, async |erp| erp.find(key).await).await
    }

    async fn resolve_credit(
        &self,
        config: &StoreConfig,
        order: &Order,
        refund: &Refund,
    ) -> Result<Option<SalesOrder>, Stop> {
        if order.is_anonymised() {
            let detail = format!("Refund {} is of a customer whose data was erased: book it by hand.", refund.id);
            return Err(Stop::Except(Reason::new("refund_of_erased", "refund", detail)));
        }
        let first_skus = &self.held.record.first_skus;
        let mut keys = resolve::keys(order, first_skus);
        keys.extend(resolve::credit_keys(order, refund));
        keys.sort();
        keys.dedup();
        let mappings = self.push.mappings.mappings(&self.hint.store, &keys).await?;
        let resolver = Resolver { config, mappings: &mappings, first_skus };
        let credit = resolver.credit(order, refund).map_err(except)?;
        let origin = self.held.record.sales_order().map(|document| document.id.clone());
        Ok(credit.map(|credit| SalesOrder { origin, ..credit }))
    }

    /// Credits never exceed what was booked less what was credited.
    fn stays_within_order(&self, refund: &Refund, credit: &SalesOrder) -> Result<(), Stop> {
        let record = &self.held.record;
        let Some(sold) = record.sales_order().and_then(|document| document.totals.as_ref()) else {
            return Ok(());
        };
        let others = record.refunds.iter().filter(|(id, credit)| **id != refund.id && credit.booked);
        let credited: Decimal = others.map(|(_, credit)| credit.amount).sum();
        let left = sold.gross - credited;
        if -credit.totals.gross <= left {
            return Ok(());
        }
        let detail = format!(
            "Refund {} gives back {}; of its sales order only {left} is left.",
            refund.id, -credit.totals.gross
        );
        Err(Stop::Except(Reason::new("credit_above_order", "refund", detail)))
    }

    fn remember_credit(&mut self, refund: &Refund, order: &Order, booked: bool, document: Option<String>) {
        let amount = order.currency.round(refund.amount);
        self.held.record.refunds.insert(refund.id, Credit { amount, booked, document });
    }

    /// A refund is not in the shop any more. If its credit is in the ERP a
    /// person has to decide; if it never came there, it is forgotten.
    async fn deleted(
        &mut self,
        config: &StoreConfig,
        order: &Order,
        id: RefundId,
    ) -> Result<Option<Reason>, Stop> {
        let booked = self.held.record.refunds.get(&id).is_some_and(|credit| credit.booked);
        let (booking, peer) = self.erp_peer(config, order)?;
        let key = DocumentKey::of_refund(&order.key, id);
        if !booked && self.find_credit(&booking.erp, &peer, &key).await?.is_none() {
            self.held.record.refunds.remove(&id);
            return Ok(None);
        }
        let detail = format!("Refund {id} was deleted in the shop; its credit {key} is in the ERP.");
        Ok(Some(Reason::new("refund_deleted", "refund", detail)))
    }
}

/// Whether the order's refunds and those on record differ, and its sales
/// order is as far as a credit needs it.
fn is_due(record: &OrderRecord, order: &Order) -> bool {
    let is_old = record.seen.as_ref().is_some_and(|seen| order.version().is_older_than(&seen.version));
    if record.hold != Hold::None || is_old {
        return false;
    }
    match record.document {
        DocumentAxis::None | DocumentAxis::Pushing => false,
        DocumentAxis::Cancelled => record.refunds.values().any(|credit| credit.booked),
        DocumentAxis::InErp | DocumentAxis::Closed => {
            record.released == Some(Release::Ship) && !agree(record, order)
        }
    }
}

fn agree(record: &OrderRecord, order: &Order) -> bool {
    let is_booked = |id, total: Decimal| {
        let credit = record.refunds.get(&id);
        credit.is_some_and(|credit| credit.booked && credit.amount == order.currency.round(-total))
    };
    record.refunds.len() == order.refunds.len()
        && order.refunds.iter().all(|refund| is_booked(refund.id, refund.total))
}

fn changed(credit: &Credit, refund: &Refund, order: &Order) -> Option<Reason> {
    let amount = order.currency.round(refund.amount);
    (credit.amount != amount).then(|| {
        let detail = format!("Refund {} was {} and is {amount} now.", refund.id, credit.amount);
        Reason::new("refund_changed", "refund", detail)
    })
}

fn check(refund: &Refund, credit: &SalesOrder, document: &ErpDocument) -> Result<(), Stop> {
    if document.state == DocumentState::Cancelled {
        let detail = format!("The credit for refund {} was cancelled in the ERP.", refund.id);
        return Err(Stop::Except(Reason::new("credit_cancelled_in_erp", "refund", detail)));
    }
    match document.totals.as_ref().filter(|totals| **totals != credit.totals) {
        None => Ok(()),
        Some(totals) => {
            let detail = format!(
                "The ERP's credit for refund {} says {totals}, the shop {}.",
                refund.id, credit.totals
            );
            Err(Stop::Except(Reason::new("totals_disagree", "refund", detail)))
        }
    }
}

fn cancelled_after_refund() -> Reason {
    let detail = "Its sales order is cancelled, and credits for its refunds are in the ERP.";
    Reason::new("cancelled_after_refund", "order", detail)
}

/// What a person has to decide about one refund; anything else ends the work.
fn reason(stop: Stop) -> Result<Reason, Stop> {
    match stop {
        Stop::Except(reason) => Ok(reason),
        Stop::Call(peer, CallError::Rejected(rejection)) => {
            let detail = format!("{peer} refused the credit: {}", rejection.detail);
            Ok(Reason { code: rejection.code, subject: rejection.detail, detail })
        }
        stop => Err(stop),
    }
}

/// The payment axis follows what was given back, once the payment is booked.
fn note_payment(record: &mut OrderRecord, order: &Order) {
    let booked = record.refunds.values().filter(|credit| credit.booked);
    let refunded: Decimal = booked.map(|credit| credit.amount).sum();
    let is_paid = !matches!(record.payment, PaymentAxis::None | PaymentAxis::Authorised);
    if is_paid && refunded > Decimal::ZERO {
        let is_all = refunded >= order.currency.round(order.total);
        record.payment = if is_all { PaymentAxis::Refunded } else { PaymentAxis::PartRefunded };
    }
}

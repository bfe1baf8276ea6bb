//! Refunds of the shop become credits in the ERP, each once under its own
//! key, after the sales order they give back from: gross first, then what was
//! given back. What is wrong with the order itself, or with one of its
//! refunds, keeps no other refund from being booked.

mod rules;

use jiff::SignedDuration;
use rust_decimal::Decimal;

use super::exchange;
use super::resolved::except;
use super::session::{Done, Session};
use super::{Reason, Stop};
use crate::circuit::Peer;
use crate::config::StoreConfig;
use crate::id::{DocumentKey, ErpId, RefundId};
use crate::order::{Order, Refund};
use crate::outcome::CallError;
use crate::ports::{Creation, DocumentState, Erp, ErpDocument};
use crate::record::{
    Concern, Credit, DocumentAxis, DocumentKind, Exception, FulfilmentAxis, Hold, WaitReason,
};
use crate::resolve::{self, ResolveError, Resolver};
use crate::sales::SalesOrder;
use rules::{check, credit_cancelled, is_due};
pub(super) use rules::{is_old, note_payment};

/// A listing that lacks a refund of the order is read again after this …
pub(super) const UNLISTED_WAIT: SignedDuration = SignedDuration::from_secs(60);
/// … until it has lacked it for so long.
pub(super) const LONGEST_UNLISTED: SignedDuration = SignedDuration::from_mins(15);
/// The adapters' code for a document that people cancelled.
const CANCELLED_IN_ERP: &str = "cancelled_in_erp";

/// What came of an order's refunds.
struct Settled {
    booked: usize,
    /// The first that a person has to look at.
    problem: Option<Reason>,
    /// The shop names one that it does not list yet.
    unlisted: bool,
}

impl Settled {
    fn stopped_by(problem: Option<Reason>) -> Self {
        Self { booked: 0, problem, unlisted: false }
    }
}

/// The credit that each of an order's refunds becomes.
type Credits = Vec<Result<Option<SalesOrder>, ResolveError>>;

impl Session<'_> {
    /// Books what was given back and is not in the ERP yet. `ended` is what
    /// became of the order itself, `stood` the exception it was in before.
    pub(super) async fn settle_refunds(
        &mut self,
        config: &StoreConfig,
        order: &Order,
        ended: Result<Done, Stop>,
        stood: Option<Exception>,
    ) -> Result<Done, Stop> {
        let ended = ended.map_err(rejection_is_for_people);
        let is_open = match &ended {
            Ok(_) => self.held.record.hold == Hold::None,
            Err(stop) => matches!(stop, Stop::Except(_)),
        };
        if !is_open || is_old(&self.held.record, order) {
            return ended;
        }
        note_payment(&mut self.held.record, order);
        if !is_due(&self.held.record, order) {
            self.held.record.unlisted_since = None;
            return ended;
        }
        self.hold_meanwhile(&ended, stood);
        let settled = match self.settle_each(config, order).await {
            Err(Stop::Except(reason)) => Settled::stopped_by(Some(reason)),
            settled => settled?,
        };
        note_payment(&mut self.held.record, order);
        self.conclude(ended, settled)
    }

    /// Should the work have to wait now, the wait hides no exception. A new
    /// one is about no state yet: whoever comes next has the refunds to settle.
    pub(super) fn hold_meanwhile(&mut self, ended: &Result<Done, Stop>, stood: Option<Exception>) {
        let exception = match ended {
            Err(Stop::Except(reason)) => Some(self.exception_anew(reason.clone())),
            _ => stood,
        };
        if let Some(exception) = exception {
            self.held.record.hold = Hold::Exception(exception);
        }
    }

    /// What is wrong with the order comes before what is wrong with a refund.
    fn conclude(&mut self, ended: Result<Done, Stop>, settled: Settled) -> Result<Done, Stop> {
        let (done, reason) = match ended {
            Ok(done) => (done, settled.problem),
            Err(Stop::Except(mut reason)) => {
                if let Some(also) = settled.problem {
                    reason.detail = format!("{} Its refunds: {} ({})", reason.detail, also.detail, also.code);
                }
                (Done::new("excepted", reason.detail.clone()), Some(reason))
            }
            Err(stop) => return Err(stop),
        };
        if settled.unlisted {
            // What stands about its deliveries is not answered by this.
            let stood = self.held.record.exception().filter(|stood| stood.concern == Concern::Deliveries);
            let stood = stood.cloned().map_or(Hold::None, Hold::Exception);
            self.held.record.hold = reason.map_or(stood, |reason| Hold::Exception(self.exception(reason)));
            let due_at = self.now() + UNLISTED_WAIT;
            self.held.record.wait(WaitReason::StaleRead, due_at);
            return Ok(Done::new("waits", "the shop names a refund that it does not list yet"));
        }
        if let Some(reason) = reason {
            return Err(Stop::Except(reason));
        }
        self.held.record.hold = Hold::None;
        match settled.booked {
            booked @ 1.. if done.what == "unchanged" => {
                Ok(Done::new("credited", format!("{booked} of its refunds are in the ERP now")))
            }
            _ => Ok(done),
        }
    }

    async fn settle_each(&mut self, config: &StoreConfig, order: &Order) -> Result<Settled, Stop> {
        let (booking, peer) = self.erp_peer(config, order)?;
        if self.held.record.document == DocumentAxis::Cancelled {
            self.held.record.unlisted_since = None;
            return Ok(Settled::stopped_by(self.cancelled(&booking.erp, &peer, order).await?));
        }
        if let Some(reason) = self.look_at_sale(&booking.erp, &peer).await? {
            self.held.record.unlisted_since = None;
            return Ok(Settled::stopped_by(Some(reason)));
        }
        let refunds = self.list_refunds().await?;
        // First what is no more: it leaves room for what came instead.
        let mut problem = None;
        let listed = |id: RefundId| refunds.iter().any(|refund| refund.id == id);
        let named = |id: RefundId| order.refunds.iter().any(|refund| refund.id == id);
        let known: Vec<RefundId> = self.held.record.refunds.keys().copied().collect();
        for gone in known.into_iter().filter(|id| !listed(*id) && !named(*id)) {
            let found = self.deleted(&booking.erp, &peer, order, gone).await?;
            problem = problem.or(found);
        }
        let (booked, found) = self.credit_all(config, &booking.erp, &peer, order, &refunds).await?;
        let is_booked = |id| self.held.record.refunds.get(&id).is_some_and(|credit| credit.booked);
        let unlisted = order.refunds.iter().any(|refund| !listed(refund.id) && !is_booked(refund.id));
        let too_long = self.note_unlisted(unlisted);
        let unlisted = unlisted && too_long.is_none();
        Ok(Settled { booked, problem: problem.or(found).or(too_long), unlisted })
    }

    /// How many were booked, and the first problem.
    async fn credit_all(
        &mut self,
        config: &StoreConfig,
        erp: &ErpId,
        peer: &Peer,
        order: &Order,
        refunds: &[Refund],
    ) -> Result<(usize, Option<Reason>), Stop> {
        let credits = self.resolve_credits(config, order, refunds).await?;
        let (mut booked, mut problem) = (0, None);
        for (refund, credit) in refunds.iter().zip(credits) {
            let known = self.held.record.refunds.get(&refund.id).filter(|known| known.booked).cloned();
            let found = if let Some(of) = self.return_for(config, order, refund).await? {
                self.settle_return(order, &of, refund.id, refund.amount);
                None
            } else if let Some(known) = known {
                self.changed(erp, peer, order, refund, &known).await?
            } else if config.refunds_since.is_some_and(|since| refund.created_at < since) {
                self.remember_credit(order, refund, true, None);
                None
            } else {
                let ended = self.credit(erp, peer, order, refund, credit).await;
                booked += usize::from(ended.is_ok());
                ended.err().map(reason).transpose()?
            };
            problem = problem.or(found);
        }
        Ok((booked, problem))
    }

    async fn resolve_credits(
        &self,
        config: &StoreConfig,
        order: &Order,
        refunds: &[Refund],
    ) -> Result<Credits, Stop> {
        let first_skus = &self.held.record.first_skus;
        let keys = resolve::credit_keys(order, refunds, first_skus);
        let mappings = self.push.mappings.mappings(&self.hint.store, &keys).await?;
        let resolver = Resolver { config, mappings: &mappings, first_skus };
        Ok(resolver.credits(order, refunds))
    }

    /// Books one refund, or finds it booked.
    async fn credit(
        &mut self,
        erp: &ErpId,
        peer: &Peer,
        order: &Order,
        refund: &Refund,
        credit: Result<Option<SalesOrder>, ResolveError>,
    ) -> Result<(), Stop> {
        if order.is_anonymised() {
            let detail = format!("Refund {} is of a customer whose data was erased.", refund.id);
            return Err(Stop::Except(Reason::new("refund_of_erased", "refund", detail)));
        }
        let Some(credit) = credit.map_err(except)? else {
            self.remember_credit(order, refund, true, None);
            return Ok(());
        };
        let origin = self.held.record.sales_order().map(|document| document.id.clone());
        let credit = SalesOrder { origin, ..credit };
        self.stays_within_order(refund, &credit)?;
        let document = match self.find_credit(erp, peer, refund.id, &credit.key).await? {
            Some(document) => document,
            None => self.create_credit(erp, peer, order, refund, &credit).await?,
        };
        // Whatever stops us now: it is known, and need not be found.
        self.held.record.remember(DocumentKind::CreditNote, document.clone());
        self.remember_credit(order, refund, false, Some(document.id.clone()));
        if document.state == DocumentState::Cancelled {
            return Err(Stop::Except(credit_cancelled(&credit.key)));
        }
        let confirm = async |erp: &dyn Erp| erp.confirm(&document, &credit).await;
        let request = exchange::of_document("confirm", &credit);
        let document = self.call_erp(erp, peer, request, confirm).await?;
        self.held.record.remember(DocumentKind::CreditNote, document.clone());
        check(refund, &credit, &document)?;
        self.remember_credit(order, refund, true, Some(document.id));
        Ok(())
    }

    /// Whether what exists in the ERP may not be visible yet.
    pub(super) async fn lags(&self, erp: &ErpId) -> bool {
        let erp = self.push.connections.erp(erp).await;
        erp.map_or(true, |erp| !erp.capabilities().lookup_lag.is_zero())
    }

    /// A credit that an earlier attempt made: from the record where the ERP
    /// may not show it yet.
    async fn find_credit(
        &mut self,
        erp: &ErpId,
        peer: &Peer,
        id: RefundId,
        key: &DocumentKey,
    ) -> Result<Option<ErpDocument>, Stop> {
        let known = self.held.record.credit_note(id).cloned();
        let began = self.held.record.refunds.contains_key(&id) || self.push.amnesia;
        match known {
            Some(document) if self.lags(erp).await => Ok(Some(document)),
            _ if began => self.find_document(erp, peer, key).await,
            _ => Ok(None),
        }
    }

    async fn create_credit(
        &mut self,
        erp: &ErpId,
        peer: &Peer,
        order: &Order,
        refund: &Refund,
        credit: &SalesOrder,
    ) -> Result<ErpDocument, Stop> {
        self.remember_credit(order, refund, false, None);
        self.save("crediting", "a credit for one of its refunds is about to be made").await?;
        let request = exchange::of_document("make", credit);
        match self.call_erp(erp, peer, request, async |erp| erp.create(credit).await).await? {
            Creation::Created(document) => Ok(document),
            Creation::AlreadyExists => self.find_document(erp, peer, &credit.key).await?.ok_or_else(|| {
                Stop::Call(peer.clone(), CallError::unknown("the credit exists, and is not found"))
            }),
        }
    }

    async fn find_document(
        &mut self,
        erp: &ErpId,
        peer: &Peer,
        key: &DocumentKey,
    ) -> Result<Option<ErpDocument>, Stop> {
        let request = format!("find {}", key.reference());
        self.call_erp(erp, peer, request, async |erp| erp.find(key).await).await
    }

    /// The sales order as the ERP has it now: people may have changed it since
    /// it was booked, and nothing is given back from a cancelled one.
    async fn look_at_sale(&mut self, erp: &ErpId, peer: &Peer) -> Result<Option<Reason>, Stop> {
        let key = self.held.record.document_key();
        if !self.sale_was_read
            && let Some(sale) = self.find_document(erp, peer, &key).await?
        {
            self.held.record.remember(DocumentKind::SalesOrder, sale);
            self.sale_was_read = true;
        }
        let sale = self.held.record.sales_order();
        let detail = "Its sales order was cancelled in the ERP; nothing is credited to it.";
        Ok(sale
            .filter(|sale| sale.state == DocumentState::Cancelled)
            .map(|_| Reason::new(CANCELLED_IN_ERP, "order", detail)))
    }

    /// Credits never exceed what the sales order comes to less what was
    /// credited.
    fn stays_within_order(&self, refund: &Refund, credit: &SalesOrder) -> Result<(), Stop> {
        let record = &self.held.record;
        let Some(sold) = record.sales_order().and_then(|document| document.totals.as_ref()) else {
            return Ok(());
        };
        let is_there = |credit: &Credit| credit.booked || credit.document.is_some();
        let others = record.refunds.iter().filter(|(id, credit)| **id != refund.id && is_there(credit));
        let credited: Decimal = others.map(|(_, credit)| credit.amount).sum();
        let left = sold.gross - credited;
        let amount = -credit.totals.gross;
        if amount <= left {
            return Ok(());
        }
        let detail = format!("Refund {} is {amount}; of its sales order only {left} is left.", refund.id);
        Err(Stop::Except(Reason::new("credit_above_order", "refund", detail)))
    }

    fn remember_credit(&mut self, order: &Order, refund: &Refund, booked: bool, document: Option<String>) {
        let amount = order.currency.round(refund.amount);
        let record = &mut self.held.record;
        record.refunds.insert(refund.id, Credit { amount, booked, document });
        // What was given back need not be sent any more.
        record.deliveries_unread |= booked && record.fulfilment != FulfilmentAxis::None;
    }

    /// What is not given back any more is owed again.
    pub(super) fn forget_refund(&mut self, id: RefundId) {
        let record = &mut self.held.record;
        record.refunds.remove(&id);
        record.deliveries_unread |= record.fulfilment != FulfilmentAxis::None;
    }

    /// A refund is not in the shop any more. If its credit is alive in the ERP
    /// a person has to decide; else it is forgotten.
    async fn deleted(
        &mut self,
        erp: &ErpId,
        peer: &Peer,
        order: &Order,
        id: RefundId,
    ) -> Result<Option<Reason>, Stop> {
        let key = DocumentKey::of_refund(&order.key, id);
        if self.held.record.returns.values().any(|known| known.refund == Some(id)) {
            // Whether its return is still there, its deliveries say.
            self.held.record.deliveries_unread = true;
            return Ok(None);
        }
        if !self.is_alive(erp, peer, id, &key).await? {
            self.forget_refund(id);
            return Ok(None);
        }
        let detail = format!("Refund {id} was deleted in the shop; its credit {key} is in the ERP.");
        Ok(Some(Reason::new("refund_deleted", "refund", detail)))
    }

    /// A refund has another amount than the one booked, unless people have
    /// corrected the credit meanwhile.
    async fn changed(
        &mut self,
        erp: &ErpId,
        peer: &Peer,
        order: &Order,
        refund: &Refund,
        known: &Credit,
    ) -> Result<Option<Reason>, Stop> {
        let amount = order.currency.round(refund.amount);
        if known.amount == amount {
            return Ok(None);
        }
        let key = DocumentKey::of_refund(&order.key, refund.id);
        let found = self.find_document(erp, peer, &key).await?;
        let corrected = found.filter(|credit| credit.totals.as_ref().is_some_and(|now| now.gross == -amount));
        if let Some(credit) = corrected {
            self.remember_credit(order, refund, true, Some(credit.id));
            return Ok(None);
        }
        let detail = format!("Refund {} was {} and is {amount} now.", refund.id, known.amount);
        Ok(Some(Reason::new("refund_changed", "refund", detail)))
    }

    /// The sales order is cancelled: so have to be the credits.
    async fn cancelled(&mut self, erp: &ErpId, peer: &Peer, order: &Order) -> Result<Option<Reason>, Stop> {
        let mut problem = None;
        for id in self.held.record.refunds.keys().copied().collect::<Vec<_>>() {
            let key = DocumentKey::of_refund(&order.key, id);
            if self.is_alive(erp, peer, id, &key).await? {
                let detail = format!("Its sales order is cancelled, and the credit {key} is not.");
                problem = problem.or(Some(Reason::new("cancelled_after_refund", "order", detail)));
            } else {
                self.held.record.refunds.remove(&id);
            }
        }
        Ok(problem)
    }

    /// Whether a refund has a credit that was not cancelled. One that is known
    /// and not found may only be not visible yet.
    async fn is_alive(
        &mut self,
        erp: &ErpId,
        peer: &Peer,
        id: RefundId,
        key: &DocumentKey,
    ) -> Result<bool, Stop> {
        let may_be_there = self.held.record.credit_note(id).is_some() && self.lags(erp).await;
        let found = self.find_document(erp, peer, key).await?;
        Ok(found.map_or(may_be_there, |credit| credit.state != DocumentState::Cancelled))
    }

    /// A shop whose listing never shows what its order names is for people.
    fn note_unlisted(&mut self, unlisted: bool) -> Option<Reason> {
        let now = self.now();
        let since = &mut self.held.record.unlisted_since;
        if !unlisted {
            *since = None;
            return None;
        }
        let since = *since.get_or_insert(now);
        (now >= since + LONGEST_UNLISTED).then(|| {
            let detail = "The shop's order names a refund that its list of refunds does not show.";
            Reason::new("refund_not_listed", "refund", detail)
        })
    }
}

/// What a person has to decide about one refund; anything else ends the work.
fn reason(stop: Stop) -> Result<Reason, Stop> {
    match rejection_is_for_people(stop) {
        Stop::Except(mut reason) => {
            if reason.code == CANCELLED_IN_ERP {
                "credit_cancelled_in_erp".clone_into(&mut reason.code);
            }
            Ok(reason)
        }
        stop => Err(stop),
    }
}

/// A peer that understood and refused does so again: a person has to decide.
pub(super) fn rejection_is_for_people(stop: Stop) -> Stop {
    match stop {
        Stop::Call(peer, CallError::Rejected(rejection)) => {
            Stop::Except(Reason::of_refusal(&peer, rejection))
        }
        stop => stop,
    }
}

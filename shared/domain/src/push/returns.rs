//! Goods that came back become refunds of the shop, each once under the mark
//! of its return. Its credit is the ERP's own document: none is made for it,
//! whoever made the refund.

use rust_decimal::Decimal;

use super::deliveries::Delivered;
use super::refunds::note_payment;
use super::session::Session;
use super::{Reason, Stop};
use crate::config::{FulfilmentConfig, ReturnPolicy, StoreConfig};
use crate::fulfilment::returns::{is_by_hand, reason, refund};
use crate::fulfilment::{Deliveries, GoodsReturn, NewRefund, ReturnRecord};
use crate::id::{RefundId, ReturnId};
use crate::order::{Order, Refund};
use crate::outcome::CallError;
use crate::ports::{DocumentState, Shop};
use crate::record::{Credit, DocumentKind};

/// What is on record before the shop is asked.
const REFUNDING: (&str, &str) = ("refunding", "a return is about to be refunded in the shop");

impl Session<'_> {
    /// Refunds what came back and was not refunded. `refunds` are the order's
    /// as the shop lists them, and afterwards those that were given as well.
    pub(super) async fn refund_returns(
        &mut self,
        config: &StoreConfig,
        fulfilment: &FulfilmentConfig,
        order: &Order,
        refunds: &mut Vec<Refund>,
        deliveries: &Deliveries,
        delivered: &mut Delivered,
    ) -> Result<(), Stop> {
        let there = |one: &&GoodsReturn| one.credit.state != DocumentState::Cancelled;
        let returns: Vec<&GoodsReturn> = deliveries.returns.iter().filter(there).collect();
        let stale = self.settle_withdrawn(refunds, &returns);
        delivered.problem = delivered.problem.take().or(stale);
        for one in returns {
            if let Some(found) = self.refund_that_is_there(fulfilment, order, refunds, one) {
                let ended = self.check_refund(order, one, &found);
                delivered.except(ended)?;
                continue;
            }
            let given = self.refund_return(config, fulfilment, order, refunds, one).await;
            if let Some(Some(given)) = delivered.except(given)? {
                refunds.push(given);
                delivered.changes += 1;
            }
        }
        Ok(())
    }

    /// The refunds that the shop has for a return: those that say so, or the
    /// first that people made and that is for no other.
    fn refund_that_is_there(
        &self,
        fulfilment: &FulfilmentConfig,
        order: &Order,
        refunds: &[Refund],
        one: &GoodsReturn,
    ) -> Option<Vec<Refund>> {
        let says_so = |refund: &&Refund| self.return_of(refund).as_ref() == Some(&one.id);
        let found: Vec<Refund> = refunds.iter().filter(says_so).cloned().collect();
        if !found.is_empty() {
            return Some(found);
        }
        let by_hand = |refund: &&Refund| {
            self.return_of(refund).is_none() && self.is_by_hand(fulfilment, order, one, refund)
        };
        refunds.iter().find(by_hand).map(|refund| vec![refund.clone()])
    }

    /// A refund that is there is on record, is the only one, and gives back
    /// what the ERP does.
    fn check_refund(&mut self, order: &Order, one: &GoodsReturn, found: &[Refund]) -> Result<(), Stop> {
        let [refund] = found else {
            let detail = format!("Return {} has {} refunds in the shop.", one.id, found.len());
            return Err(Stop::Except(Reason::new("return_refunded_twice", "return", detail)));
        };
        self.settle_return(order, &one.id, refund.id, refund.amount);
        self.remember_return(one, refund.id);
        let (amount, owed) = (order.currency.round(refund.amount), one.credit.totals.as_ref());
        match owed.map(|totals| -totals.gross).filter(|owed| *owed != amount) {
            None => Ok(()),
            Some(owed) => {
                let detail =
                    format!("The ERP gives back {owed} for return {}; its refund is {amount}.", one.id);
                Err(Stop::Except(Reason::new("return_totals_disagree", "return", detail)))
            }
        }
    }

    async fn refund_return(
        &mut self,
        config: &StoreConfig,
        fulfilment: &FulfilmentConfig,
        order: &Order,
        refunds: &[Refund],
        one: &GoodsReturn,
    ) -> Result<Option<Refund>, Stop> {
        let known = self.held.record.returns.get(&one.id);
        if known.is_some_and(|known| known.refund.is_some()) {
            let detail =
                format!("The refund of return {} was deleted in the shop; the ERP has the return.", one.id);
            return Err(Stop::Except(Reason::new("refund_deleted", "refund", detail)));
        }
        if fulfilment.returns == ReturnPolicy::Ignore {
            return Ok(None);
        }
        let asks_gateway = fulfilment.returns == ReturnPolicy::RefundAndPay;
        let forgot = self.push.amnesia && asks_gateway && known.is_none();
        if forgot || known.is_some_and(|known| known.asked_gateway) {
            return Err(gateway_was_asked(one, known.is_some_and(|known| known.refused)));
        }
        let wanted = refund(order, refunds, one, config.rounding_cap, asks_gateway).map_err(|problem| {
            let detail = format!("Return {} cannot be refunded in the shop: {problem}.", one.id);
            Stop::Except(Reason::new(problem.code(), "return", detail))
        })?;
        let Some(wanted) = wanted else { return Ok(None) };
        let id = self.give(fulfilment, &wanted).await?;
        self.settle_return(order, &one.id, id, wanted.amount);
        self.remember_return(one, id);
        Ok(Some(wanted.as_made(&order.key, id, self.now())))
    }

    /// On record before the shop is asked. Where it certainly was not, that is
    /// taken back; a gateway that refused may have paid all the same.
    async fn give(&mut self, config: &FulfilmentConfig, wanted: &NewRefund) -> Result<RefundId, Stop> {
        let begun = ReturnRecord {
            amount: wanted.amount,
            reason: wanted.reason.clone(),
            refund: None,
            given_at: None,
            asked_gateway: wanted.asks_gateway,
            refused: false,
        };
        self.held.record.returns.insert(wanted.of_return.clone(), begun);
        let order = self.hint.order;
        let request = format!("refund {} for return {}", wanted.amount, wanted.of_return);
        let give = async |shop: &dyn Shop| shop.give_refund(order, wanted).await;
        let given = self.write_shop(config, REFUNDING, request, give).await;
        match &given {
            Ok(_) | Err(Stop::Call(_, CallError::Unknown { .. }) | Stop::Ledger(_) | Stop::Except(_)) => {}
            Err(Stop::Call(_, CallError::Rejected(_))) if wanted.asks_gateway => {
                if let Some(known) = self.held.record.returns.get_mut(&wanted.of_return) {
                    known.refused = true;
                }
            }
            Err(_) => {
                self.held.record.returns.remove(&wanted.of_return);
            }
        }
        given
    }

    /// The return that a refund was made for, by us: by the mark, or by the
    /// reason that we gave, since a shop writes the mark last.
    fn return_of(&self, refund: &Refund) -> Option<ReturnId> {
        let is_it = |known: &ReturnRecord| match known.refund {
            Some(id) => id == refund.id,
            None => known.reason == *refund.reason.expose() && known.amount == refund.amount,
        };
        let by_record = || self.held.record.returns.iter().find(|(_, known)| is_it(known)).map(|(id, _)| id);
        refund.of_return.clone().or_else(|| by_record().cloned())
    }

    /// The return that a refund of the shop is for, whoever made it: then its
    /// credit is the return's own.
    pub(super) async fn return_for(
        &mut self,
        config: &StoreConfig,
        order: &Order,
        refund: &Refund,
    ) -> Result<Option<ReturnId>, Stop> {
        if let Some(of) = self.return_of(refund) {
            return Ok(Some(of));
        }
        let is_news = !self.held.record.refunds.contains_key(&refund.id);
        let Some(fulfilment) = config.fulfilment.as_ref().filter(|_| is_news) else { return Ok(None) };
        let deliveries = self.read_deliveries(config, order).await?;
        let is_it = |one: &&GoodsReturn| self.is_by_hand(fulfilment, order, one, refund);
        Ok(deliveries.returns.iter().find(is_it).map(|one| one.id.clone()))
    }

    /// People cannot set a mark: a refund of theirs is known by what it gives
    /// back, as long as nothing else is on record for that return.
    fn is_by_hand(
        &self,
        fulfilment: &FulfilmentConfig,
        order: &Order,
        one: &GoodsReturn,
        refund: &Refund,
    ) -> bool {
        let known = self.held.record.returns.get(&one.id);
        let is_open = known.is_none_or(|known| known.refund.is_none());
        let is_credited = self.held.record.credit_note(refund.id).is_some();
        let by_amount = known.is_some() || fulfilment.returns == ReturnPolicy::Ignore;
        let same_reason = reason(one) == *refund.reason.expose();
        is_open && !is_credited && is_by_hand(order, one, refund, by_amount || same_reason)
    }

    /// The shop has a refund for a return: its credit is the return's own
    /// document, and none is to be made.
    pub(super) fn settle_return(&mut self, order: &Order, of: &ReturnId, id: RefundId, amount: Decimal) {
        let now = self.now();
        let record = &mut self.held.record;
        let amount = order.currency.round(amount);
        let known = record.returns.entry(of.clone()).or_insert_with(|| ReturnRecord {
            amount,
            reason: String::new(),
            refund: None,
            given_at: None,
            asked_gateway: false,
            refused: false,
        });
        if known.refund.is_none() {
            known.refund = Some(id);
            known.given_at = Some(now);
        }
        known.amount = amount;
        let credit = record.refunds.entry(id).or_insert(Credit { amount, booked: false, document: None });
        if !credit.booked {
            credit.booked = true;
            // Which document that is, the deliveries say.
            record.deliveries_unread = true;
        }
        credit.amount = amount;
        note_payment(record, order);
    }

    fn remember_return(&mut self, one: &GoodsReturn, refund: RefundId) {
        let record = &mut self.held.record;
        record.remember(DocumentKind::Return, one.credit.clone());
        if let Some(credit) = record.refunds.get_mut(&refund) {
            credit.document = Some(one.credit.id.clone());
        }
    }

    /// Returns on record that the ERP does not have any more: for people while
    /// the shop has their refund, forgotten when that is gone as well.
    fn settle_withdrawn(&mut self, refunds: &[Refund], returns: &[&GoodsReturn]) -> Option<Reason> {
        let is_there = |id: &ReturnId| returns.iter().any(|one| one.id == *id);
        let known = self.held.record.returns.iter().filter(|(id, _)| !is_there(id));
        let gone: Vec<(ReturnId, RefundId)> =
            known.filter_map(|(id, known)| Some((id.clone(), known.refund?))).collect();
        let mut problem = None;
        for (id, refund) in gone {
            let listed = refunds.iter().any(|listed| listed.id == refund);
            if listed {
                let detail = format!("The shop refunded return {id}, which the ERP does not have any more.");
                problem = problem.or(Some(Reason::new("return_withdrawn", "return", detail)));
            } else {
                self.held.record.returns.remove(&id);
                self.forget_refund(refund);
            }
        }
        problem
    }
}

/// A machine asks a gateway once.
fn gateway_was_asked(one: &GoodsReturn, refused: bool) -> Stop {
    let (code, answer) = if refused {
        ("refund_refused", "was asked to pay out this return and refused, perhaps after it had paid")
    } else {
        ("refund_outcome_unknown", "may have been asked to pay out this return, and gave no clear answer")
    };
    let detail = format!(
        "Return {}: the payment gateway {answer}. It is not asked again. Look there, then refund it by hand in the shop.",
        one.id
    );
    Stop::Except(Reason::new(code, "refund", detail))
}

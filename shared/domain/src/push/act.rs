//! Acting on a decision. Before the ERP is asked to make anything, the record
//! says that a document may exist; after it, what exists.

use super::exchange;
use super::resolved::Booked;
use super::session::{Done, Session};
use super::{Reason, Stop};
use crate::circuit::Peer;
use crate::config::StoreConfig;
use crate::decide::{Decision, is_accepted_reservation, reservation_ends};
use crate::id::ErpId;
use crate::import::Effect;
use crate::order::{Order, OrderStatus};
use crate::outcome::CallError;
use crate::ports::{Amendment, Cancellation, Creation, DocumentState, Erp, ErpDocument};
use crate::record::{
    Booking, DocumentAxis, DocumentKind, FulfilmentAxis, Hold, PaymentAxis, Unfinished, WaitReason,
};
use crate::sales::{Release, SalesOrder, SalesPayment};

/// The ERP keeps a sales order that was to be cancelled.
const CANCEL_REFUSED: &str = "cancel_refused";

impl Session<'_> {
    pub(super) async fn act(
        &mut self,
        config: &StoreConfig,
        order: &Order,
        decision: Decision,
    ) -> Result<Done, Stop> {
        match decision {
            Decision::Keep(why) => Ok(self.keep(config, order, why)),
            Decision::Nothing(why) => self.nothing(config, order, why).await,
            Decision::Wait { reason, due_at } => {
                self.held.record.wait(reason, due_at);
                Ok(Done::new("waits", "it is too early: see what it waits for"))
            }
            Decision::Except { code, detail } => Err(Stop::Except(Reason::new(code, "order", detail))),
            Decision::Cancel(why) => self.cancel_or_finish(config, order, why).await,
            Decision::Expire => self.expire(config, order).await,
            Decision::Revive(release) => {
                self.revive();
                self.book(config, order, release).await
            }
            Decision::Book(release) => self.book(config, order, release).await,
            Decision::Confirm(release) => self.confirm(config, order, release).await,
            Decision::Amend(release) => self.amend(config, order, release).await,
        }
    }

    /// The hold stands, also if it had to wait for the shop to be read.
    fn keep(&mut self, config: &StoreConfig, order: &Order, why: &'static str) -> Done {
        let (now, ends) = (self.now(), reservation_ends(order, config));
        let record = &mut self.held.record;
        if let Some(exception) = record.exception().cloned() {
            record.hold = Hold::Exception(exception);
        }
        // Once it is over nobody waits for it: it is paid, or was let expire.
        if is_accepted_reservation(record) && ends > now {
            record.wait(WaitReason::Payment, ends);
        }
        Done::new("unchanged", why)
    }

    /// Nothing to do for the sales order; its payment may still be missing.
    async fn nothing(
        &mut self,
        config: &StoreConfig,
        order: &Order,
        why: &'static str,
    ) -> Result<Done, Stop> {
        self.settle(config, order);
        let unpaid =
            self.held.record.document == DocumentAxis::InErp && self.held.record.payment == PaymentAxis::None;
        if unpaid && self.held.record.is_released() && order.payment.paid_at.is_some() {
            let (booking, peer) = self.erp_peer(config, order)?;
            let booked = self.resolve(config, order, Release::Ship).await?;
            if let Some(document) = self.held.record.sales_order().cloned() {
                self.pay(&booking.erp, &peer, &document, &booked.payments).await?;
                if self.held.record.payment == PaymentAxis::Paid {
                    return Ok(Done::new("paid", "its payment is in the ERP"));
                }
            }
        }
        Ok(Done::new("unchanged", why))
    }

    /// A cancelled order lives again under a new reference.
    fn revive(&mut self) {
        let record = &mut self.held.record;
        record.generation = record.generation.next();
        record.document = DocumentAxis::None;
        record.payment = PaymentAxis::None;
        record.booked_version = None;
        record.booked_outline = None;
        record.released = None;
        record.unfinished = None;
        record.in_erp_at = None;
        // What the former life delivered is its own.
        record.fulfilment = FulfilmentAxis::None;
        record.status_told = None;
        record.returns.clear();
    }

    async fn book(&mut self, config: &StoreConfig, order: &Order, release: Release) -> Result<Done, Stop> {
        let (booking, peer) = self.erp_peer(config, order)?;
        let booked = self.resolve(config, order, release).await?;
        // Whoever began before us may have come further than the ledger
        // knows: look before creating.
        let record = &self.held.record;
        let began =
            record.document == DocumentAxis::Pushing || record.unfinished.is_some() || self.push.amnesia;
        let found = match record.sales_order().cloned() {
            Some(document) if record.unfinished.is_none() => Some(document),
            known if began => self.find_again(&booking.erp, &peer, known.is_some()).await?,
            _ => None,
        };
        if let Some(document) = found {
            return self.resume(config, order, &booking, &peer, document, booked).await;
        }
        self.begin(order, &booking).await?;
        let document = self.create(&booking.erp, &peer, &booked.sales_order).await?;
        self.bring(config, order, &booking, &peer, &document, booked).await?;
        Ok(Done::new("booked", "its sales order is in the ERP"))
    }

    /// Before the ERP is called: from here on a document may exist.
    async fn begin(&mut self, order: &Order, booking: &Booking) -> Result<(), Stop> {
        let record = &mut self.held.record;
        record.document = DocumentAxis::Pushing;
        record.booked_with = Some(booking.clone());
        record.booked_as(order);
        self.begin_stock().await?;
        self.save("pushing", "its sales order is about to be made").await
    }

    /// Before an existing sales order is changed in the ERP.
    async fn begin_on_document(&mut self, what: &'static str, unfinished: Unfinished) -> Result<(), Stop> {
        self.held.record.unfinished = Some(unfinished);
        self.begin_stock().await?;
        self.save(what, "its sales order is about to be changed").await
    }

    async fn create(
        &mut self,
        erp: &ErpId,
        peer: &Peer,
        sales_order: &SalesOrder,
    ) -> Result<ErpDocument, Stop> {
        let request = exchange::of_document("make", sales_order);
        match self.call_erp(erp, peer, request, async |erp| erp.create(sales_order).await).await? {
            Creation::Created(document) => {
                // Whatever stops us now: it is known, and need not be found.
                self.held.record.remember(DocumentKind::SalesOrder, document.clone());
                Ok(document)
            }
            Creation::AlreadyExists => self.find(erp, peer).await?.ok_or_else(|| {
                // The ERP says that it exists and does not show it: it is
                // not yet visible, or not ours to see.
                Stop::Call(peer.clone(), CallError::unknown("exists, and is not found"))
            }),
        }
    }

    async fn find(&mut self, erp: &ErpId, peer: &Peer) -> Result<Option<ErpDocument>, Stop> {
        let key = self.held.record.document_key();
        let request = format!("find {}", key.reference());
        self.call_erp(erp, peer, request, async |erp| erp.find(&key).await).await
    }

    /// Looks before creating. One that is on record and not found is not gone
    /// where the ERP may not show it yet: creating would make it twice.
    async fn find_again(
        &mut self,
        erp: &ErpId,
        peer: &Peer,
        is_known: bool,
    ) -> Result<Option<ErpDocument>, Stop> {
        let found = self.find(erp, peer).await?;
        if found.is_none() && is_known && self.lags(erp).await {
            let why = "the sales order is on record and not visible yet";
            return Err(Stop::Call(peer.clone(), CallError::unknown(why)));
        }
        Ok(found)
    }

    /// A document was there before us: made by an attempt that did not live
    /// to say so, perhaps from an older state of the order.
    async fn resume(
        &mut self,
        config: &StoreConfig,
        order: &Order,
        booking: &Booking,
        peer: &Peer,
        document: ErpDocument,
        booked: Booked,
    ) -> Result<Done, Stop> {
        if document.state == DocumentState::Cancelled {
            return self.found_cancelled(document);
        }
        let same = match &self.held.record.booked_version {
            Some(booked) => booked.content == order.version().content,
            // The ledger forgot (a restored backup): equal totals must do.
            None => document.totals.as_ref() == Some(&booked.sales_order.totals),
        };
        if same {
            self.held.record.booked_with = Some(booking.clone());
            self.held.record.booked_as(order);
            self.bring(config, order, booking, peer, &document, booked).await?;
            return Ok(Done::new("booked", "its sales order was found and brought to its end"));
        }
        self.change(config, order, booking, peer, &document, booked).await
    }

    /// A sales order is cancelled that should be alive: by us, if we had begun
    /// to and did not live to say so; else reviving it is a person's decision.
    fn found_cancelled(&mut self, document: ErpDocument) -> Result<Done, Stop> {
        if self.held.record.unfinished != Some(Unfinished::Cancellation) {
            return Err(self.cancelled_in_erp(document));
        }
        let now = self.now();
        let record = &mut self.held.record;
        record.remember(DocumentKind::SalesOrder, document);
        record.document = DocumentAxis::Cancelled;
        record.unfinished = None;
        record.wait(WaitReason::NewerHint, now);
        Ok(Done::new("cancelled", "its cancellation had been done; the order is looked at again"))
    }

    fn cancelled_in_erp(&mut self, document: ErpDocument) -> Stop {
        self.held.record.document = DocumentAxis::InErp;
        self.held.record.remember(DocumentKind::SalesOrder, document);
        let detail = "Its sales order was cancelled in the ERP while it was being worked on.";
        Stop::Except(Reason::new("cancelled_in_erp", "order", detail))
    }

    async fn confirm(&mut self, config: &StoreConfig, order: &Order, release: Release) -> Result<Done, Stop> {
        let (booking, peer) = self.erp_peer(config, order)?;
        let booked = self.resolve(config, order, release).await?;
        let document = self.known_document()?;
        self.begin_on_document("releasing", Unfinished::Release).await?;
        self.bring(config, order, &booking, &peer, &document, booked).await?;
        Ok(Done::new("confirmed", "its sales order was released"))
    }

    /// Brings a document that has this content to its release, then its payment.
    async fn bring(
        &mut self,
        config: &StoreConfig,
        order: &Order,
        booking: &Booking,
        peer: &Peer,
        document: &ErpDocument,
        booked: Booked,
    ) -> Result<(), Stop> {
        let sales_order = &booked.sales_order;
        let confirm = async |erp: &dyn Erp| erp.confirm(document, sales_order).await;
        let request = exchange::of_document("confirm", sales_order);
        let document = self.call_erp(&booking.erp, peer, request, confirm).await?;
        if document.state == DocumentState::Cancelled {
            return Err(self.cancelled_in_erp(document));
        }
        self.in_erp(config, order, &document, sales_order)?;
        self.pay(&booking.erp, peer, &document, &booked.payments).await
    }

    async fn amend(&mut self, config: &StoreConfig, order: &Order, release: Release) -> Result<Done, Stop> {
        let (booking, peer) = self.erp_peer(config, order)?;
        let booked = self.resolve(config, order, release).await?;
        let document = self.known_document()?;
        self.change(config, order, &booking, &peer, &document, booked).await
    }

    /// Gives a document other content, if the ERP still allows it.
    async fn change(
        &mut self,
        config: &StoreConfig,
        order: &Order,
        booking: &Booking,
        peer: &Peer,
        document: &ErpDocument,
        booked: Booked,
    ) -> Result<Done, Stop> {
        let sales_order = &booked.sales_order;
        let begun_before = self.held.record.unfinished.clone();
        self.begin_on_document("changing", Unfinished::Change(order.version())).await?;
        let amend = async |erp: &dyn Erp| erp.amend(document, sales_order).await;
        let request = exchange::of_document("change", sales_order);
        let (document, what, why) = match self.call_erp(&booking.erp, peer, request, amend).await? {
            Amendment::Amended(document) => {
                (document, "amended", "its sales order follows the shop's change")
            }
            Amendment::Refused(document) if is_this_change(begun_before.as_ref(), order, &document) => {
                (document, "amended", "its sales order had been changed already")
            }
            Amendment::Refused(document) => {
                self.held.record.unfinished = begun_before;
                return Err(self.amendment_refused(document, order, sales_order));
            }
        };
        self.held.record.booked_as(order);
        self.in_erp(config, order, &document, sales_order)?;
        self.pay(&booking.erp, peer, &document, &booked.payments).await?;
        Ok(Done::new(what, why))
    }

    fn amendment_refused(&mut self, document: ErpDocument, order: &Order, wanted: &SalesOrder) -> Stop {
        let there = document.totals.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string);
        let booked = self.held.record.booked_outline.as_ref();
        let changes = booked.and_then(|booked| booked.changes_to(&order.outline()));
        let changes = changes.map_or_else(String::new, |changes| format!(" Changed: {changes}."));
        let detail = format!(
            "The shop changed the order; the ERP allows no change any more.{changes} Shop: {}; ERP: {there}.",
            wanted.totals
        );
        self.held.record.document = DocumentAxis::InErp;
        self.held.record.remember(DocumentKind::SalesOrder, document);
        Stop::Except(Reason::new("amendment_refused", "order", detail))
    }

    /// Records a document that is where it should be, after a last look at
    /// its totals: what a record calls booked is what the customer pays.
    fn in_erp(
        &mut self,
        config: &StoreConfig,
        order: &Order,
        document: &ErpDocument,
        sales_order: &SalesOrder,
    ) -> Result<(), Stop> {
        self.sale_was_read = true;
        let record = &mut self.held.record;
        record.remember(DocumentKind::SalesOrder, document.clone());
        record.document = DocumentAxis::InErp;
        record.unfinished = None;
        record.released = record.released.max(Some(sales_order.release));
        record.in_erp_at = record.in_erp_at.or_else(|| Some(self.push.clock.now()));
        let totals = document.totals.as_ref();
        if let Some(totals) = totals.filter(|totals| **totals != sales_order.totals) {
            let detail = format!("The ERP's document says {totals}, the shop {}.", sales_order.totals);
            return Err(Stop::Except(Reason::new("totals_disagree", "order", detail)));
        }
        self.settle(config, order);
        Ok(())
    }

    async fn pay(
        &mut self,
        erp: &ErpId,
        peer: &Peer,
        document: &ErpDocument,
        payments: &[SalesPayment],
    ) -> Result<(), Stop> {
        if payments.is_empty() || self.held.record.payment != PaymentAxis::None {
            return Ok(());
        }
        // Whoever comes after a failure begins with the first again: each is
        // booked once by its own reference.
        for payment in payments {
            let pay = async |erp: &dyn Erp| erp.pay(document, payment).await;
            let booked = self.call_erp(erp, peer, exchange::of_payment(payment), pay).await?;
            self.held.record.remember(DocumentKind::Payment, booked);
        }
        self.held.record.payment = PaymentAxis::Paid;
        Ok(())
    }

    /// What remains open on an order that is where it should be.
    fn settle(&mut self, config: &StoreConfig, order: &Order) {
        let effect = config.import.effect(order);
        let now = self.now();
        let record = &mut self.held.record;
        let reserved = record.document == DocumentAxis::InErp && record.released == Some(Release::Reserve);
        if effect == Effect::Authorised && record.payment == PaymentAxis::None {
            record.payment = PaymentAxis::Authorised;
        } else if effect == Effect::Ship && record.payment == PaymentAxis::Authorised {
            record.payment = PaymentAxis::None;
        }
        record.hold = Hold::None;
        if reserved && reservation_ends(order, config) > now {
            record.wait(WaitReason::Payment, reservation_ends(order, config));
        }
    }

    async fn expire(&mut self, config: &StoreConfig, order: &Order) -> Result<Done, Stop> {
        self.cancel(config, order, "its reservation ended").await?;
        let detail = format!(
            "No payment arrived within {} days; its sales order was cancelled. Cancel it in the shop too, or extend it.",
            config.import.reserve_days
        );
        Err(Stop::Except(Reason::new("payment_overdue", "order", detail)))
    }

    /// An order that was wholly refunded and cannot be cancelled any more is
    /// brought to its end, so that it can be credited.
    async fn cancel_or_finish(
        &mut self,
        config: &StoreConfig,
        order: &Order,
        why: &'static str,
    ) -> Result<Done, Stop> {
        match self.cancel(config, order, why).await {
            Err(Stop::Except(reason))
                if reason.code == CANCEL_REFUSED
                    && order.status == OrderStatus::Refunded
                    && self.held.record.is_released() =>
            {
                self.book(config, order, Release::Ship).await
            }
            ended => ended,
        }
    }

    async fn cancel(&mut self, config: &StoreConfig, order: &Order, why: &'static str) -> Result<Done, Stop> {
        let (booking, peer) = self.erp_peer(config, order)?;
        let document = match self.held.record.sales_order().cloned() {
            Some(document) => Some(document),
            None => self.find(&booking.erp, &peer).await?,
        };
        let Some(document) = document else {
            self.held.record.document = DocumentAxis::None;
            self.held.record.hold = Hold::None;
            return Ok(Done::new("not_booked", why));
        };
        let changing = self.held.record.unfinished.clone();
        let changing = changing.filter(|begun| matches!(begun, Unfinished::Change(_)));
        self.begin_on_document("cancelling", Unfinished::Cancellation).await?;
        let cancel = async |erp: &dyn Erp| erp.cancel(&document).await;
        let request = format!("cancel {}", exchange::name(&document));
        let ended = self.call_erp(&booking.erp, &peer, request, cancel).await?;
        self.held.record.unfinished = None;
        match ended {
            Cancellation::Cancelled(document) => {
                self.held.record.document = DocumentAxis::Cancelled;
                self.held.record.hold = Hold::None;
                self.held.record.remember(DocumentKind::SalesOrder, document);
                Ok(Done::new("cancelled", why))
            }
            Cancellation::Refused(document) => {
                // A change that was begun may have been made all the same.
                self.held.record.unfinished = changing;
                self.held.record.document = DocumentAxis::InErp;
                self.held.record.remember(DocumentKind::SalesOrder, document);
                let detail = format!(
                    "The order is to be cancelled ({why}); the ERP refuses, its sales order has gone too far."
                );
                Err(Stop::Except(Reason::new(CANCEL_REFUSED, "order", detail)))
            }
        }
    }

    pub(super) fn known_document(&self) -> Result<ErpDocument, Stop> {
        let missing = || {
            Reason::new("record_broken", "order", "The ledger says that a sales order exists and names none.")
        };
        self.held.record.sales_order().cloned().ok_or_else(|| Stop::Except(missing()))
    }
}

/// Whether a refused change is one that an earlier attempt had made: the same
/// content was begun before, and the document comes to it.
fn is_this_change(begun: Option<&Unfinished>, order: &Order, document: &ErpDocument) -> bool {
    let same_content = matches!(begun, Some(Unfinished::Change(to)) if to.content == order.version().content);
    same_content && document.totals.as_ref() == Some(&order.totals())
}

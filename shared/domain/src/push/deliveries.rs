//! What has left and what has come back in the ERP is brought to the shop:
//! parcels, refunds for returns, the order's status. Every step is on record
//! before the shop is called; what may have happened is looked up when it can
//! have no effect any more, and never repeated blindly. What is wrong with the
//! order itself keeps no parcel from being shown, only its status.

use jiff::{SignedDuration, Timestamp};

use super::exchange::{self, Answer};
use super::refunds::{LONGEST_UNLISTED, UNLISTED_WAIT, is_old, rejection_is_for_people};
use super::session::{Done, Session};
use super::{Reason, Stop};
use crate::config::{FulfilmentConfig, StoreConfig};
use crate::fulfilment::Deliveries;
use crate::fulfilment::progress::Progress;
use crate::hint::Cause;
use crate::import::Effect;
use crate::order::{Order, Refund};
use crate::outcome::CallError;
use crate::ports::{DocumentState, Erp, Shop, ShopError};
use crate::record::{Concern, DocumentAxis, DocumentKind, Exception, FulfilmentAxis, Hold, WaitReason};

/// For so long a shop may still show what was before a write.
pub const SHOP_READ_LAG: SignedDuration = SignedDuration::from_secs(60);
/// Between the detail of the order's own exception and that of its deliveries.
const ALSO: &str = " Its deliveries: ";

/// What came of an order's deliveries.
#[derive(Default)]
pub(super) struct Delivered {
    /// Parcels shown or taken away, refunds given, statuses set.
    pub(super) changes: usize,
    /// The first that a person has to look at.
    pub(super) problem: Option<Reason>,
    /// It is looked at again.
    wait: Option<(WaitReason, Timestamp)>,
    /// What the ERP's sales order says of the order itself.
    own: Option<Reason>,
}

impl Delivered {
    /// The first problem counts; anything but a problem ends the work.
    pub(super) fn except<T>(&mut self, ended: Result<T, Stop>) -> Result<Option<T>, Stop> {
        match ended.map_err(rejection_is_for_people) {
            Ok(done) => Ok(Some(done)),
            Err(Stop::Except(reason)) => {
                self.problem.get_or_insert(reason);
                Ok(None)
            }
            Err(stop) => Err(stop),
        }
    }
}

impl Session<'_> {
    /// Brings the shop to what the ERP delivered, where that is due. `ended` is
    /// what became of the order itself, `stood` the exception it was in before;
    /// if it `rests` in it, nothing about the order is new.
    pub(super) async fn settle_deliveries(
        &mut self,
        config: &StoreConfig,
        order: &Order,
        ended: Result<Done, Stop>,
        stood: Option<Exception>,
        rests: bool,
    ) -> Result<Done, Stop> {
        let Some(fulfilment) = &config.fulfilment else {
            self.forget_what_was_said();
            return ended;
        };
        let ended = ended.map_err(rejection_is_for_people);
        if !self.deliveries_are_due(order, &ended, rests) {
            return ended;
        }
        if self.is_reserved() {
            return self.look_at_reservation(config, order, ended).await;
        }
        let stands = ended.is_ok() && matches!(self.held.record.hold, Hold::Exception(_));
        let ended = self.of_the_order_itself(ended);
        if !stands {
            let of_deliveries = |stood: &Exception| stood.concern == Concern::Deliveries;
            self.hold_meanwhile(&ended, stood.filter(of_deliveries));
        }
        self.concern = Concern::Deliveries;
        let mut delivered = Delivered::default();
        let done = Box::pin(self.deliver(config, fulfilment, order, ended.is_ok(), &mut delivered)).await;
        delivered.except(done)?;
        self.conclude_deliveries(ended, delivered, stands)
    }

    /// A store that is told nothing has no exception about it either.
    fn forget_what_was_said(&mut self) {
        let record = &mut self.held.record;
        record.deliveries_unread = false;
        if matches!(&record.hold, Hold::Exception(stood) if stood.concern == Concern::Deliveries) {
            record.hold = Hold::None;
        }
    }

    /// An exception that stands and is not about deliveries is the order's own.
    fn of_the_order_itself(&self, ended: Result<Done, Stop>) -> Result<Done, Stop> {
        match (&ended, &self.held.record.hold) {
            (Ok(_), Hold::Exception(stood)) if stood.concern != Concern::Deliveries => {
                let Exception { code, subject, detail, .. } = stood.clone();
                Err(Stop::Except(Reason { code, subject, detail }))
            }
            _ => ended,
        }
    }

    fn is_reserved(&self) -> bool {
        matches!(self.held.record.hold, Hold::Waiting { reason: WaitReason::Payment, .. })
    }

    fn deliveries_are_due(&self, order: &Order, ended: &Result<Done, Stop>, rests: bool) -> bool {
        let record = &self.held.record;
        let is_open = match ended {
            // What was refused is asked again only if the ERP, or a person, has
            // something new.
            Ok(_) if rests && matches!(record.hold, Hold::Exception(_)) => {
                !matches!(self.hint.cause, Cause::Webhook | Cause::Poll | Cause::Sweep)
            }
            Ok(_) => matches!(record.hold, Hold::None | Hold::Exception(_)) || self.is_reserved(),
            Err(stop) => matches!(stop, Stop::Except(_)),
        };
        let is_booked = matches!(record.document, DocumentAxis::InErp | DocumentAxis::Closed);
        record.deliveries_unread && is_open && is_booked && !is_old(record, order)
    }

    /// What is reserved is not shown as sent before it is paid; that people in
    /// the ERP cancelled it is news all the same.
    async fn look_at_reservation(
        &mut self,
        config: &StoreConfig,
        order: &Order,
        ended: Result<Done, Stop>,
    ) -> Result<Done, Stop> {
        let deliveries = self.read_deliveries(config, order).await?;
        let has_begun = !deliveries.parcels.is_empty() || !deliveries.returns.is_empty();
        self.held.record.deliveries_unread = has_begun;
        match cancelled(config, order, &deliveries) {
            Some(reason) => Err(Stop::Except(reason)),
            None => ended,
        }
    }

    async fn deliver(
        &mut self,
        config: &StoreConfig,
        fulfilment: &FulfilmentConfig,
        order: &Order,
        is_well: bool,
        delivered: &mut Delivered,
    ) -> Result<(), Stop> {
        if let Some(until) = self.held.record.shop_in_doubt_until.filter(|until| *until > self.now()) {
            delivered.wait = Some((WaitReason::UnknownOutcome, until));
            return Ok(());
        }
        let deliveries = self.read_deliveries(config, order).await?;
        self.show_parcels(fulfilment, &deliveries.parcels, delivered).await?;
        delivered.own = cancelled(config, order, &deliveries).or_else(|| disagrees(order, &deliveries));
        if deliveries.sale.state == DocumentState::Cancelled {
            self.held.record.deliveries_unread = delivered.problem.is_some();
            return Ok(());
        }
        let Some(mut refunds) = self.all_refunds(order, &deliveries).await? else {
            delivered.wait = Some((WaitReason::StaleRead, self.now() + UNLISTED_WAIT));
            return Ok(());
        };
        self.refund_returns(config, fulfilment, order, &mut refunds, &deliveries, delivered).await?;
        delivered.problem = delivered.problem.take().or_else(|| unmatched(&deliveries));
        let progress = Progress::of(order, &refunds, &deliveries);
        let is_well = is_well && delivered.own.is_none();
        self.follow_progress(fulfilment, order, &progress, is_well, delivered).await?;
        let is_done = delivered.problem.is_none() && delivered.wait.is_none();
        self.held.record.deliveries_unread = !(is_done && is_well);
        Ok(())
    }

    /// Read once in a piece of work.
    pub(super) async fn read_deliveries(
        &mut self,
        config: &StoreConfig,
        order: &Order,
    ) -> Result<Deliveries, Stop> {
        if let Some(read) = &self.deliveries {
            return Ok((**read).clone());
        }
        let (booking, peer) = self.erp_peer(config, order)?;
        let sale = self.known_document()?;
        let read = async |erp: &dyn Erp| erp.deliveries(&sale).await;
        let request = format!("read what {} has delivered", exchange::name(&sale));
        let deliveries = self.call_erp(&booking.erp, &peer, request, read).await?;
        self.held.record.remember(DocumentKind::SalesOrder, deliveries.sale.clone());
        self.sale_was_read = true;
        self.deliveries = Some(Box::new(deliveries.clone()));
        Ok(deliveries)
    }

    pub(super) async fn list_refunds(&mut self) -> Result<Vec<Refund>, Stop> {
        let id = self.hint.order;
        self.ask_shop("list its refunds".to_owned(), async |shop| shop.refunds(id).await).await
    }

    /// All refunds of the order; `None`: the shop's list does not show yet one
    /// that is there.
    async fn all_refunds(
        &mut self,
        order: &Order,
        deliveries: &Deliveries,
    ) -> Result<Option<Vec<Refund>>, Stop> {
        let returns = &self.held.record.returns;
        if order.refunds.is_empty() && deliveries.returns.is_empty() && returns.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let refunds = self.list_refunds().await?;
        let now = self.now();
        let is_fresh = |at: Timestamp| now < at + LONGEST_UNLISTED;
        let ours = self.held.record.returns.values().filter(|known| known.given_at.is_some_and(is_fresh));
        let ours = ours.filter_map(|known| known.refund);
        let named = order.refunds.iter().filter(|_| is_fresh(order.modified_at)).map(|refund| refund.id);
        let is_listed = |id| refunds.iter().any(|refund| refund.id == id);
        let is_whole = ours.chain(named).all(is_listed);
        Ok(is_whole.then_some(refunds))
    }

    /// The axis follows what left; the status follows the axis, once, forwards
    /// only, and from what the shop says at that moment.
    async fn follow_progress(
        &mut self,
        config: &FulfilmentConfig,
        order: &Order,
        progress: &Progress,
        is_well: bool,
        delivered: &mut Delivered,
    ) -> Result<(), Stop> {
        let (before, axis) = (self.held.record.fulfilment, progress.axis());
        let is_over = |axis| matches!(axis, FulfilmentAxis::Shipped | FulfilmentAxis::Returned);
        if is_over(before) && !is_over(axis) && order.status == config.shipped_status() {
            let detail = "The shop says that all has left; by the ERP, something has not, or not any more.";
            delivered.problem.get_or_insert(Reason::new("completed_not_shipped", "order", detail));
            return Ok(());
        }
        let record = &mut self.held.record;
        record.fulfilment = axis;
        if before != axis || order.status == config.shipped_status() {
            record.status_told = (order.status == config.shipped_status()).then_some(axis);
        }
        let is_told = record.status_told == Some(axis);
        if !is_well || delivered.problem.is_some() || is_told || progress.status(order, config).is_none() {
            return Ok(());
        }
        let now = self.read_order().await?.order;
        if now.version().content != order.version().content || now.refunds != order.refunds {
            delivered.wait = Some((WaitReason::NewerHint, self.now()));
            return Ok(());
        }
        let Some(status) = progress.status(&now, config) else { return Ok(()) };
        let id = self.hint.order;
        let begun = ("completing", "its status in the shop is about to follow what left");
        let request = format!("set its status to {status}");
        let set =
            self.write_shop(config, begun, request, async |shop| shop.set_status(id, &status).await).await;
        if delivered.except(set)?.is_some() {
            self.held.record.status_told = Some(axis);
            delivered.changes += 1;
        }
        Ok(())
    }

    /// One write to the shop. What is about to happen is on record before it,
    /// so that nobody writes whose claim is lost; what may have happened is
    /// looked at again when it can happen no more, and every read shows it.
    pub(super) async fn write_shop<T: Answer>(
        &mut self,
        config: &FulfilmentConfig,
        (what, why): (&'static str, &'static str),
        request: String,
        write: impl AsyncFnOnce(&dyn Shop) -> Result<T, ShopError>,
    ) -> Result<T, Stop> {
        self.save(what, why).await?;
        let written = self.ask_shop(request, write).await;
        if let Err(Stop::Call(_, CallError::Unknown { .. })) = &written {
            let doubt = config.longest_request() + SHOP_READ_LAG;
            self.held.record.shop_in_doubt_until = Some(self.now() + doubt);
        }
        written
    }

    fn is_known(&self, reason: &Reason) -> bool {
        let known = self.held.record.exception();
        known.is_some_and(|known| known.code == reason.code && known.subject == reason.subject)
    }

    /// What is wrong with the order comes before what is wrong with its
    /// deliveries. `stands`: it was in its exception before.
    fn conclude_deliveries(
        &mut self,
        ended: Result<Done, Stop>,
        delivered: Delivered,
        stands: bool,
    ) -> Result<Done, Stop> {
        let Delivered { changes, problem, wait, own } = delivered;
        let (done, own) = match ended {
            Ok(done) => (done, own),
            Err(Stop::Except(reason)) => {
                (Done::new("unchanged", "nothing changed since its exception"), Some(reason))
            }
            Err(stop) => return Err(stop),
        };
        self.concern = if own.is_some() { Concern::Order } else { Concern::Deliveries };
        let reason = match (own, problem) {
            (Some(own), also) => Some(with_deliveries(own, also)),
            (None, problem) => problem,
        };
        if let Some((why, due_at)) = wait {
            // Whatever exception it is in, or comes to now, the wait hides none.
            if let Some(reason) = reason {
                self.held.record.hold = Hold::Exception(self.exception(reason));
            }
            self.held.record.wait(why, due_at);
            return Ok(Done::new("waits", "its deliveries are looked at again"));
        }
        match reason {
            // It was told before, and is not told as news.
            Some(reason) if stands && self.is_known(&reason) => {
                self.held.record.hold = Hold::Exception(self.exception(reason));
                Ok(done)
            }
            Some(reason) => Err(Stop::Except(reason)),
            None => {
                self.held.record.hold = Hold::None;
                Ok(match changes {
                    0 => done,
                    _ if done.what != "unchanged" => done,
                    changes => {
                        Done::new("delivered", format!("{changes} of its deliveries are in the shop now"))
                    }
                })
            }
        }
    }
}

/// The order's own reason, and what is wrong with its deliveries now.
fn with_deliveries(own: Reason, also: Option<Reason>) -> Reason {
    let detail = own.detail.split(ALSO).next().unwrap_or_default();
    let detail = match also {
        Some(also) => format!("{detail}{ALSO}{} ({})", also.detail, also.code),
        None => detail.to_owned(),
    };
    Reason { detail, ..own }
}

/// People in the ERP cancelled what the shop still wants.
fn cancelled(config: &StoreConfig, order: &Order, deliveries: &Deliveries) -> Option<Reason> {
    let is_wanted = !matches!(config.import.effect(order), Effect::Never | Effect::ShipIfPaid);
    let is_cancelled = deliveries.sale.state == DocumentState::Cancelled;
    (is_wanted && is_cancelled).then(|| {
        let detail = "Its sales order was cancelled in the ERP; the shop still wants it.";
        Reason::new("cancelled_in_erp", "order", detail)
    })
}

/// People in the ERP changed what is to be sent.
fn disagrees(order: &Order, deliveries: &Deliveries) -> Option<Reason> {
    let there = deliveries.sale.totals.as_ref().filter(|there| **there != order.totals())?;
    let detail = format!("The ERP's document says {there}, the shop {}.", order.totals());
    Some(Reason::new("totals_disagree", "order", detail))
}

/// A parcel that holds something else than what was ordered.
fn unmatched(deliveries: &Deliveries) -> Option<Reason> {
    deliveries.parcels.iter().find_map(|parcel| {
        let line = parcel.lines.iter().find(|line| line.line.is_none())?;
        let detail = format!("Parcel {} holds {}, which is no line of the order.", parcel.id, line.item);
        Some(Reason::new("parcel_unmatched", line.item.clone(), detail))
    })
}

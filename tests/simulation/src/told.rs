//! What a store is told of deliveries, and how our writes to it land: answers
//! get lost, and some land late.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use tokio::time::sleep;
use weir_domain::fulfilment::{NewRefund, OrderNote, Parcel, ShownParcel};
use weir_domain::id::{OrderId, RefundId};
use weir_domain::order::{OrderStatus, RefundRef};
use weir_domain::outcome::CallError;
use weir_domain::ports::ShopError;
use weir_testkit::Told;

use crate::faults::FaultClass as F;
use crate::invocation;
use crate::shop::{STALE, SimShop};
use crate::stage::{Port, Side, Strike, lock};

/// Ids of refunds that we ask for begin here.
pub(crate) const OURS: u64 = 9_000_000;
/// Our time-out of one call to a shop.
const TIME_OUT: Duration = Duration::from_secs(20);
/// What a shop promises: later than this after our time-out nothing lands.
pub(crate) const LONGEST_WRITE: SignedDuration = SignedDuration::from_secs(60);

impl SimShop {
    /// One call that changes something about an order that is there.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        what: &str,
        id: OrderId,
        effect: impl FnOnce(&Self) -> Result<T, ShopError> + Send + 'static,
    ) -> Result<T, ShopError> {
        let name = format!("shop.{what} {}/{id}", self.store);
        let strike = self.next_write();
        self.stage.reach(&name, strike, Side::Before).await;
        if let Some(class) = self.stage.answer_lost(&name, strike, Side::Before) {
            return Err(self.lost(id, class));
        }
        let effect = move |shop: &Self| {
            if shop.present(id).is_none() {
                return Err(ShopError::Gone);
            }
            effect(shop)
        };
        if strike.is_some_and(|strike| self.lands_late(strike)) {
            self.land_late(&name, effect);
            self.stage.reach(&name, strike, Side::After).await;
            self.stage.answer_lost(&name, strike, Side::After);
            sleep(TIME_OUT).await;
            return Err(self.lost(id, F::K2));
        }
        let answer = effect(self);
        let done = if answer.is_ok() { "done" } else { "refused" };
        self.stage.log(|| format!("{} {name}: {done}", invocation::name()));
        self.stage.reach(&name, strike, Side::After).await;
        match self.stage.answer_lost(&name, strike, Side::After) {
            Some(class) => Err(self.lost(id, class)),
            None => answer,
        }
    }

    /// A process that sleeps between its last look at the clock and its write
    /// lands later than was promised: outside of the claim.
    fn next_write(&self) -> Option<Strike> {
        let strike = self.stage.next_strike(Port::ShopAdjust)?;
        (strike.class != F::L3 || strike.side == Side::After).then_some(strike)
    }

    /// A late landing, or one that a dying process had sent already.
    fn lands_late(&self, strike: Strike) -> bool {
        let sent_and_died = strike.class == F::L1 && strike.side == Side::After;
        strike.class == F::K2
            || sent_and_died && !self.stage.is_calm() && self.stage.draw(fastrand::Rng::bool)
    }

    fn land_late<T: 'static>(
        &self,
        name: &str,
        effect: impl FnOnce(&Self) -> Result<T, ShopError> + 'static,
    ) {
        let promised = LONGEST_WRITE.as_secs().unsigned_abs();
        let late = TIME_OUT + Duration::from_secs(self.stage.draw(|dice| dice.u64(0..promised)));
        let (shop, name) = (self.me(), name.to_owned());
        tokio::task::spawn_local(async move {
            sleep(late).await;
            if let Some(shop) = shop.upgrade() {
                let landed = effect(&shop).is_ok();
                shop.stage.log(|| format!("{name} lands late: {landed}"));
            }
        });
    }

    fn lost(&self, id: OrderId, class: F) -> ShopError {
        let error = match class {
            F::W6 | F::W9 => self.refusal(class),
            _ => CallError::unknown("no answer"),
        };
        if let CallError::Unknown { .. } = error {
            self.note_unknown(id);
        }
        ShopError::Call(error)
    }

    /// What a read of parcels or notes sees: now and then a cache's older state.
    pub(crate) fn told_as_read(&self, id: OrderId) -> Told {
        let before = lock(&self.told_before).get(&id).cloned();
        let fresh = |at: Timestamp| self.stage.now() < at + STALE;
        match before {
            Some((at, before)) if fresh(at) && self.stage.strikes(F::W3) => before,
            _ => lock(&self.told).clone(),
        }
    }

    /// A change of what an order shows; what was there before may still be read.
    fn tell<T>(&self, id: OrderId, change: impl FnOnce(&mut Told) -> T) -> T {
        let mut told = lock(&self.told);
        let (now, before) = (self.stage.now(), told.clone());
        let first_of_a_burst = |known: &(Timestamp, Told)| now < known.0 + STALE;
        lock(&self.told_before)
            .entry(id)
            .and_modify(|known| {
                if !first_of_a_burst(known) {
                    *known = (now, before.clone());
                }
            })
            .or_insert((now, before));
        change(&mut told)
    }

    /// What the shop shows now.
    pub fn shown(&self, id: OrderId) -> Vec<ShownParcel> {
        lock(&self.told).parcels(id)
    }

    /// What people were told.
    pub fn notes_of(&self, id: OrderId) -> Vec<OrderNote> {
        lock(&self.told).notes(id)
    }

    /// Each parcel is shown once, at any time (I1).
    pub(crate) fn show(&self, id: OrderId, reference: Option<&str>, parcel: &Parcel) -> Option<String> {
        let shown = self.tell(id, |told| told.show(id, reference, parcel));
        let same = self.shown(id).iter().filter(|item| item.id.as_ref() == Some(&parcel.id)).count();
        if same > 1 {
            self.stage.violate("I1", format!("{}/{id} shows parcel {} {same} times", self.store, parcel.id));
        }
        shown
    }

    pub(crate) fn unshow(&self, id: OrderId, reference: &str) {
        self.tell(id, |told| told.remove(id, reference));
    }

    /// The same is said once (I1).
    pub(crate) fn say(&self, id: OrderId, note: &OrderNote) {
        if self.notes_of(id).iter().any(|known| known.text == note.text) {
            self.stage.violate("I1", format!("{}/{id}: people were told twice: {}", self.store, note.text));
        }
        self.tell(id, |told| told.add_note(id, note));
    }

    /// The warehouse has sent, at this moment, all that is owed.
    pub fn note_sent_in_full(&self, id: OrderId) {
        lock(&self.sent_in_full).insert(id);
    }

    /// Nobody is told "shipped" for what never was (I4).
    pub(crate) fn follow(&self, id: OrderId, status: &OrderStatus) {
        if *status == OrderStatus::Completed && !lock(&self.sent_in_full).contains(&id) {
            self.stage.violate("I4", format!("{}/{id} is called completed, and was never sent", self.store));
        }
        let status = status.clone();
        self.change(id, "is given a status by us", |order| order.status = status);
    }

    /// One refund for each return, at any time (I1).
    pub(crate) fn give(&self, id: OrderId, wanted: &NewRefund) -> Result<RefundId, ShopError> {
        let Some(order) = self.present(id) else { return Err(ShopError::Gone) };
        let before: Decimal = order.refunds.iter().map(|refund| -refund.total).sum();
        if before + wanted.amount > order.total {
            return Err(CallError::rejected("refund_refused", "more than is left").into());
        }
        let refund = RefundId(OURS + id.0 * 100 + order.refunds.len() as u64);
        let same = |known: &weir_domain::order::Refund| known.of_return.as_ref() == Some(&wanted.of_return);
        if self.refunds_of(id).iter().any(same) {
            let what = format!("{}/{id}: return {} is refunded twice", self.store, wanted.of_return);
            self.stage.violate("I1", what);
        }
        let made = wanted.as_made(&order.key, refund, self.clock());
        let named = RefundRef { id: refund, total: -wanted.amount };
        let is_all = before + wanted.amount == order.total;
        self.add_refund(id, made);
        self.change(id, &format!("gets refund {refund} of {} by us", wanted.amount), |order| {
            order.refunds.push(named);
            if is_all {
                order.status = OrderStatus::Refunded;
            }
        });
        Ok(refund)
    }
}

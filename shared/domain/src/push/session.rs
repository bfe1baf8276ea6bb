//! One claimed order being worked on: reading, guarded calls, and the
//! transaction that ends it.

use std::future::Future;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::exchange::Answer;
use super::resolved::booking;
use super::stock::ReadForStock;
use super::{Delivery, OrderPush, Pushed, Reason, Stop, Summary};
use crate::audit::{CALLS, Exchange};
use crate::circuit::{Circuit, Peer};
use crate::config::StoreConfig;
use crate::decide::{Decision, decide, is_stale};
use crate::fulfilment::Deliveries;
use crate::hint::{Cause, Hint};
use crate::id::ErpId;
use crate::order::Order;
use crate::outcome::CallError;
use crate::ports::{Erp, Held, LedgerError, Note, Shop, ShopError, ShopOrder};
use crate::record::{Concern, DocumentAxis, Hold, OrderState, Seen};
use crate::sales::Release;

/// No call is begun with less time left. A call of many requests can still
/// be cut off; the lease and the look-up after it are for that.
const CALL_RESERVE: SignedDuration = SignedDuration::from_secs(20);
/// Workers that may be lost on one order before people hear of it.
const CRASHES: u32 = 5;

pub(super) struct Session<'a> {
    pub(super) push: &'a OrderPush,
    pub(super) hint: &'a Hint,
    pub(super) delivery: &'a Delivery,
    pub(super) held: Held,
    pub(super) open_circuit: Option<Peer>,
    /// What the shop said, once it was read.
    pub(super) read: Option<OrderState>,
    /// The same for stock, if it was news.
    pub(super) stock_read: Option<ReadForStock>,
    /// The shop does not have the order any more.
    pub(super) gone: bool,
    /// The record has its sales order as the ERP has it now.
    pub(super) sale_was_read: bool,
    /// What it has delivered, once that was read.
    pub(super) deliveries: Option<Box<Deliveries>>,
    /// What an exception would be about now.
    pub(super) concern: Concern,
    /// Since when the sales order was complete when the work began.
    pub(super) in_erp_before: Option<Timestamp>,
    /// Where the sales order was when the work began.
    pub(super) document_before: (DocumentAxis, Option<Release>),
    /// The rows of its lines may say other than the record: a worker before
    /// did not finish, or the order is another than was last seen here, and
    /// others may have seen it in between.
    pub(super) unsure: bool,
}

/// What a finished piece of work says about itself.
pub(super) struct Done {
    pub(super) what: &'static str,
    pub(super) why: String,
}

impl Done {
    pub(super) fn new(what: &'static str, why: impl Into<String>) -> Self {
        Self { what, why: why.into() }
    }
}

impl<'a> Session<'a> {
    pub(super) fn new(push: &'a OrderPush, hint: &'a Hint, delivery: &'a Delivery, held: Held) -> Self {
        let document_before = (held.record.document, held.record.released);
        let in_erp_before = held.record.in_erp_at;
        let unsure = held.taken_over || held.record.crashes > 0;
        Self {
            push,
            hint,
            delivery,
            held,
            open_circuit: None,
            read: None,
            stock_read: None,
            gone: false,
            sale_was_read: false,
            deliveries: None,
            concern: Concern::Order,
            in_erp_before,
            document_before,
            unsure,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.push.clock.now()
    }

    pub(super) async fn run(&mut self) -> Result<Done, Stop> {
        self.note_crash().await?;
        let config = self.push.connections.store(&self.hint.store).map_err(Stop::StoreDisabled)?;
        let (read_at, steady) = (self.now(), self.push.clock.steady());
        let ShopOrder { order, answered_at } = self.read_order().await?;
        // At the earliest: the answer took its time to come. One clock may
        // have stepped back meanwhile, the other have stood still.
        let took = self.now().duration_since(read_at).max(self.push.clock.steady() - steady);
        let by_shop = answered_at.map(|at| at - took);
        let decision = decide(&self.held.record, &order, &config, self.now());
        if self.remember_read(&order, read_at, by_shop) {
            self.stock_read = Some(ReadForStock::new(&config, &order, read_at));
        }
        let keeps = matches!(decision, Decision::Keep(_));
        let stood = self.held.record.exception().cloned();
        // What it waited for is looked at again, whoever came.
        let rests = keeps && self.held.record.due_at().is_none();
        let ended = self.act(&config, &order, decision).await;
        let ended =
            if keeps { ended } else { self.settle_refunds(&config, &order, ended, stood.clone()).await };
        self.settle_deliveries(&config, &order, ended, stood, rests).await
    }

    /// The worker before us never finished. Now and then that happens; an
    /// order that fells every worker is for people.
    async fn note_crash(&mut self) -> Result<(), Stop> {
        if !self.held.taken_over {
            return Ok(());
        }
        self.held.record.crashes += 1;
        self.save("taken_over", "the worker before did not finish").await?;
        if self.held.record.crashes > CRASHES {
            let detail = "Worker after worker did not finish with this order; their logs say where.";
            return Err(Stop::Except(Reason::new("worker_failed", "order", detail)));
        }
        Ok(())
    }

    pub(super) async fn read_order(&mut self) -> Result<ShopOrder, Stop> {
        let id = self.hint.order;
        let read = async |shop: &dyn Shop| shop.order(id).await;
        let ShopOrder { order, answered_at } = self.ask_shop("read the order".to_owned(), read).await?;
        Ok(ShopOrder { order: order.as_sold(&self.held.record.first_skus), answered_at })
    }

    /// One call to the shop.
    pub(super) async fn ask_shop<T: Answer>(
        &mut self,
        request: String,
        call: impl AsyncFnOnce(&dyn Shop) -> Result<T, ShopError>,
    ) -> Result<T, Stop> {
        let peer = Peer::Store(self.hint.store.clone());
        let connections = Arc::clone(&self.push.connections);
        let store = self.hint.store.clone();
        let call = async |shop: Arc<dyn Shop>| match call(&*shop).await {
            Ok(read) => Ok(Ok(read)),
            Err(ShopError::Call(error)) => Err(error),
            Err(answer) => Ok(Err(answer)),
        };
        match self.call(&peer, request, connections.shop(&store), call).await? {
            Ok(read) => Ok(read),
            Err(ShopError::Unreadable { code, detail }) => {
                Err(Stop::Except(Reason::new(code, "order", detail)))
            }
            Err(_) => Err(Stop::Gone),
        }
    }

    /// What the shop said is a fact, whatever comes of it.
    /// Only a state older than the last one is not news.
    fn remember_read(&mut self, order: &Order, read_at: Timestamp, by_shop: Option<Timestamp>) -> bool {
        self.read = Some(OrderState::of(order));
        if is_stale(&self.held.record, order, read_at) {
            return false;
        }
        let record = &mut self.held.record;
        let last = record.seen.as_ref().map(|seen| (&seen.status, seen.version.modified_at));
        self.unsure |= last != Some((&order.status, order.modified_at));
        for line in &order.lines {
            if let Some(sku) = &line.product.sku {
                record.first_skus.entry(line.id).or_insert_with(|| sku.0.clone());
            }
        }
        record.seen = Some(Seen {
            read_at,
            read_at_by_shop: by_shop,
            number: order.number.clone(),
            status: order.status.clone(),
            version: order.version(),
            totals: order.totals(),
            refunds: order.refunds.iter().map(|refund| refund.id).collect(),
        });
        true
    }

    /// One call to the ERP.
    pub(super) async fn call_erp<T: Answer>(
        &mut self,
        erp: &ErpId,
        peer: &Peer,
        request: String,
        call: impl AsyncFnOnce(&dyn Erp) -> Result<T, CallError>,
    ) -> Result<T, Stop> {
        let connections = Arc::clone(&self.push.connections);
        self.call(peer, request, connections.erp(erp), async |erp| call(&*erp).await).await
    }

    /// One call to a peer, through its circuit and within the deadline. The
    /// time is looked at after connecting: what comes between the last look
    /// and the call is what a lease has to outlast.
    async fn call<P, T: Answer>(
        &mut self,
        peer: &Peer,
        request: String,
        connect: impl Future<Output = Result<P, CallError>>,
        call: impl AsyncFnOnce(P) -> Result<T, CallError>,
    ) -> Result<T, Stop> {
        self.pass_circuit(peer).await?;
        let answer = match connect.await {
            Ok(_) if self.now() + CALL_RESERVE > self.delivery.deadline => return Err(Stop::OutOfTime),
            Ok(connected) => call(connected).await,
            Err(error) => Err(error),
        };
        self.note_exchange(peer, request, &answer);
        match answer {
            Ok(answer) => {
                self.note_circuit(peer, |circuit, _| circuit.after_success()).await?;
                Ok(answer)
            }
            Err(error) => {
                self.note_failure(peer, &error).await?;
                Err(Stop::Call(peer.clone(), error))
            }
        }
    }

    /// For the next audit entry.
    fn note_exchange<T: Answer>(&mut self, peer: &Peer, request: String, answer: &Result<T, CallError>) {
        if self.held.calls.len() < CALLS {
            let answer = answer.as_ref().map_or_else(ToString::to_string, Answer::told);
            let (at, peer) = (self.now(), peer.to_string());
            self.held.calls.push(Exchange { at, peer, request, answer });
        }
    }

    async fn pass_circuit(&mut self, peer: &Peer) -> Result<(), Stop> {
        let slot = self.push.ledger.circuit(peer).await?;
        match slot.circuit.open {
            Some(open) if self.hint.cause != Cause::Probe => {
                Err(Stop::CircuitOpen(peer.clone(), open.probe_at))
            }
            _ => Ok(()),
        }
    }

    async fn note_failure(&mut self, peer: &Peer, error: &CallError) -> Result<(), LedgerError> {
        let key = self.held.record.key.clone();
        let why = error.to_string();
        match error {
            // The peer understood and answered: it is well.
            CallError::Rejected(_) => self.note_circuit(peer, |circuit, _| circuit.after_success()).await,
            CallError::Blocked { after, .. } => {
                self.note_circuit(peer, |circuit, now| circuit.after_blocked(&why, now, *after)).await
            }
            CallError::RetrySoon { .. } | CallError::Unknown { .. } => {
                self.note_circuit(peer, |circuit, now| circuit.after_failure(&key, &why, now)).await
            }
        }
    }

    /// Changes a circuit unless somebody else did meanwhile: their news is as
    /// fresh as ours.
    async fn note_circuit(
        &mut self,
        peer: &Peer,
        change: impl FnOnce(&Circuit, Timestamp) -> Circuit,
    ) -> Result<(), LedgerError> {
        let mut slot = self.push.ledger.circuit(peer).await?;
        let changed = change(&slot.circuit, self.now());
        if !changed.is_closed() {
            self.open_circuit = Some(peer.clone());
        }
        if changed != slot.circuit {
            slot.circuit = changed;
            self.push.ledger.set_circuit(peer, &slot).await?;
        }
        Ok(())
    }

    /// Writes the record as it is now, and keeps the claim.
    pub(super) async fn save(&mut self, what: &str, why: &str) -> Result<(), Stop> {
        let note = self.note(what, why);
        Ok(self.push.ledger.save(&mut self.held, &note).await?)
    }

    /// Ends the work well: what is wrong with the order, if anything, is in
    /// its hold.
    pub(super) async fn complete(mut self, done: Done) -> Result<Pushed, LedgerError> {
        // A wait spends no budget, and gives none back.
        if self.held.record.due_at().is_none() {
            self.held.record.failures = 0;
            self.held.record.unknowns = 0;
            self.held.record.crashes = 0;
        }
        self.finish(done).await.map(Pushed::Acknowledge)
    }

    /// The transaction that ends the work.
    pub(super) async fn finish(mut self, done: Done) -> Result<Summary, LedgerError> {
        self.settle_stock().await?;
        let note = self.note(done.what, &done.why);
        let (open_circuit, in_erp_before) = (self.open_circuit, self.in_erp_before);
        let record = self.push.ledger.complete(self.held, &note).await?;
        let came_now = record.in_erp_at.filter(|at| in_erp_before != Some(*at));
        let latency = came_now.map(|at| at.duration_since(record.first_heard_at));
        let exception = match &record.hold {
            Hold::Exception(exception) if exception.accepted.is_none() => Some(exception.code.clone()),
            _ => None,
        };
        Ok(Summary {
            what: done.what,
            why: done.why,
            state: Some(record.view()),
            latency,
            exception,
            open_circuit,
        })
    }

    fn note(&self, what: &str, why: &str) -> Note {
        Note { at: self.now(), who: "order-push".to_owned(), what: what.to_owned(), why: why.to_owned() }
    }

    /// The store's configuration, the peer and connection of the ERP.
    pub(super) fn erp_peer(
        &self,
        config: &StoreConfig,
        order: &Order,
    ) -> Result<(crate::record::Booking, Peer), Stop> {
        let booking = booking(config, order, &self.held.record).map_err(Stop::Except)?;
        let peer = Peer::Erp(booking.erp.clone());
        Ok((booking, peer))
    }
}

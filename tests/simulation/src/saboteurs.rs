//! Deliberate bugs. Each is a wrapper or a switch on the test side; the code
//! that ships has none of them, and every one must be caught.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use weir_domain::fulfilment::{Deliveries, NewRefund, OrderNote, Parcel, ShownParcel};
use weir_domain::hint::Hint;
use weir_domain::id::{DocumentKey, OrderId, RefundId};
use weir_domain::order::{Order, OrderStatus, Refund};
use weir_domain::outcome::CallError;
use weir_domain::ports::{
    Amendment, Cancellation, Capabilities, ChangedOrders, Checkpoint, Creation, Erp, ErpDocument,
    LedgerError, OrderQueue, QueueError, Schedules, Shop, ShopError, ShopOrder, ShopPage,
};
use weir_domain::sales::{SalesOrder, SalesPayment};
use weir_ledger::DynamoLedger;

use crate::erp::SimErp;
use crate::queue::SimQueue;
use crate::shop::SimShop;
use crate::stage::{Stage, lock};
use crate::table::SimTable;
use crate::told::OURS;

/// A deliberate bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Saboteur {
    /// Writes to the ledger no longer depend on the fence.
    DropTheFence,
    /// The record goes away when a call to the ERP fails.
    DeleteOnError,
    /// The record and its audit are two writes, and the second can fail.
    SplitTheTransaction,
    /// A claim ends before its function does.
    LeaseShorterThanTimeOut,
    /// The message is deleted before the work is recorded.
    AcknowledgeFirst,
    /// A delivery id that was seen before is not looked at.
    DedupeByDeliveryId,
    /// A queue that refuses is believed to have taken the hint.
    SwallowQueueErrors,
    /// Whatever is read counts as the newest state.
    IgnoreVersions,
    /// What has the same date is the same.
    TrustDatesAlone,
    /// A business refusal is tried again.
    RetryRejected,
    /// An expired key is the order's fault.
    BlockedIsRejected,
    /// An unknown outcome counts as "did not happen".
    CreateAfterUnknown,
    /// Nothing is looked up before it is created.
    NeverLookUp,
    /// Nothing commits after its time-out.
    TrustTheTimeOut,
    /// Every attempt to pay is a payment of its own.
    PayUnderNewNumbers,
    /// A refused call is repeated on the spot.
    RetryOnTheSpot,
    /// The poll's cursor moves before its hints are sent.
    CursorBeforeWork,
    /// A change is confirmed and not made.
    AmendOnPaper,
    /// A credit is not looked up, and a second attempt has another number.
    CreditUnderNewNumbers,
    /// The refunds of an order are overlooked.
    OverlookRefunds,
    /// What a shop shows is not looked at before it is shown more.
    OverlookParcels,
    /// What people were told is not looked at before they are told more.
    OverlookNotes,
    /// A refund that was made for a return is overlooked.
    OverlookReturns,
    /// A part that has left counts as all of it.
    CallAPartAll,
    /// The customer's name travels in the queue.
    LeakAName,
}

use Saboteur as S;

impl Saboteur {
    /// Every one.
    pub const ALL: [Self; 25] = [
        S::DropTheFence,
        S::DeleteOnError,
        S::SplitTheTransaction,
        S::LeaseShorterThanTimeOut,
        S::AcknowledgeFirst,
        S::DedupeByDeliveryId,
        S::SwallowQueueErrors,
        S::IgnoreVersions,
        S::TrustDatesAlone,
        S::RetryRejected,
        S::BlockedIsRejected,
        S::CreateAfterUnknown,
        S::NeverLookUp,
        S::TrustTheTimeOut,
        S::PayUnderNewNumbers,
        S::RetryOnTheSpot,
        S::CursorBeforeWork,
        S::AmendOnPaper,
        S::CreditUnderNewNumbers,
        S::OverlookRefunds,
        S::OverlookParcels,
        S::OverlookNotes,
        S::OverlookReturns,
        S::CallAPartAll,
        S::LeakAName,
    ];

    pub(crate) fn lease(bug: Option<Self>, right: SignedDuration) -> SignedDuration {
        if bug == Some(S::LeaseShorterThanTimeOut) { SignedDuration::from_secs(5) } else { right }
    }

    pub(crate) fn shop(bug: Option<Self>, shop: &Arc<SimShop>, stage: &Arc<Stage>) -> Arc<dyn Shop> {
        match bug {
            Some(
                bug @ (S::IgnoreVersions
                | S::TrustDatesAlone
                | S::OverlookRefunds
                | S::OverlookParcels
                | S::OverlookNotes
                | S::OverlookReturns),
            ) => Arc::new(BadShop {
                inner: Arc::clone(shop),
                bug,
                stage: Arc::clone(stage),
                cache: Mutex::default(),
            }),
            _ => Arc::clone(shop) as Arc<dyn Shop>,
        }
    }

    pub(crate) fn erp(bug: Option<Self>, erp: &Arc<SimErp>, table: &Arc<SimTable>) -> Arc<dyn Erp> {
        match bug {
            Some(
                bug @ (S::DeleteOnError
                | S::RetryRejected
                | S::BlockedIsRejected
                | S::CreateAfterUnknown
                | S::NeverLookUp
                | S::TrustTheTimeOut
                | S::PayUnderNewNumbers
                | S::CreditUnderNewNumbers
                | S::RetryOnTheSpot
                | S::CallAPartAll
                | S::AmendOnPaper),
            ) => Arc::new(BadErp {
                inner: Arc::clone(erp),
                table: Arc::clone(table),
                bug,
                numbers: Mutex::default(),
                attempted: Mutex::default(),
            }),
            _ => Arc::clone(erp) as Arc<dyn Erp>,
        }
    }

    pub(crate) fn queue(bug: Option<Self>, queue: &Arc<SimQueue>) -> Arc<dyn OrderQueue> {
        match bug {
            Some(bug @ (S::SwallowQueueErrors | S::LeakAName)) => {
                Arc::new(BadQueue { inner: Arc::clone(queue), bug })
            }
            _ => Arc::clone(queue) as Arc<dyn OrderQueue>,
        }
    }

    pub(crate) fn schedules(
        bug: Option<Self>,
        ledger: &DynamoLedger,
        stage: &Arc<Stage>,
    ) -> Arc<dyn Schedules> {
        match bug {
            Some(S::CursorBeforeWork) => {
                Arc::new(EagerCursor { inner: ledger.clone(), stage: Arc::clone(stage) })
            }
            _ => Arc::new(ledger.clone()),
        }
    }
}

struct BadShop {
    inner: Arc<SimShop>,
    bug: Saboteur,
    stage: Arc<Stage>,
    cache: Mutex<BTreeMap<OrderId, Order>>,
}

#[async_trait]
impl Shop for BadShop {
    async fn order(&self, id: OrderId) -> Result<ShopOrder, ShopError> {
        let mut read = self.inner.order(id).await?;
        if self.bug == S::IgnoreVersions {
            read.order.modified_at = self.stage.now();
            return Ok(read);
        }
        if self.bug == S::OverlookRefunds {
            read.order.refunds.clear();
            return Ok(read);
        }
        if self.bug == S::OverlookReturns {
            read.order.refunds.retain(|refund| refund.id.0 < OURS);
        }
        if self.bug != S::TrustDatesAlone {
            return Ok(read);
        }
        let mut cache = lock(&self.cache);
        let known = cache.entry(id).or_insert_with(|| read.order.clone());
        if known.modified_at != read.order.modified_at {
            *known = read.order;
        }
        Ok(ShopOrder { order: known.clone(), ..read })
    }

    async fn refunds(&self, order: OrderId) -> Result<Vec<Refund>, ShopError> {
        let mut listed = self.inner.refunds(order).await?;
        if self.bug == S::OverlookReturns {
            listed.retain(|refund| refund.of_return.is_none());
        }
        Ok(listed)
    }

    async fn changed_after(&self, after: Timestamp, page: u32) -> Result<ShopPage, ShopError> {
        self.inner.changed_after(after, page).await
    }

    async fn parcels(&self, order: OrderId) -> Result<Vec<ShownParcel>, ShopError> {
        if self.bug == S::OverlookParcels { Ok(Vec::new()) } else { self.inner.parcels(order).await }
    }

    async fn show_parcel(
        &self,
        order: OrderId,
        reference: Option<&str>,
        parcel: &Parcel,
    ) -> Result<Option<String>, ShopError> {
        self.inner.show_parcel(order, reference, parcel).await
    }

    async fn remove_parcel(&self, order: OrderId, reference: &str) -> Result<(), ShopError> {
        self.inner.remove_parcel(order, reference).await
    }

    async fn notes(&self, order: OrderId) -> Result<Vec<String>, ShopError> {
        if self.bug == S::OverlookNotes { Ok(Vec::new()) } else { self.inner.notes(order).await }
    }

    async fn add_note(&self, order: OrderId, note: &OrderNote) -> Result<(), ShopError> {
        self.inner.add_note(order, note).await
    }

    async fn set_status(&self, order: OrderId, status: &OrderStatus) -> Result<(), ShopError> {
        self.inner.set_status(order, status).await
    }

    async fn give_refund(&self, order: OrderId, refund: &NewRefund) -> Result<RefundId, ShopError> {
        self.inner.give_refund(order, refund).await
    }
}

struct BadErp {
    inner: Arc<SimErp>,
    table: Arc<SimTable>,
    bug: Saboteur,
    numbers: Mutex<u64>,
    attempted: Mutex<BTreeSet<DocumentKey>>,
}

impl BadErp {
    fn next_number(&self) -> u64 {
        let mut numbers = lock(&self.numbers);
        *numbers += 1;
        *numbers
    }

    fn misnumbered(&self, order: &SalesOrder) -> SalesOrder {
        let mut order = order.clone();
        let is_first = || lock(&self.attempted).insert(order.key.clone());
        if self.bug == S::CreditUnderNewNumbers && order.key.refund.is_some() && !is_first() {
            order.key.refund = Some(RefundId(9_000_000 + self.next_number()));
        }
        order
    }

    fn misread<T>(&self, answer: Result<T, CallError>) -> Result<T, CallError> {
        answer.map_err(|error| match (self.bug, error) {
            (S::RetryRejected, CallError::Rejected(why)) => CallError::retry_soon(why.to_string()),
            (S::BlockedIsRejected, CallError::Blocked { why, .. }) => CallError::rejected("refused", why),
            (S::CreateAfterUnknown, CallError::Unknown { why }) => CallError::retry_soon(why),
            (_, error) => error,
        })
    }
}

#[async_trait]
impl Erp for BadErp {
    fn capabilities(&self) -> Capabilities {
        let true_ones = self.inner.capabilities();
        if self.bug == S::TrustTheTimeOut {
            return Capabilities {
                longest_request: SignedDuration::ZERO,
                lookup_lag: SignedDuration::ZERO,
                ..true_ones
            };
        }
        true_ones
    }

    async fn find(&self, key: &DocumentKey) -> Result<Option<ErpDocument>, CallError> {
        let overlooked = self.bug == S::CreditUnderNewNumbers && key.refund.is_some();
        if overlooked || matches!(self.bug, S::NeverLookUp | S::CreateAfterUnknown) {
            return Ok(None);
        }
        self.misread(self.inner.find(key).await)
    }

    async fn create(&self, order: &SalesOrder) -> Result<Creation, CallError> {
        let order = &self.misnumbered(order);
        let mut answer = self.inner.create(order).await;
        if self.bug == S::RetryOnTheSpot && answer.is_err() {
            answer = self.inner.create(order).await;
        }
        if self.bug == S::DeleteOnError && answer.is_err() {
            self.table.forget(&order.key.order);
        }
        self.misread(answer)
    }

    async fn confirm(&self, document: &ErpDocument, order: &SalesOrder) -> Result<ErpDocument, CallError> {
        self.misread(self.inner.confirm(document, order).await)
    }

    async fn amend(&self, document: &ErpDocument, order: &SalesOrder) -> Result<Amendment, CallError> {
        if self.bug == S::AmendOnPaper {
            let claimed = ErpDocument { totals: Some(order.totals.clone()), ..document.clone() };
            return Ok(Amendment::Amended(claimed));
        }
        self.misread(self.inner.amend(document, order).await)
    }

    async fn cancel(&self, document: &ErpDocument) -> Result<Cancellation, CallError> {
        self.misread(self.inner.cancel(document).await)
    }

    async fn pay(&self, document: &ErpDocument, payment: &SalesPayment) -> Result<ErpDocument, CallError> {
        let mut payment = payment.clone();
        if self.bug == S::PayUnderNewNumbers {
            payment.transaction = format!("{}-{}", payment.transaction, self.next_number());
        }
        self.misread(self.inner.pay(document, &payment).await)
    }

    async fn deliveries(&self, document: &ErpDocument) -> Result<Deliveries, CallError> {
        let mut read = self.misread(self.inner.deliveries(document).await)?;
        if self.bug == S::CallAPartAll {
            read.goods.clear();
        }
        Ok(read)
    }

    async fn changed_orders(&self, cursor: Option<&str>) -> Result<ChangedOrders, CallError> {
        self.misread(self.inner.changed_orders(cursor).await)
    }
}

struct BadQueue {
    inner: Arc<SimQueue>,
    bug: Saboteur,
}

#[async_trait]
impl OrderQueue for BadQueue {
    async fn send(&self, hints: &[Hint]) -> Result<(), QueueError> {
        if self.bug == S::LeakAName {
            let named = |hint: &Hint| Hint {
                correlation: format!("{} for Zaphira", hint.correlation),
                ..hint.clone()
            };
            return self.inner.send(&hints.iter().map(named).collect::<Vec<_>>()).await;
        }
        let _believed = self.inner.send(hints).await;
        Ok(())
    }
}

struct EagerCursor {
    inner: DynamoLedger,
    stage: Arc<Stage>,
}

#[async_trait]
impl Schedules for EagerCursor {
    async fn begin(
        &self,
        job: &str,
        owner: &str,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Option<Checkpoint>, LedgerError> {
        let begun = self.inner.begin(job, owner, now, lease).await?;
        let Some(mut checkpoint) = begun else { return Ok(None) };
        let as_it_was = checkpoint.clone();
        let ahead = self.stage.now() + SignedDuration::from_hours(1);
        let cursor = serde_json::json!({ "after": ahead, "shop_time": null, "next_run": now });
        self.inner.advance(job, &mut checkpoint, &cursor.to_string()).await?;
        Ok(Some(as_it_was))
    }

    async fn advance(&self, _: &str, _: &mut Checkpoint, _: &str) -> Result<(), LedgerError> {
        Ok(())
    }

    async fn end(&self, job: &str, checkpoint: Checkpoint) -> Result<(), LedgerError> {
        self.inner.end(job, checkpoint).await
    }
}

/// Delivery ids that were seen before, for the bug that trusts them.
#[derive(Debug, Default)]
pub struct DeliveryIds(Mutex<BTreeSet<u64>>);

impl DeliveryIds {
    /// Whether this one was seen before.
    pub fn seen_before(&self, id: u64) -> bool {
        !lock(&self.0).insert(id)
    }
}

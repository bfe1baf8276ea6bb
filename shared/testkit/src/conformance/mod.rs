//! What every ledger must do, run against the fake and against DynamoDB, so
//! that what is proved over the fake holds for the real one.
//!
//! Each case has a store or a job of its own: all of them share one table.
//! [`Ledger::due`] and [`OpenOrders`] are asked right after a write, which an
//! emulator answers from the present state; a real index may lag by moments.

mod claims;
mod completion;
mod of_the_erp;
mod open;
mod open_orders;
mod operate;
mod others;
pub mod queues;
pub mod stock;

use jiff::{SignedDuration, Timestamp};
use weir_domain::hint::{Cause, Hint};
use weir_domain::id::{OrderKey, RefundId};
use weir_domain::order::RefundRef;
use weir_domain::ports::{
    Actions, Claim, DueOrder, Held, Jobs, Ledger, MappingStore, OpenOrders, Reports, Schedules, Timelines,
    WebhookTroubles,
};
use weir_domain::record::{Concern, Exception, Hold, OrderRecord, OrderState, Seen};

use crate::sample;

const LEASE: SignedDuration = SignedDuration::from_secs(300);

/// Runs every case against an empty ledger.
pub async fn run<L>(ledger: &L)
where
    L: Ledger
        + Schedules
        + MappingStore
        + OpenOrders
        + Jobs
        + Reports
        + Timelines
        + Actions
        + WebhookTroubles,
{
    claims::run(ledger).await;
    completion::run(ledger).await;
    of_the_erp::run(ledger).await;
    open::run(ledger).await;
    open_orders::run(ledger).await;
    operate::run(ledger).await;
    others::run(ledger).await;
}

/// So many seconds after the samples' beginning.
fn at(seconds: i64) -> Timestamp {
    sample::saturday() + SignedDuration::from_secs(seconds)
}

fn webhook(key: &OrderKey, seconds: i64) -> Hint {
    sample::hint(key, Cause::Webhook, at(seconds))
}

fn wake(key: &OrderKey, seconds: i64) -> Hint {
    sample::hint(key, Cause::Wake, at(seconds))
}

/// A claim at the moment the hint is received.
async fn try_claim(ledger: &impl Ledger, hint: &Hint, owner: &str) -> Claim {
    ledger.claim(hint, owner, hint.received_at, LEASE).await.expect("the ledger answers")
}

/// A claim that must be granted.
async fn claim(ledger: &impl Ledger, hint: &Hint, owner: &str) -> Held {
    match try_claim(ledger, hint, owner).await {
        Claim::Claimed(held) => *held,
        other => panic!("{}: the claim of {owner} ended {other:?}", hint.key()),
    }
}

/// The order as the shop showed it to a read that began at `seconds`.
fn read(held: &mut Held, seconds: i64) {
    let order = sample::order(held.record.key.store.as_str(), held.record.key.order.0);
    held.record.seen = Some(Seen {
        read_at_by_shop: None,
        read_at: at(seconds),
        number: order.number.clone(),
        status: order.status.clone(),
        version: order.version(),
        totals: order.totals(),
        refunds: order.refunds.iter().map(|refund| refund.id).collect(),
    });
}

async fn complete(ledger: &impl Ledger, held: Held, seconds: i64) -> OrderRecord {
    ledger.complete(held, &sample::note("completed", at(seconds))).await.expect("the claim is the newest")
}

/// Claims, reads and completes in one second, leaving `hold`.
async fn settle(ledger: &impl Ledger, key: &OrderKey, seconds: i64, hold: Hold) -> OrderRecord {
    let mut claimed = claim(ledger, &webhook(key, seconds), "settler").await;
    read(&mut claimed, seconds);
    claimed.record.hold = hold;
    complete(ledger, claimed, seconds).await
}

async fn due(ledger: &impl Ledger, key: &OrderKey, seconds: i64) -> Vec<DueOrder> {
    ledger.due(&key.store, at(seconds), 100, None).await.expect("the ledger answers")
}

/// About an order with a refund: what is stored of it has to be read again.
fn exception() -> Exception {
    let mut order = sample::order("main", 1);
    order.refunds.push(RefundRef { id: RefundId(31), total: -order.total });
    Exception {
        code: "item_not_mapped".to_owned(),
        subject: "MUG-L".to_owned(),
        detail: "No item of the ERP is mapped to MUG-L.".to_owned(),
        since: at(0),
        about: Some(OrderState::of(&order)),
        concern: Concern::Deliveries,
        accepted: None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_fake_conforms() {
        futures::executor::block_on(super::run(&crate::FakeLedger::default()));
    }
}

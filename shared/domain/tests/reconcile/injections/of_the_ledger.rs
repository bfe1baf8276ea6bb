//! What the ledger forgot, or nobody came back to.

use jiff::SignedDuration;
use weir_domain::hint::Cause;
use weir_domain::order::OrderStatus;
use weir_domain::ports::Ledger;
use weir_domain::sales::Release;
use weir_testkit::sample;

use super::Ends::{Agreed, Parked};
use super::{Injection, book, booked_by_nobody, key, nothing, of, paid, refund_id, refunded};

/// What the ledger forgot, or nobody came back to.
pub(super) const OF_THE_LEDGER: [Injection; 6] = [
    of(
        "a sales order that the ledger forgot",
        "document_unknown",
        nothing,
        |world, id| {
            world.shop.put(sample::order("main", id));
            booked_by_nobody(world, id);
        },
        Agreed,
    ),
    of(
        "a cancelled order's that it forgot",
        "document_unknown",
        nothing,
        |world, id| {
            let mut order = sample::order("main", id);
            order.status = OrderStatus::Cancelled;
            world.shop.put(order.clone());
            book(world, &sample::sales_order(&order, Release::Reserve));
        },
        Agreed,
    ),
    of(
        "a deleted order's that it forgot",
        "force_deleted",
        nothing,
        booked_by_nobody,
        Parked("deleted_in_shop"),
    ),
    of(
        "a credit that it forgot",
        "refund_unseen",
        refunded,
        |world, id| {
            world.rewrite(&key(id), |record| drop(record.refunds.remove(&refund_id(id))));
        },
        Agreed,
    ),
    of(
        "a wait that nobody ended",
        "stuck",
        nothing,
        |world, id| {
            let now = world.now() + SignedDuration::from_mins(1);
            let mut order = sample::order("main", id);
            order.modified_at = now;
            world.place(order);
        },
        Agreed,
    ),
    of(
        "a worker that never came back",
        "stuck",
        paid,
        |world, id| {
            let hint = sample::hint(&key(id), Cause::Webhook, world.now());
            let lease = SignedDuration::from_secs(130);
            futures::executor::block_on(world.ledger.claim(&hint, "dead", world.now(), lease)).unwrap();
        },
        Agreed,
    ),
];

//! What the shop says, and no hint told.

use weir_domain::id::OrderId;
use weir_domain::import::Effect;
use weir_domain::order::OrderStatus;
use weir_testkit::sample;

use super::Ends::{Agreed, Parked};
use super::{
    Injection, awaiting, key, nothing, of, one_more, paid, refund, refund_id, refunded, reserve, status,
};
use crate::world::reserved;

/// What the shop says, and what the hints did not tell.
pub(super) const OF_THE_SHOP: [Injection; 17] = [
    of(
        "an order that no hint told of",
        "missing_in_ledger",
        nothing,
        |world, id| world.shop.put(sample::order("main", id)),
        Agreed,
    ),
    of(
        "a change without a date",
        "content_unseen",
        reserve,
        |world, id| world.shop.change(OrderId(id), one_more),
        Agreed,
    ),
    of(
        "a change that comes too late",
        "content_unseen",
        paid,
        |world, id| world.change(id, one_more),
        Parked("amendment_refused"),
    ),
    of(
        "a transfer that arrived",
        "status_unseen",
        reserve,
        |world, id| {
            let now = world.now();
            world.change(id, |order| {
                order.status = OrderStatus::Processing;
                order.payment.paid_at = Some(now);
            });
        },
        Agreed,
    ),
    of(
        "a status that went back",
        "status_unseen",
        paid,
        |world, id| status(world, id, OrderStatus::Pending),
        Parked("status_regressed"),
    ),
    of(
        "cancelled in the shop",
        "cancelled_unseen",
        reserve,
        |world, id| status(world, id, OrderStatus::Cancelled),
        Agreed,
    ),
    of(
        "cancelled in the shop too late",
        "cancelled_unseen",
        paid,
        |world, id| status(world, id, OrderStatus::Cancelled),
        Parked("cancel_refused"),
    ),
    of(
        "a rule that imports what it did not",
        "undone",
        |world, id| {
            let mut order = sample::order("main", id);
            order.status = awaiting();
            world.place(order);
        },
        |world, _| {
            world.configure(|config| {
                let rules = config.import.methods.get_mut("default").unwrap();
                rules.insert(awaiting(), Effect::Ship);
            });
        },
        Agreed,
    ),
    of(
        "a payment without a date",
        "payment_unseen",
        |world, id| {
            let mut order = reserved(id);
            order.status = OrderStatus::Processing;
            world.place(order);
        },
        |world, id| world.shop.change(OrderId(id), |order| order.payment.paid_at = Some(order.created_at)),
        Agreed,
    ),
    of("a refund", "refund_unseen", paid, refund, Agreed),
    of(
        "a refund with another amount",
        "refund_changed",
        refunded,
        |world, id| {
            world.shop.delete_refund(OrderId(id), refund_id(id));
            world.shop.refund(sample::refund(
                &key(id),
                refund_id(id).0,
                "11.71",
                &[(11, "1", "9.00", "1.71")],
            ));
        },
        Parked("refund_changed"),
    ),
    of(
        "a refund that was deleted",
        "refund_gone",
        refunded,
        |world, id| {
            world.shop.delete_refund(OrderId(id), refund_id(id));
        },
        Parked("refund_deleted"),
    ),
    of(
        "an order that makes no sense",
        "unreadable",
        paid,
        |world, id| {
            world.history.garble(OrderId(id), "bad_amount", "total is no number");
        },
        Parked("bad_amount"),
    ),
    of(
        "trashed",
        "trashed",
        paid,
        |world, id| status(world, id, OrderStatus::Trash),
        Parked("deleted_in_shop"),
    ),
    of(
        "restored from the trash",
        "restored",
        |world, id| {
            paid(world, id);
            status(world, id, OrderStatus::Trash);
            world.hint(&key(id));
            assert_eq!(world.exception(&key(id)), "deleted_in_shop");
        },
        |world, id| status(world, id, OrderStatus::Processing),
        Agreed,
    ),
    of(
        "deleted for good",
        "force_deleted",
        paid,
        |world, id| world.shop.delete(OrderId(id)),
        Parked("deleted_in_shop"),
    ),
    of(
        "deleted for good and back from a backup",
        "restored",
        |world, id| {
            paid(world, id);
            world.shop.delete(OrderId(id));
            world.hint(&key(id));
            assert_eq!(world.exception(&key(id)), "deleted_in_shop");
        },
        |world, id| world.shop.put(sample::order("main", id)),
        Agreed,
    ),
];

//! What people, or a mishap, did in the ERP.

use rust_decimal::Decimal;
use weir_domain::order::OrderStatus;
use weir_domain::ports::DocumentState;
use weir_domain::sales::{Release, SalesOrder};
use weir_testkit::sample;

use super::Ends::{Agreed, Parked};
use super::{Injection, book, credit, key, nothing, of, paid, refunded, reserve, sale, send, status};

/// What people, or a mishap, did in the ERP.
pub(super) const OF_THE_ERP: [Injection; 19] = [
    of(
        "a sales order that is missing",
        "document_missing",
        paid,
        |world, id| world.books.delete(&sale(id)),
        Parked("document_gone"),
    ),
    of(
        "a sales order that is there twice",
        "document_doubled",
        paid,
        |world, id| drop(world.books.double(&sale(id))),
        Parked("document_doubled"),
    ),
    of(
        "one made by hand beside ours",
        "made_by_hand_too",
        paid,
        |world, id| drop(world.books.make_by_hand(&id.to_string())),
        Parked("made_by_hand_too"),
    ),
    of(
        "one made by hand before ours",
        "made_by_hand_too",
        nothing,
        |world, id| {
            world.shop.put(sample::order("main", id));
            world.books.make_by_hand(&id.to_string());
        },
        Parked("made_by_hand_too"),
    ),
    of(
        "another total",
        "total_differs",
        paid,
        |world, id| {
            world.erp.edit(&sale(id), |sale| {
                sale.totals.net -= Decimal::ONE;
                sale.totals.gross -= Decimal::ONE;
            });
        },
        Parked("totals_disagree"),
    ),
    of(
        "other tax",
        "tax_differs",
        paid,
        |world, id| {
            world.erp.edit(&sale(id), |sale| {
                sale.totals.net += Decimal::ONE;
                sale.totals.tax -= Decimal::ONE;
            });
        },
        Parked("totals_disagree"),
    ),
    of(
        "another quantity",
        "units_differ",
        paid,
        |world, id| world.erp.edit(&sale(id), |sale| sale.lines[0].quantity += Decimal::ONE),
        Parked("content_disagrees"),
    ),
    of(
        "another item",
        "units_differ",
        paid,
        |world, id| world.erp.edit(&sale(id), |sale| "TEE-L".clone_into(&mut sale.lines[1].item)),
        Parked("content_disagrees"),
    ),
    of(
        "cancelled in the ERP",
        "cancelled_in_erp",
        paid,
        |world, id| world.erp.set_state(&sale(id), DocumentState::Cancelled),
        Parked("cancelled_in_erp"),
    ),
    of(
        "a reservation cancelled in the ERP",
        "cancelled_in_erp",
        reserve,
        |world, id| world.erp.set_state(&sale(id), DocumentState::Cancelled),
        Parked("cancelled_in_erp"),
    ),
    of(
        "alive again in the ERP",
        "revived_in_erp",
        |world, id| {
            reserve(world, id);
            status(world, id, OrderStatus::Cancelled);
            world.hint(&key(id));
        },
        |world, id| world.erp.set_state(&sale(id), DocumentState::Reserved),
        Parked("revived_in_erp"),
    ),
    of(
        "back to a draft",
        "release_regressed",
        paid,
        |world, id| world.erp.set_state(&sale(id), DocumentState::Draft),
        Agreed,
    ),
    of(
        "a reservation back to a draft",
        "release_regressed",
        reserve,
        |world, id| world.erp.set_state(&sale(id), DocumentState::Draft),
        Agreed,
    ),
    of(
        "a credit that is missing",
        "credit_missing",
        refunded,
        |world, id| world.books.delete(&credit(id)),
        Parked("credit_gone"),
    ),
    of(
        "a credit that is there twice",
        "credit_doubled",
        refunded,
        |world, id| drop(world.books.double(&credit(id))),
        Parked("credit_doubled"),
    ),
    of(
        "a credit of another amount",
        "credit_total_differs",
        refunded,
        |world, id| {
            world.erp.edit(&credit(id), |credit| credit.totals.gross += Decimal::ONE);
        },
        Parked("totals_disagree"),
    ),
    of(
        "a credit that was cancelled",
        "credit_cancelled",
        refunded,
        |world, id| world.erp.set_state(&credit(id), DocumentState::Cancelled),
        Parked("credit_cancelled_in_erp"),
    ),
    of(
        "a credit of no refund",
        "credit_unknown",
        paid,
        |world, id| {
            let order = sample::sales_order(&sample::order("main", id), Release::Ship);
            book(world, &SalesOrder { key: credit(id), ..order });
        },
        Parked("credit_unknown"),
    ),
    of("sent, and the shop was not told", "delivery_unseen", paid, send, Agreed),
];

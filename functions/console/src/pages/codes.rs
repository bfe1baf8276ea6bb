//! What each exception means for its order or item: what is booked, what
//! stands still, and what goes on. What happened and what to do are the
//! runbook's own words ([`meaning`](crate::data::meaning)); a test holds both
//! to the same codes.

/// What a code means, and the action that most often answers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Consequence {
    /// All codes of which this is true.
    pub codes: &'static [&'static str],
    /// One or two sentences.
    pub means: &'static str,
    /// An action of the desk, by its word; `None` where the answer is given in
    /// the shop or in the ERP, which ends the exception by itself or is
    /// followed by a retry.
    pub suggests: Option<&'static str>,
}

const fn row(
    codes: &'static [&'static str],
    means: &'static str,
    suggests: Option<&'static str>,
) -> Consequence {
    Consequence { codes, means, suggests }
}

/// Exceptions of orders.
pub const ORDERS: &[Consequence] = &[
    row(
        &["unmapped_item", "unmapped_tax", "unmapped_shipping", "unmapped_fee", "unmapped_payment"],
        "Nothing of this is booked until the name is mapped. Every order that has it stops here; all others go on.",
        None,
    ),
    row(
        &["item_unknown"],
        "Nothing of this is booked until the ERP has the item. Every order that has it stops here; all others go on.",
        Some("retry"),
    ),
    row(
        &[
            "totals_do_not_add_up",
            "vendor_sub_order",
            "bad_tender",
            "taxed_tender",
            "missing_field",
            "nothing_to_book",
            "no_entity",
        ],
        "The order is not in the ERP, and nothing was guessed. It stands until a rule fits it, or somebody books it by hand and it is adopted.",
        Some("adopt"),
    ),
    row(
        &["bad_amount", "bad_date", "bad_id", "unknown_currency", "answer_too_large"],
        "The order could not be read. What is in the ERP of it stays as it was.",
        Some("retry"),
    ),
    row(
        &["totals_disagree"],
        "The ERP may have a draft. It was not confirmed, so it binds nobody, and nothing is shipped.",
        Some("retry"),
    ),
    row(
        &["amendment_refused", "cancel_refused"],
        "The ERP goes on with the order as it was booked. Shop and ERP differ until somebody decides which is right.",
        Some("accept"),
    ),
    row(
        &["status_regressed", "deleted_in_shop"],
        "The sales order stays in the ERP, and may be shipped. Nothing is undone by itself.",
        Some("accept"),
    ),
    row(
        &["payment_overdue"],
        "The reservation is cancelled in the ERP and the goods are free again; the shop still keeps the order.",
        Some("accept"),
    ),
    row(
        &["outcome_unknown", "worker_failed"],
        "A sales order may exist in the ERP. It is looked for before anything is made, so trying again books nothing twice.",
        Some("retry"),
    ),
    row(&["cancelled_in_erp"], "Nothing is shipped, and the customer may not know it.", Some("accept")),
    row(
        &["document_gone"],
        "The sales order that Weir made is not in the ERP any more. Nothing is made again unless somebody says so.",
        Some("rebook"),
    ),
    row(
        &["document_doubled"],
        "The ERP may ship and invoice the order more than once. Nothing is undone by itself.",
        None,
    ),
    row(
        &["made_by_hand_too"],
        "Weir's own sales order goes on. If the other one is the same order, it may be shipped twice.",
        Some("accept"),
    ),
    row(
        &["revived_in_erp"],
        "The ERP may ship an order that is cancelled in the shop. Nothing is undone by itself.",
        None,
    ),
    row(
        &["release_regressed"],
        "As it stands in the ERP now it is not shipped, although the shop expects it to be.",
        Some("retry"),
    ),
    row(
        &["credit_gone", "credit_doubled", "credit_unknown"],
        "By the ERP's books another sum was given back than by the shop. The order itself goes on.",
        None,
    ),
    row(
        &["not_adoptable", "document_ambiguous"],
        "No document was adopted, and none was changed. Weir does not know the order as booked.",
        Some("adopt"),
    ),
    row(
        &["erp_refused", "content_disagrees"],
        "The ERP does not have the order as the shop has it. The refusal was definite: it is not tried again by itself.",
        Some("retry"),
    ),
    row(
        &[
            "tax_code_unknown",
            "journal_unknown",
            "journal_currency",
            "rounding_not_configured",
            "country_unknown",
            "currency_unknown",
            "store_not_configured",
        ],
        "Nothing of this is booked until the set-up is put right. It will stop other orders too.",
        Some("retry"),
    ),
    row(
        &["price_not_exact", "quantity_not_divisible"],
        "The order is not booked: it would have come to another sum or another quantity in the ERP.",
        Some("retry"),
    ),
    row(
        &["payment_twice", "payment_differs", "payment_failed_in_erp"],
        "The sales order is in the ERP; its payment there is not what the customer paid.",
        Some("accept"),
    ),
    row(
        &["customer_ambiguous"],
        "The order is not booked, since it could go to the wrong customer's account.",
        Some("retry"),
    ),
    row(
        &["record_broken", "unmapped"],
        "Weir does not trust its own record of this order, and does nothing with it.",
        Some("hold"),
    ),
    row(
        &["refund_deleted", "refund_changed", "cancelled_after_refund"],
        "The ERP still has a credit that is not true any more: its books say that money went back, or another sum.",
        Some("retry"),
    ),
    row(
        &[
            "credit_above_order",
            "refund_unclear",
            "too_many_refunds",
            "refund_of_erased",
            "credit_cancelled_in_erp",
            "refund_not_listed",
        ],
        "The order is booked; this refund is not. The customer may have the money while the ERP's books do not say so.",
        Some("retry"),
    ),
    row(
        &["parcel_unmatched"],
        "The customer sees the parcel. The order is not completed in the shop, since by its lines something has not left.",
        Some("retry"),
    ),
    row(
        &["completed_not_shipped", "status_unknown", "status_not_taken"],
        "Parcels are shown to the customer; the status in the shop does not say what the ERP says.",
        Some("accept"),
    ),
    row(
        &["parcel_interface_gone"],
        "Customers do not see their parcels until it is back. Nothing is sent to them twice.",
        Some("retry"),
    ),
    row(
        &[
            "return_unmatched",
            "return_totals_disagree",
            "return_already_refunded",
            "return_above_order",
            "return_with_tender",
            "too_many_returns",
        ],
        "The goods are back by the ERP's books, and the shop gave no money back for them.",
        Some("retry"),
    ),
    row(
        &["return_withdrawn", "return_refunded_twice"],
        "The customer has money that the ERP's books do not explain.",
        Some("accept"),
    ),
    row(
        &["refund_refused", "refund_outcome_unknown"],
        "The customer may or may not have the money. No machine asks the gateway again.",
        Some("accept"),
    ),
    row(
        &["impossible_parcel", "impossible_refund", "impossible_request"],
        "Nothing was sent to the shop. The ERP's documents are as they were.",
        Some("retry"),
    ),
];

/// Exceptions of items.
pub const STOCK: &[Consequence] = &[
    row(
        &["sku_twice"],
        "The quantities of these products are left as they are: each would sell the same units.",
        None,
    ),
    row(&["product_gone"], "Nothing can be sold of it in this shop, and nothing is written there.", None),
    row(
        &["item_unknown_to_erp"],
        "The shop goes on selling by the last quantity; nobody knows how much there is.",
        None,
    ),
    row(
        &["quantity_unreadable", "impossible_adjustment", "refused_by_shop", "foreign_variation"],
        "The shop goes on selling by the quantity that it shows now.",
        None,
    ),
];

/// What is found at a shop's webhooks. They only make news faster: no order
/// depends on one.
pub const WEBHOOKS: &[Consequence] = &[
    row(
        &["webhook_missing", "webhook_disabled"],
        "Until it was made, news of its topic came by the poll, some minutes later. No order is lost.",
        None,
    ),
    row(
        &["webhook_paused"],
        "As long as it is paused, news of its topic comes by the poll, some minutes later.",
        None,
    ),
    row(
        &["webhook_url", "webhook_topic"],
        "News of the shop went elsewhere, or to the wrong address. It came by the poll all the same.",
        None,
    ),
    row(
        &["webhook_api"],
        "Nothing was missed: its deliveries named the order, and the order is read anyway.",
        None,
    ),
    row(&["webhook_twice"], "The same was said twice; nothing is booked twice by that.", None),
    row(
        &["webhook_secret"],
        "Its deliveries were refused, since anybody could have sent them. The news came by the poll.",
        None,
    ),
    row(
        &["webhook_owner"],
        "Its deliveries said nothing that could be used. The news came by the poll.",
        None,
    ),
    row(
        &["webhooks_not_manageable"],
        "Nobody sees whether the webhooks live. At the latest the poll finds each order.",
        None,
    ),
    row(
        &["webhook_url_refused"],
        "The shop has no webhook of Weir's. News comes by the poll, some minutes later.",
        None,
    ),
];

/// Refusals of events; their senders see the same codes.
pub const EVENTS: &[Consequence] = &[
    row(
        &[
            "not_an_event",
            "data_invalid",
            "items_out_of_range",
            "sku_invalid",
            "orders_out_of_range",
            "order_invalid",
            "type_unknown",
            "body_too_large",
            "kind_not_served",
            "entity_not_sold",
            "store_not_served",
            "location_unknown",
        ],
        "The event was not taken. Nothing is lost: the feeds find what it was about.",
        None,
    ),
    row(&["unavailable"], "The event was not taken, and its sender sends it again.", None),
];

/// What an order's exception means.
pub(crate) fn of_order(code: &str) -> Option<&'static Consequence> {
    find(ORDERS, code)
}

/// What an item's exception means.
pub(crate) fn of_item(code: &str) -> Option<&'static Consequence> {
    find(STOCK, code)
}

fn find(rows: &'static [Consequence], code: &str) -> Option<&'static Consequence> {
    rows.iter().find(|row| row.codes.contains(&code))
}

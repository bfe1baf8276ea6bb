//! Orders, items, exceptions, mappings.

use console::data::exceptions::{Desk, Group};
use console::data::failed::Failed;
use console::data::item::{Item, LineView, LocationView, PositionView, ReachedView, ShopView, StandingView};
use console::data::mappings::MappingRow;
use console::data::meaning;
use console::data::order::{BookingView, DocumentView, Entry, Order, ParcelView, RefundView, ReturnView};
use console::data::row::{ExceptionView, OrderRow};
use console::data::stale::{Stale, StaleItem};
use console::data::stuck::{OpenWork, Section};
use console::pages::{mappings::Asked, search::Found};
use rust_decimal::Decimal;
use serde_json::json;
use weir_domain::audit::Exchange;
use weir_domain::desk::StockTaken;
use weir_domain::id::Sku;
use weir_domain::mapping::{MappingKey, MappingKind};
use weir_domain::ports::{PlannedRequest, QueueDepth};
use weir_domain::push::preview::{Preview, Problem};
use weir_domain::record::Booking;

use super::{SHOP, at, store};

fn d(number: &str) -> Decimal {
    number.parse().unwrap()
}

fn exception(code: &str, subject: &str, detail: &str) -> ExceptionView {
    ExceptionView {
        code: code.to_owned(),
        subject: subject.to_owned(),
        detail: detail.to_owned(),
        since: at("2026-11-28T07:40:00Z"),
        meaning: meaning::of(code),
        accepted: None,
    }
}

fn unmapped() -> ExceptionView {
    exception("unmapped_item", "sku:MUG-XL", "The item sku:MUG-XL has no mapping.")
}

fn row(order: u64, view: &'static str, why: &str) -> OrderRow {
    OrderRow {
        store: "main".to_owned(),
        order,
        number: Some(format!("2026-{order}")),
        view,
        since: at("2026-11-28T07:39:40Z"),
        due_at: None,
        why: why.to_owned(),
        exception: None,
        shop_status: Some("processing".to_owned()),
        total: Some(d("100.00")),
    }
}

fn excepted(order: u64) -> OrderRow {
    let exception = unmapped();
    OrderRow { why: exception.detail.clone(), exception: Some(exception), ..row(order, "exception", "") }
}

fn waiting(order: u64) -> OrderRow {
    let due_at = Some(at("2026-11-28T09:43:00Z"));
    OrderRow { due_at, ..row(order, "waiting", "It waits for erp/books, which cannot be worked with now.") }
}

fn section(state: &'static str, orders: Vec<OrderRow>, next: Option<&str>) -> Section {
    Section { state, looked_at: orders.len(), orders, next: next.map(str::to_owned) }
}

pub(crate) fn work() -> OpenWork {
    let waiting = vec![waiting(4_820), waiting(4_821)];
    let exceptions = (4_711..4_733).map(excepted).collect();
    let held = vec![row(4_690, "held", "A person holds it: the customer calls back")];
    OpenWork {
        store: store("main"),
        sections: vec![
            section("waiting", waiting, None),
            section("exception", exceptions, None),
            section("held", held, None),
        ],
    }
}

pub(crate) fn one_state() -> OpenWork {
    let exceptions = (4_711..4_716).map(excepted).collect();
    OpenWork {
        store: store("main"),
        sections: vec![section("exception", exceptions, Some("1795850000.000000000~4715"))],
    }
}

pub(crate) fn nothing() -> OpenWork {
    let sections = ["waiting", "exception", "held"].map(|state| section(state, vec![], None));
    OpenWork { store: store("main"), sections: sections.into() }
}

pub(crate) fn failed() -> Failed {
    let depth = |queue: &str, dead| QueueDepth { queue: queue.to_owned(), waiting: 0, in_flight: 0, dead };
    let refused =
        exception("refund_refused", "return 31", "The gateway refused 20.00 EUR for the return 31.");
    let order =
        OrderRow { why: refused.detail.clone(), exception: Some(refused), ..row(4_500, "exception", "") };
    Failed {
        queues: Some(vec![depth("orders", 3), depth("stock", 0)]),
        orders: OpenWork { store: store("main"), sections: vec![section("exception", vec![order], None)] },
    }
}

pub(crate) fn failed_nothing() -> Failed {
    Failed { queues: Some(vec![]), orders: nothing() }
}

pub(crate) fn stale_item() -> StaleItem {
    let code = "sku_twice";
    StaleItem {
        entity: "acme".parse().unwrap(),
        sku: Sku("CUP-S".to_owned()),
        since: at("2026-11-28T08:02:00Z"),
        shown: Some(d("4")),
        reached: None,
        write_under_way: false,
        standing: StandingView::Exception {
            code: code.to_owned(),
            detail: "The products 17 and 21 are both this item.".to_owned(),
            since: at("2026-11-28T08:02:00Z"),
            meaning: meaning::of(code),
        },
    }
}

pub(crate) fn stale() -> Stale {
    let moving = StaleItem {
        sku: Sku("MUG-L".to_owned()),
        since: at("2026-11-28T09:40:12Z"),
        reached: Some(d("5")),
        write_under_way: true,
        standing: StandingView::Published,
        ..stale_item()
    };
    Stale {
        store: store("main"),
        items: vec![stale_item(), moving],
        next: Some("1795850000.000000000~acme/MUG-L".to_owned()),
    }
}

pub(crate) fn group() -> Group {
    let exception = unmapped();
    Group {
        store: store("main"),
        code: exception.code.clone(),
        subject: exception.subject.clone(),
        orders: 400,
        or_more: false,
        since: exception.since,
        detail: exception.detail,
        meaning: exception.meaning,
        missing: meaning::missing_mapping("unmapped_item", "sku:MUG-XL"),
        examples: vec![4_711, 4_712, 4_713, 4_714, 4_715],
    }
}

/// Of a store whose SKUs are the ERP's codes: the ERP does not know this one.
pub(crate) fn item_group() -> Group {
    let exception = exception("item_unknown", "MUG-XL", "The ERP refused it: MUG-XL");
    Group {
        code: exception.code.clone(),
        subject: exception.subject.clone(),
        detail: exception.detail,
        meaning: exception.meaning,
        missing: meaning::missing_mapping("item_unknown", "MUG-XL"),
        ..group()
    }
}

/// Of a name for which no code may be meant.
pub(crate) fn tax_group() -> Group {
    let exception = exception("unmapped_tax", "rates:5", "The tax rates:5 has no mapping.");
    Group {
        code: exception.code.clone(),
        subject: exception.subject.clone(),
        detail: exception.detail,
        meaning: exception.meaning,
        missing: meaning::missing_mapping("unmapped_tax", "rates:5"),
        ..group()
    }
}

pub(crate) fn other_group() -> Group {
    let code = "totals_disagree";
    Group {
        code: code.to_owned(),
        subject: "tax".to_owned(),
        orders: 1,
        detail: "Shop 84.03 + 15.97 = 100.00 EUR, ERP 84.03 + 5.88 = 89.91 EUR.".to_owned(),
        meaning: meaning::of(code),
        missing: None,
        examples: vec![4_650],
        ..group()
    }
}

pub(crate) fn desks() -> Vec<Desk> {
    let orders = console::data::Count::up_to(401, 5_000);
    vec![Desk { store: store("main"), groups: vec![group(), other_group()], orders }]
}

fn entry(seq: u64, who: &str, what: &str, why: &str, view: &'static str, changes: &[&str]) -> Entry {
    Entry {
        seq,
        at: at("2026-11-28T07:40:00Z"),
        who: who.to_owned(),
        what: what.to_owned(),
        why: why.to_owned(),
        correlation: "6c1e-11".to_owned(),
        view,
        keeps: "The item sku:MUG-XL has no mapping.".to_owned(),
        changes: changes.iter().map(|&change| change.to_owned()).collect(),
        version: Some("2026-11-28T07:39:38Z (9f1c22ab)".to_owned()),
        calls: vec![],
    }
}

/// Calls to the ERP, as the audit keeps them.
pub(crate) fn calls(number: usize) -> Vec<Exchange> {
    let call = |at: usize| Exchange {
        at: super::at("2026-11-28T07:39:59Z"),
        peer: "erp/books".to_owned(),
        request: format!("make 4711.{at}: 2 × MUG-XL"),
        answer: "refused: item_unknown".to_owned(),
    };
    (1..=number).map(call).collect()
}

pub(crate) fn order() -> Order {
    let taken = StockTaken { line: 12, sku: Sku("MUG-XL".to_owned()), by_shop: d("2"), by_erp: d("0") };
    Order {
        row: excepted(4_711),
        shop_url: Some(format!("{SHOP}wp-admin/post.php?post=4711&action=edit")),
        generation: 1,
        document: "none",
        payment: "none",
        fulfilment: "none",
        booked_with: None,
        in_erp_at: None,
        read_at: Some(at("2026-11-28T07:39:59Z")),
        seen_version: Some("2026-11-28T07:39:38Z (9f1c22ab)".to_owned()),
        booked_version: None,
        in_doubt_until: None,
        documents: vec![],
        refunds: vec![],
        parcels: vec![],
        returns: vec![],
        stock: vec![taken],
        timeline: vec![
            entry(
                2,
                "order-push",
                "exception",
                "The item sku:MUG-XL has no mapping.",
                "exception",
                &["state: waiting → exception"],
            ),
            entry(
                1,
                "order-push",
                "waits",
                "It changed just now: it is looked at again.",
                "waiting",
                &["state: waiting"],
            ),
        ],
        older: 0,
    }
}

pub(crate) fn order_in_erp() -> Order {
    let document = |kind, id: &str, state: &str, totals: &str| DocumentView {
        kind,
        id: id.to_owned(),
        number: Some(format!("SO{id}")),
        state: state.to_owned(),
        totals: Some(totals.to_owned()),
        generation: 1,
    };
    let done = entry(
        4,
        "order-push",
        "booked",
        "A sales order was made and released for shipping.",
        "in ERP",
        &["document: pushing → in_erp", "ERP document SO881: processing"],
    );
    let person = entry(
        3,
        "ada@example.com",
        "retry",
        "the item is in the ERP now",
        "waiting",
        &["state: exception → waiting"],
    );
    Order {
        row: row(4_711, "part shipped", "Nothing keeps it."),
        document: "in_erp",
        payment: "part_refunded",
        fulfilment: "part_shipped",
        booked_with: Some(BookingView { entity: "acme".to_owned(), erp: "books".to_owned() }),
        in_erp_at: Some(at("2026-11-28T07:55:00Z")),
        booked_version: Some("2026-11-28T07:39:38Z (9f1c22ab)".to_owned()),
        documents: vec![
            document("sales_order", "881", "processing", "84.03 + 15.97 = 100.00 EUR"),
            document("credit_note", "902", "done", "-16.81 + -3.19 = -20.00 EUR"),
        ],
        refunds: vec![RefundView {
            refund: 31,
            amount: d("20.00"),
            booked: true,
            document: Some("902".to_owned()),
        }],
        parcels: vec![ParcelView { parcel: "ship-17".to_owned(), shown: true }],
        returns: vec![ReturnView {
            id: "ret-4".to_owned(),
            amount: d("20.00"),
            refund: Some(31),
            refused: false,
        }],
        timeline: [vec![done, person], order().timeline].concat(),
        older: 3,
        ..order()
    }
}

pub(crate) fn preview() -> Preview {
    Preview {
        number: "2026-4711".to_owned(),
        status: "processing".to_owned(),
        totals: "84.03 + 15.97 = 100.00 EUR".to_owned(),
        lines: vec!["2 × MUG-XL".to_owned(), "1 × CUP-S".to_owned()],
        would: "A sales order would be made, released for shipping.".to_owned(),
        problem: None,
        booking: Some(Booking { entity: "acme".parse().unwrap(), erp: "books".parse().unwrap() }),
        requests: vec![PlannedRequest {
            method: "POST".to_owned(),
            path: "/books/sale/sale".to_owned(),
            body: json!({ "method": "model.sale.sale.create", "params": [[{ "web_id": "4711", "party": "(masked)", "lines": [{ "product": 1042, "quantity": "2", "unit_price": "33.61" }] }]] }),
        }],
    }
}

pub(crate) fn preview_problem() -> Preview {
    let problem = Problem {
        code: "unmapped_item".to_owned(),
        subject: "sku:MUG-XL".to_owned(),
        detail: "The item sku:MUG-XL has no mapping.".to_owned(),
    };
    Preview { problem: Some(problem), requests: vec![], ..preview() }
}

pub(crate) fn item(sku: &str) -> Item {
    let location = |name: &str, on_hand: &str, reserved: &str, available: &str| LocationView {
        location: name.parse().unwrap(),
        on_hand: d(on_hand),
        reserved: d(reserved),
        available: d(available),
        incoming: d("24"),
    };
    let line = LineView {
        store: store("outlet"),
        order: 991,
        line: 3,
        by_shop: d("1"),
        told: Some("assumed"),
        by_erp: d("1"),
        contained: d("0"),
        unseen: d("1"),
        read_at: Some(at("2026-11-28T09:40:00Z")),
    };
    let reached = ReachedView {
        sentence: "ERP 5 − safety 1 − unseen 1 = 3".to_owned(),
        target: d("3"),
        position: 41,
        at: at("2026-11-28T09:40:30Z"),
    };
    let shop = ShopView {
        store: store("main"),
        shown: Some(d("3")),
        reached: Some(reached),
        write: None,
        standing: StandingView::Published,
        stale_since: None,
    };
    let twice = ShopView {
        store: store("outlet"),
        shown: Some(d("4")),
        reached: None,
        standing: stale_item().standing,
        stale_since: Some(at("2026-11-28T08:02:00Z")),
        ..shop.clone()
    };
    Item {
        entity: "acme".parse().unwrap(),
        sku: Sku(sku.to_owned()),
        position: Some(PositionView {
            as_of: at("2026-11-28T09:40:21Z"),
            version: 41,
            known: true,
            locations: vec![location("hamburg", "6", "2", "4"), location("shop-floor", "1", "0", "1")],
        }),
        lines: vec![line],
        lines_in_all: 1,
        shops: vec![shop, twice],
    }
}

pub(crate) fn asked(name: &str) -> Asked {
    Asked { kind: MappingKind::Item, name: name.to_owned(), found: None }
}

pub(crate) fn mappings() -> Vec<MappingRow> {
    let row = |kind, name: &str, codes: &[&str], seeded: Option<&str>| MappingRow {
        key: MappingKey::new(kind, name),
        codes: codes.iter().map(|&code| code.to_owned()).collect(),
        seeded: seeded.map(|code| vec![code.to_owned()]),
    };
    vec![
        row(MappingKind::Item, "sku:MUG-L", &["1041"], None),
        row(MappingKind::Item, "sku:CUP-S", &["1050"], Some("1005")),
        row(MappingKind::Tax, "rates:5+6", &["VAT19", "ECO"], None),
        row(MappingKind::Payment, "bacs", &[], None),
    ]
}

pub(crate) fn found() -> Found {
    Found {
        orders: vec![("main".to_owned(), 4_711), ("outlet".to_owned(), 4_711)],
        items: vec![("acme".to_owned(), "4711".to_owned())],
    }
}

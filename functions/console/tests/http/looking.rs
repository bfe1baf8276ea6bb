//! What the API shows.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use console::auth::Auth;
use jiff::SignedDuration;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use weir_domain::circuit::{Circuit, Peer};
use weir_domain::hint::Cause;
use weir_domain::id::{ItemKey, Sku, StoreId};
use weir_domain::ports::{CircuitSlot, InFlightNews, Ledger, Reports, StockStore};
use weir_domain::reconcile::{Example, Outcome, Report};
use weir_domain::stock::in_flight::Told;
use weir_domain::stock::publication::Reached;
use weir_domain::stock::target::explain;
use weir_domain::stock::{LocationStock, Position, Publication, Reduction, Terms};
use weir_testkit::LedgerOp;

use crate::sign_in::signed_in;
use crate::world::{Console, World};

async fn look(console: &Console, path: &str) -> Value {
    let answer = console.get(&format!("/console/api{path}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    answer.json()
}

fn main() -> StoreId {
    "main".parse().unwrap()
}

fn item() -> ItemKey {
    ItemKey { entity: "acme".parse().unwrap(), sku: Sku("MUG/L".into()) }
}

fn report(world: &World) -> Report {
    let mut report = Report {
        store: main(),
        night: "2026-11-28".into(),
        begun_at: world.now(),
        ended_at: None,
        orders: 12,
        documents: 11,
        items: 3,
        views: BTreeMap::from([("in ERP".to_owned(), 11)]),
        differences: BTreeMap::new(),
        examples: Vec::new(),
    };
    report.add(Example {
        kind: "missing_in_erp".into(),
        subject: "main/9".into(),
        outcome: Outcome::Repaired,
        detail: "It was sent on.".into(),
    });
    report
}

#[tokio::test]
async fn today_at_a_glance() {
    let world = World::new();
    let first = world.now();
    world.excepted(1).await;
    world.excepted(2).await;
    let (console, _issuer) = signed_in(&world).await;
    world.ledger.put_report(&report(&world)).await.unwrap();
    let peer = Peer::Erp("books".parse().unwrap());
    let open = Circuit::default().after_blocked("http 401", world.now(), None);
    assert!(world.ledger.set_circuit(&peer, &CircuitSlot { circuit: open, version: 0 }).await.unwrap());
    let overview = look(&console, "/overview").await;
    let store = &overview["stores"][0];
    assert_eq!(store["exceptions"], json!({ "number": 2, "or_more": false }));
    assert_eq!(store["waiting"]["number"], 0);
    assert_eq!((&store["oldest_open"], &store["overdue_since"]), (&json!(first.to_string()), &Value::Null));
    assert_eq!((&store["night_fault"], &overview["crowded"]), (&Value::Null, &json!([])));
    assert_eq!(store["views"], json!({ "in ERP": 11 }));
    assert_eq!(
        (&store["last_night"]["night"], &store["last_night"]["total"]["repaired"]),
        (&json!("2026-11-28"), &json!(1))
    );
    let circuits = overview["circuits"].as_array().unwrap();
    assert_eq!((&circuits[0]["peer"], &circuits[0]["why"]), (&json!("erp/books"), &json!("http 401")));
    assert_eq!((&circuits[1]["peer"], &circuits[1]["open_since"]), (&json!("store/main"), &Value::Null));
    assert_eq!(overview["queues"].as_array().unwrap().len(), 4);
}

/// Workers or ticks that stand still make no exception: only time shows it.
#[tokio::test]
async fn what_stands_still_is_told() {
    let world = World::new();
    // Not over HTTP: no session lasts for days.
    let app = world.app(Auth::NotConfigured(String::new()));
    let at = async |path: &str| {
        let overview = console::data::overview::overview(&app).await.unwrap();
        serde_json::to_value(overview).unwrap().pointer(path).cloned().unwrap()
    };
    let due_at = world.now() + SignedDuration::from_secs(60);
    let key = weir_testkit::sample::key("main", 1);
    let hint = weir_testkit::sample::hint(&key, Cause::Webhook, world.now());
    let lease = SignedDuration::from_secs(60);
    world.ledger.claim(&hint, "gone", world.now(), lease).await.unwrap();
    for (minutes, expected) in [(0, Value::Null), (5, Value::Null), (2, json!(due_at.to_string()))] {
        world.clock.advance(SignedDuration::from_mins(minutes));
        assert_eq!(at("/stores/0/overdue_since").await, expected, "{minutes}");
    }
    assert_eq!(at("/stores/0/oldest_open").await, json!(due_at.to_string()));
    assert_eq!(at("/stores/0/night_fault").await, Value::Null, "it is new");
    world.clock.advance(SignedDuration::from_hours(27));
    assert_eq!(at("/stores/0/night_fault").await, json!({ "fault": "none_began" }));

    let begun = report(&world);
    world.ledger.put_report(&begun).await.unwrap();
    world.clock.advance(SignedDuration::from_hours(6));
    assert_eq!(at("/stores/0/night_fault").await, Value::Null, "it may be under way");
    world.clock.advance(SignedDuration::from_mins(1));
    let fault = json!({ "fault": "not_ended", "begun_at": begun.begun_at.to_string() });
    assert_eq!(at("/stores/0/night_fault").await, fault);
    let ended = Report { ended_at: Some(world.now()), ..begun.clone() };
    world.ledger.put_report(&ended).await.unwrap();
    assert_eq!(at("/stores/0/night_fault").await, Value::Null);
    world.clock.advance(SignedDuration::from_hours(20));
    let fault = json!({ "fault": "none_began_since", "begun_at": begun.begun_at.to_string() });
    assert_eq!(at("/stores/0/night_fault").await, fault);

    world.queues.fill("stock", &vec!["x"; 5_000], 0);
    assert_eq!(at("/crowded").await, json!([]));
    world.queues.fill("stock", &["x"], 0);
    assert_eq!(at("/crowded").await, json!(["stock"]));
}

#[tokio::test]
async fn what_does_not_answer_hides_nothing_else() {
    let world = World::new();
    let (console, _issuer) = signed_in(&world).await;
    world.queues.faults.outage(Some(weir_domain::ports::QueueError("throttled".into())));
    let overview = look(&console, "/overview").await;
    assert_eq!(overview["queues"], Value::Null);
    assert_eq!(overview["stores"][0]["store"], "main");
    let answer = console.get("/console/api/queues").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!answer.body.contains("throttled"), "{}", answer.body);
    let failed = look(&console, "/failed?store=main").await;
    assert_eq!((&failed["queues"], &failed["orders"]["store"]), (&Value::Null, &json!("main")));
    for page in ["/console/", "/console/failed", "/console/queues", "/console/queues?queue=orders"] {
        assert_eq!(console.get(page).await.status, StatusCode::OK, "{page}");
    }
}

/// Each is asked for its letters, none again for its depth.
#[tokio::test]
async fn letters_of_several_queues_are_one_question_about_depths() {
    let world = World::new();
    let (console, _issuer) = signed_in(&world).await;
    for queue in ["orders", "stock", "ticks"] {
        world.queues.put_dead(queue, r#"{"store":"main"}"#, world.now());
    }
    assert_eq!(console.get("/console/failed").await.status, StatusCode::OK);
    assert_eq!(world.queues.faults.calls(weir_testkit::QueuesOp::Depths), 1);
    assert_eq!(world.queues.faults.calls(weir_testkit::QueuesOp::Letters), 3);
    let says = async |queue: &str| {
        let page = look(&console, &format!("/queues/{queue}/letters")).await;
        assert_eq!(page["some_hidden"], false);
        page["letters"][0]["says"].as_str().unwrap().to_owned()
    };
    assert!(says("orders").await.starts_with("This is no message of Weir's"));
    assert!(says("ticks").await.starts_with("A run of the schedule failed"));
}

#[tokio::test]
async fn a_question_that_makes_no_sense_is_answered_as_described() {
    let world = World::new();
    let (console, _issuer) = signed_in(&world).await;
    for wrong in [
        "/stuck",
        "/exceptions/group?store=main",
        "/items?entity=acme",
        "/mappings/item?store=main",
        "/jobs?store=main&store=main",
    ] {
        let answer = console.get(&format!("/console/api{wrong}")).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (StatusCode::BAD_REQUEST, &json!("bad_request")),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn orders_before_the_erp_and_behind_it_are_two_questions() {
    let world = World::new();
    world.excepted(1).await;
    let (console, _issuer) = signed_in(&world).await;
    let stuck = look(&console, "/stuck?store=main").await;
    let words: Vec<&str> =
        stuck["sections"].as_array().unwrap().iter().map(|it| it["state"].as_str().unwrap()).collect();
    assert_eq!(words, ["waiting", "exception", "held"]);
    let order = &stuck["sections"][1]["orders"][0];
    assert_eq!(
        (&order["order"], &order["view"], &order["number"]),
        (&json!(1), &json!("exception"), &json!("1"))
    );
    assert_eq!(order["exception"]["code"], "unmapped_payment");
    let failed = look(&console, "/failed?store=main").await;
    assert_eq!(failed["orders"]["sections"][1]["orders"], json!([]));
    assert_eq!(failed["orders"]["sections"][1]["looked_at"], 1);
    for wrong in [
        "/stuck?store=main&state=open",
        "/stuck?store=main&state=held&after=x",
        "/stuck",
        "/stale?store=main&after=1.0~x",
    ] {
        assert_eq!(
            console.get(&format!("/console/api{wrong}")).await.status,
            StatusCode::BAD_REQUEST,
            "{wrong}"
        );
    }
    assert_eq!(console.get("/console/api/stuck?store=other").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_long_list_is_read_page_by_page_and_each_page_is_bounded() {
    let world = World::new();
    for id in 1..=130 {
        world.excepted(id).await;
    }
    let (console, _issuer) = signed_in(&world).await;
    let ids = |page: &Value| -> Vec<u64> {
        let orders = page["sections"][0]["orders"].as_array().unwrap();
        orders.iter().map(|order| order["order"].as_u64().unwrap()).collect()
    };
    let opened = world.ledger.faults.calls(LedgerOp::Open);
    let first = look(&console, "/stuck?store=main&state=exception").await;
    assert_eq!(world.ledger.faults.calls(LedgerOp::Open), opened + 1, "one query");
    let next = first["sections"][0]["next"].as_str().unwrap();
    let after: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
    let second = look(&console, &format!("/stuck?store=main&state=exception&after={after}")).await;
    assert_eq!(second["sections"][0]["next"], Value::Null);
    assert_eq!((ids(&first).len(), ids(&second).len()), (100, 30));
    let all: Vec<u64> = ids(&first).into_iter().chain(ids(&second)).collect();
    assert_eq!(all, (1..=130).collect::<Vec<_>>(), "each once, oldest first");
    let desk = look(&console, "/exceptions?store=main").await;
    assert_eq!((desk["groups"].as_array().unwrap().len(), &desk["groups"][0]["orders"]), (1, &json!(130)));
    assert_eq!(desk["groups"][0]["examples"], json!([1, 2, 3, 4, 5]));
    let group = look(&console, "/exceptions/group?store=main&code=unmapped_payment&subject=klarna").await;
    assert_eq!(group["orders"], 130);
    let none = console.get("/console/api/exceptions/group?store=main&code=x&subject=y").await;
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    assert_eq!(group["or_more"], false);
}

/// One SKU that stops thousands hides no other cause, and keeps none from being
/// released.
#[tokio::test]
async fn a_group_beyond_the_first_five_thousand_exceptions_can_be_released() {
    let world = World::new();
    for id in 1..=5_000 {
        world.stands(id, "item_unknown", "MUG").await;
    }
    world.clock.advance(SignedDuration::from_secs(1));
    world.stands(6_000, "unmapped_payment", "klarna").await;
    let (console, _issuer) = signed_in(&world).await;
    let desk = look(&console, "/exceptions?store=main").await;
    assert_eq!(desk["orders"], json!({ "number": 5_000, "or_more": true }));
    assert_eq!((desk["groups"].as_array().unwrap().len(), &desk["groups"][0]["or_more"]), (1, &json!(true)));
    let address = "/exceptions/group?store=main&code=unmapped_payment&subject=klarna";
    let group = look(&console, address).await;
    assert_eq!((&group["orders"], &group["or_more"]), (&json!(0), &json!(true)));
    assert_eq!(group["detail"], "It is not among the first 5000 exceptions.");
    let page = console.get(&format!("/console{address}")).await;
    assert!(
        page.status == StatusCode::OK && page.body.contains("/console/exceptions/group/release"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn an_order_is_shown_with_how_it_came_there() {
    let world = World::new();
    let key = world.excepted(1).await;
    let (console, _issuer) = signed_in(&world).await;
    let hold = console.post("/console/api/orders/main/1/hold", &json!({ "why": "ask the customer" })).await;
    assert_eq!(hold.status, StatusCode::OK);
    let order = look(&console, "/orders/main/1").await;
    assert_eq!(
        (&order["view"], &order["document"], &order["why"]),
        (&json!("held"), &json!("none"), &json!("A person holds it: ask the customer"))
    );
    assert!(
        order["shop_url"].as_str().unwrap().ends_with("/wp-admin/post.php?post=1&action=edit"),
        "{order}"
    );
    let timeline = order["timeline"].as_array().unwrap();
    assert_eq!(timeline.len(), world.ledger.audit(&key).await.unwrap().len());
    let newest = &timeline[0];
    assert_eq!(
        (&newest["what"], &newest["who"], &newest["why"]),
        (&json!("hold"), &json!("ada@example.com"), &json!("ask the customer"))
    );
    assert_eq!(newest["changes"], json!(["state: exception → held"]));
    let oldest = timeline.last().unwrap();
    assert!(oldest["changes"][0].as_str().unwrap().starts_with("state: "), "{oldest}");
    assert!(timeline.iter().any(|entry| entry["version"].is_string()));
    for canary in weir_testkit::sample::CANARIES {
        assert!(!order.to_string().contains(canary));
    }
    assert_eq!(console.get("/console/api/orders/main/2").await.status, StatusCode::NOT_FOUND);
    assert_eq!(console.get("/console/api/orders/main/x").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn of_a_long_audit_the_newest_entries_are_read_and_the_others_counted() {
    let world = World::new();
    let key = world.excepted(1).await;
    let before = world.ledger.audit(&key).await.unwrap().len();
    for _ in before..230 {
        world.deliver(&key).await;
    }
    let audit = world.ledger.audit(&key).await.unwrap();
    let (console, _issuer) = signed_in(&world).await;
    let order = look(&console, "/orders/main/1").await;
    let timeline = order["timeline"].as_array().unwrap();
    assert_eq!((timeline.len(), &timeline[0]["seq"]), (200, &json!(audit.len())));
    assert_eq!(order["older"], json!(audit.len() - 200));
    let oldest = timeline.last().unwrap();
    assert_eq!(oldest["seq"], json!(audit.len() - 199));
    assert!(
        !oldest["changes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|it| it.as_str().unwrap().starts_with("state: new")),
        "{oldest}"
    );
}

/// Five at the ERP, one of which is sold and not yet contained, one kept back.
async fn stocked(world: &World) {
    let stock = LocationStock {
        on_hand: Decimal::from(6),
        reserved: Decimal::ONE,
        available: Decimal::from(5),
        incoming: Decimal::TEN,
    };
    let line = weir_domain::id::LineKey { order: weir_testkit::sample::key("main", 7), line: 3 };
    let position = Position {
        item: item(),
        version: 1,
        as_of: world.now(),
        included: BTreeMap::new(),
        locations: BTreeMap::from([("berlin".parse().unwrap(), stock)]),
        known: true,
    };
    assert!(world.stock.put_position(&position).await.unwrap());
    let reduced = Reduction {
        quantity: Decimal::ONE,
        told: Told::Said,
        modified_at: world.now(),
        read_at: world.now(),
        placed_at: world.now(),
    };
    let news = InFlightNews { item: item(), line, reduced, confirming: None };
    world.stock.put_in_flight(&[news]).await.unwrap();
    let terms = Terms { share: Decimal::ONE, safety: Decimal::ONE, cap: None, backorders: false };
    let why = explain(Decimal::from(5), Decimal::ONE, terms, Decimal::from(4));
    let publication = Publication {
        version: 1,
        shown: Some(Decimal::from(3)),
        reached: Some(Reached { why, position: 1, at: world.now() }),
        stale_since: Some(world.now()),
        ..Publication::default()
    };
    assert!(world.stock.put_publication(&item(), &main(), &publication).await.unwrap());
}

#[tokio::test]
async fn an_item_is_explained() {
    let world = World::new();
    stocked(&world).await;
    let (console, _issuer) = signed_in(&world).await;
    let found = look(&console, "/items?entity=acme&sku=MUG%2FL").await;
    let shop = &found["shops"][0];
    assert_eq!(shop["reached"]["sentence"], "ERP 5 − safety 1 − unseen 1 = 3");
    assert_eq!((&shop["shown"], &shop["standing"]["standing"]), (&json!("3"), &json!("published")));
    let location = &found["position"]["locations"][0];
    assert_eq!(
        (&location["location"], &location["available"], &location["incoming"]),
        (&json!("berlin"), &json!("5"), &json!("10"))
    );
    let line = &found["lines"][0];
    assert_eq!(
        (&line["order"], &line["by_shop"], &line["unseen"], &line["told"]),
        (&json!(7), &json!("1"), &json!("1"), &json!("said"))
    );
    for nothing in ["/items?entity=acme&sku=CAP", "/items?entity=Acme&sku=MUG", "/items?entity=acme&sku=MUG"]
    {
        assert_eq!(console.get(&format!("/console/api{nothing}")).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn the_sentence_says_every_step_that_made_a_difference() {
    use console::data::item::sentence;
    let terms = |share: &str, safety: i64, cap: Option<i64>, backorders| Terms {
        share: share.parse().unwrap(),
        safety: safety.into(),
        cap: cap.map(Decimal::from),
        backorders,
    };
    let said = |available: i64, unseen: i64, terms, present: i64| {
        sentence(&explain(available.into(), unseen.into(), terms, present.into()))
    };
    assert_eq!(said(11, 3, terms("0.5", 1, None, false), 5), "0.5 of (ERP 11 − unseen 3) − safety 1 = 3");
    assert_eq!(
        said(50, 3, terms("1", 0, Some(10), false), 7),
        "ERP 50 − safety 0 − unseen 3, at most 10 = 10"
    );
    assert_eq!(said(5, 0, terms("1", 0, Some(10), false), 7), "ERP 5 − safety 0 − unseen 0 = 5");
    assert_eq!(
        said(1, 3, terms("1", 0, None, false), 0),
        "ERP 1 − safety 0 − unseen 3, nothing for sale = 0"
    );
    assert_eq!(
        said(-3, 0, terms("1", 0, None, true), 0),
        "ERP -3 − safety 0 − unseen 0, with backorders = -3"
    );
}

#[tokio::test]
async fn stale_items_are_listed_longest_first() {
    let world = World::new();
    stocked(&world).await;
    let (console, _issuer) = signed_in(&world).await;
    world.clock.advance(SignedDuration::from_mins(5));
    let stale = look(&console, "/stale?store=main").await;
    let found = &stale["items"][0];
    assert_eq!(
        (&found["sku"], &found["shown"], &found["reached"]),
        (&json!("MUG/L"), &json!("3"), &json!("3"))
    );
    assert_eq!(stale["next"], Value::Null);
    let overview = look(&console, "/overview").await;
    assert_eq!(overview["stores"][0]["stale"]["number"], 1);
    assert_eq!(overview["stores"][0]["oldest_stale"], found["since"]);
}

#[tokio::test]
async fn nights_jobs_and_actions_are_shown() {
    let world = World::new();
    let (console, _issuer) = signed_in(&world).await;
    world.ledger.put_report(&report(&world)).await.unwrap();
    let nights = look(&console, "/reports?store=main").await;
    assert_eq!((&nights[0]["night"], &nights[0]["total"]["detected"]), (&json!("2026-11-28"), &json!(1)));
    assert_eq!(nights[0]["examples"][0]["subject"], "main/9");
    assert_eq!(look(&console, "/jobs?store=main").await, json!([]));
    assert_eq!(look(&console, "/actions").await, json!([]));
    let mapping =
        json!({ "store": "main", "kind": "tax", "name": "none:JP", "codes": [], "why": "no tax there" });
    assert_eq!(console.post("/console/api/mappings", &mapping).await.status, StatusCode::OK);
    let actions = look(&console, "/actions").await;
    assert_eq!(
        (&actions[0]["what"], &actions[0]["outcome"]),
        (&json!("map"), &json!("tax \"none:JP\" is mapped to nothing."))
    );
}

#[tokio::test]
async fn a_ledger_that_is_down_is_said_in_our_words() {
    let world = World::new();
    let (console, _issuer) = signed_in(&world).await;
    world.ledger.faults.outage(Some(weir_domain::ports::LedgerError::Unavailable("canary".into())));
    for path in ["/overview", "/stuck?store=main", "/orders/main/1", "/exceptions?store=main", "/actions"] {
        let answer = console.get(&format!("/console/api{path}")).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(!answer.body.contains("canary"), "{}", answer.body);
    }
}

//! Today, queues, nights, jobs, the doctor, what people did.

use std::collections::BTreeMap;

use console::data::Count;
use console::data::history::Night;
use console::data::overview::{CircuitView, NightView, Overview, StoreView};
use console::data::queues::{LetterView, QueuePage};
use weir_domain::doctor::{ErpReport, Finding, Report as Checkup, Verdict};
use weir_domain::job::{BackfillBy, Job, JobKind, JobState};
use weir_domain::ports::{ActionEntry, QueueDepth};
use weir_domain::reconcile::{Example, Outcome, Report, Tally};

use super::{at, now, store};

fn count(number: usize) -> Count {
    Count::up_to(number, 1_000)
}

fn night_view(detected: u64) -> NightView {
    NightView {
        night: "2026-11-28".to_owned(),
        ended_at: Some(at("2026-11-28T02:31:40Z")),
        orders: 18_204,
        total: Tally {
            detected,
            repaired: detected.saturating_sub(3),
            parked: 1.min(detected),
            known: 1.min(detected),
            accepted: 1.min(detected),
        },
    }
}

fn quiet_store(name: &str) -> StoreView {
    StoreView {
        store: store(name),
        disabled: None,
        waiting: count(9),
        exceptions: count(0),
        held: count(0),
        overdue_since: None,
        oldest_open: None,
        stale: count(2),
        oldest_stale: Some(at("2026-11-28T09:40:12Z")),
        views: BTreeMap::from([
            ("in ERP".to_owned(), 214),
            ("shipped".to_owned(), 17_688),
            ("cancelled".to_owned(), 302),
        ]),
        last_night: Some(night_view(0)),
        night_fault: None,
        jobs: vec![],
    }
}

pub(crate) fn calm_overview() -> Overview {
    Overview {
        at: now(),
        stores: vec![quiet_store("main"), quiet_store("outlet")],
        queues: Some(depths(0)),
        crowded: vec![],
        circuits: ["erp/books", "store/main", "store/outlet"].map(|peer| circuit(peer, false)).into(),
    }
}

pub(crate) fn overview() -> Overview {
    let main = StoreView {
        exceptions: count(412),
        held: count(3),
        waiting: Count { number: 1_000, or_more: true },
        oldest_open: Some(at("2026-11-27T22:04:00Z")),
        stale: count(18),
        oldest_stale: Some(at("2026-11-28T08:02:00Z")),
        last_night: Some(night_view(14)),
        jobs: jobs().into_iter().take(1).collect(),
        ..quiet_store("main")
    };
    let outlet = StoreView {
        disabled: Some("locations.0: there is no such location".to_owned()),
        ..quiet_store("outlet")
    };
    Overview {
        at: now(),
        stores: vec![main, outlet],
        queues: Some(depths(2)),
        crowded: vec![],
        circuits: vec![
            circuit("erp/books", true),
            circuit("store/main", false),
            circuit("store/outlet", false),
        ],
    }
}

fn circuit(peer: &str, open: bool) -> CircuitView {
    let open = open.then_some(());
    CircuitView {
        peer: peer.to_owned(),
        open_since: open.map(|()| at("2026-11-28T09:29:00Z")),
        why: open.map(|()| "http 401".to_owned()),
        probe_at: open.map(|()| at("2026-11-28T09:41:40Z")),
    }
}

fn depths(dead: u64) -> Vec<QueueDepth> {
    let depth = |queue: &str, waiting, in_flight, dead| QueueDepth {
        queue: queue.to_owned(),
        waiting,
        in_flight,
        dead,
    };
    vec![
        depth("orders", 41, 5, dead),
        depth("stock", 1_204, 10, 0),
        depth("fulfilment", 0, 0, 0),
        depth("ticks", 0, 1, 0),
    ]
}

pub(crate) fn queues() -> Vec<QueueDepth> {
    depths(2)
}

pub(crate) fn letters(queue: &str) -> QueuePage {
    let letter = |id: &str, order: u64| LetterView {
        id: id.to_owned(),
        says: format!("Look at order main/{order}."),
        order: Some(("main".to_owned(), order)),
        items: None,
        sent_at: at("2026-11-28T07:12:31Z"),
        body: format!(r#"{{"v":1,"store":"main","order":{order}}}"#),
    };
    let depth = QueueDepth { queue: queue.to_owned(), waiting: 41, in_flight: 5, dead: 3 };
    QueuePage { depth, letters: vec![letter("3f0c", 4_801), letter("77ab", 4_811)], some_hidden: true }
}

pub(crate) fn nights() -> Vec<Night> {
    let report = |night: &str, ended: Option<&str>| Report {
        store: store("main"),
        night: night.to_owned(),
        begun_at: at("2026-11-28T02:00:00Z"),
        ended_at: ended.map(at),
        orders: 18_204,
        documents: 19_011,
        items: 4_120,
        views: BTreeMap::new(),
        differences: BTreeMap::new(),
        examples: vec![],
    };
    let mut found = report("2026-11-28", Some("2026-11-28T02:31:40Z"));
    let examples = [
        (
            "missing_in_erp",
            "main/4709",
            Outcome::Repaired,
            "The shop has it since 2026-11-27; it was sent to be booked.",
        ),
        ("total_differs", "main/4650", Outcome::Parked, "Shop 100.00 EUR, ERP 99.99 EUR."),
        ("stock_drift", "acme/MUG-L", Outcome::Repaired, "The shop showed 4 and should show 3."),
        ("webhook_disabled", "main/order.updated", Outcome::Repaired, "It was deleted and made anew."),
        ("total_differs", "main/4233", Outcome::Accepted, "Shop 10.00 EUR, ERP 9.00 EUR."),
    ];
    for (kind, subject, outcome, detail) in examples {
        found.add(Example {
            kind: kind.to_owned(),
            subject: subject.to_owned(),
            outcome,
            detail: detail.to_owned(),
        });
    }
    let reports = [found, report("2026-11-27", Some("2026-11-27T02:29:10Z"))];
    reports.map(|report| Night { total: report.total(), report }).into()
}

pub(crate) fn jobs() -> Vec<Job> {
    let job = |id: &str, what, state| Job {
        id: id.to_owned(),
        store: store("main"),
        what,
        per_minute: 60,
        state,
        looked_at: 1_320,
        sent: 1_288,
        cursor: None,
        begun_at: at("2026-11-28T09:19:00Z"),
        begun_by: "ada@example.com".to_owned(),
        why: "the shop moved house in October".to_owned(),
        ended_at: None,
        version: 23,
    };
    let release = JobKind::Release { code: "unmapped_item".to_owned(), subject: "sku:MUG-S".to_owned() };
    let backfill = JobKind::Backfill {
        from: at("2026-10-01T00:00:00Z"),
        until: at("2026-11-01T00:00:00Z"),
        by: BackfillBy::Placed,
    };
    vec![
        job("20261128T091900-a", backfill.clone(), JobState::Running),
        job("20261127T101900-b", release, JobState::Stopped),
        job("20261126T101900-c", backfill, JobState::Done),
    ]
}

pub(crate) fn report() -> Checkup {
    let finding = |check, verdict, what: &str, todo: &str| Finding {
        check,
        verdict,
        what: what.to_owned(),
        todo: todo.to_owned(),
    };
    Checkup {
        store: store("main"),
        shop: vec![
            finding("rest_key", Verdict::Good, "The key reads and writes.", ""),
            finding(
                "permalinks",
                Verdict::Bad,
                "The REST API does not answer at /wp-json.",
                "Set permalinks to anything but plain, under Settings → Permalinks.",
            ),
            finding(
                "clock",
                Verdict::Warning,
                "The shop's clock is 41 s behind.",
                "Let the server set its clock by NTP.",
            ),
        ],
        erps: vec![ErpReport {
            erp: "books".parse().unwrap(),
            findings: vec![finding("rights", Verdict::Good, "Every right is there.", "")],
        }],
        between: vec![finding(
            "tax",
            Verdict::Warning,
            "2 of 9 tax rates have no mapping: 7, 8.",
            "Add them under Mappings before they are sold.",
        )],
    }
}

pub(crate) fn actions(subject: &str) -> Vec<ActionEntry> {
    let entry = |what: &str, subject: &str, why: &str, outcome: &str| ActionEntry {
        at: at("2026-11-28T09:30:00Z"),
        who: "ada@example.com".to_owned(),
        what: what.to_owned(),
        why: why.to_owned(),
        subject: subject.to_owned(),
        outcome: outcome.to_owned(),
        correlation: "6c1e-22".to_owned(),
    };
    vec![
        entry("retry", subject, "the item is in the ERP now", "It goes on now."),
        entry("map", "main: item \"sku:MUG-S\"", "new article", "item \"sku:MUG-S\" is mapped to 1042."),
        entry("redrive", "orders", "the ledger is back", "2 dead letters were sent to their queue again."),
    ]
}

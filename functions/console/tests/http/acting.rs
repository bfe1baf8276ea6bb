//! What people do, by pages and by the API, and that all of it is written down.

use axum::http::StatusCode;
use serde_json::{Value, json};
use weir_domain::job::{Job, JobState};
use weir_domain::ports::{Jobs, Ledger, LedgerError, MappingStore, Queues};
use weir_testkit::{Fault, LedgerOp};

use crate::access::form;
use crate::sign_in::signed_in;
use crate::world::{Console, World};

const WHY: &str = "the customer called";

/// What was noted last: what, subject, why, how it ended. By whom is checked.
fn last(world: &World) -> (String, String, String, String) {
    let entry = world.ledger.noted_actions().pop().expect("an action");
    assert_eq!(entry.who, "ada@example.com");
    assert!(!entry.correlation.is_empty());
    (entry.what, entry.subject, entry.why, entry.outcome)
}

async fn done(console: &Console, path: &str, body: Value) -> Value {
    let answer = console.post(&format!("/console/api{path}"), &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    answer.json()
}

#[tokio::test]
async fn everything_that_is_done_about_an_order_is_written_down_twice() {
    let world = World::new();
    let (console, _issuer) = signed_in(&world).await;
    for (id, word) in [(1, "hold"), (2, "retry"), (3, "skip"), (4, "accept"), (5, "replay"), (6, "write_off")]
    {
        let key = world.excepted(id).await;
        let path = format!("/orders/main/{id}/{word}");
        let answer = console.post(&format!("/console/api{path}"), &json!({ "why": WHY })).await;
        let (what, subject, why, outcome) = last(&world);
        assert_eq!((what.as_str(), subject, why.as_str()), (word, format!("main/{id}"), WHY));
        if word == "write_off" {
            // The store's stock is not Weir's: refused, and written down too.
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
            assert!(outcome.starts_with("Not done: "), "{outcome}");
            continue;
        }
        assert_eq!(answer.status, StatusCode::OK, "{word}: {}", answer.body);
        assert_eq!(answer.json()["message"], outcome);
        let audit = world.ledger.audit(&key).await.unwrap();
        let entry = audit.iter().find(|entry| entry.what == word).expect("an entry of the order's own audit");
        assert_eq!((entry.who.as_str(), entry.why.as_str()), ("ada@example.com", WHY));
        assert_eq!(world.hints.take().len(), usize::from(matches!(word, "retry" | "replay")), "{word}");
    }
    assert_eq!(world.ledger.noted_actions().len(), 6);
}

#[tokio::test]
async fn a_page_acts_as_the_api_does() {
    let world = World::new();
    world.excepted(1).await;
    let (console, _issuer) = signed_in(&world).await;
    let token = console.token().await;
    let answer = form(&console, "/console/orders/main/1/hold", &[("csrf", &token), ("why", WHY)]).await;
    assert_eq!(
        (answer.status, answer.location()),
        (StatusCode::SEE_OTHER, "/console/orders/main/1?done=hold")
    );
    assert_eq!(last(&world).0, "hold");
    let page = console.get("/console/orders/main/1").await;
    assert!(page.status == StatusCode::OK && page.body.contains(WHY), "{}", page.body);
}

#[tokio::test]
async fn nothing_is_done_without_a_reason() {
    let world = World::new();
    world.excepted(1).await;
    let (console, _issuer) = signed_in(&world).await;
    let token = console.token().await;
    for why in ["", "  ", "ok", "  ok  ", "a\nb and more", &"x".repeat(501)] {
        let answer = console.post("/console/api/orders/main/1/hold", &json!({ "why": why })).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{why:?}");
        let answer = form(&console, "/console/orders/main/1/hold", &[("csrf", &token), ("why", why)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{why:?}");
        assert!(answer.body.contains("Say why"), "{}", answer.body);
    }
    for body in [json!({}), json!({ "why": 7 }), json!({ "why": WHY, "colour": "red" }), json!([])] {
        let answer = console.post("/console/api/orders/main/1/hold", &body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
    }
    assert!(world.ledger.noted_actions().is_empty());
}

#[tokio::test]
async fn what_is_not_there_is_not_acted_on() {
    let world = World::new();
    world.excepted(1).await;
    let (console, _issuer) = signed_in(&world).await;
    for (path, status) in [
        ("/orders/other/1/hold", StatusCode::NOT_FOUND),
        ("/orders/main/x/hold", StatusCode::NOT_FOUND),
        ("/orders/main/1/explode", StatusCode::NOT_FOUND),
        ("/orders/main/7/hold", StatusCode::NOT_FOUND),
        ("/orders/main/1/adopt", StatusCode::UNPROCESSABLE_ENTITY),
        ("/orders/main/1/rebook", StatusCode::UNPROCESSABLE_ENTITY),
        ("/queues/nothing/redrive", StatusCode::NOT_FOUND),
    ] {
        let answer = console.post(&format!("/console/api{path}"), &json!({ "why": WHY })).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_missing_mapping_is_added_and_its_orders_are_released_at_a_pace() {
    let world = World::new();
    let key = world.excepted(1).await;
    world.excepted(2).await;
    let (console, _issuer) = signed_in(&world).await;
    let desk = console.get("/console/api/exceptions?store=main").await.json();
    let group = &desk["groups"][0];
    assert_eq!(
        (&group["code"], &group["subject"], &group["orders"]),
        (&json!("unmapped_payment"), &json!("klarna"), &json!(2))
    );
    assert_eq!(group["missing"], json!({ "kind": "payment", "name": "klarna" }));
    assert!(group["meaning"]["to_do"].as_str().unwrap().starts_with("add the mapping"), "{group}");
    assert!(group["detail"].as_str().unwrap().contains("klarna"), "{group}");

    let mapping =
        json!({ "store": "main", "kind": "payment", "name": "klarna", "codes": ["CARD"], "why": WHY });
    done(&console, "/mappings", mapping).await;
    let (_, subject, _, outcome) = last(&world);
    assert_eq!(
        (subject.as_str(), outcome.as_str()),
        ("main: payment \"klarna\"", "payment \"klarna\" is mapped to CARD.")
    );
    let (_, _, codes, note) = world.ledger.mapping_audit().pop().unwrap();
    assert_eq!(
        (codes, note.who.as_str(), note.why.as_str()),
        (vec!["CARD".to_owned()], "ada@example.com", WHY)
    );
    let stored = world.ledger.mappings(&key.store, &[World::klarna()]).await.unwrap();
    assert_eq!(stored[&World::klarna()], ["CARD"]);
    let found = console.get("/console/api/mappings/payment?store=main&name=klarna").await.json();
    assert_eq!(found["codes"], json!(["CARD"]));

    let release = json!({ "store": "main", "code": "unmapped_payment", "subject": "klarna", "per_minute": 30, "why": WHY });
    done(&console, "/exceptions/release", release.clone()).await;
    let job = world.ledger.jobs(&key.store, 10).await.unwrap().pop().unwrap();
    assert_eq!((job.per_minute, job.begun_by.as_str(), job.version), (30, "ada@example.com", 1));
    assert_eq!(last(&world).1, "main: unmapped_payment klarna");
    let twice = console.post("/console/api/exceptions/release", &release).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    assert!(last(&world).3.starts_with("Not done"));
}

#[tokio::test]
async fn wrong_mappings_are_refused_before_they_are_stored() {
    let world = World::new();
    let (console, _issuer) = signed_in(&world).await;
    for (kind, name, codes) in [
        ("item", "sku:A", json!([])),
        ("item", "sku:A", json!(["1", "2"])),
        ("item", " ", json!(["1"])),
        ("fee", "any", json!(["a\u{7}"])),
        ("payment", "klarna", json!(["1", "2"])),
    ] {
        let body = json!({ "store": "main", "kind": kind, "name": name, "codes": codes, "why": WHY });
        let answer = console.post("/console/api/mappings", &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
    let unknown = json!({ "store": "main", "kind": "warehouse", "name": "a", "codes": ["1"], "why": WHY });
    assert_eq!(console.post("/console/api/mappings", &unknown).await.status, StatusCode::BAD_REQUEST);
    assert!(world.ledger.mapping_audit().is_empty());
    let none = json!({ "store": "main", "kind": "tax", "name": "none:JP", "codes": [], "why": WHY });
    done(&console, "/mappings", none).await;
}

#[tokio::test]
async fn a_backfill_is_begun_stopped_and_resumed() {
    let world = World::new();
    let (console, _issuer) = signed_in(&world).await;
    let span = json!({ "store": "main", "from": "2026-11-01T00:00:00Z", "until": "2026-11-08T00:00:00Z", "why": WHY });
    done(&console, "/jobs", span.clone()).await;
    let jobs = console.get("/console/api/jobs?store=main").await.json();
    assert_eq!((&jobs[0]["what"]["kind"], &jobs[0]["per_minute"]), (&json!("backfill"), &json!(60)));
    let id = jobs[0]["id"].as_str().unwrap().to_owned();
    let of_store = json!({ "store": "main", "why": WHY });
    let resume = format!("/console/api/jobs/{id}/resume");
    assert_eq!(console.post(&resume, &of_store).await.status, StatusCode::CONFLICT, "it runs");
    done(&console, &format!("/jobs/{id}/stop"), of_store.clone()).await;
    let stopped = console.get("/console/api/jobs?store=main").await.json();
    assert_eq!((&stopped[0]["state"], &stopped[0]["version"]), (&json!("stopped"), &json!(2)));
    assert!(stopped[0]["ended_at"].is_string());
    done(&console, &format!("/jobs/{id}/resume"), of_store.clone()).await;
    let resumed = console.get("/console/api/jobs?store=main").await.json();
    assert_eq!((&resumed[0]["state"], resumed[0].get("ended_at")), (&json!("running"), None));
    let words: Vec<String> = world.ledger.noted_actions().into_iter().map(|entry| entry.what).collect();
    assert_eq!(words, ["backfill", "resume_job", "stop_job", "resume_job"]);

    let unknown = console.post("/console/api/jobs/other/stop", &of_store).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    for (field, value) in
        [("until", json!("2026-11-01T00:00:00Z")), ("per_minute", json!(0)), ("per_minute", json!(301))]
    {
        let mut wrong = span.clone();
        wrong[field] = value;
        let answer = console.post("/console/api/jobs", &wrong).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
}

#[tokio::test]
async fn dead_letters_are_shown_sent_again_and_deleted() {
    let world = World::new();
    let (console, _issuer) = signed_in(&world).await;
    let hint = json!({ "v": 1, "store": "main", "order": 4711, "received_at": "2026-11-28T09:00:00Z", "cause": "webhook", "correlation": "c" });
    for body in [hint.to_string(), "nonsense".into(), hint.to_string()] {
        world.queues.put_dead("orders", &body, world.now());
    }
    let letters = console.get("/console/api/queues/orders/letters").await.json();
    assert_eq!(
        (&letters["depth"]["dead"], &letters["letters"][0]["order"]),
        (&json!(3), &json!(["main", 4711]))
    );
    let strange =
        letters["letters"].as_array().unwrap().iter().find(|letter| letter["order"].is_null()).unwrap();
    let id = strange["id"].as_str().unwrap();
    let body = json!({ "letter": id, "why": "no message of ours" });
    world.queues.hide(&[id]);
    let looked_at = console.get("/console/api/queues/orders/letters").await.json();
    assert_eq!(
        (looked_at["letters"].as_array().unwrap().len(), &looked_at["some_hidden"]),
        (2, &json!(true))
    );
    let delete = "/console/api/queues/orders/letters/delete";
    let hidden = console.post(delete, &body).await;
    assert_eq!(hidden.status, StatusCode::CONFLICT, "{}", hidden.body);
    assert!(hidden.json()["message"].as_str().unwrap().contains("in some seconds"), "{}", hidden.body);
    world.queues.hide(&[]);
    done(&console, "/queues/orders/letters/delete", body.clone()).await;
    assert_eq!(last(&world).0, "delete_letter");
    assert_eq!(last(&world).1, format!("orders: {id}"));
    assert_eq!(console.post(delete, &body).await.status, StatusCode::CONFLICT, "it is gone");
    let sent = done(&console, "/queues/orders/redrive", json!({ "limit": 1, "why": WHY })).await;
    assert_eq!(sent["sent"], 1);
    assert_eq!(last(&world).3, "One dead letter was sent to its queue again.");
    let sent = done(&console, "/queues/orders/redrive", json!({ "why": WHY })).await;
    assert_eq!(sent["sent"], 1, "the rest");
    assert_eq!(world.queues.take("orders").len(), 2);
}

/// Of a letter nothing else tells afterwards.
#[tokio::test]
async fn what_leaves_no_other_trace_is_written_down_before_it_is_begun() {
    let world = World::new();
    let (console, _issuer) = signed_in(&world).await;
    world.queues.put_dead("orders", "nonsense", world.now());
    let down = || LedgerError::Unavailable("throttled".into());
    for (path, body) in [
        ("/queues/orders/redrive", json!({ "why": WHY })),
        ("/queues/orders/letters/delete", json!({ "letter": "letter-1", "why": WHY })),
    ] {
        world.ledger.faults.script(LedgerOp::NoteAction, [Fault::Before(down())]);
        let answer = console.post(&format!("/console/api{path}"), &body).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(
            answer.json()["message"].as_str().unwrap().starts_with("Nothing was done"),
            "{}",
            answer.body
        );
        assert_eq!(world.queues.depths().await.unwrap()[0].dead, 1, "{path}: the letter is there still");
        assert!(world.ledger.noted_actions().is_empty());
    }
    world.ledger.faults.script(LedgerOp::NoteAction, [Fault::None, Fault::Before(down())]);
    let body = json!({ "letter": "letter-1", "why": WHY });
    let answer = console.post("/console/api/queues/orders/letters/delete", &body).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.json()["message"].as_str().unwrap().starts_with("The dead letter is deleted."));
    let (what, subject, why, outcome) = last(&world);
    assert_eq!((what.as_str(), subject.as_str()), ("delete_letter", "orders: letter-1"));
    assert_eq!((why.as_str(), outcome.as_str()), (WHY, "Begun."));
}

#[tokio::test(start_paused = true)]
async fn what_a_shop_or_an_erp_does_not_answer_in_time_is_said_in_our_words() {
    let mut world = World::new();
    world.excepted(1).await;
    world.hangs();
    let (console, path) = world.on_a_laptop();
    console.get(path.strip_prefix("http://127.0.0.1:8085").unwrap()).await;
    let mapping =
        json!({ "store": "main", "kind": "payment", "name": "klarna", "codes": ["CARD"], "why": WHY });
    done(&console, "/mappings", mapping).await;
    let begun = tokio::time::Instant::now();
    let preview = console.post("/console/api/orders/main/1/preview", &json!({})).await;
    assert_eq!(preview.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(preview.json()["message"].as_str().unwrap().contains("Nothing was changed"), "{}", preview.body);
    assert!(begun.elapsed() < std::time::Duration::from_secs(29), "the platform waits no longer");
    let adopt = json!({ "why": WHY, "number": "SO-1" });
    let adopt = console.post("/console/api/orders/main/1/adopt", &adopt).await;
    assert_eq!(
        (adopt.status, adopt.json()["code"].as_str()),
        (StatusCode::SERVICE_UNAVAILABLE, Some("unclear"))
    );
    let message = adopt.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("it may have happened"), "{message}");
    assert_eq!(world.ledger.noted_actions().pop().unwrap().outcome, message, "never that it was not done");
}

#[tokio::test]
async fn a_job_that_runs_is_found_however_many_came_after_it() {
    let world = World::new();
    let (console, _issuer) = signed_in(&world).await;
    let span = |day: u32| {
        let (from, until) = (format!("2026-10-{day:02}T00:00:00Z"), "2026-11-08T00:00:00Z");
        json!({ "store": "main", "from": from, "until": until, "why": WHY })
    };
    done(&console, "/jobs", span(1)).await;
    let old = console.get("/console/api/jobs?store=main").await.json()[0].clone();
    let old_id = old["id"].as_str().unwrap().to_owned();
    let store = "main".parse().unwrap();
    let template = world.ledger.running(&store).await.unwrap().remove(0);
    for number in 0..60 {
        let ended =
            Job { id: format!("20990101T0000{number:02}"), state: JobState::Done, ..template.clone() };
        assert_eq!(world.ledger.put_job(&ended).await, Ok(true));
    }
    let jobs = console.get("/console/api/jobs?store=main").await.json();
    assert_eq!((jobs.as_array().unwrap().len(), &jobs[20]), (21, &old), "after the newest ones");
    let overview = console.get("/console/api/overview").await.json();
    assert_eq!(overview["stores"][0]["jobs"], json!([old]));
    assert_eq!(console.post("/console/api/jobs", &span(1)).await.status, StatusCode::CONFLICT, "the same");
    done(&console, &format!("/jobs/{old_id}/stop"), json!({ "store": "main", "why": WHY })).await;
    for day in 1..=20 {
        world.clock.advance(jiff::SignedDuration::from_secs(1));
        done(&console, "/jobs", span(day)).await;
    }
    let many = console.post("/console/api/jobs", &span(21)).await;
    assert_eq!(many.status, StatusCode::CONFLICT, "{}", many.body);
}

#[tokio::test]
async fn an_action_that_cannot_be_written_down_is_said_to_be_done_and_not_written_down() {
    let world = World::new();
    world.excepted(1).await;
    let (console, _issuer) = signed_in(&world).await;
    let down = LedgerError::Unavailable("throttled".into());
    world.ledger.faults.script(LedgerOp::NoteAction, [weir_testkit::Fault::Before(down)]);
    let answer = console.post("/console/api/orders/main/1/hold", &json!({ "why": WHY })).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    let message = answer.json()["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with("It is held") && message.ends_with("could not be written to the log of actions."),
        "{message}"
    );
}

#[tokio::test]
async fn a_dry_run_shows_the_request_and_changes_nothing() {
    let world = World::new();
    let key = world.excepted(1).await;
    let (console, _issuer) = signed_in(&world).await;
    let before = world.ledger.audit(&key).await.unwrap().len();
    let preview = done(&console, "/orders/main/1/preview", json!({})).await;
    assert_eq!(preview["problem"]["code"], "unmapped_payment");
    let mapping =
        json!({ "store": "main", "kind": "payment", "name": "klarna", "codes": ["CARD"], "why": WHY });
    done(&console, "/mappings", mapping).await;
    let preview = done(&console, "/orders/main/1/preview", json!({})).await;
    assert_eq!(preview["requests"][0]["body"]["reference"], "1", "{preview}");
    assert_eq!(world.ledger.audit(&key).await.unwrap().len(), before);
    assert!(world.erp.sales().is_empty() && world.hints.take().is_empty());
    for canary in weir_testkit::sample::CANARIES {
        assert!(!preview.to_string().contains(canary), "{preview}");
    }
}

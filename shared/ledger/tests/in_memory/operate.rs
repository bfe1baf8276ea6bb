//! What people begin and do: what it costs, and answers that are lost.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use weir_domain::id::{ItemKey, LineKey, Sku, StoreId};
use weir_domain::job::{BackfillBy, Job, JobKind, JobState};
use weir_domain::ports::{
    ActionEntry, Actions, InFlightNews, Jobs, StockStore, Trouble, Troubles, WebhookTroubles, WriteOffs,
};
use weir_domain::stock::Reduction;
use weir_domain::stock::in_flight::Told;
use weir_ledger::{DynamoLedger, DynamoStock};
use weir_testkit::sample;

use crate::table::InMemory;

fn ledger() -> (Arc<InMemory>, DynamoLedger) {
    let table = Arc::new(InMemory::of_ledger());
    let ledger = DynamoLedger::over(Arc::clone(&table) as Arc<_>, "ledger");
    (table, ledger)
}

fn main_store() -> StoreId {
    "main".parse().unwrap()
}

fn at(seconds: i64) -> Timestamp {
    sample::saturday() + SignedDuration::from_secs(seconds)
}

fn action(at: Timestamp, subject: &str) -> ActionEntry {
    ActionEntry {
        at,
        who: "ada".to_owned(),
        what: "retry".to_owned(),
        why: "MUG-L is mapped".to_owned(),
        subject: subject.to_owned(),
        outcome: "It is due at once.".to_owned(),
        correlation: "request-1".to_owned(),
    }
}

fn job(version: u64) -> Job {
    Job {
        id: "2026-11-28T09:00:00Z".to_owned(),
        store: main_store(),
        what: JobKind::Backfill { from: at(-86_400), until: at(0), by: BackfillBy::Placed },
        per_minute: 60,
        state: JobState::Running,
        looked_at: 0,
        sent: 0,
        cursor: None,
        begun_at: at(0),
        begun_by: "ada".to_owned(),
        why: "The shop's webhooks were off.".to_owned(),
        ended_at: None,
        version,
    }
}

#[tokio::test]
async fn a_day_on_which_much_was_done_is_the_only_one_that_is_read() {
    let (table, ledger) = ledger();
    for second in 0..60 {
        ledger.note_action(&action(at(-second), "main/1")).await.unwrap();
    }
    assert_eq!(table.take_calls(), [("put", 60)].into());
    assert_eq!(ledger.actions(at(0), 50).await.unwrap().len(), 50);
    assert_eq!((table.take_calls(), table.take_rows()), ([("query", 1)].into(), 50));
    assert_eq!(ledger.actions(at(0), 200).await.unwrap().len(), 60);
    assert_eq!((table.take_calls(), table.take_rows()), ([("query", 31)].into(), 60), "each day once");
}

#[tokio::test]
async fn a_lost_answer_is_no_other_writer_of_what_people_do() {
    let (table, ledger) = ledger();
    table.lose_first_answers();
    assert_eq!(ledger.put_job(&job(1)).await, Ok(true));
    assert_eq!(ledger.put_job(&job(2)).await, Ok(true));
    assert_eq!(ledger.jobs(&main_store(), 10).await, Ok(vec![job(2)]));
    let entry = action(at(0), "main/1");
    assert_eq!(ledger.note_action(&entry).await, Ok(()));
    assert_eq!(ledger.actions(at(0), 10).await, Ok(vec![entry]));
    assert_eq!(ledger.note_trouble(&main_store(), Trouble::BadSignatures, at(1)).await, Ok(()));
    let troubles = Troubles { bad_signatures: Some(at(1)), ..Troubles::default() };
    assert_eq!(ledger.troubles(&main_store()).await, Ok(troubles));
}

/// A worker moves a job on while a person stops it: whoever comes second is
/// told so.
#[tokio::test]
async fn a_job_that_moved_on_is_not_stopped_as_it_was() {
    let (table, ledger) = ledger();
    assert_eq!(ledger.put_job(&job(1)).await, Ok(true));
    let worker = ledger.clone();
    let moved_on = Job { looked_at: 100, ..job(2) };
    let theirs = moved_on.clone();
    table.before_the_next_write(async move { assert_eq!(worker.put_job(&theirs).await, Ok(true)) });
    let stopped = Job { state: JobState::Stopped, ended_at: Some(at(9)), ..job(2) };
    assert_eq!(ledger.put_job(&stopped).await, Ok(false));
    assert_eq!(ledger.jobs(&main_store(), 10).await, Ok(vec![moved_on]));
}

/// The order is read anew, and the line written off, at the same time: both
/// are known afterwards.
#[tokio::test]
async fn a_write_off_and_a_read_keep_each_other_out_of_nothing() {
    let table = Arc::new(InMemory::of_stock());
    let stock = DynamoStock::over(Arc::clone(&table) as Arc<_>, "stock");
    let item = ItemKey { entity: "acme".parse().unwrap(), sku: Sku("MUG-L".to_owned()) };
    let line = LineKey { order: sample::key("main", 1), line: 11 };
    let news = |modified, read| InFlightNews {
        item: item.clone(),
        line: line.clone(),
        reduced: Reduction {
            quantity: 2.into(),
            told: Told::Said,
            modified_at: at(modified),
            read_at: at(read),
            placed_at: at(0),
        },
        confirming: None,
    };
    stock.put_in_flight(&[news(0, 1)]).await.unwrap();
    let (person, (of, key)) = (stock.clone(), (item.clone(), line.clone()));
    table.before_the_next_write(async move {
        assert_eq!(person.write_off(&of, &key, at(0)).await, Ok(true));
    });
    stock.put_in_flight(&[news(0, 2)]).await.unwrap();
    let known = stock.items(std::slice::from_ref(&item)).await.unwrap()[0].lines[0].clone();
    assert_eq!((known.reduced(), known.reduced.as_ref().unwrap().read_at), (0.into(), at(2)));

    table.lose_first_answers();
    assert_eq!(stock.write_off(&item, &line, at(5)).await, Ok(true), "its answer was lost");
    let known = stock.items(&[item]).await.unwrap()[0].lines[0].clone();
    assert_eq!(known.written_off, Some(at(5)));
}

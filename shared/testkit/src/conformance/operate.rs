//! Jobs, reports, what people did, and what deliveries said of webhooks.

use std::collections::BTreeMap;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use weir_domain::id::StoreId;
use weir_domain::job::{BackfillBy, Job, JobKind, JobState};
use weir_domain::ports::{
    ActionEntry, Actions, Jobs, LedgerError, Reports, Trouble, Troubles, WebhookTroubles,
};
use weir_domain::reconcile::{Example, Outcome, Report};

use super::at;

pub(super) async fn run<L: Jobs + Reports + Actions + WebhookTroubles>(ledger: &L) {
    the_newest_jobs_come_first(ledger).await;
    a_job_is_replaced_by_whoever_read_it_last(ledger).await;
    a_running_job_is_found_however_many_are_newer(ledger).await;
    what_fits_into_no_row_is_refused(ledger).await;
    the_last_report_of_a_night_counts(ledger).await;
    what_people_did_last_comes_first(ledger).await;
    what_is_done_at_once_is_all_noted(ledger).await;
    what_people_did_a_month_ago_is_not_read(ledger).await;
    no_list_of_actions_is_longer_than_two_hundred(ledger).await;
    a_trouble_moves_forwards_only(ledger).await;
}

fn store(name: &str) -> StoreId {
    name.parse().expect("a name")
}

fn job(store: &StoreId, number: u64, version: u64) -> Job {
    Job {
        id: format!("2026-11-28T09:00:{number:02}Z-release"),
        store: store.clone(),
        what: JobKind::Release { code: "item_not_mapped".to_owned(), subject: "MUG-L".to_owned() },
        per_minute: 60,
        state: JobState::Running,
        looked_at: 0,
        sent: 0,
        cursor: (version > 1).then(|| format!("{version}")),
        begun_at: at(0),
        begun_by: "ada".to_owned(),
        why: "MUG-L is mapped".to_owned(),
        ended_at: None,
        version,
    }
}

async fn the_newest_jobs_come_first(ledger: &impl Jobs) {
    let (main, other) = (store("jobs"), store("jobs-2"));
    assert_eq!(ledger.jobs(&main, 10).await, Ok(Vec::new()));
    let begun: Vec<Job> = [3, 1, 59, 20].map(|number| job(&main, number, 1)).into();
    for job in &begun {
        assert_eq!(ledger.put_job(job).await, Ok(true));
    }
    let newest = [2, 3, 0, 1].map(|index: usize| begun[index].clone()).to_vec();
    assert_eq!(ledger.jobs(&main, 10).await, Ok(newest.clone()));
    assert_eq!(ledger.jobs(&main, 2).await, Ok(newest[..2].to_vec()));
    assert_eq!(ledger.jobs(&main, 0).await, Ok(Vec::new()));
    assert_eq!(ledger.jobs(&other, 10).await, Ok(Vec::new()), "another store's");
    for number in 0..60 {
        assert_eq!(ledger.put_job(&job(&other, number, 1)).await, Ok(true));
    }
    let fifty = ledger.jobs(&other, usize::MAX).await.expect("the ledger answers");
    assert_eq!((fifty.len(), &fifty[0], &fifty[49]), (50, &job(&other, 59, 1), &job(&other, 10, 1)));
}

async fn a_job_is_replaced_by_whoever_read_it_last(ledger: &impl Jobs) {
    let main = store("job-race");
    assert_eq!(ledger.put_job(&job(&main, 1, 0)).await, Ok(false), "versions count from 1");
    assert_eq!(ledger.put_job(&job(&main, 1, 2)).await, Ok(false), "there is none yet");
    for version in [1, 2] {
        let writers: Vec<Job> =
            (0..10).map(|looked_at| Job { looked_at, ..job(&main, 1, version) }).collect();
        let put = join_all(writers.iter().map(|job| ledger.put_job(job))).await;
        let winners: Vec<usize> = (0..10).filter(|index| put[*index] == Ok(true)).collect();
        let [winner] = winners[..] else { panic!("{put:?}") };
        assert_eq!(put.iter().filter(|put| **put == Ok(false)).count(), 9);
        assert_eq!(ledger.jobs(&main, 10).await, Ok(vec![writers[winner].clone()]));
        assert_eq!(ledger.put_job(&writers[winner]).await, Ok(true), "sent again");
    }
    let backfill = Job {
        what: JobKind::Backfill { from: at(-86_400), until: at(0), by: BackfillBy::Changed },
        state: JobState::Stopped,
        ended_at: Some(at(9)),
        ..job(&main, 1, 3)
    };
    assert_eq!(ledger.put_job(&backfill).await, Ok(true));
    assert_eq!(ledger.jobs(&main, 10).await, Ok(vec![backfill]));
}

async fn a_running_job_is_found_however_many_are_newer(ledger: &impl Jobs) {
    let main = store("job-running");
    let old = job(&main, 0, 1);
    assert_eq!(ledger.put_job(&old).await, Ok(true));
    for number in 1..60 {
        let done = Job { state: JobState::Done, ended_at: Some(at(9)), ..job(&main, number, 2) };
        assert_eq!(ledger.put_job(&job(&main, number, 1)).await, Ok(true));
        assert_eq!(ledger.put_job(&done).await, Ok(true));
    }
    assert_eq!(ledger.running(&main).await, Ok(vec![old.clone()]));
    let new = job(&main, 99, 1);
    assert_eq!(ledger.put_job(&new).await, Ok(true));
    assert_eq!(ledger.running(&main).await, Ok(vec![old.clone(), new.clone()]), "oldest first");
    let stopped = Job { state: JobState::Stopped, version: 2, ..old };
    assert_eq!(ledger.put_job(&stopped).await, Ok(true));
    assert_eq!(ledger.running(&main).await, Ok(vec![new]));
    let resumed = Job { state: JobState::Running, version: 3, ..stopped };
    assert_eq!(ledger.put_job(&resumed).await, Ok(true));
    assert_eq!(ledger.running(&main).await.map(|running| running.len()), Ok(2));
    assert_eq!(ledger.running(&store("job-running-2")).await, Ok(Vec::new()), "another store's");
}

async fn what_fits_into_no_row_is_refused<L: Jobs + Reports>(ledger: &L) {
    let main = store("long");
    let long = Job { why: "x".repeat(360_000), ..job(&main, 1, 1) };
    assert!(matches!(ledger.put_job(&long).await, Err(LedgerError::TooLong(_))));
    let named = Job { id: "x".repeat(1_025), ..job(&main, 1, 1) };
    assert!(matches!(ledger.put_job(&named).await, Err(LedgerError::TooLong(_))));
    let mut found = report(&main, "2026-11-28", 0);
    found.examples[0].detail = "x".repeat(360_000);
    assert!(matches!(ledger.put_report(&found).await, Err(LedgerError::TooLong(_))));
    assert_eq!(ledger.jobs(&main, 10).await, Ok(Vec::new()));
    assert_eq!(ledger.reports(&main, 10).await, Ok(Vec::new()));
}

fn report(store: &StoreId, night: &str, orders: u64) -> Report {
    let mut report = Report {
        store: store.clone(),
        night: night.to_owned(),
        begun_at: at(0),
        ended_at: None,
        orders,
        documents: 1,
        items: 2,
        views: BTreeMap::from([("in ERP".to_owned(), orders)]),
        differences: BTreeMap::new(),
        examples: Vec::new(),
    };
    report.add(Example {
        kind: "order_missing".to_owned(),
        subject: format!("{store}/4711"),
        outcome: Outcome::Repaired,
        detail: "It was sent on.".to_owned(),
    });
    report
}

async fn the_last_report_of_a_night_counts(ledger: &impl Reports) {
    let (main, other) = (store("reports"), store("reports-2"));
    assert_eq!(ledger.reports(&main, 10).await, Ok(Vec::new()));
    let nights = ["2026-11-28", "2026-12-01", "2026-11-29"].map(|night| report(&main, night, 1));
    for night in &nights {
        assert_eq!(ledger.put_report(night).await, Ok(()));
    }
    let again = Report { ended_at: Some(at(600)), ..report(&main, "2026-11-29", 3_000) };
    assert_eq!(ledger.put_report(&again).await, Ok(()));
    let [first, last, _] = nights;
    assert_eq!(ledger.reports(&main, 10).await, Ok(vec![last.clone(), again, first]));
    assert_eq!(ledger.reports(&main, 1).await, Ok(vec![last]));
    assert_eq!(ledger.reports(&other, 10).await, Ok(Vec::new()), "another store's");
}

/// Each case has a month of its own: what people did belongs to no store.
fn of_month(month: i64, seconds: i64) -> Timestamp {
    at(0) + SignedDuration::from_hours(24 * 40 * month) + SignedDuration::from_secs(seconds)
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

async fn note(ledger: &impl Actions, entries: &[ActionEntry]) {
    for entry in entries {
        assert_eq!(ledger.note_action(entry).await, Ok(()));
    }
}

async fn what_people_did_last_comes_first(ledger: &impl Actions) {
    let now = of_month(1, 0);
    assert_eq!(ledger.actions(now, 10).await, Ok(Vec::new()));
    let ago = |seconds: i64| action(of_month(1, -seconds), &format!("main/{seconds}"));
    // Now, a moment ago, yesterday, some days ago, and weeks.
    let mut entries: Vec<ActionEntry> =
        [0, 1, 86_400, 86_401, 5 * 86_400, 20 * 86_400, 30 * 86_400].map(ago).into();
    entries[1].at += SignedDuration::from_nanos(999_999_999);
    let mut mixed = entries.clone();
    mixed.rotate_left(3);
    note(ledger, &mixed).await;
    assert_eq!(ledger.actions(now, 100).await.as_ref(), Ok(&entries));
    for limit in [0, 1, 2, 3, 5] {
        assert_eq!(ledger.actions(now, limit).await.as_deref(), Ok(&entries[..limit]));
    }
}

/// One request acts on a group of orders, within one instant.
async fn what_is_done_at_once_is_all_noted(ledger: &impl Actions) {
    let now = of_month(2, 0);
    let entries: Vec<ActionEntry> = (0..20).map(|order| action(now, &format!("main/{order}"))).collect();
    note(ledger, &entries).await;
    note(ledger, &entries[..5]).await;
    let mut found = ledger.actions(now, 100).await.expect("the ledger answers");
    found.sort_by_key(|entry| entry.subject[5..].parse::<u32>().ok());
    assert_eq!(found, entries, "each once, though some were sent again");
}

async fn what_people_did_a_month_ago_is_not_read(ledger: &impl Actions) {
    let now = of_month(3, 0);
    let entries = [29, 30, 31].map(|days: i64| action(of_month(3, -days * 86_400), "main/1"));
    note(ledger, &entries).await;
    assert_eq!(ledger.actions(now, 100).await.as_deref(), Ok(&entries[..2]));
}

async fn no_list_of_actions_is_longer_than_two_hundred(ledger: &impl Actions) {
    let now = of_month(4, 0);
    let entries: Vec<ActionEntry> =
        (0..210).map(|minute| action(of_month(4, -minute * 600), &format!("main/{minute}"))).collect();
    join_all(entries.iter().map(|entry| ledger.note_action(entry))).await;
    assert_eq!(ledger.actions(now, usize::MAX).await.as_deref(), Ok(&entries[..200]));
}

async fn a_trouble_moves_forwards_only(ledger: &impl WebhookTroubles) {
    let (main, other) = (store("troubles"), store("troubles-2"));
    assert_eq!(ledger.troubles(&main).await, Ok(Troubles::default()));
    let note = async |trouble, at| ledger.note_trouble(&main, trouble, at).await.expect("the ledger answers");
    note(Trouble::BadSignatures, at(10)).await;
    note(Trouble::BadSignatures, at(9)).await;
    let mut expected = Troubles { bad_signatures: Some(at(10)), ..Troubles::default() };
    assert_eq!(ledger.troubles(&main).await, Ok(expected));
    let late = at(11) + SignedDuration::from_nanos(1);
    note(Trouble::OwnerWithoutRights, late).await;
    note(Trouble::OwnerWithoutRights, at(11)).await;
    note(Trouble::BadSignatures, at(12)).await;
    note(Trouble::OldApi, at(13)).await;
    expected =
        Troubles { bad_signatures: Some(at(12)), owner_without_rights: Some(late), old_api: Some(at(13)) };
    assert_eq!(ledger.troubles(&main).await, Ok(expected));
    assert_eq!(ledger.troubles(&other).await, Ok(Troubles::default()), "another store's");
}

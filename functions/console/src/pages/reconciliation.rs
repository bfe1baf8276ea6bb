//! What the nights found, and work that people began.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use weir_domain::id::StoreId;
use weir_domain::job::{BackfillBy, Job, JobKind, JobState};
use weir_domain::reconcile::{Example, Outcome, Tally};

use super::codes::WEBHOOKS;
use super::forms::{act, hidden, only_look, pace, reason};
use super::help::code_table;
use super::layout::{Frame, page};
use super::lists;
use super::parts::{Column, Tone, escape, long, number, table, tag, text, thousands};
use super::words::spaced;
use crate::data::history::Night;

/// The page of one store.
pub fn render(frame: &Frame, stores: &[StoreId], store: &StoreId, nights: &[Night], jobs: &[Job]) -> Markup {
    let content = html! {
        h1 { "Reconciliation" }
        p.lead { "Each night shop, ledger and ERP are compared: what differs is repaired, or goes to people with a reason." }
        (lists::stores("/reconciliation", stores, store))
        h2 { "Nights of " (store) }
        p.dim { "A night bears the date on which it began." }
        @if nights.is_empty() { p.dim { "No night has been compared yet." } }
        @for (at, night) in nights.iter().enumerate() { (one_night(frame, night, at == 0)) }
        details.act #webhooks {
            summary { b { "Its webhooks" } span { "What is found at them every ten minutes, by its code, and what it means." } }
            div.in { (code_table("What the guardian of webhooks finds", WEBHOOKS)) }
        }
        h2 #jobs { "Jobs" }
        (job_list(frame, jobs))
        @if frame.may_act {
            div.acts.gap {
                (backfill(frame, store))
                @for job in jobs { (turn(frame, job)) }
            }
        } @else {
            (only_look())
        }
    };
    page(frame, "/reconciliation", "Reconciliation", &content)
}

fn one_night(frame: &Frame, night: &Night, open: bool) -> Markup {
    let report = &night.report;
    let total = &night.total;
    html! {
        details.act open[open] {
            summary {
                b { (report.night) }
                span {
                    (thousands(report.orders)) " orders, " (thousands(report.documents)) " documents, " (thousands(report.items)) " items: "
                    @if total.detected == 0 { "no difference" } @else {
                        (thousands(total.detected)) " differences, " (thousands(total.repaired)) " repaired, " (thousands(total.parked)) " for people"
                    }
                }
                @match report.ended_at { Some(at) => small { (frame.ago(at)) }, None => (tag(Tone::Going, "under way")) }
            }
            div.in { @if total.detected > 0 { (tallies(night)) (examples(night)) } @else { p.dim { "Both sides agree." } } }
        }
    }
}

fn tallies(night: &Night) -> Markup {
    const COLUMNS: [Column; 6] = [
        text("Difference"),
        number("Found"),
        number("Repaired"),
        number("For people"),
        number("Known"),
        number("Accepted"),
    ];
    let row = |name: Markup, tally: &Tally| {
        let number = |number: u64| html! { (thousands(number)) };
        vec![
            name,
            number(tally.detected),
            number(tally.repaired),
            number(tally.parked),
            number(tally.known),
            number(tally.accepted),
        ]
    };
    let rows = night.report.differences.iter().map(|(kind, tally)| row(html! { (spaced(kind)) }, tally));
    table("By kind", &COLUMNS, rows)
}

fn examples(night: &Night) -> Markup {
    let rows = night.report.examples.iter().map(|it| {
        let (tone, said) = outcome(it.outcome);
        vec![subject(it), html! { (spaced(&it.kind)) }, html! { (tag(tone, said)) }, html! { (it.detail) }]
    });
    let shown = night.report.examples.len() as u64;
    html! {
        @if shown > 0 {
            h3.gap { "Examples" }
            (table("What differed", &[text("About"), text("Difference"), text("Became"), long("Detail")], rows))
            @if night.total.detected > shown { p.cut { "The first " (shown) " of " (thousands(night.total.detected)) "." } }
        }
    }
}

/// An order by its link; what else it may be (an item, a webhook) by its name.
fn subject(example: &Example) -> Markup {
    let order = example
        .subject
        .split_once('/')
        .filter(|(_, id)| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()));
    html! {
        @match order {
            Some((store, id)) => a href={ "/console/orders/" (escape(store)) "/" (id) } { (example.subject) },
            None => (example.subject),
        }
    }
}

fn outcome(outcome: Outcome) -> (Tone, &'static str) {
    match outcome {
        Outcome::Repaired => (Tone::Good, "repaired"),
        Outcome::Parked => (Tone::Bad, "for people"),
        Outcome::Known => (Tone::Slow, "known"),
        Outcome::Accepted => (Tone::Plain, "accepted"),
    }
}

/// What a job does.
pub(crate) fn job_name(job: &Job) -> String {
    match &job.what {
        JobKind::Backfill { from, until, by: BackfillBy::Placed } => {
            format!("Backfill {} (UTC)", days(*from, *until))
        }
        JobKind::Backfill { from, until, by: BackfillBy::Changed } => {
            format!("Backfill of what changed {} (UTC)", days(*from, *until))
        }
        JobKind::Release { code, subject } if subject.is_empty() => format!("Release of {code}"),
        JobKind::Release { subject, .. } => format!("Release of {subject}"),
    }
}

/// The first and the last day of a span; what does not begin and end with a
/// day, to the minute.
fn days(from: Timestamp, until: Timestamp) -> String {
    let is_midnight = |at: Timestamp| at.as_second().rem_euclid(86_400) == 0;
    if !(is_midnight(from) && is_midnight(until)) {
        let minute = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M").to_string();
        return format!("{} to {}", minute(from), minute(until));
    }
    let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
    let (first, last) = (day(from), day(until - SignedDuration::from_secs(1)));
    if first == last { first } else { format!("{first} to {last}") }
}

/// How far a job is.
pub(crate) fn progress(job: &Job) -> Markup {
    html! { (thousands(job.looked_at)) " seen, " (thousands(job.sent)) " sent" }
}

fn job_list(frame: &Frame, jobs: &[Job]) -> Markup {
    const COLUMNS: [Column; 5] =
        [text("Job"), text("State"), number("So far"), number("A minute"), long("Begun")];
    let rows = jobs.iter().map(|job| {
        let (tone, state) = match job.state {
            JobState::Running => (Tone::Going, "running"),
            JobState::Stopped => (Tone::Slow, "stopped"),
            JobState::Done => (Tone::Good, "done"),
        };
        vec![
            html! { (job_name(job)) },
            html! { (tag(tone, state)) },
            progress(job),
            html! { (job.per_minute) },
            html! { (frame.ago(job.begun_at)) " by " (job.begun_by) small { "“" (job.why) "”" } },
        ]
    });
    html! {
        @if jobs.is_empty() { p.dim { "Nobody has begun one yet." } }
        @else { (table("The newest ones", &COLUMNS, rows)) }
        @if jobs.len() >= crate::data::limits::JOBS { p.cut { "These are the newest " (jobs.len()) "." } }
    }
}

/// Stops a running job, resumes a stopped one.
fn turn(frame: &Frame, job: &Job) -> Markup {
    let (word, name, says) = match job.state {
        JobState::Running => ("stop", "Stop", "It can be resumed where it stopped."),
        JobState::Stopped => ("resume", "Resume", "It goes on with the next minute."),
        JobState::Done => return html! {},
    };
    let fields = html! {
        (hidden("store", job.store.as_str()))
        (hidden("id", &job.id))
        (reason(&format!("{word}-{}", job.id)))
        div.go { button { (name) } }
    };
    let says = format!("{}. {says}", job_name(job));
    act(frame, false, &format!("/console/jobs/{word}"), name, &says, &fields)
}

fn backfill(frame: &Frame, store: &StoreId) -> Markup {
    let today = frame.now.strftime("%Y-%m-%d").to_string();
    let date = |id: &'static str, label: &'static str, hint: &'static str| {
        html! { div {
            label for=(id) { (label) }
            input id=(id) name=(id) type="date" required max=(today) aria-describedby={ (id) "-hint" };
            p.hint id={ (id) "-hint" } { (hint) }
        } }
    };
    let fields = html! {
        (hidden("store", store.as_str()))
        (date("from", "First day", "Orders placed from its beginning (UTC)"))
        (date("until", "Last day", "until its end (UTC)"))
        (pace("backfill-pace"))
        (reason("backfill-why"))
        div.go { button { "Begin" } small { "It goes on every minute, and can be stopped and resumed." } }
    };
    act(
        frame,
        false,
        "/console/jobs/backfill",
        "Begin a backfill",
        "Every order placed in a span of days is looked at again. Nothing is booked twice.",
        &fields,
    )
}

/// The day after, for a span whose last day is part of it.
pub(crate) fn span(from: &str, until: &str) -> Option<(Timestamp, Timestamp)> {
    let begin = |day: &str| format!("{day}T00:00:00Z").parse::<Timestamp>().ok();
    Some((begin(from)?, begin(until)? + SignedDuration::from_hours(24)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::when;

    #[test]
    fn the_last_day_is_part_of_the_span() {
        let (from, until) = span("2026-11-01", "2026-11-01").unwrap();
        assert_eq!(when::exact(from), "2026-11-01 00:00:00 UTC");
        assert_eq!(when::exact(until), "2026-11-02 00:00:00 UTC");
        assert_eq!(span("yesterday", "2026-11-01"), None);
        assert_eq!(days(from, until), "2026-11-01");
        let (from, until) = span("2026-10-01", "2026-10-31").unwrap();
        assert_eq!(days(from, until), "2026-10-01 to 2026-10-31");
        let hours = (from + SignedDuration::from_hours(7), from + SignedDuration::from_hours(9));
        assert_eq!(days(hours.0, hours.1), "2026-10-01 07:00 to 2026-10-01 09:00");
    }
}

//! What a person can do, for the pages and the API alike. Each is checked,
//! done, and [`audited`].

use jiff::Timestamp;
use weir_domain::desk::{Action, By};
use weir_domain::id::{OrderKey, StoreId};
use weir_domain::job::{BackfillBy, Job, JobKind, JobState};
use weir_domain::mapping::{MappingKey, MappingKind};
use weir_domain::ports::Note;
use weir_domain::push::preview::{Preview, PreviewError};

use crate::Problem;
use crate::audited::{Done, audited, begun_and_audited, reason};
use crate::data::{history, limits, mappings::parse_kind, queues};
use crate::patience::in_time;
use crate::session::Actor;
use crate::state::App;

/// The actions about one order, in the order of pages; the words are those of
/// [`Action::as_str`].
pub const ORDER_ACTIONS: [&str; 8] =
    ["retry", "replay", "hold", "skip", "accept", "rebook", "write_off", "adopt"];

/// What only an adoption needs to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Adopting {
    /// What people call the document in the ERP.
    pub number: Option<String>,
    /// Its payment is booked as well.
    pub paid: bool,
}

/// The action of a word.
pub fn action(word: &str, adopting: Adopting) -> Result<Action, Problem> {
    Ok(match word {
        "retry" => Action::Retry,
        "replay" => Action::Replay,
        "hold" => Action::Hold,
        "skip" => Action::Skip,
        "accept" => Action::Accept,
        "rebook" => Action::Rebook,
        "write_off" => Action::WriteOff,
        "adopt" => {
            let number = adopting.number.map(|number| number.trim().to_owned());
            let number = number.filter(|number| (1..=100).contains(&number.chars().count()));
            let missing = || Problem::not_possible("Say the document's number, as the ERP shows it.");
            Action::Adopt { number: number.ok_or_else(missing)?, paid: adopting.paid }
        }
        _ => return Err(Problem::not_found("There is no such action.")),
    })
}

/// Does something about one order.
pub async fn on_order(
    app: &App,
    actor: &Actor,
    key: &OrderKey,
    action: &Action,
    why: &str,
) -> Result<Done, Problem> {
    let why = reason(why)?;
    let by =
        By { who: actor.who().to_owned(), why: why.clone(), correlation: actor.correlation().to_owned() };
    let work = async {
        // On the heap: the future of all that can happen is large.
        let acted = Box::pin(app.desk.act(key, action, &by)).await?;
        Ok(Done { message: acted.what, state: Some(acted.state) })
    };
    let late = || {
        Problem::unclear(
            "The shop or the ERP did not answer in time: it may have happened. Look again before you repeat it.",
        )
    };
    audited(app, actor, action.as_str(), &key.to_string(), &why, in_time(work, late)).await
}

/// What would happen to an order now. Changes nothing.
pub async fn preview(app: &App, key: &OrderKey) -> Result<Preview, Problem> {
    let work = async {
        let preview = app.push.preview(key, app.desk.erps.as_ref()).await;
        preview.map_err(|error| match error {
            PreviewError::StoreDisabled(_) | PreviewError::Shop(_) => {
                Problem::not_possible(error.to_string())
            }
            PreviewError::Ledger(error) => error.into(),
            PreviewError::Call(error) => error.into(),
        })
    };
    let late = "The shop or the ERP did not answer in time. Nothing was changed: try again.";
    in_time(work, || Problem::unavailable(late)).await
}

/// Adds a mapping, or replaces it. `codes` are the ERP's; none is a meaning of
/// its own (no tax, nothing to book) for taxes and payments only.
pub async fn map(
    app: &App,
    actor: &Actor,
    store: &StoreId,
    (kind, name): (&str, &str),
    codes: &[String],
    why: &str,
) -> Result<Done, Problem> {
    let why = reason(why)?;
    let key = MappingKey::new(parse_kind(kind)?, name.trim());
    let codes = checked_codes(&key, codes)?;
    let note = Note {
        at: app.clock.now(),
        who: actor.who().to_owned(),
        what: "mapped".to_owned(),
        why: why.clone(),
    };
    let work = async {
        app.mappings.set_mapping(store, &key, &codes, &note).await?;
        let target = if codes.is_empty() { "nothing".to_owned() } else { codes.join(" + ") };
        Ok(Done::new(format!("{key} is mapped to {target}.")))
    };
    audited(app, actor, "map", &format!("{store}: {key}"), &why, work).await
}

fn checked_codes(key: &MappingKey, codes: &[String]) -> Result<Vec<String>, Problem> {
    const LONGEST: usize = 200;
    let usable = |text: &str| {
        let length = text.chars().count();
        (1..=LONGEST).contains(&length) && !text.chars().any(char::is_control)
    };
    if !usable(&key.name) {
        return Err(Problem::not_possible("Say what is mapped, in 1 to 200 characters."));
    }
    let codes: Vec<String> = codes.iter().map(|code| code.trim().to_owned()).collect();
    let codes: Vec<String> = codes.into_iter().filter(|code| !code.is_empty()).collect();
    let fits = match key.kind {
        MappingKind::Tax => codes.len() <= 20,
        MappingKind::Payment => codes.len() <= 1,
        MappingKind::Item | MappingKind::Shipping | MappingKind::Fee => codes.len() == 1,
    };
    if !fits || !codes.iter().all(|code| usable(code)) {
        return Err(Problem::not_possible(
            "Say the ERP's code: exactly one, but for taxes (any number) and payments (one or none).",
        ));
    }
    Ok(codes)
}

/// Begins to try every order of a group of exceptions again, at a pace.
pub async fn release(
    app: &App,
    actor: &Actor,
    store: &StoreId,
    (code, subject): (&str, &str),
    per_minute: Option<u32>,
    why: &str,
) -> Result<Done, Problem> {
    let what = JobKind::Release { code: code.to_owned(), subject: subject.to_owned() };
    begin(app, actor, store, what, per_minute, why).await
}

/// Begins to look again at every order placed in a span of time.
pub async fn backfill(
    app: &App,
    actor: &Actor,
    store: &StoreId,
    (from, until): (Timestamp, Timestamp),
    per_minute: Option<u32>,
    why: &str,
) -> Result<Done, Problem> {
    if from >= until {
        return Err(Problem::not_possible("The span ends before it begins."));
    }
    begin(app, actor, store, JobKind::Backfill { from, until, by: BackfillBy::Placed }, per_minute, why).await
}

async fn begin(
    app: &App,
    actor: &Actor,
    store: &StoreId,
    what: JobKind,
    per_minute: Option<u32>,
    why: &str,
) -> Result<Done, Problem> {
    let why = reason(why)?;
    let per_minute = per_minute.unwrap_or(limits::USUAL_PACE);
    if !(1..=limits::PACE).contains(&per_minute) {
        return Err(Problem::not_possible("The pace is 1 to 300 orders a minute."));
    }
    let (verb, subject) = described(store, &what);
    let work = async {
        let running = app.jobs.running(store).await?;
        if running.iter().any(|job| job.what == what) {
            return Err(Problem::conflict("The same is under way already."));
        }
        if running.len() >= limits::RUNNING {
            return Err(Problem::conflict("Too many jobs are under way: wait, or stop one."));
        }
        let now = app.clock.now();
        let job = Job {
            id: job_id(now, actor.correlation()),
            store: store.clone(),
            what: what.clone(),
            per_minute,
            state: JobState::Running,
            looked_at: 0,
            sent: 0,
            cursor: None,
            begun_at: now,
            begun_by: actor.who().to_owned(),
            why: why.clone(),
            ended_at: None,
            version: 1,
        };
        put(app, &job).await?;
        Ok(Done::new(format!("Begun: {per_minute} orders a minute, with the next minute's tick.")))
    };
    audited(app, actor, verb, &subject, &why, work).await
}

/// Sorts by the time of its beginning.
fn job_id(now: Timestamp, correlation: &str) -> String {
    let tail: String = correlation.chars().filter(char::is_ascii_alphanumeric).take(8).collect();
    format!("{}-{tail}", now.strftime("%Y%m%dT%H%M%S"))
}

fn described(store: &StoreId, what: &JobKind) -> (&'static str, String) {
    match what {
        JobKind::Backfill { from, until, .. } => ("backfill", format!("{store}: {from} to {until}")),
        JobKind::Release { code, subject } => ("release", format!("{store}: {code} {subject}")),
    }
}

async fn put(app: &App, job: &Job) -> Result<(), Problem> {
    let stored = app.jobs.put_job(job).await?;
    if stored { Ok(()) } else { Err(Problem::conflict("It changed at this moment: look again.")) }
}

/// Stops a job; it can be resumed.
pub async fn stop_job(
    app: &App,
    actor: &Actor,
    store: &StoreId,
    id: &str,
    why: &str,
) -> Result<Done, Problem> {
    turn(app, actor, store, id, why, (JobState::Running, JobState::Stopped)).await
}

/// Resumes a job that was stopped.
pub async fn resume_job(
    app: &App,
    actor: &Actor,
    store: &StoreId,
    id: &str,
    why: &str,
) -> Result<Done, Problem> {
    turn(app, actor, store, id, why, (JobState::Stopped, JobState::Running)).await
}

async fn turn(
    app: &App,
    actor: &Actor,
    store: &StoreId,
    id: &str,
    why: &str,
    (from, to): (JobState, JobState),
) -> Result<Done, Problem> {
    let why = reason(why)?;
    let found = history::jobs(app, store).await?.into_iter().find(|job| job.id == id);
    let job = found.ok_or_else(|| Problem::not_found("There is no such job among the newest ones."))?;
    let (verb, said) = match to {
        JobState::Running => ("resume_job", "It goes on with the next minute's tick."),
        JobState::Stopped | JobState::Done => ("stop_job", "It is stopped, and can be resumed."),
    };
    let (_, what) = described(store, &job.what);
    let work = async {
        if job.state != from {
            return Err(Problem::conflict("It is not in a state in which that can be done."));
        }
        let ended_at = (to == JobState::Stopped).then(|| app.clock.now());
        let turned = Job { state: to, ended_at, version: job.version.saturating_add(1), ..job.clone() };
        put(app, &turned).await?;
        Ok(Done::new(said))
    };
    audited(app, actor, verb, &format!("{what} ({id})"), &why, work).await
}

/// Sends dead letters to their queue again: those of `limit`, at most
/// [`limits::REDRIVEN`]. With how many that were.
pub async fn redrive(
    app: &App,
    actor: &Actor,
    queue: &str,
    limit: Option<usize>,
    why: &str,
) -> Result<(usize, Done), Problem> {
    let why = reason(why)?;
    let depth = queues::known(app, queue).await?;
    let limit = limit.unwrap_or(limits::REDRIVEN).clamp(1, limits::REDRIVEN);
    let mut sent = 0;
    let work = async {
        sent = app.queues.redrive(&depth.queue, limit).await?;
        Ok(Done::new(match sent {
            0 => "Nothing was sent: there was no dead letter that could be.".to_owned(),
            1 => "One dead letter was sent to its queue again.".to_owned(),
            sent => format!("{sent} dead letters were sent to their queue again."),
        }))
    };
    let late = || Problem::unclear("The queue took too long: some were sent again. Look at what is left.");
    let done = begun_and_audited(app, actor, "redrive", &depth.queue, &why, in_time(work, late)).await?;
    Ok((sent, done))
}

/// Deletes one dead letter by its id.
pub async fn delete_letter(
    app: &App,
    actor: &Actor,
    queue: &str,
    letter: &str,
    why: &str,
) -> Result<Done, Problem> {
    let why = reason(why)?;
    let depth = queues::known(app, queue).await?;
    if !(1..=100).contains(&letter.len()) || !letter.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Problem::not_possible("Say which letter, by its id."));
    }
    let work = async {
        if app.queues.delete_letter(&depth.queue, letter).await? {
            return Ok(Done::new("The dead letter is deleted."));
        }
        Err(Problem::conflict(
            "The letter is not to be seen just now: gone, or hidden while somebody looks at it. Try again in some seconds.",
        ))
    };
    let late = || Problem::unclear("The queue took too long: the letter may be deleted. Look again.");
    let subject = format!("{}: {letter}", depth.queue);
    begun_and_audited(app, actor, "delete_letter", &subject, &why, in_time(work, late)).await
}

//! Whoever changes something says why, and both are written down with how it
//! ended.

use weir_domain::ports::ActionEntry;
use weir_runtime::telemetry::Metric;

use crate::Problem;
use crate::session::Actor;
use crate::state::App;

/// Characters of a reason.
pub const REASON_LENGTH: std::ops::RangeInclusive<usize> = 3..=500;

/// How something that was asked for ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Done {
    /// One or two sentences for the person.
    pub message: String,
    /// What people see of the order now, where it was about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
}

impl Done {
    /// It was done, and this is what was done.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), state: None }
    }
}

/// A person's reason, without what stands around it.
pub fn reason(why: &str) -> Result<String, Problem> {
    let why = why.trim();
    let told = REASON_LENGTH.contains(&why.chars().count()) && !why.chars().any(char::is_control);
    if told {
        return Ok(why.to_owned());
    }
    Err(Problem::not_possible("Say why, in one line of 3 to 500 characters: it goes into the audit."))
}

/// Does `work` and writes down who did `what` to `subject`, `why`, and how it
/// ended. `what` is stable, `snake_case`; `why` is a [`reason`].
///
/// The log line names no person: who acted is in the audit, under the same
/// correlation.
pub async fn audited(
    app: &App,
    actor: &Actor,
    what: &str,
    subject: &str,
    why: &str,
    work: impl Future<Output = Result<Done, Problem>> + Send,
) -> Result<Done, Problem> {
    let ended = work.await;
    Metric::ConsoleAction.record();
    let outcome = match &ended {
        Ok(done) => done.message.clone(),
        Err(problem) if problem.is_unclear() => problem.message().to_owned(),
        Err(problem) => format!("Not done: {problem}"),
    };
    match &ended {
        Ok(_) => tracing::info!(what, subject, "a person acted"),
        Err(problem) => {
            tracing::warn!(what, subject, code = problem.code(), "a person could not act");
        }
    }
    match app.actions.note_action(&entry(app, actor, what, subject, why, &outcome)).await {
        Ok(()) => ended,
        Err(error) => {
            tracing::error!(what, subject, %error, "an action is not in the log of actions");
            Err(Problem::unavailable(format!("{outcome} But it could not be written to the log of actions.")))
        }
    }
}

/// Like [`audited`], and written down before it is begun, too: for what leaves
/// no other trace. What cannot be written down is not done.
pub async fn begun_and_audited(
    app: &App,
    actor: &Actor,
    what: &str,
    subject: &str,
    why: &str,
    work: impl Future<Output = Result<Done, Problem>> + Send,
) -> Result<Done, Problem> {
    if let Err(error) = app.actions.note_action(&entry(app, actor, what, subject, why, "Begun.")).await {
        tracing::error!(what, subject, %error, "an action was not begun: the log of actions takes nothing");
        return Err(Problem::unavailable(
            "Nothing was done: it could not be written to the log of actions. Try again.",
        ));
    }
    audited(app, actor, what, subject, why, work).await
}

fn entry(app: &App, actor: &Actor, what: &str, subject: &str, why: &str, outcome: &str) -> ActionEntry {
    ActionEntry {
        at: app.clock.now(),
        who: actor.who().to_owned(),
        what: what.to_owned(),
        why: why.to_owned(),
        subject: subject.to_owned(),
        outcome: outcome.to_owned(),
        correlation: actor.correlation().to_owned(),
    }
}

use serde::Serialize;

use super::Unread;

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Good,
    /// It works, and a person should look; or it cannot be checked.
    Warning,
    /// It will not work.
    Bad,
}

/// One line of the doctor's report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was checked; stable, `snake_case`.
    pub check: &'static str,
    /// How well it is.
    pub verdict: Verdict,
    /// What was found. Names settings, codes and SKUs, never a person.
    pub what: String,
    /// What to do; empty where there is nothing to do.
    pub todo: String,
}

impl Finding {
    pub(super) fn good(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Good, what: what.into(), todo: String::new() }
    }

    pub(super) fn new(
        check: &'static str,
        verdict: Verdict,
        what: impl Into<String>,
        todo: impl Into<String>,
    ) -> Self {
        Self { check, verdict, what: what.into(), todo: todo.into() }
    }

    pub(super) fn warning(check: &'static str, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self::new(check, Verdict::Warning, what, todo)
    }

    pub(super) fn fault(check: &'static str, what: impl Into<String>, todo: impl Into<String>) -> Self {
        Self::new(check, Verdict::Bad, what, todo)
    }

    /// What could not be read is no proof of anything.
    pub(super) fn unread(check: &'static str, subject: &str, why: &Unread, todo: &str) -> Self {
        Self::warning(check, format!("{subject} cannot be checked: {why}"), todo)
    }
}

/// At most so many names are spelled out in one finding.
const NAMED: usize = 8;

/// Names, and how many more there are.
pub(super) fn named<T: ToString>(names: impl IntoIterator<Item = T>) -> String {
    let all: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    let shown = all.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// What is wrong with some: every shop keeps a few things that nobody buys any
/// more, so that only most of them are a fault of the whole.
pub(super) fn verdict_on(wrong: usize, all: usize) -> Verdict {
    match wrong {
        0 => Verdict::Good,
        most if most.saturating_mul(2) > all => Verdict::Bad,
        _ => Verdict::Warning,
    }
}

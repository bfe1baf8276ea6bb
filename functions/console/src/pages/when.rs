//! Instants for people: how long ago, with the exact instant beside it.

use jiff::Timestamp;
use maud::{Markup, html};

/// `5 min ago` or `in 2 h`, the instant itself in its title. The script keeps
/// the words true while the page is open.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(machine(at)) title=(exact(at)) data-rel { (relative(at, now)) } }
}

/// The instant itself, `2026-11-28 12:00:05 UTC`.
pub(crate) fn instant(at: Timestamp) -> Markup {
    html! { time datetime=(machine(at)) { (exact(at)) } }
}

/// How long ago in words: whole days, hours, minutes or seconds.
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - at.as_second();
    match seconds {
        0 => "now".to_owned(),
        1.. => format!("{} ago", span(seconds)),
        _ => format!("in {}", span(seconds.saturating_neg())),
    }
}

/// The largest whole unit of a number of seconds.
pub(crate) fn span(seconds: i64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min")];
    let unit = units.iter().find(|(length, _)| seconds >= *length);
    match unit {
        Some((length, name)) => format!("{} {name}", seconds / length),
        None => format!("{seconds} s"),
    }
}

/// `2026-11-28 12:00:05 UTC`.
pub(crate) fn exact(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// For machines.
pub(crate) fn machine(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

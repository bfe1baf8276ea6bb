//! What pages show and the API answers: plain values, assembled here once.
//! Every read is bounded by [`limits`].

pub mod exceptions;
pub mod failed;
pub mod history;
pub mod item;
pub mod limits;
pub mod mappings;
pub mod meaning;
pub mod order;
pub mod overview;
pub mod queues;
pub mod row;
pub mod stale;
pub mod stuck;

use jiff::Timestamp;
use serde::Serialize;

/// A count that stops somewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// So many …
    pub number: usize,
    /// … or more.
    pub or_more: bool,
}

impl Count {
    /// Of something that was counted up to `limit`.
    pub fn up_to(number: usize, limit: usize) -> Self {
        Self { number, or_more: number >= limit }
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}{}", self.number, if self.or_more { "+" } else { "" })
    }
}

/// Where a page ends: the time and the name of its last entry, as one text.
fn cursor(at: Timestamp, name: impl std::fmt::Display) -> String {
    format!("{}.{:09}~{name}", at.as_second(), at.subsec_nanosecond())
}

/// The inverse of [`cursor`].
fn parse_cursor(text: &str) -> Option<(Timestamp, &str)> {
    let (at, name) = text.split_once('~')?;
    let (second, nanosecond) = at.split_once('.')?;
    let at = Timestamp::new(second.parse().ok()?, nanosecond.parse().ok()?).ok()?;
    Some((at, name))
}

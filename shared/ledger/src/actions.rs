//! What people did, a partition for each day: appended, never changed.
//!
//! `sk` is the instant, the request's id, and a fingerprint of the entry: one
//! request may do several things within one instant.

use async_trait::async_trait;
use futures::future::try_join_all;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use weir_domain::ports::{ActionEntry, Actions, LedgerError};

use crate::DynamoLedger;
use crate::error::contended;
use crate::item::{fitting, stored};
use crate::key::{actions, fingerprint, primary, sort};
use crate::rows::Attempt;

/// The longest answer.
const LONGEST_ANSWER: usize = 200;
/// Days that are looked at, step by step until there are enough: today first,
/// and all 31 in three steps where nobody does anything.
const DAYS_AT_ONCE: [usize; 3] = [1, 6, 24];

#[async_trait]
impl Actions for DynamoLedger {
    async fn note_action(&self, entry: &ActionEntry) -> Result<(), LedgerError> {
        let document = fitting("an action", entry)?;
        let print = fingerprint(document.as_s().map_or("", String::as_str));
        let place = format!("{:.9}#{}#{print:016x}", entry.at, entry.correlation);
        let place = sort(&place).ok_or_else(|| LedgerError::TooLong("a request's id".to_owned()))?;
        let mut item = primary(actions(day(entry.at)), place);
        item.insert("action".to_owned(), document);
        match self.rows.put_after(0, item.clone()).await? {
            Attempt::Done(_) => Ok(()),
            // The same again: an answer was lost, and it was sent twice.
            Attempt::Refused(stored) if stored == item => Ok(()),
            Attempt::Refused(_) | Attempt::Conflict => Err(contended()),
        }
    }

    async fn actions(&self, now: Timestamp, limit: usize) -> Result<Vec<ActionEntry>, LedgerError> {
        let limit = limit.min(LONGEST_ANSWER);
        let mut days = std::iter::successors(Some(day(now)), |day| day.yesterday().ok());
        let mut found = Vec::new();
        for at_once in DAYS_AT_ONCE {
            let missing = limit - found.len();
            if missing == 0 {
                break;
            }
            let days = days.by_ref().take(at_once).map(|day| self.rows.newest(actions(day), missing));
            for item in try_join_all(days).await?.iter().flatten().take(missing) {
                found.push(stored(item, "action")?);
            }
        }
        Ok(found)
    }
}

fn day(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

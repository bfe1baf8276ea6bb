//! Claims: who may work on an order, decided by one conditional write.
//!
//! What a hint says decides what has to hold besides the order being free,
//! and what becomes of it while somebody else is at work:
//!
//! | it says | granted | while the order is claimed |
//! |---|---|---|
//! | the shop changed | unless a later read has answered it | noted for the holder, who looks again |
//! | the ERP changed, or a person acts | always | not noted: whoever has it brings it back |
//! | something is due | unless nothing is | not noted: what is due stays due |
//!
//! A holder has read the ERP at a time that no record tells, so neither a read
//! of the shop nor a note that one would clear answers what the ERP said.

use jiff::{SignedDuration, Timestamp};
use weir_domain::hint::{Cause, Hint, SKEW};
use weir_domain::ports::{Claim, Held, LedgerError};
use weir_domain::record::OrderRecord;

use crate::DynamoLedger;
use crate::error::{ROUNDS, contended};
use crate::expression::Write;
use crate::item::{Item, ceil_ms, document, floor_ms, n, number, required, s, text};
use crate::key::{RECORD, order, primary};
use crate::open::Open;
use crate::rows::Attempt;

impl DynamoLedger {
    pub(crate) async fn claim_order(
        &self,
        hint: &Hint,
        owner: &str,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Claim, LedgerError> {
        for _ in 0..ROUNDS {
            let item = match self.grant(hint, owner, now, now + lease).await? {
                Attempt::Done(item) => return held(hint, &item).map(Claim::Claimed),
                Attempt::Refused(item) => item,
                Attempt::Conflict => continue,
            };
            if !is_claimed(&item, now) {
                return Ok(Claim::Answered);
            }
            if News::of(hint.cause) != News::OfTheShop || self.note_hint(hint, now).await? {
                return Ok(Claim::Busy);
            }
            // The holder finished just now, without this hint: claim again.
        }
        Err(contended())
    }

    /// The claim itself. The item's numbers change even if the same owner
    /// claims again, so that of two callers by one name one is fenced.
    async fn grant(
        &self,
        hint: &Hint,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Attempt, LedgerError> {
        // never heard of │ claimed ─────────── lease_until │ free again
        //  unknown       │ mine: my answer was lost        │ ended (0 when released)
        let free = "attribute_not_exists(#pk) OR #lease_until <= :now OR #owner = :owner";
        //  heard ── SKEW ──┤ read began later: answered_until
        //                  └ read began earlier: unanswered
        let unanswered = "attribute_not_exists(#answered_until) OR #answered_until <= :heard";
        // A wake only says that something is due, which is not so while
        // `answered_until` is there.
        let due = "attribute_not_exists(#answered_until)";
        let write = Write::default()
            .count("fence")
            .set_once("finished_fence", n(0))
            .set_once("heard_at", s(hint.received_at.to_string()))
            .set("owner", s(owner))
            .set("lease_until", n(ceil_ms(until)))
            .remove("answered_until")
            .open(Some(Open::claimed(&hint.key(), until)))
            .only_if(free)
            .value("now", n(floor_ms(now)));
        let write = match News::of(hint.cause) {
            News::OfTheShop => write.only_if(unanswered).value("heard", n(floor_ms(hint.received_at + SKEW))),
            News::OfTheErp => write,
            News::Nothing => write.only_if(due),
        };
        self.rows.attempt(primary(order(&hint.key()), RECORD), &write).await
    }

    /// Notes a hint for the holder of the claim; `false` if there is none
    /// (any more), and the hint is nowhere yet.
    async fn note_hint(&self, hint: &Hint, now: Timestamp) -> Result<bool, LedgerError> {
        // claimed ───────────── lease_until │ free: nobody would see the note
        let claimed = "#lease_until > :now";
        // Only forwards: hints come in any order.
        let newer = "attribute_not_exists(#newest_hint) OR #newest_hint < :newest_hint";
        let write = Write::default()
            .set("newest_hint", n(floor_ms(hint.received_at)))
            .only_if(claimed)
            .only_if(newer)
            .value("now", n(floor_ms(now)));
        match self.rows.attempt(primary(order(&hint.key()), RECORD), &write).await? {
            Attempt::Done(_) => Ok(true),
            Attempt::Refused(item) => Ok(is_claimed(&item, now)),
            Attempt::Conflict => Ok(false),
        }
    }
}

/// What a hint says that the ledger does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    /// The order may have changed in the shop: a read of it that begins later
    /// answers that.
    OfTheShop,
    /// Its documents changed in the ERP: no read of the shop answers that.
    OfTheErp,
    /// Only that the ledger has something due. It need not be noted, since
    /// what is due stays due.
    Nothing,
}

impl News {
    fn of(cause: Cause) -> Self {
        match cause {
            Cause::Webhook | Cause::Poll | Cause::Sweep => Self::OfTheShop,
            Cause::Erp | Cause::Desk => Self::OfTheErp,
            Cause::Wake | Cause::Probe => Self::Nothing,
        }
    }
}

fn is_claimed(item: &Item, now: Timestamp) -> bool {
    number(item, "lease_until").is_some_and(|until: i64| until > floor_ms(now))
}

fn held(hint: &Hint, item: &Item) -> Result<Box<Held>, LedgerError> {
    let fence: u64 = required(item, "fence")?;
    let finished: u64 = required(item, "finished_fence")?;
    let heard_at = text(item, "heard_at").and_then(|at| at.parse().ok()).unwrap_or(hint.received_at);
    let record = document(item, "record")?
        .unwrap_or_else(|| OrderRecord::new(hint.key(), heard_at, &hint.correlation));
    // Every claim has the next number: the one before this was finished, or
    // its holder vanished. A claim repeated by its own holder counts as such
    // too: looking once too often is safe, and a name may be used twice.
    let taken_over = finished + 1 < fence;
    Ok(Box::new(Held { record, fence, taken_over, calls: Vec::new() }))
}

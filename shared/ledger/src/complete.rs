//! Writing a record: with its audit entry, in one transaction, fenced.

use jiff::Timestamp;
use weir_domain::audit::{AuditEntry, Exchange};
use weir_domain::hint::SKEW;
use weir_domain::ports::{Held, LedgerError, Note, SeenState};
use weir_domain::record::{Hold, OrderRecord, WaitReason};

use crate::DynamoLedger;
use crate::error::{ROUNDS, contended};
use crate::expression::Write;
use crate::item::{Item, floor_ms, json, n, number, s};
use crate::key::{RECORD, audit, order, primary};
use crate::open::Open;
use crate::transact::Refusal;

/// Why a record was not written.
enum Unwritten {
    /// A hint was noted that the record's read has not answered.
    NewerHint,
    /// A hint was being noted: try again.
    Conflict,
    Failed(LedgerError),
}

impl From<LedgerError> for Unwritten {
    fn from(error: LedgerError) -> Self {
        Self::Failed(error)
    }
}

impl DynamoLedger {
    pub(crate) async fn save_record(&self, held: &mut Held, note: &Note) -> Result<(), LedgerError> {
        let record = next(&held.record);
        for _ in 0..ROUNDS {
            match self.write(&record, held, facts(&record)?, note).await {
                Ok(()) => {
                    held.record = record;
                    held.calls.clear();
                    return Ok(());
                }
                Err(Unwritten::Failed(error)) => return Err(error),
                // A save has no condition on hints: a conflict at most.
                Err(Unwritten::Conflict | Unwritten::NewerHint) => {}
            }
        }
        Err(contended())
    }

    pub(crate) async fn complete_record(&self, held: Held, note: &Note) -> Result<OrderRecord, LedgerError> {
        let mut record = next(&held.record);
        let mut look_again = false;
        for _ in 0..ROUNDS {
            let mut write = release(&record, held.fence)?;
            if !look_again && rests(&record, note.at) {
                // heard ── SKEW ──┤ read began later: answered
                //                 └ read began earlier: look again
                let answered = "attribute_not_exists(#newest_hint) OR #newest_hint < :answered";
                write = write.only_if(answered).value("answered", n(answered_before(&record)));
            }
            match self.write(&record, &held, write, note).await {
                Ok(()) => return Ok(record),
                Err(Unwritten::Failed(error)) => return Err(error),
                Err(Unwritten::Conflict) => {}
                Err(Unwritten::NewerHint) => {
                    look_again = true;
                    record.wait(WaitReason::NewerHint, note.at);
                }
            }
        }
        Err(contended())
    }

    async fn write(
        &self,
        record: &OrderRecord,
        held: &Held,
        write: Write,
        note: &Note,
    ) -> Result<(), Unwritten> {
        // claimed as 7 ───────────────┤ released: lease_until 0
        //    ours      └ claimed as 8: we are fenced
        let ours = "#fence = :mine AND #lease_until > :released";
        let write = write.only_if(ours).value("mine", n(held.fence)).value("released", n(0));
        let partition = order(&record.key);
        let writes = vec![
            self.update(primary(partition.clone(), RECORD), &write)?,
            self.put_new(audit_item(partition, record, &held.calls, note)?)?,
        ];
        match self.transact(writes).await {
            Ok(()) => Ok(()),
            Err(Refusal::Condition(0, Some(item))) if is_ours(&item, held.fence) => Err(Unwritten::NewerHint),
            Err(Refusal::Condition(0, _)) => Err(LedgerError::Fenced.into()),
            // An earlier answer to this very write was lost.
            Err(Refusal::Condition(..)) => {
                Err(LedgerError::Unavailable("the audit entry is already there".to_owned()).into())
            }
            Err(Refusal::Conflict) => Err(Unwritten::Conflict),
            Err(Refusal::Failed(error)) => Err(error.into()),
        }
    }
}

/// The record with its next audit number.
fn next(record: &OrderRecord) -> OrderRecord {
    let audit_seq = record.audit_seq + 1;
    OrderRecord { audit_seq, ..record.clone() }
}

/// The record, and what people and the poll look for without parsing it.
fn facts(record: &OrderRecord) -> Result<Write, LedgerError> {
    let seen = record.seen.as_ref();
    let state = SeenState::of(record);
    let refunds = state.as_ref().map(|state| &state.refunds).filter(|refunds| !refunds.is_empty());
    Ok(Write::default()
        .set("record", json(record)?)
        .set("view", s(record.view()))
        .set_or_remove("number", seen.map(|seen| s(&seen.number)))
        .set_or_remove("seen_modified", state.as_ref().map(|state| s(state.surely_until.to_string())))
        .set_or_remove("seen_refunds", refunds.map(json).transpose()?))
}

/// The record, and the end of the claim. Hints noted until now are answered,
/// or have become the wait that the record says.
fn release(record: &OrderRecord, fence: u64) -> Result<Write, LedgerError> {
    let settled = record.due_at().is_none();
    let read_at = record.seen.as_ref().filter(|_| settled).map(|seen| n(floor_ms(seen.read_at)));
    Ok(facts(record)?
        .set("lease_until", n(0))
        .set("finished_fence", n(fence))
        .set_or_remove("answered_until", read_at)
        .remove("newest_hint")
        .open(Open::free(record)))
}

/// Whether nobody would look at the order in time: then a newer hint must
/// make it due. What waits for a peer is read anew in any case, and cannot
/// go on sooner.
fn rests(record: &OrderRecord, now: Timestamp) -> bool {
    match &record.hold {
        Hold::None | Hold::Exception(_) => true,
        Hold::Waiting { reason: WaitReason::Payment, due_at, .. } => *due_at > now,
        Hold::Waiting { .. } | Hold::Held { .. } | Hold::Skipped { .. } => false,
    }
}

/// Hints received before this are answered by the record's last read, in ms.
fn answered_before(record: &OrderRecord) -> i64 {
    record.seen.as_ref().map_or(0, |seen| floor_ms(seen.read_at - SKEW))
}

fn is_ours(item: &Item, fence: u64) -> bool {
    number(item, "fence") == Some(fence) && number(item, "lease_until").is_some_and(|until: i64| until > 0)
}

fn audit_item(
    partition: String,
    record: &OrderRecord,
    calls: &[Exchange],
    note: &Note,
) -> Result<Item, LedgerError> {
    let entry = AuditEntry {
        seq: record.audit_seq,
        at: note.at,
        who: note.who.clone(),
        what: note.what.clone(),
        why: note.why.clone(),
        correlation: record.correlation.clone(),
        calls: calls.to_vec(),
        record: record.clone(),
    };
    let mut item = primary(partition, audit(entry.seq));
    item.insert("entry".to_owned(), json(&entry)?);
    Ok(item)
}

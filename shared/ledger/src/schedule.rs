//! Leases and checkpoints of scheduled work.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use weir_domain::ports::{Checkpoint, LedgerError, Schedules};

use crate::DynamoLedger;
use crate::error::contended;
use crate::expression::Write;
use crate::item::{ceil_ms, floor_ms, n, required, s, text};
use crate::key::{STATE, primary, schedule};
use crate::rows::Attempt;

#[async_trait]
impl Schedules for DynamoLedger {
    async fn begin(
        &self,
        job: &str,
        owner: &str,
        now: Timestamp,
        lease: SignedDuration,
    ) -> Result<Option<Checkpoint>, LedgerError> {
        // never run │ running ──────────── lease_until │ ended (0 when given back)
        //           │ mine: my answer was lost         │
        let free = "attribute_not_exists(#pk) OR #lease_until <= :now OR #owner = :owner";
        let write = Write::default()
            .count("fence")
            .set("owner", s(owner))
            .set("lease_until", n(ceil_ms(now + lease)))
            .only_if(free)
            .value("now", n(floor_ms(now)));
        match self.rows.attempt(primary(schedule(job), STATE), &write).await? {
            Attempt::Done(item) => {
                let cursor = text(&item, "cursor").map(str::to_owned);
                Ok(Some(Checkpoint { cursor, fence: required(&item, "fence")? }))
            }
            Attempt::Refused(_) => Ok(None),
            Attempt::Conflict => Err(contended()),
        }
    }

    async fn advance(&self, job: &str, checkpoint: &mut Checkpoint, cursor: &str) -> Result<(), LedgerError> {
        self.write_run(job, checkpoint.fence, Write::default().set("cursor", s(cursor))).await?;
        checkpoint.cursor = Some(cursor.to_owned());
        Ok(())
    }

    async fn end(&self, job: &str, checkpoint: Checkpoint) -> Result<(), LedgerError> {
        self.write_run(job, checkpoint.fence, Write::default().set("lease_until", n(0))).await
    }
}

impl DynamoLedger {
    async fn write_run(&self, job: &str, fence: u64, write: Write) -> Result<(), LedgerError> {
        // begun as 7 ────────────┤ ended: lease_until 0
        //   ours     └ begun as 8: we are fenced
        let ours = "#fence = :mine AND #lease_until > :ended";
        let write = write.only_if(ours).value("mine", n(fence)).value("ended", n(0));
        match self.rows.attempt(primary(schedule(job), STATE), &write).await? {
            Attempt::Done(_) => Ok(()),
            Attempt::Refused(_) => Err(LedgerError::Fenced),
            Attempt::Conflict => Err(contended()),
        }
    }
}

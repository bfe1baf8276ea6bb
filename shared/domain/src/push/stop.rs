//! When work stops before its end: who waits, for how long, and who is told.
//! Done, rejected, retry soon, blocked and unknown each have one way out, and
//! every way ends in a durable record.

use jiff::{SignedDuration, Timestamp};

use super::session::{Done, Session};
use super::{Pushed, Reason, Stop, Summary};
use crate::circuit::Peer;
use crate::outcome::CallError;
use crate::ports::{LedgerError, StoreDisabled};
use crate::record::{DocumentAxis, Exception, Hold, WaitReason};

/// Deliveries of one message that may be spent on "retry soon" before the
/// order waits in the ledger instead. Well below the queue's receive count.
const QUICK_RETRIES: u32 = 3;
/// Unknown outcomes in a row, with the ERP otherwise well, before a person
/// has to look.
const UNKNOWN_BUDGET: u32 = 8;
/// A store whose configuration is wrong is looked at again after this.
const DISABLED_WAIT: SignedDuration = SignedDuration::from_mins(15);
/// A peer's wish (`Retry-After`) is honoured up to this.
const LONGEST_WISH: SignedDuration = SignedDuration::from_hours(1);

impl Session<'_> {
    pub(super) async fn stop(self, stop: Stop) -> Result<Pushed, LedgerError> {
        match stop {
            Stop::Ledger(error) => Err(error),
            Stop::StoreDisabled(disabled) => self.disabled(&disabled).await,
            Stop::Gone => Box::pin(self.gone()).await,
            Stop::CircuitOpen(peer, probe_at) => self.circuit_open(peer, probe_at).await,
            Stop::Except(reason) => self.except(reason).await,
            Stop::OutOfTime => {
                self.again_soon(SignedDuration::from_secs(1), "too little time was left").await
            }
            Stop::Call(peer, error) => Box::pin(self.failed(peer, error)).await,
        }
    }

    async fn failed(self, peer: Peer, error: CallError) -> Result<Pushed, LedgerError> {
        match error {
            CallError::Rejected(rejection) => self.except(Reason::of_refusal(&peer, rejection)).await,
            CallError::Blocked { .. } => {
                let probe_at = self.probe_time(&peer).await?;
                self.circuit_open(peer, probe_at).await
            }
            CallError::RetrySoon { why, after } => Box::pin(self.busy(&why, after)).await,
            CallError::Unknown { why } => Box::pin(self.unknown(peer, &why)).await,
        }
    }

    /// Throttled or refused: certainly not done. The queue brings the message
    /// back a few times; then the order waits in the ledger.
    async fn busy(mut self, why: &str, after: Option<SignedDuration>) -> Result<Pushed, LedgerError> {
        self.held.record.failures = self.held.record.failures.saturating_add(1);
        let wish = after.map(|wish| wish.clamp(SignedDuration::ZERO, LONGEST_WISH));
        let wait = wish.unwrap_or_else(|| backoff(5, self.held.record.failures, 900));
        if self.delivery.receives <= QUICK_RETRIES && wait <= SignedDuration::from_mins(2) {
            return self.again_soon(wait, why).await;
        }
        let due_at = self.now() + wait.max(SignedDuration::from_secs(30));
        self.park(WaitReason::PeerBusy, due_at, "waits", why).await.map(Pushed::Acknowledge)
    }

    /// The queue brings the message back; should it not, the ledger does.
    async fn again_soon(self, wait: SignedDuration, why: &str) -> Result<Pushed, LedgerError> {
        if self.delivery.receives > QUICK_RETRIES {
            let due_at = self.now() + wait;
            return self.park(WaitReason::PeerBusy, due_at, "waits", why).await.map(Pushed::Acknowledge);
        }
        let safety_net = self.now() + wait + SignedDuration::from_mins(3);
        let summary = self.park(WaitReason::PeerBusy, safety_net, "retries", why).await?;
        Ok(Pushed::RetryAfter(wait, summary))
    }

    /// It may have happened: looked up after the ERP's longest request time.
    async fn unknown(mut self, peer: Peer, why: &str) -> Result<Pushed, LedgerError> {
        if let Peer::Erp(_) = peer {
            self.held.record.in_doubt_until = Some(self.now() + self.lateness(&peer).await);
        }
        if let Some(probe_at) = self.open_until(&peer).await? {
            // The peer is ill, not this order: nothing is spent.
            return self.circuit_open(peer, probe_at).await;
        }
        self.held.record.unknowns = self.held.record.unknowns.saturating_add(1);
        if self.held.record.unknowns > UNKNOWN_BUDGET {
            let detail = format!(
                "{peer} gave no clear answer {UNKNOWN_BUDGET} times ({why}). Look there for the order, then adopt or retry."
            );
            return self.except(Reason::new("outcome_unknown", peer.to_string(), detail)).await;
        }
        let wait = self.lateness(&peer).await + backoff(5, self.held.record.unknowns, 3600);
        let due_at = self.now() + wait;
        self.park(WaitReason::UnknownOutcome, due_at, "unknown", why).await.map(Pushed::Acknowledge)
    }

    /// How long after our time-out the peer may still do what was asked, and
    /// how long what it did may stay invisible.
    async fn lateness(&self, peer: &Peer) -> SignedDuration {
        let Peer::Erp(erp) = peer else {
            return SignedDuration::ZERO;
        };
        match self.push.connections.erp(erp).await {
            Ok(erp) => erp.capabilities().longest_request + erp.capabilities().lookup_lag,
            Err(_) => SignedDuration::from_mins(10),
        }
    }

    async fn open_until(&self, peer: &Peer) -> Result<Option<Timestamp>, LedgerError> {
        let slot = self.push.ledger.circuit(peer).await?;
        Ok(slot.circuit.open.map(|open| open.probe_at))
    }

    async fn probe_time(&self, peer: &Peer) -> Result<Timestamp, LedgerError> {
        let soon = self.now() + SignedDuration::from_mins(1);
        Ok(self.open_until(peer).await?.unwrap_or(soon))
    }

    async fn circuit_open(mut self, peer: Peer, probe_at: Timestamp) -> Result<Pushed, LedgerError> {
        self.open_circuit = Some(peer.clone());
        let why = format!("the circuit of {peer} is open");
        self.park(WaitReason::CircuitOpen(peer), probe_at, "parked", &why).await.map(Pushed::Acknowledge)
    }

    async fn disabled(self, disabled: &StoreDisabled) -> Result<Pushed, LedgerError> {
        let due_at = self.now() + DISABLED_WAIT;
        self.park(WaitReason::StoreDisabled, due_at, "parked", &disabled.to_string())
            .await
            .map(Pushed::Acknowledge)
    }

    /// Deleted for good before or after we booked it.
    async fn gone(mut self) -> Result<Pushed, LedgerError> {
        self.gone = true;
        if self.held.record.is_kept() {
            return self
                .complete(Done::new("unchanged", "the shop has no such order; a person keeps it"))
                .await;
        }
        match self.held.record.document {
            DocumentAxis::None | DocumentAxis::Cancelled | DocumentAxis::Closed => {
                self.held.record.hold = Hold::None;
                self.complete(Done::new("gone", "the shop has no such order, and nothing was booked for it"))
                    .await
            }
            DocumentAxis::Pushing | DocumentAxis::InErp => {
                let detail =
                    "The shop deleted the order for good after its sales order was made, or while it was.";
                self.except(Reason::new("deleted_in_shop", "order", detail)).await
            }
        }
    }

    async fn except(mut self, reason: Reason) -> Result<Pushed, LedgerError> {
        if self.held.record.is_kept() {
            return self
                .complete(Done::new("unchanged", "a person keeps it, whatever is wrong with it"))
                .await;
        }
        let done = Done::new("excepted", reason.detail.clone());
        self.held.record.hold = Hold::Exception(self.exception(reason));
        self.complete(done).await
    }

    /// The exception that a reason makes, about the state that was read.
    pub(super) fn exception(&self, reason: Reason) -> Exception {
        let Reason { code, subject, detail } = reason;
        let (since, about, concern) = (self.now(), self.read.clone(), self.concern);
        Exception { code, subject, detail, since, about, concern, accepted: None }
            .after(self.held.record.exception())
    }

    /// The same about no state: it is looked at again whatever the shop says.
    pub(super) fn exception_anew(&self, reason: Reason) -> Exception {
        Exception { about: None, ..self.exception(reason) }.after(self.held.record.exception())
    }

    /// Waiting lives in the ledger, with a due time: an outage of any length
    /// spends no receive count.
    async fn park(
        mut self,
        reason: WaitReason,
        due_at: Timestamp,
        what: &'static str,
        why: &str,
    ) -> Result<Summary, LedgerError> {
        self.held.record.wait(reason, due_at);
        self.finish(Done::new(what, why)).await
    }
}

/// Doubling from `first_s`, up to `longest_s`, spread by nobody's order id:
/// the batch loop adds the jitter.
pub(super) fn backoff(first_s: i64, attempt: u32, longest_s: i64) -> SignedDuration {
    let factor = 2_i64.saturating_pow(attempt.saturating_sub(1).min(20));
    SignedDuration::from_secs(first_s.saturating_mul(factor).min(longest_s))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_and_ends() {
        let seconds: Vec<i64> = (1..=5).map(|attempt| backoff(5, attempt, 60).as_secs()).collect();
        assert_eq!(seconds, [5, 10, 20, 40, 60]);
        assert_eq!(backoff(5, u32::MAX, 60).as_secs(), 60);
    }
}

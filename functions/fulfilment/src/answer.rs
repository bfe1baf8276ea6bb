//! The one function that two things start: its queue, with messages, and its
//! schedule, with nothing to say.

use aws_lambda_events::event::sqs::SqsEvent;
use jiff::Timestamp;
use serde_json::Value;
use weir_domain::push::OrderPush;
use weir_runtime::batch::Batch;

use crate::tick::{Incomplete, Tick};

/// Both halves.
pub struct Fulfilment {
    /// What is done with the order of a message.
    pub push: OrderPush,
    /// The messages' loop.
    pub batch: Batch,
    /// What the schedule does.
    pub tick: Tick,
}

/// Why an invocation failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Some of a tick's duties.
    #[error(transparent)]
    Incomplete(#[from] Incomplete),
    /// Not the shape of SQS. What it holds is not for the log.
    #[error("the event has Records and is no batch of SQS, or its answer is no JSON")]
    Shape,
}

impl Fulfilment {
    /// Answers one event: a batch with the records that must come back, a tick
    /// with null. What has `Records` is a batch.
    pub async fn answer(
        &self,
        event: Value,
        invocation: &str,
        deadline: Timestamp,
    ) -> Result<Value, Failure> {
        if event.get("Records").is_none() {
            self.tick.run(invocation, deadline).await?;
            return Ok(Value::Null);
        }
        let messages: SqsEvent = serde_json::from_value(event).map_err(|_| Failure::Shape)?;
        let work = |record| order_push::work(&self.push, record, invocation);
        let answer = self.batch.process(messages, deadline, work).await;
        serde_json::to_value(answer).map_err(|_| Failure::Shape)
    }
}

#[cfg(test)]
mod tests;

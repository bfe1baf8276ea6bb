//! A standard queue: at least once, in no order, with visibility time-outs,
//! receive counts and a dead-letter queue.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use weir_domain::hint::Hint;
use weir_domain::ports::{OrderQueue, QueueError, StockQueue};
use weir_domain::stock::StockMoved;
use weir_runtime::batch::{Visibility, VisibilityError};

use crate::faults::FaultClass as F;
use crate::stage::{Port, Stage, lock};

/// The queue's visibility time-out: six times the function's.
const VISIBILITY: SignedDuration = SignedDuration::from_secs(360);
/// Receives before a message goes to the dead-letter queue.
const MAX_RECEIVES: u32 = 10;
/// Messages of one batch.
const BATCH: usize = 5;

/// A delivered message.
#[derive(Debug, Clone)]
pub struct Message {
    /// The same in every delivery.
    pub id: u64,
    /// What was sent.
    pub body: String,
    /// Deliveries so far, this one included.
    pub receives: u32,
    /// Of this delivery.
    pub receipt: String,
    visible_at: Timestamp,
}

/// One queue and its dead letters.
#[derive(Debug)]
pub struct SimQueue {
    stage: Arc<Stage>,
    state: Mutex<State>,
    /// Something may be visible earlier than known.
    pub news: Notify,
}

#[derive(Debug, Default)]
struct State {
    messages: BTreeMap<u64, Message>,
    dead: Vec<String>,
    sent: u64,
    every_body: Vec<String>,
}

impl SimQueue {
    /// An empty queue.
    pub fn new(stage: &Arc<Stage>) -> Self {
        Self { stage: Arc::clone(stage), state: Mutex::default(), news: Notify::new() }
    }

    /// Puts a body in, whoever sends it.
    pub fn put(&self, body: &str) {
        let copies = if self.stage.strikes(F::Q1) { 2 } else { 1 };
        for _ in 0..copies {
            let delay =
                if self.stage.strikes(F::Q3) { self.stage.draw(|dice| dice.i64(1..120_000)) } else { 0 };
            let visible_at = self.stage.now() + SignedDuration::from_millis(delay);
            let mut state = lock(&self.state);
            state.sent += 1;
            let id = state.sent;
            state.every_body.push(body.to_owned());
            let message =
                Message { id, body: body.to_owned(), receives: 0, receipt: String::new(), visible_at };
            state.messages.insert(id, message);
        }
        self.news.notify_one();
    }

    /// A batch of what is visible, hidden from others for a while.
    pub fn receive(&self) -> Vec<Message> {
        let now = self.stage.now();
        let mut state = lock(&self.state);
        let mut visible: Vec<u64> = state
            .messages
            .values()
            .filter(|message| message.visible_at <= now)
            .map(|message| message.id)
            .collect();
        if visible.len() > 1 && self.stage.strikes(F::Q2) {
            self.stage.draw(|dice| dice.shuffle(&mut visible));
        }
        visible.truncate(BATCH);
        visible.into_iter().filter_map(|id| self.deliver(&mut state, id, now)).collect()
    }

    fn deliver(&self, state: &mut State, id: u64, now: Timestamp) -> Option<Message> {
        let message = state.messages.get_mut(&id)?;
        message.receives += 1;
        if message.receives > MAX_RECEIVES {
            self.stage.coverage.met(F::Q6);
            self.stage.log(|| format!("message {id} goes to the dead-letter queue"));
            let dead = state.messages.remove(&id)?;
            state.dead.push(dead.body);
            return None;
        }
        message.visible_at = now + VISIBILITY;
        message.receipt = format!("{id}/{}", message.receives);
        Some(message.clone())
    }

    /// It has done its work. A receipt that is no longer the newest does
    /// nothing.
    pub fn delete(&self, message: &Message) {
        let mut state = lock(&self.state);
        if state.messages.get(&message.id).is_some_and(|known| known.receipt == message.receipt) {
            state.messages.remove(&message.id);
        }
    }

    /// When the next message becomes visible.
    pub fn next_visible(&self) -> Option<Timestamp> {
        lock(&self.state).messages.values().map(|message| message.visible_at).min()
    }

    /// Bodies waiting or being worked on.
    pub fn bodies(&self) -> Vec<String> {
        lock(&self.state).messages.values().map(|message| message.body.clone()).collect()
    }

    /// Bodies of the dead letters.
    pub fn dead(&self) -> Vec<String> {
        lock(&self.state).dead.clone()
    }

    /// Every body that was ever sent.
    pub fn every_body(&self) -> Vec<String> {
        lock(&self.state).every_body.clone()
    }

    /// Whether a body with this text was ever taken.
    pub fn was_sent(&self, text: &str) -> bool {
        lock(&self.state).every_body.iter().any(|body| body.contains(text))
    }

    /// Operators send the dead letters again that can be read.
    pub fn redrive_readable(&self) {
        let dead = std::mem::take(&mut lock(&self.state).dead);
        let (readable, poison): (Vec<_>, Vec<_>) = dead.into_iter().partition(|body| is_readable(body));
        lock(&self.state).dead = poison;
        for body in readable {
            self.put(&body);
        }
    }
}

#[async_trait]
impl OrderQueue for SimQueue {
    async fn send(&self, hints: &[Hint]) -> Result<(), QueueError> {
        let fail = |class: F| QueueError(format!("{class}"));
        self.stage
            .call(Port::Queue, "queue.send", fail, || {
                for hint in hints {
                    self.put(&serde_json::to_string(hint).map_err(|error| QueueError(error.to_string()))?);
                }
                Ok(())
            })
            .await
    }
}

#[async_trait]
impl StockQueue for SimQueue {
    async fn send(&self, messages: &[StockMoved]) -> Result<(), QueueError> {
        let fail = |class: F| QueueError(format!("{class}"));
        self.stage
            .call(Port::Queue, "stock queue.send", fail, || {
                for message in messages {
                    self.put(&serde_json::to_string(message).map_err(|error| QueueError(error.to_string()))?);
                }
                Ok(())
            })
            .await
    }
}

fn is_readable(body: &str) -> bool {
    body.parse::<Hint>().is_ok() || body.parse::<StockMoved>().is_ok()
}

/// The queue as the batch loop puts messages off.
#[derive(Debug)]
pub struct SimVisibility(pub Arc<SimQueue>);

#[async_trait]
impl Visibility for SimVisibility {
    async fn put_off(&self, receipt_handle: &str, seconds: i32) -> Result<(), VisibilityError> {
        let queue = &self.0;
        let fail = |class: F| VisibilityError(format!("{class}"));
        queue
            .stage
            .call(Port::Queue, "queue.put_off", fail, || {
                let now = queue.stage.now();
                let mut state = lock(&queue.state);
                if let Some(message) =
                    state.messages.values_mut().find(|known| known.receipt == receipt_handle)
                {
                    message.visible_at = now + SignedDuration::from_secs(seconds.into());
                }
                Ok(())
            })
            .await?;
        queue.news.notify_one();
        Ok(())
    }
}

/// How long from `now` until `at`, for sleeping.
pub fn until(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
}

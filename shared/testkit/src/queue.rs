use std::sync::Mutex;

use async_trait::async_trait;
use weir_domain::hint::Hint;
use weir_domain::ports::{OrderQueue, QueueError};

use crate::fault::Faults;
use crate::lock;

/// What a queue can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum QueueOp {
    /// [`OrderQueue::send`].
    Send,
}

/// A queue that keeps what it is given until somebody takes it.
#[derive(Debug, Default)]
pub struct FakeQueue {
    /// What goes wrong.
    pub faults: Faults<QueueOp, QueueError>,
    hints: Mutex<Vec<Hint>>,
}

impl FakeQueue {
    /// Takes everything out, oldest first.
    pub fn take(&self) -> Vec<Hint> {
        std::mem::take(&mut *lock(&self.hints))
    }

    /// How many hints are in it.
    pub fn depth(&self) -> usize {
        lock(&self.hints).len()
    }
}

#[async_trait]
impl OrderQueue for FakeQueue {
    async fn send(&self, hints: &[Hint]) -> Result<(), QueueError> {
        self.faults.strike(QueueOp::Send, || {
            lock(&self.hints).extend_from_slice(hints);
            Ok(())
        })
    }
}

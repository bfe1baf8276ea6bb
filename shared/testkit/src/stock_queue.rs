use std::sync::Mutex;

use async_trait::async_trait;
use weir_domain::ports::{QueueError, StockQueue};
use weir_domain::stock::StockMoved;
use weir_domain::stock::message::ITEMS;

use crate::fault::Faults;
use crate::lock;

/// What a stock queue can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StockQueueOp {
    /// [`StockQueue::send`].
    Send,
}

/// A stock queue that keeps what it is given until somebody takes it.
#[derive(Debug, Default)]
pub struct FakeStockQueue {
    /// What goes wrong.
    pub faults: Faults<StockQueueOp, QueueError>,
    messages: Mutex<Vec<StockMoved>>,
}

impl FakeStockQueue {
    /// Takes everything out, oldest first.
    pub fn take(&self) -> Vec<StockMoved> {
        std::mem::take(&mut *lock(&self.messages))
    }

    /// How many messages are in it.
    pub fn depth(&self) -> usize {
        lock(&self.messages).len()
    }
}

#[async_trait]
impl StockQueue for FakeStockQueue {
    async fn send(&self, messages: &[StockMoved]) -> Result<(), QueueError> {
        self.faults.strike(StockQueueOp::Send, || {
            if let Some(items) =
                messages.iter().map(|message| message.skus.len()).find(|items| *items > ITEMS)
            {
                return Err(QueueError(format!("a message of {items} items, more than {ITEMS}")));
            }
            lock(&self.messages).extend_from_slice(messages);
            Ok(())
        })
    }
}

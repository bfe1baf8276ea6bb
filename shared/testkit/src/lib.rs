//! Test support: a fake of every port, sample orders, and readers of the
//! recordings and of `events/`. Only ever a dev-dependency.
//!
//! The fakes keep the promises of the ports exactly and have no clock, no
//! randomness and no threads of their own, so that a run can be repeated.
//! What goes wrong is scripted: see [`fault`].
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "test support: a broken sample or recording must stop the test at once"
)]

pub mod conformance;
pub mod dynamo;
pub mod emulator;
pub mod events;
pub mod fault;
pub mod recordings;
pub mod sample;

mod books;
mod clock;
mod connections;
mod erp;
mod erp_stock;
mod history;
mod ledger;
mod queue;
mod queues;
mod shop;
mod shop_deliveries;
mod shop_stock;
mod stock_queue;
mod stock_store;
mod webhooks;

pub use books::{BooksOp, FakeBooks};
pub use clock::FakeClock;
pub use connections::FakeConnections;
pub use erp::{ErpOp, FakeErp, Sale};
pub use erp_stock::{ErpStockOp, FakeErpStock};
pub use fault::Fault;
pub use history::{FakeHistory, HistoryOp};
pub use ledger::{FakeLedger, LedgerOp};
pub use queue::{FakeQueue, QueueOp};
pub use queues::{FakeQueues, QueuesOp};
pub use shop::{FakeShop, ShopOp};
pub use shop_deliveries::Told;
pub use shop_stock::{FakeShopStock, ShopStockOp};
pub use stock_queue::{FakeStockQueue, StockQueueOp};
pub use stock_store::{FakeStockStore, StockOp};
pub use webhooks::{FakeWebhooks, WebhookOp};

/// Locks what only this process touches. A test that panicked while holding
/// it has failed already; what it left is still what the next one asks for.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Says that something is not there to be tested against. Printed past the
/// test harness, which would swallow it.
pub fn announce(text: &str) {
    use std::io::Write;
    // Nothing is lost if standard output is closed.
    let _ = writeln!(std::io::stdout(), "{text}");
}

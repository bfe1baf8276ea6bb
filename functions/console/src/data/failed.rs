//! Which events failed to propagate: dead letters, and open orders whose sales
//! order is in the ERP while something after it (a refund, a parcel, a return,
//! a status, a cancellation) does not get to the other side.

use futures::future::join;
use serde::Serialize;
use weir_domain::id::StoreId;
use weir_domain::ports::{OpenState, QueueDepth};
use weir_domain::record::{DocumentAxis, Hold, OrderRecord, WaitReason};

use super::queues;
use super::stuck::{OpenWork, open_work};
use crate::Problem;
use crate::state::App;

/// What failed to propagate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// The queues, with how many dead letters each has; `None` where they do
    /// not answer.
    pub queues: Option<Vec<QueueDepth>>,
    /// Orders of one store that stand or wait behind the ERP.
    pub orders: OpenWork,
}

/// Both. `of` and `after` as in [`stuck`](super::stuck::stuck).
pub async fn failed(
    app: &App,
    store: &StoreId,
    of: Option<OpenState>,
    after: Option<&str>,
) -> Result<Failed, Problem> {
    let orders = open_work(app, store, of, after, |record| record.is_some_and(is_behind));
    let (queues, orders) = join(queues::depths(app), orders).await;
    Ok(Failed { queues, orders: orders? })
}

/// Whether it is in the ERP, and something after that does not go on. One that
/// only waits for its money, or for a quiet moment, is as it should be.
fn is_behind(record: &OrderRecord) -> bool {
    let reached = !matches!(record.document, DocumentAxis::None | DocumentAxis::Pushing);
    let as_it_should_be = matches!(
        &record.hold,
        Hold::Waiting { reason: WaitReason::Payment | WaitReason::QuietPeriod, excepted: None, .. }
    );
    reached && !as_it_should_be
}

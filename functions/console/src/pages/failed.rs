//! Which events failed to propagate?

use maud::{Markup, html};

use super::layout::{Frame, page};
use super::lists::{self, Tab};
use super::parts::calm;
use super::queues::{depths, letters};
use super::stale::items;
use crate::data::failed::Failed;
use crate::data::queues::QueuePage;
use crate::data::stale::StaleItem;

/// Everything the page shows beside [`Failed`].
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// The queues that have dead letters.
    pub letters: &'a [QueuePage],
    /// Items of the store whose quantity is an exception.
    pub items: &'a [StaleItem],
}

/// The page.
pub fn render(frame: &Frame, tabs: &[Tab], failed: &Failed, beside: Beside, of: Option<&str>) -> Markup {
    let store = &failed.orders.store;
    let content = html! {
        h1 { "Failed to propagate" }
        p.lead { "Messages that failed again and again, and what happened on one side and has not reached the other." }
        h2 { "Dead letters" }
        @match &failed.queues {
            None => p.dim { "The queues do not answer: what lies in them is not known. Look again in a minute." }
            Some(queues) if queues.iter().all(|queue| queue.dead == 0) => (calm("No queue has a dead letter.")),
            Some(queues) => (depths(queues)),
        }
        @for page in beside.letters { (letters(frame, page)) }
        (lists::tabs("/failed", tabs, store, "open"))
        h2 { "Booked orders of " (store) " that stand or wait" }
        p.dim { "Their sales order is in the ERP; a refund, a parcel, a return, a status or a cancellation has not reached the other side." }
        (lists::work(frame, "/failed", &failed.orders, of, "Every refund, parcel, return and cancellation of this store has reached the other side."))
        h2 { "Quantities that people have to look at" }
        @if beside.items.is_empty() {
            (calm("No item of this store is in an exception."))
        } @else {
            (items(frame, "Their quantity in the shop is left as it is", beside.items))
            p.cut { "Out of the oldest stale items. " a href={ "/console/stale?store=" (store) } { "All stale items" } }
        }
    };
    page(frame, "/failed", "Failed to propagate", &content)
}

//! What deliveries say about the webhooks of their store: that one has another
//! secret, that whoever made it has lost the right to read orders, or that it
//! speaks the legacy API. Nothing of a delivery is kept but how it ended.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use weir_domain::id::StoreId;
use weir_domain::ports::{Clock, LedgerError, Trouble, WebhookTroubles};

use crate::delivery::NotAnOrder;
use crate::receive::Receipt;
use crate::signature::SignatureError;

/// So many in a row are no accident.
const IN_A_ROW: u32 = 3;
/// One trouble of one store is noted no more often.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Counts what each configured store's deliveries come to, for as long as the
/// process lives: every process counts its own.
pub struct Watch {
    troubles: Arc<dyn WebhookTroubles>,
    clock: Arc<dyn Clock>,
    stores: BTreeMap<StoreId, Mutex<Count>>,
}

#[derive(Debug, Default)]
struct Count {
    /// Of whatever kind.
    bad_signatures_in_a_row: u32,
    /// Of these, signatures that could be a shop's with another secret. What
    /// is not signed at all says nothing about a webhook: any stranger can
    /// post that.
    mismatches_in_a_row: u32,
    bad_signatures_noted: Option<Timestamp>,
    owner_noted: Option<Timestamp>,
    old_api_noted: Option<Timestamp>,
}

/// A trouble that a delivery showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Noticed {
    /// Whose webhook it is.
    pub store: StoreId,
    /// What is wrong with it.
    pub trouble: Trouble,
    /// When.
    pub at: Timestamp,
    /// Whether it is time to leave word of it.
    pub is_due: bool,
}

impl Watch {
    /// Of these stores: names that a stranger invents are not counted.
    pub fn new(
        troubles: Arc<dyn WebhookTroubles>,
        clock: Arc<dyn Clock>,
        stores: impl IntoIterator<Item = StoreId>,
    ) -> Self {
        let stores = stores.into_iter().map(|store| (store, Mutex::default())).collect();
        Self { troubles, clock, stores }
    }

    /// What the end of a delivery shows, if anything.
    pub fn see(&self, store: &str, receipt: &Receipt) -> Option<Noticed> {
        let store: StoreId = store.parse().ok()?;
        let mut count = self.stores.get(&store)?.lock().unwrap_or_else(PoisonError::into_inner);
        let trouble = count.trouble(receipt)?;
        let at = self.clock.now();
        let is_the_webhooks = trouble != Trouble::BadSignatures || count.mismatches_in_a_row >= IN_A_ROW;
        let noted = match trouble {
            Trouble::BadSignatures => &mut count.bad_signatures_noted,
            Trouble::OwnerWithoutRights => &mut count.owner_noted,
            Trouble::OldApi => &mut count.old_api_noted,
        };
        // A clock that was set back makes it due, too.
        let is_due = is_the_webhooks && noted.is_none_or(|noted| at < noted || noted + NOTED_EVERY <= at);
        if is_due {
            *noted = Some(at);
        }
        Some(Noticed { store, trouble, at, is_due })
    }

    /// Leaves word for whoever guards the webhooks.
    pub async fn note(&self, noticed: &Noticed) -> Result<(), LedgerError> {
        self.troubles.note_trouble(&noticed.store, noticed.trouble, noticed.at).await
    }
}

impl Count {
    fn trouble(&mut self, receipt: &Receipt) -> Option<Trouble> {
        match receipt {
            Receipt::Refused(why) => {
                let mismatch = u32::from(*why == SignatureError::Mismatch);
                self.mismatches_in_a_row = self.mismatches_in_a_row.saturating_add(mismatch);
                self.bad_signatures_in_a_row = self.bad_signatures_in_a_row.saturating_add(1);
                (self.bad_signatures_in_a_row >= IN_A_ROW).then_some(Trouble::BadSignatures)
            }
            Receipt::Nothing(why, _) => {
                self.one_holds();
                (*why == NotAnOrder::OwnerLostRights).then_some(Trouble::OwnerWithoutRights)
            }
            Receipt::OldApi(..) => {
                self.one_holds();
                Some(Trouble::OldApi)
            }
            Receipt::Queued(..) | Receipt::UnknownTopic(_) => {
                self.one_holds();
                None
            }
            // Nobody signed these, or nobody looked.
            Receipt::Ping | Receipt::Unavailable(_) => None,
        }
    }

    /// A signature that holds ends the row.
    fn one_holds(&mut self) {
        (self.bad_signatures_in_a_row, self.mismatches_in_a_row) = (0, 0);
    }
}

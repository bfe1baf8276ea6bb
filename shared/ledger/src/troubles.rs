//! What deliveries said about a store's webhooks: one instant for each
//! trouble, which only moves forwards.

use async_trait::async_trait;
use jiff::Timestamp;
use weir_domain::id::StoreId;
use weir_domain::ports::{LedgerError, Trouble, Troubles, WebhookTroubles};

use crate::DynamoLedger;
use crate::expression::Write;
use crate::item::{instant_of, nanoseconds};
use crate::key::{STATE, primary, webhooks};
use crate::rows::was_done;

#[async_trait]
impl WebhookTroubles for DynamoLedger {
    async fn note_trouble(
        &self,
        store: &StoreId,
        trouble: Trouble,
        at: Timestamp,
    ) -> Result<(), LedgerError> {
        let name = name(trouble);
        // never noted │ noted earlier ──┤ ours counts
        //                               └ noted later: that stays
        let newer = format!("attribute_not_exists(#{name}) OR #{name} < :{name}");
        let write = Write::default().set(name, nanoseconds(at)).only_if(&newer);
        was_done(&self.rows.attempt(primary(webhooks(store), STATE), &write).await?).map(drop)
    }

    async fn troubles(&self, store: &StoreId) -> Result<Troubles, LedgerError> {
        let item = self.rows.get(primary(webhooks(store), STATE)).await?.unwrap_or_default();
        Ok(Troubles {
            bad_signatures: instant_of(&item, name(Trouble::BadSignatures))?,
            owner_without_rights: instant_of(&item, name(Trouble::OwnerWithoutRights))?,
            old_api: instant_of(&item, name(Trouble::OldApi))?,
        })
    }
}

/// The attribute of a trouble.
fn name(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::BadSignatures => "bad_signatures",
        Trouble::OwnerWithoutRights => "owner_without_rights",
        Trouble::OldApi => "old_api",
    }
}

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::LedgerError;
use crate::id::StoreId;
use crate::outcome::CallError;

/// A webhook as the shop has it. Its secret is never shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The shop's id.
    pub id: u64,
    /// What people call it.
    pub name: String,
    /// E.g. `order.updated`.
    pub topic: String,
    /// Where it delivers to.
    pub url: String,
    /// Whether it delivers.
    pub status: WebhookStatus,
}

/// Whether a webhook delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookStatus {
    /// It does.
    Active,
    /// A person paused it.
    Paused,
    /// The shop switched it off after failures, or a person did.
    Disabled,
}

/// A webhook to be made. Its secret is the adapter's to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWebhook {
    /// What people will call it.
    pub name: String,
    /// E.g. `order.updated`.
    pub topic: String,
    /// Where it delivers to.
    pub url: String,
}

/// The webhooks of one store.
#[async_trait]
pub trait ShopWebhooks: Send + Sync {
    /// All of them, others' too.
    async fn webhooks(&self) -> Result<Vec<Webhook>, CallError>;

    /// Makes one with the store's present secret; the shop pings it. A second
    /// call makes a second one.
    async fn create_webhook(&self, webhook: &NewWebhook) -> Result<Webhook, CallError>;

    /// Gives one the store's present secret again.
    async fn renew_secret(&self, id: u64) -> Result<(), CallError>;

    /// Deletes one; done as well where there is none.
    async fn delete_webhook(&self, id: u64) -> Result<(), CallError>;

    /// Tells one secret from another without telling it.
    fn secret_fingerprint(&self) -> String;
}

/// What deliveries say about the webhooks of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Three deliveries in a row had a signature that does not hold.
    BadSignatures,
    /// A correctly signed delivery was the shop's own refusal: whoever made the
    /// webhook has lost the right to read orders.
    OwnerWithoutRights,
    /// A correctly signed delivery was an order as the legacy API writes it.
    OldApi,
}

/// When each trouble was last noted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Troubles {
    /// [`Trouble::BadSignatures`].
    pub bad_signatures: Option<Timestamp>,
    /// [`Trouble::OwnerWithoutRights`].
    pub owner_without_rights: Option<Timestamp>,
    /// [`Trouble::OldApi`].
    pub old_api: Option<Timestamp>,
}

/// Where the receiver of webhooks leaves word for whoever guards them.
#[async_trait]
pub trait WebhookTroubles: Send + Sync {
    /// Notes one.
    async fn note_trouble(&self, store: &StoreId, trouble: Trouble, at: Timestamp)
    -> Result<(), LedgerError>;

    /// What was noted last.
    async fn troubles(&self, store: &StoreId) -> Result<Troubles, LedgerError>;
}

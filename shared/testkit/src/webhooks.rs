use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use weir_domain::guardian::NOT_MANAGEABLE;
use weir_domain::outcome::CallError;
use weir_domain::ports::{NewWebhook, ShopWebhooks, Webhook, WebhookStatus};

use crate::fault::Faults;
use crate::lock;

/// What a shop can be asked about its webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WebhookOp {
    /// [`ShopWebhooks::webhooks`].
    List,
    /// [`ShopWebhooks::create_webhook`].
    Create,
    /// [`ShopWebhooks::renew_secret`].
    Renew,
    /// [`ShopWebhooks::delete_webhook`].
    Delete,
}

/// The webhooks of a shop, each with the secret that it signs with.
#[derive(Debug)]
pub struct FakeWebhooks {
    /// What goes wrong.
    pub faults: Faults<WebhookOp, CallError>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    webhooks: BTreeMap<u64, (Webhook, String)>,
    last_id: u64,
    /// The store's present one.
    secret: String,
    read_only: bool,
}

impl Default for FakeWebhooks {
    fn default() -> Self {
        let secret = "the-secret-of-today".to_owned();
        let state = State { webhooks: BTreeMap::new(), last_id: 0, secret, read_only: false };
        Self { faults: Faults::default(), state: Mutex::new(state) }
    }
}

impl FakeWebhooks {
    /// Somebody makes one by hand, with a secret; its id.
    pub fn put(&self, new: &NewWebhook, secret: &str) -> u64 {
        lock(&self.state).make(new, secret).id
    }

    /// Somebody changes one.
    pub fn change(&self, id: u64, change: impl FnOnce(&mut Webhook)) {
        let mut state = lock(&self.state);
        let (webhook, _) = state.webhooks.get_mut(&id).expect("the shop has the webhook to be changed");
        change(webhook);
    }

    /// Somebody gives one another secret.
    pub fn set_secret_of(&self, id: u64, secret: &str) {
        let mut state = lock(&self.state);
        let (_, known) = state.webhooks.get_mut(&id).expect("the shop has the webhook to be changed");
        secret.clone_into(known);
    }

    /// Somebody deletes one.
    pub fn remove(&self, id: u64) {
        lock(&self.state).webhooks.remove(&id);
    }

    /// The store's secret is another one from now on.
    pub fn rotate(&self, secret: &str) {
        secret.clone_into(&mut lock(&self.state).secret);
    }

    /// The key may only read, or may write again.
    pub fn set_read_only(&self, read_only: bool) {
        lock(&self.state).read_only = read_only;
    }

    /// All of them, by id.
    pub fn all(&self) -> Vec<Webhook> {
        lock(&self.state).webhooks.values().map(|(webhook, _)| webhook.clone()).collect()
    }

    /// Whether every webhook signs with the store's present secret.
    pub fn sign_alike(&self) -> bool {
        let state = lock(&self.state);
        state.webhooks.values().all(|(_, secret)| *secret == state.secret)
    }

    fn write<T>(
        &self,
        op: WebhookOp,
        effect: impl FnOnce(&mut State) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        self.faults.strike(op, || {
            let mut state = lock(&self.state);
            if state.read_only {
                return Err(CallError::rejected(NOT_MANAGEABLE, "the key may only read"));
            }
            effect(&mut state)
        })
    }
}

impl State {
    fn make(&mut self, new: &NewWebhook, secret: &str) -> Webhook {
        self.last_id += 1;
        let webhook = Webhook {
            id: self.last_id,
            name: new.name.clone(),
            topic: new.topic.clone(),
            url: new.url.clone(),
            status: WebhookStatus::Active,
        };
        self.webhooks.insert(webhook.id, (webhook.clone(), secret.to_owned()));
        webhook
    }
}

#[async_trait]
impl ShopWebhooks for FakeWebhooks {
    async fn webhooks(&self) -> Result<Vec<Webhook>, CallError> {
        self.faults.strike(WebhookOp::List, || Ok(self.all()))
    }

    async fn create_webhook(&self, webhook: &NewWebhook) -> Result<Webhook, CallError> {
        self.write(WebhookOp::Create, |state| {
            let secret = state.secret.clone();
            Ok(state.make(webhook, &secret))
        })
    }

    async fn renew_secret(&self, id: u64) -> Result<(), CallError> {
        self.write(WebhookOp::Renew, |state| {
            let gone = || CallError::retry_soon("the webhook is gone since it was listed");
            let (_, secret) = state.webhooks.get_mut(&id).ok_or_else(gone)?;
            state.secret.clone_into(secret);
            Ok(())
        })
    }

    async fn delete_webhook(&self, id: u64) -> Result<(), CallError> {
        self.write(WebhookOp::Delete, |state| {
            state.webhooks.remove(&id);
            Ok(())
        })
    }

    fn secret_fingerprint(&self) -> String {
        // The secret itself: nothing that a fake knows has to be kept from anybody.
        lock(&self.state).secret.clone()
    }
}

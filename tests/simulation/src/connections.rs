//! What connects the use cases of one world with its shops and ERPs, and the
//! secrets they need for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use weir_domain::config::StoreConfig;
use weir_domain::id::{ErpId, StoreId};
use weir_domain::outcome::CallError;
use weir_domain::ports::{Connections, Erp, Shop, StoreDisabled};
use weir_woocommerce::receive::{SecretSource, SecretsUnavailable};
use weir_woocommerce::signature::WebhookSecrets;

use crate::faults::FaultClass as F;
use crate::invocation;
use crate::stage::{Port, Stage};

/// Shops and ERPs by name.
pub struct SimConnections {
    /// The seed's stage.
    pub stage: Arc<Stage>,
    /// Each store's configuration.
    pub stores: BTreeMap<StoreId, Arc<StoreConfig>>,
    /// Each store's REST API.
    pub shops: BTreeMap<StoreId, Arc<dyn Shop>>,
    /// Each ERP.
    pub erps: BTreeMap<ErpId, Arc<dyn Erp>>,
}

impl SimConnections {
    /// A cold process needs its secrets first.
    async fn secrets(&self, whose: &str) -> Result<(), CallError> {
        let Some(invocation) = invocation::current() else { return Ok(()) };
        if invocation.made_before(whose, "secrets") > 0 {
            return Ok(());
        }
        let fail = |_| CallError::retry_soon("the secret store is down");
        self.stage.call(Port::Secrets, "secrets", fail, || Ok(())).await
    }
}

#[async_trait]
impl Connections for SimConnections {
    fn stores(&self) -> Vec<StoreId> {
        self.stores.keys().cloned().collect()
    }

    fn store(&self, store: &StoreId) -> Result<Arc<StoreConfig>, StoreDisabled> {
        let missing = || StoreDisabled { store: store.clone(), why: "not configured".to_owned() };
        self.stores.get(store).cloned().ok_or_else(missing)
    }

    async fn shop(&self, store: &StoreId) -> Result<Arc<dyn Shop>, CallError> {
        self.secrets(&store.to_string()).await?;
        self.shops.get(store).cloned().ok_or_else(|| CallError::blocked("no such store"))
    }

    async fn erp(&self, erp: &ErpId) -> Result<Arc<dyn Erp>, CallError> {
        self.secrets(&erp.to_string()).await?;
        self.erps.get(erp).cloned().ok_or_else(|| CallError::blocked("no such ERP"))
    }
}

/// The webhook secrets of every store, which may be rotated once.
#[derive(Debug)]
pub struct Rotation {
    stage: Arc<Stage>,
    at: Option<Timestamp>,
    /// The shop is changed this much later than we are; before, if negative.
    shop_lags: SignedDuration,
    /// For so long our process may know only the secrets of before.
    cache: SignedDuration,
}

const OLD: &str = "oldoldoldoldoldoldoldoldoldoldold0";
const NEW: &str = "newnewnewnewnewnewnewnewnewnewnew1";

impl Rotation {
    /// Draws whether and when secrets are rotated within `span`.
    pub fn draw(stage: &Arc<Stage>, span: SignedDuration) -> Self {
        let rotates = stage.strikes(F::S1);
        let minutes = span.as_secs() / 60;
        let at = rotates
            .then(|| stage.now() + SignedDuration::from_mins(stage.draw(|dice| dice.i64(0..minutes.max(1)))));
        let shop_lags = SignedDuration::from_mins(stage.draw(|dice| dice.i64(-3..6)));
        let cache = SignedDuration::from_secs(stage.draw(|dice| dice.i64(0..300)));
        Self { stage: Arc::clone(stage), at, shop_lags, cache }
    }

    /// What the shop signs with now.
    pub fn shop_signs_with(&self) -> &'static str {
        let rotated = self.at.is_some_and(|at| self.stage.now() >= at + self.shop_lags);
        if rotated { NEW } else { OLD }
    }

    fn ours(&self, at: Timestamp) -> WebhookSecrets {
        if self.at.is_some_and(|rotated| at >= rotated) {
            WebhookSecrets { current: NEW.into(), previous: Some(OLD.into()) }
        } else {
            WebhookSecrets { current: OLD.into(), previous: None }
        }
    }

    async fn read(&self, at: Timestamp) -> Result<Option<WebhookSecrets>, SecretsUnavailable> {
        let fail = |_| SecretsUnavailable("down".to_owned());
        self.stage.call(Port::Secrets, "webhook secrets", fail, || Ok(Some(self.ours(at)))).await
    }
}

#[async_trait]
impl SecretSource for Rotation {
    async fn secrets(&self, _store: &str) -> Result<Option<WebhookSecrets>, SecretsUnavailable> {
        self.read(self.stage.now() - self.cache).await
    }

    async fn refreshed(&self, _store: &str) -> Result<Option<WebhookSecrets>, SecretsUnavailable> {
        self.read(self.stage.now()).await
    }
}

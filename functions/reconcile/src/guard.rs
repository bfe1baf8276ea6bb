//! The store's webhooks are kept alive.

use std::sync::Arc;

use weir_domain::config::StoreConfig;
use weir_domain::guardian::{Guard, GuardError, GuardRun, Guarded};
use weir_domain::ports::{ActionEntry, Actions};
use weir_domain::reconcile::Outcome;
use weir_runtime::telemetry::Metric;

use crate::minute::{Came, Invocation, Minute, POLL_LEASE, count_if_blocked};

impl Minute {
    pub(crate) async fn guard(&self, config: &StoreConfig, invocation: &Invocation<'_>) -> Came {
        let store = &config.store;
        match self.guarded(config, invocation).await {
            Ok(Guarded { skipped: true, .. }) => Came::Well,
            Ok(guarded) => {
                report(config, &guarded);
                if self.note_repairs(&guarded, invocation).await { Came::Well } else { Came::Failed }
            }
            Err(GuardError::Shop(error)) => {
                count_if_blocked(store, &error);
                tracing::error!(%store, %error, "the shop's webhooks cannot be seen; they are looked at again in two minutes");
                Came::NoAnswer
            }
            Err(error) => {
                tracing::error!(%store, %error, "the webhooks could not be guarded; the next minute goes on");
                Came::Failed
            }
        }
    }

    async fn guarded(
        &self,
        config: &StoreConfig,
        invocation: &Invocation<'_>,
    ) -> Result<Guarded, GuardError> {
        let Some(base_url) = self.base_url.as_ref().or(config.webhooks.url.as_ref()) else {
            return Ok(Guarded { skipped: true, ..Guarded::default() });
        };
        let shop = self.peers.shops.get(&config.store).await?;
        let guard = Guard {
            ledger: self.ledger.clone(),
            schedules: self.ledger.clone(),
            troubles: self.ledger.clone(),
            jobs: self.ledger.clone(),
            clock: Arc::clone(&self.clock),
        };
        let run = GuardRun {
            config,
            shop: &*shop.webhooks,
            base_url,
            owner: invocation.id,
            until: invocation.until,
            lease: POLL_LEASE,
        };
        guard.run(&run).await
    }
}

impl Minute {
    /// What was put right stands beside what people did.
    async fn note_repairs(&self, guarded: &Guarded, invocation: &Invocation<'_>) -> bool {
        let repaired = guarded.faults.iter().filter(|fault| fault.outcome == Outcome::Repaired);
        for fault in repaired {
            let entry = ActionEntry {
                at: self.clock.now(),
                who: "reconcile".to_owned(),
                what: fault.kind.clone(),
                why: "a webhook was not as it has to be".to_owned(),
                subject: fault.subject.clone(),
                outcome: fault.detail.clone(),
                correlation: invocation.id.to_owned(),
            };
            if let Err(error) = self.ledger.note_action(&entry).await {
                tracing::error!(%error, subject = fault.subject, "a repair is not in the log of actions");
                return false;
            }
        }
        true
    }
}

fn report(config: &StoreConfig, guarded: &Guarded) {
    let store = &config.store;
    let repaired = guarded.repaired();
    let faults = guarded.faults.len() - repaired;
    for fault in &guarded.faults {
        let (kind, subject, detail) = (&fault.kind, &fault.subject, &fault.detail);
        if fault.outcome == Outcome::Repaired {
            tracing::warn!(%store, kind, subject, detail, "a webhook was put right");
        } else {
            tracing::error!(%store, kind, subject, detail, "a webhook is wrong");
        }
    }
    let missed_since = guarded.missed_since.map(tracing::field::display);
    tracing::info!(
        %store,
        checked = guarded.checked,
        repaired,
        faults,
        missed_since,
        unfinished = guarded.unfinished,
        "webhooks guarded"
    );
    Metric::WebhookRepaired { store, webhooks: repaired }.record();
    Metric::WebhookFault { store, webhooks: faults }.record();
}

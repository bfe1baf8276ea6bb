//! Whether the shop tells us of its orders.

use super::Fact;
use super::finding::{Finding, named};
use crate::config::StoreConfig;
use crate::ports::{Webhook, WebhookStatus};

const CHECK: &str = "webhooks";

/// What is told of orders.
const TOPICS: [&str; 4] = ["order.created", "order.updated", "order.deleted", "order.restored"];

/// How the address of a store's webhook ends, wherever Weir is deployed.
fn path(config: &StoreConfig, topic: &str) -> String {
    format!("/stores/{}/webhooks/{topic}", config.store)
}

/// The store's webhooks of a topic: by their address, which is ours alone.
fn ours<'a>(
    config: &StoreConfig,
    webhooks: &'a [Webhook],
    topic: &'static str,
) -> impl Iterator<Item = &'a Webhook> {
    let path = path(config, topic);
    webhooks.iter().filter(move |webhook| {
        let address = webhook.url.split(['?', '#']).next().unwrap_or_default();
        webhook.topic == topic && address.trim_end_matches('/').ends_with(&path)
    })
}

pub(super) fn webhooks(config: &StoreConfig, webhooks: &Fact<Vec<Webhook>>) -> Finding {
    let webhooks = match webhooks {
        Ok(webhooks) => webhooks,
        Err(why) => {
            let todo = "Look at Settings → Advanced → Webhooks: four for orders, active, with Weir's address. \
                        Until they are there orders are found by the poll.";
            return Finding::unread(CHECK, "The webhooks", why, todo);
        }
    };
    let is_active = |webhook: &Webhook| webhook.status == WebhookStatus::Active;
    let missing = TOPICS.into_iter().filter(|topic| ours(config, webhooks, topic).next().is_none());
    let missing: Vec<&str> = missing.collect();
    let off = TOPICS.into_iter().filter(|topic| {
        let mut ours = ours(config, webhooks, topic).peekable();
        ours.peek().is_some() && !ours.any(is_active)
    });
    let off: Vec<&str> = off.collect();
    if missing.is_empty() && off.is_empty() {
        return Finding::good(CHECK, "The webhooks for orders are there and active.");
    }
    let told =
        |topics: &[&str], how: &str| Some(format!("{} {how}", named(topics))).filter(|_| !topics.is_empty());
    let parts: Vec<String> =
        [told(&missing, "missing"), told(&off, "switched off")].into_iter().flatten().collect();
    let what = format!("Webhooks: {}.", parts.join("; "));
    if config.webhooks.manage {
        let todo = "Nothing: Weir makes and repairs them within minutes of its deployment. Look again then.";
        return Finding::warning(CHECK, what, todo);
    }
    let todo = "Make them in Settings → Advanced → Webhooks with the store's webhook_secret (delete one that \
                is switched off: its count of failures would stay), or let Weir do it: webhooks.manage.";
    Finding::fault(CHECK, format!("{what} Until then orders are found by the poll only."), todo)
}

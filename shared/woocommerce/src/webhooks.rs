//! Webhooks as the shop writes them.

use serde::Deserialize;
use weir_domain::outcome::CallError;
use weir_domain::ports::{Webhook, WebhookStatus};

use crate::wire::{self, Object, Scalar};

/// A webhook of the REST API, version 3. Its secret is never shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WireWebhook {
    id: Scalar,
    name: Scalar,
    status: Scalar,
    topic: Scalar,
    delivery_url: Scalar,
}

/// Reads a listing. One that cannot be understood as a whole is not believed:
/// a webhook that is there must not be made again.
pub fn webhooks(body: &[u8]) -> Result<Vec<Webhook>, CallError> {
    let listed = wire::listing::<WireWebhook>(body).map_err(|why| CallError::retry_soon(why.to_string()))?;
    let read: Option<Vec<Webhook>> = listed.iter().map(read).collect();
    read.ok_or_else(|| CallError::unknown("the listing has a webhook without id or status"))
}

/// Reads the answer to a new one.
pub fn webhook(body: &[u8]) -> Option<Webhook> {
    let Object(wire): Object<WireWebhook> = serde_json::from_slice(body).ok()?;
    read(&wire)
}

fn read(wire: &WireWebhook) -> Option<Webhook> {
    let status = match wire.status.text().as_str() {
        "active" => WebhookStatus::Active,
        "paused" => WebhookStatus::Paused,
        "disabled" => WebhookStatus::Disabled,
        _ => return None,
    };
    Some(Webhook {
        id: wire.id.id().ok().filter(|id| *id != 0)?,
        name: wire.name.text(),
        topic: wire.topic.text(),
        url: wire.delivery_url.text(),
        status,
    })
}

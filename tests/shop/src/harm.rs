//! What people, plugins and gateways do behind the API's back: webhooks that
//! are changed or lose their owner's rights, refunds that move no date.

use serde_json::{Map, Value, json};

use crate::events::Event;
use crate::shop::Shop;
use crate::wire::Reply;

/// Changes a webhook as the admin's page does, without a ping: `status`,
/// `name`, `delivery_url`, `topic`, `secret`, `failures`,
/// `owner_lost_rights`. Answers what it is then, `None` if there is none.
pub(crate) fn change_webhook(
    shop: &mut Shop,
    id: u64,
    body: &Map<String, Value>,
) -> Result<Option<Value>, String> {
    let now = shop.now;
    let Some(webhook) = shop.webhooks.get_mut(&id) else { return Ok(None) };
    for (key, value) in body {
        let text = value.as_str().map(str::to_owned);
        match (key.as_str(), text) {
            ("status", Some(text)) => webhook.status = text,
            ("name", Some(text)) => webhook.name = text,
            ("delivery_url", Some(text)) => webhook.url = text,
            ("secret", Some(text)) => webhook.secret = text,
            ("topic", Some(text)) => {
                webhook.event = Event::of_topic(&text).ok_or(format!("no topic \"{text}\""))?;
            }
            ("failures", None) if value.is_u64() => {
                webhook.failures = value.as_u64().and_then(|n| n.try_into().ok()).unwrap_or(u32::MAX);
            }
            ("owner_lost_rights", None) if value.is_boolean() => {
                webhook.owner_lost_rights = value.as_bool().unwrap_or_default();
            }
            _ => return Err(format!("\"{key}\" of a webhook is not {value}")),
        }
    }
    webhook.modified = Some(now);
    Ok(Some(json!({ "id": id, "status": webhook.status, "failures": webhook.failures })))
}

/// Somebody deletes a webhook; whether there was one.
pub(crate) fn delete_webhook(shop: &mut Shop, id: u64) -> bool {
    shop.webhooks.remove(&id).is_some()
}

/// A gateway's refund, body as for `POST /orders/{id}/refunds`: the date of
/// the order does not move and nobody is told.
pub(crate) fn silent_refund(shop: &mut Shop, id: u64, body: &Map<String, Value>) -> Reply {
    let Some(before) = shop.orders.get(&id).map(|order| order.modified) else {
        return Reply::raw(404, "text/plain; charset=UTF-8", "no such order");
    };
    shop.muted = true;
    let made = shop.create_refund(id, body);
    shop.muted = false;
    if let Some(order) = shop.orders.get_mut(&id) {
        order.modified = before;
    }
    match made {
        Ok(answer) => Reply::json(201, &answer.doc),
        Err(error) => Reply::from(error),
    }
}

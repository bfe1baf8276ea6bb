//! Webhook deliveries: payload read when the delivery runs, signed, never
//! repeated, and a webhook switched off after its seventh failure in a row.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::doc::{Doc, obj};
use crate::error::ApiError;
use crate::events::Event;
use crate::product_json::Context;
use crate::queue::{Delivery, Fate, Job};
use crate::shop::Shop;
use crate::sign;
use crate::webhooks::{USER_AGENT, Webhook};
use crate::wire::{Outcome, Outgoing};

/// More failures in a row than this and the webhook is disabled.
const MAX_FAILURES: u32 = 5;

/// The next delivery to send; `None` if nothing is due.
pub(crate) fn next(shop: &mut Shop) -> Option<Outgoing> {
    let now = shop.instant;
    if shop.faults.hold_deliveries {
        return None;
    }
    loop {
        let in_runs = shop.config.delivery.stale_cache;
        let job = shop.queue.take(now, in_runs, shop.faults.reverse_deliveries)?;
        // A webhook deleted meanwhile is no longer sent to; a disabled one is.
        let Some(webhook) = shop.webhooks.get(&job.webhook).cloned() else { continue };
        let delivery_id = shop.delivery_id(webhook.id);
        let every = shop.faults.lose_every_nth_hint;
        let lost = every > 0 && shop.queue.taken.is_multiple_of(every);
        let fate = if lost { Fate::Lost } else { Fate::UnderWay };
        let entry = Delivery { job: job.clone(), hash: delivery_id.clone(), at: now, fate };
        shop.queue.log.push(entry);
        if lost {
            continue;
        }
        shop.queue.under_way.insert(job.seq);
        return Some(shop.outgoing(&webhook, &job, &delivery_id));
    }
}

/// Counts the answer of a receiver. Redirects up to 302 count as success.
pub(crate) fn record(shop: &mut Shop, seq: u64, outcome: Outcome) {
    shop.queue.under_way.remove(&seq);
    let Some(entry) = shop.queue.entry(seq) else { return };
    entry.fate = match outcome {
        Outcome::Status(status) => Fate::Answered(status),
        Outcome::NoAnswer => Fate::NoAnswer,
    };
    let id = entry.job.webhook;
    let now = shop.now;
    let Some(webhook) = shop.webhooks.get_mut(&id) else { return };
    if matches!(outcome, Outcome::Status(200..=302)) {
        webhook.failures = 0;
    } else if webhook.failures > MAX_FAILURES {
        "disabled".clone_into(&mut webhook.status);
        webhook.modified = Some(now);
    } else {
        webhook.failures += 1;
    }
}

impl Shop {
    /// When a delivery queued now may run.
    pub(crate) fn delivery_due(&self) -> Timestamp {
        let ms = self.config.delivery.queue_delay_ms.saturating_add(self.faults.delivery_delay_ms);
        let wait = SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
        self.instant.saturating_add(wait).unwrap_or(self.instant)
    }

    /// Hash of webhook and whole second: all deliveries of one webhook in one
    /// second share it.
    fn delivery_id(&self, webhook: u64) -> String {
        sign::hex_id(self.config.seed, &format!("delivery {webhook} {}", self.now.as_second()), 32)
    }

    fn outgoing(&mut self, webhook: &Webhook, job: &Job, delivery_id: &str) -> Outgoing {
        let body = self.payload(webhook, job).to_bytes();
        let (resource, event) = job.event.parts();
        let headers = [
            ("User-Agent", USER_AGENT.to_owned()),
            ("Content-Type", "application/json".to_owned()),
            ("X-WC-Webhook-Source", format!("{}/", self.site)),
            ("X-WC-Webhook-Topic", job.event.topic()),
            ("X-WC-Webhook-Resource", resource.to_owned()),
            ("X-WC-Webhook-Event", event.to_owned()),
            ("X-WC-Webhook-Signature", sign::signature(&webhook.secret, &body)),
            ("X-WC-Webhook-ID", webhook.id.to_string()),
            ("X-WC-Webhook-Delivery-ID", delivery_id.to_owned()),
        ];
        Outgoing {
            seq: job.seq,
            url: webhook.url.clone(),
            headers: headers.map(|(name, value)| (name.to_owned(), value)).to_vec(),
            body,
            copies: 1 + self.faults.duplicate_hints,
        }
    }

    /// What is sent: the object as it is now (or as this run of the queue
    /// loaded it), its id if it was deleted, or an error object.
    fn payload(&mut self, webhook: &Webhook, job: &Job) -> Doc {
        let (resource, event) = job.event.parts();
        if event == "deleted" {
            return obj! { "id" => job.id };
        }
        if self.faults.owner_lost_rights || webhook.owner_lost_rights {
            let message = "Sorry, you cannot view this resource.";
            return ApiError::new(401, "woocommerce_rest_cannot_view", message).body();
        }
        if let Some(known) = self.queue.cache.get(&(resource, job.id)) {
            return known.clone();
        }
        match self.object(job.event, job.id) {
            Some(doc) => {
                self.queue.cache.insert((resource, job.id), doc.clone());
                doc
            }
            None => gone(job.event),
        }
    }

    fn object(&self, event: Event, id: u64) -> Option<Doc> {
        match event.parts().0 {
            "order" => self.orders.get(&id).map(|o| self.order_doc(o, self.config.decimals)),
            "product" => self.products.get(&id).map(|p| self.product_doc(p, Context::View)),
            "customer" => self.customers.get(&id).map(|c| self.customer_doc(c)),
            _ => self.coupons.get(&id).map(|c| self.coupon_doc(c)),
        }
    }
}

/// The error object sent for what was deleted for good.
fn gone(event: Event) -> Doc {
    let code = match event.parts().0 {
        "order" => "woocommerce_rest_shop_order_invalid_id",
        "product" => "woocommerce_rest_product_invalid_id",
        "customer" => "woocommerce_rest_invalid_id",
        _ => "woocommerce_rest_shop_coupon_invalid_id",
    };
    obj! { "code" => code, "message" => "Invalid ID.", "data" => json!({ "status": 404 }) }
}

//! `/webhooks`.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::api::{Answer, filtered};
use crate::doc::{Doc, obj};
use crate::error::{ApiError, ApiResult, ParamFault};
use crate::events::Event;
use crate::paging::{ListArgs, Row, refuse};
use crate::shop::Shop;
use crate::validate::{Kind as Type, Table};
use crate::wire::{Outgoing, Reply, Request};

/// A webhook.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) event: Event,
    pub(crate) url: String,
    pub(crate) secret: String,
    pub(crate) created: Timestamp,
    pub(crate) modified: Option<Timestamp>,
    /// Failures in a row; more than five and the next one disables it.
    pub(crate) failures: u32,
    /// Whoever made it may not read orders any more: signed error objects.
    pub(crate) owner_lost_rights: bool,
}

const STATUSES: [&str; 3] = ["active", "paused", "disabled"];

/// Arguments of a write.
pub(crate) const WEBHOOK: Table<'static> = &[
    ("name", Type::Str),
    ("status", Type::Enum(&STATUSES)),
    ("topic", Type::Str),
    ("secret", Type::Str),
    ("delivery_url", Type::Str),
];

/// Who sends, as receivers see it.
pub(crate) const USER_AGENT: &str = "WooCommerce/8.2.2 Hookshot (WordPress/6.4.1)";

fn not_found(status: u16) -> ApiError {
    ApiError::invalid_id(status, "woocommerce_rest_shop_webhook_invalid_id")
}

fn topic(body: &Map<String, Value>) -> Option<ApiResult<Event>> {
    let text = body.get("topic")?.as_str()?;
    Some(Event::of_topic(text).ok_or_else(bad_topic))
}

fn bad_topic() -> ApiError {
    let message = "Webhook topic is required and must be valid.";
    ApiError::new(400, "woocommerce_rest_shop_webhook_invalid_topic", message)
}

fn checked_url(body: &Map<String, Value>) -> Option<ApiResult<String>> {
    let url = body.get("delivery_url")?.as_str()?;
    if url.starts_with("http://") || url.starts_with("https://") {
        return Some(Ok(url.to_owned()));
    }
    Some(Err(bad_url()))
}

fn bad_url() -> ApiError {
    let message = "Webhook delivery URL must be a valid URL starting with http:// or https://.";
    ApiError::new(400, "woocommerce_rest_shop_webhook_invalid_delivery_url", message)
}

/// The ping: form-encoded, unsigned, without any webhook header.
fn ping(webhook: &Webhook) -> Outgoing {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Outgoing {
        seq: 0,
        url: webhook.url.clone(),
        headers: vec![
            header("User-Agent", USER_AGENT),
            header("Content-Type", "application/x-www-form-urlencoded"),
        ],
        body: format!("webhook_id={}", webhook.id).into_bytes(),
        copies: 1,
    }
}

impl Shop {
    /// `POST`. Any status given is ignored; the ping goes out before the
    /// answer, whatever the receiver makes of it.
    pub(crate) fn create_webhook(&mut self, body: &Map<String, Value>) -> ApiResult<Answer> {
        let event = topic(body).unwrap_or_else(|| Err(bad_topic()))?;
        let url = checked_url(body).unwrap_or_else(|| Err(bad_url()))?;
        let id = self.ids.webhook();
        let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
        let mut webhook = Webhook {
            id,
            name: text("name").map_or_else(|| default_name(self.now), str::to_owned),
            status: "active".to_owned(),
            event,
            url,
            // Without a secret the shop makes one that nobody ever sees.
            secret: text("secret").map_or_else(|| self.key_word(&format!("secret {id}"), 32), str::to_owned),
            created: self.now,
            modified: None,
            failures: 0,
            owner_lost_rights: false,
        };
        let doc = self.webhook_doc(&webhook);
        let ping = ping(&webhook);
        webhook.modified = Some(self.now);
        self.webhooks.insert(id, webhook);
        Ok(Answer::created(doc, format!("webhooks/{id}")).with_ping(ping))
    }

    /// `PUT`. A new URL is pinged; switching it on again leaves the count of
    /// failures as it was.
    pub(crate) fn update_webhook(&mut self, id: u64, body: &Map<String, Value>) -> ApiResult<Answer> {
        let mut webhook = self.webhooks.get(&id).cloned().ok_or_else(|| not_found(400))?;
        if let Some(event) = topic(body) {
            webhook.event = event?;
        }
        let mut moved = false;
        if let Some(url) = checked_url(body) {
            let url = url?;
            moved = webhook.url != url;
            webhook.url = url;
        }
        for (key, field) in
            [("name", &mut webhook.name), ("status", &mut webhook.status), ("secret", &mut webhook.secret)]
        {
            if let Some(text) = body.get(key).and_then(Value::as_str).filter(|t| !t.is_empty()) {
                text.clone_into(field);
            }
        }
        webhook.modified = Some(self.now);
        let answer = Answer::ok(self.webhook_doc(&webhook));
        let answer = if moved { answer.with_ping(ping(&webhook)) } else { answer };
        self.webhooks.insert(id, webhook);
        Ok(answer)
    }

    /// `GET` of one.
    pub(crate) fn get_webhook(&self, id: u64) -> ApiResult<Doc> {
        self.webhooks.get(&id).map(|w| self.webhook_doc(w)).ok_or_else(|| not_found(404))
    }

    /// `GET` of all.
    pub(crate) fn list_webhooks(&self, request: &Request) -> ApiResult<Reply> {
        let mut faults = Vec::new();
        let args = ListArgs::parse(request, self.zone, &["date", "id", "title"], &mut faults);
        let status = request.param("status").unwrap_or("all");
        if status != "all" && !STATUSES.contains(&status) {
            let allowed = ["all", "active", "paused", "disabled"];
            faults.push(ParamFault::not_in_enum("status", "status", &allowed));
        }
        refuse(&faults)?;
        let rows = self
            .webhooks
            .values()
            .filter(|w| status == "all" || w.status == status)
            .map(|w| Row { id: w.id, created: w.created, modified: w.modified.unwrap_or(w.created) })
            .collect();
        let (ids, total) = args.cut(rows, self.zone);
        let items = ids.iter().filter_map(|id| self.webhooks.get(id));
        let items = items.map(|w| filtered(request, self.webhook_doc(w), false));
        Ok(args.reply(&self.site, request, &items.collect(), total, &[]))
    }

    /// `DELETE`, only with `force`.
    pub(crate) fn delete_webhook(&mut self, id: u64, force: bool) -> ApiResult<Doc> {
        if !force {
            let message = "Webhooks do not support trashing.";
            return Err(ApiError::new(501, "woocommerce_rest_trash_not_supported", message));
        }
        let doc = self.get_webhook(id)?;
        self.webhooks.remove(&id);
        Ok(doc)
    }

    /// A webhook as the API shows it: never its secret.
    fn webhook_doc(&self, w: &Webhook) -> Doc {
        let (resource, event) = w.event.parts();
        let (created, created_gmt) = self.zone.pair(Some(w.created));
        let (modified, modified_gmt) = self.zone.pair(w.modified);
        let base = format!("{}/wp-json/wc/v3/webhooks", self.site);
        obj! {
            "id" => w.id,
            "name" => w.name.clone(),
            "status" => w.status.clone(),
            "topic" => w.event.topic(),
            "resource" => resource,
            "event" => event,
            "hooks" => json!(w.event.hooks()),
            "delivery_url" => w.url.clone(),
            "date_created" => created,
            "date_created_gmt" => created_gmt,
            "date_modified" => modified,
            "date_modified_gmt" => modified_gmt,
            "_links" => json!({
                "self": [{ "href": format!("{base}/{}", w.id) }],
                "collection": [{ "href": base }],
            }),
        }
    }
}

fn default_name(now: Timestamp) -> String {
    format!("Webhook created on {}", crate::dates::for_people(now))
}

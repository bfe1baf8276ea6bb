//! `/_control/..`: what a test or a demo does to the shop from outside.
//!
//! Bodies and answers are JSON; `docs` of the crate list the routes.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::counters::Counters;
use crate::doc::Doc;
use crate::events::Event;
use crate::faults::Faults;
use crate::harm;
use crate::money;
use crate::place::{self, KINDS};
use crate::shop::Shop;
use crate::validate;
use crate::wire::{Reply, Request};

/// Answers a control request.
pub(crate) fn answer(shop: &mut Shop, request: &Request) -> Reply {
    let body: Map<String, Value> = if request.body.is_empty() {
        Map::new()
    } else {
        match serde_json::from_slice(&request.body) {
            Ok(body) => body,
            Err(error) => return refusal(400, &format!("the body is no JSON object: {error}")),
        }
    };
    let path = request.path.trim_matches('/').to_owned();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let id = |text: &str| text.parse::<u64>().unwrap_or(0);
    match (request.method.as_str(), parts.as_slice()) {
        ("GET", ["state"]) => ok(state(shop)),
        ("GET", ["orders"]) => ok(json!({ "orders": orders(shop, request) })),
        ("POST", ["orders"]) => place::checkout(shop, request, &body),
        ("POST", ["orders", "place"]) => match place::place(shop, &body) {
            Ok(placed) => ok(placed),
            Err(text) => refusal(400, &text),
        },
        ("POST", ["orders", order, "status"]) => set_status(shop, id(order), &body),
        ("POST", ["orders", order, "restore"]) => document(shop.restore_order(id(order))),
        ("POST", ["orders", order, "silent"]) => silent_edit(shop, id(order), &body),
        ("POST", ["orders", order, "silent-refund"]) => harm::silent_refund(shop, id(order), &body),
        ("PUT" | "POST", ["webhooks", webhook]) => match harm::change_webhook(shop, id(webhook), &body) {
            Ok(Some(changed)) => ok(changed),
            Ok(None) => refusal(404, "no such webhook"),
            Err(text) => refusal(400, &text),
        },
        ("DELETE", ["webhooks", webhook]) if harm::delete_webhook(shop, id(webhook)) => ok(json!({})),
        ("DELETE", ["webhooks", _]) => refusal(404, "no such webhook"),
        ("GET", ["faults"]) => ok(json!(shop.faults)),
        ("PUT" | "POST", ["faults"]) => set_faults(shop, body),
        ("DELETE", ["faults"]) => {
            shop.faults = Faults::default();
            ok(json!(shop.faults))
        }
        ("GET", ["deliveries"]) => ok(deliveries(shop, request)),
        ("POST", ["deliveries", "hurry"]) => {
            shop.queue.hurry(shop.instant);
            ok(json!({ "pending": shop.queue.jobs().len() }))
        }
        ("GET", ["requests"]) => ok(shop.counters.to_json()),
        ("DELETE", ["requests"]) => {
            shop.counters = Counters::default();
            ok(shop.counters.to_json())
        }
        ("PUT" | "POST", ["settings"]) => set_settings(shop, &body),
        ("PUT" | "POST", ["ids"]) => reserve_ids(shop, &body),
        _ => refusal(404, "no such control route"),
    }
}

fn ok(value: Value) -> Reply {
    Reply::json(200, &Doc::Value(value))
}

fn refusal(status: u16, text: &str) -> Reply {
    Reply::json(status, &Doc::Value(json!({ "error": text })))
}

fn document(result: crate::error::ApiResult<Doc>) -> Reply {
    match result {
        Ok(doc) => Reply::json(200, &doc),
        Err(error) => Reply::from(error),
    }
}

fn state(shop: &Shop) -> Value {
    let mut statuses: Map<String, Value> = Map::new();
    for order in shop.orders.values() {
        let seen = statuses.get(&order.status).and_then(Value::as_u64).unwrap_or(0);
        statuses.insert(order.status.clone(), json!(seen + 1));
    }
    let webhooks: Vec<Value> = shop
        .webhooks
        .values()
        .map(|w| json!({ "id": w.id, "topic": w.event.topic(), "status": w.status, "failures": w.failures }))
        .collect();
    let stock: Map<String, Value> = shop
        .products
        .values()
        .filter(|p| !p.sku.is_empty())
        .map(|p| (p.sku.clone(), shop.shown_stock(p).map_or(Value::Null, money::quantity)))
        .collect();
    json!({
        "now": shop.now.to_string(),
        "orders": shop.orders.len(),
        "orders_by_status": statuses,
        "webhooks": webhooks,
        "stock": stock,
        "deliveries": {
            "pending": shop.queue.jobs().len(),
            "under_way": shop.queue.under_way.len(),
            "collapsed": shop.queue.collapsed,
            "logged": shop.queue.log.len(),
        },
        "fulfillment_mails": shop.fulfillment_mails,
        "kinds": KINDS,
        "faults": shop.faults,
    })
}

fn orders(shop: &Shop, request: &Request) -> Vec<Value> {
    let since = request.param("since_id").and_then(|v| v.parse().ok()).unwrap_or(0);
    shop.orders.range(since..).filter_map(|(id, _)| shop.brief(*id)).collect()
}

/// A person changes the status in the admin, or a customer finishes a draft
/// (`payment_method`, `payment_method_title` and `set_paid` may come along).
fn set_status(shop: &mut Shop, id: u64, body: &Map<String, Value>) -> Reply {
    document(shop.update_order(id, body))
}

/// A change that neither moves `date_modified` nor fires anything: a line
/// edited in the admin (`line_id` with `quantity` or `total`), a gateway that
/// writes `transaction_id` or metadata behind the API's back.
fn silent_edit(shop: &mut Shop, id: u64, body: &Map<String, Value>) -> Reply {
    let Some(mut order) = shop.orders.get(&id).cloned() else { return refusal(404, "no such order") };
    if let Some(text) = body.get("transaction_id").and_then(validate::text) {
        order.transaction_id = text;
    }
    if let Some(line_id) = validate::id(body.get("line_id")) {
        let Some(line) = order.lines.iter_mut().find(|l| l.id == line_id) else {
            return refusal(404, "no such line");
        };
        if let Some(quantity) = body.get("quantity") {
            line.quantity = money::php_number(quantity);
        }
        if let Some(total) = body.get("total").and_then(money::amount) {
            line.total = total;
            line.subtotal = line.subtotal.max(total);
        }
        shop.calculate(&mut order);
    }
    crate::meta::apply(&mut shop.ids, &mut order.meta, body.get("meta_data"));
    let doc = shop.order_doc(&order, shop.config.decimals);
    shop.orders.insert(id, order);
    Reply::json(200, &doc)
}

/// Sets the switches named in the body; the others stay.
fn set_faults(shop: &mut Shop, body: Map<String, Value>) -> Reply {
    let mut merged = json!(shop.faults);
    if let Some(switches) = merged.as_object_mut() {
        switches.extend(body);
    }
    match serde_json::from_value::<Faults>(merged) {
        Ok(faults) => {
            shop.faults = faults;
            ok(json!(shop.faults))
        }
        Err(error) => refusal(400, &error.to_string()),
    }
}

/// The log of deliveries, `?topic=` and `?after=` (sequence number).
fn deliveries(shop: &Shop, request: &Request) -> Value {
    let after = request.param("after").and_then(|v| v.parse().ok()).unwrap_or(0u64);
    let topic = request.param("topic").and_then(Event::of_topic);
    let log: Vec<Value> = shop
        .queue
        .log
        .iter()
        .filter(|d| d.job.seq > after && topic.is_none_or(|t| d.job.event == t))
        .map(crate::queue::Delivery::to_json)
        .collect();
    let pending: Vec<Value> = shop
        .queue
        .jobs()
        .iter()
        .map(|j| {
            json!({
                "seq": j.seq, "webhook_id": j.webhook, "topic": j.event.topic(), "resource_id": j.id,
                "due_gmt": crate::dates::gmt(j.due),
            })
        })
        .collect();
    json!({
        "deliveries": log,
        "pending": pending,
        "under_way": shop.queue.under_way,
        "collapsed": shop.queue.collapsed,
    })
}

/// Settings of the shop that no REST route changes.
fn set_settings(shop: &mut Shop, body: &Map<String, Value>) -> Reply {
    for (key, value) in body {
        let flag = value.as_bool();
        match (key.as_str(), flag) {
            ("hpos", Some(flag)) => shop.config.hpos = flag,
            ("tls_seen", Some(flag)) => shop.config.tls_seen = flag,
            ("decimal_quantities", Some(flag)) => shop.config.decimal_quantities = flag,
            ("prices_include_tax", Some(flag)) => shop.config.prices_include_tax = flag,
            ("round_at_subtotal", Some(flag)) => shop.config.round_at_subtotal = flag,
            ("fulfillments", Some(flag)) => shop.config.fulfillments = flag,
            ("shipment_tracking", Some(flag)) => shop.config.shipment_tracking = flag,
            ("ast", Some(flag)) => shop.config.ast = flag,
            ("stale_cache", Some(flag)) => shop.config.delivery.stale_cache = flag,
            _ => return refusal(400, &format!("no boolean setting \"{key}\"")),
        }
    }
    ok(json!(shop.config))
}

/// Moves rows of ids forward: `{"post": 200}`.
fn reserve_ids(shop: &mut Shop, body: &Map<String, Value>) -> Reply {
    let ids = &mut shop.ids;
    for (key, row) in [
        ("post", &mut ids.post),
        ("item", &mut ids.item),
        ("webhook", &mut ids.webhook),
        ("user", &mut ids.user),
        ("note", &mut ids.note),
        ("tax", &mut ids.rate),
    ] {
        if let Some(next) = body.get(key).and_then(Value::as_u64) {
            *row = next.max(*row);
        }
    }
    ok(json!({
        "post": shop.ids.post, "item": shop.ids.item, "webhook": shop.ids.webhook,
        "user": shop.ids.user, "note": shop.ids.note, "tax": shop.ids.rate,
    }))
}

/// A clock command: `{"now": ".."}` freezes it there, `{"advance_s": n}` moves
/// it on, `{"real": true}` lets it run again.
pub(crate) fn clock_command(body: &[u8]) -> Result<ClockCommand, String> {
    let body: Map<String, Value> = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    if let Some(text) = body.get("now").and_then(Value::as_str) {
        return text.parse().map(ClockCommand::Freeze).map_err(|_| format!("no time: {text}"));
    }
    if let Some(seconds) = body.get("advance_s").and_then(Value::as_i64) {
        return Ok(ClockCommand::Advance(SignedDuration::from_secs(seconds)));
    }
    if body.get("real").and_then(Value::as_bool) == Some(true) {
        return Ok(ClockCommand::Real);
    }
    Err("one of now, advance_s, real".to_owned())
}

/// What the clock is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClockCommand {
    Freeze(Timestamp),
    Advance(SignedDuration),
    Real,
}

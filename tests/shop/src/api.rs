//! The REST API: from a request to an answer with WordPress's headers.

use serde_json::{Map, Value};

use crate::auth::{Caller, caller};
use crate::batch::{self, Of};
use crate::body::{BodyFault, parameters};
use crate::customers::CUSTOMER;
use crate::doc::Doc;
use crate::error::{ApiError, ApiResult};
use crate::faults;
use crate::notes::NOTE;
use crate::products::PRODUCT;
use crate::refunds::REFUND;
use crate::routes::{Route, Shape};
use crate::shop::Shop;
use crate::validate;
use crate::webhooks::WEBHOOK;
use crate::wire::{Outgoing, Reply, Request};

/// `Cache-Control` of everything somebody was signed in for.
pub(crate) const PRIVATE: &str = "no-cache, must-revalidate, max-age=0, no-store, private";

/// What a handler found or made.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) doc: Doc,
    is_new: bool,
    /// Namespace and path of what was created, where the shop says it.
    location: Option<(&'static str, String)>,
    pings: Vec<Outgoing>,
}

impl Answer {
    pub(crate) fn ok(doc: Doc) -> Self {
        Self { doc, is_new: false, location: None, pings: Vec::new() }
    }

    /// Created below `wc/v3/`.
    pub(crate) fn created(doc: Doc, location: String) -> Self {
        Self::created_in("wc/v3", doc, location)
    }

    /// Created in another namespace.
    pub(crate) fn created_in(namespace: &'static str, doc: Doc, location: String) -> Self {
        Self { location: Some((namespace, location)), ..Self::made(doc) }
    }

    /// Created, without a word about where.
    pub(crate) fn made(doc: Doc) -> Self {
        Self { doc, is_new: true, location: None, pings: Vec::new() }
    }

    pub(crate) fn with_ping(mut self, ping: Outgoing) -> Self {
        self.pings.push(ping);
        self
    }
}

/// Applies `_fields`, of a list to its items. Single answers keep their
/// `_links` all the same.
pub(crate) fn filtered(request: &Request, mut doc: Doc, single: bool) -> Doc {
    let mut wanted = request.list("_fields");
    if wanted.is_empty() {
        return doc;
    }
    if let Doc::List(items) = doc {
        return items.into_iter().map(|item| filtered(request, item, false)).collect();
    }
    if single {
        wanted.push("_links".to_owned());
    }
    doc.keep(&wanted.iter().map(String::as_str).collect::<Vec<_>>());
    doc
}

/// Answers a request of the API, faults included.
pub(crate) fn answer(shop: &mut Shop, request: &Request) -> Reply {
    let route = Route::find(&request.path);
    let latency_ms = shop.faults.latency_ms;
    let mut reply = faults::before(shop, request).unwrap_or_else(|| {
        let reply = respond(shop, request, route.as_ref());
        faults::after(shop, reply)
    });
    reply.latency_ms = latency_ms;
    let pattern = route.as_ref().map_or("unknown", Route::pattern);
    shop.counters.count(&request.method, pattern, reply.status);
    reply
}

fn respond(shop: &mut Shop, request: &Request, route: Option<&Route>) -> Reply {
    if !request.path.starts_with("/wp-json") {
        return Reply::raw(404, "text/html; charset=UTF-8", "<!DOCTYPE html><title>Page not found</title>");
    }
    let who = match caller(shop, request) {
        Ok(who) => who,
        Err(error) => {
            let anonymous = error.message.contains("secret");
            return standard(shop, Reply::from(error), anonymous, None);
        }
    };
    let anonymous = who == Caller::Nobody;
    let route = route.filter(|r| shop.has_route(r));
    if let Some(route) = route.filter(|_| request.method == "OPTIONS") {
        let described = Reply::json(200, &shop.describe(route));
        return standard(shop, described, anonymous, Some(route.shape()));
    }
    let Some(route) = route.filter(|r| r.shape().takes(&request.method)) else {
        return standard(shop, Reply::from(ApiError::no_route()), anonymous, None);
    };
    if anonymous && *route != Route::Index {
        return standard(shop, Reply::from(no_permission(route, &request.method)), true, None);
    }
    let body = match parameters(request) {
        Ok(body) => body,
        Err(BodyFault::Fatal) => {
            return standard(shop, faults::fatal(request), anonymous, None);
        }
        Err(BodyFault::Error(error)) => {
            return standard(shop, Reply::from(error), anonymous, Some(route.shape()));
        }
    };
    match dispatch(shop, request, route, body) {
        Ok(reply) => standard(shop, reply, anonymous, Some(route.shape())),
        // What may not be written is not listed as writable.
        Err(error) if error.status == 403 => {
            standard(shop, Reply::from(error), anonymous, Some(Shape::Fixed))
        }
        Err(error) => standard(shop, Reply::from(error), anonymous, Some(route.shape())),
    }
}

fn dispatch(shop: &mut Shop, request: &Request, route: &Route, body: Map<String, Value>) -> ApiResult<Reply> {
    match request.method.as_str() {
        "GET" => read(shop, request, route),
        "DELETE" => {
            let force = request.flag("force") || validate::truthy(body.get("force"), false);
            let doc = delete(shop, request, route, force)?;
            Ok(Reply::json(200, &filtered(request, doc, true)))
        }
        _ => {
            let Answer { doc, is_new, location, pings } = write(shop, request, route, body)?;
            let is_batch = route.shape() == Shape::Batch;
            let mut doc = filtered(request, doc, !is_batch);
            if is_batch && doc == Doc::Object(Vec::new()) {
                doc = Doc::List(Vec::new());
            }
            let mut reply = Reply::json(if is_new { 201 } else { 200 }, &doc);
            if let Some((namespace, location)) = location {
                reply = reply.with("Location", format!("{}/wp-json/{namespace}/{location}", shop.site));
            }
            reply.pings = pings;
            Ok(reply)
        }
    }
}

fn read(shop: &Shop, request: &Request, route: &Route) -> ApiResult<Reply> {
    let doc = match route {
        Route::Orders => return shop.list_orders(request),
        Route::Refunds(order) => return shop.list_refunds(*order, request),
        Route::Products => return shop.list_products(request),
        Route::Variations(parent) => return shop.list_variations(*parent, request),
        Route::Webhooks => return shop.list_webhooks(request),
        Route::Customers => return shop.list_customers(request),
        Route::Index => shop.index(),
        Route::Order(id) => shop.get_order(*id, request)?,
        Route::Notes(order) => shop.list_notes(*order, request)?,
        Route::Note(order, id) => shop.get_note(*order, *id)?,
        Route::Refund(order, id) => shop.get_refund(*order, *id, request)?,
        Route::Fulfillments(order) => shop.list_fulfillments(*order)?,
        Route::Fulfillment(order, id) => shop.get_fulfillment(*order, *id)?,
        Route::Trackings(plugin, order) => shop.list_trackings(*plugin, *order)?,
        Route::Tracking(plugin, order, id) => shop.get_tracking(*plugin, *order, id)?,
        Route::Carriers(..) => Shop::list_carriers(),
        Route::Product(id) => shop.get_product(*id)?,
        Route::Variation(parent, id) => shop.get_variation(*parent, *id)?,
        Route::Webhook(id) => shop.get_webhook(*id)?,
        Route::Customer(id) => shop.get_customer(*id)?,
        Route::Coupons => shop.list_coupons(request),
        Route::Coupon(id) => shop.get_coupon(*id)?,
        Route::Taxes => shop.list_taxes(),
        Route::SystemStatus => shop.system_status(),
        Route::Settings(group) => shop.list_settings(group)?,
        Route::Setting(group, id) => shop.get_setting(group, id)?,
        Route::OrdersBatch | Route::ProductsBatch | Route::VariationsBatch(_) => {
            return Err(ApiError::no_route());
        }
    };
    Ok(Reply::json(200, &filtered(request, doc, true)))
}

fn write(shop: &mut Shop, request: &Request, route: &Route, body: Map<String, Value>) -> ApiResult<Answer> {
    match route {
        Route::Orders => {
            let body = shop.check_order(body)?;
            shop.create_order(&body, "rest-api")
        }
        Route::Order(id) => {
            let body = shop.check_order(body)?;
            shop.update_order(*id, &body).map(Answer::ok)
        }
        Route::OrdersBatch => batch::run(shop, Of::Orders, &body).map(Answer::ok),
        Route::Notes(order) => shop.create_note(*order, &validate::check(NOTE, body)?),
        Route::Refunds(order) => shop.create_refund(*order, &validate::check(REFUND, body)?),
        Route::Fulfillments(order) => shop.create_fulfillment(*order, request, &body),
        Route::Fulfillment(order, id) => shop.update_fulfillment(*order, *id, request, &body).map(Answer::ok),
        Route::Trackings(plugin, order) => shop.create_tracking(*plugin, *order, &body),
        Route::Products => shop.create_product(&validate::check(PRODUCT, body)?),
        Route::Product(id) => shop.update_product(*id, &validate::check(PRODUCT, body)?).map(Answer::ok),
        Route::ProductsBatch => batch::run(shop, Of::Products, &body).map(Answer::ok),
        Route::Variations(parent) => shop.create_variation(*parent, &validate::check(PRODUCT, body)?),
        Route::Variation(parent, id) => {
            let body = validate::check(PRODUCT, body)?;
            shop.update_variation(*parent, *id, &body).map(Answer::ok)
        }
        Route::VariationsBatch(parent) => batch::run(shop, Of::Variations(*parent), &body).map(Answer::ok),
        Route::Webhooks => shop.create_webhook(&validate::check(WEBHOOK, body)?),
        Route::Webhook(id) => shop.update_webhook(*id, &validate::check(WEBHOOK, body)?),
        Route::Customers => shop.create_customer(&validate::check(CUSTOMER, body)?),
        Route::Customer(id) => shop.update_customer(*id, &validate::check(CUSTOMER, body)?).map(Answer::ok),
        Route::Coupons => shop.create_coupon(&body),
        Route::Taxes => Ok(shop.create_tax(&body)),
        Route::Setting(group, id) => shop.put_setting(group, id, &body).map(Answer::ok),
        _ => Err(ApiError::no_route()),
    }
}

fn delete(shop: &mut Shop, request: &Request, route: &Route, force: bool) -> ApiResult<Doc> {
    match route {
        Route::Order(id) => shop.delete_order(*id, force),
        Route::Refund(order, id) => shop.delete_refund(*order, *id, force),
        Route::Note(order, id) => shop.delete_note(*order, *id, force),
        Route::Fulfillment(order, id) => shop.delete_fulfillment(*order, *id, request),
        Route::Tracking(plugin, order, id) => shop.delete_tracking(*plugin, *order, id),
        Route::Product(id) => shop.delete_product(*id, force),
        Route::Variation(parent, id) => shop.delete_variation(*parent, *id),
        Route::Webhook(id) => shop.delete_webhook(*id, force),
        Route::Customer(id) => shop.delete_customer(*id, force),
        Route::Coupon(id) => shop.delete_coupon(*id, force),
        _ => Err(ApiError::no_route()),
    }
}

/// What somebody without rights is told; always 401.
fn no_permission(route: &Route, method: &str) -> ApiError {
    let (code, message) = match (route.shape(), method) {
        (Shape::Batch, _) => {
            ("woocommerce_rest_cannot_batch", "Sorry, you are not allowed to batch manipulate this resource.")
        }
        (Shape::Collection | Shape::ReadOnly, "GET") => {
            ("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        }
        (_, "GET") => ("woocommerce_rest_cannot_view", "Sorry, you cannot view this resource."),
        (_, "DELETE") => {
            ("woocommerce_rest_cannot_delete", "Sorry, you are not allowed to delete this resource.")
        }
        (Shape::Collection, _) => {
            ("woocommerce_rest_cannot_create", "Sorry, you are not allowed to create resources.")
        }
        _ => ("woocommerce_rest_cannot_edit", "Sorry, you are not allowed to edit this resource."),
    };
    ApiError::new(401, code, message)
}

/// Headers WordPress puts on every answer of its API.
fn standard(shop: &Shop, mut reply: Reply, anonymous: bool, shape: Option<Shape>) -> Reply {
    if !reply.headers.iter().any(|(name, _)| name == "Link") {
        reply = reply.with("Link", format!("<{}/wp-json/>; rel=\"https://api.w.org/\"", shop.site));
    }
    let mut reply = reply
        .with("X-Robots-Tag", "noindex")
        .with("X-Content-Type-Options", "nosniff")
        .with("Access-Control-Expose-Headers", "X-WP-Total, X-WP-TotalPages, Link")
        .with(
            "Access-Control-Allow-Headers",
            "Authorization, X-WP-Nonce, Content-Disposition, Content-MD5, Content-Type",
        );
    if let Some(shape) = shape {
        reply = reply.with("Allow", shape.allow());
    }
    if anonymous {
        return reply.with("Vary", "Origin");
    }
    reply.with("Expires", "Wed, 11 Jan 1984 05:00:00 GMT").with("Cache-Control", PRIVATE)
}

//! `/orders`: create, change, trash.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::api::{Answer, filtered};
use crate::doc::Doc;
use crate::error::{ApiError, ApiResult, ParamFault};
use crate::events::Event;
use crate::meta;
use crate::model::{Order, Totals};
use crate::order_json::needs_payment;
use crate::paging::{ListArgs, Row, refuse};
use crate::shop::Shop;
use crate::validate::{self, Kind as Type};
use crate::wire::{Reply, Request};

const ORDERINGS: [&str; 6] = ["date", "id", "include", "title", "slug", "modified"];

const TRASHED_STATUS: &str = "_wp_trash_meta_status";
const TRASHED_TIME: &str = "_wp_trash_meta_time";

fn not_found(status: u16) -> ApiError {
    ApiError::invalid_id(status, "woocommerce_rest_shop_order_invalid_id")
}

fn no_coupon_code() -> ApiError {
    ApiError::new(400, "woocommerce_rest_invalid_coupon", "Coupon code is required.")
}

impl Shop {
    /// Checks a single write against the argument schema.
    pub(crate) fn check_order(&self, body: Map<String, Value>) -> ApiResult<Map<String, Value>> {
        let statuses = self.order_statuses();
        let line: &[(&str, Type<'_>)] = &[
            ("variation_id", Type::Int),
            ("quantity", Type::Int),
            ("tax_class", Type::Str),
            ("subtotal", Type::Str),
            ("total", Type::Str),
        ];
        let other: &[(&str, Type<'_>)] = &[("instance_id", Type::Str), ("total", Type::Str)];
        let table: &[(&str, Type<'_>)] = &[
            ("parent_id", Type::Int),
            ("status", Type::Enum(&statuses)),
            ("currency", Type::Enum(&crate::settings::CURRENCIES)),
            ("customer_id", Type::Int),
            ("customer_note", Type::Str),
            ("billing", Type::Object(&[("email", Type::Email)])),
            ("shipping", Type::Object(&[])),
            ("payment_method", Type::Str),
            ("payment_method_title", Type::Str),
            ("transaction_id", Type::Str),
            ("meta_data", Type::Items(&[])),
            ("line_items", Type::Items(line)),
            ("shipping_lines", Type::Items(other)),
            ("fee_lines", Type::Items(other)),
            ("coupon_lines", Type::Items(&[])),
            ("set_paid", Type::Bool),
        ];
        validate::check(table, body)
    }

    /// `POST /orders`. Fires `order.created` and `order.updated`.
    pub(crate) fn create_order(&mut self, body: &Map<String, Value>, created_via: &str) -> ApiResult<Answer> {
        let mut order = self.blank_order(created_via);
        self.write_order(&mut order, body)?;
        self.ids.post = order.id + 1;
        self.calculate(&mut order);
        self.set_coupons(&mut order, body)?;
        self.fire(Event::OrderCreated, order.id);
        self.fire(Event::OrderUpdated, order.id);
        if let Some(status) = body.get("status").and_then(Value::as_str).filter(|s| !s.is_empty()) {
            self.transition(&mut order, status);
        }
        if body.get("set_paid").is_some_and(|v| validate::truthy(Some(v), false)) {
            self.payment_complete(&mut order);
        }
        if order.paid.is_some() {
            self.customer_paid(order.customer_id);
        }
        let doc = self.order_doc(&order, self.config.decimals);
        let location = format!("orders/{}", order.id);
        self.orders.insert(order.id, order);
        Ok(Answer::created(doc, location))
    }

    fn blank_order(&self, created_via: &str) -> Order {
        let id = self.ids.post;
        Order {
            id,
            parent_id: 0,
            number: format!("{}{id}", self.config.number_prefix),
            status: "pending".to_owned(),
            currency: self.config.currency.clone(),
            prices_include_tax: self.config.prices_include_tax,
            created: self.now,
            modified: self.now,
            completed: None,
            paid: None,
            customer_id: 0,
            key: format!("wc_order_{}", self.key_word(&format!("order {id}"), 13)),
            billing: BTreeMap::new(),
            shipping: BTreeMap::new(),
            payment_method: String::new(),
            payment_method_title: String::new(),
            transaction_id: String::new(),
            created_via: created_via.to_owned(),
            customer_note: String::new(),
            meta: Vec::new(),
            lines: Vec::new(),
            tax_lines: Vec::new(),
            shipping_lines: Vec::new(),
            fees: Vec::new(),
            coupons: Vec::new(),
            gift_cards: Vec::new(),
            refunds: Vec::new(),
            notes: Vec::new(),
            fulfillments: Vec::new(),
            totals: Totals::default(),
            stock_reduced: false,
            sales_counted: false,
        }
    }

    fn set_coupons(&mut self, order: &mut Order, body: &Map<String, Value>) -> ApiResult<()> {
        let Some(lines) = body.get("coupon_lines").and_then(Value::as_array) else { return Ok(()) };
        let mut codes = Vec::new();
        for line in lines {
            let code = line.get("code").and_then(Value::as_str).filter(|c| !c.is_empty());
            codes.push(code.ok_or_else(no_coupon_code)?.to_owned());
        }
        if codes.is_empty() && order.coupons.is_empty() {
            return Ok(());
        }
        self.apply_coupons(order, &codes)
    }

    /// `PUT /orders/{id}`. Every write moves `date_modified`; what fires
    /// `order.updated` depends on where orders are stored.
    pub(crate) fn update_order(&mut self, id: u64, body: &Map<String, Value>) -> ApiResult<Doc> {
        let mut order = self.orders.get(&id).cloned().ok_or_else(|| not_found(400))?;
        let before = self.properties(&order);
        let was_trashed = order.status == "trash";
        self.write_order(&mut order, body)?;
        let moves_totals =
            ["billing", "shipping", "line_items", "shipping_lines", "fee_lines", "coupon_lines"];
        if moves_totals.iter().any(|key| body.contains_key(*key)) {
            self.calculate(&mut order);
        }
        self.set_coupons(&mut order, body)?;
        // Queued before the stock events it entails, as the recordings show.
        let queue_at = self.queue.mark();
        if let Some(status) = body.get("status").and_then(Value::as_str).filter(|s| !s.is_empty()) {
            self.transition(&mut order, status);
        }
        let set_paid = body.get("set_paid").is_some_and(|v| validate::truthy(Some(v), false));
        if set_paid && needs_payment(&order) {
            self.payment_complete(&mut order);
        }
        let changed = self.properties(&order) != before;
        if changed || self.config.hpos {
            order.modified = self.now;
        }
        let fires = if self.config.hpos { changed && !was_trashed } else { true };
        let doc = self.order_doc(&order, self.config.decimals);
        self.orders.insert(id, order);
        if fires {
            self.fire_at(queue_at, Event::OrderUpdated, id);
        }
        Ok(doc)
    }

    /// Everything of an order but its metadata and modification date.
    fn properties(&self, order: &Order) -> Doc {
        let mut doc = self.order_doc(order, crate::money::STORED_PLACES);
        if let Doc::Object(fields) = &mut doc {
            fields.retain(|(key, _)| {
                !matches!(key.as_str(), "meta_data" | "date_modified" | "date_modified_gmt")
            });
        }
        doc
    }

    /// `DELETE /orders/{id}`: to the trash, or for good, which fires nothing.
    /// The answer shows the state before.
    pub(crate) fn delete_order(&mut self, id: u64, force: bool) -> ApiResult<Doc> {
        let mut order = self.orders.get(&id).cloned().ok_or_else(|| not_found(404))?;
        let before = self.order_doc(&order, self.config.decimals);
        if force {
            self.orders.remove(&id);
            return Ok(before);
        }
        if order.status == "trash" {
            let message = "The shop_order has already been deleted.";
            return Err(ApiError::new(410, "woocommerce_rest_already_trashed", message));
        }
        if meta::text(&order.meta, TRASHED_STATUS).is_none() {
            let status = format!("wc-{}", order.status);
            meta::set(&mut self.ids, &mut order.meta, TRASHED_STATUS, &status);
            let at = self.now.as_second().to_string();
            meta::set(&mut self.ids, &mut order.meta, TRASHED_TIME, &at);
        }
        "trash".clone_into(&mut order.status);
        order.modified = self.now;
        self.orders.insert(id, order);
        if self.config.hpos {
            self.fire(Event::OrderDeleted, id);
        } else {
            self.fire_trashed_post(id, Some(Event::OrderDeleted));
        }
        Ok(before)
    }

    /// Restoring in the admin: back to the status before the trash.
    pub(crate) fn restore_order(&mut self, id: u64) -> ApiResult<Doc> {
        let mut order = self.orders.get(&id).cloned().ok_or_else(|| not_found(404))?;
        let status = meta::text(&order.meta, TRASHED_STATUS).unwrap_or("wc-pending");
        let status = status.trim_start_matches("wc-").to_owned();
        if !self.config.hpos {
            self.fire(Event::ProductRestored, id);
        }
        self.fire(Event::OrderRestored, id);
        self.transition(&mut order, &status);
        meta::remove(&mut order.meta, TRASHED_STATUS);
        meta::remove(&mut order.meta, TRASHED_TIME);
        order.modified = self.now;
        let doc = self.order_doc(&order, self.config.decimals);
        self.orders.insert(id, order);
        Ok(doc)
    }

    /// `GET /orders/{id}`; trashed orders can be read.
    pub(crate) fn get_order(&self, id: u64, request: &Request) -> ApiResult<Doc> {
        let order = self.orders.get(&id).ok_or_else(|| not_found(404))?;
        Ok(self.order_doc(order, self.places(request)))
    }

    /// Decimals of money strings: `dp`, else the shop's setting.
    pub(crate) fn places(&self, request: &Request) -> u32 {
        let asked = request.param("dp").and_then(|v| v.parse::<u32>().ok());
        asked.map_or(self.config.decimals, |dp| dp.min(12))
    }

    /// `GET /orders`; the trash is left out unless asked for.
    pub(crate) fn list_orders(&self, request: &Request) -> ApiResult<Reply> {
        let mut faults = Vec::new();
        let args = ListArgs::parse(request, self.zone, &ORDERINGS, &mut faults);
        let wanted = request.list("status");
        let mut allowed = vec!["any", "trash"];
        allowed.extend(self.order_statuses());
        if let Some(at) = wanted.iter().position(|s| !allowed.contains(&s.as_str())) {
            faults.push(ParamFault::not_in_enum("status", &format!("status[{at}]"), &allowed));
        }
        refuse(&faults)?;
        let any = wanted.is_empty() || wanted.iter().any(|s| s == "any");
        let number = |key: &str| request.param(key).and_then(|v| v.parse::<u64>().ok());
        let (customer, product) = (number("customer"), number("product"));
        let parents: Vec<u64> = request.list("parent").iter().filter_map(|p| p.parse().ok()).collect();
        let rows = self
            .orders
            .values()
            .filter(|o| {
                if any { o.status != "trash" && o.status != "auto-draft" } else { wanted.contains(&o.status) }
            })
            .filter(|o| customer.is_none_or(|id| o.customer_id == id))
            .filter(|o| {
                product.is_none_or(|id| o.lines.iter().any(|l| l.product_id == id || l.variation_id == id))
            })
            .filter(|o| parents.is_empty() || parents.contains(&o.parent_id))
            .filter(|o| args.search.as_ref().is_none_or(|text| is_hit(o, text)))
            .map(|o| Row { id: o.id, created: o.created, modified: o.modified })
            .collect();
        let (ids, total) = args.cut(rows, self.zone);
        let places = self.places(request);
        let items = ids.iter().filter_map(|id| self.orders.get(id));
        let items = items.map(|o| filtered(request, self.order_doc(o, places), false));
        let dp = self.config.decimals.to_string();
        let defaults = [("status[0]", "any"), ("dp", dp.as_str()), ("context", "view")];
        Ok(args.reply(&self.site, request, &items.collect(), total, &defaults))
    }
}

fn is_hit(order: &Order, text: &str) -> bool {
    order.number.contains(text)
        || order.billing.values().chain(order.shipping.values()).any(|v| v.to_lowercase().contains(text))
}

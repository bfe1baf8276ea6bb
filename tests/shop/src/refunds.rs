//! `/orders/{id}/refunds`: documents of their own, with or without lines.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use crate::api::{Answer, filtered};
use crate::doc::{Doc, obj};
use crate::error::{ApiError, ApiResult};
use crate::events::Event;
use crate::meta;
use crate::model::{FeeLine, LineTax, Order, ProductLine, Refund, ShippingLine, TaxLine};
use crate::money::{self, money};
use crate::order_status::REDUCED;
use crate::paging::{ListArgs, Row, refuse};
use crate::shop::Shop;
use crate::validate::{self, Kind as Type, Table};
use crate::wire::{Reply, Request};

/// Arguments of a new refund; its lines are not in the schema.
pub(crate) const REFUND: Table<'static> = &[
    ("amount", Type::Str),
    ("reason", Type::Str),
    ("refunded_by", Type::Int),
    ("api_refund", Type::Bool),
    ("api_restock", Type::Bool),
    ("meta_data", Type::Items(&[])),
];

fn no_order() -> ApiError {
    ApiError::invalid_id(404, "woocommerce_rest_invalid_order_id")
}

/// HTTP 500, and `data` a bare number: not a passing fault all the same.
fn refused(message: &str) -> ApiError {
    let mut error = ApiError::new(500, "woocommerce_rest_cannot_create_order_refund", message);
    error.bare_data = true;
    error
}

/// One refunded line of a request.
struct Part {
    line_id: u64,
    quantity: Decimal,
    total: Decimal,
    taxes: Vec<LineTax>,
}

impl Shop {
    /// `POST`. Fires `order.updated`; with restock `product.updated` before.
    pub(crate) fn create_refund(&mut self, order_id: u64, body: &Map<String, Value>) -> ApiResult<Answer> {
        let mut order = self.orders.get(&order_id).cloned().ok_or_else(no_order)?;
        let parts = parts(body);
        let amount = match body.get("amount").and_then(money::amount) {
            Some(amount) if !amount.is_zero() => amount,
            _ => parts.iter().map(|p| p.total + tax_sum(&p.taxes)).sum(),
        };
        let amount = money::round(amount, self.config.decimals);
        let left = order.totals.total - refunded(&order);
        if amount > left || amount < Decimal::ZERO {
            return Err(refused("Invalid refund amount."));
        }
        let asks_gateway = validate::truthy(body.get("api_refund"), true);
        if asks_gateway && !self.config.refund_gateways.contains(&order.payment_method) {
            return Err(refused("The payment gateway for this order does not exist."));
        }
        let reason = body.get("reason").and_then(validate::text).unwrap_or_default();
        let mut refund = self.refund_of(&order, &parts, amount, reason);
        refund.refunded_payment = asks_gateway;
        meta::apply(&mut self.ids, &mut refund.meta, body.get("meta_data"));
        if validate::truthy(body.get("api_restock"), true) {
            self.restock(&mut order, &parts);
        }
        let doc = self.refund_doc(order_id, &refund, self.config.decimals);
        // The shop writes the route's pattern into the header.
        let location = format!("orders/(?P<order_id>[\\d]+)/refunds/{}", refund.id);
        order.refunds.push(refund);
        order.modified = self.now;
        if amount == left {
            self.transition(&mut order, "refunded");
        }
        self.orders.insert(order_id, order);
        self.fire(Event::OrderUpdated, order_id);
        Ok(Answer::created(doc, location))
    }

    /// An order set to `refunded` by hand gets a refund of what is left,
    /// without lines and without a gateway.
    pub(crate) fn refund_rest(&mut self, order: &mut Order) {
        let left = order.totals.total - refunded(order);
        if left > Decimal::ZERO {
            let reason = "Order fully refunded.".to_owned();
            let refund = self.refund_of(order, &[], left, reason);
            order.refunds.push(refund);
        }
    }

    fn refund_of(&mut self, order: &Order, parts: &[Part], amount: Decimal, reason: String) -> Refund {
        let mut refund = Refund {
            id: self.ids.post(),
            created: self.now,
            amount,
            reason,
            refunded_payment: false,
            meta: Vec::new(),
            lines: Vec::new(),
            shipping: Vec::new(),
            fees: Vec::new(),
            taxes: Vec::new(),
        };
        for part in parts {
            self.add_part(&mut refund, order, part);
        }
        self.add_tax_lines(&mut refund);
        refund
    }

    fn add_part(&mut self, refund: &mut Refund, order: &Order, part: &Part) {
        let total = -money::stored(part.total);
        let points_to = self.new_meta("_refunded_item_id", json!(part.line_id.to_string()));
        let taxes = |with_subtotal: bool| -> Vec<LineTax> {
            let negative = |t: &LineTax| LineTax {
                rate_id: t.rate_id,
                total: -t.total,
                subtotal: with_subtotal.then_some(-t.total),
            };
            part.taxes.iter().map(negative).collect()
        };
        if let Some(line) = order.lines.iter().find(|l| l.id == part.line_id) {
            refund.lines.push(ProductLine {
                id: self.ids.item(),
                quantity: -part.quantity,
                subtotal: total,
                total,
                taxes: taxes(true),
                meta: vec![points_to],
                ..line.clone()
            });
        } else if let Some(line) = order.shipping_lines.iter().find(|l| l.id == part.line_id) {
            let (id, meta) = (self.ids.item(), vec![points_to]);
            refund.shipping.push(ShippingLine { id, total, taxes: taxes(false), meta, ..line.clone() });
        } else if let Some(line) = order.fees.iter().find(|l| l.id == part.line_id) {
            let (id, meta) = (self.ids.item(), vec![points_to]);
            refund.fees.push(FeeLine { id, total, taxes: taxes(false), meta, ..line.clone() });
        }
    }

    fn add_tax_lines(&mut self, refund: &mut Refund) {
        let rounding = self.rounding();
        let mut sums: BTreeMap<u64, (Decimal, Decimal)> = BTreeMap::new();
        let cart = refund.lines.iter().map(|l| &l.taxes).chain(refund.fees.iter().map(|f| &f.taxes));
        for tax in cart.flatten() {
            sums.entry(tax.rate_id).or_default().0 += rounding.line_tax(tax.total);
        }
        for tax in refund.shipping.iter().flat_map(|s| &s.taxes) {
            sums.entry(tax.rate_id).or_default().1 += rounding.line_tax(tax.total);
        }
        for (rate_id, (tax_total, shipping_tax_total)) in sums {
            let id = self.ids.item();
            refund.taxes.push(TaxLine { id, rate_id, tax_total, shipping_tax_total });
        }
    }

    /// Puts refunded units back: `_reduced_stock` falls, and
    /// `_restock_refunded_items` counts them.
    fn restock(&mut self, order: &mut Order, parts: &[Part]) {
        const RESTOCKED: &str = "_restock_refunded_items";
        for part in parts.iter().filter(|p| p.quantity > Decimal::ZERO) {
            let Some(line) = order.lines.iter_mut().find(|l| l.id == part.line_id) else { continue };
            let number = |key: &str| meta::text(&line.meta, key).and_then(|t| t.parse::<Decimal>().ok());
            let Some(taken) = number(REDUCED).filter(|t| !t.is_zero()) else { continue };
            let before = number(RESTOCKED).unwrap_or_default();
            if self.move_stock(line.item_id(), part.quantity).is_none() {
                continue;
            }
            let left = money::plain(taken - part.quantity);
            meta::set(&mut self.ids, &mut line.meta, REDUCED, &left);
            let restocked = money::plain(before + part.quantity);
            meta::set(&mut self.ids, &mut line.meta, RESTOCKED, &restocked);
        }
    }

    /// `GET` of one.
    pub(crate) fn get_refund(&self, order: u64, id: u64, request: &Request) -> ApiResult<Doc> {
        let refunds = &self.orders.get(&order).ok_or_else(no_order)?.refunds;
        let refund = refunds.iter().find(|r| r.id == id).ok_or_else(missing_refund)?;
        Ok(self.refund_doc(order, refund, self.places(request)))
    }

    /// `GET` of all.
    pub(crate) fn list_refunds(&self, order: u64, request: &Request) -> ApiResult<Reply> {
        let mut faults = Vec::new();
        let args = ListArgs::parse(
            request,
            self.zone,
            &["date", "id", "include", "title", "slug", "modified"],
            &mut faults,
        );
        refuse(&faults)?;
        let refunds = &self.orders.get(&order).ok_or_else(no_order)?.refunds;
        let row = |r: &Refund| Row { id: r.id, created: r.created, modified: r.created };
        let (ids, total) = args.cut(refunds.iter().map(row).collect(), self.zone);
        let places = self.places(request);
        let items = ids
            .iter()
            .filter_map(|id| refunds.iter().find(|r| r.id == *id))
            .map(|r| filtered(request, self.refund_doc(order, r, places), false));
        Ok(args.reply(&self.site, request, &items.collect(), total, &[]))
    }

    /// `DELETE`, only with `force`. Stock and status stay, nothing fires.
    pub(crate) fn delete_refund(&mut self, order: u64, id: u64, force: bool) -> ApiResult<Doc> {
        if !force {
            let message = "The shop_order_refund does not support trashing.";
            return Err(ApiError::new(501, "woocommerce_rest_trash_not_supported", message));
        }
        let places = self.config.decimals;
        let held = self.orders.get(&order).ok_or_else(no_order)?;
        let refund = held.refunds.iter().find(|r| r.id == id).ok_or_else(missing_refund)?;
        let doc = self.refund_doc(order, refund, places);
        if let Some(order) = self.orders.get_mut(&order) {
            order.refunds.retain(|r| r.id != id);
        }
        Ok(doc)
    }

    fn refund_doc(&self, order: u64, r: &Refund, places: u32) -> Doc {
        let (created, created_gmt) = self.zone.pair(Some(r.created));
        let base = format!("{}/wp-json/wc/v3/orders/{order}", self.site);
        obj! {
            "id" => r.id,
            "date_created" => created,
            "date_created_gmt" => created_gmt,
            "amount" => money(r.amount, places),
            "reason" => r.reason.clone(),
            "refunded_by" => 1,
            "refunded_payment" => r.refunded_payment,
            "meta_data" => meta::render(&r.meta),
            "line_items" => r.lines.iter().map(|l| self.line_doc(l, places)).collect::<Doc>(),
            "shipping_lines" => self.shipping_docs(&r.shipping, places),
            "tax_lines" => self.tax_line_docs(&r.taxes, places),
            "fee_lines" => self.fee_docs(&r.fees, places),
            "_links" => json!({
                "self": [{ "href": format!("{base}/refunds/{}", r.id) }],
                "collection": [{ "href": format!("{base}/refunds") }],
                "up": [{ "href": base }],
            }),
        }
    }
}

fn missing_refund() -> ApiError {
    ApiError::new(404, "woocommerce_rest_invalid_order_refund_id", "Invalid order refund ID.")
}

/// What has been refunded of an order.
pub(crate) fn refunded(order: &Order) -> Decimal {
    order.refunds.iter().map(|r| r.amount).sum()
}

fn tax_sum(taxes: &[LineTax]) -> Decimal {
    taxes.iter().map(|t| t.total).sum()
}

/// Lines of a request; amounts may be numbers or strings here.
fn parts(body: &Map<String, Value>) -> Vec<Part> {
    let amount = |v: Option<&Value>| v.and_then(money::amount).unwrap_or_default();
    let tax = |entry: &Value| {
        Some(LineTax {
            rate_id: validate::id(entry.get("id"))?,
            total: amount(entry.get("refund_total")),
            subtotal: None,
        })
    };
    body.get("line_items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|item| {
            let taxes = item.get("refund_tax").and_then(Value::as_array).into_iter().flatten();
            Some(Part {
                line_id: validate::id(item.get("id"))?,
                quantity: item.get("quantity").map(money::php_number).unwrap_or_default(),
                total: amount(item.get("refund_total")),
                taxes: taxes.filter_map(tax).collect(),
            })
        })
        .collect()
}

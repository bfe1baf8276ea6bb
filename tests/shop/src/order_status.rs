//! What a change of status does: stock, dates, sales figures, notes.
//!
//! WooCommerce has no state machine: every status may follow every other.

use rust_decimal::Decimal;
use serde_json::json;

use crate::meta;
use crate::model::{Note, Order};
use crate::money;
use crate::shop::Shop;

/// Statuses of WooCommerce itself, in its order.
pub(crate) const STATUSES: [&str; 8] =
    ["pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft"];

/// The line's record of what was taken off stock for it.
pub(crate) const REDUCED: &str = "_reduced_stock";

impl Shop {
    /// Statuses an order may be given, those of plugins last.
    pub(crate) fn order_statuses(&self) -> Vec<&str> {
        let mut all = vec!["auto-draft"];
        all.extend(STATUSES);
        all.extend(self.config.custom_statuses.iter().map(String::as_str));
        all
    }

    /// Moves an order to a status. One that does not exist becomes `pending`.
    pub(crate) fn transition(&mut self, order: &mut Order, to: &str) {
        let to = if to == "trash" || self.order_statuses().contains(&to) { to } else { "pending" };
        if order.status == to {
            return;
        }
        let from = std::mem::replace(&mut order.status, to.to_owned());
        self.set_dates(order);
        match to {
            "processing" | "completed" | "on-hold" => {
                self.take_stock(order);
                self.count_sales(order, true);
            }
            "cancelled" => {
                self.put_stock_back(order);
                self.count_sales(order, false);
            }
            "pending" => self.put_stock_back(order),
            "refunded" => self.refund_rest(order),
            _ => {}
        }
        let text = format!("Order status changed from {} to {}.", status_label(&from), status_label(to));
        self.note(order, text);
    }

    /// The gateway says the order is paid.
    pub(crate) fn payment_complete(&mut self, order: &mut Order) {
        if !matches!(order.status.as_str(), "pending" | "on-hold" | "failed" | "cancelled") {
            return;
        }
        order.paid.get_or_insert(self.now);
        let to = self.paid_status(order);
        self.transition(order, to);
    }

    /// The status in which an order counts as paid. Cash on delivery is paid
    /// when it is completed.
    fn paid_status(&self, order: &Order) -> &'static str {
        if order.payment_method == "cod" || !self.needs_processing(order) {
            "completed"
        } else {
            "processing"
        }
    }

    /// Whether anything has to be done for it: not all virtual downloads.
    pub(crate) fn needs_processing(&self, order: &Order) -> bool {
        order
            .lines
            .iter()
            .any(|line| self.products.get(&line.item_id()).is_none_or(|p| !(p.is_virtual && p.downloadable)))
    }

    fn set_dates(&self, order: &mut Order) {
        let paid_at = self.paid_status(order);
        let is_paid = order.status == paid_at || (paid_at == "processing" && order.status == "completed");
        if is_paid {
            order.paid.get_or_insert(self.now);
        }
        if order.status == "completed" {
            order.completed = Some(self.now);
        }
    }

    fn take_stock(&mut self, order: &mut Order) {
        if order.stock_reduced {
            return;
        }
        let mut changes = Vec::new();
        for line in &mut order.lines {
            if meta::text(&line.meta, REDUCED).is_some() {
                continue;
            }
            let item = line.item_id();
            let Some((before, after)) = self.move_stock(item, -line.quantity) else { continue };
            let entry = self.new_meta(REDUCED, json!(money::plain(line.quantity)));
            line.meta.push(entry);
            changes.push(self.stock_change(&line.name, item, before, after));
        }
        order.stock_reduced = true;
        if !changes.is_empty() {
            self.note(order, format!("Stock levels reduced: {}", changes.join(", ")));
        }
    }

    fn put_stock_back(&mut self, order: &mut Order) {
        if !order.stock_reduced {
            return;
        }
        let mut changes = Vec::new();
        for line in &mut order.lines {
            let taken = meta::text(&line.meta, REDUCED).and_then(|t| t.parse::<Decimal>().ok());
            let Some(taken) = taken else { continue };
            let item = line.item_id();
            let Some((before, after)) = self.move_stock(item, taken) else { continue };
            meta::remove(&mut line.meta, REDUCED);
            changes.push(self.stock_change(&line.name, item, before, after));
        }
        order.stock_reduced = false;
        if !changes.is_empty() {
            self.note(order, format!("Stock levels increased: {}", changes.join(", ")));
        }
    }

    fn stock_change(&self, name: &str, id: u64, before: Decimal, after: Decimal) -> String {
        let sku = self.products.get(&id).map(|p| p.sku.as_str()).unwrap_or_default();
        format!("{name} ({sku}) {}&rarr;{}", money::plain(before), money::plain(after))
    }

    /// Adds the order to the products' sales figures, or takes it out.
    fn count_sales(&mut self, order: &mut Order, add: bool) {
        if order.sales_counted == add {
            return;
        }
        order.sales_counted = add;
        for line in &order.lines {
            if let Some(product) = self.products.get_mut(&line.product_id) {
                product.total_sales += if add { line.quantity } else { -line.quantity };
            }
        }
    }

    /// A note by the shop itself.
    pub(crate) fn note(&mut self, order: &mut Order, text: String) {
        order.notes.push(Note {
            id: self.ids.note(),
            at: self.now,
            author: "WooCommerce".to_owned(),
            text,
            to_customer: false,
        });
    }
}

fn status_label(status: &str) -> String {
    match status {
        "pending" => "Pending payment".to_owned(),
        "on-hold" => "On hold".to_owned(),
        "checkout-draft" => "Draft".to_owned(),
        other => {
            let mut letters = other.chars();
            letters.next().map(|c| c.to_uppercase().chain(letters).collect()).unwrap_or_default()
        }
    }
}

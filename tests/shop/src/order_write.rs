//! Writing an order's fields and lines, as single requests and batches do.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

use crate::error::{ApiError, ApiResult};
use crate::meta;
use crate::model::{
    Address, BILLING_FIELDS, FeeLine, GiftCard, Order, ProductLine, SHIPPING_FIELDS, ShippingLine,
};
use crate::money;
use crate::shop::Shop;
use crate::validate;

/// Metadata key under which one gift card plugin keeps what was redeemed:
/// an object of code to amount.
const GIFT_CARD_META: &str = "_ywgc_applied_gift_cards";

impl Shop {
    /// Applies everything but status, coupons and payment.
    pub(crate) fn write_order(&mut self, order: &mut Order, body: &Map<String, Value>) -> ApiResult<()> {
        if let Some(id) = validate::id(body.get("customer_id")) {
            if id != 0 && !self.customers.contains_key(&id) {
                let message = "Customer ID is invalid.";
                return Err(ApiError::new(400, "woocommerce_rest_invalid_customer_id", message));
            }
            order.customer_id = id;
        }
        if let Some(id) = validate::id(body.get("parent_id")) {
            order.parent_id = id;
        }
        write_texts(order, body);
        write_address(&mut order.billing, &BILLING_FIELDS, body.get("billing"));
        write_address(&mut order.shipping, &SHIPPING_FIELDS, body.get("shipping"));
        meta::apply(&mut self.ids, &mut order.meta, body.get("meta_data"));
        for item in items(body, "line_items") {
            self.write_product_line(order, &item)?;
        }
        for item in items(body, "shipping_lines") {
            self.write_shipping_line(order, &item)?;
        }
        for item in items(body, "fee_lines") {
            self.write_fee_line(order, &item)?;
        }
        self.read_gift_cards(order, body);
        Ok(())
    }

    /// A line of the request: changed by id, removed by null, else new.
    fn write_product_line(&mut self, order: &mut Order, item: &Map<String, Value>) -> ApiResult<()> {
        if let Some(at) = position(order.lines.iter().map(|l| l.id), item)? {
            if is_removal(item, "product_id") || is_zero(item.get("quantity")) {
                order.lines.remove(at);
                return Ok(());
            }
            let mut line = order.lines[at].clone();
            self.set_line_fields(&mut line, item);
            order.lines[at] = line;
            return Ok(());
        }
        let id = self.product_reference(item)?;
        let quantity = item.get("quantity").map_or(Decimal::ONE, money::php_number);
        let Some(product) = self.products.get(&id).cloned() else {
            let message = "Invalid product ID or SKU.";
            return Err(ApiError::new(400, "woocommerce_rest_invalid_product_id", message));
        };
        let net = self.net_price(&product, quantity);
        let parent = self.parent_of(&product).map(|p| (p.id, p.name.clone()));
        let meta = self.attribute_meta(id);
        let mut line = ProductLine {
            id: self.ids.item(),
            name: product.name,
            product_id: parent.as_ref().map_or(id, |(parent, _)| *parent),
            variation_id: if parent.is_some() { id } else { 0 },
            quantity,
            tax_class: product.tax_class,
            subtotal: net,
            total: net,
            taxes: Vec::new(),
            meta,
            parent_name: parent.map(|(_, name)| name),
        };
        self.set_line_fields(&mut line, item);
        order.lines.push(line);
        Ok(())
    }

    fn set_line_fields(&mut self, line: &mut ProductLine, item: &Map<String, Value>) {
        set_text(&mut line.name, item.get("name"));
        set_text(&mut line.tax_class, item.get("tax_class"));
        if let Some(quantity) = item.get("quantity") {
            line.quantity = money::php_number(quantity);
        }
        if let Some(total) = item.get("total").and_then(money::amount) {
            line.total = money::stored(total);
            line.subtotal = line.subtotal.max(line.total);
        }
        if let Some(subtotal) = item.get("subtotal").and_then(money::amount) {
            line.subtotal = money::stored(subtotal);
        }
        meta::apply(&mut self.ids, &mut line.meta, item.get("meta_data"));
    }

    /// The product of a new line: by SKU, else variation, else product id.
    fn product_reference(&self, item: &Map<String, Value>) -> ApiResult<u64> {
        if let Some(sku) = item.get("sku").and_then(Value::as_str).filter(|s| !s.is_empty()) {
            return Ok(self.product_by_sku(sku).map_or(0, |p| p.id));
        }
        let given = |key: &str| validate::id(item.get(key)).filter(|id| *id != 0);
        given("variation_id").or_else(|| given("product_id")).ok_or_else(|| {
            let message = "Product ID or SKU is required.";
            ApiError::new(400, "woocommerce_rest_required_product_reference", message)
        })
    }

    fn write_shipping_line(&mut self, order: &mut Order, item: &Map<String, Value>) -> ApiResult<()> {
        let at = position(order.shipping_lines.iter().map(|l| l.id), item)?;
        if let Some(at) = at.filter(|_| is_removal(item, "method_id")) {
            order.shipping_lines.remove(at);
            return Ok(());
        }
        if at.is_none() && item.get("method_id").and_then(Value::as_str).is_none_or(str::is_empty) {
            let message = "Shipping method ID is required.";
            return Err(ApiError::new(400, "woocommerce_rest_invalid_shipping_item", message));
        }
        let mut line = at.map_or_else(
            || ShippingLine {
                id: self.ids.item(),
                method_title: String::new(),
                method_id: String::new(),
                instance_id: String::new(),
                total: Decimal::ZERO,
                taxes: Vec::new(),
                meta: Vec::new(),
            },
            |at| order.shipping_lines[at].clone(),
        );
        set_text(&mut line.method_title, item.get("method_title"));
        set_text(&mut line.method_id, item.get("method_id"));
        set_text(&mut line.instance_id, item.get("instance_id"));
        if let Some(total) = item.get("total").and_then(money::amount) {
            line.total = money::stored(total);
        }
        meta::apply(&mut self.ids, &mut line.meta, item.get("meta_data"));
        put(&mut order.shipping_lines, at, line);
        Ok(())
    }

    fn write_fee_line(&mut self, order: &mut Order, item: &Map<String, Value>) -> ApiResult<()> {
        let at = position(order.fees.iter().map(|l| l.id), item)?;
        if let Some(at) = at.filter(|_| is_removal(item, "name")) {
            order.fees.remove(at);
            return Ok(());
        }
        if at.is_none() && item.get("name").and_then(Value::as_str).is_none_or(str::is_empty) {
            let message = "Fee name is required.";
            return Err(ApiError::new(400, "woocommerce_rest_invalid_fee_item", message));
        }
        let mut line = at.map_or_else(
            || FeeLine {
                id: self.ids.item(),
                name: String::new(),
                tax_class: String::new(),
                tax_status: "taxable".to_owned(),
                total: Decimal::ZERO,
                taxes: Vec::new(),
                meta: Vec::new(),
                is_tender: false,
            },
            |at| order.fees[at].clone(),
        );
        set_text(&mut line.name, item.get("name"));
        set_text(&mut line.tax_class, item.get("tax_class"));
        set_text(&mut line.tax_status, item.get("tax_status"));
        line.is_tender |= validate::truthy(item.get("_tender"), false);
        if let Some(total) = item.get("total").and_then(money::amount) {
            line.total = money::stored(total);
        }
        meta::apply(&mut self.ids, &mut line.meta, item.get("meta_data"));
        put(&mut order.fees, at, line);
        Ok(())
    }

    /// Gift cards pay, they do not discount: two plugins' ways to say so.
    fn read_gift_cards(&mut self, order: &mut Order, body: &Map<String, Value>) {
        for card in items(body, "gift_cards") {
            let code = card.get("code").and_then(validate::text).unwrap_or_default();
            if let Some(amount) = card.get("amount").and_then(money::amount) {
                order.gift_cards.push(GiftCard { id: self.ids.item(), code, amount });
            }
        }
        let in_meta = order.meta.iter().find(|m| m.key == GIFT_CARD_META);
        for (code, value) in in_meta.and_then(|m| m.value.as_object()).into_iter().flatten() {
            let known = order.gift_cards.iter().any(|g| &g.code == code);
            if let Some(amount) = money::amount(value).filter(|_| !known) {
                order.gift_cards.push(GiftCard { id: 0, code: code.clone(), amount });
            }
        }
    }
}

fn write_texts(order: &mut Order, body: &Map<String, Value>) {
    for (key, field) in [
        ("currency", &mut order.currency),
        ("customer_note", &mut order.customer_note),
        ("payment_method", &mut order.payment_method),
        ("payment_method_title", &mut order.payment_method_title),
        ("transaction_id", &mut order.transaction_id),
    ] {
        set_text(field, body.get(key));
    }
}

pub(crate) fn write_address(address: &mut Address, fields: &[&str], given: Option<&Value>) {
    let Some(given) = given.and_then(Value::as_object) else { return };
    for key in fields {
        if let Some(text) = given.get(*key).and_then(validate::text) {
            address.insert((*key).to_owned(), text);
        }
    }
}

fn set_text(field: &mut String, value: Option<&Value>) {
    if let Some(text) = value.filter(|v| !v.is_null()).and_then(validate::text) {
        *field = text;
    }
}

fn items(body: &Map<String, Value>, key: &str) -> Vec<Map<String, Value>> {
    let list = body.get(key).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| item.as_object().cloned()).collect()
}

/// Where the line named by `id` is; `None` for a new line.
fn position(mut ids: impl Iterator<Item = u64>, item: &Map<String, Value>) -> ApiResult<Option<usize>> {
    let Some(id) = validate::id(item.get("id")) else { return Ok(None) };
    ids.position(|known| known == id).map(Some).ok_or_else(|| {
        let message = "Order item ID provided is not associated with order.";
        ApiError::new(400, "woocommerce_rest_invalid_item_id", message)
    })
}

fn is_removal(item: &Map<String, Value>, key: &str) -> bool {
    item.get(key).is_some_and(Value::is_null)
}

fn is_zero(value: Option<&Value>) -> bool {
    value.is_some_and(|v| money::php_number(v).is_zero())
}

fn put<T>(lines: &mut Vec<T>, at: Option<usize>, line: T) {
    match at {
        Some(at) => lines[at] = line,
        None => lines.push(line),
    }
}

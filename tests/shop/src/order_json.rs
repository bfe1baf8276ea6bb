//! Orders as the API and the webhooks write them.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::doc::{Doc, obj};
use crate::meta;
use crate::model::{
    Address, BILLING_FIELDS, CouponLine, FeeLine, LineTax, Order, ProductLine, SHIPPING_FIELDS, ShippingLine,
    TaxLine,
};
use crate::money::{self, money};
use crate::shop::Shop;
use crate::tax::rate_code;

/// The WooCommerce version the recordings come from.
pub(crate) const VERSION: &str = "8.2.2";

impl Shop {
    /// An order with `places` decimals in its money strings.
    pub(crate) fn order_doc(&self, o: &Order, places: u32) -> Doc {
        let amount = |value: Decimal| money(value, places);
        let (created, created_gmt) = self.zone.pair(Some(o.created));
        let (modified, modified_gmt) = self.zone.pair(Some(o.modified));
        let (completed, completed_gmt) = self.zone.pair(o.completed);
        let (paid, paid_gmt) = self.zone.pair(o.paid);
        let (ip, agent) = origin(&o.created_via);
        let total_tax = o.totals.cart_tax + o.totals.shipping_tax;
        let mut doc = obj! {
            "id" => o.id,
            "parent_id" => o.parent_id,
            "status" => o.status.clone(),
            "currency" => o.currency.clone(),
            "version" => VERSION,
            "prices_include_tax" => o.prices_include_tax,
            "date_created" => created,
            "date_modified" => modified,
            "discount_total" => amount(o.totals.discount_total),
            "discount_tax" => amount(o.totals.discount_tax),
            "shipping_total" => amount(o.totals.shipping_total),
            "shipping_tax" => amount(o.totals.shipping_tax),
            "cart_tax" => amount(o.totals.cart_tax),
            "total" => amount(o.totals.total),
            "total_tax" => amount(total_tax),
            "customer_id" => o.customer_id,
            "order_key" => o.key.clone(),
            "billing" => address(&o.billing, &BILLING_FIELDS),
            "shipping" => address(&o.shipping, &SHIPPING_FIELDS),
            "payment_method" => o.payment_method.clone(),
            "payment_method_title" => o.payment_method_title.clone(),
            "transaction_id" => o.transaction_id.clone(),
            "customer_ip_address" => ip,
            "customer_user_agent" => agent,
            "created_via" => o.created_via.clone(),
            "customer_note" => o.customer_note.clone(),
            "date_completed" => completed,
            "date_paid" => paid,
            "cart_hash" => self.cart_hash(o),
            "number" => o.number.clone(),
            "meta_data" => meta::render(&o.meta),
            "line_items" => o.lines.iter().map(|l| self.line_doc(l, places)).collect::<Doc>(),
            "tax_lines" => self.tax_line_docs(&o.tax_lines, places),
            "shipping_lines" => self.shipping_docs(&o.shipping_lines, places),
            "fee_lines" => self.fee_docs(&o.fees, places),
            "coupon_lines" => self.coupon_docs(&o.coupons, places),
            "refunds" => refund_docs(o, places),
        };
        // The Gift Cards extension adds its own list to orders paid with one.
        let cards = gift_card_docs(o, places);
        if cards != Doc::List(Vec::new()) {
            doc.push("gift_cards", cards);
        }
        for (key, value) in [
            ("payment_url", json!(self.payment_url(o))),
            ("is_editable", json!(matches!(o.status.as_str(), "pending" | "on-hold" | "auto-draft"))),
            ("needs_payment", json!(needs_payment(o))),
            ("needs_processing", json!(self.needs_processing(o))),
            ("date_created_gmt", created_gmt),
            ("date_modified_gmt", modified_gmt),
            ("date_completed_gmt", completed_gmt),
            ("date_paid_gmt", paid_gmt),
            ("currency_symbol", json!(crate::settings::currency_symbol(&o.currency))),
            ("_links", self.order_links(o)),
        ] {
            doc.push(key, value);
        }
        doc
    }

    /// A product line; the SKU is the product's present one.
    pub(crate) fn line_doc(&self, l: &ProductLine, places: u32) -> Doc {
        let product = self.products.get(&l.item_id());
        let image = if product.is_some() && l.variation_id == 0 { json!("") } else { json!(0) };
        let known = |id: u64| if product.is_some() { id } else { 0 };
        let total_tax = self.line_tax_sum(l.taxes.iter().map(|t| t.total));
        let subtotal_tax = self.line_tax_sum(l.taxes.iter().map(|t| t.subtotal.unwrap_or(t.total)));
        obj! {
            "id" => l.id,
            "name" => l.name.clone(),
            "product_id" => known(l.product_id),
            "variation_id" => known(l.variation_id),
            "quantity" => money::quantity(l.quantity),
            "tax_class" => l.tax_class.clone(),
            "subtotal" => money(l.subtotal, places),
            "subtotal_tax" => money(subtotal_tax, places),
            "total" => money(l.total, places),
            "total_tax" => money(total_tax, places),
            "taxes" => line_taxes(&l.taxes),
            "meta_data" => meta::render_of_line(self, &l.meta),
            "sku" => product.map_or(Value::Null, |p| json!(p.sku)),
            "price" => money::unit_price(l.total, l.quantity),
            "image" => json!({ "id": image, "src": "" }),
            "parent_name" => l.parent_name.clone(),
        }
    }

    /// Tax of a line over its rates, each rounded unless the shop rounds at
    /// the end.
    pub(crate) fn line_tax_sum(&self, taxes: impl Iterator<Item = Decimal>) -> Decimal {
        let rounding = self.rounding();
        taxes.map(|t| rounding.line_tax(t)).sum()
    }

    pub(crate) fn shipping_docs(&self, lines: &[ShippingLine], places: u32) -> Doc {
        lines
            .iter()
            .map(|l| {
                obj! {
                    "id" => l.id,
                    "method_title" => l.method_title.clone(),
                    "method_id" => l.method_id.clone(),
                    "instance_id" => l.instance_id.clone(),
                    "total" => money(l.total, places),
                    "total_tax" => money(self.line_tax_sum(l.taxes.iter().map(|t| t.total)), places),
                    "taxes" => line_taxes(&l.taxes),
                    "meta_data" => meta::render_of_line(self, &l.meta),
                }
            })
            .collect()
    }

    pub(crate) fn fee_docs(&self, lines: &[FeeLine], places: u32) -> Doc {
        lines
            .iter()
            .map(|l| {
                obj! {
                    "id" => l.id,
                    "name" => l.name.clone(),
                    "tax_class" => l.tax_class.clone(),
                    "tax_status" => l.tax_status.clone(),
                    "amount" => "",
                    "total" => money(l.total, places),
                    "total_tax" => money(self.line_tax_sum(l.taxes.iter().map(|t| t.total)), places),
                    "taxes" => line_taxes(&l.taxes),
                    "meta_data" => meta::render_of_line(self, &l.meta),
                }
            })
            .collect()
    }

    fn coupon_docs(&self, lines: &[CouponLine], places: u32) -> Doc {
        lines
            .iter()
            .map(|l| {
                obj! {
                    "id" => l.id,
                    "code" => l.code.clone(),
                    "discount" => money(l.discount, places),
                    "discount_tax" => money(l.discount_tax, places),
                    "meta_data" => meta::render_of_line(self, &l.meta),
                }
            })
            .collect()
    }

    pub(crate) fn tax_line_docs(&self, lines: &[TaxLine], places: u32) -> Doc {
        lines
            .iter()
            .map(|l| {
                let rate = self.rates.iter().find(|r| r.id == l.rate_id);
                let percent = rate.map_or(Decimal::ZERO, |r| r.of.rate);
                obj! {
                    "id" => l.id,
                    "rate_code" => rate.map(rate_code).unwrap_or_default(),
                    "rate_id" => l.rate_id,
                    "label" => rate.map(|r| r.of.name.clone()).unwrap_or_default(),
                    "compound" => rate.is_some_and(|r| r.of.compound),
                    "tax_total" => money(l.tax_total, places),
                    "shipping_tax_total" => money(l.shipping_tax_total, places),
                    "rate_percent" => money::quantity(percent.normalize()),
                    "meta_data" => json!([]),
                }
            })
            .collect()
    }

    fn payment_url(&self, o: &Order) -> String {
        let (site, id, key) = (&self.site, o.id, &o.key);
        format!("{site}/checkout/order-pay/{id}/?pay_for_order=true&key={key}")
    }

    fn cart_hash(&self, o: &Order) -> String {
        if o.created_via == "rest-api" {
            return String::new();
        }
        crate::sign::hex_id(self.config.seed, &format!("cart {}", o.id), 32)
    }

    fn order_links(&self, o: &Order) -> Value {
        let base = format!("{}/wp-json/wc/v3", self.site);
        let mut links = json!({
            "self": [{ "href": format!("{base}/orders/{}", o.id) }],
            "collection": [{ "href": format!("{base}/orders") }],
        });
        if o.customer_id != 0 {
            links["customer"] = json!([{ "href": format!("{base}/customers/{}", o.customer_id) }]);
        }
        links
    }
}

/// Whether a customer could still pay it.
pub(crate) fn needs_payment(o: &Order) -> bool {
    matches!(o.status.as_str(), "pending" | "failed" | "checkout-draft") && o.totals.total > Decimal::ZERO
}

/// Address and browser of orders placed in the shop.
fn origin(created_via: &str) -> (&'static str, &'static str) {
    if created_via == "rest-api" { ("", "") } else { ("127.0.0.1", "Mozilla/5.0 (stand-in)") }
}

pub(crate) fn address(address: &Address, fields: &[&str]) -> Doc {
    let value = |key: &str| Doc::from(address.get(key).cloned().unwrap_or_default());
    Doc::Object(fields.iter().map(|key| ((*key).to_owned(), value(key))).collect())
}

fn line_taxes(taxes: &[LineTax]) -> Doc {
    taxes
        .iter()
        .map(|t| {
            obj! {
                "id" => t.rate_id,
                "total" => money::plain(t.total),
                "subtotal" => t.subtotal.map(money::plain).unwrap_or_default(),
            }
        })
        .collect()
}

fn refund_docs(o: &Order, places: u32) -> Doc {
    // The newest first, as the shop lists them.
    o.refunds
        .iter()
        .rev()
        .map(|r| {
            obj! { "id" => r.id, "reason" => r.reason.clone(), "total" => money(-r.amount, places) }
        })
        .collect()
}

fn gift_card_docs(o: &Order, places: u32) -> Doc {
    o.gift_cards
        .iter()
        .filter(|g| g.id != 0)
        .map(|g| obj! { "id" => g.id, "code" => g.code.clone(), "amount" => money(g.amount, places) })
        .collect()
}

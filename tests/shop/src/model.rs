//! What the shop stores.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::Value;

/// One metadata entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Meta {
    pub(crate) id: u64,
    pub(crate) key: String,
    pub(crate) value: Value,
}

/// An address: field name to value, rendered in a fixed order.
pub(crate) type Address = BTreeMap<String, String>;

/// Fields of a shipping address in the shop's order.
pub(crate) const SHIPPING_FIELDS: [&str; 10] = [
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
    "phone",
];
/// Fields of a billing address in the shop's order.
pub(crate) const BILLING_FIELDS: [&str; 11] = [
    "first_name",
    "last_name",
    "company",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
    "email",
    "phone",
];

/// Tax of one rate on one line, with up to six decimals.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LineTax {
    pub(crate) rate_id: u64,
    pub(crate) total: Decimal,
    /// Before discount; only product lines have it.
    pub(crate) subtotal: Option<Decimal>,
}

/// A line of products.
#[derive(Clone, Debug)]
pub(crate) struct ProductLine {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) product_id: u64,
    pub(crate) variation_id: u64,
    pub(crate) quantity: Decimal,
    pub(crate) tax_class: String,
    /// Net, before discount.
    pub(crate) subtotal: Decimal,
    /// Net, after discount.
    pub(crate) total: Decimal,
    pub(crate) taxes: Vec<LineTax>,
    pub(crate) meta: Vec<Meta>,
    pub(crate) parent_name: Option<String>,
}

impl ProductLine {
    /// The product that is sold: the variation if there is one.
    pub(crate) fn item_id(&self) -> u64 {
        if self.variation_id == 0 { self.product_id } else { self.variation_id }
    }
}

/// A shipping line.
#[derive(Clone, Debug)]
pub(crate) struct ShippingLine {
    pub(crate) id: u64,
    pub(crate) method_title: String,
    pub(crate) method_id: String,
    pub(crate) instance_id: String,
    pub(crate) total: Decimal,
    pub(crate) taxes: Vec<LineTax>,
    pub(crate) meta: Vec<Meta>,
}

/// A fee line.
#[derive(Clone, Debug)]
pub(crate) struct FeeLine {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) tax_class: String,
    pub(crate) tax_status: String,
    pub(crate) total: Decimal,
    pub(crate) taxes: Vec<LineTax>,
    pub(crate) meta: Vec<Meta>,
    /// A fee that a plugin added to the cart as tender: never taxed.
    pub(crate) is_tender: bool,
}

/// A coupon line.
#[derive(Clone, Debug)]
pub(crate) struct CouponLine {
    pub(crate) id: u64,
    pub(crate) code: String,
    pub(crate) discount: Decimal,
    pub(crate) discount_tax: Decimal,
    pub(crate) meta: Vec<Meta>,
}

/// Tax of one rate over the whole document.
#[derive(Clone, Debug)]
pub(crate) struct TaxLine {
    pub(crate) id: u64,
    pub(crate) rate_id: u64,
    pub(crate) tax_total: Decimal,
    pub(crate) shipping_tax_total: Decimal,
}

/// A gift card that pays a part of the order.
#[derive(Clone, Debug)]
pub(crate) struct GiftCard {
    pub(crate) id: u64,
    pub(crate) code: String,
    pub(crate) amount: Decimal,
}

/// A note on an order.
#[derive(Clone, Debug)]
pub(crate) struct Note {
    pub(crate) id: u64,
    pub(crate) at: Timestamp,
    pub(crate) author: String,
    pub(crate) text: String,
    pub(crate) to_customer: bool,
}

/// A core fulfilment.
#[derive(Clone, Debug)]
pub(crate) struct Fulfillment {
    pub(crate) id: u64,
    pub(crate) status: String,
    pub(crate) is_fulfilled: bool,
    pub(crate) updated: Timestamp,
    /// Deleted ones are kept, and no longer listed.
    pub(crate) deleted: Option<Timestamp>,
    pub(crate) meta: Vec<Meta>,
}

/// Sums of an order, rounded to the shop's decimals.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Totals {
    pub(crate) discount_total: Decimal,
    pub(crate) discount_tax: Decimal,
    pub(crate) shipping_total: Decimal,
    pub(crate) shipping_tax: Decimal,
    pub(crate) cart_tax: Decimal,
    pub(crate) total: Decimal,
}

/// A refund, a document of its own under an order.
#[derive(Clone, Debug)]
pub(crate) struct Refund {
    pub(crate) id: u64,
    pub(crate) created: Timestamp,
    /// Positive.
    pub(crate) amount: Decimal,
    pub(crate) reason: String,
    pub(crate) refunded_payment: bool,
    pub(crate) meta: Vec<Meta>,
    pub(crate) lines: Vec<ProductLine>,
    pub(crate) shipping: Vec<ShippingLine>,
    pub(crate) fees: Vec<FeeLine>,
    pub(crate) taxes: Vec<TaxLine>,
}

/// An order.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) parent_id: u64,
    pub(crate) number: String,
    pub(crate) status: String,
    pub(crate) currency: String,
    pub(crate) prices_include_tax: bool,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) completed: Option<Timestamp>,
    pub(crate) paid: Option<Timestamp>,
    pub(crate) customer_id: u64,
    pub(crate) key: String,
    pub(crate) billing: Address,
    pub(crate) shipping: Address,
    pub(crate) payment_method: String,
    pub(crate) payment_method_title: String,
    pub(crate) transaction_id: String,
    pub(crate) created_via: String,
    pub(crate) customer_note: String,
    pub(crate) meta: Vec<Meta>,
    pub(crate) lines: Vec<ProductLine>,
    pub(crate) tax_lines: Vec<TaxLine>,
    pub(crate) shipping_lines: Vec<ShippingLine>,
    pub(crate) fees: Vec<FeeLine>,
    pub(crate) coupons: Vec<CouponLine>,
    pub(crate) gift_cards: Vec<GiftCard>,
    pub(crate) refunds: Vec<Refund>,
    pub(crate) notes: Vec<Note>,
    pub(crate) fulfillments: Vec<Fulfillment>,
    pub(crate) totals: Totals,
    /// Whether the stock of the order as a whole counts as taken.
    pub(crate) stock_reduced: bool,
    /// Whether its units are in the products' `total_sales`.
    pub(crate) sales_counted: bool,
}

/// Kind of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Simple,
    Variable,
    Variation,
}

/// An attribute of a product with its options, or of a variation with one.
#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    /// 0: of this product only.
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) options: Vec<String>,
}

/// A product or variation.
#[derive(Clone, Debug)]
pub(crate) struct Product {
    pub(crate) id: u64,
    pub(crate) kind: Kind,
    pub(crate) parent_id: u64,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) sku: String,
    pub(crate) regular_price: String,
    pub(crate) sale_price: String,
    pub(crate) tax_class: String,
    pub(crate) tax_status: String,
    pub(crate) manage_stock: bool,
    /// `None` where stock is not managed.
    pub(crate) stock: Option<Decimal>,
    pub(crate) stock_status: String,
    pub(crate) backorders: String,
    pub(crate) is_virtual: bool,
    pub(crate) downloadable: bool,
    pub(crate) description: String,
    pub(crate) short_description: String,
    pub(crate) weight: String,
    /// Length, width, height.
    pub(crate) dimensions: [String; 3],
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) meta: Vec<Meta>,
    pub(crate) total_sales: Decimal,
}

/// A tax rate with its id.
#[derive(Clone, Debug)]
pub(crate) struct TaxRate {
    pub(crate) id: u64,
    pub(crate) of: crate::config::TaxRateConfig,
}

/// A coupon.
#[derive(Clone, Debug)]
pub(crate) struct Coupon {
    pub(crate) id: u64,
    pub(crate) of: crate::config::CouponConfig,
    pub(crate) created: Timestamp,
    pub(crate) usage_count: u64,
}

/// A customer account.
#[derive(Clone, Debug)]
pub(crate) struct Customer {
    pub(crate) id: u64,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) email: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) username: String,
    pub(crate) billing: Address,
    pub(crate) shipping: Address,
    pub(crate) is_paying: bool,
    pub(crate) meta: Vec<Meta>,
}

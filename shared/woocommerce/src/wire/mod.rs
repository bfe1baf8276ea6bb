//! Orders and products as the shop writes them.
//!
//! PHP decides the JSON: a number may come as a string, nothing as `""`, an
//! empty object as `[]`, a list with a gap as an object. No field is refused
//! here; what a value means, and whether it has to be there, is decided in
//! [`crate::canonical`]. `line_items[].price` is left out on purpose: it is a
//! float, computed as total ÷ quantity.

mod fulfilment;
mod lenient;
mod number;
mod refund;
mod scalar;
mod stock;

pub use fulfilment::{
    WireEntry, WireEntryLine, WireFulfillment, WireMade, WireNote, WireNumbered, WireOrderMeta, WireStatus,
    WireTracking,
};
pub use lenient::{List, Object};
pub(crate) use number::{DECIMALS, number};
pub use refund::WireRefund;
pub use scalar::{BadValue, Scalar};
pub use stock::{WireAdjusted, WireProduct, WireRefusal, WireSale};

use serde::Deserialize;
use serde_json::value::RawValue;

/// An order of the REST API, version 3.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the shop's own names")]
pub struct WireOrder {
    pub id: Scalar,
    pub parent_id: Scalar,
    pub number: Scalar,
    pub status: Scalar,
    pub currency: Scalar,
    /// UTC without a `Z`, like every `*_gmt`; those without the suffix are
    /// in the shop's time zone and never read.
    pub date_created_gmt: Scalar,
    pub date_modified_gmt: Scalar,
    pub date_paid_gmt: Scalar,
    pub total: Scalar,
    pub total_tax: Scalar,
    pub customer_id: Scalar,
    pub customer_note: Scalar,
    pub billing: Object<WireAddress>,
    pub shipping: Object<WireAddress>,
    pub payment_method: Scalar,
    pub transaction_id: Scalar,
    pub meta_data: List<WireMeta>,
    pub line_items: Option<List<WireLine>>,
    pub tax_lines: List<WireRate>,
    pub shipping_lines: List<WireShipping>,
    pub fee_lines: List<WireFee>,
    pub coupon_lines: List<WireCoupon>,
    pub refunds: List<WireRefundRef>,
}

/// Billing and shipping alike; only billing has an e-mail address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the shop's own names")]
pub struct WireAddress {
    pub first_name: Scalar,
    pub last_name: Scalar,
    pub company: Scalar,
    pub address_1: Scalar,
    pub address_2: Scalar,
    pub city: Scalar,
    pub state: Scalar,
    pub postcode: Scalar,
    pub country: Scalar,
    pub email: Scalar,
    pub phone: Scalar,
}

/// A line of `line_items`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the shop's own names")]
pub struct WireLine {
    pub id: Scalar,
    pub name: Scalar,
    pub product_id: Scalar,
    pub variation_id: Scalar,
    pub quantity: Scalar,
    pub tax_class: Scalar,
    pub subtotal: Scalar,
    pub total: Scalar,
    pub total_tax: Scalar,
    pub taxes: List<WireTax>,
    pub meta_data: List<WireMeta>,
    /// The product's present one.
    pub sku: Scalar,
}

/// A line of `shipping_lines`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the shop's own names")]
pub struct WireShipping {
    pub id: Scalar,
    pub method_title: Scalar,
    pub method_id: Scalar,
    pub instance_id: Scalar,
    pub total: Scalar,
    pub total_tax: Scalar,
    pub taxes: List<WireTax>,
    pub meta_data: List<WireMeta>,
}

/// A line of `fee_lines`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the shop's own names")]
pub struct WireFee {
    pub id: Scalar,
    pub name: Scalar,
    pub tax_class: Scalar,
    pub total: Scalar,
    pub total_tax: Scalar,
    pub taxes: List<WireTax>,
    pub meta_data: List<WireMeta>,
}

/// A line of `coupon_lines`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the shop's own names")]
pub struct WireCoupon {
    pub code: Scalar,
    pub discount: Scalar,
}

/// A row of a line's `taxes`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct WireTax {
    /// The rate's id.
    pub id: Scalar,
    /// Up to six decimals; `""` where the rate does not apply to this line
    /// and is only on the order because of another one.
    pub total: Scalar,
}

/// A line of `tax_lines`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the shop's own names")]
pub struct WireRate {
    pub rate_id: Scalar,
    pub rate_code: Scalar,
    pub rate_percent: Scalar,
    pub compound: Scalar,
}

/// An entry of an order's `refunds`; the whole of it is a [`WireRefund`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the shop's own names")]
pub struct WireRefundRef {
    pub id: Scalar,
    pub total: Scalar,
}

/// An entry of any `meta_data`. Its value can be anything and is parsed only
/// where its key is asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the shop's own names")]
pub struct WireMeta {
    pub id: Scalar,
    pub key: Scalar,
    pub value: Option<Box<RawValue>>,
}

impl std::fmt::Debug for WireMeta {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WireMeta").field("key", &self.key).finish_non_exhaustive()
    }
}

/// The value of a metadata key, as JSON text. Keys can be doubled; the last
/// one is the one the shop shows.
pub fn meta<'a>(entries: &'a [WireMeta], key: &str) -> Option<&'a RawValue> {
    let named = entries.iter().rev().find(|entry| entry.key.is(key));
    named.and_then(|entry| entry.value.as_deref())
}

/// The value of a metadata key as text: a scalar's own text, and the JSON
/// text of anything else. `None` for nothing and for blanks.
pub fn meta_text(entries: &[WireMeta], key: &str) -> Option<String> {
    let raw = meta(entries, key)?;
    let text = match serde_json::from_str(raw.get()).unwrap_or_default() {
        Scalar::Composite => raw.get().to_owned(),
        scalar => scalar.text(),
    };
    Some(text).filter(|text| !text.trim().is_empty())
}

/// Why a body is no listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoListing {
    /// It is something else, or something was printed before it.
    #[error("the listing is not a JSON list")]
    NotAList,
    /// It begins like one.
    #[error("the listing is not JSON")]
    NotJson,
}

/// Reads the body of a collection.
pub fn listing<T: Default + for<'de> Deserialize<'de>>(body: &[u8]) -> Result<Vec<T>, NoListing> {
    if !body.trim_ascii_start().starts_with(b"[") {
        return Err(NoListing::NotAList);
    }
    let List(elements) = serde_json::from_slice(body).map_err(|_| NoListing::NotJson)?;
    Ok(elements)
}

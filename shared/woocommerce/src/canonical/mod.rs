//! From the order as the shop writes it to the canonical order.
//!
//! It fails closed: what an ERP document would be made from has to be there
//! and to make sense, or a person looks. Errors name fields and never repeat
//! what is in them.
//!
//! An order with a parent is refused as `vendor_sub_order`: marketplace
//! plugins copy the parent's lines into one order per vendor, and booking
//! both would sell the goods twice.

mod field;
mod lines;
mod people;
mod refunds;
mod tender;

use std::collections::BTreeMap;

use weir_domain::Personal;
use weir_domain::config::StoreConfig;
use weir_domain::id::{OrderId, OrderKey, RefundId};
use weir_domain::order::{Order, OrderStatus, Payment, RefundRef};
use weir_domain::ports::ShopError;

use crate::wire::{Object, WireOrder, meta_text};
pub(crate) use lines::reduced_stock;
pub(crate) use refunds::OF_RETURN;
pub use refunds::refunds;

use field::{amount, gmt, id, instant, text};

/// Why a body gives no canonical order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// It does not parse: cut off, or a notice was printed before it.
    #[error("the answer is not JSON")]
    NotJson,
    /// It parses and is something else: another order, or none.
    #[error("the answer is not about the order that was asked for")]
    OtherOrder,
    /// It is the order, and makes no sense to us.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// An order that a person has to look at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Unreadable {
    /// Stable: `missing_field`, `bad_amount`, `bad_id`, `bad_date`,
    /// `unknown_currency`, `vendor_sub_order`, `bad_tender`, `taxed_tender`.
    pub code: &'static str,
    /// Names fields, e.g. `line_items[0].total`; never their contents.
    pub detail: String,
}

impl From<Unreadable> for ShopError {
    fn from(Unreadable { code, detail }: Unreadable) -> Self {
        Self::Unreadable { code, detail }
    }
}

/// Reads the body of `GET orders/{id}`, or of a webhook about an order.
pub fn order(store: &StoreConfig, asked: OrderId, body: &[u8]) -> Result<Order, OrderError> {
    let Object(wire): Object<WireOrder> = serde_json::from_slice(body).map_err(|_| OrderError::NotJson)?;
    if wire.id.id() != Ok(asked.0) || asked.0 == 0 {
        return Err(OrderError::OtherOrder);
    }
    Ok(canonical(store, asked, &wire, body)?)
}

fn canonical(
    store: &StoreConfig,
    order: OrderId,
    wire: &WireOrder,
    body: &[u8],
) -> Result<Order, Unreadable> {
    if id(&"parent_id", &wire.parent_id)? != 0 {
        let detail = "parent_id is set: a vendor's part of another order".to_owned();
        return Err(Unreadable { code: "vendor_sub_order", detail });
    }
    let unknown = |_| Unreadable {
        code: "unknown_currency",
        detail: "currency is no ISO 4217 code with a minor unit".to_owned(),
    };
    let currency = text(&"currency", &wire.currency)?.parse().map_err(unknown)?;
    let fees = lines::fees(&wire.fee_lines)?;
    let (fees, tender) = tender::recognise(store, currency, fees, wire, body)?;
    Ok(Order {
        key: OrderKey { store: store.store.clone(), order },
        number: text(&"number", &wire.number).unwrap_or_else(|_| order.to_string()),
        status: OrderStatus::from(text(&"status", &wire.status)?),
        created_at: instant(&"date_created_gmt", &wire.date_created_gmt)?,
        modified_at: instant(&"date_modified_gmt", &wire.date_modified_gmt)?,
        currency,
        lines: lines::goods(wire.line_items.as_ref())?,
        shipping: lines::shipping(&wire.shipping_lines)?,
        fees,
        coupons: lines::coupons(&wire.coupon_lines)?,
        tender,
        rates: lines::rates(&wire.tax_lines)?,
        total_tax: amount(&"total_tax", &wire.total_tax)?,
        total: amount(&"total", &wire.total)?,
        payment: payment(wire)?,
        customer: people::customer(store, wire)?,
        billing: people::address(&wire.billing),
        delivery: people::delivery(&wire.shipping),
        note: Personal::new(wire.customer_note.text()),
        metadata: metadata(store, wire),
        refunds: named_refunds(wire)?,
    })
}

fn payment(wire: &WireOrder) -> Result<Payment, Unreadable> {
    Ok(Payment {
        method: wire.payment_method.text(),
        transaction: Some(wire.transaction_id.text()).filter(|text| !text.trim().is_empty()),
        paid_at: gmt(&"date_paid_gmt", &wire.date_paid_gmt)?,
    })
}

fn metadata(store: &StoreConfig, wire: &WireOrder) -> BTreeMap<String, Personal<String>> {
    let value = |key: &String| Some((key.clone(), Personal::new(meta_text(&wire.meta_data, key)?)));
    store.metadata.iter().filter_map(value).collect()
}

fn named_refunds(wire: &WireOrder) -> Result<Vec<RefundRef>, Unreadable> {
    let refund = |(index, refund): (usize, &crate::wire::WireRefundRef)| {
        Ok(RefundRef {
            id: RefundId(field::key(&format_args!("refunds[{index}].id"), &refund.id)?),
            total: amount(&format_args!("refunds[{index}].total"), &refund.total)?,
        })
    };
    wire.refunds.iter().enumerate().map(refund).collect()
}

#[cfg(test)]
mod tests;

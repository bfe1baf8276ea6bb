//! From `orders/{id}/refunds` to canonical refunds.
//!
//! The shop writes quantities and totals of a refund's lines as negative
//! numbers; here they are positive. A line points to the order's by the
//! metadata `_refunded_item_id`. One without it is about line 0, which no order
//! has: nobody knows what was refunded, and the other refunds are not at fault.
//! A refund that we made for a return says so in its metadata `_weir_return`.

use rust_decimal::Decimal;
use weir_domain::Personal;
use weir_domain::config::StoreConfig;
use weir_domain::id::{OrderId, OrderKey, RefundId, ReturnId};
use weir_domain::money::opposite;
use weir_domain::order::{Refund, RefundLine, TaxShare};

use super::field::{amount, amount_or_zero, id, instant, key};
use super::{OrderError, Unreadable, lines};
use crate::wire::{self, Scalar, WireFee, WireLine, WireMeta, WireRefund, WireShipping, WireTax};

/// Which line of the order a line of a refund is about.
const REFUNDED_ITEM: &str = "_refunded_item_id";
/// Which return of the ERP a refund was made for, by us.
pub(crate) const OF_RETURN: &str = "_weir_return";

/// Reads the body of `GET orders/{id}/refunds`.
pub fn refunds(store: &StoreConfig, order: OrderId, body: &[u8]) -> Result<Vec<Refund>, OrderError> {
    let listed = wire::listing::<WireRefund>(body).map_err(|_| OrderError::NotJson)?;
    let order = OrderKey { store: store.store.clone(), order };
    let refunds = listed.iter().enumerate().map(|(index, wire)| refund(&order, index, wire));
    Ok(refunds.collect::<Result<_, _>>()?)
}

fn refund(order: &OrderKey, index: usize, wire: &WireRefund) -> Result<Refund, Unreadable> {
    let path = format!("refunds[{index}]");
    let goods = wire.line_items.iter().enumerate().map(|(at, line)| Part::of_line(at, line));
    let shipping = wire.shipping_lines.iter().enumerate().map(|(at, line)| Part::of_shipping(at, line));
    let fees = wire.fee_lines.iter().enumerate().map(|(at, line)| Part::of_fee(at, line));
    let lines = goods.chain(shipping).chain(fees).map(|part| part.line(&path));
    Ok(Refund {
        order: order.clone(),
        id: RefundId(key(&format_args!("{path}.id"), &wire.id)?),
        created_at: instant(&format_args!("{path}.date_created_gmt"), &wire.date_created_gmt)?,
        amount: given_back(&path, &wire.amount)?,
        reason: Personal::new(wire.reason.text()),
        lines: lines.collect::<Result<_, _>>()?,
        of_return: wire::meta_text(&wire.meta_data, OF_RETURN).map(ReturnId),
    })
}

fn given_back(path: &str, wire: &Scalar) -> Result<Decimal, Unreadable> {
    let given = amount(&format_args!("{path}.amount"), wire)?;
    if given.is_sign_negative() && !given.is_zero() {
        let detail = format!("{path}.amount is negative");
        return Err(Unreadable { code: "bad_amount", detail });
    }
    Ok(given)
}

/// A line, a shipping line or a fee of a refund, seen alike.
struct Part<'a> {
    name: String,
    meta: &'a [WireMeta],
    quantity: Option<&'a Scalar>,
    total: &'a Scalar,
    total_tax: &'a Scalar,
    taxes: &'a [WireTax],
}

impl<'a> Part<'a> {
    fn of_line(at: usize, line: &'a WireLine) -> Self {
        Self {
            name: format!("line_items[{at}]"),
            meta: &line.meta_data,
            quantity: Some(&line.quantity),
            total: &line.total,
            total_tax: &line.total_tax,
            taxes: &line.taxes,
        }
    }

    fn of_shipping(at: usize, line: &'a WireShipping) -> Self {
        let name = format!("shipping_lines[{at}]");
        let (total, total_tax) = (&line.total, &line.total_tax);
        Self { name, meta: &line.meta_data, quantity: None, total, total_tax, taxes: &line.taxes }
    }

    fn of_fee(at: usize, line: &'a WireFee) -> Self {
        let name = format!("fee_lines[{at}]");
        let (total, total_tax) = (&line.total, &line.total_tax);
        Self { name, meta: &line.meta_data, quantity: None, total, total_tax, taxes: &line.taxes }
    }

    fn line(&self, refund: &str) -> Result<RefundLine, Unreadable> {
        let path = format!("{refund}.{}", self.name);
        let quantity = |wire| amount_or_zero(&format_args!("{path}.quantity"), wire);
        let share = |share: TaxShare| TaxShare { amount: opposite(share.amount), ..share };
        Ok(RefundLine {
            line: self.refunded_item(&path)?,
            quantity: opposite(self.quantity.map_or(Ok(Decimal::ZERO), quantity)?),
            net: opposite(amount_or_zero(&format_args!("{path}.total"), self.total)?),
            tax: opposite(amount_or_zero(&format_args!("{path}.total_tax"), self.total_tax)?),
            taxes: lines::taxes(&path, self.taxes)?.into_iter().map(share).collect(),
        })
    }

    fn refunded_item(&self, path: &str) -> Result<u64, Unreadable> {
        let raw = wire::meta(self.meta, REFUNDED_ITEM).map_or("null", |raw| raw.get());
        let item: Scalar = serde_json::from_str(raw).unwrap_or_default();
        id(&format_args!("{path}.meta_data.{REFUNDED_ITEM}"), &item)
    }
}

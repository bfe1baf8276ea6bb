//! What was sold, shipped and charged.

use std::fmt::Display;

use weir_domain::id::Sku;
use weir_domain::order::{Charge, Coupon, Line, ProductRef, TaxRate, TaxShare};

use super::Unreadable;
use super::field::{amount, amount_or_zero, id, key, optional, present, text};
use crate::wire::{List, WireCoupon, WireFee, WireLine, WireRate, WireShipping, WireTax, meta};

/// The shop's record of what it took off its own stock for a line.
const REDUCED_STOCK: &str = "_reduced_stock";

pub(super) fn goods(lines: Option<&List<WireLine>>) -> Result<Vec<Line>, Unreadable> {
    let lines = present(&"line_items", lines)?;
    lines.iter().enumerate().map(|(index, line)| goods_line(index, line)).collect()
}

fn goods_line(index: usize, line: &WireLine) -> Result<Line, Unreadable> {
    let path = format!("line_items[{index}]");
    let net = amount(&format_args!("{path}.total"), &line.total)?;
    Ok(Line {
        id: key(&format_args!("{path}.id"), &line.id)?,
        product: ProductRef {
            product: id(&format_args!("{path}.product_id"), &line.product_id)?,
            variation: id(&format_args!("{path}.variation_id"), &line.variation_id)?,
            sku: Some(line.sku.text()).filter(|sku| !sku.trim().is_empty()).map(Sku),
        },
        name: line.name.text(),
        quantity: amount(&format_args!("{path}.quantity"), &line.quantity)?,
        subtotal: optional(&format_args!("{path}.subtotal"), &line.subtotal)?.unwrap_or(net),
        net,
        tax: amount_or_zero(&format_args!("{path}.total_tax"), &line.total_tax)?,
        taxes: taxes(&path, &line.taxes)?,
        tax_class: line.tax_class.text(),
        reduced_stock: reduced_stock(line),
    })
}

/// Stock that cannot be read is stock that was not said: whoever counts it
/// takes the full quantity then.
pub(crate) fn reduced_stock(line: &WireLine) -> Option<rust_decimal::Decimal> {
    let raw = meta(&line.meta_data, REDUCED_STOCK)?;
    let value: crate::wire::Scalar = serde_json::from_str(raw.get()).ok()?;
    value.decimal().ok().flatten()
}

pub(super) fn shipping(lines: &[WireShipping]) -> Result<Vec<Charge>, Unreadable> {
    lines.iter().enumerate().map(|(index, line)| shipping_line(index, line)).collect()
}

fn shipping_line(index: usize, line: &WireShipping) -> Result<Charge, Unreadable> {
    let path = format!("shipping_lines[{index}]");
    let method = line.method_id.text();
    // "" where the order was made over REST, 0 for a method without a zone.
    let instance = Some(line.instance_id.text()).filter(|id| !id.is_empty() && id != "0");
    Ok(Charge {
        id: key(&format_args!("{path}.id"), &line.id)?,
        code: instance.map_or_else(|| method.clone(), |instance| format!("{method}:{instance}")),
        name: line.method_title.text(),
        net: amount_or_zero(&format_args!("{path}.total"), &line.total)?,
        tax: amount_or_zero(&format_args!("{path}.total_tax"), &line.total_tax)?,
        taxes: taxes(&path, &line.taxes)?,
        tax_class: String::new(),
    })
}

pub(super) fn fees(lines: &[WireFee]) -> Result<Vec<Charge>, Unreadable> {
    lines.iter().enumerate().map(|(index, line)| fee_line(index, line)).collect()
}

fn fee_line(index: usize, line: &WireFee) -> Result<Charge, Unreadable> {
    let path = format!("fee_lines[{index}]");
    let name = line.name.text();
    Ok(Charge {
        id: key(&format_args!("{path}.id"), &line.id)?,
        code: name.clone(),
        name,
        net: amount(&format_args!("{path}.total"), &line.total)?,
        tax: amount_or_zero(&format_args!("{path}.total_tax"), &line.total_tax)?,
        taxes: taxes(&path, &line.taxes)?,
        tax_class: line.tax_class.text(),
    })
}

/// A row whose total is `""` belongs to another line of the order: its rate
/// was not applied here. A rate of zero that was applied says "0".
pub(super) fn taxes(path: &dyn Display, rows: &[WireTax]) -> Result<Vec<TaxShare>, Unreadable> {
    let mut shares = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let path = format!("{path}.taxes[{index}]");
        if let Some(amount) = optional(&format_args!("{path}.total"), &row.total)? {
            shares.push(TaxShare { rate: key(&format_args!("{path}.id"), &row.id)?, amount });
        }
    }
    Ok(shares)
}

pub(super) fn coupons(lines: &[WireCoupon]) -> Result<Vec<Coupon>, Unreadable> {
    let coupon = |(index, line): (usize, &WireCoupon)| {
        let discount = amount_or_zero(&format_args!("coupon_lines[{index}].discount"), &line.discount)?;
        Ok(Coupon { code: line.code.text(), discount })
    };
    lines.iter().enumerate().map(coupon).collect()
}

pub(super) fn rates(lines: &[WireRate]) -> Result<Vec<TaxRate>, Unreadable> {
    let rate = |(index, line): (usize, &WireRate)| {
        let path = format!("tax_lines[{index}]");
        Ok(TaxRate {
            id: key(&format_args!("{path}.rate_id"), &line.rate_id)?,
            code: text(&format_args!("{path}.rate_code"), &line.rate_code).unwrap_or_default(),
            percent: optional(&format_args!("{path}.rate_percent"), &line.rate_percent)?,
            compound: line.compound.is_true(),
        })
    };
    lines.iter().enumerate().map(rate).collect()
}

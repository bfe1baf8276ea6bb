//! A line, a shipping line or a fee, seen alike: what it is called in the
//! mappings, and how its net is shared by its rates.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::items;
use crate::mapping::{MappingKey, MappingKind};
use crate::order::{Charge, Line, Order, TaxShare};
use crate::sales::LineKind;

/// A line, a shipping line or a fee.
#[derive(Clone)]
pub(super) struct Component<'a> {
    pub(super) id: u64,
    pub(super) kind: LineKind,
    pub(super) name: &'a str,
    pub(super) quantity: Decimal,
    pub(super) net: Decimal,
    pub(super) tax: Decimal,
    pub(super) taxes: &'a [TaxShare],
    pub(super) tax_class: &'a str,
    pub(super) source: Source<'a>,
}

#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    Line(&'a Line),
    Shipping(&'a Charge),
    Fee(&'a Charge),
}

/// Every part of an order, in the order of the shop.
pub(super) fn components(order: &Order) -> impl Iterator<Item = Component<'_>> {
    let lines = order.lines.iter().map(|line| Component {
        id: line.id,
        kind: LineKind::Goods,
        name: &line.name,
        quantity: line.quantity,
        net: line.net,
        tax: line.tax,
        taxes: &line.taxes,
        tax_class: &line.tax_class,
        source: Source::Line(line),
    });
    let shipping = order.shipping.iter().map(|line| charge(line, LineKind::Shipping, Source::Shipping(line)));
    let fees = order.fees.iter().map(|line| charge(line, LineKind::Fee, Source::Fee(line)));
    lines.chain(shipping).chain(fees)
}

fn charge<'a>(line: &'a Charge, kind: LineKind, source: Source<'a>) -> Component<'a> {
    Component {
        id: line.id,
        kind,
        name: &line.name,
        quantity: Decimal::ONE,
        net: line.net,
        tax: line.tax,
        taxes: &line.taxes,
        tax_class: &line.tax_class,
        source,
    }
}

/// The parts of an order that each have one tax treatment.
pub(super) fn taxed_parts(order: &Order) -> impl Iterator<Item = Component<'_>> {
    components(order).flat_map(|part| split_by_rate(order, part))
}

/// WooCommerce spreads a negative fee, and shipping of a mixed cart, over the
/// tax classes of the goods: its rows are then rates of *parts* of the net,
/// not rates on top of each other, and each part has a treatment of its own.
pub(super) fn split_by_rate<'a>(order: &Order, part: Component<'a>) -> Vec<Component<'a>> {
    let nets = match part.kind {
        LineKind::Shipping | LineKind::Fee => nets_by_rate(order, &part),
        LineKind::Goods | LineKind::Allowance => None,
    };
    let Some(nets) = nets else { return vec![part] };
    let taxes = part.taxes;
    let of = |(share, net): (&'a TaxShare, Decimal)| Component {
        net,
        tax: share.amount,
        taxes: std::slice::from_ref(share),
        ..part.clone()
    };
    taxes.iter().zip(nets).map(of).collect()
}

/// The net that each rate was charged on, if the rates share it; `None` if
/// each was charged on all of it, or the rows do not tell.
fn nets_by_rate(order: &Order, part: &Component<'_>) -> Option<Vec<Decimal>> {
    let unit = order.currency.minor_unit();
    let mut nets = Vec::new();
    let mut stacked = true;
    let mut doubt = unit;
    for share in part.taxes {
        let rate = order.rates.iter().find(|rate| rate.id == share.rate && !rate.compound)?;
        // Zero also for a rate too small to be divided.
        let factor = Some(rate.percent? / Decimal::ONE_HUNDRED).filter(|factor| !factor.is_zero())?;
        stacked &= (part.net * factor - share.amount).abs() <= unit;
        // A row rounded by half a unit hides so much of its net.
        doubt += unit / Decimal::TWO / factor;
        nets.push(order.currency.round(share.amount / factor));
    }
    let rest = part.net - nets.iter().sum::<Decimal>();
    if stacked || nets.len() < 2 || rest.abs() > doubt {
        return None;
    }
    let largest = nets.iter_mut().max_by_key(|net| net.abs())?;
    *largest += rest;
    Some(nets)
}

/// The SKU a line was sold under.
pub(super) fn sku(line: &Line, first_skus: &BTreeMap<u64, String>) -> Option<String> {
    let now = || line.product.sku.as_ref().map(|sku| sku.0.clone());
    first_skus.get(&line.id).cloned().or_else(now).filter(|sku| !sku.is_empty())
}

/// What may name the item of a goods line, most specific first.
pub(super) fn item_candidates(line: &Line, first_skus: &BTreeMap<u64, String>) -> Vec<MappingKey> {
    items::candidates(line.product.id(), sku(line, first_skus).as_deref())
}

/// What may name the item of a component, most specific first.
pub(super) fn candidates(source: Source<'_>, first_skus: &BTreeMap<u64, String>) -> Vec<MappingKey> {
    match source {
        Source::Line(line) => item_candidates(line, first_skus),
        Source::Shipping(charge) => shipping_candidates(charge),
        Source::Fee(charge) => fee_candidates(&charge.name),
    }
}

fn shipping_candidates(charge: &Charge) -> Vec<MappingKey> {
    let method = charge.code.split(':').next().unwrap_or_default();
    let mut names = vec![charge.code.as_str(), method];
    names.dedup();
    names.into_iter().map(|name| MappingKey::new(MappingKind::Shipping, name)).collect()
}

fn fee_candidates(name: &str) -> Vec<MappingKey> {
    let names = [format!("name:{name}"), "any".to_owned()];
    names.into_iter().map(|name| MappingKey::new(MappingKind::Fee, name)).collect()
}

/// The treatment of a component: the ordered set of its rates, or, where
/// there is no tax row, the destination with the class or the exemption. An
/// absent row by itself is no treatment.
pub(super) fn tax_candidates(order: &Order, taxes: &[TaxShare], tax_class: &str) -> Vec<MappingKey> {
    let names = if taxes.is_empty() { untaxed(order, tax_class) } else { vec![rate_set(order, taxes)] };
    names.into_iter().map(|name| MappingKey::new(MappingKind::Tax, name)).collect()
}

fn rate_set(order: &Order, taxes: &[TaxShare]) -> String {
    let compound = |id| order.rates.iter().any(|rate| rate.id == id && rate.compound);
    let rates = taxes.iter().map(|share| {
        let mark = if compound(share.rate) { "c" } else { "" };
        format!("{}{mark}", share.rate)
    });
    format!("rates:{}", rates.collect::<Vec<_>>().join("+"))
}

fn untaxed(order: &Order, tax_class: &str) -> Vec<String> {
    let country = &order.destination().country;
    match (order.customer.vat_exempt, &order.customer.vat_id) {
        // An exemption needs its evidence: with a VAT id it is one thing,
        // without it another, and neither falls back to "just no tax".
        (true, Some(_)) => vec![format!("none:{country}:exempt-vat-id")],
        (true, None) => vec![format!("none:{country}:exempt")],
        (false, _) if tax_class.is_empty() => vec![format!("none:{country}")],
        (false, _) => vec![format!("none:{country}:{tax_class}"), format!("none:{country}")],
    }
}

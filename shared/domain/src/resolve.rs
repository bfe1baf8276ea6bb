//! From the shop's references to the ERP's: items, tax treatments, shipping,
//! fees and journals. Whatever is not mapped stops the order with a typed
//! reason; nothing is guessed.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::config::StoreConfig;
use crate::id::{DocumentKey, Sku};
use crate::items;
use crate::mapping::{MappingKey, MappingKind, Mappings};
use crate::order::{Charge, Line, Order, TaxShare, Tender, TotalsError};
use crate::sales::{LineKind, Release, SalesLine, SalesOrder, SalesPayment, Tolerance};

/// Why an order cannot be booked as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// Names without a mapping, each once, in the order's order.
    #[error("not mapped: {}", list(.0))]
    Unmapped(Vec<MappingKey>),
    /// The shop's totals do not follow from its lines.
    #[error(transparent)]
    Totals(#[from] TotalsError),
    /// A line of no quantity, or nothing to book at all.
    #[error("{0}")]
    Nonsense(&'static str),
}

fn list(keys: &[MappingKey]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Everything a resolution needs beside the order.
pub struct Resolver<'a> {
    /// The store's configuration.
    pub config: &'a StoreConfig,
    /// What was found for [`Resolver::keys`].
    pub mappings: &'a Mappings,
    /// First SKU seen for each line: a renamed product still is what was sold.
    pub first_skus: &'a BTreeMap<u64, String>,
}

/// Each name that may have to be mapped, most specific first.
pub fn keys(order: &Order, first_skus: &BTreeMap<u64, String>) -> Vec<MappingKey> {
    let items = order.lines.iter().flat_map(|line| item_candidates(line, first_skus));
    let shipping = order.shipping.iter().flat_map(shipping_candidates);
    let fees = order.fees.iter().flat_map(fee_candidates);
    let parts = components(order).flat_map(|part| split_by_rate(order, part));
    let taxes = parts.flat_map(|part| tax_candidates(order, part.taxes, part.tax_class));
    let payments = std::iter::once(method_key(order)).chain(order.tender.iter().map(tender_key));
    let mut keys: Vec<_> = items.chain(shipping).chain(fees).chain(taxes).chain(payments).collect();
    keys.sort();
    keys.dedup();
    keys
}

/// The names of its goods only.
pub fn item_keys(order: &Order, first_skus: &BTreeMap<u64, String>) -> Vec<MappingKey> {
    let keys = order.lines.iter().flat_map(|line| item_candidates(line, first_skus));
    keys.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

impl Resolver<'_> {
    /// The sales order to book.
    pub fn sales_order(
        &self,
        order: &Order,
        key: DocumentKey,
        release: Release,
    ) -> Result<SalesOrder, ResolveError> {
        let residuals = order.residuals(self.config.rounding_cap)?;
        let mut gaps = Vec::new();
        let mut lines = Vec::new();
        for part in components(order).flat_map(|part| split_by_rate(order, part)) {
            if part.quantity.is_zero() {
                return Err(ResolveError::Nonsense("a line has no quantity"));
            }
            let item = self.item(&part).unwrap_or_else(|gap| note(&mut gaps, gap));
            let taxes = self.taxes(order, &part).unwrap_or_else(|gap| note(&mut gaps, gap));
            lines.push(SalesLine {
                line: part.id,
                kind: part.kind,
                item,
                description: part.name.to_owned(),
                quantity: part.quantity,
                net: order.currency.round(part.net),
                tax: order.currency.round(part.tax),
                taxes,
            });
        }
        if lines.is_empty() {
            return Err(ResolveError::Nonsense("the order has no lines"));
        }
        if gaps.is_empty() {
            let tolerance = Tolerance { net: residuals.net_bound, tax: residuals.tax_bound };
            Ok(SalesOrder {
                key,
                number: order.number.clone(),
                ordered_at: order.created_at,
                release,
                lines,
                totals: order.totals(),
                tolerance,
                customer: order.customer.clone(),
                billing: order.billing.clone(),
                delivery: order.destination().clone(),
                note: order.note.clone(),
            })
        } else {
            Err(ResolveError::Unmapped(gaps))
        }
    }

    /// The payments to book, once the shop considers the order paid: what its
    /// method brought, then each kind of tender. A method or tender mapped to
    /// nothing is booked by others.
    pub fn payments(&self, order: &Order) -> Result<Vec<SalesPayment>, ResolveError> {
        let Some(paid_at) = order.payment.paid_at else {
            return Ok(Vec::new());
        };
        let mut gaps = Vec::new();
        let mut payments = Vec::new();
        for Part { key, transaction, amount } in parts_paid(order) {
            let amount = order.currency.round(amount);
            if amount <= Decimal::ZERO {
                continue;
            }
            let Some(target) = self.mappings.get(&key) else {
                note::<()>(&mut gaps, key);
                continue;
            };
            payments.extend(target.first().map(|journal| SalesPayment {
                order: order.key.clone(),
                transaction,
                journal: journal.clone(),
                amount,
                currency: order.currency,
                paid_at,
            }));
        }
        if gaps.is_empty() { Ok(payments) } else { Err(ResolveError::Unmapped(gaps)) }
    }

    fn item(&self, part: &Component<'_>) -> Result<String, MappingKey> {
        let (candidates, line_item) = match part.source {
            Source::Line(line) => (item_candidates(line, self.first_skus), self.line_item(line)),
            Source::Shipping(charge) => (shipping_candidates(charge), None),
            Source::Fee(charge) => (fee_candidates(charge), None),
        };
        let mapped = || self.first(&candidates).and_then(|target| target.first().cloned());
        line_item.or_else(mapped).ok_or_else(|| shown(candidates, part.name))
    }

    fn line_item(&self, line: &Line) -> Option<String> {
        let sku = sku(line, self.first_skus);
        items::item(self.config.items, self.mappings, line.product.id(), sku.as_deref()).map(|item| item.0)
    }

    /// The item of each goods line that has one.
    pub fn items(&self, order: &Order) -> BTreeMap<u64, Sku> {
        order.lines.iter().filter_map(|line| Some((line.id, Sku(self.line_item(line)?)))).collect()
    }

    fn taxes(&self, order: &Order, part: &Component<'_>) -> Result<Vec<String>, MappingKey> {
        // Nothing for nothing needs no treatment: free shipping has no tax row.
        if part.taxes.is_empty() && part.net.is_zero() && part.tax.is_zero() {
            return Ok(Vec::new());
        }
        let candidates = tax_candidates(order, part.taxes, part.tax_class);
        self.first(&candidates).cloned().ok_or_else(|| shown(candidates, part.name))
    }

    fn first(&self, candidates: &[MappingKey]) -> Option<&Vec<String>> {
        candidates.iter().find_map(|key| self.mappings.get(key))
    }
}

/// Notes a gap once and goes on, so that people see all of them together.
fn note<T: Default>(gaps: &mut Vec<MappingKey>, gap: MappingKey) -> T {
    if !gaps.contains(&gap) {
        gaps.push(gap);
    }
    T::default()
}

/// The candidate people would add: the last one, which is what they see in
/// the shop (a SKU, a method), or the printed name of a line without any.
fn shown(candidates: Vec<MappingKey>, name: &str) -> MappingKey {
    candidates
        .into_iter()
        .next_back()
        .unwrap_or_else(|| MappingKey::new(MappingKind::Item, format!("name:{name}")))
}

/// A line, a shipping line or a fee, seen alike.
#[derive(Clone)]
struct Component<'a> {
    id: u64,
    kind: LineKind,
    name: &'a str,
    quantity: Decimal,
    net: Decimal,
    tax: Decimal,
    taxes: &'a [TaxShare],
    tax_class: &'a str,
    source: Source<'a>,
}

#[derive(Clone)]
enum Source<'a> {
    Line(&'a Line),
    Shipping(&'a Charge),
    Fee(&'a Charge),
}

fn components(order: &Order) -> impl Iterator<Item = Component<'_>> {
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

/// WooCommerce spreads a negative fee, and shipping of a mixed cart, over the
/// tax classes of the goods: its rows are then rates of *parts* of the net,
/// not rates on top of each other, and each part has a treatment of its own.
fn split_by_rate<'a>(order: &Order, part: Component<'a>) -> Vec<Component<'a>> {
    let nets = match part.kind {
        LineKind::Goods => None,
        LineKind::Shipping | LineKind::Fee => nets_by_rate(order, &part),
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

fn sku(line: &Line, first_skus: &BTreeMap<u64, String>) -> Option<String> {
    let now = || line.product.sku.as_ref().map(|sku| sku.0.clone());
    first_skus.get(&line.id).cloned().or_else(now).filter(|sku| !sku.is_empty())
}

fn item_candidates(line: &Line, first_skus: &BTreeMap<u64, String>) -> Vec<MappingKey> {
    items::candidates(line.product.id(), sku(line, first_skus).as_deref())
}

fn shipping_candidates(charge: &Charge) -> Vec<MappingKey> {
    let method = charge.code.split(':').next().unwrap_or_default();
    let mut names = vec![charge.code.as_str(), method];
    names.dedup();
    names.into_iter().map(|name| MappingKey::new(MappingKind::Shipping, name)).collect()
}

fn fee_candidates(charge: &Charge) -> Vec<MappingKey> {
    let names = [format!("name:{}", charge.name), "any".to_owned()];
    names.into_iter().map(|name| MappingKey::new(MappingKind::Fee, name)).collect()
}

/// The treatment of a component: the ordered set of its rates, or, where
/// there is no tax row, the destination with the class or the exemption. An
/// absent row by itself is no treatment.
fn tax_candidates(order: &Order, taxes: &[TaxShare], tax_class: &str) -> Vec<MappingKey> {
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

/// A part of what an order comes to, and who paid it.
struct Part {
    key: MappingKey,
    transaction: String,
    amount: Decimal,
}

/// What the method paid, and each kind of tender with all its amounts.
fn parts_paid(order: &Order) -> Vec<Part> {
    let reference = || order.key.order.to_string();
    let transaction = order.payment.transaction.clone().unwrap_or_else(reference);
    let mut parts = vec![Part { key: method_key(order), transaction, amount: order.total }];
    for tender in &order.tender {
        let key = tender_key(tender);
        match parts.iter_mut().skip(1).find(|part| part.key == key) {
            Some(part) => part.amount += tender.amount,
            None => parts.push(Part { transaction: key.name.clone(), key, amount: tender.amount }),
        }
    }
    parts
}

fn method_key(order: &Order) -> MappingKey {
    MappingKey::new(MappingKind::Payment, order.payment.method.clone())
}

fn tender_key(tender: &Tender) -> MappingKey {
    MappingKey::new(MappingKind::Payment, format!("tender:{}", tender.kind))
}

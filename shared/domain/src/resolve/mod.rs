//! From the shop's references to the ERP's: items, tax treatments, shipping,
//! fees and journals. Whatever is not mapped stops the order with a typed
//! reason; nothing is guessed.

mod component;
mod credit;

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::config::StoreConfig;
use crate::id::{DocumentKey, Sku};
use crate::items;
use crate::mapping::{MappingKey, MappingKind, Mappings};
use crate::order::{Line, Order, Tender, TotalsError};
use crate::sales::{Release, SalesLine, SalesOrder, SalesPayment, Tolerance};
use component::{Component, Source, components, item_candidates, sku, tax_candidates, taxed_parts};
pub use credit::credit_keys;

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
    /// A refund names a line that was not booked: it is gone from the order,
    /// or it is a gift card's, which paid.
    #[error("the refund names line {0}, which is none of those booked")]
    LineUnknown(u64),
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
    let items = components(order).flat_map(|part| component::candidates(part.source, first_skus));
    let taxes = taxed_parts(order).flat_map(|part| tax_candidates(order, part.taxes, part.tax_class));
    let payments = std::iter::once(method_key(order)).chain(order.tender.iter().map(tender_key));
    let mut keys: Vec<_> = items.chain(taxes).chain(payments).collect();
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
        for part in taxed_parts(order) {
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
                origin: None,
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
        let candidates = component::candidates(part.source, self.first_skus);
        let line_item = match part.source {
            Source::Line(line) => self.line_item(line),
            Source::Shipping(_) | Source::Fee(_) => None,
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

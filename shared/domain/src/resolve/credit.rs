//! A refund becomes a credit: a sales order with negative quantities.
//!
//! Units that come back are booked as the goods they are, so that the ERP can
//! expect them; money without goods is an allowance, on an item of its own.
//! What the amount says beyond its lines is an allowance at the tax mix of
//! what is left of the order.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::component::{Component, components, split_by_rate, tax_candidates, taxed_parts};
use super::{ResolveError, Resolver, keys, note};
use crate::id::DocumentKey;
use crate::mapping::{MappingKey, MappingKind};
use crate::money::{Totals, opposite};
use crate::order::{Order, Refund, RefundLine, TaxShare};
use crate::sales::{LineKind, Release, SalesLine, SalesOrder, Tolerance};

/// As printed on an allowance that is about no line.
const ALLOWANCE: &str = "Refund";

/// What names the item of an allowance.
fn allowance_key() -> MappingKey {
    MappingKey::new(MappingKind::Fee, "refund")
}

/// Each name that may have to be mapped for the credits of an order: the
/// order's, and what its refunds bring with them.
pub fn credit_keys(order: &Order, refunds: &[Refund], first_skus: &BTreeMap<u64, String>) -> Vec<MappingKey> {
    let mut keys = keys(order, first_skus);
    keys.extend(refunds.iter().flat_map(|refund| tax_keys(order, refund)));
    keys.push(allowance_key());
    keys.sort();
    keys.dedup();
    keys
}

fn tax_keys(order: &Order, refund: &Refund) -> Vec<MappingKey> {
    let of_lines = with_tax(order, refund).unwrap_or_default();
    let parts = of_lines.iter().filter_map(|line| refunded(order, line).ok());
    let parts = parts.flat_map(|part| split_by_rate(order, part));
    parts.flat_map(|part| tax_candidates(order, part.taxes, part.tax_class)).collect()
}

impl Resolver<'_> {
    /// The credit to book for each refund of `order`, which come oldest first:
    /// `None` where nothing comes back, neither goods nor money. Quantities and
    /// totals are negative.
    pub fn credits(
        &self,
        order: &Order,
        refunds: &[Refund],
    ) -> Vec<Result<Option<SalesOrder>, ResolveError>> {
        let mut given = Vec::new();
        let mut credit = |refund| {
            let credit = self.credit(order, refund, &given)?;
            given.extend(credit.iter().flat_map(|credit| credit.lines.clone()));
            Ok(credit)
        };
        refunds.iter().map(&mut credit).collect()
    }

    fn credit(
        &self,
        order: &Order,
        refund: &Refund,
        given: &[SalesLine],
    ) -> Result<Option<SalesOrder>, ResolveError> {
        let mut gaps = Vec::new();
        let mut lines = Vec::new();
        for line in &with_tax(order, refund)? {
            for part in split_by_rate(order, refunded(order, line)?) {
                lines.extend(self.credit_line(order, &part, &mut gaps));
            }
        }
        let named: Decimal = lines.iter().map(|line| line.net + line.tax).sum();
        let mut rest = opposite(order.currency.round(refund.amount)) - named;
        if rest.abs() > self.rounding_of(order, &lines) {
            let left = self.left(order, given.iter().chain(&lines), rest, &mut gaps);
            lines.extend(self.allowances(order, rest, left, &mut gaps)?);
            rest = Decimal::ZERO;
        }
        if !gaps.is_empty() {
            return Err(ResolveError::Unmapped(gaps));
        }
        Ok((!lines.is_empty()).then(|| self.document(order, refund, lines, rest)))
    }

    fn document(&self, order: &Order, refund: &Refund, lines: Vec<SalesLine>, rest: Decimal) -> SalesOrder {
        let net = lines.iter().map(|line| line.net).sum::<Decimal>() + rest;
        let tax = lines.iter().map(|line| line.tax).sum::<Decimal>();
        let rates = order.rates.len().max(1);
        let tolerance = Tolerance {
            net: self.rounding_of(order, &lines),
            tax: self.rounding(order, lines.len() * rates + rates + 1),
        };
        SalesOrder {
            key: DocumentKey::of_refund(&refund.order, refund.id),
            origin: None,
            number: order.number.clone(),
            ordered_at: refund.created_at,
            release: Release::Ship,
            lines,
            totals: Totals { currency: order.currency, net, tax, gross: net + tax },
            tolerance,
            customer: order.customer.clone(),
            billing: order.billing.clone(),
            delivery: order.destination().clone(),
            note: refund.reason.clone(),
        }
    }

    /// What rounding of the net and the tax of each line, and of their sum, can
    /// explain: nothing where there is no line.
    fn rounding_of(&self, order: &Order, lines: &[SalesLine]) -> Decimal {
        if lines.is_empty() { Decimal::ZERO } else { self.rounding(order, 2 * lines.len() + 1) }
    }

    /// What rounding so many amounts can explain.
    fn rounding(&self, order: &Order, amounts: usize) -> Decimal {
        let half = order.currency.minor_unit() / Decimal::TWO;
        let cap = self.config.rounding_cap.max(order.currency.minor_unit());
        (half * Decimal::from(amounts)).min(cap)
    }

    /// `None` where neither goods nor money come back.
    fn credit_line(
        &self,
        order: &Order,
        part: &Component<'_>,
        gaps: &mut Vec<MappingKey>,
    ) -> Option<SalesLine> {
        let (net, tax) = (order.currency.round(part.net), order.currency.round(part.tax));
        let comes_back = part.kind == LineKind::Goods && !part.quantity.is_zero();
        if !comes_back && net.is_zero() && tax.is_zero() {
            return None;
        }
        let item = if part.kind == LineKind::Allowance { self.allowance_item() } else { self.item(part) };
        let item = item.unwrap_or_else(|gap| note(gaps, gap));
        let taxes = self.taxes(order, part).unwrap_or_else(|gap| note(gaps, gap));
        Some(SalesLine {
            line: part.id,
            kind: part.kind,
            item,
            description: part.name.to_owned(),
            quantity: opposite(part.quantity),
            net: opposite(net),
            tax: opposite(tax),
            taxes,
        })
    }

    fn allowance_item(&self) -> Result<String, MappingKey> {
        let key = allowance_key();
        self.mappings.get(&key).and_then(|target| target.first().cloned()).ok_or(key)
    }

    /// The net and tax of the order that were not given back, by treatment, for
    /// `rest` to be shared by.
    fn left<'a>(
        &self,
        order: &Order,
        given: impl Iterator<Item = &'a SalesLine>,
        rest: Decimal,
        gaps: &mut Vec<MappingKey>,
    ) -> Mix {
        let mut sold = Mix::new();
        for part in taxed_parts(order).filter(|part| !part.net.is_zero() || !part.tax.is_zero()) {
            let taxes = self.taxes(order, &part).unwrap_or_else(|gap| note(gaps, gap));
            add(&mut sold, taxes, order.currency.round(part.net), order.currency.round(part.tax));
        }
        let mut left = sold.clone();
        for line in given {
            add(&mut left, line.taxes.clone(), line.net, line.tax);
        }
        // All that is left goes back as it is, discounts included; a part of it
        // from what there is something to give of.
        let whole: Decimal = left.values().map(|(net, tax)| net + tax).sum();
        if whole.is_zero() || whole != -rest {
            left.retain(|_, (net, tax)| *net + *tax > Decimal::ZERO);
        }
        // More than all was given back already: people will see the sum.
        if left.is_empty() { sold } else { left }
    }

    /// `amount`, gross and signed as it is to be booked, shared by the
    /// treatments as `mix` is.
    fn allowances(
        &self,
        order: &Order,
        amount: Decimal,
        mix: Mix,
        gaps: &mut Vec<MappingKey>,
    ) -> Result<Vec<SalesLine>, ResolveError> {
        let item = self.allowance_item().unwrap_or_else(|gap| note(gaps, gap));
        let shares: Vec<_> = mix.into_iter().filter(|(_, (net, tax))| !(net + tax).is_zero()).collect();
        let grosses: Vec<Decimal> = shares.iter().map(|(_, (net, tax))| net + tax).collect();
        let Some(amounts) = spread(order, amount, &grosses) else {
            return Err(ResolveError::Nonsense("an order of nothing has no tax mix for its refund"));
        };
        let line = |((taxes, (net, tax)), amount): ((Vec<String>, (Decimal, Decimal)), Decimal)| {
            let share = order.currency.round(amount * net / (net + tax));
            SalesLine {
                line: 0,
                kind: LineKind::Allowance,
                item: item.clone(),
                description: ALLOWANCE.to_owned(),
                quantity: -Decimal::ONE,
                net: share,
                tax: amount - share,
                taxes,
            }
        };
        let lines = shares.into_iter().zip(amounts).map(line);
        Ok(lines.filter(|line| !line.net.is_zero() || !line.tax.is_zero()).collect())
    }
}

/// Net and tax by the ERP's tax codes.
type Mix = BTreeMap<Vec<String>, (Decimal, Decimal)>;

fn add(mix: &mut Mix, taxes: Vec<String>, net: Decimal, tax: Decimal) {
    let share = mix.entry(taxes).or_default();
    share.0 += net;
    share.1 += tax;
}

/// `amount` in shares as the weights are, each rounded; the heaviest takes
/// what rounding leaves. `None` if the weights come to nothing.
fn spread(order: &Order, amount: Decimal, weights: &[Decimal]) -> Option<Vec<Decimal>> {
    let sum: Decimal = weights.iter().sum();
    let share = |weight: &Decimal| Some(order.currency.round(amount * weight.checked_div(sum)?));
    let mut shares = weights.iter().map(share).collect::<Option<Vec<_>>>()?;
    let rest = amount - shares.iter().sum::<Decimal>();
    let heaviest = (0..weights.len()).max_by_key(|at| weights[*at].abs())?;
    shares[heaviest] += rest;
    Some(shares)
}

/// The lines of a refund with their tax. People often enter what they give
/// back without any: then it is gross, at the rates of the line.
fn with_tax(order: &Order, refund: &Refund) -> Result<Vec<RefundLine>, ResolveError> {
    let complete = |line: &RefundLine| {
        let sold = sold(order, line)?;
        let untaxed = line.tax.is_zero() && line.taxes.iter().all(|share| share.amount.is_zero());
        if !untaxed || sold.tax.is_zero() || (sold.net + sold.tax).is_zero() {
            return Ok(RefundLine { taxes: at_rates_of(&sold, line), ..line.clone() });
        }
        let tax = order.currency.round(line.net * sold.tax / (sold.net + sold.tax));
        let share = |share: &TaxShare| TaxShare { amount: tax * share.amount / sold.tax, ..share.clone() };
        let taxes = sold.taxes.iter().map(share).collect();
        Ok(RefundLine { net: line.net - tax, tax, taxes, ..line.clone() })
    };
    refund.lines.iter().map(complete).collect()
}

/// The tax of a refund's line by the rates of the line sold: the shop leaves
/// out a rate that gave nothing, and the treatment is the same all the same.
fn at_rates_of(sold: &Component<'_>, line: &RefundLine) -> Vec<TaxShare> {
    let given = |rate| line.taxes.iter().find(|share| share.rate == rate).map(|share| share.amount);
    let of_sold = sold
        .taxes
        .iter()
        .map(|share| TaxShare { amount: given(share.rate).unwrap_or_default(), ..share.clone() });
    let is_other = |share: &&TaxShare| sold.taxes.iter().all(|known| known.rate != share.rate);
    of_sold.chain(line.taxes.iter().filter(is_other).cloned()).collect()
}

fn sold<'a>(order: &'a Order, line: &RefundLine) -> Result<Component<'a>, ResolveError> {
    components(order).find(|part| part.id == line.line).ok_or(ResolveError::LineUnknown(line.line))
}

/// What a line of a refund gives back of the order's.
fn refunded<'a>(order: &'a Order, line: &'a RefundLine) -> Result<Component<'a>, ResolveError> {
    let sold = sold(order, line)?;
    let is_money = sold.kind == LineKind::Goods && line.quantity.is_zero();
    let kind = if is_money { LineKind::Allowance } else { sold.kind };
    let quantity = if kind == LineKind::Goods { line.quantity } else { Decimal::ONE };
    Ok(Component { kind, quantity, net: line.net, tax: line.tax, taxes: &line.taxes, ..sold })
}

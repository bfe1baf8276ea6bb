//! What an order comes to: WooCommerce's `calculate_totals`.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use crate::meta;
use crate::model::{LineTax, Order, ProductLine, TaxLine, TaxRate};
use crate::money;
use crate::shop::Shop;
use crate::tax;

/// Rounding of one shop, fixed while an order is computed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounding {
    pub(crate) places: u32,
    pub(crate) inclusive: bool,
    pub(crate) at_subtotal: bool,
}

impl Rounding {
    /// Tax of one line and rate, unless tax is rounded once at the end.
    pub(crate) fn line_tax(self, tax: Decimal) -> Decimal {
        if self.at_subtotal { tax } else { self.tax(tax) }
    }

    pub(crate) fn tax(self, tax: Decimal) -> Decimal {
        money::round_tax(tax, self.places, self.inclusive)
    }

    fn line(self, amount: Decimal) -> Decimal {
        if self.at_subtotal { amount } else { money::round(amount, self.places) }
    }

    fn sum(self, amounts: impl Iterator<Item = Decimal>) -> Decimal {
        money::round(amounts.map(|a| self.line(a)).sum(), self.places)
    }
}

impl Shop {
    pub(crate) fn rounding(&self) -> Rounding {
        Rounding {
            places: self.config.decimals,
            inclusive: self.config.prices_include_tax,
            at_subtotal: self.config.round_at_subtotal,
        }
    }

    /// Computes taxes and totals of an order anew.
    pub(crate) fn calculate(&mut self, order: &mut Order) {
        let rounding = self.rounding();
        limit_negative_fees(order, rounding);
        self.tax_lines_of(order);
        self.collect_tax_lines(order, rounding);
        let product_total = rounding.sum(order.lines.iter().map(|l| l.total));
        let subtotal = rounding.sum(order.lines.iter().map(|l| l.subtotal));
        let fees: Decimal = order.fees.iter().map(|f| f.total).sum();
        let shipping: Decimal =
            order.shipping_lines.iter().map(|s| money::round(s.total, rounding.places)).sum();
        let taxed = |pick: fn(&LineTax) -> Decimal| -> Decimal {
            order.lines.iter().flat_map(|l| &l.taxes).map(pick).sum()
        };
        let discount_tax = taxed(|t| t.subtotal.unwrap_or(t.total)) - taxed(|t| t.total);
        let cart_tax = rounding.tax(order.tax_lines.iter().map(|t| t.tax_total).sum());
        let shipping_tax = rounding.tax(order.tax_lines.iter().map(|t| t.shipping_tax_total).sum());
        let tender: Decimal = order.gift_cards.iter().map(|g| g.amount).sum();
        let total = product_total + fees + shipping + cart_tax + shipping_tax - tender;
        order.totals.discount_total = money::round(subtotal - product_total, rounding.places);
        order.totals.discount_tax = rounding.tax(discount_tax);
        order.totals.shipping_total = shipping;
        order.totals.shipping_tax = shipping_tax;
        order.totals.cart_tax = cart_tax;
        order.totals.total = money::round(total, rounding.places);
    }

    /// Taxes of every line of the order.
    fn tax_lines_of(&self, order: &mut Order) {
        let (country, state) = self.tax_place(&order.billing, &order.shipping);
        let is_exempt = meta::text(&order.meta, "is_vat_exempt") == Some("yes");
        let rates = |class: &str| {
            if is_exempt { Vec::new() } else { self.rates_for(&country, &state, class) }
        };
        for line in &mut order.lines {
            line.taxes =
                if self.is_taxable(line) { line_taxes(line, &rates(&line.tax_class)) } else { Vec::new() };
        }
        let shipping_class = shipping_class(&order.lines);
        let mut shipping_rates = rates(&shipping_class);
        shipping_rates.retain(|r| r.of.shipping);
        for line in &mut order.shipping_lines {
            line.taxes = tax::on_top(line.total, &shipping_rates);
        }
        let costs = class_costs(order);
        for fee in &mut order.fees {
            fee.taxes = if fee.is_tender {
                Vec::new()
            } else if fee.total < Decimal::ZERO {
                apportioned(fee.total, &costs, &rates)
            } else if fee.tax_status == "taxable" {
                tax::on_top(fee.total, &rates(&fee.tax_class))
            } else {
                Vec::new()
            };
        }
    }

    fn is_taxable(&self, line: &ProductLine) -> bool {
        self.products.get(&line.item_id()).is_none_or(|p| p.tax_status == "taxable")
    }

    /// The order's `tax_lines`: one for each rate, keeping the ids of those
    /// that are there.
    fn collect_tax_lines(&mut self, order: &mut Order, rounding: Rounding) {
        let mut cart: BTreeMap<u64, Decimal> = BTreeMap::new();
        let mut shipping: BTreeMap<u64, Decimal> = BTreeMap::new();
        let lines = order.lines.iter().map(|l| &l.taxes);
        for tax in lines.chain(order.fees.iter().map(|f| &f.taxes)).flatten() {
            *cart.entry(tax.rate_id).or_default() += rounding.line_tax(tax.total);
        }
        for tax in order.shipping_lines.iter().flat_map(|s| &s.taxes) {
            *shipping.entry(tax.rate_id).or_default() += rounding.line_tax(tax.total);
        }
        let rate_ids: BTreeSet<u64> = cart.keys().chain(shipping.keys()).copied().collect();
        let known: BTreeMap<u64, u64> = order.tax_lines.iter().map(|t| (t.rate_id, t.id)).collect();
        order.tax_lines = rate_ids
            .into_iter()
            .map(|rate_id| TaxLine {
                id: known.get(&rate_id).copied().unwrap_or_else(|| self.ids.item()),
                rate_id,
                tax_total: cart.get(&rate_id).copied().unwrap_or_default(),
                shipping_tax_total: shipping.get(&rate_id).copied().unwrap_or_default(),
            })
            .collect();
    }
}

fn line_taxes(line: &ProductLine, rates: &[TaxRate]) -> Vec<LineTax> {
    let subtotals = tax::on_top(line.subtotal, rates);
    let mut taxes = tax::on_top(line.total, rates);
    for (tax, before) in taxes.iter_mut().zip(subtotals) {
        tax.subtotal = Some(before.total);
    }
    taxes
}

/// Shipping inherits its class from the items, standard first.
fn shipping_class(lines: &[ProductLine]) -> String {
    let classes: BTreeSet<&str> = lines.iter().map(|l| l.tax_class.as_str()).collect();
    classes.first().map_or_else(String::new, |class| (*class).to_owned())
}

/// A negative fee takes off at most what there is.
fn limit_negative_fees(order: &mut Order, rounding: Rounding) {
    let products = rounding.sum(order.lines.iter().map(|l| l.total));
    let shipping: Decimal = order.shipping_lines.iter().map(|s| s.total).sum();
    let mut fees = Decimal::ZERO;
    for fee in &mut order.fees {
        let most = -money::round(products + fees + shipping, rounding.places);
        if !fee.is_tender && fee.total < Decimal::ZERO && most < Decimal::ZERO {
            fee.total = fee.total.max(most);
        }
        fees += fee.total;
    }
}

/// Net cost of the order by tax class, for spreading negative fees.
fn class_costs(order: &Order) -> BTreeMap<String, Decimal> {
    let mut costs: BTreeMap<String, Decimal> = BTreeMap::new();
    for line in &order.lines {
        *costs.entry(line.tax_class.clone()).or_default() += line.total;
    }
    for fee in order.fees.iter().filter(|f| f.total > Decimal::ZERO) {
        *costs.entry(fee.tax_class.clone()).or_default() += fee.total;
    }
    let shipping: Decimal = order.shipping_lines.iter().map(|s| s.total).sum();
    *costs.entry(shipping_class(&order.lines)).or_default() += shipping;
    costs
}

/// Tax of a negative fee: spread over the classes of the order, whatever its
/// `tax_status` says.
fn apportioned(
    total: Decimal,
    costs: &BTreeMap<String, Decimal>,
    rates: &impl Fn(&str) -> Vec<TaxRate>,
) -> Vec<LineTax> {
    let all: Decimal = costs.values().sum();
    if all.is_zero() {
        return Vec::new();
    }
    let mut taxes: Vec<LineTax> = Vec::new();
    for (class, cost) in costs {
        for tax in tax::on_top(total * cost / all, &rates(class)) {
            match taxes.iter_mut().find(|t| t.rate_id == tax.rate_id) {
                Some(known) => known.total += tax.total,
                None => taxes.push(tax),
            }
        }
    }
    taxes
}

//! Which tax rates apply, and what they come to.

use rust_decimal::Decimal;

use crate::model::{Address, LineTax, TaxRate};
use crate::money;
use crate::shop::Shop;

impl Shop {
    /// The rates of a class at a place: of each priority the closest one.
    pub(crate) fn rates_for(&self, country: &str, state: &str, class: &str) -> Vec<TaxRate> {
        let mut fitting: Vec<&TaxRate> = self
            .rates
            .iter()
            .filter(|r| {
                r.of.class == class
                    && (r.of.country.is_empty() || r.of.country == country)
                    && (r.of.state.is_empty() || r.of.state == state)
            })
            .collect();
        fitting.sort_by_key(|r| (r.of.priority, r.of.country.is_empty(), r.of.state.is_empty(), r.id));
        fitting.dedup_by_key(|r| r.of.priority);
        fitting.into_iter().cloned().collect()
    }

    /// Country and state an order is taxed at: where it ships, else the
    /// billing address, else the shop's own country.
    pub(crate) fn tax_place(&self, billing: &Address, shipping: &Address) -> (String, String) {
        let part = |address: &Address, key: &str| address.get(key).cloned().unwrap_or_default();
        for address in [shipping, billing] {
            let country = part(address, "country");
            if !country.is_empty() {
                return (country, part(address, "state"));
            }
        }
        (self.config.base_country.clone(), String::new())
    }
}

/// Tax on top of a net amount. Compound rates tax the others too.
pub(crate) fn on_top(net: Decimal, rates: &[TaxRate]) -> Vec<LineTax> {
    let mut taxes = Vec::new();
    let mut before = Decimal::ZERO;
    for rate in rates.iter().filter(|r| !r.of.compound) {
        let tax = net * fraction(rate);
        before += tax;
        taxes.push(line_tax(rate, tax));
    }
    let mut base = net + before;
    for rate in rates.iter().filter(|r| r.of.compound) {
        let tax = base * fraction(rate);
        base += tax;
        taxes.push(line_tax(rate, tax));
    }
    taxes
}

/// Tax contained in a gross amount.
pub(crate) fn inside(gross: Decimal, rates: &[TaxRate]) -> Vec<LineTax> {
    let mut taxes = Vec::new();
    let mut rest = gross;
    for rate in rates.iter().rev().filter(|r| r.of.compound) {
        let tax = rest - rest / (Decimal::ONE + fraction(rate));
        rest -= tax;
        taxes.push(line_tax(rate, tax));
    }
    let simple: Vec<&TaxRate> = rates.iter().filter(|r| !r.of.compound).collect();
    let sum: Decimal = simple.iter().map(|r| fraction(r)).sum();
    for rate in simple {
        taxes.push(line_tax(rate, rest / (Decimal::ONE + sum) * fraction(rate)));
    }
    taxes
}

fn fraction(rate: &TaxRate) -> Decimal {
    rate.of.rate / Decimal::ONE_HUNDRED
}

fn line_tax(rate: &TaxRate, tax: Decimal) -> LineTax {
    LineTax { rate_id: rate.id, total: money::stored(tax), subtotal: None }
}

/// Code of a rate: `US-CA-CA STATE TAX-1`.
pub(crate) fn rate_code(rate: &TaxRate) -> String {
    let priority = rate.of.priority.to_string();
    let name = rate.of.name.to_uppercase();
    [rate.of.country.as_str(), rate.of.state.as_str(), name.as_str(), priority.as_str()]
        .iter()
        .filter(|part| !part.is_empty())
        .copied()
        .collect::<Vec<_>>()
        .join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TaxRateConfig;

    fn rate(id: u64, percent: &str, compound: bool) -> TaxRate {
        TaxRate {
            id,
            of: TaxRateConfig {
                country: "XX".to_owned(),
                state: String::new(),
                rate: percent.parse().unwrap(),
                name: "Tax".to_owned(),
                class: String::new(),
                priority: 1,
                compound,
                shipping: true,
            },
        }
    }

    fn sum(taxes: &[LineTax]) -> Decimal {
        taxes.iter().map(|t| t.total).sum()
    }

    #[test]
    fn inside_undoes_on_top_also_for_compound_rates() {
        let rates = [rate(1, "5", false), rate(2, "9.975", true), rate(3, "1", false)];
        let net: Decimal = "100".parse().unwrap();
        let gross = net + sum(&on_top(net, &rates));
        assert_eq!(gross.to_string(), "116.5735");
        assert_eq!(sum(&inside(gross, &rates)), gross - net);
    }

    #[test]
    fn recorded_inclusive_amounts() {
        let gross: Decimal = "27".parse().unwrap();
        assert_eq!(inside(gross, &[rate(1, "19", false)])[0].total.to_string(), "4.310924");
        let gross: Decimal = "24.99".parse().unwrap();
        assert_eq!(inside(gross, &[rate(1, "7", false)])[0].total.to_string(), "1.63486");
    }
}

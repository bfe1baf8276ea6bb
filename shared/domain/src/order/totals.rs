//! Σ lines + shipping + fees + tax − tender = total, to the cent.
//!
//! Each component is rounded on its own by the shop, so a cent may remain.
//! Net and tax residuals are separate and bounded; beyond the bound the order
//! is somebody else's arithmetic and must not be guessed at.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::Order;
use crate::money::Totals;

/// What is left between the sum of the parts and the total, in major units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Residuals {
    /// Total net − Σ rounded nets: goes to the rounding item.
    pub net: Decimal,
    /// Total tax − Σ rounded taxes: goes to the tax adjustment.
    pub tax: Decimal,
    /// The largest net residual that rounding alone can explain.
    pub net_bound: Decimal,
    /// The largest tax residual that rounding alone can explain.
    pub tax_bound: Decimal,
}

/// The shop's totals do not follow from its lines.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{part} differs by {residual} from the sum of the lines; rounding explains {bound}")]
pub struct TotalsError {
    /// `net` or `tax`.
    pub part: &'static str,
    /// What is left.
    pub residual: Decimal,
    /// What would be allowed.
    pub bound: Decimal,
}

impl Order {
    /// What the order comes to, tender included: tender pays, it does not
    /// lower the price.
    pub fn totals(&self) -> Totals {
        let tender: Decimal = self.tender.iter().map(|tender| tender.amount).sum();
        let gross = self.currency.round(self.total + tender);
        let tax = self.currency.round(self.total_tax);
        Totals { currency: self.currency, net: gross - tax, tax, gross }
    }

    /// Checks the invariant. `cap` bounds either residual however many
    /// components there are, in major units; one minor unit is always allowed,
    /// so that one cap serves currencies with and without cents.
    pub fn residuals(&self, cap: Decimal) -> Result<Residuals, TotalsError> {
        let totals = self.totals();
        let round = |amount| self.currency.round(amount);
        let nets: Vec<Decimal> = self.components().map(|(net, _)| round(net)).collect();
        let taxes: Vec<Decimal> = self.components().map(|(_, tax)| round(tax)).collect();
        let half = self.currency.minor_unit() / Decimal::TWO;
        let cap = cap.max(self.currency.minor_unit());
        // The total itself is rounded too: one component more.
        let bound = |parts: usize| (half * Decimal::from(parts + 1)).min(cap);
        let rates = self.rates.len().max(1);
        let residuals = Residuals {
            net: totals.net - nets.iter().sum::<Decimal>(),
            tax: totals.tax - taxes.iter().sum::<Decimal>(),
            net_bound: bound(nets.len()),
            // An ERP that computes tax itself rounds once more for each rate.
            tax_bound: bound(taxes.len() * rates + rates),
        };
        residuals.check()?;
        Ok(residuals)
    }

    /// (net, tax) of every line, shipping line and fee.
    fn components(&self) -> impl Iterator<Item = (Decimal, Decimal)> {
        let lines = self.lines.iter().map(|line| (line.net, line.tax));
        let charges = self.shipping.iter().chain(&self.fees);
        lines.chain(charges.map(|charge| (charge.net, charge.tax)))
    }
}

impl Residuals {
    fn check(&self) -> Result<(), TotalsError> {
        let parts = [("net", self.net, self.net_bound), ("tax", self.tax, self.tax_bound)];
        for (part, residual, bound) in parts {
            if residual.abs() > bound {
                return Err(TotalsError { part, residual, bound });
            }
        }
        Ok(())
    }
}

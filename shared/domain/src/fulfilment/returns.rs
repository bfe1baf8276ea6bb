//! Goods that came back become a refund of the shop: by the order's own lines
//! and taxes, to the cent that the ERP gives back.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::progress::refunded_units;
use super::{GoodsReturn, NewRefund, NewRefundLine, units};
use crate::order::{Order, Refund, TaxShare};

/// Why the shop cannot be asked for a refund.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReturnProblem {
    /// The ERP's document gives back for something that is no line of the
    /// order.
    #[error("it gives back for {0}, which is no line of the order")]
    Unmatched(String),
    /// It names more units than were not refunded yet.
    #[error("it names {returned} of line {line}; {left} were not refunded yet")]
    AlreadyRefunded {
        /// The shop's line.
        line: u64,
        /// Units that came back.
        returned: Decimal,
        /// Units that can be given back.
        left: Decimal,
    },
    /// The ERP gives back another sum, or another tax, than the order's lines
    /// come to, and rounding does not explain it.
    #[error("the ERP gives back {erp}; by the order's lines it is {shop}")]
    TotalsDisagree {
        /// What the ERP's document comes to, positive.
        erp: Decimal,
        /// What the order's lines come to.
        shop: Decimal,
    },
    /// It is more than the order has left.
    #[error("it is {amount}; of the order only {left} is left")]
    AboveOrder {
        /// What would be given back.
        amount: Decimal,
        /// What is left of the order.
        left: Decimal,
    },
    /// A part of what was sold was paid with a gift card or credit: by which
    /// means it is given back is for people.
    #[error("a part of the order was paid with a gift card or credit")]
    Tender,
}

impl ReturnProblem {
    /// Stable, `snake_case`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unmatched(_) => "return_unmatched",
            Self::AlreadyRefunded { .. } => "return_already_refunded",
            Self::TotalsDisagree { .. } => "return_totals_disagree",
            Self::AboveOrder { .. } => "return_above_order",
            Self::Tender => "return_with_tender",
        }
    }
}

/// A sold line, shipping line or fee, as far as a refund needs it.
struct Sold<'a> {
    quantity: Decimal,
    net: Decimal,
    taxes: &'a [TaxShare],
    is_goods: bool,
}

/// The refund that a return becomes; `None` where it gives back nothing. `cap`
/// is the largest difference that rounding may explain, in major units.
pub fn refund(
    order: &Order,
    refunds: &[Refund],
    of: &GoodsReturn,
    cap: Decimal,
    asks_gateway: bool,
) -> Result<Option<NewRefund>, ReturnProblem> {
    if let Some(line) = of.lines.iter().find(|line| line.line.is_none()) {
        return Err(ReturnProblem::Unmatched(line.item.clone()));
    }
    let lines = units(&of.lines).into_iter().filter(|(_, returned)| *returned > Decimal::ZERO);
    let mut lines = lines
        .map(|(line, returned)| refund_line(order, refunds, line, returned))
        .collect::<Result<Vec<_>, _>>()?;
    agree_with_erp(order, of, &mut lines, cap)?;
    stay_within(order, refunds, &mut lines, cap)?;
    let amount = gross(&lines);
    if amount <= Decimal::ZERO {
        return Ok(None);
    }
    if !order.tender.is_empty() {
        return Err(ReturnProblem::Tender);
    }
    Ok(Some(NewRefund { of_return: of.id.clone(), amount, reason: reason(of), lines, asks_gateway }))
}

/// What the shop's refund of a return says; told apart from what people write.
pub fn reason(of: &GoodsReturn) -> String {
    format!("Return {}", of.credit.number.as_deref().unwrap_or(&of.credit.id))
}

/// Whether a refund that people made is the one for this return: of its very
/// units, or, where `by_amount` says so, of no units and its very amount.
pub fn is_by_hand(order: &Order, of: &GoodsReturn, refund: &Refund, by_amount: bool) -> bool {
    let is_goods = |line: &u64| order.lines.iter().any(|sold| sold.id == *line);
    let came: BTreeMap<u64, Decimal> =
        units(&of.lines).into_iter().filter(|(line, units)| is_goods(line) && !units.is_zero()).collect();
    let given: BTreeMap<u64, Decimal> = refunded_units(std::slice::from_ref(refund))
        .into_iter()
        .filter(|(_, units)| !units.is_zero())
        .collect();
    let gross = of.credit.totals.as_ref().map(|totals| -totals.gross);
    let same_amount = gross.is_none_or(|gross| gross == order.currency.round(refund.amount));
    let same_units = !given.is_empty() && given == came;
    same_amount && (same_units || given.is_empty() && by_amount && gross.is_some())
}

/// To the cent, net and tax, what the ERP gives back, where it says so.
fn agree_with_erp(
    order: &Order,
    of: &GoodsReturn,
    lines: &mut [NewRefundLine],
    cap: Decimal,
) -> Result<(), ReturnProblem> {
    let Some(totals) = &of.credit.totals else { return Ok(()) };
    let tax = -totals.tax - lines.iter().map(NewRefundLine::tax).sum::<Decimal>();
    let net = -totals.net - lines.iter().map(|line| line.net).sum::<Decimal>();
    let problem = ReturnProblem::TotalsDisagree { erp: -totals.gross, shop: gross(lines) };
    let bound = bound(order, lines, cap);
    if tax.abs() > bound || net.abs() > bound {
        return Err(problem);
    }
    if !tax.is_zero() {
        let shares = lines.iter_mut().flat_map(|line| &mut line.taxes);
        match shares.max_by_key(|share| share.amount) {
            Some(share) => share.amount += tax,
            None => return Err(problem),
        }
    }
    if let Some(line) = lines.iter_mut().max_by_key(|line| line.net) {
        line.net += net;
    }
    Ok(())
}

/// Never more than the order has left; a cent of the shop's own rounding is
/// given up.
fn stay_within(
    order: &Order,
    refunds: &[Refund],
    lines: &mut [NewRefundLine],
    cap: Decimal,
) -> Result<(), ReturnProblem> {
    let listed: Decimal = refunds.iter().map(|refund| refund.amount).sum();
    let named: Decimal = order.refunds.iter().map(|refund| -refund.total).sum();
    let left = order.currency.round(order.total) - listed.max(named);
    let amount = gross(lines);
    let above = amount - left;
    if above <= Decimal::ZERO {
        return Ok(());
    }
    if above > bound(order, lines, cap) {
        return Err(ReturnProblem::AboveOrder { amount, left });
    }
    if let Some(line) = lines.iter_mut().max_by_key(|line| line.net) {
        line.net -= above;
    }
    Ok(())
}

/// What rounding can explain: a minor unit for each amount that was rounded on
/// both sides, within the cap, as with orders.
fn bound(order: &Order, lines: &[NewRefundLine], cap: Decimal) -> Decimal {
    let unit = order.currency.minor_unit();
    let amounts: usize = lines.iter().map(|line| 1 + line.taxes.len()).sum();
    (unit * Decimal::from(amounts.max(1) as u64)).min(cap.max(unit))
}

fn refund_line(
    order: &Order,
    refunds: &[Refund],
    line: u64,
    returned: Decimal,
) -> Result<NewRefundLine, ReturnProblem> {
    let unmatched = || ReturnProblem::Unmatched(format!("line {line}"));
    let sold = sold(order, line).filter(|sold| sold.quantity > Decimal::ZERO).ok_or_else(unmatched)?;
    let before = refunded_units(refunds).get(&line).copied().unwrap_or_default();
    let left = if sold.is_goods { sold.quantity - before } else { Decimal::ONE };
    if returned > left {
        return Err(ReturnProblem::AlreadyRefunded { line, returned, left });
    }
    let parts: Vec<_> =
        refunds.iter().flat_map(|refund| &refund.lines).filter(|part| part.line == line).collect();
    let round = |amount| order.currency.round(amount);
    // What comes last gets what is left, so that nothing remains of a line
    // that came back in parts.
    let share = |whole: Decimal, taken: Decimal| {
        let part = if returned == left { whole - taken } else { whole * returned / sold.quantity };
        round(part).max(Decimal::ZERO)
    };
    let taxes: Vec<TaxShare> = sold
        .taxes
        .iter()
        .map(|tax| {
            let taken = parts.iter().flat_map(|part| &part.taxes).filter(|part| part.rate == tax.rate);
            TaxShare { rate: tax.rate, amount: share(tax.amount, taken.map(|part| part.amount).sum()) }
        })
        .collect();
    let whole = sold.net + sold.taxes.iter().map(|tax| tax.amount).sum::<Decimal>();
    let taken: Decimal = parts.iter().map(|part| part.net + part.tax).sum();
    let tax: Decimal = taxes.iter().map(|tax| tax.amount).sum();
    let quantity = if sold.is_goods { returned } else { Decimal::ZERO };
    Ok(NewRefundLine { line, quantity, net: (share(whole, taken) - tax).max(Decimal::ZERO), taxes })
}

fn sold(order: &Order, id: u64) -> Option<Sold<'_>> {
    let line = order.lines.iter().find(|line| line.id == id).map(|line| Sold {
        quantity: line.quantity,
        net: line.net,
        taxes: &line.taxes,
        is_goods: true,
    });
    let charges = order.shipping.iter().chain(&order.fees);
    line.or_else(|| {
        charges.into_iter().find(|charge| charge.id == id).map(|charge| Sold {
            quantity: Decimal::ONE,
            net: charge.net,
            taxes: &charge.taxes,
            is_goods: false,
        })
    })
}

fn gross(lines: &[NewRefundLine]) -> Decimal {
    lines.iter().map(|line| line.net + line.tax()).sum()
}

#[cfg(test)]
mod tests;

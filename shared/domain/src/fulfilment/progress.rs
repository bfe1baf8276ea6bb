//! Where an order's goods are, and what the shop may be told of it.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::{Deliveries, Parcel, units};
use crate::config::FulfilmentConfig;
use crate::order::{Order, OrderStatus, Refund};
use crate::record::FulfilmentAxis;

/// How far an order is, in units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Something has left.
    pub begun: bool,
    /// All of its goods that were not given back have left: Σ shipped ≥
    /// ordered − refunded, line by line, where a unit that left, came back and
    /// was refunded is still one that left.
    pub all_shipped: bool,
    /// Everything that left has come back.
    pub all_returned: bool,
}

impl Progress {
    /// Of an order whose refunds and deliveries are these.
    pub fn of(order: &Order, refunds: &[Refund], deliveries: &Deliveries) -> Self {
        let shipped = sum(deliveries.parcels.iter().map(Parcel::units));
        let returned = sum(deliveries.returns.iter().map(|one| units(&one.lines)));
        let refunded = refunded_units(refunds);
        let of = |units: &BTreeMap<u64, Decimal>, line| units.get(&line).copied().unwrap_or_default();
        let goods = goods(order, deliveries);
        let unsent = |line| (of(&refunded, line) - of(&returned, line)).max(Decimal::ZERO);
        let owed = |line: u64, quantity: Decimal| quantity - unsent(line) - of(&shipped, line);
        let nothing_owed = goods.iter().all(|(line, quantity)| owed(*line, *quantity) <= Decimal::ZERO);
        let begun = shipped.values().any(|units| !units.is_zero());
        Self {
            begun,
            all_shipped: begun && nothing_owed,
            all_returned: begun
                && nothing_owed
                && shipped.iter().all(|(line, units)| of(&returned, *line) >= *units),
        }
    }

    /// As the axis of the record has it.
    pub fn axis(&self) -> FulfilmentAxis {
        match self {
            Self { all_returned: true, .. } => FulfilmentAxis::Returned,
            Self { all_shipped: true, .. } => FulfilmentAxis::Shipped,
            Self { begun: true, .. } => FulfilmentAxis::PartShipped,
            Self { begun: false, .. } => FulfilmentAxis::Allocated,
        }
    }

    /// The status that the shop should be given, if another one than it has.
    /// Only forwards, and only from where the configuration knows that it is
    /// forwards: what people or plugins have set beyond is left alone, and so
    /// is what is not to be shipped at all.
    pub fn status(&self, order: &Order, config: &FulfilmentConfig) -> Option<OrderStatus> {
        let part = config.part_shipped_status();
        let may_complete = order.status == OrderStatus::Processing
            || part.as_ref() == Some(&order.status)
            || config.complete_from.contains(&order.status);
        let wanted = match self {
            Self { all_shipped: true, .. } if may_complete => config.shipped_status(),
            Self { begun: true, all_shipped: false, .. } if order.status == OrderStatus::Processing => part?,
            _ => return None,
        };
        (wanted != order.status).then_some(wanted)
    }
}

/// Units that refunds gave back, by line.
pub fn refunded_units(refunds: &[Refund]) -> BTreeMap<u64, Decimal> {
    let lines = refunds.iter().flat_map(|refund| &refund.lines);
    sum(lines.map(|line| BTreeMap::from([(line.line, line.quantity)])))
}

/// The order's lines that are goods in the ERP: a service never leaves, and
/// keeps no order from being complete.
fn goods(order: &Order, deliveries: &Deliveries) -> BTreeMap<u64, Decimal> {
    let goods: &BTreeSet<u64> = &deliveries.goods;
    let lines = order.lines.iter().filter(|line| goods.contains(&line.id));
    lines.map(|line| (line.id, line.quantity)).collect()
}

fn sum(parts: impl Iterator<Item = BTreeMap<u64, Decimal>>) -> BTreeMap<u64, Decimal> {
    let mut all = BTreeMap::new();
    for (line, units) in parts.flatten() {
        *all.entry(line).or_default() += units;
    }
    all
}
